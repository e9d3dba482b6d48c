// What the error of a login that failed says of the password: where it came from, which file was ignored, never itself.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/variables.hpp"

namespace tusk::test {
namespace {

constexpr char const* secret = "wr0ng_s3cret";

/// As dsn(way::tcp), without a password.
std::string dsn_without_password(std::string const& more) {
  return "host=127.0.0.1 port=" + exported("TUSK_PORT") + " user=tusk dbname=tusk sslmode=disable " + more;
}

operational_error refused(std::string const& text, connect_options const& options = {}) {
  auto error = thrown<operational_error>([&] { connect(text, options); });
  EXPECT_LACKS(secret, error.what());
  EXPECT_TRUE(error.is_fatal());
  return error;
}

TEST(login_error, tells_where_a_wrong_password_came_from) {
  temporary_folder const files;
  std::string const passfile = files.write("passwords", std::string("*:*:*:*:") + secret + '\n');
  std::string const service = files.write("services", std::string("[s]\npassword=") + secret + '\n');
  auto const expect = [](std::string const& from, operational_error const& error) {
    EXPECT_CONTAINS("(the password came from " + from, error.what());
    EXPECT_EQ(error.sqlstate().str(), "28P01");
  };
  std::string const in_text = std::string("password=") + secret;
  expect("the connection string, byte offset ", refused(dsn_without_password(in_text)));
  expect("the option given in code", refused(dsn_without_password(""), {.parameters = {{"password", secret}}}));
  expect("the password file \"" + passfile + "\"", refused(dsn_without_password("passfile=" + passfile)));
  expect("the password callback", refused(dsn_without_password(in_text),
                                          {.password = [](password_request const&) { return std::string(secret); }}));
  {
    variable const given("PGPASSWORD", secret);
    expect("the environment variable PGPASSWORD", refused(dsn_without_password("")));
  }
  {
    variable const given("PGSERVICEFILE", service);
    expect("the service file \"" + service + "\", line 2", refused(dsn_without_password("service=s")));
  }
}

TEST(login_error, names_the_password_file_that_was_ignored) {
  temporary_folder const files;
  std::string const open_to_all = files.write("open", std::string("*:*:*:*:") + secret + '\n', 0644);
  std::string const unsendable = files.write("long", "*:*:*:*:" + std::string(65'535, 'x') + '\n');
  struct {
    std::string file, says;
  } const rows[] = {
      {open_to_all, "\" is ignored: it is open to its group or to others; its permissions must be 0600 or less"},
      {files.path("none"), "\" is ignored: it does not exist"},
      {files.path(), "\" is ignored: it is not a plain file"},
      {unsendable, "\" is ignored: it is too long, or holds a NUL byte"},
  };
  for (auto const& row : rows) {
    auto const error = refused(dsn_without_password("passfile=" + row.file));
    EXPECT_CONTAINS("password file \"" + row.file + row.says, error.what());
    EXPECT_CONTAINS("none was given", error.what());
  }
  // Where none was needed it is a warning alone.
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.stay_silent();
  });
  connection conn = connect(server.dsn("password='' passfile=" + open_to_all));
  EXPECT_FALSE(conn.closed());
  ASSERT_EQ(conn.take_notices().size(), 1U);
  // What is wrong with a file does not matter where it was not needed.
  EXPECT_LACKS("ignored", refused(dsn_without_password("passfile=" + open_to_all + " password=" + secret)).what());
}

// ---- values of the environment that would break reading ----

TEST(environment, of_unreadable_styles_is_overridden_with_a_warning) {
  variable const style("PGDATESTYLE", "German"), encoding("PGCLIENTENCODING", "LATIN1"), zone("PGTZ", "Asia/Tokyo");
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true});
  EXPECT_EQ(conn.query_value<std::string>("SHOW DateStyle"), "ISO, DMY");
  EXPECT_EQ(conn.query_value<std::string>("SHOW client_encoding"), "UTF8");
  EXPECT_EQ(conn.query_value<std::string>("SHOW TimeZone"), "Asia/Tokyo");
  EXPECT_EQ(conn.query_value<date>("SELECT '3.4.2020'::date"), (date{std::chrono::year{2020} / 4 / 3}));
  auto const warnings = conn.take_notices();
  ASSERT_EQ(warnings.size(), 2U);
  for (auto const& each : warnings) {
    EXPECT_EQ(each.severity, "WARNING");
    EXPECT_CONTAINS("is overridden", each.message);
  }
  EXPECT_THROW(connect(dsn(way::unix_socket, "tusk", "client_encoding=LATIN1")), programming_error);
}

TEST(environment, of_options_does_not_break_reading) {
  variable const options("PGOPTIONS", "-c datestyle=German -c client_encoding=LATIN1");
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true});
  EXPECT_EQ(conn.query_value<std::string>("SHOW DateStyle").substr(0, 3), "ISO");
  EXPECT_EQ(conn.query_value<std::string>("SHOW client_encoding"), "UTF8");
}

}  // namespace
}  // namespace tusk::test
