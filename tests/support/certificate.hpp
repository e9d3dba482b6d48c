// Throw-away keys, certificates and revocation lists, made in memory; temporary_folder holds those that must be files.
//
//   certificate ca({.subject = "CA", .authority = true});
//   certificate server({.key = key_kind::ed25519, .issuer = &ca});      // for localhost and 127.0.0.1, valid now
//   folder.write("ca.crt", ca.pem());
//   folder.write("ca.crl", revocation_list(ca, {server}));
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tusk::test {

enum class key_kind { rsa, rsa_pss, ecdsa, ed25519 };
inline constexpr key_kind all_keys[] = {key_kind::rsa, key_kind::rsa_pss, key_kind::ecdsa, key_kind::ed25519};

inline std::string name(key_kind kind) {
  switch (kind) {
    case key_kind::rsa: return "rsa";
    case key_kind::rsa_pss: return "rsa_pss";
    case key_kind::ecdsa: return "ecdsa";
    case key_kind::ed25519: return "ed25519";
  }
  return "";
}

inline void good(bool truth, char const* what) {
  if (!truth) throw std::runtime_error(std::string("cannot make what the test needs: ") + what);
}

/// What the function writes to a BIO.
template <class Write>
std::string written(Write const& write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> const to(BIO_new(BIO_s_mem()), BIO_free);
  good(write(to.get()) == 1, "PEM or DER");
  char* bytes = nullptr;
  long const size = BIO_get_mem_data(to.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

class certificate;

/// What a certificate is to be like.
struct certificate_wishes {
  key_kind key = key_kind::ecdsa;
  std::string subject = "localhost";                        ///< the common name; empty: none
  std::string alternatives = "DNS:localhost,IP:127.0.0.1";  ///< as in OpenSSL's configuration; empty: none
  long begins = -3600, ends = 3600;                         ///< seconds from now
  certificate const* issuer = nullptr;                      ///< none: it signs itself
  bool authority = false;                                   ///< then it has no alternatives
  certificate const* key_of = nullptr;                      ///< takes that one's key; none: a new one, slow for RSA
  char const* digest = "SHA256";                            ///< of the signature; of no effect with Ed25519
  bool pss = false;                                         ///< an RSA key signs by PSS
};

/// One certificate and its key. Copies share both.
class certificate {
 public:
  explicit certificate(certificate_wishes const& wishes = {})
      : key_(wishes.key_of == nullptr ? make_key(wishes.key) : wishes.key_of->key_), x509_(X509_new(), X509_free) {
    static std::atomic<long> serial = 1;
    certificate const& issuer = wishes.issuer == nullptr ? *this : *wishes.issuer;
    good(X509_set_version(x509(), X509_VERSION_3) == 1, "the version");
    good(ASN1_INTEGER_set(X509_get_serialNumber(x509()), ++serial) == 1, "the serial number");
    good(X509_gmtime_adj(X509_getm_notBefore(x509()), wishes.begins) != nullptr, "the first second");
    good(X509_gmtime_adj(X509_getm_notAfter(x509()), wishes.ends) != nullptr, "the last second");
    good(X509_set_pubkey(x509(), key()) == 1, "the public key");
    if (!wishes.subject.empty()) call_it(wishes.subject);
    good(X509_set_issuer_name(x509(), X509_get_subject_name(issuer.x509())) == 1, "the issuer");
    extend(NID_basic_constraints, wishes.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wishes.alternatives.empty() && !wishes.authority) extend(NID_subject_alt_name, wishes.alternatives);
    sign(issuer.key(), wishes);
  }

  X509* x509() const noexcept { return x509_.get(); }
  EVP_PKEY* key() const noexcept { return key_.get(); }
  std::string pem() const {
    return written([this](BIO* to) { return PEM_write_bio_X509(to, x509()); });
  }
  /// PKCS #8, encrypted if there is a password.
  std::string key_pem(std::string password = "") const { return written_key(PEM_write_bio_PKCS8PrivateKey, password); }
  std::string key_der(std::string password = "") const { return written_key(i2d_PKCS8PrivateKey_bio, password); }
  /// What tls-server-end-point binds to, for a signature with SHA-256; empty for one with Ed25519, which has no hash of
  /// its own.
  std::string end_point() const {
    int digest = NID_undef;
    if (X509_get_signature_info(x509(), &digest, nullptr, nullptr, nullptr) != 1 || digest == NID_undef) return {};
    std::string hash(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    good(X509_digest(x509(), EVP_sha256(), reinterpret_cast<unsigned char*>(hash.data()), &size) == 1, "the hash");
    hash.resize(size);
    return hash;
  }

 private:
  static std::shared_ptr<EVP_PKEY> make_key(key_kind kind) {
    EVP_PKEY* made = nullptr;
    switch (kind) {
      case key_kind::rsa: made = EVP_RSA_gen(2048); break;
      case key_kind::ecdsa: made = EVP_EC_gen("P-256"); break;
      case key_kind::ed25519: made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
      case key_kind::rsa_pss: {
        std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> const context(
            EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr), EVP_PKEY_CTX_free);
        good(EVP_PKEY_keygen_init(context.get()) == 1, "a key");
        good(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1, "a key");
        good(EVP_PKEY_generate(context.get(), &made) == 1, "a key");
      }
    }
    good(made != nullptr, "a key");
    return {made, EVP_PKEY_free};
  }
  void call_it(std::string const& name) {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(name.data());
    good(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509()), "CN", MBSTRING_UTF8, bytes,
                                    static_cast<int>(name.size()), -1, 0) == 1,
         "the common name");
  }
  void extend(int what, std::string const& value) {
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()), X509_EXTENSION_free);
    good(extension && X509_add_ext(x509(), extension.get(), -1) == 1, value.c_str());
  }
  void sign(EVP_PKEY* by, certificate_wishes const& wishes) {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const signing(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* parameters = nullptr;
    char const* const digest = EVP_PKEY_is_a(by, "ED25519") == 1 ? nullptr : wishes.digest;
    good(EVP_DigestSignInit_ex(signing.get(), &parameters, digest, nullptr, nullptr, by, nullptr) == 1, "a signature");
    if (wishes.pss) {
      good(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1, "PSS");
      good(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1, "PSS");
    }
    good(X509_sign_ctx(x509(), signing.get()) > 0, "a signature");
  }
  template <class Write>
  std::string written_key(Write* write, std::string& password) const {
    return written([&](BIO* to) {
      if (password.empty()) return write(to, key(), nullptr, nullptr, 0, nullptr, nullptr);
      return write(to, key(), EVP_aes_128_cbc(), password.data(), static_cast<int>(password.size()), nullptr, nullptr);
    });
  }

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> x509_;
};

/// The name by which OpenSSL finds the authority's list in a folder.
inline std::string list_name(certificate const& authority) {
  char name[32];
  auto const hash = X509_NAME_hash_ex(X509_get_subject_name(authority.x509()), nullptr, nullptr, nullptr);
  std::snprintf(name, sizeof name, "%08lx.r0", hash);
  return name;
}

/// PEM; what the authority has revoked. `ends`: when the next list is due, in seconds from now.
inline std::string revocation_list(certificate const& authority, std::vector<certificate> const& revoked,
                                   long ends = 3600) {
  std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> const list(X509_CRL_new(), X509_CRL_free);
  std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> const begin(X509_gmtime_adj(nullptr, -3600), ASN1_TIME_free);
  std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> const end(X509_gmtime_adj(nullptr, ends), ASN1_TIME_free);
  good(X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1, "the version");
  good(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(authority.x509())) == 1, "the issuer");
  good(X509_CRL_set1_lastUpdate(list.get(), begin.get()) == 1, "the first second");
  good(X509_CRL_set1_nextUpdate(list.get(), end.get()) == 1, "the last second");
  for (certificate const& each : revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each.x509()));
    X509_REVOKED_set_revocationDate(entry, begin.get());
    good(X509_CRL_add0_revoked(list.get(), entry) == 1, "an entry");
  }
  good(X509_CRL_sign(list.get(), authority.key(), EVP_sha256()) > 0, "a signature");
  return written([&](BIO* to) { return PEM_write_bio_X509_CRL(to, list.get()); });
}

/// An authority of that kind of key, made at its first use; `other` is another of the same name.
inline certificate const& authority(key_kind kind, bool other = false) {
  static std::map<std::pair<key_kind, bool>, certificate> made;
  auto const found = made.find({kind, other});
  if (found != made.end()) return found->second;
  return made.emplace(std::pair(kind, other), certificate_wishes{.key = kind, .subject = "CA", .authority = true})
      .first->second;
}

}  // namespace tusk::test
