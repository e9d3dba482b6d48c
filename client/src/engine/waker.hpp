// One descriptor for all that an operation waits for: its socket, a cancel request's, a stop token of another thread.
//
//   epoll ─┬─ the connection's socket       for as long as the connection lives, from the first stop token or cancel
//          ├─ the cancel request's socket
//          └─ eventfd ◄── wake(), from any thread
//
// An epoll instance is readable when any of these is ready; so whoever waits on it asks for nothing else.
#pragma once

#include <array>
#include <cstdint>

namespace tusk::client {

/// One thread at a time, but for wake(). It stays where it was made.
class waker {
 public:
  /// Throws operational_error if the system has no descriptors for it.
  waker();
  waker(waker const&) = delete;
  waker& operator=(waker const&) = delete;
  ~waker();

  int descriptor() const noexcept { return epoll_; }
  /// Makes the descriptor readable, until the next step. Any thread, also in a stop callback.
  void wake() const noexcept;
  void calm() const noexcept;

  /// Whose readiness counts.
  enum place : std::uint8_t { session, cancelling };
  /// Makes the descriptor readable when `watched` is readable, or when it is writable; -1: nothing. False: the system
  /// refuses; errno says why.
  bool watch(place where, int watched, bool read, bool write) noexcept;

  /// What is watched was closed, or may have been: the next watch() registers anew, even the same number.
  void forget(place where) noexcept { watched_[where] = {}; }

 private:
  struct registration {
    int descriptor = -1;
    std::uint32_t events = 0;
  };
  void close() noexcept;

  int event_ = -1, epoll_ = -1;
  std::array<registration, 2> watched_;
};

}  // namespace tusk::client
