// What the connection tells its user beside results: notifications, notices, the trace; and the functions of the user's
// that are called in the midst of stepping.
//
//   bytes ─► event ─► handling: the lock lets this thread pass, `handling` is an obstacle ─► handler ─► next event
//
// So a handler may ask the connection things, and what would operate on it is refused. What cannot be done under the
// feet of those who step waits until they are done: a close(), and what a handler throws. A handler may also fork: its
// child loses the descriptor at once, so that whatever stands up the stack there can say nothing to the parent's
// server.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <tusk/notify.hpp>
#include <tusk/protocol/backend.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "engine/kept_notices.hpp"
#include "engine/operation_lock.hpp"
#include "engine/session_context.hpp"

namespace tusk::detail {

/// One thread at a time: the connection's lock sees to it.
class handlers {
 public:
  handlers(session_context& in, operation_lock& lock, std::size_t capacity)
      : in_(in), lock_(lock), notifications_(capacity) {}
  /// Has the functions and the queue of a connection before this one.
  void inherit(handlers const& other);

  /// `busy`: an operation is under way. The server tells of a notification then before it tells that client_encoding
  /// has changed.
  void take(protocol::notification_response const& arrived, bool busy);
  void take(protocol::notice_response const& arrived);
  /// True if it is one of these.
  [[gnu::always_inline]] bool take(protocol::event const& told, bool busy) {
    if (auto const* arrived = std::get_if<protocol::notification_response>(&told)) return take(*arrived, busy), true;
    if (auto const* notice = std::get_if<protocol::notice_response>(&told)) return take(*notice), true;
    return false;
  }
  /// A warning of our own, among the server's.
  void add_warning(std::string_view message);

  using on_notification = std::function<void(tusk::notify const&)>;
  using on_notice = std::function<void(diagnostics const&)>;
  using sink = std::function<void(std::string_view)>;
  /// An empty function is none. What is replaced comes back, to be destroyed when the lock is not held.
  std::shared_ptr<void> set(std::string_view channel, on_notification function);
  std::shared_ptr<void> set(on_notice function);
  std::vector<diagnostics> take_notices() { return notices_.take(); }
  void drop_notices() noexcept { notices_.drop(); }
  notification_queue const& queue() const noexcept { return notifications_; }
  /// Has an eventfd made readable whenever a notification is queued, up to unwatch().
  void watch(int event) { watching_.push_back(event); }
  void unwatch(int event) noexcept { std::erase(watching_, event); }
  /// Sets what trace lines go to; gives a function that calls it as a handler, or an empty one.
  sink set_trace(sink function);
  sink const& trace() const noexcept { return functions_ ? functions_->trace : no_sink; }

  /// Throws what a handler has thrown, once.
  void rethrow() {
    if (in_.obstacles.any_of(obstacles::thrown)) [[unlikely]]
      rethrow_slowly();
  }
  /// Called where a function of the user's has forked, and this is the child.
  std::function<void()> leave_to_parent;
  /// The server's last notice that says why it goes, while nothing came after it; null: none.
  std::unique_ptr<diagnostics const> farewell;

  /// A scope in which a function of the user's runs. One may stand within another.
  class handling {
   public:
    explicit handling(handlers& of) noexcept : of_(of), outermost_(!of.in_.obstacles.any_of(obstacles::handling)) {
      if (!outermost_) return;
      of_.in_.obstacles.set(obstacles::handling, true);
      of_.lock_.let_pass();
    }
    handling(handling const&) = delete;
    handling& operator=(handling const&) = delete;
    bool is_outermost() const noexcept { return outermost_; }
    ~handling() {
      if (of_.in_.obstacles.any_of(obstacles::forked)) [[unlikely]]
        of_.leave_to_parent();
      if (!outermost_) return;
      of_.lock_.stop_passing();
      of_.in_.obstacles.set(obstacles::handling, false);
    }

   private:
    handlers& of_;
    bool const outermost_;
  };

 private:
  template <class What>
  struct handler {
    std::function<void(What const&)> function;
    What told;  // what it is called with; here, so that its memory serves the next one
  };
  struct functions {
    std::vector<std::shared_ptr<handler<tusk::notify>>> of_channels;  // in the channels' order
    std::size_t latest = 0;                                           // where the one stands that was found last
    std::shared_ptr<handler<diagnostics>> of_notices;
    sink trace;
    // What was replaced while a function of the user's ran, which it may have been, until the outermost has returned.
    std::vector<std::shared_ptr<void>> replaced;
  };
  static inline sink const no_sink;

  functions& made();
  std::shared_ptr<void> replace(std::shared_ptr<void> before);
  template <class What, class After>
  [[gnu::always_inline]] void run(handler<What>& one, After const& after) noexcept;
  [[gnu::cold]] void refuse(protocol::notification_response const& arrived);
  [[gnu::cold]] void rethrow_slowly();

  session_context& in_;
  operation_lock& lock_;
  notification_queue notifications_;
  std::vector<int> watching_;
  kept_notices notices_;
  std::unique_ptr<functions> functions_;  // null: none was ever set
  std::exception_ptr thrown_;             // the first
};

}  // namespace tusk::detail
