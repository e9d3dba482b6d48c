// What a session has sent and the server has not answered yet, in order. Requests have numbers: the first one that is
// sent is number 1, and no number is used twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace tusk::protocol {

/// What was sent; everything before `unit` is one message, and is skipped after an error.
enum class request_kind : std::uint8_t {
  query,
  parse,
  parse_once,  ///< the Parse of a run_once(): its Bind, Describe and Execute follow
  bind,
  describe_statement,
  describe_portal,
  execute,
  execute_some,  ///< with a limit on rows
  execute_copy_in,
  execute_copy_out,
  close,
  unit,  ///< Bind, Execute and Sync
  sync,
  spare_sync  ///< sent by the session itself, has no number, and is answered or not: see session::refuse_copy_in()
};

/// A request that waits for its answer.
struct queued_request {
  request_kind kind;
  bool columns_known = false;
  std::uint16_t columns = 0;
};

/// See the top of this file. Not thread-safe; movable.
class request_queue {
 public:
  request_queue() = default;
  request_queue(request_queue&& other) noexcept { swap(other); }
  request_queue& operator=(request_queue&& other) noexcept {
    request_queue(std::move(other)).swap(*this);
    return *this;
  }

  bool empty() const noexcept { return front_ == end_; }
  /// Whether one request alone is awaited.
  bool has_one() const noexcept { return front_ + 1 == end_; }
  /// The request that is answered next; there must be one.
  queued_request const& front() const noexcept { return sent_[front_]; }
  /// Whether a request of that kind stands behind the front one.
  bool goes_on_with(request_kind what) const noexcept { return end_ - front_ > 1 && sent_[front_ + 1].kind == what; }

  /// Whether a Sync, or that of a unit, stands before the last COPY FROM STDIN in it: an error before that does not
  /// skip the COPY.
  bool syncs_before_copy_in() const noexcept;

  /// How many requests were answered or skipped: the number of the last of them.
  std::uint64_t finished() const noexcept { return finished_; }
  /// The number of the request that was sent last; 0 if there was none.
  std::uint64_t last() const noexcept { return finished_ + (end_ - front_) - spare_; }
  /// The number of the front request; 0 if there is none, or it has none.
  std::uint64_t front_number() const noexcept {
    return empty() || front().kind == request_kind::spare_sync ? 0 : finished_ + 1;
  }

  /// Makes room for more requests, so that push() cannot fail. Throws std::bad_alloc.
  void make_room(std::size_t count = 1) {
    if (capacity_ - end_ < count) [[unlikely]]
      grow(count);
  }
  /// Appends a request; there must be room.
  void push(queued_request what) noexcept { sent_[end_++] = what; }
  /// Appends a spare Sync for each one of the queue, and says how many those are. Throws std::bad_alloc.
  std::size_t repeat_syncs();
  /// The front request was answered to its end, or skipped.
  void pop() noexcept {
    if (front().kind != request_kind::spare_sync) [[likely]]
      ++finished_;
    else
      --spare_;
    if (++front_ == end_) front_ = end_ = 0;
  }
  /// The same for a request that has_one() told of and that is not a spare one.
  void pop_only() noexcept {
    ++finished_;
    front_ = end_ = 0;
  }

  bool is_large() const noexcept { return capacity_ > small; }
  /// Gives memory back if it is large; the queue must be empty.
  void shrink() noexcept {
    if (is_large()) release();
  }
  /// Gives all memory back: what was sent will not be answered. The numbers go on.
  void release() noexcept;

 private:
  static constexpr std::size_t small = 64;
  void grow(std::size_t more);
  void swap(request_queue& other) noexcept;

  std::unique_ptr<queued_request[]> sent_;
  std::size_t capacity_ = 0, front_ = 0, end_ = 0;
  std::size_t spare_ = 0;  // how many of kind spare_sync are in the queue
  std::uint64_t finished_ = 0;
};

}  // namespace tusk::protocol
