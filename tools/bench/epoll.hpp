// The event loop of a program of its own, for the rows that step many connections on one thread.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

#include "bench.hpp"

namespace bench {

/// Descriptors, numbered from 0 in the order in which they were added.
class epoll {
 public:
  epoll() : instance_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (instance_ < 0) fail("epoll_create1");
  }
  epoll(epoll const&) = delete;
  epoll& operator=(epoll const&) = delete;
  ~epoll() { ::close(instance_); }

  void add(int descriptor) {
    watched_.push_back(EPOLLIN);
    control(EPOLL_CTL_ADD, descriptor, watched_.size() - 1);
  }
  /// What to wait for from now on. It is a system call only where that changes.
  void watch(std::size_t number, int descriptor, std::uint32_t events) {
    if (watched_[number] == events) return;
    watched_[number] = events;
    control(EPOLL_CTL_MOD, descriptor, number);
  }
  /// Those that are ready, their number as data.u64. Valid until the next call.
  std::span<epoll_event const> wait() {
    int const count = ::epoll_wait(instance_, ready_.data(), static_cast<int>(ready_.size()), -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    return std::span<epoll_event const>(ready_).first(count < 0 ? 0 : static_cast<std::size_t>(count));
  }

 private:
  [[noreturn]] static void fail(char const* what) { throw std::system_error(errno, std::generic_category(), what); }
  void control(int operation, int descriptor, std::size_t number) {
    epoll_event wanted{};
    wanted.events = watched_[number];
    wanted.data.u64 = number;
    if (::epoll_ctl(instance_, operation, descriptor, &wanted) != 0) fail("epoll_ctl");
  }

  int instance_;
  std::vector<std::uint32_t> watched_;
  std::array<epoll_event, many> ready_{};
};

}  // namespace bench
