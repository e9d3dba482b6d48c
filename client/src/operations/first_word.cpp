#include "operations/first_word.hpp"

#include <algorithm>
#include <iterator>

namespace tusk::detail {
namespace {

bool begins_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_in_word(char c) noexcept { return begins_word(c) || (c >= '0' && c <= '9') || c == '$'; }

/// `upper` has upper-case letters alone.
bool is_word(std::string_view word, std::string_view upper) noexcept {
  return std::equal(word.begin(), word.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - ('a' - 'A') : a) == b; });
}

}  // namespace

std::string_view first_word(std::string_view sql) noexcept {
  std::size_t at = 0;
  for (;;) {
    at = sql.find_first_not_of(" \t\n\r\f\v;", at);
    if (at == sql.npos) return {};
    std::string_view const rest = sql.substr(at);
    if (rest.starts_with("--"))
      at = sql.find_first_of("\r\n", at);
    else if (rest.starts_with("/*"))
      at = end_of_comment(sql, at);
    else if (!begins_word(rest.front()))
      return {};
    else
      return rest.substr(
          0, static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_in_word) - rest.begin()));
    if (at == sql.npos) return {};
  }
}

bool is_copy(std::string_view word) noexcept { return is_word(word, "COPY"); }

bool may_change_transaction(std::string_view word) noexcept {
  constexpr std::string_view words[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"};
  return word.empty() ||
         std::any_of(std::begin(words), std::end(words), [&](auto each) { return is_word(word, each); });
}

std::size_t end_of_comment(std::string_view sql, std::size_t at) noexcept {
  std::size_t depth = 0;
  do {
    std::string_view const here = sql.substr(at, 2);
    if (here.size() < 2) return sql.npos;
    if (here == "/*") ++depth;
    if (here == "*/") --depth;
    at += here == "/*" || here == "*/" ? 2 : 1;
  } while (depth != 0);
  return at;
}

}  // namespace tusk::detail
