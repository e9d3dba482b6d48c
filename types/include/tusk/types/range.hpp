// Ranges: [1,5) and its like.
//
//   C++                            sent as                            read from
//   range<short>, range<int>       int4range                          int4range, int8range: any bounds that fit
//   range<long>, range<unsigned>   int8range                          likewise
//   range of numeric, date,        numrange, daterange,               ranges of what T reads
//   timestamp, timestamptz         tsrange, tstzrange
//   range of another type          0: what the statement needs there  ranges of what T reads
//   any of them                                                       ranges that were made in the database
//
// The subtype of a range that was made in the database is not known here, so the caller's word for it is taken: its
// bounds have to be texts of a T, or in the binary form values of the type that a T is sent as.
//
// Binary: a byte of flags, then each bound that there is, as an int32 length and its own binary form.
//
// Source: PostgreSQL's documentation, "Range Types: Input/Output"; range_out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapt_context.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// The values between two bounds, or none at all. The server stores ranges of integers and dates as [lower,upper) and
/// refuses a lower bound above the upper one.
///
///     tusk::range<int>{1, 5}                        // [1,5)
///     tusk::range<int>{1, 5, false, true}           // (1,5]
///     tusk::range<int>{.lower = 1}                  // [1,): no upper bound
///     tusk::range<int>{.empty = true}
template <class T>
struct range {
  std::optional<T> lower = std::nullopt;  ///< nothing: no bound
  std::optional<T> upper = std::nullopt;
  bool lower_inclusive = true;  ///< means nothing where there is no bound
  bool upper_inclusive = false;
  bool empty = false;  ///< then the bounds mean nothing

  /// The same bounds. [1,4] and [1,5) differ here, even if no integer is in only one of them.
  friend bool operator==(range const& a, range const& b) {
    if (a.empty || b.empty) return a.empty == b.empty;
    return a.lower == b.lower && a.upper == b.upper && (!a.lower || a.lower_inclusive == b.lower_inclusive) &&
           (!a.upper || a.upper_inclusive == b.upper_inclusive);
  }
};

namespace types {

struct range_entry {
  oid subtype;
  oid range;
  oid multirange;
};

inline constexpr range_entry built_in_ranges[] = {
    {oids::int4, oids::int4range, oids::int4multirange},  {oids::int8, oids::int8range, oids::int8multirange},
    {oids::numeric, oids::numrange, oids::nummultirange}, {oids::date, oids::daterange, oids::datemultirange},
    {oids::timestamp, oids::tsrange, oids::tsmultirange}, {oids::timestamptz, oids::tstzrange, oids::tstzmultirange},
};

/// The built-in range over a type, or over the next larger one; 0 if there is none.
constexpr oid range_of(oid subtype) noexcept {
  for (range_entry const& each : built_in_ranges) {
    if (each.subtype == (subtype == oids::int2 ? oids::int4 : subtype)) return each.range;
  }
  return 0;
}

/// The type of the bounds of a built-in range, or 0.
constexpr oid subtype_of(oid range) noexcept {
  for (range_entry const& each : built_in_ranges) {
    if (each.range == range) return each.subtype;
  }
  return 0;
}

/// A bound, in quotes if it needs them.
void write_range_bound(std::string_view text, text_writer& out);

/// Reads one bound, which `end` follows.
template <class T>
std::optional<protocol::parse_error> read_range_bound(part_reader& reader, char end, oid subtype,
                                                      std::optional<T>& to) {
  part bound;
  bool const closed = reader.read<true>(bound, ',', '(', ')', '[', ']', '"', '\\');
  bool const last = end != ',';
  if (!closed || !(reader.at(end) || (last && reader.at(']')))) {
    return protocol::parse_error{errc::malformed_range, reader.position()};
  }
  if (!bound.quoted && bound.text.empty()) return std::nullopt;
  auto value = read_text<T>(bound.text, subtype);
  if (!value) return bound.whole(value.error());
  to = *std::move(value);
  return std::nullopt;
}

/// Reads a range with bounds; what is behind it is for the caller to check.
template <class T>
std::optional<protocol::parse_error> read_bounds(part_reader& reader, oid subtype, range<T>& to) {
  to.lower_inclusive = reader.take('[');
  if (!to.lower_inclusive && !reader.take('(')) return protocol::parse_error{errc::malformed_range, reader.position()};
  if (auto const error = read_range_bound(reader, ',', subtype, to.lower)) return error;
  reader.take(',');
  if (auto const error = read_range_bound(reader, ')', subtype, to.upper)) return error;
  to.upper_inclusive = reader.take(']');
  if (!to.upper_inclusive) reader.take(')');
  return std::nullopt;
}

template <class T>
protocol::expected<range<T>> parse_range(std::string_view text, oid subtype) {
  range<T> made;
  if (text == "empty") {
    made.empty = true;
    return made;
  }
  part_reader reader(text);
  if (auto const error = read_bounds(reader, subtype, made)) return *error;
  if (!reader.at_end()) return protocol::parse_error{errc::malformed_range, reader.position()};
  return made;
}

/// The binary form of a range, taken apart.
struct binary_range {
  struct bound {
    std::string_view bytes;
    std::size_t position = 0;
  };
  std::optional<bound> lower, upper;
  bool lower_inclusive = true;
  bool upper_inclusive = false;
  bool empty = false;
};

/// Flags that contradict each other are `errc::malformed_binary`.
protocol::expected<binary_range> take_range_apart(std::string_view bytes) noexcept;

/// The type of the bounds of a range that is read as `range<T>`; one that was made in the database, of which nothing
/// else is known, if T has none.
template <class T>
constexpr oid bound_type(oid range) noexcept {
  if (oid const subtype = subtype_of(range); subtype != 0) return subtype;
  if constexpr (has_fixed_type<T>()) {
    if (adapter<T>::oid != 0) return adapter<T>::oid;
  }
  return adapt_context::first_loaded;
}

template <class T>
std::optional<protocol::parse_error> read_range_bound(std::optional<binary_range::bound> const& bound, oid type,
                                                      read_context const& with, std::optional<T>& to) {
  if (!bound) return std::nullopt;
  auto value = read_binary<T>(bound->bytes, type, with);
  if (!value) return shifted(value.error(), bound->position);
  to = *std::move(value);
  return std::nullopt;
}

/// Bounds of which a built-in range is made, whatever their values are.
template <class T>
concept binary_bound = binary_adaptable<T> && has_fixed_type<T>() && range_of(adapter<T>::oid)
!= 0;

/// Writes the length and the bound as the subtype of the built-in range.
template <binary_bound T>
void write_binary_bound(T const& value, binary_writer& out) {
  if constexpr (adapter<T>::oid == oids::int2) {
    out.put(std::int32_t{4}).put(static_cast<std::int32_t>(value));
  } else {
    std::size_t const length = out.size();
    out.put(std::int32_t{0});
    adapter<T>::binary(value, out);
    out.put_at(length, static_cast<std::int32_t>(out.size() - length - 4));
  }
}

/// The first byte of a range, see rangetypes.h.
std::uint8_t range_flags(bool empty, bool lower, bool lower_inclusive, bool upper, bool upper_inclusive) noexcept;

}  // namespace types

template <adaptable T>
struct adapter<range<T>> {
  static constexpr argument_type type() { return {types::range_of(types::argument_type_of<T>().oid)}; }
  static argument_type type(range<T> const& value, adapt_context const& context) {
    types::type_gatherer bounds(context);
    if (!value.empty && value.lower) bounds.add<T>(*value.lower);
    if (!value.empty && value.upper) bounds.add<T>(*value.upper);
    return {types::range_of(bounds.type<T>().oid)};
  }
  static void text(range<T> const& value, text_writer& out) {
    if (value.empty) return out.unchecked("empty");
    types::text_buffer scratch;
    auto const write = [&](std::optional<T> const& bound) {
      if (types::is_null(bound)) return;
      types::write_part(*bound, scratch, out, [&](std::string_view text) { types::write_range_bound(text, out); });
    };
    out << (value.lower && value.lower_inclusive ? '[' : '(');
    write(value.lower);
    out << ',';
    write(value.upper);
    out << (value.upper && value.upper_inclusive ? ']' : ')');
  }
  /// As the built-in range over the type of T: int4range for a short.
  static void binary(range<T> const& value, binary_writer& out) requires types::binary_bound<T> {
    bool const lower = !types::is_null(value.lower);
    bool const upper = !types::is_null(value.upper);
    out.put(types::range_flags(value.empty, lower, value.lower_inclusive, upper, value.upper_inclusive));
    if (!value.empty && lower) types::write_binary_bound(*value.lower, out);
    if (!value.empty && upper) types::write_binary_bound(*value.upper, out);
  }
};

/// The text, as it is sent.
template <adaptable T>
std::ostream& operator<<(std::ostream& out, range<T> const& value) {
  return out << *types::text_of(value);
}

template <types::readable_part T>
struct from_text<range<T>> {
  static bool reads(oid type) {
    oid const subtype = types::subtype_of(type);
    return subtype != 0 ? from_text<T>::reads(subtype) : is_user_defined(type);
  }
  static protocol::expected<range<T>> parse(std::string_view text) { return parse(text, 0); }
  static protocol::expected<range<T>> parse(std::string_view text, oid type) {
    return types::parse_range<T>(text, types::subtype_of(type));
  }
};

template <types::readable_part T>
requires binary_readable<T>
struct from_binary<range<T>> {
  static bool reads(oid type) {
    return from_text<range<T>>::reads(type) && from_binary<T>::reads(types::bound_type<T>(type));
  }
  static protocol::expected<range<T>> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<range<T>> parse(std::string_view bytes, oid type, types::read_context const& with) {
    auto const parts = types::take_range_apart(bytes);
    if (!parts) return parts.error();
    range<T> made{.lower_inclusive = parts->lower_inclusive, .upper_inclusive = parts->upper_inclusive};
    made.empty = parts->empty;
    oid const subtype = types::bound_type<T>(type);
    if (auto const error = types::read_range_bound(parts->lower, subtype, with, made.lower)) return *error;
    if (auto const error = types::read_range_bound(parts->upper, subtype, with, made.upper)) return *error;
    return made;
  }
};

}  // namespace tusk
