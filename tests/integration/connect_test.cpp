// Connecting: every transport with every method of authentication, and everything that can be wrong with a connection
// string, with what its error says.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct method {
  char const* role;
  char const* authentication;
};
constexpr method methods[] = {
    {"auth_trust", "none"}, {"auth_password", "password"}, {"auth_md5", "md5"}, {"auth_scram", "scram-sha-256"}};
void PrintTo(method const& each, std::ostream* out) { *out << each.role; }

class connecting : public testing::TestWithParam<std::tuple<way, method>> {};

TEST_P(connecting, logs_in_and_selects) {
  auto const [by, how] = GetParam();
  connection conn = connect(dsn(by, how.role));
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);

  connection_info const info = conn.info();
  std::string expected = how.authentication;
  if (expected == "scram-sha-256" && is_tls(by)) expected += "-plus";
  EXPECT_EQ(info.authentication, expected);
  EXPECT_EQ(info.tls_version.empty(), !is_tls(by));
  EXPECT_EQ(info.tls_cipher.empty(), !is_tls(by));
  EXPECT_EQ(value<bool>(conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), is_tls(by));
  EXPECT_EQ(info.server_version.substr(0, 2), exported("TUSK_SERVER_VERSION"));
  EXPECT_EQ(info.host, host(by));
  std::string const port = exported("TUSK_PORT");
  if (by == way::unix_socket)
    EXPECT_EQ(info.address, exported("TUSK_SOCKET_DIR") + "/.s.PGSQL." + port);
  else
    EXPECT_TRUE(info.address == "127.0.0.1" || info.address == "::1") << info.address;
  EXPECT_EQ(std::to_string(info.port), port);
  EXPECT_EQ(info.user, how.role);
  EXPECT_EQ(info.database, "tusk");
  EXPECT_EQ(info.backend_pid, value<int>(conn, "SELECT pg_backend_pid()"));
  EXPECT_LACKS("password=tusk", conn.dsn());

  EXPECT_FALSE(conn.closed());
  conn.close();
  EXPECT_TRUE(conn.closed());
  EXPECT_EQ(conn.fileno(), -1);
  conn.close();
  auto const error = thrown<interface_error>([&] { conn.exec("SELECT 1"); });
  EXPECT_STREQ(error.what(), "connection already closed");
  EXPECT_TRUE(error.is_fatal());
}

INSTANTIATE_TEST_SUITE_P(all, connecting, testing::Combine(testing::ValuesIn(all_ways), testing::ValuesIn(methods)),
                         [](auto const& of) { return name(std::get<0>(of.param)) + "_" + std::get<1>(of.param).role; });

// ---- what fails ----

struct failure {
  char const* name;
  way by;
  char const* role;
  std::string_view more;  // overrides the connection string; %PORT, %OTHER_CA and %CA stand for what is exported
  std::string_view sqlstate;
  std::error_code code;
  std::vector<std::string_view> said;
};
void PrintTo(failure const& each, std::ostream* out) { *out << each.name; }

std::string filled_in(std::string_view text) {
  std::string filled(text);
  for (auto const& [from, to] : {std::pair{"%PORT", "TUSK_PORT"}, {"%OTHER_CA", "TUSK_OTHER_CA"}, {"%CA", "TUSK_CA"}})
    if (auto const at = filled.find(from); at != filled.npos)
      filled.replace(at, std::string_view(from).size(), exported(to));
  return filled;
}

std::vector<failure> failures() {
  using protocol::errc;
  std::string_view const wrong = "password=open_sesame";
  std::error_code const none, needed = errc::password_needed;
  std::vector<std::string_view> const refused = {"was refused; check user and password",
                                                 "FATAL:  password authentication failed for user"};
  std::vector<std::string_view> const missing = {"asks for a password and none was given", "PGPASSWORD"};
  return {
      {"wrong_password_scram_unix", way::unix_socket, "auth_scram", wrong, "28P01", none, refused},
      {"wrong_password_scram_tcp", way::tcp, "auth_scram", wrong, "28P01", none, refused},
      {"wrong_password_scram_tls", way::tls_verify_full, "auth_scram", wrong, "28P01", none, refused},
      {"wrong_password_md5", way::tcp, "auth_md5", wrong, "28P01", none, refused},
      {"wrong_password_clear", way::tcp, "auth_password", wrong, "28P01", none, refused},
      {"wrong_user", way::tcp, "nobody_here", "", "28P01", none, refused},
      {"no_password_scram", way::tcp, "auth_scram", "password=''", "", needed, missing},
      {"no_password_scram_tls", way::tls_verify_full, "auth_scram", "password=''", "", needed, missing},
      {"no_password_md5", way::unix_socket, "auth_md5", "password=''", "", needed, missing},
      {"no_password_clear", way::tls_require, "auth_password", "password=''", "", needed, missing},
      {"no_database",
       way::tcp,
       "auth_trust",
       "dbname=nowhere",
       "3D000",
       none,
       {"was refused; check dbname", "database \"nowhere\" does not exist"}},
      {"no_certificate",
       way::tls_require,
       "auth_cert",
       "",
       "28000",
       none,
       {"was refused; check user and dbname", "valid client certificate"}},
      {"no_port",
       way::tcp,
       "auth_trust",
       "port=1",
       "",
       none,
       {"server at \"127.0.0.1\", port 1 failed: Connection refused", "does it listen on that address"}},
      {"no_socket_folder",
       way::unix_socket,
       "auth_trust",
       "host=/no/such/folder",
       "",
       none,
       {"socket \"/no/such/folder/.s.PGSQL.", "failed: No such file or directory; is a server running"}},
      {"no_socket", way::unix_socket, "auth_trust", "port=1", "", none, {".s.PGSQL.1\"", "is a server running"}},
      {"no_host",
       way::tcp,
       "auth_trust",
       "host=no-such-host.invalid",
       "",
       none,
       {"server at \"no-such-host.invalid\", port ", "the name cannot be resolved: ", "check its spelling"}},
      {"foreign_authority",
       way::tls_verify_full,
       "auth_trust",
       "sslrootcert=%OTHER_CA",
       "",
       none,
       {"TLS: the server's certificate was refused: ", "check that sslrootcert is"}},
      {"foreign_authority_require",
       way::tls_require,
       "auth_trust",
       "sslrootcert=%OTHER_CA",
       "",
       none,
       {"TLS: the server's certificate was refused: "}},
      // Another way to write 127.0.0.1, but no address to a certificate's eye.
      {"name_not_in_certificate",
       way::tls_verify_full,
       "auth_trust",
       "host=127.1",
       "",
       none,
       {"server at \"127.1\" (127.0.0.1), port ", "certificate was refused: it is for ",
        "not for \"127.1\"; connect to a name"}},
      {"address_not_in_certificate",
       way::tls_verify_full,
       "auth_trust",
       "host=::ffff:127.0.0.1",
       "",
       none,
       {"certificate was refused: it is for ", "not for \"::ffff:127.0.0.1\""}},
      {"authority_not_readable",
       way::tls_verify_full,
       "auth_trust",
       "sslrootcert=/no/such/file",
       "",
       none,
       {"sslrootcert=/no/such/file cannot be read", "PEM"}},
  };
}

class failing : public testing::TestWithParam<failure> {};

TEST_P(failing, says_what_was_tried_what_came_back_and_what_to_do) {
  failure const& expected = GetParam();
  auto const error =
      thrown<operational_error>([&] { connect(dsn(expected.by, expected.role, filled_in(expected.more))); });
  SCOPED_TRACE(error.what());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_EQ(error.sqlstate().str(), expected.sqlstate);
  // Without a code of its own an error says that nothing was reached, or which file cannot be used.
  if (expected.code || error.code() != std::errc::not_connected) {
    EXPECT_EQ(error.code(), expected.code);
  }
  for (std::string_view const part : expected.said) EXPECT_CONTAINS(part, error.what());
  EXPECT_LACKS("open_sesame", error.what());
}

INSTANTIATE_TEST_SUITE_P(each, failing, testing::ValuesIn(failures()), [](auto const& of) { return of.param.name; });

TEST(connect_test, verify_ca_does_not_look_at_the_name) {
  connection conn = connect(dsn(way::tls_verify_full, "tusk", "sslmode=verify-ca host=127.1"));
  EXPECT_EQ(conn.info().authentication, "scram-sha-256-plus");
}

TEST(connect_test, the_address_in_the_certificate_is_verified) {
  connection conn = connect(dsn(way::tls_verify_full, "tusk", "host=127.0.0.1"));
  EXPECT_FALSE(conn.info().tls_version.empty());
}

TEST(connect_test, prefer_takes_tls_where_it_is_offered) {
  connection conn = connect(dsn(way::tcp, "tusk", "sslmode=prefer"));
  EXPECT_FALSE(conn.info().tls_version.empty());
}

// As in libpq: a Unix socket is never wrapped in TLS, whatever sslmode says.
TEST(connect_test, a_unix_socket_needs_no_tls) {
  connection conn = connect(dsn(way::unix_socket, "tusk", "sslmode=require"));
  EXPECT_TRUE(conn.info().tls_version.empty());
}

// ---- parameters of the session ----

TEST(connect_test, parameters_reach_the_session) {
  connect_options options;
  options.parameters = {{"application_name", "it's a test"}, {"options", "-c work_mem=1234kB -c geqo=off"}};
  connection conn = open(way::tcp, options);
  EXPECT_EQ(value<std::string>(conn, "SHOW application_name"), "it's a test");
  EXPECT_EQ(value<std::string>(conn, "SHOW work_mem"), "1234kB");
  EXPECT_EQ(value<std::string>(conn, "SHOW geqo"), "off");
  EXPECT_EQ(conn.parameter_status("application_name"), "it's a test");
  EXPECT_EQ(conn.parameter_status("no_such_parameter"), "");
  conn.exec("SET application_name TO 'another'");
  EXPECT_EQ(conn.parameter_status("application_name"), "another");
}

TEST(connect_test, the_client_speaks_utf8_whatever_options_say) {
  connection conn = connect(dsn(way::tcp, "tusk", "options='-c client_encoding=latin1 -c DateStyle=German'"));
  EXPECT_EQ(conn.parameter_status("client_encoding"), "UTF8");
  EXPECT_EQ(conn.parameter_status("DateStyle").substr(0, 3), "ISO");
}

TEST(connect_test, a_wrong_connection_string_is_a_programming_error) {
  auto const error = thrown<programming_error>([] { connect("host=localhost hots=x"); });
  EXPECT_CONTAINS("hots", error.what());
}

TEST(connect_test, a_startup_packet_that_is_too_long_is_refused) {
  std::string const long_text(20'000, 'x');
  auto const error =
      thrown<programming_error>([&] { connect(dsn(way::tcp, "tusk", "application_name=" + long_text)); });
  EXPECT_CONTAINS("too long", error.what());
}

TEST(connect_test, a_password_in_clear_goes_to_loopback_and_by_tls_only_there) {
  for (way const by : all_ways) {
    connection conn = connect(dsn(by, "auth_password"));
    EXPECT_EQ(conn.info().authentication, "password") << name(by);
  }
}

TEST(connect_test, many_connections_at_once) {
  std::vector<connection> all;
  for (int i = 0; i < 20; ++i) all.push_back(open(three_ways[i % 3]));
  for (connection& each : all) EXPECT_EQ(value<int>(each, "SELECT 7"), 7);
}

}  // namespace
}  // namespace tusk::test
