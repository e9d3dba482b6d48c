// Timestamps: tusk::timestamp, tusk::timestamptz, and std::chrono's local_time and sys_time.
//
//   C++             sent as       read from
//   timestamp       timestamp     timestamp
//   timestamptz     timestamptz   timestamptz
//   local_time<D>   timestamp     timestamp, where it is finite and D holds it exactly
//   sys_time<D>     timestamptz   timestamptz, likewise
//
// sys_time<days> and local_time<days> are dates (date.hpp). A D finer than microseconds, as system_clock::now() has, is
// written as the microsecond that it is in (std::chrono::floor).
//
// Text: `2024-02-29 12:34:56.789`, at least four digits of year; a timestamptz has the offset of the session's time
// zone behind it, `+01`, `-03:30`, `+00:19:32`; then ` BC`. Or `infinity`, `-infinity`. A timestamptz is written in
// UTC. Only DateStyle ISO is read: none of the other styles' texts has this form.
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

/// Microseconds from 4714-11-24 BC to the end of the year 294276, or -infinity, or infinity. Ordered as the server
/// orders them. See `timestamp` and `timestamptz`.
///
/// What cannot be converted is a data_error: infinities, for they have no counterpart in std::chrono, and what is out
/// of the range of either side.
template <class Clock>
class basic_timestamp {
 public:
  /// 2000-01-01 00:00:00.
  constexpr basic_timestamp() noexcept = default;
  /// As the server's binary format counts; the smallest int64 is -infinity, the largest one infinity. Out of range:
  /// data_error.
  static constexpr basic_timestamp from_microseconds_since_2000(std::int64_t count) {
    return basic_timestamp(count, is_infinite(count));
  }
  static constexpr basic_timestamp infinity() noexcept {
    return from_microseconds_since_2000(std::numeric_limits<std::int64_t>::max());
  }
  static constexpr basic_timestamp minus_infinity() noexcept {
    return from_microseconds_since_2000(std::numeric_limits<std::int64_t>::min());
  }

  /// A duration finer than microseconds does not compile: std::chrono::floor, round and ceil say how to round.
  template <class D>
  explicit constexpr basic_timestamp(std::chrono::time_point<Clock, D> value)
      : basic_timestamp(types::microseconds_of(value.time_since_epoch()) - microseconds_1970_to_2000, false) {}

  constexpr bool is_finite() const noexcept { return !is_infinite(microseconds_); }
  /// See `from_microseconds_since_2000`.
  constexpr std::int64_t microseconds_since_2000() const noexcept { return microseconds_; }

  /// As std::chrono has it: a sys_time<D> of a timestamptz, a local_time<D> of a timestamp. Where the value is no whole
  /// number of a coarser D, that is a data_error too (`errc::inexact`).
  template <class D = std::chrono::microseconds>
  constexpr std::chrono::time_point<Clock, D> time_point() const {
    return types::converted<std::chrono::time_point<Clock, D>>(*this);
  }
  /// The same without throwing: sets `to`, or says what is in the way.
  template <class D>
  constexpr std::optional<types::errc> convert_to(std::chrono::time_point<Clock, D>& to) const noexcept {
    if (!is_finite()) return types::errc::infinite;
    D since_1970{};
    auto const refused = types::convert(types::wide{microseconds_} + microseconds_1970_to_2000, since_1970);
    if (!refused) to = std::chrono::time_point<Clock, D>(since_1970);
    return refused;
  }

  /// Whether there is a timestamp of this number, see `from_microseconds_since_2000`.
  static constexpr bool is_microsecond(std::int64_t count) noexcept {
    return is_infinite(count) || (count >= first_microsecond && count <= last_microsecond);
  }

  friend constexpr auto operator<=>(basic_timestamp, basic_timestamp) noexcept = default;

  /// The first and the last finite one, as `microseconds_since_2000`.
  static constexpr std::int64_t first_microsecond = -211'813'488'000'000'000;
  static constexpr std::int64_t last_microsecond = 9'223'371'331'199'999'999;
  /// From 1970-01-01, where std::chrono begins to count, to 2000-01-01.
  static constexpr std::int64_t microseconds_1970_to_2000 = 946'684'800'000'000;

 private:
  constexpr basic_timestamp(types::wide microseconds, bool infinite)
      : microseconds_(static_cast<std::int64_t>(microseconds)) {
    if (!infinite && (microseconds < first_microsecond || microseconds > last_microsecond))
      types::throw_data_error(types::errc::out_of_range, "a timestamp is not within 4714-11-24 BC and 294276-12-31");
  }

  static constexpr bool is_infinite(std::int64_t count) noexcept {
    return count == std::numeric_limits<std::int64_t>::max() || count == std::numeric_limits<std::int64_t>::min();
  }

  std::int64_t microseconds_ = 0;
};

/// What a calendar and a clock show, wherever they hang: without a time zone.
using timestamp = basic_timestamp<std::chrono::local_t>;
/// A point in time; the server does not keep the time zone in which it was told.
using timestamptz = basic_timestamp<std::chrono::system_clock>;

/// The text, as it is sent.
std::ostream& operator<<(std::ostream& to, timestamp value);
std::ostream& operator<<(std::ostream& to, timestamptz value);

namespace types {

template <class Clock>
void write_timestamp(basic_timestamp<Clock> value, text_writer& out);
template <class Clock>
protocol::expected<basic_timestamp<Clock>> parse_timestamp(std::string_view text) noexcept;
/// Takes a year of four digits, not BC, and an offset without seconds; false says nothing.
bool parse_quickly(std::string_view text, timestamp& value) noexcept;
bool parse_quickly(std::string_view text, timestamptz& value) noexcept;

template <class Clock>
inline constexpr oid timestamp_oid = std::is_same_v<Clock, std::chrono::local_t> ? oids::timestamp : oids::timestamptz;

/// The clocks of timestamps.
template <class Clock>
concept timestamp_clock =
    std::is_same_v<Clock, std::chrono::local_t> || std::is_same_v<Clock, std::chrono::system_clock>;

}  // namespace types

template <class Clock>
struct adapter<basic_timestamp<Clock>> {
  static constexpr tusk::oid oid = types::timestamp_oid<Clock>;
  static constexpr bool prefers_binary = true;
  static void text(basic_timestamp<Clock> value, text_writer& out) { types::write_timestamp(value, out); }
  static void binary(basic_timestamp<Clock> value, binary_writer& out) { out.put(value.microseconds_since_2000()); }
};

template <types::timestamp_clock Clock, class D>
struct adapter<std::chrono::time_point<Clock, D>> {
  static constexpr tusk::oid oid = types::timestamp_oid<Clock>;
  static constexpr bool prefers_binary = true;
  static void text(std::chrono::time_point<Clock, D> value, text_writer& out) {
    types::write_timestamp(whole(value), out);
  }
  static void binary(std::chrono::time_point<Clock, D> value, binary_writer& out) {
    out.put(whole(value).microseconds_since_2000());
  }

 private:
  static constexpr basic_timestamp<Clock> whole(std::chrono::time_point<Clock, D> value) {
    if constexpr (std::ratio_less_v<typename D::period, std::micro>) {  // as system_clock::now() is
      return basic_timestamp<Clock>(std::chrono::floor<std::chrono::microseconds>(value));
    } else {
      return basic_timestamp<Clock>(value);
    }
  }
};

template <class Clock>
struct from_text<basic_timestamp<Clock>> {
  static constexpr bool reads(oid type) noexcept { return type == types::timestamp_oid<Clock>; }
  static protocol::expected<basic_timestamp<Clock>> parse(std::string_view text) noexcept {
    return types::parse_timestamp<Clock>(text);
  }
  static bool parse_quickly(std::string_view text, basic_timestamp<Clock>& value) noexcept {
    return types::parse_quickly(text, value);
  }
};

template <types::timestamp_clock Clock, class D>
struct from_text<std::chrono::time_point<Clock, D>>
    : types::converted_from_text<std::chrono::time_point<Clock, D>, basic_timestamp<Clock>> {};

/// The microseconds since 2000-01-01 00:00:00, as an int64.
template <class Clock>
struct from_binary<basic_timestamp<Clock>> {
  static constexpr bool reads(oid type) noexcept { return type == types::timestamp_oid<Clock>; }
  static protocol::expected<basic_timestamp<Clock>> parse(std::string_view bytes, oid) noexcept {
    auto const count = types::parse_fixed<std::int64_t>(bytes);
    if (!count) return count.error();
    if (!basic_timestamp<Clock>::is_microsecond(*count)) return protocol::parse_error{types::errc::out_of_range, 0};
    return basic_timestamp<Clock>::from_microseconds_since_2000(*count);
  }
};

template <types::timestamp_clock Clock, class D>
struct from_binary<std::chrono::time_point<Clock, D>>
    : types::converted_from_binary<std::chrono::time_point<Clock, D>, basic_timestamp<Clock>> {};

}  // namespace tusk
