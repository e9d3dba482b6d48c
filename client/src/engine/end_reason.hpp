// Why a connection has ended while nothing was under way that could have been told: the next call is.
#pragma once

#include <exception>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {

/// One thread at a time.
class end_reason {
 public:
  void set(std::exception_ptr why) noexcept { why_ = std::move(why); }
  /// Whether there is one that nobody was told.
  bool is_untold() const noexcept { return why_ != nullptr; }
  /// Throws it, the first time; then interface_error: the connection is closed.
  [[noreturn]] void rethrow() {
    if (why_) std::rethrow_exception(std::exchange(why_, nullptr));
    throw interface_error("connection already closed", true);
  }

 private:
  std::exception_ptr why_;
};

}  // namespace tusk::detail
