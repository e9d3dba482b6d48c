// A wait callback for Boost.Fiber: a fiber that waits for its connection sleeps, and when no fiber can go on the
// thread waits with poll(2) for all of them.
//
//   boost::fibers::use_scheduling_algorithm<fiber_scheduler>();    for this thread
//   tusk::set_wait_callback(fiber_scheduler::wait);                for the process
//
// Fibers of other threads cannot wake those of this one: that would take an eventfd, as Boost's documentation shows.
#pragma once

#include <poll.h>

#include <algorithm>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/future.hpp>
#include <chrono>
#include <cstddef>
#include <tusk/tusk.hpp>
#include <vector>

class fiber_scheduler : public boost::fibers::algo::round_robin {
 public:
  using clock = std::chrono::steady_clock;

  fiber_scheduler() { of_this_thread_ = this; }
  ~fiber_scheduler() override {
    if (of_this_thread_ == this) of_this_thread_ = nullptr;
  }

  /// The wait callback: steps the connection, and lets other fibers run in between.
  static void wait(tusk::connection& conn) {
    for (;;) {
      sleeper self;
      switch (conn.poll()) {
        case tusk::poll_status::ok: return;
        case tusk::poll_status::read: self.events = POLLIN; break;
        case tusk::poll_status::write: self.events = POLLOUT; break;
        case tusk::poll_status::read_write: self.events = POLLIN | POLLOUT; break;
      }
      self.descriptor = conn.fileno();
      if (auto const limit = conn.timeout()) self.until = clock::now() + *limit;
      of_this_thread_->sleepers_.push_back(&self);
      self.woken.get_future().wait();
    }
  }

  /// Called when no fiber can run, until `time` at most: wakes those whose connection or time has come.
  void suspend_until(clock::time_point const& time) noexcept override {
    std::vector<pollfd> waiting;
    clock::time_point first = time;
    for (sleeper const* each : sleepers_) {
      waiting.push_back({each->descriptor, each->events, 0});
      first = std::min(first, each->until);
    }
    ::poll(waiting.data(), waiting.size(), milliseconds_to(first));
    auto const now = clock::now();
    for (std::size_t i = waiting.size(); i-- > 0;) {
      if (waiting[i].revents == 0 && now < sleepers_[i]->until) continue;
      sleepers_[i]->woken.set_value();
      sleepers_.erase(sleepers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

 private:
  struct sleeper {
    int descriptor = -1;
    short events = 0;
    clock::time_point until = clock::time_point::max();
    boost::fibers::promise<void> woken;
  };

  static int milliseconds_to(clock::time_point time) noexcept {
    if (time == clock::time_point::max()) return -1;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(time - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }

  static inline thread_local fiber_scheduler* of_this_thread_ = nullptr;
  std::vector<sleeper*> sleepers_;
};
