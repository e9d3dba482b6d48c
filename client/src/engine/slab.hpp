// Memory for many small objects that are made one after the other and go in about that order: a slab is taken for some
// of them at once, and given back when the last of those has gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace tusk::detail {

/// One block of it. Whoever made it is one of its users, and each object is.
class slab {
 public:
  static constexpr std::size_t capacity = 8000;

  bool has_room(std::size_t size) const noexcept { return capacity - used_ >= size; }
  void* take(std::size_t size) noexcept {
    users_.fetch_add(1, std::memory_order_relaxed);
    return memory_ + std::exchange(used_, used_ + (size + alignment - 1) / alignment * alignment);
  }
  /// One user less. Any thread.
  void leave() noexcept {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  static constexpr std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  std::atomic<std::uint32_t> users_ = 1;
  std::size_t used_ = 0;
  alignas(alignment) std::byte memory_[capacity];
};

/// The slab from which the next objects are taken. One thread at a time.
class slab_source {
 public:
  slab_source() = default;
  slab_source(slab_source const&) = delete;
  slab_source& operator=(slab_source const&) = delete;
  ~slab_source() {
    if (now_ != nullptr) now_->leave();
  }

  /// One that has room for an object of that size, with what shared_ptr adds to it.
  slab& with_room(std::size_t size) {
    constexpr std::size_t added = 64;
    if (now_ == nullptr || !now_->has_room(size + added)) [[unlikely]] {
      auto* const fresh = new slab;
      if (now_ != nullptr) now_->leave();
      now_ = fresh;
    }
    return *now_;
  }

 private:
  slab* now_ = nullptr;
};

/// An allocator for one std::allocate_shared, from a slab that has room for it. The object may go on another thread.
template <class T>
struct slab_allocator {
  using value_type = T;

  explicit slab_allocator(slab& of) noexcept : from(&of) {}
  template <class U>
  slab_allocator(slab_allocator<U> const& other) noexcept : from(other.from) {}

  T* allocate(std::size_t count) {
    if (!from->has_room(count * sizeof(T))) throw std::bad_alloc();  // more was added than is known here
    return static_cast<T*>(from->take(count * sizeof(T)));
  }
  void deallocate(T*, std::size_t) noexcept { from->leave(); }
  friend bool operator==(slab_allocator const&, slab_allocator const&) = default;

  slab* from;

 private:
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ && sizeof(T) <= slab::capacity / 4);
};

}  // namespace tusk::detail
