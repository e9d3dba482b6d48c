// The operation that was started last, once it has ended: what it gave, and its error, which is thrown once.
#pragma once

#include "engine/operation_queue.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// One thread at a time.
class last_operation {
 public:
  explicit last_operation(operation_queue& queue) noexcept : queue_(queue) {}

  /// Null: there is none, or it is under way.
  sql_operation* peek() const noexcept {
    return static_cast<sql_operation*>(queue_.last_ended());  // no others are started
  }
  /// The same; throws its error, the first time.
  sql_operation* get() const {
    auto* const ended = peek();
    if (ended != nullptr) ended->rethrow();
    return ended;
  }
  /// Nothing is asked of it any more.
  void drop() noexcept { queue_.drop_ended(); }

 private:
  operation_queue& queue_;
};

}  // namespace tusk::detail
