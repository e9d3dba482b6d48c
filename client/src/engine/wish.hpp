// What to wait for: the one answer of a step, which everybody who waits reads.
#pragma once

#include "net/socket.hpp"

namespace tusk::client {

/// Wait until the descriptor is readable (`read`), writable (`write`), or the time has come; then step again.
struct wish {
  int descriptor = -1;
  bool read = false, write = false;
  deadline until;  ///< nothing: for ever

  /// Whether nothing is under way.
  bool is_none() const noexcept { return !read && !write; }
};

}  // namespace tusk::client
