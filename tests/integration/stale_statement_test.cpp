// Statements that are kept at the server, when it is no longer right to run them: which errors make a connection forget
// one, that all others stay, and that the next try works where none could be made at once; heal_test.cpp has the rest.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <tusk/tusk.hpp>

#include "support/kept_statements.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// The ways to run a statement that the server keeps.
enum class how { query, query_limited, start_query, statement, statement_limited };
constexpr how all_hows[] = {how::query, how::query_limited, how::start_query, how::statement, how::statement_limited};
void PrintTo(how way, std::ostream* out) {
  constexpr char const* names[] = {"query", "query_limited", "start_query", "statement", "statement_limited"};
  *out << names[static_cast<int>(way)];
}

/// Runs one statement again and again, in one of the ways.
class runner {
 public:
  runner(connection& conn, how way, std::string sql) : conn_(conn), way_(way), sql_(std::move(sql)) {
    if (way_ == how::statement || way_ == how::statement_limited) made_ = conn_.prepare(sql_);
  }

  template <class... Args>
  result operator()(Args const&... args) {
    switch (way_) {
      case how::query: return conn_.query(sql_, args...);
      case how::query_limited: return conn_.query(within(60s), sql_, args...);
      case how::start_query:
        conn_.start_query(sql_, args...);
        finish(conn_);
        return conn_.take_results().back();
      case how::statement: return made_->query(args...);
      case how::statement_limited: return made_->query(within(60s), args...);
    }
    return {};
  }

 private:
  connection& conn_;
  how way_;
  std::string sql_;
  std::optional<statement> made_;
};

/// The SQLSTATE that a call fails with; empty if it does not.
std::string failure(std::function<void()> const& call) {
  try {
    call();
    return "";
  } catch (error const& e) {
    return e.sqlstate().str();
  }
}

class stale_statement : public testing::TestWithParam<how> {
 protected:
  runner run(std::string sql) { return {conn_, GetParam(), std::move(sql)}; }
  connection conn_ = open();
};
INSTANTIATE_TEST_SUITE_P(each, stale_statement, testing::ValuesIn(all_hows), testing::PrintToStringParamName());

struct change_row {
  char const* name;
  char const* setup;
  char const* sql;
  char const* before;  // the argument
  char const* change;
  char const* after;     // the argument, which is right only after the change
  char const* sqlstate;  // what it fails with once
  bool retryable = false;
};
constexpr change_row changes[] = {
    {"value_of_the_old_type", "CREATE TEMP TABLE t (a int)", "INSERT INTO t VALUES ($1)", "1",
     "ALTER TABLE t ALTER a TYPE text", "one", "22P02"},
    {"no_cast_to_the_new_type", "CREATE TEMP TABLE t (a int)", "INSERT INTO t VALUES ($1)", "1",
     "TRUNCATE t; ALTER TABLE t ALTER a TYPE date USING '2020-01-01'", "2020-02-02", "22P02"},
    {"expression_of_the_old_type", "CREATE TEMP TABLE t (a int)", "INSERT INTO t VALUES ($1)", "1",
     "TRUNCATE t; ALTER TABLE t ALTER a TYPE date USING '2020-01-01'", "3", "42804"},
    {"enum_made_anew", "CREATE TYPE pg_temp.color AS ENUM ('red'); CREATE TEMP TABLE t (a pg_temp.color)",
     "INSERT INTO t VALUES ($1)", "red",
     "DROP TYPE pg_temp.color CASCADE; CREATE TYPE pg_temp.color AS ENUM ('red'); ALTER TABLE t ADD a pg_temp.color",
     "red", "XX000"},
    {"further_columns", "CREATE TEMP TABLE t (a int)", "SELECT * FROM t WHERE a = $1", "1",
     "ALTER TABLE t ADD b int; INSERT INTO t VALUES (2)", "2", "0A000", true},
    {"deallocated_in_a_block", "CREATE TEMP TABLE t (a int)", "SELECT * FROM t WHERE a = $1", "1",
     "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$", "2", "26000", true},
};

// Today's table, and what a statement of the day before knows of it: in a transaction its error comes, once.
TEST_P(stale_statement, fails_once_and_no_other_is_forgotten) {
  for (change_row const& r : changes) {
    SCOPED_TRACE(r.name);
    conn_.exec(r.setup);
    conn_.query("SELECT 'other'");
    statement third = conn_.prepare("SELECT 'third'");
    auto once = run(r.sql);
    once(r.before);
    std::string const name = name_of(conn_, r.sql);
    auto const others = [&] { return name_of(conn_, "SELECT 'other'") + name_of(conn_, "SELECT 'third'"); };
    std::string const other_names = others();
    conn_.exec(r.change);
    conn_.exec("BEGIN; SELECT 1");
    bool retryable = false;
    EXPECT_EQ(failure([&] {
                try {
                  once(r.after);
                } catch (error const& e) {
                  retryable = e.is_retryable();
                  throw;
                }
              }),
              r.sqlstate);
    EXPECT_EQ(retryable, r.retryable);
    conn_.exec("ROLLBACK");
    if (std::string_view(r.sqlstate) != "42804") {
      once(r.after);
      once(r.after);
    } else {
      once("2020-02-02");
    }
    std::string const fresh = name_of(conn_, r.sql);
    EXPECT_FALSE(fresh.empty());
    EXPECT_NE(fresh, name);
    if (std::string_view(r.sqlstate) != "26000") {
      EXPECT_EQ(others(), other_names);
    }
    EXPECT_FALSE(conn_.closed());
    conn_.exec("DROP TABLE t; DROP TYPE IF EXISTS pg_temp.color");
    conn_.forget_statements();
  }
}

struct code_row {
  char const* sqlstate;
  bool kept_before_bind, kept_behind_bind;
};
constexpr code_row codes[] = {
    {"40001", true, true},   {"40P01", true, true},   {"53100", true, true},   {"53000", true, true},
    {"55P03", true, true},   {"55000", true, true},   {"57014", true, true},   {"57000", true, true},
    {"22012", false, true},  {"23505", false, true},  {"23000", false, true},  {"P0001", false, true},
    {"P0004", false, true},  {"22P02", false, false}, {"22003", false, false}, {"42804", false, false},
    {"42P01", false, false}, {"0A000", false, false}, {"26000", false, false}, {"XX000", false, false},
    {"54000", false, false}, {"25001", false, false},
};

/// Makes a function that fails with the code that it is given; one that is immutable does so while the server plans.
void make_failing(connection& conn, std::string const& name, std::string const& volatility) {
  conn.exec("CREATE OR REPLACE FUNCTION pg_temp." + name + "(code text) RETURNS int LANGUAGE plpgsql " + volatility +
            " AS $$ BEGIN IF code <> '' THEN RAISE EXCEPTION USING ERRCODE = code; END IF; RETURN 1; END $$");
}

TEST_P(stale_statement, is_forgotten_as_the_code_of_its_error_says) {
  make_failing(conn_, "fail_running", "VOLATILE");
  make_failing(conn_, "fail_planning", "IMMUTABLE");
  for (bool const bound : {false, true}) {
    for (code_row const& r : codes) {
      std::string const sql = bound ? "SELECT pg_temp.fail_running($1)" : "SELECT pg_temp.fail_planning($1)";
      auto once = run(sql);
      once("");
      std::string const name = name_of(conn_, sql);
      ASSERT_FALSE(name.empty());
      EXPECT_EQ(failure([&] { once(r.sqlstate); }), r.sqlstate);
      once("");
      EXPECT_EQ(name_of(conn_, sql) == name, bound ? r.kept_behind_bind : r.kept_before_bind)
          << r.sqlstate << (bound ? " behind" : " before") << " BindComplete";
      conn_.forget_statements();
    }
  }
}

// What is deferred to the end of the unit comes behind the statement's own end.
TEST_P(stale_statement, stays_after_a_deferred_constraint) {
  conn_.exec("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  auto once = run("INSERT INTO t VALUES ($1)");
  once(1);
  std::string const name = name_of(conn_, "INSERT INTO t VALUES ($1)");
  EXPECT_EQ(failure([&] { once(1); }), "23505");
  once(2);
  EXPECT_EQ(name_of(conn_, "INSERT INTO t VALUES ($1)"), name);
}

TEST_P(stale_statement, works_again_behind_a_failed_transaction) {
  auto once = run("SELECT $1::int");
  once(1);
  conn_.exec("BEGIN");
  EXPECT_EQ(failure([&] { conn_.exec("SELECT 1/0"); }), "22012");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(failure([&] { once(2); }), "25P02");
  conn_.exec("ROLLBACK");
  EXPECT_EQ(once(3)[0].get<int>(0), 3);
}

TEST_P(stale_statement, is_prepared_again_inside_a_transaction_too) {
  conn_.exec("CREATE TEMP TABLE t (a int)");
  auto once = run("SELECT * FROM t");
  once();
  conn_.exec("ALTER TABLE t ADD b int");
  conn_.set_autocommit(false);
  conn_.exec("SELECT 1");
  EXPECT_EQ(failure([&] { once(); }), "0A000");
  conn_.rollback();
  result const both = once();
  EXPECT_EQ(both.columns().size(), 2U);
  conn_.commit();
}

// ---- the server forgets all ----

struct forgetting_row {
  char const* name;
  void (*forget)(connection&);
};
constexpr forgetting_row forgetting[] = {
    {"exec", [](connection& conn) { conn.exec("DEALLOCATE ALL"); }},
    {"discard", [](connection& conn) { conn.exec("DISCARD ALL"); }},
    {"among others", [](connection& conn) { conn.exec("SELECT 1; DEALLOCATE ALL; SELECT 2, 3"); }},
    {"deallocate prepare", [](connection& conn) { conn.exec("DEALLOCATE PREPARE ALL"); }},
    {"query", [](connection& conn) { conn.query("DEALLOCATE ALL"); }},
    {"query once more",
     [](connection& conn) {
       conn.query("DISCARD ALL");
       conn.query("DISCARD ALL");
     }},
    {"within a limit", [](connection& conn) { conn.query(within(60s), "DEALLOCATE ALL"); }},
    {"by hand",
     [](connection& conn) {
       statement made = conn.prepare("DEALLOCATE ALL");
       for (int i = 0; i < 3; ++i) made.query();
     }},
    {"cursor", [](connection& conn) { conn.cursor().execute("DISCARD ALL"); }},
    {"batch",
     [](connection& conn) {
       std::vector<std::tuple<int>> const rows = {{1}, {2}};
       conn.cursor().executemany("DEALLOCATE ALL -- %s", rows);
     }},
    {"started",
     [](connection& conn) {
       conn.start_exec("DEALLOCATE ALL");
       finish(conn);
     }},
    {"a script that fails",
     [](connection& conn) { EXPECT_EQ(failure([&] { conn.exec("DEALLOCATE ALL; SELECT 1/0"); }), "22012"); }},
    {"forget_statements", [](connection& conn) { conn.forget_statements(); }},
    {"reset", [](connection& conn) { conn.reset(); }},
    {"start_reset",
     [](connection& conn) {
       conn.start_reset();
       finish(conn);
     }},
};

TEST_P(stale_statement, is_prepared_again_when_all_were_forgotten) {
  for (forgetting_row const& r : forgetting) {
    SCOPED_TRACE(r.name);
    auto once = run("SELECT $1::int + 1");
    once(1);
    std::string const name = name_of(conn_, "SELECT $1::int + 1");
    ASSERT_FALSE(name.empty());
    r.forget(conn_);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(once(i)[0].get<int>(0), i + 1);
    std::string const fresh = name_of(conn_, "SELECT $1::int + 1");
    EXPECT_FALSE(fresh.empty());
    EXPECT_NE(fresh, name);
    conn_.forget_statements();
  }
}

TEST(forget_statements, closes_the_old_ones_and_waits_for_what_was_started) {
  connection conn = open();
  for (int i = 0; i < 20; ++i) conn.query("SELECT " + std::to_string(i));
  statement made = conn.prepare("SELECT 'by hand'");
  EXPECT_EQ(kept_statements(conn).size(), 21U);
  conn.forget_statements();
  EXPECT_EQ(kept_statements(conn).size(), 21U) << "nothing is sent";
  conn.query("SELECT 1");
  EXPECT_EQ(kept_statements(conn).size(), 2U);
  EXPECT_EQ(made.query()[0].get<std::string>(0), "by hand");
  EXPECT_EQ(kept_statements(conn).size(), 2U);

  auto started = conn.start_query("SELECT 1");
  conn.forget_statements();
  EXPECT_TRUE(started.ready());
  connection async = connect(dsn(way::unix_socket), {.async = true});
  finish(async);
  async.start_query("SELECT 1");
  EXPECT_CONTAINS("under way", thrown<programming_error>([&] { async.forget_statements(); }).what());
  finish(async);
  conn.close();
  EXPECT_STREQ(thrown<interface_error>([&] { conn.forget_statements(); }).what(), "connection already closed");
}

// The description follows the table, and a table that is gone can come back.
TEST(stale_statement_by_hand, tells_of_its_new_columns_and_parameters) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE t (a int)");
  statement made = conn.prepare("SELECT * FROM t WHERE a = $1");
  conn.exec("DROP TABLE t");
  conn.forget_statements();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(failure([&] { made.query("x"); }), "42P01");
  conn.exec("CREATE TEMP TABLE t (b int, a text); INSERT INTO t VALUES (1, 'x')");
  EXPECT_EQ(made.query("x")[0].get<int>("b"), 1);
  ASSERT_EQ(made.columns().size(), 2U);
  EXPECT_EQ(made.columns()[0].name, "b");
  ASSERT_EQ(made.parameters().size(), 1U);
  EXPECT_EQ(made.parameters()[0], oids::text);
  EXPECT_THROW(made.query(), programming_error);
  EXPECT_EQ(kept_statements(conn).size(), 1U);
}

// The example of tools/docs/poolers.md.
TEST(parameter_types, of_a_kept_statement_are_those_of_its_preparing) {
  connection conn = open();
  std::string const insert = "INSERT INTO item VALUES ($1)";
  conn.exec("CREATE TEMP TABLE item (code int)");
  conn.query(insert, "17");
  conn.exec("ALTER TABLE item ALTER code TYPE text");
  conn.query(insert, "0017");
  EXPECT_EQ(conn.exec("SELECT string_agg(code, ' ') FROM item")[0][0].get<std::string>(0), "17 17");
  conn.query(insert, "A17");
  conn.query(insert, "0018");
  EXPECT_EQ(conn.exec("SELECT string_agg(code, ' ') FROM item")[0][0].get<std::string>(0), "17 17 A17 0018");
}

// ---- names ----

TEST(statement_name, is_new_for_each_session_and_never_used_again) {
  connection one = open(), other = open();
  auto const name = [](connection& conn) {
    conn.query("SELECT 1");
    std::string const found = name_of(conn, "SELECT 1");
    conn.forget_statements();
    return found;
  };
  auto const session = [](std::string const& of) { return of.substr(0, of.rfind('_')); };
  std::string const first = name(one), second = name(one), others = name(other);
  EXPECT_TRUE(first.starts_with("tusk_") && first.ends_with("_1") && first.size() == 17) << first;
  EXPECT_TRUE(second.ends_with("_2")) << second;
  EXPECT_EQ(session(first), session(second));
  EXPECT_NE(session(first), session(others));
  one.reconnect();
  EXPECT_NE(session(name(one)), session(first));
}

}  // namespace
}  // namespace tusk::test
