// Intervals: tusk::interval, and std::chrono's durations.
//
//   C++           sent as    read from
//   interval      interval   interval
//   duration<>    interval   interval without months and days, where the duration holds it exactly
//
// Read are the texts of all four settings of IntervalStyle, and their form tells which one it is:
//
//   postgres           1 year -2 mons +3 days 04:05:06.5      a field without a sign is positive
//   postgres_verbose   @ 1 year -2 mons 3 days 4 hours ago    `ago` turns all signs
//   sql_standard       +1-2 -3 +4:05:06, -1-2, -3 4:05:06     years-months, days, time; a first sign is for all fields
//                                                             that have none
//   iso_8601           P1Y-2M3DT4H5M6.5S
//
// Written is a form of postgres' in which each field has its sign, so that no setting changes what it means:
//
//   +10 mons -3 days +14706.5 secs
//
// Infinite intervals exist from PostgreSQL 17 on; older servers refuse their text.
//
// Source: PostgreSQL's documentation, "Interval Input", "Interval Output"; tried on servers of versions 15 and 18.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/duration.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// A span of time as the server keeps it: in three fields that do not become one another, for months and days (when
/// clocks are put forward or back) differ in length. Each has its own sign.
///
/// Equal are those whose fields are equal. The server's `=` takes a month for 30 days and a day for 24 hours; `<=>` is
/// left out for it would have to do the same.
struct interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t microseconds = 0;

  /// As the server keeps infinite ones: all fields are the largest, or the smallest, numbers. (To a server older than
  /// 17 such fields are a finite value like others, which so cannot be sent to it.)
  static constexpr interval infinity() noexcept {
    return {std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::max(),
            std::numeric_limits<std::int64_t>::max()};
  }
  static constexpr interval minus_infinity() noexcept {
    return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::min(),
            std::numeric_limits<std::int64_t>::min()};
  }
  constexpr bool is_finite() const noexcept { return *this != infinity() && *this != minus_infinity(); }

  /// One without months and days: std::chrono's days are 24 hours each. What does not fit in 64 bits is a data_error. A
  /// duration finer than microseconds does not compile, and neither do std::chrono's months and years, which are 30.4
  /// and 365.2 days: say `interval{.months = 1}`.
  template <class Rep, class Period>
  static constexpr interval from_duration(std::chrono::duration<Rep, Period> value) {
    static_assert(
        !std::is_same_v<Period, std::chrono::months::period> && !std::is_same_v<Period, std::chrono::years::period>,
        "tusk: std::chrono's months and years are not the calendar's. Write tusk::interval{.months = n}, or "
        "say that seconds are meant: std::chrono::seconds(value).");
    types::wide const microseconds = types::microseconds_of(value);
    if (microseconds < std::numeric_limits<std::int64_t>::min() ||
        microseconds > std::numeric_limits<std::int64_t>::max()) {
      types::throw_data_error(types::errc::out_of_range, "a duration is longer than an interval can be");
    }
    return {.microseconds = static_cast<std::int64_t>(microseconds)};
  }
  /// The other way round. Months, days, infinity, and what a `D` does not hold exactly are a data_error.
  template <class D = std::chrono::microseconds>
  constexpr D to_duration() const {
    return types::converted<D>(*this);
  }
  /// The same without throwing: sets `to`, or says what is in the way.
  template <class Rep, class Period>
  constexpr std::optional<types::errc> convert_to(std::chrono::duration<Rep, Period>& to) const noexcept {
    if (!is_finite()) return types::errc::infinite;
    if (months != 0 || days != 0) return types::errc::has_calendar_units;
    return types::convert(microseconds, to);
  }

  friend constexpr bool operator==(interval const&, interval const&) noexcept = default;
};

/// The text, as it is sent.
std::ostream& operator<<(std::ostream& to, interval const& value);

namespace types {

void write_interval(interval const& value, text_writer& out);
protocol::expected<interval> parse_interval(std::string_view text) noexcept;

/// Microseconds as an int64, days and months as int32.
void write_binary_interval(interval const& value, binary_writer& out);
protocol::expected<interval> parse_binary_interval(std::string_view bytes) noexcept;

}  // namespace types

template <>
struct adapter<interval> {
  static constexpr tusk::oid oid = oids::interval;
  static void text(interval const& value, text_writer& out) { types::write_interval(value, out); }
  /// Not preferred: a server older than 17 refuses the text of an infinite one, and takes these bytes for a finite one.
  static void binary(interval const& value, binary_writer& out) { types::write_binary_interval(value, out); }
};

template <class Rep, class Period>
struct adapter<std::chrono::duration<Rep, Period>> {
  static constexpr tusk::oid oid = oids::interval;
  static constexpr bool prefers_binary = true;
  static void text(std::chrono::duration<Rep, Period> value, text_writer& out) {
    types::write_interval(interval::from_duration(value), out);
  }
  static void binary(std::chrono::duration<Rep, Period> value, binary_writer& out) {
    types::write_binary_interval(interval::from_duration(value), out);
  }
};

template <>
struct from_text<interval> {
  static constexpr bool reads(oid type) noexcept { return type == oids::interval; }
  static protocol::expected<interval> parse(std::string_view text) noexcept { return types::parse_interval(text); }
};

template <class Rep, class Period>
struct from_text<std::chrono::duration<Rep, Period>>
    : types::converted_from_text<std::chrono::duration<Rep, Period>, interval> {};

template <>
struct from_binary<interval> {
  static constexpr bool reads(oid type) noexcept { return type == oids::interval; }
  static protocol::expected<interval> parse(std::string_view bytes, oid) noexcept {
    return types::parse_binary_interval(bytes);
  }
};

template <class Rep, class Period>
struct from_binary<std::chrono::duration<Rep, Period>>
    : types::converted_from_binary<std::chrono::duration<Rep, Period>, interval> {};

}  // namespace tusk
