#include <tusk/types/timestamp.hpp>

#include <cstring>
#include <ostream>
#include <type_traits>

#include "datetime_text.hpp"
#include "fixed_text.hpp"

namespace tusk {

std::ostream& operator<<(std::ostream& to, timestamp value) { return to << *types::text_of(value); }
std::ostream& operator<<(std::ostream& to, timestamptz value) { return to << *types::text_of(value); }

namespace types {
namespace {

// The offsets of real time zones are less than a day. Those that a session sets as a POSIX time zone are up to a week.
constexpr std::uint64_t max_offset_hours = 167;

constexpr std::size_t date_size = 10;  // YYYY-MM-DD

// `YYYY-MM-DD HH:MM:SS.ffffff` of a year from 1 to 9999, as microseconds since 2000-01-01.
bool match_timestamp(std::string_view text, std::int64_t& microseconds) noexcept {
  constexpr std::size_t time_at = date_size + 1;
  if (!can_match || text.size() < time_at + time_size) return false;
  std::uint64_t bad = 0;
  std::uint64_t of_day = 0;
  std::uint64_t const front = match(text.data(), "0000-00-", bad);
  std::uint64_t const middle = match(text.data() + 8, "00 00:00", bad);
  auto const year = static_cast<std::int32_t>(pair(front, 0) * 100 + pair(front, 2));
  calendar_day const day{year, pair(front, 5), pair(middle, 0)};
  if (!is_good(bad) || year == 0 || !exists(day)) return false;
  if (!match_time(text.data() + time_at, text.size() - time_at, of_day)) return false;
  microseconds = number_of(day) * microseconds_per_day + static_cast<std::int64_t>(of_day);
  return true;
}

// The last `size` characters as `+HH` or `+HH:MM`, in seconds.
bool match_offset(std::string_view text, std::size_t size, std::int64_t& seconds) noexcept {
  if (text.size() < size) return false;
  char const* const at = text.data() + text.size() - size;
  std::uint64_t hours = 0;
  std::uint64_t minutes = 0;
  if ((*at != '+' && *at != '-') || !parse_few_digits(at + 1, 2, hours)) return false;
  if (size == 6 && (at[3] != ':' || !parse_few_digits(at + 4, 2, minutes) || minutes >= 60)) return false;
  auto const offset = static_cast<std::int64_t>(hours * 3600 + minutes * 60);
  seconds = *at == '-' ? -offset : offset;
  return true;
}

}  // namespace

template <class Clock>
void write_timestamp(basic_timestamp<Clock> value, text_writer& out) {
  if (!value.is_finite()) return out.unchecked(value > basic_timestamp<Clock>() ? "infinity" : "-infinity");
  std::int64_t number = value.microseconds_since_2000() / microseconds_per_day;
  std::int64_t of_day = value.microseconds_since_2000() % microseconds_per_day;
  if (of_day < 0) {
    of_day += microseconds_per_day;
    --number;
  }
  calendar_day const day = day_of(number);
  char* const begin = out.reserve(longest_text);
  char* to = write_day(begin, day);
  *to++ = ' ';
  to = write_clock(to, of_day);
  if constexpr (std::is_same_v<basic_timestamp<Clock>, timestamptz>) {
    std::memcpy(to, "+00", 3);
    to += 3;
  }
  out.commit(static_cast<std::size_t>(write_era(to, day) - begin));
}

template void write_timestamp(timestamp value, text_writer& out);
template void write_timestamp(timestamptz value, text_writer& out);

bool parse_quickly(std::string_view text, timestamp& value) noexcept {
  std::int64_t microseconds = 0;
  if (!match_timestamp(text, microseconds)) return false;
  value = timestamp::from_microseconds_since_2000(microseconds);
  return true;
}

bool parse_quickly(std::string_view text, timestamptz& value) noexcept {
  std::int64_t offset = 0;
  std::size_t offset_size = 3;
  if (!match_offset(text, offset_size, offset) && !match_offset(text, offset_size = 6, offset)) return false;
  std::int64_t local = 0;
  if (!match_timestamp(text.substr(0, text.size() - offset_size), local)) return false;
  value = timestamptz::from_microseconds_since_2000(local - offset * 1'000'000);
  return true;
}

template <class Clock>
protocol::expected<basic_timestamp<Clock>> parse_timestamp(std::string_view text) noexcept {
  using value_type = basic_timestamp<Clock>;
  if (value_type value; parse_quickly(text, value)) return value;
  if (text == "infinity") return value_type::infinity();
  if (text == "-infinity") return value_type::minus_infinity();
  field_reader in(text);
  incomplete_day const read = read_day(in);
  in.expect(' ');
  auto const of_day = static_cast<std::int64_t>(in.clock(23));
  std::int64_t const offset = std::is_same_v<value_type, timestamptz> ? in.utc_offset(max_offset_hours) : 0;
  calendar_day const day = complete_day(in, read);
  if (!in.finish()) return protocol::parse_error{errc::malformed_timestamp, in.position()};
  if (day.year < first_year) return protocol::parse_error{errc::out_of_range, 0};
  wide const microseconds = wide{number_of(day)} * microseconds_per_day + of_day - offset * 1'000'000;
  if (microseconds < value_type::first_microsecond || microseconds > value_type::last_microsecond)
    return protocol::parse_error{errc::out_of_range, 0};
  return value_type::from_microseconds_since_2000(static_cast<std::int64_t>(microseconds));
}

template protocol::expected<timestamp> parse_timestamp(std::string_view text) noexcept;
template protocol::expected<timestamptz> parse_timestamp(std::string_view text) noexcept;

}  // namespace types
}  // namespace tusk
