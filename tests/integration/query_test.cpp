// Scripts and queries: what comes back, how long it lives, and what a server's error tells.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class query_test : public testing::Test {
 protected:
  /// Whatever happened before: the connection works.
  void expect_usable() {
    EXPECT_FALSE(conn_.closed());
    EXPECT_EQ(value<int>(conn_, "SELECT $1::int + 1", 41), 42);
  }
  connection conn_ = open();
};

// ---- scripts ----

TEST_F(query_test, a_script_gives_a_result_for_each_statement) {
  auto const all = conn_.exec(
      "CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1), (2); SELECT i FROM t ORDER BY i; "
      "SELECT FROM generate_series(1, 3); SELECT 'x' AS a, NULL AS b WHERE false;");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].command_tag(), "CREATE TABLE");
  EXPECT_EQ(all[1].command_tag(), "INSERT 0 2");
  EXPECT_EQ(all[1].affected_rows(), 2U);
  EXPECT_TRUE(all[1].columns().empty());
  EXPECT_EQ(all[2].size(), 2U);
  EXPECT_EQ(all[2][1].get<int>("i"), 2);
  EXPECT_EQ(all[3].size(), 3U);
  EXPECT_EQ(all[3].columns().size(), 0U);
  EXPECT_EQ(all[4].size(), 0U);
  EXPECT_EQ(all[4].columns().size(), 2U);
  EXPECT_EQ(all[4].columns()[1].name, "b");
}

TEST_F(query_test, an_error_in_a_script_undoes_all_of_it) {
  conn_.exec("CREATE TEMP TABLE t (i int)");
  EXPECT_THROW(conn_.exec("INSERT INTO t VALUES (1); SELECT 1/0; INSERT INTO t VALUES (2)"), data_error);
  EXPECT_EQ(value<int>(conn_, "SELECT count(*) FROM t"), 0);
  EXPECT_THROW(conn_.exec("BEGIN; INSERT INTO t VALUES (3); COMMIT; SELECT 1/0"), data_error);
  EXPECT_EQ(value<int>(conn_, "SELECT count(*) FROM t"), 1);
}

TEST_F(query_test, a_failed_transaction_refuses_all_until_rollback) {
  conn_.exec("BEGIN");
  EXPECT_THROW(conn_.query("SELECT 1/0"), data_error);
  EXPECT_EQ(thrown<internal_error>([&] { conn_.query("SELECT 1"); }).sqlstate().str(), "25P02");
  EXPECT_EQ(thrown<internal_error>([&] { conn_.exec("SELECT 1"); }).sqlstate().str(), "25P02");
  conn_.exec("ROLLBACK");
  expect_usable();
}

TEST_F(query_test, what_is_no_statement) {
  using namespace std::string_view_literals;
  for (std::string_view const empty : {"", "  ", "-- nothing", ";", "/* nothing */ ;;"}) {
    EXPECT_STREQ(thrown<programming_error>([&] { conn_.exec(empty); }).what(), "can't execute an empty query") << empty;
  }
  for (std::string_view const empty : {"", "-- nothing"}) {
    EXPECT_STREQ(thrown<programming_error>([&] { conn_.query(empty); }).what(), "can't execute an empty query");
    EXPECT_STREQ(thrown<programming_error>([&] { conn_.query(empty); }).what(), "can't execute an empty query");
  }
  auto const expect_refused = [&](std::string_view part, std::string_view sql) {
    EXPECT_CONTAINS(part, thrown<programming_error>([&] { conn_.exec(sql); }).what());
    EXPECT_CONTAINS(part, thrown<programming_error>([&] { conn_.query(sql); }).what());
    EXPECT_CONTAINS(part, thrown<programming_error>([&] { conn_.prepare(sql); }).what());
    expect_usable();
  };
  expect_refused("NUL byte", "SELECT 'a\0b'"sv);
  expect_refused("not valid UTF-8 at byte 9", "SELECT 'a\xff'"sv);
  expect_refused("not valid UTF-8 at byte 8", "SELECT '\xed\xa0\x80'"sv);
  EXPECT_EQ(thrown<programming_error>([&] { conn_.query("SELECT 1; SELECT 2"); }).sqlstate().str(), "42601");
  expect_usable();
}

// ---- results ----

TEST_F(query_test, columns_say_where_they_come_from) {
  conn_.exec("CREATE TEMP TABLE t (a int, b varchar(7))");
  result const got = conn_.query("SELECT b, a + 1 AS a, a AS a FROM t");
  auto const columns = got.columns();
  ASSERT_EQ(columns.size(), 3U);
  EXPECT_EQ(columns[0].name, "b");
  EXPECT_EQ(columns[0].type, oids::varchar);
  EXPECT_EQ(columns[0].modifier, 11);
  EXPECT_EQ(columns[0].type_size, -1);
  EXPECT_EQ(columns[0].table, value<oid>(conn_, "SELECT 't'::regclass::oid"));
  EXPECT_EQ(columns[0].table_column, 2);
  EXPECT_EQ(columns[1].type, oids::int4);
  EXPECT_EQ(columns[1].type_size, 4);
  EXPECT_EQ(columns[1].modifier, -1);
  EXPECT_EQ(columns[1].table, 0U);
  EXPECT_EQ(got.column("a").index, 1U) << "of equal names the first";
}

TEST_F(query_test, columns_and_rows_that_are_not_there) {
  result const got = conn_.query("SELECT 1 AS one, 2 AS two");
  auto const row = got[0];
  EXPECT_STREQ(thrown<programming_error>([&] { (void)row.get<int>("three"); }).what(),
               "there is no column \"three\"; the columns are: \"one\", \"two\"");
  EXPECT_CONTAINS("there is no column 2: the result has 2",
                  thrown<programming_error>([&] { (void)row.get<int>(2); }).what());
  EXPECT_THROW((void)row.is_null(2), programming_error);
  EXPECT_THROW((void)row.get<int>(column_handle{9}), programming_error);
  EXPECT_THROW((void)got.column("three"), programming_error);
  EXPECT_CONTAINS("there is no row 1", thrown<programming_error>([&] { (void)got[1]; }).what());
  EXPECT_EQ(row.get<int>(got.column("two")), 2);
  EXPECT_EQ(row.get<int>(1) + row.get<int>(0) + row.get<int>(1), 5) << "in any order";
}

TEST_F(query_test, results_without_rows_or_columns) {
  for (int i = 0; i < 2; ++i) {  // prepared, then known
    EXPECT_TRUE(conn_.query("SELECT 1 WHERE false").empty());
    result const three = conn_.query("SELECT FROM generate_series(1, 3)");
    EXPECT_EQ(three.size(), 3U);
    int seen = 0;
    for (auto const& row : three) seen += row.size() == 0 ? 1 : 100;
    EXPECT_EQ(seen, 3);
    EXPECT_THROW((void)three[0].get<int>(0), programming_error);
    result const set = conn_.query("SET geqo TO on");
    EXPECT_EQ(set.command_tag(), "SET");
    EXPECT_EQ(set.affected_rows(), 0U);
    EXPECT_TRUE(set.columns().empty());
  }
  EXPECT_EQ(result().size(), 0U);
}

TEST_F(query_test, a_million_rows) {
  result const got = conn_.query("SELECT i, 'row ' || i, NULLIF(i % 3, 0) FROM generate_series(1, $1) AS i", 1'000'000);
  ASSERT_EQ(got.size(), 1'000'000U);
  EXPECT_EQ(got.command_tag(), "SELECT 1000000");
  EXPECT_EQ(got.affected_rows(), 1'000'000U);
  std::int64_t expected = 0, nulls = 0;
  for (auto const& row : got) {
    ++expected;
    nulls += row.is_null(2) ? 1 : 0;
    if (row.get<std::int64_t>(0) != expected) FAIL() << "row " << expected;
  }
  EXPECT_EQ(expected, 1'000'000);
  EXPECT_EQ(nulls, 333'333);
  for (std::size_t at = 999'999; at > 7919; at -= 7919)
    EXPECT_EQ(got[at].get<std::string_view>(1), "row " + std::to_string(at + 1));
  expect_usable();
}

TEST_F(query_test, rows_of_every_size) {
  for (int i = 0; i < 2; ++i) {
    result const got = conn_.query(
        "SELECT n, repeat('x', n), n FROM unnest('{0, 1, 2000, 65000, 65536, 70000, 500000, 12000000, 3}'::int[]) AS "
        "n");
    ASSERT_EQ(got.size(), 9U);
    for (auto const& row : got) {
      auto const text = row.get<std::string_view>(1);
      EXPECT_EQ(text.size(), row.get<std::size_t>(0));
      EXPECT_EQ(text.find_first_not_of('x'), text.npos);
      EXPECT_EQ(row.get<int>(2), row.get<int>(0));
    }
  }
  result const wide = conn_.query("SELECT i, repeat(chr(97 + i % 26), 100000) FROM generate_series(0, 299) AS i");
  for (auto const& row : wide)
    EXPECT_EQ(row.get<std::string_view>(1)[99999], static_cast<char>('a' + row.get<int>(0) % 26));
}

TEST_F(query_test, a_result_outlives_its_connection) {
  std::optional<connection> other(open(way::tls_verify_full));
  result const got = other->query("SELECT i, i::text FROM generate_series(1, 20000) AS i");
  result const copy = got;
  other.reset();
  EXPECT_EQ(copy[19999].get<std::string>(1), "20000");
  std::int64_t sum = 0;
  for (auto const& row : got) sum += row.get<int>(0);
  EXPECT_EQ(sum, 200010000);
}

TEST_F(query_test, a_row_of_a_temporary_result_owns_its_bytes) {
  auto const row = conn_.query("SELECT 'a text that is long enough to be on the heap' AS t, NULL AS n")[0];
  conn_.query("SELECT repeat('y', 100000)");
  EXPECT_EQ(row.get<std::string_view>("t"), "a text that is long enough to be on the heap");
  EXPECT_TRUE(row.is_null("n"));
  EXPECT_EQ(row.size(), 2U);
}

// ---- COPY where it does not belong ----

TEST_F(query_test, copy_is_refused_and_the_connection_goes_on) {
  conn_.exec("CREATE TEMP TABLE t (i int)");
  for (int i = 0; i < 2; ++i) {  // prepared, then known
    for (auto const run : {+[](connection&conn, char const*sql) { conn.exec(sql); },
                           +[](connection&conn, char const*sql) { conn.query(sql); }}) {
      auto const in = thrown<programming_error>([&] { run(conn_, "COPY t FROM STDIN"); });
      EXPECT_CONTAINS("COPY ... FROM STDIN", in.what());
      EXPECT_FALSE(in.is_fatal());
      expect_usable();
      auto const out =
          thrown<programming_error>([&] { run(conn_, "COPY (SELECT generate_series(1, 9999)) TO STDOUT"); });
      EXPECT_CONTAINS("COPY ... TO STDOUT", out.what());
      expect_usable();
    }
  }
  EXPECT_THROW(conn_.exec("INSERT INTO t VALUES (1); COPY t FROM STDIN; SELECT 1"), programming_error);
  EXPECT_THROW(conn_.exec("SELECT 1; COPY t TO STDOUT; INSERT INTO t VALUES (1)"), programming_error);
  expect_usable();
  EXPECT_THROW(conn_.query("COPY nowhere FROM STDIN"), programming_error);
  conn_.exec("BEGIN");
  EXPECT_THROW(conn_.query("COPY t FROM STDIN"), programming_error);
  conn_.exec("ROLLBACK");
  expect_usable();
}

}  // namespace
}  // namespace tusk::test
