// Integers of 128 bits, where the compiler has them: their bounds, what is malformed, and both ways.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>

#include "support/parsed.hpp"

#ifdef __SIZEOF_INT128__

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using types::errc;
using types::text_of;

constexpr uint128 largest = ~uint128{0};
constexpr auto largest_signed = static_cast<int128>(largest >> 1);

TEST(int128, boundaries) {
  EXPECT_EQ(test::read_types<int128>(), "int8 int2 int4 oid numeric");
  EXPECT_EQ(adapter<uint128>::oid, oids::numeric);
  EXPECT_EQ(text_of(largest), "340282366920938463463374607431768211455");
  EXPECT_EQ(text_of(largest_signed), "170141183460469231731687303715884105727");
  EXPECT_EQ(text_of(-largest_signed - 1), "-170141183460469231731687303715884105728");
  EXPECT_TRUE(*parse<uint128>("340282366920938463463374607431768211455") == largest);
  EXPECT_TRUE(*parse<int128>("170141183460469231731687303715884105727") == largest_signed);
  EXPECT_TRUE(*parse<int128>("-170141183460469231731687303715884105728") == -largest_signed - 1);
  EXPECT_TRUE(*parse<int128>(std::string(100, '0') + "12") == 12 && *parse<uint128>("-0") == 0);
  EXPECT_TRUE(numeric(largest).to<uint128>() == largest);
  for (auto large : {"170141183460469231731687303715884105728"sv, "-170141183460469231731687303715884105729"sv,
                     "340282366920938463463374607431768211456"sv, "9999999999999999999999999999999999999999999999"sv}) {
    EXPECT_EQ(outcome_of(parse<int128>(large)), failure(errc::out_of_range, 0)) << large;
  }
  for (auto large : {"340282366920938463463374607431768211456"sv, "-1"sv,
                     "3402823669209384634633746074317682114550000000000000000"sv}) {
    EXPECT_EQ(outcome_of(parse<uint128>(large)), failure(errc::out_of_range, 0)) << large;
  }
}

TEST(int128, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {{"", 0},
                          {"-", 1},
                          {"+1", 0},
                          {"1.0", 1},
                          {"12345678901234567890x", 20},
                          {"x2345678901234567", 0},
                          {"1\0"sv, 1},
                          {"1 ", 1},
                          {"NaN", 0},
                          {"99999999999999999999999999999999999999999999x", 44}};
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<int128>(r.text)), failure(errc::malformed_integer, r.position)) << r.text;
    EXPECT_EQ(outcome_of(parse<uint128>(r.text)), failure(errc::malformed_integer, r.position)) << r.text;
  }
}

TEST(int128, random_values_and_all_their_prefixes) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto const wide = (uint128{random()} << 64 | random()) >> random() % 128;
    auto const value = static_cast<int128>(i % 2 == 0 ? wide : 0 - wide);
    std::string const text = *text_of(value);
    auto const back = parse<int128>(text);
    ASSERT_TRUE(back && *back == value) << text;
    ASSERT_EQ(numeric(value).to_string(), text);
    if (i % 100 == 0) test::expect_each_prefix_read_or_refused<int128>(text);
  }
}

}  // namespace
}  // namespace tusk

#endif
