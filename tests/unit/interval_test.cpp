// Intervals: their text in all four styles, its malformed forms, and std::chrono's durations.
#include <tusk/types/interval.hpp>

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <tusk/types/error.hpp>
#include <type_traits>

#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::chrono_literals;
using types::errc;

static_assert(std::is_trivially_copyable_v<interval> && sizeof(interval) == 16);
static_assert(adapter<interval>::oid == oids::interval && adapter<std::chrono::seconds>::oid == oids::interval);
static_assert(from_text<interval>::reads(oids::interval) && !from_text<interval>::reads(oids::time));
static_assert(from_text<std::chrono::seconds>::reads(oids::interval));
static_assert(interval::from_duration(90min).to_duration<std::chrono::minutes>() == 90min);  // when compiling, too
static_assert(interval::infinity() != interval::minus_infinity() && !interval::infinity().is_finite());

constexpr auto min32 = std::numeric_limits<std::int32_t>::min();
constexpr auto max32 = std::numeric_limits<std::int32_t>::max();
constexpr auto min64 = std::numeric_limits<std::int64_t>::min();
constexpr auto max64 = std::numeric_limits<std::int64_t>::max();

constexpr std::int64_t in_microseconds(std::chrono::microseconds value) { return value.count(); }

// A value as each style writes it; all were taken from servers of versions 15 and 18.
struct style_row {
  interval value;
  char const* postgres;
  char const* verbose;
  char const* sql;
  char const* iso;
  char const* written;
};

style_row const styles[] = {
    {{}, "00:00:00", "@ 0", "0", "PT0S", "+0 mons +0 days +0 secs"},
    {{1, 0, 0}, "1 mon", "@ 1 mon", "0-1", "P1M", "+1 mons +0 days +0 secs"},
    {{-1, 0, 0}, "-1 mons", "@ 1 mon ago", "-0-1", "P-1M", "-1 mons +0 days +0 secs"},
    {{12, 0, 0}, "1 year", "@ 1 year", "1-0", "P1Y", "+12 mons +0 days +0 secs"},
    {{14, 0, 0}, "1 year 2 mons", "@ 1 year 2 mons", "1-2", "P1Y2M", "+14 mons +0 days +0 secs"},
    {{-14, 0, 0}, "-1 years -2 mons", "@ 1 year 2 mons ago", "-1-2", "P-1Y-2M", "-14 mons +0 days +0 secs"},
    {{0, 1, 0}, "1 day", "@ 1 day", "1 0:00:00", "P1D", "+0 mons +1 days +0 secs"},
    {{0, -1, 0}, "-1 days", "@ 1 day ago", "-1 0:00:00", "P-1D", "+0 mons -1 days +0 secs"},
    {{0, 2, 0}, "2 days", "@ 2 days", "2 0:00:00", "P2D", "+0 mons +2 days +0 secs"},
    {{0, 0, 1},
     "00:00:00.000001",
     "@ 0.000001 secs",
     "0:00:00.000001",
     "PT0.000001S",
     "+0 mons +0 days +0.000001 secs"},
    {{0, 0, -1},
     "-00:00:00.000001",
     "@ 0.000001 secs ago",
     "-0:00:00.000001",
     "PT-0.000001S",
     "+0 mons +0 days -0.000001 secs"},
    {{0, 0, 1000000}, "00:00:01", "@ 1 sec", "0:00:01", "PT1S", "+0 mons +0 days +1 secs"},
    {{0, 0, -1000000}, "-00:00:01", "@ 1 sec ago", "-0:00:01", "PT-1S", "+0 mons +0 days -1 secs"},
    {{0, 0, -500000}, "-00:00:00.5", "@ 0.5 secs ago", "-0:00:00.5", "PT-0.5S", "+0 mons +0 days -0.5 secs"},
    {{0, 0, 3600000000}, "01:00:00", "@ 1 hour", "1:00:00", "PT1H", "+0 mons +0 days +3600 secs"},
    {{0, 0, 3661500000},
     "01:01:01.5",
     "@ 1 hour 1 min 1.5 secs",
     "1:01:01.5",
     "PT1H1M1.5S",
     "+0 mons +0 days +3661.5 secs"},
    {{0, 0, -3661500000},
     "-01:01:01.5",
     "@ 1 hour 1 min 1.5 secs ago",
     "-1:01:01.5",
     "PT-1H-1M-1.5S",
     "+0 mons +0 days -3661.5 secs"},
    {{0, 0, 360000000000}, "100:00:00", "@ 100 hours", "100:00:00", "PT100H", "+0 mons +0 days +360000 secs"},
    {{14, 3, 14706500000},
     "1 year 2 mons 3 days 04:05:06.5",
     "@ 1 year 2 mons 3 days 4 hours 5 mins 6.5 secs",
     "+1-2 +3 +4:05:06.5",
     "P1Y2M3DT4H5M6.5S",
     "+14 mons +3 days +14706.5 secs"},
    {{-14, -3, -14706500000},
     "-1 years -2 mons -3 days -04:05:06.5",
     "@ 1 year 2 mons 3 days 4 hours 5 mins 6.5 secs ago",
     "-1-2 -3 -4:05:06.5",
     "P-1Y-2M-3DT-4H-5M-6.5S",
     "-14 mons -3 days -14706.5 secs"},
    {{-14, 3, -14706500000},
     "-1 years -2 mons +3 days -04:05:06.5",
     "@ 1 year 2 mons -3 days 4 hours 5 mins 6.5 secs ago",
     "-1-2 +3 -4:05:06.5",
     "P-1Y-2M3DT-4H-5M-6.5S",
     "-14 mons +3 days -14706.5 secs"},
    {{14, -3, 14706500000},
     "1 year 2 mons -3 days +04:05:06.5",
     "@ 1 year 2 mons -3 days 4 hours 5 mins 6.5 secs",
     "+1-2 -3 +4:05:06.5",
     "P1Y2M-3DT4H5M6.5S",
     "+14 mons -3 days +14706.5 secs"},
    {{0, -1, 7384000000},
     "-1 days +02:03:04",
     "@ 1 day -2 hours -3 mins -4 secs ago",
     "+0-0 -1 +2:03:04",
     "P-1DT2H3M4S",
     "+0 mons -1 days +7384 secs"},
    {{0, -1, -7384000000},
     "-1 days -02:03:04",
     "@ 1 day 2 hours 3 mins 4 secs ago",
     "-1 2:03:04",
     "P-1DT-2H-3M-4S",
     "+0 mons -1 days -7384 secs"},
    {{0, 1, -7384000000},
     "1 day -02:03:04",
     "@ 1 day -2 hours -3 mins -4 secs",
     "+0-0 +1 -2:03:04",
     "P1DT-2H-3M-4S",
     "+0 mons +1 days -7384 secs"},
    {{-1, 0, 1},
     "-1 mons +00:00:00.000001",
     "@ 1 mon -0.000001 secs ago",
     "-0-1 +0 +0:00:00.000001",
     "P-1MT0.000001S",
     "-1 mons +0 days +0.000001 secs"},
    {{1, 0, -1},
     "1 mon -00:00:00.000001",
     "@ 1 mon -0.000001 secs",
     "+0-1 +0 -0:00:00.000001",
     "P1MT-0.000001S",
     "+1 mons +0 days -0.000001 secs"},
    {{1, 1, 0}, "1 mon 1 day", "@ 1 mon 1 day", "+0-1 +1 +0:00:00", "P1M1D", "+1 mons +1 days +0 secs"},
    {{-1, -1, 0}, "-1 mons -1 days", "@ 1 mon 1 day ago", "-0-1 -1 +0:00:00", "P-1M-1D", "-1 mons -1 days +0 secs"},
    {{-11, 0, 0}, "-11 mons", "@ 11 mons ago", "-0-11", "P-11M", "-11 mons +0 days +0 secs"},
    {{10, 0, -500000},
     "10 mons -00:00:00.5",
     "@ 10 mons -0.5 secs",
     "+0-10 +0 -0:00:00.5",
     "P10MT-0.5S",
     "+10 mons +0 days -0.5 secs"},
    {{max32, 0, 0},
     "178956970 years 7 mons",
     "@ 178956970 years 7 mons",
     "178956970-7",
     "P178956970Y7M",
     "+2147483647 mons +0 days +0 secs"},
    {{min32, 0, 0},
     "-178956970 years -8 mons",
     "@ 178956970 years 8 mons ago",
     "-178956970-8",
     "P-178956970Y-8M",
     "-2147483648 mons +0 days +0 secs"},
    {{0, max32, 0},
     "2147483647 days",
     "@ 2147483647 days",
     "2147483647 0:00:00",
     "P2147483647D",
     "+0 mons +2147483647 days +0 secs"},
    {{0, min32, 0},
     "-2147483648 days",
     "@ 2147483648 days ago",
     "-2147483648 0:00:00",
     "P-2147483648D",
     "+0 mons -2147483648 days +0 secs"},
    {{0, 0, max64},
     "2562047788:00:54.775807",
     "@ 2562047788 hours 54.775807 secs",
     "2562047788:00:54.775807",
     "PT2562047788H54.775807S",
     "+0 mons +0 days +9223372036854.775807 secs"},
    {{0, 0, min64},
     "-2562047788:00:54.775808",
     "@ 2562047788 hours 54.775808 secs ago",
     "-2562047788:00:54.775808",
     "PT-2562047788H-54.775808S",
     "+0 mons +0 days -9223372036854.775808 secs"},
    {{max32, max32, max64 - 1},
     "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
     "@ 178956970 years 7 mons 2147483647 days 2562047788 hours 54.775806 secs",
     "+178956970-7 +2147483647 +2562047788:00:54.775806",
     "P178956970Y7M2147483647DT2562047788H54.775806S",
     "+2147483647 mons +2147483647 days +9223372036854.775806 secs"},
    {{min32, min32, min64 + 1},
     "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807",
     "@ 178956970 years 8 mons 2147483648 days 2562047788 hours 54.775807 secs ago",
     "-178956970-8 -2147483648 -2562047788:00:54.775807",
     "P-178956970Y-8M-2147483648DT-2562047788H-54.775807S",
     "-2147483648 mons -2147483648 days -9223372036854.775807 secs"},
    {{min32, max32, min64},
     "-178956970 years -8 mons +2147483647 days -2562047788:00:54.775808",
     "@ 178956970 years 8 mons -2147483647 days 2562047788 hours 54.775808 secs ago",
     "-178956970-8 +2147483647 -2562047788:00:54.775808",
     "P-178956970Y-8M2147483647DT-2562047788H-54.775808S",
     "-2147483648 mons +2147483647 days -9223372036854.775808 secs"},
    {{max32, min32, max64},
     "178956970 years 7 mons -2147483648 days +2562047788:00:54.775807",
     "@ 178956970 years 7 mons -2147483648 days 2562047788 hours 54.775807 secs",
     "+178956970-7 -2147483648 +2562047788:00:54.775807",
     "P178956970Y7M-2147483648DT2562047788H54.775807S",
     "+2147483647 mons -2147483648 days +9223372036854.775807 secs"},
};

TEST(interval, is_read_in_every_style_and_written_in_one) {
  for (auto const& row : styles) {
    test::expect_values<interval>({{row.postgres, row.value, row.written},
                                   {row.verbose, row.value, row.written},
                                   {row.sql, row.value, row.written},
                                   {row.iso, row.value, row.written},
                                   {row.written, row.value}});
  }
  test::expect_values<interval>({{"infinity", interval::infinity()}, {"-infinity", interval::minus_infinity()}});
}

// What no server writes, but has one meaning only.
TEST(interval, is_read_where_its_fields_are_larger_than_a_server_writes_them) {
  EXPECT_EQ(*test::parse<interval>("25 mons 40 days 100:00:00.000000"), (interval{25, 40, in_microseconds(100h)}));
  EXPECT_EQ(*test::parse<interval>("1 year -3 mons"), interval{.months = 9});
  EXPECT_EQ(*test::parse<interval>("P400DT90M"), (interval{0, 400, in_microseconds(90min)}));
  EXPECT_EQ(*test::parse<interval>("1 day 90 mins"), (interval{0, 1, in_microseconds(90min)}));
}

TEST(interval, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_interval;
  test::expect_failures<interval>({
      {"", e, 0},
      {" ", e, 0},
      {"1", e, 1},
      {"+0", e, 2},
      {"-0", e, 2},
      {"0 ", e, 2},
      {"1 ", e, 2},
      {"1 yea", e, 2},
      {"1 years ", e, 8},
      {"1 year2 mons", e, 6},
      {"1 yearss", e, 7},
      {"1 week", e, 2},
      {"1 month", e, 5},
      {"1 days 1 year", e, 9},
      {"1 day 1 day", e, 8},
      {"1.5 days", e, 4},
      {"1.5 year", e, 4},
      {"1.1234567 secs", e, 8},
      {"1. secs", e, 2},
      {".5 secs", e, 0},
      {"1 day ago", e, 6},
      {"--1 day", e, 1},
      {"+-1 day", e, 1},
      {"1 day 02:03", e, 11},
      {"1 day 2:3:04", e, 8},
      {"1 day 02:60:04", e, 9},
      {"1 day 02:03:60", e, 12},
      {"1 day 02:03:04 ", e, 14},
      {"1 day 02:03:04.", e, 15},
      {"1 day 02:03:04.1234567", e, 21},
      {"1 day 02:03:04 1 sec", e, 14},
      {"@", e, 0},
      {"@ ", e, 2},
      {"@ 1", e, 3},
      {"@ 0 ago", e, 4},
      {"@ ago", e, 2},
      {"@ 1 day ag", e, 8},
      {"@ 1 day ago ", e, 11},
      {"@ 1 day 02:03:04", e, 10},
      {"@ 1-2", e, 3},
      {"1-12", e, 2},
      {"1-", e, 2},
      {"1-2 ", e, 4},
      {"1-2 3", e, 5},
      {"1-2 3 4:05:06", e, 0},
      {"+1-2 3 +4:05:06", e, 0},
      {"+1-2 +3 4:05:06", e, 0},
      {"1-2 +3 +4:05:06", e, 0},
      {"+1-2 +3 +4:05:06 ", e, 16},
      {"3 4:05", e, 6},
      {"3 4", e, 3},
      {"3 +4:05:06", e, 2},
      {"3  4:05:06", e, 2},
      {"P", e, 1},
      {"PT", e, 2},
      {"P1", e, 2},
      {"P1W", e, 2},
      {"P1S", e, 2},
      {"P1DT", e, 4},
      {"PT1D", e, 3},
      {"P1D1Y", e, 4},
      {"P1Y1Y", e, 4},
      {"P1DTT1H", e, 4},
      {"P1.5D", e, 4},
      {"PT1.5H", e, 5},
      {"PT1.S", e, 4},
      {"P1Y ", e, 3},
      {"p1y", e, 0},
      {"P0001-02-03T04:05:06", e, 5},
      {"Infinity", e, 0},
      {"infinity ", e, 0},
      {"9999999999999999999 years", errc::out_of_range, 0},
      {"99999999999999999999 years", e, 19},
      {"178956970 years 8 mons", errc::out_of_range, 0},
      {"-178956970 years -9 mons", errc::out_of_range, 0},
      {"2147483648 days", errc::out_of_range, 0},
      {"-2147483649 days", errc::out_of_range, 0},
      {"2562047788:00:54.775808", errc::out_of_range, 0},
      {"-2562047788:00:54.775809", errc::out_of_range, 0},
      {"9999999999999999999:59:59.999999", errc::out_of_range, 0},
      {"PT-9999999999999999999H-9999999999999999999M-9999999999999999999.9S", errc::out_of_range, 0},
  });
}

TEST(interval, of_any_size_comes_back) {
  std::mt19937_64 random(1);
  auto const any = [&] { return static_cast<std::int64_t>(random()) >> random() % 64; };
  for (int i = 0; i < 200'000; ++i) {
    interval const value{static_cast<std::int32_t>(any()), static_cast<std::int32_t>(any()), any()};
    ASSERT_EQ(*test::parse<interval>(*types::text_of(value)), value) << value;
  }
}

TEST(interval, is_sent_as_a_duration) {
  EXPECT_EQ(*types::text_of(90s), "+0 mons +0 days +90 secs");
  EXPECT_EQ(*types::text_of(std::chrono::days(-1)), "+0 mons +0 days -86400 secs");
  EXPECT_EQ(*types::text_of(std::chrono::microseconds::min()), "+0 mons +0 days -9223372036854.775808 secs");
  EXPECT_EQ(test::thrown<data_error>([] { types::text_of(std::chrono::hours::max()); }).code(), errc::out_of_range);
  EXPECT_EQ(test::thrown<data_error>([] { types::text_of(std::chrono::milliseconds::min()); }).code(),
            errc::out_of_range);
}

template <class To>
errc refusal(std::string_view text) {
  interval const value = *test::parse<interval>(text);
  auto const thrown = test::thrown<data_error>([&] { (void)value.to_duration<To>(); });
  EXPECT_EQ(test::parse<To>(text).error().code, thrown.code());
  return static_cast<errc>(thrown.code().value());
}

TEST(interval, becomes_a_duration_or_says_why_not) {
  EXPECT_EQ(*test::parse<std::chrono::seconds>("-01:00:00"), -1h);
  EXPECT_EQ(*test::parse<std::chrono::nanoseconds>("00:00:00.000001"), 1us);
  EXPECT_EQ(*test::parse<std::chrono::days>("48:00:00"), std::chrono::days(2));
  EXPECT_EQ(refusal<std::chrono::seconds>("1 day"), errc::has_calendar_units);
  EXPECT_EQ(refusal<std::chrono::seconds>("1 mon -30 days"), errc::has_calendar_units);
  EXPECT_EQ(refusal<std::chrono::seconds>("infinity"), errc::infinite);
  EXPECT_EQ(refusal<std::chrono::seconds>("00:00:00.5"), errc::inexact);
  EXPECT_EQ(refusal<std::chrono::hours>("00:30:00"), errc::inexact);
  EXPECT_EQ(refusal<std::chrono::nanoseconds>("2562047788:00:54.775807"), errc::out_of_range);
  using few = std::chrono::duration<std::int8_t>;
  EXPECT_EQ(refusal<few>("00:02:08"), errc::out_of_range);
  EXPECT_EQ(test::parse<few>("-00:02:08")->count(), -128);
  EXPECT_EQ(test::parse<std::chrono::seconds>("1 week").error().code, errc::malformed_interval);
}

TEST(interval, is_printed_as_it_is_sent) {
  std::ostringstream to;
  to << interval{-14, 3, 1} << ", " << interval::infinity();
  EXPECT_EQ(to.str(), "-14 mons +3 days +0.000001 secs, infinity");
}

}  // namespace
}  // namespace tusk
