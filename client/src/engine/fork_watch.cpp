#include "engine/fork_watch.hpp"

#include <pthread.h>

#include <mutex>

namespace tusk::detail {
namespace {

/// All that live. Never destroyed: connections may outlive it.
struct watches {
  std::mutex lock;
  fork_watch* first = nullptr;
};
watches& all() noexcept {
  alignas(watches) static std::byte place[sizeof(watches)];
  static auto& made = *new (place) watches;
  return made;
}

}  // namespace

fork_watch::fork_watch(operation_lock& lock, std::atomic<unsigned>& flags, unsigned mark) noexcept
    : lock_(lock), flags_(flags), mark_(mark) {
  // The list is held while the process forks, so that the child finds it whole.
  static int const registered =
      ::pthread_atfork([] { all().lock.lock(); }, [] { all().lock.unlock(); }, [] { mark_all(); });
  (void)registered;  // it fails only without memory; then a child is not told
  std::lock_guard const guard(all().lock);
  after_ = all().first;
  if (after_ != nullptr) after_->before_ = this;
  all().first = this;
}

fork_watch::~fork_watch() {
  std::lock_guard const guard(all().lock);
  (before_ != nullptr ? before_->after_ : all().first) = after_;
  if (after_ != nullptr) after_->before_ = before_;
}

/// In the child, whose only thread this is.
void fork_watch::mark_all() noexcept {
  for (auto* each = all().first; each != nullptr; each = each->after_) {
    each->flags_ |= each->mark_;
    each->lock_.free_in_child();
  }
  all().lock.unlock();
}

}  // namespace tusk::detail
