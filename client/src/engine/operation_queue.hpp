// The operations under way, in the order in which the server answers them.
//
//   push() ─► feed(): requests into the session's output, as far as may stand there ─► front() takes events ─►
//   end_front()
//
// Nothing is fed behind a barrier before that has ended. Whatever happens, operations end in the order of the queue;
// but for those that were not fed, which a limit or a broken guard takes out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "engine/ended_operations.hpp"
#include "engine/limit.hpp"
#include "engine/operation.hpp"

namespace tusk::detail {

/// One of the queue.
struct queued_operation {
  operation* what;
  std::unique_ptr<client::limit> limit;
  std::shared_ptr<operation> kept;
  std::size_t size;  // while it waits to be fed
};

/// One thread at a time.
class operation_queue {
 public:
  /// So many bytes may wait to be sent before operations wait instead.
  static constexpr std::size_t watermark = std::size_t{64} << 10;

  /// `of`: see ended_operations.
  operation_queue(protocol::session const& into, obstacles& of) noexcept : into_(into), ended_(of) {}

  /// An operation has to live until it has ended; `kept`, which may be null, sees to that, and ended() has it then.
  /// `size`: of what it will send, about.
  void push(operation& what, std::unique_ptr<client::limit>&& limit, std::shared_ptr<operation>&& kept,
            std::size_t size = 0);
  /// The same without a limit, where there is no other; its requests are in the output already.
  void push_fed(operation& what, std::shared_ptr<operation>&& kept) {
    entries_.emplace_back(&what, nullptr, std::move(kept), std::size_t{0});
    fed_ = 1;
  }
  /// Whether there is something to feed now.
  bool feeds() const noexcept {
    std::size_t const next = first_ + fed_;
    if (next >= entries_.size() || stalled_) return false;
    return fed_ == 0 || (!entries_[next - 1].what->is_barrier() && !entries_[next].what->is_fed_in_front());
  }
  /// Hands the session as much as may stand in its output. Throws what operation::feed() throws.
  void feed() {
    while (feeds() && into_.output().size() < watermark)
      if (!feed_next()) return;
  }
  /// The one that was fed in part has more.
  void resume() noexcept { stalled_ = false; }
  /// The one in front, which was fed whole, sends another unit in place of that. False: it does not.
  bool feed_front_again();

  bool empty() const noexcept { return first_ == entries_.size(); }
  operation& front() const noexcept { return *entries_[first_].what; }
  /// Whether something waits to be fed; and how many bytes that will be, about.
  bool has_unfed() const noexcept { return first_ + fed_ < entries_.size(); }
  std::size_t waiting() const noexcept { return waiting_; }
  /// How much of the one in front was handed to the session; nothing, too, where there is none.
  fed front_fed() const noexcept { return fed_ != 0 ? fed::whole : in_part_ ? fed::part : fed::nothing; }
  /// Of the one in front; null: none.
  client::limit* limit() const noexcept { return empty() ? nullptr : entries_[first_].limit.get(); }
  bool has_limits() const noexcept { return limits_ != 0; }
  /// Whether there is one alone, and all of it was handed to the session.
  bool is_one_whole() const noexcept { return fed_ == 1 && entries_.size() - first_ == 1; }
  /// Gives one a limit that is over; if it was not fed it leaves with query_canceled.
  void interrupt(operation const& what);
  /// The one in front has ended.
  void end_front() {
    if (entries_.size() == 1) [[likely]] {  // mostly there is one, without a limit
      queued_operation& only = entries_.back();
      if (only.limit) [[unlikely]]
        --limits_;
      if (only.kept) ended_.keep(std::move(only.kept));
      entries_.pop_back();
      ++left_;
      fed_ = 0;
      in_part_ = stalled_ = false;
    } else {
      end_front_of_several();
    }
  }
  /// Those that were not fed and whose limit is over leave, with query_canceled, unless that closes the connection.
  void end_unsent();
  /// All that were not fed leave, with that error.
  void end_unfed(std::exception_ptr const& error) noexcept;
  /// All end, with that error.
  void end_all(std::exception_ptr const& error) noexcept;
  /// The earliest time at which a limit has to be looked at.
  client::deadline until() const;
  /// The limit because of which the connection is given up; null: none.
  client::limit const* spent();

  /// How many have left.
  std::uint64_t left() const noexcept { return left_; }
  /// Those that were kept.
  ended_operations& ended() noexcept { return ended_; }

 private:
  /// So many of them are in the output, or were sent.
  std::size_t begun() const noexcept { return fed_ + (in_part_ ? 1 : 0); }
  /// False: it is not to be called again before something was sent.
  bool feed_next();
  void remove_front();
  void end_front_of_several();
  void remove_unfed(std::size_t index);
  void leave(queued_operation& which);

  protocol::session const& into_;
  std::vector<queued_operation> entries_;  // from first_ on
  std::size_t first_ = 0;
  std::uint64_t left_ = 0;
  std::size_t limits_ = 0;   // how many of them have one
  std::size_t fed_ = 0;      // so many of them were handed to the session whole
  bool in_part_ = false;     // and the next one in part,
  bool stalled_ = false;     // which has no more for now
  std::size_t waiting_ = 0;  // bytes of those that were not
  ended_operations ended_;
};

}  // namespace tusk::detail
