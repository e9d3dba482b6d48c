// What a user's first program needs of the Asio face: it compiles, links, and runs without a server.

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <tusk/aio/connection.hpp>

namespace {

asio::awaitable<bool> fails() {
  tusk::aio::connection conn{co_await asio::this_coro::executor};
  try {
    co_await conn.connect("host=/nonexistent connect_timeout=1");
  } catch (tusk::operational_error const& e) {
    std::printf("the expected error: %s\n", e.what());
    co_return e.is_fatal();
  }
  co_return false;
}

}  // namespace

int main() {
  asio::io_context io;
  bool failed = false;
  asio::co_spawn(io, fails(), [&](std::exception_ptr, bool as_expected) { failed = as_expected; });
  io.run();
  return failed ? 0 : 1;
}
