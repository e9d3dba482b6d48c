// bit and bit varying: strings of 0 and 1.
//
//   C++              sent as    read from
//   tusk::bits       varbit     bit, varbit
//   std::bitset<N>   varbit     bit, varbit of N bits exactly
//
// Both are sent as varbit, which the server casts to bit by itself wherever it wants one.
//
// Source: PostgreSQL's documentation, "Bit String Types".
#pragma once

#include <bitset>
#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// A bit string of any length. It is kept as its text, from left to right; ordered as the server orders bit strings.
class bits {
 public:
  /// No bits at all.
  bits() = default;

  /// From 0s and 1s. Throws data_error, errc::malformed_bits, if there is something else.
  explicit bits(std::string_view text);

  std::size_t size() const noexcept { return text_.size(); }
  bool empty() const noexcept { return text_.empty(); }

  /// A bit, counted from the left and from 0, as get_bit() does; `at` has to be below size().
  bool operator[](std::size_t at) const noexcept { return text_[at] == '1'; }

  /// The server's text for it; lives as long as this value is unchanged.
  std::string const& to_string() const noexcept { return text_; }

  friend auto operator<=>(bits const&, bits const&) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, bits const& value);

 private:
  friend struct from_text<bits>;
  friend struct from_binary<bits>;

  std::string text_;
};

template <>
struct adapter<bits> {
  static constexpr tusk::oid oid = oids::varbit;
  static void text(bits const& value, text_writer& out) { out.unchecked(value.to_string()); }
  static void binary(bits const& value, binary_writer& out);
};

template <>
struct from_text<bits> {
  static constexpr bool reads(oid type) noexcept { return type == oids::bit || type == oids::varbit; }
  static protocol::expected<bits> parse(std::string_view text);
};

/// The number of bits as an int32, then the bytes that they fill from the left; what they leave is 0.
template <>
struct from_binary<bits> {
  static constexpr bool reads(oid type) noexcept { return from_text<bits>::reads(type); }
  static protocol::expected<bits> parse(std::string_view bytes, oid type);
};

namespace types {

/// Writes the binary form of the bits of this text.
void write_binary_bits(std::string_view text, binary_writer& out);

}  // namespace types

/// Text as std::bitset has it: its bit 0 is the rightmost.
template <std::size_t Size>
struct adapter<std::bitset<Size>> {
  static constexpr tusk::oid oid = oids::varbit;
  static void text(std::bitset<Size> const& value, text_writer& out) {
    char* const to = out.reserve(Size);
    for (std::size_t i = 0; i < Size; ++i) to[i] = value[Size - 1 - i] ? '1' : '0';
    out.commit(Size);
  }
  static void binary(std::bitset<Size> const& value, binary_writer& out) {
    types::text_buffer digits;
    text_writer writer(digits);
    text(value, writer);
    types::write_binary_bits({digits.data(), digits.size()}, out);
  }
};

namespace types {

/// Where the first character that is neither 0 nor 1 stands, or npos.
std::size_t find_other_than_bit(std::string_view text) noexcept;

}  // namespace types

/// Another number of bits is errc::wrong_count.
template <std::size_t Size>
struct from_text<std::bitset<Size>> {
  static constexpr bool reads(oid type) noexcept { return from_text<bits>::reads(type); }
  static protocol::expected<std::bitset<Size>> parse(std::string_view text) {
    std::size_t const other = types::find_other_than_bit(text);
    if (other != text.npos) return protocol::parse_error{types::errc::malformed_bits, other};
    if (text.size() != Size) return protocol::parse_error{types::errc::wrong_count, 0};
    std::bitset<Size> value;
    for (std::size_t i = 0; i < Size; ++i) value[Size - 1 - i] = text[i] == '1';
    return value;
  }
};

template <std::size_t Size>
struct from_binary<std::bitset<Size>> {
  static constexpr bool reads(oid type) noexcept { return from_text<bits>::reads(type); }
  static protocol::expected<std::bitset<Size>> parse(std::string_view bytes, oid type) {
    auto const value = from_binary<bits>::parse(bytes, type);
    if (!value) return value.error();
    return from_text<std::bitset<Size>>::parse(value->to_string());
  }
};

}  // namespace tusk

template <>
struct std::hash<tusk::bits> {
  std::size_t operator()(tusk::bits const& value) const noexcept { return std::hash<std::string>()(value.to_string()); }
};
