// Several operations under way on one connection: tusk::pending, blocking calls behind what was started, errors that
// nobody has a handle for, bounds.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

connection open_async(way by = way::unix_socket, connect_options options = {}) {
  options.async = true;
  connection conn = connect(dsn(by), options);
  finish(conn);
  return conn;
}

class pending_test : public testing::TestWithParam<way> {};

TEST_P(pending_test, many_on_a_blocking_connection_give_their_own_answers) {
  connection conn = open(GetParam());
  std::vector<pending<result>> started;
  for (int i = 0; i < 1000; ++i) started.push_back(conn.start_query("SELECT $1::int", i));
  EXPECT_TRUE(conn.isexecuting());
  EXPECT_EQ(value<int>(conn, "SELECT 7"), 7) << "a blocking call queues behind them";
  int expected = 0;
  for (auto& each : started) {
    EXPECT_TRUE(each.ready()) << expected;
    EXPECT_EQ(each.get()[0].get<int>(0), expected++);
  }
  EXPECT_FALSE(conn.isexecuting());
}

TEST_P(pending_test, many_on_an_asynchronous_connection_are_stepped_by_poll) {
  connection conn = open_async(GetParam());
  std::vector<pending<result>> started;
  for (int i = 0; i < 1000; ++i) started.push_back(conn.start_query("SELECT $1::int", i));
  auto script = conn.start_exec("SELECT 1; SELECT 2");
  auto prepared = conn.start_prepare("SELECT $1::int + 1");
  auto pinged = conn.start_ping();
  EXPECT_CONTAINS("until ready() says true", thrown<programming_error>([&] { started[999].get(); }).what());
  finish(conn);
  int expected = 0;
  for (auto& each : started) EXPECT_EQ(each.get()[0].get<int>(0), expected++);
  auto const both = script.get();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1][0].get<int>(0), 2);
  statement const made = prepared.get();
  EXPECT_EQ(made.parameters().size(), 1U);
  pinged.get();
  EXPECT_TRUE(conn.take_results().empty()) << "all had a handle";
}

TEST_P(pending_test, get_waits_for_its_own_operation_and_not_for_those_behind) {
  connection conn = open(GetParam());
  auto first = conn.start_query("SELECT 1");
  auto slow = conn.start_query("SELECT pg_sleep(1)");
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(first.get()[0].get<int>(0), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 900ms);
  EXPECT_FALSE(slow.ready());
  slow.get();
}

INSTANTIATE_TEST_SUITE_P(each, pending_test, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

TEST(pending_errors, of_one_with_a_handle_come_out_of_get_alone) {
  connection conn = open();
  auto good = conn.start_query("SELECT 1");
  auto bad = conn.start_query("SELECT 1/0");
  auto behind = conn.start_query("SELECT 2");
  EXPECT_EQ(value<int>(conn, "SELECT 3"), 3);
  EXPECT_EQ(good.get()[0].get<int>(0), 1);
  EXPECT_EQ(thrown<data_error>([&] { bad.get(); }).sqlstate().str(), "22012");
  EXPECT_CONTAINS("get() was called before", thrown<programming_error>([&] { bad.get(); }).what());
  EXPECT_CONTAINS("get() was called before", thrown<programming_error>([&] { (void)bad.ready(); }).what());
  EXPECT_EQ(behind.get()[0].get<int>(0), 2);
}

TEST(pending_errors, of_dropped_handles_come_out_of_the_next_calls_one_each_before_anything_is_sent) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE sent (i int)");
  conn.start_query("SELECT 1/0");
  conn.start_query("SELECT 2");
  conn.start_query("SELECT 'x'::int");
  auto last = conn.start_query("SELECT 4");
  EXPECT_EQ(last.get()[0].get<int>(0), 4);
  EXPECT_EQ(thrown<data_error>([&] { conn.query("INSERT INTO sent VALUES (1)"); }).sqlstate().str(), "22012");
  EXPECT_EQ(thrown<data_error>([&] { conn.exec("INSERT INTO sent VALUES (1)"); }).sqlstate().str(), "22P02");
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM sent"), 0);
}

TEST(pending_errors, of_dropped_handles_come_out_of_poll) {
  connection conn = open_async();
  conn.start_query("SELECT 1/0");
  auto kept = conn.start_query("SELECT 2");
  conn.start_query("SELECT 'x'::int");
  EXPECT_EQ(thrown<data_error>([&] { finish(conn); }).sqlstate().str(), "22012");
  EXPECT_EQ(thrown<data_error>([&] { finish(conn); }).sqlstate().str(), "22P02");
  finish(conn);
  EXPECT_EQ(kept.get()[0].get<int>(0), 2);
}

TEST(pending_errors, one_that_is_dropped_after_its_end_takes_the_error_with_it) {
  connection conn = open();
  {
    auto bad = conn.start_query("SELECT 1/0");
    conn.query("SELECT 1");
    EXPECT_TRUE(bad.ready());
  }
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST(pending_errors, a_guard_ends_and_throws_none_of_others) {
  connection conn = connect(dsn(way::unix_socket));
  {
    transaction tx{conn};
    conn.query("SELECT 1");
    conn.start_query("SELECT 1/0");
  }
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_THROW(conn.query("SELECT 1"), data_error);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST(pending_lifetime, outlives_its_connection) {
  std::optional<pending<result>> ended, lost;
  {
    connection conn = open();
    ended = conn.start_query("SELECT 1");
    conn.query("SELECT 2");
    lost = conn.start_query("SELECT pg_sleep(60)");
  }
  EXPECT_EQ(ended->get()[0].get<int>(0), 1);
  EXPECT_TRUE(lost->ready());
  EXPECT_CONTAINS("closed", thrown<operational_error>([&] { lost->get(); }).what());
}

/// What each kind of operation gives.
struct of_each_kind {
  pending<result> query, request;
  pending<results> script;
  pending<statement> prepared;
  pending<std::uint64_t> many;
  pending<void> unit;

  explicit of_each_kind(connection& conn)
      : query(conn.start_query("SELECT $1::int", 1)),
        script(conn.start_exec("CREATE TEMP TABLE IF NOT EXISTS item (id int)")),
        prepared(conn.start_prepare("SELECT 2")),
        many(conn.start_executemany("INSERT INTO item VALUES ($1)", std::vector<int>{1, 2, 3})) {
    tusk::pipeline p = conn.pipeline();
    request = p.query("SELECT $1::text", "it's");
    unit = p.sync();
  }
};

TEST(pending_lifetime, of_each_kind_that_has_ended_outlives_its_connection) {
  std::optional<of_each_kind> all;
  {
    connection conn = open_async();
    all.emplace(conn);
    finish(conn);
  }
  EXPECT_EQ(all->query.get()[0].get<int>(0), 1);
  EXPECT_EQ(all->script.get().size(), 1U);
  EXPECT_THROW((void)all->prepared.get(), interface_error);
  EXPECT_EQ(all->many.get(), 3U);
  EXPECT_EQ(all->request.get()[0].get<std::string>(0), "it's");
  all->unit.get();
}

TEST(pending_lifetime, of_each_kind_that_was_lost_outlives_its_connection) {
  std::optional<of_each_kind> behind_a_barrier, on_its_way;
  {
    connection conn = open_async(), other = open_async();
    (void)conn.start_exec("SELECT pg_sleep(60)");
    behind_a_barrier.emplace(conn);
    on_its_way.emplace(other);
  }
  for (auto* all : {&behind_a_barrier, &on_its_way}) {
    EXPECT_THROW((void)(*all)->query.get(), operational_error);
    EXPECT_THROW((void)(*all)->script.get(), operational_error);
    EXPECT_THROW((void)(*all)->prepared.get(), operational_error);
    EXPECT_THROW((void)(*all)->many.get(), operational_error);
    EXPECT_THROW((void)(*all)->request.get(), operational_error);
    EXPECT_THROW((*all)->unit.get(), operational_error);
  }
}

TEST(pending_lifetime, of_one_that_was_prepared_again_outlives_its_connection) {
  std::optional<pending<result>> healed;
  {
    connection conn = open_async();
    for (int turn = 0; turn < 2; ++turn) {
      healed = conn.start_query("SELECT 7");
      finish(conn);
      if (turn == 0) (void)conn.start_exec("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
      finish(conn);
    }
  }
  EXPECT_EQ(healed->get()[0].get<int>(0), 7);
}

TEST(pending_lifetime, stays_when_the_connection_moves) {
  connection conn = open();
  auto started = conn.start_query("SELECT 1");
  connection moved = std::move(conn);
  auto also = std::move(started);
  EXPECT_EQ(also.get()[0].get<int>(0), 1);
  EXPECT_THROW((void)started.ready(), programming_error);
  EXPECT_EQ(value<int>(moved, "SELECT 2"), 2);
}

TEST(pending_lifetime, arguments_may_go_before_they_are_sent) {
  connection conn = open_async();
  auto barrier = conn.start_exec("SELECT pg_sleep(0.1)");
  std::vector<pending<result>> started;
  for (int i = 0; i < 20; ++i) started.push_back(conn.start_query("SELECT $1::text", std::string(1000, char('a' + i))));
  for (int i = 0; i < 20; ++i) started.push_back(conn.start_query("SELECT $1::text", std::string(1000, char('a' + i))));
  finish(conn);
  int number = 0;
  for (auto& each : started) {
    EXPECT_EQ(each.get()[0].get<std::string>(0), std::string(1000, char('a' + number % 20))) << number;
    ++number;
  }
}

TEST(queues, refuse_more_than_limits_queued_on_an_asynchronous_connection) {
  connect_options options;
  options.limits.queued = 200'000;
  connection conn = open_async(way::unix_socket, options);
  std::string const large(1'000'000, 'x');
  auto first = conn.start_query("SELECT length($1)", large);  // whatever its size: nothing waits
  auto second = conn.start_exec("SELECT 2");
  EXPECT_GT(conn.queued(), 900'000U);
  auto const why = thrown<programming_error>([&] { conn.start_query("SELECT 3"); });
  EXPECT_CONTAINS("limits.queued is 200000", why.what());
  finish(conn);
  EXPECT_EQ(conn.queued(), 0U);
  EXPECT_EQ(first.get()[0].get<int>(0), 1'000'000);
  EXPECT_EQ(second.get()[0][0].get<int>(0), 2);
}

TEST(queues, of_a_blocking_connection_step_while_much_waits) {
  connection conn = open();
  std::string const large(100'000, 'x');
  std::vector<pending<result>> started;
  for (int i = 0; i < 100; ++i) {
    started.push_back(conn.start_query("SELECT $1::text", large));
    EXPECT_LE(conn.queued(), 64U << 10);
  }
  for (auto& each : started) EXPECT_EQ(each.get()[0].get<std::string>(0), large);
}

TEST(queues, outside_autocommit_have_one_transaction) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE queued (i int)");
  conn.commit();
  auto a = conn.start_query("INSERT INTO queued VALUES (1)");
  auto b = conn.start_query("INSERT INTO queued VALUES (2)");
  conn.rollback();
  a.get();
  b.get();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM queued"), 0);
  auto c = conn.start_query("INSERT INTO queued VALUES (3)");
  conn.commit();
  c.get();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM queued"), 1);
}

// A COMMIT in a statement's text ends the guard's transaction: what was queued behind it would have stood by itself.
TEST(mended, what_is_queued_behind_a_commit_in_a_guard_did_run_in_autocommit) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE guarded (i int)");
  conn.commit();
  {
    transaction tx{conn};
    auto a = conn.start_query("INSERT INTO guarded VALUES (1)");
    auto b = conn.start_query("COMMIT");
    auto c = conn.start_query("INSERT INTO guarded VALUES (2)");
    a.get();
    b.get();
    EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { c.get(); }).what());
  }
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM guarded"), 1);
}

TEST(mended, a_forgotten_statement_that_is_queued_twice_was_parsed_twice_by_one_name) {
  connection conn = open();
  statement st = conn.prepare("SELECT $1::int");
  conn.forget_statements();
  connection async = open_async();
  auto prepared = async.start_prepare("SELECT $1::int");
  finish(async);
  statement other = prepared.get();
  EXPECT_EQ(st.query(5)[0].get<int>(0), 5);
  EXPECT_EQ(st.query(6)[0].get<int>(0), 6);
}

TEST(queued_cancels, mean_the_one_in_front) {
  connection conn = open_async();
  auto slow = conn.start_query("SELECT pg_sleep(60)");
  auto behind = conn.start_exec("SELECT 2");  // not sent: a script waits for nothing, but is behind
  EXPECT_NE(conn.poll(), poll_status::ok);
  wait_until_active(conn.info().backend_pid);
  conn.cancel();
  finish(conn);
  EXPECT_THROW(slow.get(), query_canceled);
  EXPECT_EQ(behind.get()[0][0].get<int>(0), 2);
}

TEST(queued_limits, end_what_was_not_sent_at_once) {
  connection conn = open_async();
  auto slow = conn.start_exec("SELECT pg_sleep(0.5)");
  auto limited = conn.start_query(within(20ms), "SELECT 2");
  auto behind = conn.start_query("SELECT 3");
  while (!limited.ready()) {
    poll_status const wanted = conn.poll();
    ASSERT_NE(wanted, poll_status::ok);
    if (!limited.ready()) wait_once(conn, wanted);
  }
  EXPECT_FALSE(slow.ready());
  EXPECT_CONTAINS("was not sent", thrown<query_canceled>([&] { limited.get(); }).what());
  finish(conn);
  slow.get();
  EXPECT_EQ(behind.get()[0].get<int>(0), 3);
}

TEST(queued_hooks, are_told_of_each_end_in_order) {
  struct watching : connection {
    using connection::connection;
    std::vector<std::string> told;
    void did_execute(outcome const& ended) override { told.emplace_back(ended.query()); }
  };
  auto conn = connect<watching>(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto a = conn.start_query("SELECT 1");
  auto b = conn.start_query("SELECT 1/0");
  auto c = conn.start_exec("SELECT 3");
  finish(conn);
  EXPECT_EQ(conn.told, (std::vector<std::string>{"SELECT 1", "SELECT 1/0", "SELECT 3"}));
  EXPECT_EQ(a.get()[0].get<int>(0), 1);
  EXPECT_THROW(b.get(), data_error);
}

TEST(queued_cursors, execute_while_something_is_under_way_is_a_programming_error) {
  connection conn = open_async();
  tusk::cursor cur = conn.cursor();
  auto started = conn.start_query("SELECT 1");
  EXPECT_CONTAINS("underway", thrown<programming_error>([&] { cur.execute("SELECT 2"); }).what());
  finish(conn);
  cur.execute("SELECT 2");
  auto behind = conn.start_query("SELECT 3");
  finish(conn);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 2);
  EXPECT_EQ(behind.get()[0].get<int>(0), 3);
  EXPECT_EQ(started.get()[0].get<int>(0), 1);
}

}  // namespace
}  // namespace tusk::test
