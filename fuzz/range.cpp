// The text of ranges and multiranges, from any bytes.
//
// Input: the text of a range; of a multirange, if it begins with a brace.
//
// Checked: what is accepted is what an independent, slower reading says, with the same bounds; a range of integers is
// one whose bounds are; what was read, written and read again is the same; a refusal names a position in the text.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/builtin.hpp>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

using words = tusk::range<std::string>;

// Byte by byte; true and where it ends, if there is a bound or none.
bool read_bound(std::string_view text, std::size_t& at, std::optional<std::string>& to) {
  auto const next = [&] { return at < text.size() ? text[at] : '\0'; };
  std::string value;
  if (next() != '"') {
    while (at < text.size() && std::string_view("()[],\"\\ \t\n\r\v\f").find(text[at]) == std::string_view::npos) {
      value += text[at++];
    }
    if (!value.empty()) to = value;
    return true;
  }
  for (++at; at < text.size(); ++at) {
    bool const doubled = text.substr(at).starts_with("\"\"");
    if (text[at] == '"' && !doubled) {
      ++at;
      to = value;
      return true;
    }
    if (doubled || text[at] == '\\') ++at;
    if (at < text.size()) value += text[at];
  }
  return false;
}

std::optional<words> read_slowly(std::string_view text) {
  if (text == "empty") return words{.empty = true};
  words made;
  std::size_t at = 1;
  if (text.empty() || (text[0] != '[' && text[0] != '(')) return std::nullopt;
  made.lower_inclusive = text[0] == '[';
  if (!read_bound(text, at, made.lower) || at >= text.size() || text[at++] != ',') return std::nullopt;
  if (!read_bound(text, at, made.upper) || at + 1 != text.size()) return std::nullopt;
  made.upper_inclusive = text[at] == ']';
  return made.upper_inclusive || text[at] == ')' ? std::optional(made) : std::nullopt;
}

/// Cut at the ends of its ranges, which are brackets outside of quotes, and each read as a range.
std::optional<tusk::multirange<std::string>> read_many_slowly(std::string_view text) {
  tusk::multirange<std::string> made;
  if (text == "{}") return made;
  std::size_t begin = 1;
  bool quoted = false;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[at] == ')' || text[at] == ']')) {
      auto const each = read_slowly(text.substr(begin, at + 1 - begin));
      if (!each || each->empty) return std::nullopt;
      made.ranges.push_back(*each);
      if (text.substr(at + 1) == "}") return made;
      if (!text.substr(at + 1).starts_with(',')) return std::nullopt;
      begin = at + 2;
      ++at;
    }
  }
  return std::nullopt;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  if (text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos) {
    auto const again = tusk::from_text<T>::parse(*tusk::types::text_of(*result));
    FUZZ_CHECK(again && *again == *result);
  }
  return *result;
}

void check_many(std::string_view text) {
  FUZZ_CHECK(parse<tusk::multirange<std::string>>(text) == read_many_slowly(text));
  parse<tusk::multirange<int>>(text);
}

void check(std::string_view text) {
  auto const found = parse<words>(text);
  FUZZ_CHECK(found == read_slowly(text));
  auto const integers = parse<tusk::range<int>>(text);
  auto const is_integer = [](std::optional<std::string> const& bound, auto const& value) {
    if (!bound) return !value;
    auto const expected = tusk::from_text<int>::parse(*bound);
    return expected && (!value || *value == *expected);
  };
  std::optional<int> const nothing;
  if (integers) {
    FUZZ_CHECK(found && found->empty == integers->empty);
    FUZZ_CHECK(is_integer(found->lower, integers->lower) && is_integer(found->upper, integers->upper));
  } else if (found) {
    FUZZ_CHECK(!is_integer(found->lower, nothing) || !is_integer(found->upper, nothing));
  }
  parse<tusk::range<bool>>(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<char> const exact(data, data + size);
  std::string_view const text(exact.data(), exact.size());
  text.starts_with('{') ? check_many(text) : check(text);
  return 0;
}
