// Cancelling: the operation under way ends with query_canceled, and no other one does; over every kind of connection.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/effort.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class cancelling : public testing::TestWithParam<way> {};

TEST_P(cancelling, from_another_thread_ends_the_query) {
  connection conn = open(GetParam());
  std::int32_t const pid = conn.info().backend_pid;
  std::thread other([&] {
    wait_until_active(pid);
    conn.cancel();
  });
  auto const begin = std::chrono::steady_clock::now();
  auto const error = thrown<query_canceled>([&] { conn.query("SELECT pg_sleep(60)"); });
  other.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  EXPECT_FALSE(error.is_fatal());
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST_P(cancelling, is_stepped_by_poll) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  int const before = conn.fileno();
  conn.start_exec("SELECT pg_sleep(60)");
  EXPECT_EQ(conn.poll(), poll_status::read);
  wait_until_active(conn.info().backend_pid);  // a server that has not read the query yet ignores the request
  auto const begin = std::chrono::steady_clock::now();
  conn.cancel();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms) << "it only begins";
  int const several = conn.fileno();
  EXPECT_NE(several, before);
  EXPECT_TRUE(conn.timeout());
  conn.cancel();  // a second one changes nothing
  EXPECT_FALSE(thrown<query_canceled>([&] { finish(conn); }).is_fatal());
  EXPECT_EQ(conn.fileno(), several) << "from the first request on, for the connection's whole life";
  EXPECT_FALSE(conn.timeout());
  conn.start_exec("SELECT 7");
  finish(conn);
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
}

TEST_P(cancelling, an_idle_connection_does_nothing) {
  connection conn = open(GetParam());
  for (int i = 0; i < 10; ++i) {
    conn.cancel();
    EXPECT_EQ(value<int>(conn, "SELECT $1::int", i), i);
  }
  connection async = connect(dsn(GetParam()), {.async = true});
  finish(async);
  int const before = async.fileno();
  async.cancel();
  EXPECT_EQ(async.fileno(), before);
  conn.close();
  EXPECT_THROW(conn.cancel(), interface_error);
}

TEST_P(cancelling, within_a_time_that_is_over_is_not_sent_and_the_statement_goes_on) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  conn.start_exec("SELECT pg_sleep(60)");
  EXPECT_EQ(conn.poll(), poll_status::read);
  wait_until_active(conn.info().backend_pid);
  for (auto const time : {std::chrono::milliseconds::min(), std::chrono::milliseconds(-1), 0ms}) {
    conn.cancel(time);
    EXPECT_CONTAINS("its time is over", thrown<operational_error>([&] { finish(conn); }).what());
    EXPECT_TRUE(conn.isexecuting());
  }
  conn.cancel(std::chrono::milliseconds::max());
  EXPECT_THROW(finish(conn), query_canceled);
}

INSTANTIATE_TEST_SUITE_P(each, cancelling, testing::ValuesIn(all_ways), [](auto const& of) { return name(of.param); });

// The request is on its way while the statement ends by itself: the next statement must not feel it. Some statements
// last until they are cancelled; how many of the others end before that is the machine's.
TEST(cancel_race, never_hits_the_next_statement_of_an_asynchronous_connection) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  int canceled = 0, ended = 0;
  int const turns = races();
  for (int i = 0; i < turns; ++i) {
    conn.start_query("SELECT pg_sleep($1::float8)", i % 10 == 0 ? 60.0 : 0.00002 * (i % 100));
    if (i % 3 == 0) conn.poll();
    conn.cancel();
    try {
      finish(conn);
      ++ended;
    } catch (query_canceled const&) {
      ++canceled;
    }
    conn.start_query("SELECT $1::int", i);
    ASSERT_NO_THROW(finish(conn)) << i;
    ASSERT_EQ(conn.take_results()[0][0].get<int>(0), i);
  }
  EXPECT_GT(canceled, 0);
  RecordProperty("ended", ended);
}

TEST(cancel_race, never_hits_a_statement_that_begins_when_cancel_has_returned) {
  connection conn = open();
  std::atomic<int> turn = 0, canceled_turn = 0;
  int const turns = races();
  std::thread other([&] {
    for (int i = 1; i <= turns; ++i) {
      while (turn < i) std::this_thread::yield();
      // At any time of the statement, or before it.
      std::this_thread::sleep_for(std::chrono::microseconds(25 * (i % 40)));
      conn.cancel();
      canceled_turn = i;
    }
  });
  int canceled = 0;
  for (int i = 1; i <= turns; ++i) {
    turn = i;
    try {
      conn.query("SELECT pg_sleep($1::float8)", 0.0001 * (i % 50));
    } catch (query_canceled const&) {
      ++canceled;
    }
    while (canceled_turn < i) std::this_thread::yield();
    EXPECT_NO_THROW(conn.query("SELECT $1::int", i)) << i;
  }
  other.join();
  RecordProperty("canceled", canceled);  // none, where every request comes too early or too late
}

TEST(reconnecting, is_a_new_session_with_the_same_settings) {
  for (bool const async : {false, true}) {
    connection conn = connect(dsn(way::tls_verify_full, "auth_scram", "application_name=again"), {.async = async});
    if (async) finish(conn);
    connection_info const before = conn.info();
    conn.reconnect();
    if (async) finish(conn);
    connection_info const after = conn.info();
    EXPECT_NE(after.backend_pid, before.backend_pid);
    EXPECT_EQ(after.tls_version, before.tls_version);
    EXPECT_EQ(after.authentication, before.authentication);
    EXPECT_EQ(conn.parameter_status("application_name"), "again");
    EXPECT_FALSE(conn.closed());
  }
}

TEST(reconnecting, prepares_statements_again_and_keeps_the_queue) {
  connection conn = open();
  statement old = conn.prepare("SELECT $1::int");
  conn.exec("LISTEN here");
  conn.exec("NOTIFY here, 'before'");
  conn.reconnect();
  EXPECT_EQ(old.query(1)[0].get<int>(0), 1) << "prepared again";
  EXPECT_EQ(conn.prepare("SELECT $1::int").query(2)[0].get<int>(0), 2);
  auto const kept = conn.notifies.pop();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->payload, "before");
  conn.exec("LISTEN there; NOTIFY there, 'after'");
  auto const fresh = conn.notifies.pop();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->payload, "after");
}

TEST(reconnecting, after_the_server_has_closed) {
  connection conn = open();
  terminate(conn.info().backend_pid);
  EXPECT_THROW(conn.ping(), operational_error);
  EXPECT_TRUE(conn.closed());
  conn.reconnect();
  conn.ping();
  EXPECT_EQ(value<int>(conn, "SELECT 3"), 3);
}

TEST(pinging, tells_what_is_there) {
  EXPECT_EQ(ping(dsn(way::tcp)), ping_status::ok);
  EXPECT_EQ(ping(dsn(way::tcp, "auth_scram", "password=wrong")), ping_status::ok);
  EXPECT_EQ(ping(dsn(way::tcp, "tusk", "dbname=no_such_database")), ping_status::ok);
  EXPECT_EQ(ping(dsn(way::tcp, "tusk", "port=1")), ping_status::no_response);
  EXPECT_THROW(ping("nonsense"), programming_error);
}

TEST(pinging, is_an_operation) {
  connection conn = connect(dsn(way::tcp), {.async = true});
  finish(conn);
  EXPECT_THROW(conn.ping(), programming_error);
  conn.start_ping();
  EXPECT_TRUE(conn.isexecuting());
  finish(conn);
  EXPECT_FALSE(conn.isexecuting());
  EXPECT_TRUE(conn.take_results().empty());
}

}  // namespace
}  // namespace tusk::test
