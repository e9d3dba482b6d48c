// Whole rows as tuples, aggregates and single values.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct item {
  int id;
  std::string name;
  std::optional<double> price;
  friend bool operator==(item const&, item const&) = default;
};

constexpr std::string_view items =
    "SELECT * FROM (VALUES (1.5::float8, 1, 'a'), (NULL, 2, 'b')) AS t(price, id, name) ORDER BY id";

class mapping_test : public testing::Test {
 protected:
  connection conn_ = open();
};

TEST_F(mapping_test, members_find_their_columns_by_name) {
  std::vector<item> const expected = {{1, "a", 1.5}, {2, "b", std::nullopt}};
  result const r = conn_.query(items);
  EXPECT_EQ(r.as<item>(), expected);
  EXPECT_EQ(r[1].as<item>(), expected[1]);
  std::vector<item> walked;
  for (item const& each : r.rows<item>()) walked.push_back(each);
  EXPECT_EQ(walked, expected);
}

TEST_F(mapping_test, columns_without_a_member_are_left_out) {
  EXPECT_EQ(conn_.query_one<item>("SELECT 1 AS id, 2 AS more, 'a' AS name, 1.5::float8 AS price"), (item{1, "a", 1.5}));
}

TEST_F(mapping_test, members_without_a_column_are_listed) {
  auto const told =
      thrown<programming_error>([&] { conn_.query_one<item>("SELECT 1 AS id, 'a' AS nam, 1.5::float8 AS cost"); });
  EXPECT_CONTAINS("\"name\", \"price\"", told.what());
  EXPECT_CONTAINS("\"nam\", \"cost\"", told.what());
  EXPECT_CONTAINS("item", told.what());
  EXPECT_EQ(conn_.query_value<int>("SELECT 1"), 1) << "the connection stays usable";
}

TEST_F(mapping_test, a_name_that_two_columns_have_is_an_error) {
  auto const told = thrown<programming_error>(
      [&] { conn_.query_one<item>("SELECT 1 AS id, 2 AS id, 'a' AS name, 1.5::float8 AS price"); });
  EXPECT_CONTAINS("\"id\"", told.what());
  EXPECT_CONTAINS("AS", told.what());
}

TEST_F(mapping_test, unmatched_names_are_an_error_without_rows_too) {
  EXPECT_THROW(conn_.query("SELECT 1 AS id WHERE false").as<item>(), programming_error);
  EXPECT_TRUE(conn_.query("SELECT 1 AS id, '' AS name, 1::float8 AS price WHERE false").as<item>().empty());
}

TEST_F(mapping_test, by_position_has_no_eye_for_names) {
  EXPECT_EQ(conn_.query_one<by_position<item>>("SELECT 3, 'c', 2::float8"), (item{3, "c", 2.0}));
  auto const told = thrown<programming_error>([&] { conn_.query_one<by_position<item>>("SELECT 3, 'c'"); });
  EXPECT_CONTAINS("2 column(s)", told.what());
  EXPECT_CONTAINS("takes 3", told.what());
}

TEST_F(mapping_test, tuples_go_by_position) {
  std::vector<std::tuple<int, std::string>> seen;
  for (auto [price, id, name] : conn_.query(items).rows<std::optional<double>, int, std::string>())
    seen.emplace_back(id, name);
  EXPECT_EQ(seen, (std::vector<std::tuple<int, std::string>>{{1, "a"}, {2, "b"}}));
  EXPECT_EQ((conn_.query_one<std::pair<int, bool>>("SELECT 5, true")), std::pair(5, true));
  EXPECT_EQ((conn_.query_one<std::tuple<int>>("SELECT 5")), std::tuple(5));
  EXPECT_THROW((conn_.query_one<std::tuple<int, int>>("SELECT 5")), programming_error);
  EXPECT_THROW((conn_.query_one<std::tuple<int>>("SELECT 5, 6")), programming_error);
}

TEST_F(mapping_test, views_live_as_long_as_the_rows_that_are_walked) {
  std::string seen;
  for (auto [number, text] :
       conn_.query("SELECT n, repeat('x', n) FROM generate_series(1, 3) n").rows<int, std::string_view>())
    seen += std::to_string(number) + std::string(text) + ' ';
  EXPECT_EQ(seen, "1x 2xx 3xxx ");
}

TEST_F(mapping_test, one_row_is_neither_none_nor_two) {
  EXPECT_EQ(conn_.query_one<int>("SELECT 1"), 1);
  EXPECT_CONTAINS("no row", thrown<data_error>([&] { conn_.query_one<int>("SELECT 1 WHERE false"); }).what());
  EXPECT_CONTAINS("2 rows", thrown<data_error>([&] { conn_.query_one<int>("VALUES (1), (2)"); }).what());
}

TEST_F(mapping_test, one_value_is_one_column_of_one_row) {
  EXPECT_EQ(conn_.query_value<long>("SELECT count(*) FROM generate_series(1, $1)", 7), 7);
  EXPECT_EQ(conn_.query_value<std::optional<int>>("SELECT NULL::int"), std::nullopt);
  EXPECT_CONTAINS("2 column(s)", thrown<programming_error>([&] { conn_.query_value<int>("SELECT 1, 2"); }).what());
  EXPECT_CONTAINS("0 column(s)", thrown<programming_error>([&] { conn_.query_value<int>("SET tusk.x = 1"); }).what());
  EXPECT_CONTAINS("no row", thrown<data_error>([&] { conn_.query_value<int>("SELECT 1 WHERE false"); }).what());
  EXPECT_CONTAINS("NULL", thrown<data_error>([&] { conn_.query_value<int>("SELECT NULL::int"); }).what());
}

TEST_F(mapping_test, a_field_that_is_wrong_is_told_by_its_column) {
  auto const told = thrown<data_error>([&] { conn_.query(items).as<std::tuple<double, int, std::string>>(); });
  EXPECT_CONTAINS("column 0 \"price\"", told.what());
  EXPECT_CONTAINS("NULL", told.what());
}

TEST_F(mapping_test, a_row_of_a_temporary_result_can_be_a_value) {
  EXPECT_EQ(conn_.query(items)[1].as<item>(), (item{2, "b", std::nullopt}));
}

// Only strings were refused: an array of them came out in the other encoding.
TEST_F(mapping_test, mended_text_within_values_is_refused_in_another_encoding) {
  conn_.exec("SET client_encoding TO 'LATIN1'");
  result const r = conn_.query("SELECT ARRAY[chr(228)], 7, ARRAY['plain'], to_json(chr(228)), '\\xe4'::bytea");
  EXPECT_THROW(r[0].get<std::vector<std::string>>(0), data_error);
  EXPECT_THROW(r[0].get<json>(3), data_error);
  EXPECT_THROW(r[0].at(0), data_error);
  EXPECT_EQ(r[0].get<int>(1), 7);
  EXPECT_EQ(r[0].at(1), tusk::value(7));
  EXPECT_EQ(r[0].get<std::vector<std::string>>(2), (std::vector<std::string>{"plain"}));
  EXPECT_EQ(r[0].get<std::vector<std::byte>>(4), (std::vector<std::byte>{std::byte{0xe4}}));
}

}  // namespace
}  // namespace tusk::test
