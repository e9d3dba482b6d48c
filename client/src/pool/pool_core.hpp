// The rules of a pool, without connections, threads or a clock: who gets which connection, and when one is made or
// thrown away. tusk::pool and tusk::aio::pool step it; a test plays it from a seed.
//
//   acquire(ticket) ─► given     an idle connection: the one that was used last
//                  ─► connect    there is room for one more: whoever holds the ticket makes it, outside of any lock
//                  ─► waiting    in the queue, in order of arrival; settled() tells later which of the others it is
//                  ─► full, closed
//
//   a slot, of which there are `maximum`:
//
//     free ─► connecting ─► leased ◄────► idle          connected(); acquire(), release()
//      ▲          │           │            │
//      └──────────┴───────────┴────────────┘            failed(); discard(); take_stale() and discard()
//
// * A connection that comes back goes to the first who waits. So while somebody waits none is idle, and nobody
//   overtakes: who comes later queues, and one whose connect failed gets its old place.
// * After a failed connect nothing is tried until a pause is over, then one at a time, until one succeeds. The first
//   who waits does it: so it has to be woken at wakes_at(), to call step().
// * Nothing here throws but for want of memory, and that in acquire() and take_missing() alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tusk/pool_options.hpp>
#include <tusk/pool_ticket.hpp>
#include <vector>

namespace tusk::detail {

/// See the top of this file. One thread at a time: the pool's lock sees to it.
class pool_core {
 public:
  using time = std::chrono::steady_clock::time_point;
  using slot = std::uint32_t;

  using answer = pool_answer;
  using ticket = pool_ticket;

  /// `seed`: of the jitter. Throws programming_error if the options are no sensible ones.
  pool_core(pool_options const& options, std::uint64_t seed);

  // ---- those who want one ----

  /// Also for a ticket that had to connect in vain, or whose connection is of no use: it has its old place.
  answer acquire(ticket& who, time now);
  /// It waits no more; another one may be the first now. Does nothing if it does not wait.
  void leave(ticket& who) noexcept;
  /// The next who waited and has an answer; null: there is none. Each comes once.
  ticket* settled() noexcept;
  /// The first who waits, or null.
  ticket* first() const noexcept { return first_; }
  /// When step() has something to do for them; nothing: never, by itself.
  std::optional<time> wakes_at() const noexcept;
  /// Has the first connect, once the pause is over.
  void step(time now) noexcept { serve(now); }

  // ---- connections ----

  /// It is leased now.
  void connected(slot which, time now) noexcept;
  void failed(slot which, time now) noexcept;
  /// Connecting was given up, which says nothing about the server.
  void abandoned(slot which, time now) noexcept;
  void release(slot which, time now) noexcept;
  /// Of one that is leased: it is gone.
  void discard(slot which, discard_reason why, time now) noexcept;
  /// Whether it is as old as it may become.
  bool is_expired(slot which, time now) const noexcept { return now >= slots_[which].expires; }
  /// How long it was idle, before it was leased.
  std::chrono::nanoseconds idle_before(slot which, time now) const noexcept { return now - slots_[which].idle_since; }
  /// The one that acquire() would give now to whoever comes; nothing: it would give none at once.
  std::optional<slot> at_hand() const noexcept {
    if (closed_ || first_ != nullptr || idle_.empty()) return {};
    return idle_.back();
  }

  // ---- housekeeping ----

  struct stale {
    pool_core::slot slot;
    discard_reason why;
  };
  /// An idle connection that is to be thrown away: it is leased now, to be discarded.
  std::optional<stale> take_stale(time now) noexcept;
  /// Whether the one that was not used for longest is.
  bool has_stale(time now) const noexcept;
  /// A slot for a connection that is to be made because there are fewer than the minimum.
  std::optional<slot> take_missing(time now);
  /// When one of these may have something to give.
  std::optional<time> maintains_at() const noexcept;

  /// Those who wait get `closed`; every idle connection is stale.
  void close() noexcept;
  bool is_closed() const noexcept { return closed_; }

  // ---- what there is ----

  std::size_t idle() const noexcept { return idle_.size(); }
  std::size_t leased() const noexcept { return leased_; }
  std::size_t connecting() const noexcept { return connecting_; }
  std::size_t waiting() const noexcept { return waiting_; }
  std::size_t total() const noexcept { return idle_.size() + leased_ + connecting_; }
  /// The numbers above are filled in where it is read.
  pool_statistics statistics() const noexcept;
  pool_statistics& counters() noexcept { return counters_; }
  /// Counts one that was given out, that long after it was asked for.
  void count_acquired(std::chrono::nanoseconds after) noexcept;

 private:
  enum class state : std::uint8_t { free, connecting, leased, idle };
  struct entry {
    detail::pool_core::state state = detail::pool_core::state::free;
    time expires{}, idle_since{};
  };

  bool may_connect(time now) const noexcept;
  slot begin_connecting();
  void put_in_queue(ticket& who) noexcept;
  void take_from_queue(ticket& who) noexcept;
  void settle(ticket& who, pool_core::answer how) noexcept;
  void serve(time now) noexcept;
  void free(slot which) noexcept;
  bool is_idle_too_long(slot which, time now) const noexcept;
  std::chrono::nanoseconds random_part(std::chrono::nanoseconds of) noexcept;

  // The options that matter here.
  std::size_t const minimum_, maximum_, max_waiting_;
  std::chrono::milliseconds const idle_time_, lifetime_, lifetime_jitter_, first_pause_, longest_pause_;

  std::vector<entry> slots_;
  std::vector<slot> idle_;  // the one that was used last is the last; has room for all slots, as has the next
  std::vector<slot> free_;
  std::size_t leased_ = 0, connecting_ = 0, waiting_ = 0;
  ticket *first_ = nullptr, *last_ = nullptr;      // those who wait
  ticket *told_ = nullptr, *last_told_ = nullptr;  // those who have waited
  std::uint64_t numbers_ = 0;
  std::chrono::nanoseconds pause_{};  // after the last failure; none: there was none since the last success
  time retry_at_{};
  std::uint64_t random_;
  bool closed_ = false;
  pool_statistics counters_;
};

}  // namespace tusk::detail
