// uuid: sixteen bytes, as text 32 hexadecimal digits in groups of 8-4-4-4-12.
//
// Source: RFC 9562; PostgreSQL's documentation, "UUID Type".
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iosfwd>
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

/// A universally unique identifier. Values are ordered by their bytes, as the server orders them.
class uuid {
 public:
  using bytes_type = std::array<std::byte, 16>;

  /// The nil one: all bits zero.
  uuid() = default;

  /// From its bytes, in the order of its text.
  explicit constexpr uuid(bytes_type const& bytes) noexcept : bytes_(bytes) {}

  /// From digits of either case, with the four hyphens or without any. Throws data_error, errc::malformed_uuid.
  explicit uuid(std::string_view text);

  constexpr bytes_type const& bytes() const noexcept { return bytes_; }

  /// As the server writes it: small letters, with hyphens.
  std::string to_string() const;

  friend constexpr auto operator<=>(uuid const&, uuid const&) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, uuid const& value);

 private:
  friend struct from_text<uuid>;

  bytes_type bytes_{};
};

template <>
struct adapter<uuid> {
  static constexpr tusk::oid oid = oids::uuid;
  static constexpr bool prefers_binary = true;
  static void text(uuid const& value, text_writer& out);
  static void binary(uuid const& value, binary_writer& out) {
    out.put(std::string_view(reinterpret_cast<char const*>(value.bytes().data()), value.bytes().size()));
  }
};

/// With hyphens; digits may be of either case.
template <>
struct from_text<uuid> {
  static constexpr bool reads(oid type) noexcept { return type == oids::uuid; }
  static protocol::expected<uuid> parse(std::string_view text) noexcept;
  static bool parse_quickly(std::string_view text, uuid& value) noexcept;
};

template <>
struct from_binary<uuid> {
  static constexpr bool reads(oid type) noexcept { return type == oids::uuid; }
  static protocol::expected<uuid> parse(std::string_view bytes, oid) noexcept {
    uuid::bytes_type value;
    if (bytes.size() != value.size())
      return protocol::parse_error{types::errc::malformed_binary, types::misfit(bytes.size(), value.size())};
    std::memcpy(value.data(), bytes.data(), value.size());
    return uuid(value);
  }
};

}  // namespace tusk

template <>
struct std::hash<tusk::uuid> {
  std::size_t operator()(tusk::uuid const& value) const noexcept {
    auto const* const first = reinterpret_cast<char const*>(value.bytes().data());
    return std::hash<std::string_view>()({first, value.bytes().size()});
  }
};
