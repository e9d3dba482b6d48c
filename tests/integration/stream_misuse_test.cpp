// Streams used in ways that they are not meant for; and statements that nothing runs, however they hide their first
// word: each is an error of a known class, whose text says what to do, and the connection is usable afterwards, or
// closed.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
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

constexpr char huge[] = "SELECT generate_series(1, 10000000)";  // not in FROM, so that rows come at once

connection open_async() {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  return conn;
}

TEST(stream_misuse, of_one_that_was_moved_from_or_walked_to_its_end) {
  connection conn = open();
  auto rows = conn.stream("SELECT 1");
  auto moved = std::move(rows);
  for (auto const& call : std::vector<std::function<void()>>{[&] { rows.next_chunk(); }, [&] { rows.take_chunk(); },
                                                             [&] { (void)rows.ended(); }, [&] { rows.begin(); }})
    EXPECT_CONTAINS("it was moved from", thrown<programming_error>(call).what());
  EXPECT_TRUE(moved.next_chunk());
  for (int turn = 0; turn < 3; ++turn) EXPECT_FALSE(moved.next_chunk());
  EXPECT_FALSE(moved.take_chunk());
  EXPECT_TRUE(moved.ended());
  EXPECT_EQ(moved.begin(), moved.end());
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_misuse, of_one_that_has_failed) {
  connection conn = open();
  auto rows = conn.stream("SELECT 1/0");
  EXPECT_THROW(rows.next_chunk(), data_error);
  EXPECT_FALSE(rows.next_chunk()) << "it is told once";
  EXPECT_TRUE(rows.ended());
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_misuse, of_one_that_another_is_assigned_to) {
  connection conn = open(), other = open();
  auto rows = conn.stream(huge);
  EXPECT_TRUE(rows.next_chunk());
  rows = other.stream("SELECT 2");
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
  EXPECT_EQ((*rows.begin()).get<int>(0), 2);
}

TEST(stream_misuse, whose_connection_is_closed_while_it_is_walked) {
  connection conn = open();
  int count = 0;
  auto const walk = [&] {
    for (auto const& row : conn.stream(huge)) {
      (void)row;
      if (++count == 10) conn.close();
    }
  };
  EXPECT_CONTAINS("closed", thrown<operational_error>(walk).what());
  EXPECT_GE(count, 10);
  EXPECT_TRUE(conn.closed());
}

TEST(stream_misuse, whose_connection_moves_while_it_is_walked) {
  connection conn = open();
  std::optional<connection> elsewhere;
  int count = 0;
  for (auto const& row : conn.stream("SELECT g FROM generate_series(1, 50000) g")) {
    ASSERT_EQ(row.get<int>(0), ++count);
    if (count == 10) elsewhere = std::move(conn);
  }
  EXPECT_EQ(count, 50'000);
  EXPECT_EQ(value<int>(*elsewhere, "SELECT 5"), 5);
}

TEST(stream_misuse, whose_connection_has_gone) {
  for (bool const async : {false, true}) {
    auto conn = std::make_optional(async ? open_async() : open());
    auto rows = async ? conn->start_stream(huge) : conn->stream(huge);
    async ? void(finish(*conn)) : void(conn->poll());
    conn.reset();
    auto const read_on = [&] {
      for (;;) (void)rows.take_chunk();
    };
    EXPECT_CONTAINS("closed", thrown<operational_error>(read_on).what());
    EXPECT_TRUE(rows.ended());
  }
}

TEST(stream_misuse, that_a_handler_destroys_closes_the_connection) {
  connection conn = open_async();
  std::optional<tusk::stream<>> rows;
  auto made = conn.start_exec(
      "CREATE FUNCTION pg_temp.say() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'now'; RETURN 1; END$$");
  finish(conn);
  made.get();
  conn.on_notice([&](diagnostics const&) { rows.reset(); });
  rows = conn.start_stream("SELECT pg_temp.say(), pg_sleep(60)");
  auto const step = [&] {
    while (rows) {
      poll_status const wanted = conn.poll();
      if (rows && wanted != poll_status::ok) wait_once(conn, wanted);
    }
    finish(conn);
  };
  EXPECT_ANY_THROW(step());
  EXPECT_TRUE(conn.closed());
}

TEST(stream_misuse, that_another_thread_destroys) {
  connection conn = open();
  std::optional<tusk::stream<>> rows = conn.stream(huge);
  EXPECT_TRUE(rows->next_chunk());
  std::thread([&] { rows.reset(); }).join();
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(stream_misuse, that_ends_behind_the_connection_of_another_thread) {
  for (int turn = 0; turn < 20; ++turn) {
    auto conn = std::make_optional(open());
    std::optional<tusk::stream<>> rows = conn->stream(huge);
    EXPECT_TRUE(rows->next_chunk());
    std::jthread const other([&] { rows.reset(); });
    conn.reset();
  }
}

// The statement in front was cancelled instead.
TEST(stream_misuse, mended_of_one_that_is_left_before_its_turn) {
  for (bool const async : {false, true}) {
    SCOPED_TRACE(async);
    connection conn = async ? open_async() : open();
    auto before = conn.start_query("SELECT pg_sleep(0.3)");
    auto const sent = conn.poll();
    EXPECT_NE(sent, poll_status::ok);
    wait_until_active(conn.info().backend_pid);
    { auto rows = conn.start_stream(huge); }
    finish(conn);
    EXPECT_NO_THROW(before.get());
    auto script = conn.start_exec("SELECT pg_sleep(0.1)");  // nothing is sent behind it
    { auto rows = conn.start_stream(huge); }
    auto behind = conn.start_query("SELECT 5");
    finish(conn);
    EXPECT_NO_THROW(script.get());
    EXPECT_EQ(behind.get()[0].get<int>(0), 5);
  }
}

// What is behind it is in the guard's transaction, which has not begun yet.
TEST(stream_misuse, of_one_that_is_left_first_in_a_guard) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  {
    transaction tx{conn};
    { auto unread = conn.stream(huge); }
    EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
    conn.query("INSERT INTO item VALUES (1)");
    EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
    tx.rollback();
  }
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
}

TEST(stream_misuse, of_a_notification_that_cannot_come) {
  connection conn = open();
  {
    auto rows = conn.stream(huge);
    EXPECT_TRUE(rows.next_chunk());
    EXPECT_CONTAINS("a stream or a COPY on this connection is open",
                    thrown<programming_error>([&] { conn.next_notify(within(1s)); }).what());
  }
  EXPECT_EQ(conn.next_notify(within(1ms)), std::nullopt);
}

// ---- statements ----

/// What a comment, or white space, hides from who looks at the first byte alone.
struct disguise {
  char const* name;
  char const* front;
};
void PrintTo(disguise const& each, std::ostream* out) { *out << each.name; }

class disguised : public testing::TestWithParam<disguise> {
 protected:
  static std::string text(char const* statement) { return std::string(GetParam().front) + statement; }
};

TEST_P(disguised, copy_is_refused_before_it_is_sent) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  for (char const* const copy : {"COPY item FROM STDIN", "copy item TO STDOUT", "CoPy (SELECT 1) TO STDOUT"}) {
    std::string const sql = text(copy);
    SCOPED_TRACE(sql);
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("SELECT 1");
    EXPECT_CONTAINS("COPY", thrown<programming_error>([&] { p.query(sql); }).what());
    p.sync().get();
    EXPECT_EQ(x.get()[0].get<int>(0), 1);
    for (auto const& call : std::vector<std::function<void()>>{
             [&] { conn.query(sql); }, [&] { conn.prepare(sql); }, [&] { conn.stream(sql).begin(); },
             [&] { conn.start_query(sql).get(); }, [&] { conn.start_prepare(sql).get(); },
             [&] { conn.pipeline().query(sql); }, [&] { conn.executemany(sql, std::vector{params::of(nullptr)}); }})
      EXPECT_CONTAINS("COPY", thrown<programming_error>(call).what());
    EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
  }
}

TEST_P(disguised, the_end_of_a_transaction_is_refused_where_it_is_not_the_users) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE item (id int)");
  conn.commit();
  for (bool const guarded : {false, true}) {
    SCOPED_TRACE(guarded);
    if (guarded) conn.set_autocommit(true);
    std::optional<transaction> guard;
    if (guarded) guard.emplace(conn);
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("INSERT INTO item VALUES (1)");
    for (char const* const word : {"COMMIT", "end", "ROLLBACK", "ABORT", "BEGIN", "START TRANSACTION",
                                   "PREPARE TRANSACTION 'x'", "COMMIT AND CHAIN", "ROLLBACK TO SAVEPOINT a"})
      EXPECT_CONTAINS("use commit() or rollback() behind sync()",
                      thrown<programming_error>([&] { p.query(text(word)); }).what());
    auto y = p.query(text("SELECT count(*)::int FROM item"));
    p.sync().get();
    EXPECT_EQ(y.get()[0].get<int>(0), 1);
    EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
    if (guarded)
      guard.reset();
    else
      conn.rollback();
    EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
    conn.rollback();
  }
}

TEST_P(disguised, the_end_of_a_transaction_is_the_users_in_autocommit) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  tusk::pipeline p = conn.pipeline();
  p.query(text("BEGIN"));
  p.query("INSERT INTO item VALUES (1)");
  p.query(text("COMMIT"));
  p.query("SELECT 1/0");
  EXPECT_THROW(p.sync().get(), data_error);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 1);
}

INSTANTIATE_TEST_SUITE_P(each, disguised,
                         testing::Values(disguise{"by_nothing", ""}, disguise{"by_white_space", " \t\r\n\f"},
                                         disguise{"by_a_line", "-- SELECT\n"}, disguise{"by_a_comment", "/* SELECT */"},
                                         disguise{"by_nested_comments", "/* a /* b */ -- c\n */"},
                                         disguise{"by_semicolons", ";; ;"},
                                         disguise{"by_all_of_them", "\n;--a\n/*b/*c*/*/;\t/*d*/--e\n ;"}),
                         [](auto const& of) { return of.param.name; });

}  // namespace
}  // namespace tusk::test
