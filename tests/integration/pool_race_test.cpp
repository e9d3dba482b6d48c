// Threads that acquire, time out, are stopped, give back, throw away, close and look, all at once. Each answer has its
// question's number. Also for ThreadSanitizer.

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "support/effort.hpp"
#include "support/pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// One thread's work with a pool: so many rounds, or until it is closed.
void work_with(pool& on, unsigned seed, std::size_t rounds) {
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < rounds; ++i) {
    int const question = static_cast<int>(seed * 100'000 + i);
    try {
      switch (random() % 8) {
        case 0: on.acquire(within(std::chrono::microseconds(random() % 2000))); break;
        case 1: on.acquire().discard(); break;
        case 2: {
          lease lent = on.acquire();
          lent->start_query("SELECT pg_sleep(0.001)");
          break;
        }
        case 3: {
          lease lent = on.acquire();
          lease moved = std::move(lent);
          moved->query("SELECT 1");  // and leaves the transaction open
          break;
        }
        case 4: {
          std::stop_source stop;
          std::jthread stops([&] { stop.request_stop(); });
          on.acquire(stop.get_token());
          break;
        }
        case 5:
          EXPECT_EQ(on.with([&](connection& conn) { return value<int>(conn, "SELECT $1::int", question); }), question);
          break;
        default: EXPECT_EQ(on.query("SELECT $1::int", question)[0].get<int>(0), question);
      }
    } catch (query_canceled const&) {
      // Its limit was over, or its stop token.
    } catch (interface_error const&) {
      if (on.closed()) return;
      throw;
    } catch (operational_error const& e) {
      if (!on.closed()) ADD_FAILURE() << e.what();
      return;
    }
  }
}

TEST(pool_races, all_at_once) {
  pool on(dsn(way::unix_socket),
          {.minimum = 1, .maximum = 4, .acquire_limit = 30s, .idle_time = 5ms, .lifetime = 200ms, .return_limit = 10s});
  {
    std::jthread const keeper([&](std::stop_token const& stop) { on.run(stop); });
    std::jthread const watcher([&](std::stop_token const& stop) {
      while (!stop.stop_requested()) {
        auto const told = on.statistics();
        EXPECT_LE(told.leased + told.idle + told.connecting, 4u);
        std::this_thread::sleep_for(1ms);
      }
    });
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < 8; ++t) workers.emplace_back([&, t] { work_with(on, t, effort(300)); });
  }
  auto const told = on.statistics();
  EXPECT_EQ(told.leased + told.waiting + told.connecting, 0u);
  EXPECT_EQ(told.discarded_for(discard_reason::held), 0u);
  EXPECT_EQ(told.discarded_for(discard_reason::unread), 0u);
  EXPECT_TRUE(on.close(within(10s)));
}

TEST(pool_races, with_close_and_the_end_of_the_pool) {
  for (std::size_t round = 0; round < effort(50) + 1; ++round) {
    std::optional<pool> on(std::in_place, dsn(way::unix_socket), pool_options{.maximum = 2, .acquire_limit = 30s});
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < 6; ++t) workers.emplace_back([&on, t] { work_with(*on, t, 1'000'000); });
    std::this_thread::sleep_for(std::chrono::microseconds(500 * round));
    bool const all_back = round % 2 == 0 ? on->close(within(20ms)) : on->close(within(30s));
    EXPECT_TRUE(all_back || round % 2 == 0);
    workers.clear();
    EXPECT_EQ(on->statistics().leased, 0u);
    on.reset();
  }
}

}  // namespace
}  // namespace tusk::test
