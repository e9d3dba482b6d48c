// The Asio face: every operation with every kind of completion token, on one connection and on many.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/bind_executor.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using std::exception_ptr;

std::string const channel = "asio_" + std::to_string(::getpid());

class asio_face : public testing::TestWithParam<way> {
 protected:
  awaitable<aio::connection> open() const { return connected(dsn(GetParam())); }
};

// ---- completion tokens ----

TEST_P(asio_face, with_callbacks) {
  asio::io_context io;
  aio::connection conn(io);
  std::string seen;
  conn.connect(dsn(GetParam()), [&](exception_ptr error) {
    seen += error ? "error " : "connected ";
    conn.query(bind("SELECT $1::int + 1", 41), [&](exception_ptr failed, result r) {
      EXPECT_FALSE(failed);
      seen += std::to_string(first<int>(r)) + " ";
      conn.exec("SELECT 1; SELECT 1/0", [&](exception_ptr by_zero, results all) {
        EXPECT_THROW(raise(by_zero), data_error);
        seen += std::to_string(all.size()) + " ";
        conn.close([&](exception_ptr closing) { seen += closing ? "error" : "closed"; });
      });
    });
  });
  EXPECT_EQ(seen, "");
  run(io);
  EXPECT_EQ(seen, "connected 42 0 closed");
}

// It was moved from.
TEST_P(asio_face, mended_with_a_handler_that_stays_the_callers) {
  asio::io_context io;
  aio::connection conn(io);
  int seen = 0;
  std::function<void(exception_ptr)> note = [&](exception_ptr const& error) { seen += error ? 1000 : 1; };
  std::function<void(exception_ptr, result)> add = [&](exception_ptr const&, result const& r) {
    seen += first<int>(r);
  };
  conn.connect(dsn(GetParam()), note);
  run(io);
  conn.query(bind("SELECT 10"), add);
  conn.query(bind("SELECT 100"), add);
  io.restart();
  run(io);
  conn.close(note);
  conn.close(note);
  io.restart();
  run(io);
  EXPECT_EQ(seen, 113);
}

TEST_P(asio_face, with_futures) {
  asio::io_context io;
  auto const work = asio::make_work_guard(io);
  std::thread loop([&] { io.run(); });
  {
    aio::connection conn(io.get_executor());
    conn.connect(dsn(GetParam()), asio::use_future).get();
    EXPECT_EQ(first<int>(conn.query(bind("SELECT $1::int", 7), asio::use_future).get()), 7);
    EXPECT_EQ(conn.exec("SELECT 1; SELECT 2", asio::use_future).get().size(), 2U);
    auto failing = conn.query(bind("SELECT nonsense"), asio::use_future);
    EXPECT_EQ(thrown<programming_error>([&] { failing.get(); }).condition(), condition::undefined_column);
    conn.close(asio::use_future).get();
  }
  io.stop();
  loop.join();
}

TEST_P(asio_face, with_coroutines) {
  run([]() -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    co_await conn.connect(dsn(GetParam()));
    EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", 1)), 1);
    EXPECT_EQ(first<int>(co_await conn.query(bind("SELECT $1::int", 2), asio::use_awaitable)), 2);
    EXPECT_EQ((co_await conn.exec("SELECT 1; SET geqo TO on; SELECT 2")).size(), 3U);
    auto [error, r] = co_await conn.query(bind("SELECT 1/0"), as_tuple);
    EXPECT_THROW(raise(error), data_error);
    auto later = conn.query(bind("SELECT $1::int", 3), asio::experimental::deferred);
    EXPECT_EQ(first<int>(co_await std::move(later)(asio::use_awaitable)), 3);
    co_await conn.close();
    EXPECT_TRUE(conn.closed());
    co_await conn.close();
  });
}

TEST_P(asio_face, errors_keep_their_class_and_fields) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    co_await conn.exec("CREATE TEMP TABLE t (id int CONSTRAINT only_one PRIMARY KEY); INSERT INTO t VALUES (1)");
    try {
      co_await conn.query("INSERT INTO t VALUES ($1)", 1);
      ADD_FAILURE() << "nothing was thrown";
    } catch (integrity_error const& e) {
      EXPECT_EQ(e.sqlstate().str(), "23505");
      EXPECT_EQ(e.constraint(), "only_one");
      EXPECT_FALSE(e.is_fatal());
    }
    EXPECT_EQ(first<int>(co_await conn.query("SELECT 5")), 5);
  });
}

TEST_P(asio_face, arguments_are_serialised_at_the_call) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    std::string text = "before";
    auto query = conn.query(std::string("SELECT $1::text"), text);
    text = "after";
    EXPECT_EQ(first<std::string>(co_await std::move(query)), "before");
  });
}

// ---- several operations ----

TEST_P(asio_face, operations_queue_up_and_complete_in_their_order) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    auto [order, a, slept, b, script, c, last] =
        co_await asio::experimental::make_parallel_group(
            conn.query(bind("SELECT pg_sleep(0.05), 42"), asio::experimental::deferred),
            conn.exec("SELECT 1; SELECT 2", asio::experimental::deferred),
            conn.query(bind("SELECT $1::int", 3), asio::experimental::deferred))
            .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    EXPECT_EQ(order, (std::array<std::size_t, 3>{0, 1, 2}));
    EXPECT_EQ(slept[0].get<int>(1), 42);
    EXPECT_EQ(script[1][0].get<int>(0), 2);
    EXPECT_EQ(first<int>(last), 3);
    EXPECT_FALSE(a || b || c);
  });
}

TEST_P(asio_face, a_hundred_at_once_and_an_error_in_their_middle) {
  asio::io_context io;
  aio::connection conn(io);
  std::vector<int> came;
  int failed = 0;
  conn.connect(dsn(GetParam()), [&](std::exception_ptr error) {
    raise(error);
    for (int i = 0; i < 100; ++i)
      conn.query(bind("SELECT 100 / ($1::int - 50), $1::int", i), [&](std::exception_ptr why, result r) {
        if (why)
          ++failed;
        else
          came.push_back(r[0].get<int>(1));
      });
  });
  run(io);
  EXPECT_EQ(failed, 1);
  ASSERT_EQ(came.size(), 99U);
  EXPECT_TRUE(std::is_sorted(came.begin(), came.end()));
}

TEST_P(asio_face, prepares_runs_many_and_streams) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    statement st = co_await conn.prepare("SELECT $1::int + 1");
    EXPECT_EQ(first<int>(co_await conn.query(st, 41)), 42);
    co_await conn.exec("CREATE TEMP TABLE many (i int)");
    std::vector<int> const all{1, 2, 3};
    EXPECT_EQ(co_await conn.executemany("INSERT INTO many VALUES ($1)", all), 3U);
    auto rows = conn.start_stream("SELECT g FROM generate_series(1, $1::int) g", 50'000);
    int next = 1;
    for (;;) {
      auto chunk = co_await rows.next_chunk();
      if (!chunk) break;
      for (auto const& each : *chunk) EXPECT_EQ(each.get<int>(0), next++);
    }
    EXPECT_EQ(next, 50'001);
    EXPECT_EQ(first<int>(co_await conn.query("SELECT count(*)::int FROM many")), 3);
  });
}

TEST_P(asio_face, before_connect_everything_is_an_interface_error) {
  run([]() -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    EXPECT_TRUE(conn.closed());
    EXPECT_THROW(conn.native(), interface_error);
    auto [query, r] = co_await conn.query(bind("SELECT 1"), as_tuple);
    EXPECT_THROW(raise(query), interface_error);
    auto [wait] = co_await conn.wait(as_tuple);
    EXPECT_THROW(raise(wait), interface_error);
    auto [next, n] = co_await conn.next_notify(as_tuple);
    EXPECT_THROW(raise(next), interface_error);
    auto [cancel] = co_await conn.cancel(as_tuple);
    EXPECT_THROW(raise(cancel), interface_error);
    auto [wrong] = co_await conn.connect("no such = thing", as_tuple);
    EXPECT_THROW(raise(wrong), programming_error);
    co_await conn.connect(dsn(GetParam()));
    auto [twice] = co_await conn.connect(dsn(GetParam()), as_tuple);
    EXPECT_CONTAINS("open already", thrown<programming_error>([&] { raise(twice); }).what());
    co_await conn.close();
    auto [closed, none] = co_await conn.query(bind("SELECT 1"), as_tuple);
    EXPECT_STREQ(thrown<interface_error>([&] { raise(closed); }).what(), "connection already closed");
    co_await conn.connect(dsn(GetParam()));
    EXPECT_EQ(first<int>(co_await conn.query("SELECT 6")), 6);
    aio::connection const other = std::move(conn);
    EXPECT_THROW(conn.native(), interface_error);  // NOLINT(bugprone-use-after-move): defined here
    EXPECT_TRUE(conn.closed());
  });
}

// What ends at once ends after the function that began it has returned.
TEST_P(asio_face, no_handler_is_called_inline) {
  asio::io_context io;
  aio::connection conn(io);
  conn.connect(dsn(GetParam()), [](exception_ptr) {});
  run(io);
  conn.exec("LISTEN " + channel + "; NOTIFY " + channel, [](exception_ptr, results) {});
  io.restart();
  run(io);
  int called = 0;
  auto const count = [&](exception_ptr, auto&&...) { ++called; };
  conn.next_notify(count);
  conn.exec("a\xff", count);
  conn.cancel(count);
  conn.close(count);
  conn.query(bind("SELECT 1"), count);
  EXPECT_EQ(called, 0);
  io.restart();
  run(io);
  EXPECT_EQ(called, 5);
}

TEST_P(asio_face, handlers_run_on_their_own_executor) {
  asio::thread_pool pool(1);
  asio::io_context io;
  aio::connection conn(io);
  std::promise<std::thread::id> where;
  conn.connect(dsn(GetParam()), asio::bind_executor(pool, [&](exception_ptr error) {
                 EXPECT_FALSE(error);
                 where.set_value(std::this_thread::get_id());
               }));
  run(io);
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
  pool.join();
}

// ---- several connections ----

TEST_P(asio_face, two_connections_at_once) {
  run([this]() -> awaitable<void> {
    auto one = co_await open(), two = co_await open();
    auto [a, b] = co_await (one.query("SELECT pg_sleep(0.05), $1::int", 1) && two.query("SELECT 0, $1::int", 2));
    EXPECT_EQ(a[0].get<int>(1) + b[0].get<int>(1), 3);
    auto const either = co_await (one.query("SELECT pg_sleep(60)") || two.query("SELECT 2"));
    EXPECT_EQ(either.index(), 1U);
    EXPECT_EQ(first<int>(co_await one.query("SELECT 1")), 1) << "it was cancelled, and can be used";
  });
}

TEST_P(asio_face, on_a_strand_of_several_threads) {
  asio::thread_pool pool(2);
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i)
    asio::co_spawn(
        asio::make_strand(pool),
        [this, &sum]() -> awaitable<void> {
          auto conn = co_await open();
          co_await conn.exec("LISTEN " + channel);
          for (int k = 0; k < 50; ++k) {
            auto [n, r] = co_await (conn.next_notify() && conn.query("SELECT 1, pg_notify($1, 'x')", channel));
            sum += r[0].get<int>(0);
          }
        },
        [](exception_ptr error) { EXPECT_NO_THROW(raise(error)); });
  pool.join();
  EXPECT_EQ(sum, 200);
}

// ---- cursors, and what is started by hand ----

TEST_P(asio_face, cursors_execute_and_fetch) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    cursor cur = conn.native().cursor();
    co_await conn.execute(cur, "SELECT %s + i, %s FROM generate_series(1, 3) AS i", 10, "it's");
    EXPECT_EQ(cur.fetchone()->get<int>(0), 11);
    EXPECT_EQ((cur.fetchall<std::tuple<int, std::string>>()).at(1), std::tuple(13, std::string("it's")));
    co_await conn.execute(cur, bind("SELECT %s", 7), asio::use_awaitable);
    EXPECT_EQ(cur.fetchone()->get<int>(0), 7);
    co_await conn.exec("CREATE TEMP TABLE t (id int)");
    cur.executemany("INSERT INTO t VALUES (%s)", std::vector{1, 2, 3});
    co_await conn.wait();
    EXPECT_EQ(cur.rowcount(), 3);
    cur.callproc("abs", -5);
    co_await conn.wait();
    EXPECT_EQ(cur.fetchone()->get<int>(0), 5);
    auto [error] = co_await conn.execute(cur, bind("SELECT 1/0"), as_tuple);
    EXPECT_THROW(raise(error), data_error);
    EXPECT_THROW(cur.fetchone(), programming_error);
    conn.native().start_ping();
    co_await conn.wait();
    co_await conn.wait();  // for nothing
  });
}

/// Sees the ends of its statements.
class counting : public tusk::connection {
 public:
  using tusk::connection::connection;
  int ended = 0, failed = 0;

 protected:
  void did_execute(tusk::outcome const& of) override { of.error() ? ++failed : ++ended; }
};

TEST_P(asio_face, a_connection_of_ones_own_class) {
  run([]() -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    co_await conn.connect<counting>(dsn(GetParam()));
    co_await conn.query("SELECT 1");
    auto [error, r] = co_await conn.query(bind("SELECT 1/0"), as_tuple);
    auto const& native = dynamic_cast<counting&>(conn.native());
    EXPECT_EQ(native.ended, 1);
    EXPECT_EQ(native.failed, 1);
  });
}

// ---- much data ----

TEST_P(asio_face, ten_megabytes_up_and_down) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    std::string const large(10'000'000, 'y');
    EXPECT_EQ(first<std::string_view>(co_await conn.query("SELECT $1::text || 'z'", large)), large + "z");
    auto const all = co_await conn.exec("SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) AS i");
    EXPECT_EQ(all[0].size(), 20000U);
  });
}

INSTANTIATE_TEST_SUITE_P(each, asio_face, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

// The test server takes 200.
TEST(asio_many, connections_on_one_loop) {
  constexpr int count = 150;
  asio::io_context io;
  int done = 0;
  for (int i = 0; i < count; ++i)
    asio::co_spawn(
        io,
        [i, &done]() -> awaitable<void> {
          auto conn = co_await connected(dsn(way::unix_socket));
          for (int k = 0; k < 20; ++k) EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", i * k)), i * k);
          ++done;
        },
        [](exception_ptr error) { EXPECT_NO_THROW(raise(error)); });
  run(io);
  EXPECT_EQ(done, count);
}

}  // namespace
}  // namespace tusk::test
