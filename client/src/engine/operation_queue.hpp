// The operations under way, in the order in which the server answers them.
//
//   push() ─► feed(): requests into the session's output, as far as may stand there ─► front() takes events ─►
//   end_front()
//
// Nothing is fed behind a barrier before that has ended.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "engine/limit.hpp"
#include "engine/operation.hpp"

namespace tusk::detail {

/// One thread at a time.
class operation_queue {
 public:
  /// An operation has to live until it has ended; `kept`, which may be null, sees to that, and last_ended() gives it
  /// back.
  void push(operation& what, std::unique_ptr<client::limit>&& limit, std::shared_ptr<operation>&& kept) {
    if (limit) ++limits_;
    entries_.emplace_back(&what, std::move(limit), std::move(kept));
  }
  /// The same without a limit, where there is no other; its requests are in the output already.
  void push_fed(operation& what, std::shared_ptr<operation>&& kept) {
    entries_.emplace_back(&what, nullptr, std::move(kept));
    fed_ = 1;
  }
  /// Whether there is something to feed now.
  bool feeds() const noexcept {
    return fed_ < entries_.size() && (fed_ == 0 || !entries_[fed_ - 1].what->is_barrier());
  }
  /// Hands the session as much as may stand in its output. Throws what operation::feed() throws.
  void feed() {
    while (feeds()) {
      switch (entries_[fed_].what->feed()) {
        case fed::whole: ++fed_, in_part_ = false; break;
        case fed::part: in_part_ = true; return;
        case fed::nothing: remove(fed_), in_part_ = false; break;
      }
    }
  }

  bool empty() const noexcept { return entries_.empty(); }
  operation& front() const noexcept { return *entries_.front().what; }
  /// Whether all of the one in front was handed to the session.
  bool is_front_whole() const noexcept { return fed_ != 0; }
  /// Whether something of the one in front was handed to the session; and whether that is not all of it.
  bool is_front_begun() const noexcept { return begun() != 0; }
  bool is_front_in_part() const noexcept { return fed_ == 0 && in_part_; }
  /// Of the one in front; null: none.
  client::limit* limit() const noexcept { return entries_.empty() ? nullptr : entries_.front().limit.get(); }
  bool has_limits() const noexcept { return limits_ != 0; }
  /// Whether there is one alone, and all of it was handed to the session.
  bool is_one_whole() const noexcept { return entries_.size() == 1 && fed_ == 1; }
  /// Gives the one in front a limit that is over.
  void interrupt();
  /// The one in front has ended.
  void end_front() {
    remove(0);
    if (fed_ != 0) [[likely]]
      --fed_;
    else
      in_part_ = false;
  }
  /// Those that were not fed and whose limit is over leave, with query_canceled, unless that closes the connection.
  void end_unsent();
  /// All end, with that error.
  void end_all(std::exception_ptr const& error) noexcept;
  /// The earliest time at which a limit has to be looked at.
  client::deadline until() const;
  /// The limit because of which the connection is given up; null: none.
  client::limit const* spent();

  /// Of the kept ones the one that has ended last, until drop_ended(); null: there is none.
  operation* last_ended() const noexcept { return last_ended_.get(); }
  void drop_ended() noexcept {
    if (last_ended_) last_ended_.reset();
  }

 private:
  struct entry {
    operation* what;
    std::unique_ptr<client::limit> limit;
    std::shared_ptr<operation> kept;
  };
  /// So many of them are in the output, or were sent.
  std::size_t begun() const noexcept { return fed_ + (in_part_ ? 1 : 0); }
  /// One that has ended.
  void remove(std::size_t index) {
    if (entries_[index].limit) --limits_;
    if (entries_[index].kept) keep(std::move(entries_[index].kept));
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  void keep(std::shared_ptr<operation>&& ended) noexcept {
    ended->settle();
    last_ended_ = std::move(ended);
  }

  std::vector<entry> entries_;
  std::size_t limits_ = 0;  // how many of them have one
  std::size_t fed_ = 0;     // so many of them were handed to the session whole
  bool in_part_ = false;    // and the next one in part
  std::shared_ptr<operation> last_ended_;
};

}  // namespace tusk::detail
