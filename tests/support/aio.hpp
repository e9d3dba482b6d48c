// Coroutines of a test: run to their end, their errors looked at.
#pragma once

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <tusk/aio/connection.hpp>
#include <utility>

namespace tusk::test {

/// The token with which an error is a part of what co_await gives.
inline constexpr auto as_tuple = asio::experimental::as_tuple(asio::use_awaitable);

/// Throws what a handler was given.
inline void raise(std::exception_ptr const& error) {
  if (error) std::rethrow_exception(error);
}

/// Runs what is asked of it in half a minute, and nothing more: whatever is left keeps the loop going.
inline void run(asio::io_context& io) {
  io.run_for(std::chrono::seconds(30));
  if (!io.stopped()) throw std::runtime_error("the event loop was not done within 30 s");
}

/// Runs a coroutine to its end. Throws what it throws. No template: co_spawn takes long to compile for each body.
inline void run(std::function<asio::awaitable<void>()> body) {
  asio::io_context io;
  std::exception_ptr failed;
  asio::co_spawn(io, std::move(body), [&](std::exception_ptr error) { failed = std::move(error); });
  run(io);
  raise(failed);
}

/// A connection that is open.
inline asio::awaitable<aio::connection> connected(std::string dsn, connect_options options = {}) {
  aio::connection conn{co_await asio::this_coro::executor};
  co_await conn.connect(dsn, std::move(options));
  co_return conn;
}

/// Comes back after that time.
inline asio::awaitable<void> after(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

template <class T>
T first(result const& of) {
  return of[0].get<T>(0);
}

}  // namespace tusk::test
