#include "engine/ended_operations.hpp"

#include <new>
#include <utility>

namespace tusk::detail {

/// Without memory the error is lost, and its operation with it.
void ended_operations::replace_last() noexcept {
  try {
    if (last_->has_untold_error()) untold_.push_back(std::move(last_));
  } catch (std::bad_alloc const&) {
    return;
  }
}

void ended_operations::rethrow() {
  obstacles_.set(obstacles::untold, false);
  std::shared_ptr<operation> first;
  if (!untold_.empty()) {
    first = std::move(untold_.front());
    untold_.erase(untold_.begin());
  } else {
    first = std::move(last_);  // what has failed gives nothing else
  }
  if (!untold_.empty() || (last_ && last_->has_untold_error())) obstacles_.set(obstacles::untold, true);
  if (first) first->rethrow();
}

}  // namespace tusk::detail
