// Dates: their text, its malformed forms, and std::chrono's types.
#include <tusk/types/date.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <tusk/types/error.hpp>
#include <type_traits>

#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using types::errc;

static_assert(std::is_trivially_copyable_v<date> && sizeof(date) == 4);
static_assert(adapter<date>::oid == oids::date && adapter<sys_days>::oid == oids::date);
static_assert(adapter<local_days>::oid == oids::date && adapter<year_month_day>::oid == oids::date);
static_assert(quickly_readable<date> && quickly_readable<sys_days> && readable<year_month_day>);
static_assert(from_text<date>::reads(oids::date) && !from_text<date>::reads(oids::timestamp));
static_assert(from_text<sys_days>::reads(oids::date) && !from_text<sys_days>::reads(oids::timestamptz));
static_assert(date(2024y / 2 / 29).sys_days() == sys_days{2024y / 2 / 29});  // when compiling, too
static_assert(date(2024y / 2 / 29) < date::infinity() && date::minus_infinity() < date(-4712y / 1 / 1));
static_assert(!std::is_convertible_v<sys_days, date> && !std::is_convertible_v<date, sys_days>);

date day(std::int32_t since_2000) { return date::from_days_since_2000(since_2000); }

TEST(date, is_read_and_written) {
  test::expect_values<date>({
      {"2000-01-01", day(0)},
      {"1999-12-31", day(-1)},
      {"1970-01-01", day(-10957)},
      {"2024-02-29", date(2024y / 2 / 29)},
      {"2000-02-29", date(2000y / 2 / 29)},
      {"1900-02-28", date(1900y / 2 / 28)},
      {"0001-01-01", date(1y / 1 / 1)},
      {"0001-12-31 BC", date(0y / 12 / 31)},
      {"0001-02-29 BC", date(0y / 2 / 29)},
      {"0044-03-15 BC", date(-43y / 3 / 15)},
      {"4714-11-24 BC", day(date::first_day)},
      {"9999-12-31", date(9999y / 12 / 31)},
      {"10000-01-01", date(10000y / 1 / 1)},
      {"32767-12-31", date(32767y / 12 / 31)},
      {"5874897-12-31", day(date::last_day)},
      {"infinity", date::infinity()},
      {"-infinity", date::minus_infinity()},
  });
}

TEST(date, tells_where_its_text_is_wrong) {
  auto const e = errc::malformed_date;
  test::expect_failures<date>({
      {"", e, 0},
      {" ", e, 0},
      {"2024", e, 4},
      {"2024-", e, 5},
      {"2024-1-01", e, 5},
      {"2024-01-1", e, 8},
      {"2024-01-01 ", e, 10},
      {" 2024-01-01", e, 0},
      {"2024/01-01", e, 4},
      {"2024-01/01", e, 7},
      {"2024-00-01", e, 8},
      {"2024-13-01", e, 8},
      {"2024-01-00", e, 8},
      {"2024-01-32", e, 8},
      {"2024-04-31", e, 8},
      {"2023-02-29", e, 8},
      {"1900-02-29", e, 8},
      {"0002-02-29 BC", e, 8},
      {"0000-01-01", e, 0},
      {"0000-01-01 BC", e, 0},
      {"024-01-01", e, 0},
      {"12345678-01-01", e, 7},
      {"2024-01-01BC", e, 10},
      {"2024-01-01 bc", e, 10},
      {"2024-01-01 BC ", e, 13},
      {"2024-01-01 00:00:00", e, 10},
      {"-2024-01-01", e, 0},
      {"+2024-01-01", e, 0},
      {"Infinity", e, 0},
      {"infinit", e, 0},
      {"infinity ", e, 0},
      {"\xb2"
       "024-01-01",
       e, 0},
      {"2024-01-0\xb1", e, 8},
      {"2024-01-0:", e, 8},
      {"2024-01-0/", e, 8},
      {std::string_view("2024-01-\0001", 10), e, 8},
      {"4714-11-23 BC", errc::out_of_range, 0},
      {"9999999-01-01 BC", errc::out_of_range, 0},
      {"5874898-01-01", errc::out_of_range, 0},
      {"9999999-12-31", errc::out_of_range, 0},
  });
}

TEST(date, of_another_date_style_is_refused) {
  for (char const* text : {"12/17/1997", "17/12/1997", "12-17-1997", "17-12-1997", "17.12.1997", "01-02-0003",
                           "12/17/12345", "17-12-12345", "17.12.12345", "03-15-0044 BC", "15.03.0044 BC"}) {
    auto const result = test::parse<date>(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, errc::malformed_date) << text;
  }
  EXPECT_CONTAINS("DateStyle", make_error_code(errc::malformed_date).message());
}

// Against std::chrono's calendar.
TEST(date, is_the_same_day_as_in_chrono) {
  for (sys_days at = sys_days{1895y / 1 / 1}; at < sys_days{2405y / 1 / 1}; at += std::chrono::days(1))
    ASSERT_EQ(*test::parse<sys_days>(*types::text_of(at)), at) << date(at);
  for (sys_days at = sys_days{-4712y / 1 / 1}; at <= sys_days{32767y / 12 / 31}; at += std::chrono::days(23)) {
    year_month_day const calendar = at;
    std::ostringstream text;
    int const year = static_cast<int>(calendar.year());
    char digits[40];
    std::snprintf(digits, sizeof digits, "%04d-%02u-%02u%s", year > 0 ? year : 1 - year,
                  static_cast<unsigned>(calendar.month()), static_cast<unsigned>(calendar.day()),
                  year > 0 ? "" : " BC");
    ASSERT_EQ(*types::text_of(at), digits);
    ASSERT_EQ(*test::parse<year_month_day>(digits), calendar);
  }
}

// The calendar repeats itself after 400 years, of 146097 days.
TEST(date, repeats_its_calendar_up_to_the_last_year) {
  for (std::int32_t at = 0; at < 146'097; at += 31) {
    std::string const first = *types::text_of(day(at));
    for (std::int32_t cycles : {1, 7, 100, 14'000, 14'681}) {
      std::string const expected = std::to_string(std::stoi(first) + 400 * cycles) + first.substr(4);
      std::string const text = *types::text_of(day(at + 146'097 * cycles));
      ASSERT_EQ(text, expected);
      ASSERT_EQ(test::parse<date>(text)->days_since_2000(), at + 146'097 * cycles);
    }
  }
}

template <class To>
errc refusal(date value) {
  To to{};
  auto const why = value.convert_to(to);
  auto const thrown = test::thrown<data_error>([&] { types::converted<To>(value); });
  EXPECT_EQ(thrown.code(), *why);
  EXPECT_EQ(test::parse<To>(*types::text_of(value)).error().code, *why);
  return *why;
}

TEST(date, becomes_a_chrono_type_or_says_why_not) {
  date const value(2024y / 2 / 29);
  EXPECT_EQ(value.sys_days(), sys_days{2024y / 2 / 29});
  EXPECT_EQ(value.local_days(), local_days{2024y / 2 / 29});
  EXPECT_EQ(value.year_month_day(), 2024y / 2 / 29);
  EXPECT_EQ(date(local_days{2024y / 2 / 29}), value);
  EXPECT_EQ(day(date::last_day).sys_days().time_since_epoch().count(), 2'145'042'905);
  EXPECT_EQ(day(date::first_day).year_month_day(), -4713y / 11 / 24);
  for (date const infinite : {date::infinity(), date::minus_infinity()}) {
    EXPECT_EQ(refusal<sys_days>(infinite), errc::infinite);
    EXPECT_EQ(refusal<local_days>(infinite), errc::infinite);
    EXPECT_EQ(refusal<year_month_day>(infinite), errc::infinite);
  }
  EXPECT_EQ(refusal<year_month_day>(date(sys_days{32767y / 12 / 31} + std::chrono::days(1))), errc::out_of_range);
}

TEST(date, out_of_range_is_refused) {
  auto const refused = [](auto const& make) { return test::thrown<data_error>(make).code(); };
  EXPECT_EQ(refused([] { day(date::first_day - 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { day(date::last_day + 1); }), errc::out_of_range);
  EXPECT_EQ(refused([] { date{sys_days::min()}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { date{sys_days::max()}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { date{sys_days(std::chrono::days(2147483647LL + 10957))}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { date{-32767y / 1 / 1}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { date{2023y / 2 / 29}; }), errc::out_of_range);
  EXPECT_EQ(refused([] { types::text_of(year_month_day{}); }), errc::out_of_range);
  EXPECT_NO_THROW(day(date::first_day));
  EXPECT_NO_THROW(day(date::last_day));
}

TEST(date, is_ordered_as_time_goes) {
  date const ascending[] = {date::minus_infinity(), day(date::first_day), day(-1), date(), day(1),
                            day(date::last_day),    date::infinity()};
  for (auto const& a : ascending)
    for (auto const& b : ascending) EXPECT_EQ(a <=> b, &a <=> &b);
  EXPECT_TRUE(date().is_finite() && !date::infinity().is_finite() && !date::minus_infinity().is_finite());
}

TEST(date, is_printed_as_it_is_sent) {
  std::ostringstream to;
  to << date(-43y / 3 / 15) << ' ' << date::minus_infinity();
  EXPECT_EQ(to.str(), "0044-03-15 BC -infinity");
}

}  // namespace
}  // namespace tusk
