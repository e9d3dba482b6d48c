// Statements that are kept at the server, and no longer right there: they are prepared and run again by themselves
// where nothing is lost by that. By every face, whoever has changed what they stand on.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>

#include "support/faces.hpp"
#include "support/kept_statements.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr char cleared[] = "DROP TABLE IF EXISTS heal; DROP TYPE IF EXISTS heal_color; ";

struct change_row {
  char const* name;
  char const* setup;
  char const* sql;
  char const* before;  // the argument
  char const* change;
  char const* after;  // the argument, which is right only after the change
  bool retryable;     // what it fails with inside a transaction
  bool own = false;   // no other session can do that
};
constexpr change_row changes[] = {
    {"further_columns", "CREATE TABLE heal (a int)", "SELECT * FROM heal WHERE a = $1", "1",
     "ALTER TABLE heal ADD b int; INSERT INTO heal VALUES (2)", "2", true},
    {"other_type_of_a_parameter", "CREATE TABLE heal (a int)", "INSERT INTO heal VALUES ($1)", "1",
     "ALTER TABLE heal ALTER a TYPE text", "two", false},
    {"other_type_of_a_column", "CREATE TABLE heal (a int)", "SELECT a FROM heal WHERE a::text = $1", "1",
     "INSERT INTO heal VALUES (2); ALTER TABLE heal ALTER a TYPE text", "2", true},
    {"made_anew", "CREATE TABLE heal (a int)", "SELECT * FROM heal WHERE a = $1", "1",
     "DROP TABLE heal; CREATE TABLE heal (b int, a text); INSERT INTO heal VALUES (1, 'two')", "two", false},
    {"enum_made_anew", "CREATE TYPE heal_color AS ENUM ('red'); CREATE TABLE heal (a heal_color)",
     "INSERT INTO heal VALUES ($1)", "red",
     "DROP TYPE heal_color CASCADE; CREATE TYPE heal_color AS ENUM ('red'); ALTER TABLE heal ADD a heal_color", "red",
     false},
    {"deallocated_in_a_block", "CREATE TABLE heal (a int)", "INSERT INTO heal VALUES ($1)", "1",
     "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$", "2", true, true},
    {"deallocated_in_a_function",
     "CREATE TABLE heal (a int); CREATE OR REPLACE FUNCTION pg_temp.forget() RETURNS void LANGUAGE plpgsql "
     "AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
     "INSERT INTO heal VALUES ($1)", "1", "SELECT pg_temp.forget()", "2", true, true},
};

class heal : public testing::TestWithParam<face> {
 protected:
  void SetUp() override { other_.exec(std::string("SET lock_timeout TO '10s'; ") + cleared); }
  void TearDown() override { other_.exec(cleared); }

  /// Sets the table up, runs the statement as it stands, and has somebody change what it stands on.
  void make_stale(player& on, change_row const& by, bool oneself) {
    on.exec(std::string(cleared) + by.setup);
    on.query(by.sql, by.before);
    oneself ? void(on.exec(by.change)) : void(other_.exec(by.change));
  }
  /// Rows of the table that have the value.
  int count(std::string const& value) {
    return test::value<int>(other_, "SELECT count(*)::int FROM heal WHERE a::text = '" + value + "'");
  }

  connection other_ = open();
};
INSTANTIATE_TEST_SUITE_P(each, heal, testing::ValuesIn(all_faces()), testing::PrintToStringParamName());

TEST_P(heal, makes_a_change_unnoticed_whoever_has_made_it) {
  auto const on = open(GetParam(), dsn(way::tcp));
  for (bool const oneself : {false, true}) {
    for (change_row const& r : changes) {
      if (r.own && !oneself) continue;
      SCOPED_TRACE(std::string(r.name) + (oneself ? " by oneself" : " by another one"));
      make_stale(*on, r, oneself);
      result const got = on->query(r.sql, r.after);
      EXPECT_EQ(got.size(), std::string_view(r.sql).starts_with("SELECT") ? 1U : 0U);
      EXPECT_EQ(count(r.after), 1) << "once";
      for (int i = 0; i < 2; ++i) on->query(r.sql, r.after);
    }
  }
}

// The statement has its new description, and a new name; no other one was touched.
TEST_P(heal, describes_anew_and_leaves_the_others) {
  auto const on = open(GetParam(), dsn(way::tcp));
  if (!on->blocks()) return;  // whose cursor asks for the names
  connection& conn = on->conn();
  conn.query("SELECT 'other'");
  std::string const other = name_of(conn, "SELECT 'other'");
  make_stale(*on, changes[0], false);
  std::string const name = name_of(conn, changes[0].sql);
  result const got = conn.query(changes[0].sql, "2");
  ASSERT_EQ(got.columns().size(), 2U);
  EXPECT_EQ(got[0].get<int>("a"), 2);
  EXPECT_TRUE(got[0].is_null("b"));
  EXPECT_NE(name_of(conn, changes[0].sql), name);
  EXPECT_EQ(name_of(conn, "SELECT 'other'"), other);
  EXPECT_EQ(kept_statements(conn).size(), 2U);
}

TEST_P(heal, holds_for_a_statement_by_hand) {
  auto const on = open(GetParam(), dsn(way::tcp));
  if (!on->blocks()) return;
  connection& conn = on->conn();
  for (change_row const& r : changes) {
    SCOPED_TRACE(r.name);
    conn.exec(std::string(cleared) + r.setup);
    statement made = conn.prepare(r.sql);
    made.query(r.before);
    conn.exec(r.change);
    made.query(within(60s), r.after);
    EXPECT_EQ(count(r.after), 1);
    made.query(r.after);
    EXPECT_EQ(kept_statements(conn).size(), 1U);
  }
}

TEST_P(heal, tells_a_statement_by_hand_its_columns_and_parameters) {
  auto const on = open(GetParam(), dsn(way::tcp));
  if (!on->blocks()) return;
  other_.exec("CREATE TABLE heal (a int)");
  statement made = on->conn().prepare("SELECT * FROM heal WHERE a = $1");
  other_.exec("DROP TABLE heal; CREATE TABLE heal (b int, a text); INSERT INTO heal VALUES (1, 'x')");
  EXPECT_EQ(made.query("x")[0].get<int>("b"), 1);
  ASSERT_EQ(made.columns().size(), 2U);
  EXPECT_EQ(made.columns()[0].name, "b");
  ASSERT_EQ(made.parameters().size(), 1U);
  EXPECT_EQ(made.parameters()[0], oids::text);
}

TEST_P(heal, goes_within_the_limit) {
  auto const on = open(GetParam(), dsn(way::tcp));
  make_stale(*on, changes[0], false);
  result const got = on->query(within(60s), changes[0].sql, "2");
  EXPECT_EQ(got.columns().size(), 2U);
}

// It waits for the table's lock while its plan is checked, before it is bound.
TEST_P(heal, is_nothing_where_a_limit_has_cancelled_it) {
  auto const on = open(GetParam(), dsn(way::tcp));
  other_.exec("CREATE TABLE heal (a int)");
  on->query("INSERT INTO heal VALUES ($1)", 1);
  other_.exec("BEGIN; ALTER TABLE heal ADD b int");
  EXPECT_THROW(on->query(within(50ms), "INSERT INTO heal VALUES ($1)", 2), query_canceled);
  other_.exec("COMMIT");
  EXPECT_EQ(count("2"), 0);
  on->query("INSERT INTO heal VALUES ($1)", 2);
  EXPECT_EQ(count("2"), 1);
}

// ---- transactions ----

TEST_P(heal, is_nothing_inside_a_transaction) {
  auto const on = open(GetParam(), dsn(way::tcp));
  for (change_row const& r : changes) {
    SCOPED_TRACE(r.name);
    make_stale(*on, r, true);
    on->exec("BEGIN; SELECT 1");
    try {
      on->query(r.sql, r.after);
      ADD_FAILURE() << "it has healed";
    } catch (error const& e) {
      EXPECT_EQ(e.is_retryable(), r.retryable) << e.what();
    }
    EXPECT_EQ(on->conn().transaction_status(), transaction_status::failed);
    on->exec("ROLLBACK");
    on->query(r.sql, r.after);
    EXPECT_EQ(count(r.after), 1);
  }
}

/// Connections that begin transactions by themselves are blocking ones.
class heal_begun : public heal {
 protected:
  void SetUp() override {
    heal::SetUp();
    on_ = open(GetParam(), dsn(way::tcp));
  }
  connection& conn() { return on_->conn(); }
  std::unique_ptr<player> on_;
};
INSTANTIATE_TEST_SUITE_P(each, heal_begun, testing::Values(face_named("blocking"), face_named("callback")),
                         testing::PrintToStringParamName());

TEST_P(heal_begun, begins_the_transaction_again_that_began_with_it) {
  for (change_row const& r : changes) {
    if (r.own) continue;
    SCOPED_TRACE(r.name);
    for (bool const stands : {false, true}) {
      conn().set_autocommit(true);
      make_stale(*on_, r, false);
      conn().set_autocommit(false);
      int const before = count(r.after);
      conn().query(r.sql, r.after);
      EXPECT_EQ(conn().transaction_status(), transaction_status::in_transaction);
      conn().exec("INSERT INTO heal (a) SELECT a FROM heal WHERE a::text = '" + std::string(r.after) + "'");
      EXPECT_EQ(count(r.after), before) << "nothing is seen yet";
      stands ? conn().commit() : conn().rollback();
      EXPECT_EQ(count(r.after), stands ? 2 : before);
    }
  }
}

TEST_P(heal_begun, keeps_how_transactions_begin) {
  make_stale(*on_, changes[0], false);
  conn().set_session({.isolation = isolation_level::serializable, .read_only = true});
  conn().query(changes[0].sql, "2");
  EXPECT_EQ(value<std::string>(conn(), "SHOW transaction_isolation"), "serializable");
  EXPECT_EQ(value<std::string>(conn(), "SHOW transaction_read_only"), "on");
  conn().rollback();
}

TEST_P(heal_begun, holds_for_the_first_statement_of_a_guard_alone) {
  make_stale(*on_, changes[1], false);
  {
    transaction guard(conn());
    conn().query(changes[1].sql, "two");
    EXPECT_EQ(conn().transaction_status(), transaction_status::in_transaction);
    {
      transaction const inner(conn());
      conn().query(changes[1].sql, "two");
    }  // undone
    guard.commit();
  }
  EXPECT_EQ(count("two"), 1);
  make_stale(*on_, changes[0], false);
  {
    transaction const guard(conn());
    conn().query("SELECT 1");
    EXPECT_TRUE(thrown<not_supported_error>([&] { conn().query(changes[0].sql, "2"); }).is_retryable());
  }
  EXPECT_EQ(conn().query(changes[0].sql, "2").size(), 1U);
}

TEST_P(heal_begun, leaves_a_guard_that_can_be_used_after_a_second_error) {
  make_stale(*on_, changes[1], false);
  {
    transaction const guard(conn());
    other_.exec("DROP TABLE heal");
    EXPECT_THROW(conn().query(changes[1].sql, "two"), programming_error);
    EXPECT_EQ(conn().transaction_status(), transaction_status::failed);
  }
  EXPECT_EQ(conn().transaction_status(), transaction_status::idle);
  EXPECT_EQ(value<int>(conn(), "SELECT 1"), 1);
}

// ---- after reconnect() ----

TEST_P(heal_begun, holds_for_a_statement_by_hand_after_reconnect) {
  other_.exec("CREATE TABLE heal (a int)");
  statement made = conn().prepare("SELECT * FROM heal WHERE a = $1"), idle = conn().prepare("SELECT $1::int");
  made.query(1);
  other_.exec("DROP TABLE heal; CREATE TABLE heal (b int, a text); INSERT INTO heal VALUES (1, 'x')");
  for (int i = 0; i < 3; ++i) {
    conn().reconnect();
    conn().exec("BEGIN; SELECT 1");  // so that it would not heal
    for (int j = 0; j < 2; ++j) EXPECT_EQ(made.query("x")[0].get<int>("b"), 1);
    conn().exec("COMMIT");
    EXPECT_EQ(made.columns().size(), 2U);
    EXPECT_EQ(kept_statements(conn()).size(), 1U);
  }
  EXPECT_EQ(idle.query(within(60s), 7)[0].get<int>(0), 7) << "over three sessions";
  { statement const gone = std::move(made); }
  conn().query("SELECT 1");
  EXPECT_EQ(kept_statements(conn()).size(), 2U);
  conn().reconnect();
  connection moved = std::move(conn());
  EXPECT_EQ(idle.query(8)[0].get<int>(0), 8);
  moved.close();
  EXPECT_STREQ(thrown<interface_error>([&] { idle.query(9); }).what(), "connection already closed");
  conn() = open();
  EXPECT_THROW(idle.query(9), interface_error) << "another connection";
}

/// Counts what it has run.
class counting : public connection {
 public:
  using connection::connection;
  int ran = 0;

 protected:
  void did_execute(outcome const&) override { ++ran; }
};

TEST(heal_watched, a_statement_by_hand_asks_the_connection_after_reconnect_too) {
  auto conn = connect<counting>(dsn(way::tcp), {.autocommit = true});
  statement made = conn.prepare("SELECT $1::int");
  conn.reconnect();
  conn.exec("SELECT 1");
  EXPECT_EQ(made.query(7)[0].get<int>(0), 7);
  EXPECT_EQ(made.query(within(60s), 8)[0].get<int>(0), 8);
  EXPECT_EQ(conn.ran, 3);
  conn.exec("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
  EXPECT_EQ(made.query(9)[0].get<int>(0), 9);
  EXPECT_EQ(conn.ran, 5) << "it has run once";
}

}  // namespace
}  // namespace tusk::test
