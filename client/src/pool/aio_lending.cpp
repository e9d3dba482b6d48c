#include <tusk/aio/lending.hpp>

#include <time.h>

#include <algorithm>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <utility>

#include "pool/lending_base.hpp"

namespace tusk::aio::detail {
namespace {

using tusk::detail::lending_base;
using tusk::detail::pool_core;

/// A session hook is called by the pool, too.
connect_options asynchronous_options(connect_options how, lending_base const* by) {
  how.async = true;
  if (!how.scram_keys) how.scram_keys = keep_scram_keys();
  if (how.session_hook)
    how.session_hook = [by, hook = std::move(how.session_hook)](tusk::connection& fresh) {
      lending_base::calling const now(by);
      hook(fresh);
    };
  return how;
}

/// The steady clock, some milliseconds late, in a few nanoseconds.
lending::time coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return lending::time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

class lending::state final : public lending_base {
 public:
  state(std::string_view dsn, pool_options options, connect_options how)
      : lending_base(dsn, std::move(options), asynchronous_options(std::move(how), this)) {}

  using lending_base::core_;
  using lending_base::dsn_;
  using lending_base::how_;
  using lending_base::lock_;
  using lending_base::note_connect;
  using lending_base::options_;
  using lending_base::tell;
  using lending_base::throw_refused;
  using lending_base::throw_timed_out;
  using lending_base::wake;
  using lending_base::why_over;

  /// Has room for that one; with the lock.
  void reach(slot which) {
    if (idle.size() <= which) idle.resize(which + 1);
    if (lent.size() <= which) lent.resize(which + 1);
  }
  void wake_watchers() const noexcept {
    for (waiter* each : watchers) each->wake();
  }
  void all_are_back() noexcept override { wake_watchers(); }

  std::vector<std::shared_ptr<stepper>> idle;  // by slot
  std::vector<std::weak_ptr<stepper>> lent;    // by slot: being made, or lent
  std::vector<waiter*> watchers;
};

lending::lending(std::string_view dsn, pool_options options, connect_options how)
    : state_(std::make_unique<state>(dsn, std::move(options), std::move(how))) {}
lending::~lending() = default;

std::string const& lending::dsn() const noexcept { return state_->dsn_; }
connect_options const& lending::how() const noexcept { return state_->how_; }
pool_options const& lending::options() const noexcept { return state_->options_; }
bool lending::is_child() const noexcept { return state_->is_child(); }
void lending::require_usable() const { state_->require_usable(); }
bool lending::is_usable() const noexcept { return state_->is_usable(); }
bool lending::closed() const { return state_->closed(); }
pool_statistics lending::statistics() const { return state_->statistics(); }
lending::guard lending::lock() const {
  return is_child() ? guard(state_->lock_, std::defer_lock) : guard(state_->lock_);
}

// ---- acquiring ----

std::shared_ptr<stepper> lending::take_at_hand(slot& which, std::source_location where) {
  std::shared_ptr<stepper> found;
  {
    time const now = within::clock::now();
    guard const held(state_->lock_);
    auto& core = state_->core_;
    auto const next = core.at_hand();
    if (!next || core.is_expired(*next, now) || core.idle_before(*next, now) >= tusk::detail::looked_at_after)
      return {};
    tusk::detail::pool_ticket me;
    core.acquire(me, now);
    which = me.slot();
    found = std::exchange(state_->idle[which], nullptr);
    state_->lent[which] = found;
    core.count_acquired({});
  }
  state_->tell(pool_event::kind::acquired, where);
  return found;
}

lending::answer lending::ask(waiter& who) {
  guard const held(state_->lock_);
  return state_->core_.acquire(who, within::clock::now());
}

std::optional<lending::time> lending::attend(waiter& who, guard const&) {
  auto& core = state_->core_;
  if (core.first() == &who) core.step(within::clock::now());
  state_->wake();
  return core.first() == &who ? core.wakes_at() : std::nullopt;
}

void lending::leave(waiter& who, guard const&) noexcept {
  state_->core_.leave(who);
  state_->wake();
}

void lending::give_up(waiter& who) noexcept {
  if (is_child()) return;
  guard const held(state_->lock_);
  time const now = within::clock::now();
  switch (who.answer()) {
    case answer::waiting: state_->core_.leave(who); break;
    case answer::given: state_->core_.release(who.slot(), now); break;
    case answer::connect: state_->core_.abandoned(who.slot(), now); break;
    case answer::full:
    case answer::closed: return;
  }
  state_->wake();
}

lending::taken lending::take(slot which) {
  guard const held(state_->lock_);
  time const now = within::clock::now();
  auto const idle_for = state_->core_.idle_before(which, now);
  taken given{std::exchange(state_->idle[which], nullptr)};
  if (state_->core_.is_expired(which, now)) given.away = discard_reason::lifetime;
  given.is_looked_at = idle_for >= tusk::detail::looked_at_after;
  given.is_asked = given.is_looked_at && idle_for >= state_->options_.check_after;
  return given;
}

bool lending::lend(slot which, std::shared_ptr<stepper> const& what, std::source_location where,
                   std::chrono::nanoseconds elapsed) {
  {
    guard const held(state_->lock_);
    if (state_->core_.is_closed()) return false;
    state_->lent[which] = what;
    state_->core_.count_acquired(elapsed);
  }
  state_->tell(pool_event::kind::acquired, where, elapsed);
  return true;
}

void lending::connecting(slot which, std::shared_ptr<stepper> const& what) {
  guard const held(state_->lock_);
  state_->reach(which);
  state_->lent[which] = what;
}

bool lending::connected(slot which, time began, std::exception_ptr failure, bool abandoned) {
  if (is_child()) return true;
  auto const now = within::clock::now();
  bool useless = false;
  {
    guard const held(state_->lock_);
    useless = state_->note_connect(which, failure, abandoned, now);
    if (failure || useless) state_->lent[which].reset();
  }
  state_->tell(failure ? pool_event::kind::connect_failed : pool_event::kind::connected, {}, now - began);
  if (failure && !abandoned && tusk::detail::comes_again(failure)) std::rethrow_exception(failure);
  return useless;
}

void lending::throw_timed_out(within const& limit, guard& held, std::source_location where, time began) {
  state_->throw_timed_out(state::why_over(limit), held, where, began);
}
void lending::throw_cancelled(guard& held, std::source_location where, time began) {
  state_->throw_timed_out("waiting for a connection of the pool was cancelled: ", held, where, began);
}
void lending::throw_refused(answer how, std::source_location where) {
  guard held(state_->lock_);
  state_->throw_refused(how, held, where);
}

// ---- giving back ----

void lending::keep(slot which, std::shared_ptr<stepper>&& back, std::optional<discard_reason> away,
                   std::source_location where) noexcept {
  auto kept = std::move(back);  // is destroyed without the lock
  if (is_child()) return;       // the lock may be held by nobody
  bool has_stale = false;
  {
    time const now = coarse_now();
    guard const held(state_->lock_);
    if (!away && state_->core_.is_closed()) away = discard_reason::closed;
    if (!away && state_->core_.is_expired(which, now)) away = discard_reason::lifetime;
    state_->lent[which].reset();
    if (away) {
      state_->core_.discard(which, *away, now);
    } else {
      state_->idle[which] = std::move(kept);
      state_->core_.release(which, now);
      has_stale = state_->core_.has_stale(now);
    }
    state_->wake();
  }
  if (away)
    state_->tell(pool_event::kind::discarded, where, {}, *away);
  else
    state_->tell(pool_event::kind::returned, where);
  if (has_stale) drop_stale(false);
}

void lending::cleaned(bool rolled_back, bool reset, std::source_location where) noexcept {
  if (is_child()) return;
  {
    guard const held(state_->lock_);
    state_->core_.counters().rolled_back += rolled_back;
    state_->core_.counters().resets += reset;
  }
  if (rolled_back) state_->tell(pool_event::kind::rolled_back, where);
}

void lending::discard(slot which, std::shared_ptr<stepper>&& what, discard_reason why) noexcept {
  auto const gone = std::move(what);
  if (is_child()) return;
  {
    guard const held(state_->lock_);
    state_->lent[which].reset();
    state_->core_.discard(which, why, within::clock::now());
    state_->wake();
  }
  state_->tell(pool_event::kind::discarded, {}, {}, why);
}

// ---- upkeep, the end ----

void lending::drop_stale(bool all) noexcept {
  do {
    std::shared_ptr<stepper> old;
    pool_core::stale found{};
    {
      guard const held(state_->lock_);
      auto const next = state_->core_.take_stale(within::clock::now());
      if (!next) return;
      found = *next;
      old = std::exchange(state_->idle[found.slot], nullptr);
    }
    discard(found.slot, std::move(old), found.why);
  } while (all);
}

std::optional<lending::slot> lending::take_missing() {
  guard const held(state_->lock_);
  if (state_->core_.is_closed()) return {};
  return state_->core_.take_missing(within::clock::now());
}

void lending::abandon(slot which) noexcept {
  if (is_child()) return;
  guard const held(state_->lock_);
  state_->core_.abandoned(which, within::clock::now());
  state_->wake();
}

std::size_t lending::total(guard const&) const noexcept { return state_->core_.total(); }
std::optional<lending::time> lending::maintains_at(guard const&) const { return state_->core_.maintains_at(); }

void lending::watch(waiter& who) {
  if (is_child()) return;
  guard const held(state_->lock_);
  state_->watchers.push_back(&who);
}
void lending::forget(waiter& who) noexcept {
  if (is_child()) return;
  guard const held(state_->lock_);
  std::erase(state_->watchers, &who);
}

void lending::close() noexcept {
  if (is_child()) return;  // its connections are the parent's
  {
    guard const held(state_->lock_);
    state_->core_.close();
    state_->wake();
    state_->wake_watchers();
  }
  drop_stale(true);
}

bool lending::is_closed(guard const&) const noexcept { return state_->core_.is_closed(); }
bool lending::are_all_back(guard const&) const noexcept {
  return state_->core_.leased() == 0 && state_->core_.connecting() == 0;
}

std::vector<std::shared_ptr<stepper>> lending::lent(guard const&) const {
  std::vector<std::shared_ptr<stepper>> all;
  for (auto const& each : state_->lent)
    if (auto found = each.lock()) all.push_back(std::move(found));
  return all;
}

}  // namespace tusk::aio::detail
