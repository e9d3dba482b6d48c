// The limit of an operation: when it is over, and when to give up.
//
//   running ─► over: a cancel request, and another one `again` after each that did not help ─► end(): `grace` later
//
// One request may not be enough: a server that has not read the statement yet ignores it, and so does a statement that
// catches the cancelling.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <tusk/within.hpp>

#include "engine/waker.hpp"
#include "net/socket.hpp"

namespace tusk::client {

inline constexpr char unsent_text[] = "the statement was not sent: its limit was over before";

/// One thread at a time. It stays where it was made.
class limit {
 public:
  static constexpr std::chrono::seconds grace{5};
  static constexpr std::chrono::milliseconds again{200};

  explicit limit(within const& how) : how_(how) {}
  limit(limit const&) = delete;
  limit& operator=(limit const&) = delete;

  bool has_token() const noexcept { return how_.token().stop_possible(); }
  /// Has a stop that is requested wake whoever waits on it, which has to outlive this.
  void wakes(waker& who) {
    if (has_token()) on_stop_.emplace(how_.token(), wake{&who});
  }
  /// Whether it is over; the grace begins with the first call that says so.
  bool is_over();
  /// Whether it is time for a cancel request.
  bool is_due() const { return clock::now() >= request_at_; }
  /// Puts off the next request.
  void put_off() { request_at_ = clock::now() + again; }
  /// When the operation is given up; known once it is over.
  deadline end() const noexcept { return end_; }
  bool is_spent() const { return end_ && clock::now() >= *end_; }
  /// When to look again, whatever the descriptor says.
  deadline until() const;

  /// Why the last cancel request failed; empty if none did.
  std::string reason;

 private:
  struct wake {
    waker* who;
    void operator()() const noexcept { who->wake(); }
  };

  within how_;
  deadline end_;
  clock::time_point request_at_;
  std::optional<std::stop_callback<wake>> on_stop_;
};

}  // namespace tusk::client
