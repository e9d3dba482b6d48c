// Dates, times, timestamps and intervals as servers write them, beside what one would write by hand for the same texts,
// no less strict: with std::from_chars for each number, and with a loop over its digits. All give the same value.
#include <charconv>
#include <chrono>
#include <optional>
#include <tusk/types/adapter.hpp>
#include <tusk/types/date.hpp>
#include <tusk/types/interval.hpp>
#include <tusk/types/time_of_day.hpp>
#include <tusk/types/timestamp.hpp>

#include "each.hpp"

namespace {

using tusk::bench::parse_each;
using tusk::bench::random_texts;
using tusk::bench::read;

// ---- by hand --------------------------------------------------------------------------------------------------------

// All digits from `at` to `end`.
struct from_chars_digits {
  static bool read(char const* at, char const* end, std::uint64_t& value) {
    auto const [used, error] = std::from_chars(at, end, value);
    return used == end && error == std::errc();
  }
};
struct loop_digits {
  static bool read(char const* at, char const* end, std::uint64_t& value) {
    if (at == end || end - at > 19) return false;
    value = 0;
    for (; at != end; ++at) {
      if (*at < '0' || *at > '9') return false;
      value = value * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    return true;
  }
};

// YYYY-MM-DD
template <class Digits>
std::optional<std::int64_t> read_days(std::string_view text) {
  std::uint64_t year = 0;
  std::uint64_t month = 0;
  std::uint64_t day = 0;
  char const* const at = text.data();
  if (text.size() != 10 || at[4] != '-' || at[7] != '-') return std::nullopt;
  if (!Digits::read(at, at + 4, year) || !Digits::read(at + 5, at + 7, month) || !Digits::read(at + 8, at + 10, day))
    return std::nullopt;
  std::chrono::year_month_day const date(std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (year == 0 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() - 10'957;
}

// MM:SS.ffffff
template <class Digits>
std::optional<std::int64_t> read_minutes(std::string_view text) {
  std::uint64_t minute = 0;
  std::uint64_t second = 0;
  std::uint64_t fraction = 0;
  char const* const at = text.data();
  if (text.size() < 5 || at[2] != ':') return std::nullopt;
  if (!Digits::read(at, at + 2, minute) || !Digits::read(at + 3, at + 5, second)) return std::nullopt;
  if (minute > 59 || second > 59) return std::nullopt;
  if (text.size() > 5) {
    if (at[5] != '.' || text.size() > 12 || !Digits::read(at + 6, at + text.size(), fraction)) return std::nullopt;
    for (std::size_t digits = text.size() - 6; digits < 6; ++digits) fraction *= 10;
  }
  return static_cast<std::int64_t>((minute * 60 + second) * 1'000'000 + fraction);
}

// HH:MM:SS.ffffff
template <class Digits>
std::optional<std::int64_t> read_clock(std::string_view text) {
  std::uint64_t hour = 0;
  if (text.size() < 8 || text[2] != ':' || !Digits::read(text.data(), text.data() + 2, hour) || hour > 23)
    return std::nullopt;
  auto const rest = read_minutes<Digits>(text.substr(3));
  if (!rest) return std::nullopt;
  return static_cast<std::int64_t>(hour) * 3'600'000'000 + *rest;
}

template <class Digits>
std::optional<std::int64_t> read_timestamp(std::string_view text) {
  if (text.size() < 19 || text[10] != ' ') return std::nullopt;
  auto const days = read_days<Digits>(text.substr(0, 10));
  auto const clock = read_clock<Digits>(text.substr(11));
  if (!days || !clock) return std::nullopt;
  return *days * 86'400'000'000 + *clock;
}

// With +HH or +HH:MM.
template <class Digits>
std::optional<std::int64_t> read_timestamptz(std::string_view text) {
  std::size_t const sign = text.find_last_of("+-");
  if (sign == text.npos || sign < 19) return std::nullopt;
  std::string_view const offset = text.substr(sign + 1);
  std::uint64_t hours = 0;
  std::uint64_t minutes = 0;
  if (offset.size() < 2 || !Digits::read(offset.data(), offset.data() + 2, hours)) return std::nullopt;
  if (offset.size() > 2) {
    if (offset.size() != 5 || offset[2] != ':' || !Digits::read(offset.data() + 3, offset.data() + 5, minutes))
      return std::nullopt;
  }
  auto const local = read_timestamp<Digits>(text.substr(0, sign));
  if (!local || minutes > 59) return std::nullopt;
  auto const seconds = static_cast<std::int64_t>(hours * 3600 + minutes * 60);
  return *local - (text[sign] == '-' ? -seconds : seconds) * 1'000'000;
}

// Of IntervalStyle postgres; nothing checked for overflow.
template <class Digits>
std::optional<tusk::interval> read_interval(std::string_view text) {
  tusk::interval value;
  for (;;) {
    bool const negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::size_t const end = text.find_first_of(" :");
    std::uint64_t number = 0;
    if (end == text.npos || !Digits::read(text.data(), text.data() + end, number)) return std::nullopt;
    bool const time = text[end] == ':';
    text.remove_prefix(end + 1);
    auto const amount = negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
    if (time) {
      auto const rest = read_minutes<Digits>(text);
      if (!rest) return std::nullopt;
      value.microseconds = amount * 3'600'000'000 + (negative ? -*rest : *rest);
      return value;
    }
    std::string_view const unit = text.substr(0, text.find(' '));
    if (unit == "year" || unit == "years") {
      value.months += static_cast<std::int32_t>(amount * 12);
    } else if (unit == "mon" || unit == "mons") {
      value.months += static_cast<std::int32_t>(amount);
    } else if (unit == "day" || unit == "days") {
      value.days += static_cast<std::int32_t>(amount);
    } else {
      return std::nullopt;
    }
    if (unit.size() == text.size()) return value;
    text.remove_prefix(unit.size() + 1);
  }
}

// ---- texts ----------------------------------------------------------------------------------------------------------

// Within a century.
std::int64_t random_microseconds(std::mt19937_64& random, bool fraction) {
  auto const value = static_cast<std::int64_t>(random() % 3'155'760'000'000'000);
  return fraction ? value : value - value % 1'000'000;
}

std::vector<std::string> const& dates() {
  static auto const made = random_texts([](auto& random) {
    return *tusk::types::text_of(tusk::date::from_days_since_2000(static_cast<std::int32_t>(random() % 36'525)));
  });
  return made;
}

std::vector<std::string> const& times() {
  static auto const made = random_texts([](auto& random) {
    return *tusk::types::text_of(tusk::time(std::chrono::microseconds(random() % 86'400'000'000)));
  });
  return made;
}

template <class Timestamp, bool Fraction>
std::vector<std::string> const& timestamps() {
  static auto const made = random_texts([](auto& random) {
    return *tusk::types::text_of(Timestamp::from_microseconds_since_2000(random_microseconds(random, Fraction)));
  });
  return made;
}

std::vector<std::string> const& intervals() {
  static auto const made = random_texts([](auto& random) {
    auto const count = [&](unsigned limit) { return std::to_string(random() % limit + 2); };
    std::string const clock = *tusk::types::text_of(tusk::time(std::chrono::microseconds(random() % 86'400'000'000)));
    switch (random() % 4) {
      case 0: return clock;
      case 1: return count(30) + " days " + clock;
      case 2: return "-" + count(10) + " mons +" + count(30) + " days " + clock;
      default: return count(50) + " years " + count(10) + " mons";
    }
  });
  return made;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

void date_tusk(benchmark::State& state) { parse_each(state, dates(), read<tusk::date>); }
void date_from_chars(benchmark::State& state) { parse_each(state, dates(), read_days<from_chars_digits>); }
void date_by_hand(benchmark::State& state) { parse_each(state, dates(), read_days<loop_digits>); }
BENCHMARK(date_tusk);
BENCHMARK(date_from_chars);
BENCHMARK(date_by_hand);

void time_tusk(benchmark::State& state) { parse_each(state, times(), read<tusk::time>); }
void time_from_chars(benchmark::State& state) { parse_each(state, times(), read_clock<from_chars_digits>); }
void time_by_hand(benchmark::State& state) { parse_each(state, times(), read_clock<loop_digits>); }
BENCHMARK(time_tusk);
BENCHMARK(time_from_chars);
BENCHMARK(time_by_hand);

template <bool Fraction>
void timestamp_tusk(benchmark::State& state) {
  parse_each(state, timestamps<tusk::timestamp, Fraction>(), read<tusk::timestamp>);
}
template <bool Fraction>
void timestamp_from_chars(benchmark::State& state) {
  parse_each(state, timestamps<tusk::timestamp, Fraction>(), read_timestamp<from_chars_digits>);
}
template <bool Fraction>
void timestamp_by_hand(benchmark::State& state) {
  parse_each(state, timestamps<tusk::timestamp, Fraction>(), read_timestamp<loop_digits>);
}
BENCHMARK(timestamp_tusk<false>);
BENCHMARK(timestamp_from_chars<false>);
BENCHMARK(timestamp_by_hand<false>);
BENCHMARK(timestamp_tusk<true>);
BENCHMARK(timestamp_from_chars<true>);
BENCHMARK(timestamp_by_hand<true>);

std::vector<std::string> const& zoned() { return timestamps<tusk::timestamptz, true>(); }
void timestamptz_tusk(benchmark::State& state) { parse_each(state, zoned(), read<tusk::timestamptz>); }
void timestamptz_as_sys_time(benchmark::State& state) {
  parse_each(state, zoned(), read<std::chrono::sys_time<std::chrono::microseconds>>);
}
void timestamptz_from_chars(benchmark::State& state) {
  parse_each(state, zoned(), read_timestamptz<from_chars_digits>);
}
void timestamptz_by_hand(benchmark::State& state) { parse_each(state, zoned(), read_timestamptz<loop_digits>); }
BENCHMARK(timestamptz_tusk);
BENCHMARK(timestamptz_as_sys_time);
BENCHMARK(timestamptz_from_chars);
BENCHMARK(timestamptz_by_hand);

void interval_tusk(benchmark::State& state) { parse_each(state, intervals(), read<tusk::interval>); }
void interval_from_chars(benchmark::State& state) { parse_each(state, intervals(), read_interval<from_chars_digits>); }
void interval_by_hand(benchmark::State& state) { parse_each(state, intervals(), read_interval<loop_digits>); }
BENCHMARK(interval_tusk);
BENCHMARK(interval_from_chars);
BENCHMARK(interval_by_hand);

}  // namespace
