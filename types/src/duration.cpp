#include <tusk/types/duration.hpp>

#include <string>

#include <tusk/types/error.hpp>

namespace tusk::types {

void throw_data_error(errc why, std::string_view what) {
  std::error_code const code = why;
  throw data_error(what.empty() ? code.message() : std::string(what), code);
}

}  // namespace tusk::types
