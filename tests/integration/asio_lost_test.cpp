// The end of a connection under the Asio face: by the server, by close(), by destroying what is in use.

#include <gtest/gtest.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using std::exception_ptr;

class asio_lost : public testing::TestWithParam<way> {
 protected:
  awaitable<aio::connection> open() const { return connected(dsn(GetParam())); }
};

TEST_P(asio_lost, a_session_that_is_ended_in_mid_query) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    std::jthread killer([pid = conn.native().info().backend_pid] {
      std::this_thread::sleep_for(50ms);
      terminate(pid);
    });
    auto const waiting = [&]() -> awaitable<void> {
      auto [error, n] = co_await conn.next_notify(as_tuple);
      EXPECT_EQ(thrown<operational_error>([&] { raise(error); }).sqlstate().str(), "57P01");
    };
    auto const asking = [&]() -> awaitable<void> {
      auto [error, r] = co_await conn.query(bind("SELECT pg_sleep(60)"), as_tuple);
      auto const told = thrown<operational_error>([&] { raise(error); });
      EXPECT_EQ(told.sqlstate().str(), "57P01");
      EXPECT_TRUE(told.is_fatal());
    };
    co_await (asking() && waiting());
    EXPECT_TRUE(conn.closed());
    co_await conn.connect(dsn(GetParam()));
    EXPECT_EQ(first<int>(co_await conn.query("SELECT 1")), 1);
  });
}

TEST_P(asio_lost, a_session_that_is_ended_while_idle) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    std::jthread killer([pid = conn.native().info().backend_pid] { terminate(pid); });
    for (int i = 0; i < 2; ++i) {
      auto [error, n] = co_await conn.next_notify(as_tuple);
      EXPECT_EQ(thrown<operational_error>([&] { raise(error); }).sqlstate().str(), "57P01");
    }
  });
}

// A callback may connect anew before others have heard that the connection is gone: they hear it all the same.
TEST_P(asio_lost, reconnecting_at_once_when_the_session_has_ended) {
  asio::io_context io;
  aio::connection conn(io);
  bool heard = false, connected = false;
  conn.connect(dsn(GetParam()), [&](exception_ptr error) {
    EXPECT_FALSE(error);
    conn.next_notify([&](exception_ptr lost, notify) {
      EXPECT_EQ(thrown<operational_error>([&] { raise(lost); }).sqlstate().str(), "57P01");
      heard = true;
    });
    conn.query(bind("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"), [&](exception_ptr lost, result) {
      EXPECT_THROW(raise(lost), operational_error);
      conn.connect(dsn(GetParam()), [&](exception_ptr again) { connected = !again; });
    });
  });
  run(io);
  EXPECT_TRUE(heard);
  EXPECT_TRUE(connected);
}

TEST_P(asio_lost, connects_again_after_it_was_closed_by_hand) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    for (int i = 0; i < 3; ++i) {
      conn.native().close();
      co_await conn.connect(dsn(GetParam()));
      EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", i)), i);
    }
  });
}

TEST_P(asio_lost, destroyed_with_operations_under_way) {
  asio::io_context io;
  std::optional<aio::connection> conn(io);
  std::string seen;
  conn->connect(dsn(GetParam()), [&](exception_ptr error) {
    EXPECT_FALSE(error);
    conn->query(bind("SELECT pg_sleep(60)"), [&](exception_ptr failed, result) {
      seen += thrown<operational_error>([&] { raise(failed); }).what();
    });
    conn->next_notify([&](exception_ptr failed, notify) { seen += failed ? " none" : " one"; });
    conn.reset();
    EXPECT_EQ(seen, "");
  });
  run(io);
  EXPECT_EQ(seen, "the connection was destroyed none");
}

TEST_P(asio_lost, an_event_loop_that_ends_first) {
  std::optional<asio::io_context> io(std::in_place);
  bool begun = false;
  asio::co_spawn(
      *io,
      [&]() -> awaitable<void> {
        auto conn = co_await open();
        begun = true;
        co_await (conn.next_notify() && conn.query("SELECT pg_sleep(60)"));
      },
      [](exception_ptr) { ADD_FAILURE() << "it cannot end"; });
  while (!begun) io->run_one();
  for (int i = 0; i < 20; ++i) io->poll();
  io.reset();  // AddressSanitizer would see what is left
}

INSTANTIATE_TEST_SUITE_P(each, asio_lost, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

// ---- closing ----

TEST(asio_close, in_mid_query_ends_it) {
  run([]() -> awaitable<void> {
    auto conn = co_await connected(dsn(way::tls_verify_full));
    auto const asking = [&]() -> awaitable<void> {
      auto [error, r] = co_await conn.query(bind("SELECT pg_sleep(60)"), as_tuple);
      EXPECT_STREQ(thrown<operational_error>([&] { raise(error); }).what(),
                   "the connection was closed in mid-operation");
    };
    auto const listening = [&]() -> awaitable<void> {
      auto [error, n] = co_await conn.next_notify(as_tuple);
      EXPECT_TRUE(thrown<operational_error>([&] { raise(error); }).is_fatal());
    };
    auto const closing = [&]() -> awaitable<void> {
      co_await after(10ms);
      co_await conn.close();
      EXPECT_TRUE(conn.closed());
    };
    co_await (asking() && listening() && closing());
  });
}

TEST(asio_close, while_connecting_ends_that) {
  run([]() -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    auto const connecting = [&]() -> awaitable<void> {
      auto [error] = co_await conn.connect(dsn(way::tls_verify_full), as_tuple);
      EXPECT_TRUE(thrown<operational_error>([&] { raise(error); }).is_fatal());
    };
    co_await (connecting() && conn.close());
  });
}

// By the native connection, behind our back: the server's end is seen.
TEST(asio_close, by_hand_is_noticed) {
  run([]() -> awaitable<void> {
    auto conn = co_await connected(dsn(way::tcp));
    auto const asking = [&]() -> awaitable<void> {
      auto [error, r] = co_await conn.query(bind("SELECT pg_sleep(0.05)"), as_tuple);
      EXPECT_TRUE(thrown<operational_error>([&] { raise(error); }).is_fatal());
    };
    auto const closing = [&]() -> awaitable<void> {
      conn.native().close();
      co_return;
    };
    co_await (asking() && closing());
  });
}

}  // namespace
}  // namespace tusk::test
