#include <tusk/types/wrappers.hpp>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk::types {

void throw_empty_list() {
  std::error_code const code = errc::empty_list;
  throw programming_error(code.message(), code);
}

void throw_ragged() {
  throw data_error("the rows of an array have different lengths; make them equal", errc::wrong_dimensions);
}

}  // namespace tusk::types
