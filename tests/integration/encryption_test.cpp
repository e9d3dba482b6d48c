// sslmode x certificate authority x the server's certificate x what the server lets in: every combination, with the
// outcome and the number of connections that it takes.
//
// What is expected comes from the rules below, which are written from the documentation's words and know nothing of the
// client: a mode is a list of tries; a try that fails in the handshake, or that the server refuses with 28000, makes
// room for the next one over a new connection; `N` makes room for it over the same one.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/libpq_session.hpp"
#include "support/server.hpp"
#include "support/server_settings.hpp"

namespace tusk::test {
namespace {

enum class outcome { plain, tls, error };

struct server_kind {
  char const* name;
  bool tls;
  char const* certificate;
  bool trusted, right_name;  // by the authority that signs here; the name "localhost"
};
constexpr server_kind servers[] = {
    {"good", true, "good", true, true},
    {"expired", true, "expired", false, true},
    {"wrong_name", true, "wrong-name", true, false},
    {"self_signed", true, "self-signed", false, true},
    {"without_tls", false, nullptr, false, false},
};
constexpr char const* roles[] = {"auth_scram", "auth_hostssl", "auth_hostnossl"};
constexpr char const* modes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
enum class authority { none, right, other };
constexpr authority authorities[] = {authority::none, authority::right, authority::other};

struct expected {
  outcome how = outcome::error;
  int connections = 0;
};

bool admits(std::string_view role, bool with_tls) {
  return role == "auth_scram" || (role == "auth_hostssl") == with_tls;
}

bool verifies(server_kind const& server, std::string_view mode, authority given) {
  if (given == authority::none) return true;  // nothing to verify by
  bool const chain = given == authority::right && server.trusted;
  return chain && (mode != "verify-full" || server.right_name);
}

expected by_the_rules(server_kind const& server, std::string_view role, std::string_view mode, authority given) {
  std::vector<bool> tries;  // with TLS?
  if (mode == "disable")
    tries = {false};
  else if (mode == "allow")
    tries = {false, true};
  else if (mode == "prefer")
    tries = {true, false};
  else
    tries = {true};
  if (mode.starts_with("verify") && given == authority::none) return {};  // refused before the first byte: see below

  expected told{outcome::error, 1};
  for (std::size_t i = 0; i < tries.size(); ++i) {
    bool const last = i + 1 == tries.size();
    if (tries[i] && !server.tls) {  // N
      if (last) return told;
      return {admits(role, false) ? outcome::plain : outcome::error, told.connections};
    }
    if ((!tries[i] || verifies(server, mode, given)) && admits(role, tries[i]))
      return {tries[i] ? outcome::tls : outcome::plain, told.connections};
    if (!last) ++told.connections;
  }
  return told;
}

/// Counts the connections over TCP that the server sees, by what is new in its log, which other tests make large.
class connection_count {
 public:
  connection_count() { log_.seekg(0, std::ios::end); }
  /// Since the last call, or since this was made.
  int seen() {
    log_.clear();  // of the end of the file
    int count = 0;
    for (std::string line; std::getline(log_, line);)
      count += line.find("connection received: host=127.0.0.1") != line.npos ? 1 : 0;
    return count;
  }

 private:
  std::ifstream log_{exported("TUSK_SERVER_DIR") + "/log"};
};

void PrintTo(server_kind const& each, std::ostream* out) { *out << each.name; }

class encryption : public testing::TestWithParam<server_kind> {};

TEST_P(encryption, is_what_the_rules_say) {
  server_kind const& server = GetParam();
  server_settings const talkative{{"log_connections", "on"}};
  server_settings const shown = server.tls ? showing(server.certificate) : server_settings({{"ssl", "off"}});
  connection_count connections;
  int combinations = 0;
  for (char const* role : roles) {
    for (char const* mode : modes) {
      for (authority const given : authorities) {
        std::string more = std::string("host=localhost hostaddr=127.0.0.1 sslmode=") + mode;
        if (given == authority::right) more += " sslrootcert=" + certificate_file("ca.crt");
        if (given == authority::other) more += " sslrootcert=" + certificate_file("other-ca.crt");
        SCOPED_TRACE(std::string(role) + ' ' + more);
        expected const wanted = by_the_rules(server, role, mode, given);
        outcome got = outcome::error;
        std::string said;
        connections.seen();
        try {
          connection conn = connect(dsn(way::tcp, role, more));
          got = conn.info().tls_version.empty() ? outcome::plain : outcome::tls;
        } catch (tusk::error const& refused) {
          said = refused.what();
        }
        EXPECT_EQ(got, wanted.how) << said;
        // Without an authority a mode that verifies ends before the first byte, and may have been taken by the server.
        if (wanted.connections != 0) {
          EXPECT_EQ(connections.seen(), wanted.connections) << said;
        }
        libpq_session const witness(dsn(way::tcp, role, more));
        EXPECT_EQ(witness.is_open() ? (witness.by_tls() ? outcome::tls : outcome::plain) : outcome::error, got)
            << witness.error();
        ++combinations;
      }
    }
  }
  EXPECT_EQ(combinations, 54);
}

INSTANTIATE_TEST_SUITE_P(each, encryption, testing::ValuesIn(servers),
                         [](auto const& of) { return std::string(of.param.name); });

// In plain the server asks for a password, which is wrong; with TLS the certificate is enough.
TEST(mended, allow_tries_tls_after_a_wrong_password) {
  std::string const folder = exported("TUSK_SERVER_DIR");
  std::string const text =
      dsn(way::tcp, "auth_cert", "sslmode=allow sslcert=" + folder + "/client.crt sslkey=" + folder + "/client.key");
  EXPECT_FALSE(connect(text).info().tls_version.empty());
  EXPECT_TRUE(libpq_session(text).by_tls());
}

// The other way to begin, which servers know since 17.
TEST(direct_negotiation, asks_for_nothing_and_falls_back_to_nothing) {
  bool const known = std::stoi(exported("TUSK_SERVER_VERSION")) >= 17;
  for (char const* mode : {"require", "verify-full"}) {
    std::string const more =
        std::string("host=localhost sslnegotiation=direct sslmode=") + mode + " sslrootcert=" + exported("TUSK_CA");
    std::vector<std::string> lines;
    connect_options options;
    options.trace = [&](std::string_view line) { lines.emplace_back(line); };
    try {
      connection conn = connect(dsn(way::tcp, "auth_scram", more), options);
      EXPECT_TRUE(known);
      EXPECT_EQ(conn.info().authentication, "scram-sha-256-plus");
    } catch (operational_error const& refused) {
      EXPECT_FALSE(known) << refused.what();
      EXPECT_NE(std::string_view(refused.what()).find("sslnegotiation"), std::string_view::npos) << refused.what();
    }
    for (auto const& line : lines) EXPECT_EQ(line.find("SSLRequest"), line.npos) << line;
  }
}

}  // namespace
}  // namespace tusk::test
