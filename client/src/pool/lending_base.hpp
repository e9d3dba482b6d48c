// What the two faces of a pool have in common: the rules under a lock, who is told of what, and what errors say.
#pragma once

#include <exception>
#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/pool_options.hpp>
#include <tusk/pool_ticket.hpp>
#include <tusk/within.hpp>

#include "pool/pool_core.hpp"

namespace tusk::detail {

/// See the top of this file. Under the lock nothing is connected, checked, cleaned, closed or told to a hook.
class lending_base {
 public:
  using time = pool_core::time;
  using slot = pool_core::slot;
  using guard = std::unique_lock<std::mutex>;
  /// While it lives a function of the user's runs that the pool has called.
  class calling;

  bool is_child() const noexcept;
  /// Throws interface_error in a forked child, programming_error in a hook of this pool.
  void require_usable() const;
  bool is_usable() const noexcept;
  bool closed() const;
  pool_statistics statistics() const;

 protected:
  lending_base(std::string_view dsn, pool_options options, connect_options how);
  ~lending_base() = default;

  /// What became of a connect; with the lock. True: the connection is of no use, as the pool is closed.
  /// `failure`: null if it was made. `abandoned`: that says nothing about the server.
  bool note_connect(slot which, std::exception_ptr const& failure, bool abandoned, time now) noexcept;
  /// Wakes those who have an answer, and the first who waits where it has to look at the clock anew. With the lock.
  void wake() noexcept;
  /// Called by it when the pool is closed, and nothing is lent or being made.
  virtual void all_are_back() noexcept = 0;

  void tell(pool_event::kind what, std::source_location where, std::chrono::nanoseconds elapsed = {},
            discard_reason why = discard_reason::broken) const noexcept;
  /// These count, tell and throw: query_canceled; operational_error or interface_error. `why_over`: why nobody waits
  /// any more.
  [[noreturn]] void throw_timed_out(char const* why_over, guard& held, std::source_location where, time began);
  [[noreturn]] void throw_refused(pool_answer how, guard& held, std::source_location where);
  static char const* why_over(within const& limit) noexcept;

  pool_options const options_;
  std::string const dsn_;
  connect_options const how_;
  unsigned const generation_;  // of processes: a forked child has the next one

  mutable std::mutex lock_;
  pool_core core_;
  std::exception_ptr last_failure_;  // of connecting, since the last success

 private:
  std::string numbers() const;

  pool_ticket* first_told_ = nullptr;  // who was woken to look at the clock, and what it says
  time told_time_{};
};

class lending_base::calling {
 public:
  /// `by` is only compared: it may be gone.
  explicit calling(lending_base const* by) noexcept;
  calling(calling const&) = delete;
  calling& operator=(calling const&) = delete;
  ~calling();

 private:
  lending_base const* before_;
};

/// Whether connecting fails like that each time: the login is refused, or the options are wrong.
bool comes_again(std::exception_ptr const& failure) noexcept;

/// An idle connection is looked at before it is lent, if it was idle that long.
inline constexpr std::chrono::seconds looked_at_after(1);

}  // namespace tusk::detail
