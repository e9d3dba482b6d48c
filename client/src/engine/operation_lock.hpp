// The lock that serialises the operations of a connection: a mutex whose uncontended way costs two atomic instructions,
// and which the thread that runs a handler of the connection passes.
//
//   lock()                          states and transitions are those of a futex mutex: free, held, held with others
//                                   waiting
//   let_pass()  ─► handler ─► stop_passing()
//                                   the holder runs a handler, which may ask the connection things: each of these takes
//                                   the lock in vain, and leaves it held
#pragma once

#include <atomic>

namespace tusk::detail {

/// Lockable, as the standard means it; not recursive but by operation_guard.
class operation_lock {
 public:
  void lock() noexcept {
    if (!try_lock()) [[unlikely]]
      wait();
  }
  bool try_lock() noexcept {
    int expected = free;
    return state_.compare_exchange_strong(expected, held, std::memory_order_acquire);
  }
  [[gnu::always_inline]] void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == contended) [[unlikely]]
      state_.notify_one();
  }

  /// Locks, unless this thread passes; then false, and the lock is not to be given back.
  bool enter() noexcept {
    if (try_lock()) [[likely]]
      return true;
    if (passes()) return false;
    wait();
    return true;
  }
  /// From here on the calling thread, which holds the lock, passes it.
  void let_pass() noexcept { passing_.store(this_thread(), std::memory_order_relaxed); }
  void stop_passing() noexcept { passing_.store(nullptr, std::memory_order_relaxed); }
  /// Whether the calling thread passes: a handler of the connection is what it runs.
  bool passes() const noexcept { return passing_.load(std::memory_order_relaxed) == this_thread(); }

  /// In a forked child: the thread that held it does not exist here, unless it is this one, which runs a handler.
  void free_in_child() noexcept {
    if (passes()) return;
    stop_passing();
    state_.store(free, std::memory_order_relaxed);
  }

 private:
  static constexpr int free = 0, held = 1, contended = 2;

  void wait() noexcept {
    while (state_.exchange(contended, std::memory_order_acquire) != free)
      state_.wait(contended, std::memory_order_relaxed);
  }
  /// An address that no other thread has.
  static void const* this_thread() noexcept {
    thread_local char here;
    return &here;
  }

  std::atomic<int> state_ = free;
  std::atomic<void const*> passing_ = nullptr;
};

/// Holds the lock for a scope, or passes it.
class operation_guard {
 public:
  explicit operation_guard(operation_lock& of) noexcept : of_(of), locked_(of.enter()) {}
  operation_guard(operation_guard const&) = delete;
  operation_guard& operator=(operation_guard const&) = delete;
  ~operation_guard() {
    if (locked_) of_.unlock();
  }

 private:
  operation_lock& of_;
  bool const locked_;
};

}  // namespace tusk::detail
