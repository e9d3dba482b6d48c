// connect_options::statement_cache_mode::unnamed: each statement is parsed anew, in every way to run it, and the server
// keeps none.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/kept_statements.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr auto unnamed = statement_cache_mode::unnamed;

/// A connection of a class of its own, so that what it runs goes through the hooks.
class watched : public connection {
 public:
  using connection::connection;
};

/// What the client sends, one message a line as PQtrace has it.
class sent_messages {
 public:
  explicit sent_messages(connection& conn) : conn_(conn) {
    conn_.trace([this](std::string_view line) {
      if (line.starts_with("F\t")) lines_.emplace_back(line);
    });
  }
  ~sent_messages() { conn_.trace({}); }
  sent_messages(sent_messages const&) = delete;
  sent_messages& operator=(sent_messages const&) = delete;

  /// The names of the messages, in order.
  std::string take() {
    std::string names;
    for (std::string const& line : std::exchange(lines_, {})) {
      std::size_t const begin = line.find('\t', 2) + 1;
      names += (names.empty() ? "" : " ") + line.substr(begin, line.find('\t', begin) - begin);
      EXPECT_EQ(line.find("tusk_"), line.npos) << line;
    }
    return names;
  }

 private:
  connection& conn_;
  std::vector<std::string> lines_;
};

constexpr char const* unit = "Parse Describe Bind Execute Sync";

template <class Connection>
void runs_without_names(Connection conn) {
  sent_messages sent(conn);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(value<int>(conn, "SELECT $1::int", i), i);
    EXPECT_EQ(sent.take(), unit);
    EXPECT_EQ(conn.query(within(60s), "SELECT $1::int", i)[0].template get<int>(0), i);
    EXPECT_EQ(sent.take(), unit);
    conn.start_query("SELECT $1::int", i);
    finish(conn);
    EXPECT_EQ(conn.take_results()[0][0].template get<int>(0), i);
    EXPECT_EQ(sent.take(), unit);
  }
  statement made = conn.prepare("SELECT $1::int AS a, $2::text AS b");
  EXPECT_EQ(sent.take(), "Parse Describe Sync");
  ASSERT_EQ(made.parameters().size(), 2U);
  ASSERT_EQ(made.columns().size(), 2U);
  EXPECT_EQ(made.parameters()[1], oids::text);
  statement other = conn.prepare(within(60s), "SELECT $1::int + 100");
  sent.take();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(made.query(i, "b")[0].template get<int>("a"), i);
    EXPECT_EQ(sent.take(), unit);
    EXPECT_EQ(other.query(within(60s), i)[0].template get<int>(0), i + 100) << "the one unnamed statement is replaced";
    EXPECT_EQ(sent.take(), unit);
    EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
    sent.take();
  }
  EXPECT_EQ(made.columns()[0].name, "a");
  EXPECT_STREQ(thrown<programming_error>([&] { made.query(1); }).what(),
               "the statement has 2 parameter(s), but 1 argument(s) were given");
  EXPECT_EQ(sent.take(), "");
  EXPECT_THROW(conn.query("SELECT $1::int"), programming_error);
  EXPECT_THROW(conn.query("SELEC"), programming_error);
  EXPECT_THROW(made.query("x", "y"), data_error);
  EXPECT_EQ(made.query(7, "y")[0].template get<int>("a"), 7);
  conn.forget_statements();
  sent.take();
  { statement const gone = std::move(other); }
  EXPECT_EQ(value<int>(conn, "SELECT 6"), 6);
  EXPECT_EQ(sent.take(), unit) << "there is nothing to close";
  EXPECT_TRUE(kept_statements(conn).empty());
}

TEST(statement_mode, unnamed_holds_in_every_way_to_run_a_statement) {
  runs_without_names(connect(dsn(way::unix_socket), {.autocommit = true, .statement_cache_mode = unnamed}));
}

TEST(statement_mode, unnamed_holds_for_a_derived_connection) {
  runs_without_names(connect<watched>(dsn(way::unix_socket), {.autocommit = true, .statement_cache_mode = unnamed}));
}

TEST(statement_mode, unnamed_holds_after_reconnect_and_with_a_wait_callback) {
  connection conn = connect(
      dsn(way::unix_socket),
      {.autocommit = true, .wait_callback = [](connection& on) { finish(on); }, .statement_cache_mode = unnamed});
  conn.reconnect();
  runs_without_names(std::move(conn));
}

TEST(statement_mode, unnamed_holds_in_transactions_and_for_cursors) {
  connection conn = connect(dsn(way::unix_socket), {.statement_cache_mode = unnamed});
  sent_messages sent(conn);
  statement made = conn.prepare("SELECT $1::int");
  sent.take();
  EXPECT_EQ(value<int>(conn, "SELECT $1::int", 1), 1);
  EXPECT_EQ(sent.take(), std::string("Parse Bind Execute ") + unit) << "BEGIN goes with it";
  EXPECT_EQ(made.query(2)[0].get<int>(0), 2);
  EXPECT_EQ(sent.take(), unit);
  conn.rollback();
  sent.take();
  EXPECT_EQ(made.query(3)[0].get<int>(0), 3);
  EXPECT_EQ(sent.take(), std::string("Parse Bind Execute ") + unit);
  cursor cur = conn.cursor();
  std::vector<std::tuple<int>> const rows = {{1}, {2}};
  cur.executemany("SELECT %s", rows);
  EXPECT_EQ(sent.take(), "Parse Bind Describe Execute Parse Bind Describe Execute Sync");
  conn.commit();
  EXPECT_TRUE(kept_statements(conn).empty());
}

// A change of the table is seen at once: nothing is older than the statement's own round trip.
TEST(statement_mode, unnamed_knows_no_stale_statement) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .statement_cache_mode = unnamed});
  conn.exec("CREATE TEMP TABLE t (a int)");
  statement made = conn.prepare("SELECT * FROM t");
  conn.query("SELECT * FROM t");
  conn.exec("ALTER TABLE t ADD b int; INSERT INTO t VALUES (1, 2)");
  EXPECT_EQ(conn.query("SELECT * FROM t")[0].get<int>("b"), 2);
  EXPECT_EQ(made.query()[0].get<int>("b"), 2);
  EXPECT_EQ(made.columns().size(), 2U);
}

TEST(statement_mode, a_cache_of_0_is_refused_before_anything_is_sent) {
  for (bool const async : {false, true}) {
    for (auto const mode : {statement_cache_mode::named, unnamed}) {
      connect_options const options{.async = async, .statement_cache = 0, .statement_cache_mode = mode};
      auto const error = thrown<programming_error>([&] { connect("host=/nowhere user=tusk dbname=tusk", options); });
      EXPECT_CONTAINS("statement_cache_mode::unnamed", error.what());
      EXPECT_THROW(ping("host=/nowhere user=tusk dbname=tusk", options), programming_error);
    }
  }
}

}  // namespace
}  // namespace tusk::test
