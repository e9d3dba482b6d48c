// Notifications: what NOTIFY says to the sessions that LISTEN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tusk {

namespace detail {
class pooled_session;
}

/// One notification.
struct notify {
  std::int32_t pid = 0;  ///< process id of the session that notified; may be our own
  std::string channel;
  std::string payload;  ///< empty if NOTIFY named none
};

/// The notifications of a connection that nobody has taken yet, in order of arrival.
///
/// Bounded in number and in bytes: when it is full the oldest goes, and `dropped()` counts it. Locked inside: any
/// thread may call it. A copy is the same queue, and outlives its connection.
class notification_queue {
 public:
  /// The most that waits, with about 90 bytes for each notification beside its channel and payload.
  static constexpr std::size_t max_bytes = std::size_t{64} << 20;

  /// `capacity`: how many may wait.
  explicit notification_queue(std::size_t capacity = 100'000);
  // Copied where it is moved, so that a moved-from one is still a queue.
  notification_queue(notification_queue const&) = default;
  notification_queue& operator=(notification_queue const&) = default;

  /// The oldest notification, or nothing. Does not wait: connection::poll() or any statement brings new ones.
  std::optional<notify> pop();
  /// Adds one; the connection does it.
  void push(notify arrived);
  /// Counts one as dropped that could not be added; the connection does it.
  void lose();
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  /// How many were lost because nobody took them in time; one that is larger than max_bytes too.
  std::uint64_t dropped() const;

 private:
  struct shared;
  friend class detail::pooled_session;  // asks whether somebody keeps a copy
  std::shared_ptr<shared> shared_;
};

}  // namespace tusk
