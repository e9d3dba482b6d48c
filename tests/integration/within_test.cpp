// Limits of operations: a time, a stop token; in every face and over every kind of connection.

#include <dirent.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

int open_descriptors() {
  int count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

class limited : public testing::TestWithParam<std::tuple<face, way>> {
 protected:
  std::unique_ptr<player> const on_ = open(std::get<0>(GetParam()), dsn(std::get<1>(GetParam())));

  result run(within const& limit, std::string const& sql) { return on_->query(limit, sql); }
  void expect_usable() { EXPECT_EQ(on_->value<int>("SELECT 7"), 7); }
};

TEST_P(limited, a_time_that_passes_cancels_the_statement_and_the_connection_stays_usable) {
  auto const begin = clock::now();
  auto const told = thrown<query_canceled>([&] { run(within(100ms), "SELECT pg_sleep(60)"); });
  auto const elapsed = clock::now() - begin;
  EXPECT_GE(elapsed, 100ms);
  EXPECT_LT(elapsed, 5s) << "before the grace is over";
  EXPECT_EQ(told.condition(), condition::query_canceled);
  EXPECT_FALSE(told.is_fatal());
  expect_usable();
}

TEST_P(limited, a_stop_that_another_thread_requests_wakes_the_one_who_waits) {
  std::stop_source source;
  std::thread other([&, pid = on_->conn().info().backend_pid] {
    wait_until_active(pid);
    source.request_stop();
  });
  auto const begin = clock::now();
  EXPECT_FALSE(thrown<query_canceled>([&] { run(source.get_token(), "SELECT pg_sleep(60)"); }).is_fatal());
  other.join();
  EXPECT_LT(clock::now() - begin, 25s) << "by the descriptor, not by a time that was over";
  EXPECT_EQ(on_->conn().timeout(), std::nullopt);
  expect_usable();
}

TEST_P(limited, what_ends_in_time_is_as_without_a_limit) {
  std::stop_source source;
  std::string const long_text(3'000'000, 'x');
  for (within const& limit : {within(60s), within(source.get_token()), within(60s, source.get_token()),
                              within(std::stop_token()), within(std::chrono::hours::max())}) {
    EXPECT_EQ(run(limit, "SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) AS i").size(), 5000U);
    EXPECT_EQ(on_->query(limit, "SELECT length($1::text)", long_text)[0].get<int>(0), 3'000'000);
    EXPECT_EQ(thrown<data_error>([&] { run(limit, "SELECT 1/0"); }).condition(), condition::division_by_zero);
  }
  expect_usable();
}

TEST_P(limited, a_limit_that_is_over_before_sends_nothing) {
  std::stop_source source;
  source.request_stop();
  std::vector<std::string> lines;
  on_->conn().trace([&](std::string_view line) { lines.emplace_back(line); });
  for (within const& limit : {within(0s), within(-5s), within(std::chrono::hours::min()), within(source.get_token()),
                              within(60s, source.get_token())}) {
    EXPECT_FALSE(thrown<query_canceled>([&] { run(limit, "SELECT 1"); }).is_fatal());
    EXPECT_FALSE(on_->conn().isexecuting());
  }
  EXPECT_TRUE(lines.empty());
  on_->conn().trace({});
  expect_usable();
}

TEST_P(limited, a_statement_that_catches_the_cancelling_is_cancelled_again) {
  EXPECT_THROW(run(within(50ms),
                   "DO $$ BEGIN BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;"
                   "PERFORM pg_sleep(60); END $$"),
               query_canceled);
  expect_usable();
}

TEST_P(limited, a_server_that_goes_is_noticed_before_the_time_is_over) {
  std::thread killer([pid = on_->conn().info().backend_pid] {
    wait_until_active(pid);
    terminate(pid);
  });
  auto const begin = clock::now();
  std::stop_source source;
  auto const told = thrown<operational_error>([&] { run(within(60s, source.get_token()), "SELECT pg_sleep(60)"); });
  killer.join();
  EXPECT_LT(clock::now() - begin, 50s);
  EXPECT_EQ(told.sqlstate().str(), "57P01");
  EXPECT_TRUE(on_->closed());
}

INSTANTIATE_TEST_SUITE_P(each, limited, testing::Combine(testing::ValuesIn(all_faces()), testing::ValuesIn(three_ways)),
                         [](auto const& of) {
                           return std::string(name(std::get<0>(of.param))) + "_" + name(std::get<1>(of.param));
                         });

// ---- which operations take one ----

TEST(limit, is_taken_by_every_way_to_run_a_statement) {
  connection conn = open();
  statement made = conn.prepare("SELECT pg_sleep($1)");
  std::stop_source source;
  auto const stop = source.get_token();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(conn.exec(within(20ms), "SELECT 1; SELECT pg_sleep(60)"), query_canceled);
    EXPECT_THROW(conn.query(within(20ms), "SELECT pg_sleep($1)", 60.0), query_canceled);
    EXPECT_THROW(made.query(within(20ms), 60.0), query_canceled);
    EXPECT_THROW(made.query(within(20ms), params::of(nullptr, 60.0)), query_canceled);
  }
  cursor cur = conn.cursor();
  EXPECT_THROW(cur.execute(within(20ms), "SELECT pg_sleep(%s)", 60), query_canceled);
  EXPECT_THROW(cur.execute(within(20ms), sql::sql("SELECT pg_sleep(60)")), query_canceled);
  EXPECT_NO_THROW(cur.execute("SELECT pg_sleep(0.05)")) << "it was for the one statement";
  EXPECT_THROW(cur.executemany(within(20ms), "SELECT pg_sleep(%s)", std::vector{0, 60, 0}), query_canceled);
  EXPECT_THROW(cur.callproc(within(20ms), "pg_sleep", 60), query_canceled);
  EXPECT_THROW(cur.callproc(within(20ms), sql::identifier("pg_catalog", "pg_sleep"), 60), query_canceled);
  EXPECT_NO_THROW(cur.executemany(within(20ms), "SELECT %s", std::vector<int>()));
  EXPECT_NO_THROW(cur.executemany("SELECT pg_sleep(%s)", std::vector{0.05}));
  EXPECT_THROW(conn.query_value<int>(within(20ms), "SELECT 1 FROM pg_sleep(60)"), query_canceled);
  EXPECT_THROW(conn.query_one<std::tuple<int>>(within(20ms), "SELECT 1 FROM pg_sleep(60)"), query_canceled);
  cur.execute(stop, "SELECT %s", 3);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 3);
  cur.executemany(stop, "SELECT %s", std::vector{4, 5});
  EXPECT_EQ(cur.fetchone()->get<int>(0), 5);
  cur.callproc(stop, "abs", -6);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 6);
  EXPECT_EQ(conn.prepare(stop, "SELECT 7").query()[0].get<int>(0), 7);
  EXPECT_EQ(conn.query_value<int>(stop, "SELECT $1::int", 8), 8);
  EXPECT_EQ(conn.query_one<std::tuple<int>>(stop, "SELECT $1::int", 9), std::tuple(9));
  EXPECT_EQ(conn.exec(stop, "SELECT 1; SELECT 2").size(), 2U);
  EXPECT_EQ(conn.query(stop, "SELECT $1::int", 3)[0].get<int>(0), 3);
  EXPECT_EQ(made.query(stop, 0.0).size(), 1U);
  source.request_stop();
  EXPECT_THROW(conn.exec(stop, "SELECT 1"), query_canceled);
  EXPECT_THROW(conn.query(stop, "SELECT 1"), query_canceled);
  EXPECT_THROW(made.query(stop, 0.0), query_canceled);
  EXPECT_THROW(cur.execute(stop, "SELECT 1"), query_canceled);
  EXPECT_THROW(cur.executemany(stop, "SELECT %s", std::vector{4, 5}), query_canceled);
  EXPECT_THROW(cur.callproc(stop, "abs", -6), query_canceled);
  EXPECT_THROW(conn.prepare(stop, "SELECT 7"), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST(limit, is_handed_on_by_connections_that_watch_their_statements) {
  struct watching : connection {
    using connection::connection;
    results do_execute(execution const& what) override {
      limits += what.limit != nullptr ? 1 : 0;
      return connection::do_execute(what);
    }
    void did_execute(outcome const& ended) override { errors += ended.error() ? 1 : 0; }
    int limits = 0, errors = 0;
  };
  auto conn = connect<watching>(dsn(way::tcp), {.autocommit = true});
  statement made = conn.prepare("SELECT pg_sleep(60)");
  EXPECT_THROW(conn.exec(within(20ms), "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_THROW(conn.query(within(20ms), "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_THROW(made.query(within(20ms)), query_canceled);
  EXPECT_EQ(conn.limits, 3);
  EXPECT_EQ(conn.errors, 3);
  conn.query("SELECT 1");
  EXPECT_EQ(conn.limits, 3);

  auto stepped = connect<watching>(dsn(way::tcp), {.async = true});
  finish(stepped);
  stepped.start_exec(within(20ms), "SELECT pg_sleep(60)");
  EXPECT_THROW(finish(stepped), query_canceled);
  stepped.start_query(within(20ms), "SELECT pg_sleep(60)");
  EXPECT_THROW(finish(stepped), query_canceled);
  EXPECT_EQ(stepped.limits, 2);
  EXPECT_EQ(stepped.errors, 2);
  cursor cur = stepped.cursor();
  cur.execute(within(20ms), "SELECT pg_sleep(60)");
  EXPECT_THROW(finish(stepped), query_canceled);
}

TEST(limit, runs_from_where_it_is_made_so_that_one_serves_several_statements) {
  connection conn = open();
  auto const begin = clock::now();
  within const both(400ms);
  conn.query(both, "SELECT pg_sleep(0.2)");
  EXPECT_THROW(conn.query(both, "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_LT(clock::now() - begin, 5s);
  EXPECT_THROW(conn.query(both, "SELECT 1"), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST(limit, is_told_by_timeout_and_gone_with_the_operation) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  int const socket = conn.fileno();
  conn.start_query(within(20s), "SELECT 1");
  ASSERT_TRUE(conn.timeout());
  EXPECT_GT(*conn.timeout(), 10s);
  EXPECT_LE(*conn.timeout(), 20s);
  EXPECT_EQ(conn.fileno(), socket);
  finish(conn);
  EXPECT_EQ(conn.timeout(), std::nullopt);
  std::stop_source source;
  conn.start_query(source.get_token(), "SELECT pg_sleep(60)");
  EXPECT_EQ(conn.poll(), poll_status::read);
  EXPECT_EQ(conn.timeout(), std::nullopt);
  EXPECT_NE(conn.fileno(), socket) << "one that a stop makes readable";
  EXPECT_FALSE(wait_readable(conn, 1ms));
  source.request_stop();
  EXPECT_TRUE(wait_readable(conn, 30s));
  EXPECT_THROW(finish(conn), query_canceled);
  EXPECT_EQ(conn.timeout(), std::nullopt);
}

TEST(limit, of_a_prepare_that_waits_for_a_lock) {
  connection holder = open(), conn = open();
  holder.exec("CREATE TABLE limited_prepare (id int); COMMIT; BEGIN; LOCK TABLE limited_prepare");
  EXPECT_THROW(conn.prepare(within(50ms), "SELECT * FROM limited_prepare"), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  holder.exec("ROLLBACK; DROP TABLE limited_prepare");
}

// The server reads no more of it while it waits, so that it can never be sent whole.
TEST(limit, mended_of_a_large_batch_that_waits_for_a_lock) {
  connection holder = open();
  holder.exec("CREATE TABLE limited_batch (t text); COMMIT; BEGIN; LOCK TABLE limited_batch");
  std::vector<std::string> const rows(2'000, std::string(1000, 'x'));
  for (face const& by : all_faces()) {
    auto const on = open(by, dsn(way::unix_socket));
    cursor cur = on->conn().cursor();
    auto const begin = clock::now();
    auto const error = thrown<query_canceled>([&] {
      cur.executemany(within(100ms), "INSERT INTO limited_batch VALUES (%s)", rows);
      on->wait();
    });
    EXPECT_FALSE(error.is_fatal());
    EXPECT_LT(clock::now() - begin, 5s);
    EXPECT_FALSE(on->closed());
  }
  holder.exec("ROLLBACK; DROP TABLE limited_batch");
}

TEST(limit, of_a_batch_that_is_started_or_has_nothing_to_do) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  cursor cur = conn.cursor();
  cur.executemany(within(30ms), "SELECT pg_sleep(%s)", std::vector{0, 60, 0});
  EXPECT_THROW(finish(conn), query_canceled);
  cur.executemany(within(10ms), "SELECT %s", std::vector<int>());
  std::this_thread::sleep_for(20ms);
  EXPECT_NO_THROW(finish(conn));
  EXPECT_EQ(conn.timeout(), std::nullopt);
  cur.executemany(within(10ms), "SELECT %s", std::vector<int>());
  EXPECT_EQ(conn.timeout(), std::nullopt) << "nothing is under way";
  std::this_thread::sleep_for(20ms);
  conn.start_load_types();
  EXPECT_NO_THROW(finish(conn));
  cur.executemany(within(60s), "SELECT %s", std::vector{4, 5});
  EXPECT_NO_THROW(finish(conn));
  EXPECT_EQ(cur.fetchone()->get<int>(0), 5);
}

TEST(limit, leaves_no_descriptors_behind) {
  connection conn = open();
  std::stop_source source;
  conn.query(source.get_token(), "SELECT 1");
  int const before = open_descriptors();
  for (int i = 0; i < 20; ++i) conn.query(source.get_token(), "SELECT 1");
  EXPECT_THROW(conn.query(within(10ms, source.get_token()), "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(limit, of_an_asynchronous_operation_and_a_cancel_of_ones_own_get_along) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  for (bool const is_over : {false, true}) {
    conn.start_query(within(is_over ? 10ms : 60s), "SELECT pg_sleep(60)");
    EXPECT_EQ(conn.poll(), poll_status::read);
    wait_until_active(conn.info().backend_pid);
    conn.cancel();
    EXPECT_THROW(finish(conn), query_canceled);
    conn.start_query("SELECT 1");
    EXPECT_NO_THROW(finish(conn));
  }
}

// ---- transactions ----

TEST(limit, in_a_transaction_leaves_it_failed_and_begun_by_the_same_send) {
  connection conn = connect(dsn(way::unix_socket));
  EXPECT_THROW(conn.query(within(0s), "SELECT 1"), query_canceled);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle) << "nothing was sent";
  EXPECT_THROW(conn.query(within(50ms), "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_EQ(conn.transaction_status(), transaction_status::failed);
  conn.rollback();
  conn.query(within(60s), "SELECT 1");
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  {
    transaction part{conn};
    EXPECT_THROW(conn.exec(within(50ms), "SELECT pg_sleep(60)"), query_canceled);
    part.rollback();
  }
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  conn.commit(within(60s));
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
}

TEST(limit, of_a_commit_that_is_over_before_leaves_the_transaction_as_it_is) {
  connection conn = connect(dsn(way::unix_socket));
  conn.query("SELECT 1");
  EXPECT_THROW(conn.commit(within(0s)), query_canceled);
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  conn.commit();
}

TEST(limit, cancels_a_commit_that_takes_long) {
  connection other = open(), conn = connect(dsn(way::unix_socket));
  std::string const table = "limit_" + std::to_string(other.info().backend_pid);
  other.exec("CREATE TABLE " + table + " (n int);" + "CREATE FUNCTION " + table +
             "_slow() RETURNS trigger LANGUAGE plpgsql AS "
             "$$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;"
             "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON " +
             table + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION " + table + "_slow()");
  conn.query("INSERT INTO " + table + " VALUES (1)");
  EXPECT_THROW(conn.commit(within(50ms)), query_canceled);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle) << "it is rolled back";
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM " + table), 0);
  conn.close();
  other.exec("DROP TABLE " + table + "; DROP FUNCTION " + table + "_slow()");
}

}  // namespace
}  // namespace tusk::test
