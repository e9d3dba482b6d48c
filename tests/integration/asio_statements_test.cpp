// The statements that the Asio face runs: kept or not, and forgotten, as those of every other face.

#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>

#include "support/aio.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

constexpr char const* kept = "SELECT statement FROM pg_catalog.pg_prepared_statements";

TEST(asio_statements, unnamed_ones_are_not_kept) {
  run([]() -> asio::awaitable<void> {
    auto conn = co_await connected(dsn(way::unix_socket), {.statement_cache_mode = statement_cache_mode::unnamed});
    for (int i = 0; i < 3; ++i) {
      result const one = co_await conn.query("SELECT $1::int", i);
      EXPECT_EQ(first<int>(one), i);
    }
    results const all = co_await conn.exec(kept);
    EXPECT_TRUE(all[0].empty());
  });
}

TEST(asio_statements, stale_ones_heal) {
  run([]() -> asio::awaitable<void> {
    auto conn = co_await connected(dsn(way::unix_socket));
    co_await conn.exec("CREATE TEMP TABLE t (a int)");
    co_await conn.query("INSERT INTO t VALUES ($1)", "1");
    co_await conn.exec("ALTER TABLE t ALTER a TYPE text");
    co_await conn.query("INSERT INTO t VALUES ($1)", "one");
    co_await conn.exec("DISCARD ALL");
    result const one = co_await conn.query("SELECT $1::int", 1);
    EXPECT_EQ(first<int>(one), 1);
    results const all = co_await conn.exec(kept);
    EXPECT_EQ(all[0].size(), 1U);
  });
}

}  // namespace
}  // namespace tusk::test
