#include "pool/pool_lending.hpp"

#include <pthread.h>

#include <algorithm>
#include <tusk/connect.hpp>
#include <tusk/types/error.hpp>

#include "net/random_bytes.hpp"

namespace tusk::detail {
namespace {

/// Counts the forks that have led here.
std::atomic<unsigned>& process_generation() noexcept {
  static std::atomic<unsigned> generation{0};
  return generation;
}
unsigned watch_forks() noexcept {
  static int const registered = ::pthread_atfork(nullptr, nullptr, [] { ++process_generation(); });
  (void)registered;  // it fails only without memory; then a child is not noticed here, but by its connections
  return process_generation();
}

/// An idle connection is looked at before it is lent, if it was idle that long.
constexpr std::chrono::seconds looked_at_after(1);

connect_options blocking_options(connect_options how) {
  if (how.async) throw programming_error("a tusk::pool has blocking connections; leave connect_options::async out");
  if (!how.scram_keys) how.scram_keys = keep_scram_keys();
  return how;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  for (std::byte const each : client::random_bytes<8>()) seed = seed << 8 | std::to_integer<std::uint64_t>(each);
  return seed;
}

/// Whose hooks run on this thread.
thread_local lending const* called_by = nullptr;

}  // namespace

class lending::calling {
 public:
  explicit calling(lending const& by) noexcept : before_(std::exchange(called_by, &by)) {}
  calling(calling const&) = delete;
  calling& operator=(calling const&) = delete;
  ~calling() { called_by = before_; }

 private:
  lending const* before_;
};

bool comes_again(std::exception_ptr const& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (operational_error const& e) {
    // Authentication and authorisation, and a database that does not exist.
    return e.sqlstate().in_class("28") || e.sqlstate().in_class("3D");
  } catch (...) {
    return true;
  }
}

std::string reason_of(std::exception_ptr const& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (std::exception const& e) {
    return std::string("; the last connect failed: ") + e.what();
  } catch (...) {
    return "; the last connect failed";
  }
}

lending::lending(std::string_view dsn, pool_options options, connect_options how)
    : options_(std::move(options)),
      dsn_(dsn),
      how_(blocking_options(std::move(how))),
      generation_(watch_forks()),
      core_(options_, random_seed()) {}

bool lending::is_child() const noexcept { return process_generation().load(std::memory_order_relaxed) != generation_; }

void lending::require_usable() const {
  if (is_child()) [[unlikely]]
    throw interface_error(
        "this pool is the parent process's, whose sessions a forked child must not touch; make a pool of the child's "
        "own");
  if (called_by == this) [[unlikely]]
    throw programming_error(
        "a hook of the pool, or one of a connection that it makes, asked it for a connection; it would wait for "
        "itself. Use the connection that the hook was given, or another pool");
}

// ---- acquiring ----

lease lending::acquire(std::shared_ptr<lending> self, within const* limit, std::source_location where) {
  auto& of = *self;
  of.require_usable();
  request by{std::move(self), limit, where, within::clock::now()};
  if (limit != nullptr && limit->is_over()) [[unlikely]]
    throw query_canceled("no connection was asked for, because the limit was over before");
  waiter me;
  guard held(of.lock_);
  if (of.core_.acquire(me, by.began) == pool_core::answer::given && !of.core_.is_expired(me.slot(), by.began) &&
      of.core_.idle_before(me.slot(), by.began) < looked_at_after) [[likely]] {
    connection known = std::move(*of.idle_[me.slot()]);
    of.idle_[me.slot()].reset();
    return of.lend(me.slot(), std::move(known), by, {}, held);
  }
  return of.acquire_slowly(by, me, held);
}

lease lending::acquire_slowly(request& by, waiter& me, guard& held) {
  std::optional<within> by_default;
  if (by.limit == nullptr) by.limit = &by_default.emplace(options_.acquire_limit);
  for (;;) {
    if (me.answer() == pool_core::answer::waiting) wait(me, *by.limit, held);
    switch (me.answer()) {
      case pool_core::answer::waiting: throw_timed_out(*by.limit, held, by.where, by.began);
      case pool_core::answer::full:
      case pool_core::answer::closed: throw_refused(me.answer(), held, by.where);
      case pool_core::answer::given:
        if (auto given = take(me.slot(), by, held)) return std::move(*given);
        break;
      case pool_core::answer::connect:
        held.unlock();
        auto made = connect(me.slot(), *by.limit);
        held.lock();
        if (made) return lend(me.slot(), std::move(*made), by, within::clock::now() - by.began, held);
        break;
    }
    if (by.limit->is_over()) throw_timed_out(*by.limit, held, by.where, by.began);
    core_.acquire(me, within::clock::now());
  }
}

/// One that was idle: it is looked at first. Nothing: it was of no use.
std::optional<lease> lending::take(slot which, request& by, guard& held) {
  time const now = within::clock::now();
  connection known = std::move(*idle_[which]);
  idle_[which].reset();
  auto const idle_for = core_.idle_before(which, now);
  std::optional<discard_reason> away;
  if (core_.is_expired(which, now)) away = discard_reason::lifetime;
  if (away || idle_for >= looked_at_after) {
    held.unlock();
    if (!away && pooled_session::is_dead(known)) away = discard_reason::broken;
    if (!away && idle_for >= options_.check_after) try {
        auto const until = by.limit->until().value_or(time::max());
        auto const least = std::min<std::chrono::nanoseconds>(until - within::clock::now(), options_.check_limit);
        known.ping(within(least, by.limit->token()));
      } catch (...) {
        away = discard_reason::broken;
      }
    if (away) throw_away(known, *away);
    held.lock();
  }
  if (!away) return lend(which, std::move(known), by, within::clock::now() - by.began, held);
  core_.discard(which, *away, within::clock::now());
  wake();
  return {};
}

lease lending::lend(slot which, connection&& made, request& by, std::chrono::nanoseconds elapsed, guard& held) {
  core_.count_acquired(elapsed);
  held.unlock();
  lease given(std::move(by.self), which, std::move(made), by.where);
  if (options_.on_event) [[unlikely]]
    tell(pool_event::kind::acquired, by.where, elapsed);
  return given;
}

void lending::wait(waiter& me, within const& limit, guard& held) {
  auto const token = limit.token();
  auto const on_stop = [&] {
    std::lock_guard const locked(lock_);
    me.woken.notify_one();
  };
  std::optional<std::stop_callback<decltype(on_stop)>> stopping;
  if (token.stop_possible()) {
    held.unlock();  // it may be called at once
    stopping.emplace(token, on_stop);
    held.lock();
  }
  while (me.answer() == pool_core::answer::waiting) {
    time const now = within::clock::now();
    if (limit.is_over()) {
      core_.leave(me);
      wake();
      break;
    }
    if (core_.first() == &me) core_.step(now);
    wake();
    if (me.answer() != pool_core::answer::waiting) break;
    auto until = limit.until();
    if (auto const next = core_.wakes_at(); next && core_.first() == &me)
      until = until ? std::min(*until, *next) : *next;
    if (until)
      me.woken.wait_until(held, *until);
    else
      me.woken.wait(held);
  }
  if (stopping) {
    held.unlock();
    stopping.reset();
    held.lock();
  }
}

std::optional<connection> lending::connect(slot which, within const& limit) {
  time const began = within::clock::now();
  std::optional<connection> made;
  std::exception_ptr failure;
  bool abandoned = false, useless = false;
  try {
    calling const now(*this);
    made.emplace(tusk::connect(limit, dsn_, how_));
    pooled_session::begin(*made);
  } catch (...) {
    failure = std::current_exception();
    abandoned = limit.is_over();
    made.reset();
  }
  auto const elapsed = within::clock::now() - began;
  {
    std::lock_guard const locked(lock_);
    if (made) try {
        if (idle_.size() <= which) idle_.resize(which + 1);
        if (connected_.size() <= which) connected_.resize(which + 1);
        connected_[which] = pooled_session::watch(*made);
      } catch (...) {
        failure = std::current_exception();
      }
    bool const closed = core_.is_closed();
    if (!failure) {
      last_failure_ = nullptr;
      core_.connected(which, began + elapsed);
      if (closed) core_.discard(which, discard_reason::closed, began + elapsed);
    } else if (abandoned) {
      core_.abandoned(which, began + elapsed);
      last_failure_ = failure;
    } else {
      last_failure_ = failure;
      core_.failed(which, began + elapsed);
    }
    wake();
    useless = closed && !failure;
  }
  tell(failure ? pool_event::kind::connect_failed : pool_event::kind::connected, {}, elapsed);
  if (failure && !abandoned && comes_again(failure)) std::rethrow_exception(failure);
  if (failure || useless) made.reset();
  return made;
}

std::string lending::numbers() const {
  return std::to_string(core_.leased()) + " of at most " + std::to_string(options_.maximum) +
         " connections are lent, " + std::to_string(core_.connecting()) + " are being made, and " +
         std::to_string(core_.waiting()) + " others wait" + reason_of(last_failure_);
}

void lending::throw_timed_out(within const& limit, guard& held, std::source_location where, time began) {
  ++core_.counters().timed_out;
  std::string const why = numbers();
  held.unlock();
  tell(pool_event::kind::timed_out, where, within::clock::now() - began);
  throw query_canceled((limit.token().stop_requested() ? "waiting for a connection of the pool was stopped: "
                                                       : "the pool had no connection within the limit: ") +
                       why);
}

void lending::throw_refused(pool_core::answer how, guard& held, std::source_location where) {
  ++core_.counters().refused;
  std::string const why = numbers();
  held.unlock();
  tell(pool_event::kind::refused, where);
  if (how == pool_core::answer::closed) throw interface_error("the pool is closed");
  throw operational_error("as many as pool_options::max_waiting (" + std::to_string(options_.max_waiting) +
                          ") wait for a connection of the pool already: " + why);
}

void lending::wake() noexcept {
  while (auto* const told = core_.settled()) static_cast<waiter*>(told)->woken.notify_one();
  if (core_.is_closed() && core_.leased() == 0 && core_.connecting() == 0) [[unlikely]]
    all_back_.notify_all();
  auto* const first = core_.first();
  if (first == nullptr) [[likely]]
    return;
  auto const next = core_.wakes_at();
  if (!next || (first == first_told_ && *next == told_time_)) return;
  first_told_ = first;
  told_time_ = *next;
  static_cast<waiter*>(first)->woken.notify_one();
}

void lending::tell(pool_event::kind what, std::source_location where, std::chrono::nanoseconds elapsed,
                   discard_reason why) noexcept {
  if (!options_.on_event) return;
  calling const now(*this);
  try {
    options_.on_event({.what = what, .why = why, .where = where, .elapsed = elapsed});
  } catch (...) {
    // It has nobody to go to.
  }
}

std::optional<discard_reason> lending::clean(connection& of, bool is_meant, std::source_location where) noexcept {
  return_plan const found = pooled_session::look(of, options_.reset_on_return);
  if (found.away) return found.away;
  if (!found.is_clean()) {
    calling const now(*this);  // the session hook may be called again
    if (auto const failed = pooled_session::clean(of, found, options_.return_limit)) return failed;
    std::lock_guard const locked(lock_);
    if (found.resets) ++core_.counters().resets;
    if (found.rolls_back && !is_meant) ++core_.counters().rolled_back;
  }
  pooled_session::forget(of);
  if (found.rolls_back && !is_meant) tell(pool_event::kind::rolled_back, where);
  return {};
}

}  // namespace tusk::detail
