// What a server's error and its notices tell: class, fields, the line with the caret.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class error_fields : public testing::Test {
 protected:
  connection conn_ = open();
};

TEST_F(error_fields, of_a_unique_violation) {
  conn_.exec("CREATE TEMP TABLE item (id int CONSTRAINT item_key PRIMARY KEY, name text NOT NULL)");
  conn_.query("INSERT INTO item VALUES ($1, $2)", 1, "one");
  auto const error = thrown<integrity_error>([&] { conn_.query("INSERT INTO item VALUES ($1, $2)", 1, "two"); });
  EXPECT_EQ(error.sqlstate(), "23505"_sqlstate);
  EXPECT_EQ(error.condition(), condition::unique_violation);
  EXPECT_EQ(error.severity(), "ERROR");
  EXPECT_EQ(error.message(), "duplicate key value violates unique constraint \"item_key\"");
  EXPECT_EQ(error.detail(), "Key (id)=(1) already exists.");
  EXPECT_EQ(error.schema(),
            value<std::string>(conn_, "SELECT nspname::text FROM pg_namespace WHERE oid = pg_my_temp_schema()"));
  EXPECT_EQ(error.table(), "item");
  EXPECT_EQ(error.constraint(), "item_key");
  EXPECT_EQ(error.column(), "");
  EXPECT_EQ(error.position(), 0U);
  EXPECT_FALSE(error.diagnostics().file.empty());
  EXPECT_FALSE(error.diagnostics().line.empty());
  EXPECT_FALSE(error.diagnostics().routine.empty());
  EXPECT_FALSE(error.is_fatal());
  EXPECT_FALSE(error.is_retryable());
  EXPECT_CONTAINS("ERROR:  duplicate key value", error.what());
  EXPECT_CONTAINS("(23505)\nDETAIL:  Key (id)=(1) already exists.", error.what());

  auto const null = thrown<integrity_error>([&] { conn_.exec("INSERT INTO item VALUES (2)"); });
  EXPECT_EQ(null.column(), "name");
  EXPECT_EQ(null.condition(), condition::not_null_violation);
}

TEST_F(error_fields, of_a_domain) {
  conn_.exec("CREATE DOMAIN pg_temp.positive AS int CONSTRAINT is_positive CHECK (VALUE > 0)");
  auto const error = thrown<integrity_error>([&] { conn_.query("SELECT (-1)::pg_temp.positive"); });
  EXPECT_EQ(error.data_type(), "positive");
  EXPECT_EQ(error.constraint(), "is_positive");
}

TEST_F(error_fields, of_a_function) {
  auto const error =
      thrown<programming_error>([&] { conn_.exec("DO $$ BEGIN PERFORM 1; EXECUTE 'SELECT nowhere'; END $$"); });
  EXPECT_EQ(error.internal_query(), "SELECT nowhere");
  EXPECT_EQ(error.internal_position(), 8U);
  EXPECT_CONTAINS("PL/pgSQL function inline_code_block line 1 at EXECUTE", error.where());
  EXPECT_CONTAINS("INTERNAL QUERY, LINE 1: SELECT nowhere\n", error.what());
}

TEST_F(error_fields, point_at_the_place) {
  conn_.exec("CREATE TEMP TABLE item (price int)");
  struct {
    std::string_view sql, shown;
    std::size_t position;
  } const rows[] = {
      {"SELECT pric FROM item", "LINE 1: SELECT pric FROM item\n               ^", 8},
      {"SELECT 'é', pric FROM item", "LINE 1: SELECT 'é', pric FROM item\n                    ^", 13},
      {"SELECT 1,\n  2,\n  pric\nFROM item", "LINE 3:   pric\n          ^", 18},
  };
  for (auto const& [sql, shown, position] : rows) {
    SCOPED_TRACE(sql);
    for (auto const& error : {thrown<programming_error>([&, sql = sql] { conn_.query(sql); }),
                              thrown<programming_error>([&, sql = sql] { conn_.exec(sql); }),
                              thrown<programming_error>([&, sql = sql] { conn_.prepare(sql); })}) {
      EXPECT_EQ(error.condition(), condition::undefined_column);
      EXPECT_EQ(error.position(), position);
      EXPECT_CONTAINS(shown, error.what());
      EXPECT_CONTAINS("item.price", error.hint());
      EXPECT_CONTAINS("\nHINT:  ", error.what());
    }
  }
}

// The caret stands under what is run now, not under what was run before.
TEST_F(error_fields, point_at_the_place_when_the_statement_is_known) {
  for (int i = 0; i < 2; ++i) {
    auto const error = thrown<data_error>([&] { conn_.query("SELECT $1::int", "forty"); });
    EXPECT_CONTAINS("invalid input syntax for type integer: \"forty\"", error.what());
    EXPECT_LACKS("LINE", error.what());
  }
}

TEST_F(error_fields, have_the_class_of_their_sqlstate) {
  thrown<data_error>([&] { conn_.exec("SELECT 1/0"); });
  thrown<programming_error>([&] { conn_.exec("SELECT nowhere"); });
  thrown<internal_error>([&] { conn_.exec("SAVEPOINT s"); });
  thrown<not_supported_error>([&] { conn_.exec("SELECT 1 FOR UPDATE; SELECT count(*) FROM pg_class FOR UPDATE"); });
  thrown<query_canceled>([&] { conn_.exec("SET statement_timeout TO 20; SELECT pg_sleep(30)"); });
  thrown<operational_error>([&] { conn_.exec("DO $$ BEGIN RAISE 'full' USING ERRCODE = 'disk_full'; END $$"); });
  thrown<database_error>([&] { conn_.exec("DO $$ BEGIN RAISE 'odd' USING ERRCODE = 'ZZ999'; END $$"); });
}

TEST_F(error_fields, tell_whether_a_transaction_is_worth_a_retry) {
  conn_.exec("CREATE TEMP TABLE t (i int)");
  auto const error = thrown<transaction_rollback>(
      [&] { conn_.exec("DO $$ BEGIN RAISE 'again' USING ERRCODE = 'serialization_failure'; END $$"); });
  EXPECT_TRUE(error.is_retryable());
  EXPECT_FALSE(error.is_fatal());
}

// What a server says may come from anybody: no terminal is to obey it.
TEST_F(error_fields, are_raw_but_their_text_is_printable) {
  auto const error = thrown<internal_error>([&] { conn_.exec("DO $$ BEGIN RAISE E'%', E'red\\x1b[31m'; END $$"); });
  EXPECT_EQ(error.message(), "red\x1b[31m");
  EXPECT_CONTAINS("red?[31m", error.what());
}

// ---- notices ----

TEST_F(error_fields, of_notices) {
  conn_.exec("DO $$ BEGIN RAISE NOTICE 'first' USING DETAIL = 'more', HINT = 'do'; RAISE WARNING 'second'; END $$");
  auto const told = conn_.take_notices();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].severity, "NOTICE");
  EXPECT_EQ(told[0].message, "first");
  EXPECT_EQ(told[0].detail, "more");
  EXPECT_EQ(told[0].hint, "do");
  EXPECT_EQ(told[0].sqlstate, "00000");
  EXPECT_EQ(told[1].severity, "WARNING");
  EXPECT_EQ(told[1].sqlstate, "01000");
  EXPECT_TRUE(conn_.take_notices().empty());
}

TEST_F(error_fields, of_the_last_fifty_notices_are_kept) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  conn_.exec("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE 'n%', i; END LOOP; END $$");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  auto const told = conn_.take_notices();
  ASSERT_EQ(told.size(), 50U);
  EXPECT_EQ(told.front().message, "n11");
  EXPECT_EQ(told.back().message, "n60");
}

}  // namespace
}  // namespace tusk::test
