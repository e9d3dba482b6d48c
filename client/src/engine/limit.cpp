#include "engine/limit.hpp"

namespace tusk::client {

bool limit::is_over() {
  if (!end_ && how_.is_over()) {
    end_ = clock::now();
    if (cancels()) *end_ += grace;
  }
  return end_.has_value();
}

deadline limit::until() const {
  if (end_) return end_;
  return how_.token().stop_requested() ? clock::now() : how_.until();
}

}  // namespace tusk::client
