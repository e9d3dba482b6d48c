// Dates: tusk::date, and std::chrono's sys_days, local_days and year_month_day.
//
//   C++                                    sent as   read from
//   date                                   date      date
//   sys_days, local_days, year_month_day   date      date, unless infinite or out of the type's range
//
// Text: `2024-02-29`, at least four digits of year; `0044-03-15 BC`; `infinity`, `-infinity`. Only DateStyle ISO is
// read: the other styles leave open which number is the month. None of their texts has the ISO form.
//
// Source: PostgreSQL's documentation, "Date/Time Types"; the limits were tried on servers of versions 15 and 18.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string_view>

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

/// A day of PostgreSQL's (proleptic Gregorian) calendar, from 4714-11-24 BC to 5874897-12-31, or -infinity, or
/// infinity. Ordered as the server orders them.
///
/// What cannot be converted is a data_error: infinities, for they have no counterpart in std::chrono, and what is out
/// of the range of either side. Years of std::chrono count 1 BC as 0, 2 BC as -1 and so on.
class date {
 public:
  /// 2000-01-01.
  constexpr date() noexcept = default;
  /// `day` as the server's binary format counts: from 2000-01-01; the smallest int32 is -infinity, the largest one
  /// infinity. Out of range: data_error.
  static constexpr date from_days_since_2000(std::int32_t day) { return date(day, is_infinite(day)); }
  static constexpr date infinity() noexcept { return from_days_since_2000(std::numeric_limits<std::int32_t>::max()); }
  static constexpr date minus_infinity() noexcept {
    return from_days_since_2000(std::numeric_limits<std::int32_t>::min());
  }

  explicit constexpr date(std::chrono::sys_days day) : date(since_2000(day.time_since_epoch()), false) {}
  explicit constexpr date(std::chrono::local_days day) : date(since_2000(day.time_since_epoch()), false) {}
  /// One that is no day of the calendar (2023-02-29) is a data_error.
  explicit constexpr date(std::chrono::year_month_day day) : date(checked(day)) {}

  constexpr bool is_finite() const noexcept { return !is_infinite(days_); }
  /// See `from_days_since_2000`.
  constexpr std::int32_t days_since_2000() const noexcept { return days_; }

  constexpr std::chrono::sys_days sys_days() const { return types::converted<std::chrono::sys_days>(*this); }
  constexpr std::chrono::local_days local_days() const { return types::converted<std::chrono::local_days>(*this); }
  /// Its years end at 32767.
  constexpr std::chrono::year_month_day year_month_day() const {
    return types::converted<std::chrono::year_month_day>(*this);
  }
  /// The same without throwing: sets `to`, or says what is in the way.
  template <class Clock>
  constexpr std::optional<types::errc> convert_to(
      std::chrono::time_point<Clock, std::chrono::days>& to) const noexcept {
    if (!is_finite()) return types::errc::infinite;
    using time_point = std::chrono::time_point<Clock, std::chrono::days>;
    to = time_point(std::chrono::days(days_ + days_1970_to_2000));
    return std::nullopt;
  }
  constexpr std::optional<types::errc> convert_to(std::chrono::year_month_day& to) const noexcept {
    std::chrono::sys_days day;
    if (auto const refused = convert_to(day)) return refused;
    constexpr std::chrono::sys_days last = std::chrono::year::max() / std::chrono::December / 31;
    if (day > last) return types::errc::out_of_range;
    to = day;
    return std::nullopt;
  }

  /// Whether there is a date of this number, see `from_days_since_2000`.
  static constexpr bool is_day(std::int32_t days) noexcept {
    return is_infinite(days) || (days >= first_day && days <= last_day);
  }

  friend constexpr auto operator<=>(date, date) noexcept = default;

  /// The first and the last finite one, as `days_since_2000`.
  static constexpr std::int32_t first_day = -2'451'545;
  static constexpr std::int32_t last_day = 2'145'031'948;
  /// From 1970-01-01, where std::chrono begins to count, to 2000-01-01.
  static constexpr std::int32_t days_1970_to_2000 = 10'957;

 private:
  constexpr date(types::wide days, bool infinite) : days_(static_cast<std::int32_t>(days)) {
    if (!infinite && (days < first_day || days > last_day))
      types::throw_data_error(types::errc::out_of_range, "a date is not within 4714-11-24 BC and 5874897-12-31");
  }

  static constexpr bool is_infinite(std::int32_t days) noexcept {
    return days == std::numeric_limits<std::int32_t>::max() || days == std::numeric_limits<std::int32_t>::min();
  }
  static constexpr types::wide since_2000(std::chrono::days since_1970) noexcept {
    return types::wide{since_1970.count()} - days_1970_to_2000;
  }
  static constexpr std::chrono::sys_days checked(std::chrono::year_month_day day) {
    if (!day.ok()) types::throw_data_error(types::errc::out_of_range, "a year_month_day is no day of the calendar");
    return day;
  }

  std::int32_t days_ = 0;
};

/// The text, as it is sent.
std::ostream& operator<<(std::ostream& to, date value);

namespace types {

void write_date(date value, text_writer& out);
protocol::expected<date> parse_date(std::string_view text) noexcept;
/// Takes a year of four digits, not BC; false says nothing.
bool parse_quickly(std::string_view text, date& value) noexcept;

/// Of types that convert to a date.
template <class T>
struct date_adapter {
  static constexpr tusk::oid oid = oids::date;
  static constexpr bool prefers_binary = true;
  static void text(T value, text_writer& out) { write_date(date(value), out); }
  static void binary(T value, binary_writer& out) { out.put(date(value).days_since_2000()); }
};

}  // namespace types

template <>
struct adapter<date> : types::date_adapter<date> {};
template <>
struct adapter<std::chrono::sys_days> : types::date_adapter<std::chrono::sys_days> {};
template <>
struct adapter<std::chrono::local_days> : types::date_adapter<std::chrono::local_days> {};
template <>
struct adapter<std::chrono::year_month_day> : types::date_adapter<std::chrono::year_month_day> {};

template <>
struct from_text<date> {
  static constexpr bool reads(oid type) noexcept { return type == oids::date; }
  static protocol::expected<date> parse(std::string_view text) noexcept { return types::parse_date(text); }
  static bool parse_quickly(std::string_view text, date& value) noexcept { return types::parse_quickly(text, value); }
};

/// The days since 2000-01-01, as an int32.
template <>
struct from_binary<date> {
  static constexpr bool reads(oid type) noexcept { return type == oids::date; }
  static protocol::expected<date> parse(std::string_view bytes, oid) noexcept {
    auto const days = types::parse_fixed<std::int32_t>(bytes);
    if (!days) return days.error();
    if (!date::is_day(*days)) return protocol::parse_error{types::errc::out_of_range, 0};
    return date::from_days_since_2000(*days);
  }
};

template <>
struct from_text<std::chrono::sys_days> : types::converted_from_text<std::chrono::sys_days, date> {};
template <>
struct from_text<std::chrono::local_days> : types::converted_from_text<std::chrono::local_days, date> {};
template <>
struct from_text<std::chrono::year_month_day> : types::converted_from_text<std::chrono::year_month_day, date> {};

template <>
struct from_binary<std::chrono::sys_days> : types::converted_from_binary<std::chrono::sys_days, date> {};
template <>
struct from_binary<std::chrono::local_days> : types::converted_from_binary<std::chrono::local_days, date> {};
template <>
struct from_binary<std::chrono::year_month_day> : types::converted_from_binary<std::chrono::year_month_day, date> {};

}  // namespace tusk
