// Cursors at the server: what is declared, every way to fetch and to move, their lives and those of their transactions.
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

constexpr char const* ten = "SELECT i FROM generate_series(1, 10) AS i";

std::vector<int> from_to(int first, int last) {
  std::vector<int> all(static_cast<std::size_t>(last - first + 1));
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// Counts what it fetches from the server.
struct counting : server_cursor {
  using server_cursor::server_cursor;
  int executed = 0, fetched = 0;

 protected:
  void do_execute(std::string_view statement, params const& args) override {
    ++executed;
    server_cursor::do_execute(statement, args);
  }
  row_block do_fetch(std::size_t count) override {
    ++fetched;
    return server_cursor::do_fetch(count);
  }
};

bool is_open(connection& conn, std::string_view name) {
  return value<bool>(conn, "SELECT EXISTS (SELECT FROM pg_cursors WHERE name = $1)", name);
}

class server_cursor_test : public testing::Test {
 protected:
  connection conn_ = connect(dsn(way::unix_socket));
};

// ---- declaring ----

TEST_F(server_cursor_test, is_declared_as_its_options_say) {
  auto const said = [&](server_cursor_options const& options) {
    auto cur = conn_.cursor(options);
    cur.execute("SELECT %s::int", 1);
    return std::string(cur.query());
  };
  EXPECT_EQ(said({.name = "a"}), "DECLARE \"a\" CURSOR FOR SELECT 1::int\n; FETCH FORWARD 0 FROM \"a\"");
  EXPECT_EQ(said({.name = "A b\"c", .scrollable = true}),
            "DECLARE \"A b\"\"c\" SCROLL CURSOR FOR SELECT 1::int\n; FETCH FORWARD 0 FROM \"A b\"\"c\"");
  EXPECT_EQ(said({.name = "a", .scrollable = false, .withhold = true}),
            "DECLARE \"a\" NO SCROLL CURSOR WITH HOLD FOR SELECT 1::int\n; FETCH FORWARD 0 FROM \"a\"");
  EXPECT_FALSE(is_open(conn_, "a")) << "each closed it";
}

TEST_F(server_cursor_test, names_that_cannot_be_are_refused) {
  EXPECT_CONTAINS("has no name", thrown<programming_error>([&] { conn_.cursor({.scrollable = true}); }).what());
  EXPECT_CONTAINS("at most 63",
                  thrown<programming_error>([&] { conn_.cursor({.name = std::string(64, 'x')}); }).what());
  EXPECT_CONTAINS("NUL byte",
                  thrown<programming_error>([&] { conn_.cursor({.name = std::string("a\0b", 3)}); }).what());
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

TEST_F(server_cursor_test, knows_its_columns_before_a_row_is_fetched) {
  auto cur = conn_.cursor({.name = "c"});
  cur.execute("SELECT 1 AS one, 'x'::text AS two -- and a comment");
  ASSERT_EQ(cur.description().size(), 2u);
  EXPECT_EQ(cur.description()[1].name, "two");
  EXPECT_EQ(cur.rownumber(), 0u);
  EXPECT_EQ((cur.fetchone<std::tuple<int, std::string>>()), std::tuple(1, "x"));
}

TEST_F(server_cursor_test, needs_a_transaction_unless_it_is_held) {
  connection conn = open();
  auto cur = conn.cursor({.name = "c"});
  EXPECT_CONTAINS("begin one, or declare it with withhold",
                  thrown<programming_error>([&] { cur.execute(ten); }).what());
  auto held = conn.cursor({.name = "h", .withhold = true});
  held.execute(ten);
  EXPECT_EQ(held.fetchall<int>(), from_to(1, 10));
  transaction tx(conn);
  cur.execute(ten);
  EXPECT_EQ(cur.fetchall<int>(), from_to(1, 10));
}

TEST_F(server_cursor_test, is_not_for_many_statements) {
  auto cur = conn_.cursor({.name = "c"});
  cursor& base = cur;
  EXPECT_CONTAINS("more than once",
                  thrown<programming_error>([&] { base.executemany(ten, std::vector<std::tuple<>>(2)); }).what());
  EXPECT_THROW(base.execute_values("INSERT INTO x VALUES %s", std::vector{1, 2}), programming_error);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

// ---- fetching ----

TEST_F(server_cursor_test, every_way_to_fetch_gives_the_same_rows) {
  for (std::size_t const itersize : {0u, 1u, 3u, 10u, 11u}) {
    counting cur(conn_, {.name = "c"});
    cur.itersize = itersize;
    cur.execute(ten);
    EXPECT_EQ(cur.fetchone<int>(), 1);
    EXPECT_EQ(cur.fetchmany<int>(2), from_to(2, 3));
    EXPECT_EQ(cur.fetchmany(0).size(), 0u);
    std::vector<int> walked;
    for (int const each : cur.rows<int>()) {
      walked.push_back(each);
      if (each == 5) break;
    }
    EXPECT_EQ(walked, from_to(4, 5));
    // The walk may have read ahead; what it has not given comes first.
    EXPECT_EQ(cur.rownumber(), 5u);
    EXPECT_EQ(cur.fetchmany(3).size(), 3u);
    EXPECT_EQ(cur.rownumber(), 8u);
    EXPECT_EQ(cur.fetchall<int>(), from_to(9, 10)) << itersize;
    EXPECT_FALSE(cur.fetchone());
    EXPECT_TRUE(cur.fetchall().empty());
  }
}

TEST_F(server_cursor_test, rows_left_by_a_walk_and_those_at_the_server_are_fetched_together) {
  auto cur = conn_.cursor({.name = "c"});
  cur.itersize = 4;
  for (bool const typed : {false, true}) {
    cur.execute(ten);
    EXPECT_EQ(*cur.rows<int>().begin(), 1);
    if (typed)
      EXPECT_EQ(cur.fetchmany<int>(8), from_to(2, 9));
    else
      EXPECT_EQ(cur.fetchmany(8).size(), 8u);
    EXPECT_EQ(cur.fetchone<int>(), 10);
  }
}

TEST_F(server_cursor_test, a_walk_reads_itersize_rows_at_a_time_and_others_what_they_are_asked_for) {
  std::map<std::string, int> sent;
  conn_.trace([&](std::string_view line) {
    if (auto const at = line.find("FETCH FORWARD "); at != line.npos && line[0] == 'F')
      ++sent[std::string(line.substr(at + 14, line.find(" FROM", at) - at - 14))];
  });
  counting cur(conn_, {.name = "c"});
  cur.itersize = 4;
  cur.execute(ten);
  int walked = 0;
  cursor& base = cur;
  for (auto const& row : base) walked += row.get<int>(0);
  EXPECT_EQ(walked, 55);
  EXPECT_EQ(sent, (std::map<std::string, int>{{"0", 1}, {"4", 4}})) << "of the last there are two, then none";
  EXPECT_EQ(cur.executed, 1);
  EXPECT_EQ(cur.fetched, 11);
  sent.clear();
  cur.execute(ten);
  cur.fetchone();
  cur.fetchmany(3);
  cur.fetchall();
  EXPECT_EQ(sent, (std::map<std::string, int>{{"0", 1}, {"1", 1}, {"3", 1}, {"ALL", 1}}));
}

TEST_F(server_cursor_test, fetchone_leaves_the_cursor_on_its_row) {
  conn_.exec("CREATE TEMP TABLE item (id int, name text); INSERT INTO item SELECT i, 'x' FROM generate_series(1, 3) i");
  auto cur = conn_.cursor({.name = "c"});
  cur.execute("SELECT id FROM item FOR UPDATE");
  cur.fetchone();
  EXPECT_EQ(cur.fetchone<int>(), 2);
  conn_.query("UPDATE item SET name = 'y' WHERE CURRENT OF c");
  EXPECT_EQ(value<int>(conn_, "SELECT id FROM item WHERE name = 'y'"), 2);
}

TEST_F(server_cursor_test, has_casters_arguments_and_limits_as_others) {
  auto cur = conn_.cursor({.name = "c"});
  register_type(new_type<int>({oids::int4}, "twice",
                              [](std::optional<std::string_view> text, cast_context const&) {
                                return std::optional<int>(2 * std::stoi(std::string(*text)));
                              }),
                cur);
  cur.execute("SELECT i, %(s)s::text FROM generate_series(1, %(n)s) AS i", named("n", 3), named("s", "it's"));
  EXPECT_EQ((cur.fetchone<std::tuple<int, std::string>>()), std::tuple(2, "it's"));
  cur.execute("SELECT pg_sleep(60)");
  EXPECT_THROW(cur.fetch(within(std::chrono::milliseconds(50)), 1), query_canceled);
  conn_.rollback();
}

TEST_F(server_cursor_test, a_million_rows_by_2000) {
  auto cur = conn_.cursor({.name = "c"});
  cur.execute("SELECT i FROM generate_series(1, 1000000) AS i");
  std::int64_t sum = 0;
  for (int const each : cur.rows<int>()) sum += each;
  EXPECT_EQ(sum, 500000500000);
  EXPECT_EQ(cur.rownumber(), 1000000u);
}

// ---- moving ----

TEST_F(server_cursor_test, moves_in_every_direction) {
  for (std::size_t const ahead : {1u, 3u, 10u}) {
    auto cur = conn_.cursor({.name = "c", .scrollable = true});
    cur.itersize = ahead;
    cur.execute(ten);
    for (int const to : {0, 9, 3, 4, 2, 10, 5, 0, 1, 8, 10, 9}) {
      cur.scroll(to, scroll_mode::absolute);
      EXPECT_EQ(cur.rownumber(), static_cast<std::size_t>(to));
      auto const row = cur.rows<int>().begin();
      if (to == 10)
        EXPECT_EQ(row, cur.end());
      else
        EXPECT_EQ(*row, to + 1) << ahead;
    }
    cur.scroll(-10);
    EXPECT_EQ(cur.fetchall<int>(), from_to(1, 10));
    cur.scroll(-4);
    EXPECT_EQ(cur.fetchmany<int>(2), from_to(7, 8));
    cur.scroll(-3);
    EXPECT_EQ(cur.fetchone<int>(), 6);
    cur.scroll(2);
    EXPECT_EQ(cur.fetchone<int>(), 9);
  }
}

TEST_F(server_cursor_test, moving_out_of_bounds_is_an_error_and_ends_at_the_end) {
  auto cur = conn_.cursor({.name = "c", .scrollable = true});
  cur.execute(ten);
  cur.fetchmany(3);
  EXPECT_CONTAINS("before the first row", thrown<programming_error>([&] { cur.scroll(-4); }).what());
  EXPECT_EQ(cur.fetchone<int>(), 4);
  EXPECT_CONTAINS("there are 10 row(s)", thrown<programming_error>([&] { cur.scroll(7); }).what());
  EXPECT_EQ(cur.rownumber(), 10u);
  EXPECT_FALSE(cur.fetchone());
  cur.scroll(-1);
  EXPECT_EQ(cur.fetchone<int>(), 10);
  EXPECT_THROW(cur.scroll(std::int64_t{1} << 40), programming_error);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
}

TEST_F(server_cursor_test, one_that_cannot_go_back_says_so_but_for_rows_that_are_here) {
  auto cur = conn_.cursor({.name = "c", .scrollable = false});
  cur.execute(ten);
  EXPECT_EQ(cur.fetchmany<int>(3), from_to(1, 3));
  cur.scroll(-2);
  EXPECT_EQ(cur.fetchmany<int>(2), from_to(2, 3));
  cur.scroll(4);
  EXPECT_EQ(cur.fetchone<int>(), 8);
  EXPECT_EQ(thrown<operational_error>([&] { cur.scroll(0, scroll_mode::absolute); }).sqlstate().str(), "55000");
  conn_.rollback();
}

// ---- its life ----

TEST_F(server_cursor_test, without_hold_it_ends_with_its_transaction) {
  auto cur = conn_.cursor({.name = "c"});
  cur.execute(ten);
  EXPECT_EQ(cur.fetchone<int>(), 1);
  conn_.commit();
  EXPECT_CONTAINS("has ended", thrown<programming_error>([&] { cur.fetchone(); }).what());
  EXPECT_CONTAINS("has ended", thrown<programming_error>([&] { cur.scroll(1); }).what());
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle) << "nothing was sent";
  conn_.exec("SELECT 1");
  EXPECT_EQ(thrown<operational_error>([&] { cur.fetchone(); }).sqlstate().str(), "34000");
  conn_.rollback();
  cur.execute(ten);
  EXPECT_EQ(cur.fetchall<int>(), from_to(1, 10));
  conn_.rollback();
  cur.close();
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle) << "there was nothing to be closed";
}

TEST_F(server_cursor_test, with_hold_it_lives_on) {
  {
    auto cur = conn_.cursor({.name = "c", .scrollable = true, .withhold = true});
    cur.execute(ten);
    EXPECT_EQ(cur.fetchone<int>(), 1);
    conn_.commit();
    EXPECT_EQ(cur.fetchmany<int>(2), from_to(2, 3));
    conn_.rollback();
    cur.scroll(0, scroll_mode::absolute);
    EXPECT_EQ(cur.fetchall<int>(), from_to(1, 10));
    conn_.commit();
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle) << "its CLOSE began none";
  EXPECT_FALSE(is_open(conn_, "c"));
}

TEST_F(server_cursor_test, executed_again_it_takes_the_place_of_the_one_before) {
  auto cur = conn_.cursor({.name = "c"});
  for (int i = 0; i < 3; ++i) {
    cur.execute("SELECT %s::int", i);
    EXPECT_EQ(cur.fetchone<int>(), i);
  }
  conn_.commit();
  cur.execute("SELECT 7");
  conn_.exec("CLOSE c");
  cur.execute("SELECT 8");
  EXPECT_EQ(cur.fetchone<int>(), 8);
}

TEST_F(server_cursor_test, close_closes_it_at_the_server_where_it_can) {
  auto cur = conn_.cursor({.name = "c"});
  cur.execute(ten);
  EXPECT_TRUE(is_open(conn_, "c"));
  cursor& base = cur;
  base.close();
  EXPECT_FALSE(is_open(conn_, "c"));
  EXPECT_TRUE(cur.closed());
  EXPECT_THROW(cur.execute(ten), interface_error);
  EXPECT_THROW(cur.fetchone(), interface_error);
  // One that is gone already, and one whose transaction has failed: the transaction is left as it is.
  {
    auto gone = conn_.cursor({.name = "gone"});
    gone.execute(ten);
    conn_.exec("CLOSE gone");
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  {
    auto failed = conn_.cursor({.name = "failed"});
    failed.execute(ten);
    EXPECT_THROW(conn_.exec("SELECT 1/0"), data_error);
  }
  EXPECT_EQ(conn_.transaction_status(), transaction_status::failed);
  conn_.rollback();
}

TEST_F(server_cursor_test, outlives_its_connection) {
  std::optional<connection> conn = connect(dsn(way::unix_socket));
  auto cur = conn->cursor({.name = "c"});
  cur.execute(ten);
  conn.reset();
  EXPECT_THROW(cur.fetchone(), interface_error);
}

TEST_F(server_cursor_test, does_not_swallow_the_error_of_another_statement) {
  connection conn = open();
  {
    auto cur = conn.cursor({.name = "c", .withhold = true});
    cur.execute(ten);
    conn.start_query("SELECT 1/0");  // without a handle: the call that begins next throws its error
    conn.start_query("SELECT 1").get();
  }
  EXPECT_THROW(conn.exec("SELECT 1"), data_error);
}

// ---- on asynchronous connections ----

TEST(async_server_cursor, is_fetched_from_and_moved_by_poll) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto cur = conn.cursor({.name = "c", .scrollable = true});
  EXPECT_CONTAINS("begin one", thrown<programming_error>([&] { cur.execute(ten); }).what());
  conn.start_exec("BEGIN");
  finish(conn);
  cur.execute(ten);
  finish(conn);
  EXPECT_EQ(cur.description().size(), 1u);
  EXPECT_TRUE(cur.fetchall().empty()) << "none was asked for";
  std::vector<int> all;
  for (std::size_t before = 1; all.size() != before;) {
    before = all.size();
    cur.start_fetch(4);
    EXPECT_THROW(cur.fetchone(), programming_error) << "under way";
    finish(conn);
    for (int const each : cur.rows<int>()) all.push_back(each);
  }
  EXPECT_EQ(all, from_to(1, 10));
  cur.start_scroll(-3);
  finish(conn);
  cur.start_fetch(within(std::chrono::seconds(60)), 2);
  finish(conn);
  EXPECT_EQ(cur.fetchall<int>(), from_to(8, 9));
  cur.start_scroll(5);
  EXPECT_CONTAINS("there are 10 row(s)", thrown<programming_error>([&] { finish(conn); }).what());
  EXPECT_EQ(cur.rownumber(), 10u);
  EXPECT_CONTAINS("asynchronous", thrown<programming_error>([&] { cur.scroll(0); }).what());
  EXPECT_CONTAINS("executed already", thrown<programming_error>([&] { cur.execute(ten); }).what());
}

TEST_F(server_cursor_test, what_is_for_asynchronous_connections_says_so) {
  auto cur = conn_.cursor({.name = "c"});
  cur.execute(ten);
  EXPECT_CONTAINS("use fetch()", thrown<programming_error>([&] { cur.start_fetch(1); }).what());
  EXPECT_CONTAINS("use scroll()", thrown<programming_error>([&] { cur.start_scroll(1); }).what());
}

}  // namespace
}  // namespace tusk::test
