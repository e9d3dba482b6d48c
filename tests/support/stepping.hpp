// An event loop of one connection: polls it, waits on its descriptor as it asks, and remembers what it saw.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <tusk/connection.hpp>
#include <vector>

namespace tusk::test {

/// What a loop saw of a connection.
struct steps {
  int polls = 0;
  std::vector<int> descriptors;                   ///< each one that differed from the one before
  std::chrono::steady_clock::duration longest{};  ///< the longest poll()
  bool timed = false;                             ///< a timeout() was set at some time
};

/// Waits for what poll() asked for. Throws if that takes half a minute: nothing here does.
inline void wait_once(connection const& conn, poll_status wanted) {
  short const read = wanted == poll_status::write ? 0 : POLLIN, write = wanted == poll_status::read ? 0 : POLLOUT;
  pollfd waiting{conn.fileno(), static_cast<short>(read | write), 0};
  auto const limit = conn.timeout().value_or(std::chrono::seconds(30));
  int const ready = ::poll(&waiting, 1, static_cast<int>(limit.count()));
  if (ready == 0 && !conn.timeout()) throw std::runtime_error("the descriptor was silent for 30 s");
}

/// Polls once and notes what there is to note.
inline poll_status step(connection& conn, steps& seen) {
  auto const begin = std::chrono::steady_clock::now();
  poll_status const wanted = conn.poll();
  seen.longest = std::max(seen.longest, std::chrono::steady_clock::now() - begin);
  ++seen.polls;
  if (seen.descriptors.empty() || seen.descriptors.back() != conn.fileno()) seen.descriptors.push_back(conn.fileno());
  seen.timed |= conn.timeout().has_value();
  return wanted;
}

/// Steps until poll() says ok, or throws.
inline steps finish(connection& conn) {
  steps seen;
  for (;;) {
    poll_status const wanted = step(conn, seen);
    if (wanted == poll_status::ok) return seen;
    wait_once(conn, wanted);
  }
}

}  // namespace tusk::test
