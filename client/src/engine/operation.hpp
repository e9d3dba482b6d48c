// An operation: something asked of the server, from its first byte to its last answer.
//
//   feed() ─► its requests are in the session's output ─► take(event), for each event of its answer ─► ended
//
// It ends exactly once: by its last event, or by end(), with the error that keeps it from coming. Whatever brings it
// about, error() and what the kind of operation has to give are there from then on. The engine knows no kinds.
#pragma once

#include <cstdint>
#include <exception>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>

namespace tusk::detail {

/// What feed() has done.
enum class fed : std::uint8_t {
  whole,    ///< all requests are in the output
  part,     ///< it wants to be called again when these have been sent
  nothing,  ///< there was nothing to send, or it could not be sent: the operation has ended
};

/// What an operation says of itself after an event.
enum class progress : std::uint8_t {
  under_way,
  ended,
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
  /// What was asked, for the caret under an error's position.
  virtual std::string_view asked() const noexcept { return {}; }
  /// Whether nothing may be fed behind it before it has ended: it may change whether a transaction is open, or enter
  /// COPY.
  virtual bool is_barrier() const noexcept { return true; }

  /// The end, but for its last event: the connection is gone, or it was never sent. `error` counts before what went
  /// wrong earlier, of which it tells.
  void end(std::exception_ptr error) noexcept;
  /// The same by its last event.
  void end() noexcept { ended_ = true; }
  /// Called when it has left the queue and may be kept for what it gives: it drops what it needed on its way.
  virtual void settle() noexcept {}

  bool has_ended() const noexcept { return ended_; }
  /// The first error; null: none.
  std::exception_ptr const& error() const noexcept { return error_; }
  /// Throws it, if there is one; once.
  void rethrow() {
    if (error_) [[unlikely]]
      std::rethrow_exception(std::exchange(error_, nullptr));
  }

 protected:
  /// Keeps the first error.
  void fail(std::exception_ptr error) noexcept {
    if (!error_) error_ = std::move(error);
  }

 private:
  std::exception_ptr error_;
  bool ended_ = false;
};

}  // namespace tusk::detail
