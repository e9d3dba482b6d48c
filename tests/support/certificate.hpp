// Throw-away keys and certificates, made in memory; and a folder for those that a client must read from files.
//
//   certificate ca({.names = {"CN"}, .authority = true});
//   certificate server({.key = key_kind::ed25519, .issuer = &ca});      for localhost and 127.0.0.1, valid now
//   temporary_folder files;
//   connect(... + " sslrootcert=" + files.write("ca.crt", ca.pem()));
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

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

class certificate;

/// What a certificate is to be like.
struct certificate_wishes {
  key_kind key = key_kind::ecdsa;
  std::string subject = "tusk test";                               ///< the common name
  std::string alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1";  ///< as in OpenSSL's configuration; empty: none
  long begins = -3600, ends = 3600;                                ///< seconds from now
  certificate const* issuer = nullptr;                             ///< none: it signs itself
  bool authority = false;
  certificate const* key_of = nullptr;  ///< takes that one's key; none: a new one, which takes a while for RSA
};

/// One key, one certificate. Immutable once made.
class certificate {
 public:
  explicit certificate(certificate_wishes const& wishes = {})
      : key_(wishes.key_of == nullptr ? make_key(wishes.key) : wishes.key_of->shared_key(), EVP_PKEY_free),
        x509_(X509_new(), X509_free) {
    static long serial = 1;
    X509* const cert = x509_.get();
    X509 const* const issuer = wishes.issuer == nullptr ? cert : wishes.issuer->x509();
    EVP_PKEY* const signer = wishes.issuer == nullptr ? key_.get() : wishes.issuer->key();
    need(X509_set_version(cert, X509_VERSION_3));
    need(ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial));
    need(X509_gmtime_adj(X509_getm_notBefore(cert), wishes.begins) != nullptr);
    need(X509_gmtime_adj(X509_getm_notAfter(cert), wishes.ends) != nullptr);
    need(X509_set_pubkey(cert, key_.get()));
    need(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<unsigned char const*>(wishes.subject.c_str()), -1, -1, 0));
    need(X509_set_issuer_name(cert, X509_get_subject_name(issuer)));
    if (wishes.authority) extend("critical,CA:TRUE", NID_basic_constraints);
    if (!wishes.alternatives.empty() && !wishes.authority) extend(wishes.alternatives, NID_subject_alt_name);
    EVP_PKEY const* const kind = signer;
    need(X509_sign(cert, signer, EVP_PKEY_is_a(kind, "ED25519") == 1 ? nullptr : EVP_sha256()));
  }

  X509* x509() const noexcept { return x509_.get(); }
  EVP_PKEY* key() const noexcept { return key_.get(); }
  std::string pem() const {
    return written([this](BIO* to) { return PEM_write_bio_X509(to, x509()); });
  }
  std::string key_pem() const {
    return written(
        [this](BIO* to) { return PEM_write_bio_PrivateKey(to, key(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  /// What tls-server-end-point binds to: every certificate here is signed with SHA-256, or with Ed25519, which has no
  /// hash of its own; then it is empty.
  std::string end_point() const {
    int digest = NID_undef;
    if (X509_get_signature_info(x509(), &digest, nullptr, nullptr, nullptr) != 1 || digest == NID_undef) return {};
    std::string hash(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    need(X509_digest(x509(), EVP_sha256(), reinterpret_cast<unsigned char*>(hash.data()), &size));
    hash.resize(size);
    return hash;
  }

 private:
  static void need(int worked) {
    if (worked <= 0) throw std::runtime_error("OpenSSL cannot make a certificate");
  }
  EVP_PKEY* shared_key() const {
    need(EVP_PKEY_up_ref(key()));
    return key();
  }
  static EVP_PKEY* make_key(key_kind kind) {
    switch (kind) {
      case key_kind::rsa: return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
      case key_kind::ecdsa: return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      case key_kind::ed25519: return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case key_kind::rsa_pss: break;
    }
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
    need(EVP_PKEY_keygen_init(context));
    need(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048));
    need(EVP_PKEY_generate(context, &key));
    EVP_PKEY_CTX_free(context);
    return key;
  }
  void extend(std::string const& value, int what) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    need(extension != nullptr);
    need(X509_add_ext(x509(), extension, -1));
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string written(Write&& write) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const to(BIO_new(BIO_s_mem()), BIO_free);
    need(write(to.get()));
    char* text = nullptr;
    auto const size = BIO_get_mem_data(to.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> x509_;
};

/// An authority of that kind of key, made at its first use; `other` is another of the same name.
inline certificate const& authority(key_kind kind, bool other = false) {
  static std::map<std::pair<key_kind, bool>, certificate> made;
  auto const found = made.find({kind, other});
  if (found != made.end()) return found->second;
  return made.emplace(std::pair(kind, other), certificate_wishes{.key = kind, .subject = "CA", .authority = true})
      .first->second;
}

/// A folder that only its owner can read, removed with all that is in it.
class temporary_folder {
 public:
  temporary_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tusk-test.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  /// Writes a file, by default one that only its owner may read (keys, password files), and returns its path.
  std::string write(std::string const& name, std::string_view text, mode_t mode = 0600) const {
    std::string const path = (path_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    if (::chmod(path.c_str(), mode) != 0) throw std::runtime_error("cannot write " + path);
    return path;
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tusk::test
