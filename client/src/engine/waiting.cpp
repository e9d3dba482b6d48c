// Waiting in other ways than in the read of the socket: by single steps, for connecting and for operations with a
// limit; by a wait callback, which takes the steps itself; and who is told when an asynchronous operation has ended.

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <tusk/types/error.hpp>

#include "engine/engine.hpp"

namespace tusk {
namespace detail {

std::atomic<unsigned> wait_slot::taken_ = 0;

namespace {

/// The callback of the process.
struct shared_slot {
  std::mutex lock;
  wait_slot slot;
};
/// Never destroyed: connections may outlive it.
shared_slot& everywhere() {
  static auto& made = *new shared_slot;
  return made;
}

std::atomic<std::atomic<bool>*> interrupt_flag = nullptr;
constexpr std::chrono::milliseconds flag_watched{100};  // a signal may come just before poll(2), or on another thread

}  // namespace

bool take_interrupt() noexcept {
  auto* const flag = interrupt_flag.load();
  return flag != nullptr && flag->exchange(false);
}

std::optional<std::chrono::milliseconds> interrupt_slice() noexcept {
  return interrupt_flag.load() != nullptr ? std::optional(flag_watched) : std::nullopt;
}

namespace {

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

wait_slot::held engine::callback_in_force() const {
  if (waiter_.get()) return waiter_.get();
  auto& shared = everywhere();
  std::lock_guard const guard(shared.lock);
  return shared.slot.get();
}

/// Out of the way of those who have none.
bool engine::has_callback() const { return callback_in_force() != nullptr; }

void engine::set_wait_callback(wait_callback callback) {
  auto fresh = wait_slot::hold(std::move(callback));
  lock const guard(mutex_);
  fresh = waiter_.set(std::move(fresh));
}

wait_callback engine::get_wait_callback() const {
  lock const guard(mutex_);
  return waiter_.get() ? *waiter_.get() : wait_callback();
}

/// One step of all that is under way, never waiting: the limit, a cancel request, the operation. Ok: it has ended.
poll_status engine::step_all() {
  bool const over = limit_ && operation_.active && limit_->is_over();
  if (over && !canceller_ && limit_->is_due()) {
    limit_->put_off();
    try {
      canceller_ = make_canceller(limit_->end());
    } catch (operational_error const& e) {  // the server gave no key
      limit_->reason = e.what();
    }
  }
  std::optional<poll_status> wanted;
  if (is_cancelling()) wanted = step_cancel();
  if (!wanted) {
    operation_.ended = false;  // what comes now is this call's
    wanted = step(false);
    if (*wanted == poll_status::ok)
      canceller_.reset();  // it had not begun, as there was still something to send
    else if (is_cancelling())
      wanted = step_cancel().value_or(*wanted);
  }
  if (*wanted == poll_status::ok || !limit_) return *wanted;
  std::string failure;
  if (limit_->is_spent()) {
    failure = "the statement's limit was over, and it had not ended " + std::to_string(client::limit::grace.count()) +
              " s later" + (limit_->reason.empty() ? "" : "; " + limit_->reason);
  } else {
    if (canceller_ || limit_->descriptor() < 0) return *wanted;
    if (limit_->watch(transport_.socket().descriptor(), *wanted != poll_status::read)) return poll_status::read;
    failure = "waiting for a stop token: " + std::generic_category().message(errno);
  }
  break_off(std::make_exception_ptr(operational_error("the connection was closed: " + failure, true)));
  return poll_status::ok;
}

/// For the wait callback: the operation's error and results stay for the call that waits.
poll_status engine::step_for_callback() {
  if (!operation_.error && closed()) require_open();
  try {
    poll_status const wanted = closed() ? poll_status::ok : step_all();
    if (wanted != poll_status::ok) return wanted;
  } catch (...) {
    give_up();
    fail(std::current_exception());
    throw;
  }
  if (operation_.error) std::rethrow_exception(operation_.error);
  return poll_status::ok;
}

/// Waits until the operation is done, or the connection is made, and throws its error.
void engine::wait_by_steps() {
  if (auto const callback = callback_in_force()) {
    if (connector_ || operation_.active) wait_by(*callback);
    return finish();
  }
  try {
    for (poll_status wanted; (wanted = step_all()) != poll_status::ok;)
      wait_for(descriptor(), wanted != poll_status::write, wanted != poll_status::read, until());
  } catch (...) {
    give_up();
    throw;
  }
  finish();
}

void engine::wait_by(wait_callback const& callback) {
  set_obstacle(is_waited, true);
  try {
    unlocked const meanwhile(mutex_);
    callback(*owner_);
  } catch (...) {
    // What is no C++ exception (a thread that is cancelled) has no pointer, and may only be thrown on from here.
    if (!operation_.error || std::current_exception() != operation_.error) {
      set_obstacle(is_waited, false);
      give_up();
      throw;
    }
  }
  set_obstacle(is_waited, false);
  if (close_asked_) return;  // by a handler; finish() does it
  if (connector_ || operation_.active) {
    give_up();
    if ((obstacles_ & is_forked) != 0) throw_forked();
    throw operational_error(
        "the connection was closed: the wait callback returned before poll() said ok, with the operation under way",
        true);
  }
  if (closed() && !operation_.error) require_open();
}

/// Throws if the connection is closed, if a wait callback steps it for another operation, or if a guard's scope has to
/// be left first.
void engine::require_turn() {
  require_open();
  if ((obstacles_ & is_waited) != 0)
    throw programming_error(
        "another operation is under way on this connection, in a wait callback; let that one end first");
  if ((obstacles_ & is_guard_broken) != 0)
    throw programming_error(
        "the transaction of the guard (tusk::transaction) has ended without it, by a COMMIT or ROLLBACK in a "
        "statement's text or because that COMMIT failed; leave the guard's scope before anything else");
}

/// The same, and if an operation was started and has not ended.
void engine::require_idle() {
  require_turn();
  if (operation_.active)
    throw programming_error(
        "another operation is under way on this connection; step it with poll() until that says ok");
}

void engine::throw_asynchronous(char const* what) {
  std::string const instead = what == std::string_view("prepare") ? "start_query prepares each statement and keeps it"
                                                                  : "use start_" + std::string(what) + " and poll()";
  throw programming_error(std::string(what) + " cannot be used in asynchronous mode; " + instead +
                          ", or a connection without async");
}

bool engine::is_busy() const {
  lock const guard(mutex_);
  return operation_.active || (obstacles_ & is_waited) != 0;
}

/// Ends the operation under way as a limit that is over does.
void engine::interrupt() {
  lock const guard(mutex_);
  if (!operation_.active || (limit_ && limit_->is_over())) return;
  limit_ = std::make_unique<client::limit>(within(std::chrono::seconds(0)));
}

/// What an operation begins with that has a limit: throws query_canceled if that is over.
std::unique_ptr<client::limit> engine::admit(within const* limit) {
  if (limit == nullptr) return nullptr;
  require_turn();
  if (limit->is_over()) throw query_canceled("the statement was not sent: its limit was over before");
  return std::make_unique<client::limit>(*limit);
}

result engine::query(within const& limit, std::string_view sql, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  auto limited = admit(&limit);
  begin_query(sql, args);
  limit_ = std::move(limited);
  wait_until_done();
  return only_result();
}

result engine::query(within const& limit, std::shared_ptr<prepared_statement> const& statement, params const& args) {
  lock const guard(mutex_);
  require_blocking("query");
  auto limited = admit(&limit);
  begin_prepared(statement, args);
  limit_ = std::move(limited);
  wait_until_done();
  return only_result();
}

/// Throws where poll() would.
int engine::descriptor_to_wait_for() {
  lock const guard(mutex_);
  require_open();
  return descriptor();
}

int engine::descriptor() const noexcept {
  if (is_cancelling()) return canceller_->descriptor();
  if (connector_) return connector_->descriptor();
  int const limited = limit_ ? limit_->descriptor() : -1;
  return limited >= 0 ? limited : transport_.socket().descriptor();
}

client::deadline engine::until() const {
  if (canceller_) return limit_ && limit_->end() ? std::min(canceller_->until(), limit_->end()) : canceller_->until();
  if (connector_) return connector_->until();
  return limit_ ? limit_->until() : client::deadline();
}

void engine::when_ended(void const* who, ending tell) {
  lock const guard(mutex_);
  told_ = who;
  tell_ = std::move(tell);
}

void engine::forget(void const* who) noexcept {
  if (!is_running(who)) return;
  lock const guard(mutex_);
  told_ = nullptr;
  tell_ = nullptr;
}

engine::ending engine::take_ending() {
  lock const guard(mutex_);
  if (operation_.active) return {};
  told_ = nullptr;
  return std::exchange(tell_, nullptr);
}

}  // namespace detail

void set_wait_callback(wait_callback callback) {
  auto fresh = detail::wait_slot::hold(std::move(callback));
  auto& shared = detail::everywhere();
  std::lock_guard const guard(shared.lock);
  fresh = shared.slot.set(std::move(fresh));
}

wait_callback get_wait_callback() {
  auto& shared = detail::everywhere();
  std::lock_guard const guard(shared.lock);
  return shared.slot.get() ? *shared.slot.get() : wait_callback();
}

void connection::set_wait_callback(wait_callback callback) { engine().set_wait_callback(std::move(callback)); }
wait_callback connection::get_wait_callback() const { return engine().get_wait_callback(); }

void set_interrupt_flag(std::atomic<bool>* flag) noexcept { detail::interrupt_flag = flag; }

void wait_select(connection& conn) {
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");
  for (;;) {
    poll_status const wanted = conn.poll();
    if (wanted == poll_status::ok) return;
    if (detail::take_interrupt()) {
      if (!conn.isexecuting() && conn.engine().is_connecting_now()) {
        conn.close();
        throw query_canceled("the connection was interrupted while it was being made", true);
      }
      conn.engine().interrupt();
      continue;
    }
    auto left = conn.timeout();
    if (auto const slice = detail::interrupt_slice()) left = std::min(left.value_or(*slice), *slice);
    int const milliseconds = left ? static_cast<int>(std::min<std::int64_t>(left->count(), INT_MAX)) : -1;
    short const read = wanted == poll_status::write ? 0 : POLLIN, write = wanted == poll_status::read ? 0 : POLLOUT;
    pollfd waiting{conn.fileno(), static_cast<short>(read | write), 0};
    if (::poll(&waiting, 1, milliseconds) < 0 && errno != EINTR) {
      std::error_code const why(errno, std::generic_category());
      throw operational_error("waiting for the connection: " + why.message(), why);
    }
  }
}

}  // namespace tusk
