// connection::reset, and what info() tells.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tusk/tusk.hpp>

#include "support/channel.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

std::string shown(connection& conn, std::string const& name) {
  return conn.exec("SHOW " + name)[0][0].get<std::string>(0);
}

class reset : public testing::TestWithParam<way> {};

TEST_P(reset, rolls_back_and_puts_the_settings_back) {
  connection conn = connect(dsn(GetParam(), "tusk", "application_name=first options='-c statement_timeout=54321'"));
  conn.exec("SET application_name = 'second'; SET statement_timeout = 60000; SET TimeZone = 'Asia/Tokyo'");
  conn.commit();
  std::string const zone = conn.parameter_status("TimeZone");
  EXPECT_EQ(zone, "Asia/Tokyo");
  conn.exec("CREATE TEMP TABLE undone ()");
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  conn.reset();
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_NE(conn.parameter_status("TimeZone"), "Asia/Tokyo");
  EXPECT_EQ(shown(conn, "application_name"), "first");
  EXPECT_EQ(shown(conn, "statement_timeout"), "54321ms");
  EXPECT_THROW(conn.exec("SELECT * FROM undone"), programming_error);
  conn.reset();
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle) << "a failed one too";
}

TEST_P(reset, is_stepped_on_an_asynchronous_connection) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  conn.start_exec("SET application_name = 'second'; BEGIN; SELECT 1");
  finish(conn);
  conn.start_reset();
  finish(conn);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  conn.start_exec("SHOW application_name");
  finish(conn);
  EXPECT_NE(conn.take_results()[0][0].get<std::string>(0), "second");
  EXPECT_CONTAINS("use start_reset", thrown<programming_error>([&] { conn.reset(); }).what());
}

INSTANTIATE_TEST_SUITE_P(each, reset, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

TEST(reset_of_a_session, puts_the_user_back) {
  connection conn = open();
  std::string const user = value<std::string>(conn, "SELECT current_user::text");
  conn.exec("SET SESSION AUTHORIZATION auth_scram");
  EXPECT_EQ(value<std::string>(conn, "SELECT current_user::text"), "auth_scram");
  conn.reset();
  EXPECT_EQ(value<std::string>(conn, "SELECT current_user::text"), user);
  conn.exec("SET ROLE auth_scram");
  EXPECT_EQ(value<std::string>(conn, "SELECT current_user::text"), "auth_scram");
  conn.reset();
  EXPECT_EQ(value<std::string>(conn, "SELECT current_user::text"), user);
}

TEST(reset_of_a_session, puts_back_how_transactions_begin) {
  connection conn = connect(dsn(way::unix_socket));
  conn.set_session({.autocommit = true, .isolation = isolation_level::serializable, .read_only = true});
  conn.reset();
  EXPECT_EQ(conn.session_mode(), session_mode{});
  connection other = open();
  other.set_session({.autocommit = false, .deferrable = true});
  other.reset();
  EXPECT_EQ(other.session_mode(), session_mode{.autocommit = true});
}

TEST(reset_of_a_session, puts_the_encoding_back) {
  connection conn = open();
  conn.exec("SET client_encoding = 'LATIN1'");
  EXPECT_THROW(conn.query("SELECT $1::text", "ü"), data_error);
  conn.reset();
  EXPECT_EQ(value<std::string>(conn, "SELECT $1::text", "ü"), "ü");
}

TEST(reset_of_a_session, leaves_what_is_the_users) {
  connection conn = open();
  statement made = conn.prepare("SELECT 7");
  conn.exec(listen + "CREATE TEMP TABLE kept AS SELECT 5 AS five; SELECT pg_advisory_lock(815)");
  conn.exec(notify_sql("before"));
  int handled = 0;
  conn.on_notice([&](diagnostics const&) { ++handled; });
  conn.reset();
  EXPECT_EQ(handled, 0) << "no transaction: no warning that there is none";
  EXPECT_EQ(made.query()[0].get<int>(0), 7);
  EXPECT_EQ(value<int>(conn, "SELECT five FROM kept"), 5);
  EXPECT_TRUE(value<bool>(conn, "SELECT pg_advisory_unlock(815)"));
  conn.exec(notify_sql("after"));
  EXPECT_EQ(take_payloads(conn), "before after ");
}

TEST(reset_of_a_session, needs_an_open_connection_and_queues_behind_what_was_started) {
  connection conn = open();
  conn.exec("SET application_name = 'before'");
  auto started = conn.start_exec("SELECT pg_sleep(0.05), current_setting('application_name')");
  conn.reset();
  EXPECT_EQ(started.get()[0][0].get<std::string>(1), "before");
  conn.close();
  EXPECT_STREQ(thrown<interface_error>([&] { conn.reset(); }).what(), "connection already closed");
}

// ---- info ----

TEST(info, tells_the_servers_version_as_a_number) {
  connection conn = open();
  EXPECT_EQ(conn.info().server_version_number, std::stoi(shown(conn, "server_version_num")));
  EXPECT_EQ(conn.info().server_version, shown(conn, "server_version"));
}

TEST(info, tells_the_settings_that_the_server_reports_as_they_are_now) {
  connection conn = open();
  auto const setting = [&](std::string_view wanted) {
    auto const all = conn.info().parameters;
    auto const found = std::find_if(all.begin(), all.end(), [&](auto const& each) { return each.first == wanted; });
    return found == all.end() ? "none" : found->second;
  };
  EXPECT_EQ(setting("client_encoding"), "UTF8");
  EXPECT_EQ(setting("integer_datetimes"), "on");
  EXPECT_EQ(setting("work_mem"), "none");
  conn.exec("SET TimeZone = 'Asia/Tokyo'");
  EXPECT_EQ(setting("TimeZone"), "Asia/Tokyo");
  conn.exec("SET application_name = ''");
  EXPECT_EQ(setting("application_name"), "");
  EXPECT_GE(conn.info().parameters.size(), 10U);
}

}  // namespace
}  // namespace tusk::test
