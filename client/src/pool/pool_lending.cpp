#include "pool/pool_lending.hpp"

#include <algorithm>
#include <tusk/connect.hpp>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

connect_options blocking_options(connect_options how) {
  if (how.async) throw programming_error("a tusk::pool has blocking connections; leave connect_options::async out");
  if (!how.scram_keys) how.scram_keys = keep_scram_keys();
  return how;
}

}  // namespace

lending::lending(std::string_view dsn, pool_options options, connect_options how)
    : lending_base(dsn, std::move(options), blocking_options(std::move(how))) {}

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
      case pool_core::answer::waiting: throw_timed_out(why_over(*by.limit), held, by.where, by.began);
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
    if (by.limit->is_over()) throw_timed_out(why_over(*by.limit), held, by.where, by.began);
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
    calling const now(this);
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
    useless = note_connect(which, failure, abandoned, began + elapsed);
  }
  tell(failure ? pool_event::kind::connect_failed : pool_event::kind::connected, {}, elapsed);
  if (failure && !abandoned && comes_again(failure)) std::rethrow_exception(failure);
  if (failure || useless) made.reset();
  return made;
}

std::optional<discard_reason> lending::clean(connection& of, bool is_meant, std::source_location where) noexcept {
  return_plan const found = pooled_session::look(of, options_.reset_on_return);
  if (found.away) return found.away;
  if (!found.is_clean()) {
    calling const now(this);  // the session hook may be called again
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
