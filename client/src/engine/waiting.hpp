// What is waited for: the wish that the last step left, and the one descriptor that stands for several, once it was
// made.
#pragma once

#include <atomic>
#include <memory>

#include "engine/waker.hpp"
#include "engine/wish.hpp"

namespace tusk::detail {

/// One thread at a time, but for what is shown.
class waiting {
 public:
  /// The descriptor for all that is waited for; it is made by the first call, and stays then for the connection's whole
  /// life. Throws operational_error if the system has none.
  client::waker& on_several() {
    if (!several_) several_ = std::make_unique<client::waker>();
    return *several_;
  }
  bool has_several() const noexcept { return several_ != nullptr; }
  void take_several(waiting& from) noexcept { several_ = std::move(from.several_); }

  /// Waits for the session's socket from now on. `is_new`: it may be another one than last time, with the same number.
  /// False: the system refuses; errno says why.
  bool set(client::wish const& of_session, bool is_new) {
    wanted_ = of_session;
    bool const done = several_ == nullptr || watch(of_session, is_new);
    show();
    return done;
  }
  /// The same where there is one descriptor and no time.
  void set(int descriptor, bool read, bool write) noexcept {
    wanted_.descriptor = descriptor;
    wanted_.read = read;
    wanted_.write = write;
    wanted_.until.reset();
    show();
  }
  void clear() noexcept {
    wanted_ = {};
    show();
  }
  client::wish const& wanted() const noexcept { return wanted_; }
  /// Its descriptor, and whether it has a time, for any thread.
  int shown_descriptor() const noexcept { return shown_descriptor_.load(std::memory_order_relaxed); }
  bool shown_time() const noexcept { return shown_time_.load(std::memory_order_relaxed); }
  /// A step begins.
  void calm() const noexcept {
    if (several_) several_->calm();
  }

 private:
  void show() noexcept {
    shown_descriptor_.store(wanted_.descriptor, std::memory_order_relaxed);
    shown_time_.store(wanted_.until.has_value(), std::memory_order_relaxed);
  }
  bool watch(client::wish const& of_session, bool is_new) noexcept {
    if (is_new) several_->forget(client::waker::session);
    wanted_.descriptor = several_->descriptor();
    wanted_.read = !of_session.is_none();
    wanted_.write = false;
    return several_->watch(client::waker::session, of_session.descriptor, true, of_session.write);
  }

  client::wish wanted_;
  std::atomic<int> shown_descriptor_ = -1;
  std::atomic<bool> shown_time_ = false;
  std::unique_ptr<client::waker> several_;
};

}  // namespace tusk::detail
