// Makes OpenSSL's contexts (SSL_CTX): authorities, revocation lists, the client's certificate and key, versions.
//
//   tls_settings ─► which files (named, or those of user_folder that exist) ─► read, checked ─► SSL_CTX
//                            │                                                                    ▲
//                            └── equal settings, and none of the files has changed ── the one ────┘
//                                                                                     that is open
//
// One context is shared by all connections with the same settings while one of them is open; a file that was replaced
// or written to gives a new one. A private library context keeps OpenSSL's configuration files away from our sessions.
//
// As libpq does it, but for this: a file that was named and cannot be read is an error in every mode (libpq goes on
// without a missing certificate or revocation list, and without missing authorities below verify-ca). A file must be a
// regular one, since opening anything else may block.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "conninfo/settings.hpp"

namespace tusk::client {

/// For unique_ptr over what OpenSSL hands out.
template <auto Free>
struct freer {
  void operator()(auto* object) const noexcept { Free(object); }
};

/// The library context of all our TLS: nothing that the program or a configuration file does to OpenSSL's own reaches
/// it.
OSSL_LIB_CTX* tls_library();

/// The reason of this thread's newest OpenSSL error, for people; forgets them all.
std::string take_tls_error();

/// Takes a line of a session's key log.
using key_logger = void (*)(SSL const* session, char const* line);

/// The context for these settings. Where there are authorities it verifies the chain. Reads only regular files and
/// folders. Sessions give their secrets to `log` if keylogfile is named; it must be the same in every call.
/// Throws operational_error, which names the keyword and the file, if something is missing or unusable.
std::shared_ptr<SSL_CTX> shared_context(tls_settings const& how, key_logger log);

}  // namespace tusk::client
