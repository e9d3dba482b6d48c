// The binary form of arrays, both ways.
//
//   int32 dimensions   int32 1 if there may be NULL, else 0   uint32 type of the elements
//   each dimension:    int32 size   int32 lower bound
//   each element:      int32 length, or -1 for NULL   its binary form
//
// An array without elements has no dimensions. Elements stand in storage order. The header is checked before anything
// is allocated: each element that it claims takes four bytes at least.
//
// Source: PostgreSQL's arrayfuncs.c: array_recv, array_send.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/array_reader.hpp>
#include <tusk/types/array_traits.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>

namespace tusk {
namespace types {

// ---- reading --------------------------------------------------------------------------------------------------------

/// What stands before the elements.
struct array_header {
  oid element = 0;
  array_shape shape;
  std::size_t count = 0;

  static constexpr std::size_t element_position = 8;
  static constexpr std::size_t shape_position = 12;
};

/// Takes the header of an array of such elements, or of any where `element` is 0. At most as many elements as there are
/// bytes for. Their type is what it is read as.
array_header take_array_header(binary_reader& in, oid element, read_context const& with) noexcept;

/// Whether an array of this type has elements that are read as T.
template <binary_readable T>
bool reads_binary_array(oid type) {
  oid const element = element_of_any(type);
  return from_binary<T>::reads(element != 0 ? element : type) && (element != 0 || is_user_defined(type));
}

/// Numbers of which the binary form is the one of the machine, but for the order of its bytes.
template <class T>
concept word =
    (integer<T> && std::is_signed_v<T> && sizeof(T) >= 2) || std::is_same_v<T, float> || std::is_same_v<T, double>;

/// Takes so many elements if none is NULL and each has the right size; false says nothing.
template <word T, class Elements>
bool read_words(std::string_view bytes, std::size_t count, Elements& to) {
  constexpr std::size_t step = 4 + sizeof(T);
  if (bytes.size() != count * step) return false;
  std::uint32_t wrong = 0;
  to.resize(count);
  char const* at = bytes.data();
  for (T& each : to) {
    wrong |= protocol::load_big_endian<std::uint32_t>(at) ^ std::uint32_t{sizeof(T)};
    each = *parse_fixed<T>({at + 4, sizeof(T)});
    at += step;
  }
  if (wrong != 0) to.clear();
  return wrong == 0;
}

/// Appends all elements, and says in which shape they are. `type` is that of the array.
template <class T, class Elements>
protocol::expected<array_shape> read_binary_elements(std::string_view bytes, oid type, read_context const& with,
                                                     Elements& to) {
  binary_reader in(bytes);
  array_header const header = take_array_header(in, element_of_any(type), with);
  if (!in.failed() && !from_binary<T>::reads(header.element)) in.fail_at(header.element_position, errc::wrong_type);
  if (in.failed()) return in.finish();
  if constexpr (word<T>) {
    if (header.element == adapter<T>::oid && read_words<T>(bytes.substr(in.position()), header.count, to))
      return header.shape;
  }
  to.reserve(header.count);
  for (std::size_t i = 0; i < header.count; ++i) {
    std::size_t const at = in.position();
    auto const element = in.field();
    if (in.failed()) break;
    if (!element) {
      if constexpr (nullable<T>) {
        to.push_back(from_text<T>::null());
        continue;
      } else {
        return protocol::parse_error{errc::null_element, at};
      }
    }
    auto value = read_binary<T>(*element, header.element, with);
    if (!value) return shifted(value.error(), at + 4);
    to.push_back(*std::move(value));
  }
  if (auto const error = in.finish(); error.code) return error;
  return header.shape;
}

// ---- writing --------------------------------------------------------------------------------------------------------

/// Elements whose type is known when compiling.
template <class T>
concept binary_element = binary_adaptable<typename without_optional<T>::type> &&
    has_fixed_type<typename without_optional<T>::type>();

/// Writes arrays whose elements are of type `element`, each by `write(value, out)`.
template <class T, class Write>
class binary_array_writer {
 public:
  binary_array_writer(binary_writer& out, oid element, Write write) noexcept
      : out_(out), element_(element), write_(write) {}

  template <nested_range Range>
  void write(Range const& range) {
    auto const sizes = sizes_of(range);
    array_shape shape;
    if (sizes.back() != 0) {
      for (std::size_t const size : sizes) shape.add({1, size});
    }
    write_header(shape.dimensions());
    write_level(range);
  }

  void write(array<T> const& value) {
    write_header(value.dimensions());
    for (T const& each : value.elements()) write_one(each);
  }

 private:
  void write_header(std::span<array_dimension const> dimensions) {
    out_.put(static_cast<std::int32_t>(dimensions.size()));
    flag_ = out_.size();
    out_.put(std::int32_t{0}).put(element_);
    for (array_dimension const& each : dimensions) out_.put(static_cast<std::int32_t>(each.size)).put(each.lower);
  }

  template <class Range>
  void write_level(Range const& range) {
    for (element_of_range<Range> const& each : range) {  // of a vector<bool> it is a copy
      if constexpr (leaf<Range>::depth > 1) {
        write_level(each);
      } else {
        write_one(each);
      }
    }
  }

  void write_one(T const& value) {
    if (is_null(value)) {
      out_.put_at(flag_, std::int32_t{1});
      out_.put(std::int32_t{-1});
      return;
    }
    std::size_t const length = out_.size();
    out_.put(std::int32_t{0});
    write_(value, out_);
    out_.put_at(length, static_cast<std::int32_t>(out_.size() - length - 4));
  }

  binary_writer& out_;
  oid element_;
  Write write_;
  std::size_t flag_ = 0;
};

/// What the adapters of arrays have where their elements have a binary form.
template <class Leaf>
struct binary_array_adapter {};

template <binary_element Leaf>
struct binary_array_adapter<Leaf> {
  static constexpr bool prefers_binary = types::prefers_binary<Leaf> || integer<typename without_optional<Leaf>::type>;
  /// Throws data_error if the elements of a level differ in size.
  template <class Array>
  static void binary(Array const& value, binary_writer& out) {
    auto const write = [](Leaf const& each, binary_writer& to) { adapter<Leaf>::binary(each, to); };
    constexpr oid element = adapter<typename without_optional<Leaf>::type>::oid;
    binary_array_writer<Leaf, decltype(write)>(out, element, write).write(value);
  }
};

}  // namespace types

template <types::nested_range Range>
requires types::vectors_only<Range> && types::readable_part<types::leaf_of<Range>> &&
    binary_readable<types::leaf_of<Range>>
struct from_binary<Range> {
  static bool reads(oid type) { return types::reads_binary_array<types::leaf_of<Range>>(type); }
  static protocol::expected<Range> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<Range> parse(std::string_view bytes, oid type, types::read_context const& in) {
    using leaf = types::leaf_of<Range>;
    constexpr std::size_t levels = types::leaf<Range>::depth;
    std::conditional_t<levels == 1, Range, std::vector<leaf>> elements;
    auto const shape = types::read_binary_elements<leaf>(bytes, type, in, elements);
    if (!shape) return shape.error();
    if (elements.empty()) return Range();
    if (shape->dimensions().size() != levels) return protocol::parse_error{types::errc::wrong_dimensions, 0};
    if constexpr (levels == 1) {
      return protocol::expected<Range>(std::move(elements));
    } else {
      auto from = elements.begin();
      return types::nest<Range>(shape->dimensions(), from);
    }
  }
};

template <types::array_element T, std::size_t Size>
requires types::readable_part<T> && binary_readable<T> &&
    (!std::is_same_v<T, std::byte>)struct from_binary<std::array<T, Size>> {
  static bool reads(oid type) { return types::reads_binary_array<T>(type); }
  static protocol::expected<std::array<T, Size>> parse(std::string_view bytes, oid type) {
    return parse(bytes, type, {});
  }
  static protocol::expected<std::array<T, Size>> parse(std::string_view bytes, oid type,
                                                       types::read_context const& in) {
    auto elements = from_binary<std::vector<T>>::parse(bytes, type, in);
    if (!elements) return elements.error();
    if (elements->size() != Size) return protocol::parse_error{types::errc::wrong_dimensions, 0};
    return types::to_std_array<Size>(*std::move(elements));
  }
};

template <types::array_element T>
requires types::readable_part<T> && binary_readable<T>
struct from_binary<array<T>> {
  static bool reads(oid type) { return types::reads_binary_array<T>(type); }
  static protocol::expected<array<T>> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<array<T>> parse(std::string_view bytes, oid type, types::read_context const& in) {
    std::vector<T> elements;
    auto const shape = types::read_binary_elements<T>(bytes, type, in, elements);
    if (!shape) return shape.error();
    return array<T>(*shape, std::move(elements));
  }
};

}  // namespace tusk
