// For the tests of pools.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <tusk/pool.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {

inline std::int32_t pid_of(connection& conn) { return conn.info().backend_pid; }
inline std::int32_t pid_of(lease& of) { return pid_of(*of); }

/// What a pool has told.
class told_events {
 public:
  std::function<void(pool_event const&)> hook() {
    return [this](pool_event const& event) {
      std::lock_guard const guard(lock_);
      events_.push_back(event);
    };
  }
  std::size_t count(pool_event::kind what) const {
    std::lock_guard const guard(lock_);
    std::size_t found = 0;
    for (auto const& each : events_) found += each.what == what;
    return found;
  }
  std::vector<pool_event> all() const {
    std::lock_guard const guard(lock_);
    return events_;
  }

 private:
  mutable std::mutex lock_;
  std::vector<pool_event> events_;
};

/// Waits until it is so, for some seconds at most; whether it is.
template <class Condition>
bool comes_true(Condition const& condition) {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tusk::test
