// bool, integers and floating point: their adapters and parsers.
//
//   C++                           sent as    read from
//   bool                          bool       bool
//   signed 8 and 16 bits, uint8   int2       int2, int4, int8, oid, numeric: any integer that fits
//   signed 32 bits, uint16        int4       likewise
//   signed 64 bits, uint32        int8       likewise
//   uint64                        int8, and numeric beyond it; likewise
//   unsigned 32 bits, tusk::oid   int8       regclass and its like, too, where their text is a number
//   float                         float4     float4; numeric: the nearest; int2, int4, int8 where the value is exact
//   double                        float8     float8, float4; numeric: the nearest; int2, int4, int8 where it is exact
//
// An integer is read from a numeric whose value is one: 5, and 5.00. Floating point is read from a numeric as the
// nearest value, for who asks for a double of avg() gets one; tusk::numeric keeps all digits. A float is not read from
// float8. A double read from float4 is the float4's value, as the server's own cast gives it (0.1::float4 is
// 0.10000000149011612), so that the text and the binary format agree.
//
// Into a numeric column a double goes as it is bound, as float8, which the server rounds to 15 digits: 0.1 + 0.2
// becomes 0.300000000000000. Merged it is a numeric constant, 0.30000000000000004, with all its digits.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_numeric.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

/// The smallest type of the server that holds every value of `T`; int8 for std::uint64_t, which hardly ever has others.
template <integer T>
consteval oid integer_oid() noexcept {
  constexpr int bits = std::numeric_limits<T>::digits;
  return bits <= 15 ? oids::int2 : bits <= 31 ? oids::int4 : oids::int8;
}

/// The integer of the server's type that `T` is sent as.
template <integer T>
using sent_integer = std::conditional_t<integer_oid<T>() == oids::int2, std::int16_t,
                                        std::conditional_t<integer_oid<T>() == oids::int4, std::int32_t, std::int64_t>>;

/// Integers of which some do not fit in an int8.
template <class T>
concept beyond_int8 = integer<T> &&(std::numeric_limits<T>::digits > 63);

/// Whether the text of a type's values is an integer's, as far as they are integers.
constexpr bool spells_integers(oid type) noexcept {
  return type == oids::int4 || type == oids::int8 || type == oids::numeric || type == oids::int2 || type == oids::oid;
}

/// Whether the type is one of those that hold an OID and show the name of the object that it is of: regclass, regtype.
constexpr bool names_object(oid type) noexcept {
  switch (type) {
    case oids::regproc:
    case oids::regprocedure:
    case oids::regoper:
    case oids::regoperator:
    case oids::regclass:
    case oids::regtype:
    case oids::regconfig:
    case oids::regdictionary:
    case oids::regnamespace:
    case oids::regrole:
    case oids::regcollation: return true;
    default: return false;
  }
}

/// 1 to 8 characters as one number, the first one in the lowest byte; bytes past the last are zero.
inline std::uint64_t load_characters(char const* first, std::size_t size) noexcept {
  if (size >= 4) {  // two loads that overlap where size < 8: equal bytes fall on each other
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, first, 4);
    std::memcpy(&high, first + size - 4, 4);
    return low | std::uint64_t{high} << (8 * size - 32);
  }
  auto const at = [first](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(first[i])} << (8 * i); };
  return at(0) | at(size / 2) | at(size - 1);
}

/// The number of eight digits, each a byte of 0 to 9, the first one lowest. They are converted side by side in one
/// register: each pair of digits, each pair of pairs, both fours.
constexpr std::uint64_t join_digits(std::uint64_t digits) noexcept {
  digits = digits * (1 + (10 << 8)) >> 8;
  digits = (digits & 0x00ff'00ff'00ff'00ff) * (1 + (100 << 16)) >> 16;
  return (digits & 0x0000'ffff'0000'ffff) * (1 + (10'000ull << 32)) >> 32;
}

/// Takes 1 to 8 digits, and nothing else.
inline bool parse_few_digits(char const* first, std::size_t size, std::uint64_t& value) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    std::uint64_t digits = (load_characters(first, size) ^ '0' * ones) << (8 * (8 - size));  // leading zeros come in
    if (((digits + (0x80 - 10) * ones) | digits) & 0x80 * ones) return false;
    value = join_digits(digits);
    return true;
  } else {
    value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      unsigned const digit = static_cast<unsigned char>(first[i]) - unsigned{'0'};
      if (digit > 9) return false;
      value = value * 10 + digit;
    }
    return true;
  }
}

/// Of characters as `load_characters` gives them: the highest bit of each byte that is no digit. What stands behind a
/// byte above 127 may be taken for one, too.
constexpr std::uint64_t find_other_than_digits(std::uint64_t characters) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  std::uint64_t const digits = characters ^ '0' * ones;
  return ((digits + (0x80 - 10) * ones) | digits) & 0x80 * ones;
}

/// How many digits the text begins with.
inline std::size_t count_digits(std::string_view text) noexcept {
  std::size_t count = 0;
  if constexpr (std::endian::native == std::endian::little) {
    while (count != text.size()) {
      std::size_t const step = text.size() - count < 8 ? text.size() - count : 8;
      std::uint64_t const others = find_other_than_digits(load_characters(text.data() + count, step));
      if (others != 0) return count + static_cast<std::size_t>(std::countr_zero(others)) / 8;  // the end is one, too
      count += step;
    }
  } else {
    while (count != text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  }
  return count;
}

/// 17 digits and more; false if there is something else, or they do not fit in 64 bits.
bool parse_many_digits(char const* first, std::size_t size, std::uint64_t& value) noexcept;

inline bool parse_digits(char const* first, std::size_t size, std::uint64_t& value) noexcept {
  if (size - 1 < 8) return parse_few_digits(first, size, value);
  if (size - 1 >= 16) return size != 0 && parse_many_digits(first, size, value);
  std::uint64_t upper = 0;
  if (!parse_few_digits(first, size - 8, upper) || !parse_few_digits(first + size - 8, 8, value)) return false;
  value += upper * 100'000'000;
  return true;
}

/// What is wrong with a text of which `parse_digits` said false, or with a value that is too large.
[[gnu::cold]] protocol::parse_error integer_error(std::string_view text) noexcept;

/// An optional `-` and digits, to the end of the text. False if it is something else, or `T` cannot hold the value.
template <integer T>
bool read_integer(std::string_view text, T& value) noexcept {
  bool const negative = text.starts_with('-');
  std::uint64_t magnitude = 0;
  if (!parse_digits(text.data() + negative, text.size() - negative, magnitude)) return false;
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  std::uint64_t const limit = !negative ? max : std::is_signed_v<T> ? max + 1 : 0;
  if (magnitude > limit) return false;
  value = static_cast<T>(negative ? 0 - magnitude : magnitude);
  return true;
}

/// The same. A value that `T` cannot hold is `errc::out_of_range`.
template <integer T>
protocol::expected<T> parse_integer(std::string_view text) noexcept {
  T value{};
  if (!read_integer(text, value)) return integer_error(text);
  return value;
}

/// Text of a type that names objects: digits where no object has that OID, `-` for 0. A name is errc::named_object.
protocol::expected<oid> parse_object(std::string_view text, oid type) noexcept;

/// Text of a float8, a float4 or an integer. `errc::inexact` if it is an integer that the type cannot hold exactly.
protocol::expected<double> parse_double(std::string_view text) noexcept;
/// The same of digits, in a value that is exact if they are an integer's; false says nothing.
bool read_double(std::string_view text, double& value) noexcept;
protocol::expected<float> parse_float(std::string_view text) noexcept;

/// Text of a numeric: the nearest value. `errc::out_of_range` beyond the largest one.
protocol::expected<double> parse_nearest_double(std::string_view text) noexcept;
protocol::expected<float> parse_nearest_float(std::string_view text) noexcept;

/// Text of a numeric without the point and zeros that it ends in, if it is an integer's: 5 of 5.00. What is not a
/// finite number is given back as it is. `errc::inexact` if it is a fraction.
protocol::expected<std::string_view> integer_part(std::string_view text) noexcept;

}  // namespace types

template <>
struct adapter<bool> {
  static constexpr tusk::oid oid = oids::bool_;
  static void text(bool value, text_writer& out) { out << value; }
  static void binary(bool value, binary_writer& out) { out.put(static_cast<char>(value)); }
};

template <types::integer T>
struct adapter<T> {
  static constexpr tusk::oid oid = types::integer_oid<T>();
  static void text(T value, text_writer& out) { out << value; }
  static void binary(T value, binary_writer& out) { out.put(static_cast<types::sent_integer<T>>(value)); }
};

/// An int8 where it fits, so that the index of a bigint column serves it.
template <types::integer T>
requires types::beyond_int8<T>
struct adapter<T> {
  static constexpr tusk::oid oid = types::integer_oid<T>();
  static constexpr tusk::oid type(T value, adapt_context const&) noexcept {
    return std::in_range<std::int64_t>(value) ? oids::int8 : oids::numeric;
  }
  static void text(T value, text_writer& out) { out << value; }
};

template <>
struct adapter<float> {
  static constexpr tusk::oid oid = oids::float4;
  static constexpr bool prefers_binary = true;
  static void text(float value, text_writer& out) { out << value; }
  static void binary(float value, binary_writer& out) { out.put(std::bit_cast<std::uint32_t>(value)); }
};

template <>
struct adapter<double> {
  static constexpr tusk::oid oid = oids::float8;
  static constexpr bool prefers_binary = true;
  static void text(double value, text_writer& out) { out << value; }
  static void binary(double value, binary_writer& out) { out.put(std::bit_cast<std::uint64_t>(value)); }
};

template <>
struct from_text<bool> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bool_; }
  static protocol::expected<bool> parse(std::string_view text) noexcept {
    if (text.size() == 1 && (text[0] == 't' || text[0] == 'f')) return text[0] == 't';
    return protocol::parse_error{types::errc::malformed_bool, 0};
  }
};

template <types::integer T>
struct from_text<T> {
  static constexpr bool reads(oid type) noexcept {
    return types::spells_integers(type) || (std::same_as<T, tusk::oid> && types::names_object(type));
  }
  static protocol::expected<T> parse(std::string_view text) noexcept { return types::parse_integer<T>(text); }
  static protocol::expected<T> parse(std::string_view text, oid type) noexcept {
    if constexpr (std::same_as<T, tusk::oid>) {
      if (types::names_object(type)) return types::parse_object(text, type);
    }
    if (type != oids::numeric) return parse(text);
    auto const integer = types::integer_part(text);
    if (!integer) return integer.error();
    return parse(*integer);
  }
  /// What is short and has no sign where it is called, the rest out of line; false says nothing, `parse` does.
  ///
  /// Instructions by callgrind, g++ 12 -O2, against std::from_chars and a check of its end: 6 digits 37 to 45 (the
  /// caller decides) / 97; then `parse`: 8 digits and a sign 64 / 127, 12 digits 82 / 169, 19 digits 133 / 266.
  static bool parse_quickly(std::string_view text, T& value) noexcept {
    std::uint64_t digits = 0;
    if (text.size() - 1 >= 8 || !types::parse_few_digits(text.data(), text.size(), digits))
      return parse_longer(text, value);
    value = static_cast<T>(digits);
    return std::in_range<T>(digits);
  }

 private:
  [[gnu::noinline]] static bool parse_longer(std::string_view text, T& value) noexcept {
    return types::read_integer(text, value);
  }
};

template <>
struct from_text<float> {
  static constexpr bool reads(oid type) noexcept {
    return type == oids::float4 || type == oids::int2 || type == oids::int4 || type == oids::int8 ||
           type == oids::numeric;
  }
  static protocol::expected<float> parse(std::string_view text) noexcept { return types::parse_float(text); }
  static protocol::expected<float> parse(std::string_view text, oid type) noexcept {
    return type == oids::numeric ? types::parse_nearest_float(text) : parse(text);
  }
};

template <>
struct from_text<double> {
  static constexpr bool reads(oid type) noexcept { return type == oids::float8 || from_text<float>::reads(type); }
  static protocol::expected<double> parse(std::string_view text) noexcept { return types::parse_double(text); }
  static protocol::expected<double> parse(std::string_view text, oid type) noexcept {
    if (type == oids::numeric) return types::parse_nearest_double(text);
    if (type != oids::float4) return parse(text);
    auto const narrow = types::parse_float(text);
    if (!narrow) return narrow.error();
    return double{*narrow};
  }
  static constexpr bool reads_quickly(oid type) noexcept { return type == oids::float8 || type == oids::numeric; }
  static bool parse_quickly(std::string_view text, double& value) noexcept { return types::read_double(text, value); }
};

template <>
struct from_binary<bool> {
  static constexpr bool reads(oid type) noexcept { return from_text<bool>::reads(type); }
  static protocol::expected<bool> parse(std::string_view bytes, oid) noexcept {
    if (bytes.size() == 1 && (bytes[0] == 0 || bytes[0] == 1)) return bytes[0] == 1;
    return protocol::parse_error{types::errc::malformed_binary, types::misfit(bytes.size() > 1 ? bytes.size() : 0, 1)};
  }
};

template <types::integer T>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return from_text<T>::reads(type); }
  static protocol::expected<T> parse(std::string_view bytes, oid type) noexcept {
    using sent = types::sent_integer<T>;
    if (type == types::integer_oid<T>() && bytes.size() == sizeof(sent)) [[likely]]
      return checked(protocol::load_big_endian<sent>(bytes.data()));
    if constexpr (types::beyond_int8<T>) {
      return checked(types::parse_binary_unsigned(bytes, type));
    } else {
      return checked(types::parse_binary_signed(bytes, type));
    }
  }

 private:
  static protocol::expected<T> checked(std::integral auto value) noexcept {
    if (!std::in_range<T>(value)) return protocol::parse_error{types::errc::out_of_range, 0};
    return static_cast<T>(value);
  }
  template <class Wide>
  static protocol::expected<T> checked(protocol::expected<Wide> const& value) noexcept {
    if (!value) return value.error();
    return checked(*value);
  }
};

template <>
struct from_binary<float> {
  static constexpr bool reads(oid type) noexcept { return from_text<float>::reads(type); }
  static protocol::expected<float> parse(std::string_view bytes, oid type) {
    return types::parse_binary_float(bytes, type);
  }
};

template <>
struct from_binary<double> {
  static constexpr bool reads(oid type) noexcept { return from_text<double>::reads(type); }
  static protocol::expected<double> parse(std::string_view bytes, oid type) {
    return type == oids::float8 ? types::parse_fixed<double>(bytes) : types::parse_binary_double(bytes, type);
  }
};

}  // namespace tusk
