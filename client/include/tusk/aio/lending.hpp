// What an Asio pool and its leases share, but for Asio: the rules under a lock, the connections that are idle, those
// who wait. tusk::pool has the same rules, see pool_core.hpp; who waits there blocks a thread, and here is woken.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/pool_options.hpp>
#include <tusk/pool_ticket.hpp>
#include <tusk/pooled_session.hpp>
#include <tusk/within.hpp>
#include <vector>

namespace tusk::aio::detail {

class stepper;

/// See the top of this file. Any thread may call any function. What asks for `guard` is called with the lock, and
/// mostly leaves it.
class lending {
 public:
  using time = std::chrono::steady_clock::time_point;
  using slot = std::uint32_t;
  using guard = std::unique_lock<std::mutex>;
  using answer = tusk::detail::pool_answer;
  using waiter = tusk::detail::pool_waiter;

  /// Throws programming_error if the options make no sense.
  lending(std::string_view dsn, pool_options options, connect_options how);
  lending(lending const&) = delete;
  lending& operator=(lending const&) = delete;
  ~lending();

  std::string const& dsn() const noexcept;
  connect_options const& how() const noexcept;
  pool_options const& options() const noexcept;
  bool is_child() const noexcept;
  /// Throws interface_error in a forked child, programming_error in a hook of this pool.
  void require_usable() const;
  bool is_usable() const noexcept;
  bool closed() const;
  pool_statistics statistics() const;
  /// In a forked child it is not locked, as it may be held by a thread that is not there.
  guard lock() const;

  // ---- acquiring ----

  /// An idle connection that need not be looked at, if there is one and nobody waits; it is lent then.
  std::shared_ptr<stepper> take_at_hand(slot& which, std::source_location where);
  /// Also for one that had to connect in vain, or whose connection was of no use: it has its old place.
  answer ask(waiter& who);
  /// Has the first connect, where it may, and wakes those whom that concerns. When `who` is to do so again.
  std::optional<time> attend(waiter& who, guard const& held);
  /// Waits no more.
  void leave(waiter& who, guard const& held) noexcept;
  /// An answer that nobody came for: the connection is idle again, or is not made.
  void give_up(waiter& who) noexcept;

  struct taken {
    std::shared_ptr<stepper> connection;
    std::optional<discard_reason> away = {};
    bool is_looked_at = false, is_asked = false;  ///< for a sign of life, as it was idle for long
  };
  /// The idle connection that was given; it is to be lent or discarded.
  taken take(slot which);
  /// From here on the connection can be closed under way. False: the pool is closed, and it is to be discarded.
  bool lend(slot which, std::shared_ptr<stepper> const& what, std::source_location where,
            std::chrono::nanoseconds elapsed);

  /// One that is being made, is asked for a sign of life, or was bound to another executor: so that it can be closed
  /// under way.
  void connecting(slot which, std::shared_ptr<stepper> const& what);
  /// What became of it. True: the connection is of no use, as the pool is closed; throws what comes again each time.
  bool connected(slot which, time began, std::exception_ptr failure, bool abandoned);

  /// These throw, and count and tell that. See lending_base.
  [[noreturn]] void throw_timed_out(within const& limit, guard& held, std::source_location where, time began);
  [[noreturn]] void throw_cancelled(guard& held, std::source_location where, time began);
  [[noreturn]] void throw_refused(answer how, std::source_location where);

  // ---- giving back ----

  /// One whose lease has ended, and that is clean, or is to be thrown away and was closed.
  void keep(slot which, std::shared_ptr<stepper>&& back, std::optional<discard_reason> away,
            std::source_location where) noexcept;
  /// Counts what was cleaned, and tells the place where a transaction was left open.
  void cleaned(bool rolled_back, bool reset, std::source_location where) noexcept;
  /// One that was idle, and is of no use.
  void discard(slot which, std::shared_ptr<stepper>&& what, discard_reason why) noexcept;

  // ---- upkeep, the end ----

  void drop_stale(bool all) noexcept;
  std::optional<slot> take_missing();
  /// One of these is not made.
  void abandon(slot which) noexcept;
  std::size_t total(guard const& held) const noexcept;
  /// When there is something to be kept up.
  std::optional<time> maintains_at(guard const& held) const;
  /// Who is woken when the pool is closed, and when all are back then.
  void watch(waiter& who);
  void forget(waiter& who) noexcept;

  void close() noexcept;
  bool is_closed(guard const& held) const noexcept;
  bool are_all_back(guard const& held) const noexcept;
  /// Those that are lent, being made, or asked for a sign of life.
  std::vector<std::shared_ptr<stepper>> lent(guard const& held) const;

 private:
  class state;
  std::unique_ptr<state> const state_;
};

}  // namespace tusk::aio::detail
