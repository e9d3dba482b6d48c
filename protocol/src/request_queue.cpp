#include <algorithm>
#include <tusk/protocol/request_queue.hpp>

namespace tusk::protocol {

/// What is done goes first: a pipeline that never runs dry must not grow for ever.
void request_queue::grow(std::size_t more) {
  std::size_t const held = end_ - front_;
  std::size_t const wanted = capacity_ / 2 < held + more ? 2 * (held + more) : capacity_;
  if (wanted == capacity_) {
    std::copy(&sent_[front_], &sent_[end_], &sent_[0]);
  } else {
    auto larger = std::make_unique_for_overwrite<queued_request[]>(wanted);
    if (held != 0) std::copy_n(&sent_[front_], held, larger.get());
    sent_ = std::move(larger);
    capacity_ = wanted;
  }
  front_ = 0;
  end_ = held;
}

std::size_t request_queue::repeat_syncs() {
  auto const ends_unit = [](queued_request const& each) {
    return each.kind == request_kind::sync || each.kind == request_kind::unit;
  };
  auto const syncs = static_cast<std::size_t>(std::count_if(sent_.get() + front_, sent_.get() + end_, ends_unit));
  if (capacity_ - end_ < syncs) grow(syncs);
  std::fill_n(sent_.get() + end_, syncs, queued_request{request_kind::spare_sync});
  end_ += syncs;
  spare_ += syncs;
  return syncs;
}

bool request_queue::syncs_before_copy_in() const noexcept {
  std::size_t last = end_;
  while (last != front_ && sent_[last - 1].kind != request_kind::execute_copy_in) --last;
  return std::any_of(sent_.get() + front_, sent_.get() + last,
                     [](queued_request const& each) { return each.kind >= request_kind::unit; });
}

void request_queue::release() noexcept {
  finished_ = last();
  sent_.reset();
  capacity_ = front_ = end_ = spare_ = 0;
}

void request_queue::swap(request_queue& other) noexcept {
  std::swap(sent_, other.sent_);
  std::swap(capacity_, other.capacity_);
  std::swap(front_, other.front_);
  std::swap(end_, other.end_);
  std::swap(spare_, other.spare_);
  std::swap(finished_, other.finished_);
}

}  // namespace tusk::protocol
