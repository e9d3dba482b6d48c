#include <tusk/types/errc.hpp>

#include <string>

namespace tusk::types {
namespace {

char const* text(errc e) noexcept {
  switch (e) {
    case errc::malformed_bool: return "the text of a bool is neither t nor f; read the field as a string to see it";
    case errc::malformed_integer:
      return "the text of an integer has something other than digits; read the field as a string to see it";
    case errc::malformed_float:
      return "the text of a floating point number is not one; read the field as a string to see it";
    case errc::malformed_bytea:
      return "the text of a bytea is in neither of its formats; read the field as a string to see it";
    case errc::out_of_range: return "the value does not fit in the type it is read as; use a larger type";
    case errc::inexact:
      return "the floating point type cannot hold this integer exactly; use an integer type, or round it in the query";
    case errc::embedded_nul:
      return "a string holds a NUL byte, which PostgreSQL's text cannot; remove it, or pass bytes (bytea)";
    case errc::invalid_utf8: return "a string is not valid UTF-8; convert it, or pass bytes (bytea) if it is not text";
    case errc::not_ascii:
      return "an adapter wrote a single character that is NUL or not ASCII; write such characters as a string";
    case errc::too_large: return "the values are larger than a message may be (1 GiB); send the data in smaller parts";
    case errc::too_many_parameters:
      return "a statement cannot have more than 65535 parameters; pass an array, or split the statement";
  }
  return "unknown error of a value";
}

class category final : public std::error_category {
 public:
  char const* name() const noexcept override { return "tusk.types"; }
  std::string message(int value) const override { return text(static_cast<errc>(value)); }
};

}  // namespace

std::error_category const& types_category() noexcept {
  static category const instance;
  return instance;
}

}  // namespace tusk::types
