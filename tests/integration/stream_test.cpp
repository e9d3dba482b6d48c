// Rows while their statement runs, on blocking and on asynchronous connections.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/heap_bytes.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class streams : public testing::TestWithParam<way> {};

TEST_P(streams, give_every_row_once_and_in_order) {
  connection conn = open(GetParam());
  for (int turn = 0; turn < 2; ++turn) {  // the second time the statement is known
    int next = 1;
    for (auto const& row : conn.stream("SELECT g, 'row ' || g AS name FROM generate_series(1, $1::int) g", 100'000)) {
      ASSERT_EQ(row.get<int>(0), next);
      if (next % 1000 == 0) {
        ASSERT_EQ(row.get<std::string>("name"), "row " + std::to_string(next));
      }
      ++next;
    }
    EXPECT_EQ(next, 100'001);
    EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
  }
}

TEST_P(streams, give_tuples_and_chunks) {
  connection conn = open(GetParam());
  std::int64_t sum = 0;
  for (auto [id, name] : conn.stream<int, std::string>("SELECT g, 'x' || g FROM generate_series(1, 1000) g")) {
    sum += id;
    ASSERT_EQ(name, "x" + std::to_string(id));
  }
  EXPECT_EQ(sum, 500'500);
  for (int each : conn.stream<int>("SELECT g FROM generate_series(1, 3) g")) sum += each;
  EXPECT_EQ(sum, 500'506);
  auto rows = conn.stream("SELECT g FROM generate_series(1, 50000) g");
  std::size_t count = 0;
  std::vector<result> kept;  // a chunk stays
  while (auto chunk = rows.next_chunk()) {
    count += chunk->size();
    kept.push_back(std::move(*chunk));
  }
  EXPECT_EQ(count, 50'000U);
  EXPECT_TRUE(rows.ended());
  int next = 1;
  for (result const& chunk : kept)
    for (auto const& row : chunk) ASSERT_EQ(row.get<int>(0), next++);
}

TEST_P(streams, of_a_prepared_statement_and_of_none_and_of_one_large_row) {
  connection conn = open(GetParam());
  statement st = conn.prepare("SELECT g FROM generate_series(1, $1::int) g");
  for (int size : {0, 1, 10'000}) {
    int count = 0;
    for (auto const& row : st.stream(size)) ASSERT_EQ(row.get<int>(0), ++count);
    EXPECT_EQ(count, size);
  }
  for (auto text : conn.stream<std::string_view>("SELECT repeat('x', 10000000)")) EXPECT_EQ(text.size(), 10'000'000U);
  conn.exec("CREATE TEMP TABLE t (i int)");
  for (auto const& row : conn.stream("INSERT INTO t VALUES (1)")) FAIL() << row.size();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 1);
}

TEST_P(streams, step_by_poll) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  auto before = conn.start_query("SELECT 1");
  auto rows = conn.start_stream("SELECT g FROM generate_series(1, 100000) g");
  EXPECT_CONTAINS("stream", thrown<programming_error>([&] { conn.start_query("SELECT 1"); }).what());
  EXPECT_CONTAINS("take_chunk()", thrown<programming_error>([&] { rows.next_chunk(); }).what());
  int next = 1;
  std::size_t chunks = 0;
  while (!rows.ended()) {
    finish(conn);
    if (auto chunk = rows.take_chunk()) {
      ++chunks;
      for (auto const& row : *chunk) ASSERT_EQ(row.get<int>(0), next++);
    }
  }
  EXPECT_EQ(next, 100'001);
  EXPECT_GT(chunks, 5U);
  EXPECT_EQ(before.get()[0].get<int>(0), 1);
  auto after = conn.start_query("SELECT 2");
  finish(conn);
  EXPECT_EQ(after.get()[0].get<int>(0), 2);
}

TEST_P(streams, read_nothing_while_a_chunk_waits) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  auto rows = conn.start_stream("SELECT repeat('x', 1000) FROM generate_series(1, 30000)");
  finish(conn);
  heap_watch const watch;
  for (int i = 0; i < 200; ++i) EXPECT_EQ(conn.poll(), poll_status::ok);
  EXPECT_LT(watch.growth(), 1U << 20);
  std::size_t count = 0;
  while (!rows.ended()) {
    finish(conn);
    if (auto const chunk = rows.take_chunk()) count += chunk->size();
  }
  EXPECT_EQ(count, 30'000U);
}

TEST_P(streams, throw_behind_the_rows_before_the_error) {
  connection conn = open(GetParam());
  int count = 0;
  auto const walk = [&] {
    for (auto const& row : conn.stream("SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g"))
      count += row.is_null(0) ? 0 : 1;
  };
  EXPECT_THROW(walk(), data_error);
  EXPECT_GT(count, 0);
  EXPECT_LT(count, 50'000);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
  EXPECT_THROW(conn.stream("SELECT nothing").begin(), programming_error);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

// A loop that goes on until ended() did not see it where it came with the last rows.
TEST_P(streams, mended_have_not_ended_before_their_error_was_thrown) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  auto rows = conn.start_stream("SELECT 1 / (3 - g) FROM generate_series(1, 5) g");
  auto const walk = [&] {
    while (!rows.ended()) {
      finish(conn);
      while (rows.take_chunk()) {}
    }
  };
  EXPECT_THROW(walk(), data_error);
  EXPECT_TRUE(rows.ended());
  auto many = conn.start_stream("SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g");
  auto const walk_slowly = [&] {
    while (!many.ended()) {
      while (conn.poll() != poll_status::ok) std::this_thread::sleep_for(1ms);
      many.take_chunk();
    }
  };
  EXPECT_THROW(walk_slowly(), data_error);
  for (char const* const sql : {"SELECT 1", "SELECT 1/0"}) {
    auto one = conn.start_stream(sql);
    finish(conn);  // throws nothing of it
    EXPECT_FALSE(one.ended());
    if (sql == std::string_view("SELECT 1"))
      EXPECT_TRUE(one.take_chunk());
    else
      EXPECT_THROW(one.take_chunk(), data_error);
    EXPECT_TRUE(one.ended());
  }
}

TEST_P(streams, left_early_leave_the_connection_usable) {
  connection conn = open(GetParam());
  for (int i = 0; i < 10; ++i) {
    for (auto const& row : conn.stream("SELECT generate_series(1, 10000000) AS g"))
      if (row.get<int>(0) == 10 * i + 1) break;
    ASSERT_EQ(value<int>(conn, "SELECT 5"), 5);
  }
  { auto unread = conn.stream("SELECT pg_sleep(60)"); }
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST_P(streams, keep_everything_else_away) {
  connection conn = open(GetParam());
  auto rows = conn.stream("SELECT g FROM generate_series(1, 100000) g");
  ASSERT_TRUE(rows.next_chunk());
  EXPECT_TRUE(conn.isexecuting());
  for (auto const& refused : std::vector<std::function<void()>>{
           [&] { conn.query("SELECT 1"); }, [&] { conn.exec("SELECT 1"); }, [&] { conn.start_query("SELECT 1"); },
           [&] { conn.prepare("SELECT 1"); }, [&] { conn.pipeline().query("SELECT 1"); }, [&] { conn.commit(); },
           [&] { conn.stream("SELECT 1"); }, [&] { conn.executemany("SELECT $1::int", std::vector{1}); },
           [&] { conn.cursor().execute("SELECT 1"); }, [&] { transaction tx{conn}; }, [&] { conn.ping(); },
           [&] { conn.reset(); }, [&] { conn.set_autocommit(false); }, [&] { conn.forget_statements(); }})
    EXPECT_CONTAINS("a stream or a COPY on this connection is open", thrown<programming_error>(refused).what());
  while (rows.next_chunk()) {}
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

// The rows of a request counted as its end.
TEST_P(streams, mended_behind_a_unit_leave_it_its_answers) {
  connection conn = open(GetParam());
  tusk::pipeline p = conn.pipeline();
  std::vector<pending<result>> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(p.query("SELECT $1::int, g FROM generate_series(1, 1000) g", i));
  p.sync();
  auto before = conn.start_query("SELECT g FROM generate_series(1, 10000) g");
  int count = 0;
  for (auto const& row : conn.stream("SELECT g FROM generate_series(1, 10000) g")) ASSERT_EQ(row.get<int>(0), ++count);
  EXPECT_EQ(count, 10'000);
  EXPECT_EQ(before.get().size(), 10'000U);
  int number = 0;
  for (auto& each : asked) {
    ASSERT_TRUE(each.ready()) << number;
    auto const got = each.get();
    ASSERT_EQ(got.size(), 1000U) << number;
    EXPECT_EQ(got[999].get<int>(0), number++);
  }
}

INSTANTIATE_TEST_SUITE_P(each, streams, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

TEST(stream_transactions, one_that_it_began_itself_is_rolled_back_when_it_is_left) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE t (i int)");
  conn.commit();
  for (auto const& row : conn.stream("INSERT INTO t SELECT g FROM generate_series(1, 1000000) g RETURNING i"))
    if (row.get<int>(0) == 5) break;
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 0);
  conn.commit();
  {
    transaction tx{conn};
    for (auto const& row : conn.stream("SELECT generate_series(1, 1000000) AS g"))
      if (row.get<int>(0) == 5) break;
    conn.query("INSERT INTO t VALUES (1)");
    tx.commit();
  }
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 1);
}

TEST(stream_transactions, an_older_one_goes_on_when_it_is_left) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE t (i int)");
  for (auto const& row : conn.stream("SELECT g FROM generate_series(1, 300000) g"))
    if (row.get<int>(0) == 5) break;
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 0);
  for (auto const& row : conn.stream({.on_leave = on_leave::cancel}, "SELECT generate_series(1, 10000000) AS g"))
    if (row.get<int>(0) == 5) break;
  EXPECT_EQ(conn.transaction_status(), transaction_status::failed);
}

TEST(stream_limits, count_the_time_between_rows) {
  connection conn = open();
  auto const walk = [&] {
    for (auto const& row : conn.stream(within(100ms), "SELECT generate_series(1, 10000000) AS g"))
      if (row.get<int>(0) == 1) std::this_thread::sleep_for(150ms);
  };
  EXPECT_THROW(walk(), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_lifetime, outlives_its_connection) {
  std::optional<tusk::stream<>> rows;
  {
    connection conn = open();
    rows = conn.stream("SELECT generate_series(1, 1000000) AS g");
    EXPECT_TRUE(rows->next_chunk());
  }
  auto const read_on = [&] {
    while (rows->next_chunk()) {}
  };
  EXPECT_CONTAINS("closed", thrown<operational_error>(read_on).what());
}

TEST(stream_hooks, see_the_statement_and_its_end) {
  struct watching : connection {
    using connection::connection;
    std::vector<std::string> told;
    results do_execute(execution const& what) override {
      told.push_back((what.streams ? "streams " : "runs ") + std::string(what.sql));
      return connection::do_execute(what);
    }
    void did_execute(outcome const& ended) override { told.push_back("ended " + std::string(ended.query())); }
  };
  auto conn = connect<watching>(dsn(way::unix_socket), {.autocommit = true});
  for (auto const& row : conn.stream("SELECT 1")) EXPECT_EQ(row.get<int>(0), 1);
  conn.executemany("SELECT set_config('a.b', $1, false)", std::vector<std::string>());
  EXPECT_EQ(conn.told[0], "streams SELECT 1");
  EXPECT_EQ(conn.told[1], "ended SELECT 1");
}

TEST(stream_healing, of_a_table_with_other_columns) {
  connection conn = open(), other = open();
  conn.exec("DROP TABLE IF EXISTS streamed; CREATE TABLE streamed (i int); INSERT INTO streamed VALUES (1)");
  for (std::size_t turn = 0; turn < 2; ++turn) {
    for (auto const& row : conn.stream("SELECT pg_typeof($1)::text, * FROM streamed", 5)) {
      EXPECT_EQ(row.size(), turn + 2);
      EXPECT_EQ(row.get<std::string>(0), "integer");
    }
    if (turn == 0) other.exec("ALTER TABLE streamed ADD COLUMN t text DEFAULT 'x'");
  }
  conn.exec("DROP TABLE streamed");
}

// Which waits for guard_limit where it is not cancelled at once.
TEST(stream_leaving, cancels_what_runs_alone) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .guard_limit = 20s});
  auto const begin = std::chrono::steady_clock::now();
  { auto unread = conn.stream("SELECT pg_sleep(60)"); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

// Whether its transaction is its own or none.
TEST(stream_leaving, that_is_to_drain_lets_the_statement_stand) {
  for (bool const autocommit : {true, false}) {
    SCOPED_TRACE(autocommit);
    connection conn = connect(dsn(way::unix_socket), {.autocommit = autocommit});
    conn.exec("CREATE TEMP TABLE item (id int)");
    conn.commit();
    for (auto const& row :
         conn.stream({.on_leave = on_leave::drain}, "INSERT INTO item SELECT generate_series(1, 1000000) RETURNING id"))
      if (row.get<int>(0) == 5) break;
    EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 1'000'000);
  }
}

TEST(stream_leaving, drains_for_guard_limit_and_cancels_then) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .guard_limit = 200ms});
  auto const begin = std::chrono::steady_clock::now();
  { auto unread = conn.stream({.on_leave = on_leave::drain}, "SELECT pg_sleep(20)"); }
  auto const time = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(time, 200ms);
  EXPECT_LT(time, 10s);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_leaving, does_not_wait_on_an_asynchronous_connection) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto const begin = std::chrono::steady_clock::now();
  { auto unread = conn.start_stream({.on_leave = on_leave::drain}, "SELECT pg_sleep(2)"); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  finish(conn);
  EXPECT_FALSE(conn.isexecuting());
}

TEST(stream_leaving, drops_what_still_comes) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  std::optional rows =
      conn.start_stream({.on_leave = on_leave::drain}, "SELECT repeat('x', 1000) FROM generate_series(1, 30000)");
  finish(conn);  // a chunk waits
  heap_watch const watch;
  rows.reset();
  std::size_t most = 0;
  for (poll_status wanted; (wanted = conn.poll()) != poll_status::ok; most = std::max(most, watch.growth()))
    wait_once(conn, wanted);
  EXPECT_LT(most, 1U << 20);
}

// Some of its rows were given.
TEST(stream_healing, is_nothing_behind_rows) {
  connection conn = open();
  constexpr char sql[] = "SELECT 2147433647 + g FROM generate_series(1, $1::int) g";
  int count = 0;
  auto const walk = [&](int size) {
    for (auto const& row : conn.stream(sql, size)) ASSERT_EQ(row.get<int>(0), 2147433647 + ++count);
  };
  walk(10);  // known from now on
  count = 0;
  EXPECT_THROW(walk(100'000), data_error);
  EXPECT_LE(count, 50'000);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_healing, is_nothing_inside_a_transaction) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE streamed (i int)");
  auto const walk = [&] {
    for (auto const& row : conn.stream("SELECT * FROM streamed")) (void)row;
  };
  walk();
  conn.exec("BEGIN; ALTER TABLE streamed ADD COLUMN t text; SAVEPOINT before");
  EXPECT_THROW(walk(), not_supported_error);
  EXPECT_EQ(conn.transaction_status(), transaction_status::failed);
  conn.exec("ROLLBACK TO before");
  EXPECT_NO_THROW(walk()) << "it was forgotten";
}

}  // namespace
}  // namespace tusk::test
