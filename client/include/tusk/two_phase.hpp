// Two-phase commit: a transaction that several databases, or other participants, commit or undo together.
//
//   conn.tpc_begin({42, "global", "branch"});
//   conn.query("UPDATE ...");
//   conn.tpc_prepare();                       // from here on the server keeps it, over its own restart too
//   conn.tpc_commit();                        // or, on any connection: other.tpc_commit(id)
//
// What a coordinator left behind is found by tpc_recover(). The server forbids it all unless its setting
// max_prepared_transactions says how many there may be.
//
// Source: PEP 249, "Two-Phase Commit Extensions"; PostgreSQL's documentation, PREPARE TRANSACTION.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/fwd.hpp>
#include <tusk/types/timestamp.hpp>
#include <tusk/within.hpp>
#include <vector>

namespace tusk {

/// Names a transaction for all who take part in it, as X/Open has it.
struct tpc_xid {
  /// Throws programming_error unless `format` is not negative, and both others are up to 64 printable ASCII characters.
  tpc_xid(std::int32_t format, std::string global, std::string branch);
  /// Of a text that is no such name, as other programs give them; at most 199 bytes. Throws programming_error if it is
  /// longer, empty, or has a NUL byte.
  static tpc_xid from_text(std::string_view text);
  /// What the server knows it by: the number and both names in base64, as psycopg has it, or the other text.
  std::string as_text() const;

  std::optional<std::int32_t> format_id;  ///< empty: `gtrid` is all of the other text
  std::string gtrid, bqual;

  friend bool operator==(tpc_xid const&, tpc_xid const&) = default;

 private:
  explicit tpc_xid(std::string_view other) : gtrid(other) {}
};

/// A transaction that was prepared and has not ended.
struct prepared_transaction {
  tpc_xid xid;
  timestamptz prepared;
  std::string owner, database;
};

namespace detail {

class connection_state;
void tpc_begin(connection_state& on, tpc_xid const& id);
void tpc_prepare(connection_state& on, within const* limit);
void tpc_commit(connection_state& on, tpc_xid const* id, within const* limit);
void tpc_rollback(connection_state& on, tpc_xid const* id, within const* limit);
std::vector<prepared_transaction> tpc_recover(connection_state& on, within const* limit);

/// What a connection has of it; see the top of this file.
///
/// All throw programming_error on an asynchronous connection and while a guard is open, and what a statement throws.
template <class Connection>
class two_phase_calls {
 public:
  /// The next statement begins it. Until tpc_commit() or tpc_rollback() commit(), rollback(), reset() and set_session()
  /// are a programming_error. So is this inside a transaction, and where statements commit by themselves.
  void tpc_begin(tpc_xid const& id) { detail::tpc_begin(on(), id); }
  /// The first phase: after it the server can commit the transaction whatever happens; it is no more the connection's.
  /// Only tpc_commit() or tpc_rollback() should follow. Throws internal_error (25P02) if a statement had failed: it is
  /// rolled back then. An error of the server's rolls it back as well.
  void tpc_prepare(std::optional<within> const& limit = {}) { detail::tpc_prepare(on(), pointer(limit)); }
  /// The second phase; without the first a plain COMMIT. Throws programming_error without tpc_begin(), or if another
  /// transaction was begun after tpc_prepare(). Has it been prepared, it stays so if this fails: try again.
  void tpc_commit(std::optional<within> const& limit = {}) { detail::tpc_commit(on(), nullptr, pointer(limit)); }
  void tpc_rollback(std::optional<within> const& limit = {}) { detail::tpc_rollback(on(), nullptr, pointer(limit)); }
  /// Ends one that was prepared before, on any connection to its database, by its owner or a superuser. Throws
  /// programming_error (42704) if there is none of that name; or inside a transaction.
  void tpc_commit(tpc_xid const& id, std::optional<within> const& limit = {}) {
    detail::tpc_commit(on(), &id, pointer(limit));
  }
  void tpc_rollback(tpc_xid const& id, std::optional<within> const& limit = {}) {
    detail::tpc_rollback(on(), &id, pointer(limit));
  }
  /// Those that wait for their end, of all databases. It begins no transaction.
  std::vector<prepared_transaction> tpc_recover(std::optional<within> const& limit = {}) {
    return detail::tpc_recover(on(), pointer(limit));
  }

 protected:
  two_phase_calls() = default;
  ~two_phase_calls() = default;

 private:
  connection_state& on() { return static_cast<Connection&>(*this).state(); }
  static within const* pointer(std::optional<within> const& limit) noexcept { return limit ? &*limit : nullptr; }
};

}  // namespace detail
}  // namespace tusk
