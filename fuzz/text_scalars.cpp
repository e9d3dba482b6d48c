// The text format of bool, integers, floating point, bytea and strings, from any bytes.
//
// Input: a letter that chooses the type (see `check`), then the text.
//
// Checked: what is accepted is what an independent, slower reading says, with the same value; a value that was parsed,
// written and parsed again is the same value; a refusal names a position in the text; a string is sent unchanged or not
// at all.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <type_traits>
#include <vector>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

template <class T>
bool same(T const& a, T const& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
  } else {
    return a == b;
  }
}

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if constexpr (requires(T quick) { tusk::from_text<T>::parse_quickly(text, quick); }) {
    if (T quick{}; tusk::from_text<T>::parse_quickly(text, quick)) FUZZ_CHECK(result && *result == quick);
  }
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  auto const written = tusk::types::text_of(*result);
  FUZZ_CHECK(written);
  auto const again = tusk::from_text<T>::parse(*written);
  FUZZ_CHECK(again && same(*again, *result));
  return *result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digit by digit, below or above zero, with every step checked.
template <class T>
std::optional<T> read_integer(std::string_view text) {
  bool const negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  T value = 0;
  for (char c : text) {
    T const digit = static_cast<T>(c - '0');
    if (!is_digit(c) || __builtin_mul_overflow(value, static_cast<T>(10), &value)) return std::nullopt;
    if (negative ? __builtin_sub_overflow(value, digit, &value) : __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

template <class T>
void check_integer(std::string_view text) {
  FUZZ_CHECK(parse<T>(text) == read_integer<T>(text));
}

// The grammar, and the C library's conversion.
template <class T>
std::optional<T> read_float(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
  std::string_view rest = text;
  auto const skip_digits = [&] {
    std::size_t count = 0;
    for (; !rest.empty() && is_digit(rest[0]); ++count) rest.remove_prefix(1);
    return count != 0;
  };
  auto const skip = [&](std::string_view any) {
    bool const found = !rest.empty() && any.find(rest[0]) != any.npos;
    if (found) rest.remove_prefix(1);
    return found;
  };
  skip("-");
  if (rest != "Infinity") {
    if (!skip_digits()) return std::nullopt;
    if (skip(".")) skip_digits();
    if (skip("eE") && (skip("+-"), !skip_digits())) return std::nullopt;
    if (!rest.empty()) return std::nullopt;
  }
  std::string const terminated(text);
  if constexpr (sizeof(T) == 4) {
    return std::strtof(terminated.c_str(), nullptr);
  } else {
    return std::strtod(terminated.c_str(), nullptr);
  }
}

template <class T>
void check_float(std::string_view text) {
  auto const value = parse<T>(text);
  auto const expected = read_float<T>(text);
  if (value) {
    FUZZ_CHECK(expected && same(*value, *expected));
  } else if (expected) {  // well formed, so too large, too small, or an integer that would be rounded
    auto const integer = read_integer<std::int64_t>(text);
    FUZZ_CHECK(std::isinf(*expected) || std::abs(*expected) <= std::numeric_limits<T>::min() ||
               (integer && std::abs(*expected) > 1e7f));
  }
  if (auto const integer = read_integer<std::int64_t>(text); integer && value) {
    FUZZ_CHECK(*value >= T{-0x1p63} && *value < T{0x1p63});
    FUZZ_CHECK(static_cast<std::int64_t>(*value) == *integer);
  }
}

void check_string(std::string_view text) {
  bool const good = text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos;
  tusk::params args(1);
  std::string const before(args.wire());
  try {
    args.add(text);
    FUZZ_CHECK(good && args.wire().substr(before.size() + 4) == text);
  } catch (tusk::data_error const&) {
    FUZZ_CHECK(!good && args.wire() == before && args.count() == 1);
  }
  FUZZ_CHECK(*parse<std::string>(good ? text : "x") == (good ? text : "x"));
}

void check_bytea(std::string_view text) {
  auto const value = parse<std::vector<std::byte>>(text);
  if (value && text.starts_with("\\x")) {
    FUZZ_CHECK(value->size() * 2 + 2 == text.size());
    for (std::size_t i = 0; i < value->size(); ++i) {
      unsigned expected = 0;
      std::from_chars(text.data() + 2 + 2 * i, text.data() + 4 + 2 * i, expected, 16);
      FUZZ_CHECK(std::to_integer<unsigned>((*value)[i]) == expected);
    }
  }
  auto const view = std::as_bytes(std::span(text));  // and the same bytes as a value
  std::vector<std::byte> const bytes(view.begin(), view.end());
  auto const written = tusk::types::text_of(bytes);
  FUZZ_CHECK(parse<std::vector<std::byte>>(*written) == bytes);
}

void check(char type, std::string_view text) {
  switch (type) {
    case 'b': FUZZ_CHECK(parse<bool>(text).has_value() == (text == "t" || text == "f")); break;
    case 'c': check_integer<signed char>(text); break;
    case 'C': check_integer<unsigned char>(text); break;
    case 'h': check_integer<std::int16_t>(text); break;
    case 'H': check_integer<std::uint16_t>(text); break;
    case 'i': check_integer<std::int32_t>(text); break;
    case 'I': check_integer<std::uint32_t>(text); break;
    case 'l': check_integer<std::int64_t>(text); break;
    case 'L': check_integer<std::uint64_t>(text); break;
    case 'f': check_float<float>(text); break;
    case 'd': check_float<double>(text); break;
    case 's': check_string(text); break;
    case 'x': check_bytea(text); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  tusk::test::exact_buffer const text(tusk::test::fuzz_text(data + 1, size - 1));
  check(static_cast<char>(data[0]), text.view());
  return 0;
}
