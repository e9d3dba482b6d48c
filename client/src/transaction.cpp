// Transactions: BEGIN goes in front of the first statement and in its send; what ends one is a statement like any
// other.
#include <tusk/transaction.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tusk/types/error.hpp>

#include "calls.hpp"
#include "net/random_bytes.hpp"
#include "operations/resetting.hpp"
#include "operations/script.hpp"
#include "transaction_control.hpp"

namespace tusk {
namespace detail {
void throw_rolled_back() {
  diagnostics fields;
  fields.severity = "ERROR";
  fields.sqlstate = "25P02";
  fields.message = "the transaction was rolled back instead of committed, because a statement in it had failed";
  types::throw_server_error(std::move(fields));
}

void require_transactions(connection_state const& on, char const* what) {
  if (on.options.async) throw programming_error(std::string(what) + " cannot be used in asynchronous mode");
}

void distrust(connection_state& on, std::string_view statement, std::string_view answer) {
  on.engine.end().give_up();
  throw operational_error("the connection was closed: the server answered " + std::string(statement) + " with \"" +
                              std::string(answer) + "\", so that what became of the transaction is not known",
                          true);
}

std::string run_control(connection_state& on, std::string_view statement, bool bare, held_limit limit) {
  on.require.ready(statement, params::none(), preconditions::errors_of_others::wait);
  std::vector<result> results;
  script what(on.context, statement, results);
  if (bare) what.begin_nothing();
  on.run(what, std::move(limit));
  std::string tags;
  for (result const& each : results) (tags += tags.empty() ? "" : ", ") += each.command_tag();
  return tags;
}

void commit_now(connection_state& on, held_limit limit) {
  if (is_in(on, protocol::transaction_indicator::idle)) return;
  std::string const answer = run_control(on, "COMMIT", true, std::move(limit));
  bool const ended = is_in(on, protocol::transaction_indicator::idle);
  if (ended && answer == "ROLLBACK") throw_rolled_back();
  if (!ended || answer != "COMMIT") distrust(on, "COMMIT", answer);
}

void rollback_now(connection_state& on, held_limit limit) {
  if (is_in(on, protocol::transaction_indicator::idle)) return;
  std::string const answer = run_control(on, "ROLLBACK", true, std::move(limit));
  if (!is_in(on, protocol::transaction_indicator::idle) || answer != "ROLLBACK") distrust(on, "ROLLBACK", answer);
}

namespace {

/// The limit of what ends a transaction by undoing it: there is nothing that a cancel request could end.
held_limit closing(connection_state& on, within const* limit) { return on.require.time(limit, client::limit::close); }

/// What commit and rollback have in common.
void prepare_to_end(connection_state& on, char const* what, char const* call) {
  require_transactions(on, what);
  on.require.unguarded(call);
  on.wait_until_idle();
  on.context.transactions.begin_asked = false;
}

void commit(connection_state& on, held_limit limit) {
  prepare_to_end(on, "commit", "commit()");
  commit_now(on, std::move(limit));
}

void rollback(connection_state& on, held_limit limit) {
  prepare_to_end(on, "rollback", "rollback()");
  rollback_now(on, std::move(limit));
}

/// SAVEPOINT and what ends one; `answer`: the tags that say so.
void savepoint(connection_state& on, std::string_view statement, std::string_view answer, held_limit limit) {
  std::string const told = run_control(on, statement, false, std::move(limit));
  if (!is_in(on, protocol::transaction_indicator::in_transaction) || told != answer) distrust(on, statement, told);
}

void require_reset(connection_state& on) {
  on.require.unguarded("reset()");
  on.require.ready("", params::none());
}

void set_mode(connection_state& on, session_mode const& mode, char const* what) {
  operation_guard const guard(on.lock);
  require_transactions(on, what);
  on.require.unguarded(what);
  on.wait_until_idle();
  if (!is_in(on, protocol::transaction_indicator::idle))
    throw programming_error(std::string(what) + " cannot be used inside a transaction; commit or roll back first");
  auto& now = on.context.transactions.mode;
  now = mode;
  on.context.changes.settings = true;
  if (now.isolation == isolation_level::autocommit) {
    now.isolation = isolation_level::server_default;
    now.autocommit = true;
  }
}

/// Throws if it is not the innermost guard, or its transaction is gone.
void require_guard(connection_state& on, std::size_t depth) {
  if (!on.context.is_closed()) on.wait_until_idle();
  if (depth != on.context.transactions.guards)
    throw programming_error("a transaction guard that was made later has not ended yet; end that one first");
}

/// False if its transaction had ended without it. When the last one is left the connection is as it was before.
bool leave_guard(connection_state& on) noexcept {
  bool const broken = on.context.obstacles.any_of(obstacles::guard_broken);
  if (--on.context.transactions.guards == 0) on.context.obstacles.set(obstacles::guard_broken, false);
  return !broken;
}

bool is_stepped_by_another(connection_state const& on) noexcept {
  return on.context.obstacles.any_of(obstacles::waited);
}

void rethrow_from_handlers(connection_state& on) {
  if (!is_stepped_by_another(on)) on.told.rethrow();  // else the call that waits does it
}

/// Waits for operations that were started, as long as a guard may. Whether all have ended.
bool end_others(connection_state& on) {
  if (on.engine.is_busy() && !on.by_callback.in_force() && !on.lock.passes())
    on.engine.wait_until_idle(client::clock::now() + on.options.guard_limit);
  return !on.engine.is_busy();
}

}  // namespace

void retry_or_rethrow(error const& why, int& tries_left, int tries) {
  if (!why.is_retryable() || why.is_fatal() || --tries_left <= 0) throw;
  // Those that were in each other's way shall not meet again: each waits for a time of its own, at most 128 ms.
  auto const random = static_cast<unsigned char>(client::random_bytes<1>()[0]);
  auto const longest = std::chrono::milliseconds(1 << std::min(tries - tries_left, 7));
  std::this_thread::sleep_for(longest * random / 255);
}

}  // namespace detail

void transaction::require_none(connection const& conn) {
  auto& on = conn.state();
  bool const none = detail::transaction_status_of(on) == transaction_status::idle;
  detail::operation_guard const guard(on.lock);
  if (none && on.context.transactions.guards == 0) return;
  throw programming_error(
      "retry needs a transaction of its own, but the connection is in one already; commit or roll back first");
}

transaction::transaction(connection& conn, std::optional<within> const& limit) : state_(conn.state_) {
  auto& on = conn.state();
  detail::operation_guard const guard(on.lock);
  detail::require_transactions(on, "a transaction guard");
  auto limited = on.require.time(detail::pointer(limit));
  on.wait_until_idle();
  auto& plan = on.context.transactions;
  depth_ = plan.guards + 1;
  bool const is_first = !plan.begin_asked && detail::is_in(on, protocol::transaction_indicator::idle);
  if (!is_first) savepoint_ = "tusk_" + std::to_string(depth_);
  ++plan.guards;
  if (is_first) {
    plan.begin_asked = true;  // the next statement begins it, in autocommit mode too
    return;
  }
  try {
    detail::savepoint(on, "SAVEPOINT " + savepoint_, "SAVEPOINT", std::move(limited));
  } catch (...) {
    detail::leave_guard(on);
    throw;
  }
}

transaction::~transaction() {
  if (ended_) return;
  auto& on = *state_;
  detail::operation_guard const guard(on.lock);
  try {
    detail::rethrow_from_handlers(on);  // what waits to be thrown would come in place of the ROLLBACK
  } catch (...) {
    // It is dropped, as what handlers throw from here on.
  }
  bool const intact = detail::leave_guard(on);
  try {
    if (detail::is_stepped_by_another(on) || !detail::end_others(on))
      detail::close_locked(on);  // no ROLLBACK can go out now, and the transaction must not stand
    else if (!on.context.is_closed() && (intact || !is_nested()))
      undo(std::make_unique<client::limit>(within(on.options.guard_limit), client::limit::close));
  } catch (std::bad_alloc const&) {
    detail::close_locked(on);  // the server has no COMMIT for it, and so it stays
  } catch (...) {
    // Likewise. Handlers may throw what they like.
  }
}

/// From here on the destructor has nothing to do, whatever becomes of it. Its caller has locked.
void transaction::end() {
  if (ended_) throw programming_error("this transaction guard has ended already; make another one");
  detail::rethrow_from_handlers(*state_);  // before anything has ended
  detail::require_guard(*state_, depth_);
  ended_ = true;
  detail::leave_guard(*state_);
}

void transaction::undo(std::unique_ptr<client::limit> limit) {
  if (!is_nested()) return detail::rollback(*state_, std::move(limit));
  if (!detail::is_in(*state_, protocol::transaction_indicator::idle))
    detail::savepoint(*state_, "ROLLBACK TO SAVEPOINT " + savepoint_ + "; RELEASE SAVEPOINT " + savepoint_,
                      "ROLLBACK, RELEASE", std::move(limit));
}

void transaction::commit(std::optional<within> const& limit) {
  detail::operation_guard const guard(state_->lock);
  auto limited = ended_ ? nullptr : state_->require.time(detail::pointer(limit));  // before anything has ended
  end();
  if (!is_nested()) return detail::commit(*state_, std::move(limited));
  if (!detail::is_in(*state_, protocol::transaction_indicator::failed))
    return detail::savepoint(*state_, "RELEASE SAVEPOINT " + savepoint_, "RELEASE", std::move(limited));
  undo(detail::closing(*state_, detail::pointer(limit)));
  detail::throw_rolled_back();
}

void transaction::rollback(std::optional<within> const& limit) {
  detail::operation_guard const guard(state_->lock);
  auto limited = ended_ ? nullptr : detail::closing(*state_, detail::pointer(limit));
  end();
  undo(std::move(limited));
}

void connection::commit(std::optional<within> const& limit) {
  detail::operation_guard const guard(state().lock);
  detail::commit(*state_, state_->require.time(detail::pointer(limit)));
}
void connection::rollback(std::optional<within> const& limit) {
  detail::operation_guard const guard(state().lock);
  detail::rollback(*state_, detail::closing(*state_, detail::pointer(limit)));
}

void connection::reset(std::optional<within> const& limit) {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  on.require.blocking("reset");
  auto limited = detail::closing(on, detail::pointer(limit));
  detail::require_reset(on);
  detail::resetting what(on.context, detail::first_mode(on.options, *on.settings));
  on.run(what, std::move(limited));
}

pending<void> connection::start_reset(std::optional<within> const& limit) {
  auto& on = state();
  detail::operation_guard const guard(on.lock);
  auto limited = detail::closing(on, detail::pointer(limit));
  detail::require_reset(on);
  return on.start(std::make_shared<detail::resetting>(on.context, detail::first_mode(on.options, *on.settings)),
                  std::move(limited));
}

session_mode connection::session_mode() const {
  detail::operation_guard const guard(state().lock);
  return state().context.transactions.mode;
}
void connection::set_session(tusk::session_mode const& mode) { detail::set_mode(state(), mode, "set_session"); }
void connection::set_isolation_level(isolation_level level) {
  tusk::session_mode mode = session_mode();
  mode.autocommit = level == isolation_level::autocommit;
  mode.isolation = level;
  detail::set_mode(state(), mode, "set_isolation_level");
}
void connection::set_autocommit(bool on) {
  tusk::session_mode mode = session_mode();
  mode.autocommit = on;
  detail::set_mode(state(), mode, "set_autocommit");
}
enum transaction_status connection_base::transaction_status() const { return detail::transaction_status_of(state()); }

}  // namespace tusk
