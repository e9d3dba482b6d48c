// What the documentation promises in a sentence, and no other test is about.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

TEST(other_promises, did_execute_of_a_cursor_at_the_server_sees_every_outcome) {
  struct watching : server_cursor {
    using server_cursor::server_cursor;
    std::vector<std::string> told;
    void did_execute(outcome const& ended) override { told.push_back(ended.error() ? "failed" : "done"); }
  };
  connection conn = connect(dsn(way::unix_socket));
  watching cur(conn, {.name = "watched"});
  cur.execute("SELECT generate_series(1, 5)");
  EXPECT_EQ(cur.fetchall().size(), 5U);
  EXPECT_EQ(cur.told, std::vector<std::string>{"done"});
  EXPECT_THROW(cur.execute("SELECT nothing"), programming_error);
  EXPECT_EQ(cur.told, (std::vector<std::string>{"done", "failed"}));
}

TEST(other_promises, an_integer_is_merged_as_a_number_of_its_size) {
  connection conn = open();
  cursor cur = conn.cursor();
  cur.execute("SELECT repeat('x', %s)", std::int64_t{3});
  EXPECT_EQ(cur.fetchone()->get<std::string>(0), "xxx");
  EXPECT_EQ(thrown<data_error>([&] { cur.execute("SELECT %s * 1000000000", 3); }).sqlstate(), "22003"_sqlstate);
  EXPECT_EQ(conn.query("SELECT $1 * 1000000000::bigint", std::int64_t{3})[0].get<std::int64_t>(0), 3'000'000'000);
}

TEST(other_promises, half_of_a_merged_number_is_rounded_away_from_zero_and_of_a_bound_one_to_even) {
  connection conn = open();
  cursor cur = conn.cursor();
  cur.execute("SELECT round(%s)::text", 2.5);
  EXPECT_EQ(cur.fetchone()->get<std::string>(0), "3");
  EXPECT_EQ(conn.query("SELECT round($1)::text", 2.5)[0].get<std::string>(0), "2");
}

TEST(other_promises, a_bound_double_has_15_digits_in_a_numeric_column) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE exact (v numeric)");
  conn.query("INSERT INTO exact VALUES ($1)", 0.12345678901234567);
  cursor cur = conn.cursor();
  cur.execute("INSERT INTO exact VALUES (%s)", 0.12345678901234567);
  EXPECT_EQ(conn.query("SELECT v::text FROM exact")[0].get<std::string>(0), "0.123456789012346");
  EXPECT_EQ(conn.query("SELECT v::text FROM exact")[1].get<std::string>(0), "0.12345678901234566");
}

TEST(other_promises, notifications_come_with_a_fetch_from_the_server) {
  connection conn = open(), other = open();
  conn.listen("promised");
  server_cursor cur = conn.cursor({.name = "held", .withhold = true});
  cur.itersize = 1;
  cur.execute("SELECT generate_series(1, 3)");
  other.notify("promised", "now");
  EXPECT_TRUE(cur.fetchone());
  EXPECT_TRUE(cur.fetchone());
  auto const told = conn.notifies.pop();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->payload, "now");
}

TEST(other_promises, isexecuting_until_the_queue_is_empty) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto first = conn.start_query("SELECT 1"), second = conn.start_query("SELECT pg_sleep(0.1)");
  while (!first.ready()) conn.poll();
  EXPECT_TRUE(conn.isexecuting());
  EXPECT_FALSE(second.ready());
  finish(conn);
  EXPECT_FALSE(conn.isexecuting());
}

TEST(other_promises, callproc_is_refused_while_an_asynchronous_query_is_under_way) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  cursor cur = conn.cursor(), another = conn.cursor();
  cur.execute("SELECT pg_sleep(0.05)");
  EXPECT_CONTAINS("asynchronous query is underway", thrown<programming_error>([&] { another.callproc("now"); }).what());
  finish(conn);
}

TEST(other_promises, prepare_transaction_as_a_statement_ends_a_guard) {
  connection conn = open(), other = open();
  {
    transaction tx{conn};
    conn.exec("SELECT 1; PREPARE TRANSACTION 'promised'");
    EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { tx.commit(); }).what());
  }
  other.exec("ROLLBACK PREPARED 'promised'");
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(other_promises, waiting_for_a_readable_connection_heeds_the_interrupt_flag) {
  connection conn = open();
  static std::atomic<bool> flag;
  set_interrupt_flag(&flag);
  flag = true;
  EXPECT_THROW(wait_readable(conn, within(10s)), query_canceled);
  EXPECT_FALSE(flag.load());
  set_interrupt_flag(nullptr);
}

TEST(other_promises, waiting_for_notifications_asks_no_wait_callback) {
  connection conn = open();
  int asked = 0;
  set_wait_callback([&](connection& on) {
    ++asked;
    wait_select(on);
  });
  EXPECT_FALSE(wait_readable(conn, within(20ms)));
  EXPECT_FALSE(conn.next_notify(within(20ms)));
  EXPECT_EQ(asked, 0);
  conn.exec("SELECT 1");
  EXPECT_EQ(asked, 1);
  set_wait_callback(nullptr);
}

TEST(other_promises, guard_limit_is_five_seconds) { EXPECT_EQ(connect_options().guard_limit, 5s); }

TEST(other_promises, only_a_cursor_with_a_name_is_held) {
  connection conn = open();
  EXPECT_CONTAINS("has no name", thrown<programming_error>([&] { conn.cursor({.withhold = true}); }).what());
}

}  // namespace
}  // namespace tusk::test
