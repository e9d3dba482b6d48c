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
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <tusk/pending.hpp>
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
  /// The same of an asynchronous connection, a step at a time.
  class cleaning;
  /// Has what is in front end soon, of an asynchronous connection: step it then.
  static void cancel_front(connection& of);
  /// One that was moved from keeps no share in the queue of notifications.
  static void disown(connection& moved) noexcept;
  /// Closes it: what its user has kept of it ends with an error that says so.
  static void end(connection& of) noexcept;
  static std::exception_ptr ended();
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

  /// COMMIT of an asynchronous connection whose transactions begin by themselves, if there is one; and what the answer
  /// to it was, which throws if that was no COMMIT.
  static bool has_transaction(connection const& of) noexcept;
  static void check_commit(connection& of, std::string_view answer);
};

class pooled_session::cleaning {
 public:
  /// Of a connection that look() has found so, before what is under way on it is cancelled.
  cleaning(connection const& of, return_plan const& what) noexcept;

  /// To be called when nothing is under way, until it has ended: what it has started is to be stepped, until it has
  /// ended too. Whether it has.
  bool advance(connection& of) noexcept;
  /// Then: why it failed.
  std::optional<discard_reason> const& failed() const noexcept { return failed_; }
  bool has_rolled_back() const noexcept { return rolled_back_; }
  bool has_reset() const noexcept { return what_.resets; }

 private:
  enum class stage : std::uint8_t { begun, undone, silent, set_up };
  bool step(connection& of);
  bool wait_for(pending<void>&& what);
  bool fail(discard_reason why) noexcept;

  return_plan what_;
  bool const had_changed_;
  bool rolled_back_ = false;
  stage next_ = stage::begun;
  std::optional<pending<void>> started_;
  std::optional<discard_reason> failed_;
};

}  // namespace tusk::detail
