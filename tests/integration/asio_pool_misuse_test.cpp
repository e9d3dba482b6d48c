// What must not be done with an Asio pool, and what is done at odd moments: each has a defined end, and nobody waits
// for ever.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/detached.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "support/aio_pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

pool_options one() { return {.maximum = 1, .acquire_limit = 20s}; }
/// Whether a session is there, as another one sees it.
bool is_there(std::int32_t pid) {
  connection other = open();
  return value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid);
}

TEST(asio_pool_misuse, options_that_make_no_sense) {
  asio::io_context io;
  EXPECT_THROW(aio::pool(io, "", {.maximum = 0}), programming_error);
  EXPECT_THROW(aio::pool(io, "", {.minimum = 3, .maximum = 2}), programming_error);
}

TEST(asio_pool_misuse, after_close) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    co_await on.acquire();
    EXPECT_TRUE(co_await on.close());
    EXPECT_TRUE(co_await on.close(within(1s)));
    co_await error_of<interface_error>(on.acquire());
    co_await error_of<interface_error>(on.query("SELECT 1"));
    co_await error_of<interface_error>(on.with([](aio::connection&) -> awaitable<void> { co_return; }));
    co_await error_of<interface_error>(on.warm_up());
    EXPECT_EQ(co_await on.maintain(), 0u);
    co_await on.run();
    EXPECT_EQ(on.statistics().refused, 4u);
  });
}

TEST(asio_pool_misuse, lease_kept_past_the_pool) {
  run([]() -> awaitable<void> {
    std::optional<aio::pool> on(std::in_place, co_await asio::this_coro::executor, dsn(way::unix_socket), one());
    aio::lease lent = co_await on->acquire();
    auto const pid = pid_of(lent);
    on.reset();
    co_await lent->exec("BEGIN");
    EXPECT_TRUE(is_there(pid));
    lent.release();
    EXPECT_TRUE(co_await becomes_true([&] { return !is_there(pid); }));
  });
}

TEST(asio_pool_misuse, pool_destroyed_while_others_wait) {
  run([]() -> awaitable<void> {
    std::optional<aio::pool> on(std::in_place, co_await asio::this_coro::executor, dsn(way::unix_socket), one());
    aio::lease const lent = co_await on->acquire();
    int refused = 0;
    for (int i = 0; i < 3; ++i)
      on->acquire([&](std::exception_ptr const& error, aio::lease) {
        EXPECT_THROW(raise(error), interface_error);
        ++refused;
      });
    on->query(bind("SELECT 1"), [&](std::exception_ptr const& error, result const&) {
      EXPECT_THROW(raise(error), interface_error);
      ++refused;
    });
    co_await becomes_true([&] { return on->statistics().waiting == 4; });
    on.reset();
    EXPECT_EQ(refused, 0) << "no handler is called from within the destructor";
    EXPECT_TRUE(co_await becomes_true([&] { return refused == 4; }));
  });
}

TEST(asio_pool_misuse, pool_destroyed_while_it_connects_and_cleans) {
  run([]() -> awaitable<void> {
    std::optional<aio::pool> on(std::in_place, co_await asio::this_coro::executor, dsn(way::unix_socket), one());
    int ended = 0;
    on->acquire([&](std::exception_ptr const& error, aio::lease) {
      EXPECT_THROW(raise(error), interface_error);
      ++ended;
    });
    asio::post(co_await asio::this_coro::executor, [&] { on.reset(); });
    EXPECT_TRUE(co_await becomes_true([&] { return ended == 1; }));
    on.emplace(co_await asio::this_coro::executor, dsn(way::unix_socket), one());
    std::int32_t pid = 0;
    {
      aio::lease lent = co_await on->acquire();
      pid = pid_of(lent);
      lent->exec("SELECT pg_sleep(20)", [](std::exception_ptr const&, results const&) {});
    }
    on.reset();
    EXPECT_TRUE(co_await becomes_true([&] { return !is_there(pid); }));
  });
}

/// The event loop ends with everything under way: handlers are destroyed, not called, and nothing is left lent.
TEST(asio_pool_misuse, event_loop_destroyed) {
  for (std::size_t steps = 0; steps < 60; ++steps) {
    told_events told;
    std::vector<std::int32_t> pids;
    {
      std::optional<asio::io_context> io(std::in_place);
      auto on =
          std::make_shared<aio::pool>(*io, dsn(way::unix_socket), pool_options{.maximum = 2, .on_event = told.hook()});
      for (int i = 0; i < 6; ++i)
        asio::co_spawn(
            *io,
            [on, i, &pids]() -> awaitable<void> {
              aio::lease lent = co_await on->acquire();
              pids.push_back(pid_of(lent));
              if (i % 3 == 0) lent->exec("SELECT pg_sleep(20)", [](std::exception_ptr const&, results const&) {});
              co_await lent->exec("BEGIN; SELECT pg_sleep(0.001)");
            },
            asio::detached);
      on->run([on](std::exception_ptr const&) {});
      on->close(within(5s), [on](std::exception_ptr const&, bool) {});
      on->acquire([on](std::exception_ptr const&, aio::lease) {});
      for (std::size_t i = 0; i < steps; ++i) io->run_one_for(100ms);
      std::weak_ptr<aio::pool> const watched = on;
      on.reset();
      io.reset();
      EXPECT_TRUE(watched.expired()) << "after " << steps;
    }
    // None was lost track of.
    EXPECT_EQ(told.count(pool_event::kind::connected), told.count(pool_event::kind::discarded)) << "after " << steps;
    for (auto const pid : pids) EXPECT_TRUE(comes_true([&] { return !is_there(pid); })) << "after " << steps;
  }
}

TEST(asio_pool_misuse, acquire_in_a_hook) {
  int refused = 0;
  aio::pool* itself = nullptr;
  auto const asks = [&] {
    if (itself == nullptr) return;
    ++refused;
    itself->acquire([&](std::exception_ptr const& error, aio::lease lent) {
      EXPECT_CONTAINS("hook", thrown<programming_error>([&] { raise(error); }).what());
      EXPECT_FALSE(lent);
      --refused;
    });
  };
  pool_options options = one();
  options.on_event = [&](pool_event const&) { asks(); };
  connect_options how;
  how.session_hook = [&](connection&) { asks(); };
  with_pool(dsn(way::unix_socket), options, how, [&](aio::pool& on) -> awaitable<void> {
    itself = &on;
    { aio::lease const lent = co_await on.acquire(); }
    EXPECT_TRUE(co_await becomes_true([&] { return refused == 0; }));
    itself = nullptr;
  });
}

TEST(asio_pool_misuse, hooks_that_throw) {
  with_pool({.maximum = 1, .on_event = [](pool_event const&) { throw 7; }},
            [](aio::pool& on) -> awaitable<void> { EXPECT_EQ((co_await on.query("SELECT 1")).size(), 1u); });
  connect_options how;
  how.session_hook = [](connection&) { throw std::logic_error("of the hook"); };
  with_pool(dsn(way::unix_socket), one(), how,
            [](aio::pool& on) -> awaitable<void> { co_await error_of<std::logic_error>(on.acquire()); });
}

TEST(asio_pool_misuse, errors_of_connecting) {
  with_pool(dsn(way::tcp, "tusk", "dbname=nowhere_at_all"), {.minimum = 1, .maximum = 1, .acquire_limit = 20s}, {},
            [](aio::pool& on) -> awaitable<void> {
              EXPECT_CONTAINS("3D000", co_await error_of<operational_error>(on.acquire()));
              co_await error_of<operational_error>(on.warm_up());
              EXPECT_GE(on.statistics().connect_failed, 1u);
            });
  with_pool("host=127.0.0.1 port=1", {.maximum = 1, .acquire_limit = 300ms, .first_pause = 10ms}, {},
            [](aio::pool& on) -> awaitable<void> {
              EXPECT_CONTAINS("the last connect failed", co_await error_of<query_canceled>(on.acquire()));
              EXPECT_GE(on.statistics().connect_failed, 2u) << "it is tried again after pauses";
            });
}

TEST(asio_pool_misuse, in_a_forked_child) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), {.maximum = 3, .acquire_limit = 20s});
  std::optional<aio::lease> lent;
  on.acquire([&](std::exception_ptr const& error, aio::lease given) {
    raise(error);
    lent.emplace(std::move(given));
  });
  run(io);
  ASSERT_TRUE(lent);
  bool is_begun = false;
  (*lent)->exec("BEGIN", [&](std::exception_ptr const& error, results const&) { is_begun = !error; });
  io.restart();
  run(io);
  ASSERT_TRUE(is_begun);
  io.notify_fork(asio::io_context::fork_prepare);
  pid_t const child = ::fork();
  if (child == 0) {
    io.notify_fork(asio::io_context::fork_child);
    int refused = 0;
    on.acquire([&](std::exception_ptr const& error, aio::lease) {
      try {
        raise(error);
      } catch (interface_error const&) {
        ++refused;
      }
    });
    (*lent)->query(bind("SELECT 1"),
                   [&](std::exception_ptr const& error, result const&) { refused += error != nullptr; });
    on.close(within(1s), [&](std::exception_ptr const&, bool) { ++refused; });
    io.restart();
    io.run_for(5s);
    lent.reset();
    on.~pool();
    ::_exit(refused == 3 ? 0 : 10 + refused);
  }
  io.notify_fork(asio::io_context::fork_parent);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ((*lent)->native().transaction_status(), transaction_status::in_transaction);
  int answer = 0;
  (*lent)->query(bind("SELECT 2"), [&](std::exception_ptr const& error, result const& r) {
    raise(error);
    answer = first<int>(r);
    lent.reset();
  });
  io.restart();
  run(io);
  EXPECT_EQ(answer, 2);
}

}  // namespace
}  // namespace tusk::test
