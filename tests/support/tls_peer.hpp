// The server's side of TLS over a scripted server's peer, so that a script can go on in the encrypted stream.
//
//   certificate const mine;
//   scripted_server server([&](peer& client) {
//     tls_peer secure(client, mine);
//     if (!secure.begin()) return;                    answers SSLRequest with S and shakes hands
//     secure.receive_startup();
//     secure.send(welcome());
//   });
//
// TLS works on buffers in memory: a record is received whole from the peer and put in, what comes out is sent. A script
// that wants to answer SSLRequest otherwise does so on the peer (`N`, `E` and a text, several bytes at once), and calls
// `accept` alone where the handshake begins.
#pragma once

#include <openssl/ssl.h>

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/certificate.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {

/// What the server says to a client's ALPN.
enum class alpn { postgresql, other, silent };

class tls_peer : public client_messages<tls_peer> {
 public:
  tls_peer(peer& client, certificate const& own, alpn says = alpn::postgresql)
      : client_(client),
        context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free),
        says_(says) {
    if (SSL_CTX_use_certificate(context_.get(), own.x509()) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), own.key()) != 1)
      throw std::runtime_error("the test's certificate is not taken");
    SSL_CTX_set_num_tickets(context_.get(), 0);  // nothing is sent that the script does not send
    if (says != alpn::silent) SSL_CTX_set_alpn_select_cb(context_.get(), choose, &says_);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  /// Takes the SSLRequest, answers S and shakes hands.
  bool begin() { return client_.receive_startup().size() == 8 && client_.send("S") && accept(); }
  /// Shakes hands. False if the client did not like it, or has gone.
  bool accept() {
    while (SSL_do_handshake(ssl_.get()) != 1)
      if (!flush() || !wanted() || !receive_record()) return false;
    return flush();
  }
  bool send(std::string_view bytes) { return send({bytes}); }
  /// Each text in records of its own, and all of these in one go.
  bool send(std::initializer_list<std::string_view> texts) {
    for (std::string_view const bytes : texts)
      if (!bytes.empty() && SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) return false;
    return flush();
  }
  /// Exactly that many bytes; fewer if the client closes or the test ends.
  std::string receive(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t got = 0;
    while (got < count) {
      std::size_t more = 0;
      if (SSL_read_ex(ssl_.get(), bytes.data() + got, count - got, &more) == 1)
        got += more;
      else if (!wanted() || !receive_record())
        break;
    }
    bytes.resize(got);
    return bytes;
  }
  /// Says that no more comes (close_notify); closing the peer without it is a cut.
  void goodbye() {
    SSL_shutdown(ssl_.get());
    flush();
  }
  /// The name by which the client called the server (SNI); empty if by none.
  std::string server_name() const {
    char const* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  /// The protocol that was agreed on; empty if none was.
  std::string agreed_protocol() const {
    unsigned char const* at = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &at, &size);
    return {reinterpret_cast<char const*>(at), size};
  }

 private:
  static int choose(SSL*, unsigned char const** chosen, unsigned char* size, unsigned char const*, unsigned,
                    void* says) {
    std::string_view const name = *static_cast<alpn*>(says) == alpn::other ? "http/1.1" : "postgresql";
    *chosen = reinterpret_cast<unsigned char const*>(name.data());
    *size = static_cast<unsigned char>(name.size());
    return SSL_TLSEXT_ERR_OK;
  }
  bool wanted() const { return SSL_want_read(ssl_.get()); }
  bool flush() {
    char* text = nullptr;
    auto const size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &text);
    std::string const bytes(text, static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(ssl_.get()));
    return client_.send(bytes);
  }
  /// A TLS record: five bytes, the last two of which are the length of the rest.
  bool receive_record() {
    std::string record = client_.receive(5);
    if (record.size() < 5) return false;
    record += client_.receive(
        static_cast<std::size_t>(static_cast<unsigned char>(record[3]) << 8 | static_cast<unsigned char>(record[4])));
    return BIO_write(SSL_get_rbio(ssl_.get()), record.data(), static_cast<int>(record.size())) > 0;
  }

  peer& client_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  alpn says_;
};

}  // namespace tusk::test
