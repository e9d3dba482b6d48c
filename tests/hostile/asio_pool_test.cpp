// An Asio pool before servers that say nothing, or too little, at each moment at which it waits for one: everybody is
// told within the limits, and the loop goes on.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <optional>
#include <thread>

#include "support/aio_pools.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

std::string complete(std::string_view tag) { return message('C', text(tag)); }

/// Answers scripts and Syncs, as long as `answers(its message)` says so; then it says nothing.
void serve(peer& client, std::function<bool(std::string const&)> const& answers) {
  if (client.receive_startup().size() == 16) return;  // a cancel request
  client.send(welcome());
  for (std::string asked; !(asked = client.receive_message()).empty();) {
    if (asked[0] == 'X') return;
    if (!answers(asked)) return client.stay_silent();
    bool const begins = asked.find("BEGIN") != asked.npos;
    std::string const tag = asked.substr(5, asked.find_first_of(std::string(" ;\0", 3), 5) - 5);
    if (asked[0] == 'Q') client.send(complete(tag) + message('Z', begins ? "T" : "I"));
    if (asked[0] == 'S') client.send(ready());
  }
}

struct elapsed {
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  ~elapsed() { EXPECT_LT(std::chrono::steady_clock::now() - since, 10s); }
};

TEST(asio_pool_hostile, silence_while_connecting) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.stay_silent();
  });
  elapsed const within_limits;
  with_pool(server.dsn(), {.minimum = 1, .maximum = 2, .acquire_limit = 50ms}, {},
            [](aio::pool& on) -> awaitable<void> {
              co_await error_of<query_canceled>(on.acquire());
              co_await error_of<query_canceled>(on.query("SELECT 1"));
              co_await error_of<query_canceled>(on.warm_up(within(20ms)));
              std::exception_ptr failed;
              on.acquire(within(60s), [&](std::exception_ptr const& error, aio::lease) { failed = error; });
              co_await after(20ms);
              EXPECT_EQ(on.statistics().connecting, 1u);
              EXPECT_FALSE(co_await on.close(within(20ms))) << "what is being made is closed, too";
              EXPECT_TRUE(co_await becomes_true([&] { return failed != nullptr; }));
              EXPECT_THROW(raise(failed), interface_error);
            });
}

TEST(asio_pool_hostile, silence_instead_of_a_sign_of_life) {
  std::atomic<bool> is_silent = false;
  scripted_server server(
      [&](peer& client) { serve(client, [&](std::string const&) { return !is_silent.exchange(false); }); });
  elapsed const within_limits;
  with_pool(server.dsn(), {.maximum = 1, .check_after = 0ms, .check_limit = 50ms}, {},
            [&](aio::pool& on) -> awaitable<void> {
              co_await on.acquire();
              co_await after(1010ms);
              is_silent = true;
              EXPECT_TRUE(co_await on.acquire());
              EXPECT_EQ(on.statistics().connected, 2u);
              EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
            });
}

TEST(asio_pool_hostile, closed_while_it_was_idle) {
  std::atomic<int> clients = 0;
  scripted_server server([&](peer& client) {
    if (++clients == 1) {
      client.receive_startup();
      client.send(welcome());
      std::this_thread::sleep_for(200ms);  // and closes
    } else {
      serve(client, [](std::string const&) { return true; });
    }
  });
  with_pool(server.dsn(), {.maximum = 1}, {}, [&](aio::pool& on) -> awaitable<void> {
    co_await on.acquire();
    co_await after(1010ms);
    aio::lease lent = co_await on.acquire();
    EXPECT_FALSE(lent->closed());
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
  });
}

/// Silence at each step of the cleaning of what comes back: who waits gets another connection.
TEST(asio_pool_hostile, silence_at_a_leases_end) {
  struct {
    char const *left, *silent_at;
    discard_reason why;
  } const cases[] = {{"BEGIN", "ROLLBACK", discard_reason::broken},
                     {"SET a = b", "RESET", discard_reason::broken},
                     {"LISTEN a", "UNLISTEN", discard_reason::broken},
                     {"SELECT under_way", "under_way", discard_reason::busy}};
  for (auto const& each : cases) {
    std::atomic<int> silenced = 0;
    scripted_server server([&](peer& client) {
      serve(client, [&](std::string const& asked) {
        bool const is_silent = asked.find(each.silent_at) != asked.npos;
        silenced += is_silent;
        return !is_silent;
      });
    });
    elapsed const within_limits;
    with_pool(server.dsn(), {.maximum = 1, .acquire_limit = 20s, .return_limit = 100ms}, {},
              [&](aio::pool& on) -> awaitable<void> {
                {
                  aio::lease lent = co_await on.acquire();
                  if (each.why == discard_reason::busy)
                    lent->exec(each.left, [](std::exception_ptr const&, results const&) {});
                  else
                    co_await lent->exec(each.left);
                }
                EXPECT_TRUE(co_await on.acquire()) << each.left;
                EXPECT_EQ(silenced, 1) << each.left;
                EXPECT_EQ(on.statistics().discarded_for(each.why), 1u) << each.left;
                EXPECT_EQ(on.statistics().connected, 2u) << each.left;
              });
  }
}

TEST(asio_pool_hostile, what_is_no_server) {
  std::atomic<int> clients = 0;
  scripted_server server([&](peer& client) {
    ++clients;
    client.receive_startup();
    client.send("HTTP/1.1 400 Bad Request\r\n");
  });
  with_pool(server.dsn(), {.maximum = 1, .acquire_limit = 200ms, .first_pause = 1ms}, {},
            [](aio::pool& on) -> awaitable<void> {
              EXPECT_CONTAINS("last connect failed", co_await error_of<query_canceled>(on.acquire()));
            });
  EXPECT_GT(clients, 1);
}

}  // namespace
}  // namespace tusk::test
