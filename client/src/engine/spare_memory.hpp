// Memory that a large operation took, and an idle connection does not need.
#pragma once

#include <cstddef>

namespace tusk::detail {

/// What a container may keep for the next operation, in bytes.
inline constexpr std::size_t spare_memory = 1024;

/// Gives the memory of a string or vector back, with what is in it, if it is more than an idle connection keeps.
template <class Container>
void release_if_large(Container& from) noexcept {
  if (from.capacity() * sizeof(typename Container::value_type) > spare_memory) [[unlikely]]
    Container().swap(from);  // `= {}` would keep it
}

}  // namespace tusk::detail
