// Subclasses of cursors and connections, what they see, and what makes them.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <typeinfo>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// Writes down each call of a hook.
class noting_cursor : public cursor {
 public:
  noting_cursor(tusk::connection& conn, std::vector<std::string>& notes) : cursor(conn), notes_(notes) {}

 protected:
  void do_execute(std::string_view statement, params const& args) override {
    notes_.push_back("do " + mogrify(statement, args));
    cursor::do_execute(statement, args);
  }
  void did_execute(outcome const& ended) override {
    notes_.push_back((ended.error() ? "failed " : "did ") + std::string(ended.query()) + " " +
                     std::to_string(ended.results().size()));
    EXPECT_EQ(ended.error() == nullptr, ended.what().empty());
    EXPECT_GE(ended.elapsed().count(), 0);
  }
  row_block do_fetch(std::size_t count) override {
    notes_.push_back("fetch " + (count == all_rows ? "all" : std::to_string(count)));
    return cursor::do_fetch(count);
  }

 private:
  std::vector<std::string>& notes_;
};

class noting_connection : public connection {
 public:
  using connection::connection;
  std::vector<std::string> notes;

 protected:
  results do_execute(execution const& what) override {
    notes.push_back("do " + std::string(what.sql) + " " + std::to_string(what.args.count()) +
                    (what.is_script ? " script" : "") + (what.prepared != nullptr ? " prepared" : ""));
    return connection::do_execute(what);
  }
  void did_execute(outcome const& ended) override {
    notes.push_back((ended.error() ? "failed " : "did ") + std::string(ended.query()) + " " +
                    std::to_string(ended.results().size()));
  }
};

using notes = std::vector<std::string>;

class cursor_hooks : public testing::Test {
 protected:
  notes taken() { return std::exchange(notes_, {}); }
  notes notes_;
  connection conn_ = open();
  noting_cursor cur_ = conn_.cursor<noting_cursor>(notes_);
};

TEST_F(cursor_hooks, execute_passes_through_do_execute_and_did_execute) {
  cur_.execute("SELECT %s", 1);
  EXPECT_EQ(taken(), (notes{"do SELECT 1", "did SELECT 1 1"}));
}

TEST_F(cursor_hooks, executemany_passes_through_them_for_each_set_of_arguments) {  // psycopg2: goes round
  cur_.executemany("SELECT %s", std::vector<int>{1, 2});
  EXPECT_EQ(taken(), (notes{"do SELECT 1", "do SELECT 2", "did SELECT 1 0", "did SELECT 2 0"}));
  thrown<data_error>([&] { cur_.executemany("SELECT 1/%s", std::vector<int>{1, 0, 2}); });
  EXPECT_EQ(taken(),
            (notes{"do SELECT 1/1", "do SELECT 1/0", "do SELECT 1/2", "did SELECT 1/1 0", "failed SELECT 1/0 0"}));
}

TEST_F(cursor_hooks, callproc_passes_through_them) {  // psycopg2: goes round
  cur_.callproc("abs", -1);
  EXPECT_EQ(taken(), (notes{R"(do SELECT * FROM "abs"((-1)))", R"(did SELECT * FROM "abs"((-1)) 1)"}));
}

TEST_F(cursor_hooks, errors_of_the_server_and_of_merging_are_told_before_they_come_out) {
  thrown<data_error>([&] { cur_.execute("SELECT 1/%s", 0); });
  EXPECT_EQ(taken(), (notes{"do SELECT 1/0", "failed SELECT 1/0 0"}));
  thrown<programming_error>([&] { cur_.execute("SELECT %s, %s", 0); });
  EXPECT_EQ(taken(), (notes{"failed SELECT %s, %s 0"})) << "mogrify threw in the hook";
}

TEST_F(cursor_hooks, every_fetch_passes_through_do_fetch) {
  cur_.execute("SELECT generate_series(1, 6)");
  taken();
  cur_.fetchone();
  cur_.fetchmany(2);
  cur_.fetchmany<int>(1);
  cur_.fetchone<int>();
  for (int const i : cur_.rows<int>()) EXPECT_EQ(i, 6);
  cur_.fetchall();
  EXPECT_EQ(taken(), (notes{"fetch 1", "fetch 2", "fetch 1", "fetch 1", "fetch 1", "fetch 1", "fetch all"}));
}

TEST_F(cursor_hooks, an_asynchronous_end_is_told_in_poll) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  noting_cursor cur = conn.cursor<noting_cursor>(notes_);
  cur.execute("SELECT 1; SELECT 2");
  EXPECT_EQ(taken(), (notes{"do SELECT 1; SELECT 2"}));
  finish(conn);
  EXPECT_EQ(taken(), (notes{"did SELECT 1; SELECT 2 2"}));
  cur.execute("SELECT 1/%s", 0);
  thrown<data_error>([&] { finish(conn); });
  EXPECT_EQ(taken(), (notes{"do SELECT 1/0", "failed SELECT 1/0 0"}));
  cur.executemany("SELECT 1/%s", std::vector<int>{1, 0, 2});
  thrown<data_error>([&] { finish(conn); });
  taken();
  cur.executemany("SELECT %s", std::vector<int>{7, 8});
  finish(conn);
  EXPECT_EQ(taken(), (notes{"do SELECT 7", "do SELECT 8", "did SELECT 7 0", "did SELECT 8 0"}));
  EXPECT_EQ(cur.fetchone()->get<int>(0), 8);
}

class failing_cursor : public cursor {
 public:
  using cursor::cursor;

 protected:
  void did_execute(outcome const&) override { throw std::runtime_error("from the hook"); }
};

TEST_F(cursor_hooks, what_did_execute_throws_comes_out_and_the_connection_goes_on) {
  failing_cursor cur = conn_.cursor<failing_cursor>();
  EXPECT_STREQ(thrown<std::runtime_error>([&] { cur.execute("SELECT 1"); }).what(), "from the hook");
  EXPECT_STREQ(thrown<std::runtime_error>([&] { cur.execute("SELECT 1/0"); }).what(), "from the hook");
  EXPECT_EQ(conn_.query_value<int>("SELECT 1"), 1);
}

TEST(connection_hooks, query_exec_and_prepared_statements_pass_through_them) {
  auto conn = connect<noting_connection>(dsn(way::unix_socket), {.autocommit = true});
  EXPECT_EQ(conn.query_value<int>("SELECT $1::int", 5), 5);
  EXPECT_EQ(conn.exec("SELECT 1; SELECT 2").size(), 2U);
  statement st = conn.prepare("SELECT $1::int");
  EXPECT_EQ(st.query(3)[0].get<int>(0), 3);
  EXPECT_EQ(thrown<data_error>([&] { conn.query("SELECT 1/0"); }).condition(), condition::division_by_zero);
  EXPECT_EQ(conn.notes, (notes{"do SELECT $1::int 1", "did SELECT $1::int 1", "do SELECT 1; SELECT 2 0 script",
                               "did SELECT 1; SELECT 2 2", "do SELECT $1::int 1 prepared", "did SELECT $1::int 1",
                               "do SELECT 1/0 0", "failed SELECT 1/0 0"}));
}

TEST(connection_hooks, an_asynchronous_end_is_told_in_poll_wherever_the_connection_moved) {
  auto first = connect<noting_connection>(dsn(way::unix_socket), {.async = true});
  finish(first);
  first.start_query("SELECT $1::int", 5);
  noting_connection conn = std::move(first);
  finish(conn);
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 5);
  conn.start_exec("SELECT 1/0");
  thrown<data_error>([&] { finish(conn); });
  EXPECT_EQ(conn.notes,
            (notes{"do SELECT $1::int 1", "did SELECT $1::int 1", "do SELECT 1/0 0 script", "failed SELECT 1/0 0"}));
}

class commenting_connection : public connection {
 public:
  using connection::connection;

 protected:
  results do_execute(execution const& what) override {
    std::string const sql = "/* from a test */ " + std::string(what.sql);
    return connection::do_execute({.sql = sql, .args = what.args, .is_script = what.is_script});
  }
};

TEST(connection_hooks, what_is_run_may_be_changed) {
  auto conn = connect<commenting_connection>(dsn(way::unix_socket));
  EXPECT_EQ(conn.query_value<std::string>("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"),
            "/* from a test */ SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()");
}

TEST(connection_hooks, they_stay_after_reconnect) {
  auto conn = connect<noting_connection>(dsn(way::unix_socket));
  conn.reconnect();
  conn.exec("SELECT 1");
  EXPECT_EQ(conn.notes.size(), 2U);
}

/// Of that class, and of none derived from it.
template <class Cursor>
bool is_of(std::unique_ptr<cursor> const& made) {
  cursor const& it = *made;
  return typeid(it) == typeid(Cursor);
}

TEST(factories, make_cursor_honours_the_factory_of_the_connection) {
  connection conn = open();
  notes told;
  EXPECT_TRUE(is_of<cursor>(conn.make_cursor()));
  conn.cursor_factory([&](connection& c) { return std::make_unique<noting_cursor>(c, told); });
  std::unique_ptr<cursor> const cur = conn.make_cursor();
  cur->execute("SELECT 1");
  EXPECT_EQ(told.size(), 2U);
  connection moved = std::move(conn);
  EXPECT_TRUE(is_of<noting_cursor>(moved.make_cursor()));
  EXPECT_EQ(&moved.make_cursor()->connection(), &moved);
  moved.cursor_factory({});
  EXPECT_TRUE(is_of<cursor>(moved.make_cursor()));
}

TEST(factories, a_cursor_of_a_connection_that_is_still_connecting_is_an_operational_error) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  EXPECT_CONTAINS("not open yet", thrown<operational_error>([&] { conn.cursor(); }).what());
  finish(conn);
  conn.cursor();
}

TEST(logging, the_shipped_cursor_and_connection_tell_of_statements_and_errors) {
  auto conn = connect<logging_connection>(dsn(way::unix_socket), {.autocommit = true});
  conn.query("SELECT 0");
  notes told;
  conn.log_to([&](outcome const& o) { told.push_back(std::string(o.query()) + (o.error() ? " failed" : "")); });
  conn.query("SELECT 1");
  conn.cursor().execute("SELECT %s", 2);
  conn.make_cursor()->execute("SELECT %s", 3);
  thrown<data_error>([&] { conn.cursor().execute("SELECT 1/%s", 0); });
  EXPECT_EQ(std::exchange(told, {}), (notes{"SELECT 1", "SELECT 2", "SELECT 3", "SELECT 1/0 failed"}));
  conn.log_to([&](outcome const& o) { told.emplace_back(o.query()); }, std::chrono::milliseconds(50));
  conn.query("SELECT 4");
  conn.query("SELECT pg_sleep(0.06)");
  thrown<data_error>([&] { conn.query("SELECT 1/0"); });
  EXPECT_EQ(std::exchange(told, {}), (notes{"SELECT pg_sleep(0.06)", "SELECT 1/0"})) << "errors whatever they took";
  conn.log_to({});
  conn.cursor().execute("SELECT 5");
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace tusk::test
