// A limit of one operation: a time, a stop token, or both.
//
//   conn.query(tusk::within(5s), "SELECT slow()");
//   conn.exec(token, "SELECT slow()");               // a std::stop_token alone
//
//   under way ─► over: the statement is cancelled at the server ─► ended: query_canceled, or its result
//                                                               └► not ended 5 s later: closed, operational_error
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>

namespace tusk {

/// See the top of this file. Give it as the first argument of an operation.
///
/// The time runs from here on, not from the operation's start: one object limits several operations together. An
/// operation that begins when it is over throws query_canceled and sends nothing. Waiting for another thread's
/// operation on the same connection counts, but is not cut short. When it is over the statement is cancelled (see
/// connection::cancel; again if need be), and no later statement is hit. The connection stays usable, but where the
/// network keeps the end of a cancel request from being known: then the operation ends up to a second later, and the
/// connection is closed. An operation that the server cannot or will not cancel closes the connection 5 seconds later,
/// with operational_error. rollback(), reset() and ping() are no statements to cancel: their limit closes the
/// connection when it is over.
///
/// It holds however the operation is waited for: timeout() includes the time, fileno() becomes readable when a stop is
/// requested, and poll() does what is to be done. A value; immutable.
class within {
 public:
  using clock = std::chrono::steady_clock;

  /// Over after that time, at once if it is zero or less, or when `token` is asked to stop.
  template <class Rep, class Period>
  explicit within(std::chrono::duration<Rep, Period> time, std::stop_token token = {})
      : until_(clock::now() + bounded(time)), token_(std::move(token)) {}
  /// Over when the token is asked to stop, from any thread.
  within(std::stop_token token) noexcept : token_(std::move(token)) {}

  bool is_over() const noexcept { return token_.stop_requested() || (until_ && clock::now() >= *until_); }
  std::optional<clock::time_point> const& until() const noexcept { return until_; }
  std::stop_token const& token() const noexcept { return token_; }

 private:
  /// The clock's end is not to be passed.
  template <class Rep, class Period>
  static clock::duration bounded(std::chrono::duration<Rep, Period> time) {
    constexpr std::chrono::hours longest(24 * 365);
    std::chrono::duration<double> const seconds(time);
    if (seconds <= seconds.zero()) return {};
    return seconds < longest ? std::chrono::duration_cast<clock::duration>(time) : longest;
  }

  std::optional<clock::time_point> until_;
  std::stop_token token_;
};

}  // namespace tusk
