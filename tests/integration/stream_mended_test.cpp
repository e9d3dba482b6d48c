// Streams, with a fetch size and without: faults that were mended.

#include <gtest/gtest.h>

#include <thread>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"

namespace tusk::test {
namespace {

// One whose healing was refused left the connection with a stream open for ever.
TEST(stream_mended, one_that_does_not_heal_leaves_nothing_open) {
  for (std::uint32_t const size : {0U, 3U}) {
    SCOPED_TRACE(size);
    connection conn = connect(dsn(way::unix_socket), {.async = true}), other = open();
    finish(conn);
    other.exec("DROP TABLE IF EXISTS not_healed; CREATE TABLE not_healed (i int); INSERT INTO not_healed VALUES (1)");
    auto const stream = [&] { return conn.start_stream({.fetch_size = size}, "SELECT * FROM not_healed"); };
    {
      auto rows = stream();
      while (!rows.ended()) {
        finish(conn);
        rows.take_chunk();
      }
    }
    other.exec("ALTER TABLE not_healed ADD COLUMN t text");
    {
      auto rows = stream();
      conn.cancel();
      try {
        while (!rows.ended()) {
          finish(conn);
          rows.take_chunk();
        }
      } catch (error const&) {}
    }
    finish(conn);
    auto const after = conn.start_query("SELECT 5");
    finish(conn);
    EXPECT_TRUE(after.ready());
    other.exec("DROP TABLE not_healed");
  }
}

// What was meant for an operation before it ended a stream with a fetch size.
TEST(stream_mended, are_not_cancelled_with_what_was_before) {
  connection conn = open();
  auto before = conn.start_query("SELECT pg_sleep(10)");
  std::thread([&] { conn.cancel(); }).join();
  auto rows = conn.stream({.fetch_size = 3}, "SELECT generate_series(1, 10)");
  std::size_t count = 0;
  while (auto const chunk = rows.next_chunk()) count += chunk->size();
  EXPECT_EQ(count, 10U);
  try {
    before.get();
  } catch (query_canceled const&) {}
}

TEST(stream_mended, go_on_where_poll_steps_a_blocking_connection) {
  connection conn = open();
  auto rows = conn.stream({.fetch_size = 3}, "SELECT generate_series(1, 10)");
  std::size_t count = 0;
  while (!rows.ended()) {
    wait_select(conn);
    if (auto const chunk = rows.take_chunk()) count += chunk->size();
  }
  EXPECT_EQ(count, 10U);
}

// Whether a stream was alone was asked before what was in front of it had ended.
TEST(stream_mended, behind_a_begin_are_not_cancelled_when_they_are_left) {
  for (std::uint32_t const size : {0U, 3U}) {
    connection conn = connect(dsn(way::unix_socket), {.async = true});
    finish(conn);
    auto begun = conn.start_query("BEGIN");
    {
      auto rows = conn.start_stream({.fetch_size = size}, "SELECT generate_series(1, 100)");
      do finish(conn);
      while (!rows.take_chunk());
    }
    finish(conn);
    EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  }
}

TEST(stream_mended, that_are_left_keep_their_statement) {
  connection conn = open();
  auto const kept = [&] { return value<int>(conn, "SELECT count(*)::int FROM pg_prepared_statements"); };
  for (int turn = 0; turn < 2; ++turn)
    for (auto const& row : conn.stream({.fetch_size = 3}, "SELECT generate_series(1, 100)"))
      if (row.get<int>(0) == 2) break;
  int const before = kept();
  EXPECT_EQ(kept(), before);
  EXPECT_EQ(
      value<int>(conn, "SELECT count(*)::int FROM pg_prepared_statements WHERE statement LIKE 'SELECT generate%'"), 1);
}

// poll() did not say that a chunk can be taken where somebody is told of ends: did_execute, or a cursor's.
TEST(stream_hooks, mended_poll_says_ok_while_a_chunk_waits) {
  struct watching : connection {
    using connection::connection;
    int ended = 0;
    void did_execute(outcome const&) override { ++ended; }
  };
  auto conn = connect<watching>(dsn(way::unix_socket), {.async = true});
  finish(conn);
  for (std::uint32_t const size : {0U, 3U}) {
    auto rows = conn.start_stream({.fetch_size = size}, "SELECT generate_series(1, 10000)");
    std::size_t count = 0;
    while (!rows.ended()) {
      finish(conn);
      if (auto const chunk = rows.take_chunk()) count += chunk->size();
    }
    EXPECT_EQ(count, 10'000U);
  }
  finish(conn);
  EXPECT_EQ(conn.ended, 2);
}

}  // namespace
}  // namespace tusk::test
