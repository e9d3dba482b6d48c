// Operations of asynchronous connections: started, stepped, taken; and every way to do it wrong.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class stepping : public testing::TestWithParam<way> {
 protected:
  void SetUp() override { finish(conn_); }
  connection conn_ = connect(dsn(GetParam()), {.async = true});
};

TEST_P(stepping, a_script_gives_all_its_results) {
  conn_.start_exec("SELECT 1; SELECT 2, 3; SET geqo TO on");
  EXPECT_TRUE(conn_.isexecuting());
  finish(conn_);
  EXPECT_FALSE(conn_.isexecuting());
  auto const all = conn_.take_results();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1][0].get<int>(1), 3);
  EXPECT_EQ(all[2].command_tag(), "SET");
  EXPECT_TRUE(conn_.take_results().empty()) << "they are taken once";
}

TEST_P(stepping, one_query_after_another) {
  for (int i = 0; i < 100; ++i) {
    conn_.start_query("SELECT $1::int, $2::text", i, std::to_string(i));
    finish(conn_);
    auto const all = conn_.take_results();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0][0].get<int>(0), i);
    EXPECT_EQ(all[0][0].get<std::string>(1), std::to_string(i));
  }
}

TEST_P(stepping, an_error_is_thrown_once_and_the_connection_goes_on) {
  for (int i = 0; i < 2; ++i) {
    conn_.start_exec("SELECT 1; SELECT 1/0; SELECT 2");
    EXPECT_EQ(thrown<data_error>([&] { finish(conn_); }).condition(), condition::division_by_zero);
    EXPECT_FALSE(conn_.closed());
    EXPECT_FALSE(conn_.isexecuting());
    EXPECT_TRUE(conn_.take_results().empty());
    EXPECT_EQ(conn_.poll(), poll_status::ok);
    conn_.start_query("SELECT $1::int", "x");
    EXPECT_CONTAINS("invalid input syntax", thrown<data_error>([&] { finish(conn_); }).what());
  }
  conn_.start_query("SELECT 7");
  finish(conn_);
  EXPECT_EQ(conn_.take_results()[0][0].get<int>(0), 7);
}

TEST_P(stepping, has_no_results_before_the_end) {
  conn_.start_exec("SELECT pg_sleep(0.05), 42");
  for (int i = 0; i < 2; ++i) {
    EXPECT_CONTAINS("no results to fetch", thrown<programming_error>([&] { conn_.take_results(); }).what());
    EXPECT_TRUE(conn_.isexecuting());
    EXPECT_EQ(conn_.poll(), poll_status::read);
  }
  finish(conn_);
  EXPECT_EQ(conn_.take_results()[0][0].get<int>(1), 42);
}

TEST_P(stepping, blocking_calls_are_refused) {
  EXPECT_STREQ(thrown<programming_error>([&] { conn_.exec("SELECT 1"); }).what(),
               "exec cannot be used in asynchronous mode; use start_exec and poll(), or a connection without async");
  EXPECT_CONTAINS("query cannot be used", thrown<programming_error>([&] { conn_.query("SELECT 1"); }).what());
  EXPECT_CONTAINS("prepare cannot be used", thrown<programming_error>([&] { conn_.prepare("SELECT 1"); }).what());
  conn_.start_exec("SELECT 1");
  EXPECT_THROW(conn_.exec("SELECT 1"), programming_error);
  finish(conn_);
  EXPECT_EQ(conn_.take_results().size(), 1U);
}

TEST_P(stepping, what_cannot_be_started) {
  using namespace std::string_view_literals;
  EXPECT_THROW(conn_.start_exec("a\0b"sv), programming_error);
  EXPECT_THROW(conn_.start_exec("a\xff"sv), programming_error);
  EXPECT_THROW(conn_.start_query("a\xff"sv), programming_error);
  EXPECT_FALSE(conn_.isexecuting());
  EXPECT_EQ(conn_.poll(), poll_status::ok);
  conn_.start_query("SELECT 'a\0b'"sv);  // found when it is encoded: the server gets nothing but Sync
  EXPECT_CONTAINS("NUL byte", thrown<programming_error>([&] { finish(conn_); }).what());
  conn_.start_exec("");
  EXPECT_STREQ(thrown<programming_error>([&] { finish(conn_); }).what(), "can't execute an empty query");
  conn_.start_query("SELECT 1");
  finish(conn_);
}

TEST_P(stepping, a_large_result_comes_in_many_polls) {
  conn_.start_exec("SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) AS i; SELECT 'end'");
  steps const seen = finish(conn_);
  EXPECT_GT(seen.polls, 20) << "each poll takes about 1 MiB";
  auto const all = conn_.take_results();
  ASSERT_EQ(all[0].size(), 50000U);
  int expected = 0;
  for (auto const& row : all[0])
    if (row.get<int>(0) != ++expected || row.get<std::string_view>(1).size() != 1000) FAIL() << "row " << expected;
  EXPECT_EQ(all[1][0].get<std::string>(0), "end");
}

TEST_P(stepping, ten_megabytes_up_and_down_through_the_smallest_buffers) {
  // The kernel's least is 2 KiB or so; below the size of a loopback segment TCP waits for timers, not for us.
  int const least = GetParam() == way::unix_socket ? 1 : 64 * 1024;
  ASSERT_EQ(::setsockopt(conn_.fileno(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
  ASSERT_EQ(::setsockopt(conn_.fileno(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
  std::string const large(10'000'000, 'y');
  conn_.start_query("SELECT $1::text || 'z', repeat('x', 3)", large);
  finish(conn_);
  auto const all = conn_.take_results();
  EXPECT_EQ(all[0][0].get<std::string_view>(0), large + "z");
  EXPECT_EQ(all[0][0].get<std::string_view>(1), "xxx");
}

TEST_P(stepping, close_in_mid_operation) {
  conn_.start_exec("SELECT 1; SELECT pg_sleep(60)");
  conn_.poll();
  conn_.close();
  EXPECT_TRUE(conn_.closed());
  EXPECT_FALSE(conn_.isexecuting());
  EXPECT_STREQ(thrown<interface_error>([&] { conn_.poll(); }).what(), "connection already closed");
  auto const error = thrown<operational_error>([&] { conn_.take_results(); });
  EXPECT_STREQ(error.what(), "the connection was closed in mid-operation");
  EXPECT_TRUE(error.is_fatal());
  EXPECT_TRUE(conn_.take_results().empty());
}

TEST_P(stepping, results_can_be_taken_after_close) {
  conn_.start_exec("SELECT 7");
  finish(conn_);
  conn_.close();
  EXPECT_EQ(conn_.take_results()[0][0].get<int>(0), 7);
}

TEST_P(stepping, left_in_mid_operation) {
  conn_.start_query("SELECT repeat('x', 10000000), $1::text", std::string(5'000'000, 'y'));
  conn_.poll();  // the destructor does the rest
}

INSTANTIATE_TEST_SUITE_P(each, stepping, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

// A blocking connection can be stepped too, and goes on as it was.
TEST(stepping_a_blocking_connection, works) {
  for (way const by : three_ways) {
    connection conn = open(by);
    conn.start_query("SELECT $1::int, pg_sleep(0.02)", 5);
    EXPECT_EQ(conn.poll(), poll_status::read) << "and does not wait";
    finish(conn);
    EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 5);
    EXPECT_EQ(value<int>(conn, "SELECT $1::int", 6), 6);
    std::string const large(10'000'000, 'y');
    EXPECT_EQ(value<std::string>(conn, "SELECT $1::text", large), large);
  }
}

// Only what was run in more than one send and one receive made them forgotten.
TEST(mended, results_of_a_started_operation_outlived_the_next_one) {
  for (way const by : three_ways) {
    connection conn = open(by);
    statement known = conn.prepare("SELECT 2");
    known.query();
    conn.query("SELECT 3");
    conn.exec("SELECT 4");
    for (auto const& next : std::vector<std::function<void()>>{[&] { known.query(); }, [&] { conn.query("SELECT 3"); },
                                                               [&] { conn.query("SELECT $1::int", 5); },
                                                               [&] { conn.exec("SELECT 4"); }, [&] { conn.ping(); }}) {
      conn.start_query("SELECT 1");
      finish(conn);
      next();
      EXPECT_TRUE(conn.take_results().empty());
    }
  }
}

}  // namespace
}  // namespace tusk::test
