#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <tusk/types/error.hpp>
#include <utility>

#include "net/tls_certificate.hpp"
#include "net/tls_context.hpp"
#include "net/tls_files.hpp"

namespace tusk::client {
namespace {

using ssl_ptr = std::unique_ptr<SSL, freer<SSL_free>>;

/// What to do when the server's certificate does not verify.
std::string_view advice_on_certificate(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return "; renew it at the server, or set the clocks right";
    case X509_V_ERR_CERT_REVOKED: return "; it must be replaced at the server";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "; sslcrl and sslcrldir must hold the list of every authority between the server and sslrootcert";
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID: return "; sslcrl or sslcrldir must be brought up to date";
    default: return "; check that sslrootcert is the authority that signed it";
  }
}

/// What became of the server's wish for a client certificate.
enum class certificate { unwanted, missing, sent };

/// What to do about other errors of a session.
std::string_view advice_on_session(int reason, certificate shown) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return "; check ssl_min_protocol_version and ssl_max_protocol_version, here and at the server";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return shown == certificate::sent ? "; the server refuses our client certificate: check sslcert and sslkey" : "";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return shown == certificate::missing ? "; the server needs a client certificate: set sslcert and sslkey" : "";
    default: return "";
  }
}

/// As libpq: nothing that is written like an address is told as a server's name, 127.1 neither.
bool is_name(std::string_view host) {
  return host.find(':') == host.npos && host.find_first_not_of("0123456789.") != host.npos;
}

/// Frees the certificates above the server's own: once they are verified nobody looks at them again.
void drop_chain(SSL* ssl) {
  for (STACK_OF(X509) * chain : {SSL_get_peer_cert_chain(ssl), SSL_get0_verified_chain(ssl)})
    while (chain != nullptr && sk_X509_num(chain) > 0) X509_free(sk_X509_pop(chain));
}

}  // namespace

struct tls::state {
  socket const* over;
  std::shared_ptr<SSL_CTX> context;
  ssl_ptr ssl;
  std::string host;        // that the certificate must be for; empty: it is not checked
  bool direct = false;     // must the server choose our protocol?
  bool name_good = false;  // the certificate is for that host
  bool requested = false;  // the server asked for a client certificate
  bool wait = false;       // may the next read of the socket wait?
  int key_log = -1;        // open during the handshake, if one is kept
  io_result last;          // what the socket said last
  std::string error, wrong_name;

  state(socket const& through, std::shared_ptr<SSL_CTX> made) : over(&through), context(std::move(made)) {}
  state(state const&) = delete;
  ~state() { close_key_log(); }

  static state& of(SSL const* ssl) { return *static_cast<state*>(BIO_get_data(SSL_get_rbio(ssl))); }
  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got);
  static int bio_write(BIO* bio, char const* from, std::size_t size, std::size_t* sent);
  static long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static BIO_METHOD const* method();
  static int verify(int good, X509_STORE_CTX* chain) noexcept;
  static int certificate_wanted(SSL*, void* self) noexcept {
    static_cast<state*>(self)->requested = true;
    return 1;
  }
  static void log_key(SSL const* ssl, char const* line) noexcept;

  bool check_host(X509* certificate);
  void close_key_log() noexcept {
    if (key_log >= 0) ::close(std::exchange(key_log, -1));
  }
  void begin(bool may_wait) noexcept {
    ERR_clear_error();
    last = {};
    wait = may_wait;
  }
  io_result outcome(int returned, std::size_t bytes);
  io_result refuse(std::string why) {
    error = std::move(why);
    return {io_status::failed};
  }
};

int tls::state::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  auto& self = *static_cast<state*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.last = self.over->read({into, size}, self.wait);
  *got = self.last.bytes;
  if (self.last.status == io_status::want_read) BIO_set_retry_read(bio);
  return self.last.status == io_status::done ? 1 : 0;
}

int tls::state::bio_write(BIO* bio, char const* from, std::size_t size, std::size_t* sent) {
  auto& self = *static_cast<state*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.last = self.over->write({from, size});
  *sent = self.last.bytes;
  if (self.last.status == io_status::want_write) BIO_set_retry_write(bio);
  return self.last.status == io_status::done ? 1 : 0;
}

BIO_METHOD const* tls::state::method() {
  static BIO_METHOD const* const made = [] {  // one that throws is made anew by the next session
    int const index = BIO_get_new_index();
    BIO_METHOD* fresh = index < 0 ? nullptr : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "tusk socket");
    if (fresh == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(fresh, bio_read);
    BIO_meth_set_write_ex(fresh, bio_write);
    BIO_meth_set_ctrl(fresh, bio_control);
    return fresh;
  }();
  return made;
}

/// OpenSSL's verdict on each certificate of the chain; the server's own is the last, and then its names are looked at.
int tls::state::verify(int good, X509_STORE_CTX* chain) noexcept {
  if (good != 1 || X509_STORE_CTX_get_error_depth(chain) != 0) return good;
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  try {
    if (of(ssl).check_host(X509_STORE_CTX_get_current_cert(chain))) return 1;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
  } catch (std::bad_alloc const&) {  // must not pass through OpenSSL
    X509_STORE_CTX_set_error(chain, X509_V_ERR_OUT_OF_MEM);
  }
  return 0;
}

bool tls::state::check_host(X509* certificate) {
  auto const names = names_in(certificate);
  auto const verdict = names ? check_name(*names, host) : name_verdict::malformed;
  name_good = verdict == name_verdict::matches;
  if (verdict == name_verdict::differs)
    wrong_name =
        "it is for " + shown(*names) + ", not for \"" + host + "\"; connect to a name that stands in the certificate";
  if (verdict == name_verdict::malformed)
    wrong_name =
        "its names are malformed, as no honest authority signs them; somebody may be tampering with the connection";
  return name_good;
}

// One write a line, so that the lines of connections side by side stay whole. A full disk costs the log, no connection.
void tls::state::log_key(SSL const* ssl, char const* line) noexcept {
  try {
    std::string const text = std::string(line) + "\n";
    [[maybe_unused]] auto const ignored = ::write(of(ssl).key_log, text.data(), text.size());
  } catch (std::bad_alloc const&) {
    return;
  }
}

tls::tls(tls_settings const& how, host_settings const& to, socket const& over)
    : state_(new state(over, shared_context(how, state::log_key))) {
  state& self = *state_;
  self.direct = how.negotiation == sslnegotiation::direct;
  if (how.mode == sslmode::verify_full) self.host = to.name;
  if (how.mode == sslmode::verify_full && self.host.empty())
    throw operational_error(
        "sslmode=verify-full needs the name that stands in the server's certificate; give host beside hostaddr", true);
  if (!how.keylogfile.empty()) self.key_log = open_key_log(how.keylogfile);

  self.ssl.reset(SSL_new(self.context.get()));
  BIO* const bio = self.ssl ? BIO_new(state::method()) : nullptr;
  if (bio == nullptr) throw operational_error("OpenSSL cannot make a TLS session: " + take_tls_error(), true);
  BIO_set_data(bio, &self);
  BIO_set_init(bio, 1);
  SSL* const ssl = self.ssl.get();
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  SSL_set_cert_cb(ssl, state::certificate_wanted, &self);
  if (!self.host.empty()) SSL_set_verify(ssl, SSL_VERIFY_PEER, state::verify);
  if (how.sni && is_name(to.name) && SSL_set_tlsext_host_name(ssl, to.name.c_str()) != 1)
    throw operational_error("the host name " + to.name + " cannot be told to the server: " + take_tls_error() +
                                "; shorten it, or set sslsni=0",
                            true);
}

tls::~tls() = default;

void tls::move_to(socket const& over) noexcept { state_->over = &over; }

io_result tls::state::outcome(int returned, std::size_t bytes) {
  wait = false;
  if (returned == 1) return {io_status::done, 0, bytes};
  switch (SSL_get_error(ssl.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {io_status::want_read};
    case SSL_ERROR_WANT_WRITE: return {io_status::want_write};
    case SSL_ERROR_ZERO_RETURN: return {io_status::closed};
    default: break;
  }
  if (last.status == io_status::closed || last.status == io_status::failed) {
    ERR_clear_error();
    return last;
  }
  int const reason = ERR_GET_REASON(ERR_peek_last_error());
  auto const shown = !requested                                  ? certificate::unwanted
                     : SSL_get_certificate(ssl.get()) == nullptr ? certificate::missing
                                                                 : certificate::sent;
  return refuse(take_tls_error() + std::string(advice_on_session(reason, shown)));
}

io_result tls::handshake() {
  state& self = *state_;
  SSL* const ssl = self.ssl.get();
  self.begin(false);
  io_result const result = self.outcome(SSL_do_handshake(ssl), 0);
  if (result.status == io_status::want_read || result.status == io_status::want_write) return result;
  self.close_key_log();
  auto const verdict = SSL_get_verify_result(ssl);
  bool const verifying = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
  if (result.status != io_status::done && verifying && verdict != X509_V_OK)
    return self.refuse("the server's certificate was refused: " +
                       (self.wrong_name.empty()
                            ? X509_verify_cert_error_string(verdict) + std::string(advice_on_certificate(verdict))
                            : self.wrong_name));
  if (result.status != io_status::done) return result;
  if (!self.host.empty() && !self.name_good) return self.refuse("the server showed no certificate to check");
  if (self.direct && !alpn_selected())
    return self.refuse(
        "the server did not choose the protocol \"postgresql\" (ALPN); "
        "sslnegotiation=direct needs PostgreSQL 17 or newer");
  drop_chain(ssl);
  return result;
}

io_result tls::read(std::span<char> into, bool wait) {
  std::size_t bytes = 0;
  state_->begin(wait);
  int const returned = SSL_read_ex(state_->ssl.get(), into.data(), into.size(), &bytes);
  return state_->outcome(returned, bytes);
}

io_result tls::write(std::string_view from) {
  std::size_t bytes = 0;
  state_->begin(false);
  int const returned = SSL_write_ex(state_->ssl.get(), from.data(), from.size(), &bytes);
  return state_->outcome(returned, bytes);
}

std::string const& tls::error() const noexcept { return state_->error; }

bool tls::pending() const noexcept { return SSL_has_pending(state_->ssl.get()) == 1; }

void tls::goodbye() noexcept {
  if (SSL_is_init_finished(state_->ssl.get())) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

std::string tls::version() const { return SSL_get_version(state_->ssl.get()); }
std::string tls::cipher() const { return SSL_get_cipher_name(state_->ssl.get()); }

std::string tls::server_end_point() const {
  X509 const* const certificate = SSL_get0_peer_certificate(state_->ssl.get());
  return certificate == nullptr ? std::string() : end_point_hash(certificate);
}

bool tls::certificate_requested() const noexcept { return state_->requested; }

bool tls::alpn_selected() const noexcept {
  unsigned char const* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &length);
  return std::string_view(reinterpret_cast<char const*>(name), length) == "postgresql";
}

}  // namespace tusk::client
