// A server that does what a test tells it to: it plays bytes, closes, stays silent. For what no real server does.
//
//   scripted_server server([](peer& client) {
//     client.receive_startup();
//     client.send("HTTP/1.1 400 Bad Request\r\n");
//   });
//   connect(server.dsn());
//
// The script runs once for each client, each on a thread of its own. When it returns, the client's connection is
// closed. It must not throw; what a client does not send in time ends the script quietly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tusk::test {

/// Big-endian, as the protocol writes it.
inline std::string int32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}
inline std::string int16(unsigned value) { return int32(value).substr(2); }

/// A message of the server: type, length, body.
inline std::string message(char type, std::string_view body = {}) {
  return type + int32(static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}
/// A body's string with its NUL byte.
inline std::string text(std::string_view value) { return std::string(value) + '\0'; }
inline std::string fields(std::string_view severity, std::string_view code, std::string_view what) {
  return 'S' + text(severity) + 'V' + text(severity) + 'C' + text(code) + 'M' + text(what) + '\0';
}
inline std::string ready() { return message('Z', "I"); }
/// AuthenticationOk and all up to the first ReadyForQuery.
inline std::string welcome() {
  return message('R', int32(0)) + message('S', text("server_version") + text("15.0")) +
         message('S', text("client_encoding") + text("UTF8")) + message('K', int32(4711) + int32(42)) + ready();
}

/// A client's messages, out of what carries its bytes: receive(count) gives so many, or fewer at the end.
template <class Carrier>
class client_messages {
 public:
  /// A message without a type: StartupMessage, SSLRequest.
  std::string receive_startup() { return receive_rest(receive(4)); }
  /// A message with a type.
  std::string receive_message() { return receive_rest(receive(5)); }
  /// Says nothing until the client closes.
  void stay_silent() {
    while (!receive(1).empty()) {}
  }

 private:
  std::string receive(std::size_t count) { return static_cast<Carrier&>(*this).receive(count); }
  std::string receive_rest(std::string head) {
    if (head.size() < 4) return head;
    std::uint32_t length = 0;
    for (char const c : std::string_view(head).substr(head.size() - 4))
      length = length << 8 | static_cast<unsigned char>(c);
    return length < 4 || length > 16'000'000 ? head : head + receive(length - 4);
  }
};

/// The client, as its server sees it.
class peer : public client_messages<peer> {
 public:
  peer(int descriptor, std::atomic<bool> const& stopped) : descriptor_(descriptor), stopped_(stopped) {
    int const on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  peer(peer const&) = delete;
  peer& operator=(peer const&) = delete;
  ~peer() { ::close(descriptor_); }

  /// False if the client has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto const count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Exactly that many bytes; fewer if the client closes or the test ends.
  std::string receive(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t got = 0;
    while (got < count && readable()) {
      auto const more = ::recv(descriptor_, bytes.data() + got, count - got, 0);
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    return bytes;
  }
  /// Sends no more, and can still receive.
  void end_stream() { ::shutdown(descriptor_, SHUT_WR); }
  /// Closes both ways at once, before the script ends.
  void hang_up() { ::shutdown(descriptor_, SHUT_RDWR); }
  /// The same without a goodbye of the system: what the client reads next is a reset.
  void reset() {
    linger const at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sockaddr const nobody{};  // AF_UNSPEC: ends the connection at once, with the descriptor open
    ::connect(descriptor_, &nobody, sizeof nobody);
  }
  /// Whether the client has closed; reads nothing.
  bool has_gone() const {
    char byte = 0;
    return stopped_ || ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  /// Whether the client sends or closes within that time.
  bool stirs_within(std::chrono::milliseconds time) const {
    for (auto const until = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < until;) {
      pollfd waiting{descriptor_, POLLIN, 0};
      if (stopped_ || ::poll(&waiting, 1, 20) != 0) return true;
    }
    return false;
  }
  /// Small buffers, so that whoever does not read stops the other side soon.
  void shrink_buffers() {
    int const size = 32 * 1024;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }

 private:
  bool readable() const {
    pollfd waiting{descriptor_, POLLIN, 0};
    while (!stopped_)
      if (::poll(&waiting, 1, 20) != 0) return true;
    return false;
  }

  int descriptor_;
  std::atomic<bool> const& stopped_;
};

/// See the top of this file.
class scripted_server {
 public:
  /// `at` is an IPv4 address of this machine.
  explicit scripted_server(std::function<void(peer&)> script, std::string at_address = "127.0.0.1")
      : script_(std::move(script)), address_(std::move(at_address)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::inet_addr(address_.c_str());
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, at, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, at, &size) != 0)
      throw std::runtime_error("no listener on loopback");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  scripted_server(scripted_server const&) = delete;
  scripted_server& operator=(scripted_server const&) = delete;
  ~scripted_server() {
    stopped_ = true;
    thread_.join();
    for (std::thread& each : scripts_) each.join();
    ::close(listener_);
  }

  /// `more` overrides what it says: of equal keywords the last one counts.
  std::string dsn(std::string_view more = "") const {
    return "host=" + address_ + " port=" + std::to_string(port_) +
           " user=somebody password=open_sesame dbname=nowhere sslmode=disable " + std::string(more);
  }
  std::string port() const { return std::to_string(port_); }
  /// How many clients have come.
  int clients() const noexcept { return clients_; }
  /// Returns when the scripts of all clients so far have ended: what they wrote may be read then.
  void wait_for_scripts() const {
    while (ended_ < clients_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void serve() {
    pollfd waiting{listener_, POLLIN, 0};
    while (!stopped_) {
      if (::poll(&waiting, 1, 5) <= 0) continue;
      int const descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) continue;
      ++clients_;
      scripts_.emplace_back([this, descriptor] {
        peer client(descriptor, stopped_);
        script_(client);
        ++ended_;
      });
    }
  }

  std::function<void(peer&)> script_;
  std::string address_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> clients_ = 0, ended_ = 0;
  std::thread thread_;
  std::vector<std::thread> scripts_;
};

}  // namespace tusk::test
