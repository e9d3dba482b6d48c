// Between counts of microseconds, in which PostgreSQL keeps time, and std::chrono's durations: exactly, or not at all.
//
// A duration that can hold fractions of a microsecond (nanoseconds, std::chrono::system_clock's own) cannot be written:
// that does not compile, rather than round or fail on the data. The program says how to round:
//
//     conn.query("SELECT $1", std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
//
// Read it can be: every microsecond is a whole number of nanoseconds. A coarser duration (seconds, days) reads what is
// a whole number of them; else the reading fails with `errc::inexact`.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/wide.hpp>

namespace tusk {
namespace types {

inline constexpr std::int64_t microseconds_per_day = 86'400'000'000;

/// A data_error with this code, and with this text or, if it is empty, the code's.
[[noreturn]] void throw_data_error(errc why, std::string_view what);

/// The microseconds of a duration. 128 bits hold any 64 times any ratio.
template <class Rep, class Period>
constexpr wide microseconds_of(std::chrono::duration<Rep, Period> value) noexcept {
  using factor = std::ratio_divide<Period, std::micro>;
  static_assert(std::integral<Rep> && factor::den == 1,
                "tusk: PostgreSQL's times are whole microseconds, and this duration is finer (or floating point). Say "
                "how to round: std::chrono::floor<std::chrono::microseconds>(value), or round, or ceil.");
  return wide{value.count()} * factor::num;
}

/// Sets `to` to so many microseconds; else says what is in the way.
template <class Rep, class Period>
constexpr std::optional<errc> convert(wide microseconds, std::chrono::duration<Rep, Period>& to) noexcept {
  static_assert(std::integral<Rep>, "tusk: a time is not read as floating point, which would round it");
  using factor = std::ratio_divide<std::micro, Period>;
  wide const scaled = microseconds * factor::num;
  if (factor::den != 1 && scaled % factor::den != 0) return errc::inexact;
  wide const count = scaled / factor::den;
  if (count < std::numeric_limits<Rep>::min() || count > std::numeric_limits<Rep>::max()) return errc::out_of_range;
  to = std::chrono::duration<Rep, Period>(static_cast<Rep>(count));
  return std::nullopt;
}

/// `value`, which is one of the library's own types, as a `To`; data_error with the code of its `convert_to` if that
/// cannot be.
template <class To, class Own>
constexpr To converted(Own const& value) {
  To to{};
  if (auto const refused = value.convert_to(to)) throw_data_error(*refused, {});
  return to;
}

/// A type of std::chrono is read as its counterpart is, and then converted.
template <class To, class Own>
struct converted_from_text {
  static constexpr bool reads(oid type) noexcept { return from_text<Own>::reads(type); }
  static protocol::expected<To> parse(std::string_view text) noexcept {
    auto const value = from_text<Own>::parse(text);
    if (!value) return value.error();
    To to{};
    if (auto const refused = value->convert_to(to)) return protocol::parse_error{*refused, 0};
    return to;
  }
  static bool parse_quickly(std::string_view text, To& to) noexcept requires quickly_readable<Own> {
    Own value;
    return from_text<Own>::parse_quickly(text, value) && !value.convert_to(to);
  }
};

template <class To, class Own>
struct converted_from_binary {
  static constexpr bool reads(oid type) noexcept { return from_binary<Own>::reads(type); }
  static protocol::expected<To> parse(std::string_view bytes, oid type) noexcept {
    auto const value = from_binary<Own>::parse(bytes, type);
    if (!value) return value.error();
    To to{};
    if (auto const refused = value->convert_to(to)) return protocol::parse_error{*refused, 0};
    return to;
  }
};

}  // namespace types
}  // namespace tusk
