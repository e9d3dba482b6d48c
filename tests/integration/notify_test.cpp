// LISTEN and NOTIFY: between connections and to oneself, gathered by whatever steps bytes.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/channel.hpp"
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
  static void expect_next(connection& conn, connection& from, std::string_view where, std::string_view payload) {
    auto const next = conn.notifies.pop();
    ASSERT_TRUE(next) << where;
    EXPECT_EQ(next->pid, from.info().backend_pid);
    EXPECT_EQ(next->channel, where);
    EXPECT_EQ(next->payload, payload);
  }
};

TEST_P(notifying, another_connection) {
  connection conn = open(GetParam()), other = open();
  conn.exec(listen + "LISTEN \"Naïve " + channel + "\"");
  other.exec("NOTIFY " + channel);
  other.exec("NOTIFY other, 'nobody listens'");
  other.query("SELECT pg_notify($1, $2)", "Naïve " + channel, "it's 日本語");
  other.exec(notify_sql("last"));
  gather(conn, 3);
  expect_next(conn, other, channel, "");
  expect_next(conn, other, "Naïve " + channel, "it's 日本語");
  expect_next(conn, other, channel, "last");
  EXPECT_FALSE(conn.notifies.pop());
  conn.exec("UNLISTEN *");
  other.exec(notify_sql("unheard"));
  conn.exec("SELECT pg_sleep(0.05)");
  EXPECT_TRUE(conn.notifies.empty());
}

// Its own notification comes in the very bytes that end the statement: the call that returns has taken it.
TEST_P(notifying, oneself) {
  connection conn = open(GetParam());
  conn.exec(listen);
  for (int i = 0; i < 50; ++i) {
    conn.exec(notify_sql(std::to_string(i)));
    expect_next(conn, conn, channel, std::to_string(i));
    conn.query("SELECT pg_notify($1, $2)", channel, std::to_string(i));
    expect_next(conn, conn, channel, std::to_string(i));
  }
}

TEST_P(notifying, oneself_with_payloads_of_every_size) {
  connection conn = open(GetParam());
  conn.exec(listen);
  for (std::size_t size = 0; size < 8000; size += 97) {
    std::string const payload(size, 'p');
    conn.query("SELECT pg_notify($1, $2), repeat('x', $3)", channel, payload, static_cast<int>(size * 3));
    expect_next(conn, conn, channel, payload);
  }
}

TEST_P(notifying, a_connection_that_is_busy) {
  connection conn = open(GetParam()), other = open();
  conn.exec(listen);
  other.exec(notify_sql("while idle"));
  conn.query("SELECT 1");  // brings it, or leaves it for the next
  std::thread notifier([&other] { other.exec("SELECT pg_sleep(0.05); " + notify_sql("while busy")); });
  conn.query("SELECT pg_sleep(0.3)");
  notifier.join();
  gather(conn, 2);  // on a busy machine the second one may be late
  expect_next(conn, other, channel, "while idle");
  expect_next(conn, other, channel, "while busy");
}

TEST_P(notifying, an_asynchronous_connection_that_is_idle) {
  connection conn = connect(dsn(GetParam()), {.async = true}), other = open();
  finish(conn);
  conn.start_exec(listen);
  finish(conn);
  conn.take_results();
  other.exec(notify_sql("1"));
  gather(conn, 1);
  other.exec("DO $$ BEGIN FOR i IN 2..2000 LOOP PERFORM pg_notify('" + channel + "', i::text); END LOOP; END $$");
  gather(conn, 2000);
  for (int i = 1; i <= 2000; ++i) expect_next(conn, other, channel, std::to_string(i));
}

TEST_P(notifying, a_queue_that_outlives_its_connection) {
  std::optional<connection> conn(open(GetParam()));
  conn->exec(listen + notify_sql("kept"));
  notification_queue queue = conn->notifies;
  conn->exec(notify_sql("second"));
  conn.reset();
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.pop()->payload, "kept");
}

TEST_P(notifying, a_connection_that_moved) {
  connection first = open(GetParam());
  first.exec(listen + notify_sql("before"));
  connection second = std::move(first);
  second.exec(notify_sql("after"));
  EXPECT_EQ(second.notifies.size(), 2U);
  connection third = open(GetParam());
  third = std::move(second);
  third.exec(notify_sql("again"));
  EXPECT_EQ(third.notifies.size(), 3U);
}

TEST_P(notifying, every_operation_gathers) {
  connection conn = open(GetParam()), other = open();
  conn.exec(listen);
  tusk::cursor cur = conn.cursor();
  statement made = conn.prepare("SELECT 1");
  std::optional<transaction> guard;
  std::pair<char const*, std::function<void()>> const operations[] = {
      {"exec", [&] { conn.exec("SELECT 1"); }},
      {"query", [&] { conn.query("SELECT 2"); }},
      {"query that is known", [&] { conn.query("SELECT 2"); }},
      {"statement", [&] { made.query(); }},
      {"prepare", [&] { conn.prepare("SELECT 3"); }},
      {"ping", [&] { conn.ping(); }},
      {"load_types", [&] { conn.load_types(); }},
      {"execute", [&] { cur.execute("SELECT %s", 4); }},
      {"executemany",
       [&] {
         cur.executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}});
       }},
      {"callproc", [&] { cur.callproc("now"); }},
      {"reset", [&] { conn.reset(); }},
      {"an error", [&] { EXPECT_THROW(conn.exec("SELECT 1/0"), data_error); }},
      {"poll", [&] { conn.poll(); }},
      {"commit", [&] { conn.commit(); }},
      {"rollback", [&] { conn.rollback(); }},
      {"a guard's commit", [&] { guard->commit(); }},
      {"a guard's end", [&] { guard.reset(); }},
  };
  for (auto const& [what, run] : operations) {
    SCOPED_TRACE(what);
    std::string_view const name = what;
    bool const ends = name == "commit" || name == "rollback";
    if (ends) conn.set_autocommit(false);
    if (name.starts_with("a guard")) guard.emplace(conn);
    if (ends || guard) conn.exec("SELECT 1");
    other.exec(
        notify_sql(name));  // when it returns the server has been told, and tells us no later than with its next answer
    if (name == "poll") wait_readable(conn, 30s);
    run();
    expect_next(conn, other, channel, name);
    guard.reset();
    conn.rollback();
    conn.set_autocommit(true);
  }
}

TEST_P(notifying, a_queue_that_is_full_and_bounded) {
  connection conn = open(GetParam(), {.notification_capacity = 10});
  conn.exec(listen + "DO $$ BEGIN FOR i IN 1..35 LOOP PERFORM pg_notify('" + channel + "', i::text); END LOOP; END $$");
  EXPECT_EQ(conn.notifies.dropped(), 25U);
  EXPECT_EQ(take_payloads(conn), "26 27 28 29 30 31 32 33 34 35 ") << "the oldest go";
}

TEST(notification_bound, is_100_000_if_nothing_is_said) {
  connect_options const options;
  EXPECT_EQ(options.notification_capacity, 100'000U);
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
  conn.exec(listen);
  std::thread notifier([&other] { other.exec("SELECT pg_sleep(0.05); " + notify_sql("now")); });
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
