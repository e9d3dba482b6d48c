// numeric and integers of 128 bits, from any bytes.
//
// Input: a letter (see `check`), then the text; for 'c' two texts with a line break between them.
//
// Checked: a field's text is accepted exactly if the grammar says so, and kept as it is; a user's text is kept as a
// field's text of the same value, and refused only where the C library finds no number in it or it has too many digits;
// conversions agree with the C library; comparison agrees with that of digits written below each other.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

using tusk::numeric;
using tusk::types::errc;

bool is_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

// Both sides of the point, without the sign.
struct parts {
  std::string integer;
  std::string fraction;
};
std::optional<parts> split(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  std::size_t const point = text.find('.');
  parts const result{std::string(text.substr(0, point)), point == text.npos ? "" : std::string(text.substr(point + 1))};
  if (!is_digits(result.integer) || (point != text.npos && !is_digits(result.fraction))) return std::nullopt;
  return result;
}

bool is_numeric_of_a_server(std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return true;
  auto const number = split(text);
  if (!number || number->integer.size() > 131072 || number->fraction.size() > 16383) return false;
  if (number->integer.size() > 1 && number->integer[0] == '0') return false;
  bool const zero = (number->integer + number->fraction).find_first_not_of('0') == std::string::npos;
  return !(zero && text.starts_with('-'));
}

std::optional<numeric> from_user(std::string_view text, std::error_code* why = nullptr) {
  try {
    return numeric(text);
  } catch (tusk::data_error const& error) {
    if (why != nullptr) *why = error.code();
    FUZZ_CHECK(error.code() == errc::malformed_numeric || error.code() == errc::out_of_range);
    return std::nullopt;
  }
}

template <class T>
std::optional<T> converted(numeric const& from) {
  try {
    return from.to<T>();
  } catch (tusk::data_error const& error) {
    FUZZ_CHECK(error.code() == errc::inexact || error.code() == errc::out_of_range);
    return std::nullopt;
  }
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

void check_conversions(numeric const& value) {
  double const expected = std::strtod(value.to_string().c_str(), nullptr);
  auto const number = converted<double>(value);
  if (number) {
    FUZZ_CHECK(same(*number, expected));
    FUZZ_CHECK(numeric(*number).to<double>() == *number || std::isnan(*number));
  } else {
    FUZZ_CHECK(value.is_finite() && std::isinf(expected));
  }
  auto const integer = converted<tusk::int128>(value);
  auto const digits = split(value.to_string());
  bool const integral = digits && digits->fraction.find_first_not_of('0') == std::string::npos;
  if (integer) {
    FUZZ_CHECK(integral && numeric(*integer) == value);
  } else {
    FUZZ_CHECK(!integral || digits->integer.size() >= 39);
  }
}

void check_field(std::string_view text) {
  auto const value = tusk::from_text<numeric>::parse(text);
  FUZZ_CHECK(value.has_value() == is_numeric_of_a_server(text));
  if (!value) {
    FUZZ_CHECK(value.error().position <= text.size());
    return;
  }
  FUZZ_CHECK(value->to_string() == text && *tusk::types::text_of(*value) == text);
  FUZZ_CHECK(from_user(text)->to_string() == text);
  check_conversions(*value);
}

void check_user(std::string_view text) {
  std::error_code why;
  auto const value = from_user(text, &why);
  std::string const terminated(text);
  char* end = nullptr;
  double const expected = std::strtod(terminated.c_str(), &end);
  bool const plain = text.find_first_not_of("0123456789+-.eE") == text.npos;
  bool const found = !text.empty() && end == terminated.c_str() + terminated.size();
  if (value) {
    double const kept = std::strtod(value->to_string().c_str(), nullptr);
    FUZZ_CHECK(found && (kept == expected || same(kept, expected)));  // there is one zero only
    FUZZ_CHECK(is_numeric_of_a_server(value->to_string()));
  } else if (plain) {
    FUZZ_CHECK(found == (why == errc::out_of_range));
  }
}

std::string padded(std::string const& integer, std::size_t width) {
  return std::string(width - integer.size(), '0') + integer;
}

int expected_order(std::string const& a, std::string const& b) {
  auto left = *split(a);
  auto right = *split(b);
  left.fraction.resize(std::max(left.fraction.size(), right.fraction.size()), '0');
  right.fraction.resize(left.fraction.size(), '0');
  std::size_t const width = std::max(left.integer.size(), right.integer.size());
  int const order =
      (padded(left.integer, width) + left.fraction).compare(padded(right.integer, width) + right.fraction);
  bool const negative = a.starts_with('-');
  if (negative != b.starts_with('-')) return negative ? -1 : 1;
  return negative ? -order : order;
}

void check_order(std::string_view text) {
  std::size_t const line = text.find('\n');
  if (line == text.npos) return;
  auto const a = from_user(text.substr(0, line));
  auto const b = from_user(text.substr(line + 1));
  if (!a || !b) return;
  FUZZ_CHECK(((*a <=> *b) < 0) == ((*b <=> *a) > 0));
  FUZZ_CHECK((*a == *b) == ((*a <=> *b) == 0));
  if (*a == *b) FUZZ_CHECK(std::hash<numeric>()(*a) == std::hash<numeric>()(*b));
  if (!a->is_finite() || !b->is_finite()) return;
  FUZZ_CHECK((*a <=> *b) == (expected_order(a->to_string(), b->to_string()) <=> 0));
}

template <class T>
void check_wide(std::string_view text) {
  auto const value = tusk::from_text<T>::parse(text);
  auto const digits = text.substr(text.starts_with('-'));
  if (!value) {
    FUZZ_CHECK(value.error().position <= text.size());
    FUZZ_CHECK(!is_digits(digits) || digits.size() >= 39 || text.starts_with('-'));
    return;
  }
  FUZZ_CHECK(is_digits(digits));
  if (digits.size() <= 100'000) FUZZ_CHECK(*tusk::types::text_of(*value) == numeric(text).to_string());
}

void check(char what, std::string_view text) {
  switch (what) {
    case 'f': check_field(text); break;
    case 'u': check_user(text); break;
    case 'c': check_order(text); break;
    case 'i': check_wide<tusk::int128>(text); break;
    case 'I': check_wide<tusk::uint128>(text); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<char> const exact(data + 1, data + size);
  check(static_cast<char>(data[0]), {exact.data(), exact.size()});
  return 0;
}
