// Limits of time in the Asio face: timeout() is kept there as in every face.
#include <gtest/gtest.h>

#include <chrono>
#include <tusk/tusk.hpp>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class asio_limit : public testing::TestWithParam<way> {};

TEST_P(asio_limit, cancels_the_statement_and_the_connection_stays_usable) {
  run([]() -> asio::awaitable<void> {
    aio::connection conn = co_await connected(dsn(GetParam()));
    auto const begin = std::chrono::steady_clock::now();
    conn.native().start_query(within(50ms), "SELECT pg_sleep(60)");
    auto const [error] = co_await conn.wait(as_tuple);
    EXPECT_THROW(raise(error), query_canceled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", 7)), 7);
  });
}

TEST_P(asio_limit, of_a_cursor_too) {
  run([]() -> asio::awaitable<void> {
    aio::connection conn = co_await connected(dsn(GetParam()));
    cursor cur = conn.native().cursor();
    cur.execute(within(50ms), "SELECT pg_sleep(%s)", 60);
    auto const [error] = co_await conn.wait(as_tuple);
    EXPECT_THROW(raise(error), query_canceled);
    co_await conn.execute(cur, "SELECT %s", 8);
    EXPECT_EQ(cur.fetchone()->get<int>(0), 8);
  });
}

INSTANTIATE_TEST_SUITE_P(ways, asio_limit, testing::Values(way::unix_socket, way::tls_verify_full),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
