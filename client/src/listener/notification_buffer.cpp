#include "listener/notification_buffer.hpp"

#include <algorithm>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::detail {

notification_buffer::notification_buffer(std::string_view channel, std::size_t capacity, std::size_t max_bytes)
    : channel_(channel), capacity_(capacity), max_bytes_(max_bytes) {
  if (capacity_ == 0)
    throw programming_error(
        "subscription_options::capacity is 0: nothing would ever be given; it is how many may wait");
  // The server takes payloads of less than 8000 bytes.
  constexpr std::size_t least = 16'384;
  if (max_bytes_ < least)
    throw programming_error("subscription_options::max_bytes is " + std::to_string(max_bytes_) + ", but has to be " +
                            std::to_string(least) + " at least, so that every notification has room");
}

bool notification_buffer::has_room(std::size_t size) noexcept {
  if (is_full_ && (count_ > capacity_ / 2 || bytes_ > max_bytes_ / 2)) return false;
  is_full_ = count_ >= capacity_ || size > max_bytes_ - bytes_;
  return !is_full_;
}

bool notification_buffer::push(std::int32_t pid, std::string_view payload) noexcept {
  if (has_room(size_of(payload))) try {
      add(pid, payload);
      return true;
    } catch (...) {
      // Without memory it is dropped.
    }
  if (!behind_) behind_.emplace(gap{gap_reason::slow});
  ++behind_->dropped;
  ++dropped_;
  return false;
}

void notification_buffer::add(std::int32_t pid, std::string_view payload) {
  if (count_ == ring_.size()) grow();
  entry& to = ring_[(first_ + count_) & (ring_.size() - 1)];
  to.pid = pid;
  to.payload = payload;
  if (behind_) to.before = std::make_unique<gap>(std::move(*behind_));
  behind_.reset();
  ++count_;
  bytes_ += size_of(payload);
}

void notification_buffer::push_gap(gap_reason why, std::string_view cause) noexcept {
  if (!behind_) behind_.emplace(gap{why});
  behind_->why = why;
  try {
    behind_->cause = cause;
  } catch (...) {
    behind_->cause.clear();
  }
}

std::optional<notification_or_gap> notification_buffer::pop() {
  if (count_ == 0) {
    if (!behind_) return {};
    gap one = std::move(*behind_);
    behind_.reset();
    return given(std::move(one));
  }
  entry& next = ring_[first_];
  if (next.before) {
    auto const one = std::move(next.before);
    return given(std::move(*one));
  }
  bytes_ -= size_of(next.payload);
  notify one{next.pid, channel_, std::move(next.payload)};
  next.payload.clear();
  first_ = (first_ + 1) & (ring_.size() - 1);
  --count_;
  last_pid_ = one.pid;
  if (!last_payload_) last_payload_.emplace();
  *last_payload_ = one.payload;
  return one;
}

notification_or_gap notification_buffer::given(gap&& from) const {
  notification_gap told{.why = from.why, .channel = channel_, .dropped = from.dropped, .cause = std::move(from.cause)};
  if (last_payload_) told.last = notify{last_pid_, channel_, *last_payload_};
  return told;
}

void notification_buffer::clear() noexcept {
  std::vector<entry>().swap(ring_);
  first_ = count_ = bytes_ = 0;
  behind_.reset();
}

void notification_buffer::grow() {
  std::vector<entry> larger(std::max<std::size_t>(2 * ring_.size(), 8));
  for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(ring_[(first_ + i) & (ring_.size() - 1)]);
  ring_ = std::move(larger);
  first_ = 0;
}

}  // namespace tusk::detail
