// The Asio face: coroutines and callbacks on one event loop, queries with a deadline, notifications beside queries.
// Build it with the CMake target tusk::asio.

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <tusk/aio/connection.hpp>

namespace {

using namespace asio::experimental::awaitable_operators;
using asio::awaitable;

/// Two connections work at the same time.
awaitable<void> two_at_once(std::string dsn) {
  tusk::aio::connection one{co_await asio::this_coro::executor}, two{co_await asio::this_coro::executor};
  co_await (one.connect(dsn) && two.connect(dsn));
  auto [a, b] = co_await (one.query("SELECT pg_sleep(0.1), $1::int", 1) && two.query("SELECT pg_sleep(0.1), 2"));
  std::printf("both have answered: %d and %d\n", a[0].get<int>(1), b[0].get<int>(1));
}

awaitable<void> serve(std::string dsn) {
  tusk::aio::connection conn{co_await asio::this_coro::executor};
  co_await conn.connect(dsn);
  co_await conn.exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'it''s')");
  tusk::result r = co_await conn.query("SELECT name FROM item WHERE id = $1", 1);
  std::printf("item 1 is %s\n", r[0].get<std::string>(0).c_str());

  try {
    co_await conn.query("INSERT INTO item VALUES ($1, $2)", 1, "again");
  } catch (tusk::integrity_error const& e) {
    std::printf("refused by %s\n", e.constraint().c_str());
  }

  // What takes too long is cancelled at the server, and the connection goes on.
  try {
    co_await conn.query(tusk::within(std::chrono::milliseconds(100)), "SELECT pg_sleep(60)");
  } catch (tusk::query_canceled const&) {
    std::printf("too slow, cancelled\n");
  }
  // So is what loses against something else.
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
  auto const first = co_await (conn.query("SELECT pg_sleep(60)") || timer.async_wait(asio::use_awaitable));
  std::printf("%s\n", first.index() == 0 ? "slept for a minute" : "something else was first");

  co_await conn.exec("LISTEN news");
  co_await conn.query("SELECT pg_notify('news', $1)", "hello");
  tusk::notify n = co_await conn.next_notify();  // not an operation: may be under way beside one
  std::printf("%s: %s\n", n.channel.c_str(), n.payload.c_str());

  tusk::cursor cur = conn.native().cursor();
  co_await conn.execute(cur, "SELECT %s + i FROM generate_series(1, 3) AS i", 40);
  for (auto [number] : cur.rows<std::tuple<int>>()) std::printf("%d\n", number);

  co_await two_at_once(dsn);
}

}  // namespace

int main(int count, char** arguments) {
  std::string const dsn = count > 1 ? arguments[1] : "";
  asio::io_context io;
  bool failed = false;
  asio::co_spawn(io, serve(dsn), [&](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (std::exception const& e) {
      std::fprintf(stderr, "%s\n", e.what());
      failed = true;
    }
  });

  // The same with callbacks, beside the coroutine.
  tusk::aio::connection conn(io);
  conn.connect(dsn, [&](std::exception_ptr error) {
    if (error) return;  // the coroutine says why
    conn.query(tusk::bind("SELECT $1::int", 5), [](std::exception_ptr e, tusk::result r) {
      if (!e) std::printf("a callback got %d\n", r[0].get<int>(0));
    });
  });
  io.run();
  return failed ? 1 : 0;
}
