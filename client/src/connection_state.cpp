#include "connection_state.hpp"

#include <algorithm>
#include <mutex>
#include <tusk/types/error.hpp>
#include <utility>

#include "engine/foreign_text.hpp"
#include "operations/catalogue_load.hpp"

namespace tusk::detail {
namespace {

std::shared_ptr<client::settings const> resolve(std::string_view dsn, connect_options const& options) {
  if (options.statement_cache == 0)
    throw programming_error(
        "statement_cache is 0, but has to be 1 or more; to keep no statements at the server set statement_cache_mode "
        "to tusk::statement_cache_mode::unnamed, and leave statement_cache as it is");
  auto resolved = client::resolve(dsn, options.parameters, client::process_surroundings(), options.allowed_keywords);
  if (auto const* error = std::get_if<client::conninfo_error>(&resolved)) throw programming_error(error->message);
  return std::make_shared<client::settings const>(std::get<client::settings>(std::move(resolved)));
}

/// Whether the session speaks the commands of replication, among which there is no BEGIN.
bool is_replication(client::settings const& settings) {
  return std::any_of(settings.server_settings.begin(), settings.server_settings.end(), [](auto const& each) {
    std::string_view const value = each.second;
    return each.first == "replication" && value != "off" && value != "false" && value != "no" && value != "0";
  });
}

connect_options without_parameters(connect_options how) {
  how.parameters.clear();  // they are in the settings
  return how;
}

}  // namespace

session_mode first_mode(connect_options const& options, client::settings const& settings) {
  return {.autocommit = options.autocommit || options.async || is_replication(settings)};
}

connection_state::connection_state(std::string_view dsn, connect_options const& how)
    : connection_state(resolve(dsn, how), how) {}

connection_state::connection_state(std::shared_ptr<client::settings const> to, connect_options const& how)
    : options(without_parameters(how)),
      settings(std::move(to)),
      context(options, first_mode(options, *settings)),
      hook(options.async && options.session_hook ? hook_stage::due : hook_stage::none) {
  told.leave_to_parent = [this] {
    close_asked_ = true;  // what is up the stack ends as if a handler had closed
    context.obstacles.set(obstacles::closed, true);
    engine.channel().leave_to_parent();
  };
  by_callback.slot().set(wait_slot::hold(std::exchange(options.wait_callback, {})));
  for (std::string const& warning : settings->warnings) told.add_warning(warning);
  if (options.trace) trace(std::exchange(options.trace, {}));
}

connection_state::~connection_state() { engine.end().close(closed_text); }

std::shared_ptr<connection_state> connection_state::another() {
  require.no_handler();
  auto made = std::make_shared<connection_state>(settings, options);
  operation_guard const guard(lock);
  require.unguarded("reconnect()");
  made->told.inherit(told);
  made->context.types.keep_casters_of(context.types);
  made->context.transactions.mode = context.transactions.mode;
  made->watched = watched;
  made->context.changes.functions = context.changes.functions;
  made->context.changes.mode = context.changes.mode;
  made->arguments = arguments;
  arguments.adapters->set_types(nullptr);  // it may be another database
  made->by_callback.slot().set(by_callback.slot().get());
  if (told.trace()) made->trace(told.trace());
  made->engine.take_over(engine);
  return made;
}

void connection_state::give_way(std::shared_ptr<connection_state> const& to) {
  if (!latest) latest = std::make_shared<std::weak_ptr<connection_state>>();
  close();
  owner = nullptr;
  watched = true;  // so that statements look at `latest`
  *latest = to;
  to->latest = latest;
}

void connection_state::trace(std::function<void(std::string_view)> sink) {
  auto const from = engine.channel().is_connecting() ? protocol::trace_from::startup : protocol::trace_from::session;
  auto const received = engine.channel().session().received();
  engine.channel().transport().trace(told.set_trace(std::move(sink)), options.limits, from, received);
}

// ---- operations ----

void connection_state::run(sql_operation& what, std::unique_ptr<client::limit>&& limit) {
  engine.begin(what, std::move(limit));
  wait(what);
}

void connection_state::await(sql_operation& what) {
  if (auto const callback = by_callback.in_force()) {
    if (!what.has_ended()) by_callback.wait(*callback, &what);
  } else {
    engine.wait(what);
  }
  finish();
}

void connection_state::wait(sql_operation& what) {
  await(what);
  what.rethrow();
  told.rethrow();
}

pending_operation connection_state::start(std::shared_ptr<sql_operation> what, std::unique_ptr<client::limit>&& limit,
                                          std::size_t size) {
  auto& queue = engine.queue();
  if (options.async && queue.has_unfed() && engine.queued() + size > options.limits.queued)
    throw programming_error(std::to_string(engine.queued()) +
                            " bytes wait to be sent on this connection already, and limits.queued is " +
                            std::to_string(options.limits.queued) + "; step it with poll() before more is started");
  if (watched) started = what;
  engine.begin(*what, std::move(limit), what, size);
  if (what->has_ended()) what->rethrow();  // it could not be sent
  if (queue.has_unfed()) what->keep();
  pending_operation made = handle_to(std::move(what), *this);
  if (!options.async && !context.obstacles.any_of(obstacles::connecting)) {
    engine.step();  // sends
    wait_for_room(*this);
  }
  return made;
}

void wait_for_room(connection_state& on) {
  constexpr std::size_t worth_sending = std::size_t{8} << 10;  // before there is more, so that the server works
  if (on.context.session.output().size() >= worth_sending) on.engine.step();
  if (has_room(on.engine) || on.context.is_closed()) [[likely]]
    return;
  if (auto const callback = on.by_callback.in_force())
    on.by_callback.wait_for_room(*callback);
  else
    on.engine.step_until([&] { return has_room(on.engine); });
  on.finish();
}

void close_locked(connection_state& on) noexcept {
  if (on.lock.passes())
    on.close();
  else
    on.engine.end().close(closed_text);
}

void connection_state::wait_for_started(sql_operation& what) {
  operation_guard const guard(lock);
  if (what.has_ended()) return;
  require.no_handler();
  if (options.async)
    throw programming_error(
        "get() was called before the operation has ended; step the connection with poll() until ready() says true");
  require.turn();
  await(what);
  told.rethrow();
}

void connection_state::cancel_started(sql_operation& what) {
  operation_guard const guard(lock);
  require.no_handler();
  if (!what.has_ended()) engine.cancel(what.cancelled());
}

void connection_state::wait_until_idle() {
  require.turn();
  if (!engine.is_busy()) return;
  if (options.async)
    throw programming_error(
        "another operation is under way on this connection; step it with poll() until that says ok");
  if (auto const callback = by_callback.in_force())
    by_callback.wait(*callback, nullptr);
  else
    engine.wait_until_idle();
  finish();
  told.rethrow();
}

void connection_state::close_now() {
  close_asked_ = false;
  bool const connecting = engine.channel().is_connecting();
  engine.end().close(closed_text);
  if (context.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  if (connecting) throw operational_error("the connection was closed while it was being made", true);
}

// ---- stepping and waiting ----

void connection_state::limit_connecting(within const* limit) {
  if (limit == nullptr) return;
  connecting_limit_ = *limit;
  engine.limit_connecting(std::make_unique<client::limit>(*limit, client::limit::close));
}

poll_status connection_state::step() {
  bool const was_connecting = context.obstacles.any_of(obstacles::connecting);
  poll_status wanted = status_of(engine.step());
  if (was_connecting && !engine.channel().is_connecting() && !context.is_closed() && options.load_types) {
    start(std::make_shared<catalogue_load>(context, *arguments.adapters,
                                           [this](std::string_view w) { told.add_warning(w); }),
          connecting_limit_ ? std::make_unique<client::limit>(*connecting_limit_) : nullptr);
    wanted = status_of(engine.step());
  }
  return wanted;
}

void connection_state::connect() {
  operation_guard const guard(lock);
  if (auto const callback = by_callback.in_force()) {
    by_callback.wait(*callback, nullptr);
  } else {
    try {
      while (step() != poll_status::ok) engine.wait_for(engine.waits().wanted());
    } catch (...) {
      engine.end().give_up();
      throw;
    }
  }
  finish();
  tell_errors();
  engine.queue().ended().drop();
  if (!context.is_closed()) engine.channel().transport().socket().set_blocking(true);
}

/// The step where there is an obstacle.
poll_status connection_state::step_specially() {
  bool const is_for_callback =
      !context.obstacles.any_of(obstacles::forked) && context.obstacles.any_of(obstacles::waited);
  if (!is_for_callback && context.obstacles.any_of(obstacles::closed | obstacles::forked)) require.open();
  poll_status const wanted = is_for_callback ? by_callback.step() : step();
  return engine.waits_for_caller() ? poll_status::ok : wanted;
}

/// What poll() does when nothing is under way any more. `was_busy`: something was, before the step.
void connection_state::end_poll(bool was_busy) {
  if (context.obstacles.any_of(obstacles::waited)) return by_callback.rethrow();  // the call that waits does the rest
  finish();
  require.tell_errors();
  if (!was_busy && engine.end().reason().is_untold()) require.open();  // else the operation's end is told first
}

/// What poll() does when something is under way, and an operation before it has failed.
void connection_state::tell_errors() {
  if (context.obstacles.any_of(obstacles::waited)) return;  // the next call does it
  finish();
  require.tell_errors();
}

void connection_state::close(std::exception_ptr why) noexcept {
  if (lock.passes()) {
    if (context.is_closed()) return;
    close_asked_ = true;  // what is under way up the stack ends first
    context.obstacles.set(obstacles::closed, true);
    engine.channel().interrupt();
  } else if (std::unique_lock const guard(lock, std::try_to_lock); guard) {
    if (why)
      engine.end().close(why);
    else
      engine.end().close(closed_text);
  } else {  // another thread's operation is under way, which closes when it has ended
    close_asked_ = true;
    context.obstacles.set(obstacles::closed, true);
    engine.channel().shut_down();
  }
}

}  // namespace tusk::detail
