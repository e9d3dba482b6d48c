// Many coroutines over few connections of an Asio pool, with random limits, cancels and leases that end under way: each
// answer has its question's number, and at the end the numbers of the pool add up. On one thread, and on several, each
// coroutine on its strand. Also for ThreadSanitizer.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "support/aio_pools.hpp"
#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

struct game {
  explicit game(aio::pool& pool) : on(pool) {}
  aio::pool& on;
  std::atomic<int> answered = 0, foreign = 0, cancelled = 0, failed = 0, under_way = 0;

  void check(result const& answer, int question) {
    ++answered;
    foreign += first<int>(answer) != question;
  }
};

/// One thing that is done with the pool.
awaitable<void> play_round(game& of, unsigned choice, int question) {
  aio::pool& on = of.on;
  auto const executor = co_await asio::this_coro::executor;
  switch (choice % 9) {
    case 0: co_await on.acquire(within(std::chrono::microseconds(choice % 2000))); break;
    case 1: (co_await on.acquire()).discard(); break;
    case 2: {  // ends under way, and its handler is told
      aio::lease lent = co_await on.acquire();
      ++of.under_way;
      lent->query(bind("SELECT $1::int, pg_sleep(0.001)", question),
                  [&of, question](std::exception_ptr const& error, result const& answer) {
                    --of.under_way;
                    if (!error) of.check(answer, question);
                  });
      break;
    }
    case 3: {
      aio::lease lent = co_await on.acquire();
      aio::lease moved = std::move(lent);
      co_await moved->exec("BEGIN; SET LOCAL application_name = 'left'");
      of.check(co_await moved->query("SELECT $1::int", question), question);
      break;
    }
    case 4: {  // is cancelled
      auto signal = std::make_shared<asio::cancellation_signal>();
      auto timer = std::make_shared<asio::steady_timer>(executor, std::chrono::microseconds(choice % 3000));
      timer->async_wait([signal, timer](std::error_code) { signal->emit(asio::cancellation_type::terminal); });
      of.check(co_await on.query(bind("SELECT $1::int, pg_sleep(0.001)", question),
                                 asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable)),
               question);
      break;
    }
    case 5:
      of.check(co_await on.with([&](aio::connection& conn) -> awaitable<result> {
        co_return co_await conn.query("SELECT $1::int", question);
      }),
               question);
      break;
    case 6: {  // two at once
      aio::lease lent = co_await on.acquire(within(5s));
      auto unfinished = lent->query("SELECT 0");  // is never begun
      of.check(co_await lent->query("SELECT $1::int", question), question);
      break;
    }
    default: of.check(co_await on.query("SELECT $1::int", question), question);
  }
}

awaitable<void> play(game& of, unsigned seed, std::size_t rounds) {
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < rounds; ++i) {
    try {
      co_await play_round(of, static_cast<unsigned>(random()), static_cast<int>(seed * 10'000 + i));
    } catch (query_canceled const&) {
      ++of.cancelled;
    } catch (std::exception const& e) {
      ++of.failed;
      ADD_FAILURE() << e.what();
    }
  }
}

void play_on(std::size_t threads, std::size_t rounds) {
  asio::io_context io(static_cast<int>(threads));
  aio::pool on(
      io, dsn(way::unix_socket),
      {.minimum = 1, .maximum = 4, .acquire_limit = 30s, .idle_time = 5ms, .lifetime = 200ms, .return_limit = 10s});
  game of(on);
  std::atomic<int> left = 64;
  asio::cancellation_signal end;
  auto const upkeep = asio::make_strand(io);
  asio::dispatch(upkeep, [&] {
    on.run(asio::bind_cancellation_slot(end.slot(), asio::bind_executor(upkeep, [](std::exception_ptr const&) {})));
  });
  for (unsigned player = 0; player < 64; ++player)
    asio::co_spawn(asio::make_strand(io), play(of, player, rounds), [&](std::exception_ptr const& error) {
      EXPECT_FALSE(error);
      if (--left == 0) asio::post(upkeep, [&] { end.emit(asio::cancellation_type::terminal); });
    });
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&] { io.run_for(120s); });
  io.run_for(120s);
  others.clear();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(of.foreign, 0);
  EXPECT_EQ(of.under_way, 0);
  EXPECT_GT(of.answered, 64);
  auto const told = on.statistics();
  EXPECT_EQ(told.leased + told.waiting + told.connecting, 0u);
  EXPECT_LE(told.idle, 4u);
  std::uint64_t gone = 0;
  for (auto const each : told.discarded) gone += each;
  EXPECT_EQ(told.connected, told.idle + gone);
  EXPECT_EQ(told.discarded_for(discard_reason::held), 0u);
  EXPECT_EQ(told.discarded_for(discard_reason::unread), 0u);
  EXPECT_EQ(told.discarded_for(discard_reason::busy), 0u) << "the limit of cleaning was over";
  EXPECT_EQ(told.discarded_for(discard_reason::broken), 0u);
  EXPECT_GT(told.rolled_back, 0u);
}

TEST(asio_pool_races, one_thread) { play_on(1, effort(30)); }
TEST(asio_pool_races, four_threads) { play_on(4, effort(30)); }

/// acquire(), statistics() and close() on any thread, with handlers on strands.
TEST(asio_pool_races, closed_from_another_thread) {
  for (std::size_t round = 0; round < effort(20); ++round) {
    asio::io_context io(2);
    std::optional<aio::pool> on(std::in_place, io, dsn(way::unix_socket), pool_options{.maximum = 2});
    std::atomic<int> ended = 0;
    for (int i = 0; i < 16; ++i) {
      auto const strand = asio::make_strand(io);
      on->acquire(asio::bind_executor(strand, [&, strand](std::exception_ptr const& error, aio::lease lent) {
        ++ended;
        if (error) EXPECT_THROW(raise(error), interface_error);
        if (!lent) return;
        auto kept = std::make_shared<aio::lease>(std::move(lent));
        (*kept)->exec("SELECT 1", asio::bind_executor(
                                      strand, [kept](std::exception_ptr const&, results const&) { kept->release(); }));
      }));
    }
    {
      std::jthread const first([&] { io.run_for(30s); });
      std::jthread const second([&] { io.run_for(30s); });
      std::this_thread::sleep_for(std::chrono::milliseconds(round));
      on->statistics();
      on.reset();
    }
    EXPECT_EQ(ended, 16);
  }
}

}  // namespace
}  // namespace tusk::test
