// Memory that held a secret is overwritten before it is given back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace tusk::protocol {

/// Overwrites memory in a way that the compiler does not remove.
void wipe(void* memory, std::size_t size) noexcept;

/// The same with the text and all the memory that it has, and empties it.
void wipe(std::string& text) noexcept;

/// What a container of secrets is allocated with: its memory is wiped when it is given back, also when it grows.
template <class T>
struct wiping_allocator {
  using value_type = T;

  wiping_allocator() = default;
  template <class U>
  wiping_allocator(wiping_allocator<U> const&) noexcept {}

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  friend bool operator==(wiping_allocator, wiping_allocator) { return true; }
};

}  // namespace tusk::protocol
