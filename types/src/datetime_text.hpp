// The parts that the texts of dates, times and timestamps share; those of a date are defined in date.cpp, those of a
// time in time_of_day.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "calendar.hpp"
#include "field_reader.hpp"

namespace tusk::types {

/// Whether a year is BC stands at the end of a text, and which days it has depends on it.
struct incomplete_day {
  std::uint64_t year = 0;
  std::uint64_t month = 0;
  std::uint64_t day = 0;
  std::size_t day_position = 0;
};

/// Takes `YYYY-MM-DD` with four to seven digits of year.
incomplete_day read_day(field_reader& in) noexcept;

/// Takes ` BC` if it comes next, and the end of the text. Fails if there is no such day.
calendar_day complete_day(field_reader& in, incomplete_day const& day) noexcept;

/// The writers write to where there is room, and return where they ended.
inline constexpr std::size_t longest_text = 64;  // an interval has up to 60

/// `YYYY-MM-DD`, and for a year before Christ what `write_era` has to complete.
char* write_day(char* to, calendar_day day) noexcept;
char* write_era(char* to, calendar_day day) noexcept;
/// `HH:MM:SS.ffffff`
char* write_clock(char* to, std::int64_t microseconds) noexcept;
/// `.ffffff` without zeros at its end; nothing for 0.
char* write_fraction(char* to, std::uint64_t microseconds) noexcept;

/// Two digits.
inline char* write_pair(char* to, std::uint64_t value) noexcept {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

}  // namespace tusk::types
