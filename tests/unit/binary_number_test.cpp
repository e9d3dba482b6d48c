// The binary form of numbers: every type that they are read from, and what is refused.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "support/binary_form.hpp"

namespace tusk {
namespace {

using test::binary_of;
using test::binary_outcome;
using test::expect_no_other_size;
using test::failure;
using types::errc;

std::string malformed(std::size_t at) { return failure(errc::malformed_binary, at); }
std::string inexact(std::size_t at = 0) { return failure(errc::inexact, at); }
std::string out_of_range() { return failure(errc::out_of_range, 0); }

struct row {
  oid type;
  std::string_view form;
  std::string expected;
};

template <class T>
void check(std::initializer_list<row> rows) {
  for (row const& r : rows) EXPECT_EQ(binary_outcome<T>(r.type, r.form), r.expected) << type_name(r.type) << r.form;
}

TEST(binary_number, bools) {
  check<bool>({{oids::bool_, "01", "value t"},
               {oids::bool_, "00", "value f"},
               {oids::bool_, "02", malformed(0)},
               {oids::bool_, "ff", malformed(0)}});
  expect_no_other_size<bool>(oids::bool_, "01");
  EXPECT_EQ(binary_of(true), "01");
  EXPECT_EQ(binary_of(false), "00");
}

TEST(binary_number, integers_of_every_type_that_fit) {
  check<int>({{oids::int2, "ffff", "value -1"},
              {oids::int4, "7fffffff", "value 2147483647"},
              {oids::int4, "80000000", "value -2147483648"},
              {oids::int8, "000000007fffffff", "value 2147483647"},
              {oids::int8, "0000000080000000", out_of_range()},
              {oids::oid, "7fffffff", "value 2147483647"},
              {oids::oid, "80000000", out_of_range()},
              {oids::numeric, "0001 0000 0000 0000 0005", "value 5"},
              {oids::numeric, "0001 0000 4000 0002 0005", "value -5"}});
  check<std::int16_t>({{oids::int2, "8000", "value -32768"},
                       {oids::int4, "ffff8000", "value -32768"},
                       {oids::int4, "00008000", out_of_range()}});
  check<std::int8_t>({{oids::int2, "007f", "value 127"}, {oids::int2, "0080", out_of_range()}});
  check<std::uint8_t>({{oids::int2, "00ff", "value 255"}, {oids::int2, "ffff", out_of_range()}});
  check<std::uint32_t>({{oids::oid, "ffffffff", "value 4294967295"},
                        {oids::int8, "00000000ffffffff", "value 4294967295"},
                        {oids::int4, "ffffffff", out_of_range()}});
  check<std::uint64_t>({{oids::int8, "7fffffffffffffff", "value 9223372036854775807"},
                        {oids::int8, "ffffffffffffffff", out_of_range()},
                        {oids::int2, "ffff", out_of_range()},
                        // 18446744073709551615, and one more
                        {oids::numeric, "0005 0004 0000 0000 0734 1a58 02e1 03bb 064f", "value 18446744073709551615"},
                        {oids::numeric, "0005 0004 0000 0000 0734 1a58 02e1 03bb 0650", out_of_range()}});
  check<int128>({{oids::int8, "8000000000000000", "value -9223372036854775808"},
                 {oids::oid, "ffffffff", "value 4294967295"},
                 {oids::int4, "ffffffff", "value -1"}});
  check<uint128>({{oids::int4, "ffffffff", out_of_range()}, {oids::int4, "00000007", "value 7"}});
}

TEST(binary_number, integers_of_other_sizes) {
  expect_no_other_size<std::int16_t>(oids::int2, "0001");
  expect_no_other_size<int>(oids::int4, "00000001");
  expect_no_other_size<std::int64_t>(oids::int8, "0000000000000001");
  expect_no_other_size<std::int64_t>(oids::int2, "0001");
  expect_no_other_size<std::uint64_t>(oids::int8, "0000000000000001");
  expect_no_other_size<int128>(oids::oid, "00000001");
  expect_no_other_size<int>(oids::numeric, "0001 0000 0000 0000 0005");
  expect_no_other_size<float>(oids::float4, "3f800000");
  expect_no_other_size<double>(oids::float8, "3ff0000000000000");
  expect_no_other_size<numeric>(oids::numeric, "0002 0000 4000 0002 04d2 1388");
}

TEST(binary_number, integers_are_written_in_the_type_they_are_sent_as) {
  EXPECT_EQ(binary_of<std::int8_t>(-1), "ffff");
  EXPECT_EQ(binary_of<std::uint8_t>(255), "00ff");
  EXPECT_EQ(binary_of<std::uint16_t>(65535), "0000ffff");
  EXPECT_EQ(binary_of(-2), "fffffffe");
  EXPECT_EQ(binary_of(4'294'967'295u), "00000000ffffffff");
  EXPECT_EQ(binary_of(std::numeric_limits<std::int64_t>::min()), "8000000000000000");
  EXPECT_EQ(binary_of(int128{-12345}), "000200014000000000010929");
  static_assert(!binary_adaptable<std::uint64_t>);  // int8 or numeric, by the value
  static_assert(!types::prefers_binary<int> && types::prefers_binary<double> && types::prefers_binary<float>);
}

TEST(binary_number, an_integer_of_a_numeric) {
  check<std::int64_t>({
      {oids::numeric, "0000 0000 0000 0000", "value 0"},
      {oids::numeric, "0000 0007 0000 0003", "value 0"},
      {oids::numeric, "0001 0001 0000 0000 0001", "value 10000"},
      {oids::numeric, "0002 0000 0000 0004 0005 0000", "value 5"},
      {oids::numeric, "0002 0001 0000 0000 0000 0005", "value 5"},
      {oids::numeric, "0002 0000 0000 0004 0005 0001", inexact(10)},
      {oids::numeric, "0001 ffff 0000 0004 0001", inexact(8)},
      {oids::numeric, "0001 7fff 0000 0000 0001", out_of_range()},
      {oids::numeric, "0005 0004 0000 0000 039a 0d2c 0170 1565 16af", "value 9223372036854775807"},
      {oids::numeric, "0000 0000 c000 0000", failure(errc::malformed_integer, 4)},
      {oids::numeric, "0000 0000 d000 0020", failure(errc::malformed_integer, 4)},
      {oids::numeric, "0000 0000 f000 0020", failure(errc::malformed_integer, 4)},
  });
  check<unsigned>({{oids::numeric, "0001 0000 4000 0000 0001", out_of_range()}});
}

TEST(binary_number, floating_point_keeps_every_bit) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    auto const wide = std::bit_cast<double>(random());
    auto const narrow = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    auto const wide_read = from_binary<double>::parse(test::binary_bytes_of(wide), oids::float8);
    auto const narrow_read = from_binary<float>::parse(test::binary_bytes_of(narrow), oids::float4);
    ASSERT_TRUE(wide_read && narrow_read);
    EXPECT_TRUE(std::isnan(wide) || std::bit_cast<std::uint64_t>(*wide_read) == std::bit_cast<std::uint64_t>(wide));
    EXPECT_TRUE(std::isnan(narrow) ||
                std::bit_cast<std::uint32_t>(*narrow_read) == std::bit_cast<std::uint32_t>(narrow));
  }
  check<double>({{oids::float8, "7ff8000000000000", "value NaN"},
                 {oids::float8, "8000000000000000", "value -0"},
                 {oids::float4, "3dcccccd", "value 0.10000000149011612"},
                 {oids::float4, "7f800000", "value Infinity"}});
  check<float>({{oids::float4, "ff800000", "value -Infinity"}});
}

TEST(binary_number, floating_point_of_integers_that_it_holds) {
  check<double>({{oids::int2, "ffff", "value -1"},
                 {oids::int4, "7fffffff", "value 2147483647"},
                 {oids::int8, "0020000000000000", "value 9007199254740992"},
                 {oids::int8, "0020000000000001", inexact()},
                 {oids::int8, "8000000000000000", "value -9223372036854775808"},
                 {oids::int8, "7fffffffffffffff", inexact()},
                 {oids::int8, "00", malformed(0)}});
  check<float>({{oids::int4, "01000000", "value 16777216"}, {oids::int4, "01000001", inexact()}});
}

TEST(binary_number, floating_point_of_a_numeric_is_the_nearest) {
  check<double>({{oids::numeric, "0001 ffff 0000 0001 03e8", "value 0.1"},
                 {oids::numeric, "0000 0000 0000 0005", "value 0"},
                 {oids::numeric, "0002 0000 4000 0002 04d2 1388", "value -1234.5"},
                 {oids::numeric, "0000 0000 c000 0000", "value NaN"},
                 {oids::numeric, "0000 0000 f000 0020", "value -Infinity"},
                 {oids::numeric, "0000 0000 d000 0020", "value Infinity"},
                 {oids::numeric, "0001 7fff 0000 0000 0001", out_of_range()},
                 {oids::numeric, "0001 f100 0000 3fff 0001", "value 0"},
                 {oids::numeric, "0001 f100 4000 3fff 0001", "value -0"},
                 {oids::numeric, "0001 004d 0000 0000 0001", "value 1e+308"}});
  check<float>({{oids::numeric, "0001 000a 0000 0000 0001", out_of_range()}});
  // The digits of a numeric, by either form.
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string digits(1, static_cast<char>('1' + random() % 9));
    for (std::uint64_t n = random() % (i % 2 == 0 ? 16 : 40); n > 0; --n)
      digits += static_cast<char>('0' + random() % 10);
    numeric const value(digits + "e" + std::to_string(static_cast<int>(random() % 60) - 62));
    std::string const form = test::binary_bytes_of(value);
    ASSERT_EQ(*from_binary<double>::parse(form, oids::numeric), value.to<double>()) << value;
    ASSERT_EQ(*from_binary<float>::parse(form, oids::numeric), value.to<float>()) << value;
    ASSERT_EQ(from_binary<numeric>::parse(form, oids::numeric)->to_string(), value.to_string());
  }
}

TEST(binary_number, numerics) {
  check<numeric>({
      {oids::numeric, "0000 0000 0000 0000", "value 0"},
      {oids::numeric, "0000 0000 0000 0003", "value 0.000"},
      {oids::numeric, "0002 0000 4000 0002 04d2 1388", "value -1234.50"},
      {oids::numeric, "0001 0001 0000 0002 0007", "value 70000.00"},
      {oids::numeric, "0001 fffe 0000 0007 1a90", "value 0.0000680"},
      {oids::numeric, "0003 0001 0000 0001 0000 0001 1388", "value 1.5"},
      {oids::numeric, "0000 0000 c000 0000", "value NaN"},
      {oids::numeric, "0000 0000 d000 0020", "value Infinity"},
      {oids::numeric, "0000 0000 f000 0020", "value -Infinity"},
      {oids::int2, "ffff", "value -1"},
      {oids::int4, "00000007", "value 7"},
      {oids::int8, "8000000000000000", "value -9223372036854775808"},
      {oids::oid, "ffffffff", "value 4294967295"},
      // a digit above 9999, and one below 0
      {oids::numeric, "0002 0000 0000 0004 0001 2710", malformed(10)},
      {oids::numeric, "0001 0000 0000 0000 ffff", malformed(8)},
      // a digit behind the scale
      {oids::numeric, "0001 ffff 0000 0003 0001", malformed(8)},
      {oids::numeric, "0002 0000 0000 0000 0001 0001", malformed(10)},
      // a sign that is none, a scale that is too large, a negative zero, NaN with digits
      {oids::numeric, "0000 0000 8000 0000", malformed(4)},
      {oids::numeric, "0000 0000 0000 4000", malformed(6)},
      {oids::numeric, "0000 0000 4000 0000", malformed(4)},
      {oids::numeric, "0001 0000 4000 0000 0000", malformed(4)},
      {oids::numeric, "0001 0000 c000 0000 0001", malformed(0)},
      // counts that lie
      {oids::numeric, "ffff 0000 0000 0000 0001", malformed(8)},
      {oids::numeric, "0000 0000 0000 0000 0001", malformed(8)},
  });
  auto const largest = test::parse_binary<numeric>(oids::numeric, "0001 7fff 0000 3fff 0001");
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->to_string().size(), 131'069 + 1 + 16'383u);
}

TEST(binary_number, numerics_are_written_as_the_server_does) {
  EXPECT_EQ(binary_of(numeric("0")), "0000000000000000");
  EXPECT_EQ(binary_of(numeric("0.00")), "0000000000000002");
  EXPECT_EQ(binary_of(numeric("-1234.50")), "000200004000000204d21388");
  EXPECT_EQ(binary_of(numeric("10000")), "00010001000000000001");
  EXPECT_EQ(binary_of(numeric("0.00001")), "0001fffe0000000503e8");
  EXPECT_EQ(binary_of(numeric("NaN")), "00000000c0000000");
  EXPECT_EQ(binary_of(numeric("Infinity")), "00000000d0000000");
  EXPECT_EQ(binary_of(numeric("-Infinity")), "00000000f0000000");
  EXPECT_EQ(binary_of(money(-5)), binary_of(numeric("-0.05")));
}

}  // namespace
}  // namespace tusk
