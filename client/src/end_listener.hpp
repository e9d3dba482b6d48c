// Who is told when the operation that was started last has ended: a cursor, or a connection with hooks.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <utility>

#include "engine/operation_lock.hpp"

namespace tusk::detail {

/// All lock, but what is said to need no lock.
class end_listener {
 public:
  /// Called with the operation's error, or null.
  using function = std::function<void(std::exception_ptr)>;

  explicit end_listener(operation_lock& lock) noexcept : lock_(lock) {}

  void set(void const* who, function tell) {
    operation_guard const guard(lock_);
    who_ = who;
    tell_ = std::move(tell);
  }
  /// It is told no more.
  void forget(void const* who) noexcept {
    if (!is(who)) return;
    operation_guard const guard(lock_);
    who_ = nullptr;
    tell_ = nullptr;
  }
  /// What there is to call; empty: nothing. It is forgotten.
  function take() {
    operation_guard const guard(lock_);
    who_ = nullptr;
    return std::exchange(tell_, nullptr);
  }
  /// Need no lock.
  bool is(void const* who) const noexcept { return who_ == who; }
  bool is_set() const noexcept { return who_ != nullptr; }

 private:
  operation_lock& lock_;
  function tell_;
  std::atomic<void const*> who_ = nullptr;
};

}  // namespace tusk::detail
