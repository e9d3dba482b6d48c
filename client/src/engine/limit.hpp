// The limit of an operation: when it is over, what is done about it, and when the connection is given up.
//
//   cancel    running ─► over: the operation is cancelled at the server ─► not ended `grace` later: closed
//   close     running ─► over: closed. For what is no statement that a cancel request could end, or should
#pragma once

#include <chrono>
#include <cstdint>
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
  enum remedy : std::uint8_t { cancel, close };

  explicit limit(within const& how, remedy when_over = cancel) : how_(how), when_over_(when_over) {}
  limit(limit const&) = delete;
  limit& operator=(limit const&) = delete;

  bool has_token() const noexcept { return how_.token().stop_possible(); }
  bool cancels() const noexcept { return when_over_ == cancel; }
  /// Has a stop that is requested wake whoever waits on it, which has to outlive this.
  void wakes(waker& who) {
    if (has_token()) on_stop_.emplace(how_.token(), wake{&who});
  }
  /// Whether it is over; the grace begins with the first call that says so.
  bool is_over();
  /// When the connection is given up; known once it is over.
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
  remedy when_over_;
  deadline end_;
  std::optional<std::stop_callback<wake>> on_stop_;
};

}  // namespace tusk::client
