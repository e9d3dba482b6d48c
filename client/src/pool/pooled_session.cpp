#include <tusk/pooled_session.hpp>

#include <algorithm>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <utility>

#include "calls.hpp"
#include "connection_state.hpp"
#include "transaction_control.hpp"

namespace tusk::detail {
namespace {

return_plan away(discard_reason why) noexcept { return {.away = why}; }

/// The errors of what was started, which nobody will be told.
void drop_errors(connection_state& on) noexcept {
  while (on.context.obstacles.any_of(obstacles::untold)) try {
      on.engine.queue().ended().rethrow();
    } catch (...) {}
  on.engine.queue().ended().drop();
}

/// Whether all that was under way has ended within that time.
bool end_all(connection_state& on, client::deadline until) {
  // A cancel request may overtake the statement on its way to the server.
  constexpr std::chrono::milliseconds asked_again(200);
  if (on.by_callback.in_force()) return false;  // that may run other code on this thread
  while (on.engine.is_busy() && client::clock::now() < until) {
    if (!on.engine.queue().empty()) on.engine.cancel(on.engine.queue().front());  // else a cancel is under way
    on.engine.wait_until_idle(std::min<client::deadline>(until, client::clock::now() + asked_again));
  }
  return !on.engine.is_busy();
}

}  // namespace

void pooled_session::begin(connection& of) noexcept {
  if (!of.state_) return;
  operation_guard const guard(of.state_->lock);
  of.state_->context.changes = {.mode = of.state_->context.transactions.mode};
}

return_plan pooled_session::look(connection& of, reset_on_return when) noexcept {
  if (!of.state_) return away(discard_reason::broken);  // its user has moved it away
  auto& on = *of.state_;
  if (on.context.obstacles.any_of(obstacles::closed | obstacles::forked)) return away(discard_reason::broken);
  // Statements, cursors, guards, streams and pipelines share the state; statements also find the one that has taken
  // its place. Of the queue of notifications there are two: the connection's and the handlers'.
  constexpr long ours = 2;
  if (of.state_.use_count() > 1 || (on.latest && on.latest.use_count() > 1) || of.notifies.shared_.use_count() > ours)
    return away(discard_reason::held);
  operation_guard const guard(on.lock);
  if (on.context.changes.functions) return away(discard_reason::customised);
  constexpr unsigned unusable = obstacles::doubtful | obstacles::connecting | obstacles::handling | obstacles::waited |
                                obstacles::guard_broken | obstacles::unit_open | obstacles::streaming;
  if (on.context.obstacles.any_of(unusable)) return away(discard_reason::busy);
  auto const& plan = on.context.transactions;
  if (plan.guards != 0 || !plan.two_phase.empty()) return away(discard_reason::busy);
  return_plan found;
  found.is_busy = on.engine.is_busy();
  if (!found.is_busy && (!on.context.session.received().empty() || on.engine.channel().link().pending()))
    return away(discard_reason::unread);
  found.rolls_back = !is_in(on, protocol::transaction_indicator::idle);
  found.resets =
      when == reset_on_return::always || (when == reset_on_return::when_changed && on.context.changes.settings);
  found.unlistens = on.context.changes.listens;
  return found;
}

std::optional<discard_reason> pooled_session::clean(connection& of, return_plan const& what,
                                                    std::chrono::milliseconds limit) noexcept {
  try {
    auto& on = *of.state_;
    within const until(limit);
    {
      operation_guard const guard(on.lock);
      bool const had_changed = on.context.changes.settings;
      if (what.is_busy && !end_all(on, *until.until())) return discard_reason::busy;
      // What was under way has changed some, which was not known when it was decided whether to reset.
      if (!what.resets && !had_changed && on.context.changes.settings) return discard_reason::busy;
      drop_errors(on);
      if (on.context.is_closed()) return discard_reason::broken;
      on.context.transactions.begin_asked = false;
    }
    if (what.resets)
      of.reset(until);
    else
      of.rollback(until);  // what was under way may have begun one
    bool const unlistens = what.unlistens || on.context.changes.listens;
    if (unlistens) run_now(on, "unlisten", "UNLISTEN *", &until);
    if ((what.resets || unlistens) && on.options.session_hook) {  // what it had set up is gone now
      on.options.session_hook(of);
      of.commit(until);
    }
    operation_guard const guard(on.lock);
    if (!is_in(on, protocol::transaction_indicator::idle)) return discard_reason::broken;
    on.context.changes = {.mode = on.context.changes.mode};
    return {};
  } catch (...) {
    return discard_reason::broken;
  }
}

void pooled_session::disown(connection& moved) noexcept {
  static notification_queue const nobodys(0);
  moved.notifies = nobodys;
}

std::exception_ptr pooled_session::ended() {
  return std::make_exception_ptr(
      interface_error("the lease of this connection has ended, and this was left of it; end what a lease has given "
                      "out before the lease",
                      true));
}

void pooled_session::end(connection& of) noexcept {
  try {
    of.close(ended());
  } catch (...) {
    of.close();
  }
}

void pooled_session::forget(connection& of) noexcept {
  auto& on = *of.state_;
  operation_guard const guard(on.lock);
  drop_errors(on);
  try {
    on.told.rethrow();  // what a handler has thrown is not the next user's
  } catch (...) {}
  on.told.drop_notices();
  while (of.notifies.pop()) {}
  on.context.transactions.mode = on.context.changes.mode;
  ++on.context.lease;
}

bool pooled_session::is_dead(connection& of) noexcept {
  try {
    of.poll();
    return of.closed();
  } catch (...) {
    return true;
  }
}

bool pooled_session::begin_single(connection& of) {
  auto& on = *of.state_;
  operation_guard const guard(on.lock);
  session_mode& mode = on.context.transactions.mode;
  if (mode != session_mode() || !is_in(on, protocol::transaction_indicator::idle)) return false;
  mode.autocommit = true;
  return true;
}

bool pooled_session::set_autocommit(connection& of, bool value) noexcept {
  if (!of.state_) return value;
  operation_guard const guard(of.state_->lock);
  return std::exchange(of.state_->context.transactions.mode.autocommit, value);
}

std::weak_ptr<connection_state> pooled_session::watch(connection const& of) noexcept { return of.state_; }

void pooled_session::close(std::weak_ptr<connection_state> const& which) noexcept {
  if (auto const state = which.lock()) state->close();
}

// ---- asynchronous connections ----

void pooled_session::cancel_front(connection& of) {
  auto& on = *of.state_;
  operation_guard const guard(on.lock);
  if (!on.engine.queue().empty()) on.engine.cancel(on.engine.queue().front());
}

pooled_session::cleaning::cleaning(connection const& of, return_plan const& what) noexcept
    : what_(what), had_changed_(of.state_->context.changes.settings) {}

bool pooled_session::cleaning::fail(discard_reason why) noexcept {
  failed_ = why;
  return true;
}

bool pooled_session::cleaning::wait_for(pending<void>&& what) {
  started_.emplace(std::move(what));
  return false;
}

bool pooled_session::cleaning::advance(connection& of) noexcept {
  if (failed_) return true;
  try {
    if (auto ended = std::exchange(started_, std::nullopt)) ended->get();
    return step(of);
  } catch (...) {
    return fail(discard_reason::broken);
  }
}

/// In the order at the top of the header; true: that was all.
bool pooled_session::cleaning::step(connection& of) {
  auto& on = *of.state_;
  auto& context = on.context;
  if (context.is_closed()) return fail(discard_reason::broken);
  switch (next_) {
    case stage::begun: {
      next_ = stage::undone;
      {
        operation_guard const guard(on.lock);
        // What was under way has changed some, which was not known when it was decided whether to reset.
        if (!what_.resets && !had_changed_ && context.changes.settings) return fail(discard_reason::busy);
        drop_errors(on);
        context.transactions.begin_asked = false;
        context.transactions.mode = context.changes.mode;
        rolled_back_ = !is_in(on, protocol::transaction_indicator::idle);
      }
      if (what_.resets) return wait_for(of.start_reset());
      if (rolled_back_) return wait_for(start_exec(on, "ROLLBACK", {}, nullptr));
      [[fallthrough]];
    }
    case stage::undone:
      next_ = stage::silent;
      what_.unlistens |= context.changes.listens;
      if (what_.unlistens) return wait_for(start_now(on, "UNLISTEN *", nullptr));
      [[fallthrough]];
    case stage::silent:
      next_ = stage::set_up;
      if ((what_.resets || what_.unlistens) && on.options.session_hook) {  // what it had set up is gone now
        on.options.session_hook(of);
        if (on.engine.is_busy()) return false;
      }
      [[fallthrough]];
    case stage::set_up: break;
  }
  operation_guard const guard(on.lock);
  if (!is_in(on, protocol::transaction_indicator::idle)) return fail(discard_reason::broken);
  context.changes = {.mode = context.changes.mode};
  return true;
}

bool pooled_session::has_transaction(connection const& of) noexcept {
  return of.transaction_status() != transaction_status::idle;
}

void pooled_session::check_commit(connection& of, std::string_view answer) {
  auto& on = *of.state_;
  operation_guard const guard(on.lock);
  bool const ended = is_in(on, protocol::transaction_indicator::idle);
  if (ended && answer == "ROLLBACK") throw_rolled_back();
  if (!ended || answer != "COMMIT") distrust(on, "COMMIT", answer);
}

}  // namespace tusk::detail
