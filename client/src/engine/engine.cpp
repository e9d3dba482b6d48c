#include "engine/engine.hpp"
#include "engine/last_words.hpp"

#include <algorithm>

#include <tusk/types/error.hpp>
#include <variant>

namespace tusk::detail {
namespace {

constexpr std::chrono::seconds last_words{1};  // how long they are waited for after a failed send
// A poll() that always finds more gives the caller a turn after about 1 MiB.
constexpr std::size_t reads_a_poll = (std::size_t{1} << 20) / protocol::frame_reader::chunk_capacity;

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

}  // namespace

engine::engine(std::string_view dsn, connect_options const& options) : engine(resolve(dsn, options), options) {}

engine::engine(std::shared_ptr<client::settings const> settings, connect_options const& options)
    : options_(options),
      settings_(std::move(settings)),
      session_(options.limits),
      statements_(options.statement_cache),
      notifications_(options.notification_capacity),
      hook_stage_(options.async && options.session_hook ? hook_stage::due : hook_stage::none) {
  options_.parameters.clear();  // they are in the settings
  waiter_.set(wait_slot::hold(std::exchange(options_.wait_callback, {})));
  for (std::string const& warning : settings_->warnings) add_warning(warning);
  if (options_.trace) show_messages(std::exchange(options_.trace, {}), protocol::trace_from::startup);
  connector_ = std::make_unique<client::connector>(*settings_, options_, transport_, session_);
  obstacles_ = is_connecting;
  mode_ = first_mode();
}

session_mode engine::first_mode() const {
  return {.autocommit = options_.autocommit || options_.async || is_replication(*settings_)};
}

std::shared_ptr<engine> engine::another() {
  refuse_in_handler();
  auto made = std::make_shared<engine>(settings_, options_);
  made->notifications_ = notifications_;
  lock const guard(mutex_);
  require_unguarded("reconnect()");
  made->types_.keep_casters_of(types_);
  made->mode_ = mode_;
  made->watched_ = watched_;
  made->adapters_ = adapters_;
  adapters_->set_types(nullptr);  // it may be another database
  made->waiter_.set(waiter_.get());
  if (handlers_) made->handlers_ = std::make_unique<handlers>(*handlers_);
  if (handlers_ && handlers_->trace) made->show_messages(handlers_->trace, protocol::trace_from::startup);
  if ((obstacles_ & (is_closed | is_forked)) == 0) {
    say_goodbye();
    made->transport_.take_socket(transport_);  // so that the next one has another number
  }
  return made;
}

engine::~engine() { close(); }

void engine::connect() {
  lock const guard(mutex_);
  wait_by_steps();  // to the end of load_types, too
  if (!closed()) transport_.socket().set_blocking(true);
}

/// Waits for the descriptor. What the system refuses is the end of the connection.
void engine::wait_for(int descriptor, bool read, bool write, client::deadline until) {
  try {
    client::wait_for(descriptor, read, write, until);
  } catch (std::system_error const& e) {
    give_up();
    throw operational_error(std::string("the connection was closed: ") + e.what(), e.code(), true);
  }
}

poll_status engine::poll() {
  lock const guard(mutex_);
  if (unsigned const now = obstacles_; (now & (is_closed | is_forked | is_waited)) != 0) [[unlikely]] {
    if ((now & is_forked) == 0 && (now & is_waited) != 0) return step_for_callback();
    require_open();
  }
  poll_status const wanted = step_all();
  if (wanted == poll_status::ok) finish();
  return wanted;
}

/// Sends what there is to send. True if nothing is left, or nothing can be sent any more.
inline bool engine::write_output() {
  while (!session_.output().empty() && !write_failed_) {
    client::io_result const wrote = transport_.write(session_.output());
    switch (wrote.status) {
      case client::io_status::done: session_.sent(wrote.bytes); break;
      case client::io_status::want_read:
      case client::io_status::want_write: return false;
      case client::io_status::closed:
      case client::io_status::failed: write_failed_ = true; break;  // the server's last words may wait to be read
    }
  }
  return true;
}

/// The same, and what a batch has behind it.
bool engine::send_all() {
  while (write_output()) {
    if (!feeds_batch() || write_failed_) return true;
    feed_batch();
  }
  return false;
}

/// Takes what was read. False if there is nothing to read now, or no more ever.
bool engine::received(client::io_result const& got) {
  switch (got.status) {
    case client::io_status::done:
      session_.commit(got.bytes);
      take_events();
      return true;
    case client::io_status::want_read:
    case client::io_status::want_write:
      read_wants_write_ = got.status == client::io_status::want_write;  // TLS has something to say first
      if (write_failed_) lost("sending failed and nothing more came");
      return false;
    case client::io_status::closed: lost("the server closed the connection"); return false;
    case client::io_status::failed: lost(transport_.explain(got)); return false;
  }
  return false;
}

inline bool engine::read_input(bool wait) { return received(transport_.read(session_.prepare(), wait)); }

inline poll_status engine::step_open(bool wait) {
  bool sent = send_all();
  for (std::size_t turn = 0; !closed(); ++turn) {
    bool const done = wait && !operation_.active;
    if (done && !transport_.pending()) break;
    if (!wait && turn >= reads_a_poll) {
      // What the TLS layer holds the descriptor does not show; but it is writable, so the caller comes back at once.
      if (transport_.pending()) return poll_status::read_write;
      break;
    }
    bool const waits = wait && operation_.active && sent;
    // A peer that takes nothing may have said why; but it may also be silent for ever.
    if (waits && write_failed_)
      wait_for(transport_.socket().descriptor(), true, false, client::clock::now() + last_words);
    if (!read_input(waits && !write_failed_)) break;
    sent = send_all();
  }
  if (closed()) return poll_status::ok;
  if (!sent || std::exchange(read_wants_write_, false)) return poll_status::read_write;
  return operation_.active ? poll_status::read : poll_status::ok;
}

/// Moves bytes as far as they go. With `wait`, the read waits while an operation is under way and all of it is sent.
poll_status engine::step(bool wait) {
  try {
    if (connector_) {
      poll_status const wanted = step_connecting();
      if (closed()) return poll_status::ok;  // a handler wants it so
      if (wanted != poll_status::ok) return wanted;
    }
    return step_open(wait);
  } catch (...) {
    give_up();
    if ((obstacles_ & is_forked) != 0) throw_forked();  // what else goes wrong then comes of it
    throw;
  }
}

/// Steps until the operation is done, waiting as long as it takes.
void engine::wait_until_done() {
  if (limit_ || (wait_slot::any() && has_callback())) {
    wait_by_steps();
    return rethrow_thrown();
  }
  while (operation_.active) {
    poll_status const wanted = step(true);
    if (wanted == poll_status::ok) break;
    wait_for(transport_.socket().descriptor(), true, wanted != poll_status::read, {});
  }
  finish();
  rethrow_thrown();
}

/// Nearly always an operation is one send and one receive. True if that was so, and what came is in the session; what
/// went otherwise is the other way's, wait_until_done(). Only while the transport is_bare().
inline bool engine::exchange() {
  auto const& socket = transport_.socket();
  if (auto const sent = socket.write(session_.output()); sent.status == client::io_status::done) [[likely]]
    session_.sent(sent.bytes);
  client::io_result got{client::io_status::want_read};  // what was not sent whole, the other way finds out why
  if (session_.output().empty()) [[likely]]
    got = socket.read(session_.prepare(), true);
  if (got.status == client::io_status::done) [[likely]] {
    session_.commit(got.bytes);
    return true;
  }
  received(got);
  return false;
}

/// The end of run_prepared: mostly the whole answer is there at once. That way has no loops; whatever else happens is
/// the other way's.
result engine::answer() {
  try {
    if (operation_.active && may_exchange() && exchange()) {
      auto const* ended = std::get_if<protocol::unit_complete>(&session_.next());
      if (ended != nullptr && session_.buffered() == 0) [[likely]] {
        auto made = make_result(ended->tag);
        done();
        return result(std::move(made));
      }
      if (take_event()) take_events();
    }
  } catch (...) {
    give_up();
    throw;
  }
  wait_until_done();
  return only_result();
}

/// The end of begin_exec, likewise: one statement that gives the same columns as the one before.
void engine::answer_script(std::vector<result>& into) {
  try {
    if (operation_.active && !limit_ && may_exchange() && exchange()) {
      auto came = protocol::query_answer::nothing;
      if (remembers_columns()) came = session_.take_query_answer(last_description_.list());
      if (came != protocol::query_answer::nothing) take_last_columns();
      if (came == protocol::query_answer::all) [[likely]] {
        into.emplace_back(make_result(std::get_if<protocol::unit_complete>(&session_.current())->tag));
        done();
        return;
      }
      take_events();
    }
  } catch (...) {
    give_up();
    throw;
  }
  wait_until_done();
  into.reserve(operation_.results.size());
  for (auto& each : operation_.results) into.emplace_back(std::move(each));
  clear_results();
}

poll_status engine::step_connecting() {
  for (std::size_t turn = 0; connector_ && !closed() && turn < reads_a_poll; ++turn) {
    if (session_.state() == protocol::state::unstarted) {
      switch (step_connector()) {
        case client::progress::want_read: return poll_status::read;
        case client::progress::want_write: return poll_status::write;
        case client::progress::started:
          write_failed_ = computing_ = false;  // what a try before this one left
          set_obstacle(is_foreign, false);
          continue;
      }
    }
    if (auto const until = connector_->until(); until && client::clock::now() >= *until) {
      startup_failed("the server took the connection, but the session did not begin within connect_timeout");
      continue;
    }
    if (computing_) {
      take_events();
      if (computing_) break;
      continue;
    }
    bool const sent = write_output();
    if (read_input(false) || !connector_ || session_.state() == protocol::state::unstarted) continue;
    if (computing_) break;
    return sent ? poll_status::read : poll_status::read_write;
  }
  return connector_ ? poll_status::write : poll_status::ok;  // writable it is, so that the caller comes back at once
}

/// Another address may do better. Throws if there is none.
void engine::startup_failed(std::string const& reason) { connector_->failed(reason); }

/// No connection, or no memory in mid-message: what is half done cannot go on.
void engine::give_up() noexcept {
  hang_up();
  operation_ = {};
  give_memory_back();
}

/// Takes all events there are.
void engine::take_events() {
  do session_.next();
  while (take_event());
}

/// Takes the session's present event. False if it was the last one for now.
bool engine::take_event() {
  protocol::event const& told = session_.current();
  if (std::holds_alternative<protocol::want_bytes>(told)) return computing_ = false;
  computing_ = std::holds_alternative<protocol::working>(told);
  return !computing_ && take(told);
}

/// The connection broke without a word from the server.
void engine::lost(std::string const& reason) {
  if (connector_) {
    bool const foreign = session_.state() == protocol::state::startup;
    startup_failed(reason + (foreign ? " before it answered; is it a PostgreSQL server?" : " during the startup"));
    return;
  }
  std::exception_ptr lost = std::make_exception_ptr(operational_error("the connection was lost: " + reason, true));
  if (farewell_) lost = with_earlier(std::move(lost), types::make_server_error(*farewell_, {}, true));
  break_off(std::move(lost));
}

/// Closes the transport and remembers that it is closed.
void engine::hang_up() noexcept {
  obstacles_ |= is_closed;
  close_transport();
  connector_.reset();
  canceller_.reset();
  limit_.reset();
}

/// In a forked child only its descriptor is closed: the session, and what was said in it, are the parent's.
void engine::close_transport() noexcept {
  if ((obstacles_ & is_forked) == 0) return transport_.close();
  if (canceller_) canceller_->abandon();
  transport_.abandon();
}

/// Terminate, if there is a session and memory for it; the close that follows says the same.
void engine::say_goodbye() noexcept {
  if (connector_) return;
  try {
    session_.terminate();
    write_output();
  } catch (...) {
    return;  // no memory, or a trace's sink that throws
  }
}

void engine::close() noexcept {
  lock const guard(mutex_);
  if (closed()) return;
  obstacles_ |= is_closed;
  if (mutex_.passes())
    close_asked_ = true;  // what is under way up the stack ends first
  else
    shut_down();
}

/// What close() does.
void engine::shut_down() noexcept {
  close_asked_ = false;
  if ((obstacles_ & is_forked) == 0) say_goodbye();
  close_transport();
  session_.abandon();
  canceller_.reset();
  limit_.reset();
  connector_.reset();
  if (!operation_.active) return;
  try {
    break_off(std::make_exception_ptr(operational_error("the connection was closed in mid-operation", true)));
  } catch (std::bad_alloc const&) {
    break_off(std::current_exception());
  }
}

int engine::fileno() const noexcept {
  lock const guard(mutex_);
  return descriptor();
}

std::optional<std::chrono::milliseconds> engine::timeout() const {
  lock const guard(mutex_);
  return client::time_left(until());
}

bool engine::isexecuting() const noexcept {
  lock const guard(mutex_);
  return operation_.active;
}

std::string engine::dsn() const { return client::masked(*settings_); }

std::string engine::parameter_status(std::string_view name) const {
  lock const guard(mutex_);
  return std::string(session_.parameter(name));
}

}  // namespace tusk::detail
