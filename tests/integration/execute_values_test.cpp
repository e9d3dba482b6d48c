// execute_values: many rows in place of the one %s, in pages that travel together.
#include <gtest/gtest.h>

#include <list>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/effort.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct item {
  int id;
  std::optional<std::string> name;
  friend bool operator==(item const&, item const&) = default;
};

std::vector<int> numbers(int first, int last) {
  std::vector<int> all;
  for (int i = first; i <= last; ++i) all.push_back(i);
  return all;
}

class execute_values : public testing::Test {
 protected:
  execute_values() { conn_.exec("CREATE TEMP TABLE item (id serial PRIMARY KEY, name text, number float8)"); }
  /// What was sent last for these.
  template <class Rows>
  std::string sent(std::string_view statement, Rows const& rows, values_options const& options = {}) {
    cur_.execute_values(statement, rows, options);
    return std::string(cur_.query());
  }

  connection conn_ = connect(dsn(way::unix_socket), {.autocommit = true});
  cursor cur_ = conn_.cursor();
};

// ---- what is sent ----

TEST_F(execute_values, takes_what_executemany_takes) {
  char const* const sql = "SELECT * FROM (VALUES %s) AS v";
  EXPECT_EQ(sent(sql, std::vector<std::tuple<int, std::string>>{{1, "it's"}, {-2, "b\\"}}),
            "SELECT * FROM (VALUES (1, 'it''s'), ((-2),  E'b\\\\')) AS v");
  EXPECT_EQ(sent(sql, std::list<std::pair<int, double>>{{1, 2}}), "SELECT * FROM (VALUES (1, 2.0)) AS v");
  EXPECT_EQ(sent(sql, std::vector<item>{{1, "a"}, {2, {}}}), "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v");
  EXPECT_EQ(sent(sql, std::vector<params>{params(1, true), params(2, false)}),
            "SELECT * FROM (VALUES (1, true), (2, false)) AS v");
  EXPECT_EQ(sent(sql, numbers(1, 3)), "SELECT * FROM (VALUES (1), (2), (3)) AS v");
  EXPECT_EQ(sent(sql, std::vector<numeric>{numeric("1.50")}), "SELECT * FROM (VALUES (1.50)) AS v")
      << "what has an adapter is one value";
  auto const made = std::views::iota(1, 3) | std::views::transform([](int i) { return params(i, "n"); });
  EXPECT_EQ(sent(sql, made), "SELECT * FROM (VALUES (1, 'n'), (2, 'n')) AS v") << "params that are made on the way";
  int const in_place[] = {7, 8};
  EXPECT_EQ(sent(sql, in_place), "SELECT * FROM (VALUES (7), (8)) AS v");
}

TEST_F(execute_values, merges_as_execute_does) {
  EXPECT_EQ(
      sent("SELECT 7 %% 4, v.*, '100%%' FROM (VALUES %s) AS v -- %%s", std::vector<std::string>{"%s %(a)s %", "'"}),
      "SELECT 7 % 4, v.*, '100%' FROM (VALUES ('%s %(a)s %'), ('''')) AS v -- %s");
  std::tuple const row(1, std::string("o'r\\"), 0.5, std::optional<int>(), std::vector<int>{1, 2});
  std::string const list = cur_.mogrify("(%s, %s, %s, %s, %s)", std::get<0>(row), std::get<1>(row), std::get<2>(row),
                                        std::get<3>(row), std::get<4>(row));
  EXPECT_EQ(sent("VALUES %s", std::vector{row}), "VALUES " + list);
}

TEST_F(execute_values, a_template_says_what_a_row_is) {
  EXPECT_EQ(sent("VALUES %s", std::vector<std::pair<int, std::string>>{{1, "2"}, {3, "4"}},
                 {.row_template = "(%s, %s::int, now(), 7 %% 4)"}),
            "VALUES (1, '2'::int, now(), 7 % 4), (3, '4'::int, now(), 7 % 4)");
  std::vector<params> by_name;
  by_name.push_back(params(named("b", 1), named("a", "x"), named("unused", 0)));
  by_name.push_back(params(named("a", "y"), named("b", 2)));
  EXPECT_EQ(sent("VALUES %s", by_name, {.row_template = "(%(a)s, %(b)s, %(a)s)"}),
            "VALUES ('x', 1, 'x'), ('y', 2, 'y')");
  EXPECT_EQ(sent("INSERT INTO item (id) VALUES %s", std::vector<std::tuple<>>(3), {.row_template = "(DEFAULT)"}),
            "INSERT INTO item (id) VALUES (DEFAULT), (DEFAULT), (DEFAULT)");
  EXPECT_EQ(cur_.rowcount(), 3);
}

TEST_F(execute_values, a_row_may_have_more_values_than_a_bound_statement) {
  EXPECT_EQ(
      sent("INSERT INTO item (id) SELECT max(a) FROM (VALUES %s) AS v (a)", numbers(1, 70'000), {.page_size = 70'000})
          .size(),
      [] {
        std::size_t size = std::string_view("INSERT INTO item (id) SELECT max(a) FROM (VALUES ) AS v (a)").size();
        for (int i = 1; i <= 70'000; ++i) size += std::to_string(i).size() + 4;
        return size - 2;
      }());
  EXPECT_EQ(conn_.query_value<int>("SELECT max(id) FROM item"), 70'000);
}

// ---- pages ----

TEST_F(execute_values, pages_have_so_many_rows) {
  struct row {
    std::size_t rows, page_size, pages, in_last;
  };
  for (row const& each : {row{1, 100, 1, 1},
                          {99, 100, 1, 99},
                          {100, 100, 1, 100},
                          {101, 100, 2, 1},
                          {250, 100, 3, 50},
                          {3, 1, 3, 1},
                          {7, 1000, 1, 7}}) {
    auto const rows = numbers(1, static_cast<int>(each.rows));
    cur_.execute_values("VALUES %s", rows, {.page_size = each.page_size});
    EXPECT_EQ(cur_.results().size(), each.pages) << each.rows << " by " << each.page_size;
    EXPECT_EQ(cur_.results().back().size(), each.in_last);
    EXPECT_EQ(cur_.rowcount(), static_cast<std::int64_t>(each.rows)) << "the sum";
    EXPECT_EQ(cur_.fetchall<int>(), rows);
  }
  cur_.execute_values("VALUES %s", numbers(1, 101));
  EXPECT_EQ(cur_.results().size(), 2U) << "a hundred where nothing is said";
}

TEST_F(execute_values, a_page_ends_early_where_rows_are_long) {
  std::vector<std::string> const rows(10, std::string(300'000, '\''));
  cur_.execute_values("INSERT INTO item (name) VALUES %s", rows);
  EXPECT_EQ(cur_.rowcount(), 10);
  EXPECT_LT(cur_.query().size(), 3'000'000U);
  EXPECT_GT(cur_.query().size(), 600'000U);
  EXPECT_EQ(conn_.query_value<int>("SELECT count(*)::int FROM item WHERE name = repeat('''', 300000)"), 10);
  auto const lengths = cur_.execute_values<int>("SELECT length(a) FROM (VALUES %s) AS v (a)",
                                                std::vector<std::string>{"a", std::string(5'000'000, 'x'), "bc"});
  EXPECT_EQ(lengths, (std::vector{1, 5'000'000, 2})) << "one that is longer than a page is alone in it";
  EXPECT_EQ(cur_.results().size(), 3U);
}

TEST_F(execute_values, pages_travel_together) {
  std::string lines;
  conn_.trace([&](std::string_view line) { lines += std::string(line.substr(0, 1)) + ' ' + std::string(line) + '\n'; });
  cur_.execute_values("VALUES %s", numbers(1, 10), {.page_size = 3});
  conn_.trace({});
  auto const first_answer = lines.find("\nB "), last_request = lines.rfind("\nF ");
  ASSERT_NE(first_answer, lines.npos);
  EXPECT_LT(last_request, first_answer) << "all is sent before an answer is waited for:\n" << lines;
  EXPECT_CONTAINS("Sync", lines.substr(last_request));
}

TEST_F(execute_values, a_hundred_thousand_rows) {
  int const count = static_cast<int>(effort(100'000));
  std::vector<std::tuple<int, std::string, double>> rows;
  for (int i = 1; i <= count; ++i) rows.emplace_back(i, "name " + std::to_string(i), i / 7.0);
  auto const ids = cur_.execute_values<int>("INSERT INTO item (id, name, number) VALUES %s RETURNING id", rows);
  EXPECT_EQ(ids, numbers(1, count));
  EXPECT_EQ(cur_.rowcount(), count);
  EXPECT_EQ(
      conn_.query_value<int>("SELECT count(*)::int FROM item WHERE name = 'name ' || id AND number = id / 7.0::float8"),
      count);
}

TEST_F(execute_values, of_nothing_sends_nothing) {
  conn_.set_autocommit(false);
  cur_.execute_values("INSERT INTO item (id) VALUES %s", std::vector<int>{});
  EXPECT_EQ(cur_.rowcount(), 0);
  EXPECT_EQ(cur_.query(), "");
  EXPECT_TRUE(cur_.results().empty());
  EXPECT_TRUE(cur_.execute_values<int>("INSERT INTO item (id) VALUES %s RETURNING id", std::vector<int>{}).empty());
  EXPECT_TRUE(cur_.execute_values<int>("VALUES %s", std::vector<int>{}).empty());
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
  EXPECT_CONTAINS("no %s", thrown<programming_error>([&] { cur_.execute_values("VALUES", std::vector<int>{}); }).what())
      << "what is wrong with the statement is told";
}

TEST_F(execute_values, all_pages_are_one_transaction) {
  auto rows = numbers(1, 10);
  rows.back() = 1;
  EXPECT_THROW(cur_.execute_values("INSERT INTO item (id) VALUES %s", rows, {.page_size = 2}), integrity_error);
  EXPECT_EQ(conn_.query_value<int>("SELECT count(*)::int FROM item"), 0);
  conn_.set_autocommit(false);
  cur_.execute_values("INSERT INTO item (id) VALUES %s", numbers(1, 10), {.page_size = 2});
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction) << "it began by itself";
  conn_.rollback();
  EXPECT_EQ(conn_.query_value<int>("SELECT count(*)::int FROM item"), 0);
}

// ---- the rows that it gives ----

TEST_F(execute_values, gives_rows_as_the_types_say) {
  char const* const sql = "INSERT INTO item (id, name) VALUES %s RETURNING id, name";
  std::vector<item> const rows{{1, "a"}, {2, {}}, {3, "c"}};
  values_options const by_two{.page_size = 2};
  EXPECT_EQ(cur_.execute_values<item>(sql, rows, by_two), rows);
  conn_.exec("TRUNCATE item");
  EXPECT_EQ((cur_.execute_values<int, std::optional<std::string>>(sql, rows, by_two)),
            (std::vector<std::tuple<int, std::optional<std::string>>>{{1, "a"}, {2, {}}, {3, "c"}}));
  conn_.exec("TRUNCATE item");
  EXPECT_EQ(cur_.execute_values<by_position<item>>(sql, rows, by_two), rows);
  EXPECT_EQ(cur_.execute_values<std::string>("VALUES %s", std::vector<std::string>{"x", "y"}),
            (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(cur_.execute_values<bool>("VALUES %s", std::vector{true, false, true}, by_two),
            (std::vector{true, false, true}));
}

TEST_F(execute_values, pages_may_have_columns_of_different_types) {
  std::vector<std::int64_t> const rows{1, 2, 3'000'000'000};
  EXPECT_EQ(cur_.execute_values<std::int64_t>("VALUES %s", rows, {.page_size = 2}), rows);
  EXPECT_EQ(cur_.results()[0].columns()[0].type, oids::int4);
  EXPECT_EQ(cur_.results()[1].columns()[0].type, oids::int8);
  cur_.scroll(0, scroll_mode::absolute);
  std::vector<std::int64_t> walked;
  for (auto const each : cur_.rows<std::int64_t>()) walked.push_back(each);
  EXPECT_EQ(walked, rows);
}

TEST_F(execute_values, fetches_walk_over_the_rows_of_all_pages) {
  // Those of every third page are left out, so that pages are empty, the first one and the last one too.
  auto const select = [&] {
    cur_.execute_values("SELECT a FROM (VALUES %s) AS v (a) WHERE (a - 1) / 2 %% 3 <> 0", numbers(1, 14),
                        {.page_size = 2});
  };
  std::vector<int> const left{3, 4, 5, 6, 9, 10, 11, 12};
  select();
  ASSERT_EQ(cur_.results().size(), 7U);
  EXPECT_EQ(cur_.rowcount(), 8);
  EXPECT_EQ(cur_.rownumber(), 0U);
  EXPECT_EQ(cur_.fetchone<int>(), 3);
  EXPECT_EQ(cur_.fetchmany<int>(4), (std::vector{4, 5, 6, 9}));
  EXPECT_EQ(cur_.rownumber(), 5U);
  EXPECT_EQ(cur_.fetchmany(2).size(), 2U);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 12);
  EXPECT_FALSE(cur_.fetchone());
  EXPECT_TRUE(cur_.fetchall<int>().empty());
  EXPECT_TRUE(cur_.fetchall().empty());
  EXPECT_EQ(cur_.rownumber(), 8U);
  for (std::size_t i = 0; i <= left.size(); ++i) {
    cur_.scroll(static_cast<std::int64_t>(i), scroll_mode::absolute);
    EXPECT_EQ(cur_.rownumber(), i);
    EXPECT_EQ(cur_.fetchall<int>(), std::vector<int>(left.begin() + static_cast<std::ptrdiff_t>(i), left.end()));
  }
  cur_.scroll(-3);
  EXPECT_EQ(cur_.fetchone<int>(), 10);
  for (int const far : {-7, 3})
    EXPECT_CONTAINS("the statement gave 8 row(s), the next is number 6",
                    thrown<programming_error>([&] { cur_.scroll(far); }).what());
  select();
  std::vector<int> walked;
  for (auto const& row : cur_) walked.push_back(row.get<int>("a"));
  EXPECT_EQ(walked, left);
  cur_.execute("SELECT 1; SELECT 2");
  EXPECT_EQ(cur_.fetchall<int>(), std::vector{2}) << "the next statement's last result is the current one again";
  cur_.executemany("SELECT %s", std::vector{3, 4});
  EXPECT_EQ(cur_.fetchall<int>(), std::vector{4});
}

TEST_F(execute_values, the_range_may_be_the_rows_of_the_same_cursor) {
  cur_.execute("SELECT generate_series(1, 5)");
  EXPECT_EQ(cur_.execute_values<int>("VALUES %s", cur_.rows<int>(), {.page_size = 2}), numbers(1, 5));
  cur_.execute("SELECT generate_series(1, 5)");
  cur_.executemany("INSERT INTO item (id) VALUES (%s)", cur_.rows<int>());
  EXPECT_EQ(cur_.rowcount(), 5);
  auto const executing = std::views::iota(1, 4) | std::views::transform([this](int i) {
                           cur_.execute("SELECT %s * 10", i);
                           return cur_.fetchone()->get<int>(0);
                         });
  EXPECT_EQ(cur_.execute_values<int>("VALUES %s", executing), (std::vector{10, 20, 30}))
      << "nor is it in the way of it";
}

TEST_F(execute_values, with_types_needs_rows) {
  EXPECT_STREQ(thrown<programming_error>([&] {
                 cur_.execute_values<int>("INSERT INTO item (id) VALUES %s", numbers(1, 3));
               }).what(),
               "execute_values has types, but the statement, which has run, gives no rows; add RETURNING, or call it "
               "without");
  EXPECT_CONTAINS("gives 2 column(s)", thrown<programming_error>([&] {
                                         cur_.execute_values<int>("SELECT v.*, 1 FROM (VALUES %s) AS v", numbers(1, 3));
                                       }).what());
}

}  // namespace
}  // namespace tusk::test
