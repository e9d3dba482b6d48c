// Results as ranges, what temporaries give, and what is left of those that were moved from.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <tusk/fetched.hpp>
#include <tusk/results.hpp>
#include <tusk/statement.hpp>
#include <tusk/types/error.hpp>
#include <utility>
#include <vector>

#include "support/made_result.hpp"

namespace tusk {
namespace {

/// `count` rows of one column, whose values are their numbers from `first` on.
result numbers(int count, int first = 0) {
  std::vector<test::text_row> rows;
  for (int i = 0; i < count; ++i) rows.push_back({std::to_string(first + i)});
  return test::made_result({{.name = "n", .type = oids::int4}}, rows);
}

results two_results() { return results({numbers(3), numbers(2, 100)}); }

// ---- ranges --------------------------------------------------------------------------------------------------------

static_assert(std::ranges::random_access_range<result>);
static_assert(std::ranges::random_access_range<result const>);
static_assert(std::ranges::sized_range<result>);
static_assert(std::ranges::viewable_range<result&>);
static_assert(std::ranges::contiguous_range<results>);
static_assert(std::ranges::sized_range<results>);
static_assert(std::random_access_iterator<protocol::row_set::iterator>);
static_assert(!std::ranges::borrowed_range<result>);

TEST(result, is_filtered_and_transformed_by_views) {
  result const r = numbers(10);
  auto const number = [](row const& each) { return each.get<int>(0); };
  std::vector<int> even;
  for (int const each : r | std::views::transform(number) | std::views::filter([](int n) { return n % 2 == 0; }))
    even.push_back(each);
  EXPECT_EQ(even, (std::vector{0, 2, 4, 6, 8}));
  auto large = r | std::views::filter([](row const& each) { return each.get<int>(0) > 7; });
  EXPECT_EQ(std::ranges::distance(large), 2);
  auto const backwards = r | std::views::reverse | std::views::transform(number);
  EXPECT_TRUE(std::ranges::equal(backwards, std::vector{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
}

TEST(result, is_searched_by_algorithms) {
  result const r = numbers(30'000);  // several chunks
  auto const at = std::ranges::lower_bound(r, 17'000, {}, [](row const& each) { return each.get<int>(0); });
  ASSERT_NE(at, r.end());
  EXPECT_EQ(at - r.begin(), 17'000);
  EXPECT_EQ((*at).get<int>(0), 17'000);
  EXPECT_EQ(at[-17'000].get<int>(0), 0);
  EXPECT_EQ((r.end() - 1)[0].get<int>(0), 29'999);
  EXPECT_LT(r.begin(), at);
  EXPECT_GT(r.end(), at);
}

TEST(results, are_a_range) {
  results const all = two_results();
  EXPECT_EQ(all.size(), 2U);
  EXPECT_FALSE(all.empty());
  EXPECT_EQ(all.front().size(), 3U);
  EXPECT_EQ(all.back()[1].get<int>(0), 101);
  std::size_t rows = 0;
  for (result const& each : all) rows += each.size();
  EXPECT_EQ(rows, 5U);
  auto long_ones = all | std::views::filter([](result const& each) { return each.size() > 2; });
  EXPECT_EQ(std::ranges::distance(long_ones), 1);
}

TEST(results, that_are_not_there_are_an_error) {
  results const none;
  EXPECT_THROW(none.front(), programming_error);
  EXPECT_THROW(none.back(), programming_error);
  EXPECT_THROW(two_results()[2], programming_error);
  EXPECT_THROW(results().front(), programming_error);
  EXPECT_THROW(results().back(), programming_error);
}

// ---- temporaries ---------------------------------------------------------------------------------------------------

TEST(results, a_temporary_gives_results_and_rows_that_own_what_they_show) {
  static_assert(std::same_as<decltype(two_results()[0]), result>);
  static_assert(std::same_as<decltype(two_results().front()), result>);
  static_assert(std::same_as<decltype(two_results()[0][0]), owned_row>);
  std::vector<int> walked;
  for (auto const& row : two_results()[1]) walked.push_back(row.get<int>(0));
  for (auto const& row : two_results().front()) walked.push_back(row.get<int>(0));
  for (auto const& each : two_results()) walked.push_back(static_cast<int>(each.size()));
  EXPECT_EQ(walked, (std::vector{100, 101, 0, 1, 2, 3, 2}));
  auto const row = two_results()[1][1];
  two_results();  // would take the place of what is gone
  EXPECT_EQ(row.get<std::string_view>("n"), "101");
}

template <class T>
concept tells_columns = requires(T&& r) {
  std::forward<T>(r).columns();
};
template <class T>
concept tells_its_tag = requires(T&& r) {
  std::forward<T>(r).command_tag();
};
template <class T>
concept tells_parameters = requires(T&& r) {
  std::forward<T>(r).parameters();
};
template <class T>
concept tells_its_text = requires(T&& r) {
  std::forward<T>(r).sql();
};
template <class T>
concept has_a_begin = requires(T&& r) {
  std::forward<T>(r).begin();
};
template <class T>
concept has_an_end = requires(T&& r) {
  std::forward<T>(r).end();
};
template <class T>
concept is_indexed = requires(T&& r) {
  std::forward<T>(r)[0];
};

TEST(result, what_would_dangle_does_not_compile) {
  static_assert(tells_columns<result&> && tells_columns<result const&> && !tells_columns<result> &&
                !tells_columns<result const>);
  static_assert(tells_its_tag<result&> && !tells_its_tag<result> && !tells_its_tag<result const>);
  static_assert(has_a_begin<result&> && !has_a_begin<result> && !has_a_begin<result const>);
  static_assert(has_an_end<result&> && !has_an_end<result> && !has_an_end<result const>);
  static_assert(has_a_begin<results&> && !has_a_begin<results> && !has_a_begin<results const>);
  static_assert(has_an_end<results&> && !has_an_end<results> && !has_an_end<results const>);
  static_assert(is_indexed<result> && !is_indexed<result const> && !is_indexed<results const>);
  static_assert(is_indexed<row_block&> && !is_indexed<row_block>);
  static_assert(tells_columns<statement&> && !tells_columns<statement>);
  static_assert(tells_parameters<statement&> && !tells_parameters<statement>);
  static_assert(tells_its_text<statement&> && !tells_its_text<statement>);
}

// ---- moved from ----------------------------------------------------------------------------------------------------

// NOLINTBEGIN(bugprone-use-after-move)
void expect_empty(result const& gone) {
  EXPECT_TRUE(gone.empty());
  EXPECT_TRUE(gone.columns().empty());
  EXPECT_EQ(gone.command_tag(), "");
  EXPECT_EQ(gone.affected_rows(), 0U);
  EXPECT_TRUE(gone.begin() == gone.end());
  EXPECT_THROW(gone[0], programming_error);
  EXPECT_THROW(gone.column("n"), programming_error);
}

TEST(result, is_empty_when_it_was_moved_from) {
  result r = numbers(2);
  result const moved = std::move(r);
  expect_empty(r);
  EXPECT_EQ(moved.size(), 2U);
  r = moved;
  result assigned;
  assigned = std::move(r);
  expect_empty(r);
  auto& same = assigned;
  assigned = std::move(same);
  EXPECT_EQ(assigned.size(), 2U);
  std::ignore = std::move(assigned)[0];
  expect_empty(assigned);
  expect_empty(result());
}

TEST(results, are_empty_when_they_were_moved_from) {
  results all = two_results();
  results const moved = std::move(all);
  EXPECT_TRUE(all.empty());
  EXPECT_EQ(all.begin(), all.end());
  EXPECT_EQ(moved.size(), 2U);
  all = moved;
  result const first = std::move(all)[0];
  EXPECT_EQ(all.size(), 2U) << "only what was taken is empty";
  expect_empty(all[0]);
}

TEST(owned_row, has_no_fields_when_it_was_moved_from) {
  owned_row row = numbers(1, 7)[0];
  owned_row moved = std::move(row);
  EXPECT_EQ(row.size(), 0U);
  EXPECT_THROW(row.get<int>(0), programming_error);
  EXPECT_THROW(row.is_null("n"), programming_error);
  EXPECT_EQ(moved.get<int>(0), 7);
  row = std::move(moved);
  EXPECT_EQ(moved.size(), 0U);
  EXPECT_EQ(row.get<int>("n"), 7);
}

TEST(fetched_row, is_nothing_when_it_was_moved_from) {
  fetched_row row(numbers(1, 7)[0]);
  fetched_row moved = std::move(row);
  EXPECT_FALSE(row);
  EXPECT_THROW(row->size(), programming_error);
  EXPECT_EQ(moved->get<int>(0), 7);
  row = std::move(moved);
  EXPECT_FALSE(moved);
  EXPECT_EQ(row->get<int>(0), 7);
}

TEST(row_block, is_empty_when_it_was_moved_from) {
  row_block block(numbers(3), 1, 2);
  row_block moved = std::move(block);
  EXPECT_TRUE(block.empty());
  EXPECT_EQ(moved[0].get<int>(0), 1);
  block = std::move(moved);
  EXPECT_TRUE(moved.empty());
  EXPECT_TRUE(moved.as<int>().empty());
  EXPECT_EQ(std::move(block).owned(1).get<int>(0), 2);
  EXPECT_TRUE(block.empty());
}

TEST(mapped_rows, are_none_when_they_were_moved_from) {
  auto rows = numbers(3).rows<int>();
  auto moved = std::move(rows);
  EXPECT_EQ(rows.size(), 0U);
  EXPECT_TRUE(rows.begin() == rows.end());
  EXPECT_EQ(std::ranges::distance(moved), 3);
  rows = std::move(moved);
  EXPECT_EQ(moved.size(), 0U);
  EXPECT_EQ(*rows.begin(), 0);
}
// NOLINTEND(bugprone-use-after-move)

}  // namespace
}  // namespace tusk
