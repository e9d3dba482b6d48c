// Multiranges: {[1,5),[7,9)}, any number of ranges that neither overlap nor touch.
//
//   C++                                 sent as                            read from
//   multirange<int>                     int4multirange                     int4multirange, int8multirange: what fits
//   multirange<long>, of numeric,       int8multirange, nummultirange      likewise
//   multirange of date, timestamp,      datemultirange, tsmultirange,      multiranges of what T reads
//   timestamptz                         tstzmultirange
//   multirange of another type          0: what the statement needs there  multiranges of what T reads
//   any of them                                                            multiranges made in the database
//
// The subtype of what was made in the database is not known here, so the caller's word for it is taken, as for ranges.
//
// Binary: an int32 counts the ranges, each is an int32 length and its own binary form.
//
// Source: PostgreSQL's documentation, "Range Types"; multirange_out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>
#include <tusk/types/range.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// The values that are in one of the ranges. The server sorts them, joins those that overlap or touch, and leaves out
/// empty ones; that is the form in which it writes them.
template <class T>
struct multirange {
  std::vector<range<T>> ranges = {};

  /// The same ranges in the same order.
  friend bool operator==(multirange const&, multirange const&) = default;
};

namespace types {

/// The built-in multirange over a type, or over the next larger one; 0 if there is none.
constexpr oid multirange_of(oid subtype) noexcept {
  oid const of = range_of(subtype);
  for (range_entry const& each : built_in_ranges) {
    if (of != 0 && each.range == of) return each.multirange;
  }
  return 0;
}

/// The type of the bounds in a built-in multirange, or 0.
constexpr oid subtype_of_multirange(oid multirange) noexcept {
  for (range_entry const& each : built_in_ranges) {
    if (each.multirange == multirange) return each.subtype;
  }
  return 0;
}

/// The range type of the ranges in a built-in multirange; of another one nothing but the type itself is known.
constexpr oid range_in(oid multirange) noexcept {
  oid const subtype = subtype_of_multirange(multirange);
  return subtype != 0 ? range_of(subtype) : multirange;
}

template <class T>
protocol::expected<multirange<T>> parse_multirange(std::string_view text, oid subtype) {
  multirange<T> made;
  part_reader reader(text);
  auto const malformed = [&reader] { return protocol::parse_error{errc::malformed_multirange, reader.position()}; };
  if (!reader.take('{')) return malformed();
  bool const empty = reader.take('}');
  while (!empty) {
    if (!reader.at('[') && !reader.at('(')) return malformed();
    if (auto const error = read_bounds(reader, subtype, made.ranges.emplace_back())) return *error;
    if (reader.take('}')) break;
    if (!reader.take(',')) return malformed();
  }
  if (!reader.at_end()) return malformed();
  return made;
}

}  // namespace types

template <adaptable T>
struct adapter<multirange<T>> {
  static constexpr argument_type type() { return {types::multirange_of(types::argument_type_of<T>().oid)}; }
  static argument_type type(multirange<T> const& value, adapt_context const& context) {
    types::type_gatherer bounds(context);
    for (range<T> const& each : value.ranges) {
      if (!each.empty && each.lower) bounds.add<T>(*each.lower);
      if (!each.empty && each.upper) bounds.add<T>(*each.upper);
    }
    return {types::multirange_of(bounds.type<T>().oid)};
  }
  /// Empty ranges are left out, as the server does.
  static void text(multirange<T> const& value, text_writer& out) {
    char before = '{';
    for (range<T> const& each : value.ranges) {
      if (each.empty) continue;
      out << std::exchange(before, ',');
      adapter<range<T>>::text(each, out);
    }
    if (before == '{') out << '{';
    out << '}';
  }
  static void binary(multirange<T> const& value, binary_writer& out) requires types::binary_bound<T> {
    std::size_t const place = out.size();
    std::int32_t count = 0;
    out.put(count);
    for (range<T> const& each : value.ranges) {
      if (each.empty) continue;
      std::size_t const length = out.size();
      out.put(std::int32_t{0});
      adapter<range<T>>::binary(each, out);
      out.put_at(length, static_cast<std::int32_t>(out.size() - length - 4));
      ++count;
    }
    out.put_at(place, count);
  }
};

/// The text, as it is sent.
template <adaptable T>
std::ostream& operator<<(std::ostream& out, multirange<T> const& value) {
  return out << *types::text_of(value);
}

template <types::readable_part T>
struct from_text<multirange<T>> {
  static bool reads(oid type) {
    oid const subtype = types::subtype_of_multirange(type);
    return subtype != 0 ? from_text<T>::reads(subtype) : is_user_defined(type);
  }
  static protocol::expected<multirange<T>> parse(std::string_view text) { return parse(text, 0); }
  static protocol::expected<multirange<T>> parse(std::string_view text, oid type) {
    return types::parse_multirange<T>(text, types::subtype_of_multirange(type));
  }
};

template <types::readable_part T>
requires binary_readable<T>
struct from_binary<multirange<T>> {
  static bool reads(oid type) {
    return from_text<multirange<T>>::reads(type) && from_binary<range<T>>::reads(types::range_in(type));
  }
  static protocol::expected<multirange<T>> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<multirange<T>> parse(std::string_view bytes, oid type, types::read_context const& with) {
    types::binary_reader in(bytes);
    multirange<T> made;
    auto const count = in.take<std::int32_t>();
    if (count < 0) in.fail_at(0);
    for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
      std::size_t const at = in.position();
      auto const part = in.field();
      if (!part) in.fail_at(at);
      if (in.failed()) break;
      auto each = from_binary<range<T>>::parse(*part, types::range_in(type), with);
      if (!each) return types::shifted(each.error(), at + 4);
      if (each->empty) return protocol::parse_error{types::errc::malformed_binary, at + 4};  // the server has none
      made.ranges.push_back(*std::move(each));
    }
    if (auto const error = in.finish(); error.code) return error;
    return made;
  }
};

}  // namespace tusk
