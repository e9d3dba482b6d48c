// Behind PgBouncer: what holds in each of its modes, and what cannot. Its pools have two of the server's sessions.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/channel.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// The DSN of one of PgBouncer's databases, each of which is named for its mode.
std::string pooled(std::string const& mode) { return exported("TUSK_POOLER_DSN") + " dbname=" + mode; }

connection open_pooled(std::string const& mode, statement_cache_mode statements = statement_cache_mode::named) {
  return connect(pooled(mode), {.autocommit = true, .statement_cache_mode = statements});
}

/// The server's session that a client has got just now.
int session_of(connection& conn) { return conn.exec("SELECT pg_backend_pid()")[0][0].get<int>(0); }

/// A transaction that keeps one of the two sessions of the pool.
class held_session {
 public:
  explicit held_session(int session) : session_(session) {
    for (connection* conn : {&first_, &second_}) conn->exec("BEGIN");
    if (session_of(first_) != session) std::swap(first_, second_);
    if (session_of(first_) != session) throw std::logic_error("the pool has other sessions");
    second_.exec("ROLLBACK");
  }
  ~held_session() { first_.exec("ROLLBACK"); }  // or PgBouncer would end the session
  int session() const { return session_; }

 private:
  connection first_ = open_pooled("transaction"), second_ = open_pooled("transaction");
  int session_;
};

// ---- four clients over two sessions ----

struct counts {
  std::atomic<int> right = 0, foreign = 0, unknown = 0, other = 0;
};

/// How many queries all clients run together: 400; the long test is 100,000 by TUSK_POOLER_QUERIES.
int queries() {
  char const* const asked = std::getenv("TUSK_POOLER_QUERIES");
  return asked == nullptr ? 400 : std::atoi(asked);
}

constexpr int clients = 4, texts = 12;

/// What one client does: statements of the same shape as the others', in an order of its own, whose answers say whose
/// they are. In transactions too where it is asked to, of several statements each.
void query_as_client(int number, int count, statement_cache_mode mode, bool in_transactions, counts& seen) {
  connection conn = connect(pooled("transaction"), {.autocommit = !in_transactions, .statement_cache_mode = mode});
  std::optional<statement> by_hand;
  for (int i = 0; i < count; ++i) {
    int const text = (i * (2 * number + 1) + number) % texts, id = number * 1'000'000 + i;
    std::string const own = std::to_string(number) + "/" + std::to_string(text);
    try {
      bool right = false;
      if (text == 0) {
        if (!by_hand) by_hand = conn.prepare("SELECT $1::int8, '" + own + "'");
        auto const row = by_hand->query(id).one<std::tuple<int, std::string>>();
        right = row == std::tuple(id, own);
      } else if (text == 1) {  // one client's DELETE must not be another one's SELECT
        bool const deletes = number % 2 == 0;
        std::string const command =
            deletes ? "DELETE FROM pooled WHERE id = $1" : "SELECT id FROM pooled WHERE id = $1";
        result const got = conn.query(command, id % 1000);
        right = deletes ? got.command_tag().starts_with("DELETE") : got.command_tag().starts_with("SELECT");
      } else if (text % 2 == 0) {
        auto const row = conn.query("SELECT $1::int8, '" + own + "'", id).one<std::tuple<int, std::string>>();
        right = row == std::tuple(id, own);
      } else {
        auto const row = conn.query("SELECT '" + own + "', $1::int8, 7", id).one<std::tuple<std::string, int, int>>();
        right = row == std::tuple(own, id, 7);
      }
      ++(right ? seen.right : seen.foreign);
      if (in_transactions && i % 5 == 4) conn.commit();
    } catch (error const& e) {
      if (e.condition() == condition::invalid_sql_statement_name && e.is_retryable()) {
        ++seen.unknown;
      } else {
        ++seen.other;
        ADD_FAILURE() << e.what();
        if (conn.closed()) return;
      }
      if (in_transactions) conn.rollback();
    }
  }
  if (in_transactions) conn.commit();
}

void query_side_by_side(statement_cache_mode mode, bool in_transactions, counts& seen) {
  connection direct = open();
  direct.exec(
      "DROP TABLE IF EXISTS pooled; CREATE TABLE pooled (id int); INSERT INTO pooled SELECT generate_series(0, 999)");
  auto const begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> all;
    for (int number = 0; number < clients; ++number)
      all.emplace_back([&, number] { query_as_client(number, queries() / clients, mode, in_transactions, seen); });
  }
  if (queries() > 400) {
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    std::cout << "right " << seen.right << ", foreign " << seen.foreign << ", 26000 " << seen.unknown << ", other "
              << seen.other << ", " << took.count() << " s\n";
  }
  direct.exec("DROP TABLE pooled");
  EXPECT_EQ(seen.foreign, 0);
  EXPECT_EQ(seen.other, 0);
  EXPECT_GT(seen.right, 0);
}

TEST(pooler_transaction, named_gives_26000_at_worst_and_never_a_foreign_answer) {
  for (bool const in_transactions : {false, true}) {
    counts seen;
    query_side_by_side(statement_cache_mode::named, in_transactions, seen);
    if (!in_transactions) {
      EXPECT_EQ(seen.unknown, 0) << "each has been prepared again";
    }
  }
}

TEST(pooler_transaction, unnamed_gives_no_error_at_all) {
  for (bool const in_transactions : {false, true}) {
    counts seen;
    query_side_by_side(statement_cache_mode::unnamed, in_transactions, seen);
    EXPECT_EQ(seen.unknown, 0);
    EXPECT_EQ(seen.right, queries() / clients * clients);
  }
}

// ---- one thing after the other ----

TEST(pooler_transaction, a_statement_of_the_other_session_is_prepared_in_this_one) {
  for (bool const by_hand : {false, true}) {
    connection conn = open_pooled("transaction");
    statement made = conn.prepare("SELECT $1::int + 1");
    auto const run = [&](int i) {
      return (by_hand ? made.query(i) : conn.query("SELECT $1::int + 1", i))[0].get<int>(0);
    };
    EXPECT_EQ(run(1), 2);
    std::optional<held_session> held(session_of(conn));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(i), i + 1);
    EXPECT_NE(session_of(conn), held->session());
    int const here = session_of(conn);
    held.reset();
    held.emplace(here);  // and back: the old name is closed at a session that may not know it, or know it still
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(i), i + 1);
  }
}

// BEGIN has gone to the other session with the statement, so that the transaction is there.
TEST(pooler_transaction, a_transaction_begins_where_its_first_statement_is_prepared) {
  connection conn = connect(pooled("transaction"));
  EXPECT_EQ(value<int>(conn, "SELECT $1::int + 1", 1), 2);
  EXPECT_EQ(value<int>(conn, "SELECT $1::int + 2", 1), 3);
  int const before = session_of(conn);
  conn.commit();
  held_session const held(before);
  EXPECT_EQ(value<int>(conn, "SELECT $1::int + 1", 2), 3);
  EXPECT_NE(session_of(conn), before);
  auto const error = thrown<operational_error>([&] { value<int>(conn, "SELECT $1::int + 2", 2); });
  EXPECT_EQ(error.sqlstate().str(), "26000") << "behind others in the transaction";
  EXPECT_TRUE(error.is_retryable());
  conn.rollback();
  EXPECT_EQ(value<int>(conn, "SELECT $1::int + 2", 2), 4);
}

TEST(pooler_transaction, retry_mends_what_the_other_session_does_not_know) {
  connection conn = connect(pooled("transaction"), {.autocommit = true});
  conn.query("SELECT $1::int", 1);
  held_session const held(session_of(conn));
  int tries = 0;
  int const got = retry(conn, [&](transaction&) {
    ++tries;
    conn.exec("SELECT 1");
    return conn.query("SELECT $1::int", 5)[0].get<int>(0);
  });
  EXPECT_EQ(got, 5);
  EXPECT_EQ(tries, 2);
}

TEST(pooler_transaction, guards_scripts_batches_and_types_work) {
  for (auto const mode : {statement_cache_mode::named, statement_cache_mode::unnamed}) {
    connection conn =
        connect(pooled("transaction"), {.autocommit = true, .load_types = true, .statement_cache_mode = mode});
    conn.exec("CREATE TABLE pooled (id int)");
    {
      transaction outer(conn);
      conn.query("INSERT INTO pooled VALUES (1)");
      {
        transaction inner(conn);
        conn.query("INSERT INTO pooled VALUES (2)");
      }  // undone
      outer.commit();
    }
    {
      transaction const undone(conn);
      conn.query("INSERT INTO pooled VALUES (3)");
    }
    std::vector<std::tuple<int>> const rows = {{4}, {5}};
    cursor cur = conn.cursor();
    cur.executemany("INSERT INTO pooled VALUES (%s)", rows);
    EXPECT_EQ(
        conn.exec("SELECT array_agg(id ORDER BY id)::text FROM pooled; DROP TABLE pooled")[0][0].get<std::string>(0),
        "{1,4,5}");
  }
}

// A setting stays with the server's session, and the client goes to another one; so does LISTEN.
TEST(pooler_transaction, settings_and_listen_do_not_follow_the_client) {
  connection conn = open_pooled("transaction");
  conn.exec("SET statement_timeout = 54321");
  conn.listen(channel);
  int const before = session_of(conn);
  {
    held_session const held(before);
    EXPECT_NE(conn.exec("SHOW statement_timeout")[0][0].get<std::string>(0), "54321ms");
    connection direct = open();
    direct.notify(channel);
    for (int i = 0; i < 20; ++i) conn.exec("SELECT 1");
    EXPECT_EQ(conn.notifies.size(), 0U);
  }
  connection other = open_pooled("transaction");
  std::optional<held_session> held;
  if (session_of(other) != before) held.emplace(session_of(other));
  EXPECT_EQ(other.exec("SHOW statement_timeout")[0][0].get<std::string>(0), "54321ms") << "another client has it now";
  other.exec("RESET statement_timeout; UNLISTEN *");
}

TEST(pooler_session, settings_statements_and_listen_stay) {
  connection conn = open_pooled("session"), other = open_pooled("session");
  conn.exec("SET statement_timeout = 54321");
  conn.listen(channel);
  statement made = conn.prepare("SELECT $1::int");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(value<int>(other, "SELECT $1::int", -i), -i);
    EXPECT_EQ(made.query(i)[0].get<int>(0), i);
    EXPECT_EQ(value<int>(conn, "SELECT $1::int", i), i);
  }
  EXPECT_EQ(conn.exec("SHOW statement_timeout")[0][0].get<std::string>(0), "54321ms");
  other.notify(channel);
  while (conn.notifies.size() == 0) conn.exec("SELECT 1");
  EXPECT_EQ(conn.notifies.size(), 1U);
}

TEST(pooler_statement, runs_statements_and_refuses_transactions) {
  for (auto const mode : {statement_cache_mode::named, statement_cache_mode::unnamed}) {
    connection conn = open_pooled("statement", mode);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(value<int>(conn, "SELECT $1::int", i), i);
    EXPECT_CONTAINS("statement pooling mode", thrown<operational_error>([&] {
                                                transaction const guard(conn);
                                                conn.query("SELECT 1");
                                              }).what());
    EXPECT_TRUE(conn.closed());
  }
  connection conn = connect(pooled("statement"));
  EXPECT_CONTAINS("statement pooling mode", thrown<operational_error>([&] { conn.query("SELECT 1"); }).what());
}

// PgBouncer hands a cancel request on to the session that runs the client's statement.
TEST(pooler, limits_and_cancel_work_in_every_mode) {
  for (char const* const mode : {"transaction", "session", "statement"}) {
    SCOPED_TRACE(mode);
    connection conn = open_pooled(mode, statement_cache_mode::unnamed);
    EXPECT_EQ(value<int>(conn, "SELECT 0"), 0);  // the pool has a session now
    EXPECT_THROW(conn.query(within(20ms), "SELECT pg_sleep(60)"), query_canceled);
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
    std::string const mark = "SELECT pg_sleep(60) -- " + std::string(mode);
    std::thread other([&] {
      connection direct = open();
      while (!value<bool>(direct, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = $1 AND state = 'active')",
                          mark))
        direct.query("SELECT pg_sleep(0.001)");
      conn.cancel();
    });
    EXPECT_THROW(conn.exec(mark), query_canceled);
    other.join();
    EXPECT_EQ(value<int>(conn, "SELECT 2"), 2);
  }
}

TEST(pooler, refuses_options_by_name) {
  EXPECT_CONTAINS(
      "unsupported startup parameter: options",
      thrown<operational_error>([&] { connect(pooled("session") + " options='-c statement_timeout=100'"); }).what());
}

}  // namespace
}  // namespace tusk::test
