// How a connection's transactions begin: by themselves or not, and in which mode.
//
// A transaction begins with the first statement, unless the connection is in autocommit mode: BEGIN travels in the same
// send, so it costs no round trip, and if it fails the statement has not run. commit() and rollback() end it.
#pragma once

#include <optional>

namespace tusk {

/// How much a transaction sees of others. Source: PostgreSQL's documentation, "Transaction Isolation".
enum class isolation_level {
  autocommit,  ///< no transactions: each statement is one of its own
  server_default,
  read_uncommitted,
  read_committed,
  repeatable_read,
  serializable,
};

/// The mode in which transactions begin; what is not said is left to the server.
struct session_mode {
  bool autocommit = false;
  isolation_level isolation = isolation_level::server_default;  ///< not isolation_level::autocommit
  std::optional<bool> read_only = {};
  std::optional<bool> deferrable = {};

  friend bool operator==(session_mode const&, session_mode const&) = default;
};

/// Where a session is between BEGIN and COMMIT.
enum class transaction_status {
  idle,            ///< in none
  active,          ///< a statement is under way
  in_transaction,  ///< in one, waiting for a statement
  failed,          ///< in one in which a statement failed: only rollback() helps
  unknown,         ///< not connected
};

}  // namespace tusk
