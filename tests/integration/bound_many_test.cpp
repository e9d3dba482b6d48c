// connection::executemany: a statement once for each element, bound, in one unit.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/heap_bytes.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct item {
  int id;
  std::string name;
};

class bound_many : public testing::Test {
 protected:
  connection conn = open();
  void SetUp() override { conn.exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text)"); }
  int count() { return value<int>(conn, "SELECT count(*)::int FROM item"); }
};

TEST_F(bound_many, takes_tuples_aggregates_params_and_single_arguments) {
  constexpr char insert[] = "INSERT INTO item VALUES ($1, $2)";
  EXPECT_EQ(conn.executemany(insert, std::vector<std::tuple<int, std::string>>{{1, "a"}, {2, "it's"}}), 2U);
  EXPECT_EQ(conn.executemany(insert, std::vector<std::pair<int, std::string>>{{3, "c"}}), 1U);
  EXPECT_EQ(conn.executemany(insert, std::vector<item>{{4, "d"}, {5, "e"}, {6, "f"}}), 3U);
  EXPECT_EQ(conn.executemany(insert, std::vector<params>{params(7, "g")}), 1U);
  EXPECT_EQ(conn.executemany("INSERT INTO item (id) VALUES ($1)", std::vector{8, 9}), 2U);
  EXPECT_EQ(conn.executemany("UPDATE item SET name = 'x' WHERE id < $1", std::vector{4, 3}), 5U);
  EXPECT_EQ(conn.executemany(insert, std::vector<item>()), 0U);
  EXPECT_EQ(count(), 9);
}

TEST_F(bound_many, asks_a_range_for_elements_as_they_are_sent) {
  auto const made = std::views::iota(0, 100'000) |
                    std::views::transform([](int i) { return std::tuple(i, "name " + std::to_string(i)); });
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1, $2)", made), 100'000U);
  EXPECT_EQ(count(), 100'000);
  EXPECT_EQ(value<std::string>(conn, "SELECT name FROM item WHERE id = 99999"), "name 99999");
}

TEST_F(bound_many, needs_no_memory_for_what_was_not_sent) {
  heap_watch const watch;
  std::size_t most = 0;
  auto const made = std::views::iota(0, 20'000) | std::views::transform([&](int i) {
                      most = std::max(most, watch.growth());
                      return std::tuple(i, std::string(1000, 'x'));
                    });
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1, $2)", made), 20'000U);
  EXPECT_LT(most, 2U << 20);
}

// The server would take it for other text.
TEST_F(bound_many, of_text_in_another_encoding_is_refused) {
  conn.exec("SET client_encoding TO 'LATIN1'");
  std::vector<item> const items{{1, "plain"}, {2, "é"}};
  auto const error = thrown<data_error>([&] { conn.executemany("INSERT INTO item VALUES ($1, $2)", items); });
  EXPECT_CONTAINS("client_encoding", error.what());
  EXPECT_EQ(count(), 0);
}

TEST_F(bound_many, an_error_names_its_element_and_nothing_stands) {
  std::vector<item> items;
  for (int i = 0; i < 10'000; ++i) items.push_back({i == 7'000 ? 5 : i, "x"});
  auto const error = thrown<integrity_error>([&] { conn.executemany("INSERT INTO item VALUES ($1, $2)", items); });
  EXPECT_CONTAINS("element 7000 of executemany", error.what());
  EXPECT_EQ(count(), 0);
  std::vector<item> const bad{{1, "a"}, {2, std::string("nul\0byte", 8)}};
  EXPECT_CONTAINS("element 1",
                  thrown<data_error>([&] { conn.executemany("INSERT INTO item VALUES ($1, $2)", bad); }).what());
  EXPECT_EQ(count(), 0);
}

TEST_F(bound_many, what_the_range_throws_comes_out_and_nothing_stands) {
  auto const made = std::views::iota(0, 50'000) | std::views::transform([](int i) {
                      if (i == 40'000) throw std::out_of_range("the range's own");
                      return std::tuple(i, "x");
                    });
  EXPECT_THROW(conn.executemany("INSERT INTO item VALUES ($1, $2)", made), std::out_of_range);
  EXPECT_EQ(count(), 0);
  auto const uses = std::views::iota(0, 2) | std::views::transform([&](int) { return value<int>(conn, "SELECT 1"); });
  EXPECT_CONTAINS("handler", thrown<programming_error>([&] {
                               conn.executemany("INSERT INTO item (id) VALUES ($1)", uses);
                             }).what());
  EXPECT_EQ(count(), 0);
}

TEST_F(bound_many, elements_of_other_types_are_parsed_again) {
  using maybe = std::optional<std::string>;
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1, $2)",
                             std::vector<std::tuple<int, maybe>>{{1, {}}, {2, "b"}, {3, {}}, {4, "d"}}),
            4U);
  std::vector<params> mixed{params(5, "e"), params(std::int64_t{6}, "f"), params(7, nullptr), params("8", "h")};
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1, $2)", mixed), 4U);
  EXPECT_EQ(count(), 8);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item WHERE name IS NULL"), 3);
}

TEST_F(bound_many, refuses_a_statement_that_gives_rows) {
  for (int turn = 0; turn < 2; ++turn) {
    auto const error = thrown<programming_error>([&] {
      conn.executemany("INSERT INTO item (id) VALUES ($1) RETURNING id", std::vector{1, 2});
    });
    EXPECT_CONTAINS("pipeline", error.what());
    EXPECT_EQ(count(), 0);
    if (turn == 0) {
      EXPECT_EQ(conn.query("INSERT INTO item (id) VALUES ($1) RETURNING id", 3).size(), 1U);
    }
    conn.exec("DELETE FROM item");
  }
  EXPECT_CONTAINS(
      "COPY", thrown<programming_error>([&] { conn.executemany("COPY t FROM STDIN", std::vector<params>(1)); }).what());
  EXPECT_CONTAINS("2 argument",
                  thrown<programming_error>([&] {
                    conn.executemany("INSERT INTO item (id) VALUES ($1)", std::vector<std::pair<int, int>>{{1, 2}});
                  }).what());
  EXPECT_EQ(count(), 0);
}

TEST_F(bound_many, is_started_on_an_asynchronous_connection) {
  connection async = connect(dsn(way::unix_socket), {.async = true});
  finish(async);
  async.start_exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text)");
  auto many = async.start_executemany(
      "INSERT INTO item VALUES ($1, $2)",
      std::views::iota(0, 20'000) | std::views::transform([](int i) { return std::tuple(i, std::string(20, 'x')); }));
  auto behind = async.start_query("SELECT count(*)::int FROM item");
  finish(async);
  EXPECT_EQ(many.get(), 20'000U);
  EXPECT_EQ(behind.get()[0].get<int>(0), 20'000);
}

TEST_F(bound_many, behind_a_pooler_without_names) {
  connection unnamed =
      connect(dsn(way::unix_socket), {.autocommit = true, .statement_cache_mode = statement_cache_mode::unnamed});
  unnamed.exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text)");
  std::vector<params> mixed{params(5, "e"), params(std::int64_t{6}, "f"), params(7, nullptr), params(8, "h")};
  EXPECT_EQ(unnamed.executemany("INSERT INTO item VALUES ($1, $2)", mixed), 4U);
  auto p = unnamed.pipeline();
  auto a = p.query("SELECT $1::int", 1);
  auto b = p.query("SELECT $1::text", "x");
  auto c = p.query("SELECT $1::int", 2);
  p.sync().get();
  EXPECT_EQ(a.get()[0].get<int>(0), 1);
  EXPECT_EQ(b.get()[0].get<std::string>(0), "x");
  EXPECT_EQ(c.get()[0].get<int>(0), 2);
}

// The statement had run by query(), and its having no columns was not seen.
TEST(mended, executemany_of_a_statement_that_query_has_run) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  for (int i = 0; i < 3; ++i) conn.query("INSERT INTO item VALUES ($1)", i);
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1)", std::vector<int>{3, 4}), 2U);
  conn.load_types();  // after which columns are resolved again
  conn.query("INSERT INTO item VALUES ($1)", 5);
  EXPECT_EQ(conn.executemany("INSERT INTO item VALUES ($1)", std::vector<int>{6, 7}), 2U);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 8);
}

}  // namespace
}  // namespace tusk::test
