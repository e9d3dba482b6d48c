// The integers of 128 bits for machines without them give what the compiler's do, where there are both; and a few known
// values everywhere.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <tusk/types/wide.hpp>

namespace tusk::types {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

TEST(soft_wide, known_values) {
  soft_wide const past = -soft_wide(lowest);
  EXPECT_TRUE(past > highest && -past >= lowest && -past == lowest);
  EXPECT_EQ(static_cast<std::int64_t>(-past), lowest);
  EXPECT_TRUE(past - 1 == highest && past + -1 == highest && soft_wide(0) == -soft_wide(0));
  EXPECT_TRUE(soft_wide(~std::uint64_t{0}) * ~std::uint64_t{0} / ~std::uint64_t{0} == ~std::uint64_t{0});
  EXPECT_TRUE(soft_wide(-7) / 2 == -3 && soft_wide(-7) % 2 == -1 && soft_wide(7) % -2 == 1);
}

#ifdef __SIZEOF_INT128__
TEST(soft_wide, random_values_beside_the_compilers) {
  std::mt19937_64 random(1);
  auto const same = [](soft_wide soft, int128 hard) {
    return static_cast<std::uint64_t>(soft) == static_cast<std::uint64_t>(hard) &&
           static_cast<std::int64_t>(soft / (soft_wide(1) * (std::uint64_t{1} << 63))) ==
               static_cast<std::int64_t>(hard / (int128{1} << 63));
  };
  for (int i = 0; i != 20'000; ++i) {
    auto const a = static_cast<std::int64_t>(random()) >> random() % 64;
    auto const b = static_cast<std::int64_t>(random()) >> random() % 64;
    auto const c = static_cast<std::int64_t>(random()) >> random() % 64;
    soft_wide const soft = soft_wide(a) * b;
    int128 const hard = int128{a} * b;
    SCOPED_TRACE(testing::Message() << a << ' ' << b << ' ' << c);
    ASSERT_TRUE(same(soft, hard));
    ASSERT_TRUE(same(soft + c, hard + c));
    ASSERT_TRUE(same(soft - c, hard - c));
    ASSERT_EQ(soft < c, hard < c);
    ASSERT_EQ(soft == c, hard == c);
    if (c == 0) continue;
    ASSERT_TRUE(same(soft / c, hard / c));
    ASSERT_TRUE(same(soft % c, hard % c));
  }
}
#endif

}  // namespace
}  // namespace tusk::types
