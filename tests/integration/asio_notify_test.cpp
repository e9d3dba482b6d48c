// Notifications through the Asio face: beside operations, and none that is seen too late.

#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <string>
#include <tusk/tusk.hpp>

#include "support/aio.hpp"
#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;

std::string const channel = "asio_notify_" + std::to_string(::getpid());

class asio_notify : public testing::TestWithParam<way> {
 protected:
  awaitable<aio::connection> open() const { return connected(dsn(GetParam())); }
};

TEST_P(asio_notify, a_notification_that_came_with_the_answer) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open();
    co_await conn.exec("LISTEN " + channel);
    for (int i = 0; i < 20; ++i) {
      co_await conn.query("SELECT pg_notify($1, $2)", channel, std::to_string(i));
      EXPECT_EQ((co_await conn.next_notify()).payload, std::to_string(i));
    }
  });
}

TEST_P(asio_notify, a_notification_beside_a_query) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open(), other = co_await open();
    co_await conn.exec("LISTEN " + channel);
    std::string order;
    auto const listening = [&]() -> awaitable<void> {
      order += (co_await conn.next_notify()).payload + " ";
      order += (co_await conn.next_notify()).payload + " ";
    };
    auto const asking = [&]() -> awaitable<void> {
      co_await conn.query("SELECT pg_sleep(0.05)");
      order += "answer ";
      co_await conn.query("SELECT pg_notify($1, '2')", channel);
    };
    co_await other.query("SELECT pg_notify($1, '1')", channel);
    co_await (listening() && asking());
    EXPECT_EQ(order, "1 answer 2 ");
  });
}

TEST_P(asio_notify, notifications_wake_who_waits_on_an_idle_connection) {
  run([this]() -> awaitable<void> {
    auto conn = co_await open(), other = co_await open();
    co_await conn.exec("LISTEN " + channel);
    auto const say = [&]() -> awaitable<void> {
      co_await after(20ms);
      co_await other.exec("NOTIFY " + channel + ", 'a'; NOTIFY " + channel + ", 'b'");
    };
    auto const listening = [&]() -> awaitable<void> {
      auto const both = co_await (conn.next_notify() && conn.next_notify());
      EXPECT_EQ(std::get<0>(both).payload + std::get<1>(both).payload, "ab") << "they wait in turn";
    };
    co_await (listening() && say());
  });
}

INSTANTIATE_TEST_SUITE_P(each, asio_notify, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

// ---- what comes with an answer ----

std::string notification(std::string_view payload) { return message('A', int32(99) + text("c") + text(payload)); }

/// Answers each query, with a notification behind ReadyForQuery in the same bytes.
template <class Client>
void answer_and_notify(Client& client) {
  client.receive_startup();
  client.send(welcome());
  while (client.receive_message().size() > 5)
    client.send(message('C', text("SELECT 0")) + ready() + notification("behind"));
}

void expect_notifications(std::string const& dsn) {
  run([&dsn]() -> awaitable<void> {
    auto conn = co_await connected(dsn);
    for (int i = 0; i < 3; ++i) {
      co_await conn.exec("SELECT");
      EXPECT_EQ((co_await conn.next_notify()).payload, "behind");
      auto const both = co_await (conn.next_notify() && conn.exec("SELECT"));
      EXPECT_EQ(std::get<0>(both).payload, "behind");
    }
  });
}

// psycopg2: such a notification is seen one poll later, for which nothing wakes the program.
TEST(asio_lost_wake_up, a_notification_behind_ready_for_query) {
  scripted_server const server([](peer& client) { answer_and_notify(client); });
  expect_notifications(server.dsn());
}

TEST(asio_lost_wake_up, in_the_same_tls_record_too) {
  certificate const own;
  scripted_server const server([&](peer& client) {
    tls_peer secure(client, own);
    if (secure.begin()) answer_and_notify(secure);
  });
  expect_notifications(server.dsn("sslmode=require"));
}

}  // namespace
}  // namespace tusk::test
