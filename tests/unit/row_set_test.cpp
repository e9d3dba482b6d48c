// Rows out of a reader's buffer into a result: packed small, in several chunks, across notices; read in every order.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/row_set.hpp>
#include <utility>
#include <vector>

#include "support/data_rows.hpp"
#include "support/gathering.hpp"
#include "support/samples.hpp"
#include "support/streams.hpp"

namespace tusk::protocol {
namespace {

using test::data_row_of;
using test::expect_rows;
using test::gathering;
using test::read;
using test::row_values;
using test::value_of;

// ---- results of every shape ----------------------------------------------------------------------------------------

struct shape {
  char const* name;
  std::size_t rows;
  std::uint16_t columns;
  std::function<std::optional<std::string>(std::size_t row, std::size_t column)> value;
  std::size_t notice_every = 0;

  friend std::ostream& operator<<(std::ostream& out, shape const& row) { return out << row.name; }
};

std::optional<std::string> number(std::size_t row, std::size_t column) { return std::to_string(row * 100 + column); }
std::optional<std::string> mixed(std::size_t row, std::size_t column) {
  if ((row + column) % 3 == 0) return {};
  if ((row + column) % 3 == 1) return "";
  return std::string((row * 7 + column) % 50, static_cast<char>(row));
}
auto of_size(std::size_t size) {
  return [size](std::size_t row, std::size_t) { return std::string(size, static_cast<char>('a' + row % 26)); };
}

std::vector<shape> shapes() {
  return {
      {"no_rows", 0, 3, number},
      {"one_small_row", 1, 1, number},
      {"one_null", 1, 1, [](std::size_t, std::size_t) { return std::optional<std::string>(); }},
      {"one_row_of_57_bytes", 1, 1, of_size(45)},
      {"one_row_around_what_fits_in_place", 1, 1, of_size(49)},
      {"one_row_just_too_long_for_that", 1, 1, of_size(50)},
      {"two_small_rows", 2, 1, number},
      {"a_screen", 24, 6, mixed},
      {"less_than_a_page", 40, 1, of_size(80)},
      {"more_than_a_page", 60, 1, of_size(80)},
      {"a_chunk", 2000, 3, number},
      {"several_chunks", 30'000, 4, mixed},
      {"notices_between", 50, 2, number, 3},
      {"notices_between_and_chunks", 20'000, 2, mixed, 100},
      {"no_columns", 9, 0, number},
      {"no_columns_and_chunks", 40'000, 0, number},
      {"most_columns", 2, 65535, number},
      {"most_columns_of_null", 3, 65535, [](std::size_t, std::size_t) { return std::optional<std::string>(); }},
      {"rows_larger_than_a_chunk", 5, 1, of_size(200'000)},
      {"large_and_small_rows", 400, 2,
       [](std::size_t row, std::size_t) { return std::string(row % 50 == 0 ? 100'000 : row % 30, 'x'); }},
      {"rows_of_just_a_chunk", 6, 1, of_size(65'536 - 11)},
      {"rows_of_one_more", 6, 1, of_size(65'536 - 10)},
  };
}

class RowSet : public testing::TestWithParam<shape> {
 protected:
  RowSet() {
    for (std::size_t i = 0; i < GetParam().rows; ++i) {
      row_values values;
      for (std::size_t c = 0; c < GetParam().columns; ++c) values.push_back(GetParam().value(i, c));
      stream += data_row_of(values);
      expected.push_back(std::move(values));
      if (GetParam().notice_every != 0 && i % GetParam().notice_every == 1) stream += notice;
    }
    stream += complete;
  }
  void check(gathering& gathered) {
    ASSERT_FALSE(gathered.others.empty());
    EXPECT_EQ(gathered.others.back().type, 'C');
    row_set const rows = gathered.finish();
    expect_rows(rows, expected, GetParam().columns);
    EXPECT_EQ(gathered.finish().size(), 0U) << "the collector is empty afterwards";
  }
  std::string const notice = test::bytes("'N' 0000000c 'Mhello'00 00"), complete = test::bytes("'C' 00000006 'X'00");
  std::string stream = notice;  // the first row does not stand at the start of the buffer
  std::vector<row_values> expected;
};

TEST_P(RowSet, HoldsTheRowsReadAtOnce) {
  gathering gathered(GetParam().columns);
  gathered.feed(stream);
  check(gathered);
}

TEST_P(RowSet, HoldsTheRowsReadInPieces) {
  for (std::size_t const most : {stream.size() > 200'000 ? 997UL : 1UL, 1449UL, 16'384UL}) {
    SCOPED_TRACE("reads of " + std::to_string(most));
    gathering gathered(GetParam().columns);
    gathered.feed(stream, most);
    check(gathered);
    if (HasFailure()) return;
  }
}

TEST_P(RowSet, SurvivesAMoveAndTheReadersNextRows) {
  gathering gathered(GetParam().columns);
  gathered.feed(stream);
  row_set first = gathered.finish();
  gathered.collector.begin(gathered.reader, 1);
  for (int i = 0; i < 100; ++i) gathered.feed(data_row_of({std::string(3000, '!')}));
  row_set second = std::move(first);
  EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(first.begin() == first.end());
  expect_rows(second, expected, GetParam().columns);
  first = std::move(second);
  expect_rows(first, expected, GetParam().columns);
}

INSTANTIATE_TEST_SUITE_P(, RowSet, testing::ValuesIn(shapes()), test::name_of_row);

// ---- memory --------------------------------------------------------------------------------------------------------

TEST(RowSetMemory, SmallResultsAreSmall) {
  for (std::size_t const count : {1U, 2U, 50U}) {
    gathering gathered(1);
    for (std::size_t i = 0; i < count; ++i) gathered.feed(data_row_of({"1"}));
    EXPECT_LE(gathered.finish().memory(), count * (12 + 4)) << count;
  }
}

// Offsets take four bytes a row; the rest is the rows, and what chunks leave unused at their ends.
TEST(RowSetMemory, LargeResultsTakeLittleMoreThanTheirBytes) {
  gathering gathered(1);
  std::string const one = data_row_of({std::string(100, 'x')});
  std::size_t const count = 20'000;
  for (std::size_t i = 0; i < count; ++i) gathered.feed(one);
  auto const rows = gathered.finish();
  EXPECT_EQ(rows.size(), count);
  EXPECT_GE(rows.memory(), count * (one.size() + 4));
  EXPECT_LE(rows.memory(), count * (one.size() + 4) * 102 / 100);
}

TEST(RowSetMemory, ASmallResultLeavesTheReaderItsBuffer) {
  gathering gathered(1);
  gathered.feed(data_row_of({std::string(100, 'x')}) + data_row_of({"y"}));
  char const* const memory = gathered.reader.origin();
  auto const rows = gathered.finish();
  EXPECT_EQ(gathered.reader.origin(), memory);
  EXPECT_EQ(value_of(rows[1][0]), "y");
}

TEST(RowFields, FarColumnsAreFoundInAnyOrder) {
  row_values values;
  for (std::size_t i = 0; i < 65535; ++i) values.push_back(number(0, i));
  gathering gathered(65535);
  gathered.feed(data_row_of(values));
  auto const rows = gathered.finish();
  auto const fields = rows[0];
  EXPECT_EQ(fields.size(), 65535U);
  for (unsigned const column : {65534U, 0U, 30'000U, 30'000U, 29'999U, 30'001U, 65534U, 65534U, 1U})
    EXPECT_EQ(value_of(fields[column]), values[column]) << column;
}

/// The fields of a row of 60,000 in an order, and how long that took.
std::chrono::nanoseconds time_of(row_fields const& fields, std::vector<std::size_t> const& order) {
  auto const begin = std::chrono::steady_clock::now();
  for (std::size_t const i : order) {
    if (fields.is_null(i) || fields[i].text() != number(0, i)) ADD_FAILURE() << "field " << i;
  }
  return std::chrono::steady_clock::now() - begin;
}

// Where each look back is a walk from the start, these take some 10,000 times as long as the walk from left to right.
TEST(RowFields, AreReadInLinearTimeInAnyOrder) {
  constexpr std::size_t count = 60'000;
  row_values values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(number(0, i));
  gathering gathered(count);
  gathered.feed(data_row_of(values));
  auto const rows = gathered.finish();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto const limit = 20 * time_of(rows[0], order);
  std::vector<std::size_t> twice, with_the_first, from_both_ends;
  for (std::size_t i = 0; i < count; ++i) {
    twice.insert(twice.end(), {i, i});
    with_the_first.insert(with_the_first.end(), {i, 0});
    from_both_ends.push_back(i % 2 == 0 ? i / 2 : count - 1 - i / 2);
  }
  EXPECT_LT(time_of(rows[0], twice), limit);
  EXPECT_LT(time_of(rows[0], with_the_first), limit);
  EXPECT_LT(time_of(rows[0], from_both_ends), limit);
  std::reverse(order.begin(), order.end());
  EXPECT_LT(time_of(rows[0], order), limit);
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  EXPECT_LT(time_of(rows[0], order), limit);
}

TEST(RowFields, CopiesHavePlacesOfTheirOwn) {
  row_values values;
  for (std::size_t i = 0; i < 100; ++i) values.push_back(number(0, i));
  gathering gathered(100);
  gathered.feed(data_row_of(values) + data_row_of(row_values(100, "x")));
  auto const rows = gathered.finish();
  row_fields one = rows[0], other = rows[1];
  ASSERT_EQ(read(one, 1), values);
  row_fields const copy = one;
  ASSERT_EQ(read(copy, 1), values);
  other = one;
  EXPECT_EQ(read(other, 1), values);
  one = rows[1];
  EXPECT_EQ(read(one, 1), row_values(100, "x"));
  auto& same = one;
  one = same;
  EXPECT_EQ(value_of(one[7]), "x");
  EXPECT_EQ(read(other, 2), values);
}

// ---- several results -----------------------------------------------------------------------------------------------

TEST(RowCollector, ResultsFollowEachOther) {
  gathering gathered(2);
  gathered.feed(data_row_of({"a", "b"}));
  auto const first = gathered.finish();
  gathered.collector.begin(gathered.reader, 1);
  gathered.feed(data_row_of({"c"}) + data_row_of({std::nullopt}));
  auto const second = gathered.finish();
  gathered.collector.begin(gathered.reader, 0);
  auto const third = gathered.finish();
  expect_rows(first, {{"a", "b"}}, 2);
  expect_rows(second, {{"c"}, {std::nullopt}}, 1);
  expect_rows(third, {}, 0);
}

// A portal that is run in parts: what came so far is a result of its own, and more rows follow without a new begin.
TEST(RowCollector, APartIsAResultToo) {
  gathering gathered(1);
  gathered.feed(data_row_of({"a"}) + data_row_of({"b"}));
  expect_rows(gathered.finish(), {{"a"}, {"b"}}, 1);
  gathered.feed(data_row_of({"c"}));
  expect_rows(gathered.finish(), {{"c"}}, 1);
}

TEST(RowCollector, RowsThatNobodyTookAreDropped) {
  for (int const times : {1, 2000}) {
    gathering gathered(1);
    for (int i = 0; i < times; ++i) gathered.feed(data_row_of({std::string(100, 'a')}));
    gathered.collector.begin(gathered.reader, 1);
    gathered.feed(data_row_of({"b"}));
    expect_rows(gathered.finish(), {{"b"}}, 1);

    gathered.feed(data_row_of({"c"}));
    gathered.collector.reset(gathered.reader);
    EXPECT_EQ(gathered.finish().size(), 0U);
    EXPECT_FALSE(gathered.reader.full());
  }
}

TEST(RowCollector, ShrinkingLosesNoRows) {
  gathering gathered(0);
  for (int i = 0; i < 500; ++i) gathered.feed(data_row_of({}));
  gathered.collector.shrink();
  EXPECT_EQ(gathered.finish().size(), 500U);
  gathered.collector.shrink();
  gathered.feed(data_row_of({}));
  EXPECT_EQ(gathered.finish().size(), 1U);
}

// ---- rows that are none --------------------------------------------------------------------------------------------

struct refused {
  char const* name;
  std::string_view message;
  errc code;  // of what decode<data_row> says of it

  friend std::ostream& operator<<(std::ostream& out, refused const& row) { return out << row.name; }
};

class RowRefused : public testing::TestWithParam<refused> {};

// The rows before it are taken; it is left for whoever reads messages, whole.
TEST_P(RowRefused, IsLeftForTheReader) {
  std::string const message = test::bytes(GetParam().message);
  std::string const good = data_row_of({"x", std::nullopt});
  for (std::size_t const most : {~std::size_t{0}, std::size_t{1}}) {
    gathering gathered(2);
    gathered.feed(good + message + good, most);
    ASSERT_EQ(gathered.others.size(), 1U);
    EXPECT_EQ(gathered.others[0].type, 'D');
    EXPECT_EQ(gathered.others[0].body, message.substr(5));
    auto const decoded = decode<data_row>(gathered.others[0].body);
    EXPECT_EQ(decoded ? errc{} : static_cast<errc>(decoded.error().code.value()), GetParam().code);
    expect_rows(gathered.finish(), {{"x", std::nullopt}, {"x", std::nullopt}}, 2);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , RowRefused,
    testing::Values(refused{"fewer_fields", "'D' 0000000a 0001 ffffffff", errc{}},
                    refused{"more_fields", "'D' 00000012 0003 ffffffff ffffffff ffffffff", errc{}},
                    refused{"no_fields", "'D' 00000006 0000", errc{}},
                    refused{"negative_count", "'D' 0000000e ffff ffffffff ffffffff", errc::bad_count},
                    refused{"count_only", "'D' 00000006 0002", errc::bad_count},
                    refused{"first_length_cut", "'D' 00000009 0002 ffffff", errc::truncated},
                    refused{"second_length_missing", "'D' 0000000a 0002 ffffffff", errc::truncated},
                    refused{"second_length_cut", "'D' 0000000d 0002 ffffffff ffffff", errc::truncated},
                    refused{"value_cut", "'D' 00000010 0002 ffffffff 00000003 'xy'", errc::truncated},
                    refused{"first_value_over_the_second", "'D' 0000000f 0002 00000005 'a' 00000000", errc::truncated},
                    refused{"value_of_minus_two", "'D' 0000000e 0002 fffffffe ffffffff", errc::bad_count},
                    refused{"value_of_int_min", "'D' 0000000e 0002 80000000 ffffffff", errc::bad_count},
                    refused{"value_of_int_max", "'D' 0000000e 0002 7fffffff ffffffff", errc::truncated},
                    refused{"bytes_left_over", "'D' 0000000f 0002 ffffffff ffffffff 00", errc::trailing_bytes}),
    test::name_of_row);

TEST(RowCollector, TakesNothingFromAnEmptyReader) {
  gathering gathered(1);
  gathered.collector.collect(gathered.reader);
  EXPECT_EQ(gathered.finish().size(), 0U);
  EXPECT_EQ(gathered.reader.origin(), nullptr);
}

}  // namespace
}  // namespace tusk::protocol
