// Handlers of notifications and notices: when they run, what they may do, and what becomes of what they throw. The same
// rules hold for the trace's sink and the password callback.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/channel.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr char const* refused =
    "a handler may not operate on the connection that calls it; note what there is to do, and do it after the call";

/// Listens and has a handler; its own notifications come in the bytes that end the statement.
connection handled(std::function<void(tusk::notify const&)> handler, way by = way::unix_socket) {
  connection conn = open(by);
  conn.exec(listen);
  conn.on_notify(channel, std::move(handler));
  return conn;
}
connection handled_async(std::function<void(tusk::notify const&)> handler) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  conn.start_exec(listen);
  finish(conn);
  conn.take_results();
  conn.on_notify(channel, std::move(handler));
  return conn;
}

// ---- when they run ----

class handlers : public testing::TestWithParam<way> {};

TEST_P(handlers, on_notify_takes_a_channels_notifications_off_the_queue) {
  std::vector<tusk::notify> seen;
  connection conn = handled([&](tusk::notify const& arrived) { seen.push_back(arrived); }, GetParam());
  conn.exec("LISTEN other_" + channel);
  conn.exec(notify_sql("one") + "NOTIFY other_" + channel + ", 'queued'; " + notify_sql("two"));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].pid, conn.info().backend_pid);
  EXPECT_EQ(seen[0].channel, channel);
  EXPECT_EQ(seen[0].payload, "one");
  EXPECT_EQ(seen[1].payload, "two");
  EXPECT_EQ(take_payloads(conn), "queued ");
}

TEST_P(handlers, run_inside_poll_on_its_thread) {
  int seen = 0;
  std::thread::id where;
  connection conn = handled(
      [&](tusk::notify const&) {
        ++seen;
        where = std::this_thread::get_id();
      },
      GetParam());
  connection other = open();
  other.exec(notify_sql("from another"));
  while (seen == 0) {
    ASSERT_TRUE(wait_readable(conn, 30s));
    ASSERT_EQ(seen, 0) << "waiting is no poll()";
    conn.poll();
  }
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(where, std::this_thread::get_id());
  EXPECT_TRUE(conn.notifies.empty());
}

INSTANTIATE_TEST_SUITE_P(each, handlers, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

TEST(handler, runs_inside_every_operation_that_waits) {
  int seen = 0;
  connection conn = handled([&](tusk::notify const&) { ++seen; });
  statement made = conn.prepare("SELECT pg_notify($1, '')");
  conn.query("SELECT pg_notify($1, '')", channel);  // prepares it too
  EXPECT_EQ(seen, 1);
  conn.query("SELECT pg_notify($1, '')", channel);
  EXPECT_EQ(seen, 2);
  made.query(channel);
  EXPECT_EQ(seen, 3);
  tusk::cursor cur = conn.cursor();
  cur.execute("SELECT pg_notify(%s, '')", channel);
  EXPECT_EQ(seen, 4);
  conn.set_autocommit(false);
  conn.exec(notify_sql(""));
  EXPECT_EQ(seen, 4) << "the server tells when the transaction has ended";
  conn.commit();
  EXPECT_EQ(seen, 5);
}

TEST(handler, does_not_listen_by_itself) {
  connection conn = open();
  int seen = 0;
  conn.on_notify(channel, [&](tusk::notify const&) { ++seen; });
  conn.exec(notify_sql("unheard"));
  conn.exec("SELECT 1");
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM pg_listening_channels()"), 0);
}

TEST(handler, an_empty_one_takes_it_off) {
  int seen = 0;
  connection conn = handled([&](tusk::notify const&) { ++seen; });
  conn.exec(notify_sql("one"));
  conn.on_notify("never set", {});
  conn.on_notify(channel, {});
  conn.exec(notify_sql("two"));
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(take_payloads(conn), "two ");
}

TEST(handler, stays_when_the_connection_is_moved_or_reconnected) {
  std::string seen;
  connection first = handled([&](tusk::notify const& arrived) { seen += arrived.payload; });
  first.on_notice([&](diagnostics const& told) { seen += told.message; });
  connection second = std::move(first);
  second.exec(notify_sql("1"));
  second.reconnect();
  second.exec(listen + notify_sql("2") + "DO $$ BEGIN RAISE NOTICE '3'; END $$");
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_NE(seen.find('2'), seen.npos);
  EXPECT_NE(seen.find('3'), seen.npos);
}

// ---- what they may do ----

TEST(handler, may_ask_the_connection) {
  int seen = 0;
  connection* conn = nullptr;
  auto const ask = [&](tusk::notify const& arrived) {
    ++seen;
    EXPECT_EQ(conn->info().backend_pid == arrived.pid, arrived.payload != "from another");
    EXPECT_EQ(conn->parameter_status("client_encoding"), "UTF8");
    EXPECT_CONTAINS("dbname=tusk", conn->dsn());
    EXPECT_FALSE(conn->closed());
    EXPECT_GE(conn->fileno(), 0);
    EXPECT_FALSE(conn->timeout());
    EXPECT_TRUE(conn->notifies.empty());
    EXPECT_TRUE(conn->take_notices().empty());
    conn->transaction_status();
    conn->session_mode();
    conn->isexecuting();
  };
  connection blocking = handled(ask);
  conn = &blocking;
  blocking.exec(notify_sql("in an operation"));
  connection other = open();
  other.exec(notify_sql("from another"));
  while (seen < 2) {
    ASSERT_TRUE(wait_readable(blocking, 30s));
    blocking.poll();
  }
  connection async = handled_async(ask);
  conn = &async;
  async.start_exec(notify_sql("stepped"));
  finish(async);
  EXPECT_EQ(seen, 3);
}

using operation = std::function<void(connection&)>;
/// All that operates on a connection, for a blocking one.
std::vector<operation> const that_wait{
    [](connection& conn) { conn.exec("SELECT 1"); },
    [](connection& conn) { conn.query("SELECT 1"); },
    [](connection& conn) { conn.query("SELECT $1::int", 1); },
    [](connection& conn) { conn.prepare("SELECT 1"); },
    [](connection& conn) { conn.ping(); },
    [](connection& conn) { conn.load_types(); },
    [](connection& conn) { conn.commit(); },
    [](connection& conn) { conn.rollback(); },
    [](connection& conn) { conn.reset(); },
    [](connection& conn) { conn.set_autocommit(false); },
    [](connection& conn) { transaction const tx(conn); },
    [](connection& conn) { conn.listen("other"); },
    [](connection& conn) { conn.unlisten("other"); },
    [](connection& conn) { conn.notify("other"); },
    [](connection& conn) { conn.cursor().execute("SELECT 1"); },
};
/// The same for any.
std::vector<operation> const that_do_not_wait{
    [](connection& conn) { conn.cancel(); },
    [](connection& conn) { conn.reconnect(); },
    [](connection& conn) { conn.trace({}); },
    [](connection& conn) { conn.poll(); },
    [](connection& conn) { conn.take_results(); },
    [](connection& conn) { conn.start_exec("SELECT 1"); },
    [](connection& conn) { conn.start_query("SELECT $1::int", 1); },
    [](connection& conn) { conn.start_ping(); },
    [](connection& conn) { conn.start_load_types(); },
    [](connection& conn) { conn.start_reset(); },
    [](connection& conn) { conn.start_listen("other"); },
};

void expect_refused(connection& conn, std::vector<operation> const& operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    SCOPED_TRACE("operation " + std::to_string(i));
    EXPECT_STREQ(thrown<programming_error>([&] { operations[i](conn); }).what(), refused);
  }
}

TEST(handler, may_not_operate_on_its_connection) {
  int seen = 0;
  connection* self = nullptr;
  auto const try_all = [&](auto const&) {
    expect_refused(*self, that_wait);
    expect_refused(*self, that_do_not_wait);
    ++seen;
  };
  connection conn = handled(try_all);
  self = &conn;
  conn.on_notice(try_all);
  statement made = conn.prepare("SELECT 7");
  EXPECT_EQ(conn.exec(notify_sql("in an operation") + "SELECT 5")[1][0].get<int>(0), 5);
  EXPECT_EQ(seen, 1);
  conn.exec("DO $$ BEGIN RAISE NOTICE 'in an operation'; END $$");
  EXPECT_EQ(seen, 2);
  connection other = open();
  other.exec(notify_sql("while idle"));
  while (seen < 3) {
    ASSERT_TRUE(wait_readable(conn, 30s));
    conn.poll();
  }
  EXPECT_EQ(made.query()[0].get<int>(0), 7);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_TRUE(conn.session_mode().autocommit);
}

TEST(handler, may_not_operate_on_its_asynchronous_connection) {
  int seen = 0;
  connection* self = nullptr;
  connection conn = handled_async([&](tusk::notify const&) {
    expect_refused(*self, that_do_not_wait);
    ++seen;
  });
  self = &conn;
  conn.start_exec(notify_sql("in an operation") + "SELECT 5");
  finish(conn);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(conn.take_results()[1][0].get<int>(0), 5);
}

TEST(handler, may_operate_on_another_connection) {
  connection other = open();
  int answer = 0;
  connection conn = handled(
      [&](tusk::notify const& arrived) { answer = value<int>(other, "SELECT $1::int", std::stoi(arrived.payload)); });
  conn.exec(notify_sql("42"));
  EXPECT_EQ(answer, 42);
}

TEST(handler, may_take_itself_off_and_set_another) {
  std::string seen;
  connection* self = nullptr;
  connection conn = handled([&, text = std::string("a string that is on the heap")](tusk::notify const& arrived) {
    seen += "first " + arrived.payload + ' ';
    self->on_notify(channel, {});
    if (arrived.payload == "2")
      self->on_notify(channel, [&](tusk::notify const& next) { seen += "second " + next.payload + ' '; });
    EXPECT_EQ(text, "a string that is on the heap") << "it lives until it returns";
  });
  self = &conn;
  conn.exec(notify_sql("1"));
  conn.exec(notify_sql("queued"));
  EXPECT_EQ(take_payloads(conn), "queued ");
  conn.on_notify(channel, [&](tusk::notify const& arrived) { seen += "third " + arrived.payload; });
  conn.exec(notify_sql("3"));
  EXPECT_EQ(seen, "first 1 third 3");
}

TEST(handler, that_was_replaced_while_it_runs_lives_until_it_returns) {
  std::weak_ptr<int> captured;
  connection conn = handled([](tusk::notify const&) {});
  auto const make = [&] {
    auto held = std::make_shared<int>(5);
    captured = held;
    return held;
  };
  for (bool const with_another : {false, true}) {
    conn.on_notify(channel, [&, held = make()](tusk::notify const&) {
      conn.on_notify(channel, {});
      EXPECT_FALSE(captured.expired());
      if (with_another) conn.on_notify(channel, [](tusk::notify const&) {});
      EXPECT_EQ(*held, 5);
    });
    conn.exec(notify_sql("one"));
    EXPECT_TRUE(captured.expired());
    conn.on_notice([&, held = make()](diagnostics const&) {
      conn.on_notice({});
      EXPECT_FALSE(captured.expired());
      if (with_another) conn.on_notice([](diagnostics const&) {});
      EXPECT_EQ(*held, 5);
    });
    conn.exec("DO $$ BEGIN RAISE NOTICE 'one'; END $$");
    EXPECT_TRUE(captured.expired());
  }
}

TEST(handler, lets_operations_of_other_threads_wait) {
  connection* self = nullptr;
  std::atomic<bool> running = false, asked = false;
  connection conn = handled([&](tusk::notify const&) {
    running = true;
    while (!asked) std::this_thread::yield();
    self->info();
  });
  self = &conn;
  std::thread other([&] {
    while (!running) std::this_thread::yield();
    asked = true;
    EXPECT_EQ(value<int>(conn, "SELECT 9"), 9);
    EXPECT_FALSE(conn.isexecuting());
  });
  conn.exec(notify_sql("now"));
  other.join();
}

// ---- closing ----

TEST(handler, may_close_the_connection_in_poll) {
  connection* self = nullptr;
  int seen = 0;
  connection conn = handled([&](tusk::notify const&) {
    ++seen;
    self->close();
    EXPECT_TRUE(self->closed());
    EXPECT_STREQ(thrown<interface_error>([&] { self->exec("SELECT 1"); }).what(), "connection already closed");
  });
  self = &conn;
  std::int32_t const pid = conn.info().backend_pid;
  connection other = open();
  other.exec(notify_sql("close") + notify_sql("unseen"));
  while (seen == 0) {
    ASSERT_TRUE(wait_readable(conn, 30s));
    EXPECT_EQ(conn.poll(), poll_status::ok);
  }
  EXPECT_EQ(seen, 1) << "a closed connection takes nothing more";
  EXPECT_EQ(conn.fileno(), -1);
  EXPECT_STREQ(thrown<interface_error>([&] { conn.poll(); }).what(), "connection already closed");
  while (value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid)) {}
}

TEST(handler, may_close_the_connection_in_mid_operation) {
  for (bool const async : {false, true}) {
    connection* self = nullptr;
    connection conn = async ? handled_async({}) : handled({});
    self = &conn;
    conn.on_notice([&](diagnostics const&) { self->close(); });
    std::string const script = "DO $$ BEGIN RAISE NOTICE 'close'; PERFORM pg_sleep(60); END $$";
    auto const told = thrown<operational_error>([&] {
      if (!async) conn.exec(script);
      conn.start_exec(script);
      finish(conn);
    });
    EXPECT_STREQ(told.what(), "the connection was closed in mid-operation");
    EXPECT_TRUE(told.is_fatal());
    EXPECT_TRUE(conn.closed());
    EXPECT_EQ(conn.fileno(), -1);
    EXPECT_FALSE(conn.isexecuting());
  }
}

}  // namespace
}  // namespace tusk::test
