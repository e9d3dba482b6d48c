// The operations of an Asio pool, but for what they do: each waits on a timer, from which the pool wakes it, or for an
// operation of the connection that it has at hand.
//
//   begin ─► go_on() ──► wait(): the timer ──► go_on() ─► ... ─► finish(): its handler
//                   └──► an operation of a connection ──► the kind's own function
//
// All of it runs on the handler's executor, if that is of the pool's execution context, else on the pool's; the handler
// always on its own. A cancellation that comes on another context is sent to the operation's. The handler is owned by
// the wait that is in the event loop, as those of a connection are: the end of the loop is the end of all of them.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>
#include <tusk/aio/lending.hpp>
#include <tusk/aio/waiter.hpp>
#include <tusk/within.hpp>
#include <type_traits>
#include <utility>

namespace tusk::aio::detail {

/// See the top of this file.
class pool_task : protected lending::waiter {
 public:
  pool_task(std::shared_ptr<lending> of, asio::any_io_executor executor)
      : of_(std::move(of)), executor_(std::move(executor)) {}
  pool_task(pool_task const&) = delete;
  pool_task& operator=(pool_task const&) = delete;

  struct deleter {
    void operator()(pool_task* which) const noexcept { which->destroy(); }
  };
  using pointer = std::unique_ptr<pool_task, deleter>;

  /// Never calls the handler itself.
  static void begin(pointer self) {
    auto const executor = self->executor_;
    asio::post(executor, going_on{std::move(self)});
  }

 protected:
  ~pool_task() {
    if (known_to_) *known_to_ = nullptr;
  }

  /// Hands a part of its work to the kind's function, with itself.
  template <class Kind, void (*Then)(Kind&, pointer, std::exception_ptr)>
  struct next {
    pointer self;
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return self->signal_.slot(); }
    void operator()(std::exception_ptr error) {
      auto& of = static_cast<Kind&>(*self);
      Then(of, std::move(self), std::move(error));
    }
  };
  struct interruption {
    pool_task* whom;
    void operator()(asio::cancellation_type) const { whom->interrupt(); }
  };
  /// For a handler of another context, where its slot is called: `whom` is there yet, or null, where it runs.
  struct sent_interruption {
    std::shared_ptr<pool_task*> whom;
    asio::any_io_executor executor;
    void operator()(asio::cancellation_type) const {
      asio::post(executor, [to = whom] {
        if (*to != nullptr) (*to)->interrupt();
      });
    }
  };
  sent_interruption known_abroad() {
    known_to_ = std::make_shared<pool_task*>(this);
    return {known_to_, executor_};
  }
  bool is_known_abroad() const noexcept { return known_to_ != nullptr; }
  struct stopping {
    pool_task* whom;
    void operator()() const noexcept {
      auto const held = whom->of_->lock();
      whom->wake();
    }
  };
  using on_stop = std::optional<std::stop_callback<stopping>>;

  /// Comes back to go_on() then, or when it is woken; also where it was woken since look_around().
  static void wait(pointer self, std::optional<lending::time> until) {
    pool_task& of = *self;
    if (!of.timer_) of.timer_.emplace(of.executor_);
    of.timer_->expires_at(until.value_or(lending::time::max()));
    of.timer_->async_wait(woken{std::move(self)});
    auto const held = of.of_->lock();  // its handler is called when this has returned: they have one executor
    of.waits_ = true;
    if (of.is_woken_) of.timer_->cancel();
  }
  /// To be called before it is decided that there is nothing to do but to wait; with the lock.
  void look_around() noexcept { is_woken_ = interrupted_; }
  bool is_interrupted() const noexcept { return interrupted_; }

  static asio::cancellation_slot slot_of(pool_task& of) noexcept { return of.signal_.slot(); }
  static void finish(pointer self) {
    pool_task& of = *self;
    of.complete(std::move(self));
  }
  static void go_on(pointer self) {
    pool_task& of = *self;
    of.go_on_with(std::move(self));
  }

  std::shared_ptr<lending> const of_;
  asio::any_io_executor const executor_;
  std::exception_ptr error_;

 private:
  struct going_on {
    pointer self;
    void operator()() { go_on(std::move(self)); }
  };
  struct woken {
    pointer self;
    void operator()(std::error_code) {
      {
        auto const held = self->of_->lock();
        self->waits_ = false;
      }
      go_on(std::move(self));
    }
  };

  void wake() noexcept final {
    is_woken_ = true;
    if (waits_) try {
        timer_->cancel();
      } catch (...) {
        // It has a limit.
      }
  }
  /// On its executor.
  void interrupt() {
    {
      auto const held = of_->lock();
      interrupted_ = true;
      wake();
    }
    signal_.emit(asio::cancellation_type::terminal);
  }

  virtual void go_on_with(pointer self) = 0;
  /// Calls the handler on its executor, after everything that `self`, which is this object, has held is gone.
  virtual void complete(pointer self) = 0;
  virtual void destroy() noexcept = 0;

  std::optional<asio::steady_timer> timer_;
  std::shared_ptr<pool_task*> known_to_;
  asio::cancellation_signal signal_;  // to the operation of a connection that it waits for
  bool waits_ = false, is_woken_ = false, interrupted_ = false;
};

inline bool have_one_context(asio::any_io_executor const& a, asio::any_io_executor const& b) {
  return a && b && &asio::query(a, asio::execution::context) == &asio::query(b, asio::execution::context);
}
/// The executor of a handler, if it is of the pool's context, else null.
template <class Handler>
asio::any_io_executor own_executor(Handler const& handler, asio::any_io_executor const& pools) {
  auto const own = asio::get_associated_executor(handler, pools);
  if constexpr (std::is_constructible_v<asio::any_io_executor, decltype(own)>)
    if (asio::any_io_executor any(own); have_one_context(any, pools)) return any;
  return {};
}
/// Where a handler's operation runs.
template <class Handler>
asio::any_io_executor executor_for(Handler const& handler, asio::any_io_executor const& pools) {
  auto own = own_executor(handler, pools);
  return own ? own : pools;
}

/// A handler, and what it is called with.
template <class Handler, class Value>
struct pool_completion {
  using allocator_type = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;

  Handler handler;
  std::exception_ptr error;
  [[no_unique_address]] Value value;
  bool clears_slot = false;

  allocator_type get_allocator() const noexcept {
    return asio::get_associated_allocator(handler, asio::recycling_allocator<void>());
  }
  void operator()() {
    if (clears_slot) asio::get_associated_cancellation_slot(handler).clear();
    if constexpr (std::is_same_v<Value, nothing>)
      std::move(handler)(std::move(error));
    else
      std::move(handler)(std::move(error), std::move(value));
  }
};

/// An operation of that kind with its handler. `Kind` is a pool_task with value_type, and take() that gives it.
template <class Kind, class Handler>
class pool_task_for final : public Kind {
 public:
  template <class... What>
  static pool_task::pointer make(Handler&& handler, std::shared_ptr<lending> of, asio::any_io_executor const& pools,
                                 What&&... what) {
    allocator_type allocator(asio::get_associated_allocator(handler, asio::recycling_allocator<void>()));
    auto* const place = std::allocator_traits<allocator_type>::allocate(allocator, 1);
    pool_task_for* made = nullptr;
    try {
      made = new (static_cast<void*>(place))
          pool_task_for(std::move(handler), std::move(of), pools, allocator, std::forward<What>(what)...);
    } catch (...) {
      std::allocator_traits<allocator_type>::deallocate(allocator, place, 1);
      throw;
    }
    pool_task::pointer self(made);  // frees it, too, where what follows throws
    if (auto slot = asio::get_associated_cancellation_slot(made->handler_); slot.is_connected())
      made->listen_to(slot, own_executor(made->handler_, pools) != nullptr);
    return self;
  }

 private:
  using value_type = typename Kind::value_type;
  static constexpr bool has_value = !std::is_void_v<value_type>;
  using value_or_nothing = std::conditional_t<has_value, value_type, nothing>;
  using completion = pool_completion<Handler, value_or_nothing>;
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using allocator_type = typename std::allocator_traits<
      asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>>::template rebind_alloc<pool_task_for>;

  template <class... What>
  pool_task_for(Handler&& handler, std::shared_ptr<lending>&& of, asio::any_io_executor const& pools,
                allocator_type allocator, What&&... what)
      : Kind(std::move(of), executor_for(handler, pools), std::forward<What>(what)...),
        allocator_(allocator),
        handler_(std::move(handler)),
        keeps_up_(asio::get_associated_executor(handler_, pools)) {}
  ~pool_task_for() = default;

  template <class Slot>
  void listen_to(Slot& slot, bool is_called_here) {
    if (is_called_here)
      slot.assign(typename Kind::interruption{this});
    else
      slot.assign(this->known_abroad());
  }
  void destroy() noexcept override {
    allocator_type allocator = allocator_;
    this->~pool_task_for();
    std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
  }
  value_or_nothing value() {
    if constexpr (has_value)
      if (!this->error_) return this->take();
    return value_or_nothing();
  }
  void complete(pool_task::pointer self) override {
    bool const is_known_abroad = this->is_known_abroad();  // its slot is cleared there
    if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected() && !is_known_abroad)
      slot.clear();
    auto const executor = keeps_up_.get_executor();
    auto const keeps_up = std::move(keeps_up_);
    auto given = value();
    completion call{std::move(handler_), std::move(this->error_), std::move(given), is_known_abroad};
    self.reset();
    asio::dispatch(executor, std::move(call));
  }

  [[no_unique_address]] allocator_type allocator_;
  Handler handler_;
  asio::executor_work_guard<executor_type> keeps_up_;  // the context of the handler's executor
};

}  // namespace tusk::aio::detail
