// Both ends of a TLS session in one thread: our client over a real socket, and a server of OpenSSL's.
//
//   tls_pair pair(how, to, server);     // what a server shows and wants: see tls_side
//   EXPECT_EQ(pair.shake_hands(), "");  // the client's error, or nothing
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls.hpp"
#include "support/certificate.hpp"

namespace tusk::test {

/// What the server shows and wants.
struct tls_side {
  certificate own;
  std::vector<certificate> chain = {};
  std::optional<certificate> clients_authority = {};  ///< ask for a client certificate that it signed
  bool certificate_needed = false;
  std::string protocol = "postgresql";  ///< chosen by ALPN; empty: none
  int minimum = TLS1_2_VERSION, maximum = 0;
  bool tickets = false;  ///< PostgreSQL sends none since 17
};

class tls_pair {
 public:
  tls_pair(client::tls_settings const& how, client::host_settings const& to, tls_side side)
      : side_(std::move(side)), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    if (!side_.tickets) {
      SSL_CTX_set_num_tickets(context, 0);
      SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_min_proto_version(context, side_.minimum);
    SSL_CTX_set_max_proto_version(context, side_.maximum);
    good(SSL_CTX_use_certificate(context, side_.own.x509()) == 1, "a server with that certificate");
    good(SSL_CTX_use_PrivateKey(context, side_.own.key()) == 1, "a server with that key");
    for (certificate const& each : side_.chain) good(SSL_CTX_add1_chain_cert(context, each.x509()) == 1, "a chain");
    if (side_.clients_authority) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), side_.clients_authority->x509());
      int const needed = side_.certificate_needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | needed, nullptr);
    }
    SSL_CTX_set_alpn_select_cb(context, choose, this);
    connect();
    server_.reset(SSL_new(context));
    SSL_set_fd(server(), accepted_);
    SSL_set_accept_state(server());
    client_ = std::make_unique<client::tls>(how, to, socket_);
  }
  tls_pair(tls_pair const&) = delete;
  tls_pair& operator=(tls_pair const&) = delete;
  ~tls_pair() {
    client_.reset();
    server_.reset();
    ::close(accepted_);
  }

  /// Frees the client's end, without a word to the server.
  void end_client() noexcept { client_.reset(); }
  /// Closes the server's end without a word.
  void end_server() noexcept { ::shutdown(accepted_, SHUT_RDWR); }
  void server_writes_raw(std::string_view bytes) { (void)::send(accepted_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  client::tls& client() noexcept { return *client_; }
  client::socket& socket() noexcept { return socket_; }
  SSL* server() const noexcept { return server_.get(); }

  /// One step of each side; what the client says.
  client::io_result step() {
    client::io_result const told = client_->handshake();
    ERR_clear_error();
    if (SSL_do_handshake(server()) != 1 && server_error_.empty() && ERR_peek_error() != 0)
      server_error_ = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return told;
  }
  /// Until both sides are done. The client's error; empty: it has none.
  std::string shake_hands() {
    for (int turn = 0; turn < 1000; ++turn) {
      auto const told = step();
      if (told.status == client::io_status::failed) return client_->error().empty() ? "system error" : client_->error();
      if (told.status == client::io_status::closed) return "closed";
      if (told.status == client::io_status::done) {
        step();  // the server hears of it
        return "";
      }
    }
    return "no end";
  }
  /// What the server refused the client for.
  std::string const& server_error() const noexcept { return server_error_; }
  /// The name that the client told; empty: none.
  std::string name_told() const {
    char const* const name = SSL_get_servername(server(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  bool certificate_seen() const { return SSL_get0_peer_certificate(server()) != nullptr; }
  /// What the client gets of the server, at most that much.
  std::string read(std::size_t most = 4096) {
    std::string bytes(most, '\0');
    auto const got = client_->read(bytes, false);
    bytes.resize(got.status == client::io_status::done ? got.bytes : 0);
    return bytes;
  }
  bool server_writes(std::string_view bytes) {
    return SSL_write(server(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  std::string server_reads(std::size_t most = 4096) {
    std::string bytes(most, '\0');
    int const got = SSL_read(server(), bytes.data(), static_cast<int>(most));
    bytes.resize(static_cast<std::size_t>(std::max(got, 0)));
    return bytes;
  }

 private:
  static int choose(SSL*, unsigned char const** out, unsigned char* size, unsigned char const* in, unsigned length,
                    void* self) {
    std::string const& wanted = static_cast<tls_pair*>(self)->side_.protocol;
    for (unsigned at = 0; at < length; at += in[at] + 1U)
      if (std::string_view(reinterpret_cast<char const*>(in + at + 1), in[at]) == wanted) {
        *out = in + at + 1;
        *size = in[at];
        return SSL_TLSEXT_ERR_OK;
      }
    return SSL_TLSEXT_ERR_NOACK;
  }

  void connect() {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, at, size) != 0 || ::listen(listener, 1) != 0 || ::getsockname(listener, at, &size) != 0)
      throw std::runtime_error("no listener on loopback");
    client::endpoint to{std::vector<std::byte>(sizeof address), "127.0.0.1", true};
    std::memcpy(to.address.data(), &address, sizeof address);
    if (socket_.connect(to)) throw std::runtime_error("no connection");
    accepted_ = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ::close(listener);
    int const on = 1;
    ::setsockopt(accepted_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client::wait_for(socket_.descriptor(), false, true, {});
  }

  tls_side side_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int accepted_ = -1;
  client::socket socket_;
  struct ssl_free {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, ssl_free> server_;
  std::unique_ptr<client::tls> client_;
  std::string server_error_;
};

}  // namespace tusk::test
