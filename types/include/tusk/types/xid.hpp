// The server's own counters and places: transaction and command identifiers, snapshots, the place of a row.
//
//   C++           sent as       read from
//   xid           xid           xid             a transaction, 32 bits that wrap around
//   xid8          xid8          xid8            a transaction, 64 bits that do not
//   cid           cid           cid             a command within its transaction
//   tid           tid           tid             (42,7): the seventh row of block 42
//   pg_snapshot   pg_snapshot   pg_snapshot,    10:20:10,14: which transactions are seen
//                               txid_snapshot
//
// Source: PostgreSQL's documentation, "Object Identifier Types", "Transaction ID and Snapshot Information Functions";
// tidout, pg_snapshot_in.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <ostream>
#include <string_view>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace types {

/// A number that identifies something, and that nothing is computed with. By default 0.
template <class Number, tusk::oid Type>
class identifier {
 public:
  using number_type = Number;
  static constexpr tusk::oid sql_type = Type;

  identifier() = default;
  explicit constexpr identifier(Number number) noexcept : number_(number) {}

  constexpr Number number() const noexcept { return number_; }

  friend constexpr bool operator==(identifier const&, identifier const&) noexcept = default;
  /// The number.
  friend std::ostream& operator<<(std::ostream& out, identifier const& value) { return out << value.number_; }

 private:
  Number number_ = 0;
};

template <class T>
concept identifies = std::derived_from<T, identifier<typename T::number_type, T::sql_type>>;

}  // namespace types

/// A transaction. It has no order, because the numbers wrap around.
class xid : public types::identifier<std::uint32_t, oids::xid> {
 public:
  using identifier::identifier;
};

/// A transaction, with the number of times that xid has wrapped around. Later ones are greater.
class xid8 : public types::identifier<std::uint64_t, oids::xid8> {
 public:
  using identifier::identifier;
  friend constexpr std::strong_ordering operator<=>(xid8 a, xid8 b) noexcept { return a.number() <=> b.number(); }
};

/// A command of a transaction.
class cid : public types::identifier<std::uint32_t, oids::cid> {
 public:
  using identifier::identifier;
};

/// Where a row is, as the system column ctid has it. Ordered by block, then by offset.
struct tid {
  std::uint32_t block = 0;
  std::uint16_t offset = 0;  ///< of the row within the block, from 1

  friend constexpr auto operator<=>(tid const&, tid const&) noexcept = default;
};

/// Which transactions were in progress. What is below xmin had ended, what is xmax or above had not begun.
struct pg_snapshot {
  xid8 xmin{};
  xid8 xmax{};
  std::vector<xid8> in_progress = {};  ///< of those between, in ascending order

  friend bool operator==(pg_snapshot const&, pg_snapshot const&) = default;
};

/// The text, as it is sent.
std::ostream& operator<<(std::ostream& out, tid value);
std::ostream& operator<<(std::ostream& out, pg_snapshot const& value);

template <types::identifies T>
struct adapter<T> {
  static constexpr tusk::oid oid = T::sql_type;
  static void text(T value, text_writer& out) { out << value.number(); }
  static void binary(T value, binary_writer& out) { out.put(value.number()); }
};

template <>
struct adapter<tid> {
  static constexpr tusk::oid oid = oids::tid;
  static void text(tid value, text_writer& out);
  static void binary(tid value, binary_writer& out) { out.put(value.block).put(value.offset); }
};

template <>
struct adapter<pg_snapshot> {
  static constexpr tusk::oid oid = oids::pg_snapshot;
  static void text(pg_snapshot const& value, text_writer& out);
  static void binary(pg_snapshot const& value, binary_writer& out);
};

template <types::identifies T>
struct from_text<T> {
  static constexpr bool reads(oid type) noexcept { return type == T::sql_type; }
  static protocol::expected<T> parse(std::string_view text) noexcept {
    if (text.starts_with('-')) return protocol::parse_error{types::errc::malformed_integer, 0};
    auto const number = types::parse_integer<typename T::number_type>(text);
    if (!number) return number.error();
    return T(*number);
  }
};

template <>
struct from_text<tid> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tid; }
  static protocol::expected<tid> parse(std::string_view text) noexcept;
};

template <>
struct from_text<pg_snapshot> {
  static constexpr bool reads(oid type) noexcept { return type == oids::pg_snapshot || type == oids::txid_snapshot; }
  static protocol::expected<pg_snapshot> parse(std::string_view text);
};

template <types::identifies T>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return type == T::sql_type; }
  static protocol::expected<T> parse(std::string_view bytes, oid) noexcept {
    auto const number = types::parse_fixed<typename T::number_type>(bytes);
    if (!number) return number.error();
    return T(*number);
  }
};

template <>
struct from_binary<tid> {
  static constexpr bool reads(oid type) noexcept { return type == oids::tid; }
  static protocol::expected<tid> parse(std::string_view bytes, oid) noexcept;
};

/// The count of those in progress, xmin, xmax, and each of them. The same values are refused as in the text.
template <>
struct from_binary<pg_snapshot> {
  static constexpr bool reads(oid type) noexcept { return from_text<pg_snapshot>::reads(type); }
  static protocol::expected<pg_snapshot> parse(std::string_view bytes, oid);
};

}  // namespace tusk

template <tusk::types::identifies T>
struct std::hash<T> {
  std::size_t operator()(T value) const noexcept { return std::hash<typename T::number_type>()(value.number()); }
};

template <>
struct std::hash<tusk::tid> {
  std::size_t operator()(tusk::tid value) const noexcept {
    return std::hash<std::uint64_t>()(std::uint64_t{value.block} << 16 | value.offset);
  }
};
