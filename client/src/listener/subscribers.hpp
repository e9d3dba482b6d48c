// Who is told: functions, which the thread that steps calls, and queues, which others read.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tusk/listener.hpp>

#include "listener/listener_core.hpp"
#include "listener/notification_buffer.hpp"

namespace tusk::detail {

class listener_state;

/// What the thread that steps asks of one; outside of the listener's lock.
class subscriber : public listening_member {
 public:
  using listening_member::listening_member;
  /// False: a full queue has dropped it. Throws what a function of the user's throws.
  virtual bool tell(notify const& arrived) = 0;
  /// `otherwise`: the listener's on_gap, or null.
  virtual void tell_gap(notification_gap::reason why, std::string_view cause,
                        std::function<void(notification_gap const&)> const* otherwise) = 0;
  /// No more is told. Another thread may call it.
  virtual void end() noexcept = 0;

  std::weak_ptr<listener_core::channel> of;  // set once, when it has joined
};

class function_member final : public subscriber {
 public:
  function_member(std::string_view channel, std::function<void(notify const&)> told, listen_options how)
      : subscriber(how.tell_start),
        told_(std::move(told)),
        on_gap_(std::move(how.on_gap)),
        last_{0, std::string(channel), {}} {}

  bool tell(notify const& arrived) override {
    if (has_ended_.load(std::memory_order_relaxed)) return true;
    last_.pid = arrived.pid;
    last_.payload = arrived.payload;
    has_last_ = true;
    told_(arrived);
    return true;
  }
  void tell_gap(notification_gap::reason why, std::string_view cause,
                std::function<void(notification_gap const&)> const* otherwise) override {
    auto const* const told = on_gap_ ? &on_gap_ : otherwise;
    if (told == nullptr || has_ended_.load(std::memory_order_relaxed)) return;
    notification_gap gap{.why = why, .channel = last_.channel, .cause = std::string(cause)};
    if (has_last_) gap.last = last_;
    (*told)(gap);
  }
  void end() noexcept override { has_ended_.store(true, std::memory_order_relaxed); }

 private:
  std::function<void(notify const&)> const told_;
  std::function<void(notification_gap const&)> const on_gap_;
  std::atomic<bool> has_ended_ = false;
  notify last_;
  bool has_last_ = false;
};

/// A subscription is its handle.
class queue_member final : public subscriber {
 public:
  queue_member(std::string_view channel, subscription_options&& how, std::weak_ptr<listener_state> from,
               unsigned generation)
      : subscriber(how.tell_start),
        from_(std::move(from)),
        generation_(generation),
        on_ready_(std::move(how.on_ready)),
        waiting_(channel, how.capacity, how.max_bytes) {}

  bool tell(notify const& arrived) override;
  void tell_gap(notification_gap::reason why, std::string_view cause,
                std::function<void(notification_gap const&)> const* otherwise) override;
  /// The listener is closed: what waits can be read still.
  void end() noexcept override;

  std::optional<notification_or_gap> pop();
  std::optional<notification_or_gap> next(within const& limit);
  std::size_t size() const;
  std::uint64_t dropped() const;
  /// The subscription has ended. Any thread, also while others are in next().
  void leave() noexcept;
  bool has_left() const noexcept { return has_left_.load(std::memory_order_relaxed); }

 private:
  std::optional<notification_or_gap> pop_locked();
  void require_parent() const;
  /// Puts something in, and wakes who waits for it.
  template <class Put>
  void put(Put const& something);

  std::weak_ptr<listener_state> const from_;
  unsigned const generation_;
  std::function<void()> const on_ready_;
  mutable std::mutex lock_;
  std::condition_variable arrived_;
  std::size_t readers_ = 0;  // that wait
  notification_buffer waiting_;
  bool is_over_ = false;
  std::atomic<bool> has_left_ = false;
};

}  // namespace tusk::detail
