// The parts of number parsing that are rare or long: long and negative integers, errors, floating point.
#include <tusk/types/number.hpp>

#include <cfloat>
#include <charconv>
#include <iterator>
#include <system_error>

namespace tusk::types {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view without_sign(std::string_view text) noexcept { return text.starts_with('-') ? text.substr(1) : text; }

// Whether the integer that the text spells is `value`, or `value` is not the reading of an integer's text at all.
// Servers write a float8 from 1e15 on, and a float4 from 1e6 on, with an exponent: plain digits are an integer's.
template <class Float>
bool is_exact(std::string_view text, Float value) noexcept {
  constexpr auto dense = static_cast<Float>(std::uint64_t{1} << std::numeric_limits<Float>::digits);
  if (value > -dense && value < dense) return true;  // every integer in between is a value of the type
  std::string_view const digits = without_sign(text);
  if (count_digits(digits) != digits.size()) return true;
  auto const integer = parse_integer<std::int64_t>(text);
  constexpr auto limit = static_cast<Float>(std::uint64_t{1} << 63);
  if (!integer) return true;  // beyond int8, so a float8 in long form, as we write some of them ourselves
  return value >= -limit && value < limit && static_cast<std::int64_t>(value) == *integer;
}

template <class Float>
protocol::expected<Float> parse_name(std::string_view text) noexcept {
  if (text == "NaN") return std::numeric_limits<Float>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<Float>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<Float>::infinity();
  return protocol::parse_error{errc::malformed_float, text.size() - without_sign(text).size()};
}

constexpr double powers_of_ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};

// The quick way for at most 16 characters: all digits as an integer, divided by a power of ten. Both are exact, so that
// the quotient is the nearest value (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
template <class Float>
bool parse_short(std::string_view text, Float& value) noexcept {
  if (FLT_EVAL_METHOD != 0) return false;  // a wider quotient would be rounded twice
  std::size_t const first = text.starts_with('-');
  if (text.size() == first || !is_digit(text[first])) return false;
  std::uint64_t digits = 0;
  std::size_t scale = 0;
  bool point = false;
  for (char const c : text.substr(first)) {
    unsigned const digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit <= 9) {
      digits = digits * 10 + digit;
      scale += point;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      return false;
    }
  }
  if (scale >= std::size(powers_of_ten) || digits >> std::numeric_limits<Float>::digits != 0) return false;
  value = static_cast<Float>(digits) / static_cast<Float>(powers_of_ten[scale]);
  if (first != 0) value = -value;
  return true;
}

// Digits that are the value's, or are the nearest to it.
template <class Float>
bool read_floating(std::string_view text, Float& value) noexcept {
  if (text.size() <= 16 && parse_short(text, value)) return true;
  std::size_t const first = text.starts_with('-');
  if (text.size() == first || !is_digit(text[first])) return false;  // from_chars would also take .5, and C's names
  char const* const end = text.data() + text.size();
  auto const [used, error] = std::from_chars(text.data(), end, value);
  return used == end && error == std::errc() && is_exact(text, value);
}

// `Nearest`: of a numeric, whose digits may be more than the type has.
template <class Float, bool Nearest = false>
protocol::expected<Float> parse_floating(std::string_view text) noexcept {
  Float value = 0;
  if (read_floating(text, value)) return value;
  char const* const begin = text.data();
  char const* const end = begin + text.size();
  char const* const digits = text.starts_with('-') ? begin + 1 : begin;
  if (digits == end || !is_digit(*digits)) return parse_name<Float>(text);
  auto const [used, error] = std::from_chars(begin, end, value);
  if (used != end) return protocol::parse_error{errc::malformed_float, static_cast<std::size_t>(used - begin)};
  if (error == std::errc::result_out_of_range) {
    // Of a numeric, what has no digit but zeros before the point is too small rather than too large.
    if (Nearest && text[text.find_first_not_of("-0")] == '.') return digits == begin ? Float{0} : -Float{0};
    return protocol::parse_error{errc::out_of_range, 0};
  }
  if (!Nearest && !is_exact(text, value)) return protocol::parse_error{errc::inexact, 0};
  return value;
}

}  // namespace

bool parse_many_digits(char const* first, std::size_t size, std::uint64_t& value) noexcept {
  for (; size > 20 && *first == '0'; --size) ++first;
  if (size > 20) return false;
  std::uint64_t upper = 0;  // up to four digits, then eight and eight
  std::uint64_t middle = 0;
  std::uint64_t lower = 0;
  char const* const rest = first + size - 16;
  if (!parse_few_digits(first, size - 16, upper) || !parse_few_digits(rest, 8, middle)) return false;
  if (!parse_few_digits(rest + 8, 8, lower)) return false;
  lower += middle * 100'000'000;
  constexpr std::uint64_t shift = 10'000'000'000'000'000;
  if (upper > (std::numeric_limits<std::uint64_t>::max() - lower) / shift) return false;
  value = upper * shift + lower;
  return true;
}

protocol::parse_error integer_error(std::string_view text) noexcept {
  std::string_view const digits = without_sign(text);
  std::size_t const good = count_digits(digits);
  if (good == 0 || good != digits.size()) return {errc::malformed_integer, text.size() - digits.size() + good};
  return {errc::out_of_range, 0};
}

bool read_double(std::string_view text, double& value) noexcept { return read_floating(text, value); }

protocol::expected<oid> parse_object(std::string_view text, oid type) noexcept {
  // An operator has no name for 0, and may be called `-`.
  if (text == "-" && type != oids::regoper && type != oids::regoperator) return oid{0};
  if (text.empty() || count_digits(text) != text.size()) return protocol::parse_error{errc::named_object, 0};
  return parse_integer<oid>(text);
}

protocol::expected<double> parse_double(std::string_view text) noexcept { return parse_floating<double>(text); }
protocol::expected<float> parse_float(std::string_view text) noexcept { return parse_floating<float>(text); }
protocol::expected<double> parse_nearest_double(std::string_view text) noexcept {
  return parse_floating<double, true>(text);
}
protocol::expected<float> parse_nearest_float(std::string_view text) noexcept {
  return parse_floating<float, true>(text);
}

protocol::expected<std::string_view> integer_part(std::string_view text) noexcept {
  std::size_t const point = text.find('.');
  if (point == text.npos || point + 1 == text.size()) return text;
  std::size_t const other = text.find_first_not_of('0', point + 1);
  if (other == text.npos) return text.substr(0, point);
  bool const fraction = count_digits(text.substr(point + 1)) == text.size() - point - 1;
  return protocol::parse_error{fraction ? errc::inexact : errc::malformed_integer, point};
}

}  // namespace tusk::types
