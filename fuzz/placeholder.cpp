// Placeholders and templates in any text.
//
// Input: a letter that chooses the arguments, then the statement or the template.
//   0 to 4     so many arguments without names     n   arguments named a, b and "a b"
//   t          a template for two parts without names and one named a
//
// Checked: what comes out, or that it is refused, is what a slow reading of the grammar says (merge.hpp, sql.hpp), also
// for a statement_template that is used twice; only programming_error is thrown.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/merge.hpp>
#include <tusk/types/sql.hpp>
#include <tusk/types/statement_template.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

// Values that would be seen if they were read again.
std::vector<std::string> const values = {"%s", "%(a)s", "'%", "{}"};
std::vector<std::string> const literals = {"'%s'", "'%(a)s'", "'''%'", "'{}'"};
std::map<std::string, std::string, std::less<>> const by_name = {{"a", "'%s'"}, {"b", "'%(a)s'"}, {"a b", "'''%'"}};

// What the placeholders of one kind become; nothing if the statement is refused.
std::optional<std::string> expected_merge(std::string_view text, std::size_t count, bool named) {
  if (tusk::protocol::find_invalid_utf8(text) != text.npos) return std::nullopt;
  std::string made;
  std::size_t used = 0;
  while (!text.empty()) {
    std::size_t taken = 1;
    if (text[0] != '%') {
      made += text[0];
    } else if (text.substr(0, 2) == "%%") {
      made += '%';
      taken = 2;
    } else if (text.substr(0, 2) == "%s") {
      if (named || used == count) return std::nullopt;
      made += literals[used++];
      taken = 2;
    } else if (text.substr(0, 2) == "%(") {
      std::string name;
      for (taken = 2; taken < text.size() && text[taken] != ')'; ++taken) name += text[taken];
      auto const found = by_name.find(name);
      if (text.substr(taken, 2) != ")s" || !named || found == by_name.end()) return std::nullopt;
      made += found->second;
      taken += 2;
    } else {
      return std::nullopt;
    }
    text.remove_prefix(taken);
  }
  if (!named && used != count) return std::nullopt;
  return made;
}

std::optional<std::string> expected_format(std::string_view text) {
  std::string made;
  std::size_t used = 0;
  bool used_name = false;
  while (!text.empty()) {
    std::size_t taken = 2;
    if (text[0] != '{' && text[0] != '}') {
      made += text[0];
      taken = 1;
    } else if (text.substr(0, 2) == "{{" || text.substr(0, 2) == "}}") {
      made += text[0];
    } else if (text.substr(0, 2) == "{}") {
      if (used == 2) return std::nullopt;
      made += literals[used++];
    } else if (text.substr(0, 3) == "{a}") {
      made += literals[2];
      used_name = true;
      taken = 3;
    } else {
      return std::nullopt;
    }
    text.remove_prefix(taken);
  }
  if (used != 2 || !used_name) return std::nullopt;
  return made;
}

template <class Call>
void expect(std::optional<std::string> const& expected, Call const& call) {
  try {
    std::string const made = call();
    FUZZ_CHECK(expected && made == *expected);
  } catch (tusk::programming_error const& e) {
    FUZZ_CHECK(!expected && e.code().category() == tusk::types::types_category());
  }
}

void check_format(std::string_view text) {
  namespace sql = tusk::sql;
  if (text.find('\0') != text.npos || tusk::protocol::find_invalid_utf8(text) != text.npos) return;
  expect(expected_format(text), [&] {
    return sql::sql(text)
        .format(sql::literal(values[0]), sql::literal(values[1]), tusk::named("a", sql::literal(values[2])))
        .as_string();
  });
}

void check(char letter, std::string_view text) {
  if (letter == 't') return check_format(text);
  tusk::params args;
  if (letter == 'n') {
    args.add(tusk::named("a b", values[2])).add(tusk::named("a", values[0])).add(tusk::named("b", values[1]));
  } else {
    for (char i = '0'; i < letter && i < '4'; ++i) args.add(values[static_cast<std::size_t>(i - '0')]);
  }
  auto const expected = expected_merge(text, args.count(), letter == 'n');
  expect(args.empty() ? std::string(text) : expected, [&] { return tusk::merge(text, args); });
  expect(expected, [&] {
    tusk::types::statement_template const parts(text, "statement");
    tusk::types::text_buffer to;
    to.push_back('>');
    for (int i = 0; i < 2; ++i) {
      to.truncate(1);
      parts.append_merged(to, args);
    }
    return std::string(to.data() + 1, to.size() - 1);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  check(static_cast<char>(data[0]), tusk::test::fuzz_text(data + 1, size - 1));
  return 0;
}
