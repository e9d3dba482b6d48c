// Bytes that wait to be sent, and the big-endian integers in them.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

namespace tusk::protocol {

/// Reads a big-endian integer. `at` must have sizeof(T) bytes.
template <std::integral T>
T load_big_endian(char const* at) noexcept {
  using unsigned_t = std::make_unsigned_t<T>;
  unsigned_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
  }
  return static_cast<T>(value);
}

/// Writes a big-endian integer. `at` must have room for sizeof(T) bytes.
template <std::integral T>
void store_big_endian(char* at, T number) noexcept {
  auto const value = load_big_endian<std::make_unsigned_t<T>>(reinterpret_cast<char const*>(&number));
  std::memcpy(at, &value, sizeof value);
}

/// Bytes that grow at the end and are consumed from the front: what waits to be sent.
///
/// Appending leaves new bytes uninitialised, because whoever asked for them writes them next. Not thread-safe.
class byte_buffer {
 public:
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t capacity() const noexcept { return capacity_; }
  char const* data() const noexcept { return memory_.get() + begin_; }
  std::string_view view() const noexcept { return {data(), size()}; }

  /// Appends `count` bytes and returns where they begin. Valid until the next call of a member.
  char* append(std::size_t count) {
    if (capacity_ - end_ < count) grow(count);
    char* const at = memory_.get() + end_;
    end_ += count;
    return at;
  }

  /// Drops `count` bytes, at most size(), from the front.
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Returns the memory to the system if nothing waits in it and it is larger than `keep`.
  void shrink(std::size_t keep) noexcept {
    if (!empty() || capacity_ <= keep) return;
    memory_.reset();
    capacity_ = 0;
  }
  /// Overwrites what was consumed, which may have held a password.
  void wipe() noexcept;

 private:
  void grow(std::size_t count);

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace tusk::protocol
