// A transaction as a scope, and one that is run again when the server asks for it.
//
//   {
//     tusk::transaction tx{conn};     // BEGIN goes with its first statement
//     conn.query("UPDATE ...");
//     {
//       tusk::transaction part{conn};   // inside another one: a savepoint
//       ...
//     }                                 // left without commit(): rolled back to it
//     tx.commit();
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tusk/connection.hpp>
#include <type_traits>

namespace tusk {

namespace client {
class limit;
}

/// A scope that rolls back when it is left without commit(). Works in autocommit mode too. Guards of one connection end
/// in the reverse order of their making; the same thread rules as for the connection's operations.
///
/// A guard owns its transaction. While one is open, commit(), rollback(), reset(), reconnect(), set_session() and their
/// like throw programming_error when the connection itself is asked for them; close() is allowed. If the transaction
/// ends all the same, by COMMIT or ROLLBACK in a statement's text, every later operation in the scope throws
/// programming_error, so that nothing of it stands without a transaction; so does commit(). If the connection is lost
/// they throw interface_error. Leave the scope, and the connection is as it was before.
class transaction {
 public:
  /// Begins: a transaction with the next statement, or at once a savepoint if there is a transaction. Throws
  /// programming_error on an asynchronous connection, and what a statement throws.
  /// `limit`: of the SAVEPOINT.
  explicit transaction(connection& conn, std::optional<within> const& limit = {});
  transaction(transaction const&) = delete;
  transaction& operator=(transaction const&) = delete;
  /// Rolls back if nothing ended it, within connect_options::guard_limit; then, or if another operation is under way,
  /// it closes the connection. Errors of that are dropped, as the server rolls back what it has no COMMIT for, and so
  /// is what handlers throw meanwhile.
  ~transaction();

  /// Makes it stand. Throws internal_error (25P02) if a statement of it had failed: it is rolled back then;
  /// programming_error if it has ended already, or an inner one has not; operational_error, and the connection is
  /// closed, if the server answers anything but that it has committed.
  void commit(std::optional<within> const& limit = {});
  /// Undoes it. Throws programming_error as commit() does. A limit that is over closes the connection, with
  /// operational_error: there is nothing that could be cancelled.
  void rollback(std::optional<within> const& limit = {});

  /// Throws programming_error if the connection is in a transaction, or has a guard that will begin one.
  static void require_none(connection const& conn);
  /// Whether it is a savepoint within another one.
  bool is_nested() const noexcept { return !savepoint_.empty(); }

 private:
  void end();
  void undo(std::unique_ptr<client::limit> limit);

  std::shared_ptr<detail::connection_state> state_;  // the connection may move meanwhile
  std::string savepoint_;
  std::size_t depth_ = 0;
  bool ended_ = false;
};

namespace detail {
/// Waits before the next try; throws what is being handled if there is to be none.
void retry_or_rethrow(error const& why, int& tries_left, int tries);
}  // namespace detail

/// Runs `body(transaction&)` in a transaction of its own and commits it; again, up to `tries` times in all, where the
/// error says that the same may succeed then (serialization failures, deadlocks). Gives what `body` gives. Throws
/// programming_error if there is a transaction already, for that one would have to begin anew.
template <class Body>
std::invoke_result_t<Body&, transaction&> retry(connection& conn, Body&& body, int tries = 10) {
  transaction::require_none(conn);
  for (int left = tries;;) {
    try {
      transaction tx{conn};
      if constexpr (std::is_void_v<std::invoke_result_t<Body&, transaction&>>) {
        std::invoke(body, tx);
        tx.commit();
        return;
      } else {
        auto given = std::invoke(body, tx);
        tx.commit();
        return given;
      }
    } catch (error const& why) {
      detail::retry_or_rethrow(why, left, tries);
    }
  }
}

}  // namespace tusk
