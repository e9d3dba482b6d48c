// COPY on asynchronous connections, stepped by poll().
#include <gtest/gtest.h>

#include <numeric>
#include <ranges>
#include <tusk/tusk.hpp>

#include "support/heap_bytes.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class copy_async : public testing::Test {
 protected:
  copy_async() : conn(connect(dsn(way::unix_socket), {.async = true})) {
    finish(conn);
    run("CREATE TEMPORARY TABLE item (id int, name text)");
  }
  void run(char const* script) {
    conn.start_exec(script);
    finish(conn);
    conn.take_results();
  }
  int count() {
    auto asked = conn.start_query("SELECT count(*)::int FROM item");
    finish(conn);
    return asked.get()[0].get<int>(0);
  }
  connection conn;
};

TEST_F(copy_async, rows_go_in_and_come_out) {
  heap_watch watch;
  std::size_t most = 0;
  auto in = conn.start_copy_in("COPY item FROM STDIN (FORMAT binary)");
  EXPECT_FALSE(in.ready());
  in.row(0, "before the server has answered");
  for (int i = 1; i < 100'000; ++i) {
    if (!in.ready()) finish(conn);
    in.row(i, "some text that takes its place");
    most = std::max(most, watch.growth());
  }
  auto ended = in.start_finish();
  EXPECT_THROW(in.row(1, "x"), programming_error);
  finish(conn);
  EXPECT_EQ(ended.get(), 100'000U);
  EXPECT_LT(most, 1'500'000U);

  auto out = conn.start_copy_out("COPY item TO STDOUT");
  EXPECT_THROW(out.next_chunk(), programming_error);
  std::size_t rows = 0;
  while (!out.ended()) {
    finish(conn);
    if (auto const chunk = out.take_chunk()) rows += chunk->size();
  }
  EXPECT_EQ(rows, 100'000U);
  EXPECT_EQ(out.count(), 100'000U);
  EXPECT_EQ(count(), 100'000);
}

TEST_F(copy_async, an_error_ends_it) {
  auto in = conn.start_copy_in("COPY item FROM STDIN");
  finish(conn);
  in.write("x\ty\n");
  auto ended = in.start_finish();
  finish(conn);
  EXPECT_EQ(thrown<data_error>([&] { ended.get(); }).where(), "COPY item, line 1, column id: \"x\"");

  // Also in the middle: poll() goes on to its end, and the next portion throws.
  auto other = conn.start_copy_in("COPY item FROM STDIN");
  EXPECT_THROW(
      {
        for (int i = 0; i < 10'000'000; ++i) {
          other.write("x\tsome text that takes its place\n");
          while (!other.ready() && !other.ended()) finish(conn);
        }
      },
      data_error);
  EXPECT_TRUE(other.ended());

  auto missing = conn.start_copy_in("COPY nothing FROM STDIN");
  missing.row(1, "x");
  while (!missing.ended()) finish(conn);
  EXPECT_THROW(missing.check(), programming_error);

  auto wrong = conn.start_copy_in("COPY item FROM STDIN (FORMAT binary)", {.format = copy_format::text()});
  wrong.row(1, "x");
  while (!wrong.ended()) finish(conn);
  EXPECT_CONTAINS("the server takes binary", thrown<programming_error>([&] { wrong.check(); }).what());
  auto out = conn.start_copy_out("COPY (SELECT 1/0) TO STDOUT");
  finish(conn);
  EXPECT_THROW(out.take_chunk(), data_error);
  EXPECT_EQ(count(), 0);
}

TEST_F(copy_async, what_is_left_is_given_up) {
  {
    auto in = conn.start_copy_in("COPY item FROM STDIN");
    in.row(1, "x");
  }
  finish(conn);
  {
    auto in = conn.start_copy_in("COPY item FROM STDIN");
    finish(conn);
    in.row(1, "x");
    EXPECT_THROW(conn.start_query("SELECT 1"), programming_error);
    EXPECT_TRUE(conn.isexecuting());
  }
  finish(conn);
  EXPECT_FALSE(conn.isexecuting());
  {
    auto out = conn.start_copy_out("COPY (SELECT generate_series(1, 10000000)) TO STDOUT");
    finish(conn);
    EXPECT_TRUE(out.take_chunk());
  }
  finish(conn);
  EXPECT_EQ(count(), 0);
}

TEST_F(copy_async, what_is_drained_takes_no_memory) {
  heap_watch watch;
  std::size_t most = 0;
  {
    auto out = conn.start_copy_out("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 20000)) TO STDOUT",
                                   {.on_leave = on_leave::drain});
    finish(conn);
    EXPECT_TRUE(out.take_chunk());
  }
  for (;;) {
    auto const wanted = conn.poll();
    most = std::max(most, watch.growth());
    if (wanted == poll_status::ok) break;
    wait_once(conn, wanted);
  }
  EXPECT_LT(most, 1'500'000U);
  EXPECT_EQ(count(), 0);
}

TEST_F(copy_async, limits_and_cancels_end_it) {
  auto in = conn.start_copy_in("COPY item FROM STDIN", {.limit = within(30ms)});
  while (!in.ended()) {
    if (auto const wanted = conn.poll(); wanted != poll_status::ok)
      wait_once(conn, wanted);
    else
      in.row(1, "x");
  }
  EXPECT_THROW(in.check(), query_canceled);
  auto other = conn.start_copy_in("COPY item FROM STDIN");
  finish(conn);
  other.cancel();
  while (!other.ended()) finish(conn);
  EXPECT_THROW(other.check(), query_canceled);
  auto third = conn.start_copy_in("COPY item FROM STDIN");
  finish(conn);
  conn.cancel();
  while (!third.ended()) finish(conn);
  EXPECT_THROW(third.check(), query_canceled);
  EXPECT_EQ(count(), 0);
}

TEST_F(copy_async, much_that_is_given_too_early_is_refused) {
  connection small = connect(dsn(way::unix_socket), {.async = true, .limits = {.queued = 200'000}});
  finish(small);
  auto in = small.start_copy_in("COPY pg_temp.nothing FROM STDIN");
  EXPECT_CONTAINS("limits.queued", thrown<programming_error>([&] {
                                     for (;;) in.row(1, "some text");
                                   }).what());
}

TEST(copy_misuse, in_a_pipeline_is_refused_in_words) {
  connection conn = open();
  auto p = conn.pipeline();
  EXPECT_CONTAINS("copy_in", thrown<programming_error>([&] { p.query("COPY item FROM STDIN"); }).what());
  p.query("SELECT 1");
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.copy_in("COPY item FROM STDIN"); }).what());
  p.sync().get();
  EXPECT_CONTAINS("copy_out", thrown<programming_error>([&] { conn.query("COPY item TO STDOUT"); }).what());
  EXPECT_CONTAINS("copy_in",
                  thrown<programming_error>([&] { conn.exec("SELECT 1; COPY pg_class FROM STDIN"); }).what());
  EXPECT_CONTAINS("copy_out",
                  thrown<programming_error>([&] { conn.exec("SELECT 1; COPY pg_class TO STDOUT"); }).what());
  connection async = connect(dsn(way::unix_socket), {.async = true});
  finish(async);
  EXPECT_CONTAINS("start_copy_in", thrown<programming_error>([&] { async.copy_in("COPY item FROM STDIN"); }).what());
  auto in = async.start_copy_in("COPY item FROM STDIN");
  EXPECT_CONTAINS("start_finish", thrown<programming_error>([&] { in.finish(); }).what());
}

}  // namespace
}  // namespace tusk::test
