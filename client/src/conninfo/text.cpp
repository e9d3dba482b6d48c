#include "conninfo/text.hpp"

#include <algorithm>
#include <utility>

namespace tusk::client {
namespace {

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

bool looks_like_keyword(std::string_view word) noexcept {
  return !word.empty() && word.size() <= 40 && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// How many bytes must be inserted, removed or changed to make one of the other (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const change = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = std::exchange(row[j], std::min({change, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The keyword that was probably meant: what other drivers call it, or at most 2 edits away, fewer for short words;
/// else an empty text.
std::string_view nearest_keyword(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> elsewhere[] = {{"database", "dbname"},
                                                                         {"db", "dbname"},
                                                                         {"username", "user"},
                                                                         {"uid", "user"},
                                                                         {"pass", "password"},
                                                                         {"passwd", "password"},
                                                                         {"pwd", "password"},
                                                                         {"hostname", "host"},
                                                                         {"server", "host"},
                                                                         {"timeout", "connect_timeout"},
                                                                         {"encoding", "client_encoding"},
                                                                         {"ssl", "sslmode"}};
  for (auto const& [theirs, ours] : elsewhere)
    if (word == theirs) return ours;
  std::size_t best = std::min<std::size_t>(3, (word.size() + 2) / 2);
  std::string_view nearest;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    std::size_t const distance = edit_distance(word, keyword.name);
    if (distance >= best) continue;
    best = distance;
    nearest = keyword.name;
  }
  return nearest;
}

/// Reads the value that begins at `at`, and moves `at` past it. False: a quote is not closed.
bool read_value(std::string_view text, std::size_t& at, std::string& value) {
  bool const quoted = at < text.size() && text[at] == '\'';
  if (quoted) ++at;
  for (; at < text.size(); ++at) {
    if (quoted ? text[at] == '\'' : is_space(text[at])) break;
    if (text[at] == '\\' && ++at == text.size()) break;
    value += text[at];
  }
  if (!quoted) return true;
  return at++ < text.size();
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

conninfo_error error_at(std::string message, std::size_t position) {
  return {std::move(message) + " (connection string, byte offset " + std::to_string(position) + ")", position};
}

std::string shown_value(conninfo_keyword const& keyword, std::string_view value) {
  bool const holds_more = value.find_first_of("=@") != value.npos || value.find("://") != value.npos;
  if (keyword.secret || holds_more) return "***";
  std::size_t length = std::min<std::size_t>(value.size(), 64);
  while (length > 0 && length < value.size() && (static_cast<unsigned char>(value[length]) & 0xC0U) == 0x80U) --length;
  std::string out = "\"";
  for (char c : value.substr(0, length)) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
  return out + (length < value.size() ? "...\"" : "\"");
}

std::string shown_word(std::string_view word, conninfo_pair const* previous) {
  conninfo_keyword const* const before = previous == nullptr ? nullptr : find_keyword(previous->keyword);
  bool const may_be_secret = previous != nullptr && (before == nullptr || before->secret || previous->doubtful);
  return may_be_secret || !looks_like_keyword(word) ? std::string() : " \"" + std::string(word) + "\"";
}

std::string suggestion(std::string_view word) {
  std::string_view const near = looks_like_keyword(word) ? nearest_keyword(lower(word)) : std::string_view();
  return near.empty() ? std::string() : " (did you mean \"" + std::string(near) + "\"?)";
}

conninfo_result<std::vector<conninfo_pair>> parse_conninfo(std::string_view text) {
  if (std::size_t const nul = text.find('\0'); nul != text.npos) {
    return error_at("the connection string holds a NUL byte, which cannot be sent", nul);
  }
  std::vector<conninfo_pair> pairs;
  for (std::size_t at = skip_space(text, 0); at < text.size(); at = skip_space(text, at)) {
    conninfo_pair pair;
    pair.position = at;
    while (at < text.size() && text[at] != '=' && !is_space(text[at])) ++at;
    pair.keyword = text.substr(pair.position, at - pair.position);
    at = skip_space(text, at);
    if (at == text.size() || text[at] != '=') {
      std::string const word = shown_word(pair.keyword, pairs.empty() ? nullptr : &pairs.back());
      return error_at("missing \"=\" after" + (word.empty() ? " a word" : word) +
                          "; write keyword = value, and put values that hold spaces in single quotes",
                      pair.position);
    }
    at = pair.value_position = skip_space(text, at + 1);
    if (!read_value(text, at, pair.value)) {
      return error_at("a quoted value is not closed; end it with ', and write \\' for a quote inside",
                      pair.value_position);
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace tusk::client
