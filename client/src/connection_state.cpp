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

poll_status status_of(client::wish const& wanted) noexcept {
  if (wanted.is_none()) return poll_status::ok;
  if (!wanted.write) return poll_status::read;
  return wanted.read ? poll_status::read_write : poll_status::write;
}

bool is_ascii(params const& args) {
  std::string_view rest = args.wire();
  while (!rest.empty()) {
    auto const size = protocol::load_big_endian<std::int32_t>(rest.data());
    rest.remove_prefix(4);
    if (size < 0) continue;  // NULL
    if (!has_ascii_only(rest.substr(0, static_cast<std::size_t>(size)))) return false;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// Unlocks for a while.
class unlocked {
 public:
  explicit unlocked(operation_lock& mutex) noexcept : mutex_(mutex) { mutex_.unlock(); }
  unlocked(unlocked const&) = delete;
  unlocked& operator=(unlocked const&) = delete;
  ~unlocked() { mutex_.lock(); }

 private:
  operation_lock& mutex_;
};

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
    engine.leave_to_parent();
  };
  waiter.set(wait_slot::hold(std::exchange(options.wait_callback, {})));
  for (std::string const& warning : settings->warnings) told.add_warning(warning);
  if (options.trace) trace(std::exchange(options.trace, {}));
}

connection_state::~connection_state() {
  if (!engine.is_hung_up()) engine.close(closed_text);
}

std::shared_ptr<connection_state> connection_state::another() {
  refuse_in_handler();
  auto made = std::make_shared<connection_state>(settings, options);
  operation_guard const guard(lock);
  require_unguarded("reconnect()");
  made->told.inherit(told);
  made->context.types.keep_casters_of(context.types);
  made->context.transactions.mode = context.transactions.mode;
  made->watched = watched;
  made->adapters = adapters;
  adapters->set_types(nullptr);  // it may be another database
  made->waiter.set(waiter.get());
  if (told.trace()) made->trace(told.trace());
  made->engine.take_over(engine);
  return made;
}

void connection_state::trace(std::function<void(std::string_view)> sink) {
  auto const from = engine.is_connecting() ? protocol::trace_from::startup : protocol::trace_from::session;
  auto const received = engine.session().received();
  engine.transport().trace(told.set_trace(std::move(sink)), options.limits, from, received);
}

// ---- what keeps an operation from beginning ----

void connection_state::refuse_in_handler() const {
  if (lock.passes())
    throw programming_error(
        "a handler may not operate on the connection that calls it; note what there is to do, and do it after the "
        "call");
}

void connection_state::require_open() {
  if (!context.obstacles.any_of(obstacles::closed | obstacles::forked)) [[likely]]
    return refuse_in_handler();
  if (context.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  engine.throw_parting();
}

void connection_state::require_turn() {
  require_open();
  if (context.obstacles.any_of(obstacles::waited))
    throw programming_error(
        "another operation is under way on this connection, in a wait callback; let that one end first");
  if (context.obstacles.any_of(obstacles::guard_broken))
    throw programming_error(
        "the transaction of the guard (tusk::transaction) has ended without it, by a COMMIT or ROLLBACK in a "
        "statement's text or because that COMMIT failed; leave the guard's scope before anything else");
}

void connection_state::require_idle() {
  require_turn();
  if (engine.is_busy())
    throw programming_error(
        "another operation is under way on this connection; step it with poll() until that says ok");
}

void connection_state::require_ready_slowly(std::string_view text, params const& args) {
  require_turn();
  told.rethrow();
  context.obstacles.wait_for_cancels();
  engine.end_if_doubtful();
  require_open();
  if (engine.is_connecting())
    throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  require_idle();
  if (!context.text_is_utf8() && !(has_ascii_only(text) && is_ascii(args)))
    throw data_error(
        "client_encoding was changed after the connection was made, so that the server would misread this text; only "
        "ASCII can be sent until SET client_encoding TO 'UTF8' sets it back");
}

void connection_state::throw_asynchronous(char const* what) {
  std::string const instead = what == std::string_view("prepare") ? "start_query prepares each statement and keeps it"
                                                                  : "use start_" + std::string(what) + " and poll()";
  throw programming_error(std::string(what) + " cannot be used in asynchronous mode; " + instead +
                          ", or a connection without async");
}

/// A guard owns its transaction: nothing else ends it, and nothing changes how the next one begins.
void connection_state::require_unguarded(char const* what) const {
  if (context.transactions.guards != 0)
    throw programming_error(std::string(what) +
                            " cannot be used while a guard (tusk::transaction) is open: it owns the transaction; leave "
                            "its scope first, or use its own commit() and rollback()");
}

std::unique_ptr<client::limit> connection_state::admit(within const* limit) {
  if (limit == nullptr) return nullptr;
  require_turn();
  if (limit->is_over()) throw query_canceled(client::unsent_text);
  return std::make_unique<client::limit>(*limit);
}

// ---- operations ----

void connection_state::run(sql_operation& what, std::unique_ptr<client::limit> limit) {
  last_.reset();
  engine.begin(what, std::move(limit));
  wait(what);
}

void connection_state::wait(sql_operation& what) {
  if (auto const callback = wait_slot::any() ? callback_in_force() : nullptr) {
    if (!what.has_ended()) wait_by(*callback, &what);
  } else {
    engine.wait(what);
  }
  finish();
  what.rethrow();
  told.rethrow();
}

void connection_state::start(std::shared_ptr<sql_operation> what, std::unique_ptr<client::limit> limit) {
  last_.reset();
  auto& begun = *what;
  engine.begin(begun, std::move(limit), std::move(what));
  if (begun.has_ended()) last();  // it could not be sent
}

sql_operation* connection_state::peek_last() noexcept {
  while (auto ended = engine.queue().next_ended()) {
    last_ = std::move(ended);
    last_is_told_ = false;
  }
  return static_cast<sql_operation*>(last_.get());  // start() takes no others
}

sql_operation* connection_state::last() {
  auto* const ended = peek_last();
  if (ended != nullptr && !std::exchange(last_is_told_, true)) ended->rethrow();
  return ended;
}

void connection_state::finish() {
  if (!close_asked_.load(std::memory_order_relaxed)) [[likely]]
    return;
  close_asked_ = false;
  bool const connecting = engine.is_connecting();
  engine.close(closed_text);
  if (context.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  if (connecting) throw operational_error("the connection was closed while it was being made", true);
}

// ---- stepping and waiting ----

/// A step, and what belongs to connecting behind the engine's part.
poll_status connection_state::step() {
  bool const was_connecting = engine.is_connecting();
  poll_status wanted = status_of(engine.step());
  if (was_connecting && !engine.is_connecting() && !closed() && options.load_types) {
    start(std::make_shared<catalogue_load>(context, *adapters, [this](std::string_view w) { told.add_warning(w); }),
          nullptr);
    wanted = status_of(engine.step());
  }
  return wanted;
}

void connection_state::connect() {
  operation_guard const guard(lock);
  if (auto const callback = callback_in_force()) {
    wait_by(*callback, nullptr);
  } else {
    try {
      while (step() != poll_status::ok) engine.wait_for(engine.wanted());
    } catch (...) {
      engine.give_up();
      throw;
    }
  }
  finish();
  last();
  last_.reset();
  if (!closed()) engine.transport().socket().set_blocking(true);
}

poll_status connection_state::poll() {
  operation_guard const guard(lock);
  if (context.obstacles.any_of(obstacles::closed | obstacles::forked | obstacles::waited)) [[unlikely]] {
    if (!context.obstacles.any_of(obstacles::forked) && context.obstacles.any_of(obstacles::waited))
      return step_for_callback();
    require_open();
  }
  bool const was_busy = engine.is_busy();
  poll_status const wanted = step();
  if (wanted == poll_status::ok) {
    finish();
    last();
    if (!was_busy && engine.has_parting()) require_open();  // else the operation's end is told first
  }
  return wanted;
}

poll_status connection_state::wanted() const {
  operation_guard const guard(lock);
  return status_of(engine.wanted());
}

/// The operation's error and results stay for the call that waits.
poll_status connection_state::step_for_callback() {
  auto const failed = [this] { return waited_for_ != nullptr && waited_for_->error(); };
  if (!failed() && closed()) require_open();
  poll_status wanted = poll_status::ok;
  try {
    if (!closed()) wanted = step();
  } catch (...) {
    engine.give_up();
    if (waited_for_ == nullptr) connect_error_ = std::current_exception();
    throw;
  }
  if (wanted == poll_status::ok && failed()) std::rethrow_exception(waited_for_->error());
  return wanted;
}

void connection_state::wait_by(wait_callback const& callback, sql_operation* what) {
  context.obstacles.set(obstacles::waited, true);
  waited_for_ = what;
  auto const end = [this] {
    context.obstacles.set(obstacles::waited, false);
    waited_for_ = nullptr;
  };
  try {
    unlocked const meanwhile(lock);
    callback(*owner);
  } catch (...) {
    end();
    connect_error_ = nullptr;
    // What is no C++ exception (a thread that is cancelled) has no pointer, and may only be thrown on from here.
    if (what == nullptr || !what->error() || std::current_exception() != what->error()) {
      engine.give_up();
      throw;
    }
  }
  end();
  if (close_asked_) return;                                                            // by a handler; finish() does it
  if (connect_error_) std::rethrow_exception(std::exchange(connect_error_, nullptr));  // which the callback swallowed
  if (engine.is_connecting() || engine.is_busy()) {
    engine.give_up();
    if (context.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
    throw operational_error(
        "the connection was closed: the wait callback returned before poll() said ok, with the operation under way",
        true);
  }
  if (closed() && (what == nullptr || !what->error())) require_open();
}

void connection_state::close() noexcept {
  if (lock.passes()) {
    if (closed()) return;
    close_asked_ = true;  // what is under way up the stack ends first
    engine.interrupt();
  } else if (std::unique_lock const guard(lock, std::try_to_lock); guard) {
    if (!engine.is_hung_up()) engine.close(closed_text);
  } else {  // another thread's operation is under way, which closes when it has ended
    close_asked_ = true;
    engine.end_from_elsewhere();
  }
}

// ---- who is told ----

void connection_state::when_ended(void const* who, ending tell) {
  operation_guard const guard(lock);
  told_who_ = who;
  tell_ = std::move(tell);
}

void connection_state::forget(void const* who) noexcept {
  if (!is_running(who)) return;
  operation_guard const guard(lock);
  told_who_ = nullptr;
  tell_ = nullptr;
}

connection_state::ending connection_state::take_ending() {
  operation_guard const guard(lock);
  if (engine.is_busy()) return {};
  told_who_ = nullptr;
  return std::exchange(tell_, nullptr);
}

}  // namespace tusk::detail
