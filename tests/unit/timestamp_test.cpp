// Timestamps without and with time zone: their text, its malformed forms, and std::chrono's types.
#include <tusk/types/timestamp.hpp>

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
using std::chrono::local_days;
using std::chrono::local_time;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using types::errc;

static_assert(std::is_trivially_copyable_v<timestamp> && sizeof(timestamptz) == 8);
static_assert(adapter<timestamp>::oid == oids::timestamp && adapter<timestamptz>::oid == oids::timestamptz);
static_assert(adapter<local_time<seconds>>::oid == oids::timestamp);
static_assert(adapter<sys_time<microseconds>>::oid == oids::timestamptz && adapter<sys_days>::oid == oids::date);
static_assert(readable<sys_time<nanoseconds>> && quickly_readable<local_time<seconds>>);
static_assert(from_text<timestamp>::reads(oids::timestamp) && !from_text<timestamp>::reads(oids::timestamptz));
static_assert(from_text<sys_time<seconds>>::reads(oids::timestamptz) && !from_text<sys_days>::reads(oids::timestamptz));
static_assert(!std::is_same_v<timestamp, timestamptz> && !std::is_convertible_v<timestamp, timestamptz>);
static_assert(!adaptable<std::chrono::steady_clock::time_point> && !readable<std::chrono::utc_time<seconds>>);
static_assert(timestamptz(sys_days{2024y / 2 / 29}).time_point() == sys_days{2024y / 2 / 29});  // when compiling, too

timestamp local(std::chrono::year_month_day day, microseconds of_day = 0us) {
  return timestamp(local_days{day} + of_day);
}
timestamptz utc(std::chrono::year_month_day day, microseconds of_day = 0us) {
  return timestamptz(sys_days{day} + of_day);
}
timestamp at(std::int64_t count) { return timestamp::from_microseconds_since_2000(count); }
timestamptz tz_at(std::int64_t count) { return timestamptz::from_microseconds_since_2000(count); }

TEST(timestamp, is_read_and_written) {
  test::expect_values<timestamp>({
      {"2000-01-01 00:00:00", at(0)},
      {"1999-12-31 23:59:59.999999", at(-1)},
      {"1970-01-01 00:00:00", at(-946'684'800'000'000)},
      {"2024-02-29 12:34:56.789", local(2024y / 2 / 29, 12h + 34min + 56s + 789ms)},
      {"2024-02-29 12:34:56.7", local(2024y / 2 / 29, 12h + 34min + 56s + 700ms)},
      {"2024-02-29 12:34:56.000001", local(2024y / 2 / 29, 12h + 34min + 56s + 1us)},
      {"2024-02-29 12:34:56.700", local(2024y / 2 / 29, 12h + 34min + 56s + 700ms), "2024-02-29 12:34:56.7"},
      {"0001-01-01 00:00:00", local(1y / 1 / 1)},
      {"0001-12-31 23:59:59.999999 BC", local(0y / 12 / 31, 24h - 1us)},
      {"0044-03-15 12:00:00 BC", local(-43y / 3 / 15, 12h)},
      {"4714-11-24 00:00:00 BC", at(timestamp::first_microsecond)},
      {"10000-01-01 00:00:00.5", local(10000y / 1 / 1, 500ms)},
      {"294276-12-31 23:59:59.999999", at(timestamp::last_microsecond)},
      {"infinity", timestamp::infinity()},
      {"-infinity", timestamp::minus_infinity()},
  });
}

TEST(timestamp, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_timestamp;
  test::expect_failures<timestamp>({
      {"", e, 0},
      {"2024-02-29", e, 10},
      {"2024-02-29 ", e, 11},
      {"2024-02-29T12:34:56", e, 10},
      {"2024-02-29 12:34", e, 16},
      {"2024-02-29 12:34:5", e, 17},
      {"2024-02-29 12:34:56.", e, 20},
      {"2024-02-29 12:34:56.1234567", e, 26},
      {"2024-02-29 12:34:56.12345x", e, 25},
      {"2024-02-29 12:34:56 ", e, 19},
      {"2024-02-29 12:34:56+00", e, 19},
      {"2024-02-29 12:34:56-08 BC", e, 19},
      {"2024-02-29 12:34:56 BC ", e, 22},
      {"2024-02-29  12:34:56", e, 11},
      {"2024-02-29 1:34:56", e, 11},
      {"2024-02-29 24:00:00", e, 11},
      {"2024-02-29 12:60:00", e, 14},
      {"2024-02-29 12:00:60", e, 17},
      {"2024-02-30 12:00:00", e, 8},
      {"2023-02-29 12:00:00", e, 8},
      {"2024-13-01 12:00:00", e, 8},
      {"0000-01-01 12:00:00", e, 0},
      {"0002-02-29 12:00:00 BC", e, 8},
      {"12345678-01-01 12:00:00", e, 7},
      {"2024-02-29 12:34:5\xb6", e, 17},
      {"\xb2"
       "024-02-29 12:34:56",
       e, 0},
      {"2024-02-2: 12:34:56", e, 8},
      {"infinity BC", e, 0},
      {"-infinity ", e, 0},
      {"epoch", e, 0},
      {"4714-11-23 23:59:59.999999 BC", errc::out_of_range, 0},
      {"9999999-01-01 00:00:00 BC", errc::out_of_range, 0},
      {"294277-01-01 00:00:00", errc::out_of_range, 0},
      {"9999999-12-31 23:59:59", errc::out_of_range, 0},
  });
}

TEST(timestamptz, is_read_at_any_offset_and_written_in_utc) {
  auto const noon = utc(2024y / 2 / 29, 12h);
  std::string_view const written = "2024-02-29 12:00:00+00";
  test::expect_values<timestamptz>({
      {"2024-02-29 12:00:00+00", noon, written},
      {"2024-02-29 12:00:00-00", noon, written},
      {"2024-02-29 13:00:00+01", noon, written},
      {"2024-02-29 04:00:00-08", noon, written},
      {"2024-02-29 17:30:00+05:30", noon, written},
      {"2024-02-29 08:30:00-03:30", noon, written},
      {"2024-02-29 12:19:32+00:19:32", noon, written},
      {"2024-02-29 11:58:45-00:01:15", noon, written},
      {"2024-03-01 02:00:00+14", noon, written},
      {"2024-03-07 11:00:00+167", noon, written},
  });
  test::expect_values<timestamptz>({
      {"2024-02-29 17:30:00.123456+05:30", utc(2024y / 2 / 29, 12h + 123'456us), "2024-02-29 12:00:00.123456+00"},
      {"0044-03-15 12:00:00+00 BC", utc(-43y / 3 / 15, 12h)},
      {"0001-12-31 23:30:00-00:30 BC", utc(1y / 1 / 1), "0001-01-01 00:00:00+00"},
      {"0001-01-01 00:30:00+01", utc(0y / 12 / 31, 23h + 30min), "0001-12-31 23:30:00+00 BC"},
      {"10000-01-01 00:00:00+01", utc(9999y / 12 / 31, 23h), "9999-12-31 23:00:00+00"},
      {"4714-11-24 00:00:00+00 BC", tz_at(timestamptz::first_microsecond)},
      {"4714-11-23 16:07:02-07:52:58 BC", tz_at(timestamptz::first_microsecond), "4714-11-24 00:00:00+00 BC"},
      {"294276-12-31 23:59:59.999999+00", tz_at(timestamptz::last_microsecond)},
      {"294277-01-01 05:29:59.999999+05:30", tz_at(timestamptz::last_microsecond), "294276-12-31 23:59:59.999999+00"},
      {"infinity", timestamptz::infinity()},
      {"-infinity", timestamptz::minus_infinity()},
  });
}

TEST(timestamptz, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_timestamp;
  test::expect_failures<timestamptz>({
      {"", e, 0},
      {"2024-02-29", e, 10},
      {"2024-02-29 12:34:56", e, 19},
      {"2024-02-29 12:34:56 BC", e, 19},
      {"2024-02-29 12:34:56+", e, 20},
      {"2024-02-29 12:34:56+1", e, 20},
      {"2024-02-29 12:34:56+0a", e, 20},
      {"2024-02-29 12:34:56+168", e, 20},
      {"2024-02-29 12:34:56+01:", e, 23},
      {"2024-02-29 12:34:56+01:60", e, 23},
      {"2024-02-29 12:34:56+01:00:60", e, 26},
      {"2024-02-29 12:34:56+01:00:00:00", e, 28},
      {"2024-02-29 12:34:56 +01", e, 19},
      {"2024-02-29 12:34:56 CET", e, 19},
      {"2024-02-29 12:34:56Z", e, 19},
      {"2024-02-29 12:34:56 BC+01", e, 19},
      {"2024-02-30 12:34:56+01", e, 8},
      {"2024-02-29 24:00:00+01", e, 11},
      {"4714-11-24 00:30:00+01 BC", errc::out_of_range, 0},
      {"294276-12-31 23:30:00-01", errc::out_of_range, 0},
      {"9999999-12-31 23:30:00-01", errc::out_of_range, 0},
  });
}

TEST(timestamp, of_another_date_style_is_refused) {
  for (char const* text :
       {"12/17/1997 07:37:16", "17/12/1997 07:37:16.25", "Wed Dec 17 07:37:16 1997", "Wed 17 Dec 07:37:16 1997",
        "17.12.1997 07:37:16", "12/17/12345 07:37:16 BC", "12/17/1997 07:37:16 PST", "Wed Dec 17 07:37:16 1997 PST",
        "Wed 17 Dec 07:37:16.5 1997 +05:30", "17.12.1997 07:37:16.00 CET", "17.12.1997 07:37:16 +0530"}) {
    EXPECT_EQ(test::parse<timestamp>(text).error().code, errc::malformed_timestamp) << text;
    EXPECT_EQ(test::parse<timestamptz>(text).error().code, errc::malformed_timestamp) << text;
    EXPECT_EQ(test::parse<sys_time<seconds>>(text).error().code, errc::malformed_timestamp) << text;
  }
  EXPECT_CONTAINS("DateStyle", make_error_code(errc::malformed_timestamp).message());
}

TEST(timestamp, of_any_size_comes_back) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    std::int64_t const count = static_cast<std::int64_t>(random()) >> random() % 64;
    if (count < timestamp::first_microsecond || count > timestamp::last_microsecond) continue;
    ASSERT_EQ(*test::parse<timestamp>(*types::text_of(at(count))), at(count)) << at(count);
    ASSERT_EQ(*test::parse<timestamptz>(*types::text_of(tz_at(count))), tz_at(count)) << tz_at(count);
  }
}

TEST(timestamp, is_sent_and_read_as_a_time_point) {
  EXPECT_EQ(*types::text_of(local_days{2024y / 2 / 29} + 12h), "2024-02-29 12:00:00");
  EXPECT_EQ(*types::text_of(sys_days{1969y / 12 / 31} + 23h + 59min + 59s + 999'999us),
            "1969-12-31 23:59:59.999999+00");
  EXPECT_EQ(*types::text_of(sys_time<seconds>{}), "1970-01-01 00:00:00+00");
  EXPECT_EQ(*test::parse<local_time<microseconds>>("2024-02-29 12:00:00.5"), local_days{2024y / 2 / 29} + 12h + 500ms);
  EXPECT_EQ(*test::parse<sys_time<nanoseconds>>("2024-02-29 12:00:00.5+01"), sys_days{2024y / 2 / 29} + 11h + 500ms);
  EXPECT_EQ(*test::parse<sys_time<seconds>>("1969-12-31 23:59:59+00"), sys_time<seconds>(-1s));
}

template <class To>
errc refusal(std::string_view text) {
  using own = basic_timestamp<typename To::clock>;
  own const value = *test::parse<own>(text);
  auto const thrown = test::thrown<data_error>([&] { (void)value.template time_point<typename To::duration>(); });
  auto const read = test::parse<To>(text);
  EXPECT_EQ(read.error().code, thrown.code());
  EXPECT_EQ(read.error().position, 0u);
  return static_cast<errc>(thrown.code().value());
}

TEST(timestamp, becomes_a_time_point_or_says_why_not) {
  EXPECT_EQ(refusal<sys_time<microseconds>>("infinity"), errc::infinite);
  EXPECT_EQ(refusal<local_time<seconds>>("-infinity"), errc::infinite);
  EXPECT_EQ(refusal<sys_time<seconds>>("2024-02-29 12:00:00.000001+00"), errc::inexact);
  EXPECT_EQ(refusal<sys_time<seconds>>("1969-12-31 23:59:59.5+00"), errc::inexact);
  EXPECT_EQ(refusal<local_time<std::chrono::hours>>("2024-02-29 12:30:00"), errc::inexact);
  // 2^63 nanoseconds and microseconds from 1970 on
  EXPECT_TRUE(test::parse<sys_time<nanoseconds>>("2262-04-11 23:47:16.854775+00"));
  EXPECT_EQ(refusal<sys_time<nanoseconds>>("2262-04-11 23:47:16.854776+00"), errc::out_of_range);
  EXPECT_TRUE(test::parse<sys_time<nanoseconds>>("1677-09-21 00:12:43.145225+00"));
  EXPECT_EQ(refusal<sys_time<nanoseconds>>("1677-09-21 00:12:43.145224+00"), errc::out_of_range);
  EXPECT_EQ(test::parse<sys_time<microseconds>>("294247-01-10 04:00:54.775807+00")->time_since_epoch().count(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(refusal<sys_time<microseconds>>("294247-01-10 04:00:54.775808+00"), errc::out_of_range);
  EXPECT_EQ(*test::parse<sys_time<seconds>>("294276-12-31 23:59:59+00"),
            timestamptz::from_microseconds_since_2000(timestamptz::last_microsecond - 999'999).time_point<seconds>());
}

TEST(timestamp, from_a_coarse_time_point_reaches_the_last_year) {
  sys_time<seconds> const last(seconds(9'224'318'015'999));
  EXPECT_EQ(*types::text_of(last), "294276-12-31 23:59:59+00");
  EXPECT_EQ(*test::parse<sys_time<seconds>>("294276-12-31 23:59:59+00"), last);
}

TEST(timestamp, out_of_range_is_refused) {
  auto const refused = [](auto const& make) { return test::thrown<data_error>(make).code(); };
  EXPECT_EQ(refused([] { at(timestamp::first_microsecond - 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { at(timestamp::last_microsecond + 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { at(std::numeric_limits<std::int64_t>::max() - 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { at(std::numeric_limits<std::int64_t>::min() + 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { timestamptz{sys_time<microseconds>::min()}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { timestamptz{sys_time<seconds>::max()}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { timestamp{local_time<std::chrono::years>::min()}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { timestamptz{sys_time<seconds>(seconds(9'224'318'016'000))}; }), errc::out_of_range);
  EXPECT_NO_THROW(at(timestamp::first_microsecond));
  EXPECT_NO_THROW(at(timestamp::last_microsecond));
}

TEST(timestamp, is_ordered_as_time_goes) {
  timestamp const ascending[] = {timestamp::minus_infinity(),
                                 at(timestamp::first_microsecond),
                                 at(-1),
                                 timestamp(),
                                 at(1),
                                 at(timestamp::last_microsecond),
                                 timestamp::infinity()};
  for (auto const& a : ascending)
    for (auto const& b : ascending) EXPECT_EQ(a <=> b, &a <=> &b);
  EXPECT_TRUE(timestamp().is_finite() && !timestamp::infinity().is_finite());
}

TEST(timestamp, is_printed_as_it_is_sent) {
  std::ostringstream to;
  to << local(2024y / 2 / 29, 1us) << ' ' << utc(-43y / 3 / 15) << ' ' << timestamptz::infinity();
  EXPECT_EQ(to.str(), "2024-02-29 00:00:00.000001 0044-03-15 00:00:00+00 BC infinity");
}

}  // namespace
}  // namespace tusk
