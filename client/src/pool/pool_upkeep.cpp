// What comes back to a pool, and its upkeep.
#include <time.h>

#include <algorithm>
#include <thread>
#include <tusk/types/error.hpp>

#include "pool/pool_lending.hpp"

namespace tusk::detail {
namespace {

/// The steady clock, some milliseconds late, in a few nanoseconds.
pool_core::time late_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return pool_core::time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

// ---- giving back ----

void lending::give_back(lease& from) noexcept {
  if (is_child()) return connection(std::move(from.connection_)).close();  // the lock may be held by nobody
  std::optional<discard_reason> away = clean(from.connection_, from.is_meant_, from.where_);
  keep(from.slot_, std::move(from.connection_), away, from.where_);
}

void lending::discard(lease& from) noexcept {
  if (is_child()) return connection(std::move(from.connection_)).close();
  keep(from.slot_, std::move(from.connection_), discard_reason::asked, from.where_);
}

void lending::keep(slot which, connection&& back, std::optional<discard_reason> away,
                   std::source_location where) noexcept {
  time const now = late_now();
  std::optional<connection> old;  // is closed without the lock
  bool has_stale = false;
  {
    std::lock_guard const locked(lock_);
    if (!away && core_.is_closed()) away = discard_reason::closed;
    if (!away && core_.is_expired(which, now)) away = discard_reason::lifetime;
    (away ? old : idle_[which]).emplace(std::move(back));
    pooled_session::disown(back);  // before anybody else has the connection
    if (away) {
      connected_[which].reset();  // its user may have moved it away, and goes on with it
      core_.discard(which, *away, now);
    } else {
      connected_[which] = pooled_session::watch(*idle_[which]);  // of reconnect(), maybe
      core_.release(which, now);
      has_stale = core_.has_stale(now);
    }
    wake();
  }
  if (away)
    throw_away(*old, *away, where);
  else if (options_.on_event)
    tell(pool_event::kind::returned, where);
  if (has_stale) drop_stale(false);
}

void lending::throw_away(connection& which, discard_reason why, std::source_location where) noexcept {
  pooled_session::end(which);  // does not wait
  tell(pool_event::kind::discarded, where, {}, why);
}

/// One, or all of them.
void lending::drop_stale(bool all) noexcept {
  do {
    std::optional<connection> old;
    discard_reason why{};
    {
      std::lock_guard const locked(lock_);
      time const now = within::clock::now();
      auto const found = core_.take_stale(now);
      if (!found) return;
      why = found->why;
      old.emplace(std::move(*idle_[found->slot]));
      idle_[found->slot].reset();
      core_.discard(found->slot, why, now);
      wake();
    }
    throw_away(*old, why);
  } while (all);
}

// ---- upkeep ----

std::size_t lending::maintain(within const* limit) {
  require_usable();
  std::optional<within> by_default;
  if (limit == nullptr) limit = &by_default.emplace(options_.acquire_limit);
  drop_stale(true);
  for (;;) {
    std::optional<slot> missing;
    {
      std::lock_guard const locked(lock_);
      if (!limit->is_over() && !core_.is_closed()) missing = core_.take_missing(within::clock::now());
      if (!missing) return core_.total();
    }
    std::optional<connection> made;
    try {
      made = connect(*missing, *limit);
    } catch (...) {
      // It was told to the hook, and is last_failure_.
    }
    if (made) keep(*missing, std::move(*made), {}, {});
  }
}

void lending::warm_up(within const* limit) {
  std::optional<within> by_default;
  if (limit == nullptr) limit = &by_default.emplace(options_.acquire_limit);
  std::exception_ptr before;
  {
    std::lock_guard const locked(lock_);
    before = last_failure_;
  }
  for (;;) {
    std::size_t const there = maintain(limit);
    guard held(lock_);
    if (core_.is_closed()) throw_refused(pool_core::answer::closed, held, {});
    if (there >= options_.minimum) return;
    if (last_failure_ && last_failure_ != before && comes_again(last_failure_)) std::rethrow_exception(last_failure_);
    if (limit->is_over()) throw_timed_out(why_over(*limit), held, {}, within::clock::now());
    upkeep_.wait_for(held, std::chrono::milliseconds(5));
  }
}

void lending::run(std::stop_token const& stop) {
  std::stop_callback const on_stop(stop, [this] {
    std::lock_guard const locked(lock_);
    upkeep_.notify_all();
  });
  constexpr std::chrono::seconds at_least_every(1);
  for (;;) {
    if (stop.stop_requested()) return;
    within const until(options_.acquire_limit, stop);
    maintain(&until);
    guard held(lock_);
    if (core_.is_closed() || stop.stop_requested()) return;
    time const now = within::clock::now();
    auto const next = core_.maintains_at().value_or(now + at_least_every);
    upkeep_.wait_until(held, std::clamp<time>(next, now + std::chrono::milliseconds(1), now + at_least_every));
  }
}

bool lending::close(within const* limit) {
  if (is_child()) return true;  // its connections are the parent's, and stay there
  {
    std::lock_guard const locked(lock_);
    core_.close();
    wake();
    upkeep_.notify_all();
  }
  drop_stale(true);
  std::vector<std::weak_ptr<connection_state>> still_lent;
  {
    guard held(lock_);
    auto const are_back = [&] { return core_.leased() == 0 && core_.connecting() == 0; };
    if (are_back()) return true;
    if (limit == nullptr) return false;
    std::stop_callback const on_stop(limit->token(), [this] { all_back_.notify_all(); });
    while (!are_back() && !limit->is_over()) {
      // A stop that comes between the question and the wait is not missed for long.
      auto const longest = within::clock::now() + std::chrono::milliseconds(100);
      all_back_.wait_until(held, limit->until() ? std::min(*limit->until(), longest) : longest);
    }
    if (are_back()) return true;
    still_lent = connected_;
  }
  for (auto const& each : still_lent) pooled_session::close(each);
  return false;
}

}  // namespace tusk::detail
