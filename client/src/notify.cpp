#include <tusk/notify.hpp>

#include <list>
#include <mutex>
#include <utility>

namespace tusk {

struct notification_queue::shared {
  explicit shared(std::size_t limit) : capacity(limit) {}
  std::mutex mutable lock;
  std::list<notify> waiting;  // takes no memory while it is empty, as in most connections it always is
  std::size_t capacity;
  std::uint64_t dropped = 0;
};

notification_queue::notification_queue(std::size_t capacity) : shared_(std::make_shared<shared>(capacity)) {}

std::optional<notify> notification_queue::pop() {
  std::lock_guard const guard(shared_->lock);
  if (shared_->waiting.empty()) return {};
  std::optional<notify> oldest(std::move(shared_->waiting.front()));
  shared_->waiting.pop_front();
  return oldest;
}

void notification_queue::push(notify arrived) {
  std::lock_guard const guard(shared_->lock);
  shared_->waiting.push_back(std::move(arrived));
  if (shared_->waiting.size() > shared_->capacity) {
    shared_->waiting.pop_front();
    ++shared_->dropped;
  }
}

std::size_t notification_queue::size() const {
  std::lock_guard const guard(shared_->lock);
  return shared_->waiting.size();
}

std::uint64_t notification_queue::dropped() const {
  std::lock_guard const guard(shared_->lock);
  return shared_->dropped;
}

}  // namespace tusk
