#include "net/back_off.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

namespace tusk::client {

back_off::back_off() noexcept
    : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), first_(std::chrono::steady_clock::now()) {}

back_off::~back_off() {
  if (timer_ >= 0) ::close(timer_);
}

bool back_off::begin() noexcept {
  auto const now = std::chrono::steady_clock::now();
  if (timer_ < 0 || now - first_ >= longest) return false;
  until_ = now + pause_;
  itimerspec when{};
  when.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(pause_).count());  // 32 bits hold 2 seconds
  pause_ = std::min(2 * pause_, std::chrono::milliseconds(100));
  return ::timerfd_settime(timer_, 0, &when, nullptr) == 0;
}

}  // namespace tusk::client
