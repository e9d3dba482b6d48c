// Where an adapter writes the binary form of a value.
//
//   value ─► adapter<T>::binary ─► binary_writer ─► params, behind its length ─► bound in format 1
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

#include <tusk/protocol/wire.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// Appends bytes. Given to `adapter<T>::binary`; holds a reference to a buffer of the library's, for the time of that
/// call. Every operation throws data_error when the value would not fit in a message (1 GiB).
class binary_writer {
 public:
  explicit binary_writer(types::text_buffer& to) noexcept : to_(to) {}

  /// A big-endian integer.
  template <std::integral T>
  binary_writer& put(T value) {
    protocol::store_big_endian(to_.reserve(sizeof value), value);
    to_.commit(sizeof value);
    return *this;
  }
  /// Bytes as they are.
  binary_writer& put(std::string_view bytes) {
    to_.append(bytes.data(), bytes.size());
    return *this;
  }
  /// Text: a NUL byte and invalid UTF-8 are a data_error that names the position.
  binary_writer& text(std::string_view text) {
    text_writer(to_) << text;
    return *this;
  }

  /// How much was written, by all that write there; and the writing of an integer that was left out, at a place that
  /// was told so: a length is known when what it counts was written.
  std::size_t size() const noexcept { return to_.size(); }
  template <std::integral T>
  void put_at(std::size_t place, T value) noexcept {
    protocol::store_big_endian(to_.data() + place, value);
  }

 private:
  types::text_buffer& to_;
};

}  // namespace tusk
