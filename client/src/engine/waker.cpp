#include "engine/waker.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <tusk/types/error.hpp>

namespace tusk::client {
namespace {

bool control(int to, int command, int descriptor, std::uint32_t events) noexcept {
  epoll_event wanted{};
  wanted.events = events;
  return ::epoll_ctl(to, command, descriptor, &wanted) == 0;
}

}  // namespace

waker::waker() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (event_ >= 0 && epoll_ >= 0 && control(epoll_, EPOLL_CTL_ADD, event_, EPOLLIN)) return;
  std::error_code const why(errno, std::generic_category());
  close();
  throw operational_error("the system has no descriptors to wait with: " + why.message(), why);
}

waker::~waker() { close(); }

void waker::close() noexcept {
  for (int const each : {event_, epoll_})
    if (each >= 0) ::close(each);
}

void waker::wake() const noexcept { ::eventfd_write(event_, 1); }

void waker::calm() const noexcept {
  eventfd_t count = 0;
  ::eventfd_read(event_, &count);
}

bool waker::watch(place where, int watched, bool read, bool write) noexcept {
  registration& now = watched_[where];
  std::uint32_t const events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
  if (now.descriptor == watched && now.events == events) return true;
  if (now.descriptor >= 0 && now.descriptor != watched) control(epoll_, EPOLL_CTL_DEL, now.descriptor, 0);
  bool const is_known = now.descriptor == watched;
  now = {};
  if (watched < 0) return true;
  // One that was closed is out of the set already; one that was forgotten may be in it still.
  if (!control(epoll_, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watched, events) &&
      !(errno == ENOENT && control(epoll_, EPOLL_CTL_ADD, watched, events)) &&
      !(errno == EEXIST && control(epoll_, EPOLL_CTL_MOD, watched, events)))
    return false;
  now = {watched, events};
  return true;
}

}  // namespace tusk::client
