// pg_lsn: a position in the write-ahead log, as text the upper and the lower 32 bits in hexadecimal: 16/B374D848.
//
// Source: PostgreSQL's documentation, "pg_lsn Type"; pg_lsn_in and pg_lsn_out.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
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

/// A log sequence number. The difference of two positions is a number of bytes.
class pg_lsn {
 public:
  /// 0/0, which is no position of a record.
  pg_lsn() = default;
  explicit constexpr pg_lsn(std::uint64_t position) noexcept : position_(position) {}

  /// Throws data_error, errc::malformed_lsn.
  explicit pg_lsn(std::string_view text);

  /// In bytes, from the beginning of the log.
  constexpr std::uint64_t position() const noexcept { return position_; }

  /// As the server writes it, with capital letters and without leading zeros.
  std::string to_string() const;

  friend constexpr auto operator<=>(pg_lsn, pg_lsn) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, pg_lsn value);

 private:
  std::uint64_t position_ = 0;
};

template <>
struct adapter<pg_lsn> {
  static constexpr tusk::oid oid = oids::pg_lsn;
  static void text(pg_lsn value, text_writer& out);
  static void binary(pg_lsn value, binary_writer& out) { out.put(value.position()); }
};

/// Each half of one to eight digits, of either case; leading zeros are read, too.
template <>
struct from_text<pg_lsn> {
  static constexpr bool reads(oid type) noexcept { return type == oids::pg_lsn; }
  static protocol::expected<pg_lsn> parse(std::string_view text) noexcept;
};

template <>
struct from_binary<pg_lsn> {
  static constexpr bool reads(oid type) noexcept { return type == oids::pg_lsn; }
  static protocol::expected<pg_lsn> parse(std::string_view bytes, oid) noexcept {
    auto const position = types::parse_fixed<std::uint64_t>(bytes);
    if (!position) return position.error();
    return pg_lsn(*position);
  }
};

}  // namespace tusk

template <>
struct std::hash<tusk::pg_lsn> {
  std::size_t operator()(tusk::pg_lsn value) const noexcept { return std::hash<std::uint64_t>()(value.position()); }
};
