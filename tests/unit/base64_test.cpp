#include "../../protocol/src/base64.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <vector>

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

struct round_trip {
  char const* name;
  std::string_view bytes;
  std::string_view text;
};

class Base64RoundTrip : public testing::TestWithParam<round_trip> {};

TEST_P(Base64RoundTrip, BothWays) {
  auto const& row = GetParam();
  EXPECT_EQ(base64_encode(row.bytes), row.text);
  auto const decoded = base64_decode(row.text);
  ASSERT_TRUE(decoded) << decoded.error().code.message();
  EXPECT_EQ(*decoded, row.bytes);
}

// The first seven are RFC 4648, section 10.
INSTANTIATE_TEST_SUITE_P(
    , Base64RoundTrip,
    testing::Values(round_trip{"empty", "", ""}, round_trip{"f", "f", "Zg=="}, round_trip{"fo", "fo", "Zm8="},
                    round_trip{"foo", "foo", "Zm9v"}, round_trip{"foob", "foob", "Zm9vYg=="},
                    round_trip{"fooba", "fooba", "Zm9vYmE="}, round_trip{"foobar", "foobar", "Zm9vYmFy"},
                    round_trip{"zeros", "\0\0\0"sv, "AAAA"}, round_trip{"one_zero", "\0"sv, "AA=="},
                    round_trip{"high_bytes", "\xff\xfe\xfd\xfc", "//79/A=="},
                    round_trip{"last_digits", "\xfb\xef\xbe", "++++"}),
    name_of_row);

struct refused {
  char const* name;
  std::string_view text;
  std::size_t position;
};

class Base64Refused : public testing::TestWithParam<refused> {};

TEST_P(Base64Refused, NamesThePosition) {
  auto const& row = GetParam();
  std::vector<char> const exact(row.text.begin(), row.text.end());  // so that one byte over is seen
  auto const decoded = base64_decode({exact.data(), exact.size()});
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (parse_error{errc::bad_value, row.position}));
}

INSTANTIATE_TEST_SUITE_P(
    , Base64Refused,
    testing::Values(refused{"one_digit", "Z", 1}, refused{"two_digits", "Zg", 2}, refused{"three_digits", "Zm8", 3},
                    refused{"five_digits", "Zm9vY", 5}, refused{"padding_short", "Zg=", 3},
                    refused{"padding_long", "Zg===", 5}, refused{"padding_of_three", "Z===", 1},
                    refused{"padding_alone", "====", 0}, refused{"padding_in_the_middle", "Zg==Zm9v", 2},
                    refused{"padding_before_digit", "Zm=v", 2}, refused{"unused_bits_of_four", "Zh==", 1},
                    refused{"unused_bits_of_two", "Zm9=", 2}, refused{"space", "Zm v", 2},
                    refused{"newline_at_the_end", "Zm9v\n", 5}, refused{"newline_within", "Zm9\n", 3},
                    refused{"url_alphabet_minus", "--Zm", 0}, refused{"url_alphabet_underscore", "Zm__", 2},
                    refused{"nul", "Zm\0v"sv, 2}, refused{"high_byte", "\x80Zm9", 0}, refused{"comma", "Zm9,", 3}),
    name_of_row);

TEST(Base64, EveryByteInEveryPlaceComesBack) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 3; ++place) {
      std::string bytes("abc");
      bytes[place] = static_cast<char>(byte);
      EXPECT_EQ(*base64_decode(base64_encode(bytes)), bytes);
    }
  }
}

// Strict means: of all texts of four characters, each that is taken is the one that base64_encode() writes.
TEST(Base64, NoTwoTextsMeanTheSameBytes) {
  constexpr std::string_view some = "AQgwBZ/+=";
  std::string text(4, 'A');
  for (char const a : some) {
    for (char const b : some) {
      for (char const c : some) {
        for (char const d : some) {
          text = {a, b, c, d};
          auto const bytes = base64_decode(text);
          if (bytes) {
            EXPECT_EQ(base64_encode(*bytes), text);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace tusk::protocol
