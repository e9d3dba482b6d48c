// The text of row values, from any bytes, and of enums and arrays in them.
//
// Input: the text of a row value.
//
// Checked: it is accepted as a tuple of as many fields as an independent, slower reading finds, with the same fields,
// and refused as one of any other number; what was read as an aggregate, written and read again is the same; a refusal
// names a position in the text.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/builtin.hpp>
#include <utility>
#include <vector>

#include "support/fuzz_input.hpp"

namespace {

enum class color { red, green };

struct item {
  int id;
  std::string name;
  std::optional<int> weight;
  friend bool operator==(item const&, item const&) = default;
};

struct parcel {
  std::optional<item> first;
  std::vector<item> items;
  std::optional<color> paint;
  friend bool operator==(parcel const&, parcel const&) = default;
};

}  // namespace

template <>
struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "a \"green\""> {};
template <>
struct tusk::adapter<item> : tusk::composite<"item"> {};
template <>
struct tusk::adapter<parcel> : tusk::composite<"parcel"> {};

namespace {

using word = std::optional<std::string>;

// Byte by byte.
std::optional<std::vector<word>> read_slowly(std::string_view text) {
  std::vector<word> fields;
  std::size_t at = 0;
  auto const take = [&](char c) {
    bool const found = at < text.size() && text[at] == c;
    at += found;
    return found;
  };
  if (!take('(')) return std::nullopt;
  do {
    std::string value;
    bool const quoted = take('"');
    if (quoted) {
      for (;; ++at) {
        if (at >= text.size()) return std::nullopt;
        bool const doubled = text.substr(at).starts_with("\"\"");
        if (text[at] == '"' && !doubled) break;
        if (doubled || text[at] == '\\') ++at;
        if (at >= text.size()) return std::nullopt;
        value += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && std::string_view("(),\"\\ \t\n\r\v\f").find(text[at]) == std::string_view::npos) {
        value += text[at++];
      }
    }
    fields.push_back(quoted || !value.empty() ? word(value) : std::nullopt);
  } while (take(','));
  return take(')') && at == text.size() ? std::optional(fields) : std::nullopt;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  return *result;
}

template <class T>
void check_aggregate(std::string_view text) {
  auto const found = parse<T>(text);
  if (!found || text.find('\0') != text.npos || tusk::protocol::find_invalid_utf8(text) != text.npos) return;
  auto const again = tusk::from_text<T>::parse(*tusk::types::text_of(*found));
  FUZZ_CHECK(again && *again == *found);
}

template <std::size_t>
using word_at = word;

template <std::size_t... I>
void check_tuple(std::string_view text, std::optional<std::vector<word>> const& fields, std::index_sequence<I...>) {
  auto const found = parse<std::tuple<word_at<I>...>>(text);
  FUZZ_CHECK(found.has_value() == (fields && fields->size() == sizeof...(I)));
  if (found) FUZZ_CHECK(((std::get<I>(*found) == (*fields)[I]) && ...));
}

void check(std::string_view text) {
  auto const fields = read_slowly(text);
  check_tuple(text, fields, std::make_index_sequence<1>());
  check_tuple(text, fields, std::make_index_sequence<2>());
  check_tuple(text, fields, std::make_index_sequence<3>());
  check_tuple(text, fields, std::make_index_sequence<7>());
  check_aggregate<item>(text);
  check_aggregate<parcel>(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<char> const exact(data, data + size);
  check({exact.data(), exact.size()});
  return 0;
}
