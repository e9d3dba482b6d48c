// Streams of messages, and ways to put them through a frame_reader.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/frontend.hpp>
#include <vector>

#include "support/bytes.hpp"

namespace tusk::test {

/// A message of that type whose body is `size` bytes of `fill`.
inline std::string message(char type, std::size_t size, char fill = 'x') {
  std::string result(5 + size, fill);
  result[0] = type;
  protocol::store_big_endian(result.data() + 1, static_cast<std::uint32_t>(size + 4));
  return result;
}

/// Only the type and the length of a message.
inline std::string header(char type, std::uint32_t length) {
  std::string result(5, type);
  protocol::store_big_endian(result.data() + 1, length);
  return result;
}

/// What a reader has room for, between its first byte and the end of the room that prepare() gives.
inline std::size_t capacity_of(protocol::frame_reader& reader) {
  auto const room = reader.prepare();
  return static_cast<std::size_t>(room.data() + room.size() - reader.origin());
}

/// Receives all of the bytes, in as many reads as the reader's room makes necessary; no messages are taken.
inline void receive(protocol::frame_reader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const room = reader.prepare();
    std::size_t const count = std::min(room.size(), bytes.size());
    std::copy_n(bytes.begin(), count, room.begin());
    reader.commit(count);
    bytes.remove_prefix(count);
  }
}

/// A message that outlives its reader's buffer.
struct owned_frame {
  char type = '\0';
  std::string body;
  friend bool operator==(owned_frame const&, owned_frame const&) = default;
};

/// What came out of a reader, and how it ended.
struct reading {
  std::vector<owned_frame> frames;
  protocol::frame_status end = protocol::frame_status::incomplete;
  protocol::errc error{};
  std::size_t left = 0;            // bytes not taken
  std::size_t largest_excess = 0;  // how far the buffer exceeded max(64 KiB, twice what arrived of a message)
  friend bool operator==(reading const&, reading const&) = default;
};

/// Reads a stream in pieces; `next_size` says how long the next read may be (at least 1). After AuthenticationOk the
/// reader is told so, as a session would.
inline reading read_in_pieces(protocol::frame_reader reader, std::string_view stream,
                              std::function<std::size_t()> const& next_size) {
  reading result;
  std::size_t most_held = 0;  // of one message: a buffer may stay as large as it once had to be
  while (!stream.empty() && result.end != protocol::frame_status::invalid) {
    auto const room = reader.prepare();
    std::size_t const allowed = std::max(protocol::frame_reader::chunk_capacity, 2 * most_held);
    std::size_t const capacity = static_cast<std::size_t>(room.data() + room.size() - reader.origin());
    if (capacity > allowed) result.largest_excess = std::max(result.largest_excess, capacity - allowed);
    std::size_t const count = std::min({room.size(), stream.size(), next_size()});
    std::copy_n(stream.begin(), count, room.begin());
    reader.commit(count);
    most_held = std::max(most_held, reader.buffered());
    stream.remove_prefix(count);
    for (protocol::frame each;;) {
      result.end = reader.next(each);
      if (result.end != protocol::frame_status::complete) break;
      result.frames.push_back({each.type, std::string(each.body)});
      if (each.type == 'R' && each.body == std::string_view("\0\0\0\0", 4)) reader.authenticated();
    }
  }
  result.error = reader.error();
  result.left = reader.buffered();
  return result;
}

}  // namespace tusk::test
