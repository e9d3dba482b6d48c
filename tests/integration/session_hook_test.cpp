// connect_options::session_hook: when it runs, what it may leave behind, and what becomes of its errors.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <tusk/tusk.hpp>

#include "support/channel.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

connect_options hooked(std::function<void(connection&)> hook) { return {.session_hook = std::move(hook)}; }
connect_options hooked_async(std::function<void(connection&)> hook) {
  return {.async = true, .session_hook = std::move(hook)};
}

/// The setting, as the session has it.
std::string shown(connection& conn, std::string const& name) {
  if (conn.transaction_status() == transaction_status::unknown) return "";
  conn.start_exec("SHOW " + name);
  finish(conn);
  return conn.take_results()[0][0].get<std::string>(0);
}

class session_hook : public testing::TestWithParam<way> {};

TEST_P(session_hook, runs_before_connect_returns_and_after_each_reconnect) {
  int calls = 0;
  connection conn = connect(dsn(GetParam()), hooked([&](connection& fresh) {
                              ++calls;
                              fresh.exec("SET application_name = 'hooked " + std::to_string(calls) + "'");
                              fresh.listen(channel);
                            }));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_EQ(shown(conn, "application_name"), "hooked 1");
  conn.rollback();
  EXPECT_EQ(shown(conn, "application_name"), "hooked 1") << "it was committed";
  conn.rollback();
  conn.reconnect();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(shown(conn, "application_name"), "hooked 2");
  conn.notify(channel, "heard");
  conn.commit();
  EXPECT_EQ(take_payloads(conn), "heard ");
}

TEST_P(session_hook, runs_in_the_poll_in_which_the_session_begins) {
  int calls = 0;
  connection conn = connect(dsn(GetParam()), hooked_async([&](connection& fresh) {
                              ++calls;
                              EXPECT_FALSE(fresh.isexecuting());
                              fresh.start_exec("SELECT pg_sleep(0.05); SET application_name = 'hooked'");
                            }));
  for (int session = 1; session <= 2; ++session) {
    EXPECT_EQ(calls, session - 1);
    while (calls < session) {
      poll_status const wanted = conn.poll();
      ASSERT_NE(wanted, poll_status::ok) << "it says ok only when what the hook started is done";
      if (calls < session) wait_once(conn, wanted);
    }
    EXPECT_TRUE(conn.isexecuting());
    finish(conn);
    EXPECT_EQ(shown(conn, "application_name"), "hooked");
    EXPECT_EQ(conn.poll(), poll_status::ok);
    EXPECT_EQ(calls, session);
    conn.reconnect();
  }
}

INSTANTIATE_TEST_SUITE_P(each, session_hook, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

TEST(hook_of_a_session, may_start_nothing) {
  int calls = 0;
  connection conn = connect(dsn(way::unix_socket), hooked_async([&](connection&) { ++calls; }));
  finish(conn);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(shown(conn, "server_encoding"), "UTF8");
}

TEST(hook_of_a_session, may_run_a_cursor_or_poll_by_itself) {
  std::string seen;
  connection conn = connect(dsn(way::unix_socket), hooked_async([&](connection& fresh) {
                              tusk::cursor cur = fresh.cursor();
                              cur.execute("SELECT 'polled'");
                              finish(fresh);
                              seen = cur.fetchone()->get<std::string>(0);
                            }));
  finish(conn);
  EXPECT_EQ(seen, "polled");
  EXPECT_EQ(shown(conn, "server_encoding"), "UTF8");
}

TEST(hook_of_a_session, has_what_it_left_open_committed) {
  connection other = open();
  std::string const table = "hook_" + std::to_string(::getpid());
  connection conn =
      connect(dsn(way::unix_socket), hooked([&](connection& fresh) { fresh.exec("CREATE TABLE " + table + " ()"); }));
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_NO_THROW(other.exec("DROP TABLE " + table));
}

TEST(hook_of_a_session, that_throws_closes_the_connection) {
  connection* self = nullptr;
  auto const fails = [&](connection& fresh) {
    self = &fresh;
    throw std::runtime_error("not today");
  };
  EXPECT_STREQ(thrown<std::runtime_error>([&] { connect(dsn(way::unix_socket), hooked(fails)); }).what(), "not today");

  connection conn = connect(dsn(way::unix_socket), hooked_async(fails));
  EXPECT_STREQ(thrown<std::runtime_error>([&] { finish(conn); }).what(), "not today");
  EXPECT_EQ(self, &conn);
  EXPECT_TRUE(conn.closed());
}

TEST(hook_of_a_session, that_throws_at_a_reconnect_closes_the_connection) {
  int calls = 0;
  connection conn = connect(dsn(way::unix_socket), hooked([&](connection&) {
                              if (++calls == 2) throw std::runtime_error("not again");
                            }));
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.reconnect(); }).what(), "not again");
  EXPECT_TRUE(conn.closed());
  conn.reconnect();
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(conn.closed());
}

TEST(hook_of_a_session, whose_operation_fails_closes_the_connection) {
  EXPECT_THROW(connect(dsn(way::unix_socket), hooked([](connection& fresh) { fresh.exec("SELECT 1/0"); })), data_error);
  connection conn =
      connect(dsn(way::unix_socket), hooked_async([](connection& fresh) { fresh.start_exec("SELECT 1/0"); }));
  EXPECT_THROW(finish(conn), data_error);
  EXPECT_TRUE(conn.closed());
}

// A statement failed and the hook said nothing: its transaction cannot be committed.
TEST(hook_of_a_session, that_leaves_a_failed_transaction_closes_the_connection) {
  auto const fails_quietly = [](connection& fresh) { EXPECT_THROW(fresh.exec("SELECT 1/0"), data_error); };
  auto const told = thrown<internal_error>([&] { connect(dsn(way::unix_socket), hooked(fails_quietly)); });
  EXPECT_EQ(told.sqlstate().str(), "25P02");
}

TEST(hook_of_a_session, is_not_called_by_ping) {
  int calls = 0;
  EXPECT_EQ(tusk::ping(dsn(way::unix_socket), hooked([&](connection&) { ++calls; })), ping_status::ok);
  EXPECT_EQ(calls, 0);
}

TEST(hook_of_a_session, comes_after_load_types) {
  connection other = open();
  std::string const type = "hook_type_" + std::to_string(::getpid());
  other.exec("CREATE DOMAIN " + type + " AS int");
  connect_options options = hooked_async([&](connection& fresh) { EXPECT_NE(fresh.type_oid(type), 0U); });
  options.load_types = true;
  connection conn = connect(dsn(way::unix_socket), options);
  EXPECT_NO_THROW(finish(conn));
  other.exec("DROP DOMAIN " + type);
}

}  // namespace
}  // namespace tusk::test
