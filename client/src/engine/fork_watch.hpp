// Tells connections in a forked child that they are the parent's.
//
//   fork() ─► in the child, before fork() returns: each live connection's flag is set, and its lock is free
//
// So the check where operations begin is one that is made anyway (the word of what keeps an operation from beginning),
// and costs nothing; getpid() would be a system call each time.
#pragma once

#include <atomic>

#include "engine/operation_lock.hpp"

namespace tusk::detail {

/// For the time that it lives, a fork sets `mark` in `flags` in the child, and frees `lock` there unless the thread
/// that forks is in a handler: other threads that held it do not exist in the child.
class fork_watch {
 public:
  fork_watch(operation_lock& lock, std::atomic<unsigned>& flags, unsigned mark) noexcept;
  fork_watch(fork_watch const&) = delete;
  fork_watch& operator=(fork_watch const&) = delete;
  ~fork_watch();

 private:
  static void mark_all() noexcept;

  operation_lock& lock_;
  std::atomic<unsigned>& flags_;
  unsigned const mark_;
  fork_watch *before_ = nullptr, *after_ = nullptr;  // in the list of all that live
};

}  // namespace tusk::detail
