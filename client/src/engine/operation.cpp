#include "engine/operation.hpp"

#include "engine/last_words.hpp"

namespace tusk::detail {

void operation::end(std::exception_ptr error) noexcept {
  if (ended_) return;
  ended_ = true;
  error_ = error_ ? with_earlier(std::move(error), error_) : std::move(error);
}

}  // namespace tusk::detail
