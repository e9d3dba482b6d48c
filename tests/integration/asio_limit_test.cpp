// Limits of time in the Asio face: timeout() is kept there as in every face.
#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <thread>
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

TEST_P(asio_limit, is_a_part_of_the_statement) {
  run([]() -> asio::awaitable<void> {
    aio::connection conn = co_await connected(dsn(GetParam()));
    cursor cur = conn.native().cursor();
    auto const [queried, r] = co_await conn.query(bind(within(30ms), "SELECT pg_sleep($1)", 60.0), as_tuple);
    EXPECT_THROW(raise(queried), query_canceled);
    auto const [executed] = co_await conn.execute(cur, bind(within(30ms), "SELECT pg_sleep(%s)", 60), as_tuple);
    EXPECT_THROW(raise(executed), query_canceled);
    auto const [script, all] = co_await conn.exec(within(30ms), "SELECT 1; SELECT pg_sleep(60)", as_tuple);
    EXPECT_THROW(raise(script), query_canceled);
    auto const [late, none] = co_await conn.query(bind(within(0s), "SELECT 1"), as_tuple);
    EXPECT_CONTAINS("was not sent", thrown<query_canceled>([&] { raise(late); }).what());

    EXPECT_EQ(first<int>(co_await conn.query(within(60s), "SELECT $1::int", 7)), 7);
    EXPECT_EQ((co_await conn.exec(within(60s), "SELECT 1; SELECT 2")).size(), 2U);
    co_await conn.execute(within(60s), cur, "SELECT %s", 8);
    EXPECT_EQ(cur.fetchone()->get<int>(0), 8);
  });
}

TEST_P(asio_limit, is_a_stop_token) {
  run([]() -> asio::awaitable<void> {
    aio::connection conn = co_await connected(dsn(GetParam()));
    std::stop_source source;
    std::thread other([&, pid = conn.native().info().backend_pid] {
      wait_until_active(pid);
      source.request_stop();
    });
    auto const [error, r] = co_await conn.query(bind(within(source.get_token()), "SELECT pg_sleep(60)"), as_tuple);
    EXPECT_THROW(raise(error), query_canceled);
    other.join();
    EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", 7)), 7);
  });
}

INSTANTIATE_TEST_SUITE_P(ways, asio_limit, testing::Values(way::unix_socket, way::tls_verify_full),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
