// TLS against a real server that shows every kind of certificate: which sslmode lets it in, and what is said otherwise.
//
// libpq is asked the same, and must agree; version 18 if TUSK_LIBPQ18 says where it is, else the machine's own.
//
// The server of the tests gets another certificate by ALTER SYSTEM and a reload, and its own back at the end of each
// test.

#include "net/tls.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/frontend.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/libpq_session.hpp"
#include "support/server.hpp"
#include "support/server_messages.hpp"
#include "support/server_settings.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

// ---- sslmode by certificate ----

constexpr char const* plain = "<plain>";  // connected, without TLS
constexpr char const* tls = "<tls>";      // connected, with TLS

/// A certificate of the server, and what becomes of each sslmode: `plain`, `tls`, or a part of the error.
struct row {
  char const* certificate;
  char const* root;          // the file for sslrootcert, where it is given
  char const* disable;       // without sslrootcert
  char const* prefer;        // without
  char const* require;       // without
  char const* require_root;  // with sslrootcert
  char const* verify_ca;     // with
  char const* verify_full;   // with
  bool binds = true;         // can SCRAM be bound to it?
  char const* host = "localhost";
};
void PrintTo(row const& each, std::ostream* out) { *out << each.certificate; }

constexpr char const* expired = "certificate has expired; renew it at the server";
constexpr char const* unknown = "; check that sslrootcert is the authority that signed it";
constexpr char const* wrong_name = "it is for \"db.example.org\", \"example.org\", 192.0.2.1, not for \"localhost\"";
constexpr char const* wildcard = "it is for \"*.example.org\", not for \"localhost\"";

constexpr row rows[] = {
    {"good", "ca.crt", plain, tls, tls, tls, tls, tls},
    {"good", "ca.crt", plain, tls, tls, tls, tls, tls, true, "127.0.0.1"},
    {"good", "other-ca.crt", plain, tls, tls, unknown, unknown, unknown},
    {"good", "system", plain, tls, tls, "use verify-full", "use verify-full", unknown},
    {"expired", "ca.crt", plain, tls, tls, expired, expired, expired},
    {"wrong-name", "ca.crt", plain, tls, tls, tls, tls, wrong_name},
    {"revoked", "ca.crt", plain, tls, tls, tls, tls, tls},
    {"cn-only", "ca.crt", plain, tls, tls, tls, tls, tls},
    {"cn-only", "ca.crt", plain, tls, tls, tls, tls, "it is for \"localhost\", not for \"127.0.0.1\"", true,
     "127.0.0.1"},
    {"wildcard", "ca.crt", plain, tls, tls, tls, tls, wildcard},
    {"self-signed", "ca.crt", plain, tls, tls, unknown, unknown, unknown},
    {"self-signed", "server-self-signed.crt", plain, tls, tls, tls, tls, tls},
    {"rsa", "server-rsa.crt", plain, tls, tls, tls, tls, tls},
    {"rsa-pss", "server-rsa-pss.crt", plain, tls, tls, tls, tls, tls},
    {"ecdsa-sha384", "server-ecdsa-sha384.crt", plain, tls, tls, tls, tls, tls},
    {"ed25519", "server-ed25519.crt", plain, tls, tls, tls, tls, tls, false},
};

/// What libpq makes of a cell; a refusal is not compared word by word.
void expect_libpq_agrees(row const& each, std::string const& more, std::string_view expected) {
  // Before 16 `system` was a file's name.
  if (each.root == std::string_view("system") && libpq_session::version() < 160'000) return;
  // It fails where a certificate cannot be bound to; we go on without, unless channel_binding=require.
  char const* const binding = each.binds ? "" : " channel_binding=disable";
  libpq_session const session(dsn(way::tcp, "auth_scram", more + binding));
  EXPECT_EQ(session.is_open(), expected == tls || expected == plain) << session.error();
  if (session.is_open()) {
    EXPECT_EQ(session.by_tls() ? tls : plain, expected);
  }
}

class sslmode_by_certificate : public testing::TestWithParam<row> {};

TEST_P(sslmode_by_certificate, lets_in_or_says_why_not) {
  row const& each = GetParam();
  auto const shown = showing(each.certificate);
  std::string const file = each.root == std::string_view("system") ? each.root : certificate_file(each.root);
  std::string const root = " sslrootcert=" + file + " host=" + each.host;
  struct cell {
    std::string more;
    std::string_view expected;
  };
  for (auto const& [more, expected] : {
           cell{"sslmode=disable", each.disable},
           cell{"sslmode=prefer", each.prefer},
           cell{"sslmode=require", each.require},
           cell{"sslmode=require" + root, each.require_root},
           cell{"sslmode=verify-ca" + root, each.verify_ca},
           cell{"sslmode=verify-full" + root, each.verify_full},
       }) {
    SCOPED_TRACE(more);
    expect_libpq_agrees(each, more, expected);
    try {
      connection conn = connect(dsn(way::tcp, "auth_scram", more));
      bool const by_tls = !conn.info().tls_version.empty();
      EXPECT_EQ(by_tls ? tls : plain, expected);
      EXPECT_EQ(value<bool>(conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), by_tls);
      EXPECT_EQ(conn.info().authentication, by_tls && each.binds ? "scram-sha-256-plus" : "scram-sha-256");
    } catch (tusk::error const& refused) {
      EXPECT_CONTAINS(expected, refused.what());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(each, sslmode_by_certificate, testing::ValuesIn(rows), [](auto const& of) {
  std::string name = std::to_string(of.index) + "_" + of.param.certificate;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// ---- what the connection string is not asked for: the TLS layer and the server alone ----

struct visit {
  std::string failed;  // the client's error in the handshake; empty: it was complete
  std::string answer;  // the first of the server's answers to StartupMessage; empty: TLS ended instead
  bool alpn = false, requested = false;
};

std::string receive(client::tls& session, client::socket const& over) {
  char bytes[4096];
  for (;;) {
    auto const got = session.read(bytes, false);
    if (got.status == client::io_status::done) return {bytes, got.bytes};
    if (got.status != client::io_status::want_read) return {};
    client::wait_for(over.descriptor(), true, false, {});
  }
}

visit visit_server(client::tls_settings const& how, std::string const& user) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(exported("TUSK_PORT"))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  client::endpoint to{std::vector<std::byte>(sizeof address), "127.0.0.1", true};
  std::memcpy(to.address.data(), &address, sizeof address);
  client::socket over;
  if (auto const error = over.connect(to)) throw std::system_error(error);
  client::wait_for(over.descriptor(), false, true, {});

  if (how.negotiation == client::sslnegotiation::postgres) {
    protocol::byte_buffer request;
    (void)encode(request, protocol::ssl_request{});
    over.write(request.view());
    client::wait_for(over.descriptor(), true, false, {});
    char answer[1] = {};
    over.read(answer, false);
    EXPECT_EQ(answer[0], 'S');
  }
  client::tls session(how, {"localhost", "", 0, ""}, over);
  visit told;
  client::io_result step;
  while ((step = session.handshake()).status == client::io_status::want_read ||
         step.status == client::io_status::want_write)
    client::wait_for(over.descriptor(), step.status == client::io_status::want_read,
                     step.status == client::io_status::want_write, {});
  told.requested = session.certificate_requested();
  told.alpn = session.alpn_selected();
  if (step.status != client::io_status::done) {
    told.failed = step.status == client::io_status::closed ? "closed" : session.error() + std::to_string(step.error);
    return told;
  }
  session.write(startup_packet(protocol::protocol_version(3, 0), {{"user", user}, {"database", "tusk"}}));
  told.answer = receive(session, over);
  if (told.answer.empty()) told.failed = session.error();
  session.goodbye();
  return told;
}

struct paper {
  char const* name;
  char const* certificate;  // client-NAME.crt; null: none
  char const* key;
  char const* password;
  char const* said;  // a part of the client's error, or of the server's; null: logged in
};

constexpr paper papers[] = {
    {"good", "client-good.crt", "client-good.key", "", nullptr},
    {"encrypted", "client-good.crt", "client-encrypted.key", "secret", nullptr},
    {"der", "client-good.crt", "client-der.key", "", nullptr},
    {"none", nullptr, nullptr, "", "connection requires a valid client certificate"},
    {"revoked", "client-revoked.crt", "client-revoked.key", "", "the server refuses our client certificate"},
    {"other", "client-other.crt", "client-other.key", "", "the server refuses our client certificate"},
};

TEST(tls_test, a_client_certificate_logs_in) {
  server_settings const checked{{"ssl_ca_file", certificate_file("ca.crt")},
                                {"ssl_crl_file", certificate_file("ca.crl")}};
  std::string const logged_in("R\0\0\0\x08\0\0\0\0", 9);
  for (paper const& each : papers) {
    SCOPED_TRACE(each.name);
    client::tls_settings how;
    how.mode = client::sslmode::verify_full;
    how.rootcert = exported("TUSK_CA");
    if (each.certificate != nullptr) {
      how.cert = certificate_file(each.certificate);
      how.key = certificate_file(each.key);
      how.keypassword = each.password;
    }
    visit const told = visit_server(how, "auth_cert");
    EXPECT_TRUE(told.requested);
    if (each.said == nullptr)
      EXPECT_EQ(told.answer.substr(0, 9), logged_in) << told.failed;
    else
      EXPECT_CONTAINS(each.said, told.failed + told.answer);
  }
}

TEST(tls_test, revocation_lists_are_heard) {
  for (auto const& [kind, said] : {std::pair{"good", ""}, {"revoked", "certificate revoked; it must be replaced"}}) {
    auto const shown = showing(kind);
    client::tls_settings how;
    how.mode = client::sslmode::verify_full;
    how.rootcert = certificate_file("ca.crt");
    how.crl = certificate_file("ca.crl");
    visit const told = visit_server(how, "auth_trust");
    EXPECT_CONTAINS(said, told.failed);
    EXPECT_EQ(told.answer.empty(), *said != '\0');
  }
}

TEST(tls_test, direct_negotiation_needs_a_new_server) {
  client::tls_settings how;
  how.mode = client::sslmode::verify_full;
  how.rootcert = exported("TUSK_CA");
  bool const is_new = std::stoi(exported("TUSK_SERVER_VERSION")) >= 17;
  EXPECT_EQ(visit_server(how, "auth_trust").alpn, is_new);
  how.negotiation = client::sslnegotiation::direct;
  visit const told = visit_server(how, "auth_trust");
  EXPECT_EQ(told.alpn, is_new);
  EXPECT_EQ(told.failed.empty(), is_new) << told.failed;
}

TEST(tls_test, versions_are_agreed_on) {
  server_settings const old{{"ssl_max_protocol_version", "TLSv1.2"}};
  client::tls_settings how;
  how.mode = client::sslmode::require;
  EXPECT_EQ(visit_server(how, "auth_trust").failed, "");
  how.minimum = client::tls_version::tls1_3;
  EXPECT_CONTAINS("check ssl_min_protocol_version and ssl_max_protocol_version",
                  visit_server(how, "auth_trust").failed);
}

}  // namespace
}  // namespace tusk::test
