// A listener for Asio: awaited in place of run() on a thread.
//
//   tusk::aio::listener hub{co_await asio::this_coro::executor, "dbname=shop"};
//   auto orders = hub.subscribe("orders");
//   asio::co_spawn(executor, hub.run(), asio::detached);
//   for (;;) {
//     tusk::notification_or_gap next = co_await orders.next();
//     ...
//   }
//
// A thin face: it waits on the descriptor and for the time of a tusk::listener, and calls its poll(). What can be done
// with that one can be done here, see tusk/listener.hpp. To feed a channel of asio::experimental, have a function do
// it: `hub.listen("orders", [&](tusk::notify const& n) { channel.try_send(std::error_code(), n); });`.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/compose.hpp>
#include <asio/execution_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <tusk/aio/connection.hpp>
#include <tusk/listener.hpp>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::aio {

namespace detail {

/// What a listener and its run() share.
struct listening {
  listening(asio::any_io_executor const& executor, std::string_view dsn, listener_options&& options,
            connect_options&& how)
      : native(dsn, std::move(options), std::move(how)), descriptor(executor), timer(executor) {
    int const ours = ::fcntl(native.fileno(), F_DUPFD_CLOEXEC, 0);  // Asio closes what it watches
    std::error_code failed(errno, std::system_category());
    if (ours >= 0 && !descriptor.assign(ours, failed)) return;
    if (ours >= 0) ::close(ours);
    throw operational_error("the event loop cannot watch the listener: " + failed.message(), failed);
  }

  tusk::listener native;
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  bool is_running = false;
};

/// The composed operation of listener::run().
struct listener_run {
  std::shared_ptr<listening> on;
  bool has_begun = false;

  template <class Self>
  void operator()(Self& self, std::error_code = {}) {
    auto const kept = on;  // a function of the user's may destroy the listener
    if (!std::exchange(has_begun, true)) {
      self.reset_cancellation_state(asio::enable_total_cancellation());
      if (std::exchange(kept->is_running, true)) return refuse(self);
      return asio::post(kept->timer.get_executor(), std::move(self));
    }
    kept->timer.cancel();
    std::exception_ptr error;
    try {
      require_wanted(self);
      if (kept->native.poll() == poll_status::read) {
        require_wanted(self);  // a function that poll() has called may cancel, while nothing waits that would be woken
        return wait(*kept, std::move(self));
      }
    } catch (...) {
      error = std::current_exception();
    }
    kept->is_running = false;
    self.complete(std::move(error));
  }

 private:
  template <class Self>
  static void require_wanted(Self& self) {
    if (self.get_cancellation_state().cancelled() != asio::cancellation_type::none)
      throw operational_error("the listener's run() was cancelled", aborted());
  }
  template <class Self>
  void wait(listening& of, Self&& self) {
    if (auto const left = of.native.timeout()) {
      of.timer.expires_after(*left);
      of.timer.async_wait([kept = on](std::error_code stopped) {
        std::error_code ignored;
        if (!stopped) kept->descriptor.cancel(ignored);
      });
    }
    of.descriptor.async_wait(asio::posix::descriptor_base::wait_read, std::forward<Self>(self));
  }
  template <class Self>
  void refuse(Self& self) {
    auto const executor = on->timer.get_executor();
    asio::post(executor, [self = std::move(self)]() mutable {
      self.complete(std::make_exception_ptr(programming_error("run() of this listener is under way already")));
    });
  }
};

/// What a subscription and those who wait for it share.
struct subscribed {
  explicit subscribed(asio::any_io_executor const& executor)
      : arrived(executor, asio::steady_timer::time_point::max()) {}
  void wake() { arrived.cancel(); }

  tusk::subscription queue;
  asio::steady_timer arrived;  // never expires
};

/// The composed operation of subscription::next().
struct subscription_next {
  std::shared_ptr<subscribed> of;
  bool has_begun = false;

  template <class Self>
  void operator()(Self& self, std::error_code = {}) {
    auto const kept = of;
    if (!std::exchange(has_begun, true)) {
      self.reset_cancellation_state(asio::enable_total_cancellation());
      return asio::post(kept->arrived.get_executor(), std::move(self));
    }
    std::exception_ptr error;
    notification_or_gap given;
    try {
      if (self.get_cancellation_state().cancelled() != asio::cancellation_type::none)
        throw operational_error("waiting for a notification was cancelled", aborted());
      auto next = kept->queue.pop();
      if (!next) return kept->arrived.async_wait(std::move(self));
      given = std::move(*next);
    } catch (...) {
      error = std::current_exception();
    }
    self.complete(std::move(error), std::move(given));
  }
};

}  // namespace detail

/// One channel's notifications and gaps, see tusk::subscription; made by listener::subscribe(). It moves; its end is
/// the subscription's: what waits in next() completes with interface_error. Threads: as its listener.
class subscription {
 public:
  explicit subscription(std::shared_ptr<detail::subscribed> state) noexcept : state_(std::move(state)) {}
  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    if (this != &other) {
      end();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~subscription() { end(); }

  /// The next notification or gap, while the listener's run() is under way. Several may wait: each item goes to one.
  /// Completes with interface_error when the listener is closed and nothing is left; when it is cancelled with
  /// operational_error, code asio::error::operation_aborted, and nothing is lost.
  template <token_for<notification_or_gap> Token = asio::use_awaitable_t<>>
  auto next(Token&& token = Token()) {
    return asio::async_compose<Token, detail::signature_of<notification_or_gap>>(
        detail::subscription_next{shared()}, token, shared()->arrived.get_executor());
  }
  /// The queue itself: pop(), size(), dropped().
  tusk::subscription& native() const { return shared()->queue; }
  void end() noexcept {
    auto const ended = std::exchange(state_, nullptr);
    if (!ended) return;
    ended->queue.end();
    ended->wake();
  }

 private:
  std::shared_ptr<detail::subscribed> const& shared() const {
    if (!state_) throw interface_error("the subscription was ended, or moved to another object");
    return state_;
  }

  std::shared_ptr<detail::subscribed> state_;
};

/// See the top of this file, and tusk::listener.
///
/// Threads: as an Asio object, it is used by one thread at a time; where several threads run an io_context, the
/// executor has to be a strand, on which its functions are called. Functions that are subscribed run on the executor.
class listener {
 public:
  using executor_type = asio::any_io_executor;

  explicit listener(executor_type const& executor, std::string_view dsn = {}, listener_options options = {},
                    connect_options how = {})
      : state_(std::make_shared<detail::listening>(executor, dsn, std::move(options), std::move(how))) {}
  template <std::derived_from<asio::execution_context> Context>
  explicit listener(Context& context, std::string_view dsn = {}, listener_options options = {},
                    connect_options how = {})
      : listener(executor_type(context.get_executor()), dsn, std::move(options), std::move(how)) {}
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;
  /// Closes: run() completes.
  ~listener() { state_->native.close(); }

  executor_type get_executor() const { return state_->timer.get_executor(); }
  /// For everything that does not wait: statistics(), is_listening(), close(), ... Not run() and poll().
  tusk::listener& native() const noexcept { return state_->native; }

  subscriber_id listen(std::string_view channel, std::function<void(notify const&)> told, listen_options how = {}) {
    return state_->native.listen(channel, std::move(told), std::move(how));
  }
  bool unlisten(subscriber_id which) { return state_->native.unlisten(which); }
  [[nodiscard]] subscription subscribe(std::string_view channel, subscription_options how = {}) {
    auto made = std::make_shared<detail::subscribed>(get_executor());
    how.on_ready = [to = std::weak_ptr<detail::subscribed>(made), then = std::move(how.on_ready)] {
      if (auto const kept = to.lock()) kept->wake();
      if (then) then();
    };
    made->queue = state_->native.subscribe(channel, std::move(how));
    return subscription(std::move(made));
  }
  void on_gap(std::function<void(notification_gap const&)> told) { state_->native.on_gap(std::move(told)); }
  void on_error(std::function<void(std::exception_ptr)> told) { state_->native.on_error(std::move(told)); }

  /// Steps until the listener is closed. One at a time. Completes with what tusk::listener::run() throws; when it is
  /// cancelled with operational_error, code asio::error::operation_aborted: the connection stays open, and another
  /// run() goes on.
  template <token_for<void> Token = asio::use_awaitable_t<>>
  auto run(Token&& token = Token()) {
    return asio::async_compose<Token, detail::signature_of<void>>(detail::listener_run{state_}, token, get_executor());
  }
  void close() noexcept { state_->native.close(); }

 private:
  std::shared_ptr<detail::listening> state_;
};

}  // namespace tusk::aio
