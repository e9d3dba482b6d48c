// Cursors of blocking connections: statements with merged arguments, their rows, and what a cursor tells of them.
#include <gtest/gtest.h>

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/effort.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct item {
  int id;
  std::string name;
  std::optional<numeric> price;
};

class cursor_test : public testing::Test {
 protected:
  cursor_test() {
    cur_.execute("CREATE TEMP TABLE item (id int PRIMARY KEY, name text, price numeric(8,2))");
    cur_.executemany("INSERT INTO item VALUES (%s, %s, %s)",
                     std::vector<std::tuple<int, std::string, std::optional<numeric>>>{
                         {1, "it's", numeric("9.99")}, {2, "50% \\", {}}, {3, "third", numeric("-1")}});
  }

  connection conn_ = connect(dsn(way::unix_socket));
  cursor cur_ = conn_.cursor();
};

// ---- statements ----

TEST_F(cursor_test, arguments_are_merged_by_position_and_by_name) {
  cur_.execute("SELECT id, name, price FROM item WHERE id = %s", 1);
  EXPECT_EQ(cur_.query(), "SELECT id, name, price FROM item WHERE id = 1");
  EXPECT_EQ(cur_.fetchone()->get<std::string>("name"), "it's");
  cur_.execute("SELECT %(a)s, %(a)s || '%%', %(b)s", named("b", -1), named("a", "x"));
  EXPECT_EQ(cur_.query(), "SELECT 'x', 'x' || '%', (-1)");
  EXPECT_EQ((cur_.fetchone<std::tuple<std::string, std::string, int>>()), std::tuple("x", "x%", -1));
}

TEST_F(cursor_test, without_arguments_the_text_goes_untouched) {
  cur_.execute("SELECT '100%', 'a%sb', 7 % 4");
  EXPECT_EQ((cur_.fetchone<std::tuple<std::string, std::string, int>>()), std::tuple("100%", "a%sb", 3));
}

TEST_F(cursor_test, composed_statements_are_executed) {
  cur_.execute(
      sql::sql("SELECT {} AS {} FROM item WHERE id = %s").format(sql::identifier("name"), sql::identifier("50%")), 3);
  EXPECT_EQ(cur_.query(), R"(SELECT "name" AS "50%" FROM item WHERE id = 3)");
  EXPECT_EQ(cur_.fetchone()->get<std::string>("50%"), "third");
  cur_.execute(sql::sql("SELECT 1 AS {}").format(sql::identifier("50%")));
  EXPECT_EQ(cur_.description()[0].name, "50%");
}

TEST_F(cursor_test, mogrify_shows_exactly_what_execute_sends) {
  std::string const shown = cur_.mogrify("SELECT %s, %s", "o'r", std::nullopt);
  cur_.execute("SELECT %s, %s", "o'r", std::nullopt);
  EXPECT_EQ(cur_.query(), shown);
}

TEST_F(cursor_test, placeholders_that_do_not_match_are_a_programming_error_and_nothing_is_sent) {
  cur_.execute("SELECT 1");
  EXPECT_CONTAINS("at byte 11", thrown<programming_error>([&] { cur_.execute("SELECT %s, %s", 1); }).what());
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  cur_.execute("SELECT 2");
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 2);
}

TEST_F(cursor_test, an_empty_query_is_a_programming_error) {
  conn_.commit();
  EXPECT_CONTAINS("can't execute an empty query", thrown<programming_error>([&] { cur_.execute(""); }).what());
  EXPECT_CONTAINS("can't execute an empty query",
                  thrown<programming_error>([&] { cur_.execute("-- nothing"); }).what());
}

TEST_F(cursor_test, a_transaction_begins_by_itself_before_the_first_statement) {
  EXPECT_EQ(conn_.transaction_status(), transaction_status::in_transaction);
  conn_.rollback();
  EXPECT_EQ(thrown<programming_error>([&] { cur_.execute("SELECT * FROM item"); }).condition(),
            condition::undefined_table);
}

TEST_F(cursor_test, the_last_statement_of_several_is_current_and_results_has_all_in_order) {
  cur_.execute("SELECT 1; SELECT 2, 3; SELECT 4");
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 4);
  ASSERT_EQ(cur_.results().size(), 3U);
  EXPECT_EQ(cur_.results()[1][0].get<int>(1), 3);
}

TEST_F(cursor_test, an_error_shows_the_line_and_a_caret) {
  auto const error = thrown<programming_error>([&] { cur_.execute("SELECT %s,\n  nothing", 1); });
  EXPECT_CONTAINS("LINE 2:   nothing\n", error.what());
  EXPECT_CONTAINS("^", error.what());
}

TEST_F(cursor_test, copy_through_execute_is_refused_and_the_connection_goes_on) {
  conn_.commit();
  thrown<programming_error>([&] { cur_.execute("COPY item FROM STDIN"); });
  conn_.rollback();
  thrown<programming_error>([&] { cur_.execute("COPY item TO STDOUT"); });
  conn_.rollback();
  cur_.execute("SELECT 1");
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 1);
}

// ---- executemany ----

TEST_F(cursor_test, executemany_takes_tuples_pairs_values_and_params) {
  std::vector<std::pair<int, std::string>> const pairs{{10, "a"}, {11, "b"}};
  cur_.executemany("INSERT INTO item VALUES (%s, %s)", pairs);
  EXPECT_EQ(cur_.rowcount(), 2);
  cur_.executemany("DELETE FROM item WHERE id = %s", std::list<int>{10, 11, 12});
  EXPECT_EQ(cur_.rowcount(), 2) << "the sum";
  std::vector<params> sets;
  for (int i = 20; i < 23; ++i) sets.push_back(params(named("id", i), named("name", "n" + std::to_string(i))));
  cur_.executemany("INSERT INTO item VALUES (%(id)s, %(name)s)", sets);
  EXPECT_EQ(cur_.rowcount(), 3);
  EXPECT_EQ(cur_.query(), "INSERT INTO item VALUES (22, 'n22')");
  EXPECT_EQ(cur_.statusmessage(), "INSERT 0 1");
}

TEST_F(cursor_test, executemany_keeps_the_results_that_gave_rows) {
  cur_.executemany("INSERT INTO item VALUES (%s) RETURNING id * 2", std::vector<int>{30, 31});
  ASSERT_EQ(cur_.results().size(), 2U);
  EXPECT_EQ(cur_.results()[0][0].get<int>(0), 60);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 62);
}

TEST_F(cursor_test, executemany_is_pipelined) {
  conn_.commit();
  std::string lines;
  conn_.trace([&](std::string_view line) { lines += std::string(line.substr(0, 1)) + ' ' + std::string(line) + '\n'; });
  cur_.executemany("SELECT %s", std::vector<int>{1, 2, 3});
  conn_.trace({});
  auto const first_answer = lines.find("\nB "), last_request = lines.rfind("\nF ");
  ASSERT_NE(first_answer, lines.npos);
  EXPECT_LT(last_request, first_answer) << "all is sent before an answer is waited for:\n" << lines;
  EXPECT_CONTAINS("Sync", lines.substr(last_request));
  EXPECT_CONTAINS("BEGIN", lines.substr(0, first_answer));
}

TEST_F(cursor_test, executemany_of_nothing_does_nothing) {
  conn_.commit();
  cur_.executemany("INSERT INTO item VALUES (%s)", std::vector<int>{});
  EXPECT_EQ(cur_.rowcount(), 0);
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle);
}

TEST_F(cursor_test, executemany_stops_at_the_first_error_and_says_which) {
  conn_.commit();
  conn_.set_autocommit(true);
  auto const error = thrown<integrity_error>([&] {
    cur_.executemany("INSERT INTO item VALUES (%s)", std::vector<int>{40, 1, 41});
  });
  EXPECT_CONTAINS("(id)=(1)", error.what());
  EXPECT_EQ(cur_.query(), "INSERT INTO item VALUES (1)");
  EXPECT_EQ(conn_.query_value<int>("SELECT count(*)::int FROM item WHERE id >= 40"), 0) << "it is one transaction";
  auto const wrong = thrown<programming_error>([&] { cur_.executemany("SELECT %s, nothing", std::vector<int>{5, 6}); });
  EXPECT_CONTAINS("LINE 1: SELECT 5, nothing", wrong.what());
}

TEST_F(cursor_test, executemany_sends_a_hundred_thousand_statements_that_answer_with_rows) {
  std::vector<int> numbers(effort(100'000));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  cur_.executemany("SELECT %s, repeat('x', 100)", numbers);
  ASSERT_EQ(cur_.results().size(), numbers.size());
  EXPECT_EQ(cur_.results()[777][0].get<int>(0), 777);
}

// ---- callproc ----

TEST_F(cursor_test, callproc_passes_arguments_by_position_and_by_name) {
  cur_.callproc("lower", "ABC");
  EXPECT_EQ(cur_.fetchone()->get<std::string>(0), "abc");
  cur_.callproc("make_interval", named("days", 3), named("hours", 2));
  EXPECT_EQ(cur_.fetchone()->get<std::string>(0), "3 days 02:00:00");
  cur_.callproc(sql::identifier("pg_catalog", "pi"));
  EXPECT_GT(cur_.fetchone()->get<double>(0), 3.14);
  cur_.execute("SAVEPOINT s");
  EXPECT_EQ(thrown<programming_error>([&] { cur_.callproc("x(); DROP TABLE item; --"); }).condition(),
            condition::undefined_function);
  cur_.execute("ROLLBACK TO s; SELECT count(*)::int FROM item");
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 3);
}

// ---- rows ----

TEST_F(cursor_test, rows_are_fetched_one_many_and_all) {
  cur_.execute("SELECT generate_series(0, 9)");
  EXPECT_EQ(cur_.rowcount(), 10);
  EXPECT_EQ(cur_.rownumber(), 0U);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 0);
  EXPECT_EQ(cur_.fetchmany().size(), 1U) << "arraysize";
  cur_.arraysize = 3;
  EXPECT_EQ(cur_.fetchmany()[2].get<int>(0), 4);
  EXPECT_EQ(cur_.rownumber(), 5U);
  EXPECT_EQ(cur_.fetchmany<int>(2), (std::vector<int>{5, 6}));
  EXPECT_EQ(cur_.fetchall<int>(), (std::vector<int>{7, 8, 9}));
  EXPECT_TRUE(cur_.fetchall().empty());
  EXPECT_FALSE(cur_.fetchone());
  EXPECT_EQ(cur_.fetchone<int>(), std::nullopt);
  EXPECT_EQ(cur_.rownumber(), 10U);
}

TEST_F(cursor_test, an_empty_row_says_so_when_it_is_looked_into) {
  cur_.execute("SELECT 1 WHERE false");
  auto const row = cur_.fetchone();
  EXPECT_FALSE(row.has_value());
  EXPECT_CONTAINS("there is no row", thrown<programming_error>([&] { row->get<int>(0); }).what());
  EXPECT_CONTAINS("there is no row", thrown<programming_error>([&] { cur_.fetchone()->get<int>(0); }).what());
}

TEST_F(cursor_test, rows_are_walked_as_tuples_aggregates_and_rows) {
  char const* const statement = "SELECT id, name, price FROM item ORDER BY id";
  cur_.execute(statement);
  std::string seen;
  for (auto [id, name, price] : cur_.rows<int, std::string_view, std::optional<numeric>>())
    seen += std::to_string(id) + std::string(name) + (price ? price->to_string() : "-") + ";";
  EXPECT_EQ(seen, "1it's9.99;250% \\-;3third-1.00;");
  cur_.execute(statement);
  auto const all = cur_.fetchall<item>();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].name, "third");
  cur_.scroll(0, scroll_mode::absolute);
  int sum = 0;
  for (auto const& row : cur_) sum += row.get<int>("id");
  EXPECT_EQ(sum, 6);
}

TEST_F(cursor_test, a_walk_that_is_broken_off_goes_on_where_it_was) {
  cur_.execute("SELECT generate_series(0, 9)");
  for (int const i : cur_.rows<int>())
    if (i == 4) break;
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 5);
}

TEST_F(cursor_test, a_row_outlives_its_cursor_and_its_connection) {
  fetched_row row;
  std::optional<owned_row> first;
  {
    connection conn = open();
    cursor cur = conn.cursor();
    cur.execute("SELECT repeat('long', 10000)");
    row = cur.fetchone();
    cur.scroll(-1);
    first = *cur.begin();
    cur.execute("SELECT 1");
  }
  EXPECT_EQ(row->get<std::string_view>(0).size(), 40'000U);
  EXPECT_EQ(first->get<std::string_view>(0).substr(0, 8), "longlong");
}

TEST_F(cursor_test, fetching_what_gave_no_rows_is_a_programming_error) {
  EXPECT_CONTAINS("no results to fetch", thrown<programming_error>([&] { cur_.fetchone(); }).what());  // executemany
  cursor fresh = conn_.cursor();
  EXPECT_CONTAINS("no results to fetch", thrown<programming_error>([&] { fresh.fetchall(); }).what());
  EXPECT_EQ(fresh.rowcount(), -1);
  EXPECT_EQ(fresh.rownumber(), std::nullopt);
  EXPECT_TRUE(fresh.description().empty());
  EXPECT_TRUE(fresh.statusmessage().empty());
  fresh.execute("SELECT FROM item");
  EXPECT_EQ(fresh.fetchall().size(), 3U) << "rows without columns are rows";
}

TEST_F(cursor_test, scroll_moves_relatively_and_absolutely_and_keeps_its_place_when_it_cannot) {
  cur_.execute("SELECT generate_series(0, 9)");
  cur_.scroll(5);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 5);
  cur_.scroll(-3);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 3);
  cur_.scroll(9, scroll_mode::absolute);
  EXPECT_EQ(cur_.fetchone()->get<int>(0), 9);
  cur_.scroll(0);
  EXPECT_FALSE(cur_.fetchone());
  for (std::int64_t const far : {std::int64_t{1}, std::int64_t{-11}, INT64_MIN, INT64_MAX})
    EXPECT_CONTAINS("out of bounds", thrown<programming_error>([&] { cur_.scroll(far); }).what());
  for (std::int64_t const far : {std::int64_t{11}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    EXPECT_CONTAINS("out of bounds",
                    thrown<programming_error>([&] { cur_.scroll(far, scroll_mode::absolute); }).what());
  EXPECT_EQ(cur_.rownumber(), 10U);
}

// ---- description and counts ----

TEST_F(cursor_test, description_tells_what_is_known_of_each_column) {
  cur_.execute("SELECT id, price, 1::numeric AS plain, 1::numeric(5,-2) AS negative FROM item");
  auto const columns = cur_.description();
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_EQ(columns[0].name, "id");
  EXPECT_EQ(columns[0].type_code, oids::int4);
  EXPECT_EQ(columns[0].internal_size, 4);
  EXPECT_NE(columns[0].table_oid, 0U);
  EXPECT_EQ(columns[0].table_column, 1);
  EXPECT_EQ(columns[1].precision, 8);
  EXPECT_EQ(columns[1].scale, 2);
  EXPECT_EQ(columns[1].internal_size, -1);
  EXPECT_EQ(columns[2].precision, std::nullopt) << "numeric without a modifier has no precision (psycopg2 says 65535)";
  EXPECT_EQ(columns[2].scale, std::nullopt);
  EXPECT_EQ(columns[0].display_size, std::nullopt);
  EXPECT_EQ(columns[0].null_ok, std::nullopt);
  EXPECT_EQ(columns[3].table_oid, 0U);
  if (conn_.info().server_version >= "15") {
    EXPECT_EQ(columns[3].scale, -2);
  }
}

TEST_F(cursor_test, rowcount_is_minus_one_where_the_server_does_not_count) {
  cur_.execute("SET geqo TO on");
  EXPECT_EQ(cur_.rowcount(), -1);
  EXPECT_EQ(cur_.statusmessage(), "SET");
  cur_.execute("UPDATE item SET name = 'x' WHERE id < 3");
  EXPECT_EQ(cur_.rowcount(), 2);
  cur_.execute("INSERT INTO item VALUES (50), (51)");
  EXPECT_EQ(cur_.rowcount(), 2);
}

// ---- typecasters of a cursor ----

TEST_F(cursor_test, a_typecaster_of_the_cursor_comes_before_those_of_the_connection) {
  auto const saying = [](std::string words) {
    return new_type<std::string>({oids::int4}, "said", [words](auto, auto const&) { return std::optional(words); });
  };
  register_type(saying("connection"), conn_);
  cursor other = conn_.cursor();
  register_type(saying("cursor"), cur_);
  cur_.execute("SELECT 1");
  EXPECT_EQ(cur_.fetchone()->get<std::string>(0), "cursor");
  cur_.executemany("SELECT %s", std::vector<int>{1});
  EXPECT_EQ(cur_.fetchone()->get<std::string>(0), "cursor");
  other.execute("SELECT 1");
  EXPECT_EQ(other.fetchone()->get<std::string>(0), "connection");
  EXPECT_EQ(conn_.query("SELECT 1")[0].get<std::string>(0), "connection");
}

}  // namespace
}  // namespace tusk::test
