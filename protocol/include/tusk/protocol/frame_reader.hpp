// Bytes into whole messages, in place.
//
// The reader owns the receive buffer: whoever has a socket asks it for room (`prepare`), receives into that room, says
// how much came (`commit`), and takes whole messages out (`next`). A message is never copied, but for the one that
// straddles the end of the buffer. The reader also owns the rules of length: each type has a minimum and a maximum, and
// a length that breaks them is refused before a byte is allocated for it. For a message that is not whole yet at most
// max(64 KiB, twice what has arrived) is allocated, whatever length it declares.
//
//   prepare -> recv -> commit -> next, next, ... until it says `incomplete` -> prepare -> ...
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/limits.hpp>
#include <tusk/protocol/wire.hpp>

namespace tusk::protocol {

/// Memory of a buffer. It comes from malloc, so that what is not needed of it can be given back without a copy.
struct free_memory {
  void operator()(char* memory) const noexcept { std::free(memory); }
};
using buffer_memory = std::unique_ptr<char[], free_memory>;
/// `size` bytes, uninitialised. Throws std::bad_alloc.
buffer_memory allocate_buffer(std::size_t size);
/// Keeps the first `size` bytes; they may move.
void shrink_buffer(buffer_memory& memory, std::size_t size) noexcept;

/// A whole message. `body` is what follows the length word; it is valid until the next `prepare` of its reader.
struct frame {
  char type = '\0';  ///< NUL: a message without a type byte (what a client sends before the session begins)
  std::string_view body;
};

/// Whose messages a reader reads.
enum class peer : std::uint8_t { server, client };

/// What `frame_reader::next` found.
enum class frame_status : std::uint8_t { complete, incomplete, invalid };

/// The lengths that a message may declare: minimum .. minimum + span, and never more than limits::max_message.
struct length_range {
  std::uint32_t minimum = 0xffff'ffff, span = 0;
};

/// See the top of this file. Not thread-safe; movable.
class frame_reader {
 public:
  static constexpr std::size_t first_capacity = 1024, chunk_capacity = 64 * 1024;

  explicit frame_reader(peer from, limits const& limit = {});

  /// Room to receive into: at least one byte, more as messages get longer. Views into the buffer end here.
  std::span<char> prepare() {
    if (begin_ == end_ && !held_) begin_ = end_ = 0;
    if (end_ == capacity_) renew();
    return {memory_.get() + end_, capacity_ - end_};
  }
  /// Says that the first `count` bytes of the room that `prepare` gave are filled.
  void commit(std::size_t count) noexcept {
    filled_ = count == capacity_ - end_;
    end_ += static_cast<std::uint32_t>(count);
  }

  /// The next whole message, if there is one. After `invalid`, `error` tells why, and the reader stays invalid.
  frame_status next(frame& out) noexcept {
    if (untyped_) return next_untyped(out);
    std::size_t const held = end_ - begin_;
    if (held < 5) return frame_status::incomplete;
    char const* const at = memory_.get() + begin_;
    auto const length = load_big_endian<std::uint32_t>(at + 1);
    length_range const& limit = rules_[static_cast<unsigned char>(*at)];
    if (length - limit.minimum > limit.span || length > max_message_) [[unlikely]]
      return refuse(*at, length);
    if (held - 1 < length) return frame_status::incomplete;
    out = {*at, {at + 5, length - 4}};
    begin_ += length + 1;
    return frame_status::complete;
  }

  /// What was received and is not yet taken.
  std::string_view held() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  /// Takes `count` bytes of it, which the caller found to be whole messages.
  void skip(std::size_t count) noexcept { begin_ += static_cast<std::uint32_t>(count); }

  errc error() const noexcept { return error_; }
  /// Bytes received and not yet taken as messages.
  std::size_t buffered() const noexcept { return end_ - begin_; }
  /// The peer is authenticated: messages may be as long as the user's limit from here on.
  void authenticated() noexcept;
  bool is_large() const noexcept { return capacity_ > first_capacity; }
  /// Takes back a buffer of chunk_capacity bytes, to use it again. A reader that is not large frees it, and so it does
  /// with more than a few.
  void keep(buffer_memory spare) noexcept;
  /// Gives an idle reader's memory back; a small buffer stays.
  void shrink() noexcept;
  /// Gives all memory back, with what is in it.
  void release() noexcept;

  // ---- for what keeps messages in the buffer (row_set) ----

  /// A buffer that a reader gave up.
  struct chunk {
    buffer_memory memory;
    std::size_t size = 0;      ///< bytes that hold messages
    std::size_t capacity = 0;  ///< bytes that it has
  };
  /// While held, `prepare` moves nothing and the bytes of messages that were taken stay where they are.
  void hold(bool on) noexcept { held_ = on; }
  /// No room is left in a held buffer: take it away with `detach` before the next `prepare`.
  bool full() const noexcept { return held_ && end_ == capacity_; }
  /// Gives the buffer away, all messages taken so far in it; what is not yet taken moves to a new one.
  chunk detach();
  /// The first byte of the buffer, to which offsets into it are relative.
  char const* origin() const noexcept { return memory_.get(); }
  /// Offset of the first byte not yet taken.
  std::uint32_t position() const noexcept { return begin_; }

  /// Whether the next message, if one has begun, is a DataRow.
  bool row_comes() const noexcept { return begin_ != end_ && memory_[begin_] == 'D'; }
  /// Takes consecutive DataRow messages of `columns` fields each as long as they are whole and well-formed, and calls
  /// sink(offset) for each. Whatever stops it is left for `next`: another message, an incomplete or a malformed one.
  template <class Sink>
  [[gnu::always_inline]] void take_rows(std::uint16_t columns, Sink&& sink);

 private:
  void stop_at(char const* at) noexcept { begin_ = static_cast<std::uint32_t>(at - memory_.get()); }
  frame_status next_untyped(frame& out) noexcept;
  frame_status refuse(char type, std::uint32_t length) noexcept;
  void renew();
  std::size_t wanted_capacity() const noexcept;

  buffer_memory memory_;
  std::array<buffer_memory, 4> spare_;  // of chunk_capacity bytes each; only a large reader has some
  std::size_t spares_ = 0;
  std::uint32_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::uint32_t max_message_;
  length_range const* rules_;  // 256 of them, by type byte
  bool held_ = false, untyped_ = false, filled_ = false;
  errc error_{};
};

template <class Sink>
inline void frame_reader::take_rows(std::uint16_t columns, Sink&& sink) {
  char const* const base = memory_.get();
  char const* const end = base + end_;
  char const* at = base + begin_;
  std::size_t const overhead = 6 + std::size_t{4} * columns;  // what a row of NULLs declares as its length
  char count[2];                                              // as it stands in each row
  store_big_endian(count, columns);
  for (;;) {
    auto const available = static_cast<std::size_t>(end - at);
    if (available < 7 || *at != 'D') break;
    std::size_t const length = load_big_endian<std::uint32_t>(at + 1);
    if (length < overhead || length >= available || length > max_message_) break;
    if (std::memcmp(at + 5, count, sizeof count) != 0) break;
    // What the sizes of the values may add up to. As long as they do not pass it, each size stands within the message.
    std::uint64_t left = length - overhead;
    char const* field = at + 7;
    for (unsigned i = columns; i != 0; --i) {
      std::uint64_t const size = load_big_endian<std::uint32_t>(field);
      if (size > left) [[unlikely]] {
        if (size != 0xffff'ffff) return stop_at(at);
        field += 4;  // NULL
        continue;
      }
      left -= size;
      field += size + 4;
    }
    if (left != 0) break;
    sink(static_cast<std::uint32_t>(at - base));
    at = field;
  }
  stop_at(at);
}

}  // namespace tusk::protocol
