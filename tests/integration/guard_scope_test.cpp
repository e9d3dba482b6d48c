// A guard owns its transaction: what ends that behind the guard's back makes everything else in the scope an error.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class guard_scope : public testing::Test {
 protected:
  guard_scope() {
    other_.exec("CREATE TABLE " + table_ + " (n int)");
    insert_.emplace(conn_.prepare("INSERT INTO " + table_ + " VALUES ($1)"));
  }
  ~guard_scope() override {
    conn_.close();
    other_.exec("DROP TABLE " + table_);
  }
  void insert(int n) { conn_.query("INSERT INTO " + table_ + " VALUES ($1)", n); }
  std::string seen() {
    return value<std::string>(other_, "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM " + table_);
  }
  /// Every way to do something at the server.
  std::vector<std::pair<char const*, std::function<void()>>> ways() {
    std::string const into = "INSERT INTO " + table_ + " VALUES ";
    return {
        {"query", [=, this] { conn_.query(into + "($1)", 9); }},
        {"query again", [=, this] { conn_.query(into + "($1)", 9); }},
        {"query with a limit", [=, this] { conn_.query(within(std::chrono::seconds(5)), into + "(9)"); }},
        {"exec", [=, this] { conn_.exec(into + "(9)"); }},
        {"prepare", [=, this] { conn_.prepare(into + "(9)"); }},
        {"statement", [this] { insert_->query(9); }},
        {"execute", [=, this] { conn_.cursor().execute(into + "(%s)", 9); }},
        {"executemany",
         [=, this] {
           conn_.cursor().executemany(into + "(%s)", std::vector<std::tuple<int>>{{9}, {9}});
         }},
        {"callproc", [this] { conn_.cursor().callproc("now"); }},
        {"start_query", [=, this] { conn_.start_query(into + "(9)"); }},
        {"start_exec", [=, this] { conn_.start_exec(into + "(9)"); }},
        {"notify", [this] { conn_.notify("somebody"); }},
        {"listen", [this] { conn_.listen("somebody"); }},
        {"load_types", [this] { conn_.load_types(); }},
        {"a guard", [this] { transaction inner{conn_}; }},
    };
  }

  connection other_ = open();
  std::string const table_ = "guard_scope_" + std::to_string(other_.info().backend_pid);
  connection conn_ = open();
  std::optional<statement> insert_;
};

TEST_F(guard_scope, nobody_else_ends_its_transaction_or_sets_how_it_begins) {
  std::pair<char const*, std::function<void()>> const refused[] = {
      {"commit()", [this] { conn_.commit(); }},
      {"rollback()", [this] { conn_.rollback(); }},
      {"reset()", [this] { conn_.reset(); }},
      {"reset()", [this] { conn_.start_reset(); }},
      {"reconnect()", [this] { conn_.reconnect(); }},
      {"set_session", [this] { conn_.set_session({.read_only = true}); }},
      {"set_autocommit", [this] { conn_.set_autocommit(false); }},
      {"set_isolation_level", [this] { conn_.set_isolation_level(isolation_level::serializable); }},
  };
  auto const all_refused = [&] {
    for (auto const& [name, call] : refused) EXPECT_CONTAINS(name, thrown<programming_error>(call).what());
  };
  {
    transaction tx{conn_};
    all_refused();  // nothing has begun yet
    insert(1);
    all_refused();
    {
      transaction inner{conn_};
      all_refused();
    }
    insert(2);
    tx.commit();
    conn_.commit();  // what is left is the connection's
  }
  EXPECT_EQ(seen(), "1 2");
  {
    transaction tx{conn_};
    insert(3);
    terminate(conn_.info().backend_pid);
    EXPECT_THROW(insert(4), operational_error);
    EXPECT_TRUE(conn_.closed());
    all_refused();
    EXPECT_CONTAINS("already closed", thrown<interface_error>([&] { insert(5); }).what());
    EXPECT_THROW(tx.commit(), interface_error);
  }
  conn_.reconnect();
  EXPECT_EQ(seen(), "1 2");
}

/// What ends a transaction behind its guard's back, and how it is run.
struct ending {
  char const* name;
  std::string script;
  bool stands;  // what came before it
  bool fails = false;
};

TEST_F(guard_scope, everything_is_an_error_once_its_transaction_has_ended) {
  std::vector<ending> const endings = {
      {"commit", "COMMIT", true},
      {"end", "END", true},
      {"rollback", "ROLLBACK", false},
      {"commit and chain", "COMMIT AND CHAIN", true},
      {"rollback and chain", "ROLLBACK /* that */ AND chain", false},
      {"another begins", "COMMIT; BEGIN", true},
      {"another begins after a rollback", "ROLLBACK; START TRANSACTION", false},
      {"begins again and fails", "ROLLBACK; BEGIN; SELECT 1/0", false, true},
      {"commit, and then an error", "COMMIT; SELECT 1/0", true, true},
      {"a commit that fails",
       "CREATE TEMP TABLE late (n int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); "
       "INSERT INTO late VALUES (1), (1); COMMIT",
       false, true},
  };
  for (ending const& each : endings) {
    SCOPED_TRACE(each.name);
    other_.exec("TRUNCATE " + table_);
    {
      transaction tx{conn_};
      insert(1);
      if (each.fails)
        EXPECT_THROW(conn_.exec(each.script), database_error);
      else
        conn_.exec(each.script);
      for (auto const& [name, call] : ways()) {
        SCOPED_TRACE(name);
        EXPECT_CONTAINS("has ended without it", thrown<programming_error>(call).what());
      }
      EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { tx.commit(); }).what());
      EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { tx.rollback(); }).what());
    }
    EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
    insert(2);
    EXPECT_EQ(seen(), each.stands ? "1 2" : "2");
  }
}

TEST_F(guard_scope, a_savepoint_may_be_named_chain) {
  {
    transaction tx{conn_};
    insert(1);
    conn_.exec("SAVEPOINT chain; ROLLBACK TO chain");
    insert(2);
    tx.commit();
  }
  EXPECT_EQ(seen(), "1 2");
}

TEST_F(guard_scope, it_is_seen_in_every_way_to_run_a_statement) {
  std::pair<char const*, std::function<void()>> const by[] = {
      {"exec", [this] { conn_.exec("COMMIT"); }},
      {"query", [this] { conn_.query("COMMIT"); }},
      {"query that is known", [this] { conn_.query("COMMIT"); }},
      {"statement", [this] { conn_.prepare("COMMIT").query(); }},
      {"rollback by a statement", [this] { conn_.prepare("ROLLBACK").query(); }},
      {"cursor", [this] { conn_.cursor().execute("COMMIT"); }},
      {"cursor again", [this] { conn_.cursor().execute("COMMIT"); }},
      {"executemany", [this] { conn_.cursor().executemany("COMMIT", std::vector<std::tuple<>>(1)); }},
      {"start_query",
       [this] {
         conn_.start_query("COMMIT");
         while (conn_.poll() != poll_status::ok) {}
       }},
  };
  for (auto const& [name, call] : by) {
    SCOPED_TRACE(name);
    {
      transaction tx{conn_};
      insert(1);
      {
        transaction inner{conn_};
        insert(2);
        call();
        EXPECT_THROW(inner.commit(), programming_error);
        EXPECT_THROW(insert(3), programming_error);
      }
      EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { insert(3); }).what());
    }
    insert(4);
  }
}

TEST_F(guard_scope, a_savepoint_is_no_end) {
  {
    transaction tx{conn_};
    insert(1);
    conn_.exec("SAVEPOINT a; INSERT INTO " + table_ + " VALUES (2); ROLLBACK TO SAVEPOINT a");
    conn_.query("ROLLBACK TO a");
    conn_.query("ROLLBACK TO a");
    conn_.exec("ROLLBACK TO a; RELEASE a");
    {
      transaction inner{conn_};
      insert(3);
    }
    {
      transaction inner{conn_};
      insert(4);
      inner.commit();
    }
    tx.commit();
  }
  EXPECT_EQ(seen(), "1 4");
}

// The transaction is still to begin then, so that the server says idle.
TEST_F(guard_scope, what_begins_no_transaction_is_no_end_before_its_first_statement) {
  {
    transaction tx{conn_};
    conn_.ping();
    conn_.load_types();
    statement const made = conn_.prepare("SELECT 1");
    EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
    insert(1);
    EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  }
  EXPECT_EQ(seen(), "");
}

// What a helper function does in the middle of a guard must not stand.
TEST_F(guard_scope, a_helper_that_commits_does_not_make_the_rest_stand) {
  conn_.set_autocommit(false);
  auto const helper = [&] { conn_.commit(); };
  EXPECT_THROW(
      {
        transaction tx{conn_};
        insert(1);
        helper();
        insert(2);
      },
      programming_error);
  EXPECT_EQ(seen(), "");
  conn_.rollback();
}

TEST_F(guard_scope, retry_says_so_too) {
  int calls = 0;
  EXPECT_THROW(retry(conn_,
                     [&](transaction&) {
                       ++calls;
                       insert(1);
                       conn_.exec("COMMIT");
                     }),
               programming_error);
  EXPECT_EQ(calls, 1);
  insert(2);
  EXPECT_EQ(seen(), "1 2");
}

// The exception of a handler came in place of the ROLLBACK, and the transaction went on behind its scope.
TEST_F(guard_scope, is_left_while_an_exception_of_a_handler_waits) {
  conn_.on_notice([](diagnostics const&) { throw std::runtime_error("a handler's"); });
  std::string const warning = "DO $$ BEGIN RAISE WARNING 'w'; RAISE EXCEPTION 'e'; END $$";
  {
    transaction tx{conn_};
    insert(1);
    EXPECT_THROW(conn_.exec(warning), database_error);
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  insert(2);
  {
    transaction tx{conn_};
    insert(3);
    EXPECT_THROW(conn_.exec(warning), database_error);
    EXPECT_THROW(tx.commit(), std::runtime_error);
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_EQ(seen(), "2");
}

// Behind a BEGIN a kept statement is not all that its answer tells of: what began is over then.
TEST_F(guard_scope, in_a_transaction_that_a_kept_statement_began_notices_its_end) {
  conn_.set_autocommit(false);
  conn_.query("SELECT 1");
  conn_.commit();
  conn_.query("SELECT 1");
  transaction tx{conn_};
  conn_.exec("ROLLBACK");
  EXPECT_THROW(conn_.query("SELECT 1"), programming_error);
}

}  // namespace
}  // namespace tusk::test
