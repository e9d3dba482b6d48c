// The parts of number parsing that are rare or long: long and negative integers, errors, floating point.
#include <tusk/types/number.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
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

template <class Float>
protocol::expected<Float> parse_floating(std::string_view text) noexcept {
  char const* const begin = text.data();
  char const* const end = begin + text.size();
  char const* const digits = text.starts_with('-') ? begin + 1 : begin;
  // from_chars would also take .5, and the names in C's spellings
  if (digits == end || !is_digit(*digits)) return parse_name<Float>(text);
  Float value = 0;
  auto const [used, error] = std::from_chars(begin, end, value);
  if (used != end) return protocol::parse_error{errc::malformed_float, static_cast<std::size_t>(used - begin)};
  if (error == std::errc::result_out_of_range) return protocol::parse_error{errc::out_of_range, 0};
  if (!is_exact(text, value)) return protocol::parse_error{errc::inexact, 0};
  return value;
}

}  // namespace

std::size_t count_digits(std::string_view text) noexcept {
  std::size_t count = 0;
  if constexpr (std::endian::native == std::endian::little) {
    while (count != text.size()) {
      constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
      std::size_t const step = std::min<std::size_t>(text.size() - count, 8);
      std::uint64_t const digits = load_characters(text.data() + count, step) ^ '0' * ones;
      std::uint64_t const others = ((digits + (0x80 - 10) * ones) | digits) & 0x80 * ones;
      if (others != 0) return count + static_cast<std::size_t>(std::countr_zero(others)) / 8;  // the end is one, too
      count += step;
    }
  } else {
    while (count != text.size() && is_digit(text[count])) ++count;
  }
  return count;
}

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

protocol::expected<double> parse_double(std::string_view text) noexcept { return parse_floating<double>(text); }
protocol::expected<float> parse_float(std::string_view text) noexcept { return parse_floating<float>(text); }

}  // namespace tusk::types
