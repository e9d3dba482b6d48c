// Cursors of asynchronous connections: started, stepped, fetched; and every way to do it wrong.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class cursor_async : public testing::TestWithParam<way> {
 protected:
  void SetUp() override { finish(conn_); }
  connection conn_ = connect(dsn(GetParam()), {.async = true});
};

TEST_P(cursor_async, execute_returns_at_once_and_isexecuting_until_poll_says_ok) {
  cursor cur = conn_.cursor();
  cur.execute("SELECT pg_sleep(0.05); SELECT %s", 42);
  EXPECT_TRUE(conn_.isexecuting());
  finish(cur.connection());
  EXPECT_FALSE(conn_.isexecuting());
  EXPECT_EQ(cur.fetchone()->get<int>(0), 42);
}

TEST_P(cursor_async, it_is_always_autocommit) {
  cursor cur = conn_.cursor();
  cur.execute("SELECT 1");
  finish(conn_);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_CONTAINS("commit cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn_.commit(); }).what());
  EXPECT_CONTAINS("rollback cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn_.rollback(); }).what());
  EXPECT_CONTAINS("set_session cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn_.set_session({}); }).what());
  EXPECT_CONTAINS("set_isolation_level cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn_.set_isolation_level(isolation_level::serializable); }).what());
}

TEST_P(cursor_async, a_second_execute_on_any_cursor_is_a_programming_error) {
  cursor first = conn_.cursor(), second = conn_.cursor();
  first.execute("SELECT pg_sleep(0.05), 1");
  for (cursor* cur : {&first, &second}) {
    EXPECT_STREQ(thrown<programming_error>([&] { cur->execute("SELECT 2"); }).what(),
                 "execute cannot be used while an asynchronous query is underway");
    EXPECT_STREQ(thrown<programming_error>([&] { cur->executemany("SELECT %s", std::vector<int>{1}); }).what(),
                 "execute cannot be used while an asynchronous query is underway");
  }
  finish(conn_);
  EXPECT_EQ(first.fetchone()->get<int>(1), 1) << "the first one is not disturbed";
}

TEST_P(cursor_async, fetching_from_the_executing_cursor_is_an_error_and_rows_of_others_stay) {
  cursor first = conn_.cursor(), second = conn_.cursor();
  first.execute("SELECT generate_series(1, 3)");
  finish(conn_);
  second.execute("SELECT pg_sleep(0.05)");
  EXPECT_STREQ(thrown<programming_error>([&] { second.fetchone(); }).what(), "no results to fetch");
  EXPECT_STREQ(thrown<programming_error>([&] { second.results(); }).what(), "no results to fetch");
  EXPECT_EQ(second.rowcount(), -1);
  EXPECT_TRUE(second.description().empty());
  EXPECT_EQ(first.fetchall<int>(), (std::vector<int>{1, 2, 3}));
  finish(conn_);
  EXPECT_EQ(second.rowcount(), 1);
}

TEST_P(cursor_async, the_last_result_is_current_and_results_has_all) {  // psycopg2: drops the earlier ones
  cursor cur = conn_.cursor();
  cur.execute("SELECT 1; SELECT 2; SELECT 3");
  finish(conn_);
  ASSERT_EQ(cur.results().size(), 3U);
  EXPECT_EQ(cur.results()[0][0].get<int>(0), 1);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 3);
}

TEST_P(cursor_async, the_first_error_comes_out_of_poll_and_the_connection_stays_usable) {
  cursor cur = conn_.cursor();
  cur.execute("SELECT 1; SELECT 1/0; SELECT nothing");
  EXPECT_EQ(thrown<data_error>([&] { finish(conn_); }).condition(), condition::division_by_zero);
  EXPECT_FALSE(conn_.isexecuting());
  EXPECT_FALSE(conn_.closed());
  EXPECT_CONTAINS("no results to fetch", thrown<programming_error>([&] { cur.fetchone(); }).what());
  cur.execute("SELECT 4");
  finish(conn_);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 4);
}

TEST_P(cursor_async, executemany_and_callproc_are_started_and_polled) {  // psycopg2: forbids executemany
  cursor cur = conn_.cursor();
  cur.execute("CREATE TEMP TABLE number (n int)");
  finish(conn_);
  std::vector<int> const numbers(20'000, 7);
  cur.executemany("INSERT INTO number VALUES (%s)", numbers);
  EXPECT_TRUE(conn_.isexecuting());
  finish(conn_);
  EXPECT_EQ(cur.rowcount(), 20'000);
  cur.callproc("abs", -5);
  finish(conn_);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 5);
}

TEST_P(cursor_async, a_cursor_destroyed_or_closed_in_mid_query_leaves_the_connection_clean) {
  auto gone = std::make_unique<cursor>(conn_);
  gone->execute("SELECT pg_sleep(0.02), 1");
  gone.reset();
  EXPECT_TRUE(conn_.isexecuting());
  finish(conn_);
  cursor cur = conn_.cursor();
  cur.execute("SELECT pg_sleep(0.02), 2");
  cur.close();
  finish(conn_);
  auto failing = std::make_unique<cursor>(conn_);
  failing->execute("SELECT 1/0");
  failing.reset();
  thrown<data_error>([&] { finish(conn_); });
  cursor next = conn_.cursor();
  next.execute("SELECT 3");
  finish(conn_);
  EXPECT_EQ(next.fetchone()->get<int>(0), 3);
}

TEST_P(cursor_async, closing_the_connection_in_mid_query_closes_its_cursors) {
  cursor cur = conn_.cursor();
  cur.execute("SELECT pg_sleep(10)");
  conn_.close();
  EXPECT_TRUE(cur.closed());
  EXPECT_FALSE(conn_.isexecuting());
  thrown<operational_error>([&] { conn_.take_results(); });
  thrown<interface_error>([&] { conn_.poll(); });
  thrown<interface_error>([&] { cur.fetchone(); });
  thrown<interface_error>([&] { cur.execute("SELECT 1"); });
}

TEST_P(cursor_async, copy_through_execute_is_refused_and_the_connection_goes_on) {
  cursor cur = conn_.cursor();
  for (char const* statement : {"COPY pg_class TO STDOUT", "COPY pg_class FROM STDIN"}) {
    cur.execute(statement);
    thrown<programming_error>([&] { finish(conn_); });
  }
  cur.execute("SELECT 1");
  finish(conn_);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 1);
}

/// Cancels until that has an effect: a request that overtakes its statement has none.
void cancel_and_finish(connection& conn) {
  connection watching = open();
  char const* const running = "SELECT count(*)::int FROM pg_stat_activity WHERE pid = $1 AND state = 'active'";
  conn.poll();
  while (watching.query_value<int>(running, conn.info().backend_pid) == 0) conn.poll();
  conn.cancel();
  thrown<query_canceled>([&] { finish(conn); });
}

TEST_P(cursor_async, cancel_makes_the_statement_fail_and_the_cursor_goes_on) {
  cursor cur = conn_.cursor();
  cur.execute("SELECT pg_sleep(60)");
  cancel_and_finish(conn_);
  cur.execute("SELECT 1");
  finish(conn_);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 1);
}

TEST_P(cursor_async, cancel_of_a_statement_that_is_half_sent_leaves_the_connection_usable) {
  cursor cur = conn_.cursor();
  std::string const large(20'000'000, 'x');
  cur.execute("SELECT length(%s)", large);
  conn_.cancel();  // begins when all is sent; it may come too early, or too late
  try {
    finish(conn_);
    EXPECT_EQ(cur.fetchone()->get<int>(0), 20'000'000);
  } catch (query_canceled const&) {}
  cur.execute("SELECT 1");
  finish(conn_);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 1);
}

INSTANTIATE_TEST_SUITE_P(ways, cursor_async, testing::Values(way::unix_socket, way::tcp, way::tls_verify_full),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
