// Cancel requests and what a server makes of them, as the connection sees it whose statement they are for.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// Lets a session in, and answers one statement of it after a while.
void play_session(peer& client, std::chrono::milliseconds later = {}) {
  client.send(welcome());
  client.receive_message();
  std::this_thread::sleep_for(later);
  client.send(message('C', text("SELECT 0")) + ready());
  client.stay_silent();
}

/// A connection that waits for that statement.
connection executing(scripted_server const& server) {
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  conn.start_exec("SELECT 1");
  conn.poll();
  return conn;
}

bool is_cancel(std::string const& startup) { return startup.size() == 16; }

// A cancel request that the server takes, but does not confirm, may hit any later statement.
TEST(unconfirmed_cancel, ends_the_connection_with_the_operation) {
  scripted_server server([](peer& client) {
    if (is_cancel(client.receive_startup())) return client.stay_silent();
    play_session(client, std::chrono::milliseconds(300));
  });
  connection conn = executing(server);
  conn.cancel(std::chrono::milliseconds(50));
  auto const unconfirmed = thrown<operational_error>([&] { finish(conn); });
  EXPECT_CONTAINS("was sent, but the server did not confirm it", unconfirmed.what());
  EXPECT_FALSE(unconfirmed.is_fatal());
  EXPECT_TRUE(conn.isexecuting());
  EXPECT_NO_THROW(finish(conn));
  auto const closed = thrown<operational_error>([&] { conn.start_exec("SELECT 2"); });
  EXPECT_CONTAINS("it could hit the next statement", closed.what());
  EXPECT_TRUE(closed.is_fatal());
  EXPECT_TRUE(conn.closed());
}

TEST(refused_cancel, leaves_the_operation_as_it_is) {
  std::atomic<int> calls = 0;
  scripted_server server([&](peer& client) {
    if (++calls > 1) return;  // closes at once, before it was asked for TLS or anything
    client.receive_startup();
    play_session(client);
  });
  connection conn = executing(server);
  conn.cancel();
  EXPECT_NO_THROW(finish(conn));
}

TEST(mended, cancel_within_the_longest_time) {
  scripted_server server([](peer& client) {
    if (!is_cancel(client.receive_startup())) play_session(client);
  });
  connection conn = executing(server);
  conn.cancel(std::chrono::milliseconds::max());
  EXPECT_NO_THROW(finish(conn));
}

}  // namespace
}  // namespace tusk::test
