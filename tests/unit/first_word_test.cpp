// What a statement begins with, and what that tells.
#include "operations/first_word.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/exact_buffer.hpp"

namespace tusk::detail {
namespace {

struct sample {
  char const* name;
  char const* sql;
  char const* word;
  friend std::ostream& operator<<(std::ostream& out, sample const& row) { return out << row.name; }
};

class first_words : public testing::TestWithParam<sample> {};

TEST_P(first_words, are_found) {
  test::exact_buffer const sql(GetParam().sql);
  EXPECT_EQ(first_word(sql.view()), GetParam().word);
}

INSTANTIATE_TEST_SUITE_P(
    , first_words,
    testing::Values(
        sample{"alone", "copy", "copy"}, sample{"before_a_space", "COPY t FROM STDIN", "COPY"},
        sample{"as_it_is_written", "CoPy t", "CoPy"}, sample{"before_a_parenthesis", "COPY(SELECT 1)TO STDOUT", "COPY"},
        sample{"before_a_comment", "COPY--\n t", "COPY"}, sample{"before_a_semicolon", "COMMIT;", "COMMIT"},
        sample{"before_a_quoted_name", "COPY\"t\" TO STDOUT", "COPY"},
        sample{"behind_white_space", " \t\n\r\f\vSELECT 1", "SELECT"}, sample{"behind_semicolons", "; ;;END", "END"},
        sample{"behind_a_line_comment", "-- COMMIT\nSELECT 1", "SELECT"},
        sample{"behind_a_line_comment_that_a_carriage_return_ends", "--x\rSELECT 1", "SELECT"},
        sample{"behind_a_line_comment_with_a_block_in_it", "--/*\nSELECT 1", "SELECT"},
        sample{"behind_a_comment", "/* COMMIT */SELECT 1", "SELECT"},
        sample{"behind_a_comment_in_a_comment", "/* /* a */ COMMIT */ SELECT 1", "SELECT"},
        sample{"behind_a_comment_with_a_line_in_it", "/*--*/SELECT 1", "SELECT"},
        sample{"behind_an_empty_comment", "/**/SELECT 1", "SELECT"},
        sample{"behind_a_comment_of_stars", "/***/SELECT 1", "SELECT"},
        sample{"behind_all_of_them", "\n;--a\n/*b/*c*/*/;\t/*d*/--e\n END", "END"},
        sample{"with_digits", "COPY2 t", "COPY2"}, sample{"with_an_underscore", "_COPY t", "_COPY"},
        sample{"with_a_dollar", "COPY$ t", "COPY$"},
        sample{"with_a_letter_that_is_not_ascii", "COPY\xc3\xa9", "COPY\xc3\xa9"},
        sample{"behind_a_space_that_is_none",
               "\xc2\xa0"
               "COPY t",
               "\xc2\xa0"
               "COPY"},
        sample{"none_in_nothing", "", ""}, sample{"none_in_white_space", " \n;", ""},
        sample{"none_before_a_number", "1COPY", ""}, sample{"none_before_a_quoted_name", "\"COPY\" t", ""},
        sample{"none_before_a_parenthesis", "(SELECT 1)", ""}, sample{"none_before_an_operator", "-/**/COPY", ""},
        sample{"none_before_a_slash", "/COPY", ""}, sample{"none_behind_an_open_comment", "/* COPY", ""},
        sample{"none_behind_a_comment_that_ends_once_too_seldom", "/* /* */ COPY", ""},
        sample{"none_behind_half_a_comment", "/*/ COPY", ""}, sample{"none_in_the_first_half_of_a_sign", "/", ""},
        sample{"none_behind_a_line_comment_without_end", "-- COPY", ""}, sample{"none_in_two_signs", "--", ""}),
    [](auto const& row) { return std::string(row.param.name); });

TEST(first_word, behind_millions_of_comments_takes_no_stack) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "/*";
  EXPECT_EQ(first_word(text), "");
  for (int i = 0; i < 1'000'000; ++i) text += "*/";
  EXPECT_EQ(first_word(text + "COPY"), "COPY");
}

TEST(first_word, tells_a_copy) {
  for (char const* const word : {"COPY", "copy", "cOpY"}) EXPECT_TRUE(is_copy(word)) << word;
  for (char const* const word : {"", "COP", "COPYS", "COPY2", "\xc3\xa9", "{OPY", "SELECT", "EXPLAIN"})
    EXPECT_FALSE(is_copy(word)) << word;
}

TEST(first_word, tells_what_may_change_the_transaction) {
  for (char const* const word :
       {"BEGIN", "start", "Commit", "END", "ROLLBACK", "abort", "PREPARE", "" /* which cannot be told */})
    EXPECT_TRUE(may_change_transaction(word)) << word;
  for (char const* const word : {"SAVEPOINT", "RELEASE", "SELECT", "INSERT", "ENDS", "BEGI", "SET", "CALL", "EXPLAIN"})
    EXPECT_FALSE(may_change_transaction(word)) << word;
}

}  // namespace
}  // namespace tusk::detail
