// inet and cidr: IP addresses with the length of a network's prefix.
//
//   inet   a host, and optionally the network that it is in      192.168.0.1, 192.168.0.1/24, ::1
//   cidr   a network: every bit behind the prefix is zero        192.168.0.0/24, 2001:db8::/32
//
// The text is the server's: an inet has no prefix where it is the whole address; a cidr always has one. IPv6 addresses
// are in compressed form, the last 32 bits of ::ffff:1.2.3.4 and ::1.2.3.4 as an IPv4 address.
//
// Source: PostgreSQL's documentation, "Network Address Types"; RFC 4291, section 2.2.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// The octets of an address, in the order of its text.
using ipv4_octets = std::array<std::byte, 4>;
using ipv6_octets = std::array<std::byte, 16>;

namespace types {

/// What inet and cidr have in common. Ordered as the server orders them: IPv4 before IPv6, then by the bits that both
/// have in their prefixes, then by the prefix's length, then by all bits.
class network_address {
 public:
  bool is_v4() const noexcept { return octets().size() == 4; }
  bool is_v6() const noexcept { return !is_v4(); }

  /// 4 or 16 of them; lives as long as this value is unchanged.
  std::span<std::byte const> octets() const noexcept { return {octets_.data(), size_}; }

  /// The length of the network's prefix, in bits: at most 32 or 128.
  unsigned prefix() const noexcept { return prefix_; }

  friend bool operator==(network_address const&, network_address const&) noexcept = default;
  friend std::strong_ordering operator<=>(network_address const& a, network_address const& b) noexcept;

 protected:
  enum class kind { host, network };

  network_address() = default;
  /// Throws data_error as the constructors of inet and cidr say.
  network_address(kind is, std::span<std::byte const> octets, unsigned prefix);
  static protocol::expected<network_address> parse(kind is, std::string_view text) noexcept;
  static network_address parse_or_throw(kind is, std::string_view text);
  static protocol::expected<network_address> parse_binary(kind is, std::string_view bytes, bool is_cidr) noexcept;
  void write_binary(kind is, binary_writer& out) const;
  std::string to_string(kind is) const;

 private:
  bool has_host_bits() const noexcept;

  ipv6_octets octets_{};  // of an IPv4 address the first four; the others are zero
  unsigned char size_ = 4;
  unsigned char prefix_ = 32;
};

}  // namespace types

/// An address of a host. By default 0.0.0.0.
class inet : public types::network_address {
 public:
  inet() = default;

  /// Throws data_error, errc::out_of_range, if the prefix is longer than the address.
  explicit inet(ipv4_octets const& octets, unsigned prefix = 32) : network_address(kind::host, octets, prefix) {}
  explicit inet(ipv6_octets const& octets, unsigned prefix = 128) : network_address(kind::host, octets, prefix) {}

  /// From an IPv4 address of four decimal numbers or any form of an IPv6 address, and a prefix where it is not the
  /// whole address. Throws data_error, errc::malformed_address.
  explicit inet(std::string_view text) : network_address(parse_or_throw(kind::host, text)) {}

  std::string to_string() const { return network_address::to_string(kind::host); }

 private:
  friend struct from_text<inet>;
  friend struct from_binary<inet>;
  friend struct adapter<inet>;
  explicit inet(network_address const& checked) noexcept : network_address(checked) {}
};

/// An address of a network. By default 0.0.0.0/32.
class cidr : public types::network_address {
 public:
  cidr() = default;

  /// Throws data_error: errc::out_of_range if the prefix is longer than the address, errc::malformed_address if a bit
  /// behind it is not zero.
  explicit cidr(ipv4_octets const& octets, unsigned prefix) : network_address(kind::network, octets, prefix) {}
  explicit cidr(ipv6_octets const& octets, unsigned prefix) : network_address(kind::network, octets, prefix) {}

  /// As inet's, but the prefix has to be there: the server's guesses for what is left out are not made here.
  explicit cidr(std::string_view text) : network_address(parse_or_throw(kind::network, text)) {}

  std::string to_string() const { return network_address::to_string(kind::network); }

 private:
  friend struct from_text<cidr>;
  friend struct from_binary<cidr>;
  friend struct adapter<cidr>;
  explicit cidr(network_address const& checked) noexcept : network_address(checked) {}
};

std::ostream& operator<<(std::ostream& out, inet const& value);
std::ostream& operator<<(std::ostream& out, cidr const& value);

template <>
struct adapter<inet> {
  static constexpr tusk::oid oid = oids::inet;
  static constexpr bool prefers_binary = true;
  static void text(inet const& value, text_writer& out) { out.unchecked(value.to_string()); }
  static void binary(inet const& value, binary_writer& out) { value.write_binary(inet::kind::host, out); }
};

template <>
struct adapter<cidr> {
  static constexpr tusk::oid oid = oids::cidr;
  static constexpr bool prefers_binary = true;
  static void text(cidr const& value, text_writer& out) { out.unchecked(value.to_string()); }
  static void binary(cidr const& value, binary_writer& out) { value.write_binary(cidr::kind::network, out); }
};

/// A network is read as the inet of its address and prefix, as the server casts it.
template <>
struct from_text<inet> {
  static constexpr bool reads(oid type) noexcept { return type == oids::inet || type == oids::cidr; }
  static protocol::expected<inet> parse(std::string_view text) noexcept;
};

template <>
struct from_text<cidr> {
  static constexpr bool reads(oid type) noexcept { return type == oids::cidr; }
  static protocol::expected<cidr> parse(std::string_view text) noexcept;
};

/// A byte each for the family (2 or 3), the prefix, whether it is a cidr, and the number of octets; then those.
template <>
struct from_binary<inet> {
  static constexpr bool reads(oid type) noexcept { return from_text<inet>::reads(type); }
  static protocol::expected<inet> parse(std::string_view bytes, oid type) noexcept;
};

template <>
struct from_binary<cidr> {
  static constexpr bool reads(oid type) noexcept { return from_text<cidr>::reads(type); }
  static protocol::expected<cidr> parse(std::string_view bytes, oid type) noexcept;
};

}  // namespace tusk

template <>
struct std::hash<tusk::types::network_address> {
  std::size_t operator()(tusk::types::network_address const& value) const noexcept {
    auto const octets = value.octets();
    std::string_view const view(reinterpret_cast<char const*>(octets.data()), octets.size());
    return std::hash<std::string_view>()(view) ^ value.prefix();
  }
};
template <>
struct std::hash<tusk::inet> : std::hash<tusk::types::network_address> {};
template <>
struct std::hash<tusk::cidr> : std::hash<tusk::types::network_address> {};
