// Connecting step by step: poll() never waits, the descriptor may change on the way, and errors come out of poll().

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

// Far above what a step costs, with a sanitizer and a busy machine, and far below what waiting for anything costs.
constexpr auto never_waits = 500ms;

class async_connecting : public testing::TestWithParam<way> {};

TEST_P(async_connecting, goes_in_steps_that_do_not_wait) {
  auto const begun = [] { return connect(dsn(GetParam(), "auth_scram"), {.async = true}); };
  connection conn = begun();
  EXPECT_FALSE(conn.closed());
  EXPECT_FALSE(conn.isexecuting());
  steps seen = finish(conn);
  for (int i = 0; i < 100 && seen.polls <= 2; ++i) {  // on a busy machine all answers may be there at the first look
    conn = begun();
    seen = finish(conn);
  }
  EXPECT_LT(seen.longest, never_waits);
  EXPECT_GT(seen.polls, 2);
  EXPECT_TRUE(seen.timed);
  EXPECT_FALSE(conn.timeout());
  EXPECT_GE(conn.fileno(), 0);
  EXPECT_EQ(conn.poll(), poll_status::ok) << "an idle connection stays so";

  conn.start_query("SELECT $1::int", 42);
  EXPECT_TRUE(conn.isexecuting());
  finish(conn);
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 42);
}

TEST_P(async_connecting, can_be_left_at_every_step) {
  bool connected = false;
  for (int count = 0; !connected; ++count) {
    ASSERT_LT(count, 200);
    connection conn = connect(dsn(GetParam(), "auth_scram"), {.async = true});
    for (int i = 0; i < count && !connected; ++i) {
      poll_status const wanted = conn.poll();
      connected = wanted == poll_status::ok;
      if (!connected) wait_once(conn, wanted);
    }
    if (count % 2 == 0) conn.close();
  }
}

TEST_P(async_connecting, refuses_operations_until_it_is_open) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  conn.poll();
  auto const error = thrown<operational_error>([&] { conn.start_exec("SELECT 1"); });
  EXPECT_CONTAINS("not open yet", error.what());
  EXPECT_FALSE(error.is_fatal());
  EXPECT_THROW(conn.start_query("SELECT $1::int", 1), operational_error);
  EXPECT_FALSE(conn.isexecuting());
  finish(conn);
  conn.start_exec("SELECT 1");
  finish(conn);
  EXPECT_EQ(conn.take_results().size(), 1U);
}

TEST_P(async_connecting, throws_out_of_poll_and_is_closed_then) {
  connection conn = connect(dsn(GetParam(), "auth_scram", "password=open_sesame"), {.async = true});
  auto const error = thrown<operational_error>([&] { finish(conn); });
  EXPECT_EQ(error.sqlstate().str(), "28P01");
  EXPECT_TRUE(error.is_fatal());
  EXPECT_LACKS("open_sesame", error.what());
  EXPECT_TRUE(conn.closed());
  EXPECT_FALSE(conn.isexecuting());
  EXPECT_EQ(conn.fileno(), -1);
  EXPECT_FALSE(conn.timeout());
  EXPECT_STREQ(thrown<interface_error>([&] { conn.poll(); }).what(), "connection already closed");
  EXPECT_STREQ(thrown<interface_error>([&] { conn.start_exec("SELECT 1"); }).what(), "connection already closed");
}

INSTANTIATE_TEST_SUITE_P(each, async_connecting, testing::ValuesIn(all_ways),
                         [](auto const& of) { return name(of.param); });

// A helper thread looks the name up; the descriptor is that of its answer until the socket is opened.
TEST(connect_async_test, the_descriptor_changes_between_look_up_and_socket) {
  connection conn = connect(dsn(way::tls_verify_full), {.async = true});  // by name: localhost
  int const looking_up = conn.fileno();
  EXPECT_GE(looking_up, 0);
  steps const seen = finish(conn);
  EXPECT_NE(conn.fileno(), looking_up);
  for (int const each : seen.descriptors) EXPECT_GE(each, 0);
}

TEST(connect_async_test, fileno_before_the_first_poll_is_harmless) {
  for (way const by : all_ways) {
    connection conn = connect(dsn(by), {.async = true});
    EXPECT_GE(conn.fileno(), -1);
    EXPECT_TRUE(conn.timeout());
  }
}

TEST(connect_async_test, a_moved_connection_goes_on) {
  connection first = connect(dsn(way::tls_require), {.async = true});
  wait_once(first, first.poll());
  connection second = std::move(first);
  finish(second);
  EXPECT_TRUE(first.closed());  // NOLINT(bugprone-use-after-move): defined here
  EXPECT_EQ(first.fileno(), -1);
  EXPECT_THROW(first.poll(), interface_error);
  second.start_query("SELECT 1");
  finish(second);
  EXPECT_EQ(second.take_results()[0][0].get<int>(0), 1);
}

TEST(connect_async_test, a_name_that_does_not_resolve_is_thrown_by_poll) {
  connection conn = connect(dsn(way::tcp, "tusk", "host=no-such-host.invalid"), {.async = true});
  auto const error = thrown<operational_error>([&] { finish(conn); });
  EXPECT_CONTAINS("the name cannot be resolved", error.what());
  EXPECT_TRUE(conn.closed());
}

}  // namespace
}  // namespace tusk::test
