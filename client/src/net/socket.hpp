// A stream socket: non-blocking bytes, and one read that may wait.
//
// Every call carries MSG_DONTWAIT, but the one read that is the wait of the blocking face; so the descriptor itself is
// non-blocking only while connecting and for asynchronous connections. No signal (MSG_NOSIGNAL); EINTR is retried.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "conninfo/settings.hpp"

namespace tusk::client {

using clock = std::chrono::steady_clock;
using deadline = std::optional<clock::time_point>;

/// What became of a read or a write.
enum class io_status {
  done,        ///< `bytes` were moved, at least one
  want_read,   ///< nothing for now: wait until readable
  want_write,  ///< nothing for now: wait until writable
  closed,      ///< the peer has closed
  failed,      ///< see `error`
};
struct io_result {
  io_status status = io_status::done;
  int error = 0;  ///< the system's, where `failed`; 0: the TLS layer's
  std::size_t bytes = 0;
};

/// Where a connection may go: a socket address, and how to write it for people.
struct endpoint {
  std::vector<std::byte> address;  ///< a sockaddr of any family
  std::string text;                ///< "127.0.0.1", "::1", "/run/postgresql/.s.PGSQL.5432"
  bool is_loopback = false;
  int family() const noexcept;
};

/// An address from a Unix socket's path; a leading '@' is Linux's abstract name space.
endpoint unix_endpoint(std::string_view path);

/// Owns a descriptor. Movable. One thread at a time.
class socket {
 public:
  socket() = default;
  socket(socket&& other) noexcept;
  socket& operator=(socket&& other) noexcept;
  ~socket() { close(); }

  /// Opens a non-blocking, close-on-exec socket and begins to connect. The descriptor differs from the one held before,
  /// which is closed afterwards, so that a stale registration with an event loop cannot hide.
  /// An error, or a default error_code when connected or on the way: then finish_connect() tells.
  std::error_code connect(endpoint const& to, tcp_settings const& how = {});
  /// After the socket became writable: the outcome of the connect.
  std::error_code finish_connect() const noexcept;

  io_result read(std::span<char> into, bool wait) const noexcept {
    auto const count = ::recv(descriptor_, into.data(), into.size(), wait ? 0 : MSG_DONTWAIT);
    if (count > 0) [[likely]]
      return {io_status::done, 0, static_cast<std::size_t>(count)};
    return count == 0 ? io_result{io_status::closed} : read_failed(into, wait);
  }
  io_result write(std::string_view from) const noexcept {
    auto const count = ::send(descriptor_, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) [[likely]]
      return {io_status::done, 0, static_cast<std::size_t>(count)};
    return write_failed(from);
  }

  /// Lets read(wait) wait: blocking connections do this once they are connected.
  void set_blocking(bool on) const noexcept;
  /// Ends our direction first, so that what was sent arrives before the end.
  void close() noexcept;
  /// Ends both directions: whoever waits for something to read is told so.
  void shut_down() const noexcept;
  /// Closes the descriptor and nothing else: what another process shares of it goes on.
  void abandon() noexcept;
  int descriptor() const noexcept { return descriptor_; }
  bool is_open() const noexcept { return descriptor_ >= 0; }

 private:
  io_result read_failed(std::span<char> into, bool wait) const noexcept;
  io_result write_failed(std::string_view from) const noexcept;

  int descriptor_ = -1;
};

/// Waits until the descriptor is readable (`read`) or writable (`write`), or until the time. False: it is past.
bool wait_for(int descriptor, bool read, bool write, deadline until);

/// How long to wait until `until`, rounded up; at least zero; nothing: for ever.
std::optional<std::chrono::milliseconds> time_left(deadline until);

}  // namespace tusk::client
