// The lost wake-up: a notification that is in the same bytes as the end of a statement, so that the descriptor says no
// word of it any more. Whoever steps the connection has it when the call returns, over TCP and over TLS, wherever the
// bytes are cut. psycopg2 and libpq show it one poll later, for which nothing wakes the caller.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <type_traits>
#include <utility>

#include "support/certificate.hpp"
#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

std::string notification(std::string_view payload) { return message('A', int32(7) + text("channel") + text(payload)); }
std::string row_of(std::string_view value) {
  return message('D', int16(1) + int32(static_cast<std::uint32_t>(value.size())) + std::string(value));
}
std::string columns() {
  return message('T',
                 int16(1) + text("x") + int32(0) + int16(0) + int32(25) + int16(0xffff) + int32(0xffffffff) + int16(0));
}
std::string answer() { return columns() + row_of("value") + message('C', text("SELECT 1")) + ready(); }

/// What a script needs of a client, over TCP or over TLS.
template <class Carrier, class Script>
void welcome_and(Carrier& client, Script const& script) {
  client.receive_startup();
  client.send(welcome());
  script(client);
}

/// Runs the script for a client over TCP or over TLS, and connects to it.
class played {
 public:
  template <class Script>
  played(bool tls, Script script)
      : tls_(tls), server_([this, script](peer& client) {
          if (!tls_) return welcome_and(client, script);
          tls_peer secure(client, own_);
          if (secure.begin()) welcome_and(secure, script);
        }) {}
  connection open(bool async) const {
    connection conn = connect(server_.dsn(tls_ ? "sslmode=require" : ""), {.async = async, .autocommit = true});
    if (async) finish(conn);
    return conn;
  }

 private:
  bool tls_;
  certificate own_;
  scripted_server server_;
};

class gathering : public testing::TestWithParam<bool> {};

TEST_P(gathering, a_notification_behind_ready_for_query_is_there_when_poll_says_ok) {
  played const server(GetParam(), [](auto& client) {
    while (client.receive_message().substr(0, 1) == "Q") client.send(answer() + notification("behind"));
  });
  connection conn = server.open(true);
  for (int i = 0; i < 50; ++i) {
    conn.start_exec("SELECT 'value'");
    finish(conn);
    auto const got = conn.notifies.pop();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->payload, "behind");
    EXPECT_EQ(conn.take_results()[0][0].get<std::string>(0), "value");
  }
}

TEST_P(gathering, it_is_there_when_an_operation_that_waits_returns) {
  played const server(GetParam(), [](auto& client) {
    for (std::string asked; !(asked = client.receive_message()).empty() && asked[0] != 'X';)
      if (asked[0] == 'Q') client.send(answer() + notification("behind"));
  });
  connection conn = server.open(false);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(conn.exec("SELECT 'value'")[0][0].get<std::string>(0), "value");
    auto const got = conn.notifies.pop();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->payload, "behind");
  }
}

// Behind the answer to Bind, Execute and Sync of a known statement, whose usual way has no loop.
TEST_P(gathering, it_is_there_behind_a_prepared_statement) {
  played const server(GetParam(), [](auto& client) {
    std::string answer_of_all;
    for (std::string asked; !(asked = client.receive_message()).empty() && asked[0] != 'X';) {
      switch (asked[0]) {
        case 'P': answer_of_all += message('1'); break;
        case 'D': answer_of_all += message('t', int16(0)) + columns(); break;
        case 'B': answer_of_all += message('2'); break;
        case 'E': answer_of_all += row_of("value") + message('C', text("SELECT 1")); break;
        default: client.send(std::exchange(answer_of_all, {}) + ready() + notification("behind"));
      }
    }
  });
  connection conn = server.open(false);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(conn.query("SELECT 'value'")[0].get<std::string>(0), "value");
    EXPECT_EQ(conn.notifies.size(), static_cast<std::size_t>(i + 1));
  }
}

TEST_P(gathering, it_is_there_when_poll_says_read) {
  std::atomic<bool> seen = false;
  played const server(GetParam(), [&](auto& client) {
    client.receive_message();
    client.send(columns() + notification("before the rows"));
    while (!seen) std::this_thread::yield();
    client.send(row_of("value") + message('C', text("SELECT 1")) + ready());
    client.stay_silent();
  });
  connection conn = server.open(true);
  conn.start_exec("SELECT 'value'");
  while (conn.notifies.empty()) {
    poll_status const wanted = conn.poll();
    ASSERT_EQ(wanted, poll_status::read);
    if (conn.notifies.empty()) wait_once(conn, wanted);
  }
  seen = true;
  finish(conn);
  EXPECT_EQ(conn.take_results().size(), 1U);
}

// Both ways are full of the client's own bytes, which the server does not take until the notification is seen.
TEST_P(gathering, it_is_there_when_poll_says_read_write) {
  constexpr std::size_t size = 20'000'000;  // of the statement with its NUL byte
  std::atomic<bool> seen = false;
  played const server(GetParam(), [&](auto& client) {
    std::string got = client.receive(5 + 100);
    client.send(notification("in between"));
    while (!seen) std::this_thread::yield();
    got += client.receive(size - 100);
    client.send(answer());
    client.stay_silent();
  });
  connection conn = server.open(true);
  std::string const statement = "SELECT 'value' --" + std::string(size - 18, 'x');
  conn.start_exec(statement);
  while (conn.notifies.empty()) {
    poll_status const wanted = conn.poll();
    ASSERT_EQ(wanted, poll_status::read_write);
    if (conn.notifies.empty()) wait_once(conn, poll_status::read);
  }
  seen = true;
  finish(conn);
  EXPECT_EQ(conn.take_results().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(over, gathering, testing::Values(false, true),
                         [](auto const& of) { return of.param ? "tls" : "tcp"; });

/// An answer with a notification behind it, in two TLS records cut at each byte in turn, sent in one go.
class cut : public testing::Test {
 protected:
  cut()
      : all(answer() + notification("behind")), server(true, [this](auto& client) {
          for (std::size_t at = 0; client.receive_message().substr(0, 1) == "Q"; ++at) {
            if constexpr (std::is_same_v<decltype(client), tls_peer&>)
              client.send({std::string_view(all).substr(0, at), std::string_view(all).substr(at)});
          }
        }) {}
  std::string all;
  played server;
};

TEST_F(cut, across_a_records_end_it_is_there_when_poll_says_ok) {
  connection conn = server.open(true);
  for (std::size_t at = 0; at <= all.size(); ++at) {
    SCOPED_TRACE(at);
    conn.start_exec("SELECT 'value'");
    finish(conn);
    EXPECT_EQ(conn.take_results().size(), 1U);
    ASSERT_TRUE(conn.notifies.pop());
  }
}

// The second record may still be in the kernel when the statement is done; then the descriptor says so.
TEST_F(cut, across_a_records_end_it_is_there_or_the_descriptor_shows_it) {
  connection conn = server.open(false);
  for (std::size_t at = 0; at <= all.size(); ++at) {
    SCOPED_TRACE(at);
    EXPECT_EQ(conn.exec("SELECT 'value'").size(), 1U);
    if (conn.notifies.empty()) {
      ASSERT_TRUE(wait_readable(conn, 30s));
      EXPECT_EQ(conn.poll(), poll_status::ok);
    }
    ASSERT_TRUE(conn.notifies.pop());
  }
}

}  // namespace
}  // namespace tusk::test
