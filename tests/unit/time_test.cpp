// Times of day, without and with an offset: their text, its malformed forms, and std::chrono's types.
#include <gtest/gtest.h>

#include <sstream>
#include <tusk/types/error.hpp>
#include <tusk/types/time_of_day.hpp>
#include <type_traits>

#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::chrono_literals;
using std::chrono::hh_mm_ss;
using std::chrono::microseconds;
using std::chrono::seconds;
using types::errc;

static_assert(std::is_trivially_copyable_v<time> && std::is_trivially_copyable_v<time_tz>);
static_assert(adapter<time>::oid == oids::time && adapter<time_tz>::oid == oids::timetz);
static_assert(adapter<hh_mm_ss<seconds>>::oid == oids::time && readable<hh_mm_ss<std::chrono::nanoseconds>>);
static_assert(from_text<time>::reads(oids::time) && !from_text<time>::reads(oids::timetz));
static_assert(from_text<time_tz>::reads(oids::timetz) && !from_text<time_tz>::reads(oids::time));
static_assert(time(12h + 30min).since_midnight<std::chrono::minutes>() == 750min);  // when compiling, too

TEST(time, is_read_and_written) {
  test::expect_values<time>({
      {"00:00:00", time()},
      {"00:00:00.000001", time(1us)},
      {"00:00:00.1", time(100ms)},
      {"00:00:00.12", time(120ms)},
      {"00:00:00.123", time(123ms)},
      {"00:00:00.1234", time(123'400us)},
      {"00:00:00.12345", time(123'450us)},
      {"00:00:00.123456", time(123'456us)},
      {"00:00:00.100000", time(100ms), "00:00:00.1"},
      {"00:00:59", time(59s)},
      {"00:59:00", time(59min)},
      {"01:02:03.04", time(1h + 2min + 3s + 40ms)},
      {"23:59:59.999999", time(24h - 1us)},
      {"24:00:00", time(24h)},
      {"24:00:00.000000", time(24h), "24:00:00"},
  });
}

TEST(time, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_time;
  test::expect_failures<time>({
      {"", e, 0},
      {"1:02:03", e, 0},
      {"01", e, 2},
      {"01:2:03", e, 3},
      {"01:02", e, 5},
      {"01:02:", e, 6},
      {"01:02:3", e, 6},
      {"01-02:03", e, 2},
      {"01:02-03", e, 5},
      {"25:00:00", e, 0},
      {"24:00:00.000001", e, 0},
      {"24:00:01", e, 0},
      {"24:01:00", e, 0},
      {"00:60:00", e, 3},
      {"00:00:60", e, 6},
      {"00:00:00.", e, 9},
      {"00:00:00.1234567", e, 15},
      {"00:00:00.12345a", e, 14},
      {"00:00:00,1", e, 8},
      {"00:00:00 ", e, 8},
      {" 00:00:00", e, 0},
      {"-01:00:00", e, 0},
      {"00:00:00+00", e, 8},
      {"12:00:00 AM", e, 8},
      {"0\xb0:00:00", e, 0},
      {std::string_view("00:00:00\0", 9), e, 8},
  });
}

TEST(time, of_every_second_and_every_length_of_fraction_comes_back) {
  for (std::int64_t second = 0; second < 86'400; second += 7) {
    for (std::int64_t fraction : {0, 1, 10, 300, 5'000, 70'000, 900'000, 999'999}) {
      time const value(seconds(second) + microseconds(fraction));
      ASSERT_EQ(*test::parse<time>(*types::text_of(value)), value) << value;
    }
  }
}

TEST(time, becomes_a_duration_or_says_why_not) {
  time const value(1h + 30min);
  EXPECT_EQ(value.since_midnight(), 90min);
  EXPECT_EQ(value.since_midnight<std::chrono::minutes>(), 90min);
  EXPECT_EQ(value.since_midnight<std::chrono::nanoseconds>(), 90min);
  EXPECT_EQ(test::thrown<data_error>([&] { (void)value.since_midnight<std::chrono::hours>(); }).code(), errc::inexact);
  using few = std::chrono::duration<std::int16_t>;
  EXPECT_EQ(time(32'767s).since_midnight<few>().count(), 32'767);
  EXPECT_EQ(test::thrown<data_error>([&] { (void)time(32'768s).since_midnight<few>(); }).code(), errc::out_of_range);
}

TEST(time, is_sent_and_read_as_hh_mm_ss) {
  EXPECT_EQ(*types::text_of(hh_mm_ss(12h + 34min + 56s + 789ms)), "12:34:56.789");
  EXPECT_EQ(*types::text_of(hh_mm_ss(5h)), "05:00:00");
  EXPECT_EQ(test::parse<hh_mm_ss<microseconds>>("12:34:56.789")->to_duration(), 12h + 34min + 56s + 789ms);
  EXPECT_EQ(test::parse<hh_mm_ss<seconds>>("12:34:56")->minutes(), 34min);
  EXPECT_EQ(test::parse<hh_mm_ss<seconds>>("12:34:56.5").error().code, errc::inexact);
  EXPECT_EQ(test::parse<hh_mm_ss<seconds>>("12:34").error().code, errc::malformed_time);
  EXPECT_EQ(test::thrown<data_error>([] { types::text_of(hh_mm_ss(-1s)); }).code(), errc::out_of_range);
}

TEST(time, out_of_range_is_refused) {
  auto const refused = [](auto duration) { return test::thrown<data_error>([=] { (void)time(duration); }).code(); };
  EXPECT_EQ(refused(-1us), errc::out_of_range);
  EXPECT_EQ(refused(24h + 1us), errc::out_of_range);
  EXPECT_EQ(refused(std::chrono::hours::max()), errc::out_of_range);
  EXPECT_EQ(refused(std::chrono::years::min()), errc::out_of_range);
}

TEST(time, is_ordered_and_printed) {
  EXPECT_LT(time(24h - 1us), time(24h));
  EXPECT_NE(time(), time(24h));
  std::ostringstream to;
  to << time(24h) << ' ' << time_tz(time(1ms), -30min);
  EXPECT_EQ(to.str(), "24:00:00 00:00:00.001-00:30:00");
}

TEST(time_tz, is_read_and_written) {
  test::expect_values<time_tz>({
      {"00:00:00+00", time_tz(), "00:00:00+00:00:00"},
      {"00:00:00-00", time_tz(), "00:00:00+00:00:00"},
      {"04:05:06.789-08", time_tz(time(4h + 5min + 6s + 789ms), -8h), "04:05:06.789-08:00:00"},
      {"04:05:06+05:30", time_tz(time(4h + 5min + 6s), 330min), "04:05:06+05:30:00"},
      {"04:05:06-00:01:15", time_tz(time(4h + 5min + 6s), -75s)},
      {"24:00:00+15:59:59", time_tz(time(24h), seconds(time_tz::max_utc_offset))},
      {"00:00:00-15:59:59", time_tz(time(), -seconds(time_tz::max_utc_offset))},
  });
}

TEST(time_tz, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_time;
  test::expect_failures<time_tz>({
      {"", e, 0},
      {"00:00:00", e, 8},
      {"00:00:00+", e, 9},
      {"00:00:00+0", e, 9},
      {"00:00:00+16", e, 9},
      {"00:00:00+00:", e, 12},
      {"00:00:00+00:60", e, 12},
      {"00:00:00+00:00:60", e, 15},
      {"00:00:00+00:00:00 ", e, 17},
      {"00:00:00 +00", e, 8},
      {"00:00:00 CET", e, 8},
      {"00:00:00.1+-1", e, 11},
      {"24:00:01+00", e, 0},
  });
}

TEST(time_tz, beyond_the_largest_offset_is_refused) {
  auto const refused = [](seconds offset) {
    return test::thrown<data_error>([=] { (void)time_tz(time(), offset); }).code();
  };
  EXPECT_EQ(refused(16h), errc::out_of_range);
  EXPECT_EQ(refused(-16h), errc::out_of_range);
  EXPECT_EQ(refused(seconds::min()), errc::out_of_range);
  EXPECT_EQ(refused(seconds(std::int64_t{1} << 32)), errc::out_of_range);
}

// As the server says of '12:00+01' and '11:00+00'.
TEST(time_tz, is_ordered_by_utc_then_by_offset) {
  EXPECT_LT(time_tz(time(12h), 1h), time_tz(time(11h), 0h));
  EXPECT_NE(time_tz(time(12h), 1h), time_tz(time(11h), 0h));
  EXPECT_LT(time_tz(time(12h), 1h), time_tz(time(11h + 1us), 0h));
  EXPECT_LT(time_tz(time(), 15h), time_tz(time(), -15h));
  EXPECT_EQ(time_tz(time(12h), 1h), time_tz(time(12h), 1h));
}

}  // namespace
}  // namespace tusk
