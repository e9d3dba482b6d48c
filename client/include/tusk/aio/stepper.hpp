// What all that waits on one connection shares: the connection, its descriptor in the event loop, a timer.
//
//   waiter: an operation, next_notify, cancel         any number of each; the operations end in the order of their
//   start
//     ─► step(): poll(), once                         whoever was told that the descriptor is ready does it
//     ─► what it changed for the others: wake()       they look again
//     ─► wait(): on the descriptor, as poll() asked; an operation that is not in front waits for its turn instead
//
// Each waiter's handler is owned by its own wait in the event loop, never by this object, which it keeps alive: so the
// end of the loop is the end of all of them. Whom a step concerns is woken by cancelling its wait.
//
// The event loop watches a duplicate of the connection's descriptor: poll() may close its own, and another thread may
// get the same number before it could be taken out of the loop.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <tusk/connection.hpp>
#include <tusk/types/error.hpp>
#include <utility>
#include <vector>

namespace tusk::aio::detail {

inline interface_error not_open() { return interface_error("the connection is not open; connect() opens it"); }
/// What Asio's own operations say when they were cancelled.
inline std::error_code aborted() { return asio::error::make_error_code(asio::error::operation_aborted); }

/// An operation that is not in front, and waits on a timer that does not expire.
class queued {
 public:
  virtual bool has_ended() = 0;
  std::optional<asio::steady_timer> turn;

 protected:
  ~queued() = default;
};

/// See the top of this file. One thread at a time: the executor sees to it.
class stepper : public std::enable_shared_from_this<stepper> {
 public:
  explicit stepper(asio::any_io_executor executor)
      : executor_(std::move(executor)), descriptor_(executor_), timer_(executor_) {}

  asio::any_io_executor const& executor() const noexcept { return executor_; }
  /// Null before the first connect.
  tusk::connection* native() const noexcept { return native_.get(); }
  /// Throws interface_error instead of giving null.
  tusk::connection& opened() const {
    if (!native_ && reason_) std::rethrow_exception(reason_);
    if (!native_) throw not_open();
    return *native_;
  }
  bool closed() const noexcept { return !native_ || native_->closed(); }
  /// Takes a connection that is to be stepped until it is open.
  void adopt(std::unique_ptr<tusk::connection> fresh) {
    descriptor_closed();
    native_ = std::move(fresh);
    connected_ = false;
    stray_ = beside_ = nullptr;
    left_ = 0;
    ++generation_;
  }
  /// Takes one that is open, and on which nothing is under way.
  void take_over(std::unique_ptr<tusk::connection> open) noexcept {
    native_ = std::move(open);
    connected_ = true;
    ++generation_;
    watch();  // who waits first may not step: next_notify()
  }
  /// Gives it away; what is still asked of this one ends with that error. Nothing may be under way.
  std::unique_ptr<tusk::connection> surrender(std::exception_ptr why) noexcept {
    disarm();
    descriptor_closed();
    if (waiting_ != 0) wake();
    reason_ = std::move(why);
    ++generation_;
    return std::move(native_);
  }
  /// Whether no operation is under way, and whoever waited for one has taken its outcome.
  bool is_quiet() const noexcept { return !busy_ && under_way_ == 0 && !native_->isexecuting() && !holds(); }
  /// Whether somebody waits for that, and is to be woken by whoever takes an outcome.
  void await_quiet(bool awaits) noexcept { quiet_awaited_ = awaits; }
  /// Nothing is left of what was under way: no error that nobody has taken, no cancelling, no timer.
  void settle() noexcept {
    stray_ = beside_ = outcome_ = cancel_failure_ = nullptr;
    cancelling_ = false;
    disarm();
  }
  /// Tells the connections apart that were adopted.
  std::uint64_t generation() const noexcept { return generation_; }

  // ---- operations ----

  /// Starts one, and steps; gives the handle that `start` gives. Throws what `start` throws: then there is none.
  template <class Start>
  auto begin(Start const& start) {
    auto made = start();
    ++under_way_;
    step();
    return made;
  }
  /// One of these has ended, and its outcome is looked at. Throws what goes before it: of a handler of the user's.
  void finished() {
    --under_way_;
    ++outcomes_;
    if ((std::exchange(cancelling_, false) || quiet_awaited_) && waiting_ != 0) wake();
    disarm();
    if (beside_) [[unlikely]]
      std::rethrow_exception(std::exchange(beside_, nullptr));
  }
  /// Starts one without a handle, which ends when poll() says ok or throws. Throws programming_error if there is one.
  template <class Start>
  void begin_alone(Start const& start) {
    if (busy_)
      throw programming_error(
          "another operation is under way on this connection; the next can begin when that one has completed");
    start();
    busy_ = true;
    ended_ = must_end_ = cancelling_ = false;
    step();
  }
  bool has_ended() const noexcept { return ended_; }
  /// The error it ended with, or null. The next one can begin.
  std::exception_ptr take_outcome() {
    if ((cancelling_ || quiet_awaited_) && waiting_ != 0) wake();
    busy_ = ended_ = cancelling_ = false;
    ++outcomes_;
    disarm();
    return std::exchange(outcome_, nullptr);
  }
  /// Changes when one has ended; 0: none is under way.
  std::uint64_t number() const noexcept { return busy_ || under_way_ != 0 ? 1 + outcomes_ : 0; }
  /// Whether the end of one is not to be told yet: the fate of a cancel request is not known.
  bool holds() const noexcept { return native_->holds_completion(); }

  // ---- stepping and waiting ----

  /// One poll(), and what follows from it for those who wait.
  void step() noexcept {
    std::exception_ptr error;
    try {
      wanted_ = native_->poll();
      connected_ |= wanted_ == poll_status::ok;
    } catch (...) {
      error = std::current_exception();
      wanted_ = poll_status::read_write;  // writable it is: what may have been left is stepped at once
    }
    if (error) {
      take(std::move(error));
    } else if (wanted_ == poll_status::ok) {
      end(nullptr);
      // Once it was asked for, the loop wakes for each time that something can be written: that registration is over.
      if (watches_write_) descriptor_closed();
    }
    watch();
    if (native_->closed() && !reason_) reason_ = native_->broken_by();
    auto const left = native_->ended_operations();
    bool const held = holds();
    bool const has_ended = std::exchange(left_, left) != left || (std::exchange(held_, held) && !held);
    if (waiting_ != 0 && (has_ended || ended_ || closed() || !native_->notifies.empty())) wake();
    if (has_ended && !queued_.empty()) [[unlikely]]
      wake_queued();
  }

  /// Calls the handler when the descriptor is ready for what poll() wanted, or, with an error, when there is something
  /// to look at.
  template <class Handler>
  void wait(Handler handler) {
    arm();
    ++waiting_;
    watches_write_ |= wanted_ == poll_status::write || wanted_ == poll_status::read_write;
    if (wanted_ == poll_status::read_write && !writing_) {
      writing_ = true;
      descriptor_.async_wait(asio::posix::descriptor_base::wait_write, stepping{shared_from_this()});
    }
    descriptor_.async_wait(wanted_ == poll_status::write ? asio::posix::descriptor_base::wait_write
                                                         : asio::posix::descriptor_base::wait_read,
                           std::move(handler));
  }
  /// A stream or COPY has ended. If nobody waits nothing has to happen while the descriptor is silent; and its cancel
  /// request is nobody's.
  void stream_ended() {
    if (waiting_ == 0) disarm();
    if (!busy_) cancelling_ = false;
  }
  /// To be called by each handler that was given to wait(), first.
  void waited() noexcept { --waiting_; }
  /// Lets all who wait on the descriptor look again.
  void wake() noexcept {
    writing_ = false;
    std::error_code ignored;
    descriptor_.cancel(ignored);
  }

  // ---- turns ----

  /// Whether an operation waits on the descriptor; the others wait for their turn.
  bool has_front() const noexcept { return has_front_; }
  void enter_front() noexcept { has_front_ = true; }
  /// The one in front waits no more: the next one steps.
  void leave_front() noexcept {
    has_front_ = false;
    let_next_in();
  }
  /// Wakes the one whose turn it is, if none steps.
  void let_next_in() noexcept {
    if (!has_front_ && !queued_.empty()) queued_.front()->turn->cancel();
  }
  template <class Handler>
  void wait_for_turn(queued& who, Handler handler) {
    queued_.push_back(&who);
    if (!who.turn) who.turn.emplace(executor_);
    who.turn->expires_at(std::chrono::steady_clock::time_point::max());
    who.turn->async_wait(std::move(handler));
  }
  /// To be called when that wait is over, or given up.
  void forget(queued& who) noexcept { std::erase(queued_, &who); }

  // ---- cancelling and closing ----

  /// Asks the server to cancel the operation under way, see tusk::connection::cancel(); throws if that cannot even
  /// begin. While connecting: closes.
  void cancel() {
    if (!connected_) return close("connecting was cancelled", aborted());
    if (cancelling_ && busy_) return;
    cancel_failure_ = nullptr;
    native_->cancel();
    cancelling_ = true;
    step();
  }
  /// Why the last cancel() came to nothing.
  std::exception_ptr const& cancel_failure() const noexcept { return cancel_failure_; }

  /// The operation under way has to end soon, whatever becomes of the connection.
  void interrupt() noexcept {
    must_end_ = true;
    try {
      cancel();
    } catch (...) {
      close(std::current_exception());
    }
  }

  /// What poll() threw while no operation was under way, and the connection stayed open: of a handler of the user's.
  bool has_stray() const noexcept { return stray_ != nullptr; }
  std::exception_ptr take_stray() noexcept { return std::exchange(stray_, nullptr); }

  /// Why the connection was closed, or the one before it.
  std::exception_ptr reason() const {
    return reason_ ? reason_ : std::make_exception_ptr(interface_error("connection already closed", true));
  }
  void close(char const* why, std::error_code code = {}) noexcept {
    if (closed()) return;
    try {
      close(std::make_exception_ptr(operational_error(why, code, true)));
    } catch (...) {
      close(std::current_exception());
    }
  }
  /// With that error for everything that is asked of it later, too.
  void close(std::exception_ptr why) noexcept {
    reason_ = why;
    descriptor_closed();
    native_->close(why);
    end(std::move(why));
    if (!queued_.empty()) wake_queued();
  }

 private:
  /// Waits without a handler of its own: steps, and wakes the others.
  struct stepping {
    std::shared_ptr<stepper> on;
    void operator()(std::error_code error) const {
      if (error || on->closed()) return;
      on->step();
      on->wake();
    }
  };
  /// Lets those that have ended before their turn look again.
  void wake_queued() {
    for (queued* each : queued_)
      if (each->has_ended()) each->turn->cancel();
  }
  /// What poll() threw: the end of the operation, or something beside it.
  void take(std::exception_ptr error) noexcept {
    bool const goes_on = connected_ ? native_->isexecuting() : !native_->closed();
    if (native_->closed()) reason_ = error;
    if (!busy_ && cancelling_) {
      cancelling_ = false;
      cancel_failure_ = std::move(error);
      if (waiting_ != 0) wake();
    } else if (!busy_) {
      if (native_->closed()) return;
      if (under_way_ == 0)
        stray_ = std::move(error);
      else if (!beside_)
        beside_ = std::move(error);
    } else if (!goes_on) {
      end(std::move(error));
    } else if (std::exchange(cancelling_, false)) {
      if (must_end_) return close(std::move(error));
      cancel_failure_ = std::move(error);
      if (waiting_ != 0) wake();
    } else if (!outcome_) {
      outcome_ = std::move(error);  // of a handler of the user's
    }
  }
  void end(std::exception_ptr error) noexcept {
    if (!busy_ || ended_) return;
    ended_ = true;
    if (error) outcome_ = std::move(error);
  }
  /// Follows the connection's descriptor.
  void watch() noexcept {
    int const now = native_->fileno();
    if (now == watched_) return;
    descriptor_closed();
    if (now < 0) return;
    std::error_code failed;
    int const ours = ::fcntl(now, F_DUPFD_CLOEXEC, 0);
    if (ours < 0)
      failed.assign(errno, std::system_category());
    else if (descriptor_.assign(ours, failed); failed)
      ::close(ours);
    if (failed) return close("the event loop cannot watch the connection", failed);
    watched_ = now;
  }
  void descriptor_closed() noexcept {
    watched_ = -1;
    writing_ = watches_write_ = false;
    std::error_code ignored;
    descriptor_.close(ignored);
  }

  /// Sets the timer for what has to happen although the descriptor is silent.
  void arm() {
    auto const left = native_->timeout();
    if (!left) return disarm();
    timed_ = true;
    timer_.expires_after(*left);
    timer_.async_wait(stepping{shared_from_this()});
  }
  void disarm() {
    if (std::exchange(timed_, false)) timer_.cancel();
  }

  asio::any_io_executor executor_;
  std::unique_ptr<tusk::connection> native_;
  asio::posix::stream_descriptor descriptor_;  // a duplicate of watched_
  asio::steady_timer timer_;
  int watched_ = -1;
  poll_status wanted_ = poll_status::ok;
  std::size_t waiting_ = 0;  // handlers in the event loop
  bool writing_ = false;     // a wait of our own for write, beside those for read
  bool watches_write_ = false;
  bool timed_ = false;      // the timer may be set
  bool connected_ = false;  // poll() has said ok

  bool busy_ = false, ended_ = false;  // one without a handle is under way; it has ended, but nobody took its outcome
  bool has_front_ = false;
  std::size_t under_way_ = 0;              // with handles, up to finished()
  std::vector<queued*> queued_;            // those of them that wait for their turn, in order
  std::uint64_t outcomes_ = 0, left_ = 0;  // operations that have completed; that have left the queue at the last step
  bool held_ = false;                      // holds(), at the last step
  std::exception_ptr beside_;              // of a handler of the user's, while one with a handle was under way
  std::exception_ptr outcome_;
  bool must_end_ = false, cancelling_ = false, quiet_awaited_ = false;
  std::exception_ptr cancel_failure_;
  std::exception_ptr stray_;
  std::exception_ptr reason_;  // why the connection is closed
  std::uint64_t generation_ = 0;
};

}  // namespace tusk::aio::detail
