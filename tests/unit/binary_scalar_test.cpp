// The binary form of text, bytes, dates and times, and the small types: values, and what is refused.
#include <gtest/gtest.h>

#include <bitset>
#include <chrono>
#include <limits>
#include <tusk/types/error.hpp>
#include <tusk/types/wrappers.hpp>

#include "support/binary_form.hpp"

namespace tusk {
namespace {

using namespace std::chrono;
using test::binary_of;
using test::binary_outcome;
using test::expect_no_other_size;
using test::failure;
using test::parse_binary;
using types::errc;

std::string malformed(std::size_t at) { return failure(errc::malformed_binary, at); }
std::string out_of_range(std::size_t at = 0) { return failure(errc::out_of_range, at); }

struct row {
  oid type;
  std::string_view form;
  std::string expected;
};

template <class T>
void check(std::initializer_list<row> rows) {
  for (row const& r : rows)
    EXPECT_EQ(binary_outcome<T>(r.type, r.form), r.expected) << type_name(r.type) << ' ' << r.form;
}

// ---- text and bytes -------------------------------------------------------------------------------------------------

TEST(binary_text, strings) {
  std::initializer_list<row> const rows = {
      {oids::text, "'abc'", "value abc"},
      {oids::text, "", "value "},
      {oids::varchar, "'abc'", "value abc"},
      {oids::bpchar, "'ab '", "value ab "},
      {oids::name, "'pg_class'", "value pg_class"},
      {oids::json, "'{}'", "value {}"},
      {oids::jsonb, "01 '{}'", "value {}"},
      {oids::jsonb, "02 '{}'", malformed(0)},
      {oids::jsonb, "", malformed(0)},
      {oids::jsonpath, "01 '$'", "value $"},
      {oids::xml, "'<a/>'", "value <a/>"},
      {oids::char_, "'a'", "value a"},
      {oids::char_, "00", "value "},
      {oids::char_, "ff", "value \\377"},
      {oids::char_, "80", "value \\200"},
      {oids::char_, "'ab'", malformed(1)},
      {oids::char_, "", malformed(0)},
  };
  check<std::string>(rows);
  for (row const& r : rows) {
    std::string const form = test::bytes(r.form);
    EXPECT_EQ(test::outcome_of(from_binary<std::string_view>::parse(form, r.type)), r.expected) << r.form;
  }
}

TEST(binary_text, one_byte) {
  check<char>({{oids::char_, "'a'", "value a"},
               {oids::char_, "00", "value "},
               {oids::char_, "ff", "value \\377"},
               {oids::bpchar, "'a'", "value a"},
               {oids::bpchar, "'ab'", failure(errc::malformed_char, 0)}});
  expect_no_other_size<char>(oids::char_, "'a'");
  EXPECT_EQ(binary_of('\xff'), "ff");
}

TEST(binary_text, documents) {
  EXPECT_EQ(parse_binary<json>(oids::jsonb, "01 '[1]'")->to_string(), "[1]");
  EXPECT_EQ(parse_binary<json>(oids::json, "'[1]'")->to_string(), "[1]");
  EXPECT_EQ(parse_binary<xml>(oids::xml, "'<a/>'")->to_string(), "<a/>");
  EXPECT_EQ(binary_outcome<json>(oids::jsonb, "02 '[1]'"), malformed(0));
  EXPECT_EQ(binary_of(json("[12]")), "01 '[12]'");
  EXPECT_EQ(binary_of(xml("<a/>")), "'<a/>'");
  EXPECT_THROW(binary_of(json("\xff")), data_error);
}

TEST(binary_text, byte_strings) {
  using bytes = std::vector<std::byte>;
  using three = std::array<std::byte, 3>;
  check<bytes>({{oids::bytea, "00ff", "value \\x00ff"}, {oids::bytea, "", "value \\x"}});
  check<three>({{oids::bytea, "00ff01", "value \\x00ff01"},
                {oids::bytea, "00ff", failure(errc::wrong_count, 0)},
                {oids::bytea, "00ff0102", failure(errc::wrong_count, 0)}});
  EXPECT_EQ(binary_of(bytes{std::byte{0}, std::byte{0xff}}), "00ff");
  EXPECT_EQ(binary_of(binary("abc")), "'abc'");
  static_assert(types::prefers_binary<bytes> && types::prefers_binary<binary> && types::prefers_binary<three>);
}

// ---- dates and times ------------------------------------------------------------------------------------------------

TEST(binary_time, dates) {
  check<date>({{oids::date, "00000000", "value 2000-01-01"},
               {oids::date, "ffffffff", "value 1999-12-31"},
               {oids::date, "7fffffff", "value infinity"},
               {oids::date, "80000000", "value -infinity"},
               {oids::date, "ffda97a7", "value 4714-11-24 BC"},
               {oids::date, "ffda97a6", out_of_range()},
               {oids::date, "7fda970c", "value 5874897-12-31"},
               {oids::date, "7fda970d", out_of_range()}});
  check<year_month_day>({{oids::date, "00000000", "value 2000-01-01"},
                         {oids::date, "7fffffff", failure(errc::infinite, 0)},
                         {oids::date, "7fda970c", out_of_range()}});
  check<sys_days>({{oids::date, "80000000", failure(errc::infinite, 0)}, {oids::date, "00000001", "value 2000-01-02"}});
  expect_no_other_size<date>(oids::date, "00000000");
  expect_no_other_size<local_days>(oids::date, "00000000");
  EXPECT_EQ(binary_of(date::infinity()), "7fffffff");
  EXPECT_EQ(binary_of(sys_days(2000y / January / 2)), "00000001");
  EXPECT_EQ(binary_of(1999y / December / 31), "ffffffff");
  static_assert(types::prefers_binary<date> && types::prefers_binary<year_month_day>);
}

TEST(binary_time, times_of_day) {
  check<tusk::time>({{oids::time, "0000000000000000", "value 00:00:00"},
                     {oids::time, "000000141dd76000", "value 24:00:00"},
                     {oids::time, "000000141dd76001", out_of_range()},
                     {oids::time, "ffffffffffffffff", out_of_range()},
                     {oids::time, "00000000000f4241", "value 00:00:01.000001"}});
  check<hh_mm_ss<seconds>>({{oids::time, "00000000000f4240", "value 00:00:01"},
                            {oids::time, "00000000000f4241", failure(errc::inexact, 0)}});
  check<time_tz>({{oids::timetz, "0000000000000000 00000000", "value 00:00:00+00:00:00"},
                  {oids::timetz, "0000000000000000 fffff1f0", "value 00:00:00+01:00:00"},
                  {oids::timetz, "0000000000000000 0000e0ff", "value 00:00:00-15:59:59"},
                  {oids::timetz, "0000000000000000 0000e100", out_of_range(8)},
                  {oids::timetz, "0000000000000000 80000000", out_of_range(8)},
                  {oids::timetz, "ffffffffffffffff 00000000", out_of_range(0)}});
  expect_no_other_size<tusk::time>(oids::time, "0000000000000000");
  expect_no_other_size<time_tz>(oids::timetz, "0000000000000000 00000000");
  EXPECT_EQ(binary_of(time_tz(tusk::time(seconds(1)), hours(1))), "00000000000f4240fffff1f0");
  EXPECT_EQ(binary_of(hh_mm_ss(seconds(1))), "00000000000f4240");
}

TEST(binary_time, timestamps) {
  check<timestamp>({{oids::timestamp, "0000000000000000", "value 2000-01-01 00:00:00"},
                    {oids::timestamp, "7fffffffffffffff", "value infinity"},
                    {oids::timestamp, "8000000000000000", "value -infinity"},
                    {oids::timestamp, "fd0f7cc1411fa000", "value 4714-11-24 00:00:00 BC"},
                    {oids::timestamp, "fd0f7cc1411f9fff", out_of_range()},
                    {oids::timestamp, "7fffff5bb3b29fff", "value 294276-12-31 23:59:59.999999"},
                    {oids::timestamp, "7fffff5bb3b2a000", out_of_range()}});
  check<timestamptz>({{oids::timestamptz, "ffffffffffffffff", "value 1999-12-31 23:59:59.999999+00"}});
  check<sys_seconds>({{oids::timestamptz, "00000000000f4240", "value 2000-01-01 00:00:01+00"},
                      {oids::timestamptz, "00000000000f4241", failure(errc::inexact, 0)},
                      {oids::timestamptz, "7fffffffffffffff", failure(errc::infinite, 0)}});
  check<sys_time<nanoseconds>>({{oids::timestamptz, "7fffff5bb3b29fff", out_of_range()}});
  expect_no_other_size<timestamp>(oids::timestamp, "0000000000000000");
  expect_no_other_size<sys_seconds>(oids::timestamptz, "0000000000000000");
  EXPECT_EQ(binary_of(sys_time<nanoseconds>(sys_days(2000y / January / 1)) + nanoseconds(1'999)), "0000000000000001");
  EXPECT_EQ(binary_of(timestamp::minus_infinity()), "8000000000000000");
}

TEST(binary_time, intervals) {
  check<interval>({{oids::interval, "0000000000000001 00000002 00000003", "value +3 mons +2 days +0.000001 secs"},
                   {oids::interval, "7fffffffffffffff 7fffffff 7fffffff", "value infinity"},
                   {oids::interval, "8000000000000000 80000000 80000000", "value -infinity"}});
  check<seconds>({{oids::interval, "00000000000f4240 00000000 00000000", "value +0 mons +0 days +1 secs"},
                  {oids::interval, "00000000000f4241 00000000 00000000", failure(errc::inexact, 0)},
                  {oids::interval, "0000000000000000 00000001 00000000", failure(errc::has_calendar_units, 0)},
                  {oids::interval, "7fffffffffffffff 7fffffff 7fffffff", failure(errc::infinite, 0)}});
  expect_no_other_size<interval>(oids::interval, "0000000000000001 00000002 00000003");
  EXPECT_EQ(binary_of(interval{.months = 3, .days = 2, .microseconds = 1}), "00000000000000010000000200000003");
  EXPECT_EQ(binary_of(seconds(-1)), "fffffffffff0bdc00000000000000000");
  static_assert(types::prefers_binary<seconds> && !types::prefers_binary<interval>);
}

// ---- the small types ------------------------------------------------------------------------------------------------

TEST(binary_small, uuids) {
  constexpr std::string_view form = "00112233445566778899aabbccddeeff";
  check<uuid>({{oids::uuid, form, "value 00112233-4455-6677-8899-aabbccddeeff"}});
  expect_no_other_size<uuid>(oids::uuid, form);
  EXPECT_EQ(binary_of(uuid("00000000-0000-0000-0000-0000000000ff")), "000000000000000000000000000000ff");
}

TEST(binary_small, money_is_a_count) {
  EXPECT_EQ(parse_binary<money>(oids::money, "ffffffffffffff6a")->units(), -150);
  expect_no_other_size<money>(oids::money, "ffffffffffffff6a");
}

TEST(binary_small, addresses) {
  check<inet>({{oids::inet, "02 20 00 04 01020304", "value 1.2.3.4"},
               {oids::inet, "02 08 00 04 01020304", "value 1.2.3.4/8"},
               {oids::inet, "03 80 00 10 00000000000000000000000000000001", "value ::1"},
               {oids::cidr, "02 08 01 04 01000000", "value 1.0.0.0/8"},
               {oids::inet, "01 20 00 04 01020304", malformed(0)},
               {oids::inet, "0a 20 00 04 01020304", malformed(0)},
               {oids::inet, "02 21 00 04 01020304", malformed(1)},
               {oids::inet, "03 81 00 10 00000000000000000000000000000001", malformed(1)},
               {oids::inet, "02 20 01 04 01020304", malformed(2)},
               {oids::cidr, "02 20 00 04 01020304", malformed(2)},
               {oids::inet, "02 20 00 10 01020304", malformed(3)},
               {oids::inet, "02 20 00 05 0102030405", malformed(3)}});
  check<cidr>({{oids::cidr, "02 08 01 04 01000000", "value 1.0.0.0/8"},
               {oids::cidr, "02 08 01 04 01000001", failure(errc::malformed_address, 4)}});
  expect_no_other_size<inet>(oids::inet, "02 20 00 04 01020304");
  expect_no_other_size<cidr>(oids::cidr, "03 80 01 10 00000000000000000000000000000001");
  EXPECT_EQ(binary_of(inet("1.2.3.4/8")), "0208000401020304");
  EXPECT_EQ(binary_of(cidr("::1/128")), "0380011000000000000000000000000000000001");
}

TEST(binary_small, bit_strings) {
  check<bits>({{oids::varbit, "00000000", "value "},
               {oids::bit, "00000001 80", "value 1"},
               {oids::varbit, "00000009 a500", "value 101001010"},
               {oids::varbit, "00000008 a5", "value 10100101"},
               {oids::varbit, "00000001 c0", malformed(4)},
               {oids::varbit, "00000009 a501", malformed(5)},
               {oids::varbit, "ffffffff", malformed(0)},
               {oids::varbit, "7fffffff a5", malformed(4)},
               {oids::varbit, "00000008 a500", malformed(5)}});
  check<std::bitset<3>>(
      {{oids::bit, "00000003 a0", "value 101"}, {oids::bit, "00000002 80", failure(errc::wrong_count, 0)}});
  expect_no_other_size<bits>(oids::varbit, "00000009 a500");
  EXPECT_EQ(binary_of(bits("101001011")), "00000009a580");
  EXPECT_EQ(binary_of(bits()), "00000000");
  EXPECT_EQ(binary_of(std::bitset<3>("101")), "00000003a0");
}

}  // namespace
}  // namespace tusk
