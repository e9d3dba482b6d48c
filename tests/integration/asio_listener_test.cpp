// The Asio face of a listener: run() and next() awaited, cancelled, and ended under way.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <optional>
#include <tusk/aio/listener.hpp>

#include "support/aio.hpp"
#include "support/listeners.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

std::string text_of(notification_or_gap const& what) { return told_notifications::text_of(what); }
using texts = std::vector<std::string>;

std::exception_ptr const not_ended = std::make_exception_ptr(std::logic_error("it has not ended"));
auto into(std::exception_ptr& error) {
  error = not_ended;
  return [&error](std::exception_ptr how) { error = std::move(how); };
}

TEST(asio_listener, notifications_are_awaited) {
  run([]() -> asio::awaitable<void> {
    auto const executor = co_await asio::this_coro::executor;
    aio::listener hub(executor, dsn(way::unix_socket, "tusk", "application_name=asio_listener"), quick());
    auto orders = hub.subscribe("orders", {.tell_start = true});
    told_notifications told;
    hub.listen("orders", told.hears());
    std::exception_ptr ended;
    hub.run(into(ended));
    EXPECT_EQ(text_of(co_await orders.next()), "gap start");
    aio::connection other = co_await connected(dsn(way::unix_socket));
    for (char const* each : {"1", "2"}) co_await other.query("SELECT pg_notify('orders', $1)", each);
    EXPECT_EQ(text_of(co_await orders.next()), "orders: 1");
    EXPECT_EQ(text_of(co_await orders.next()), "orders: 2");
    co_await other.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'asio_listener'");
    EXPECT_EQ(text_of(co_await orders.next()), "gap lost after 2");
    co_await other.query("SELECT pg_notify('orders', '3')");
    EXPECT_EQ(text_of(co_await orders.next()), "orders: 3");
    EXPECT_EQ(told.all(), (texts{"orders: 1", "orders: 2", "orders: 3"}));
    hub.close();
    EXPECT_THROW(co_await orders.next(), interface_error);
    while (ended) co_await after(1ms);
  });
}

TEST(asio_listener, next_is_cancelled_and_nothing_is_lost) {
  run([]() -> asio::awaitable<void> {
    aio::listener hub(co_await asio::this_coro::executor, dsn(way::unix_socket));
    auto orders = hub.subscribe("orders", {.tell_start = true});
    std::exception_ptr ended;
    hub.run(into(ended));
    co_await orders.next();
    auto const waited = co_await (orders.next() || after(20ms));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(waited));
    aio::connection other = co_await connected(dsn(way::unix_socket));
    co_await other.query("SELECT pg_notify('orders', '1')");
    EXPECT_EQ(text_of(co_await orders.next()), "orders: 1");
    hub.close();
    while (ended) co_await after(1ms);
  });
}

TEST(asio_listener, several_wait_and_each_gets_one) {
  run([]() -> asio::awaitable<void> {
    aio::listener hub(co_await asio::this_coro::executor, dsn(way::unix_socket));
    auto orders = hub.subscribe("orders", {.tell_start = true});
    std::exception_ptr ended;
    hub.run(into(ended));
    co_await orders.next();
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i)
      orders.next([&got](std::exception_ptr error, notification_or_gap what) {
        got.push_back(error ? "error" : text_of(what));
      });
    aio::connection other = co_await connected(dsn(way::unix_socket));
    co_await other.query("SELECT pg_notify('orders', '1'), pg_notify('orders', '2')");
    while (got.size() < 2) co_await after(1ms);
    orders.end();
    while (got.size() < 3) co_await after(1ms);
    EXPECT_EQ(got, (texts{"orders: 1", "orders: 2", "error"}));
    EXPECT_FALSE(hub.native().closed());
    hub.close();
    while (ended) co_await after(1ms);
  });
}

TEST(asio_listener, run_is_cancelled_and_goes_on) {
  run([]() -> asio::awaitable<void> {
    aio::listener hub(co_await asio::this_coro::executor, dsn(way::unix_socket));
    hub.listen("orders", [](auto&) {});
    asio::cancellation_signal stop;
    std::exception_ptr ended, second;
    hub.run(asio::bind_cancellation_slot(stop.slot(), into(ended)));
    while (!hub.native().is_listening("orders")) co_await after(1ms);
    hub.run(into(second));
    while (second == not_ended) co_await after(1ms);
    EXPECT_THROW(raise(second), programming_error) << "one at a time";
    stop.emit(asio::cancellation_type::total);
    while (ended == not_ended) co_await after(1ms);
    EXPECT_EQ(thrown<operational_error>([&] { raise(ended); }).code(), asio::error::operation_aborted);
    EXPECT_TRUE(hub.native().is_listening("orders"));
    hub.run(into(second));
    hub.close();
    while (second) co_await after(1ms);
    EXPECT_TRUE(hub.native().closed());
  });
}

TEST(asio_listener, mended_a_function_cancels_the_run_that_has_called_it) {
  run([]() -> asio::awaitable<void> {
    aio::listener hub(co_await asio::this_coro::executor, dsn(way::unix_socket));
    asio::cancellation_signal stop;
    hub.listen("orders", [&](auto&) { stop.emit(asio::cancellation_type::total); });
    std::exception_ptr ended;
    hub.run(asio::bind_cancellation_slot(stop.slot(), into(ended)));
    while (!hub.native().is_listening("orders")) co_await after(1ms);
    aio::connection other = co_await connected(dsn(way::unix_socket));
    co_await other.query("SELECT pg_notify('orders', '1')");
    for (int i = 0; i < 2000 && ended == not_ended; ++i) co_await after(1ms);
    EXPECT_TRUE(ended != not_ended);
    if (ended != not_ended)
      EXPECT_EQ(thrown<operational_error>([&] { raise(ended); }).code(), asio::error::operation_aborted);
    hub.close();
    while (ended == not_ended) co_await after(1ms);
  });
}

TEST(asio_listener, errors_come_out_of_run) {
  run([]() -> asio::awaitable<void> {
    aio::listener hub(co_await asio::this_coro::executor, dsn(way::unix_socket, "tusk", "dbname=no_such_database"));
    EXPECT_THROW(co_await hub.run(), operational_error);
    aio::listener bad(co_await asio::this_coro::executor, "no_such_keyword=1");
    EXPECT_THROW(co_await bad.run(), programming_error);
  });
}

TEST(asio_listener, is_destroyed_within_its_function) {
  run([]() -> asio::awaitable<void> {
    auto hub = std::make_unique<aio::listener>(co_await asio::this_coro::executor, dsn(way::unix_socket));
    hub->listen("orders", [&](auto&) { hub.reset(); });
    std::exception_ptr ended;
    hub->run(into(ended));
    while (!hub->native().is_listening("orders")) co_await after(1ms);
    aio::connection other = co_await connected(dsn(way::unix_socket));
    co_await other.query("SELECT pg_notify('orders', '')");
    while (ended) co_await after(1ms);
    EXPECT_FALSE(hub);
  });
}

TEST(asio_listener, the_loop_ends_under_way) {
  for (int steps : {0, 1, 3, 10}) {
    asio::io_context io;
    aio::listener hub(io, dsn(way::unix_socket));
    auto orders = hub.subscribe("orders");
    asio::co_spawn(io, hub.run(), asio::detached);
    asio::co_spawn(io, orders.next(), asio::detached);
    for (int i = 0; i < steps; ++i) io.run_one_for(100ms);
  }
}

}  // namespace
}  // namespace tusk::test
