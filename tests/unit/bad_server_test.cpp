// What the client makes of servers that are broken, hostile, or no PostgreSQL at all: an error each, with a text that
// helps, and not a word on stdout or stderr.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using protocol::errc;

struct bad_server {
  char const* name;
  char const* more;  // of the connection string
  void (*script)(peer&);
  std::error_code code;
  std::vector<std::string_view> said;
  int clients = 1;  // how often it is called
};
void PrintTo(bad_server const& each, std::ostream* out) { *out << each.name; }

std::string authentication(std::uint32_t kind, std::string_view rest = {}) {
  return message('R', int32(kind) + std::string(rest));
}
std::string scram_offer() { return authentication(10, text("SCRAM-SHA-256") + '\0'); }

constexpr char const* no_sense = "it is not a PostgreSQL server: its answer makes no sense; check host and port";
constexpr char const* tampering = "it sent more than one byte before TLS began: somebody may be tampering";

std::vector<bad_server> startup_servers() {
  return {
      {"http",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
       },
       {},
       {no_sense, "server at \"127.0.0.1\", port "}},
      {"http_asked_for_tls",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send("HTTP/1.1 400 Bad Request\r\n\r\n");
       },
       {},
       {"it is not a PostgreSQL server: its answer to the request for TLS makes no sense"}},
      {"ssh_speaks_first",
       "",
       [](peer& client) {
         client.send("SSH-2.0-OpenSSH_9.2p1\r\n");
         client.stay_silent();
       },
       {},
       {no_sense}},
      {"closes_at_once", "", [](peer&) {}, {}, {"before it answered; is it a PostgreSQL server?"}},
      {"closes_after_startup",
       "",
       [](peer& client) { client.receive_startup(); },
       {},
       {"the server closed the connection before it answered; is it a PostgreSQL server?"}},
      {"closes_when_asked_for_tls",
       "sslmode=require",
       [](peer& client) { client.receive_startup(); },
       {},
       {"it closed the connection when asked for TLS; is it a PostgreSQL server?"}},
      {"garbage",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send("\x01\x02\x03\xff\xfe\x1b]0;title\x07");
       },
       {},
       {no_sense}},
      {"huge_length",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send("R" + int32(0x7fffffff));
       },
       {},
       {no_sense}},
      {"negative_length",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send("E" + int32(0xffffffff));
       },
       {},
       {no_sense}},
      {"zero_length",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send("R" + int32(0));
       },
       {},
       {no_sense}},
      {"no_tls",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send("N");
         client.stay_silent();
       },
       {},
       {"it does not offer TLS, which sslmode asks for; set ssl=on at the server, or sslmode=disable here"}},
      {"more_than_S",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send("S" + welcome());
         client.stay_silent();
       },
       {},
       {tampering}},
      {"more_than_N",
       "sslmode=prefer",
       [](peer& client) {
         client.receive_startup();
         client.send("N" + welcome());
         client.stay_silent();
       },
       {},
       {tampering}},
      {"error_to_tls_request",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send(message('E', fields("FATAL", "XX000", "\x1b]0;SECRET\x07")));
       },
       {},
       {"it answered the request for TLS with an error; it may be out of processes or memory"}},
      {"garbage_for_tls",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send("S");
         client.receive(1);
         client.send(std::string(200, 'G'));
         client.stay_silent();
       },
       {},
       {"TLS: ", "wrong version number"}},
      {"closes_in_tls_handshake",
       "sslmode=require",
       [](peer& client) {
         client.receive_startup();
         client.send("S");
         client.receive(1);
       },
       {},
       {"TLS"}},
      {"gss",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(7));
         client.stay_silent();
       },
       errc::gss_unsupported,
       {"GSSAPI authentication, which is not supported; change its pg_hba.conf"}},
      {"kerberos",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(2));
         client.stay_silent();
       },
       errc::kerberos_unsupported,
       {"Kerberos V5 authentication, which is not supported"}},
      {"scm_credentials",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(6));
         client.stay_silent();
       },
       errc::unsupported_authentication,
       {"method that is not known here (SCM credentials"}},
      {"closes_after_ok",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(0));
       },
       {},
       {"the server closed the connection during the startup"}},
      {"closes_in_scram",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(scram_offer());
         client.receive_message();
       },
       {},
       {"the server closed the connection during the startup"}},
      {"ok_in_scram",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(scram_offer());
         client.receive_message();
         client.send(welcome());
         client.stay_silent();
       },
       errc::sasl_incomplete,
       {"before it proved that it knows the password"}},
      {"scram_without_end",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(scram_offer());
         client.receive_message();
         client.send(authentication(11, "r=other,s=YWJj,i=4096"));
         client.stay_silent();
       },
       errc::sasl_bad_nonce,
       {"nonce does not extend ours"}},
      {"unknown_mechanism",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(10, text("SCRAM-SHA-1") + '\0'));
         client.stay_silent();
       },
       errc::no_supported_sasl_mechanism,
       {"no SASL mechanism that can be used here"}},
      {"oauth",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(10, text("OAUTHBEARER") + '\0'));
         client.stay_silent();
       },
       errc::oauth_unsupported,
       {"OAuth authentication (OAUTHBEARER), which is not supported"}},
      {"row_before_ready",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(authentication(0) + message('D', int16(0)));
         client.stay_silent();
       },
       errc::unexpected_message,
       {"(message 'D' in state authenticated)"}},
      {"says_fatal",
       "",
       [](peer& client) {
         client.receive_startup();
         client.send(message('E', fields("FATAL", "53300", "too many clients\x1b[2J already")));
       },
       {},
       {"was refused; close other connections", "FATAL:  too many clients?[2J already (53300)"}},
  };
}

class startup_with : public testing::TestWithParam<bad_server> {};

TEST_P(startup_with, a_bad_server_is_an_error_that_helps) {
  bad_server const& bad = GetParam();
  for (bool const async : {false, true}) {
    scripted_server server(bad.script);
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    auto const error = thrown<operational_error>([&] {
      connection conn = connect(server.dsn(bad.more), {.async = async});
      finish(conn);
    });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    SCOPED_TRACE(error.what());
    EXPECT_TRUE(error.is_fatal());
    std::error_code const not_reached =
        error.sqlstate().empty() ? make_error_code(std::errc::not_connected) : std::error_code();
    EXPECT_EQ(error.code(), bad.code ? bad.code : not_reached);
    EXPECT_CONTAINS(server.port(), error.what());
    for (std::string_view const part : bad.said) EXPECT_CONTAINS(part, error.what());
    for (std::string_view const part : {"open_sesame", "SECRET", "\x1b", "\x07"}) EXPECT_LACKS(part, error.what());
    EXPECT_EQ(server.clients(), bad.clients);
  }
}

INSTANTIATE_TEST_SUITE_P(each, startup_with, testing::ValuesIn(startup_servers()),
                         [](auto const& of) { return std::string(of.param.name); });

// ---- silence ----

struct silence {
  char const* name;
  char const* more;
  void (*script)(peer&);
  std::string_view said;
};
void PrintTo(silence const& each, std::ostream* out) { *out << each.name; }

constexpr silence silences[] = {
    {"when_asked_for_tls", "sslmode=require", [](peer& client) { client.stay_silent(); },
     "no answer came within connect_timeout, 1 s"},
    {"in_the_tls_handshake", "sslmode=require",
     [](peer& client) {
       client.receive_startup();
       client.send("S");
       client.stay_silent();
     },
     "no answer came within connect_timeout, 1 s"},
    {"after_startup", "", [](peer& client) { client.stay_silent(); }, "did not begin within connect_timeout"},
    {"in_mid_message", "",
     [](peer& client) {
       client.receive_startup();
       client.send(welcome().substr(0, 20));
       client.stay_silent();
     },
     "did not begin within connect_timeout"},
    {"broken_by_notices", "",
     [](peer& client) {
       client.receive_startup();
       client.send(welcome().substr(0, 9));
       while (client.send(message('N', fields("NOTICE", "00000", std::string(1000, 'x'))))) {}
     },
     "did not begin within connect_timeout"},
};

class silent : public testing::TestWithParam<silence> {};

TEST_P(silent, ends_with_connect_timeout) {
  for (bool const async : {false, true}) {
    scripted_server server(GetParam().script);
    auto const begin = std::chrono::steady_clock::now();
    auto const error = thrown<operational_error>([&] {
      connection conn = connect(server.dsn("connect_timeout=1 " + std::string(GetParam().more)), {.async = async});
      finish(conn);
    });
    auto const passed = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(passed, 1s);
    EXPECT_LT(passed, 3s);
    EXPECT_CONTAINS(GetParam().said, error.what());
    EXPECT_TRUE(error.is_fatal());
  }
}

INSTANTIATE_TEST_SUITE_P(each, silent, testing::ValuesIn(silences),
                         [](auto const& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace tusk::test
