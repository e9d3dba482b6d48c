#include "engine/limit.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <tusk/types/error.hpp>
#include <utility>

namespace tusk::client {
namespace {

bool control(int to, int command, int descriptor, std::uint32_t events) noexcept {
  epoll_event wanted{};
  wanted.events = events;
  return ::epoll_ctl(to, command, descriptor, &wanted) == 0;
}

}  // namespace

limit::limit(within const& how) : how_(how) {
  if (!how_.token().stop_possible()) return;
  event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  both_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (event_ < 0 || both_ < 0 || !control(both_, EPOLL_CTL_ADD, event_, EPOLLIN)) {
    std::error_code const why(errno, std::generic_category());
    close();
    throw operational_error("the system has no descriptors for a stop token: " + why.message(), why);
  }
  on_stop_.emplace(how_.token(), wake{event_});
}

limit::~limit() {
  on_stop_.reset();  // waits for one that runs
  close();
}

void limit::close() noexcept {
  for (int const each : {event_, both_})
    if (each >= 0) ::close(each);
}

void limit::wake::operator()() const noexcept {
  std::uint64_t const one = 1;
  (void)!::write(event, &one, sizeof one);
}

bool limit::is_over() {
  if (!end_ && how_.is_over()) {
    request_at_ = clock::now();
    end_ = request_at_ + grace;
  }
  return end_.has_value();
}

deadline limit::until() const {
  if (end_) return std::min(request_at_, *end_);
  return how_.token().stop_requested() ? clock::now() : how_.until();
}

bool limit::watch(int socket, bool write) noexcept {
  std::uint32_t const events = EPOLLIN | (write ? EPOLLOUT : 0U);
  return control(both_, std::exchange(watched_, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events);
}

}  // namespace tusk::client
