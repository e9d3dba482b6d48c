#include "tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <climits>
#include <map>
#include <mutex>
#include <tusk/types/error.hpp>

namespace tusk::client {
namespace {

template <auto Free>
struct freer {
  void operator()(auto* object) const noexcept { Free(object); }
};
using context_ptr = std::shared_ptr<SSL_CTX>;
using ssl_ptr = std::unique_ptr<SSL, freer<SSL_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509_free>>;

/// Ours alone: nothing that the program or a configuration file does to OpenSSL's default context reaches it.
OSSL_LIB_CTX* library() {
  static OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  return context;
}

std::string last_error() {
  auto const code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  char const* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

bool verifies(sslmode mode) { return mode == sslmode::verify_ca || mode == sslmode::verify_full; }

void load_authorities(SSL_CTX* context, tls_settings const& from) {
  if (from.rootcert.empty() && verifies(from.mode))
    throw operational_error(
        "sslmode=verify-ca and verify-full need the certificate authority that the server is checked "
        "against; set sslrootcert to its PEM file, or to system",
        true);
  if (from.rootcert == "system") {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      throw operational_error("the system's certificate authorities cannot be read: " + last_error(), true);
  } else if (!from.rootcert.empty()) {
    if (SSL_CTX_load_verify_locations(context, from.rootcert.c_str(), nullptr) != 1)
      throw operational_error("the certificate authorities in sslrootcert=" + from.rootcert +
                                  " cannot be read: " + last_error() + "; it must be a readable PEM file",
                              true);
  }
}

context_ptr make_context(tls_settings const& from) {
  context_ptr context(SSL_CTX_new_ex(library(), nullptr, TLS_client_method()), SSL_CTX_free);
  if (!context) throw operational_error("OpenSSL cannot make a TLS context: " + last_error(), true);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record's header and body in one system call
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  load_authorities(context.get(), from);
  // As in libpq, `require` verifies the chain when the authorities are given.
  bool const verify = verifies(from.mode) || (from.mode == sslmode::require && !from.rootcert.empty());
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return context;
}

/// The context for these settings, shared with every open connection that has the same.
context_ptr shared_context(tls_settings const& from) {
  static std::mutex lock;
  static std::map<std::string, std::weak_ptr<SSL_CTX>> known;
  std::string const key = std::to_string(static_cast<int>(from.mode)) + from.rootcert;
  std::lock_guard const guard(lock);
  if (auto context = known[key].lock()) return context;
  std::erase_if(known, [](auto const& each) { return each.second.expired(); });
  auto context = make_context(from);
  known[key] = context;
  return context;
}

}  // namespace

struct tls::state {
  socket const& over;
  context_ptr context;
  ssl_ptr ssl;
  bool wait = false;  // may the next read of the socket wait?
  io_result last;     // what the socket said last
  std::string error = {};
  bool verify_name = false;  // was a host name checked?

  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got);
  static int bio_write(BIO* bio, char const* from, std::size_t size, std::size_t* sent);
  static long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static BIO_METHOD const* method();

  io_result outcome(int returned, std::size_t bytes);
};

int tls::state::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  auto& self = *static_cast<state*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.last = self.over.read({into, size}, self.wait);
  *got = self.last.bytes;
  if (self.last.status == io_status::want_read) BIO_set_retry_read(bio);
  return self.last.status == io_status::done ? 1 : 0;
}

int tls::state::bio_write(BIO* bio, char const* from, std::size_t size, std::size_t* sent) {
  auto& self = *static_cast<state*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.last = self.over.write({from, size});
  *sent = self.last.bytes;
  if (self.last.status == io_status::want_write) BIO_set_retry_write(bio);
  return self.last.status == io_status::done ? 1 : 0;
}

BIO_METHOD const* tls::state::method() {
  static BIO_METHOD const* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tusk socket");
    BIO_meth_set_read_ex(fresh, bio_read);
    BIO_meth_set_write_ex(fresh, bio_write);
    BIO_meth_set_ctrl(fresh, bio_control);
    return fresh;
  }();
  return made;
}

tls::tls(tls_settings const& from, host_settings const& to, socket const& over) : state_(new state{over, shared_context(from), {}, false, {}}) {
  state_->ssl.reset(SSL_new(state_->context.get()));
  BIO* const bio = state_->ssl ? BIO_new(state::method()) : nullptr;
  if (bio == nullptr) throw operational_error("OpenSSL cannot make a TLS session: " + last_error(), true);
  BIO_set_data(bio, state_.get());
  BIO_set_init(bio, 1);
  SSL* const ssl = state_->ssl.get();
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);

  X509_VERIFY_PARAM* const check = SSL_get0_param(ssl);
  bool const is_address = X509_VERIFY_PARAM_set1_ip_asc(check, to.name.c_str()) == 1;
  if (from.mode == sslmode::verify_full) {
    state_->verify_name = true;
    X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!is_address && X509_VERIFY_PARAM_set1_host(check, to.name.c_str(), 0) != 1)
      throw operational_error("OpenSSL cannot check the host name " + to.name + ": " + last_error(), true);
  } else if (is_address) {
    X509_VERIFY_PARAM_set1_ip(check, nullptr, 0);  // it was only asked whether it is an address
  }
  if (!is_address) SSL_set_tlsext_host_name(ssl, to.name.c_str());
}

tls::~tls() = default;

io_result tls::state::outcome(int returned, std::size_t bytes) {
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
  error = last_error();
  return {io_status::failed};
}

io_result tls::handshake() {
  ERR_clear_error();
  io_result const result = state_->outcome(SSL_do_handshake(state_->ssl.get()), 0);
  auto const verdict = SSL_get_verify_result(state_->ssl.get());
  bool const verifying = SSL_get_verify_mode(state_->ssl.get()) != SSL_VERIFY_NONE;
  if (result.status == io_status::failed && verifying && verdict != X509_V_OK)
    state_->error = std::string("the server's certificate was refused: ") + X509_verify_cert_error_string(verdict) +
                    (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH
                         ? "; connect to a name that stands in the certificate"
                         : "; check that sslrootcert is the authority that signed it");
  return result;
}

io_result tls::read(std::span<char> into, bool wait) {
  ERR_clear_error();
  std::size_t bytes = 0;
  state_->wait = wait;
  int const returned = SSL_read_ex(state_->ssl.get(), into.data(), into.size(), &bytes);
  state_->wait = false;
  return state_->outcome(returned, bytes);
}

io_result tls::write(std::string_view from) {
  ERR_clear_error();
  std::size_t bytes = 0;
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
  certificate_ptr const certificate(SSL_get1_peer_certificate(state_->ssl.get()));
  int digest = NID_undef;
  if (!certificate || X509_get_signature_info(certificate.get(), &digest, nullptr, nullptr, nullptr) != 1) return {};
  if (digest == NID_undef) return {};
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;  // RFC 5929 section 4.1
  EVP_MD* const hash = EVP_MD_fetch(library(), OBJ_nid2sn(digest), nullptr);
  if (hash == nullptr) return {};
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  bool const done = X509_digest(certificate.get(), hash, bytes, &length) == 1;
  EVP_MD_free(hash);
  return done ? std::string(reinterpret_cast<char const*>(bytes), length) : std::string();
}

}  // namespace tusk::client
