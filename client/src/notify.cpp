#include <tusk/notify.hpp>

#include <list>
#include <mutex>
#include <utility>

namespace tusk {

namespace {

/// About what it takes in memory.
std::size_t size_of(notify const& one) noexcept {
  return sizeof one + 2 * sizeof(void*) + one.channel.size() + one.payload.size();
}

}  // namespace

struct notification_queue::shared {
  explicit shared(std::size_t limit) : capacity(limit) {}
  notify take_oldest() {
    notify oldest(std::move(waiting.front()));
    waiting.pop_front();
    bytes -= size_of(oldest);
    return oldest;
  }

  std::mutex mutable lock;
  std::list<notify> waiting;  // takes no memory while it is empty, as in most connections it always is
  std::size_t capacity, bytes = 0;
  std::uint64_t dropped = 0;
};

notification_queue::notification_queue(std::size_t capacity) : shared_(std::make_shared<shared>(capacity)) {}

std::optional<notify> notification_queue::pop() {
  std::lock_guard const guard(shared_->lock);
  if (shared_->waiting.empty()) return {};
  return shared_->take_oldest();
}

void notification_queue::push(notify arrived) {
  std::lock_guard const guard(shared_->lock);
  std::size_t const size = size_of(arrived);
  if (size > max_bytes) {  // it alone; those that wait stay
    ++shared_->dropped;
    return;
  }
  shared_->waiting.push_back(std::move(arrived));
  shared_->bytes += size;
  for (; shared_->waiting.size() > shared_->capacity || shared_->bytes > max_bytes; ++shared_->dropped)
    shared_->take_oldest();
}

void notification_queue::lose() {
  std::lock_guard const guard(shared_->lock);
  ++shared_->dropped;
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
