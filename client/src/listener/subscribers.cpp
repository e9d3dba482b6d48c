#include "listener/subscribers.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>

#include "listener/listener_state.hpp"
#include "process_generation.hpp"

namespace tusk::detail {

// ---- by the thread that steps ----

bool queue_member::tell(notify const& arrived) {
  bool is_kept = false;
  put([&] { is_kept = waiting_.push(arrived.pid, arrived.payload); });
  return is_kept;
}

void queue_member::tell_gap(notification_gap::reason why, std::string_view cause,
                            std::function<void(notification_gap const&)> const*) {
  put([&] { waiting_.push_gap(why, cause); });
}

template <class Put>
void queue_member::put(Put const& something) {
  bool was_empty = false, is_read = false;
  {
    std::lock_guard const locked(lock_);
    if (has_left_) return;
    was_empty = waiting_.empty();
    something();
    is_read = readers_ != 0;
  }
  if (is_read) arrived_.notify_one();
  if (was_empty && on_ready_) on_ready_();
}

void queue_member::end() noexcept {
  {
    std::lock_guard const locked(lock_);
    if (is_over_) return;
    is_over_ = true;
  }
  arrived_.notify_all();
  if (on_ready_) try {
      on_ready_();
    } catch (...) {
      // There is nobody left to tell.
    }
}

// ---- by those who read ----

void queue_member::require_parent() const {
  if (is_child_of(generation_)) [[unlikely]]
    throw interface_error(
        "this subscription is the parent process's, whose session a forked child must not touch; make a listener of "
        "the "
        "child's own");
}

std::optional<notification_or_gap> queue_member::pop_locked() {
  if (auto next = waiting_.pop()) return next;
  if (has_left_) throw interface_error("the subscription was ended");
  if (is_over_) throw interface_error("the listener is closed, and nothing is left for this subscription");
  return {};
}

std::optional<notification_or_gap> queue_member::pop() {
  require_parent();
  std::lock_guard const locked(lock_);
  return pop_locked();
}

std::optional<notification_or_gap> queue_member::next(within const& limit) {
  require_parent();
  if (auto const from = from_.lock()) from->require_other_thread();
  auto const on_stop = [this] {
    std::lock_guard const locked(lock_);
    arrived_.notify_all();
  };
  std::stop_callback const stopping(limit.token(), on_stop);
  std::unique_lock held(lock_);
  for (;;) {
    if (auto next = pop_locked()) return next;
    if (limit.token().stop_requested()) throw query_canceled("waiting for a notification was stopped");
    if (limit.is_over()) return {};
    ++readers_;
    if (limit.until())
      arrived_.wait_until(held, *limit.until());
    else
      arrived_.wait(held);
    --readers_;
  }
}

std::size_t queue_member::size() const {
  require_parent();
  std::lock_guard const locked(lock_);
  return waiting_.size();
}

std::uint64_t queue_member::dropped() const {
  require_parent();
  std::lock_guard const locked(lock_);
  return waiting_.dropped();
}

void queue_member::leave() noexcept {
  if (has_left_.exchange(true)) return;
  if (is_child_of(generation_)) return;  // the lock may be held by nobody
  if (auto const from = from_.lock()) from->remove(*this);
  {
    std::lock_guard const locked(lock_);  // who has looked at has_left_ before waits now
    waiting_.clear();
  }
  arrived_.notify_all();
}

}  // namespace tusk::detail
