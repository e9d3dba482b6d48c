// Times of day: tusk::time, tusk::time_tz, and std::chrono's hh_mm_ss.
//
//   C++           sent as   read from
//   time          time      time
//   time_tz       timetz    timetz
//   hh_mm_ss<D>   time      time, where D holds it exactly
//
// Text: `23:59:59.999999`, up to `24:00:00`; a timetz has an offset behind it: `+01`, `-03:30`, `+00:19:32`.
//
// Source: PostgreSQL's documentation, "Date/Time Types"; the order of timetz was tried on servers of versions 15
// and 18.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <iosfwd>
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

/// A time of day, in microseconds: from 00:00:00 to 24:00:00, both included, which differ.
class time {
 public:
  /// 00:00:00.
  constexpr time() noexcept = default;
  /// Less than 0 or more than 24 hours is a data_error; a duration finer than microseconds does not compile.
  template <class Rep, class Period>
  explicit constexpr time(std::chrono::duration<Rep, Period> since_midnight)
      : time(types::microseconds_of(since_midnight)) {}

  /// The time since midnight as a `D`; data_error (`errc::inexact`) where it is no whole number of those.
  template <class D = std::chrono::microseconds>
  constexpr D since_midnight() const {
    return types::converted<D>(*this);
  }
  constexpr std::int64_t microseconds() const noexcept { return microseconds_; }

  /// The same without throwing: sets `to`, or says what is in the way.
  template <class Rep, class Period>
  constexpr std::optional<types::errc> convert_to(std::chrono::duration<Rep, Period>& to) const noexcept {
    return types::convert(microseconds_, to);
  }
  template <class D>
  constexpr std::optional<types::errc> convert_to(std::chrono::hh_mm_ss<D>& to) const noexcept {
    D since_midnight{};
    auto const refused = convert_to(since_midnight);
    if (!refused) to = std::chrono::hh_mm_ss<D>(since_midnight);
    return refused;
  }

  friend constexpr auto operator<=>(time, time) noexcept = default;

 private:
  explicit constexpr time(types::wide microseconds) : microseconds_(static_cast<std::int64_t>(microseconds)) {
    if (microseconds < 0 || microseconds > types::microseconds_per_day)
      types::throw_data_error(types::errc::out_of_range, "a time of day is not within 00:00:00 and 24:00:00");
  }

  std::int64_t microseconds_ = 0;
};

/// A time of day at an offset from UTC. Ordered as the server orders them: by the time in UTC (which is less than 0 or
/// more than 24 hours for some), and of equal ones the greater offset first. So only the same time at the same offset
/// is equal.
class time_tz {
 public:
  /// 00:00:00+00.
  constexpr time_tz() noexcept = default;
  /// `utc_offset`: what the clock there is ahead of UTC; beyond 15:59:59 either way is a data_error.
  constexpr time_tz(time local, std::chrono::seconds utc_offset)
      : local_(local), utc_offset_(static_cast<std::int32_t>(utc_offset.count())) {
    constexpr std::chrono::seconds max(max_utc_offset);
    if (utc_offset < -max || utc_offset > max)
      types::throw_data_error(types::errc::out_of_range,
                              "the offset of a time_tz is not within -15:59:59 and +15:59:59");
  }

  /// What the clock there shows.
  constexpr time local() const noexcept { return local_; }
  constexpr std::chrono::seconds utc_offset() const noexcept { return std::chrono::seconds(utc_offset_); }

  friend constexpr bool operator==(time_tz, time_tz) noexcept = default;
  friend constexpr std::strong_ordering operator<=>(time_tz a, time_tz b) noexcept {
    auto const by_utc = a.utc() <=> b.utc();
    return by_utc != 0 ? by_utc : b.utc_offset_ <=> a.utc_offset_;
  }

  static constexpr std::int32_t max_utc_offset = 15 * 3600 + 59 * 60 + 59;  ///< in seconds

 private:
  constexpr std::int64_t utc() const noexcept { return local_.microseconds() - utc_offset_ * std::int64_t{1'000'000}; }

  time local_;
  std::int32_t utc_offset_ = 0;
};

/// The text, as it is sent.
std::ostream& operator<<(std::ostream& to, time value);
std::ostream& operator<<(std::ostream& to, time_tz value);

namespace types {

void write_time(time value, text_writer& out);
void write_time_tz(time_tz value, text_writer& out);
protocol::expected<time> parse_time(std::string_view text) noexcept;
protocol::expected<time_tz> parse_time_tz(std::string_view text) noexcept;
/// Takes what is less than 24:00:00; false says nothing.
bool parse_quickly(std::string_view text, time& value) noexcept;

}  // namespace types

template <>
struct adapter<time> {
  static constexpr tusk::oid oid = oids::time;
  static constexpr bool prefers_binary = true;
  static void text(time value, text_writer& out) { types::write_time(value, out); }
  static void binary(time value, binary_writer& out) { out.put(value.microseconds()); }
};

template <>
struct adapter<time_tz> {
  static constexpr tusk::oid oid = oids::timetz;
  static constexpr bool prefers_binary = true;
  static void text(time_tz value, text_writer& out) { types::write_time_tz(value, out); }
  static void binary(time_tz value, binary_writer& out) {
    out.put(value.local().microseconds()).put(static_cast<std::int32_t>(-value.utc_offset().count()));
  }
};

template <class D>
struct adapter<std::chrono::hh_mm_ss<D>> {
  static constexpr tusk::oid oid = oids::time;
  static constexpr bool prefers_binary = true;
  static void text(std::chrono::hh_mm_ss<D> value, text_writer& out) {
    types::write_time(time(value.to_duration()), out);
  }
  static void binary(std::chrono::hh_mm_ss<D> value, binary_writer& out) {
    out.put(time(value.to_duration()).microseconds());
  }
};

template <>
struct from_text<time> {
  static constexpr bool reads(oid type) noexcept { return type == oids::time; }
  static protocol::expected<time> parse(std::string_view text) noexcept { return types::parse_time(text); }
  static bool parse_quickly(std::string_view text, time& value) noexcept { return types::parse_quickly(text, value); }
};

template <>
struct from_text<time_tz> {
  static constexpr bool reads(oid type) noexcept { return type == oids::timetz; }
  static protocol::expected<time_tz> parse(std::string_view text) noexcept { return types::parse_time_tz(text); }
};

template <class D>
struct from_text<std::chrono::hh_mm_ss<D>> : types::converted_from_text<std::chrono::hh_mm_ss<D>, time> {};

/// The microseconds, as an int64.
template <>
struct from_binary<time> {
  static constexpr bool reads(oid type) noexcept { return type == oids::time; }
  static protocol::expected<time> parse(std::string_view bytes, oid) noexcept {
    auto const microseconds = types::parse_fixed<std::int64_t>(bytes);
    if (!microseconds) return microseconds.error();
    if (*microseconds < 0 || *microseconds > types::microseconds_per_day)
      return protocol::parse_error{types::errc::out_of_range, 0};
    return time(std::chrono::microseconds(*microseconds));
  }
};

/// The same, then the offset as an int32: in seconds, to the west.
template <>
struct from_binary<time_tz> {
  static constexpr bool reads(oid type) noexcept { return type == oids::timetz; }
  static protocol::expected<time_tz> parse(std::string_view bytes, oid) noexcept;
};

template <class D>
struct from_binary<std::chrono::hh_mm_ss<D>> : types::converted_from_binary<std::chrono::hh_mm_ss<D>, time> {};

}  // namespace tusk
