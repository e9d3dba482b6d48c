// Cancelling the operation in front, because somebody asked for it or because its limit is over: the request goes over
// a connection of its own, and no statement that is sent later may be hit by it.
//
//   begin(), or a limit that is over ─► a request, stepped beside the operation ─► done: the server has it
//     ─► another one, after a pause that doubles, for as long as the operation does not end: a server that has not read
//        the statement yet ignores a request, and so does a statement that catches the cancelling
//   the operation has ended before that ─► not sent: dropped
//                                          sent: its fate is waited for, a second; then the connection cannot be used
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "conninfo/settings.hpp"
#include "engine/operation_queue.hpp"
#include "engine/session_context.hpp"
#include "engine/waiting.hpp"
#include "net/canceller.hpp"

namespace tusk::detail {

/// One thread at a time, but for make(), once the connection is open.
class cancelling {
 public:
  /// What it is given must outlive it.
  cancelling(client::settings const& how, client::route const& to, session_context& in, operation_queue& queue,
             waiting& waits)
      : how_(how), to_(to), in_(in), queue_(queue), waits_(waits) {}

  /// Asks the server to cancel the operation in front, until that has ended; each request is given up after `time`.
  /// Does nothing if it is asked already. Throws operational_error if the server gave no key, or the system no
  /// descriptors.
  void begin(std::chrono::milliseconds time);
  /// A request for somebody who steps it on a thread of his own.
  std::unique_ptr<client::canceller> make(client::deadline until) const;
  /// Whether a request is under way, or will be repeated.
  bool is_under_way() const noexcept { return request_ || asked_; }

  /// What is to be done now: a request begins that is due, and one that is under way makes a step. Throws
  /// operational_error if it failed and nobody will try again; the operation goes on.
  void step() {
    if (has_work()) [[unlikely]]
      step_slowly();
  }
  /// The operation in front has ended. What is under way is dropped, or its fate is waited for; see holds().
  void front_ended() noexcept {
    if (is_under_way() || again_ != client::clock::time_point()) [[unlikely]]
      front_ended_slowly();
  }
  /// Whether nothing is at the server any more, and nothing goes on before the fate of a request is known.
  bool holds() const noexcept { return request_ && queue_.front_fed() == fed::nothing; }
  /// Whether operations may be fed: a request must not hit one that is sent after it was asked for. The one that it is
  /// for may need to be fed to its end.
  bool may_feed() const noexcept {
    bool const may_hit = (has_work() && is_cancelling()) || in_.obstacles.any_of(obstacles::doubtful);
    return !may_hit || queue_.front_fed() == fed::part;
  }
  /// Whether the operation in front was to be cancelled, by whomever, or its limit is over: it must not run again.
  bool was_asked() const {
    client::limit* const limit = queue_.limit();
    return is_under_way() || again_ != client::clock::time_point() || in_.obstacles.any_of(obstacles::cancelled) ||
           (limit != nullptr && limit->is_over());
  }
  /// Whether the operation in front is to be cancelled.
  bool asks_front() const {
    client::limit* const limit = queue_.limit();
    return asked_ || (limit != nullptr && limit->cancels() && limit->is_over());
  }
  /// Whether there is a limit, or a request, that step() has to look at.
  bool has_work() const noexcept { return queue_.has_limits() || is_under_way(); }
  /// When to step again, because of a limit or a request; nothing: for ever.
  client::deadline until() const;
  /// What to watch beside the session's socket.
  void watch() const {
    if (waits_.has_several()) watch_slowly();
  }
  void drop() noexcept;
  /// In a forked child, where it is the parent's.
  void abandon() noexcept;

 private:
  static constexpr std::chrono::milliseconds first_pause{100}, longest_pause{1000};

  /// Whether the one in front is to be cancelled, or a request for one that has ended may still be on its way.
  bool is_cancelling() const noexcept {
    client::limit* const limit = queue_.limit();
    return is_under_way() || (limit != nullptr && limit->cancels() && limit->is_over());
  }
  void step_slowly();
  void front_ended_slowly() noexcept;
  void watch_slowly() const;
  void request(client::deadline until);
  void begin_if_due();
  /// A request that came before what it is to cancel would do nothing: all of that is sent first. But not of one that
  /// is fed in parts, of which a server that waits in its midst reads no more.
  bool may_go() const noexcept { return in_.session.output().empty() || queue_.front_fed() != fed::whole; }

  client::settings const& how_;
  client::route const& to_;
  session_context& in_;
  operation_queue& queue_;
  waiting& waits_;
  std::unique_ptr<client::canceller> request_;
  bool reads_ = false;                              // what it waits for
  bool is_for_front_ = false;                       // else the operation that it is for has ended
  std::optional<std::chrono::milliseconds> asked_;  // by begin(): the time of each request
  client::clock::time_point again_;                 // not before that another one begins
  std::chrono::milliseconds pause_ = first_pause;
  client::deadline held_until_;
};

}  // namespace tusk::detail
