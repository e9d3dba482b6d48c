// The server's half of a SCRAM login, played for a client over TCP or TLS; a test changes what it wants to be wrong.
//
//   play_scram(client, {});                                          a login that goes well, then the welcome
//   play_scram(client, {.iterations = "2147483647"});
//   play_scram(client, {.edit_first = [](std::string& first) { first += ",m=x"; }});
//
// It takes the StartupMessage first. Works on a `peer` and on a `tls_peer`.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "support/scram_server.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {

inline std::string authentication(std::uint32_t kind, std::string_view rest = {}) {
  return message('R', int32(kind) + std::string(rest));
}

struct scram_wishes {
  std::string password = "open_sesame";               ///< the one of scripted_server::dsn
  bool offer_plus = false;                            ///< SCRAM-SHA-256-PLUS, before SCRAM-SHA-256
  std::string end_point = {};                         ///< what the client must bind to, if it binds
  std::string iterations = "4096";                    ///< as it stands after i=
  std::function<void(std::string&)> edit_first = {};  ///< the server-first message, before it is sent
  std::function<void(std::string&)> edit_final = {};  ///< the server-final message
  std::string then = welcome();                       ///< behind it
};

/// What a client said in the login, and whether its proof was right.
struct scram_outcome {
  std::string mechanism, client_first, client_final;
  bool proven = false;
};

template <class Peer>
scram_outcome play_scram(Peer& client, scram_wishes const& wishes) {
  scram_outcome said;
  client.receive_startup();
  client.send(authentication(10, (wishes.offer_plus ? text("SCRAM-SHA-256-PLUS") : "") + text("SCRAM-SHA-256") + '\0'));
  std::string const initial = client.receive_message();  // type, length, mechanism, length, data
  auto const end = initial.find('\0', 5);
  if (end == initial.npos || initial.size() < end + 5) return said;
  said.mechanism = initial.substr(5, end - 5);
  said.client_first = initial.substr(end + 5);
  auto const bare_at = said.client_first.find("n=", 3);
  auto const nonce_at = said.client_first.find(",r=", 3);
  if (bare_at == said.client_first.npos || nonce_at == said.client_first.npos) return said;
  std::string const gs2 = said.client_first.substr(0, bare_at), bare = said.client_first.substr(bare_at);
  std::string const nonce = said.client_first.substr(nonce_at + 3) + "+of_the_server", salt = "sixteen of salt.";
  std::string first = "r=" + nonce + ",s=" + base64_by_openssl(salt) + ",i=" + wishes.iterations;
  if (wishes.edit_first) wishes.edit_first(first);
  client.send(authentication(11, first));

  std::string const response = client.receive_message();
  if (response.size() < 5 || response[0] != 'p') return said;
  said.client_final = response.substr(5);
  std::string const bound = gs2 + (gs2.starts_with('p') ? wishes.end_point : "");
  std::string const unproven = "c=" + base64_by_openssl(bound) + ",r=" + nonce;
  auto const proofs =
      scram_proofs_of(wishes.password, salt, std::atoi(wishes.iterations.c_str()), bare + "," + first + "," + unproven);
  said.proven = said.client_final == unproven + ",p=" + proofs.of_client;
  std::string final = "v=" + proofs.of_server;
  if (wishes.edit_final) wishes.edit_final(final);
  client.send(authentication(12, final) + wishes.then);
  return said;
}

}  // namespace tusk::test
