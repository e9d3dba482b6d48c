#include <tusk/types/params.hpp>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk {

void params::throw_too_many() {
  std::error_code const code = types::errc::too_many_parameters;
  throw programming_error(code.message(), code);
}

}  // namespace tusk
