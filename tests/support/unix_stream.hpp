// What a session needs to talk to a real server without a client: a socket, and a nonce.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/session.hpp>

#include "support/server.hpp"

namespace tusk::test {

/// A connection through the server's Unix socket.
class unix_stream {
 public:
  unix_stream() : descriptor_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::string const path = exported("TUSK_SOCKET_DIR") + "/.s.PGSQL." + exported("TUSK_PORT");
    if (path.size() >= sizeof to.sun_path) throw std::runtime_error("the socket's path is too long: " + path);
    path.copy(to.sun_path, path.size());
    if (::connect(descriptor_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0)
      throw std::runtime_error("no connection to " + path + ": " + std::strerror(errno));
  }
  ~unix_stream() { ::close(descriptor_); }
  unix_stream(unix_stream const&) = delete;
  unix_stream& operator=(unix_stream const&) = delete;

  void send_all_of(protocol::session& from) {
    while (!from.output().empty()) {
      auto const count = ::send(descriptor_, from.output().data(), from.output().size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error("the server takes nothing");
      from.sent(static_cast<std::size_t>(count));
    }
  }
  void receive_into(protocol::session& to) {
    auto const room = to.prepare();
    auto const count = ::recv(descriptor_, room.data(), room.size(), 0);
    if (count <= 0) throw std::runtime_error("the server closed the connection");
    to.commit(static_cast<std::size_t>(count));
  }

 private:
  int descriptor_;
};

inline std::string fresh_nonce() {
  std::array<std::byte, 18> bytes{};
  std::random_device random;
  for (auto& each : bytes) each = static_cast<std::byte>(random());
  return protocol::scram_nonce(bytes);
}

}  // namespace tusk::test
