// Transactions: how they begin, in which mode, how they end; guards, savepoints, and those that are run again.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class transaction_test : public testing::Test {
 protected:
  transaction_test() { other_.exec("CREATE TABLE " + table_ + " (n int PRIMARY KEY)"); }
  ~transaction_test() override {
    conn_.close();
    other_.exec("DROP TABLE " + table_);
  }

  void insert(int n) { conn_.query("INSERT INTO " + table_ + " VALUES ($1)", n); }
  /// What others see.
  std::string seen() {
    return value<std::string>(other_, "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM " + table_);
  }

  connection other_ = open();  // in autocommit mode
  connection conn_ = connect(dsn(way::unix_socket));
  std::string const table_ = "transaction_" + std::to_string(other_.info().backend_pid);
};

TEST_F(transaction_test, begins_by_itself_and_stands_when_committed) {
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  insert(1);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  EXPECT_EQ(seen(), "");
  conn_.commit();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, is_undone_by_rollback_and_by_closing) {
  insert(1);
  conn_.rollback();
  insert(2);
  conn_.close();
  EXPECT_EQ(seen(), "");
}

TEST_F(transaction_test, begins_with_statements_of_every_kind) {
  conn_.exec("SELECT 1; SELECT 2");
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  conn_.rollback();
  statement st = conn_.prepare("INSERT INTO " + table_ + " VALUES ($1)");
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle) << "preparing runs nothing";
  st.query(1);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  conn_.commit();
  st.query(2);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  conn_.rollback();
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, begin_shows_in_no_result) {
  auto const results = conn_.exec("SELECT 1; SELECT 2");
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1][0].get<int>(0), 2);
  conn_.rollback();
  EXPECT_EQ(conn_.query("SELECT 3")[0].get<int>(0), 3);
  conn_.rollback();
  result const again = conn_.query("SELECT 3");
  EXPECT_EQ(again.command_tag(), "SELECT 1") << "the statement is prepared now";
}

TEST_F(transaction_test, begin_travels_in_the_same_send) {
  std::vector<std::string> lines;
  conn_.trace([&](std::string_view line) { lines.emplace_back(line.substr(0, line.find('\t', 2))); });
  conn_.query("SELECT 1");
  conn_.trace({});
  std::size_t last_sent = 0, first_received = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('F')) last_sent = i;
    if (lines[i].starts_with('B') && first_received == lines.size()) first_received = i;
  }
  EXPECT_LT(last_sent, first_received);
}

TEST_F(transaction_test, positions_of_errors_are_those_in_the_statement) {
  auto const told = thrown<programming_error>([&] { conn_.exec("SELECT 1; SELECT nothing_of_that_name"); });
  EXPECT_EQ(told.position(), 18u);
  conn_.rollback();
  EXPECT_EQ(thrown<programming_error>([&] { conn_.query("SELECT nothing_of_that_name"); }).position(), 8u);
}

TEST_F(transaction_test, a_failed_one_is_not_committed_in_silence) {
  insert(1);
  EXPECT_THROW(insert(1), integrity_error);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::failed);
  EXPECT_CONTAINS("current transaction is aborted", thrown<internal_error>([&] { insert(2); }).what());
  auto const told = thrown<internal_error>([&] { conn_.commit(); });
  EXPECT_EQ(told.condition(), condition::in_failed_sql_transaction);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_EQ(seen(), "");
  insert(3);
  conn_.commit();
  EXPECT_EQ(seen(), "3");
}

TEST_F(transaction_test, commit_and_rollback_without_one_do_nothing) {
  conn_.commit();
  conn_.rollback();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

TEST_F(transaction_test, has_the_mode_of_the_session) {
  auto const mode = [&] {
    auto const told = conn_.exec("SHOW transaction_isolation; SHOW transaction_read_only; SHOW transaction_deferrable");
    conn_.rollback();
    std::string all;
    for (auto const& each : told) all += each[0].get<std::string>(0) + ' ';
    return all;
  };
  EXPECT_EQ(mode(), "read committed off off ");
  conn_.set_session({.isolation = isolation_level::serializable, .read_only = true, .deferrable = true});
  EXPECT_EQ(mode(), "serializable on on ");
  conn_.set_isolation_level(isolation_level::repeatable_read);
  EXPECT_EQ(mode(), "repeatable read on on ");
  conn_.set_session({.isolation = isolation_level::read_uncommitted, .read_only = false, .deferrable = false});
  EXPECT_EQ(mode(), "read uncommitted off off ");
  conn_.set_isolation_level(isolation_level::read_committed);
  EXPECT_EQ(mode(), "read committed off off ");
  EXPECT_EQ(conn_.session_mode().isolation, isolation_level::read_committed);
}

TEST_F(transaction_test, autocommit_is_a_mode_and_an_isolation_level) {
  conn_.set_isolation_level(isolation_level::autocommit);
  EXPECT_TRUE(conn_.session_mode().autocommit);
  insert(1);
  EXPECT_EQ(seen(), "1");
  conn_.set_autocommit(false);
  insert(2);
  EXPECT_EQ(seen(), "1");
  EXPECT_CONTAINS("inside a transaction", thrown<programming_error>([&] { conn_.set_autocommit(true); }).what());
}

TEST_F(transaction_test, of_an_asynchronous_connection_is_the_user_s) {
  connection async = connect(dsn(way::unix_socket), {.async = true});
  finish(async);
  EXPECT_TRUE(async.session_mode().autocommit);
  EXPECT_CONTAINS("commit cannot be used in asynchronous mode",
                  thrown<programming_error>([&] { async.commit(); }).what());
  EXPECT_CONTAINS("rollback cannot be used", thrown<programming_error>([&] { async.rollback(); }).what());
  EXPECT_CONTAINS("set_autocommit cannot", thrown<programming_error>([&] { async.set_autocommit(false); }).what());
  EXPECT_THROW(transaction tx{async}, programming_error);
  async.start_exec("BEGIN");
  finish(async);
  EXPECT_EQ(async.transaction_status(), transaction_status::in_transaction);
}

TEST_F(transaction_test, survives_a_reconnect_as_a_mode_alone) {
  conn_.set_session({.isolation = isolation_level::serializable});
  insert(1);
  conn_.reconnect();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_EQ(conn_.query_value<std::string>("SHOW transaction_isolation"), "serializable");
  EXPECT_EQ(seen(), "");
}

// ---- guards ----

TEST_F(transaction_test, a_guard_commits_when_told_and_rolls_back_when_left) {
  {
    transaction tx{conn_};
    insert(1);
    tx.commit();
  }
  {
    transaction tx{conn_};
    insert(2);
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  try {
    transaction tx{conn_};
    insert(3);
    throw 5;
  } catch (int) {}
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, a_guard_works_in_autocommit_mode_too) {
  conn_.set_autocommit(true);
  {
    transaction tx{conn_};
    insert(1);
    EXPECT_EQ(seen(), "");
    tx.commit();
  }
  EXPECT_EQ(seen(), "1");
  insert(2);
  EXPECT_EQ(seen(), "1 2") << "and then the mode is what it was";
}

TEST_F(transaction_test, a_guard_in_which_nothing_is_done_sends_nothing) {
  std::string sent;
  conn_.trace([&](std::string_view line) { sent += line; });
  transaction{conn_}.commit();
  { transaction tx{conn_}; }
  conn_.trace({});
  EXPECT_EQ(sent, "");
}

TEST_F(transaction_test, inner_guards_are_savepoints) {
  transaction outer{conn_};
  {
    transaction first{conn_};  // before anything was done
    EXPECT_TRUE(first.is_nested());
    insert(1);
    first.commit();
  }
  {
    transaction second{conn_};
    insert(2);
  }
  {
    transaction third{conn_};
    insert(3);
    {
      transaction inner{conn_};
      EXPECT_THROW(insert(3), integrity_error);
    }
    insert(4);
    third.commit();
  }
  outer.commit();
  EXPECT_EQ(seen(), "1 3 4");
}

TEST_F(transaction_test, a_guard_after_statements_is_a_savepoint) {
  insert(1);
  {
    transaction tx{conn_};
    EXPECT_TRUE(tx.is_nested());
    insert(2);
  }
  conn_.commit();
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, a_failed_guard_is_not_committed_in_silence) {
  transaction outer{conn_};
  insert(1);
  {
    transaction inner{conn_};
    EXPECT_THROW(insert(1), integrity_error);
    EXPECT_EQ(thrown<internal_error>([&] { inner.commit(); }).condition(), condition::in_failed_sql_transaction);
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  outer.commit();
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, guards_end_once_and_from_the_inside_out) {
  transaction outer{conn_};
  insert(1);
  auto inner = std::make_unique<transaction>(conn_);
  EXPECT_CONTAINS("made later", thrown<programming_error>([&] { outer.commit(); }).what());
  inner->rollback();
  EXPECT_CONTAINS("ended already", thrown<programming_error>([&] { inner->commit(); }).what());
  inner.reset();
  outer.commit();
  EXPECT_CONTAINS("ended already", thrown<programming_error>([&] { outer.rollback(); }).what());
  EXPECT_EQ(seen(), "1");
}

TEST_F(transaction_test, a_guard_notices_that_its_transaction_is_gone) {
  transaction tx{conn_};
  insert(1);
  conn_.exec("ROLLBACK");
  EXPECT_CONTAINS("has ended without it", thrown<programming_error>([&] { tx.commit(); }).what());
}

TEST_F(transaction_test, a_guard_outlives_its_connection) {
  auto conn = std::make_unique<connection>(connect(dsn(way::unix_socket)));
  transaction tx{*conn};
  conn->query("SELECT 1");
  connection moved = std::move(*conn);
  conn.reset();
  moved.close();
  EXPECT_THROW(tx.commit(), interface_error);
}

// ---- again ----

TEST_F(transaction_test, retry_runs_again_what_could_not_be_serialized) {
  conn_.set_session({.isolation = isolation_level::serializable});
  other_.exec("INSERT INTO " + table_ + " VALUES (1)");
  int runs = 0;
  long const sum = retry(conn_, [&](transaction&) {
    long const before = conn_.query_value<long>("SELECT sum(n) FROM " + table_);
    if (++runs == 1) {
      connection rival = connect(dsn(way::unix_socket));
      rival.set_session({.isolation = isolation_level::serializable});
      long const same = rival.query_value<long>("SELECT sum(n) FROM " + table_);
      rival.query("INSERT INTO " + table_ + " VALUES ($1)", same + 10);
      rival.commit();
    }
    conn_.query("INSERT INTO " + table_ + " VALUES ($1)", before + 100);
    return before;
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(sum, 12);
  EXPECT_EQ(seen(), "1 11 112");
}

TEST_F(transaction_test, retry_gives_up_after_so_many_tries) {
  int runs = 0;
  EXPECT_THROW(retry(
                   conn_,
                   [&](transaction&) {
                     ++runs;
                     conn_.exec("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
                   },
                   3),
               transaction_rollback);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

TEST_F(transaction_test, retry_does_not_repeat_other_errors) {
  int runs = 0;
  EXPECT_THROW(retry(conn_,
                     [&](transaction&) {
                       ++runs;
                       insert(1);
                       insert(1);
                     }),
               integrity_error);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(seen(), "");
}

TEST_F(transaction_test, retry_within_a_transaction_is_an_error) {
  insert(1);
  EXPECT_CONTAINS("transaction of its own",
                  thrown<programming_error>([&] { retry(conn_, [](transaction&) {}); }).what());
}

/// Two transactions that wait for each other: one of them is ended by the server, and succeeds when it is run again.
TEST(transaction_retry, runs_a_deadlocked_transaction_again) {
  connection first = open(), second = open();
  std::string const table = "deadlock_" + std::to_string(first.info().backend_pid);
  first.exec("CREATE TABLE " + table + " (id int PRIMARY KEY, n int); INSERT INTO " + table + " VALUES (1, 0), (2, 0)");
  std::atomic<int> ready = 0, runs = 0;
  auto const both = [&](connection& conn, int one, int two) {
    conn.exec("SET deadlock_timeout TO '50ms'");
    retry(conn, [&](transaction&) {
      ++runs;
      conn.query("UPDATE " + table + " SET n = n + 1 WHERE id = $1", one);
      ++ready;
      while (ready < 2) std::this_thread::yield();
      conn.query("UPDATE " + table + " SET n = n + 1 WHERE id = $1", two);
    });
  };
  std::thread other([&] { both(second, 2, 1); });
  both(first, 1, 2);
  other.join();
  EXPECT_EQ(first.query_value<int>("SELECT sum(n)::int FROM " + table), 4);
  EXPECT_GT(runs, 2);
  first.exec("DROP TABLE " + table);
}

}  // namespace
}  // namespace tusk::test
