// How a client proves who it is, and what it insists on.
#pragma once

#include <cstdint>
#include <string_view>

namespace tusk::protocol {

/// How the server made us prove who we are.
enum class authentication_method : std::uint8_t { none, cleartext, md5, scram_sha_256, scram_sha_256_plus };

/// The method's name as SASL and require_auth write it ("scram-sha-256-plus").
std::string_view name(authentication_method) noexcept;

/// Whether SCRAM is bound to the TLS connection (tls-server-end-point, RFC 5929).
enum class channel_binding_rule : std::uint8_t {
  disable,  ///< never
  prefer,   ///< where the server offers it
  require   ///< or no session: then no other method will do
};

/// What the client insists on: libpq's require_auth and channel_binding. A server that does otherwise is refused.
struct authentication_rules {
  bool none = true;  ///< may it let us in without a question? (trust, peer, a certificate)
  bool cleartext = true, md5 = true, scram_sha_256 = true;  ///< may it use these? scram_sha_256 includes -PLUS
  channel_binding_rule channel_binding = channel_binding_rule::prefer;

  friend bool operator==(authentication_rules const&, authentication_rules const&) = default;
};

}  // namespace tusk::protocol
