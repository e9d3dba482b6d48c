// Reading a file that somebody named, whole, and without waiting for anybody, whatever the path leads to.
#pragma once

#include <cstddef>
#include <string>

namespace tusk::client {

/// What came of reading a file.
struct file_reading {
  enum class outcome { read, missing, not_plain, too_large, failed };
  outcome came = outcome::missing;
  std::string text;      ///< all of it, if it was read
  unsigned mode = 0;     ///< the permission bits (0600), if it was read
  std::string reason{};  ///< the system's words, if it is missing or that failed
  bool of_root = false;  ///< who owns it, if it was read

  friend bool operator==(file_reading const&, file_reading const&) = default;
};

/// Reads at most `limit` bytes: a file that is longer is too large. Only a plain one is read, by itself or by a link.
file_reading read_plain_file(char const* path, std::size_t limit);

}  // namespace tusk::client
