// The limit of the operation under way: when it is over, what wakes the one who waits, and when to give up.
//
//   running ─► over: a cancel request, and another one `again` after each that did not help ─► end(): `grace` later
//
// One request may not be enough: a server that has not read the statement yet ignores it, and so does a statement that
// catches the cancelling. With a stop token there is a descriptor that is readable when the socket is what the engine
// waits for, or when a stop was requested: an epoll instance over the socket and an eventfd.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tusk/within.hpp>

#include "net/socket.hpp"

namespace tusk::client {

/// One thread at a time. It stays where it was made.
class limit {
 public:
  static constexpr std::chrono::seconds grace{5};
  static constexpr std::chrono::milliseconds again{200};

  /// Throws operational_error if the system has no descriptors for it.
  explicit limit(within const& how);
  limit(limit const&) = delete;
  limit& operator=(limit const&) = delete;
  ~limit();

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

  /// What to wait on until it is over; -1: the socket itself.
  int descriptor() const noexcept { return end_ ? -1 : both_; }
  /// Makes the descriptor readable when the socket is, or also when it is writable. False: the system refuses.
  bool watch(int socket, bool write) noexcept;

  /// Why the last cancel request failed; empty if none did.
  std::string reason;

 private:
  struct wake {
    int event;
    void operator()() const noexcept;
  };

  void close() noexcept;

  within how_;
  int event_ = -1, both_ = -1;
  std::optional<std::stop_callback<wake>> on_stop_;
  bool watched_ = false;
  deadline end_;
  clock::time_point request_at_;
};

}  // namespace tusk::client
