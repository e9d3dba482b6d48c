// Counts the forks that have led to this process, so that what belongs to the parent can be told apart in a child.
#pragma once

#include <pthread.h>

#include <atomic>

namespace tusk::detail {

inline std::atomic<unsigned>& process_generation() noexcept {
  static std::atomic<unsigned> generation{0};
  return generation;
}

/// From the first call on forks are counted. Gives the number of this process.
inline unsigned watch_forks() noexcept {
  static int const registered = ::pthread_atfork(nullptr, nullptr, [] { ++process_generation(); });
  (void)registered;  // it fails only without memory; then a child is not noticed here, but by its connections
  return process_generation();
}

/// Whether a fork stands between that process and this one.
inline bool is_child_of(unsigned generation) noexcept {
  return process_generation().load(std::memory_order_relaxed) != generation;
}

}  // namespace tusk::detail
