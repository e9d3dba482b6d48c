// What a pool does with a connection between two leases: it looks at what comes back, and has it cleaned.
//
//   comes back ─► look() ─► away              it is closed
//                       ├─► clean             it can be lent again
//                       └─► something to do   in this order, within a limit; if any of it fails it is closed:
//                             cancel what is under way and take its answers
//                             ROLLBACK, or with settings to put back ROLLBACK; RESET ALL; SET SESSION AUTHORIZATION
//                             UNLISTEN *
//                             the session hook again, where one of the last two has undone what it did
//
// Nothing is asked of the server to find out what it is: all of it is known.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <tusk/pool_options.hpp>

namespace tusk {
class connection;
}

namespace tusk::detail {

class connection_state;

/// What is left to do with a connection that comes back.
struct return_plan {
  std::optional<discard_reason> away = {};
  bool is_busy = false, rolls_back = false, resets = false, unlistens = false;
  bool is_clean() const noexcept { return !away && !is_busy && !rolls_back && !resets && !unlistens; }
};

/// See the top of this file. Each function is called by who has the connection for itself.
class pooled_session {
 public:
  /// From here on, what a user changes is noted.
  static void begin(connection& of) noexcept;
  static return_plan look(connection& of, reset_on_return when) noexcept;
  /// Does it, of a blocking connection; why it failed, or nothing.
  static std::optional<discard_reason> clean(connection& of, return_plan const& what,
                                             std::chrono::milliseconds limit) noexcept;
  /// One that was moved from keeps no share in the queue of notifications.
  static void disown(connection& moved) noexcept;
  /// Closes it: what its user has kept of it ends with an error that says so.
  static void end(connection& of) noexcept;
  /// The lease has ended: drops what nobody has taken (results, errors, notices, notifications), and transactions begin
  /// again as they did at its begin.
  static void forget(connection& of) noexcept;
  /// Whether the server has closed an idle one. Looks at the socket.
  static bool is_dead(connection& of) noexcept;

  /// One statement that commits by itself: true, and set_autocommit(of, false) has to follow; false: it has to be
  /// committed.
  static bool begin_single(connection& of);
  /// Gives what it was. Of one that was moved from it does nothing.
  static bool set_autocommit(connection& of, bool value) noexcept;

  /// To close it while somebody else has it.
  static std::weak_ptr<connection_state> watch(connection const& of) noexcept;
  static void close(std::weak_ptr<connection_state> const& which) noexcept;
};

}  // namespace tusk::detail
