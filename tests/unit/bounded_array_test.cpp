// tusk::array: its bounds in both directions, its elements by index, and which dimensions fit them.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <utility>
#include <vector>

#include "support/array_text.hpp"

namespace tusk {
namespace {

using test::expect_failure;
using test::expect_text;
using test::parse_exactly;
using types::errc;

TEST(bounded_array, keeps_bounds) {
  expect_text(array<int>({{0, 3}}, {1, 2, 3}), "[0:2]={1,2,3}");
  expect_text(array<int>(std::vector{1, 2}), "{1,2}");
  expect_text(array<int>({{1, 2}, {-1, 2}}, {1, 2, 3, 4}), "[1:2][-1:0]={{1,2},{3,4}}");
  expect_text(array<std::optional<std::string>>({{-5, 2}}, {"a,b", {}}), R"([-5:-4]={"a,b",NULL})");
  expect_text(array<bool>({{-2147483648, 1}}, {true}), "[-2147483648:-2147483648]={t}");
  expect_text(array<int>({{2147483646, 1}}, {7}), "[2147483646:2147483646]={7}");
  expect_failure<array<int>>("[2147483647:2147483647]={7}", errc::out_of_range, 1);
  EXPECT_EQ(*parse_exactly<array<int>>("[1:2]={1,2}"), array<int>(std::vector{1, 2}));
  EXPECT_EQ(*parse_exactly<std::vector<int>>("[0:2]={1,2,3}"), (std::vector{1, 2, 3}));  // a vector has none
}

TEST(bounded_array, is_looked_into_by_index_and_in_order) {
  auto a = *parse_exactly<array<int>>("[0:1][1:3]={{1,2,3},{4,5,6}}");
  EXPECT_EQ(a.size(), 6U);
  EXPECT_EQ(a.dimensions()[0], (array_dimension{0, 2}));
  EXPECT_EQ(a.dimensions()[1], (array_dimension{1, 3}));
  EXPECT_EQ(a.at(0, 1), 1);
  EXPECT_EQ(a.at(1, 2), 5);
  a.at(1, 2) = 50;
  EXPECT_EQ(std::vector<int>(a.begin(), a.end()), (std::vector{1, 2, 3, 4, 50, 6}));
  EXPECT_EQ(a.elements().size(), 6U);
  for (auto const& [i, j] : {std::pair{-1, 1}, {2, 1}, {0, 0}, {0, 4}, {0, -1}}) {
    EXPECT_THROW(std::as_const(a).at(i, j), programming_error);
  }
  EXPECT_THROW(a.at(1), programming_error);
  EXPECT_THROW(a.at(1, 1, 1), programming_error);
  EXPECT_THROW(array<int>().at(1), programming_error);
  EXPECT_TRUE(array<bool>(std::vector{false, true}).at(2));
}

TEST(bounded_array, an_index_beyond_int64_is_no_negative_one) {
  array<int> const counted_from_minus_one({{-1, 2}}, {7, 8});
  EXPECT_EQ(counted_from_minus_one.at(-1), 7);
  EXPECT_THROW(counted_from_minus_one.at(std::numeric_limits<std::uint64_t>::max()), programming_error);
}

TEST(bounded_array, is_made_of_dimensions_that_fit_its_elements) {
  EXPECT_EQ(array<int>(std::vector<array_dimension>{}, {}), array<int>());
  EXPECT_EQ(array<int>({{1, 0}}, {}), array<int>());
  using dimensions = std::vector<array_dimension>;
  dimensions const bad[] = {
      {},
      {{1, 2}},
      {{1, 1}, {1, 2}},
      {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {{2147483647, 1}},
      {{1, 0}},
      {{1, std::numeric_limits<std::size_t>::max()}},
      {{-1, 2147483647}, {-1, 2147483647}, {-1, 2147483647}},
  };
  for (dimensions const& each : bad) EXPECT_THROW(array<int>(each, {1}), programming_error);
}

}  // namespace
}  // namespace tusk
