// listen, unlisten and notify: names of every kind, transactions, and what is refused before anything is sent.

#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/channel.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class listening : public testing::TestWithParam<way> {};

TEST_P(listening, names_of_every_kind_are_quoted) {
  connection conn = open(GetParam());
  std::string const own = std::to_string(::getpid());
  std::vector<std::string> const names{"plain" + own,
                                       "UPPER" + own,
                                       "with space " + own,
                                       "\"" + own,
                                       "\"; DROP TABLE x; --" + own,
                                       "%s" + own,
                                       "日本語" + own,
                                       "'" + own,
                                       "\\" + own,
                                       "select",
                                       std::string(63 - own.size(), 'x') + own};
  for (std::string const& name : names) {
    SCOPED_TRACE(name);
    conn.listen(name);
    EXPECT_EQ(conn.query("SELECT pg_listening_channels()").size(), 1U);
    EXPECT_EQ(value<std::string>(conn, "SELECT pg_listening_channels()"), name);
    conn.notify(name, "it's %s \\ 日本語");
    auto const got = conn.notifies.pop();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->channel, name);
    EXPECT_EQ(got->payload, "it's %s \\ 日本語");
    EXPECT_FALSE(conn.notifies.pop());
    conn.unlisten(name);
    EXPECT_EQ(conn.query("SELECT pg_listening_channels()").size(), 0U);
  }
}

TEST_P(listening, is_stepped_on_an_asynchronous_connection) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  conn.start_listen("\"Async " + channel);
  finish(conn);
  conn.start_notify("\"Async " + channel, "1");
  finish(conn);
  EXPECT_EQ(take_payloads(conn), "1 ");
  conn.start_unlisten("\"Async " + channel);
  finish(conn);
  conn.start_notify("\"Async " + channel, "2");
  finish(conn);
  EXPECT_TRUE(conn.notifies.empty());
  EXPECT_STREQ(
      thrown<programming_error>([&] { conn.listen(channel); }).what(),
      "listen cannot be used in asynchronous mode; use start_listen and poll(), or a connection without async");
  EXPECT_CONTAINS("start_unlisten", thrown<programming_error>([&] { conn.unlisten(channel); }).what());
}

INSTANTIATE_TEST_SUITE_P(each, listening, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

TEST(channel_name, empty_nul_and_over_63_bytes_are_refused_and_nothing_is_sent) {
  int lines = 0;  // outlives the connection, whose closing is shown too
  connection conn = open();
  conn.trace([&](std::string_view) { ++lines; });
  using namespace std::string_literals;
  struct {
    std::string name;
    char const* said;
  } const rows[] = {{"", "a channel has no name: give one"},
                    {"a\0b"s, "the name of a channel has a NUL byte, at position 1"},
                    {std::string(64, 'x'), "the name of a channel has 64 bytes; the server takes at most 63"}};
  for (auto const& row : rows) {
    EXPECT_STREQ(thrown<programming_error>([&] { conn.listen(row.name); }).what(), row.said);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.unlisten(row.name); }).what(), row.said);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.notify(row.name); }).what(), row.said);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.start_listen(row.name); }).what(), row.said);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.start_unlisten(row.name); }).what(), row.said);
    EXPECT_STREQ(thrown<programming_error>([&] { conn.start_notify(row.name); }).what(), row.said);
  }
  EXPECT_EQ(lines, 0);
  EXPECT_THROW(conn.listen("\xff"), data_error);
  EXPECT_THROW(conn.notify("\xff"), data_error);
  EXPECT_THROW(conn.notify("x", "a\0b"s), data_error);
  EXPECT_EQ(lines, 0);
}

TEST(payload, of_7999_bytes_is_the_longest) {
  connection conn = open();
  conn.listen(channel);
  conn.notify(channel, std::string(7999, 'p'));
  EXPECT_EQ(conn.notifies.pop()->payload.size(), 7999U);
  auto const told = thrown<data_error>([&] { conn.notify(channel, std::string(8000, 'p')); });
  EXPECT_EQ(told.sqlstate().str(), "22023");
  conn.notify(channel);
  EXPECT_EQ(conn.notifies.pop()->payload, "");
}

// psycopg2 begins a transaction with LISTEN too: nothing comes until somebody commits.
TEST(listen, begins_no_transaction) {
  connection conn = connect(dsn(way::unix_socket)), other = open();
  conn.listen(channel);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
  other.notify(channel, "heard");
  ASSERT_TRUE(wait_readable(conn, std::chrono::seconds(30)));
  conn.poll();
  EXPECT_EQ(take_payloads(conn), "heard ");
}

TEST(listen, belongs_to_the_transaction_that_there_is) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("SELECT 1");
  conn.listen(channel);
  conn.rollback();
  EXPECT_EQ(conn.query("SELECT pg_listening_channels()").size(), 0U);
  conn.rollback();
  conn.set_autocommit(true);
  {
    transaction tx(conn);
    conn.listen(channel);
    EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction) << "the guard's had not begun yet";
    tx.rollback();
  }
  EXPECT_EQ(conn.query("SELECT pg_listening_channels()").size(), 0U);
}

TEST(notify_statement, is_sent_when_its_transaction_commits) {
  connection conn = connect(dsn(way::unix_socket));
  conn.listen(channel);
  conn.notify(channel, "undone");
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  conn.rollback();
  conn.notify(channel, "done");
  EXPECT_TRUE(conn.notifies.empty());
  conn.commit();
  EXPECT_EQ(take_payloads(conn), "done ");
}

}  // namespace
}  // namespace tusk::test
