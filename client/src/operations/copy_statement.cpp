#include "operations/copy_statement.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_in_name(char c) noexcept { return starts_name(c) || (c >= '0' && c <= '9') || c == '$'; }

struct token {
  enum class kind : std::uint8_t { end, word, quoted, string, number, symbol, unclear };
  kind what = kind::end;
  std::string text;  // a word in lower case, a string without its quotes and escapes
  bool is(std::string_view word) const { return what == kind::word && text == word; }
  bool is(char symbol) const { return what == kind::symbol && text[0] == symbol; }
};

/// Gives one token after the other; the first that is unclear is given for ever.
class copy_lexer {
 public:
  copy_lexer(std::string_view sql, bool standard_strings) noexcept : rest_(sql), standard_(standard_strings) {}

  token next() {
    if (peeked_) return *std::exchange(peeked_, std::nullopt);
    return read();
  }
  token const& peek() {
    if (!peeked_) peeked_ = read();
    return *peeked_;
  }

 private:
  static token unclear() { return {token::kind::unclear, {}}; }

  token read() {
    if (!skip_blanks()) return rest_.empty() ? token() : unclear();
    char const c = rest_.front();
    if ((c == 'e' || c == 'E') && rest_.substr(1).starts_with('\'')) {
      rest_.remove_prefix(1);
      return read_string(true);
    }
    bool const has_prefix = rest_.size() > 1 && (rest_[1] == '\'' || (rest_[1] == '&' && rest_.size() > 2));
    if (starts_name(c) && has_prefix && std::string_view("uUbBxXnN").find(c) != std::string_view::npos)
      return stop();  // U&'..', U&"..", B'..', X'..', N'..'
    if (starts_name(c)) return read_word();
    if (c == '"') return read_quoted();
    if (c == '\'') return read_string(false);
    if (c == '$') return read_dollars();
    if (c >= '0' && c <= '9') {
      auto const end = std::find_if_not(rest_.begin(), rest_.end(), [](char d) { return is_in_name(d) || d == '.'; });
      return {token::kind::number, take(static_cast<std::size_t>(end - rest_.begin()))};
    }
    if (c == '\0') return stop();
    return {token::kind::symbol, take(1)};
  }
  token stop() {
    rest_ = std::string_view("\0", 1);
    return unclear();
  }
  std::string take(std::size_t size) {
    std::string const taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return taken;
  }
  /// False at the end, or in a comment that does not end.
  bool skip_blanks() {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r\f\v"), rest_.size()));
      if (rest_.starts_with("--")) {
        rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        auto const end = end_of_comment(rest_, 0);
        if (end == rest_.npos) return false;
        rest_.remove_prefix(end);
      } else {
        return !rest_.empty();
      }
    }
  }
  token read_word() {
    auto const end = std::find_if_not(rest_.begin(), rest_.end(), is_in_name);
    token made{token::kind::word, take(static_cast<std::size_t>(end - rest_.begin()))};
    for (char& c : made.text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return made;
  }
  token read_quoted() {
    token made{token::kind::quoted, {}};
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"' && (i + 1 == rest_.size() || rest_[i + 1] != '"')) {
        rest_.remove_prefix(i + 1);
        return made;
      }
      if (rest_[i] == '"') ++i;
      made.text += rest_[i];
    }
    return stop();
  }
  token read_string(bool with_escapes) {
    token made{token::kind::string, {}};
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (c == '\'' && !rest_.substr(i + 1).starts_with('\'')) {
        rest_.remove_prefix(i + 1);
        return made;
      }
      if (c == '\'') ++i;
      if (c == '\\' && !with_escapes && !standard_) return stop();
      if (c == '\\' && with_escapes) {
        constexpr std::string_view letters = "bfnrt\\'", meant = "\b\f\n\r\t\\'";
        auto const which = ++i < rest_.size() ? letters.find(rest_[i]) : letters.npos;
        if (which == letters.npos) return stop();  // octal, hexadecimal, Unicode
        c = meant[which];
      }
      made.text += c;
    }
    return stop();
  }
  token read_dollars() {
    auto const tag_end = rest_.find('$', 1);
    if (tag_end == rest_.npos) return stop();
    std::string_view const tag = rest_.substr(0, tag_end + 1);
    auto const end = rest_.find(tag, tag.size());
    if (end == rest_.npos) return stop();
    token made{token::kind::string, std::string(rest_.substr(tag.size(), end - tag.size()))};
    rest_.remove_prefix(end + tag.size());
    return made;
  }

  std::string_view rest_;
  bool standard_;
  std::optional<token> peeked_;
};

/// What the options say; nothing where the server's default counts.
struct options {
  std::optional<copy_kind> kind;
  std::optional<char> delimiter, quote, escape;
  std::optional<std::string> null;
  bool header = false, matches = false, utf8 = true;
};

class parser {
 public:
  parser(std::string_view sql, bool standard_strings) noexcept : from_(sql, standard_strings) {}

  copy_statement read() {
    copy_statement made;
    while (from_.peek().is(';')) from_.next();
    made.is_copy = from_.next().is("copy");
    if (!made.is_copy || !read_target() || !read_options()) return made;
    bool const where = from_.peek().is("where");
    while (!where && from_.peek().is(';')) from_.next();
    if (!where && from_.peek().what != token::kind::end) return made;
    made.is_certain = true;
    made.is_from = is_from_;
    made.is_utf8 = found_.utf8;
    made.matches_header = found_.matches;
    copy_kind const kind = found_.kind.value_or(copy_kind::text);
    auto& format = made.format;
    if (kind != copy_kind::text) format = kind == copy_kind::csv ? copy_format::csv() : copy_format::binary();
    format.delimiter = found_.delimiter.value_or(format.delimiter);
    format.null = found_.null.value_or(format.null);
    format.quote = found_.quote.value_or(format.quote);
    format.escape = found_.escape.value_or(format.quote);
    format.header = found_.header;
    return made;
  }

 private:
  /// Up to STDIN or STDOUT; false if it is not read with certainty.
  bool read_target() {
    if (from_.peek().is("binary")) {
      from_.next();
      // It may also be a table of that name.
      if (from_.peek().is("from") || from_.peek().is("to") || from_.peek().is('.') || from_.peek().is('('))
        return false;
      found_.kind = copy_kind::binary;
    }
    if (from_.peek().is('(')) {
      if (!skip_parentheses()) return false;
    } else {
      do {
        if (!is_name(from_.next())) return false;
      } while (from_.peek().is('.') && (from_.next(), true));
      if (from_.peek().is('(') && !skip_parentheses()) return false;
    }
    is_from_ = from_.peek().is("from");
    if (!is_from_ && !from_.peek().is("to")) return false;
    from_.next();
    token const where = from_.next();
    if (!where.is("stdin") && !where.is("stdout")) return false;
    return true;
  }
  static bool is_name(token const& which) {
    return which.what == token::kind::word || which.what == token::kind::quoted;
  }
  bool skip_parentheses() {
    std::size_t depth = 0;
    do {
      token const each = from_.next();
      if (each.what == token::kind::end || each.what == token::kind::unclear) return false;
      if (each.is('(')) ++depth;
      if (each.is(')')) --depth;
    } while (depth != 0);
    return true;
  }

  bool read_options() {
    if (from_.peek().is("using") || from_.peek().is("delimiters")) {
      if (from_.peek().is("using")) from_.next();
      if (!from_.next().is("delimiters") || !read_one(found_.delimiter)) return false;
    }
    if (from_.peek().is("with")) from_.next();
    if (from_.peek().is('(')) return read_list();
    while (is_name(from_.peek()) && !from_.peek().is("where"))
      if (!read_old(from_.next())) return false;
    return true;
  }

  bool read_string(std::optional<std::string>& into) {
    if (from_.peek().is("as")) from_.next();
    token const value = from_.next();
    if (value.what != token::kind::string || into) return false;
    into = value.text;
    return true;
  }
  bool read_one(std::optional<char>& into) {
    std::optional<std::string> text;
    if (!read_string(text) || text->size() != 1 || into) return false;
    into = (*text)[0];
    return true;
  }
  bool read_kind(std::string_view name) {
    if (found_.kind) return false;
    if (name == "csv") return found_.kind = copy_kind::csv, true;
    if (name == "binary") return found_.kind = copy_kind::binary, true;
    return name == "text" && (found_.kind = copy_kind::text, true);
  }
  bool read_encoding() {
    std::optional<std::string> name;
    if (from_.peek().is("as") || !read_string(name)) return false;
    std::string plain;
    for (char const c : *name)
      if (c != '-' && c != '_') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    found_.utf8 = plain == "utf8" || plain == "unicode";
    return true;
  }
  /// Columns, or `*`.
  bool skip_columns() {
    if (from_.peek().is('*')) return from_.next(), true;
    for (;;) {
      if (!is_name(from_.next())) return false;
      if (!from_.peek().is(',')) return true;
      from_.next();
    }
  }

  bool read_old(token const& option) {
    if (option.what != token::kind::word) return false;
    std::string const& name = option.text;
    if (name == "binary" || name == "csv") return read_kind(name);
    if (name == "freeze") return true;
    if (name == "delimiter") return read_one(found_.delimiter);
    if (name == "null") return read_string(found_.null);
    if (name == "header") return found_.header = true;
    if (name == "quote") return read_one(found_.quote);
    if (name == "escape") return read_one(found_.escape);
    if (name == "encoding") return read_encoding();
    if (name != "force") return false;
    if (from_.peek().is("not")) from_.next();
    token const what = from_.next();
    return (what.is("quote") || what.is("null")) && skip_columns();
  }

  bool read_list() {
    from_.next();
    for (;;) {
      token const name = from_.next();
      if (!is_name(name) || !read_new(name.text)) return false;
      token const behind = from_.next();
      if (behind.is(')')) return true;
      if (!behind.is(',')) return false;
    }
  }
  bool read_new(std::string_view name) {
    constexpr std::string_view harmless[] = {"freeze",   "force_quote",   "force_not_null", "force_null",
                                             "on_error", "log_verbosity", "reject_limit"};
    if (from_.peek().is("as")) return false;
    if (name == "format") {
      token const value = from_.next();
      return (is_name(value) || value.what == token::kind::string) && read_kind(value.text);
    }
    if (name == "delimiter") return read_one(found_.delimiter);
    if (name == "null") return read_string(found_.null);
    if (name == "quote") return read_one(found_.quote);
    if (name == "escape") return read_one(found_.escape);
    if (name == "encoding") return read_encoding();
    if (name == "header") return read_header();
    if (std::find(std::begin(harmless), std::end(harmless), name) == std::end(harmless)) return false;
    if (from_.peek().is('(')) return skip_parentheses();
    if (!from_.peek().is(',') && !from_.peek().is(')')) from_.next();
    return true;
  }
  bool read_header() {
    if (from_.peek().is(',') || from_.peek().is(')')) return found_.header = true;
    token value = from_.next();
    if (value.what == token::kind::symbol || value.what == token::kind::unclear) return false;
    for (char& c : value.text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    bool const on = value.text == "true" || value.text == "on" || value.text == "1";
    found_.matches = value.text == "match";
    found_.header = on || found_.matches;
    return found_.header || value.text == "false" || value.text == "off" || value.text == "0";
  }

  copy_lexer from_;
  options found_;
  bool is_from_ = false;
};

}  // namespace

copy_statement read_copy_statement(std::string_view sql, bool standard_strings) {
  return parser(sql, standard_strings).read();
}

}  // namespace tusk::detail
