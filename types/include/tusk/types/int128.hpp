// Integers of 128 bits, where the compiler has them: sent as numeric, read from what other integers are read from.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_numeric.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

#ifdef __SIZEOF_INT128__

/// The compiler's own types, under names that -Wpedantic takes.
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

namespace types {

template <class T>
concept wide_integer = std::same_as<T, int128> || std::same_as<T, uint128>;

/// Of 2^128 - 1, and of -2^127 with its sign.
inline constexpr std::size_t max_wide_digits = 40;

/// Writes decimal digits before `end`, and `-` before them; gives where they begin.
char* write_wide(char* end, uint128 magnitude, bool negative) noexcept;

/// Takes digits and nothing else; false if there is something else, or they do not fit in 128 bits.
bool parse_wide_digits(std::string_view digits, uint128& value) noexcept;

/// As parse_integer.
template <wide_integer T>
protocol::expected<T> parse_wide(std::string_view text) noexcept {
  bool const negative = text.starts_with('-');
  uint128 magnitude = 0;
  if (!parse_wide_digits(text.substr(negative), magnitude)) return integer_error(text);
  constexpr uint128 top = uint128{1} << 127;
  if (std::same_as<T, int128> && magnitude > top - !negative) return integer_error(text);
  if (std::same_as<T, uint128> && negative && magnitude != 0) return integer_error(text);
  return static_cast<T>(negative ? 0 - magnitude : magnitude);
}

/// As parse_binary_signed.
template <wide_integer T>
protocol::expected<T> parse_binary_wide(std::string_view bytes, oid type) noexcept;

}  // namespace types

template <types::wide_integer T>
struct adapter<T> {
  static constexpr tusk::oid oid = oids::numeric;
  static void text(T value, text_writer& out) {
    print(value, [&](std::string_view text) { out.unchecked(text); });
  }
  static void binary(T value, binary_writer& out) {
    print(value, [&](std::string_view text) { types::write_binary_numeric(text, out); });
  }

 private:
  static void print(T value, auto const& write) {
    char digits[types::max_wide_digits];
    char* const end = digits + sizeof digits;
    auto const magnitude = static_cast<uint128>(value);
    char* const begin = types::write_wide(end, value < 0 ? 0 - magnitude : magnitude, value < 0);
    write(std::string_view(begin, static_cast<std::size_t>(end - begin)));
  }
};

template <types::wide_integer T>
struct from_text<T> {
  static constexpr bool reads(oid type) noexcept { return types::spells_integers(type); }
  static protocol::expected<T> parse(std::string_view text) noexcept { return types::parse_wide<T>(text); }
  static protocol::expected<T> parse(std::string_view text, oid type) noexcept {
    if (type != oids::numeric) return parse(text);
    auto const integer = types::integer_part(text);
    if (!integer) return integer.error();
    return parse(*integer);
  }
};

template <types::wide_integer T>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return types::spells_integers(type); }
  static protocol::expected<T> parse(std::string_view bytes, oid type) noexcept {
    return types::parse_binary_wide<T>(bytes, type);
  }
};

#endif

namespace types {

/// Every integer that can be sent and read.
template <class T>
concept any_integer = integer<T>
#ifdef __SIZEOF_INT128__
    || wide_integer<T>
#endif
    ;

}  // namespace types
}  // namespace tusk
