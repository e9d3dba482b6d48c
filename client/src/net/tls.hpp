// One TLS session over a socket, by OpenSSL.
//
//   shared_context(how) ─► SSL ─► handshake(): chain (OpenSSL), then the host's name (ours), inside of the handshake:
//                                 a wrong server sees neither the client's certificate nor a byte of the session
//   engine ◄─► read/write ◄─► SSL ◄─► socket (a BIO of ours: non-blocking, but for the read that is told to wait)
//
// Private headers named tls* are the one place of the client where OpenSSL is spoken of.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "conninfo/settings.hpp"
#include "net/socket.hpp"

namespace tusk::client {

/// See the top of this file. One thread at a time; the socket must outlive it; if that moves, move_to() says where to.
class tls {
 public:
  /// Prepares a session with the host over `over`. Throws operational_error if a file that the settings name cannot be
  /// used, or if there is nothing to verify the server by although the mode asks for it.
  tls(tls_settings const& how, host_settings const& to, socket const& over);
  ~tls();
  tls(tls const&) = delete;
  tls& operator=(tls const&) = delete;

  /// From now on the session is over that socket, which was moved there.
  void move_to(socket const& over) noexcept;

  /// Steps the handshake; `done` when it is complete and the server is who it must be.
  io_result handshake();
  /// As socket::read and socket::write; but a read may want to write, and a write to read.
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
  /// Whether the server asked for a client certificate. With sslcertmode=require there is one, so it was sent.
  bool certificate_requested() const noexcept;
  /// Whether the server chose the protocol "postgresql" by ALPN. With direct negotiation the handshake fails otherwise.
  bool alpn_selected() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace tusk::client
