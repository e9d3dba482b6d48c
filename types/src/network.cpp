// inet and cidr: the system's inet_pton and inet_ntop for the address, and the prefix by hand.
//
// inet_pton is strict: it takes no shorter forms of IPv4 addresses, no leading zeros in them and no names of
// interfaces.
#include <tusk/types/network.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ostream>

#include <tusk/types/errc.hpp>
#include <tusk/types/number.hpp>

#include "refuse.hpp"

namespace tusk {
namespace types {
namespace {

using protocol::parse_error;

// As the server has them: AF_INET, and one more.
constexpr std::uint8_t family_v4 = 2;
constexpr std::uint8_t family_v6 = 3;

constexpr std::size_t bits_of(std::size_t octets) noexcept { return 8 * octets; }

// The first `prefix` bits, compared.
std::strong_ordering compare_prefix(std::span<std::byte const> a, std::span<std::byte const> b,
                                    unsigned prefix) noexcept {
  std::size_t const whole = prefix / 8;
  if (int const order = std::memcmp(a.data(), b.data(), whole); order != 0) return order <=> 0;
  if (prefix % 8 == 0) return std::strong_ordering::equal;
  unsigned const behind = 8 - prefix % 8;
  return (a[whole] >> behind) <=> (b[whole] >> behind);
}

}  // namespace

network_address::network_address(kind is, std::span<std::byte const> octets, unsigned prefix)
    : size_(static_cast<unsigned char>(octets.size())), prefix_(static_cast<unsigned char>(prefix)) {
  if (prefix > bits_of(octets.size())) refuse(errc::out_of_range);
  std::ranges::copy(octets, octets_.begin());
  if (is == kind::network && has_host_bits()) refuse(errc::malformed_address);
}

bool network_address::has_host_bits() const noexcept {
  std::size_t const whole = prefix_ / 8;
  for (std::size_t i = whole; i < size_; ++i) {
    auto const mask = i == whole ? std::byte{0xff} >> prefix_ % 8 : std::byte{0xff};
    if ((octets_[i] & mask) != std::byte{0}) return true;
  }
  return false;
}

protocol::expected<network_address> network_address::parse(kind is, std::string_view text) noexcept {
  constexpr std::size_t longest = INET6_ADDRSTRLEN - 1;
  std::size_t const slash = std::min(text.find('/'), text.size());
  char terminated[longest + 1] = {};
  // A NUL byte would end the address for inet_pton, and what is behind it would go unseen.
  if (slash > longest || text.substr(0, slash).find('\0') != text.npos) return parse_error{errc::malformed_address, 0};
  if (slash != 0) std::memcpy(terminated, text.data(), slash);

  network_address parsed;
  bool const v6 = std::strchr(terminated, ':') != nullptr;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, terminated, parsed.octets_.data()) != 1) {
    return parse_error{errc::malformed_address, 0};
  }
  parsed.size_ = v6 ? 16 : 4;
  std::size_t const bits = bits_of(parsed.size_);
  parsed.prefix_ = static_cast<unsigned char>(bits);
  if (slash != text.size()) {
    std::string_view const digits = text.substr(slash + 1);
    std::uint64_t prefix = 0;
    bool const number = digits.size() <= 3 && types::parse_digits(digits.data(), digits.size(), prefix);
    if (!number || prefix > bits || (digits[0] == '0' && digits.size() > 1)) {
      return parse_error{errc::malformed_address, slash + 1};
    }
    parsed.prefix_ = static_cast<unsigned char>(prefix);
  } else if (is == kind::network) {
    return parse_error{errc::malformed_address, slash};
  }
  if (is == kind::network && parsed.has_host_bits()) return parse_error{errc::malformed_address, 0};
  return parsed;
}

protocol::expected<network_address> network_address::parse_binary(kind is, std::string_view bytes,
                                                                  bool is_cidr) noexcept {
  binary_reader in(bytes);
  network_address parsed;
  auto const family = in.take<std::uint8_t>();
  if (!in.failed() && family != family_v4 && family != family_v6) in.fail_at(0);
  parsed.size_ = family == family_v6 ? 16 : 4;
  parsed.prefix_ = in.take<std::uint8_t>();
  if (parsed.prefix_ > bits_of(parsed.size_)) in.fail_at(1);
  auto const flag = in.take<std::uint8_t>();
  if (!in.failed() && flag != (is_cidr ? 1 : 0)) in.fail_at(2);
  auto const size = in.take<std::uint8_t>();
  if (!in.failed() && size != parsed.size_) in.fail_at(3);
  std::string_view const octets = in.take(parsed.size_);
  if (auto const error = in.finish(); error.code) return error;
  std::memcpy(parsed.octets_.data(), octets.data(), octets.size());
  if (is == kind::network && parsed.has_host_bits()) return parse_error{errc::malformed_address, 4};
  return parsed;
}

void network_address::write_binary(kind is, binary_writer& out) const {
  out.put(is_v4() ? family_v4 : family_v6).put(prefix_).put(std::uint8_t{is == kind::network}).put(size_);
  out.put(std::string_view(reinterpret_cast<char const*>(octets_.data()), size_));
}

network_address network_address::parse_or_throw(kind is, std::string_view text) {
  return value_or_refuse(parse(is, text));
}

std::string network_address::to_string(kind is) const {
  char address[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), address, sizeof address);
  std::string text = address;
  if (is == kind::network || prefix_ != bits_of(size_)) text += '/' + std::to_string(prefix_);
  return text;
}

std::strong_ordering operator<=>(network_address const& a, network_address const& b) noexcept {
  if (a.size_ != b.size_) return a.size_ <=> b.size_;
  auto const in_both = compare_prefix(a.octets(), b.octets(), std::min(a.prefix(), b.prefix()));
  if (in_both != 0) return in_both;
  if (a.prefix_ != b.prefix_) return a.prefix_ <=> b.prefix_;
  return a.octets_ <=> b.octets_;
}

}  // namespace types

std::ostream& operator<<(std::ostream& out, inet const& value) { return out << value.to_string(); }
std::ostream& operator<<(std::ostream& out, cidr const& value) { return out << value.to_string(); }

protocol::expected<inet> from_text<inet>::parse(std::string_view text) noexcept {
  auto const parsed = inet::parse(inet::kind::host, text);
  if (!parsed) return parsed.error();
  return inet(*parsed);
}

protocol::expected<inet> from_binary<inet>::parse(std::string_view bytes, oid type) noexcept {
  auto const parsed = inet::parse_binary(inet::kind::host, bytes, type == oids::cidr);
  if (!parsed) return parsed.error();
  return inet(*parsed);
}

protocol::expected<cidr> from_binary<cidr>::parse(std::string_view bytes, oid) noexcept {
  auto const parsed = cidr::parse_binary(cidr::kind::network, bytes, true);
  if (!parsed) return parsed.error();
  return cidr(*parsed);
}

protocol::expected<cidr> from_text<cidr>::parse(std::string_view text) noexcept {
  auto const parsed = cidr::parse(cidr::kind::network, text);
  if (!parsed) return parsed.error();
  return cidr(*parsed);
}

}  // namespace tusk
