// A growing array whose first elements need no heap: where the arguments of a statement are collected.
//
// It grows at its end only, and never above what one message may hold, so that every size below fits in 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include <tusk/protocol/limits.hpp>

namespace tusk::types {

/// Throws the data_error "larger than a message may be".
[[noreturn]] void throw_too_large();

/// Copies `size` bytes; most are few, and no call.
inline void copy_bytes(char* to, char const* from, std::size_t size) noexcept {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {  // two words that overlap
    std::uint64_t first = 0, last = 0;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + size - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
  } else if (size >= 4) {
    std::uint32_t first = 0, last = 0;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
  } else if (size != 0) {
    char const middle = from[size / 2], last = from[size - 1];
    to[0] = from[0];
    to[size / 2] = middle;
    to[size - 1] = last;
  }
}

/// `Inline` elements in place, more on the heap. Elements are plain bytes to it and start out uninitialised.
template <class T, std::size_t Inline>
class small_buffer {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>);

 public:
  static constexpr std::size_t max_size = protocol::max_sent_message / sizeof(T);

  small_buffer() noexcept {}  // NOLINT(modernize-use-equals-default): that would write zeros where `{}` asks for none
  small_buffer(small_buffer const& other) { append(other.data(), other.size_); }
  small_buffer(small_buffer&& other) noexcept { take(std::move(other)); }
  small_buffer& operator=(small_buffer const& other) {
    take(small_buffer(other));
    return *this;
  }
  small_buffer& operator=(small_buffer&& other) noexcept {
    if (this != &other) take(std::move(other));
    return *this;
  }
  ~small_buffer() = default;

  T* data() noexcept { return heap_ ? heap_.get() : inline_; }
  T const* data() const noexcept { return heap_ ? heap_.get() : inline_; }
  std::size_t size() const noexcept { return size_; }

  /// Room for `count` more elements, for the caller to fill; valid until the next call. Throws data_error when
  /// `max_size` would be passed, before anything is allocated.
  T* reserve(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    return data() + size_;
  }

  /// Takes `count` elements, which the caller wrote where `reserve` said.
  void commit(std::size_t count) noexcept { size_ += count; }

  void append(T const* from, std::size_t count) {
    T* const to = reserve(count);
    if constexpr (sizeof(T) == 1)
      copy_bytes(reinterpret_cast<char*>(to), reinterpret_cast<char const*>(from), count);
    else if (count != 0)
      std::memcpy(to, from, count * sizeof(T));
    commit(count);
  }

  void push_back(T value) {
    *reserve(1) = value;
    commit(1);
  }

  /// Drops what is behind the first `size` elements.
  void truncate(std::size_t size) noexcept { size_ = size; }

 private:
  void take(small_buffer&& other) noexcept {
    heap_ = std::move(other.heap_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, Inline);
    if (!heap_ && size_ != 0) std::memcpy(inline_, other.inline_, size_ * sizeof(T));
  }

  [[gnu::noinline]] void grow(std::size_t count) {  // inlined it would cost whatever appends some registers
    if (count > max_size - size_) throw_too_large();
    std::size_t capacity = capacity_ > max_size / 2 ? max_size : capacity_ * 2;
    if (capacity < size_ + count) capacity = size_ + count;
    std::unique_ptr<T[]> grown(new T[capacity]);  // not make_unique, which would write zeros
    if (size_ != 0) std::memcpy(grown.get(), data(), size_ * sizeof(T));
    heap_ = std::move(grown);
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> heap_;  // null as long as the elements fit in place
  std::size_t size_ = 0;
  std::size_t capacity_ = Inline;
  T inline_[Inline];
};

}  // namespace tusk::types
