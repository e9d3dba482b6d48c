// An Asio pool that is closed while a connection is asked for a sign of life, which comes late or never.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "support/aio_pools.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

/// Answers Syncs, after that time.
void answer_late(peer& client, std::atomic<std::chrono::milliseconds> const& after_ms) {
  if (client.receive_startup().size() == 16) return;  // a cancel request
  client.send(welcome());
  for (std::string asked; !(asked = client.receive_message()).empty();) {
    if (asked[0] == 'X') return;
    if (asked[0] != 'S') continue;
    auto const time = after_ms.load();
    if (time > 5s) return client.stay_silent();
    std::this_thread::sleep_for(time);
    client.send(ready());
  }
}

void close_while_asked(std::chrono::milliseconds answers_after, std::optional<within> limit) {
  std::atomic<std::chrono::milliseconds> late = 0ms;
  scripted_server server([&](peer& client) { answer_late(client, late); });
  auto const since = std::chrono::steady_clock::now();
  pool_options const options{.maximum = 1, .acquire_limit = 20s, .check_after = 0ms, .check_limit = 20s};
  with_pool(server.dsn(), options, {}, [&](aio::pool& on) -> awaitable<void> {
    co_await on.acquire();
    co_await after(1010ms);
    late = answers_after;
    std::exception_ptr failed;
    bool lent = false;
    on.acquire([&](std::exception_ptr const& error, aio::lease given) {
      failed = error;
      lent = static_cast<bool>(given);
    });
    co_await after(50ms);
    EXPECT_FALSE(failed);
    if (limit)
      EXPECT_FALSE(co_await on.close(*limit));
    else
      EXPECT_TRUE(co_await on.close(within(5s)));
    EXPECT_TRUE(co_await becomes_true([&] { return failed != nullptr; }));
    EXPECT_THROW(raise(failed), interface_error) << "the pool is closed";
    EXPECT_FALSE(lent);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - since, 10s);
}

TEST(asio_pool_mended_hostile, closed_while_a_sign_of_life_never_comes) { close_while_asked(20s, within(20ms)); }
TEST(asio_pool_mended_hostile, closed_while_a_sign_of_life_comes_late) { close_while_asked(300ms, {}); }

}  // namespace
}  // namespace tusk::test
