// Which arguments a statement has a place for: strings, names and comments are none.
#include "operations/placeholders.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace tusk::detail {
namespace {

struct sample {
  char const* name;
  char const* sql;
  std::size_t count, unused;
  friend std::ostream& operator<<(std::ostream& out, sample const& row) { return out << row.name; }
};

class unused_argument : public testing::TestWithParam<sample> {};

TEST_P(unused_argument, is_found) {
  EXPECT_EQ(find_unused_argument(GetParam().sql, GetParam().count), GetParam().unused);
}

INSTANTIATE_TEST_SUITE_P(
    , unused_argument,
    testing::Values(
        sample{"none_given", "SELECT 1", 0, 0}, sample{"all_used", "SELECT $1, $2", 2, 0},
        sample{"one_too_many", "SELECT $1::int", 2, 2}, sample{"no_place", "SELECT 1", 1, 1},
        sample{"a_gap", "SELECT $1, $3", 3, 2}, sample{"twice_and_out_of_order", "SELECT $2+$1+$2", 2, 0},
        sample{"in_a_string", "SELECT '$1'", 1, 1}, sample{"behind_a_string", "SELECT 'it''s', $1", 1, 0},
        sample{"in_an_escape_string", R"(SELECT E'\'$1', 1)", 1, 1},
        sample{"behind_an_escape_string", R"(SELECT E'\'', $1)", 1, 0},
        sample{"behind_a_backslash", R"(SELECT '\', $1)", 1, 0}, sample{"in_a_name", "SELECT \"$1\" FROM t", 1, 1},
        sample{"in_a_line_comment", "SELECT 1 -- $1", 1, 1}, sample{"behind_a_line_comment", "SELECT -- a\n $1", 1, 0},
        sample{"in_a_comment_in_a_comment", "SELECT /* /* */ $1 */ 1", 1, 1},
        sample{"behind_a_comment", "SELECT /* /* */ */ $1", 1, 0}, sample{"dollar_quoted", "SELECT $$ $1 $$", 1, 1},
        sample{"dollar_quoted_with_a_tag", "SELECT $a1$ $1 $$ $a1$", 1, 1},
        sample{"behind_dollar_quotes", "SELECT $a$ $b$ $a$, $1", 1, 0},
        sample{"part_of_a_name", "SELECT a$1 FROM t", 1, 1}, sample{"behind_a_number", "SELECT 1+$1", 1, 0},
        sample{"behind_a_cast", "SELECT 1::int4+$1", 1, 0}, sample{"huge", "SELECT $99999999999999999999", 1, 1},
        sample{"one_more_than_64_bits_hold", "SELECT $18446744073709551617", 1, 1},
        sample{"zero", "SELECT $0, $1", 1, 0}, sample{"a_string_without_end", "SELECT '$1", 1, 0},
        sample{"a_comment_without_end", "SELECT /* $1", 1, 0}, sample{"a_lone_dollar", "SELECT $ $1", 1, 0},
        sample{"at_the_end", "SELECT 1 $", 1, 1}),
    [](auto const& row) { return std::string(row.param.name); });

TEST(placeholders, stand_behind_a_comment_that_a_carriage_return_ends) {
  EXPECT_EQ(find_unused_argument("SELECT -- the id\r $1::int", 1), 0U);
}

TEST(placeholders, of_which_there_are_millions_take_no_stack) {
  std::string text = "SELECT $1";
  for (int i = 0; i < 3'000'000; ++i) text += "$0";
  EXPECT_EQ(find_unused_argument(text, 2), 2U);
}

}  // namespace
}  // namespace tusk::detail
