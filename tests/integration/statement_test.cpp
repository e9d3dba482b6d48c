// Prepared statements, by hand and by text: what the server keeps of them, and for how long.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using texts = std::vector<std::string>;

/// The statements that the server holds for this session; asked without preparing one more.
texts prepared(connection& conn) {
  texts found;
  auto const all = conn.exec("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time, name");
  for (auto const& row : all[0]) found.push_back(row.get<std::string>(0));
  return found;
}

// ---- by hand ----

class statement_test : public testing::Test {
 protected:
  connection conn_ = open();
};

TEST_F(statement_test, knows_its_parameters_and_columns) {
  statement const made = conn_.prepare("SELECT $1::int + 1 AS a, $2::text AS b, $3 < 0.5::float8 AS c");
  ASSERT_EQ(made.parameters().size(), 3U);
  EXPECT_EQ(made.parameters()[0], oids::int4);
  EXPECT_EQ(made.parameters()[1], oids::text);
  EXPECT_EQ(made.parameters()[2], oids::float8);
  ASSERT_EQ(made.columns().size(), 3U);
  EXPECT_EQ(made.columns()[0].name, "a");
  EXPECT_EQ(made.columns()[2].type, oids::bool_);
  EXPECT_CONTAINS("SELECT $1::int + 1", made.sql());
  statement const without_rows = conn_.prepare("SET geqo TO on");
  EXPECT_TRUE(without_rows.columns().empty());
}

TEST_F(statement_test, runs_with_other_arguments_each_time) {
  statement made = conn_.prepare("SELECT $1::int + 1");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(made.query(i)[0].get<int>(0), i + 1);
  EXPECT_EQ(made.query("41")[0].get<int>(0), 42);
  EXPECT_EQ(made.query(params(41))[0].get<int>(0), 42);
  EXPECT_TRUE(made.query(nullptr)[0].is_null(0));
  EXPECT_EQ(conn_.prepare("SELECT 7").query()[0].get<int>(0), 7);
}

TEST_F(statement_test, wants_as_many_arguments_as_it_has_parameters) {
  statement made = conn_.prepare("SELECT $1::int + $2::int");
  auto const error = thrown<programming_error>([&] { made.query(1); });
  EXPECT_STREQ(error.what(), "the statement has 2 parameter(s), but 1 argument(s) were given");
  EXPECT_THROW(made.query(), programming_error);
  EXPECT_THROW(made.query(1, 2, 3), programming_error);
  EXPECT_EQ(made.query(1, 2)[0].get<int>(0), 3);
}

TEST_F(statement_test, that_is_wrong_leaves_nothing_behind) {
  EXPECT_EQ(thrown<programming_error>([&] { conn_.prepare("SELEC"); }).position(), 1U);
  EXPECT_THROW(conn_.prepare("SELECT nowhere"), programming_error);
  EXPECT_EQ(prepared(conn_), texts());
  EXPECT_THROW(conn_.prepare("SELECT 1/$1::int").query(0), data_error);
}

TEST_F(statement_test, is_closed_at_the_server_when_it_goes) {
  {
    statement const first = conn_.prepare("SELECT 'first'"), second = conn_.prepare("SELECT 'second'");
    EXPECT_EQ(prepared(conn_), (texts{"SELECT 'first'", "SELECT 'second'"}));
  }
  conn_.query("SELECT 1");  // the request that the closing goes with
  EXPECT_EQ(prepared(conn_), texts{"SELECT 1"});
}

TEST_F(statement_test, that_is_assigned_to_is_closed) {
  statement made = conn_.prepare("SELECT 'first'");
  made = conn_.prepare("SELECT 'second'");
  statement& same = made;
  made = std::move(same);  // does nothing
  EXPECT_EQ(made.query()[0].get<std::string>(0), "second");
  EXPECT_EQ(prepared(conn_), texts{"SELECT 'second'"});
}

TEST_F(statement_test, that_was_moved_from_says_so) {
  statement first = conn_.prepare("SELECT $1::int");
  statement second = std::move(first);
  EXPECT_CONTAINS("moved", thrown<interface_error>([&] { first.query(1); }).what());  // NOLINT: defined here
  EXPECT_TRUE(first.parameters().empty());
  EXPECT_TRUE(first.columns().empty());
  EXPECT_TRUE(first.sql().empty());
  EXPECT_EQ(second.query(3)[0].get<int>(0), 3);
}

TEST(statement_lifetime, a_statement_may_outlive_its_connection) {
  std::optional<connection> conn(open());
  statement made = conn->prepare("SELECT $1::int");
  conn.reset();
  EXPECT_STREQ(thrown<interface_error>([&] { made.query(1); }).what(), "connection already closed");
  EXPECT_STREQ(thrown<interface_error>([&] { made.query(1, 2); }).what(), "connection already closed");
  EXPECT_EQ(made.sql(), "SELECT $1::int");
  EXPECT_EQ(made.parameters().size(), 1U);
}

TEST(statement_lifetime, a_statement_follows_a_moved_connection) {
  connection first = open();
  statement made = first.prepare("SELECT pg_backend_pid()");
  connection second = std::move(first);
  EXPECT_EQ(made.query()[0].get<int>(0), second.info().backend_pid);
  EXPECT_CONTAINS("moved", thrown<interface_error>([&] { first.exec("SELECT 1"); }).what());  // NOLINT: defined here
  EXPECT_TRUE(first.closed());
  connection third = open();
  third = std::move(second);
  EXPECT_EQ(made.query()[0].get<int>(0), third.info().backend_pid);
}

// ---- by text ----

TEST_F(statement_test, of_one_text_is_prepared_once) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(value<int>(conn_, "SELECT $1::int * 2", i), i * 2);
  EXPECT_EQ(prepared(conn_), texts{"SELECT $1::int * 2"});
}

TEST_F(statement_test, of_one_text_is_another_for_other_argument_types) {
  std::string const sql = "SELECT pg_typeof($1)::text";
  EXPECT_EQ(value<std::string>(conn_, sql, 1), "integer");
  EXPECT_EQ(value<std::string>(conn_, sql, 1L), "bigint");
  EXPECT_EQ(value<std::string>(conn_, sql, true), "boolean");
  EXPECT_EQ(value<std::string>(conn_, sql, 2), "integer");
  EXPECT_EQ(value<std::string>(conn_, sql, std::optional<int>()), "integer");
  EXPECT_EQ(prepared(conn_), texts(3, sql));
}

TEST(statement_cache, closes_what_was_used_least_recently) {
  connection conn = open(way::unix_socket, {.statement_cache = 2});
  for (char const* const each : {"1", "2", "1", "3", "1"}) conn.query(std::string("SELECT ") + each);
  EXPECT_EQ(prepared(conn), (texts{"SELECT 1", "SELECT 3"}));
  for (int i = 0; i < 50; ++i) conn.query("SELECT " + std::to_string(i));
  conn.query("SELECT 49");
  EXPECT_EQ(prepared(conn), (texts{"SELECT 48", "SELECT 49"}));
}

TEST_F(statement_test, with_a_wrong_number_of_arguments_is_a_programming_error_from_the_first_time_on) {
  for (int i = 0; i < 2; ++i) {
    auto const error = thrown<programming_error>([&] { conn_.query("SELECT $1::int + $2::int", 1); });
    EXPECT_STREQ(error.what(), "the statement has 2 parameter(s), but 1 argument(s) were given");
    EXPECT_THROW(conn_.query("SELECT $1::int"), programming_error);
  }
  EXPECT_EQ(value<int>(conn_, "SELECT $1::int + $2::int", 1, 2), 3);
}

TEST_F(statement_test, that_cannot_be_prepared_is_not_kept) {
  for (int i = 0; i < 2; ++i) EXPECT_THROW(conn_.query("SELECT * FROM later"), programming_error);
  EXPECT_EQ(prepared(conn_), texts());
  conn_.exec("CREATE TEMP TABLE later (i int)");
  EXPECT_TRUE(conn_.query("SELECT * FROM later").empty());
}

TEST_F(statement_test, that_fails_when_it_runs_is_kept) {
  for (int i = 0; i < 2; ++i) EXPECT_THROW(conn_.query("SELECT 1 / $1::int", 0), data_error);
  EXPECT_EQ(value<int>(conn_, "SELECT 1 / $1::int", 1), 1);
  EXPECT_EQ(prepared(conn_), texts{"SELECT 1 / $1::int"});
}

TEST_F(statement_test, of_a_failed_transaction_is_not_kept) {
  conn_.exec("BEGIN");
  EXPECT_THROW(conn_.query("SELECT 1/0"), data_error);
  EXPECT_THROW(conn_.query("SELECT 'new'"), internal_error);
  conn_.exec("ROLLBACK");
  EXPECT_EQ(value<std::string>(conn_, "SELECT 'new'"), "new");
}

// See stale_statement_test.cpp for what the server forgets, and for other changes of tables.
TEST_F(statement_test, whose_columns_changed_is_prepared_again) {
  conn_.exec("CREATE TEMP TABLE t AS SELECT 1 AS a");
  EXPECT_EQ(conn_.query("SELECT * FROM t")[0].size(), 1U);
  conn_.exec("ALTER TABLE t ADD COLUMN b int");
  EXPECT_EQ(conn_.query("SELECT * FROM t")[0].size(), 2U);
  EXPECT_EQ(prepared(conn_), texts{"SELECT * FROM t"});
}

}  // namespace
}  // namespace tusk::test
