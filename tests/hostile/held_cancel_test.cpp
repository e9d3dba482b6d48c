// A server that holds the connection of a cancel request: until it has closed that one, nothing may be sent that the
// request could still hit; and where its end is not known, nothing is sent ever again.
#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "hostile/holding.hpp"
#include "hostile/refused.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// What a thread may begin.
struct beginning {
  char const* name;
  void (*begin)(connection&, statement&);
};
void PrintTo(beginning const& each, std::ostream* out) { *out << each.name; }

constexpr beginning beginnings[] = {
    {"exec", [](connection& conn, statement&) { conn.exec("SELECT 1"); }},
    {"query", [](connection& conn, statement&) { conn.query("SELECT $1", 1); }},
    {"query_with_a_limit", [](connection& conn, statement&) { conn.query(within(20s), "SELECT $1", 1); }},
    {"a_prepared_statement", [](connection&, statement& known) { known.query(1); }},
    {"prepare", [](connection& conn, statement&) { conn.prepare("SELECT $1"); }},
    {"cursor", [](connection& conn, statement&) { conn.cursor().execute("SELECT %s", 1); }},
    {"executemany",
     [](connection& conn, statement&) {
       conn.cursor().executemany("INSERT INTO t VALUES (%s)", std::vector<std::tuple<int>>{{1}, {2}});
     }},
    {"ping", [](connection& conn, statement&) { conn.ping(); }},
    {"load_types", [](connection& conn, statement&) { conn.load_types(); }},
    {"reset", [](connection& conn, statement&) { conn.reset(); }},
};

class held_cancel : public testing::TestWithParam<beginning> {};

// The statement that the request was for has ended by itself; the request is still on its way.
TEST_P(held_cancel, keeps_the_next_statement_waiting) {
  for (bool const by_callback : {false, true}) {
    SCOPED_TRACE(by_callback);
    holding server(40ms);
    connect_options options{.autocommit = true};
    if (by_callback) options.wait_callback = [](connection& conn) { finish(conn); };
    connection conn = connect(server.dsn(), options);
    statement known = conn.prepare("SELECT $1");
    std::thread other([&] {
      wait_for([&] { return server.is_running(); });
      EXPECT_NO_THROW(conn.cancel());
    });
    std::thread third([&] {
      wait_for([&] { return server.has_request(); });
      server.answer();
    });
    EXPECT_EQ(conn.exec("SELECT 'target'").size(), 1U);
    // The server closes on it, whenever it comes.
    EXPECT_THROW(GetParam().begin(conn, known), operational_error);
    other.join();
    third.join();
    EXPECT_TRUE(server.was_let_go());
    EXPECT_FALSE(server.was_early()) << "a statement was sent while a cancel request was under way";
    EXPECT_NE(server.later(), "") << "nothing was sent at all";
  }
}

// The request was sent, and nobody knows what became of it: it could hit the next statement.
TEST_P(held_cancel, whose_end_is_not_known_is_the_end_of_the_connection) {
  holding server(20s);
  connection conn = connect(server.dsn(), {.autocommit = true});
  statement known = conn.prepare("SELECT $1");
  std::thread other([&] {
    wait_for([&] { return server.is_running(); });
    auto const unconfirmed = thrown<operational_error>([&] { conn.cancel(50ms); });
    EXPECT_CONTAINS("was sent, but the server did not confirm it", unconfirmed.what());
    EXPECT_FALSE(unconfirmed.is_fatal());
    server.answer();
  });
  EXPECT_EQ(conn.exec("SELECT 'target'").size(), 1U);
  other.join();
  auto const refused = thrown<operational_error>([&] { GetParam().begin(conn, known); });
  EXPECT_CONTAINS("it could hit the next statement", refused.what());
  EXPECT_TRUE(refused.is_fatal());
  EXPECT_TRUE(conn.closed());
}

INSTANTIATE_TEST_SUITE_P(each, held_cancel, testing::ValuesIn(beginnings), named);

/// Steps until the cancel request that was begun has failed, and lets the statement end well.
void end_unconfirmed(connection& conn, holding& server) {
  auto const unconfirmed = thrown<operational_error>([&] { finish(conn); });
  EXPECT_CONTAINS("was sent, but the server did not confirm it", unconfirmed.what());
  EXPECT_TRUE(conn.isexecuting());
  server.answer();
  EXPECT_NO_THROW(finish(conn));
}

void expect_the_end(connection& conn, holding& server) {
  auto const refused = thrown<operational_error>([&] { conn.start_exec("SELECT 2"); });
  EXPECT_CONTAINS("it could hit the next statement", refused.what());
  EXPECT_TRUE(refused.is_fatal());
  EXPECT_TRUE(conn.closed());
  EXPECT_TRUE(server.later().empty() || server.later() == "X") << server.later();
}

TEST(held_cancel_that_is_stepped, whose_end_is_not_known_is_the_end_of_the_connection) {
  holding server(20s);
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  conn.start_exec("SELECT 'target'");
  conn.cancel(50ms);
  end_unconfirmed(conn, server);
  expect_the_end(conn, server);
}

// The limit would ask for another request, which may do better; that makes the first one no better.
TEST(held_cancel_that_is_stepped, is_not_forgotten_by_a_limit) {
  holding server(20s);
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  conn.start_exec(within(20ms), "SELECT 'target'");
  conn.cancel(60ms);
  std::thread other([&] {
    wait_for([&] { return server.has_request(); });
    std::this_thread::sleep_for(100ms);
    server.answer();
  });
  EXPECT_NO_THROW(finish(conn));
  other.join();
  expect_the_end(conn, server);
}

}  // namespace
}  // namespace tusk::test
