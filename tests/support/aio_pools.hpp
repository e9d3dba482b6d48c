// For the tests of Asio's pools.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <tusk/aio/pool.hpp>

#include "support/aio.hpp"
#include "support/pools.hpp"

namespace tusk::test {

inline std::int32_t pid_of(aio::lease& of) { return pid_of(of->native()); }

/// Waits, and lets the event loop go on, until it is so, for some seconds at most; whether it is.
inline asio::awaitable<bool> becomes_true(std::function<bool()> condition) {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) co_return false;
    co_await after(std::chrono::milliseconds(1));
  }
  co_return true;
}

/// What an operation completed with: its error, or nothing.
template <class E, class Operation>
asio::awaitable<std::string> error_of(Operation operation) {
  try {
    co_await std::move(operation);
  } catch (E const& error) {
    co_return error.what();
  }
  throw std::logic_error("nothing was thrown");
}

/// A pool in a coroutine that is run to its end. Nothing is lent then, and nobody waits.
inline void with_pool(std::string text, pool_options options, connect_options how,
                      std::function<asio::awaitable<void>(aio::pool&)> body) {
  run([&]() -> asio::awaitable<void> {
    aio::pool on(co_await asio::this_coro::executor, text, options, how);
    co_await body(on);
    co_await becomes_true([&] { return on.statistics().leased == 0; });
    auto const told = on.statistics();
    EXPECT_EQ(told.leased, 0u);
    EXPECT_EQ(told.waiting, 0u);
    EXPECT_EQ(told.connecting, 0u);
  });
}
inline void with_pool(pool_options options, std::function<asio::awaitable<void>(aio::pool&)> body) {
  with_pool(dsn(way::unix_socket), std::move(options), {}, std::move(body));
}

}  // namespace tusk::test
