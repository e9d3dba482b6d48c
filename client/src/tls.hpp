// TLS over a socket, by OpenSSL; the one place of the client where OpenSSL is named.
//
// A private library context keeps OpenSSL's configuration files away from our sessions. Contexts with the same settings
// are shared by all connections, and idle connections release their buffers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "settings.hpp"
#include "socket.hpp"

namespace tusk::client {

/// One TLS session. One thread at a time; the socket must outlive it and stay at its place.
class tls {
 public:
  /// Prepares a session over `over`. Throws operational_error if the certificates cannot be read.
  tls(tls_settings const& how, host_settings const& to, socket const& over);
  ~tls();
  tls(tls const&) = delete;
  tls& operator=(tls const&) = delete;

  /// Steps the handshake; `done` when it is complete.
  io_result handshake();
  /// As socket::read and socket::write.
  io_result read(std::span<char> into, bool wait);
  io_result write(std::string_view from);
  /// Whether decrypted or undecrypted bytes lie in user space.
  bool pending() const noexcept;
  /// What went wrong in the call that failed without a system error; of the handshake, the certificate included.
  std::string const& error() const noexcept;
  /// Tells the peer that we end.
  void goodbye() noexcept;

  std::string version() const;  ///< "TLSv1.3"
  std::string cipher() const;
  /// The tls-server-end-point channel binding (RFC 5929): a hash of the server's certificate; empty if the
  /// certificate's signature has no usable hash.
  std::string server_end_point() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace tusk::client
