// Which types are arrays, and how they are nested: what the text and the binary form of arrays have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/array_reader.hpp>
#include <tusk/types/quoting.hpp>

namespace tusk {

template <class T>
class array;  // array.hpp

namespace types {

// The elements of the ranges that are arrays; void for everything else.
template <class T>
struct element_type {
  using type = void;
};
template <class T, class Allocator>
struct element_type<std::vector<T, Allocator>> {
  using type = T;
};
template <class T, std::size_t Size>
struct element_type<std::array<T, Size>> {
  using type = T;
};
template <class T, std::size_t Extent>
struct element_type<std::span<T, Extent>> {
  using type = std::remove_const_t<T>;
};

template <class T>
using element_of_range = typename element_type<T>::type;

/// A range that is an array or a dimension of one; bytes are a bytea.
template <class T>
concept array_range = !std::is_void_v<element_of_range<T>> && !std::is_same_v<element_of_range<T>, std::byte>;

template <class T>
struct leaf {
  using type = T;
  static constexpr std::size_t depth = 0;
};
template <array_range T>
struct leaf<T> {
  using type = typename leaf<element_of_range<T>>::type;
  static constexpr std::size_t depth = 1 + leaf<element_of_range<T>>::depth;
};
template <class T>
struct leaf<array<T>> {  // no dimension of something else
  using type = void;
  static constexpr std::size_t depth = array_shape::max_dimensions + 1;
};

/// The elements below all dimensions.
template <class T>
using leaf_of = typename leaf<T>::type;

/// What can be an element: not an array, as an array of arrays is one array with more dimensions and none of them NULL.
template <class T>
concept array_element = leaf<typename without_optional<T>::type>::depth == 0;

/// Ranges that are arrays of at most 6 dimensions.
template <class T>
concept nested_range = array_range<T> && leaf<T>::depth <= array_shape::max_dimensions&& array_element<leaf_of<T>>;

[[noreturn]] void throw_ragged_array();

template <class Range>
void check_sizes(Range const& range, std::size_t const* sizes) {
  if (range.size() != *sizes) throw_ragged_array();
  if constexpr (leaf<Range>::depth > 1) {
    for (auto const& each : range) check_sizes(each, sizes + 1);
  }
}

template <class Range>
void measure(Range const& range, std::size_t* sizes) {
  *sizes = range.size();
  if constexpr (leaf<Range>::depth > 1) {
    if (range.size() != 0) measure(*range.begin(), sizes + 1);
  }
}

/// The size of each level, outermost first; behind one that is 0 all are. Throws data_error if the elements of a level
/// differ in size.
template <nested_range Range>
std::array<std::size_t, leaf<Range>::depth> sizes_of(Range const& range) {
  std::array<std::size_t, leaf<Range>::depth> sizes{};
  measure(range, sizes.data());
  check_sizes(range, sizes.data());
  return sizes;
}

/// Moves the elements into vectors, level by level.
template <array_range Range, class Iterator>
Range nest(std::span<array_dimension const> dimensions, Iterator& from) {
  Range made;
  made.reserve(dimensions[0].size);
  for (std::size_t i = 0; i < dimensions[0].size; ++i) {
    if constexpr (leaf<Range>::depth > 1) {
      made.push_back(nest<element_of_range<Range>>(dimensions.subspan(1), from));
    } else {
      made.push_back(std::move(*from++));
    }
  }
  return made;
}

// Vectors of vectors of ...: what can be filled.
template <class T>
inline constexpr bool vectors_only = !array_range<T>;
template <class T, class Allocator>
inline constexpr bool vectors_only<std::vector<T, Allocator>> = vectors_only<T>;

template <std::size_t Size, class T>
std::array<T, Size> to_std_array(std::vector<T>&& elements) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::array<T, Size>{T(std::move(elements[I]))...}; }
  (std::make_index_sequence<Size>());
}

}  // namespace types
}  // namespace tusk
