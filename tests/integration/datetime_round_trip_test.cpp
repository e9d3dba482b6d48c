// Dates, times, timestamps and intervals to the server and back, 10,000 random values a type over its whole range,
// under every setting that changes their text.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/round_trip.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::chrono_literals;
using types::errc;

constexpr std::size_t values = 10'000;

constexpr char const* interval_styles[] = {"postgres", "postgres_verbose", "sql_standard", "iso_8601"};
constexpr char const* other_date_styles[] = {"SQL, DMY",      "SQL, MDY",    "Postgres, DMY",
                                             "Postgres, MDY", "German, DMY", "German, MDY"};
// Kolkata has minutes, St. John's is on both sides, Amsterdam had seconds, Apia left a day out.
constexpr char const* time_zones[] = {"UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Amsterdam", "Pacific/Apia"};

void set(connection& conn, std::string const& setting, std::string const& value) {
  conn.exec("SET " + setting + " TO " + (setting == "DateStyle" ? value : "'" + value + "'"));
}

bool has_infinite_intervals(connection& conn) {
  return test::value<std::int32_t>(conn, "SELECT current_setting('server_version_num')::int") >= 170'000;
}

// Half of them near to `around`, where the common ones are, half of them anywhere.
std::vector<std::int64_t> random_counts(std::int64_t first, std::int64_t last, std::int64_t around, std::size_t count) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> anywhere(first, last);
  std::uniform_int_distribution<std::int64_t> near(std::max(first, -around), std::min(last, around));
  std::vector<std::int64_t> made = {first, first + 1, last - 1, last, std::max<std::int64_t>(first, -1), 0, 1};
  while (made.size() < count) made.push_back(made.size() % 2 == 0 ? anywhere(random) : near(random));
  return made;
}

std::vector<date> random_dates() {
  std::vector<date> made = {date::infinity(), date::minus_infinity()};
  for (auto const count : random_counts(date::first_day, date::last_day, 800'000, values))
    made.push_back(date::from_days_since_2000(static_cast<std::int32_t>(count)));
  return made;
}

template <class Timestamp>
std::vector<Timestamp> random_timestamps() {
  std::vector<Timestamp> made = {Timestamp::infinity(), Timestamp::minus_infinity()};
  std::int64_t const two_centuries = 6'311'433'600'000'000;
  for (auto const count :
       random_counts(Timestamp::first_microsecond, Timestamp::last_microsecond, two_centuries, values))
    made.push_back(Timestamp::from_microseconds_since_2000(count));
  for (std::size_t i = 9; i < made.size(); i += 3) {  // also without a fraction, or with a short one
    std::int64_t const count = made[i].microseconds_since_2000();
    made[i] = Timestamp::from_microseconds_since_2000(count - count % (i % 2 == 0 ? 1'000'000 : 10'000));
  }
  return made;
}

std::vector<time> random_times() {
  std::vector<time> made;
  for (auto const count : random_counts(0, 86'400'000'000, 1'000'000, values))
    made.push_back(time(std::chrono::microseconds(count)));
  return made;
}

std::vector<interval> random_intervals(std::size_t count) {
  std::mt19937_64 random(2);
  auto const any = [&] { return random() % 4 == 0 ? 0 : static_cast<std::int64_t>(random()) >> random() % 64; };
  using limits = std::numeric_limits<std::int32_t>;
  auto const min64 = std::numeric_limits<std::int64_t>::min();
  std::vector<interval> made = {{},
                                {limits::max(), limits::max(), -(min64 + 1) - 1},
                                {limits::min(), limits::min(), min64 + 1},
                                {limits::min(), limits::max(), min64},
                                {0, 0, min64},
                                {-1, 0, 0},
                                {0, -1, 0},
                                {0, 0, -1},
                                {-1, 2, 3},
                                {1, -2, 3},
                                {1, 2, -3}};
  while (made.size() < count)
    made.push_back({static_cast<std::int32_t>(any()), static_cast<std::int32_t>(any()), any()});
  return made;
}

TEST(datetime_round_trip, dates) {
  connection conn = test::open();
  test::expect_round_trip(conn, "date", random_dates());
}

TEST(datetime_round_trip, times) {
  connection conn = test::open();
  test::expect_round_trip(conn, "time", random_times());
}

TEST(datetime_round_trip, times_with_offset) {
  std::mt19937_64 random(3);
  constexpr auto max = time_tz::max_utc_offset;
  std::uniform_int_distribution<std::int32_t> offset(-max, max);
  std::vector<time_tz> made = {time_tz(time(), std::chrono::seconds(max)),
                               time_tz(time(24h), std::chrono::seconds(-max))};
  for (time const each : random_times()) {
    std::int32_t const seconds = offset(random);
    int const unit = made.size() % 3 == 0 ? 1 : made.size() % 3 == 1 ? 60 : 3600;
    made.emplace_back(each, std::chrono::seconds(seconds - seconds % unit));
  }
  connection conn = test::open();
  for (char const* zone : time_zones) {
    set(conn, "TimeZone", zone);
    test::expect_round_trip(conn, "timetz", made);
  }
}

TEST(datetime_round_trip, timestamps) {
  connection conn = test::open();
  test::expect_round_trip(conn, "timestamp", random_timestamps<timestamp>());
}

TEST(datetime_round_trip, timestamps_in_every_time_zone) {
  connection conn = test::open();
  for (char const* zone : time_zones) {
    set(conn, "TimeZone", zone);
    test::expect_round_trip(conn, "timestamptz", random_timestamps<timestamptz>());
  }
  conn.exec("SET TIME ZONE 20");  // larger than any real one, and shown as +20
  test::expect_round_trip(conn, "timestamptz", random_timestamps<timestamptz>());
}

// Newer data of time zones have the city follow Brussels: +00:19:32 or +00:17:30.
TEST(datetime_round_trip, offsets_with_seconds_are_met) {
  connection conn = test::open();
  set(conn, "TimeZone", "Europe/Amsterdam");
  auto const point = std::chrono::sys_days{1850y / 1 / 1} + 12h;
  result const found = conn.query("SELECT $1::timestamptz", timestamptz(point));
  EXPECT_CONTAINS("1850-01-01 12:1", found[0].get<std::string>(0));
  EXPECT_CONTAINS("+00:1", found[0].get<std::string>(0));
  EXPECT_EQ(found[0].get<std::chrono::sys_time<std::chrono::seconds>>(0), point);
}

TEST(datetime_round_trip, intervals_in_every_style) {
  connection conn = test::open();
  auto made = random_intervals(values);
  if (has_infinite_intervals(conn)) {
    made.push_back(interval::infinity());
    made.push_back(interval::minus_infinity());
  }
  for (char const* style : interval_styles) {
    set(conn, "IntervalStyle", style);
    test::expect_round_trip(conn, "interval", made);
  }
}

// Errors in writing and in reading cannot make up for each other when the styles differ.
TEST(datetime_round_trip, intervals_written_under_one_style_and_read_under_another) {
  connection conn = test::open();
  auto const made = random_intervals(300);
  for (char const* writing : interval_styles) {
    set(conn, "IntervalStyle", writing);
    conn.exec("DROP TABLE IF EXISTS spans; CREATE TEMP TABLE spans (n int, v interval)");
    for (std::size_t i = 0; i < made.size(); ++i)
      conn.query("INSERT INTO spans VALUES ($1, $2)", static_cast<int>(i), made[i]);
    for (char const* reading : interval_styles) {
      set(conn, "IntervalStyle", reading);
      result const found = conn.query("SELECT v FROM spans ORDER BY n");
      ASSERT_EQ(found.size(), made.size());
      for (std::size_t i = 0; i < made.size(); ++i)
        ASSERT_EQ(found[i].get<interval>(0), made[i]) << writing << ", " << reading;
    }
  }
}

TEST(datetime_round_trip, fields_of_an_interval_mean_to_the_server_what_they_mean_here) {
  connection conn = test::open();
  for (char const* style : interval_styles) {
    set(conn, "IntervalStyle", style);
    for (interval const& each :
         {interval{14, 3, 7'500'000}, interval{-14, 3, -7'500'000}, interval{-14, -3, 7'500'000}}) {
      auto const same =
          test::value<bool>(conn, "SELECT $1 = make_interval(months => $2, days => $3) + make_interval(secs => $4)",
                            each, each.months, each.days, static_cast<double>(each.microseconds) / 1e6);
      EXPECT_TRUE(same) << each << " under " << style;
    }
  }
}

TEST(datetime_round_trip, infinite_intervals_are_refused_by_servers_that_have_none) {
  connection conn = test::open();
  if (has_infinite_intervals(conn)) {
    EXPECT_EQ(test::value<interval>(conn, "SELECT 'infinity'::interval"), interval::infinity());
    EXPECT_EQ(test::value<interval>(conn, "SELECT -'infinity'::interval"), interval::minus_infinity());
  } else {
    test::thrown<data_error>([&] { conn.query("SELECT $1", interval::infinity()); });
  }
}

template <class T>
void expect_refused(connection& conn, std::string const& sql, errc code) {
  auto const error = test::thrown<data_error>([&] { (void)test::value<T>(conn, sql); });
  EXPECT_EQ(error.code(), code) << sql;
  EXPECT_CONTAINS("DateStyle", error.what());
}

TEST(datetime_round_trip, dates_of_another_date_style_are_an_error_that_names_the_setting) {
  connection conn = test::open();
  for (char const* style : other_date_styles) {
    set(conn, "DateStyle", style);
    for (std::string const day : {"2024-02-03", "2024-12-31", "0003-02-01", "12345-01-02", "0044-03-15"}) {
      std::string const of_day = "SELECT '" + day + (day == "0044-03-15" ? " BC" : "") + "'::date";
      expect_refused<date>(conn, of_day, errc::malformed_date);
      expect_refused<std::chrono::sys_days>(conn, of_day, errc::malformed_date);
      std::string const of_moment = of_day + " + '01:02:03'::time";
      expect_refused<timestamp>(conn, of_moment, errc::malformed_timestamp);
      expect_refused<timestamp>(conn, of_moment + " + '0.5s'", errc::malformed_timestamp);
      for (char const* zone : time_zones) {
        set(conn, "TimeZone", zone);
        expect_refused<timestamptz>(conn, "SELECT (" + of_moment + ")::timestamptz", errc::malformed_timestamp);
      }
    }
    EXPECT_EQ(test::value<date>(conn, "SELECT 'infinity'::date"), date::infinity());
    EXPECT_EQ(test::value<time>(conn, "SELECT '01:02:03'::time"), time(1h + 2min + 3s));
  }
}

TEST(datetime_round_trip, dates_are_sent_so_that_no_date_style_turns_them) {
  connection conn = test::open();
  date const day(2024y / 2 / 3);
  timestamp const moment(std::chrono::local_days{2024y / 2 / 3} + 4h);
  timestamptz const point(std::chrono::sys_days{2024y / 2 / 3} + 4h);
  for (std::string const style :
       {"ISO, DMY", "ISO, MDY", "ISO, YMD", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY", "German, DMY"}) {
    set(conn, "DateStyle", style);
    EXPECT_TRUE(test::value<bool>(conn, "SELECT $1 = make_date(2024, 2, 3)", day)) << style;
    EXPECT_TRUE(test::value<bool>(conn, "SELECT $1 = make_timestamp(2024, 2, 3, 4, 0, 0)", moment)) << style;
    EXPECT_TRUE(test::value<bool>(conn, "SELECT $1 = make_timestamptz(2024, 2, 3, 4, 0, 0, 'UTC')", point)) << style;
    EXPECT_TRUE(test::value<bool>(conn, "SELECT $1 = make_date(-44, 3, 15)", date(-43y / 3 / 15))) << style;
    EXPECT_TRUE(test::value<bool>(conn, "SELECT $1 = make_date(12, 11, 10)", date(12y / 11 / 10))) << style;
  }
}

TEST(datetime_round_trip, types_of_chrono) {
  connection conn = test::open();
  using namespace std::chrono;
  auto const type_of = [&](auto const& value) {
    return test::value<std::string>(conn, "SELECT pg_typeof($1)::text", value);
  };
  EXPECT_EQ(type_of(sys_days{}), "date");
  EXPECT_EQ(type_of(local_days{}), "date");
  EXPECT_EQ(type_of(2024y / 2 / 29), "date");
  EXPECT_EQ(type_of(floor<microseconds>(system_clock::now())), "timestamp with time zone");
  EXPECT_EQ(type_of(local_time<seconds>{}), "timestamp without time zone");
  EXPECT_EQ(type_of(90min), "interval");
  EXPECT_EQ(type_of(hh_mm_ss(1h)), "time without time zone");
  EXPECT_EQ(type_of(time_tz()), "time with time zone");
  auto const same = [&](auto const& value) {
    return test::value<std::decay_t<decltype(value)>>(conn, "SELECT $1", value) == value;
  };
  EXPECT_TRUE(same(2024y / 2 / 29));
  EXPECT_TRUE(same(sys_days{2024y / 2 / 29}));
  EXPECT_TRUE(same(floor<microseconds>(system_clock::now())));
  EXPECT_TRUE(same(local_days{2024y / 2 / 29} + 90min));
  EXPECT_TRUE(same(-90min));
  EXPECT_EQ(test::value<std::optional<sys_days>>(conn, "SELECT $1", std::optional<sys_days>()), std::nullopt);
}

// As the server says, of each pair.
TEST(datetime_round_trip, values_are_ordered_as_the_server_orders_them) {
  connection conn = test::open();
  std::vector<time_tz> const some = {time_tz(time(12h), 1h),       time_tz(time(11h), 0h),  time_tz(time(10h), -1h),
                                     time_tz(time(11h + 1us), 0h), time_tz(time(24h), 15h), time_tz(time(), -15h)};
  for (auto const& a : some) {
    for (auto const& b : some) {
      EXPECT_EQ(test::value<bool>(conn, "SELECT $1 < $2", a, b), a < b) << a << ' ' << b;
      EXPECT_EQ(test::value<bool>(conn, "SELECT $1 = $2", a, b), a == b) << a << ' ' << b;
    }
  }
  std::vector<date> const days = {date::minus_infinity(), date(-43y / 3 / 15), date(), date::infinity()};
  for (auto const& a : days)
    for (auto const& b : days) EXPECT_EQ(test::value<bool>(conn, "SELECT $1 < $2", a, b), a < b) << a << ' ' << b;
}

}  // namespace
}  // namespace tusk
