// macaddr and macaddr8: hardware addresses of six and of eight bytes, as text pairs of hexadecimal digits between
// colons.
//
//   macaddr    08:00:2b:01:02:03
//   macaddr8   08:00:2b:ff:fe:01:02:03
//
// Source: PostgreSQL's documentation, "Network Address Types"; macaddr_out and macaddr8_out.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstring>
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

/// A MAC address (EUI-48). Ordered by its bytes, as the server orders them.
class macaddr {
 public:
  using bytes_type = std::array<std::byte, 6>;

  /// All bits zero.
  macaddr() = default;

  /// From its bytes, in the order of its text.
  explicit constexpr macaddr(bytes_type const& bytes) noexcept : bytes_(bytes) {}

  /// From pairs of digits, of either case, with colons. Throws data_error, errc::malformed_macaddr.
  explicit macaddr(std::string_view text);

  constexpr bytes_type const& bytes() const noexcept { return bytes_; }

  /// As the server writes it, with small letters.
  std::string to_string() const;

  friend constexpr auto operator<=>(macaddr const&, macaddr const&) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, macaddr const& value);

 private:
  bytes_type bytes_{};
};

/// A MAC address of eight bytes (EUI-64). Ordered by its bytes, as the server orders them.
class macaddr8 {
 public:
  using bytes_type = std::array<std::byte, 8>;

  /// All bits zero.
  macaddr8() = default;

  /// From its bytes, in the order of its text.
  explicit constexpr macaddr8(bytes_type const& bytes) noexcept : bytes_(bytes) {}

  /// From pairs of digits, of either case, with colons. Throws data_error, errc::malformed_macaddr.
  explicit macaddr8(std::string_view text);

  constexpr bytes_type const& bytes() const noexcept { return bytes_; }

  /// As the server writes it, with small letters.
  std::string to_string() const;

  friend constexpr auto operator<=>(macaddr8 const&, macaddr8 const&) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, macaddr8 const& value);

 private:
  bytes_type bytes_{};
};

namespace types {

template <std::size_t Size>
std::string_view characters_of(std::array<std::byte, Size> const& bytes) noexcept {
  return {reinterpret_cast<char const*>(bytes.data()), Size};
}

}  // namespace types

template <>
struct adapter<macaddr> {
  static constexpr tusk::oid oid = oids::macaddr;
  static void text(macaddr const& value, text_writer& out);
  static void binary(macaddr const& value, binary_writer& out) { out.put(types::characters_of(value.bytes())); }
};

template <>
struct adapter<macaddr8> {
  static constexpr tusk::oid oid = oids::macaddr8;
  static void text(macaddr8 const& value, text_writer& out);
  static void binary(macaddr8 const& value, binary_writer& out) { out.put(types::characters_of(value.bytes())); }
};

/// With colons, the form that the server writes; digits may be of either case.
template <>
struct from_text<macaddr> {
  static constexpr bool reads(oid type) noexcept { return type == oids::macaddr; }
  static protocol::expected<macaddr> parse(std::string_view text) noexcept;
};

template <>
struct from_text<macaddr8> {
  static constexpr bool reads(oid type) noexcept { return type == oids::macaddr8; }
  static protocol::expected<macaddr8> parse(std::string_view text) noexcept;
};

template <class T>
requires std::same_as<T, macaddr> || std::same_as<T, macaddr8>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return from_text<T>::reads(type); }
  static protocol::expected<T> parse(std::string_view bytes, oid) noexcept {
    typename T::bytes_type value;
    if (bytes.size() != value.size())
      return protocol::parse_error{types::errc::malformed_binary, types::misfit(bytes.size(), value.size())};
    std::memcpy(value.data(), bytes.data(), value.size());
    return T(value);
  }
};

}  // namespace tusk

template <>
struct std::hash<tusk::macaddr> {
  std::size_t operator()(tusk::macaddr const& value) const noexcept {
    auto const* const first = reinterpret_cast<char const*>(value.bytes().data());
    return std::hash<std::string_view>()({first, value.bytes().size()});
  }
};

template <>
struct std::hash<tusk::macaddr8> {
  std::size_t operator()(tusk::macaddr8 const& value) const noexcept {
    auto const* const first = reinterpret_cast<char const*>(value.bytes().data());
    return std::hash<std::string_view>()({first, value.bytes().size()});
  }
};
