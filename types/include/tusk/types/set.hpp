// std::set and std::unordered_set as arguments: arrays of their elements, in their order. They are not read, because an
// array may have an element twice; read a std::vector.
#pragma once

#include <set>
#include <unordered_set>

#include <tusk/types/array.hpp>

namespace tusk::types {

template <class T, class Compare, class Allocator>
struct element_type<std::set<T, Compare, Allocator>> {
  using type = T;
};
template <class T, class Hash, class Equal, class Allocator>
struct element_type<std::unordered_set<T, Hash, Equal, Allocator>> {
  using type = T;
};

}  // namespace tusk::types
