// The operation that was started last, once it has ended: what it gave, and its error, which is thrown once.
#pragma once

#include <memory>
#include <utility>

#include "engine/operation_queue.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// One thread at a time.
class last_operation {
 public:
  explicit last_operation(operation_queue& queue) noexcept : queue_(queue) {}

  /// Null: there is none, or it is under way.
  sql_operation* peek() noexcept {
    while (auto ended = queue_.next_ended()) {
      last_ = std::move(ended);
      is_told_ = false;
    }
    return static_cast<sql_operation*>(last_.get());  // no others are started
  }
  /// The same; throws its error, the first time.
  sql_operation* get() {
    auto* const ended = peek();
    if (ended != nullptr && !std::exchange(is_told_, true)) ended->rethrow();
    return ended;
  }
  void drop() noexcept { last_.reset(); }

 private:
  operation_queue& queue_;
  std::shared_ptr<operation> last_;
  bool is_told_ = true;
};

}  // namespace tusk::detail
