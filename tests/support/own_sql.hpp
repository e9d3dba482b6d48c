// What SQL that the library writes itself has to be, so that search_path does not decide what it runs: whoever may make
// a schema that stands there can have operators, functions, relations and types in it, under any name and for any
// types.
//
// Source: PostgreSQL's documentation, "Lexical Structure" and "Function and Operator Type Resolution".
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::test {

struct sql_token {
  enum class kind { end, word, name, string, number, sign, other };
  kind is = kind::end;
  std::string text;  ///< a word in lower case
};

/// The tokens of a statement without comments.
inline std::vector<sql_token> sql_tokens(std::string_view sql) {
  std::vector<sql_token> tokens;
  auto const is_in_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
  };
  constexpr std::string_view signs = "+-*/<>=~!@#%^&|`?";
  for (std::size_t i = 0; i < sql.size();) {
    std::size_t const from = i;
    auto const add = [&](sql_token::kind kind) { tokens.push_back({kind, std::string(sql.substr(from, i - from))}); };
    char const c = sql[i++];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    if (c == '\'' || c == '"') {
      while (i < sql.size() && sql[i++] != c) {}
      add(c == '"' ? sql_token::kind::name : sql_token::kind::string);
    } else if (c == '$' || std::isdigit(static_cast<unsigned char>(c)) != 0) {
      while (i < sql.size() && (is_in_word(sql[i]) || sql[i] == '.' || (sql[i - 1] == 'e' && sql[i] == '+'))) ++i;
      add(sql_token::kind::number);
    } else if (is_in_word(c)) {
      while (i < sql.size() && is_in_word(sql[i])) ++i;
      add(sql_token::kind::word);
      for (char& each : tokens.back().text) each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    } else if (signs.find(c) != signs.npos) {
      while (i < sql.size() && signs.find(sql[i]) != signs.npos) ++i;
      add(sql_token::kind::sign);
    } else {
      if (c == ':' && i < sql.size() && sql[i] == ':') ++i;
      add(sql_token::kind::other);
    }
  }
  return tokens;
}

/// What in the statement is looked up by search_path, and why; empty if nothing is.
inline std::string looked_up(std::string_view sql) {
  std::vector<sql_token> const tokens = sql_tokens(sql);
  auto const at = [&](std::size_t i) { return i < tokens.size() ? tokens[i] : sql_token(); };
  auto const is = [&](std::size_t i, std::string_view text) { return at(i).text == text; };
  auto const qualified = [&](std::size_t i) { return i >= 2 && is(i - 1, ".") && is(i - 2, "pg_catalog"); };
  std::set<std::string> given_here{"stdin"};  // else by WITH
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::size_t parenthesis = i + 1;
    if (is(i + 1, "(")) {
      while (parenthesis < tokens.size() && !is(parenthesis, ")")) ++parenthesis;
      ++parenthesis;
    }
    bool const listed = i != 0 && (is(i - 1, "with") || is(i - 1, "recursive") || is(i - 1, ","));
    if (listed && is(parenthesis, "as") && is(parenthesis + 1, "(")) given_here.insert(tokens[i].text);
  }
  std::set<std::string_view> const before_parenthesis{"as",  "operator", "select", "from", "where", "and",   "or",
                                                      "not", "exists",   "when",   "then", "else",  "array", "on"};
  std::set<std::string_view> const before_string{"to", "select", "when", "then", "else", "and", "or", "not", "e"};
  std::set<std::string_view> const looks_up{"in",    "between", "any",     "some",     "like",     "ilike", "similar",
                                            "using", "nullif",  "natural", "distinct", "overlaps", "cast"};
  std::set<std::string_view> const of_everything{"union", "reset", "deallocate", "discard"};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto const& [kind, text] = tokens[i];
    std::string_view const before = i == 0 ? std::string_view() : std::string_view(tokens[i - 1].text);
    if (kind == sql_token::kind::sign) {
      bool const all = text == "*" && (before == "select" || before == "." || before == "unlisten");
      if (!all && !(qualified(i) && i >= 4 && is(i - 3, "(") && is(i - 4, "operator")))
        return "an operator without OPERATOR(pg_catalog.): " + text;
    }
    if (text == "operator" && !(is(i + 1, "(") && is(i + 2, "pg_catalog") && is(i + 3, ".")))
      return "an OPERATOR without its schema";
    if (text == "::" && !(is(i + 1, "pg_catalog") && is(i + 2, ".")))
      return "a type without its schema: " + at(i + 1).text;
    if ((text == "from" || text == "join") && i + 1 < tokens.size() && !is(i + 1, "(") &&
        !(is(i + 1, "pg_catalog") && is(i + 2, ".")) && !given_here.contains(at(i + 1).text))
      return "a relation without its schema: " + at(i + 1).text;
    if (kind != sql_token::kind::word && kind != sql_token::kind::name) continue;
    if (is(i + 1, "(") && !before_parenthesis.contains(text) && !given_here.contains(text) && !qualified(i))
      return "a function without its schema: " + text;
    if (kind == sql_token::kind::name) continue;
    if (at(i + 1).is == sql_token::kind::string && !before_string.contains(text) && !qualified(i))
      return "a type without its schema: " + text;
    if (looks_up.contains(text)) return "it looks up an operator or a type by itself: " + text;
    if (text == "all" && !of_everything.contains(before)) return "it looks up an operator by itself: all";
    if (text == "case" && !is(i + 1, "when")) return "it looks up an operator by itself: case";
  }
  return "";
}

}  // namespace tusk::test
