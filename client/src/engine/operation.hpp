// An operation: something asked of the server, from its first byte to its last answer.
//
//   feed() ─► its requests are in the session's output ─► take(event), for each event of its answer ─► ended
//                                                                              again ─► feed_again() ─► take(event) ...
//
// It ends exactly once: by its last event, or by end(), with the error that keeps it from coming. Whatever brings it
// about, error() and what the kind of operation has to give are there from then on. The engine knows no kinds.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <string_view>
#include <tusk/protocol/session.hpp>

namespace tusk::detail {

/// What feed() has done.
enum class fed : std::uint8_t {
  whole,    ///< all requests are in the output
  part,     ///< it wants to be called again when these have been sent
  later,    ///< likewise, when it has more: operation_queue::resume() says that
  nothing,  ///< there was nothing to send, or it could not be sent: the operation has ended
};

/// What an operation says of itself after an event.
enum class progress : std::uint8_t {
  under_way,
  ended,
  again,   ///< its unit has ended, with error(), and it asks for feed_again()
  broken,  ///< it has ended, and the session cannot go on; error() says why
};

/// One thread at a time. It outlives its time in the engine's queue.
class operation {
 public:
  operation() = default;
  operation(operation const&) = delete;
  operation& operator=(operation const&) = delete;
  virtual ~operation() = default;

  /// Encodes requests. What is wrong with them becomes the operation's error, and a unit that was begun still ends.
  /// Throws std::bad_alloc: the session may have half a unit then, and cannot go on.
  virtual fed feed() = 0;
  /// An event of its own answer: never a notice, a notification or a setting.
  virtual progress take(protocol::event const& told) = 0;
  /// After progress::again: feeds another unit, as feed() does, instead of ending with error(); or ends, for which it
  /// is not called at all where nothing may be sent again. Only what was fed whole has something fed behind it. Throws
  /// as feed() does.
  virtual fed feed_again() { return fed::nothing; }
  /// What was asked, for the caret under an error's position.
  virtual std::string_view asked() const noexcept { return {}; }
  /// Whether nothing may be fed behind it before it has ended: it may change whether a transaction is open, or enter
  /// COPY.
  virtual bool is_barrier() const noexcept { return true; }
  /// Whether what it sends depends on how everything before it ended: it is fed when it is in front.
  virtual bool is_fed_in_front() const noexcept { return false; }
  /// Whether it has something to give before it has ended, and nothing more is to be received until that is taken.
  virtual bool is_full() const noexcept { return false; }
  /// Whether it waits for its caller, who has more to send; answers are received meanwhile.
  virtual bool is_hungry() const noexcept { return false; }
  /// It is to be cancelled, and was fed in part: the server may wait for the rest of it. Then feed() is called again.
  virtual void interrupt() noexcept {}
  /// What its caller gave lives no longer, and it was not fed whole: it keeps what it still needs.
  virtual void keep() {}

  /// The end, but for its last event: the connection is gone, or it was never sent. `error` counts before what went
  /// wrong earlier, of which it tells.
  void end(std::exception_ptr error) noexcept;
  /// The same by its last event.
  void end() noexcept { ended_.store(true, std::memory_order_release); }
  /// Called when it has left the queue and may be kept for what it gives: it drops what it needed on its way. It may
  /// outlive the connection then, and touches nothing of that any more.
  virtual void settle() noexcept {}

  /// Any thread. Once it says true, what the operation has to give does not change any more.
  bool has_ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// The first error; null: none.
  std::exception_ptr const& error() const noexcept { return error_; }
  /// Whether there is an error that rethrow() has not thrown.
  bool has_untold_error() const noexcept { return error_ && !told_; }
  /// Throws it, if there is one; once.
  void rethrow() {
    if (has_untold_error()) [[unlikely]] {
      told_ = true;
      std::rethrow_exception(error_);
    }
  }
  /// Nobody is to be told of its error.
  void forgive() noexcept { told_ = true; }
  /// Whether somebody has a handle (tusk::pending), who alone is told of its end. Any thread.
  void set_held(bool held) noexcept { held_.store(held, std::memory_order_relaxed); }
  bool is_held() const noexcept { return held_.load(std::memory_order_relaxed); }
  std::atomic<bool>& held() noexcept { return held_; }

 protected:
  /// end() was called with an error, before its last event.
  virtual void lost() noexcept {}
  /// Keeps the first error.
  void fail(std::exception_ptr error) noexcept {
    if (!error_) error_ = std::move(error);
  }
  /// What went wrong is tried again.
  void forget_error() noexcept { error_ = nullptr; }

 private:
  std::exception_ptr error_;
  std::atomic<bool> ended_ = false, held_ = false;
  bool told_ = false;  // the error was thrown
};

}  // namespace tusk::detail
