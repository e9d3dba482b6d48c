// How the bound of a range is quoted.
#include <tusk/types/range.hpp>

#include <cstdint>

namespace tusk::types {
namespace {

// The flags of rangetypes.h that a value of its own has; others are the server's own business.
constexpr std::uint8_t is_empty = 0x01, with_lower = 0x02, with_upper = 0x04, no_lower = 0x08, no_upper = 0x10;

}  // namespace

std::uint8_t range_flags(bool empty, bool lower, bool lower_inclusive, bool upper, bool upper_inclusive) noexcept {
  if (empty) return is_empty;
  int const below = !lower ? no_lower : lower_inclusive ? with_lower : 0;
  int const above = !upper ? no_upper : upper_inclusive ? with_upper : 0;
  return static_cast<std::uint8_t>(below | above);
}

protocol::expected<binary_range> take_range_apart(std::string_view bytes) noexcept {
  binary_reader in(bytes);
  auto const flags = in.take<std::uint8_t>();
  auto const has = [flags](std::uint8_t flag) { return (flags & flag) != 0; };
  constexpr std::uint8_t known = is_empty | with_lower | with_upper | no_lower | no_upper;
  bool const contradiction =
      (has(is_empty) && flags != is_empty) || (has(no_lower) && has(with_lower)) || (has(no_upper) && has(with_upper));
  if ((flags & ~known) != 0 || contradiction) in.fail_at(0);
  binary_range made;
  made.empty = has(is_empty);
  auto const take_bound = [&in] {
    std::size_t const at = in.position();
    auto const bound = in.field();
    if (!bound) in.fail_at(at);
    return binary_range::bound{bound.value_or(std::string_view()), at + 4};
  };
  if (!made.empty && !in.failed()) {
    made.lower_inclusive = has(with_lower);
    made.upper_inclusive = has(with_upper);
    if (!has(no_lower)) made.lower = take_bound();
    if (!has(no_upper)) made.upper = take_bound();
  }
  if (auto const error = in.finish(); error.code) return error;
  return made;
}

void write_range_bound(std::string_view text, text_writer& out) {
  if (text.empty() || find_special(text, 0, ',', '(', ')', '[', ']', '"', '\\') != text.size()) {
    write_quoted(text, '"', out);
  } else {
    out.unchecked(text);
  }
}

}  // namespace tusk::types
