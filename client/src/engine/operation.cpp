#include "engine/operation.hpp"

#include "engine/last_words.hpp"

namespace tusk::detail {

void operation::end(std::exception_ptr error) noexcept {
  if (has_ended()) return;
  error_ = error_ ? with_earlier(std::move(error), error_) : std::move(error);
  lost();
  end();
}

}  // namespace tusk::detail
