// Names into addresses, without making the caller wait.
//
// getaddrinfo can only be waited for, so it runs on a helper thread that is left to itself: it owns nothing but shared
// heap state and the end of an eventfd, and has all signals blocked. Literal addresses are resolved on the spot and
// start no thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/socket.hpp"

namespace tusk::client {

/// One look-up. One thread at a time; may be destroyed at any time, whatever the helper thread does.
class resolver {
 public:
  /// Begins to look up. That the system has no thread or descriptor left for it is an outcome as any other.
  void start(std::string const& host, std::uint16_t port);

  /// Whether the look-up has ended.
  bool done() const noexcept;
  /// Becomes readable when the look-up ends; -1 if it had ended at once.
  int descriptor() const noexcept;

  /// The addresses, in the system's order of preference; empty if there are none, then `error()` says why.
  std::vector<endpoint> const& addresses() const noexcept;
  std::string const& error() const noexcept;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace tusk::client
