// Cancelling and deadlines of the Asio face: at each point where something can be under way the connection is usable
// afterwards, or closed.

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <atomic>
#include <optional>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/aio.hpp"
#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using asio::cancellation_type;
using std::exception_ptr;

constexpr cancellation_type all_types[] = {cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total};

class asio_cancelling : public testing::TestWithParam<way> {
 protected:
  awaitable<aio::connection> open() const { return connected(dsn(GetParam())); }
};

void expect_aborted(exception_ptr const& error) {
  EXPECT_EQ(thrown<operational_error>([&] { raise(error); }).code(), asio::error::operation_aborted);
}

// ---- a query ----

TEST_P(asio_cancelling, by_slot_ends_a_query_at_the_server) {
  for (auto const type : all_types) {
    asio::io_context io;
    aio::connection conn(io);
    asio::cancellation_signal signal;
    exception_ptr error;
    conn.connect(dsn(GetParam()), [&](exception_ptr) {
      conn.query(bind("SELECT pg_sleep(60)"),
                 asio::bind_cancellation_slot(signal.slot(), [&](exception_ptr e, result) { error = std::move(e); }));
      // At once: the server may not have read the query yet, and ignore the first request.
      signal.emit(type);
      signal.emit(type);
    });
    run(io);
    EXPECT_FALSE(thrown<query_canceled>([&] { raise(error); }).is_fatal());
    int answer = 0;
    conn.query(bind("SELECT 7"), [&](exception_ptr e, result r) { answer = e ? 0 : first<int>(r); });
    signal.emit(type);  // for nothing: it has ended
    io.restart();
    run(io);
    EXPECT_EQ(answer, 7);
  }
}

TEST_P(asio_cancelling, mended_by_a_handler_within_a_step) {
  asio::io_context io;
  aio::connection conn(io);
  asio::cancellation_signal signal;
  exception_ptr error;
  auto const begin = std::chrono::steady_clock::now();
  conn.connect(dsn(GetParam()), [&](exception_ptr) {
    conn.native().on_notice([&](diagnostics const&) { signal.emit(cancellation_type::total); });
    conn.query(bind("DO $$ BEGIN RAISE NOTICE 'now'; PERFORM pg_sleep(20); END $$"),
               asio::bind_cancellation_slot(signal.slot(), [&](exception_ptr e, result) { error = std::move(e); }));
  });
  run(io);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_THROW(raise(error), query_canceled);
}

TEST_P(asio_cancelling, mended_of_next_notify_by_a_handler_within_a_step) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open(), other = co_await open();
    std::string const channel = "asio_cancelling_" + std::to_string(conn.native().info().backend_pid);
    co_await conn.exec("LISTEN " + channel);
    asio::cancellation_signal signal;
    conn.native().on_notify(channel, [&](notify const&) { signal.emit(cancellation_type::total); });
    std::optional<exception_ptr> ended;
    conn.next_notify(
        asio::bind_cancellation_slot(signal.slot(), [&](exception_ptr e, notify) { ended = std::move(e); }));
    co_await other.exec("NOTIFY " + channel);
    for (int i = 0; i < 1000 && !ended; ++i) co_await after(10ms);
    EXPECT_TRUE(ended);
    if (ended) expect_aborted(*ended);
  });
}

TEST_P(asio_cancelling, a_query_that_is_slower_than_a_timer) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    for (int i = 0; i < 5; ++i) {
      auto const either = co_await (conn.query("SELECT pg_sleep(60)") || after(std::chrono::milliseconds(i * 10)));
      EXPECT_EQ(either.index(), 1U);
      EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", i)), i);
    }
  });
}

TEST_P(asio_cancelling, is_an_operation_beside_the_query) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    co_await conn.cancel();  // for nothing
    std::string order;
    auto const asking = [&]() -> awaitable<void> {
      auto [error, r] = co_await conn.query(bind("SELECT pg_sleep(60)"), as_tuple);
      EXPECT_THROW(raise(error), query_canceled);
      order += "query ";
    };
    auto const cancelling = [&]() -> awaitable<void> {
      co_await after(20ms);
      co_await conn.cancel();
      order += "cancel ";
      EXPECT_EQ(first<int>(co_await conn.query("SELECT 1")), 1);
    };
    co_await (asking() && cancelling());
    EXPECT_EQ(order, "query cancel ");
  });
}

TEST_P(asio_cancelling, in_the_midst_of_sending) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    std::string const large(30'000'000, 'y');
    for (int i = 0; i < 3; ++i) {
      auto const either =
          co_await (conn.query("SELECT $1::text, pg_sleep(60)", large) || after(std::chrono::milliseconds(i * 5)));
      EXPECT_EQ(either.index(), 1U);
      EXPECT_EQ(first<int>(co_await conn.query("SELECT $1::int", i)), i);
    }
  });
}

TEST_P(asio_cancelling, a_statement_of_a_cursor) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    cursor cur = conn.native().cursor();
    auto const either = co_await (conn.execute(cur, "SELECT pg_sleep(%s)", 60) || after(20ms));
    EXPECT_EQ(either.index(), 1U);
    EXPECT_THROW(cur.fetchone(), programming_error);
    co_await conn.execute(cur, "SELECT 4");
    EXPECT_EQ(cur.fetchone()->get<int>(0), 4);
  });
}

TEST_P(asio_cancelling, waiting_for_a_notification_leaves_everything_as_it_is) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    co_await conn.exec("LISTEN here");
    auto const either = co_await (conn.next_notify() || after(10ms));
    EXPECT_EQ(either.index(), 1U);
    auto const other = co_await (conn.next_notify() || conn.query("SELECT pg_sleep(0.02)"));
    EXPECT_EQ(other.index(), 1U);
    co_await conn.exec("NOTIFY here, 'x'");
    EXPECT_EQ((co_await conn.next_notify()).payload, "x");
  });
}

// At a random time, or when it has ended already: the next statement is never hit.
TEST_P(asio_cancelling, never_hits_the_next_statement) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    for (int i = 0; i < 60; ++i) {
      co_await (conn.query("SELECT pg_sleep($1::float8)", 0.0002 * (i % 20)) ||
                after(std::chrono::milliseconds(i % 4)));
      auto [error, r] = co_await conn.query(bind("SELECT $1::int", i), as_tuple);
      EXPECT_NO_THROW(raise(error));
    }
  });
}

// ---- connecting ----

/// Connects, and cancels after the event loop has done so many things. False if it was connected before.
bool cancel_connecting(std::string const& to, int things, cancellation_type type) {
  asio::io_context io;
  aio::connection conn(io);
  asio::cancellation_signal signal;
  std::optional<exception_ptr> told;
  conn.connect(to, asio::bind_cancellation_slot(signal.slot(), [&](exception_ptr error) { told = std::move(error); }));
  for (int i = 0; i < things && !told; ++i) io.run_one();
  bool const connected = told && !*told;
  signal.emit(type);
  run(io);
  if (connected) return false;
  EXPECT_TRUE(told);
  if (told) {
    EXPECT_TRUE(conn.closed());
    expect_aborted(*told);
  }
  return true;
}

TEST_P(asio_cancelling, closes_at_every_step_of_connecting) {
  int most = 0;
  for (int i = 0; i < 100 && most <= 2; ++i) {  // on a busy machine all answers may be there at the first look
    int things = 0;
    while (cancel_connecting(dsn(GetParam(), "auth_scram"), things, all_types[things % 3])) ASSERT_LT(++things, 200);
    most = std::max(most, things);
  }
  EXPECT_GT(most, 2);
}

INSTANTIATE_TEST_SUITE_P(each, asio_cancelling, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

// ---- requests that are not heard ----

// The first request is ignored, as by a server that has not read the statement yet.
TEST(asio_cancel, is_repeated_until_it_is_heard) {
  std::atomic<int> requests = 0;
  scripted_server const server([&](peer& client) {
    if (client.receive_startup().size() == 16) {  // CancelRequest
      ++requests;
      return;
    }
    client.send(welcome());
    client.receive_message();
    while (requests < 2) std::this_thread::sleep_for(1ms);
    client.send(message('E', fields("ERROR", "57014", "canceling statement due to user request")) + ready());
    client.stay_silent();
  });
  run([&]() -> awaitable<void> {
    auto conn = co_await connected(server.dsn());
    auto const either = co_await (conn.exec("SELECT pg_sleep(60)") || after(1ms));
    EXPECT_EQ(either.index(), 1U);
    EXPECT_FALSE(conn.closed());
  });
  EXPECT_GE(requests, 2);
}

/// A server that gives no key to cancel with, and answers after a while.
void without_key(peer& client) {
  client.receive_startup();
  client.send(message('R', int32(0)) + message('S', text("client_encoding") + text("UTF8")) + ready());
  client.receive_message();
  std::this_thread::sleep_for(100ms);
  client.send(message('C', text("DO")) + ready());
  client.stay_silent();
}

TEST(asio_cancel, that_cannot_be_sent_lets_the_operation_end_by_itself) {
  scripted_server const server(without_key);
  run([&]() -> awaitable<void> {
    auto conn = co_await connected(server.dsn());
    auto const either = co_await (conn.exec("DO 1") || after(1ms));
    EXPECT_EQ(either.index(), 1U);
    EXPECT_FALSE(conn.closed());
  });
}

TEST(asio_cancel, that_cannot_be_sent_is_told_and_the_operation_goes_on) {
  scripted_server const server(without_key);
  run([&]() -> awaitable<void> {
    auto conn = co_await connected(server.dsn());
    auto const cancelling = [&]() -> awaitable<void> {
      co_await after(1ms);
      auto [error] = co_await conn.cancel(as_tuple);
      EXPECT_CONTAINS("no key", thrown<operational_error>([&] { raise(error); }).what());
    };
    auto const asking = [&]() -> awaitable<void> { EXPECT_EQ((co_await conn.exec("DO 1")).size(), 1U); };
    co_await (asking() && cancelling());
    EXPECT_FALSE(conn.closed());
  });
}

// The server refuses the request's connection, while it is stepped.
TEST(asio_cancel, that_fails_on_its_way) {
  certificate const own;
  std::atomic<int> clients = 0;
  scripted_server const server([&](peer& client) {
    if (++clients > 1) {  // the first one has TLS
      client.receive_startup();
      client.send("N");
      return;
    }
    tls_peer secure(client, own);
    if (!secure.begin()) return;
    secure.receive_startup();
    secure.send(welcome());
    secure.stay_silent();
  });
  run([&]() -> awaitable<void> {
    auto conn = co_await connected(server.dsn("sslmode=require"));
    auto const asking = [&]() -> awaitable<void> {
      auto [error, all] = co_await conn.exec("SELECT pg_sleep(60)", as_tuple);
      EXPECT_CONTAINS("could not be sent", thrown<operational_error>([&] { raise(error); }).what());
      EXPECT_TRUE(conn.closed());
    };
    auto const cancelling = [&]() -> awaitable<void> {
      co_await after(1ms);
      auto [error] = co_await conn.cancel(as_tuple);
      EXPECT_CONTAINS("could not be sent", thrown<operational_error>([&] { raise(error); }).what());
      EXPECT_FALSE(conn.closed());
    };
    co_await (asking() || (cancelling() && after(1ms)));
  });
}

}  // namespace
}  // namespace tusk::test
