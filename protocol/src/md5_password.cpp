// OpenSSL's low-level MD5, as EVP reads OpenSSL's configuration file on first use, and obeys an engine that is named
// there even if it is given a library context of its own. (SCRAM uses low-level SHA-256 likewise.)
#define OPENSSL_SUPPRESS_DEPRECATED  // for MD5_*

#include <openssl/crypto.h>
#include <openssl/md5.h>

#include <array>
#include <initializer_list>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/md5_password.hpp>

namespace tusk::protocol {
namespace {

using hex_digest = std::array<char, 32>;

std::string_view text_of(hex_digest const& hex) { return {hex.data(), hex.size()}; }

#ifdef OPENSSL_NO_MD5

bool hash(std::initializer_list<std::string_view>, hex_digest&) { return false; }

#else

// The MD5 of the parts, one after another. False if OpenSSL refuses; `hex` is then unspecified.
bool hash(std::initializer_list<std::string_view> parts, hex_digest& hex) {
  MD5_CTX context;
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest{};
  bool ok = MD5_Init(&context) == 1;
  for (std::string_view const part : parts) ok = ok && MD5_Update(&context, part.data(), part.size()) == 1;
  ok = ok && MD5_Final(digest.data(), &context) == 1;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  OPENSSL_cleanse(&context, sizeof context);
  OPENSSL_cleanse(digest.data(), digest.size());
  return ok;
}

#endif

}  // namespace

expected<std::string> md5_password(std::string_view user, std::string_view password,
                                   std::span<std::byte const, 4> salt) {
  if (password.empty()) return {errc::password_needed, 0};
  for (std::string_view const text : {user, password}) {
    if (auto const nul = text.find('\0'); nul != text.npos) return {errc::embedded_nul, nul};
  }
  hex_digest stored{};  // what pg_authid keeps: as good as the password
  hex_digest answer{};
  std::string_view const salt_text(reinterpret_cast<char const*>(salt.data()), salt.size());
  bool const ok = hash({password, user}, stored) && hash({text_of(stored), salt_text}, answer);
  OPENSSL_cleanse(stored.data(), stored.size());
  if (!ok) return {errc::crypto_failed, 0};
  return std::string("md5").append(text_of(answer));
}

}  // namespace tusk::protocol
