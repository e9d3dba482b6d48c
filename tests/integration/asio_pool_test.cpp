// An Asio pool: what it lends, to whom, by which tokens, and what becomes of it while nobody has it.
#include <gtest/gtest.h>

#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "support/aio_pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

pool_options one() { return {.maximum = 1, .acquire_limit = 20s}; }

TEST(asio_pool, lends_the_same_connection_again) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    std::int32_t first = 0;
    {
      aio::lease lent = co_await on.acquire();
      first = pid_of(lent);
      EXPECT_EQ(test::first<int>(co_await lent->query("SELECT $1::int", 5)), 5);
      EXPECT_EQ(on.statistics().leased, 1u);
    }
    aio::lease again = co_await on.acquire(within(1s));
    EXPECT_EQ(pid_of(again), first);
    again.release();
    again.release();
    EXPECT_FALSE(again);
    EXPECT_EQ(test::first<int>(co_await on.query("SELECT $1::int + 1", 5)), 6);
    EXPECT_EQ(test::first<int>(co_await on.query(within(1s), "SELECT $1::int + 2", 5)), 7);
    EXPECT_EQ(on.statistics().connected, 1u);
    EXPECT_EQ(on.statistics().acquired, 4u);
  });
}

TEST(asio_pool, every_token) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), one());
  std::vector<std::string> called;
  for (int round = 0; round < 2; ++round) {  // connecting, and from what is idle
    on.acquire([&](std::exception_ptr const& error, aio::lease lent) {
      EXPECT_FALSE(error);
      EXPECT_TRUE(lent);
      called.emplace_back("acquire");
    });
    on.query(bind("SELECT 7"), [&](std::exception_ptr const& error, result const& r) {
      EXPECT_FALSE(error);
      EXPECT_EQ(first<int>(r), 7);
      called.emplace_back("query");
    });
    EXPECT_TRUE(called.empty()) << "no handler is called from within the function";
    io.restart();
    run(io);
    EXPECT_EQ(called, (std::vector<std::string>{"acquire", "query"}));
    called.clear();
  }
  bool done = false;
  asio::co_spawn(
      io,
      [&]() -> awaitable<void> {
        auto [error, none] = co_await on.query(bind("SELECT nonsense"), as_tuple);
        EXPECT_THROW(raise(error), programming_error);
        aio::lease const by_deferred = co_await on.acquire(asio::experimental::deferred)(asio::use_awaitable);
        EXPECT_TRUE(by_deferred);
        done = true;
      },
      asio::detached);
  io.restart();
  run(io);
  EXPECT_TRUE(done);
}

TEST(asio_pool, future_of_another_thread) {
  asio::io_context io;
  auto const keep = asio::make_work_guard(io);
  std::jthread const loop([&] { io.run(); });
  {
    aio::pool on(io, dsn(way::unix_socket), one());
    EXPECT_EQ(first<int>(on.query(bind("SELECT 7"), asio::use_future).get()), 7);
    EXPECT_EQ(first<int>(on.query(bind("SELECT 8"), asio::use_future).get()), 8);
    EXPECT_TRUE(on.close(within(5s), asio::use_future).get());
  }
  io.stop();
}

TEST(asio_pool, lease_is_bound_to_who_acquires) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), one());
  asio::any_io_executor const here = asio::make_strand(io), there = asio::make_strand(io);
  std::int32_t pid = 0;
  for (auto const& executor : {here, there, there}) {
    bool called = false;
    on.acquire(asio::bind_executor(executor, [&](std::exception_ptr const& error, aio::lease lent) {
      raise(error);
      called = true;
      EXPECT_EQ(lent->get_executor(), executor);
      if (pid == 0) pid = pid_of(lent);
      EXPECT_EQ(pid_of(lent), pid);
    }));
    io.restart();
    run(io);
    EXPECT_TRUE(called);
  }
  asio::thread_pool others(1);
  std::thread::id thread;
  on.acquire(asio::bind_executor(others, [&](std::exception_ptr const& error, aio::lease lent) {
    raise(error);
    EXPECT_EQ(lent->get_executor(), on.get_executor()) << "of another context";
    thread = std::this_thread::get_id();
  }));
  io.restart();
  run(io);
  others.join();
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_NE(thread, std::thread::id());
}

TEST(asio_pool, in_order_of_arrival_and_never_more_than_the_maximum) {
  with_pool({.maximum = 2, .acquire_limit = 20s}, [](aio::pool& on) -> awaitable<void> {
    std::vector<int> order;
    std::optional<aio::lease> first(co_await on.acquire()), second(co_await on.acquire());
    int done = 0;
    for (int i = 0; i < 10; ++i)
      asio::co_spawn(
          co_await asio::this_coro::executor,
          [&, i]() -> awaitable<void> {
            aio::lease const lent = co_await on.acquire();
            order.push_back(i);
            EXPECT_LE(on.statistics().leased, 2u);
            co_await after(1ms);
            ++done;
          },
          asio::detached);
    EXPECT_TRUE(co_await becomes_true([&] { return on.statistics().waiting == 10; }));
    first.reset();
    second.reset();
    EXPECT_TRUE(co_await becomes_true([&] { return done == 10; }));
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(on.statistics().connected, 2u);
  });
}

TEST(asio_pool, limits_and_a_full_queue) {
  with_pool({.maximum = 1, .max_waiting = 1, .acquire_limit = 50ms}, [](aio::pool& on) -> awaitable<void> {
    {
      aio::lease const lent = co_await on.acquire();
      std::string const why = co_await error_of<query_canceled>(on.acquire());
      EXPECT_CONTAINS("1 of at most 1 connections are lent", why);
      co_await error_of<query_canceled>(on.acquire(within(10ms)));
      EXPECT_CONTAINS("over before", co_await error_of<query_canceled>(on.acquire(within(0ms))));
      std::exception_ptr waited;
      on.acquire(within(200ms), [&](std::exception_ptr const& error, aio::lease) { waited = error; });
      EXPECT_CONTAINS("max_waiting", co_await error_of<operational_error>(on.acquire()));
      std::stop_source stop;
      EXPECT_TRUE(co_await becomes_true([&] { return waited != nullptr; }));
      asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
      timer.async_wait([&](std::error_code) { std::jthread([&] { stop.request_stop(); }); });
      EXPECT_CONTAINS("stopped", co_await error_of<query_canceled>(on.acquire(stop.get_token())));
    }
    EXPECT_EQ(on.statistics().timed_out, 4u);
    EXPECT_EQ(on.statistics().refused, 1u);
    EXPECT_TRUE(co_await on.acquire());
  });
}

TEST(asio_pool, transactions) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    co_await on.query("DROP TABLE IF EXISTS asio_pool_item");
    co_await on.query("CREATE TABLE asio_pool_item (id int PRIMARY KEY)");
    auto const insert = [](int id) {
      return [id](aio::connection& conn) -> awaitable<void> {
        co_await conn.query("INSERT INTO asio_pool_item VALUES ($1)", id);
      };
    };
    co_await on.with(insert(1));
    EXPECT_EQ(co_await on.with(within(1s),
                               [](aio::connection& conn) -> awaitable<long> {
                                 co_await conn.query("INSERT INTO asio_pool_item VALUES (2)");
                                 co_return first<long>(co_await conn.query("SELECT count(*) FROM asio_pool_item"));
                               }),
              2);
    co_await error_of<std::logic_error>(on.with([](aio::connection& conn) -> awaitable<void> {
      co_await conn.query("INSERT INTO asio_pool_item VALUES (3)");
      co_await conn.exec("INSERT INTO asio_pool_item VALUES (4)");
      throw std::logic_error("of the user's");
    }));
    co_await error_of<integrity_error>(on.with(insert(1)));
    // A statement that failed, which was not told to with().
    EXPECT_CONTAINS("rolled back instead",
                    co_await error_of<error>(on.with([&](aio::connection& conn) -> awaitable<void> {
                      co_await insert(5)(conn);
                      co_await conn.exec("SELECT nonsense", as_tuple);
                    })));
    co_await error_of<interface_error>(on.with([&](aio::connection& conn) -> awaitable<void> {
      co_await insert(6)(conn);
      co_await conn.close();
    }));
    co_await on.with([](aio::connection&) -> awaitable<void> { co_return; });
    EXPECT_EQ(first<int>(co_await on.query("SELECT max(id) FROM asio_pool_item")), 2);
    EXPECT_EQ(on.statistics().rolled_back, 0u) << "those of with() are meant";
    co_await on.query("DROP TABLE asio_pool_item");
  });
}

// ---- upkeep ----

TEST(asio_pool, warm_up_maintain_run) {
  pool_options options{.minimum = 2, .maximum = 3, .idle_time = 50ms};
  with_pool(options, [](aio::pool& on) -> awaitable<void> {
    co_await on.warm_up(within(10s));
    EXPECT_EQ(on.statistics().idle, 2u);
    {
      std::vector<aio::lease> all;
      for (int i = 0; i < 3; ++i) all.push_back(co_await on.acquire());
    }
    EXPECT_EQ(on.statistics().idle, 3u);
    co_await after(60ms);
    EXPECT_EQ(co_await on.maintain(), 2u);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::idle), 1u);
    std::exception_ptr ended;
    bool has_ended = false;
    on.run([&](std::exception_ptr const& error) {
      ended = error;
      has_ended = true;
    });
    (co_await on.acquire()).discard();
    EXPECT_TRUE(co_await becomes_true([&] { return on.statistics().idle == 2; })) << "run() makes what is missing";
    EXPECT_FALSE(has_ended);
    EXPECT_TRUE(co_await on.close());
    EXPECT_TRUE(co_await becomes_true([&] { return has_ended; }));
    EXPECT_FALSE(ended);
  });
}

TEST(asio_pool, a_lifetime_ends_and_the_dead_are_not_lent) {
  pool_options options = one();
  options.lifetime = 50ms;
  options.lifetime_jitter = 0ms;
  with_pool(options, [](aio::pool& on) -> awaitable<void> {
    auto const before = first<int>(co_await on.query("SELECT pg_backend_pid()"));
    co_await after(60ms);
    aio::lease fresh = co_await on.acquire();
    EXPECT_NE(pid_of(fresh), before);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::lifetime), 1u);
  });
  options = one();
  options.check_after = 1s;
  with_pool(options, [](aio::pool& on) -> awaitable<void> {
    auto const before = first<int>(co_await on.query("SELECT pg_backend_pid()"));
    co_await after(1010ms);
    EXPECT_EQ(first<int>(co_await on.query("SELECT pg_backend_pid()")), before) << "it gave a sign of life";
    terminate(before);
    co_await after(1010ms);
    EXPECT_NE(first<int>(co_await on.query("SELECT pg_backend_pid()")), before);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
  });
}

TEST(asio_pool, close_waits_and_closes_under_way) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    std::optional<aio::lease> lent(co_await on.acquire());
    asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
    timer.async_wait([&](std::error_code) { lent.reset(); });
    auto const since = std::chrono::steady_clock::now();
    EXPECT_TRUE(co_await on.close(within(10s)));
    EXPECT_LT(std::chrono::steady_clock::now() - since, 5s);
    EXPECT_TRUE(on.closed());
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::closed), 1u);
  });
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    aio::lease const lent = co_await on.acquire();
    EXPECT_FALSE(co_await on.close());
  });
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    aio::lease lent = co_await on.acquire();
    std::exception_ptr failed;
    lent->query(bind("SELECT pg_sleep(20)"), [&](std::exception_ptr const& error, result const&) { failed = error; });
    EXPECT_FALSE(co_await on.close(within(20ms)));
    EXPECT_TRUE(co_await becomes_true([&] { return failed != nullptr; }));
    EXPECT_CONTAINS("pool was closed", thrown<operational_error>([&] { raise(failed); }).what());
  });
}

TEST(asio_pool, tells_what_happens) {
  told_events told;
  pool_options options = one();
  options.on_event = told.hook();
  with_pool(options, [&](aio::pool& on) -> awaitable<void> {
    {
      aio::lease const lent = co_await on.acquire();
      co_await error_of<query_canceled>(on.acquire(within(1ms)));
    }
    (co_await on.acquire()).discard();
    co_await on.close();
    co_await error_of<interface_error>(on.acquire());
  });
  using kind = pool_event::kind;
  for (auto [what, count] : {std::pair(kind::connected, 1),
                             {kind::acquired, 2},
                             {kind::timed_out, 1},
                             {kind::returned, 1},
                             {kind::discarded, 1},
                             {kind::refused, 1}})
    EXPECT_EQ(told.count(what), static_cast<std::size_t>(count)) << static_cast<int>(what);
  for (auto const& each : told.all())
    if (each.what == kind::acquired || each.what == kind::returned)
      EXPECT_CONTAINS("asio_pool_test", each.where.file_name());
}

}  // namespace
}  // namespace tusk::test
