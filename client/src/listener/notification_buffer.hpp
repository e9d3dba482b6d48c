// What waits for a subscription: notifications in order, and the gaps between them. No lock.
//
//   push ─► is there room? ─► [n][n][gap][n][n] ─► pop
//             └► no: dropped, and counted in the gap behind the last; until half of the room is free
//
// A gap stands in front of the notification that comes after it. The last one, behind which nothing has come yet,
// stands outside: so gaps take no room of their own, and several with nothing between them are one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/listener_options.hpp>
#include <vector>

namespace tusk::detail {

/// See the top of this file. One thread at a time.
class notification_buffer {
 public:
  using gap_reason = notification_gap::reason;

  /// Throws programming_error if there is no room at all.
  notification_buffer(std::string_view channel, std::size_t capacity, std::size_t max_bytes);

  /// False: it was dropped, as there is no room, or no memory.
  bool push(std::int32_t pid, std::string_view payload) noexcept;
  void push_gap(gap_reason why, std::string_view cause) noexcept;
  /// The next one; nothing: it is empty.
  std::optional<notification_or_gap> pop();
  bool empty() const noexcept { return count_ == 0 && !behind_; }
  /// Notifications that wait.
  std::size_t size() const noexcept { return count_; }
  std::uint64_t dropped() const noexcept { return dropped_; }
  void clear() noexcept;

 private:
  struct gap {
    gap_reason why;
    std::uint64_t dropped = 0;
    std::string cause = {};
  };
  struct entry {
    std::int32_t pid = 0;
    std::string payload;
    std::unique_ptr<gap> before;
  };
  static std::size_t size_of(std::string_view payload) noexcept { return sizeof(entry) + payload.size(); }
  bool has_room(std::size_t size) noexcept;
  void add(std::int32_t pid, std::string_view payload);
  void grow();
  notification_or_gap given(gap&& from) const;

  std::string const channel_;
  std::size_t const capacity_, max_bytes_;
  std::vector<entry> ring_;  // its size is a power of two, or zero
  std::size_t first_ = 0, count_ = 0, bytes_ = 0;
  std::optional<gap> behind_;  // the last
  bool is_full_ = false;       // it was, and less than half is free
  std::uint64_t dropped_ = 0;
  std::int32_t last_pid_ = 0;  // the last notification that was taken
  std::optional<std::string> last_payload_;
};

}  // namespace tusk::detail
