// For the tests of listeners.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <tusk/listener.hpp>
#include <tusk/types/error.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "support/pools.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {

/// What a function was told, as text: "orders: payload", "gap lost after payload".
class told_notifications {
 public:
  std::function<void(notify const&)> hears() {
    return [this](notify const& what) { add(what.channel + ": " + what.payload); };
  }
  std::function<void(notification_gap const&)> hears_gaps() {
    return [this](notification_gap const& gap) { add(text_of(gap)); };
  }
  static std::string text_of(notification_gap const& gap) {
    using reason = notification_gap::reason;
    std::string const why = gap.why == reason::start  ? "start"
                            : gap.why == reason::lost ? "lost"
                            : gap.why == reason::slow ? "slow"
                                                      : "unreadable";
    return "gap " + why + (gap.last ? " after " + gap.last->payload : "") +
           (gap.dropped != 0 ? " dropped " + std::to_string(gap.dropped) : "");
  }
  static std::string text_of(notification_or_gap const& what) {
    if (auto const* const one = std::get_if<notify>(&what)) return one->channel + ": " + one->payload;
    return text_of(std::get<notification_gap>(what));
  }
  void add(std::string what) {
    std::lock_guard const guard(lock_);
    all_.push_back(std::move(what));
  }
  std::vector<std::string> all() const {
    std::lock_guard const guard(lock_);
    return all_;
  }
  std::size_t size() const { return all().size(); }
  bool has(std::string_view what) const {
    auto const now = all();
    return std::find(now.begin(), now.end(), what) != now.end();
  }

 private:
  mutable std::mutex lock_;
  std::vector<std::string> all_;
};

/// A listener in run() on a thread of its own.
class running_listener {
 public:
  explicit running_listener(listener& of)
      : thread_([this, &of](std::stop_token const& stop) {
          try {
            of.run(stop);
          } catch (...) {
            error_ = std::current_exception();
          }
          has_returned_ = true;
        }) {}
  bool has_returned() const noexcept { return has_returned_; }
  /// Ends run(), and throws what that has thrown.
  void end() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
  std::atomic<bool> has_returned_ = false;
  std::jthread thread_;
};

/// The process of the session in which a channel is listened to; 0: there is none. `channel` as it is written in SQL.
inline std::int32_t listening_pid(connection& other, std::string const& application) {
  auto const found =
      other.query("SELECT pid FROM pg_catalog.pg_stat_activity WHERE application_name = $1", application);
  return found.empty() ? 0 : found[0].get<std::int32_t>(0);
}

/// Quick in coming back.
inline listener_options quick() { return {.first_pause = std::chrono::milliseconds(5)}; }

}  // namespace tusk::test
