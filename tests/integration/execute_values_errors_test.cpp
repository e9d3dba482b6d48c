// execute_values: what it refuses, whom errors name, hooks, limits, and all faces.
#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

std::vector<int> numbers(int first, int last) {
  std::vector<int> all;
  for (int i = first; i <= last; ++i) all.push_back(i);
  return all;
}

class execute_values_errors : public testing::Test {
 protected:
  execute_values_errors() { conn_.exec("CREATE TEMP TABLE item (id serial PRIMARY KEY, name text, number float8)"); }
  /// The words of a refusal; nothing is sent.
  template <class Rows>
  std::string refused(std::string_view statement, Rows const& rows, values_options const& options = {}) {
    bool sent = false;
    conn_.trace([&sent](std::string_view line) { sent |= line.starts_with('F'); });
    auto const error = thrown<programming_error>([&] { cur_.execute_values(statement, rows, options); });
    conn_.trace({});
    EXPECT_FALSE(sent);
    return error.what();
  }

  connection conn_ = connect(dsn(way::unix_socket), {.autocommit = true});
  cursor cur_ = conn_.cursor();
};

// ---- errors ----

TEST_F(execute_values_errors, refuses_statements_without_exactly_one_place) {
  std::string const remedy =
      "; write one %s where the rows are to stand, as in INSERT INTO t (a, b) VALUES %s, and %% for a percent sign";
  EXPECT_EQ(refused("INSERT INTO item VALUES", numbers(1, 2)), "execute_values: the statement has no %s" + remedy);
  EXPECT_EQ(refused("INSERT INTO item VALUES %%s", numbers(1, 2)), "execute_values: the statement has no %s" + remedy);
  EXPECT_EQ(refused("VALUES %s, %s", numbers(1, 2)), "execute_values: the statement has 2 %s" + remedy);
  EXPECT_EQ(refused("VALUES %(rows)s", numbers(1, 2)),
            "at byte 7 of the statement: execute_values has no %(name)s" + remedy + "; names belong into row_template");
  EXPECT_CONTAINS("at byte 7 of the statement: a % that begins no placeholder", refused("SELECT % %s", numbers(1, 2)));
  EXPECT_CONTAINS("at byte 7 of the statement: this is not valid UTF-8", refused("VALUES \xff %s", numbers(1, 2)));
  EXPECT_CONTAINS("COPY", refused("COPY item %s", numbers(1, 2)));
  EXPECT_CONTAINS("page_size is 0", refused("VALUES %s", numbers(1, 2), {.page_size = 0}));
}

TEST_F(execute_values_errors, errors_of_arguments_name_the_element) {
  std::string const behind = "; in element 1 of execute_values, counted from 0";
  auto const sets = [](params second) {
    std::vector<params> all;
    all.push_back(params(1));
    all.push_back(std::move(second));
    return all;
  };
  EXPECT_EQ(refused("VALUES %s", sets(params())),
            "the row has no values; a row of VALUES has one at least, or a row_template" + behind);
  EXPECT_EQ(refused("VALUES %s", sets(params(named("a", 1)))),
            "the row's values have names; pass a row_template that says where they stand" + behind);
  EXPECT_EQ(refused("VALUES %s", sets(params(1, 2)), {.row_template = "(%s)"}),
            "2 arguments were given, but 1 placeholders are there; write one %s for each" + behind);
  EXPECT_EQ(refused("VALUES %s", sets(params()), {.row_template = "(%s)"}),
            "at byte 1 of the row template: this %s has no argument: only 0 were given; pass one for each %s" + behind);
  EXPECT_CONTAINS("of the row template: a % that begins no placeholder",
                  refused("VALUES %s", numbers(1, 2), {.row_template = "(%d)"}));
  EXPECT_CONTAINS(behind, thrown<data_error>([&] {
                            cur_.execute_values("VALUES %s", std::vector<std::string>{"a", "\xff"});
                          }).what());
}

TEST_F(execute_values_errors, errors_of_the_server_name_the_element_or_the_page) {
  auto const failed = [&](auto const& rows, char const* of, values_options const& options = {}) {
    try {
      cur_.execute_values("INSERT INTO item (id, number) VALUES %s", rows, options);
      ADD_FAILURE() << of;
    } catch (database_error const& e) {
      EXPECT_CONTAINS(of, e.what());
    }
  };
  using pairs = std::vector<std::pair<int, std::string>>;
  pairs rows;
  for (int i = 0; i < 10; ++i) rows.emplace_back(i, i == 6 ? "\u00e4\u00e4 no number" : "1");
  failed(rows, "TUSK:  this is element 6 of execute_values, counted from 0", {.page_size = 4});
  failed(rows, "TUSK:  this is element 6 of execute_values, counted from 0");
  failed(pairs{{1, "\u00e4"}}, "TUSK:  this is element 0 of execute_values, counted from 0");
  failed(pairs{{1, "1"}, {2, "x"}}, "TUSK:  this is element 1 of execute_values, counted from 0");
  auto ids = std::vector<std::pair<int, double>>(10);
  for (int i = 0; i < 10; ++i) ids[static_cast<std::size_t>(i)].first = i == 6 ? 2 : i;
  failed(ids, "TUSK:  this is one of the elements 4 to 7 of execute_values, counted from 0", {.page_size = 4});
  failed(ids, "TUSK:  this is element 6 of execute_values, counted from 0", {.page_size = 1});
  auto const other = thrown<programming_error>([&] { cur_.execute_values("INSERT INTO gone VALUES %s", ids); });
  EXPECT_LACKS("TUSK:", other.what()) << "that is about no element";
  EXPECT_LACKS("TUSK:", thrown<programming_error>([&] {
                          cur_.execute_values("INSERT INTO item (id) VALUES %s RETURNING gone", numbers(1, 3));
                        }).what());
  EXPECT_EQ(conn_.query_value<int>("SELECT count(*)::int FROM item"), 0);
}

// ---- hooks, limits, faces ----

class noting_cursor : public cursor {
 public:
  using cursor::cursor;
  std::vector<std::string> told;
  std::string comment;

 protected:
  void do_execute(std::string_view statement, params const& args) override {
    told.push_back("do " + mogrify(statement, args));
    cursor::do_execute(comment + std::string(statement), args);
  }
  void did_execute(outcome const& o) override {
    told.push_back((o.error() ? "failed " : "did ") + std::string(o.query()));
  }
  row_block do_fetch(std::size_t count) override {
    auto taken = cursor::do_fetch(count);
    told.push_back("fetch " + std::to_string(taken.size()));
    return taken;
  }
};

TEST_F(execute_values_errors, every_page_passes_through_the_hooks) {
  auto cur = conn_.cursor<noting_cursor>();
  EXPECT_EQ(cur.execute_values<int>("SELECT 3 %% 2 * a FROM (VALUES %s) AS v (a)", numbers(1, 3), {.page_size = 2}),
            numbers(1, 3));
  std::string const first = "SELECT 3 % 2 * a FROM (VALUES (1), (2)) AS v (a)",
                    second = "SELECT 3 % 2 * a FROM (VALUES (3)) AS v (a)";
  EXPECT_EQ(cur.told, (std::vector{"do " + first, "do " + second, "did " + first, "did " + second,
                                   std::string("fetch 2"), std::string("fetch 1")}));
  cur.told.clear();
  thrown<programming_error>([&] { cur.execute_values("SELECT", numbers(1, 3)); });
  EXPECT_EQ(cur.told, std::vector<std::string>{"failed SELECT"});
  cur.comment = "/* another text */";
  EXPECT_CONTAINS("this is one of the elements 2 to 3 of execute_values",
                  thrown<data_error>([&] {
                    cur.execute_values("SELECT a::int FROM (VALUES %s) AS v (a)",
                                       std::vector<std::string>{"1", "2", "x", "4"}, {.page_size = 2});
                  }).what());
}

class withholding_cursor : public cursor {
 public:
  using cursor::cursor;

 protected:
  row_block do_fetch(std::size_t) override { return {}; }
};

TEST_F(execute_values_errors, fetching_ends_where_a_hook_gives_no_rows_before_the_last_page) {
  auto cur = conn_.cursor<withholding_cursor>();
  cur.execute_values("INSERT INTO item (number) VALUES %s RETURNING id", numbers(1, 6), {.page_size = 2});
  ASSERT_EQ(cur.results().size(), 3U);
  EXPECT_TRUE(cur.fetchall().empty());
  EXPECT_TRUE(cur.fetchmany(3).empty());
  EXPECT_TRUE(cur.fetchall<int>().empty());
  EXPECT_TRUE(cur.fetchmany<int>(3).empty());
  EXPECT_FALSE(cur.fetchone());
  for (auto const& row : cur) ADD_FAILURE() << row.get<int>(0);
}

TEST_F(execute_values_errors, works_within_a_limit) {
  char const* const sql = "SELECT pg_sleep(a) FROM (VALUES %s) AS v (a)";
  EXPECT_THROW(cur_.execute_values(within(20ms), sql, std::vector{0, 60}), query_canceled);
  EXPECT_THROW(cur_.execute_values<std::string>(within(20ms), sql, std::vector{0, 60}, {.page_size = 1}),
               query_canceled);
  EXPECT_EQ(cur_.execute_values<int>(within(60s), "VALUES %s", numbers(1, 3)), numbers(1, 3));
  std::stop_source source;
  cur_.execute_values(source.get_token(), "VALUES %s", numbers(1, 3));
  source.request_stop();
  EXPECT_THROW(cur_.execute_values(source.get_token(), "VALUES %s", numbers(1, 3)), query_canceled);
}

TEST(execute_values_faces, without_types_it_is_the_same_in_all_of_them) {
  for (face const& by : all_faces()) {
    auto const on = open(by, dsn(way::unix_socket));
    cursor cur = on->conn().cursor();
    cur.execute("CREATE TEMP TABLE many (n int PRIMARY KEY)");
    on->wait();
    cur.execute_values("INSERT INTO many VALUES %s RETURNING n * 2", numbers(1, 1000));
    on->wait();
    EXPECT_EQ(cur.rowcount(), 1000) << by.name;
    auto const doubled = cur.fetchall<int>();
    ASSERT_EQ(doubled.size(), 1000U) << by.name;
    EXPECT_EQ(doubled[777], 1556) << by.name;
    auto const error = thrown<integrity_error>([&] {
      cur.execute_values("INSERT INTO many VALUES %s", numbers(901, 1100));
      on->wait();
    });
    EXPECT_CONTAINS("one of the elements 0 to 99", error.what()) << by.name;
    EXPECT_EQ(on->value<int>("SELECT count(*)::int FROM many"), 1000) << by.name;
  }
}

TEST(execute_values_faces, with_types_an_asynchronous_connection_says_what_to_do) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  cursor cur = conn.cursor();
  EXPECT_STREQ(thrown<programming_error>([&] { cur.execute_values<int>("VALUES %s", numbers(1, 3)); }).what(),
               "execute_values with types cannot be used in asynchronous mode, where the rows come later; call it "
               "without, poll() until that says ok, and fetch them: fetchall<T>() gives those of all pages");
  cur.execute_values("SELECT pg_sleep(0.01), a FROM (VALUES %s) AS v (a)", numbers(1, 3), {.page_size = 2});
  EXPECT_CONTAINS("execute cannot be used while",
                  thrown<programming_error>([&] { cur.execute_values("VALUES %s", numbers(1, 3)); }).what());
  EXPECT_CONTAINS("no results to fetch", thrown<programming_error>([&] { cur.fetchall(); }).what());
  finish(conn);
  EXPECT_EQ(cur.fetchall().size(), 3U);
}

}  // namespace
}  // namespace tusk::test
