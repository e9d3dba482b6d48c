// Bytes written so that they can be read: pairs of hexadecimal digits, text in single quotes, and white space.
//
//   bytes("'Z' 00000005 'I'")     ReadyForQuery, idle
#pragma once

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tusk::test {

namespace bytes_detail {
constexpr int hex_digit(char c) noexcept {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
}  // namespace bytes_detail

/// What `readable` stands for, or nothing if it is not of that form.
inline std::optional<std::string> parse_bytes(std::string_view readable) {
  std::string result;
  for (std::size_t i = 0; i < readable.size(); ++i) {
    char const c = readable[i];
    if (c == ' ' || c == '\n') continue;
    if (c == '\'') {
      auto const end = readable.find('\'', i + 1);
      if (end == readable.npos) return {};
      result.append(readable, i + 1, end - i - 1);
      i = end;
      continue;
    }
    int const high = bytes_detail::hex_digit(c);
    int const low = i + 1 < readable.size() ? bytes_detail::hex_digit(readable[i + 1]) : -1;
    if (high < 0 || low < 0) return {};
    result.push_back(static_cast<char>(high << 4 | low));
    ++i;
  }
  return result;
}

/// The same for text that is known to be right; else std::invalid_argument.
inline std::string bytes(std::string_view readable) {
  auto result = parse_bytes(readable);
  if (!result) throw std::invalid_argument("not readable bytes: " + std::string(readable));
  return std::move(*result);
}

/// The other way: runs of three and more printable characters in quotes, all else in hexadecimal.
inline std::string readable(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto const printable = [](char c) { return c >= ' ' && c <= '~' && c != '\''; };
  std::string result;
  for (std::size_t i = 0; i < bytes.size();) {
    std::size_t end = i;
    while (end < bytes.size() && printable(bytes[end])) ++end;
    if (!result.empty() && (end - i >= 3 || result.back() == '\'')) result += ' ';
    if (end - i >= 3) {
      result.append("'").append(bytes, i, end - i).append("'");
      i = end;
    } else {
      auto const byte = static_cast<unsigned char>(bytes[i++]);
      result.append({digits[byte >> 4], digits[byte & 15]});
    }
  }
  return result;
}

/// A view of the text that stays valid until the program ends: for tables of messages, which are views.
inline std::string_view keep(std::string text) {
  static std::deque<std::string> kept;
  return kept.emplace_back(std::move(text));
}

}  // namespace tusk::test
