#include <tusk/types/binary_numeric.hpp>

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include <tusk/protocol/wire.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/int128.hpp>
#include <tusk/types/numeric.hpp>

namespace tusk::types {
namespace {

using protocol::expected;
using protocol::load_big_endian;
using protocol::parse_error;

constexpr int base = 10'000;
constexpr int width = 4;  // decimal digits of one of base 10000
constexpr std::size_t header = 8;

enum class sign : std::uint16_t {
  positive = 0,
  negative = 0x4000,
  nan = 0xc000,
  infinity = 0xd000,
  minus_infinity = 0xf000,
};

constexpr std::string_view special_name(sign is) noexcept {
  return is == sign::nan ? "NaN" : is == sign::infinity ? "Infinity" : is == sign::minus_infinity ? "-Infinity" : "";
}

// A numeric, checked, without digits 0 at either end. Zero has none.
struct parts {
  sign is = sign::positive;
  int weight = 0;
  std::size_t scale = 0;
  std::string_view digits;
  std::size_t position = header;  // of `digits` in the whole form

  bool is_finite() const noexcept { return is == sign::positive || is == sign::negative; }
  int count() const noexcept { return static_cast<int>(digits.size() / 2); }
  int digit(int i) const noexcept {
    return i < 0 || i >= count() ? 0 : load_big_endian<std::int16_t>(digits.data() + 2 * i);
  }
  std::size_t position_of(int i) const noexcept { return position + 2 * static_cast<std::size_t>(i); }
};

// Whether a digit has decimal places behind the scale that are not 0. `place` counts digits from the point on.
bool is_hidden(int digit, int place, std::size_t scale) noexcept {
  constexpr int powers[] = {10'000, 1'000, 100, 10, 1};
  std::int64_t const shown = static_cast<std::int64_t>(scale) - std::int64_t{place} * width;
  return place >= 0 && digit % powers[std::clamp<std::int64_t>(shown, 0, width)] != 0;
}

expected<parts> take_apart(std::string_view bytes) noexcept {
  constexpr std::size_t sign_position = 4;
  constexpr std::size_t scale_position = 6;
  binary_reader in(bytes);
  parts made;
  auto const count = in.take<std::uint16_t>();
  made.weight = in.take<std::int16_t>();
  made.is = static_cast<sign>(in.take<std::uint16_t>());
  made.scale = in.take<std::uint16_t>();
  if (!made.is_finite() && special_name(made.is).empty()) in.fail_at(sign_position);
  if (made.is_finite() && made.scale > numeric::max_scale) in.fail_at(scale_position);
  if (!made.is_finite() && count != 0) in.fail_at(0);
  made.digits = in.take(2 * std::size_t{count});
  if (auto const error = in.finish(); error.code) return error;

  for (int i = 0; i < made.count(); ++i) {
    int const digit = made.digit(i);
    if (digit < 0 || digit >= base || is_hidden(digit, i - made.weight - 1, made.scale))
      return parse_error{errc::malformed_binary, made.position_of(i)};
  }
  for (; !made.digits.empty() && made.digit(0) == 0; --made.weight, made.position += 2) made.digits.remove_prefix(2);
  while (!made.digits.empty() && made.digit(made.count() - 1) == 0) made.digits.remove_suffix(2);
  if (made.digits.empty() && made.is == sign::negative) return parse_error{errc::malformed_binary, sign_position};
  if (made.digits.empty()) made.weight = 0;
  return made;
}

// ---- integers -------------------------------------------------------------------------------------------------------

template <class T>
struct unsigned_of : std::make_unsigned<T> {};
#ifdef __SIZEOF_INT128__
template <>
struct unsigned_of<int128> {
  using type = uint128;
};
template <>
struct unsigned_of<uint128> {
  using type = uint128;
};
#endif

template <class T>
expected<T> integer_of(parts const& from) noexcept {
  using magnitude_type = typename unsigned_of<T>::type;
  constexpr bool is_signed = !std::is_same_v<T, magnitude_type>;
  if (!from.is_finite()) return parse_error{errc::malformed_integer, 4};
  if (from.count() - 1 > from.weight) return parse_error{errc::inexact, from.position_of(from.count() - 1)};
  magnitude_type magnitude = 0;
  bool fits = true;
  for (int i = 0; fits && !from.digits.empty() && i <= from.weight; ++i) {
    fits = !__builtin_mul_overflow(magnitude, static_cast<magnitude_type>(base), &magnitude) &&
           !__builtin_add_overflow(magnitude, static_cast<magnitude_type>(from.digit(i)), &magnitude);
  }
  bool const negative = from.is == sign::negative;
  magnitude_type const most = is_signed  ? static_cast<magnitude_type>(~magnitude_type{0} >> 1) + negative
                              : negative ? magnitude_type{0}
                                         : ~magnitude_type{0};
  if (!fits || magnitude > most) return parse_error{errc::out_of_range, 0};
  return static_cast<T>(negative ? 0 - magnitude : magnitude);
}

// From a type of the server that an integer of C++ is the whole of.
template <class T, class From>
expected<T> fitting(std::string_view bytes) noexcept {
  auto const value = parse_fixed<From>(bytes);
  if (!value) return value.error();
  if constexpr (std::is_signed_v<From>) {
    if (*value < 0 && static_cast<T>(-1) > T{0}) return parse_error{errc::out_of_range, 0};
  }
  return static_cast<T>(*value);
}

template <class T>
expected<T> read_integer(std::string_view bytes, oid type) noexcept {
  switch (type) {
    case oids::int2: return fitting<T, std::int16_t>(bytes);
    case oids::int4: return fitting<T, std::int32_t>(bytes);
    case oids::int8: return fitting<T, std::int64_t>(bytes);
    case oids::oid: return fitting<T, std::uint32_t>(bytes);
    default: break;
  }
  if (names_object(type)) return fitting<T, std::uint32_t>(bytes);
  auto const from = take_apart(bytes);
  if (!from) return from.error();
  return integer_of<T>(*from);
}

// ---- floating point -------------------------------------------------------------------------------------------------

// Few digits and a small power of ten are exact, and so is one product or quotient of them rounded (Clinger, "How to
// Read Floating Point Numbers Accurately", 1990).
template <class Float>
bool read_short(parts const& from, Float& value) noexcept {
  constexpr Float powers[] = {Float(1), Float(1e4), Float(1e8)};
  if (FLT_EVAL_METHOD != 0 || from.count() > width) return false;
  std::uint64_t all = 0;
  for (int i = 0; i < from.count(); ++i) all = all * base + static_cast<std::uint64_t>(from.digit(i));
  int const exponent = from.weight - from.count() + 1;  // of base 10000
  constexpr int most = static_cast<int>(std::size(powers)) - 1;
  if (all >> std::numeric_limits<Float>::digits != 0 || exponent < -most || exponent > most) return false;
  value = static_cast<Float>(all);
  value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
  if (from.is == sign::negative) value = -value;
  return true;
}

// By the digits and an exponent as text, which is as long as the digits are many.
template <class Float>
expected<Float> nearest(parts const& from) {
  using limits = std::numeric_limits<Float>;
  if (from.is == sign::nan) return limits::quiet_NaN();
  if (from.is == sign::infinity) return limits::infinity();
  if (from.is == sign::minus_infinity) return -limits::infinity();
  if (from.digits.empty()) return Float{0};
  Float value = 0;
  if (read_short(from, value)) return value;
  std::string text;
  text.reserve(static_cast<std::size_t>(from.count()) * width + 16);
  if (from.is == sign::negative) text += '-';
  for (int i = 0; i < from.count(); ++i) {
    int const digit = from.digit(i);
    for (int power : {1'000, 100, 10, 1}) text += static_cast<char>('0' + digit / power % 10);
  }
  text += 'e' + std::to_string((from.weight - from.count() + 1) * width);
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  if (from.weight >= 0) return parse_error{errc::out_of_range, 0};
  return from.is == sign::negative ? -Float{0} : Float{0};
}

template <class Float>
expected<Float> exact(expected<std::int64_t> const& integer) noexcept {
  if (!integer) return integer.error();
  auto const value = static_cast<Float>(*integer);
  constexpr auto limit = static_cast<Float>(std::uint64_t{1} << 63);
  if (value >= limit || static_cast<std::int64_t>(value) != *integer) return parse_error{errc::inexact, 0};
  return value;
}

template <class Float>
expected<Float> read_float(std::string_view bytes, oid type) {
  if (type == oids::float4) {
    auto const value = parse_fixed<float>(bytes);
    if (!value) return value.error();
    return Float{*value};
  }
  if (type != oids::numeric) return exact<Float>(parse_binary_signed(bytes, type));
  auto const from = take_apart(bytes);
  if (!from) return from.error();
  return nearest<Float>(*from);
}

// ---- text -----------------------------------------------------------------------------------------------------------

std::string text_of(parts const& from) {
  if (!from.is_finite()) return std::string(special_name(from.is));
  int const first = std::max(from.weight, 0);  // the weight of the first digit that is written
  std::string text;
  text.reserve(static_cast<std::size_t>(first + 1) * width + from.scale + 6);
  if (from.is == sign::negative) text += '-';
  auto const append = [&](int weight) {
    int const digit = from.digit(from.weight - weight);
    for (int power : {1'000, 100, 10, 1}) text += static_cast<char>('0' + digit / power % 10);
  };
  if (from.weight < 0) {
    text += '0';
  } else {
    text += std::to_string(from.digit(0));
    for (int weight = from.weight - 1; weight >= 0; --weight) append(weight);
  }
  if (from.scale == 0) return text;
  text += '.';
  std::size_t const end = text.size() + from.scale;
  for (int weight = -1; text.size() < end; --weight) append(weight);
  text.resize(end);
  return text;
}

}  // namespace

expected<std::int64_t> parse_binary_signed(std::string_view bytes, oid type) noexcept {
  return read_integer<std::int64_t>(bytes, type);
}
expected<std::uint64_t> parse_binary_unsigned(std::string_view bytes, oid type) noexcept {
  return read_integer<std::uint64_t>(bytes, type);
}
#ifdef __SIZEOF_INT128__
template <wide_integer T>
expected<T> parse_binary_wide(std::string_view bytes, oid type) noexcept {
  return read_integer<T>(bytes, type);
}
template expected<int128> parse_binary_wide(std::string_view, oid) noexcept;
template expected<uint128> parse_binary_wide(std::string_view, oid) noexcept;
#endif

expected<double> parse_binary_double(std::string_view bytes, oid type) {
  return type == oids::float8 ? parse_fixed<double>(bytes) : read_float<double>(bytes, type);
}
expected<float> parse_binary_float(std::string_view bytes, oid type) { return read_float<float>(bytes, type); }

expected<std::string> parse_binary_number(std::string_view bytes, oid type) {
  if (type != oids::numeric) {
    auto const integer = parse_binary_signed(bytes, type);
    if (!integer) return integer.error();
    return std::to_string(*integer);
  }
  auto const from = take_apart(bytes);
  if (!from) return from.error();
  return text_of(*from);
}

void write_binary_numeric(std::string_view text, binary_writer& out) {
  auto const write_header = [&](std::size_t count, int weight, sign is, std::size_t scale) {
    out.put(static_cast<std::uint16_t>(count)).put(static_cast<std::int16_t>(weight));
    out.put(static_cast<std::uint16_t>(is)).put(static_cast<std::uint16_t>(scale));
  };
  for (sign is : {sign::nan, sign::infinity, sign::minus_infinity})
    if (text == special_name(is)) return write_header(0, 0, is, 0);

  bool const negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  auto const integers = static_cast<int>(std::min(text.find('.'), text.size()));
  auto const decimals = std::max(static_cast<int>(text.size()) - integers - 1, 0);
  // The decimal digit so many places behind the point, or before it where that is negative.
  auto const decimal = [&](int place) {
    int const at = place < 0 ? integers + place : integers + 1 + place;
    return at < 0 || at >= static_cast<int>(text.size()) ? 0 : text[static_cast<std::size_t>(at)] - '0';
  };
  auto const digit = [&](int weight) {
    int value = 0;
    for (int i = 0; i < width; ++i) value = value * 10 + decimal(i - (weight + 1) * width);
    return value;
  };
  int first = (integers + width - 1) / width - 1;
  int last = -((decimals + width - 1) / width);
  while (first >= last && digit(first) == 0) --first;
  while (last <= first && digit(last) == 0) ++last;
  bool const zero = first < last;
  std::size_t const count = zero ? 0 : static_cast<std::size_t>(first - last + 1);
  write_header(count, zero ? 0 : first, negative ? sign::negative : sign::positive, static_cast<std::size_t>(decimals));
  for (int weight = first; weight >= last && !zero; --weight) out.put(static_cast<std::int16_t>(digit(weight)));
}

}  // namespace tusk::types
