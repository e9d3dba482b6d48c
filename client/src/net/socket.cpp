#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <utility>

namespace tusk::client {
namespace {

std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

io_result io_failure(io_status would_block) noexcept {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {would_block};
  return {io_status::failed, errno};
}

}  // namespace

int endpoint::family() const noexcept {
  sockaddr header{};
  std::memcpy(&header, address.data(), std::min(sizeof header, address.size()));
  return header.sa_family;
}

endpoint unix_endpoint(std::string_view path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::size_t const length = std::min(path.size(), sizeof to.sun_path - 1);
  path.copy(to.sun_path, length);
  bool const abstract = path.starts_with('@');
  if (abstract) to.sun_path[0] = '\0';
  // The name of an abstract socket has no terminator: its length ends it.
  std::size_t const size = offsetof(sockaddr_un, sun_path) + length + (abstract ? 0 : 1);
  auto const bytes = std::as_bytes(std::span(&to, 1)).first(size);
  return {{bytes.begin(), bytes.end()}, std::string(path), true};
}

socket::socket(socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

socket& socket::operator=(socket&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

std::error_code socket::connect(endpoint const& to, tcp_settings const& how) {
  int const fresh = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fresh < 0) return last_error();
  close();
  descriptor_ = fresh;
  if (to.family() != AF_UNIX) {
    // Small requests must not wait for the answer to an earlier one; a dead peer must be noticed some day. A system
    // that refuses one of these connects all the same.
    set_option(fresh, IPPROTO_TCP, TCP_NODELAY, 1);
    if (how.keepalives) set_option(fresh, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (how.keepalives && how.idle > 0) set_option(fresh, IPPROTO_TCP, TCP_KEEPIDLE, how.idle);
    if (how.keepalives && how.interval > 0) set_option(fresh, IPPROTO_TCP, TCP_KEEPINTVL, how.interval);
    if (how.keepalives && how.count > 0) set_option(fresh, IPPROTO_TCP, TCP_KEEPCNT, how.count);
    if (how.user_timeout > 0) set_option(fresh, IPPROTO_TCP, TCP_USER_TIMEOUT, how.user_timeout);
  }
  auto const* address = reinterpret_cast<sockaddr const*>(to.address.data());
  int outcome = 0;
  do outcome = ::connect(fresh, address, static_cast<socklen_t>(to.address.size()));
  while (outcome < 0 && errno == EINTR);
  // A Unix socket whose server has no room says EAGAIN, and never becomes writable: that is a refusal.
  if (outcome == 0 || errno == EINPROGRESS || errno == EALREADY || errno == EISCONN) return {};
  return last_error();
}

std::error_code socket::finish_connect() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return last_error();
  return {error, std::generic_category()};
}

// Called right after the system call, whose errno still stands.
io_result socket::read_failed(std::span<char> into, bool wait) const noexcept {
  while (errno == EINTR) {
    auto const count = ::recv(descriptor_, into.data(), into.size(), wait ? 0 : MSG_DONTWAIT);
    if (count > 0) return {io_status::done, 0, static_cast<std::size_t>(count)};
    if (count == 0) return {io_status::closed};
  }
  return io_failure(io_status::want_read);
}

io_result socket::write_failed(std::string_view from) const noexcept {
  while (errno == EINTR) {
    auto const count = ::send(descriptor_, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return {io_status::done, 0, static_cast<std::size_t>(count)};
  }
  return io_failure(io_status::want_write);
}

void socket::set_blocking(bool on) const noexcept {
  int const flags = ::fcntl(descriptor_, F_GETFL);
  ::fcntl(descriptor_, F_SETFL, on ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void socket::shut_down() const noexcept {
  if (is_open()) ::shutdown(descriptor_, SHUT_RDWR);
}

void socket::close() noexcept {
  if (descriptor_ < 0) return;
  ::shutdown(descriptor_, SHUT_WR);
  abandon();
}

void socket::abandon() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::optional<std::chrono::milliseconds> time_left(deadline until) {
  if (!until) return {};
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(*until - clock::now()), std::chrono::milliseconds(0));
}

bool wait_for(int descriptor, bool read, bool write, deadline until) {
  pollfd waiting{descriptor, static_cast<short>((read ? POLLIN : 0) | (write ? POLLOUT : 0)), 0};
  for (;;) {
    auto const left = time_left(until);
    int const milliseconds = left ? static_cast<int>(std::min<std::int64_t>(left->count(), INT_MAX)) : -1;
    int const count = ::poll(&waiting, 1, milliseconds);
    if (count > 0) return true;
    if (count == 0 && until && clock::now() >= *until) return false;
    if (count < 0 && errno != EINTR) throw std::system_error(last_error(), "waiting for a socket");
  }
}

}  // namespace tusk::client
