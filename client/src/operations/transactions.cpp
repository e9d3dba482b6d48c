// Transactions: BEGIN goes in front of the first statement and in its send; what ends one is a statement like any
// other.
#include <tusk/transaction.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tusk/types/error.hpp>

#include "engine/engine.hpp"
#include "net/random_bytes.hpp"

namespace tusk {
namespace {

std::string begin_statement(session_mode const& mode) {
  std::string text = "BEGIN";
  switch (mode.isolation) {
    case isolation_level::autocommit:
    case isolation_level::server_default: break;
    case isolation_level::read_uncommitted: text += " ISOLATION LEVEL READ UNCOMMITTED"; break;
    case isolation_level::read_committed: text += " ISOLATION LEVEL READ COMMITTED"; break;
    case isolation_level::repeatable_read: text += " ISOLATION LEVEL REPEATABLE READ"; break;
    case isolation_level::serializable: text += " ISOLATION LEVEL SERIALIZABLE"; break;
  }
  if (mode.read_only) text += *mode.read_only ? " READ ONLY" : " READ WRITE";
  if (mode.deferrable) text += *mode.deferrable ? " DEFERRABLE" : " NOT DEFERRABLE";
  return text;
}

}  // namespace

namespace detail {

/// What a server says by "ROLLBACK" alone, which who asked for a COMMIT would not notice.
[[noreturn]] void throw_rolled_back() {
  diagnostics fields;
  fields.severity = "ERROR";
  fields.sqlstate = "25P02";
  fields.message = "the transaction was rolled back instead of committed, because a statement in it had failed";
  types::throw_server_error(std::move(fields));
}

/// BEGIN by the extended protocol and without a Sync: if it fails the server skips what comes behind it.
void engine::send_begin() {
  std::string const text = begin_statement(mode_);
  protocol::parse parse;
  parse.sql = text;
  std::error_code failed = session_.parse(parse);
  if (!failed) failed = session_.bind({});
  if (!failed) failed = session_.execute({}, std::uint16_t{0});
  if (failed) throw programming_error("BEGIN cannot be sent: " + failed.message(), failed);
  operation_.begins = true;
  begin_asked_ = false;
}

void engine::require_transactions(char const* what) const {
  if (options_.async) throw programming_error(std::string(what) + " cannot be used in asynchronous mode");
}

/// A guard owns its transaction: nothing else ends it, and nothing changes how the next one begins.
void engine::require_unguarded(char const* what) const {
  if (guards_ != 0)
    throw programming_error(std::string(what) +
                            " cannot be used while a guard (tusk::transaction) is open: it owns the transaction; leave "
                            "its scope first, or use its own commit() and rollback()");
}

/// Runs a statement of ours as it stands; gives the tags of the answer.
std::string engine::run_control(std::string_view statement, within const* limit) {
  auto limited = admit(limit);
  begin_bare(statement);
  limit_ = std::move(limited);
  wait_until_done();
  return answered_tags();
}

std::string engine::answered_tags() {
  std::string tags;
  for (auto const& each : std::exchange(operation_.results, {})) tags += (tags.empty() ? "" : ", ") + each->tag;
  return tags;
}

/// The server has done something else than it was asked for: whether a transaction stands is not known then.
void engine::distrust(std::string_view statement, std::string_view answer) {
  give_up();
  throw operational_error("the connection was closed: the server answered " + std::string(statement) + " with \"" +
                              std::string(answer) + "\", so that what became of the transaction is not known",
                          true);
}

void engine::commit(within const* limit) {
  lock const guard(mutex_);
  require_transactions("commit");
  require_unguarded("commit()");
  require_idle();
  begin_asked_ = false;
  if (session_.transaction() == protocol::transaction_status::idle) return;
  std::string const answer = run_control("COMMIT", limit);
  bool const ended = session_.transaction() == protocol::transaction_status::idle;
  if (ended && answer == "ROLLBACK") throw_rolled_back();
  if (!ended || answer != "COMMIT") distrust("COMMIT", answer);
}

void engine::rollback() {
  lock const guard(mutex_);
  require_transactions("rollback");
  require_unguarded("rollback()");
  require_idle();
  begin_asked_ = false;
  if (session_.transaction() == protocol::transaction_status::idle) return;
  std::string const answer = run_control("ROLLBACK");
  if (session_.transaction() != protocol::transaction_status::idle || answer != "ROLLBACK")
    distrust("ROLLBACK", answer);
}

/// What commit() would end is rolled back; then the settings are those of the beginning. One script, so one round trip.
void engine::begin_reset() {
  require_unguarded("reset()");
  require_idle();  // then nothing fails any more once the statements are forgotten, but for want of memory
  forget_all();
  std::string script = session_.transaction() == protocol::transaction_status::idle ? "" : "ROLLBACK; ";
  begin_bare(script += "RESET ALL; SET SESSION AUTHORIZATION DEFAULT");
  begin_asked_ = false;
  mode_ = first_mode();
}

void engine::reset() {
  lock const guard(mutex_);
  require_blocking("reset");
  begin_reset();
  wait_until_done();
  operation_.results.clear();
}

void engine::start_reset() {
  lock const guard(mutex_);
  begin_reset();
}

/// SAVEPOINT and what ends one; `answer`: the tags that say so.
void engine::savepoint(std::string_view statement, std::string_view answer) {
  lock const guard(mutex_);
  begin_exec(statement);
  wait_until_done();
  std::string const told = answered_tags();
  if (session_.transaction() != protocol::transaction_status::in_transaction || told != answer)
    distrust(statement, told);
}

std::size_t engine::enter_guard() {
  lock const guard(mutex_);
  require_transactions("a transaction guard");
  return ++guards_;
}

/// Throws if it is not the innermost guard, or its transaction is gone.
void engine::require_guard(std::size_t depth) {
  lock const guard(mutex_);
  if (!closed()) require_idle();
  if (depth != guards_)
    throw programming_error("a transaction guard that was made later has not ended yet; end that one first");
}

/// False if its transaction had ended without it. When the last one is left the connection is as it was before.
bool engine::leave_guard() noexcept {
  lock const guard(mutex_);
  bool const broken = (obstacles_ & is_guard_broken) != 0;
  if (--guards_ == 0) set_obstacle(is_guard_broken, false);
  return !broken;
}

/// The next statement begins a transaction, in autocommit mode too.
void engine::begin_later() {
  lock const guard(mutex_);
  require_idle();
  begin_asked_ = true;
}

bool engine::is_guarded() const {
  lock const guard(mutex_);
  return guards_ != 0;
}

bool engine::begins_later() const {
  lock const guard(mutex_);
  return begin_asked_;
}

transaction_status engine::transaction_status() const {
  lock const guard(mutex_);
  if (closed() || connector_) return tusk::transaction_status::unknown;
  if (operation_.active) return tusk::transaction_status::active;
  switch (session_.transaction()) {
    case protocol::transaction_status::idle: return tusk::transaction_status::idle;
    case protocol::transaction_status::in_transaction: return tusk::transaction_status::in_transaction;
    case protocol::transaction_status::failed: return tusk::transaction_status::failed;
  }
  return tusk::transaction_status::unknown;
}

session_mode engine::mode() const {
  lock const guard(mutex_);
  return mode_;
}

void engine::set_mode(session_mode const& mode, char const* what) {
  lock const guard(mutex_);
  require_transactions(what);
  require_unguarded(what);
  require_idle();
  if (session_.transaction() != protocol::transaction_status::idle)
    throw programming_error(std::string(what) + " cannot be used inside a transaction; commit or roll back first");
  mode_ = mode;
  if (mode_.isolation == isolation_level::autocommit) {
    mode_.isolation = isolation_level::server_default;
    mode_.autocommit = true;
  }
}

void retry_or_rethrow(error const& why, int& tries_left, int tries) {
  if (!why.is_retryable() || why.is_fatal() || --tries_left <= 0) throw;
  // Those that were in each other's way shall not meet again: each waits for a time of its own, at most 128 ms.
  auto const random = static_cast<unsigned char>(client::random_bytes<1>()[0]);
  auto const longest = std::chrono::milliseconds(1 << std::min(tries - tries_left, 7));
  std::this_thread::sleep_for(longest * random / 255);
}

}  // namespace detail

void transaction::require_none(connection const& conn) {
  if (conn.transaction_status() == transaction_status::idle && !conn.engine().is_guarded()) return;
  throw programming_error(
      "retry needs a transaction of its own, but the connection is in one already; commit or roll back first");
}

transaction::transaction(connection& conn) : engine_(conn.engine_) {
  auto& engine = conn.engine();
  depth_ = engine.enter_guard();
  try {
    if (engine.transaction_status() == transaction_status::idle && !engine.begins_later()) {
      engine.begin_later();
    } else {
      savepoint_ = "tusk_" + std::to_string(depth_);
      engine.savepoint("SAVEPOINT " + savepoint_, "SAVEPOINT");
    }
  } catch (...) {
    engine.leave_guard();
    throw;
  }
}

transaction::~transaction() {
  if (ended_) return;
  try {
    engine_->rethrow_from_handlers();  // what waits to be thrown would come in place of the ROLLBACK
  } catch (...) {
    // It is dropped, as what handlers throw from here on.
  }
  bool const intact = engine_->leave_guard();
  try {
    if (engine_->is_busy())
      engine_->close();  // by somebody else's operation: no ROLLBACK can go out now, and the transaction must not stand
    else if (!engine_->closed() && (intact || !is_nested()))
      undo();
  } catch (std::bad_alloc const&) {
    engine_->close();  // the server has no COMMIT for it, and so it stays
  } catch (...) {
    // Likewise. Handlers may throw what they like.
  }
}

/// From here on the destructor has nothing to do, whatever becomes of it.
void transaction::end() {
  if (ended_) throw programming_error("this transaction guard has ended already; make another one");
  engine_->rethrow_from_handlers();  // before anything has ended
  engine_->require_guard(depth_);
  ended_ = true;
  engine_->leave_guard();
}

void transaction::undo() {
  if (!is_nested()) return engine_->rollback();
  if (engine_->transaction_status() != transaction_status::idle)
    engine_->savepoint("ROLLBACK TO SAVEPOINT " + savepoint_ + "; RELEASE SAVEPOINT " + savepoint_,
                       "ROLLBACK, RELEASE");
}

void transaction::commit() {
  end();
  if (!is_nested()) return engine_->commit();
  if (engine_->transaction_status() != transaction_status::failed)
    return engine_->savepoint("RELEASE SAVEPOINT " + savepoint_, "RELEASE");
  undo();
  detail::throw_rolled_back();
}

void transaction::rollback() {
  end();
  undo();
}

void connection::commit() { engine().commit(); }
void connection::commit(within const& limit) { engine().commit(&limit); }
void connection::rollback() { engine().rollback(); }
void connection::reset() { engine().reset(); }
void connection::start_reset() { engine().start_reset(); }
session_mode connection::session() const { return engine().mode(); }
void connection::set_session(session_mode const& mode) { engine().set_mode(mode, "set_session"); }
void connection::set_isolation_level(isolation_level level) {
  session_mode mode = engine().mode();
  mode.autocommit = level == isolation_level::autocommit;
  mode.isolation = level;
  engine().set_mode(mode, "set_isolation_level");
}
void connection::set_autocommit(bool on) {
  session_mode mode = engine().mode();
  mode.autocommit = on;
  engine().set_mode(mode, "set_autocommit");
}
enum transaction_status connection::transaction_status() const { return engine().transaction_status(); }

}  // namespace tusk
