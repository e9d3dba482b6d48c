// What users expect of rows and statements: one row or none, values for a tuple, aggregates as sets of arguments, every
// argument used, and errors that say which element, column or function it is.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

struct item {
  int id;
  std::optional<std::string> name;
  friend bool operator==(item const&, item const&) = default;
};

class rows_test : public testing::Test {
 protected:
  connection conn_ = connect(dsn(way::unix_socket), {.autocommit = true});
};

TEST_F(rows_test, query_optional_gives_a_row_or_none) {
  char const* const sql = "SELECT i AS id, 'n' || i AS name FROM generate_series(1, $1::int) AS i";
  EXPECT_EQ(conn_.query_optional<item>(sql, 0), std::nullopt);
  EXPECT_EQ(conn_.query_optional<item>(sql, 1), (item{1, "n1"}));
  EXPECT_CONTAINS("at most one", thrown<data_error>([&] { conn_.query_optional<item>(sql, 2); }).what());
  EXPECT_EQ(conn_.query_optional<item>(within(10s), sql, 0), std::nullopt);
  EXPECT_EQ((conn_.query_optional<int, std::string>(sql, 1)), (std::tuple(1, std::string("n1"))));
  EXPECT_EQ(conn_.query_optional<int>("SELECT 5"), 5);
  EXPECT_THROW(conn_.query_optional<int>(sql, 0), programming_error) << "columns are checked without a row too";
  auto const null = conn_.query_optional<std::optional<int>>("SELECT NULL::int");
  ASSERT_TRUE(null.has_value()) << "there is a row";
  EXPECT_EQ(*null, std::nullopt);
}

TEST_F(rows_test, query_one_gives_a_tuple_of_several_types) {
  auto const [id, name] = conn_.query_one<int, std::string>("SELECT $1::int, $2", 7, "seven");
  EXPECT_EQ(id, 7);
  EXPECT_EQ(name, "seven");
  EXPECT_EQ((conn_.query_one<int, int>(within(10s), "SELECT 1, 2")), std::tuple(1, 2));
  EXPECT_EQ(conn_.query_one<item>("SELECT 1 AS id, NULL AS name"), (item{1, {}}));
}

TEST_F(rows_test, executemany_spreads_aggregates) {
  conn_.exec("CREATE TEMP TABLE items (id int, name text)");
  cursor cur = conn_.cursor();
  cur.executemany("INSERT INTO items VALUES (%s, %s)", std::vector<item>{{1, "a"}, {2, std::nullopt}});
  cur.execute("SELECT * FROM items ORDER BY id");
  EXPECT_EQ(cur.fetchall<item>(), (std::vector<item>{{1, "a"}, {2, {}}}));
}

TEST_F(rows_test, every_argument_has_a_place) {
  auto const surplus = [](auto const& run) {
    EXPECT_CONTAINS("argument(s) were given", thrown<programming_error>(run).what());
  };
  for (int i = 0; i < 2; ++i) {
    surplus([&] { conn_.query("SELECT $1::int", 1, 2); });
    surplus([&] { conn_.query(within(10s), "SELECT $1::int", 1, 2); });
    surplus([&] { conn_.query("SELECT 1", 2); });
    surplus([&] { conn_.query("SELECT $2::int", 1, 2); });
    surplus([&] { conn_.query("SELECT $1::int, $2::int", 1); });
  }
  EXPECT_EQ(conn_.query("SELECT '$2', $1::int, $1", 1).size(), 1U);
  statement one = conn_.prepare("SELECT $1::int");
  surplus([&] { one.query(1, 2); });
  surplus([&] { one.query(); });
  cursor cur = conn_.cursor();
  EXPECT_THROW(cur.execute("SELECT %s", 1, 2), programming_error);
  EXPECT_THROW(cur.execute("SELECT %s, %s", 1), programming_error);
  EXPECT_THROW(cur.executemany("SELECT %s", std::vector{std::tuple(1, 2)}), programming_error);
  connection stepped = connect(dsn(way::unix_socket), {.async = true});
  finish(stepped);
  surplus([&] { stepped.start_query("SELECT $1::int", 1, 2); });
  EXPECT_FALSE(stepped.isexecuting());
  stepped.start_query("SELECT $1::int", 1);
  finish(stepped);
  EXPECT_EQ(stepped.take_results()[0][0].get<int>(0), 1);
}

// A string ends elsewhere then, and the server alone knows where.
TEST_F(rows_test, places_are_not_looked_for_without_standard_conforming_strings) {
  conn_.exec("SET standard_conforming_strings = off; SET escape_string_warning = off");
  EXPECT_EQ(conn_.query(R"(SELECT '\'', $1::int, '\'')", 7)[0].get<int>(1), 7);
}

TEST_F(rows_test, errors_of_executemany_name_the_element) {
  cursor cur = conn_.cursor();
  EXPECT_CONTAINS("element 2 of executemany", thrown<data_error>([&] {
                                                cur.executemany("SELECT 1/%s", std::vector{1, 2, 0, 3});
                                              }).what());
  std::vector<params> sets;
  sets.push_back(params(1));
  sets.push_back(params(1, 2));
  EXPECT_CONTAINS("element 1 of executemany",
                  thrown<programming_error>([&] { cur.executemany("SELECT %s", sets); }).what());
  EXPECT_CONTAINS("element 1 of executemany", thrown<data_error>([&] {
                                                cur.executemany("SELECT %s", std::vector<std::string>{"a", "\xff"});
                                              }).what());
  connection stepped = connect(dsn(way::unix_socket), {.async = true});
  finish(stepped);
  cursor later = stepped.cursor();
  later.executemany("SELECT 1/%s", std::vector{1, 0});
  EXPECT_CONTAINS("element 1 of executemany", thrown<data_error>([&] { finish(stepped); }).what());
}

TEST_F(rows_test, errors_of_query_point_to_what_takes_the_text) {
  auto const scripted = thrown<programming_error>([&] { conn_.query("SELECT 1; SELECT 2"); });
  EXPECT_CONTAINS("TUSK:  query() and prepare() take one statement; exec()", scripted.what());
  EXPECT_EQ(scripted.hint(), "") << "the server's fields are the server's";
  auto const merged = thrown<programming_error>([&] { conn_.query("SELECT %s", 1); });
  EXPECT_CONTAINS("argument(s) were given", merged.what());
  EXPECT_CONTAINS("cursor's execute()", thrown<programming_error>([&] { conn_.prepare("SELECT %s"); }).what());
  EXPECT_LACKS("TUSK:", thrown<programming_error>([&] { conn_.query("SELEC 1"); }).what());
}

TEST_F(rows_test, a_negative_column_is_told_as_it_was_given) {
  result const r = conn_.query("SELECT 1");
  EXPECT_CONTAINS("no column -1",
                  thrown<programming_error>([&] { (void)r[0].get<int>(static_cast<std::size_t>(-1)); }).what());
  EXPECT_CONTAINS("no row -1", thrown<programming_error>([&] { (void)r[static_cast<std::size_t>(-1)]; }).what());
}

TEST(asynchronous, the_error_of_prepare_names_a_function_that_there_is) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  std::string const what = thrown<programming_error>([&] { conn.prepare("SELECT 1"); }).what();
  EXPECT_LACKS("start_prepare", what);
  EXPECT_CONTAINS("start_query", what);
}

}  // namespace
}  // namespace tusk::test
