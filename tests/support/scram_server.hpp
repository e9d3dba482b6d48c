// The server's half of SCRAM-SHA-256, computed with OpenSSL's one-call functions.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <string>
#include <string_view>

namespace tusk::test {

using sha256_hash = std::array<unsigned char, 32>;

inline std::string_view text_of(sha256_hash const& h) { return {reinterpret_cast<char const*>(h.data()), h.size()}; }

inline sha256_hash hmac_sha256(std::string_view key, std::string_view text) {
  sha256_hash out{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(text.data()),
       text.size(), out.data(), nullptr);
  return out;
}

inline std::string base64_by_openssl(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto const size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<unsigned char const*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// PBKDF2, of which all keys are made.
inline sha256_hash salted_password(std::string_view password, std::string_view salt, int iterations) {
  sha256_hash salted{};
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    reinterpret_cast<unsigned char const*>(salt.data()), static_cast<int>(salt.size()), iterations,
                    EVP_sha256(), static_cast<int>(salted.size()), salted.data());
  return salted;
}

/// What a server that knows the password demands and shows, both in base64.
struct scram_proofs {
  std::string of_client, of_server;
};

inline scram_proofs scram_proofs_of(std::string_view password, std::string_view salt, int iterations,
                                    std::string_view auth_message) {
  sha256_hash const salted = salted_password(password, salt, iterations);
  sha256_hash proof = hmac_sha256(text_of(salted), "Client Key");
  sha256_hash stored{};
  SHA256(proof.data(), proof.size(), stored.data());
  sha256_hash const mask = hmac_sha256(text_of(stored), auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<unsigned char>(proof[i] ^ mask[i]);
  sha256_hash const server_key = hmac_sha256(text_of(salted), "Server Key");
  return {base64_by_openssl(text_of(proof)),
          base64_by_openssl(text_of(hmac_sha256(text_of(server_key), auth_message)))};
}

/// ClientKey and ServerKey, 32 bytes each.
struct scram_key_texts {
  std::string client, server;
};

inline scram_key_texts scram_keys_of(std::string_view password, std::string_view salt, int iterations) {
  sha256_hash const salted = salted_password(password, salt, iterations);
  return {std::string(text_of(hmac_sha256(text_of(salted), "Client Key"))),
          std::string(text_of(hmac_sha256(text_of(salted), "Server Key")))};
}

/// One exchange in which nothing is random: the four messages are known before it begins.
struct scram_exchange {
  static constexpr std::string_view salt = "sixteen of salt.";
  std::string client_first, server_first, client_final, server_final;

  /// `gs2` is the header ("n,,"); `binding` the hash of the certificate, where the header says that it is used.
  scram_exchange(std::string_view password, std::string_view nonce, int iterations, std::string_view gs2 = "n,,",
                 std::string_view binding = {}) {
    std::string const bare = "n=,r=" + std::string(nonce), full_nonce = std::string(nonce) + "+of_the_server";
    client_first = std::string(gs2) + bare;
    server_first = "r=" + full_nonce + ",s=" + base64_by_openssl(salt) + ",i=" + std::to_string(iterations);
    std::string const unproven = "c=" + base64_by_openssl(std::string(gs2).append(binding)) + ",r=" + full_nonce;
    auto const proofs = scram_proofs_of(password, salt, iterations, bare + "," + server_first + "," + unproven);
    client_final = unproven + ",p=" + proofs.of_client;
    server_final = "v=" + proofs.of_server;
  }
};

}  // namespace tusk::test
