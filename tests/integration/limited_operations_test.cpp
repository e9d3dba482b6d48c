// Limits of what is no statement of the user's: what ends a transaction, ping, reset, LISTEN, reading the types,
// connecting. A network that goes silent in mid-program holds nobody for longer.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// The server's process of a session does not run as long as this lives, or for 20 s: then the session is ended, so
/// that the test of a client that does not give up fails in words.
class stopped_session {
 public:
  explicit stopped_session(std::int32_t pid) : pid_(pid) {
    if (::kill(pid, SIGSTOP) != 0) throw std::runtime_error("the server's process cannot be stopped");
  }
  stopped_session(stopped_session const&) = delete;
  stopped_session& operator=(stopped_session const&) = delete;

 private:
  std::int32_t pid_;
  std::jthread goes_on_{[this](std::stop_token const& over) {
    for (auto const until = clock::now() + 20s; clock::now() < until && !over.stop_requested();)
      std::this_thread::sleep_for(10ms);
    if (!over.stop_requested()) ::kill(pid_, SIGTERM);
    ::kill(pid_, SIGCONT);
  }};
};

struct operation {
  char const* name;
  bool cancels;  // when the limit is over; the others close at once
  bool in_transaction;
  std::function<void(connection&, within const&)> run;
};

std::vector<operation> const blocking_operations = {
    {"commit", true, true, [](connection& conn, within const& limit) { conn.commit(limit); }},
    {"rollback", false, true, [](connection& conn, within const& limit) { conn.rollback(limit); }},
    {"reset", false, true, [](connection& conn, within const& limit) { conn.reset(limit); }},
    {"ping", false, false, [](connection& conn, within const& limit) { conn.ping(limit); }},
    {"load_types", true, false, [](connection& conn, within const& limit) { conn.load_types(limit); }},
    {"listen", true, false, [](connection& conn, within const& limit) { conn.listen(limit, "a"); }},
    {"unlisten", true, false, [](connection& conn, within const& limit) { conn.unlisten(limit, "a"); }},
    {"notify", true, false, [](connection& conn, within const& limit) { conn.notify(limit, "a", "b"); }},
    {"guard", true, true, [](connection& conn, within const& limit) { transaction nested(conn, limit); }},
};
std::vector<operation> const started_operations = {
    {"start_reset", false, false, [](connection& conn, within const& limit) { conn.start_reset(limit); }},
    {"start_ping", false, false, [](connection& conn, within const& limit) { conn.start_ping(limit); }},
    {"start_load_types", true, false, [](connection& conn, within const& limit) { conn.start_load_types(limit); }},
    {"start_listen", true, false, [](connection& conn, within const& limit) { conn.start_listen(limit, "a"); }},
    {"start_unlisten", true, false, [](connection& conn, within const& limit) { conn.start_unlisten(limit, "a"); }},
    {"start_notify", true, false, [](connection& conn, within const& limit) { conn.start_notify(limit, "a", "b"); }},
};

/// Runs it to its end.
void run(operation const& what, connection& conn, within const& limit) {
  what.run(conn, limit);
  if (conn.isexecuting()) finish(conn);
}

void expect_given_up(operation const& what, connection& conn) {
  SCOPED_TRACE(what.name);
  stopped_session const silent(conn.info().backend_pid);
  auto const begin = clock::now();
  auto const told = thrown<operational_error>([&] { run(what, conn, within(200ms)); });
  auto const elapsed = clock::now() - begin;
  EXPECT_TRUE(told.is_fatal());
  EXPECT_CONTAINS(what.cancels ? "limit was over, and it had not ended" : "that is not cancelled", told.what());
  EXPECT_TRUE(conn.closed() && !conn.isexecuting());
  EXPECT_GE(elapsed, what.cancels ? 5s : 200ms);
  EXPECT_LT(elapsed, what.cancels ? 15s : 4s);
}

TEST(limited_operation, mended_is_given_up_on_a_silent_network) {
  std::vector<std::jthread> threads;
  for (auto const& each : blocking_operations)
    for (bool const by_callback : {false, true})
      threads.emplace_back([&each, by_callback] {
        connect_options options;
        if (by_callback) options.wait_callback = [](connection& conn) { finish(conn); };
        connection conn = connect(dsn(way::tcp), options);
        if (each.in_transaction) conn.query("SELECT 1");
        expect_given_up(each, conn);
      });
  for (auto const& each : started_operations)
    threads.emplace_back([&each] {
      connection conn = connect(dsn(way::tcp), {.async = true});
      finish(conn);
      expect_given_up(each, conn);
    });
}

TEST(limited_operation, that_is_over_before_sends_nothing) {
  auto const check = [](operation const& each, connection& conn) {
    SCOPED_TRACE(each.name);
    auto const before = conn.transaction_status();
    std::string sent;
    conn.trace([&](std::string_view line) { sent += line; });
    EXPECT_FALSE(thrown<query_canceled>([&] { run(each, conn, within(0s)); }).is_fatal());
    conn.trace({});
    EXPECT_EQ(sent, "");
    EXPECT_EQ(conn.transaction_status(), before);
  };
  for (auto const& each : blocking_operations) {
    connection conn = connect(dsn(way::unix_socket));
    if (each.in_transaction) conn.query("SELECT 1");
    check(each, conn);
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  }
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  for (auto const& each : started_operations) check(each, conn);
}

TEST(limited_operation, that_ends_in_time_is_as_without_a_limit) {
  std::stop_source stop;
  for (within const& limit : {within(60s), within(stop.get_token())}) {
    connection conn = connect(dsn(way::tcp));
    for (auto const& each : blocking_operations) {
      if (each.in_transaction) conn.query("SELECT 1");
      EXPECT_NO_THROW(each.run(conn, limit)) << each.name;
      if (std::string_view(each.name) != "guard") continue;
      EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
    }
  }
}

// ---- guards ----

TEST(limited_operation, mended_a_guard_is_left_on_a_silent_network) {
  std::vector<std::jthread> threads;
  for (bool const nested : {false, true})
    for (auto const limit : {200ms, 0ms, -1ms})
      threads.emplace_back([nested, limit] {
        connection conn = connect(dsn(way::tcp), {.guard_limit = limit});
        if (nested) conn.query("SELECT 1");
        std::optional<stopped_session> silent;
        auto begin = clock::now();
        {
          transaction tx(conn);
          conn.query("SELECT 1");
          silent.emplace(conn.info().backend_pid);
          begin = clock::now();
        }
        EXPECT_LT(clock::now() - begin, 4s);
        EXPECT_TRUE(conn.closed());
      });
}

TEST(limited_operation, a_guards_end_within_a_limit) {
  std::vector<std::jthread> threads;
  for (bool const commits : {false, true})
    threads.emplace_back([commits] {
      connection conn = connect(dsn(way::tcp));
      transaction tx(conn);
      conn.query("SELECT 1");
      EXPECT_THROW(commits ? tx.commit(within(0s)) : tx.rollback(within(0s)), query_canceled);
      EXPECT_EQ(value<int>(conn, "SELECT 1"), 1) << "it has not ended";
      stopped_session const silent(conn.info().backend_pid);
      EXPECT_TRUE(thrown<operational_error>([&] {
                    commits ? tx.commit(within(100ms)) : tx.rollback(within(100ms));
                  }).is_fatal());
      EXPECT_TRUE(conn.closed());
    });
}

// ---- connecting ----

TEST(limited_operation, connecting_to_a_silent_server) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.stay_silent();
  });
  std::stop_source stop;
  std::jthread const stopping([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  for (within const& limit : {within(100ms), within(0s), within(stop.get_token())}) {
    auto const begin = clock::now();
    auto const told = thrown<query_canceled>([&] { connect(limit, server.dsn()); });
    EXPECT_TRUE(told.is_fatal());
    EXPECT_CONTAINS("could not be made within its limit", told.what());
    connection conn = connect(limit, server.dsn(), {.async = true});
    EXPECT_TRUE(thrown<query_canceled>([&] { finish(conn); }).is_fatal());
    EXPECT_TRUE(conn.closed());
    connect_options by_callback{.wait_callback = [](connection& on) { finish(on); }};
    EXPECT_THROW(connect(limit, server.dsn(), by_callback), query_canceled);
    EXPECT_LT(clock::now() - begin, 5s);
  }
}

TEST(limited_operation, connecting_again) {
  connection conn = connect(within(60s), dsn(way::tcp), {.autocommit = true, .load_types = true});
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  conn.reconnect(within(60s));
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  EXPECT_EQ(conn.timeout(), std::nullopt) << "the limit was that of connecting alone";
  EXPECT_THROW(conn.reconnect(within(0s)), query_canceled);
  EXPECT_TRUE(conn.closed());
}

TEST(limited_operation, connecting_tells_what_was_tried) {
  // Nobody listens at the first address.
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.stay_silent();
  });
  auto const told = thrown<query_canceled>(
      [&] { connect(within(200ms), "host=127.0.0.1,127.0.0.1 port=1," + server.port() + " sslmode=disable user=u"); });
  EXPECT_CONTAINS("before that: ", told.what());
  EXPECT_CONTAINS("port 1", told.what());
}

}  // namespace
}  // namespace tusk::test
