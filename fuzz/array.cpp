// The text of arrays, from any bytes.
//
// Input: the text of an array.
//
// Checked: what is accepted is what an independent, slower reading says, with the same dimensions and elements; an
// array of integers is one whose elements are; the quick way says the same or nothing; what was read, written and read
// again is the same, and so is what was written then; a refusal names a position in the text.
#include <algorithm>
#include <array>
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

using words = std::vector<std::optional<std::string>>;

// Recursive descent, byte by byte, by the rules that array.hpp tells.
class reading {
 public:
  explicit reading(std::string_view text) : text_(text) {}

  bool whole() {
    if (text_ == "{}") return true;
    std::vector<tusk::array_dimension> claimed;
    while (next() == '[') {
      ++at_;
      std::int64_t lower = 0;
      std::int64_t upper = 0;
      if (!number(lower) || !take(':') || !number(upper) || !take(']') || upper < lower) return false;
      if (upper >= 2147483647 || claimed.size() == 6) return false;
      claimed.push_back({static_cast<std::int32_t>(lower), static_cast<std::size_t>(upper - lower + 1)});
    }
    if (!claimed.empty() && !take('=')) return false;
    if (!level(0) || at_ != text_.size()) return false;
    for (std::size_t i = 0; i < claimed.size(); ++i) {
      if (claimed.size() != dimensions.size() || claimed[i].size != dimensions[i].size) return false;
      dimensions[i].lower = claimed[i].lower;
    }
    return true;
  }

  std::vector<tusk::array_dimension> dimensions;
  words elements;

 private:
  int next() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }

  bool number(std::int64_t& value) {
    bool const negative = take('-');
    std::size_t const from = at_;
    for (; next() >= '0' && next() <= '9'; ++at_) {
      if (value < (std::int64_t{1} << 40)) value = value * 10 + (next() - '0');
    }
    if (negative) value = -value;
    return at_ != from && value >= -2147483648 && value <= 2147483647;
  }

  bool level(std::size_t depth) {
    if (depth == 6 || !take('{')) return false;
    if (depth == dimensions.size()) {
      if (!elements.empty()) return false;
      dimensions.push_back({1, 0});
    }
    std::size_t count = 0;
    do {
      bool const deeper = next() == '{';
      if (deeper == (depth + 1 == dimensions.size()) && (!deeper || !elements.empty())) return false;
      if (!(deeper ? level(depth + 1) : element())) return false;
      ++count;
    } while (take(','));
    if (dimensions[depth].size == 0) dimensions[depth].size = count;
    return dimensions[depth].size == count && take('}');
  }

  bool element() {
    std::string value;
    if (take('"')) {
      while (next() != '"') {
        if (next() == '\\') ++at_;
        if (next() == -1) return false;
        value += text_[at_++];
      }
      ++at_;
      elements.push_back(value);
      return true;
    }
    while (next() != -1 && std::string_view(",{}\"\\ \t\n\r\v\f").find(text_[at_]) == std::string_view::npos) {
      value += text_[at_++];
    }
    if (value.empty()) return false;
    std::string small = value;
    for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    elements.push_back(small == "null" ? std::nullopt : std::optional(value));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool sendable(std::string_view text) {
  return text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  auto const result = tusk::from_text<T>::parse(text);
  if constexpr (tusk::quickly_readable<T>) {
    T quick;
    FUZZ_CHECK(!tusk::from_text<T>::parse_quickly(text, quick) || (result && *result == quick));
  }
  if (!result) {
    FUZZ_CHECK(result.error().position <= text.size());
    FUZZ_CHECK(result.error().code.category() == tusk::types::types_category());
    return std::nullopt;
  }
  if (sendable(text)) {
    auto const written = tusk::types::text_of(*result);
    auto const again = tusk::from_text<T>::parse(*written);
    FUZZ_CHECK(again && *again == *result);
    FUZZ_CHECK(tusk::types::text_of(*again) == written);
  }
  return *result;
}

template <class T>
void check_integers(std::string_view text, std::optional<tusk::array<std::optional<std::string>>> const& all) {
  auto const found = parse<std::vector<std::optional<T>>>(text);
  auto const without_null = parse<std::vector<T>>(text);
  bool good = all && all->dimensions().size() <= 1;
  bool any_null = false;
  for (std::size_t i = 0; good && i < all->size(); ++i) {
    auto const& element = all->elements()[i];
    any_null |= !element;
    if (!element) {
      FUZZ_CHECK(!found || !(*found)[i]);
      continue;
    }
    auto const value = tusk::from_text<T>::parse(*element);
    good = value.has_value();
    FUZZ_CHECK(!good || !found || (*found)[i] == *value);
    FUZZ_CHECK(!good || !without_null || (*without_null)[i] == *value);
  }
  FUZZ_CHECK(found.has_value() == good);
  FUZZ_CHECK(without_null.has_value() == (good && !any_null));
  FUZZ_CHECK(!found || found->size() == all->size());
}

void check(std::string_view text) {
  auto const all = parse<tusk::array<std::optional<std::string>>>(text);
  reading slow(text);
  FUZZ_CHECK(slow.whole() == all.has_value());
  if (all) {
    FUZZ_CHECK(all->elements() == slow.elements);
    FUZZ_CHECK(std::vector(all->dimensions().begin(), all->dimensions().end()) == slow.dimensions);
  }
  check_integers<short>(text, all);
  check_integers<long>(text, all);
  auto const table = parse<std::vector<words>>(text);
  FUZZ_CHECK(table.has_value() == (all && (all->empty() || all->dimensions().size() == 2)));
  auto const plain = parse<std::vector<std::string>>(text);
  bool const is_plain =
      all && all->dimensions().size() <= 1 && std::find(all->begin(), all->end(), std::nullopt) == all->end();
  FUZZ_CHECK(plain.has_value() == is_plain);
  FUZZ_CHECK(!plain || std::equal(plain->begin(), plain->end(), all->begin(), all->end()));
  parse<std::vector<bool>>(text);
  parse<std::vector<std::vector<tusk::range<int>>>>(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<char> const exact(data, data + size);
  check({exact.data(), exact.size()});
  return 0;
}
