// numeric: the check of a field's text, the wider grammar of a user's, comparison, and conversion to binary types.
#include <tusk/types/numeric.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>

#include <tusk/types/errc.hpp>

#include "refuse.hpp"

namespace tusk {
namespace {

using protocol::parse_error;
using types::errc;

bool is_word(std::string_view text, std::string_view word) noexcept {
  return std::ranges::equal(text, word, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

// The server's spelling of NaN or an infinity that a user wrote in any of its ways; nothing if it is neither.
std::optional<std::string_view> find_name(std::string_view text) noexcept {
  if (is_word(text, "nan")) return "NaN";
  bool const negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!is_word(text, "inf") && !is_word(text, "infinity")) return std::nullopt;
  return negative ? "-Infinity" : "Infinity";
}

// A number as a user writes it, taken apart: sign, digits, and the place of the point among them.
struct written_number {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  std::int64_t exponent = 0;

  // How far from the first digit the point is; may be far outside of them.
  std::int64_t point() const noexcept { return static_cast<std::int64_t>(integer.size()) + exponent; }
  std::int64_t count() const noexcept { return static_cast<std::int64_t>(integer.size() + fraction.size()); }
  char digit(std::int64_t at) const noexcept {
    if (at < 0 || at >= count()) return '0';
    auto const index = static_cast<std::size_t>(at);
    return index < integer.size() ? integer[index] : fraction[index - integer.size()];
  }
};

// Far beyond every limit, and far from overflowing.
constexpr std::int64_t largest_exponent = 1'000'000'000;

protocol::expected<written_number> take_apart(std::string_view text) noexcept {
  written_number number;
  std::size_t at = 0;
  auto const skip = [&](char a, char b) { return at < text.size() && (text[at] == a || text[at] == b) && ++at; };
  auto const take_digits = [&] {
    std::string_view const digits = text.substr(at, types::count_digits(text.substr(at)));
    at += digits.size();
    return digits;
  };
  number.negative = text.starts_with('-');
  skip('-', '+');
  number.integer = take_digits();
  if (skip('.', '.')) number.fraction = take_digits();
  if (number.count() == 0) return parse_error{errc::malformed_numeric, at};
  if (skip('e', 'E')) {
    bool const negative = text.substr(at).starts_with('-');
    skip('-', '+');
    std::string_view const digits = take_digits();
    if (digits.empty()) return parse_error{errc::malformed_numeric, at};
    for (char c : digits) number.exponent = std::min(number.exponent * 10 + (c - '0'), largest_exponent);
    if (negative) number.exponent = -number.exponent;
  }
  if (at != text.size()) return parse_error{errc::malformed_numeric, at};
  return number;
}

// The server's text for what a user wrote.
protocol::expected<std::string> normalise(std::string_view text) {
  if (auto const name = find_name(text)) return std::string(*name);
  auto const parsed = take_apart(text);
  if (!parsed) return parsed.error();
  written_number const& number = *parsed;
  std::int64_t const point = number.point();
  std::int64_t const scale = std::max<std::int64_t>(0, number.count() - point);
  std::int64_t first = 0;  // the first digit that is not 0
  while (first < number.count() && number.digit(first) == '0') ++first;
  bool const zero = first == number.count();
  if (zero) first = point;
  constexpr auto max_integer_digits = static_cast<std::int64_t>(numeric::max_integer_digits);
  constexpr auto max_scale = static_cast<std::int64_t>(numeric::max_scale);
  if (point - first > max_integer_digits || scale > max_scale) return parse_error{errc::out_of_range, 0};
  std::string result;
  if (number.negative && !zero) result += '-';
  if (first >= point) result += '0';
  for (; first < point; ++first) result += number.digit(first);
  if (scale > 0) result += '.';
  for (std::int64_t i = point; i < point + scale; ++i) result += number.digit(i);
  return result;
}

// The digits on both sides of the point of a number without sign; false if there is something else, or nothing behind a
// point.
bool measure(std::string_view number, std::size_t& integer, std::size_t& scale) noexcept {
  if (std::endian::native == std::endian::little && number.size() - 1 < 8) {  // seen at once
    std::uint64_t const within = ~std::uint64_t{0} >> (64 - 8 * number.size());
    std::uint64_t const others =
        types::find_other_than_digits(types::load_characters(number.data(), number.size())) & within;
    integer = others == 0 ? number.size() : static_cast<std::size_t>(std::countr_zero(others)) / 8;
    if (others == 0) return true;
    scale = number.size() - integer - 1;
    return number[integer] == '.' && (others & (others - 1)) == 0 && scale != 0;
  }
  integer = types::count_digits(number);
  if (integer == number.size()) return true;
  if (number[integer] != '.') return false;
  scale = types::count_digits(number.substr(integer + 1));
  return scale != 0 && integer + 1 + scale == number.size();
}

}  // namespace

numeric::numeric(std::string_view text) : text_(types::value_or_refuse(normalise(text))) {}

std::size_t numeric::scale() const noexcept {
  std::size_t const point = text_.find('.');
  return point == text_.npos ? 0 : text_.size() - point - 1;
}

// The same value with the smallest scale.
std::string_view numeric::without_zeros() const noexcept {
  std::string_view text = text_;
  if (text.find('.') == text.npos) return text;
  text = text.substr(0, text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

std::string_view numeric::integer_text() const {
  std::string_view const text = without_zeros();
  if (text.find('.') != text.npos) types::refuse(errc::inexact);
  return text;
}

void numeric::throw_out_of_range() { types::refuse(errc::out_of_range); }

template <types::binary_float T>
T numeric::to() const {
  T value = 0;
  auto const [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);  // takes the names, too
  if (error == std::errc()) return value;
  bool const small = text_.starts_with("0.") || text_.starts_with("-0.");
  if (!small) throw_out_of_range();
  return text_.starts_with('-') ? -T{0} : T{0};
}
template float numeric::to<float>() const;
template double numeric::to<double>() const;

std::weak_ordering operator<=>(numeric const& a, numeric const& b) noexcept {
  auto const rank = [](numeric const& value) {  // -Infinity, below 0, 0 and above, Infinity, NaN
    bool const negative = value.text_.front() == '-';
    if (value.is_finite()) return negative ? 1 : 2;
    return negative ? 0 : value.is_nan() ? 4 : 3;
  };
  int const rank_of_a = rank(a);
  if (rank_of_a != rank(b) || !a.is_finite()) return rank_of_a <=> rank(b);
  std::string_view left = a.without_zeros();
  std::string_view right = b.without_zeros();
  if (rank_of_a == 1) {  // of two below 0, the one whose digits are more is less
    std::swap(left, right);
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  // Of equally long integer parts, digits and point stand in the same places, and an end is below both.
  std::size_t const left_integer = std::min(left.find('.'), left.size());
  std::size_t const right_integer = std::min(right.find('.'), right.size());
  if (left_integer != right_integer) return left_integer <=> right_integer;
  return left <=> right;
}

std::ostream& operator<<(std::ostream& out, numeric const& value) { return out << value.text_; }

bool from_text<numeric>::parse_quickly(std::string_view text, numeric& value) {
  std::size_t const sign = text.starts_with('-');
  std::size_t integer = 0;
  std::size_t scale = 0;
  if (!measure(text.substr(sign), integer, scale)) return false;
  if (integer == 0 || integer > numeric::max_integer_digits || scale > numeric::max_scale) return false;
  // The server writes 7 for 007, and 0.0 for -0.0.
  if (text[sign] == '0' && (integer > 1 || (sign != 0 && text.find_first_not_of("0.", sign) == text.npos)))
    return false;
  value.text_ = text;
  return true;
}

protocol::expected<numeric> from_binary<numeric>::parse(std::string_view bytes, oid type) {
  auto text = types::parse_binary_number(bytes, type);
  if (!text) return text.error();
  numeric value;
  value.text_ = *std::move(text);
  return value;
}

protocol::expected<numeric> from_text<numeric>::parse(std::string_view text) {
  numeric value;
  if (parse_quickly(text, value)) return value;
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    value.text_ = text;
    return value;
  }
  // What is wrong with it?
  std::size_t const sign = text.starts_with('-');
  std::size_t const integer = types::count_digits(text.substr(sign));
  std::size_t at = sign + integer;
  bool good = integer != 0;
  if (good && at != text.size() && text[at] == '.') {
    std::size_t const scale = types::count_digits(text.substr(at + 1));
    at += 1 + scale;
    good = scale != 0;
  }
  if (!good || at != text.size()) return parse_error{errc::malformed_numeric, at};
  if (integer > 1 && text[sign] == '0') return parse_error{errc::malformed_numeric, 0};
  bool const zero = text.find_first_not_of("-0.") == text.npos;
  return parse_error{zero ? errc::malformed_numeric : errc::out_of_range, 0};
}

}  // namespace tusk
