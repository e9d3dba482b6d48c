// What is taken out of a server's certificate: its names, and the hash that binds SCRAM to it.
#pragma once

#include <openssl/types.h>

#include <optional>
#include <string>

#include "net/certificate_names.hpp"

namespace tusk::client {

/// The names of the certificate. Nothing if its subjectAltName cannot be read, or stands there twice.
std::optional<certificate_names> names_in(X509* certificate);

/// The tls-server-end-point channel binding (RFC 5929): a hash of the certificate by the hash function of its own
/// signature, or SHA-256 where that is MD5 or SHA-1. RSA-PSS names it in its parameters. Empty if the signature has no
/// single hash function, as with Ed25519 and Ed448.
std::string end_point_hash(X509 const* certificate);

}  // namespace tusk::client
