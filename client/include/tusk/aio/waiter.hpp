// The composed operation that all of the face's functions are: a task begins, and is looked at after each step.
//
//   task.begin(stepper, ..)  once, with what it is begun with; throws what is the end of it
//   task.has_ended(stepper)  true: finish() gives its value, or throws
//   task.interrupt(stepper)  its cancellation slot was called: it has to end soon
//
// Everything runs on the connection's executor, but the last: the handler, on its own. The tasks are in tasks.hpp.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <tusk/aio/stepper.hpp>
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

/// What waits for a task. It belongs to its own wait in the event loop, which so knows one type for all tasks and
/// handlers: compiling Asio's part for each of them is what would take long.
class waiter : protected queued {
 public:
  /// `has_turn`: it is an operation, which waits for its turn.
  waiter(std::shared_ptr<stepper> on, bool has_turn) : on_(std::move(on)), has_turn_(has_turn) {}
  waiter(waiter const&) = delete;
  waiter& operator=(waiter const&) = delete;

  struct deleter {
    void operator()(waiter* which) const noexcept { which->destroy(); }
  };
  using pointer = std::unique_ptr<waiter, deleter>;

 protected:
  ~waiter() {
    if (turn) on_->forget(*this);
    if (is_front_)
      on_->leave_front();
    else if (has_turn_)
      on_->let_next_in();
  }
  /// What the cancellation slot calls.
  struct interruption {
    waiter* whom;
    void operator()(asio::cancellation_type) const {
      whom->interrupted_ = true;
      whom->on_->wake();
      if (whom->turn) whom->turn->cancel();
    }
  };
  /// To be called once the task has begun: true, it has ended by that.
  static void begun(pointer self, bool ended) {
    stepper& on = *self->on_;
    if (ended)
      asio::post(on.executor(), finish{std::move(self)});
    else
      wait(std::move(self));
  }

  std::shared_ptr<stepper> on_;

 private:
  /// What the event loop calls.
  struct look {
    pointer self;
    void operator()(std::error_code woken) { waiter::woken(std::move(self), !woken); }
  };
  struct finish {
    pointer self;
    void operator()() { waiter::finished(std::move(self)); }
  };
  struct look_at_turn {
    pointer self;
    void operator()(std::error_code) { waiter::turned(std::move(self)); }
  };

  static void woken(pointer self, bool ready) {
    stepper& on = *self->on_;
    on.waited();
    if (!self->has_ended()) {
      if (std::exchange(self->interrupted_, false))
        self->interrupt();
      else if (ready)
        on.step();
    }
    go_on(std::move(self));
  }
  /// It may be in front now, or have ended before that.
  static void turned(pointer self) {
    self->on_->forget(*self);
    if (std::exchange(self->interrupted_, false) && !self->has_ended()) self->interrupt();
    go_on(std::move(self));
  }
  static void go_on(pointer self) {
    if (self->take_outcome())
      finished(std::move(self));
    else
      wait(std::move(self));
  }
  static void wait(pointer self) {
    stepper& on = *self->on_;
    waiter& of = *self;
    bool const interrupted = of.interrupted_;  // by a handler within the step: there was no wait to end yet
    if (of.has_turn_ && !of.is_front_) {
      if (on.has_front()) {
        on.wait_for_turn(of, look_at_turn{std::move(self)});
        if (interrupted) of.turn->cancel();
        return;
      }
      on.enter_front();
      of.is_front_ = true;
    }
    on.wait(look{std::move(self)});
    if (interrupted) on.wake();
  }
  static void finished(pointer self) {
    waiter& of = *self;
    of.complete(std::move(self));
  }

  virtual void interrupt() = 0;
  /// Whether the task has ended. Then its value or its error is here.
  virtual bool take_outcome() = 0;
  /// Calls the handler on its executor, after everything that `self`, which is this object, has held is gone.
  virtual void complete(pointer self) = 0;
  /// Frees it, by the handler's allocator.
  virtual void destroy() noexcept = 0;

  bool interrupted_ = false;
  bool const has_turn_;
  bool is_front_ = false;
};

struct nothing {};

/// A task, its handler, and what that will be called with.
template <class Task, class Handler>
class waiter_for final : public waiter {
 public:
  /// Begins a task. `what` need not live until it ends.
  template <class... Start>
  static void begin(std::shared_ptr<stepper> on, Handler&& handler, Start&... what) {
    auto self = make(std::move(on), std::move(handler));
    auto* const made = static_cast<waiter_for*>(self.get());
    if (auto slot = asio::get_associated_cancellation_slot(made->handler_); slot.is_connected())
      slot.assign(interruption{made});
    bool const ended = made->ended([&] { made->task_.begin(*made->on_, what...); });
    begun(std::move(self), ended);
  }

 private:
  using value_type = typename Task::value_type;
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using allocator_type = typename std::allocator_traits<
      asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>>::template rebind_alloc<waiter_for>;
  static constexpr bool has_value = !std::is_void_v<value_type>;

  using value_or_nothing = std::conditional_t<has_value, value_type, nothing>;
  /// Becomes the value in the place where it is to be: it is not moved there.
  struct finishing {
    waiter_for& self;
    operator value_type() const { return self.task_.finish(*self.on_); }
  };
  struct completion {
    Handler handler;
    std::exception_ptr error;
    [[no_unique_address]] value_or_nothing value;

    void operator()() {
      if constexpr (has_value)
        std::move(handler)(std::move(error), std::move(value));
      else
        std::move(handler)(std::move(error));
    }
  };

  waiter_for(std::shared_ptr<stepper>&& on, Handler&& handler, allocator_type allocator)
      : waiter(std::move(on), Task::has_turn), allocator_(allocator), handler_(std::move(handler)) {
    auto const executor = asio::get_associated_executor(handler_, on_->executor());
    if constexpr (std::is_same_v<executor_type, asio::any_io_executor>)
      if (executor == on_->executor()) return;
    executor_.emplace(executor);
  }
  ~waiter_for() = default;

  static pointer make(std::shared_ptr<stepper>&& on, Handler&& handler) {
    allocator_type allocator(asio::get_associated_allocator(handler, asio::recycling_allocator<void>()));
    auto* const place = std::allocator_traits<allocator_type>::allocate(allocator, 1);
    try {
      return pointer(new (static_cast<void*>(place)) waiter_for(std::move(on), std::move(handler), allocator));
    } catch (...) {
      std::allocator_traits<allocator_type>::deallocate(allocator, place, 1);
      throw;
    }
  }
  void destroy() noexcept override {
    allocator_type allocator = allocator_;
    this->~waiter_for();
    std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
  }

  bool has_ended() override { return task_.has_ended(*on_); }
  void interrupt() override { task_.interrupt(*on_); }
  bool take_outcome() override {
    return ended([] {});
  }
  template <class First>
  bool ended(First const& first) {
    try {
      first();
      if (!task_.has_ended(*on_)) return false;
      if constexpr (has_value)
        value_.emplace(finishing{*this});
      else
        task_.finish(*on_);
    } catch (...) {
      error_ = std::current_exception();
    }
    return true;
  }

  value_or_nothing taken_value() {
    if constexpr (!has_value)
      return {};
    else
      return value_ ? std::move(*value_) : value_type();
  }
  void complete(pointer self) override {
    if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected()) slot.clear();
    auto const executor = std::move(executor_);
    completion call{std::move(handler_), std::move(error_), taken_value()};
    self.reset();
    if (executor)
      asio::dispatch(executor->get_executor(), std::move(call));
    else
      call();  // this is its executor
  }

  [[no_unique_address]] allocator_type allocator_;
  [[no_unique_address]] Task task_;
  Handler handler_;
  std::optional<asio::executor_work_guard<executor_type>> executor_;  // the handler's, if it has one of its own
  std::exception_ptr error_;
  std::optional<value_or_nothing> value_;
};

/// Begins a task, with what it is begun with. A token that is an lvalue stays the caller's: it is copied.
template <class Task, class Token, class... Start>
auto wait_for(std::shared_ptr<stepper> const& on, Token&& token, Start&&... what) {
  return asio::async_initiate<Token, signature_of<typename Task::value_type>>(
      [](auto handler, std::shared_ptr<stepper> of, auto&&... with) {
        waiter_for<Task, decltype(handler)>::begin(std::move(of), std::move(handler), with...);
      },
      token, on, std::forward<Start>(what)...);
}

}  // namespace tusk::aio::detail
