#include "operations/placeholders.hpp"

#include <algorithm>
#include <string>
#include <tusk/types/error.hpp>
#include <vector>

#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool begins_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Walks over a text; each step takes one lexical element.
class lexer {
 public:
  explicit lexer(std::string_view sql) noexcept : sql_(sql) {}

  /// The number of the next placeholder; 0 at the end of the text, or where it cannot be told apart.
  std::size_t next() {
    while (at_ < sql_.size()) {
      char const c = sql_[at_];
      char const after = at_ + 1 < sql_.size() ? sql_[at_ + 1] : '\0';
      if (c == '$' && is_digit(after)) {
        if (std::size_t const found = number(); found != 0) return found;
      } else if (c == '\'')
        skip_quoted('\'', false);
      else if (c == '"')
        skip_quoted('"', false);
      else if (c == '$')
        skip_dollar_quoted();
      else if (c == '-' && after == '-')
        at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
      else if (c == '/' && after == '*')
        skip_comment();
      else if ((c == 'e' || c == 'E') && after == '\'')
        ++at_, skip_quoted('\'', true);
      else if (begins_name(c))
        skip_name();
      else
        ++at_;
    }
    return 0;
  }
  /// Whether a quote or a comment did not end.
  bool is_broken() const noexcept { return broken_; }

 private:
  /// 0 for $0, which is none.
  std::size_t number() noexcept {
    constexpr std::size_t too_large = 100'000;
    std::size_t value = 0;
    for (++at_; at_ < sql_.size() && is_digit(sql_[at_]); ++at_)
      if (value < too_large) value = value * 10 + static_cast<std::size_t>(sql_[at_] - '0');
    return value;
  }
  void skip_name() noexcept {
    while (at_ < sql_.size() && (begins_name(sql_[at_]) || is_digit(sql_[at_]) || sql_[at_] == '$')) ++at_;
  }
  /// A doubled quote ends one part and begins the next.
  void skip_quoted(char quote, bool escapes) noexcept {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (escapes && sql_[at_] == '\\')
        ++at_;
      else if (sql_[at_] == quote) {
        ++at_;
        if (at_ == sql_.size() || sql_[at_] != quote) return;
      }
    }
    give_up();
  }
  void skip_dollar_quoted() noexcept {
    std::size_t end = at_ + 1;  // where no digit is
    while (end < sql_.size() && (begins_name(sql_[end]) || is_digit(sql_[end]))) ++end;
    if (end == sql_.size() || sql_[end] != '$') return void(++at_);
    std::string_view const tag = sql_.substr(at_, end + 1 - at_);
    std::size_t const closing = sql_.find(tag, end + 1);
    if (closing == sql_.npos) return give_up();
    at_ = closing + tag.size();
  }
  void skip_comment() noexcept {
    at_ = end_of_comment(sql_, at_);
    if (at_ == sql_.npos) give_up();
  }
  void give_up() noexcept {
    broken_ = true;
    at_ = sql_.size();
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace

std::size_t find_unused_argument(std::string_view sql, std::size_t count) {
  if (count == 0) return 0;
  std::vector<bool> used(count);
  lexer from(sql);
  while (auto const number = from.next())
    if (number <= count) used[number - 1] = true;
  if (from.is_broken()) return 0;
  for (std::size_t i = 0; i < count; ++i)
    if (!used[i]) return i + 1;
  return 0;
}

void require_places(std::string_view sql, std::size_t arguments) {
  if (auto const unused = find_unused_argument(sql, arguments); unused != 0)
    throw programming_error(std::to_string(arguments) + " argument(s) were given, but the statement has no $" +
                            std::to_string(unused));
}

}  // namespace tusk::detail
