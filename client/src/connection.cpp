#include <tusk/connection.hpp>
#include <tusk/cursor.hpp>

#include <algorithm>

#include "engine/engine.hpp"
#include "net/random_bytes.hpp"

namespace tusk {
namespace {

result last_of(results all) { return all.empty() ? result() : std::move(all).back(); }

}  // namespace

detail::opening detail::open(std::string_view dsn, connect_options const& options, bool watched) {
  auto made = std::make_shared<detail::engine>(dsn, options);
  if (watched) made->watch();
  return {std::move(made)};
}

connection::connection(detail::opening&& made)
    : notifies(made.engine->notifications()), engine_(std::move(made.engine)) {
  engine_->set_owner(this);
}

connection::connection(connection&& other) noexcept
    : notifies(other.notifies),
      engine_(std::move(other.engine_)),
      cursor_factory_(std::exchange(other.cursor_factory_, nullptr)) {
  if (engine_) engine_->set_owner(this);
}

connection& connection::operator=(connection&& other) noexcept {
  if (this != &other) {
    close();
    if (engine_) engine_->set_owner(nullptr);
    notifies = other.notifies;
    engine_ = std::move(other.engine_);
    if (engine_) engine_->set_owner(this);
    cursor_factory_ = std::exchange(other.cursor_factory_, nullptr);
  }
  return *this;
}

connection::~connection() {
  close();
  if (engine_) engine_->set_owner(nullptr);
}

void detail::establish(connection& made) { made.begin_session(); }

/// Connects, unless poll() does it, and has the hook set the session up.
void connection::begin_session() {
  if (engine_->is_async()) return;
  try {
    engine_->connect();
  } catch (...) {
    close();  // reading the types may have failed
    throw;
  }
  if (auto const hook = engine_->session_hook()) {
    try {
      hook(*this);
      commit();
    } catch (...) {
      close();
      throw;
    }
  }
  engine().rethrow_from_handlers();
}

/// The same for an asynchronous connection whose session has just begun; what the hook started is then under way.
poll_status connection::step_session_hook(detail::engine& on) {
  using stage = detail::engine::hook_stage;
  if (on.session_hook_stage() == stage::under_way) {
    on.set_session_hook_stage(stage::none);
    return poll_status::ok;
  }
  on.set_session_hook_stage(stage::none);  // so that the hook itself may poll
  try {
    on.session_hook()(*this);
  } catch (...) {
    on.close();
    throw;
  }
  on.set_session_hook_stage(stage::under_way);
  poll_status const wanted = on.poll();
  if (wanted == poll_status::ok) on.set_session_hook_stage(stage::none);
  return wanted;
}

/// The engine; throws interface_error if the connection was moved from.
detail::engine& connection::engine() const {
  if (!engine_) throw interface_error("this connection was moved to another object; use that one");
  return *engine_;
}

results connection::exec_script(within const* limit, std::string_view script) {
  if (engine().is_watched()) [[unlikely]]
    return run_watched({.sql = script, .args = params::none(), .is_script = true, .limit = limit});
  return engine_->exec(script, limit);
}

result connection::query_params(within const& limit, std::string_view sql, params const& args) {
  if (engine().is_watched()) [[unlikely]]
    return last_of(run_watched({.sql = sql, .args = args, .limit = &limit}));
  return engine_->query(limit, sql, args);
}

result connection::query_params(std::string_view sql, params const& args) {
  if (engine().is_watched()) [[unlikely]]
    return last_of(run_watched({.sql = sql, .args = args}));
  return engine_->query(sql, args);
}

/// With the two hooks around it.
results connection::run_watched(request const& what) {
  if (!what.starts) engine().require_blocking(what.is_script ? "exec" : "query");
  auto const since = std::chrono::steady_clock::now();
  auto const ended = [since, sql = std::string(what.sql)](connection& conn, tusk::results const& results,
                                                          std::exception_ptr error) {
    conn.did_execute({sql, results, std::move(error), std::chrono::steady_clock::now() - since});
  };
  tusk::results results;
  try {
    results = do_execute(what);
  } catch (...) {
    ended(*this, {}, std::current_exception());
    throw;
  }
  if (!what.starts) {
    ended(*this, results, nullptr);
  } else {
    engine().when_ended(this, [ended, engine = engine_.get()](std::exception_ptr error) {
      if (auto* const conn = engine->owner()) ended(*conn, engine->peek_results(), std::move(error));
    });
  }
  return results;
}

results connection::do_execute(request const& what) {
  auto& to = engine();
  auto const* const limit = what.limit;
  if (what.starts) {
    if (what.is_script)
      to.start_exec(what.sql, {}, limit);
    else
      to.start_query(what.sql, what.args, limit);
    return {};
  }
  if (what.is_script) return to.exec(what.sql, limit);
  if (what.prepared != nullptr)
    return {{limit != nullptr ? to.query(*limit, *what.prepared, what.args) : to.query(*what.prepared, what.args)}};
  return {{limit != nullptr ? to.query(*limit, what.sql, what.args) : to.query(what.sql, what.args)}};
}

void connection::did_execute(outcome const&) {}

outcome::outcome(std::string_view query, std::span<result const> results, std::exception_ptr error,
                 std::chrono::nanoseconds elapsed)
    : query_(query), results_(results), error_(std::move(error)), elapsed_(elapsed) {
  if (!error_) return;
  try {
    std::rethrow_exception(error_);
  } catch (std::exception const& e) {
    what_ = e.what();
  } catch (...) {
    what_ = "an exception that is no std::exception";
  }
}

tusk::cursor connection::cursor() { return tusk::cursor(*this); }
void connection::cursor_factory(std::function<std::unique_ptr<tusk::cursor>(connection&)> make) {
  cursor_factory_ = std::move(make);
}
std::unique_ptr<tusk::cursor> connection::make_cursor() {
  return cursor_factory_ ? cursor_factory_(*this) : std::make_unique<tusk::cursor>(*this);
}

statement connection::prepare(std::string_view sql) {
  auto prepared = engine().prepare(sql, nullptr);
  return {engine_, std::move(prepared)};
}

statement connection::prepare(within const& limit, std::string_view sql) {
  auto prepared = engine().prepare(sql, &limit);
  return {engine_, std::move(prepared)};
}

void connection::forget_statements() { engine().forget_statements(); }

poll_status connection::poll() {
  // Kept alive, because whoever is told of the end may close or move the connection.
  using stage = detail::engine::hook_stage;
  auto const kept = engine_;
  engine().refuse_in_handler();
  poll_status wanted = poll_status::ok;
  try {
    wanted = kept->poll();
    if (wanted == poll_status::ok && kept->session_hook_stage() != stage::none) [[unlikely]]
      wanted = step_session_hook(*kept);
    if (wanted == poll_status::ok && kept->has_ending()) {
      kept->take_ending()(nullptr);
      if (kept->isexecuting()) wanted = poll_status::read_write;  // who was told has started the next one
    }
  } catch (...) {
    if (kept->session_hook_stage() == stage::under_way && !kept->isexecuting()) kept->close();
    if (auto const tell = kept->take_ending()) tell(std::current_exception());
    throw;
  }
  kept->rethrow_from_handlers();
  return wanted;
}
int connection::fileno() const noexcept { return engine_ ? engine_->fileno() : -1; }
std::optional<std::chrono::milliseconds> connection::timeout() const { return engine().timeout(); }
void connection::ping() { engine().ping(); }
void connection::start_ping() { engine().start_ping(); }
adapter_registry& connection::adapters() const { return engine().adapters(); }
adapter_registry const* statement::adapters() const noexcept { return engine_ ? &engine_->adapters() : nullptr; }
void register_type(typecaster const& caster, connection& conn) { conn.engine().register_type(caster); }
void connection::load_types() { engine().load_types(); }
void connection::start_load_types() { engine().start_load_types(); }
oid connection::type_oid(std::string_view name) const { return engine().type_oid(name); }
std::string connection::type_name(oid type) const { return engine().type_name(type); }
void connection::cancel(std::chrono::milliseconds within) { engine().cancel(within); }

void connection::reconnect() {
  auto next = engine().another();
  engine_->close();
  engine_->set_owner(nullptr);
  engine_ = std::move(next);
  engine_->set_owner(this);
  begin_session();
}

void connection::start_script(within const* limit, std::string_view script) {
  if (engine().is_watched()) [[unlikely]]
    run_watched({.sql = script, .args = params::none(), .is_script = true, .starts = true, .limit = limit});
  else
    engine_->start_exec(script, {}, limit);
}
void connection::start_query_params(within const* limit, std::string_view sql, params const& args) {
  if (engine().is_watched()) [[unlikely]]
    run_watched({.sql = sql, .args = args, .starts = true, .limit = limit});
  else
    engine_->start_query(sql, args, limit);
}
results connection::take_results() { return engine().take_results(); }
bool connection::isexecuting() const noexcept { return engine_ && engine_->isexecuting(); }

std::vector<diagnostics> connection::take_notices() { return engine().take_notices(); }
void connection::trace(std::function<void(std::string_view)> sink) { engine().trace(std::move(sink)); }
connection_info connection::info() const { return engine().info(); }
std::string connection::dsn() const { return engine().dsn(); }
std::string connection::parameter_status(std::string_view name) const { return engine().parameter_status(name); }
bool connection::closed() const noexcept { return !engine_ || engine_->closed(); }
void connection::close() noexcept {
  if (engine_) engine_->close();
}

std::shared_ptr<protocol::scram_key_store> keep_scram_keys(std::size_t capacity) {
  return std::make_shared<protocol::scram_key_cache>(client::random_bytes<32>(), capacity);
}

ping_status ping(std::string_view dsn, connect_options const& options) {
  connect_options blocking = options;
  blocking.async = false;
  blocking.session_hook = {};
  try {
    tusk::connect(dsn, blocking);
  } catch (operational_error const& e) {
    if (e.condition() == condition::cannot_connect_now) return ping_status::rejecting;
    if (e.code() == std::errc::not_connected) return ping_status::no_response;
    if (e.sqlstate().empty() && !e.code()) throw;  // a file of ours
  }
  return ping_status::ok;
}

statement::statement(std::shared_ptr<detail::engine> engine,
                     std::shared_ptr<detail::prepared_statement> prepared) noexcept
    : engine_(std::move(engine)), prepared_(std::move(prepared)) {}

statement& statement::operator=(statement&& other) noexcept {
  if (this != &other) {
    release();
    engine_ = std::move(other.engine_);
    prepared_ = std::move(other.prepared_);
  }
  return *this;
}

statement::~statement() { release(); }

void statement::release() noexcept {
  if (engine_) engine_->release(*prepared_);
  engine_.reset();
}

result statement::query_params(params const& args) {
  if (!engine_) throw interface_error("this statement was moved to another object; use that one");
  if (engine_->is_watched()) [[unlikely]]
    return query_watched(nullptr, args);
  return engine_->query(prepared_, args);
}

/// Through the connection's hooks; a function of its own, so that the other way needs no stack frame.
result statement::query_watched(within const* limit, params const& args) {
  auto* const conn = engine_->owner();
  if (conn == nullptr) throw interface_error("connection already closed", true);
  return last_of(conn->run_watched({.sql = prepared_->sql, .args = args, .prepared = &prepared_, .limit = limit}));
}

result statement::query_params(within const& limit, params const& args) {
  if (!engine_) throw interface_error("this statement was moved to another object; use that one");
  if (engine_->is_watched()) [[unlikely]]
    return query_watched(&limit, args);
  return engine_->query(limit, prepared_, args);
}

// One that was moved to another object has nothing to tell.
std::span<oid const> statement::parameters() const& noexcept {
  return prepared_ ? std::span<oid const>(prepared_->parameters) : std::span<oid const>();
}
std::span<column_info const> statement::columns() const& noexcept {
  return prepared_ ? std::span<column_info const>(*prepared_->columns->infos) : std::span<column_info const>();
}
std::string_view statement::sql() const& noexcept { return prepared_ ? prepared_->sql : std::string_view(); }

}  // namespace tusk
