// The composed operation that all of the face's functions are: a task begins, and is looked at after each step.
//
//   task.begin(stepper)      once; throws what is the end of it
//   task.has_ended(stepper)  true: finish() gives its value, or throws
//   task.interrupt(stepper)  its cancellation slot was called: it has to end soon
//
// Everything runs on the connection's executor, but the last: the handler, on its own.
#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <tusk/aio/stepper.hpp>
#include <tusk/connection.hpp>
#include <tusk/notify.hpp>
#include <tusk/types/error.hpp>
#include <type_traits>
#include <utility>

namespace tusk::aio::detail {

/// What a handler is called with: an error or null, and the value, if there is one.
template <class Value>
struct signature {
  using type = void(std::exception_ptr, Value);
};
template <>
struct signature<void> {
  using type = void(std::exception_ptr);
};
template <class Value>
using signature_of = typename signature<Value>::type;

struct nothing {};

/// A task, its handler, and what it will be called with. It belongs to its own wait in the event loop.
template <class Task, class Handler>
class waiter {
 public:
  template <class Given>
  waiter(std::shared_ptr<stepper> on, Given&& task, Handler&& handler)
      : on_(std::move(on)),
        task_(std::forward<Given>(task)),
        handler_(std::move(handler)),
        executor_(asio::make_work_guard(handler_, on_->executor())) {}
  waiter(waiter const&) = delete;
  waiter& operator=(waiter const&) = delete;

  static void begin(std::unique_ptr<waiter> self) {
    if (auto slot = asio::get_associated_cancellation_slot(self->handler_); slot.is_connected())
      slot.assign(interruption{self.get()});
    if (self->ended([&] { self->task_.begin(*self->on_); }))
      complete(std::move(self), [](auto const& executor, auto call) { asio::post(executor, std::move(call)); });
    else
      wait(std::move(self));
  }

 private:
  using value_type = typename Task::value_type;
  static constexpr bool has_value = !std::is_void_v<value_type>;

  /// What the cancellation slot calls.
  struct interruption {
    waiter* whom;
    void operator()(asio::cancellation_type) const {
      whom->interrupted_ = true;
      whom->on_->wake();
    }
  };
  /// What the event loop calls.
  struct look {
    std::unique_ptr<waiter> self;
    void operator()(std::error_code woken) { waiter::woken(std::move(self), !woken); }
  };

  static void wait(std::unique_ptr<waiter> self) {
    stepper& on = *self->on_;
    on.wait(look{std::move(self)});
  }
  static void woken(std::unique_ptr<waiter> self, bool ready) {
    stepper& on = *self->on_;
    on.waited();
    if (!self->task_.has_ended(on)) {
      if (std::exchange(self->interrupted_, false))
        self->task_.interrupt(on);
      else if (ready)
        on.step();
    }
    if (self->ended([] {}))
      complete(std::move(self), [](auto const& executor, auto call) { asio::dispatch(executor, std::move(call)); });
    else
      wait(std::move(self));
  }

  /// Whether it has ended, after `first`. Then its value or its error is here.
  template <class First>
  bool ended(First const& first) {
    try {
      first();
      if (!task_.has_ended(*on_)) return false;
      if constexpr (has_value)
        value_ = task_.finish(*on_);
      else
        task_.finish(*on_);
    } catch (...) {
      error_ = std::current_exception();
    }
    return true;
  }

  /// Calls the handler on its executor, after everything that this has held is gone.
  template <class Submit>
  static void complete(std::unique_ptr<waiter> self, Submit const& submit) {
    if (auto slot = asio::get_associated_cancellation_slot(self->handler_); slot.is_connected()) slot.clear();
    auto const executor = std::move(self->executor_);
    auto call = [handler = std::move(self->handler_), error = std::move(self->error_),
                 value = std::move(self->value_)]() mutable {
      if constexpr (has_value)
        std::move(handler)(std::move(error), std::move(value));
      else
        std::move(handler)(std::move(error));
    };
    self.reset();
    submit(executor.get_executor(), std::move(call));
  }

  std::shared_ptr<stepper> on_;
  Task task_;
  Handler handler_;
  decltype(asio::make_work_guard(std::declval<Handler const&>(), std::declval<asio::any_io_executor>())) executor_;
  bool interrupted_ = false;
  std::exception_ptr error_;
  [[no_unique_address]] std::conditional_t<has_value, value_type, nothing> value_;
};

/// Begins a task.
template <class Task, class Token>
auto wait_for(std::shared_ptr<stepper> const& on, Task&& task, Token& token) {
  return asio::async_initiate<Token, signature_of<typename Task::value_type>>(
      [](auto handler, std::shared_ptr<stepper> of, auto&& what) {
        using made = waiter<Task, decltype(handler)>;
        made::begin(std::make_unique<made>(std::move(of), std::forward<decltype(what)>(what), std::move(handler)));
      },
      token, on, std::move(task));
}

// ---- the tasks ----

/// One operation at a time: `start(connection)` starts it, or start(stepper) if it makes the connection;
/// `take(connection)` gives what it brought.
template <class Start, class Take>
struct operation {
  using value_type = std::invoke_result_t<Take, tusk::connection&>;

  Start start;
  Take take;

  void begin(stepper& on) {
    on.begin([&] {
      if constexpr (std::invocable<Start const&, stepper&>) {
        start(on);
      } else {
        if (on.native() == nullptr) throw not_open();
        start(*on.native());
      }
    });
  }
  bool has_ended(stepper const& on) const noexcept { return on.has_ended(); }
  void interrupt(stepper& on) const noexcept { on.interrupt(); }
  value_type finish(stepper& on) const {
    if (auto const error = on.take_outcome()) std::rethrow_exception(error);
    return take(*on.native());
  }
};

/// The next notification; beside an operation, or others of its kind.
struct next_notification {
  using value_type = notify;

  std::uint64_t generation = 0;  // of the connection that it waits for
  std::optional<notify> next = {};
  bool cancelled = false;

  void begin(stepper const& on) {
    if (on.native() == nullptr) throw not_open();
    generation = on.generation();
  }
  bool is_gone(stepper const& on) const noexcept { return on.closed() || on.generation() != generation; }
  bool has_ended(stepper const& on) {
    if (!next && on.generation() == generation) next = on.native()->notifies.pop();
    return next || cancelled || is_gone(on) || on.has_stray();
  }
  void interrupt(stepper const&) noexcept { cancelled = true; }
  notify finish(stepper& on) {
    if (next) return std::move(*next);
    if (is_gone(on)) std::rethrow_exception(on.reason());
    if (on.has_stray()) std::rethrow_exception(on.take_stray());
    throw operational_error("waiting for a notification was cancelled", aborted());
  }
};

/// Ends at once.
struct closing {
  using value_type = void;

  void begin(stepper& on) const noexcept { on.close("the connection was closed in mid-operation"); }
  bool has_ended(stepper const&) const noexcept { return true; }
  void interrupt(stepper const&) const noexcept {}
  void finish(stepper const&) const noexcept {}
};

/// The end of the operation under way, which the server is asked to cancel.
struct cancellation {
  using value_type = void;

  std::uint64_t number = 0;  // of that operation
  bool cancelled = false;

  void begin(stepper& on) {
    if (on.closed()) throw not_open();
    number = on.number();
    if (number != 0) on.cancel();
  }
  bool has_ended(stepper const& on) const noexcept {
    return number == 0 || on.number() != number || on.cancel_failure() || cancelled;
  }
  void interrupt(stepper const&) noexcept { cancelled = true; }
  void finish(stepper const& on) const {
    if (number == 0 || on.number() != number) return;
    if (on.cancel_failure()) std::rethrow_exception(on.cancel_failure());
    throw operational_error("waiting for the end of the cancelled operation was cancelled", aborted());
  }
};

}  // namespace tusk::aio::detail
