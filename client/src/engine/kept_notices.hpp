// The notices of a connection that nobody has taken yet: the last 50, at most 1 MiB of them.
//
// A ring: the newest is written over the oldest, into the strings that are there.
#pragma once

#include <cstddef>
#include <tusk/protocol/backend.hpp>
#include <tusk/types/error.hpp>
#include <vector>

namespace tusk::detail {

/// Writes what the server says into fields that are empty; true if U+FFFD stands for something that cannot be read.
/// `foreign`: client_encoding is not UTF8.
bool write_fields(protocol::list<protocol::error_field> const& sent, diagnostics& to, bool foreign);

/// See the top of this file. One thread at a time.
class kept_notices {
 public:
  static constexpr std::size_t most = 50, most_bytes = std::size_t{1} << 20;
  /// Strings of a notice that was longer do not stay for the next one.
  static constexpr std::size_t worth_keeping = 4096;

  /// Room for the fields of a notice that takes `bytes` on the wire: empty fields, to be filled. Null if that is more
  /// than is kept at all.
  diagnostics* add(std::size_t bytes);
  /// All of them, oldest first; none are left.
  std::vector<diagnostics> take();
  void drop() noexcept {
    while (count_ != 0) drop_oldest();
  }

 private:
  struct entry {
    diagnostics fields;
    std::size_t bytes = 0;
  };
  void drop_oldest() noexcept;

  std::vector<entry> ring_;
  std::size_t first_ = 0, count_ = 0, bytes_ = 0;
};

}  // namespace tusk::detail
