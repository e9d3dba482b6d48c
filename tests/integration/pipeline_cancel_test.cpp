// Cancelling within a pipeline: its requests fail together, so that to cancel one is to cancel its unit. On blocking
// and on asynchronous connections.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

struct cancelled_pipeline : testing::TestWithParam<bool> {
  cancelled_pipeline() {
    if (GetParam()) finish(conn);
    auto made = conn.start_exec("CREATE TEMP TABLE item (id int)");
    settle();
    made.get();
  }
  connection conn = connect(dsn(way::unix_socket), {.async = GetParam(), .autocommit = true});

  void settle() {
    if (GetParam()) finish(conn);
  }
  /// Sends what there is, and returns when the server runs it.
  void run() {
    conn.poll();
    wait_until_active(conn.info().backend_pid);
  }
  void expect_nothing_stands() {
    auto count = conn.start_query("SELECT count(*)::int FROM item");
    settle();
    EXPECT_EQ(count.get()[0].get<int>(0), 0);
  }
};

TEST_P(cancelled_pipeline, of_the_request_that_runs_skips_those_behind_it) {
  tusk::pipeline p = conn.pipeline();
  auto fast = p.query("INSERT INTO item VALUES (1)");
  auto slow = p.query("SELECT pg_sleep(60)");
  auto behind = p.query("SELECT 2");
  auto end = p.sync();
  auto next = conn.start_query("SELECT 3");
  run();
  slow.cancel();
  settle();
  EXPECT_CONTAINS("request 1 of the pipeline", thrown<query_canceled>([&] { end.get(); }).what());
  EXPECT_EQ(fast.get().affected_rows(), 1U);
  EXPECT_THROW(slow.get(), query_canceled);
  EXPECT_CONTAINS("request 2 of the pipeline was not run", thrown<operational_error>([&] { behind.get(); }).what());
  settle();
  EXPECT_EQ(next.get()[0].get<int>(0), 3);
  expect_nothing_stands();
}

TEST_P(cancelled_pipeline, of_a_request_behind_it_cancels_the_unit) {
  tusk::pipeline p = conn.pipeline();
  auto slow = p.query("SELECT pg_sleep(60)");
  auto behind = p.query("INSERT INTO item VALUES (1)");
  auto end = p.sync();
  run();
  behind.cancel();
  settle();
  EXPECT_THROW(end.get(), query_canceled);
  EXPECT_THROW(slow.get(), query_canceled);
  EXPECT_THROW(behind.get(), operational_error);
  expect_nothing_stands();
}

TEST_P(cancelled_pipeline, of_the_end_cancels_the_unit) {
  tusk::pipeline p = conn.pipeline();
  auto slow = p.query("SELECT pg_sleep(60)");
  auto end = p.sync();
  run();
  end.cancel();
  settle();
  EXPECT_THROW(end.get(), query_canceled);
  EXPECT_THROW(slow.get(), query_canceled);
  expect_nothing_stands();
}

TEST_P(cancelled_pipeline, of_a_request_that_has_ended_is_nothing) {
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  auto end = p.sync();
  if (!GetParam()) end.get();
  settle();
  x.cancel();
  EXPECT_EQ(x.get()[0].get<int>(0), 1);
  auto y = p.query("INSERT INTO item VALUES (1)");
  p.sync();
  settle();
  EXPECT_EQ(y.get().affected_rows(), 1U);
}

TEST_P(cancelled_pipeline, before_the_sync_gives_the_unit_up) {
  for (bool const goes_on : {false, true}) {
    SCOPED_TRACE(goes_on);
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("INSERT INTO item VALUES (1)");
    auto slow = p.query("SELECT pg_sleep(60)");
    run();
    x.cancel();
    if (goes_on) {
      EXPECT_CONTAINS("cancelled before its sync()",
                      thrown<query_canceled>([&] { p.query("INSERT INTO item VALUES (2)"); }).what());
    } else {
      auto end = p.sync();
      settle();
      EXPECT_THROW(end.get(), query_canceled);
    }
    settle();
    EXPECT_THROW(x.get(), query_canceled);
    EXPECT_THROW(slow.get(), query_canceled);
    auto y = p.query("SELECT 5");  // of the next unit
    auto end = p.sync();
    settle();
    end.get();
    EXPECT_EQ(y.get()[0].get<int>(0), 5);
    expect_nothing_stands();
  }
}

INSTANTIATE_TEST_SUITE_P(each, cancelled_pipeline, testing::Bool(),
                         [](auto const& of) { return of.param ? "poll" : "blocking"; });

TEST(pipeline_cancel, before_it_is_sent_takes_the_unit_out_of_the_queue) {
  for (bool const goes_on : {false, true}) {
    SCOPED_TRACE(goes_on);
    connection conn = connect(dsn(way::unix_socket), {.async = true});
    finish(conn);
    auto script = conn.start_exec("SELECT pg_sleep(0.1)");  // nothing is sent behind it
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("SELECT 1"), y = p.query("SELECT 2");
    x.cancel();
    EXPECT_TRUE(x.ready());
    EXPECT_TRUE(y.ready());
    EXPECT_CONTAINS("before it was sent", thrown<query_canceled>([&] { x.get(); }).what());
    if (goes_on) thrown<query_canceled>([&] { p.query("SELECT 3"); });
    auto end = p.sync();
    goes_on ? end.get() : void(thrown<query_canceled>([&] { end.get(); }));
    EXPECT_THROW(y.get(), query_canceled);
    auto z = p.query("SELECT 4");
    p.sync();
    finish(conn);
    script.get();
    EXPECT_EQ(z.get()[0].get<int>(0), 4);
  }
}

// Two ends came together, and were taken for those of a connection that is lost.
TEST(pipeline_cancel, mended_by_a_limit_that_is_over_before_it_is_sent) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto script = conn.start_exec("SELECT pg_sleep(0.1)");
  tusk::pipeline p = conn.pipeline(within(1ms));
  auto x = p.query("SELECT 1");
  std::this_thread::sleep_for(5ms);
  auto end = p.sync();
  finish(conn);
  EXPECT_FALSE(thrown<query_canceled>([&] { end.get(); }).is_fatal());
  EXPECT_THROW(x.get(), query_canceled);
  script.get();
}

TEST(pipeline_cancel, by_a_limit_that_is_over_at_its_sync_is_told_there_too) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  tusk::pipeline p = conn.pipeline(within(30ms));
  auto x = p.query("INSERT INTO item VALUES (1)");
  conn.poll();
  std::this_thread::sleep_for(50ms);
  auto end = p.sync();
  EXPECT_CONTAINS("limit was over before its sync()", thrown<query_canceled>([&] { end.get(); }).what());
  EXPECT_THROW(x.get(), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
}

TEST(pipeline_cancel, of_one_that_is_left_is_none_but_guard_limit_closes) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .guard_limit = 200ms});
  auto const begin = std::chrono::steady_clock::now();
  {
    tusk::pipeline p = conn.pipeline();
    p.query("SELECT pg_sleep(20)");
    conn.poll();
    wait_until_active(conn.info().backend_pid);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_TRUE(conn.closed());
}

TEST(pipeline_cancel, by_a_stop_token_ends_it_wherever_it_stands) {
  connection conn = open();
  std::stop_source source;
  tusk::pipeline p = conn.pipeline(source.get_token());
  auto x = p.query("SELECT pg_sleep(60)");
  conn.poll();
  wait_until_active(conn.info().backend_pid);
  source.request_stop();
  EXPECT_CONTAINS("limit was over", thrown<query_canceled>([&] { p.query("SELECT 1"); }).what());
  EXPECT_THROW(x.get(), query_canceled);
  EXPECT_THROW(p.query("SELECT 1"), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

}  // namespace
}  // namespace tusk::test
