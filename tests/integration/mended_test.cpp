// What a review found where cursors, handlers, guards and hooks meet; each test has the name of what was wrong.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

TEST(mended, a_guard_left_while_another_operation_ran_was_forgotten_and_its_transaction_stood) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE guarded (i int)");
  {
    transaction tx{conn};
    conn.query("INSERT INTO guarded VALUES (1)");
    conn.start_exec("SELECT pg_sleep(0.01)");
  }
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM guarded"), 0);
  connection brief = open(way::unix_socket, {.guard_limit = std::chrono::milliseconds(50)});
  {
    transaction tx{brief};
    brief.query("SELECT 1");
    brief.start_exec("SELECT pg_sleep(60)");
  }
  EXPECT_TRUE(brief.closed()) << "its transaction could not be rolled back in time";
}

TEST(mended, commit_during_a_started_operation_did_nothing) {
  for (auto const& call : {+[](connection& on) { on.commit(); }, +[](connection& on) { on.rollback(); }}) {
    connection conn = connect(dsn(way::unix_socket));
    auto started = conn.start_exec("SELECT 1");
    call(conn);
    EXPECT_EQ(conn.transaction_status(), transaction_status::idle) << "it waits, and ends the transaction";
    EXPECT_EQ(started.get()[0][0].get<int>(0), 1);
    started = conn.start_exec("SELECT 2");
    EXPECT_CONTAINS("inside a transaction", thrown<programming_error>([&] { conn.set_autocommit(true); }).what());
    EXPECT_EQ(started.get()[0][0].get<int>(0), 2);
  }
}

TEST(mended, retry_within_a_guard_that_had_sent_nothing_was_not_refused) {
  connection conn = open();
  transaction outer{conn};
  EXPECT_CONTAINS("retry needs a transaction of its own",
                  thrown<programming_error>([&] { retry(conn, [](transaction&) {}); }).what());
}

class noting_connection : public connection {
 public:
  using connection::connection;
  int ended = 0;

 protected:
  void did_execute(outcome const&) override { ++ended; }
};

TEST(mended, a_derived_asynchronous_connection_ran_exec_as_start_exec) {
  auto conn = connect<noting_connection>(dsn(way::unix_socket), {.async = true});
  finish(conn);
  EXPECT_CONTAINS("exec cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn.exec("SELECT 1"); }).what());
  EXPECT_CONTAINS("query cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { conn.query("SELECT 1"); }).what());
  EXPECT_FALSE(conn.isexecuting());
}

TEST(mended, a_derived_blocking_connection_lost_the_results_of_start_exec) {
  auto conn = connect<noting_connection>(dsn(way::unix_socket));
  conn.start_exec("SELECT 1; SELECT 2");
  EXPECT_TRUE(conn.isexecuting());
  EXPECT_EQ(conn.ended, 0);
  finish(conn);
  EXPECT_EQ(conn.ended, 1);
  EXPECT_EQ(conn.take_results().size(), 2U);
}

/// Executes one statement more when told of the end of one, as an audit does.
class going_on_cursor : public cursor {
 public:
  using cursor::cursor;
  std::vector<std::string> told;
  bool closes = false;
  int more = 0;  // statements to execute so

 protected:
  void did_execute(outcome const& ended) override {
    if (more > 0) {
      --more;
      execute("SELECT 'the next one'");
    }
    if (closes) close();
    told.push_back(std::string(ended.query()) + " " + std::to_string(ended.results().size()));
  }
};

TEST(mended, views_of_an_outcome_dangled_when_the_hook_used_its_cursor) {
  connection conn = open();
  going_on_cursor cur(conn);
  cur.execute("SELECT 'a statement that does not fit into a string of few characters'");
  cur.more = 1;
  cur.execute("SELECT 'another statement that does not fit'; SELECT 2");
  EXPECT_EQ(cur.told, (std::vector<std::string>{
                          "SELECT 'a statement that does not fit into a string of few characters' 1",
                          "SELECT 'the next one' 1", "SELECT 'another statement that does not fit'; SELECT 2 2"}));
  going_on_cursor closing(conn);
  closing.closes = true;
  closing.execute("SELECT 'a third statement that does not fit'");
  EXPECT_EQ(closing.told.at(0), "SELECT 'a third statement that does not fit' 1");
}

TEST(mended, poll_said_ok_although_the_hook_had_started_the_next_statement) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  going_on_cursor cur(conn);
  cur.execute("SELECT 1");
  finish(conn);
  cur.more = 1;
  cur.execute("SELECT 2");
  finish(conn);
  EXPECT_FALSE(conn.isexecuting());
  EXPECT_EQ(cur.fetchone()->get<std::string>(0), "the next one");
}

TEST(mended, replacing_a_handler_that_held_a_statement_deadlocked) {
  connection conn = open();
  auto held = std::make_shared<statement>(conn.prepare("SELECT 1"));
  conn.on_notify("mended", [held](tusk::notify const&) {});
  conn.on_notice([held](diagnostics const&) {});
  held.reset();
  conn.on_notice({});
  conn.on_notify("mended", [](tusk::notify const&) {});
  conn.on_notify("mended", {});
  EXPECT_EQ(conn.query_value<int>("SELECT 1"), 1);
}

TEST(mended, a_handler_that_closed_under_a_wait_callback_was_told_as_the_callbacks_fault) {
  connect_options options;
  options.wait_callback = [](connection& conn) { finish(conn); };
  connection conn = connect(dsn(way::unix_socket), options);
  conn.on_notice([&](diagnostics const&) { conn.close(); });
  auto const error =
      thrown<operational_error>([&] { conn.exec("DO $$ BEGIN RAISE NOTICE 'close'; PERFORM pg_sleep(0.05); END $$"); });
  EXPECT_CONTAINS("closed in mid-operation", error.what());
  EXPECT_TRUE(conn.closed());
}

TEST(mended, a_handlers_exception_came_out_of_some_later_call_and_cost_its_result) {
  connection conn = open();
  conn.query("SELECT $1::int", 1);
  conn.on_notice([](diagnostics const&) { throw std::runtime_error("of the handler"); });
  thrown<data_error>([&] { conn.exec("DO $$ BEGIN RAISE NOTICE 'x'; PERFORM 1/0; END $$"); });
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.query("SELECT $1::int", 2); }).what(), "of the handler");
  EXPECT_EQ(conn.query_value<int>("SELECT $1::int", 3), 3);
}

TEST(mended, an_error_after_executemany_showed_the_batchs_text) {
  connection conn = open();
  cursor cur = conn.cursor();
  cur.execute("CREATE TEMP TABLE shrinking (n int, gone int)");
  statement const st = conn.prepare("SELECT gone FROM shrinking");
  cur.executemany("INSERT INTO shrinking VALUES (%s)", std::vector<int>{1, 2});
  conn.exec("ALTER TABLE shrinking DROP COLUMN gone");
  cur.executemany("INSERT INTO shrinking VALUES (%s)", std::vector<int>{1, 2});
  auto const error = thrown<programming_error>([&] { const_cast<statement&>(st).query(); });
  EXPECT_CONTAINS("LINE 1: SELECT gone FROM shrinking", error.what());
}

TEST(mended, an_asynchronous_executemany_that_could_not_start_was_not_told) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  going_on_cursor cur(conn);
  cur.closes = true;
  conn.close();
  EXPECT_THROW(cur.executemany("SELECT %s", std::vector<int>{1}), interface_error);
  EXPECT_EQ(cur.told.size(), 1U);
}

TEST(mended, a_batch_that_could_not_be_sent_whole_stood_in_part) {
  connection conn = open();
  cursor cur = conn.cursor();
  cur.execute("CREATE TEMP TABLE part (n text)");
  EXPECT_THROW(cur.executemany(std::string("INSERT INTO part VALUES (%s)\0", 29), std::vector<int>{1}),
               programming_error);
  EXPECT_EQ(conn.query_value<int>("SELECT count(*)::int FROM part"), 0);
}

TEST(mended, executemany_sent_text_that_a_changed_client_encoding_would_misread) {
  for (bool const async : {false, true}) {
    connection conn = connect(dsn(way::unix_socket), {.async = async, .autocommit = true});
    if (async) finish(conn);
    cursor cur = conn.cursor();
    cur.execute("SET client_encoding TO 'LATIN1'");
    if (async) finish(conn);
    EXPECT_CONTAINS("client_encoding was changed",
                    thrown<data_error>([&] {
                      cur.executemany("SELECT %s", std::vector<std::string>{"a", "\u00e4"});
                    }).what());
    cur.executemany("SELECT %s", std::vector<std::string>{"a", "b"});
    if (async) finish(conn);
    EXPECT_EQ(cur.results().size(), 2U);
  }
}

TEST(mended, start_listen_began_a_transaction) {
  connection conn = connect(dsn(way::unix_socket));
  conn.start_listen("mended");
  finish(conn);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
}

}  // namespace
}  // namespace tusk::test
