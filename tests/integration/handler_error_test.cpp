// What handlers throw: it comes out of the call that ran them, and changes nothing else. And the other functions of the
// user's that a connection calls: notices, the trace's sink, the password callback.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
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
std::string const raise = "DO $$ BEGIN RAISE NOTICE 'told'; END $$; ";

[[noreturn]] void fail(tusk::notify const& arrived) { throw std::runtime_error("handler of " + arrived.payload); }

TEST(what_a_handler_throws, comes_out_of_the_operation_that_ran_it) {
  connection conn = open();
  conn.exec(listen + "CREATE TEMP TABLE t (i int)");
  conn.on_notify(channel, fail);
  int others = 0;
  conn.on_notify("other_" + channel, [&](tusk::notify const&) { ++others; });
  conn.exec("LISTEN other_" + channel);
  auto const told = thrown<std::runtime_error>([&] {
    conn.exec("INSERT INTO t VALUES (1); " + notify_sql("1") + "NOTIFY other_" + channel + "; " + notify_sql("2"));
  });
  EXPECT_STREQ(told.what(), "handler of 1") << "the first one";
  EXPECT_EQ(others, 1) << "the others run";
  EXPECT_FALSE(conn.closed());
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 1) << "what was done stands";
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.query("SELECT pg_notify($1, '3')", channel); }).what(),
               "handler of 3");
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.query("SELECT pg_notify($1, '4')", channel); }).what(),
               "handler of 4");
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(what_a_handler_throws, comes_out_of_poll) {
  connection conn = open(), other = open();
  conn.exec(listen);
  conn.on_notify(channel, fail);
  other.exec(notify_sql("1"));
  auto const told = thrown<std::runtime_error>([&] {
    for (;;) {
      wait_readable(conn, 30s);
      conn.poll();
    }
  });
  EXPECT_STREQ(told.what(), "handler of 1");
  EXPECT_EQ(conn.poll(), poll_status::ok);
}

TEST(what_a_handler_throws, leaves_the_operation_under_way) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  conn.on_notice([](diagnostics const& told) { throw std::runtime_error("handler of " + told.message); });
  conn.start_exec(raise + "SELECT pg_sleep(0.1); SELECT 5");
  EXPECT_STREQ(thrown<std::runtime_error>([&] { finish(conn); }).what(), "handler of told");
  EXPECT_TRUE(conn.isexecuting());
  finish(conn);
  EXPECT_EQ(conn.take_results()[2][0].get<int>(0), 5);
}

TEST(what_a_handler_throws, is_no_error_of_the_operation_that_poll_ends) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  conn.on_notice([](diagnostics const&) { throw std::runtime_error("the handler's"); });
  tusk::cursor cur = conn.cursor();
  cur.execute(raise + "SELECT 5");
  EXPECT_STREQ(thrown<std::runtime_error>([&] { finish(conn); }).what(), "the handler's");
  finish(conn);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 5);
}

TEST(what_a_handler_throws, comes_after_the_operations_own_error) {
  connection conn = open();
  conn.on_notice([](diagnostics const&) { throw std::runtime_error("the handler's"); });
  EXPECT_THROW(conn.exec(raise + "SELECT 1/0"), data_error);
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.poll(); }).what(), "the handler's");
  EXPECT_EQ(conn.poll(), poll_status::ok) << "once";
}

TEST(what_a_handler_throws, does_not_leave_a_guard_that_rolls_back) {
  connection conn = open(), other = open();
  conn.exec(listen + "CREATE TEMP TABLE t (i int)");
  int seen = 0;
  conn.on_notify(channel, [&](tusk::notify const& arrived) {
    ++seen;
    fail(arrived);
  });
  {
    transaction tx(conn);
    conn.exec("INSERT INTO t VALUES (1)");
    other.exec(notify_sql("told at the transaction's end"));
    EXPECT_EQ(seen, 0);
  }
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(conn.poll(), poll_status::ok);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM t"), 0);
}

TEST(what_a_handler_throws, may_be_its_own_refused_operation) {
  connection conn = open();
  connection* const self = &conn;
  conn.on_notice([self](diagnostics const&) { self->exec("SELECT 1"); });
  EXPECT_STREQ(thrown<programming_error>([&] { conn.exec(raise); }).what(), refused);
  EXPECT_FALSE(conn.closed());
}

// ---- notices ----

TEST(notices, the_last_fifty_are_kept_with_all_their_fields) {
  connection conn = open();
  conn.exec("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE 'number %', i; END LOOP; END $$");
  conn.exec(
      "DO $$ BEGIN RAISE WARNING USING MESSAGE = 'last', DETAIL = 'a detail', HINT = 'a hint', ERRCODE = '01234', "
      "SCHEMA = 's', TABLE = 't', COLUMN = 'c', DATATYPE = 'd', CONSTRAINT = 'k'; END $$");
  auto const kept = conn.take_notices();
  ASSERT_EQ(kept.size(), 50U);
  EXPECT_EQ(kept.front().message, "number 12");
  diagnostics const& last = kept.back();
  EXPECT_EQ(last.message, "last");
  EXPECT_EQ(last.severity, "WARNING");
  EXPECT_EQ(last.detail, "a detail");
  EXPECT_EQ(last.hint, "a hint");
  EXPECT_EQ(last.sqlstate, "01234");
  EXPECT_EQ(last.schema, "s");
  EXPECT_EQ(last.table, "t");
  EXPECT_EQ(last.column, "c");
  EXPECT_EQ(last.data_type, "d");
  EXPECT_EQ(last.constraint, "k");
  EXPECT_CONTAINS("PL/pgSQL", last.where);
  EXPECT_TRUE(conn.take_notices().empty());
}

TEST(notices, have_a_handler_and_are_kept_as_well) {
  connection conn = open();
  std::vector<std::string> seen;
  conn.on_notice([&](diagnostics const& told) {
    EXPECT_EQ(conn.take_notices().size(), 1U) << "it is kept before the handler runs";
    seen.push_back(told.message + told.severity);
  });
  conn.exec(raise + raise);
  EXPECT_EQ(seen, (std::vector<std::string>{"toldNOTICE", "toldNOTICE"}));
  conn.on_notice({});
  conn.exec(raise);
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_EQ(conn.take_notices().size(), 1U);
}

TEST(notices, are_never_printed) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  {
    connection conn = open();
    conn.exec(raise);
    EXPECT_EQ(conn.take_notices().size(), 1U);
    conn.exec(raise);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

// ---- the trace's sink, the password callback ----

TEST(trace_sink, may_ask_the_connection_and_not_operate_on_it) {
  connection conn = open();
  std::int32_t const pid = conn.info().backend_pid;
  int lines = 0;
  conn.trace([&](std::string_view) {
    ++lines;
    EXPECT_EQ(conn.info().backend_pid, pid);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.exec("SELECT 1"); }).what(), refused);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.trace({}); }).what(), refused);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.poll(); }).what(), refused);
  });
  EXPECT_EQ(value<int>(conn, "SELECT 7"), 7);
  conn.trace({});  // closing is shown too, and what the sink uses is gone then
  EXPECT_GT(lines, 5);
  EXPECT_FALSE(conn.closed());
}

TEST(trace_sink, may_close_the_connection) {
  connection conn = open();
  conn.trace([&](std::string_view line) {
    if (line.find("DataRow") != line.npos) conn.close();
  });
  EXPECT_STREQ(thrown<operational_error>([&] { conn.exec("SELECT 1"); }).what(),
               "the connection was closed in mid-operation");
  EXPECT_TRUE(conn.closed());
  EXPECT_EQ(conn.fileno(), -1);
  EXPECT_THROW(conn.exec("SELECT 1"), interface_error);
}

TEST(password_callback, may_ask_the_connection_and_not_operate_on_it) {
  connection* self = nullptr;
  int asked = 0;
  connect_options options{.async = true};
  options.password = [&](password_request const&) {
    ++asked;
    EXPECT_FALSE(self->closed());
    EXPECT_GE(self->fileno(), 0);
    EXPECT_STREQ(thrown<programming_error>([&] { self->poll(); }).what(), refused);
    EXPECT_STREQ(thrown<programming_error>([&] { self->start_exec("SELECT 1"); }).what(), refused);
    return std::string("tusk");
  };
  connection conn = connect(dsn(way::tcp, "auth_scram"), options);
  self = &conn;
  finish(conn);
  EXPECT_EQ(asked, 1);
  conn.start_exec("SELECT 1");
  finish(conn);
}

TEST(password_callback, may_close_the_connection) {
  for (way const by : {way::tcp, way::tls_require}) {
    connection* self = nullptr;
    connect_options options{.async = true};
    options.password = [&](password_request const&) {
      self->close();
      return std::string("tusk");
    };
    connection conn = connect(dsn(by, "auth_scram"), options);
    self = &conn;
    auto const told = thrown<operational_error>([&] { finish(conn); });
    EXPECT_STREQ(told.what(), "the connection was closed while it was being made");
    EXPECT_TRUE(conn.closed());
    EXPECT_EQ(conn.fileno(), -1);
    EXPECT_THROW(conn.poll(), interface_error);
  }
}

}  // namespace
}  // namespace tusk::test
