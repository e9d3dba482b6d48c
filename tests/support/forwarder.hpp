// Stands between a client and a real server, hands all bytes on, and lets a tracer look at them.
//
//   forwarder between(socket_path);              then connect to 127.0.0.1 and its port(), without TLS
//   between.lines()                              when the client has closed: what the tracer said
//
// It takes one client. Both directions run on one thread, so that the tracer sees an order that was possible.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/protocol/trace.hpp>
#include <vector>

namespace tusk::test {

class forwarder {
 public:
  /// `path` is the server's Unix socket.
  explicit forwarder(std::string const& path)
      : trace_([this](std::string_view line) { lines_.emplace_back(line); }),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        server_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    auto* const at = reinterpret_cast<sockaddr*>(&here);
    sockaddr_un there{};
    there.sun_family = AF_UNIX;
    if (path.size() >= sizeof there.sun_path) throw std::runtime_error("the path of the server's socket is too long");
    path.copy(there.sun_path, path.size());
    if (::bind(listener_, at, size) != 0 || ::listen(listener_, 1) != 0 || ::getsockname(listener_, at, &size) != 0 ||
        ::connect(server_, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0)
      throw std::runtime_error("the forwarder cannot reach " + path);
    port_ = ntohs(here.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  forwarder(forwarder const&) = delete;
  forwarder& operator=(forwarder const&) = delete;
  ~forwarder() {
    stopped_ = true;
    join();
    for (int const each : {listener_, server_, client_}) ::close(each);
  }

  std::string port() const { return std::to_string(port_); }
  /// Waits until the client has closed.
  std::vector<std::string> const& lines() {
    join();
    return lines_;
  }

 private:
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  void run() {
    pollfd waiting{listener_, POLLIN, 0};
    while (!stopped_ && ::poll(&waiting, 1, 20) <= 0) {}
    if (stopped_) return;
    client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    pollfd both[2] = {{client_, POLLIN, 0}, {server_, POLLIN, 0}};
    while (!stopped_) {
      if (::poll(both, 2, 20) <= 0) continue;
      if (both[0].revents != 0 && !hand_on(client_, server_, true)) break;
      if (both[1].revents != 0 && !hand_on(server_, client_, false)) break;
    }
    ::shutdown(client_, SHUT_RDWR);
    ::shutdown(server_, SHUT_RDWR);
  }
  bool hand_on(int from, int to, bool from_client) {
    char memory[16384];
    auto const count = ::recv(from, memory, sizeof memory, 0);
    if (count <= 0) return false;
    std::string_view bytes(memory, static_cast<std::size_t>(count));
    from_client ? trace_.frontend(bytes) : trace_.backend(bytes);
    while (!bytes.empty()) {
      auto const sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::vector<std::string> lines_;
  protocol::tracer trace_;
  int listener_, server_, client_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace tusk::test
