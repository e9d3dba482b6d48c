// The binary form of values as types that load_types() found: row values, arrays of them, enums, hstore.
//
//   adapter<item> = composite<"item">, load_types() ─► the types of item's attributes ─► does each member have a binary
//   form as its attribute's type? ─► yes: written so;  no: the argument goes as text, which the server converts
//
// The server takes a field of a row, and an element of an array, only with the very type that its own has: a domain's
// too. So nothing is written here without a look at what was loaded; where that has changed since, the server refuses
// the value, and load_types() has to be called again.
//
// Source: PostgreSQL's rowtypes.c, record_recv; arrayfuncs.c, array_recv.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tusk/types/adapt_context.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/composite.hpp>
#include <tusk/types/enum.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>

namespace tusk::types {

/// What is sent as text of whatever type the server needs, and so is also the binary form of text.
template <class T>
concept sent_as_string = std::convertible_to<T const&, std::string_view> && adaptable<T>;

template <class T>
inline constexpr bool is_array_value = nested_range<T>;
template <class T>
inline constexpr bool is_array_value<array<T>> = true;
template <class T>
struct element_of_array {
  using type = leaf_of<T>;
};
template <class T>
struct element_of_array<array<T>> {
  using type = T;
};

/// Whether a T has a binary form as a value of that type. `depth` row values are around.
template <class T>
bool writes_as(oid type, loaded_types const& in, int depth = 0);

template <class Members>
struct attribute_writers;
template <class... Members>
struct attribute_writers<std::tuple<Members&...>> {
  static bool write_as(std::span<oid const> attributes, loaded_types const& in, int depth) {
    if (attributes.size() != sizeof...(Members)) return false;
    oid const* next = attributes.data();
    return (writes_as<std::remove_const_t<Members>>(*next++, in, depth) && ...);
  }
};

template <class T>
bool writes_as(oid type, loaded_types const& in, int depth) {
  using plain = typename without_optional<T>::type;
  oid const like = in.read_as(type);
  if constexpr (composite_type<plain>) {
    loaded_type const* const found = in.find(in.base_of(type));
    return found != nullptr && depth < max_binary_depth &&
           attribute_writers<decltype(members(std::declval<plain&>()))>::write_as(found->attributes, in, depth + 1);
  } else if constexpr (is_array_value<plain>) {
    oid const element = in.element_of(in.base_of(type));
    return element != 0 && writes_as<typename element_of_array<plain>::type>(element, in, depth);
  } else if constexpr (labelled_enum<plain> || sent_as_string<plain>) {
    return like == oids::text || like == oids::varchar || like == oids::bpchar;
  } else if constexpr (!binary_adaptable<plain> || (typed_by_value<plain> && !requires { adapter<plain>::type(); })) {
    return false;
  } else if constexpr (requires { adapter<plain>::type_name; }) {
    loaded_type const* const named = in.find(adapter<plain>::type_name);
    return named != nullptr && named->type == in.base_of(type);
  } else {
    oid const own = argument_type_of<plain>().oid;
    return own != 0 && own == like;
  }
}

/// Writes it, where `writes_as` says that it can be.
template <class T>
void write_as(T const& value, oid type, loaded_types const& in, binary_writer& out);

/// A length, or -1 for NULL, and the value.
template <class T>
void write_part_as(T const& value, oid type, loaded_types const& in, binary_writer& out) {
  if (is_null(value)) {
    out.put(std::int32_t{-1});
    return;
  }
  std::size_t const length = out.size();
  out.put(std::int32_t{0});
  write_as(value, type, in, out);
  out.put_at(length, static_cast<std::int32_t>(out.size() - length - 4));
}

template <class T>
void write_as(T const& value, oid type, loaded_types const& in, binary_writer& out) {
  if constexpr (!std::same_as<T, typename without_optional<T>::type>) {
    write_as(*value, type, in, out);
  } else if constexpr (composite_type<T>) {
    oid const* attribute = in.find(in.base_of(type))->attributes.data();
    std::apply(
        [&](auto const&... each) {
          out.put(static_cast<std::int32_t>(sizeof...(each)));
          ((out.put(*attribute), write_part_as(each, *attribute++, in, out)), ...);
        },
        members(value));
  } else if constexpr (is_array_value<T>) {
    using element = typename element_of_array<T>::type;
    oid const of = in.element_of(in.base_of(type));
    auto const write = [&in, of](element const& each, binary_writer& to) { write_as(each, of, in, to); };
    binary_array_writer<element, decltype(write)>(out, of, write).write(value);
  } else if constexpr (labelled_enum<T> || sent_as_string<T>) {
    text_buffer text;
    text_writer to(text);
    adapter<T>::text(value, to);
    out.put(std::string_view(text.data(), text.size()));
  } else if constexpr (binary_adaptable<T>) {
    adapter<T>::binary(value, out);
  }
}

}  // namespace tusk::types
