#include "net/tls_context.hpp"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <tusk/types/error.hpp>
#include <vector>

#include "net/tls_files.hpp"

namespace tusk::client {
namespace {

using bio_ptr = std::unique_ptr<BIO, freer<BIO_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;

constexpr std::string_view authorities_expected = "a readable PEM file of certificates";
constexpr std::string_view certificate_expected =
    "a PEM file: the client's certificate, then those between it and its authority";
constexpr std::string_view key_expected = "the private key of sslcert, PEM or DER";
constexpr std::string_view crl_expected = "a PEM file of certificate revocation lists";

bio_ptr memory(std::string_view bytes) {
  bio_ptr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

/// OpenSSL asks the terminal where it is given no callback.
int no_password(char*, int, int, void*) { return -1; }

enum class wanted { certificates, lists };

/// Adds what a PEM file holds to the context's store. A revocation list among authorities is taken too, a certificate
/// among revocation lists is not: it would be trusted.
void add_to_store(SSL_CTX* context, std::string const& path, wanted what) {
  bool const lists = what == wanted::lists;
  std::string_view const keyword = lists ? "sslcrl" : "sslrootcert";
  std::string_view const expected = lists ? crl_expected : authorities_expected;
  std::string const bytes = read_file(keyword, path, expected);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);

  auto const free_all = [](STACK_OF(X509_INFO) * all) { sk_X509_INFO_pop_free(all, X509_INFO_free); };
  std::unique_ptr<STACK_OF(X509_INFO), decltype(free_all)> const found(
      PEM_X509_INFO_read_bio_ex(memory(bytes).get(), nullptr, no_password, nullptr, tls_library(), nullptr), free_all);
  if (!found) refuse_file(keyword, path, take_tls_error(), expected);
  int count = 0;
  for (int i = 0; i < sk_X509_INFO_num(found.get()); ++i) {
    X509_INFO const* const each = sk_X509_INFO_value(found.get(), i);
    bool const certificate = !lists && each->x509 != nullptr, list = each->crl != nullptr;
    if (certificate || (lists && list)) ++count;
    bool const added = (!certificate || X509_STORE_add_cert(store, each->x509) == 1) &&
                       (!list || X509_STORE_add_crl(store, each->crl) == 1);
    if (!added) refuse_file(keyword, path, take_tls_error(), expected);
  }
  if (count == 0) refuse_file(keyword, path, "there is none in it", expected);
}

void load_authorities(SSL_CTX* context, tls_settings const& how, tls_files const& files) {
  bool const needed = how.mode == sslmode::verify_ca || how.mode == sslmode::verify_full;
  if (files.authorities.empty()) {
    if (!needed) return;
    throw operational_error(
        "sslmode=verify-ca and verify-full need the certificate authority that the server is checked against; set "
        "sslrootcert to its PEM file, or to system" +
            (how.user_folder.empty() ? std::string() : ", or put it into " + how.user_folder + "/root.crt"),
        true);
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);  // in every mode, as libpq
  if (files.authorities != "system")
    add_to_store(context, files.authorities, wanted::certificates);
  else if (SSL_CTX_set_default_verify_paths(context) != 1)
    throw operational_error(
        "sslrootcert=system: the system's certificate authorities cannot be read: " + take_tls_error(), true);
}

void load_revocations(SSL_CTX* context, tls_files const& files) {
  if (files.crl.empty() && files.crldir.empty()) return;
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  if (!files.crl.empty()) add_to_store(context, files.crl, wanted::lists);
  if (!files.crldir.empty()) {
    struct stat status {};
    bool const folder = ::stat(files.crldir.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (!folder || X509_STORE_load_path(store, files.crldir.c_str()) != 1)
      refuse_file("sslcrldir", files.crldir, folder ? take_tls_error() : "there is no such folder",
                  "a folder of certificate revocation lists, named as by `openssl rehash`");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

/// Gives out the password of a key, and remembers that it was asked for.
struct key_password {
  std::string_view password;
  bool asked = false;

  static int give(char* into, int size, int, void* self) {
    auto& given = *static_cast<key_password*>(self);
    given.asked = true;
    if (given.password.empty() || given.password.size() > static_cast<std::size_t>(size)) return -1;
    given.password.copy(into, given.password.size());
    return static_cast<int>(given.password.size());
  }
};

key_ptr read_key(std::string const& bytes, key_password& password) {
  bio_ptr const from = memory(bytes);
  if (bytes.find("-----BEGIN ") != bytes.npos)
    return key_ptr(
        PEM_read_bio_PrivateKey_ex(from.get(), nullptr, key_password::give, &password, tls_library(), nullptr));
  EVP_PKEY* key = nullptr;
  std::unique_ptr<OSSL_DECODER_CTX, freer<OSSL_DECODER_CTX_free>> const decoder(
      OSSL_DECODER_CTX_new_for_pkey(&key, "DER", nullptr, nullptr, EVP_PKEY_KEYPAIR, tls_library(), nullptr));
  if (!decoder) return {};
  OSSL_DECODER_CTX_set_pem_password_cb(decoder.get(), key_password::give, &password);
  (void)OSSL_DECODER_from_bio(decoder.get(), from.get());
  return key_ptr(key);
}

void load_key(SSL_CTX* context, tls_settings const& how, tls_files const& files) {
  if (files.key.empty())
    throw operational_error("sslcert=" + files.certificate + " has no private key; set sslkey to its file", true);
  std::string bytes = read_file("sslkey", files.key, key_expected, secrecy::secret);
  key_password password{how.keypassword};
  key_ptr const key = read_key(bytes, password);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  if (!key && password.asked) {
    ERR_clear_error();
    throw operational_error("sslkey=" + files.key +
                                (how.keypassword.empty() ? " is encrypted; set sslpassword to its password"
                                                         : " cannot be decrypted; check sslpassword"),
                            true);
  }
  if (!key) refuse_file("sslkey", files.key, take_tls_error(), key_expected);
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    throw operational_error(
        "sslkey=" + files.key + " is not the key of sslcert=" + files.certificate + ": " + take_tls_error(), true);
}

/// The next certificate; empty at the end, and where there is something wrong.
certificate_ptr next_certificate(BIO* from, bool trusted) {
  X509* fresh = X509_new_ex(tls_library(), nullptr);
  auto* const read = trusted ? PEM_read_bio_X509_AUX : PEM_read_bio_X509;
  if (fresh != nullptr && read(from, &fresh, no_password, nullptr) == nullptr) {
    X509_free(fresh);
    fresh = nullptr;
  }
  return certificate_ptr(fresh);
}

void load_client_certificate(SSL_CTX* context, tls_settings const& how, tls_files const& files) {
  if (files.certificate.empty()) {
    if (how.certmode != sslcertmode::require) return;
    throw operational_error("sslcertmode=require needs a client certificate; set sslcert and sslkey", true);
  }
  auto const refuse = [&] { refuse_file("sslcert", files.certificate, take_tls_error(), certificate_expected); };
  std::string const bytes = read_file("sslcert", files.certificate, certificate_expected);
  bio_ptr const from = memory(bytes);
  certificate_ptr const own = next_certificate(from.get(), true);
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) refuse();
  while (certificate_ptr const next = next_certificate(from.get(), false))
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) refuse();
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) refuse();
  ERR_clear_error();
  load_key(context, how, files);
}

int number(tls_version version, int any) {
  switch (version) {
    case tls_version::any: return any;
    case tls_version::tls1_2: return TLS1_2_VERSION;
    case tls_version::tls1_3: return TLS1_3_VERSION;
  }
  return any;
}

/// OpenSSL gives every context, whatever its library, what the section system_default of the process's configuration
/// file says (OPENSSL_CONF): weaker ciphers, or none that the server has. Its own defaults are put back. There is no
/// call for all of them: what a newer OpenSSL may bring has a name, or a `?`, which an older one refuses.
void undo_system_defaults(SSL_CTX* context) {
  constexpr char const* groups[] = {"DEFAULT", "X25519:P-256:X448:P-521:P-384"};
  constexpr char const* signatures[] = {
      "?mldsa65:?mldsa87:?mldsa44:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
      "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
      "rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
      "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
      "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
      "rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512"};
  auto const first_good = [](auto const& lists, auto&& set) {
    return std::any_of(std::begin(lists), std::end(lists), [&](char const* list) { return set(list) == 1; });
  };
  SSL_CTX_clear_options(context, ~decltype(SSL_CTX_get_options(context)){});
  SSL_CTX_set_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_security_level(context, 2);
  bool const good =
      SSL_CTX_set_block_padding(context, 0) == 1 && SSL_CTX_set_cipher_list(context, OSSL_default_cipher_list()) == 1 &&
      SSL_CTX_set_ciphersuites(context, OSSL_default_ciphersuites()) == 1 &&
      first_good(groups, [&](char const* list) { return SSL_CTX_set1_groups_list(context, list); }) &&
      first_good(signatures, [&](char const* list) { return SSL_CTX_set1_sigalgs_list(context, list); }) &&
      first_good(signatures, [&](char const* list) { return SSL_CTX_set1_client_sigalgs_list(context, list); });
  if (!good) throw operational_error("OpenSSL does not take its own defaults: " + take_tls_error(), true);
  ERR_clear_error();
}

std::shared_ptr<SSL_CTX> make_context(tls_settings const& how, tls_files const& files, key_logger log) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> shared(SSL_CTX_new_ex(tls_library(), nullptr, TLS_client_method()), SSL_CTX_free);
  SSL_CTX* const context = shared.get();
  if (context == nullptr) throw operational_error("OpenSSL cannot make a TLS context: " + take_tls_error(), true);
  undo_system_defaults(context);
  SSL_CTX_set_min_proto_version(context, number(how.minimum, TLS1_2_VERSION));
  SSL_CTX_set_max_proto_version(context, number(how.maximum, 0));
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(context, 1);  // a record's header and body in one system call
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  constexpr unsigned char protocols[] = "\x0apostgresql";
  if (SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1) != 0) throw std::bad_alloc();
  if (!how.keylogfile.empty()) SSL_CTX_set_keylog_callback(context, log);
  load_authorities(context, how, files);
  load_revocations(context, files);
  load_client_certificate(context, how, files);
  return shared;
}

/// A context that somebody may still use, and what it was made from.
struct known_context {
  tls_settings how;
  tls_files files;
  std::vector<file_stamp> stamps;
  std::weak_ptr<SSL_CTX> context;
};

}  // namespace

OSSL_LIB_CTX* tls_library() {
  static OSSL_LIB_CTX* const context = [] {  // one that throws is made anew by the next call
    OSSL_LIB_CTX* const fresh = OSSL_LIB_CTX_new();
    if (fresh == nullptr) throw std::bad_alloc();
    return fresh;
  }();
  return context;
}

std::string take_tls_error() {
  auto const code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  char const* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

std::shared_ptr<SSL_CTX> shared_context(tls_settings const& how, key_logger log) {
  static std::mutex lock;
  static std::vector<known_context> all;
  tls_files files = files_of(how);
  std::lock_guard const guard(lock);
  // Taken before the files are read: what changes meanwhile is read again by the next one.
  std::vector<file_stamp> stamps = stamps_of(files);
  std::erase_if(all, [](known_context const& each) { return each.context.expired(); });
  for (known_context const& each : all)
    if (each.how == how && each.files == files && each.stamps == stamps)
      if (auto context = each.context.lock()) return context;
  auto context = make_context(how, files, log);
  all.push_back({how, std::move(files), std::move(stamps), context});
  return context;
}

}  // namespace tusk::client
