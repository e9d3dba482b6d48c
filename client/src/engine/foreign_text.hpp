// The server's text while client_encoding is not UTF8, or may not have been: ASCII is the same in every encoding,
// anything else is not handed out as it came.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tusk::detail {

inline bool has_ascii_only(std::string_view text) noexcept {
  std::uint64_t all = 0, word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  if (at != 0) {  // the rest, with bytes before it
    std::memcpy(&word, text.data() + text.size() - sizeof word, sizeof word);
    all |= word;
  } else {
    for (char const c : text) all |= static_cast<unsigned char>(c);
  }
  return (all & 0x8080'8080'8080'8080) == 0;
}

/// Whether a text can be taken for what it seems to be. `foreign`: client_encoding is another one.
bool is_readable(std::string_view text, bool foreign) noexcept;

inline constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// A text that is not readable, to be shown: with U+FFFD for each run of bytes that are not ASCII.
std::string with_replacements(std::string_view text);

/// The same of any text.
inline std::string shown(std::string_view text, bool foreign) {
  return is_readable(text, foreign) ? std::string(text) : with_replacements(text);
}

/// What there is to do, for errors.
inline constexpr char encoding_advice[] =
    "client_encoding was changed after the connection was made; set it back with SET client_encoding TO 'UTF8'";

}  // namespace tusk::detail
