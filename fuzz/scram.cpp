// The two messages of a SCRAM server, against the client's half.
//
// Input: server-first-message, a newline, server-final-message. In the latter an '@' stands for the right signature
// (which no fuzzer finds by itself), so that what may follow it is reached as well.
//
// It is played twice: with PBKDF2, and with the keys that are the result.
//
// Checked: what is accepted is what an independent, laxer reading of the grammar and OpenSSL's one-call PBKDF2 and HMAC
// say; nothing else is ever verified; and the work is bounded by the limit on iterations.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>
#include <utility>

#include "support/fuzz_input.hpp"

namespace {

using tusk::protocol::errc;
using tusk::protocol::scram_client;

constexpr std::string_view nonce = "fuzzfuzzfuzzfuzzfuzz";
constexpr std::string_view password = "secret";
constexpr std::uint32_t max_iterations = 100;

using hash = std::array<unsigned char, 32>;

std::string_view text_of(hash const& h) { return {reinterpret_cast<char const*>(h.data()), h.size()}; }
unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

hash hmac(std::string_view key, std::string_view text) {
  hash out{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), out.data(), nullptr);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()))));
  return text;
}

// The value of the attribute `name`, with lax reading; its comma or end is where the attribute ends.
std::string_view attribute(std::string_view message, std::string_view name) {
  auto const start = message.find(name);
  FUZZ_CHECK(start != message.npos);
  auto const value = message.substr(start + name.size());
  return value.substr(0, value.find(','));
}

struct reference {
  std::string client_final;
  std::string signature;
  tusk::protocol::scram_keys keys;
};

// What the exchange must come to after this server-first-message, which the client has accepted.
reference compute(std::string_view server_first) {
  FUZZ_CHECK(server_first.starts_with("r="));
  auto const full_nonce = attribute(server_first, "r=");
  FUZZ_CHECK(full_nonce.starts_with(nonce) && full_nonce.size() > nonce.size());
  std::string_view const rest = server_first.substr(2 + full_nonce.size());
  auto const salt_text = attribute(rest, ",s=");
  auto const iterations = std::strtol(std::string(attribute(rest, ",i=")).c_str(), nullptr, 10);
  FUZZ_CHECK(iterations >= 1 && iterations <= static_cast<long>(max_iterations));

  std::string salt(salt_text.size() / 4 * 3, '\0');
  FUZZ_CHECK(EVP_DecodeBlock(reinterpret_cast<unsigned char*>(salt.data()), bytes_of(salt_text),
                             static_cast<int>(salt_text.size())) == static_cast<int>(salt.size()));
  salt.resize(salt.size() - (salt_text.ends_with("==") ? 2U : salt_text.ends_with('=') ? 1U : 0U));
  FUZZ_CHECK(!salt.empty() && base64(salt) == salt_text);

  hash salted{};
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt), static_cast<int>(salt.size()),
                    static_cast<int>(iterations), EVP_sha256(), static_cast<int>(salted.size()), salted.data());
  std::string const unproven = "c=" + base64("y,,") + ",r=" + std::string(full_nonce);
  std::string const auth_message = "n=,r=" + std::string(nonce) + "," + std::string(server_first) + "," + unproven;
  reference result;
  hash proof = hmac(text_of(salted), "Client Key");
  std::copy(proof.begin(), proof.end(), result.keys.client.begin());
  hash stored{};
  SHA256(proof.data(), proof.size(), stored.data());
  hash const mask = hmac(text_of(stored), auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<unsigned char>(proof[i] ^ mask[i]);
  hash const server_key = hmac(text_of(salted), "Server Key");
  std::copy(server_key.begin(), server_key.end(), result.keys.server.begin());
  result.client_final = unproven + ",p=" + base64(text_of(proof));
  result.signature = base64(text_of(hmac(text_of(server_key), auth_message)));
  return result;
}

scram_client make() {
  auto created = scram_client::create({.password = password,
                                       .nonce = nonce,
                                       .binding = tusk::protocol::channel_binding_use::not_offered,
                                       .max_iterations = max_iterations});
  FUZZ_CHECK(created);
  return std::move(*created);
}

// After a failure nothing works, and nothing hangs.
void check_dead(scram_client& client) {
  FUZZ_CHECK(client.step(1) && client.client_final().empty() && !client.verified());
  FUZZ_CHECK(client.server_first("r=fuzzfuzzfuzzfuzzfuzzx,s=AA==,i=1") == errc::poisoned);
  FUZZ_CHECK(client.server_final("v=AA==") == errc::poisoned);
}

void check_final(scram_client& client, std::string_view message, std::string const& signature) {
  std::string text(message);
  if (auto const at = text.find('@'); at != text.npos) text.replace(at, 1, signature);
  auto const error = client.server_final(text);
  FUZZ_CHECK(client.verified() == !error);
  FUZZ_CHECK(client.server_error().empty() == (error != errc::sasl_server_error));
  for (char const c : client.server_error()) FUZZ_CHECK(c >= ' ' && c <= '~');
  if (error) {
    check_dead(client);
  } else {
    std::string const right = "v=" + signature;
    FUZZ_CHECK(text == right || text.starts_with(right + ","));
  }
  if (text == "v=" + signature) FUZZ_CHECK(!error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text = tusk::test::fuzz_text(data, size);
  auto const newline = text.find('\n');
  std::string_view const first = text.substr(0, newline);
  std::string_view const last = newline == text.npos ? "" : text.substr(newline + 1);

  scram_client client = make();
  if (client.server_first(first)) {
    check_dead(client);
    return 0;
  }
  auto const expected = compute(first);
  std::uint32_t const slice = 1 + static_cast<std::uint32_t>(size % 7);
  for (std::uint32_t calls = 1; !client.step(slice); ++calls) FUZZ_CHECK(calls <= max_iterations);
  FUZZ_CHECK(client.client_final() == expected.client_final);
  check_final(client, last, expected.signature);
  if (auto const keys = client.keys())
    FUZZ_CHECK(keys->client == expected.keys.client && keys->server == expected.keys.server);

  scram_client quick = make();
  FUZZ_CHECK(!quick.server_first(first));
  quick.use(expected.keys);
  FUZZ_CHECK(quick.step(0) && quick.client_final() == expected.client_final);
  check_final(quick, last, expected.signature);
  return 0;
}
