// Wait callbacks, the interrupt flag, and the loop around poll() that knows it.

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <mutex>
#include <tusk/types/error.hpp>

#include "connection_state.hpp"

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

bool take_interrupt() noexcept {
  auto* const flag = interrupt_flag.load();
  return flag != nullptr && flag->exchange(false);
}

bool wait_once(std::span<pollfd> on, client::deadline until) {
  auto left = client::time_left(until);
  if (interrupt_flag.load() != nullptr) left = std::min(left.value_or(flag_watched), flag_watched);
  int const milliseconds = left ? static_cast<int>(std::min<std::int64_t>(left->count(), INT_MAX)) : -1;
  int const count = ::poll(on.data(), on.size(), milliseconds);
  if (count < 0 && errno != EINTR) {
    std::error_code const why(errno, std::generic_category());
    throw operational_error("waiting for the connection: " + why.message(), why);
  }
  return count > 0;
}

wait_slot::held callback_waiting::in_force() const {
  if (!wait_slot::any()) return {};
  if (slot_.get()) return slot_.get();
  auto& shared = everywhere();
  std::lock_guard const guard(shared.lock);
  return shared.slot.get();
}

poll_status callback_waiting::step() {
  sql_operation* const what = now_->what;
  if (on_.context.is_closed()) {
    if (!now_->for_room && (what == nullptr || !what->error())) on_.require.open();
    return poll_status::ok;
  }
  try {
    poll_status const wanted = on_.step();
    return now_->for_room && has_room(on_.engine) ? poll_status::ok : wanted;
  } catch (...) {
    on_.engine.end().give_up();
    if (what == nullptr) now_->error = std::current_exception();
    throw;
  }
}

/// Runs the callback, whose exceptions come out unless they are the operation's error.
void callback_waiting::run(wait_callback const& callback, one_wait& here) {
  sql_operation* const what = here.what;
  on_.context.obstacles.set(obstacles::waited, true);
  now_ = &here;
  auto const end = [this] {
    on_.context.obstacles.set(obstacles::waited, false);
    now_ = nullptr;
  };
  try {
    unlocked const meanwhile(on_.lock);
    callback(*on_.owner);
  } catch (...) {
    end();
    // What is no C++ exception (a thread that is cancelled) has no pointer, and may only be thrown on from here.
    if (what == nullptr || !what->error() || std::current_exception() != what->error()) {
      on_.engine.end().give_up();
      throw;
    }
  }
  end();
}

void callback_waiting::give_up_early() {
  on_.engine.end().give_up();
  if (on_.context.obstacles.any_of(obstacles::forked)) throw interface_error(forked_text, true);
  throw operational_error(
      "the connection was closed: the wait callback returned before poll() said ok, with the operation under way",
      true);
}

void callback_waiting::wait_for_room(wait_callback const& callback) {
  one_wait here{nullptr, true};
  run(callback, here);
  // Where the connection is closed, what is under way has its error.
  if (!on_.is_close_asked() && !on_.context.is_closed() && !has_room(on_.engine)) give_up_early();
}

void callback_waiting::wait(wait_callback const& callback, sql_operation* what) {
  one_wait here{what};
  run(callback, here);
  if (on_.is_close_asked()) return;                    // by a handler; finish() does it
  if (here.error) std::rethrow_exception(here.error);  // which the callback swallowed
  detail::engine const& engine = on_.engine;
  if (engine.channel().is_connecting() || (engine.is_busy() && !engine.waits_for_caller())) give_up_early();
  if (on_.context.is_closed() && (what == nullptr || !what->error())) on_.require.open();
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

void connection_base::set_wait_callback(wait_callback callback) {
  auto fresh = detail::wait_slot::hold(std::move(callback));
  detail::operation_guard const guard(state().lock);
  fresh = state_->by_callback.slot().set(std::move(fresh));
  state_->context.changes.functions = true;
}
wait_callback connection_base::get_wait_callback() const {
  detail::operation_guard const guard(state().lock);
  return state_->by_callback.slot().get() ? *state_->by_callback.slot().get() : wait_callback();
}

void set_interrupt_flag(std::atomic<bool>* flag) noexcept { detail::interrupt_flag = flag; }

void wait_select(connection& conn) {
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");
  for (;;) {
    poll_status const wanted = conn.poll();
    if (wanted == poll_status::ok) return;
    if (detail::take_interrupt()) {
      if (!conn.isexecuting() && conn.state().context.obstacles.any_of(detail::obstacles::connecting)) {
        conn.close();
        throw query_canceled("the connection was interrupted while it was being made", true);
      }
      detail::operation_guard const guard(conn.state().lock);
      if (auto& queue = conn.state().engine.queue(); !queue.empty()) conn.state().engine.cancel(queue.front());
      continue;
    }
    auto const left = conn.timeout();
    short const read = wanted == poll_status::write ? 0 : POLLIN, write = wanted == poll_status::read ? 0 : POLLOUT;
    pollfd waiting{conn.fileno(), static_cast<short>(read | write), 0};
    detail::wait_once({&waiting, 1}, left ? client::deadline(client::clock::now() + *left) : std::nullopt);
  }
}

}  // namespace tusk
