// LISTEN and NOTIFY: between connections and to oneself, gathered by whatever steps bytes.

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class notifying : public testing::TestWithParam<way> {
 protected:
  /// Takes what comes until `count` notifications are there.
  static void gather(connection& conn, std::size_t count) {
    while (conn.notifies.size() < count) {
      ASSERT_TRUE(wait_readable(conn, 30s)) << "only " << conn.notifies.size() << " came";
      ASSERT_EQ(conn.poll(), poll_status::ok);
    }
  }
  static void expect_next(connection& conn, connection& from, std::string_view channel, std::string_view payload) {
    auto const next = conn.notifies.pop();
    ASSERT_TRUE(next) << channel;
    EXPECT_EQ(next->pid, from.info().backend_pid);
    EXPECT_EQ(next->channel, channel);
    EXPECT_EQ(next->payload, payload);
  }
};

TEST_P(notifying, another_connection) {
  connection conn = open(GetParam()), other = open();
  conn.exec("LISTEN test; LISTEN \"Naïve channel\"");
  other.exec("NOTIFY test");
  other.exec("NOTIFY other, 'nobody listens'");
  other.query("SELECT pg_notify($1, $2)", "Naïve channel", "it's 日本語");
  other.exec("NOTIFY test, 'last'");
  gather(conn, 3);
  expect_next(conn, other, "test", "");
  expect_next(conn, other, "Naïve channel", "it's 日本語");
  expect_next(conn, other, "test", "last");
  EXPECT_FALSE(conn.notifies.pop());
  conn.exec("UNLISTEN *");
  other.exec("NOTIFY test");
  conn.exec("SELECT pg_sleep(0.05)");
  EXPECT_TRUE(conn.notifies.empty());
}

// Its own notification comes in the very bytes that end the statement: the call that returns has taken it.
TEST_P(notifying, oneself) {
  connection conn = open(GetParam());
  conn.exec("LISTEN test");
  for (int i = 0; i < 50; ++i) {
    conn.exec("NOTIFY test, '" + std::to_string(i) + "'");
    expect_next(conn, conn, "test", std::to_string(i));
    conn.query("SELECT pg_notify('test', $1)", std::to_string(i));
    expect_next(conn, conn, "test", std::to_string(i));
  }
}

TEST_P(notifying, oneself_with_payloads_of_every_size) {
  connection conn = open(GetParam());
  conn.exec("LISTEN test");
  for (std::size_t size = 0; size < 8000; size += 97) {
    std::string const payload(size, 'p');
    conn.query("SELECT pg_notify('test', $1), repeat('x', $2)", payload, static_cast<int>(size * 3));
    expect_next(conn, conn, "test", payload);
  }
}

TEST_P(notifying, a_connection_that_is_busy) {
  connection conn = open(GetParam()), other = open();
  conn.exec("LISTEN test");
  other.exec("NOTIFY test, 'while idle'");
  conn.query("SELECT 1");  // brings it, or leaves it for the next
  std::thread notifier([&other] { other.exec("SELECT pg_sleep(0.05); NOTIFY test, 'while busy'"); });
  conn.query("SELECT pg_sleep(0.3)");
  notifier.join();
  expect_next(conn, other, "test", "while idle");
  expect_next(conn, other, "test", "while busy");
}

TEST_P(notifying, an_asynchronous_connection_that_is_idle) {
  connection conn = connect(dsn(GetParam()), {.async = true}), other = open();
  finish(conn);
  conn.start_exec("LISTEN test");
  finish(conn);
  conn.take_results();
  other.exec("NOTIFY test, '1'");
  gather(conn, 1);
  other.exec("DO $$ BEGIN FOR i IN 2..2000 LOOP PERFORM pg_notify('test', i::text); END LOOP; END $$");
  gather(conn, 2000);
  for (int i = 1; i <= 2000; ++i) expect_next(conn, other, "test", std::to_string(i));
}

TEST_P(notifying, a_queue_that_outlives_its_connection) {
  std::optional<connection> conn(open(GetParam()));
  conn->exec("LISTEN test; NOTIFY test, 'kept'");
  notification_queue queue = conn->notifies;
  conn->exec("NOTIFY test, 'second'");
  conn.reset();
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.pop()->payload, "kept");
}

TEST_P(notifying, a_connection_that_moved) {
  connection first = open(GetParam());
  first.exec("LISTEN test; NOTIFY test, 'before'");
  connection second = std::move(first);
  second.exec("NOTIFY test, 'after'");
  EXPECT_EQ(second.notifies.size(), 2U);
  connection third = open(GetParam());
  third = std::move(second);
  third.exec("NOTIFY test, 'again'");
  EXPECT_EQ(third.notifies.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(each, notifying, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

// ---- waiting ----

TEST(wait_readable_test, is_over_when_its_time_is) {
  connection conn = open();
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(wait_readable(conn, 50ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  EXPECT_FALSE(wait_readable(conn, 0ms));
  EXPECT_FALSE(wait_readable(conn, -5ms));
  EXPECT_EQ(conn.poll(), poll_status::ok);
}

TEST(wait_readable_test, may_be_for_ever) {
  connection conn = open(), other = open();
  conn.exec("LISTEN test");
  std::thread notifier([&other] { other.exec("SELECT pg_sleep(0.05); NOTIFY test"); });
  EXPECT_TRUE(wait_readable(conn, std::chrono::milliseconds::max()));
  notifier.join();
  conn.poll();
  EXPECT_EQ(conn.notifies.size(), 1U);
}

TEST(wait_readable_test, says_that_the_connection_is_closed) {
  connection conn = open();
  conn.close();
  EXPECT_STREQ(thrown<interface_error>([&] { wait_readable(conn, 1s); }).what(), "connection already closed");
}

}  // namespace
}  // namespace tusk::test
