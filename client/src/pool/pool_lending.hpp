// What a pool and its leases share: the rules, the connections that are idle, and those who wait.
//
// One lock, and a condition variable for each who waits. Under the lock nothing is connected, checked, cleaned, closed
// or told to a hook.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tusk/pool.hpp>
#include <vector>

#include "pool/pool_core.hpp"

namespace tusk::detail {

/// See the top of this file.
class lending {
 public:
  using time = pool_core::time;
  using slot = pool_core::slot;

  lending(std::string_view dsn, pool_options options, connect_options how);

  /// `self`: this object, which the lease keeps alive, and the call does, whatever becomes of the pool meanwhile.
  static lease acquire(std::shared_ptr<lending> self, within const* limit, std::source_location where);
  void give_back(lease& from) noexcept;
  void discard(lease& from) noexcept;

  std::size_t maintain(within const* limit);
  void warm_up(within const* limit);
  void run(std::stop_token const& stop);
  bool close(within const* limit);
  bool closed() const;
  pool_statistics statistics() const;

 private:
  struct waiter : pool_core::ticket {
    std::condition_variable woken;
  };
  /// Who asks for a connection.
  struct request {
    std::shared_ptr<lending> self;
    within const* limit;
    std::source_location where;
    time began;
  };
  /// While it lives a function of the user's runs that the pool has called.
  class calling;
  using guard = std::unique_lock<std::mutex>;

  // ---- acquiring ----

  lease acquire_slowly(request& by, waiter& me, guard& held);
  std::optional<lease> take(slot which, request& by, guard& held);
  void wait(waiter& me, within const& limit, guard& held);
  /// Makes a connection, without the lock. Null: it failed, in a way that may pass, or the pool is closed; else it
  /// throws.
  std::optional<connection> connect(slot which, within const& limit);
  lease lend(slot which, connection&& made, request& by, std::chrono::nanoseconds elapsed, guard& held);
  [[noreturn]] void throw_timed_out(within const& limit, guard& held, std::source_location where, time began);
  [[noreturn]] void throw_refused(pool_core::answer how, guard& held, std::source_location where);
  std::string numbers() const;

  // ---- giving back ----

  std::optional<discard_reason> clean(connection& of, bool is_meant, std::source_location where) noexcept;
  void keep(slot which, connection&& back, std::optional<discard_reason> away, std::source_location where) noexcept;
  void throw_away(connection& which, discard_reason why, std::source_location where = {}) noexcept;
  void drop_stale(bool all) noexcept;

  // ---- who is told ----

  /// Wakes those who have an answer, and the first who waits where it has to look at the clock anew. With the lock.
  void wake() noexcept;
  void tell(pool_event::kind what, std::source_location where, std::chrono::nanoseconds elapsed = {},
            discard_reason why = discard_reason::broken) noexcept;
  void require_usable() const;
  bool is_child() const noexcept;

  pool_options const options_;
  std::string const dsn_;
  connect_options const how_;
  unsigned const generation_;  // of processes: a forked child has the next one

  mutable std::mutex lock_;
  pool_core core_;
  std::vector<std::optional<connection>> idle_;             // by slot
  std::vector<std::weak_ptr<connection_state>> connected_;  // by slot: those that are lent, too
  std::exception_ptr last_failure_;                         // of connecting, since the last success
  std::condition_variable all_back_, upkeep_;
  pool_core::ticket* first_told_ = nullptr;  // who was woken to look at the clock, and what it says
  time told_time_{};
};

/// Whether connecting fails like that each time: the login is refused, or the options are wrong.
bool comes_again(std::exception_ptr const& failure) noexcept;

}  // namespace tusk::detail
