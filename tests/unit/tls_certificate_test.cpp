// What is taken out of a certificate: names, and the hash for channel binding.

#include "net/tls_certificate.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/certificate.hpp"

namespace tusk::test {
namespace {

using namespace std::string_literals;

struct signature {
  char const* name;
  key_kind key;
  char const* digest;  // of the signature
  bool pss;
  char const* hash;  // for the binding; null: there is none
};

TEST(end_point_hash_test, is_that_of_the_signature) {
  certificate const ec, rsa({.key = key_kind::rsa}), ed25519({.key = key_kind::ed25519});
  for (signature const& each : {
           signature{"rsa sha256", key_kind::rsa, "SHA256", false, "SHA256"},
           signature{"rsa sha384", key_kind::rsa, "SHA384", false, "SHA384"},
           signature{"rsa sha512", key_kind::rsa, "SHA512", false, "SHA512"},
           signature{"rsa sha224", key_kind::rsa, "SHA224", false, "SHA224"},
           signature{"rsa sha1", key_kind::rsa, "SHA1", false, "SHA256"},
           signature{"rsa md5", key_kind::rsa, "MD5", false, "SHA256"},
           signature{"pss sha256", key_kind::rsa, "SHA256", true, "SHA256"},
           signature{"pss sha384", key_kind::rsa, "SHA384", true, "SHA384"},
           signature{"pss sha512", key_kind::rsa, "SHA512", true, "SHA512"},
           signature{"pss sha1", key_kind::rsa, "SHA1", true, "SHA256"},
           signature{"ecdsa sha256", key_kind::ecdsa, "SHA256", false, "SHA256"},
           signature{"ecdsa sha384", key_kind::ecdsa, "SHA384", false, "SHA384"},
           signature{"ecdsa sha512", key_kind::ecdsa, "SHA512", false, "SHA512"},
           signature{"ed25519", key_kind::ed25519, "", false, nullptr},
       }) {
    certificate const& key_of = each.key == key_kind::rsa ? rsa : each.key == key_kind::ecdsa ? ec : ed25519;
    certificate const made({.key_of = &key_of, .digest = each.digest, .pss = each.pss});
    std::string expected;
    if (each.hash != nullptr) {
      unsigned char bytes[EVP_MAX_MD_SIZE];
      unsigned length = 0;
      ASSERT_EQ(X509_digest(made.x509(), EVP_get_digestbyname(each.hash), bytes, &length), 1);
      expected.assign(reinterpret_cast<char const*>(bytes), length);
    }
    EXPECT_EQ(client::end_point_hash(made.x509()), expected) << each.name;
  }
}

/// A certificate with these extensions beside its own; not signed, since only its names are looked at.
certificate with_alternatives(std::vector<std::string> const& extensions) {
  certificate made({.alternatives = ""});
  for (std::string const& each : extensions) {
    std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> const bytes(ASN1_OCTET_STRING_new(),
                                                                                      ASN1_OCTET_STRING_free);
    ASN1_OCTET_STRING_set(bytes.get(), reinterpret_cast<unsigned char const*>(each.data()),
                          static_cast<int>(each.size()));
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const extension(
        X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, bytes.get()), X509_EXTENSION_free);
    good(X509_add_ext(made.x509(), extension.get(), -1) == 1, "an extension");
  }
  return made;
}

struct taking {
  char const* name;
  std::vector<std::string> extensions;
  bool readable;
  std::vector<std::string> dns, addresses;
};

TEST(names_in_test, are_taken_byte_for_byte) {
  std::string const dns = "\x30\x05\x82\x03"s + "a.b", nul = "\x30\x05\x82\x03"s + "a\0b"s,
                    ip = "\x30\x06\x87\x04"s + "\x7f\0\0\1"s, odd = "\x30\x05\x87\x03"s + "\x7f\0\0"s,
                    mail = "\x30\x05\x81\x03"s + "a@b", empty = "\x30\0"s, none = "\x30\x02\x82\0"s;
  for (taking const& each : std::vector<taking>{
           {"an extension", {}, true, {}, {}},
           {"dns", {dns}, true, {"a.b"}, {}},
           {"NUL", {nul}, true, {"a\0b"s}, {}},
           {"address", {ip}, true, {}, {"\x7f\0\0\1"s}},
           {"address of odd length", {odd}, true, {}, {"\x7f\0\0"s}},
           {"mail", {mail}, true, {}, {}},
           {"empty list", {empty}, true, {}, {}},
           {"empty name", {none}, true, {""}, {}},
           {"twice", {dns, ip}, false, {}, {}},
           {"cut", {dns.substr(0, 5)}, false, {}, {}},
           {"no bytes", {""s}, false, {}, {}},
           {"another type",
            {"\x04\x03"s
             "a.b"},
            false,
            {},
            {}},
       }) {
    auto const names = client::names_in(with_alternatives(each.extensions).x509());
    ASSERT_EQ(names.has_value(), each.readable) << each.name;
    if (!names) continue;
    EXPECT_EQ(names->dns, each.dns) << each.name;
    EXPECT_EQ(names->addresses, each.addresses) << each.name;
    EXPECT_EQ(names->common_name, "localhost") << each.name;
  }
}

TEST(names_in_test, the_first_common_name_counts) {
  std::unique_ptr<X509, decltype(&X509_free)> const made(X509_new(), X509_free);
  EXPECT_EQ(client::names_in(made.get())->common_name, std::nullopt);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  for (char const* each : {"first", "second"})
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(each), -1, -1, 0);
  EXPECT_EQ(client::names_in(made.get())->common_name, "first");
}

}  // namespace
}  // namespace tusk::test
