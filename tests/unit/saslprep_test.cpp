// Telling passwords, and what the PostgreSQL server makes of them. (All code points, and random texts by the hundred
// thousand, were held against the server's own code by tools/unicode/saslprep.py.)
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/saslprep.hpp>

#include "support/exact_buffer.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

std::string text(std::u8string_view utf8) { return {reinterpret_cast<char const*>(utf8.data()), utf8.size()}; }

std::optional<std::string> prepared(std::string_view password) { return saslprep(test::exact_buffer(password).view()); }

struct prepared_row {
  char const* name;
  std::u8string_view password, expected;
};

constexpr prepared_row prepared_rows[] = {
    // RFC 4013, section 3
    {"soft_hyphen", u8"I\u00ADX", u8"IX"},
    {"output_is_nfkc", u8"\u00AA", u8"a"},
    {"output_is_nfkc_too", u8"\u2168", u8"IX"},
    // mapping
    {"no_break_space", u8"a\u00A0b", u8"a b"},
    {"ideographic_space", u8"\u3000", u8" "},
    {"zero_width_space_is_a_space", u8"a\u200Bb", u8"a b"},
    {"joiners_are_dropped", u8"a\u200C\u200D\u2060\uFEFFb", u8"ab"},
    {"variation_selector", u8"a\uFE0F", u8"a"},
    {"ascii_around_stays", u8"~a\u00E9 Z!", u8"~a\u00E9 Z!"},
    // normalising
    {"composed_stays", u8"\u00E9", u8"\u00E9"},
    {"decomposed_is_composed", u8"e\u0301", u8"\u00E9"},
    {"two_marks", u8"U\u0308\u0301", u8"\u01D7"},
    {"composed_and_a_mark", u8"\u00DC\u0301", u8"\u01D7"},
    {"marks_are_sorted", u8"a\u0301\u0323", u8"\u1EA1\u0301"},
    {"equal_marks_keep_their_order", u8"a\u0308\u0301\u0300", u8"\u00E4\u0301\u0300"},
    {"blocked_by_its_like", u8"x\u0301\u0308e", u8"x\u0301\u0308e"},
    {"mark_that_comes_first", u8"\u0301e", u8"\u0301e"},
    {"mark_between_jamo_blocks", u8"\u1100\u0301\u1161", u8"\u1100\u0301\u1161"},
    {"excluded_from_composition", u8"\u0958", u8"\u0915\u093C"},
    {"singleton", u8"\u212B", u8"\u00C5"},
    {"ligature", u8"\uFB03", u8"ffi"},
    {"long_s_and_dot", u8"\u1E9B\u0323", u8"\u1E69"},
    {"full_width", u8"\uFF30\uFF41\uFF53\uFF53", u8"Pass"},
    {"half_width_katakana", u8"\uFF76\uFF9E", u8"\u30AC"},
    {"fraction", u8"\u00BD", u8"1\u20442"},
    {"square", u8"\u3392", u8"MHz"},
    {"beyond_the_first_plane", u8"\U0001D400\U0001D7CE", u8"A0"},
    {"ideograph_corrected_since_3_2", u8"\U0002F868", u8"\u36FC"},
    {"ideograph_of_the_last_block", u8"\U0002FA1D", u8"\U0002A600"},
    {"the_longest", u8"\uFDFA",
     u8"\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 "
     u8"\u0648\u0633\u0644\u0645"},
    // Hangul
    {"syllable", u8"\uAC00\uD7A3", u8"\uAC00\uD7A3"},
    {"lead_and_vowel", u8"\u1100\u1161", u8"\uAC00"},
    {"and_tail", u8"\u1112\u1175\u11C2", u8"\uD7A3"},
    {"open_syllable_and_tail", u8"\uAC00\u11A8", u8"\uAC01"},
    {"closed_syllable_and_tail", u8"\uAC01\u11A8", u8"\uAC01\u11A8"},
    {"lead_alone", u8"\u1100\u1100", u8"\u1100\u1100"},
    {"compatibility_jamo", u8"\u3131\u314F", u8"\uAC00"},
    {"half_width_jamo", u8"\uFFA1\uFFC2", u8"\uAC00"},
    // two directions
    {"hebrew", u8"\u05E9\u05DC", u8"\u05E9\u05DC"},
    {"neutral_in_the_middle", u8"\u0627 1\u0628", u8"\u0627 1\u0628"},
    {"judged_before_it_becomes_hebrew", u8"a\u2135", u8"a\u05D0"},
};

class Saslprep : public testing::TestWithParam<prepared_row> {};

TEST_P(Saslprep, Prepares) {
  auto const once = prepared(text(GetParam().password));
  ASSERT_TRUE(once);
  EXPECT_EQ(*once, text(GetParam().expected));
  EXPECT_EQ(prepared(*once).value_or(*once), *once);
}

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

INSTANTIATE_TEST_SUITE_P(, Saslprep, testing::ValuesIn(prepared_rows), name_of_row);

struct unprepared_row {
  char const* name;
  std::string password;
};

unprepared_row const unprepared_rows[] = {
    // ASCII
    {"empty", ""},
    {"rfc_user", "user"},
    {"rfc_case", "USER"},
    {"control_character", "foo\7bar"},
    {"delete", "\x7f"},
    {"nul", std::string(1, '\0')},
    // not UTF-8
    {"latin_1", "caf\xe9"},
    {"cut_off", "a\xcc"},
    {"overlong", "\xc1\x81"},
    {"surrogate", "\xed\xa0\x80"},
    {"too_large", "\xf4\x90\x80\x80"},
    {"after_a_good_one", "\xc2\xad\xff"},
    // forbidden
    {"dropped_alone", text(u8"\u00AD")},
    {"control", text(u8"\u0085")},
    {"ascii_control_beside_others", text(u8"\u00E9\u0007")},
    {"nul_beside_others", text(u8"\u00E9\0"sv)},
    {"private_use", text(u8"\uE000")},
    {"private_plane", text(u8"\U0010FFFD")},
    {"noncharacter", text(u8"\uFFFF")},
    {"replacement", text(u8"\uFFFD")},
    {"ideographic_description", text(u8"\u2FF0")},
    {"deprecated_tone_mark", text(u8"\u0340")},
    {"tag", text(u8"\U000E0041")},
    {"right_to_left_override", text(u8"a\u202Eb")},
    {"unassigned_in_3_2", text(u8"\u0221")},
    {"emoji_of_later_days", text(u8"p\U0001F600")},
    {"first_of_the_planes_beyond", text(u8"\U00030000")},
    // two directions
    {"rfc_example", text(u8"\u06271")},  // ends in a digit
    {"letters_of_both", text(u8"\u0627a\u0627")},
    {"begins_with_a_digit", text(u8"1\u0627")},
    {"as_the_server_tests_it", text(u8"foo\u0627\u0031bar")},
};

class SaslprepNothing : public testing::TestWithParam<unprepared_row> {};

TEST_P(SaslprepNothing, IsMadeOfIt) { EXPECT_EQ(prepared(GetParam().password), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(, SaslprepNothing, testing::ValuesIn(unprepared_rows), name_of_row);

TEST(SaslprepLong, ManyMarksAreSortedInTime) {
  std::string marks = "a";
  for (int i = 0; i < 30'000; ++i) marks += text(i % 2 == 0 ? u8"\u0308" : u8"\u0323");
  auto const result = prepared(marks);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 3 + 29'999 * 2);  // a with a dot below, and the others
  EXPECT_TRUE(result->starts_with(text(u8"\u1EA1\u0323\u0323")));
  EXPECT_TRUE(result->ends_with(text(u8"\u0308\u0308")));
}

}  // namespace
}  // namespace tusk::protocol
