#include <tusk/connection.hpp>
#include <tusk/cursor.hpp>

#include <algorithm>

#include "calls.hpp"
#include "kept_elements.hpp"
#include "net/random_bytes.hpp"

namespace tusk {
namespace {

result last_of(results all) { return all.empty() ? result() : std::move(all).back(); }

/// What a handler has thrown, unless a call that waits does it.
[[gnu::always_inline]] inline void rethrow_from_handlers(detail::connection_state& on) {
  if (!on.context.obstacles.any_of(detail::obstacles::thrown)) [[likely]]
    return;
  detail::operation_guard const guard(on.lock);
  if (!on.context.obstacles.any_of(detail::obstacles::waited)) on.told.rethrow();
}

}  // namespace

detail::opening detail::open(std::string_view dsn, connect_options const& options, bool watched, within const* limit) {
  auto made = std::make_shared<detail::connection_state>(dsn, options);
  made->limit_connecting(limit);
  made->watched = watched;
  return {std::move(made)};
}

connection::connection(detail::opening&& made) : notifies(made.state->told.queue()), state_(std::move(made.state)) {
  state_->owner = this;
}

connection::connection(connection&& other) noexcept
    : notifies(other.notifies),
      state_(std::move(other.state_)),
      cursor_factory_(std::exchange(other.cursor_factory_, nullptr)) {
  if (state_) state_->owner = this;
}

connection& connection::operator=(connection&& other) noexcept {
  if (this != &other) {
    close();
    if (state_) state_->owner = nullptr;
    notifies = other.notifies;
    state_ = std::move(other.state_);
    if (state_) state_->owner = this;
    cursor_factory_ = std::exchange(other.cursor_factory_, nullptr);
  }
  return *this;
}

connection::~connection() {
  close();
  if (state_) state_->owner = nullptr;
}

void detail::establish(connection& made) { made.begin_session(); }

/// Connects, unless poll() does it, and has the hook set the session up.
void connection::begin_session() {
  if (state_->options.async) return;
  try {
    state_->connect();
  } catch (...) {
    close();  // reading the types may have failed
    throw;
  }
  if (auto const hook = state_->options.session_hook) {
    try {
      hook(*this);
      commit();
    } catch (...) {
      close();
      throw;
    }
  }
  rethrow_from_handlers(state());
}

/// The same for an asynchronous connection whose session has just begun; what the hook started is then under way.
poll_status connection::step_session_hook(detail::connection_state& on) {
  using stage = detail::connection_state::hook_stage;
  if (on.hook == stage::under_way) {
    on.hook = stage::none;
    return poll_status::ok;
  }
  on.hook = stage::none;  // so that the hook itself may poll
  try {
    on.options.session_hook(*this);
  } catch (...) {
    on.close();
    throw;
  }
  on.hook = stage::under_way;
  poll_status const wanted = on.poll();
  if (wanted == poll_status::ok) on.hook = stage::none;
  return wanted;
}

void connection::throw_moved() { throw interface_error("this connection was moved to another object; use that one"); }

results connection::exec_script(within const* limit, std::string_view script) {
  if (state().watched) [[unlikely]]
    return run_watched({.sql = script, .args = params::none(), .is_script = true, .limit = limit});
  return detail::exec(*state_, script, limit);
}

result connection::query_params(within const& limit, std::string_view sql, params const& args) {
  if (state().watched) [[unlikely]]
    return last_of(run_watched({.sql = sql, .args = args, .limit = &limit}));
  return detail::query(*state_, sql, args, &limit);
}

result connection::query_params(std::string_view sql, params const& args) {
  if (state().watched) [[unlikely]]
    return last_of(run_watched({.sql = sql, .args = args}));
  return detail::query(*state_, sql, args);
}

/// With the two hooks around it.
results connection::run_watched(execution const& what) {
  if (!what.starts) state().require.blocking(what.is_script ? "exec" : "query");
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
    detail::tell_ended(state());
    ended(*this, results, nullptr);
  } else if (state().started) {
    state().on_end.add(this, state().started, [ended, on = state_.get()](detail::sql_operation& of) {
      auto const given = of.results();
      if (auto* const conn = on->owner)
        ended(*conn, std::vector<result>(given.begin(), given.end()), of.error());
    });
  }
  return results;
}

/// The same of what is only started.
detail::pending_operation connection::start_watched(execution const& what) {
  state().started.reset();
  run_watched(what);
  auto started = std::exchange(state().started, nullptr);
  if (!started) return {};  // do_execute is the user's
  return detail::handle_to(std::move(started), *state_);
}

results connection::do_execute(execution const& what) {
  auto& to = state();
  if (what.elements != nullptr) {
    if (what.starts)
      detail::start_executemany(to, what.sql, std::make_unique<detail::kept_elements>(*what.elements), what.limit);
    else
      detail::executemany(to, what.sql, *what.elements, what.limit);
    return {};
  }
  if (what.starts) {
    if (what.in != nullptr)
      what.in->add_now(what.prepared, what.sql, what.args);
    else if (what.streams)
      detail::start_stream(to, what.prepared, what.sql, what.args, what.limit);
    else if (what.is_script)
      detail::start_exec(to, what.sql, {}, what.limit);
    else if (what.prepared != nullptr)
      detail::start_query(to, *what.prepared, what.args, what.limit);
    else
      detail::start_query(to, what.sql, what.args, what.limit);
    return {};
  }
  if (what.is_script) return detail::exec(to, what.sql, what.limit);
  if (what.prepared != nullptr) return detail::query(to, *what.prepared, what.args, what.limit);
  return detail::query(to, what.sql, what.args, what.limit);
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
  auto prepared = detail::prepare(state(), sql, nullptr);
  return {state_, std::move(prepared)};
}

statement connection::prepare(within const& limit, std::string_view sql) {
  auto prepared = detail::prepare(state(), sql, &limit);
  return {state_, std::move(prepared)};
}

void connection::forget_statements() {
  detail::operation_guard const guard(state().lock);
  state_->wait_until_idle();
  state_->context.forget_statements();
}

poll_status connection::poll() {
  auto& on = state();
  on.require.no_handler();
  if (on.on_end.is_set() || on.hook != detail::connection_state::hook_stage::none) [[unlikely]]
    return poll_and_tell();
  poll_status const wanted = on.poll();
  rethrow_from_handlers(on);
  return wanted;
}

/// The same with the session's hook, and with what is to be told of ends.
poll_status connection::poll_and_tell() {
  using stage = detail::connection_state::hook_stage;
  auto const kept = state_;  // whoever is told may close or move the connection
  auto& on = *kept;
  poll_status wanted = poll_status::ok;
  try {
    wanted = on.poll();
    if (wanted == poll_status::ok && on.hook != stage::none) wanted = step_session_hook(on);
    if (on.on_end.is_set()) {
      detail::tell_ended(on);
      detail::operation_guard const guard(on.lock);
      // Who was told may have started the next one.
      if (wanted == poll_status::ok && on.engine.is_busy()) wanted = detail::status_of(on.engine.waits().wanted());
    }
  } catch (...) {
    if (on.hook == stage::under_way && !on.engine.is_busy()) on.close();
    detail::tell_ended(on);
    throw;
  }
  rethrow_from_handlers(on);
  return wanted;
}

int connection::fileno() const noexcept { return state_ && !state_->closed() ? state_->engine.shown_descriptor() : -1; }
std::optional<std::chrono::milliseconds> connection::timeout() const { return detail::timeout_of(state()); }
bool connection::isexecuting() const noexcept { return state_ && state_->engine.is_busy(); }
void connection::ping(std::optional<within> const& limit) { detail::ping(state(), detail::pointer(limit)); }
pending<void> connection::start_ping(std::optional<within> const& limit) {
  return detail::start_ping(state(), detail::pointer(limit));
}
adapter_registry& connection::adapters() const { return *state().adapters; }
adapter_registry const* statement::adapters() const noexcept { return state_ ? state_->adapters.get() : nullptr; }
void register_type(typecaster const& caster, connection& conn) {
  detail::operation_guard const guard(conn.state().lock);
  conn.state_->context.types.register_type(caster);
}
void connection::load_types(std::optional<within> const& limit) { detail::load_types(state(), detail::pointer(limit)); }
pending<void> connection::start_load_types(std::optional<within> const& limit) {
  return detail::start_load_types(state(), detail::pointer(limit));
}

oid connection::type_oid(std::string_view name) const {
  if (oid const built_in = type_of_name(name); built_in != 0) return built_in;
  detail::operation_guard const guard(state().lock);
  auto const& types = state_->context.types;
  if (oid const found = types.find(name); found != 0) return found;
  throw programming_error("no type is named \"" + std::string(name) + "\"; " +
                          (types.has_catalogue() ? "if it was made since, call load_types() again"
                                                 : "types that were made in the database need load_types() first"));
}
std::string connection::type_name(oid type) const {
  detail::operation_guard const guard(state().lock);
  return state_->context.types.name_of(type);
}

void connection::cancel(std::chrono::milliseconds within) { state().cancel(within); }

void connection::reconnect(std::optional<within> const& limit) {
  auto next = state().another();
  next->limit_connecting(detail::pointer(limit));
  state_->give_way(next);
  state_ = std::move(next);
  state_->owner = this;
  begin_session();
}

detail::pending_operation connection::start_script(within const* limit, std::string_view script) {
  if (state().watched) [[unlikely]]
    return start_watched({.sql = script, .args = params::none(), .is_script = true, .starts = true, .limit = limit});
  return detail::start_exec(*state_, script, {}, limit);
}
detail::pending_operation connection::start_query_params(within const* limit, std::string_view sql,
                                                         params const& args) {
  if (state().watched) [[unlikely]]
    return start_watched({.sql = sql, .args = args, .starts = true, .limit = limit});
  return detail::start_query(*state_, sql, args, limit);
}
pending<statement> connection::start_prepare(std::string_view sql) {
  state();
  return detail::start_prepare(state_, sql, nullptr);
}
pending<statement> connection::start_prepare(within const& limit, std::string_view sql) {
  state();
  return detail::start_prepare(state_, sql, &limit);
}
pipeline connection::pipeline() {
  state();
  return {state_, nullptr};
}
pipeline connection::pipeline(within const& limit) {
  state();
  return {state_, &limit};
}

std::uint64_t connection::execute_elements(within const* limit, std::string_view sql, detail::element_source& from) {
  if (!state().watched) [[likely]]
    return detail::executemany(*state_, sql, from, limit);
  run_watched({.sql = sql, .args = params::none(), .limit = limit, .elements = &from});
  return from.rows;
}
detail::pending_operation connection::start_elements(within const* limit, std::string_view sql,
                                                     detail::element_source& from) {
  if (!state().watched) [[likely]]
    return detail::start_executemany(*state_, sql, std::make_unique<detail::kept_elements>(from), limit);
  return start_watched({.sql = sql, .args = params::none(), .starts = true, .limit = limit, .elements = &from});
}

detail::row_stream connection::stream_params(stream_options const& how, bool waits, std::string_view sql,
                                             params const& args,
                                             std::shared_ptr<detail::prepared_statement> const* prepared) {
  if (waits) state().require.blocking("stream");
  within const* const limit = detail::pointer(how.limit);
  if (!state().watched) [[likely]]
    return {state_, detail::start_stream(*state_, prepared, sql, args, limit), how.on_leave};
  auto const started = start_watched(
      {.sql = sql, .args = args, .starts = true, .prepared = prepared, .limit = limit, .streams = true});
  return {state_, std::dynamic_pointer_cast<detail::stream_run>(started.what()), how.on_leave};
}

std::size_t connection::queued() const {
  detail::operation_guard const guard(state().lock);
  return state_->engine.queued();
}
results connection::take_results() { return detail::take_results(state()); }

void connection::on_notify(std::string_view channel, std::function<void(tusk::notify const&)> handler) {
  std::shared_ptr<void> before;  // is destroyed when the lock is not held
  detail::operation_guard const guard(state().lock);
  before = state_->told.set(channel, std::move(handler));
}
void connection::on_notice(std::function<void(diagnostics const&)> handler) {
  std::shared_ptr<void> before;
  detail::operation_guard const guard(state().lock);
  before = state_->told.set(std::move(handler));
}
std::vector<diagnostics> connection::take_notices() {
  detail::operation_guard const guard(state().lock);
  return state_->told.take_notices();
}
void connection::trace(std::function<void(std::string_view)> sink) {
  detail::operation_guard const guard(state().lock);
  state_->require.no_handler();
  if (sink && (state_->engine.channel().has_begun() || !state_->context.session.output().empty()))
    throw programming_error(
        "a trace cannot begin here, in the midst of messages; begin it when poll() says ok, or with "
        "connect_options::trace before the first one");
  state_->trace(std::move(sink));
}

connection_info connection::info() const { return detail::info_of(state()); }
std::string connection::dsn() const { return client::masked(*state().settings); }
std::string connection::parameter_status(std::string_view name) const {
  detail::operation_guard const guard(state().lock);
  return std::string(state_->engine.channel().session().parameter(name));
}
bool connection::closed() const noexcept { return !state_ || state_->closed(); }
void connection::close() noexcept {
  if (state_) state_->close();
}

void connection::close(std::exception_ptr why) noexcept {
  if (state_) state_->close(std::move(why));
}
std::uint64_t connection::ended_operations() const noexcept { return state_->engine.queue().left(); }

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

}  // namespace tusk
