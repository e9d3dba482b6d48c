// UTF-8 validation against a table of the Unicode Standard's corner cases and against a decoder that is slow and plain.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <vector>

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t valid = std::string_view::npos;

constexpr auto name_of_row = [](auto const& tested) { return std::string(tested.param.name); };

// From a buffer of exactly that size, so that a byte read past its end is seen.
std::size_t find(std::string_view text) {
  std::vector<char> const exact(text.begin(), text.end());
  return find_invalid_utf8({exact.data(), exact.size()});
}

// Decodes first and judges the code point afterwards: nothing in common with the table of the code under test.
std::size_t find_slowly(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto const octet = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    unsigned const lead = octet(at);
    std::size_t const length = lead < 0x80             ? 1
                               : (lead & 0xe0) == 0xc0 ? 2
                               : (lead & 0xf0) == 0xe0 ? 3
                               : (lead & 0xf8) == 0xf0 ? 4
                                                       : 0;
    if (length == 0 || text.size() - at < length) return at;
    unsigned long code_point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((octet(at + i) & 0xc0) != 0x80) return at;
      code_point = code_point << 6 | (octet(at + i) & 0x3f);
    }
    constexpr unsigned long smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code_point < smallest[length] || code_point > 0x10ffff) return at;
    if (code_point >= 0xd800 && code_point <= 0xdfff) return at;
    at += length;
  }
  return valid;
}

std::string encode(unsigned long c) {
  auto const last_six = [](unsigned long bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  std::string text;
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xc0 | c >> 6), last_six(c)};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xe0 | c >> 12), last_six(c >> 6), last_six(c)};
  } else {
    text += {static_cast<char>(0xf0 | c >> 18), last_six(c >> 12), last_six(c >> 6), last_six(c)};
  }
  return text;
}

struct row {
  std::string_view name;
  std::string_view text;
  std::size_t first_invalid;
};

constexpr row rows[] = {
    {"empty", ""sv, valid},
    {"ascii", "select 1"sv, valid},
    {"nul_is_valid", "a\0b"sv, valid},
    {"smallest_of_two_bytes", "\xc2\x80"sv, valid},
    {"largest_of_two_bytes", "\xdf\xbf"sv, valid},
    {"smallest_of_three_bytes", "\xe0\xa0\x80"sv, valid},
    {"before_surrogates", "\xed\x9f\xbf"sv, valid},
    {"after_surrogates", "\xee\x80\x80"sv, valid},
    {"largest_of_three_bytes", "\xef\xbf\xbf"sv, valid},
    {"smallest_of_four_bytes", "\xf0\x90\x80\x80"sv, valid},
    {"largest", "\xf4\x8f\xbf\xbf"sv, valid},
    {"lone_continuation", "a\x80"sv, 1},
    {"overlong_two_c0", "\xc0\x80"sv, 0},
    {"overlong_two_c1", "\xc1\xbf"sv, 0},
    {"overlong_three", "ab\xe0\x9f\xbf"sv, 2},
    {"overlong_four", "\xf0\x8f\xbf\xbf"sv, 0},
    {"first_surrogate", "\xed\xa0\x80"sv, 0},
    {"last_surrogate", "\xed\xbf\xbf"sv, 0},
    {"above_the_largest", "\xf4\x90\x80\x80"sv, 0},
    {"lead_f5", "\xf5\x80\x80\x80"sv, 0},
    {"lead_f8", "\xf8\x88\x80\x80\x80"sv, 0},
    {"byte_ff", "abc\xff"sv, 3},
    {"cut_two", "abcdefgh\xc3"sv, 8},
    {"cut_three", "abcdefghi\xe2\x82"sv, 9},
    {"cut_four", "\xf0\x9f\x98"sv, 0},
    {"quote_instead_of_continuation", "\xc3'"sv, 0},
    {"lead_after_lead", "\xe2\xe2\x82\xac"sv, 0},
    {"the_second_of_two", "\xc3\xa9\xc3"sv, 2},
};

class utf8_table : public testing::TestWithParam<row> {};

TEST_P(utf8_table, finds_the_first_invalid_character) {
  EXPECT_EQ(find(GetParam().text), GetParam().first_invalid);
  EXPECT_EQ(find_slowly(GetParam().text), GetParam().first_invalid);
}

// The eight-byte steps see each case at every offset and with every length of ASCII behind it.
TEST_P(utf8_table, at_every_place_in_ascii) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      std::string const text = std::string(before, 'x') + std::string(GetParam().text) + std::string(after, 'y');
      std::size_t const expected = GetParam().first_invalid == valid ? valid : before + GetParam().first_invalid;
      ASSERT_EQ(find(text), expected) << before << ' ' << after;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(rows, utf8_table, testing::ValuesIn(rows), name_of_row);

TEST(utf8, every_code_point) {
  for (unsigned long c = 0; c <= 0x110400; ++c) {
    bool const is_valid = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
    ASSERT_EQ(find_invalid_utf8(encode(c)), is_valid ? valid : 0) << c;
  }
}

TEST(utf8, every_pair_of_bytes_and_every_lead_with_every_second_byte) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      std::string text{static_cast<char>(first), static_cast<char>(second)};
      ASSERT_EQ(find(text), find_slowly(text));
      text += "\x80\x80";
      ASSERT_EQ(find(text), find_slowly(text));
    }
  }
}

TEST(utf8, random_text_with_one_byte_changed) {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 100'000; ++round) {
    std::string text;
    while (text.size() < round % 64) text += encode(random() % 4 ? random() % 128 : random() >> (11 + random() % 20));
    ASSERT_EQ(find(text), find_slowly(text));
    if (text.empty()) continue;
    text[random() % text.size()] = static_cast<char>(random());
    ASSERT_EQ(find(text), find_slowly(text));
  }
}

}  // namespace
}  // namespace tusk::protocol
