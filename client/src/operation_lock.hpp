// The lock that serialises the operations of a connection: a mutex whose uncontended way costs two atomic instructions.
//
// States and transitions are those of a futex mutex: free, held, held with others waiting.
#pragma once

#include <atomic>

namespace tusk::detail {

/// Lockable, as the standard means it. Not recursive.
class operation_lock {
 public:
  void lock() noexcept {
    int expected = free;
    if (state_.compare_exchange_strong(expected, held, std::memory_order_acquire)) [[likely]]
      return;
    while (state_.exchange(contended, std::memory_order_acquire) != free)
      state_.wait(contended, std::memory_order_relaxed);
  }
  bool try_lock() noexcept {
    int expected = free;
    return state_.compare_exchange_strong(expected, held, std::memory_order_acquire);
  }
  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == contended) [[unlikely]]
      state_.notify_one();
  }

 private:
  static constexpr int free = 0, held = 1, contended = 2;
  std::atomic<int> state_ = free;
};

}  // namespace tusk::detail
