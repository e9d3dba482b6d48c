// How the server reads a literal: written after its lexical rules, independent of what writes them.
//
// Source: PostgreSQL's documentation, "Lexical Structure", 4.1.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tusk::test {

/// Takes a string constant off the front: `'..'` as the setting has it, or `E'..'`, after spaces. Nothing if there is
/// none, if it does not end, or if it has an escape other than `\\`, whose meaning could depend on more settings.
inline std::optional<std::string> take_string(std::string_view& rest, bool standard_conforming_strings) {
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  bool escapes = !standard_conforming_strings;
  if (rest.starts_with('E')) {
    escapes = true;
    rest.remove_prefix(1);
  }
  if (!rest.starts_with('\'')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    bool const twice = rest.substr(i + 1).starts_with(rest[i]);
    if (rest[i] == '\'' && !twice) {
      rest.remove_prefix(i + 1);
      return value;
    }
    bool const doubled = rest[i] == '\'' || (rest[i] == '\\' && escapes);
    if (doubled && !twice) return std::nullopt;
    if (doubled) ++i;
    value += rest[i];
  }
  return std::nullopt;
}

/// Takes a name in double quotes off the front.
inline std::optional<std::string> take_identifier(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string name;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      if (!rest.substr(i + 1).starts_with('"')) {
        rest.remove_prefix(i + 1);
        return name;
      }
      ++i;
    }
    name += rest[i];
  }
  return std::nullopt;
}

/// Takes a number without a sign off the front: digits [ "." digits ] [ "e" [ sign ] digits ]. Empty if there is none.
inline std::string_view take_number(std::string_view& rest) {
  auto const digits = [rest](std::size_t from) {
    std::size_t to = from;
    while (to < rest.size() && rest[to] >= '0' && rest[to] <= '9') ++to;
    return to;
  };
  std::size_t end = digits(0);
  if (end != 0 && end < rest.size() && rest[end] == '.') end = digits(end + 1);
  if (end != 0 && end < rest.size() && (rest[end] == 'e' || rest[end] == 'E')) {
    std::size_t const sign = end + 1 < rest.size() && (rest[end + 1] == '+' || rest[end + 1] == '-');
    if (std::size_t const exponent = digits(end + 1 + sign); exponent != end + 1 + sign) end = exponent;
  }
  std::string_view const number = rest.substr(0, end);
  rest.remove_prefix(end);
  return number;
}

}  // namespace tusk::test
