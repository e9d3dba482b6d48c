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
  if (watched) made->arguments.binding.how = format::text;
  return {std::move(made)};
}

connection::connection(detail::opening&& made) : copy_calls(std::move(made.state)), notifies(state_->told.queue()) {
  state_->owner = this;
}

connection::connection(connection&& other) noexcept
    : copy_calls(std::move(other)),
      notifies(other.notifies),
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
  using stage = detail::hook_stage;
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
      if (auto* const conn = on->owner) ended(*conn, std::vector<result>(given.begin(), given.end()), of.error());
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
      detail::start_stream(to, what.prepared, what.sql, what.args, what.limit, what.fetch_size);
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
  state().context.changes.functions = true;
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
  if (on.on_end.is_set() || on.hook != detail::hook_stage::none) [[unlikely]]
    return poll_and_tell();
  poll_status const wanted = on.poll();
  rethrow_from_handlers(on);
  return wanted;
}

/// The same with the session's hook, and with what is to be told of ends.
poll_status connection::poll_and_tell() {
  using stage = detail::hook_stage;
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
      if (wanted == poll_status::ok && on.engine.is_busy() && !on.engine.waits_for_caller())
        wanted = detail::status_of(on.engine.waits().wanted());
    }
  } catch (...) {
    if (on.hook == stage::under_way && !on.engine.is_busy()) on.close();
    detail::tell_ended(on);
    throw;
  }
  rethrow_from_handlers(on);
  return wanted;
}

void connection::ping(std::optional<within> const& limit) { detail::ping(state(), detail::pointer(limit)); }
pending<void> connection::start_ping(std::optional<within> const& limit) {
  return detail::start_ping(state(), detail::pointer(limit));
}
adapter_registry const* statement::adapters() const noexcept {
  return state_ ? state_->arguments.adapters.get() : nullptr;
}
void register_type(typecaster const& caster, connection& conn) {
  detail::operation_guard const guard(conn.state().lock);
  conn.state_->context.types.register_type(caster);
}
void connection::load_types(std::optional<within> const& limit) { detail::load_types(state(), detail::pointer(limit)); }
pending<void> connection::start_load_types(std::optional<within> const& limit) {
  return detail::start_load_types(state(), detail::pointer(limit));
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

results connection::take_results() { return detail::take_results(state()); }

void connection::close() noexcept {
  if (state_) state_->close();
}

void connection::close(std::exception_ptr why) noexcept {
  if (state_) state_->close(std::move(why));
}
bool connection::holds_completion() const noexcept { return state_->engine.cancelling().holds(); }
std::exception_ptr connection::broken_by() const noexcept { return state_->engine.end().broken_by(); }
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
