// Who is told when operations that were started have ended, in their order: cursors, and a connection with hooks.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "engine/operation_lock.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// All lock, but what is said to need no lock.
class end_listener {
 public:
  using function = std::function<void(sql_operation&)>;
  struct ended {
    std::shared_ptr<sql_operation> what;
    function tell;
    void operator()() const { tell(*what); }
  };

  explicit end_listener(operation_lock& lock) noexcept : lock_(lock) {}

  void add(void const* who, std::shared_ptr<sql_operation> what, function tell) {
    operation_guard const guard(lock_);
    listeners_.push_back({who, {std::move(what), std::move(tell)}});
    count_ = listeners_.size();
  }
  /// It is told no more.
  void forget(void const* who) noexcept {
    if (!is_set()) return;
    operation_guard const guard(lock_);
    std::erase_if(listeners_, [&](listener const& each) { return each.who == who; });
    count_ = listeners_.size();
  }
  /// The next that is to be told of an end, to be called when the lock is not held; it is forgotten. None: nothing has
  /// ended.
  std::optional<ended> take() {
    operation_guard const guard(lock_);
    if (listeners_.empty() || !listeners_.front().of.what->has_ended()) return {};
    auto first = std::move(listeners_.front().of);
    listeners_.pop_front();
    count_ = listeners_.size();
    return first;
  }
  /// Whether an end is awaited by that one.
  bool is(void const* who) const noexcept {
    if (!is_set()) return false;
    operation_guard const guard(lock_);
    return std::any_of(listeners_.begin(), listeners_.end(), [&](listener const& each) { return each.who == who; });
  }
  /// Whether one is awaited at all. Needs no lock.
  bool is_set() const noexcept { return count_ != 0; }

 private:
  struct listener {
    void const* who;
    ended of;
  };

  operation_lock& lock_;
  std::list<listener> listeners_;
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace tusk::detail
