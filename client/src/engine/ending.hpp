// How a connection ends: a limit is over in vain, it breaks, it is given up, or closed. Each ends all operations with
// an error, and the session.
#pragma once

#include <atomic>
#include <exception>
#include <string>

#include "engine/cancelling.hpp"
#include "engine/channel.hpp"
#include "engine/end_reason.hpp"
#include "engine/handlers.hpp"
#include "engine/operation_queue.hpp"
#include "engine/waiting.hpp"

namespace tusk::detail {

inline constexpr char closed_text[] = "the connection was closed in mid-operation";
inline constexpr char forked_text[] =
    "this connection is the parent process's, whose session a forked child must not touch; connect again in the child, "
    "and close this one there, which ends nothing but the child's descriptor";

/// One thread at a time.
class ending {
 public:
  /// What it is given must outlive it; `busy` is cleared.
  ending(session_context& in, handlers const& told, channel& of, operation_queue& queue, cancelling& cancels,
         waiting& waits, std::atomic<bool>& busy) noexcept
      : in_(in), told_(told), channel_(of), queue_(queue), cancelling_(cancels), waits_(waits), busy_(busy) {}

  /// Everything ends with that error; if nothing is under way, the next call has it to throw.
  void break_off(std::exception_ptr error) noexcept;
  /// The connection broke without a word from the server.
  void lose(std::string const& reason);
  /// A limit is over, and no cancel request has helped, or there is none that could: then it breaks off.
  void if_spent();
  /// A cancel request may still hit what is sent next: then it breaks off.
  void if_doubtful() noexcept;
  /// No memory in mid-message, or a user's function that threw: what is half done cannot go on. Everything ends with
  /// the exception that is being handled.
  void give_up() noexcept;
  /// Gives up and throws on. In a forked child it comes of the fork.
  [[noreturn]] void rethrow();
  /// Says goodbye and closes; `why` is what operations under way end with.
  void close(char const* why) noexcept;
  void close(std::exception_ptr const& why) noexcept;

  /// Why it is closed, where no operation has told it.
  end_reason& reason() noexcept { return reason_; }
  /// What broke it, whoever was told; null: nothing has.
  std::exception_ptr const& broken_by() const noexcept { return broken_by_; }

 private:
  void hang_up() noexcept;

  session_context& in_;
  handlers const& told_;
  channel& channel_;
  operation_queue& queue_;
  cancelling& cancelling_;
  waiting& waits_;
  std::atomic<bool>& busy_;
  end_reason reason_;
  std::exception_ptr broken_by_;
};

}  // namespace tusk::detail
