// A pool for Asio: many coroutines over few connections, a transaction, a deadline, upkeep, and the end.
// Build it with the CMake target tusk::asio.
//
//   aio_pooling 'host=localhost dbname=test ...'

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <tusk/aio/pool.hpp>

namespace {

using namespace std::chrono_literals;
using asio::awaitable;

awaitable<void> move_money(tusk::aio::pool& pool, int from, int to, int amount) {
  co_await pool.with(tusk::within(5s), [&](tusk::aio::connection& conn) -> awaitable<void> {
    co_await conn.query("UPDATE aio_pooling SET balance = balance - $2 WHERE id = $1", from, amount);
    co_await conn.query("UPDATE aio_pooling SET balance = balance + $2 WHERE id = $1", to, amount);
  });  // commits; what it throws undoes all of it
}

awaitable<void> serve(tusk::aio::pool& pool) {
  co_await pool.warm_up(tusk::within(10s));
  pool.run(asio::detached);  // what is idle or old, and the minimum, until the pool is closed
  co_await pool.query("DROP TABLE IF EXISTS aio_pooling");
  co_await pool.query("CREATE TABLE aio_pooling (id int PRIMARY KEY, balance int CHECK (balance >= 0))");
  co_await pool.query("INSERT INTO aio_pooling SELECT n, 100 FROM generate_series(1, 20) AS n");

  int left = 20;  // more of them than connections: who finds none waits in the queue, and blocks nobody
  for (int id = 1; id <= 20; ++id)
    asio::co_spawn(pool.get_executor(), move_money(pool, id, id % 20 + 1, 10), [&](std::exception_ptr const& error) {
      if (error) std::puts("one has failed");
      --left;
    });
  try {
    co_await move_money(pool, 1, 2, 10'000);
  } catch (tusk::integrity_error const& e) {
    std::printf("refused: %s\n", e.constraint().c_str());
  }
  while (left != 0) co_await pool.query("SELECT pg_sleep(0.001)");
  tusk::result const sum = co_await pool.query("SELECT sum(balance)::int FROM aio_pooling");
  std::printf("%d in all\n", sum[0].get<int>(0));

  {
    tusk::aio::lease conn = co_await pool.acquire(tusk::within(1s));
    try {
      co_await conn->query(tusk::within(50ms), "SELECT pg_sleep(60)");
    } catch (tusk::query_canceled const&) {
      std::puts("took too long, and the connection goes on");
    }
    co_await conn->exec("BEGIN; UPDATE aio_pooling SET balance = 0");
  }  // Nobody commits: it is rolled back behind the lease's end.

  co_await pool.query("DROP TABLE aio_pooling");
  co_await pool.close(tusk::within(5s));  // waits for leases, closes what is still lent then
  tusk::pool_statistics const now = pool.statistics();
  std::printf("%llu leases, %llu transactions left open\n", static_cast<unsigned long long>(now.acquired),
              static_cast<unsigned long long>(now.rolled_back));
}

}  // namespace

int main(int count, char** arguments) {
  asio::io_context io;
  tusk::aio::pool pool(io, count > 1 ? arguments[1] : "", {.minimum = 1, .maximum = 4});
  int status = 0;
  asio::co_spawn(io, serve(pool), [&](std::exception_ptr error) {
    if (error) try {
        std::rethrow_exception(error);
      } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        status = 1;
        pool.close(asio::detached);  // ends run(), and so the event loop
      }
  });
  io.run();
  return status;
}
