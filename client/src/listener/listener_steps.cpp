// What the thread that steps a listener does.

#include <poll.h>

#include <algorithm>
#include <tusk/connect.hpp>
#include <tusk/types/error.hpp>
#include <utility>

#include "connection_state.hpp"
#include "listener/listener_state.hpp"
#include "pool/lending_base.hpp"

namespace tusk::detail {
namespace {

std::string said_by(std::exception_ptr const& error) {
  try {
    std::rethrow_exception(error);
  } catch (std::exception const& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

/// LISTEN and UNLISTEN that are under way at one time.
constexpr std::size_t most_under_way = 256;

}  // namespace

/// While it lives this thread is the one that steps, unless the listener is closed. Throws programming_error if there
/// is one.
class listener_state::stepping {
 public:
  explicit stepping(listener_state& of) : of_(of) {
    of_.require_parent();
    std::lock_guard const locked(of_.lock_);
    if (of_.is_closed_) return;  // whoever has closed it may be in place of one that steps; there is nothing to do
    if (of_.stepper_ == std::this_thread::get_id())
      throw programming_error(
          "a function that the listener has called steps it; let the function return, and step it from outside");
    if (of_.stepper_ != std::thread::id())
      throw programming_error("another thread steps this listener, in run() or poll(); one at a time can");
    of_.stepper_ = std::this_thread::get_id();
    is_it_ = true;
  }
  stepping(stepping const&) = delete;
  stepping& operator=(stepping const&) = delete;
  ~stepping() {
    while (is_it_) {
      if (of_.is_child()) return;  // the lock may be held by nobody
      if (of_.is_closed_) of_.shut();
      std::lock_guard const locked(of_.lock_);
      if (of_.is_closed_ && !of_.is_shut_) continue;
      of_.stepper_ = {};
      return;
    }
  }

 private:
  listener_state& of_;
  bool is_it_ = false;
};

poll_status listener_state::poll() {
  stepping const now(*this);
  return step();
}

void listener_state::run(std::stop_token const& stop) {
  stepping const now(*this);
  std::stop_callback const on_stop(stop, [this] { waker_.wake(); });
  while (!stop.stop_requested() && step() != poll_status::ok) {
    if (stop.stop_requested()) return;
    if (take_interrupt()) throw query_canceled("listening was interrupted");
    pollfd waiting{waker_.descriptor(), POLLIN, 0};
    wait_once({&waiting, 1}, until_);
  }
}

int listener_state::descriptor() const {
  require_parent();
  return waker_.descriptor();
}

std::optional<std::chrono::milliseconds> listener_state::timeout() const {
  require_parent();
  std::lock_guard const locked(lock_);
  if (is_closed_) return std::chrono::milliseconds(0);
  return client::time_left(until_);
}

poll_status listener_state::step() {
  if (is_closed_) return poll_status::ok;
  waker_.calm();
  std::exception_ptr out;
  try {
    advance();
  } catch (...) {
    require_parent();
    out = end_session(std::current_exception());
  }
  require_parent();
  tell_due();
  if (!is_closed_) arm();
  if (!out) out = std::exchange(thrown_, nullptr);
  if (out) std::rethrow_exception(out);
  return is_closed_ ? poll_status::ok : poll_status::read;
}

/// As far as it goes without waiting. Throws what ends the session.
void listener_state::advance() {
  if (!connection_) {
    began_ = within::clock::now();
    {
      std::lock_guard const locked(lock_);
      if (!core_.may_connect(began_)) return;
      core_.connecting();
    }
    connection_.emplace(tusk::connect(within(options_.connect_limit), dsn_, how_));
    session_until_ = *within(options_.connect_limit).until();  // behind the connection's own, which says more
  }
  for (;;) {
    wanted_ = connection_->poll();
    if (closed()) return;
    bool const begins = !has_session_;
    if (begins) {
      if (wanted_ != poll_status::ok) return require_session_soon();
      begin_session();
    }
    collect();
    take_unhandled();
    bool const has_sent = send();
    if (!begins && !has_sent) return;  // what was started goes out with the next poll()
  }
}

/// What the connection's own limit does not cover: connect_options::session_hook.
void listener_state::require_session_soon() const {
  if (within::clock::now() < session_until_) return;
  throw operational_error("there was no session within listener_options::connect_limit, session_hook included", true);
}

void listener_state::begin_session() {
  has_session_ = true;
  unreadable_ = connection_->notifies.dropped();
  if (!options_.behind_pooler && connection_->info().backend_pid != 0)
    pid_.emplace(connection_->start_exec("SELECT pg_catalog.pg_backend_pid()"));
  pid_until_ = *within(options_.connect_limit).until();
  std::lock_guard const locked(lock_);
  core_.connected(within::clock::now(), pid_ ? 1 : 0);
}

/// The answers that have come.
void listener_state::collect() {
  time const now = within::clock::now();
  if (pid_ && pid_->ready()) {
    auto const answer = pid_->get();
    pid_.reset();
    if (answer.size() != 1 || answer[0].size() != 1)
      throw operational_error("the server did not say by which process it is served", true);
    if (answer[0][0].get<std::int32_t>(0) != connection_->info().backend_pid)
      throw not_supported_error(
          "a pooler stands between this listener and the server, and only where it gives each client a session of its "
          "own (PgBouncer's pool_mode = session) does LISTEN work: set listener_options::behind_pooler if this one "
          "does; else connect to the server itself");
    std::lock_guard const locked(lock_);
    core_.checked();
  }
  while (!sent_.empty() && sent_.front().done.ready()) {
    sent one = std::move(sent_.front());
    sent_.pop_front();
    one.done.get();
    if (!sent_.empty()) sent_.front().until = *within(options_.connect_limit).until();  // each goes by itself
    if (!one.what.listens) connection_->on_notify(one.what.of->name(), {});
    std::lock_guard const locked(lock_);
    core_.confirmed(*one.what.of, now);
  }
  if (ping_ && ping_->ready()) {
    ping_->get();
    ping_.reset();
    std::lock_guard const locked(lock_);
    core_.check_ended(now);
  }
  if (connection_->closed()) throw operational_error("the connection was closed", true);
  // What comes shows that the server is alive; a function that was slow with it has taken the time, not the server.
  if (has_heard_ && !sent_.empty()) sent_.front().until = *within(options_.connect_limit).until();
  if (auto const until = answer_due(); until && now >= *until)
    throw operational_error("the server did not answer within listener_options::connect_limit", true);
  if (std::exchange(has_heard_, false)) {
    std::lock_guard const locked(lock_);
    core_.heard(now);
  }
}

/// Until when the next answer has to come; nothing: none is awaited.
std::optional<listener_state::time> listener_state::answer_due() const noexcept {
  if (pid_) return pid_until_;
  return sent_.empty() ? std::nullopt : std::optional(sent_.front().until);
}

/// Those of channels that we know nothing of, which a session hook listens to, and those that could not be read.
void listener_state::take_unhandled() {
  while (connection_->notifies.pop()) {}
  note_unreadable();
}

/// What is to be sent now. Whether something is.
bool listener_state::send() {
  bool has_sent = false;
  time const until = *within(options_.connect_limit).until();
  while (sent_.size() < most_under_way) {
    std::optional<listener_core::statement> next;
    {
      std::lock_guard const locked(lock_);
      next = core_.next_statement();
    }
    if (!next) break;
    std::string const& name = next->of->name();
    if (next->listens) connection_->on_notify(name, [this, of = next->of](notify const& what) { arrived(*of, what); });
    auto done = next->listens ? connection_->start_listen(name) : connection_->start_unlisten(name);
    sent_.push_back({std::move(done), std::move(*next), until});
    has_sent = true;
  }
  bool checks = false;
  {
    std::lock_guard const locked(lock_);
    checks = core_.begin_check(within::clock::now());
  }
  if (checks) ping_.emplace(connection_->start_ping(within(options_.check_limit)));
  note_listening();
  return has_sent || checks;
}

void listener_state::note_listening() {
  {
    std::lock_guard const locked(lock_);
    if (is_settled_ || !core_.is_settled()) return;
    is_settled_ = true;
    ++counters_.sessions;
  }
  auto const now = within::clock::now();
  tell({.what = listener_event::kind::listening, .elapsed = now - std::exchange(began_, now)});
}

void listener_state::drop_connection() noexcept {
  sent_.clear();
  pid_.reset();
  ping_.reset();
  if (connection_ && !is_child()) waker_.watch(client::waker::session, -1, false, false);
  connection_.reset();
  has_session_ = has_heard_ = false;
}

/// Gives what has to come out of the step.
std::exception_ptr listener_state::end_session(std::exception_ptr why) {
  if (has_session_) cause_ = said_by(why);  // of a loss; not of an attempt to come back
  drop_connection();
  bool const was_settled = std::exchange(is_settled_, false);
  listener_event event{.what = was_settled ? listener_event::kind::lost : listener_event::kind::connect_failed,
                       .why = why};
  time const now = within::clock::now();
  event.elapsed = now - began_;
  bool is_first = false;
  {
    std::lock_guard const locked(lock_);
    is_first = !core_.has_listened();
    event.pause = core_.ended(now);
    ++(was_settled ? counters_.lost : counters_.connect_failed);
  }
  tell(event);
  return is_first && comes_again(why) ? why : nullptr;
}

/// What to wait for.
void listener_state::arm() {
  std::optional<time> until;
  if (connection_) {
    // While it connects one descriptor may be closed and the next get its number.
    if (!has_session_) waker_.forget(client::waker::session);
    bool const writes = wanted_ == poll_status::write || wanted_ == poll_status::read_write;
    if (!waker_.watch(client::waker::session, connection_->fileno(), wanted_ != poll_status::write, writes)) {
      std::error_code const code(errno, std::generic_category());
      end_session(std::make_exception_ptr(
          operational_error("the system refuses to watch the listener's connection: " + code.message(), code)));
    } else {
      until = has_session_ ? answer_due() : session_until_;
      if (auto const left = connection_->timeout()) {
        time const next = within::clock::now() + *left;
        until = until ? std::min(*until, next) : next;
      }
    }
  }
  std::lock_guard const locked(lock_);
  if (auto const next = core_.wakes_at()) until = until ? std::min(*until, *next) : *next;
  until_ = until;
}

}  // namespace tusk::detail
