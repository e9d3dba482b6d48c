// Streams with a fetch size: the same rows as without, and none that the server makes before they are asked for.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t sizes[] = {1, 2, 7, 100, 5000, 0xffffffff};

using lines = std::vector<std::string>;

void add(lines& to, result const& from) {
  for (auto const& row : from) {
    std::string& line = to.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row.is_null(i) ? "NULL," : std::to_string(from.columns()[i].type) + ':' + row.get<std::string>(i) + ',';
  }
}

/// What a stream gives, and the SQLSTATE of its error.
template <class Begin>
lines all_of(Begin const& begin) {
  lines told;
  try {
    auto rows = begin();
    while (auto const chunk = rows.next_chunk()) add(told, *chunk);
  } catch (error const& e) {
    told.push_back(std::to_string(e.sqlstate().packed()));
  }
  return told;
}

struct asked {
  std::string sql;
  std::optional<int> argument;
};

std::vector<asked> const& statements() {
  static std::vector<asked> const all = {
      {"SELECT g, 'row ' || g, g / 3.0::float8, NULL FROM generate_series(1, 230) g", {}},
      {"SELECT g FROM generate_series(1, $1::int) g", 100},
      {"SELECT g FROM generate_series(1, $1::int) g", 0},
      {"SELECT 1 / (50 - g) FROM generate_series(1, 100) g", {}},
      {"SELECT 1 WHERE $1::int = 5", 5},
      {"INSERT INTO fetched SELECT g FROM generate_series(1, 30) g RETURNING i", {}},
      {"INSERT INTO fetched VALUES (1)", {}},
      {"SELECT", {}},
      {"", {}},
      {"SELECT nothing", {}},
      {"SHOW server_encoding", {}},
      {"VALUES (1, 'a'), (2, NULL)", {}},
  };
  return all;
}

// Where there are two ways: without a fetch size and with each, of a new statement and of one that is known.
TEST(fetched_streams, give_what_others_give) {
  for (bool const autocommit : {true, false})
    for (asked const& each : statements()) {
      SCOPED_TRACE(each.sql);
      connection conn = connect(dsn(way::unix_socket), {.autocommit = autocommit});
      auto const with = [&](std::uint32_t size) {
        if (conn.transaction_status() != transaction_status::idle) conn.rollback();
        return all_of([&] {
          stream_options const how{.fetch_size = size};
          return each.argument ? conn.stream(how, each.sql, *each.argument) : conn.stream(how, each.sql);
        });
      };
      conn.exec("CREATE TEMP TABLE fetched (i int)");
      if (!autocommit) conn.commit();
      lines const expected = with(0);
      auto const usable = [&] {
        if (conn.transaction_status() == transaction_status::failed) conn.rollback();
        return value<int>(conn, "SELECT 5") == 5;
      };
      for (std::uint32_t const size : sizes)
        for (int turn = 0; turn < 2; ++turn) {
          SCOPED_TRACE(size);
          conn.forget_statements();
          if (turn == 1) with(size);
          ASSERT_EQ(with(size), expected);
          EXPECT_TRUE(usable());
        }
    }
}

TEST(fetched_streams, of_types_that_come_in_binary) {
  connection conn = open();
  for (int turn = 0; turn < 2; ++turn) {
    int next = 0;
    for (auto const& [id, time, half] : conn.stream<int, std::chrono::system_clock::time_point, double>(
             {.fetch_size = 10},
             "SELECT g, '2024-01-01Z'::timestamptz + g * interval '1 s', g / 2.0::float8 FROM generate_series(1, 95) "
             "g")) {
      ASSERT_EQ(id, ++next);
      ASSERT_EQ(time, std::chrono::sys_days(std::chrono::year(2024) / 1 / 1) + std::chrono::seconds(id));
      ASSERT_EQ(half, id / 2.0);
    }
    EXPECT_EQ(next, 95);
  }
}

/// A sequence, whose value says how many rows the server has made.
class made_rows : public testing::Test {
 protected:
  made_rows() : conn_(open()) { conn_.exec("CREATE TEMP SEQUENCE made"); }
  static constexpr char const* sql = "SELECT nextval('made')::int FROM generate_series(1, 100000)";
  int made() { return value<int>(conn_, "SELECT last_value::int FROM made"); }
  connection conn_;
};

TEST_F(made_rows, are_those_that_were_asked_for) {
  for (auto const& row : conn_.stream({.fetch_size = 10}, sql))
    if (row.get<int>(0) == 25) break;
  EXPECT_EQ(made(), 30);
  EXPECT_FALSE(conn_.closed());
}

TEST_F(made_rows, are_no_more_when_the_last_was_read) {
  {
    auto rows = conn_.stream({.fetch_size = 10}, sql);
    int count = 0;
    while (count < 20) count += static_cast<int>(rows.next_chunk()->size());
  }
  EXPECT_EQ(made(), 20);
}

TEST_F(made_rows, of_a_prepared_statement) {
  statement prepared = conn_.prepare("SELECT nextval('made')::int FROM generate_series(1, $1::int)");
  for (auto const& row : prepared.stream({.fetch_size = 10}, 1000))
    if (row.get<int>(0) == 5) break;
  EXPECT_EQ(made(), 10);
}

// What a stream without a fetch size does too; and draining asks for nothing more.
TEST(fetched_streams, left_early) {
  struct expected {
    bool autocommit, inside;
    on_leave how;
    transaction_status after;
    int rows;
  };
  using enum on_leave;
  using enum transaction_status;
  expected const all[] = {
      {true, false, automatic, idle, 0},
      {true, false, cancel, idle, 0},
      {true, false, drain, idle, 50},
      {false, false, automatic, idle, 0},
      {false, false, cancel, idle, 0},
      {false, false, drain, in_transaction, 50},
      {false, true, automatic, in_transaction, 50},
      {false, true, cancel, failed, 0},
      {false, true, drain, in_transaction, 50},
  };
  for (std::uint32_t const size : {0U, 5U})
    for (auto const& each : all) {
      SCOPED_TRACE(size);
      SCOPED_TRACE(&each - all);
      connection conn = connect(dsn(way::unix_socket), {.autocommit = each.autocommit});
      conn.exec("CREATE TEMP TABLE item (id int)");
      if (!each.autocommit) conn.commit();
      if (each.inside) conn.exec("SELECT 1");
      for (auto const& row : conn.stream({.on_leave = each.how, .fetch_size = size},
                                         "INSERT INTO item SELECT generate_series(1, 50) RETURNING id"))
        if (row.get<int>(0) == 3) break;
      if (size == 0 && each.how != drain && each.rows == 0) continue;  // all may have come already, and stand
      EXPECT_EQ(conn.transaction_status(), each.after);
      if (each.after == failed) conn.rollback();
      EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), each.rows);
    }
}

TEST(fetched_streams, are_cancelled_between_rows) {
  connection conn = open();
  auto rows = conn.stream({.fetch_size = 10}, "SELECT g FROM generate_series(1, 1000) g");
  ASSERT_TRUE(rows.next_chunk());
  conn.cancel();
  EXPECT_THROW(while (rows.next_chunk()){}, query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(fetched_streams, are_cancelled_while_the_server_works) {
  connection conn = open();
  auto rows =
      conn.stream({.limit = within(300ms), .fetch_size = 1}, "SELECT pg_sleep(g * 20) FROM generate_series(0, 1) g");
  ASSERT_TRUE(rows.next_chunk());
  auto const began = std::chrono::steady_clock::now();
  EXPECT_THROW(rows.next_chunk(), query_canceled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(fetched_streams, have_a_limit_between_rows) {
  connection conn = open();
  auto const walk = [&] {
    for (auto const& row :
         conn.stream({.limit = within(100ms), .fetch_size = 2}, "SELECT generate_series(1, 100) AS g"))
      if (row.get<int>(0) == 1) std::this_thread::sleep_for(150ms);
  };
  EXPECT_THROW(walk(), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(fetched_streams, heal) {
  connection conn = open(), other = open();
  conn.exec(
      "DROP TABLE IF EXISTS fetch_healed; CREATE TABLE fetch_healed (i int); "
      "INSERT INTO fetch_healed SELECT generate_series(1, 20)");
  for (std::size_t turn = 0; turn < 2; ++turn) {
    int count = 0;
    for (auto const& row : conn.stream({.fetch_size = 3}, "SELECT * FROM fetch_healed WHERE i > $1", 5)) {
      EXPECT_EQ(row.size(), turn + 1);
      ++count;
    }
    EXPECT_EQ(count, 15);
    if (turn == 0) other.exec("ALTER TABLE fetch_healed ADD COLUMN t text DEFAULT 'x'");
  }
  conn.exec("DROP TABLE fetch_healed");
}

TEST(fetched_streams, step_by_poll) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  for (std::uint32_t const size : {1U, 10U, 333U}) {
    auto rows = conn.start_stream({.fetch_size = size}, "SELECT g FROM generate_series(1, 1000) g");
    int next = 1;
    while (!rows.ended()) {
      finish(conn);
      if (auto const chunk = rows.take_chunk())
        for (auto const& row : *chunk) ASSERT_EQ(row.get<int>(0), next++);
    }
    EXPECT_EQ(next, 1001);
    auto const begin = std::chrono::steady_clock::now();
    {
      auto left = conn.start_stream({.fetch_size = size}, "SELECT g FROM generate_series(1, 1000) g"),
           again = std::move(left);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    finish(conn);
    {
      auto left = conn.start_stream({.fetch_size = size}, "SELECT g FROM generate_series(1, 1000) g");
      finish(conn);
      EXPECT_TRUE(left.take_chunk());
    }
    finish(conn);
    EXPECT_FALSE(conn.isexecuting());
  }
}

TEST(fetched_streams, with_a_wait_callback_and_in_a_hook) {
  struct watching : connection {
    using connection::connection;
    std::vector<std::uint32_t> told;
    results do_execute(execution const& what) override {
      told.push_back(what.fetch_size);
      return connection::do_execute(what);
    }
  };
  auto conn = connect<watching>(dsn(way::unix_socket), {.autocommit = true});
  conn.exec("CREATE TEMP SEQUENCE made");
  for (auto const& row : conn.stream({.fetch_size = 4}, "SELECT nextval('made')::int FROM generate_series(1, 100)"))
    if (row.get<int>(0) == 6) break;
  EXPECT_EQ(conn.told.back(), 4U);
  EXPECT_EQ(value<int>(conn, "SELECT last_value::int FROM made"), 8);
  set_wait_callback(wait_select);
  int count = 0;
  for (auto const& row : conn.stream({.fetch_size = 3}, "SELECT 1 FROM generate_series(1, 20)"))
    count += row.get<int>(0);
  set_wait_callback(nullptr);
  EXPECT_EQ(count, 20);
}

TEST(fetched_streams, in_every_face) {
  for (face const& by : all_faces())
    for (std::uint32_t const size : {0U, 1U, 3U, 64U}) {
      SCOPED_TRACE(by.name);
      SCOPED_TRACE(size);
      auto const on = open(by, dsn(way::unix_socket));
      on->exec("CREATE TEMP SEQUENCE made");
      int next = 1;
      on->stream_by(size, "SELECT nextval('made')::int FROM generate_series(1, 200)", [&](row const& each) {
        EXPECT_EQ(each.get<int>(0), next);
        return ++next <= 500;
      });
      EXPECT_EQ(next, 201);
      on->stream_by(size, "SELECT nextval('made')::int FROM generate_series(1, 200)",
                    [&](row const& each) { return each.get<int>(0) < 300; });
      if (on->closed()) {  // where a destructor cannot wait: a wait callback is not called by it
        EXPECT_EQ(std::string_view(by.name), "callback");
        continue;
      }
      int const made = on->value<int>("SELECT last_value::int FROM made");
      if (size == 0) {
        EXPECT_GE(made, 300);
      } else {
        // 300 were read; an asynchronous connection may have asked for a portion more when it left.
        int const portions = (100 + static_cast<int>(size) - 1) / static_cast<int>(size);
        EXPECT_GE(made, 200 + portions * static_cast<int>(size));
        EXPECT_LE(made, 200 + (portions + 1) * static_cast<int>(size));
      }
      EXPECT_THROW(
          on->stream_by(size, "SELECT 1 / (20 - g) FROM generate_series(1, 100) g", [](row const&) { return true; }),
          data_error);
      EXPECT_EQ(on->value<int>("SELECT $1::int", 5), 5);
    }
}

}  // namespace
}  // namespace tusk::test
