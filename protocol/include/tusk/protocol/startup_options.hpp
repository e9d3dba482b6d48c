// What a session needs to begin.
#pragma once

#include <cstdint>
#include <string>
#include <tusk/protocol/authentication.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/scram_keys.hpp>
#include <utility>
#include <vector>

namespace tusk::protocol {

/// See session::start().
struct startup_options {
  std::int32_t version = protocol_version(3, 0);                ///< the one that is asked for
  std::int32_t minimum_version = protocol_version(3, 0);        ///< a server that speaks less is refused
  std::vector<std::pair<std::string, std::string>> parameters;  ///< user, database, client_encoding, ...
  std::string password;                                         ///< empty: none
  std::string nonce;                 ///< for SCRAM, see scram_nonce(); fresh for each session
  std::string channel_binding_data;  ///< hash of the server's certificate; empty: channel binding is not possible
  bool allow_cleartext = false;      ///< may the password go out as it is? Only where nobody can listen.
  authentication_rules rules = {};   ///< judged before anything is answered
  /// For SCRAM, 32 bytes each, or empty: made of the password. With both no password is needed.
  std::string scram_client_key = {}, scram_server_key = {};
  /// So that PBKDF2 need not run again; none: it always runs. Must live until authentication has ended.
  scram_key_store* kept_keys = nullptr;
};

}  // namespace tusk::protocol
