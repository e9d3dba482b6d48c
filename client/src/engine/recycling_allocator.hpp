// Keeps one block of memory a thread for the next object of the same type.
//
// A program that runs small statements makes and drops one result after the other; taking the same block again costs a
// few instructions where malloc and free cost about 140.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace tusk::detail {

/// An allocator for std::allocate_shared. A block may be freed on another thread than the one that took it.
template <class T>
struct recycling_allocator {
  using value_type = T;

  recycling_allocator() = default;
  template <class U>
  recycling_allocator(recycling_allocator<U> const&) noexcept {}

  T* allocate(std::size_t count) {
    if (count == 1 && spare != nullptr) [[likely]]
      return static_cast<T*>(std::exchange(spare, nullptr));
    return static_cast<T*>(::operator new(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (count == 1 && spare == nullptr && (kept || keep())) [[likely]]
      spare = memory;
    else
      ::operator delete(memory);
  }
  friend bool operator==(recycling_allocator, recycling_allocator) noexcept { return true; }

 private:
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  // Two plain variables, and an object that is touched only once: what has a destructor is slow to reach.
  static inline constinit thread_local void* spare = nullptr;
  static inline constinit thread_local bool kept = false, closed = false;
  struct closer {
    ~closer() {
      kept = false;
      closed = true;  // objects may still go after this
      ::operator delete(std::exchange(spare, nullptr));
    }
  };
  static bool keep() noexcept {
    if (closed) return false;
    static thread_local closer const at_thread_end;
    (void)at_thread_end;
    return kept = true;
  }
};

}  // namespace tusk::detail
