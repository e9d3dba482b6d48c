// Certificates, keys and revocation lists made on the spot, and a folder to put their files into.
#pragma once

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::test {

inline void good(bool truth, char const* what) {
  if (!truth) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

using key_ptr = std::shared_ptr<EVP_PKEY>;
using certificate_ptr = std::shared_ptr<X509>;

enum class key_type { ec, rsa, ed25519 };

inline key_ptr make_key(key_type type = key_type::ec) {
  EVP_PKEY* const made = type == key_type::ec    ? EVP_EC_gen("P-256")
                         : type == key_type::rsa ? EVP_RSA_gen(2048)
                                                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  good(made != nullptr, "no key");
  return {made, EVP_PKEY_free};
}

/// A certificate and its key.
struct identity {
  certificate_ptr certificate;
  key_ptr key;
};

struct recipe {
  std::string common_name = "localhost";
  std::string alternatives = "DNS:localhost, IP:127.0.0.1";  ///< empty: no subjectAltName
  char const* digest = "SHA256";                             ///< null with Ed25519
  bool pss = false;                                          ///< RSA-PSS rather than PKCS #1
  bool authority = false;
  long days = 365;  ///< below zero: it has expired
  long serial = 1;
};

/// Signed by `issuer`, or by itself.
inline identity make_certificate(recipe const& of, key_ptr key, identity const* issuer = nullptr) {
  certificate_ptr const made(X509_new(), X509_free);
  X509* const certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), of.serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), of.days < 0 ? of.days * 86'400 * 2 : -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), of.days * 86'400);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char const*>(of.common_name.data()),
                             static_cast<int>(of.common_name.size()), -1, 0);
  X509_set_issuer_name(certificate, issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : subject);
  good(X509_set_pubkey(certificate, key.get()) == 1, "no public key");
  auto const extend = [&](int kind, std::string const& value) {
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
    good(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
  };
  extend(NID_basic_constraints, of.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!of.alternatives.empty() && !of.authority) extend(NID_subject_alt_name, of.alternatives);

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const signing(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* parameters = nullptr;
  EVP_PKEY* const by = (issuer != nullptr ? issuer->key : key).get();
  good(EVP_DigestSignInit_ex(signing.get(), &parameters, of.digest, nullptr, nullptr, by, nullptr) == 1, "no signer");
  if (of.pss) {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  }
  good(X509_sign_ctx(certificate, signing.get()) > 0, "not signed");
  return {made, std::move(key)};
}

inline std::string take(BIO* bio) {
  char* bytes = nullptr;
  long const size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}
inline std::string pem(certificate_ptr const& certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  good(PEM_write_bio_X509(bio, certificate.get()) == 1, "no PEM");
  return take(bio);
}
/// PKCS #8, encrypted if there is a password.
inline std::string pem(key_ptr const& key, std::string password = {}) {
  BIO* const bio = BIO_new(BIO_s_mem());
  auto const* const cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  good(PEM_write_bio_PKCS8PrivateKey(bio, key.get(), cipher, password.empty() ? nullptr : password.data(),
                                     static_cast<int>(password.size()), nullptr, nullptr) == 1,
       "no PEM");
  return take(bio);
}
inline std::string der(key_ptr const& key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  good(i2d_PKCS8PrivateKey_bio(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "no DER");
  return take(bio);
}
inline std::string encrypted_der(key_ptr const& key, std::string password) {
  BIO* const bio = BIO_new(BIO_s_mem());
  good(i2d_PKCS8PrivateKey_bio(bio, key.get(), EVP_aes_128_cbc(), password.data(), static_cast<int>(password.size()),
                               nullptr, nullptr) == 1,
       "no DER");
  return take(bio);
}

/// PEM; what the authority has revoked.
inline std::string revocation_list(identity const& authority, std::vector<certificate_ptr> const& revoked,
                                   long days = 30) {
  std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> const list(X509_CRL_new(), X509_CRL_free);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(authority.certificate.get()));
  std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> const time(
      X509_gmtime_adj(nullptr, days < 0 ? 2 * days * 86'400 : -60), ASN1_TIME_free);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  for (auto const& each : revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each.get()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    good(X509_CRL_add0_revoked(list.get(), entry) == 1, "not revoked");
  }
  X509_gmtime_adj(time.get(), days * 86'400);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  good(X509_CRL_sign(list.get(), authority.key.get(), EVP_sha256()) > 0, "not signed");
  BIO* const bio = BIO_new(BIO_s_mem());
  good(PEM_write_bio_X509_CRL(bio, list.get()) == 1, "no PEM");
  return take(bio);
}

/// A folder that is gone afterwards.
class throw_away_folder {
 public:
  throw_away_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tusk-test.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  throw_away_folder(throw_away_folder const&) = delete;
  throw_away_folder& operator=(throw_away_folder const&) = delete;
  ~throw_away_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string const& path() const noexcept { return path_; }
  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Makes a file of that mode; its path.
  std::string write(std::string_view name, std::string_view bytes, mode_t mode = 0600) const {
    std::string const file = path(name);
    if (!(std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes).flush() || ::chmod(file.c_str(), mode) != 0)
      throw std::runtime_error("cannot write " + file);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace tusk::test
