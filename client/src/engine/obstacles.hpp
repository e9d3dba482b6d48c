// What keeps an operation from beginning, in one word: mostly nothing does, and one look says so.
//
// Threads that cancel count themselves here, above the reasons; whoever begins an operation waits until none is left.
#pragma once

#include <atomic>

namespace tusk::detail {

/// Any thread may read it. Only cancelling and a fork write it without holding the connection's lock.
class obstacles {
 public:
  enum reason : unsigned {
    closed = 1,          ///< the connection is
    doubtful = 2,        ///< a cancel request may be on its way that nobody confirmed
    connecting = 4,      ///< the session is not ready yet
    foreign = 8,         ///< client_encoding is not UTF8
    handling = 16,       ///< a function of the user's runs, called by the connection
    waited = 32,         ///< a wait callback steps the connection for another operation
    thrown = 64,         ///< what a handler has thrown waits to be thrown
    forked = 128,        ///< this is a forked child, and the session the parent's
    guard_broken = 256,  ///< the transaction of the open guards has ended without them
    untold = 512,        ///< an operation that was started has failed, and nobody was told
    unit_open = 1024,    ///< a pipeline has requests without their sync()
    streaming = 2048,    ///< a stream or a COPY is open
    cancelled = 4096,    ///< another thread cancels what is under way, or what was
  };

  bool none() const noexcept { return word_ == 0; }
  /// Whether there is none but those, of which there may be none.
  bool none_but(unsigned reasons) const noexcept { return (word_ & ~reasons) == 0; }
  bool any_of(unsigned reasons) const noexcept { return (word_ & reasons) != 0; }
  void set(unsigned which, bool there) noexcept {
    if (there)
      word_ |= which;
    else
      word_ &= ~which;
  }

  /// Counts a thread that is cancelling, for as long as it lives.
  class cancelling {
   public:
    explicit cancelling(obstacles& of) noexcept : of_(of) { of_.word_ += one_cancel; }
    cancelling(cancelling const&) = delete;
    cancelling& operator=(cancelling const&) = delete;
    ~cancelling() {
      of_.word_ -= one_cancel;
      of_.word_.notify_all();
    }

   private:
    obstacles& of_;
  };
  /// Waits until no thread is cancelling.
  void wait_for_cancels() const noexcept {
    for (unsigned now = word_; now >= one_cancel; now = word_) word_.wait(now);
  }

  std::atomic<unsigned>& word() noexcept { return word_; }

 private:
  static constexpr unsigned one_cancel = 8192;

  std::atomic<unsigned> word_ = connecting;
};

}  // namespace tusk::detail
