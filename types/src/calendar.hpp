// Days of the calendar and their numbers, counted from 2000-01-01, for all years that PostgreSQL knows.
//
// The arithmetic begins the year in March, so that the leap day is its last one, and at -4800, so that nothing is
// negative. Five months beginning with March have 153 days, and so have the five after them.
//
// Source: the rules of the Gregorian calendar.
#pragma once

#include <cstdint>

namespace tusk::types {

struct calendar_day {
  std::int32_t year = 0;  ///< 0 is 1 BC
  std::uint32_t month = 0;
  std::uint32_t day = 0;
};

inline constexpr std::int32_t first_year = -4713;  // 4714 BC

constexpr bool is_leap(std::int32_t year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/// Whether there is such a month and such a day in it.
constexpr bool exists(calendar_day at) noexcept {
  if (at.month - 1 >= 12 || at.day - 1 >= 31) return false;
  if (at.day <= 28) return true;
  if (at.month == 2) return at.day == 29 && is_leap(at.year);
  return at.day <= 30 + ((at.month ^ at.month >> 3) & 1);
}

constexpr std::uint32_t days_in_400_years = 146'097;

/// Days since the first of March of -4800.
constexpr std::uint32_t days_since_start(calendar_day at) noexcept {
  bool const before_march = at.month < 3;
  auto const year = static_cast<std::uint32_t>(at.year + 4800 - before_march);
  std::uint32_t const month = before_march ? at.month + 9 : at.month - 3;
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + at.day - 1;
}

inline constexpr std::int64_t start_to_2000 = days_since_start({2000, 1, 1});

/// The number of a day that exists, from `first_year` to 9999999.
constexpr std::int64_t number_of(calendar_day at) noexcept { return days_since_start(at) - start_to_2000; }

/// The day of a number from `date::first_day` to `date::last_day`.
constexpr calendar_day day_of(std::int64_t number) noexcept {
  auto const days = static_cast<std::uint32_t>(number + start_to_2000);
  std::uint32_t const in_400_years = days % days_in_400_years;
  std::uint32_t const leap_days_off = in_400_years / 1460 - in_400_years / 36'524 + in_400_years / 146'096;
  std::uint32_t const year = (in_400_years - leap_days_off) / 365;
  std::uint32_t const in_year = in_400_years - (365 * year + year / 4 - year / 100);
  std::uint32_t const month = (5 * in_year + 2) / 153;
  bool const before_march = month >= 10;
  return {static_cast<std::int32_t>(year + days / days_in_400_years * 400 + before_march) - 4800,
          before_march ? month - 9 : month + 3, in_year - (153 * month + 2) / 5 + 1};
}

}  // namespace tusk::types
