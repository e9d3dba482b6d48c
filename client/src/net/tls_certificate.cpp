#include "net/tls_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <memory>
#include <new>
#include <string_view>

#include "net/tls_context.hpp"

namespace tusk::client {
namespace {

std::string bytes_of(ASN1_STRING const* text) {
  auto const* const bytes = reinterpret_cast<char const*>(ASN1_STRING_get0_data(text));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(ASN1_STRING_length(text)));
}

}  // namespace

std::optional<certificate_names> names_in(X509* certificate) {
  certificate_names names;
  int found = 0;  // -1: there is none
  std::unique_ptr<GENERAL_NAMES, freer<GENERAL_NAMES_free>> const alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &found, nullptr)));
  if (!alternatives && found != -1) return {};
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    GENERAL_NAME const* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
    int kind = 0;
    void* const value = GENERAL_NAME_get0_value(name, &kind);
    if (kind == GEN_DNS) names.dns.push_back(bytes_of(static_cast<ASN1_STRING*>(value)));
    if (kind == GEN_IPADD) names.addresses.push_back(bytes_of(static_cast<ASN1_STRING*>(value)));
  }
  X509_NAME const* const subject = X509_get_subject_name(certificate);
  if (int const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0)
    names.common_name = bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return names;
}

std::string end_point_hash(X509 const* certificate) {
  int digest = NID_undef;
  // Cast: OpenSSL fills in what it remembers of a certificate when it is asked.
  if (X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr) != 1) return {};
  if (digest == NID_undef) return {};
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;  // RFC 5929 section 4.1
  std::unique_ptr<EVP_MD, freer<EVP_MD_free>> const hash(EVP_MD_fetch(tls_library(), OBJ_nid2sn(digest), nullptr));
  // Nobody lacks these: there is no memory, and that must not be taken for a certificate that cannot be bound to.
  if (!hash && (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512)) throw std::bad_alloc();
  if (!hash) return {};
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (X509_digest(certificate, hash.get(), bytes, &length) != 1) throw std::bad_alloc();
  return {reinterpret_cast<char const*>(bytes), length};
}

}  // namespace tusk::client
