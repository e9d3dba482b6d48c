#include "engine/limit.hpp"

#include <algorithm>

namespace tusk::client {

bool limit::is_over() {
  if (!end_ && how_.is_over()) {
    request_at_ = clock::now();
    end_ = request_at_ + grace;
  }
  return end_.has_value();
}

deadline limit::until() const {
  if (end_) return std::min(request_at_, *end_);
  return how_.token().stop_requested() ? clock::now() : how_.until();
}

}  // namespace tusk::client
