// The lines of a fuzz target's readable input.
#pragma once

#include <string>
#include <string_view>

namespace tusk::test {

/// Takes a line off the front, without its newline.
inline std::string_view take_line(std::string_view& text) {
  auto const end = text.find('\n');
  auto const line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

/// A line's bytes: ~ is NUL, %41 is a byte. `insert(letter)` gives what $letter stands for; nothing: the `$` is one.
template <class Insert>
std::string unescaped(std::string_view line, Insert const& insert) {
  auto const digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char const c = line[i];
    if (c == '%' && i + 2 < line.size() && digit(line[i + 1]) >= 0 && digit(line[i + 2]) >= 0) {
      result += static_cast<char>(digit(line[i + 1]) << 4 | digit(line[i + 2]));
      i += 2;
      continue;
    }
    std::string_view const known = c == '$' && i + 1 < line.size() ? insert(line[i + 1]) : std::string_view();
    if (known.empty()) {
      result += c == '~' ? '\0' : c;
    } else {
      result += known;
      ++i;
    }
  }
  return result;
}
inline std::string unescaped(std::string_view line) {
  return unescaped(line, [](char) { return std::string_view(); });
}

}  // namespace tusk::test
