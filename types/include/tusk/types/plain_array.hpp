// Arrays as nearly all of them are: one dimension, counted from 1.
//
//   {1,-22,333}  {red,"light blue",NULL}
//
// They are read in one pass, and without the shape that array_reader keeps. What has other dimensions, or is wrong, is
// left to array_reader, which says what it is.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>

namespace tusk::types {

/// NULL in any case.
inline bool is_null_word(std::string_view text) noexcept {
  auto const is = [text](std::size_t i, char c) { return (text[i] | 0x20) == c; };
  return text.size() == 4 && is(0, 'n') && is(1, 'u') && is(2, 'l') && is(3, 'l');
}

/// The elements of texts up to this size may be counted in a rough way: not much is allocated for those that are not.
inline constexpr std::size_t short_array = 512;

/// How many elements to expect in a text of an array: never more than it has room for.
std::size_t expected_count(std::string_view text, char delimiter) noexcept;

/// Integers of at most 15 digits that stand in a row, each with the delimiter or a brace behind it.
template <integer T>
struct integer_run {
  std::array<T, 64> values;
  std::size_t count = 0;
  bool closed = false;  // by a brace

  bool is_full() const noexcept { return count == values.size(); }
  /// Takes as many as there are and have a place, and returns how many characters they take, without the brace.
  std::size_t read(std::string_view text, char delimiter) noexcept;

 private:
  static constexpr std::uint64_t zeros = '0' * 0x0101'0101'0101'0101;
  static constexpr std::uint64_t powers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  static constexpr bool holds_seven_digits = std::in_range<T>(-9'999'999) && std::in_range<T>(9'999'999);
};

// In one pass that finds the digits and converts them, without a branch on how many there are up to seven. A text that
// ends in a brace has no digit, sign or delimiter at its end, so that each of them has a character behind it.
template <integer T>
std::size_t integer_run<T>::read(std::string_view text, char delimiter) noexcept {
  if (!text.ends_with('}')) return 0;
  char const* const end = text.data() + text.size();
  char const* const last_eight = text.size() < 8 ? nullptr : end - 8;
  auto const load = [end, last_eight](char const* at) {
    std::uint64_t eight = 0;
    if (std::greater<>()(at, last_eight)) [[unlikely]]
      return load_characters(at, static_cast<std::size_t>(end - at));
    std::memcpy(&eight, at, 8);
    return eight;
  };
  // `behind`: the lowest bit of find_other_than_digits, which stands behind as many digits as there are, at least one.
  auto const join = [](std::uint64_t eight, int behind) { return join_digits((eight ^ zeros) << (71 - behind)); };
  char const* element = text.data();
  T* to = values.data();
  for (T* const last = to + values.size(); to != last;) {
    bool const negative = *element == '-';
    char const* at = element + (negative ? 1 : 0);
    std::uint64_t eight = load(at);
    std::uint64_t others = find_other_than_digits(eight);
    std::uint64_t magnitude = 0;
    if (others != 0) [[likely]] {
      int const behind = std::countr_zero(others);
      if (behind < 8) break;
      magnitude = join(eight, behind);
      at += behind / 8;
    } else {
      magnitude = join_digits(eight ^ zeros);
      at += 8;
      eight = load(at);
      others = find_other_than_digits(eight);
      if (others == 0) break;
      int const behind = std::countr_zero(others);
      if (behind >= 8) magnitude = magnitude * powers[behind / 8] + join(eight, behind);
      at += behind / 8;
      if (!std::in_range<T>(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude))) break;
    }
    auto const value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
    if constexpr (!holds_seven_digits) {
      if (!std::in_range<T>(value)) break;
    }
    if (*at != delimiter) {
      closed = *at == '}';
      if (!closed) break;
      *to++ = static_cast<T>(value);
      element = at;
      break;
    }
    *to++ = static_cast<T>(value);
    element = at + 1;
  }
  count = static_cast<std::size_t>(to - values.data());
  return static_cast<std::size_t>(element - text.data());
}

/// Appends the elements of an array of one dimension without bounds, whose integers have at most 15 digits and none is
/// NULL: {1,-22,333}. `to` must be empty. False says nothing; then it is.
template <integer T, class Elements>
bool read_plain_integers(std::string_view text, Elements& to) {
  if (!text.starts_with('{')) return false;
  if (text == "{}") return true;
  if (text.size() > short_array) to.reserve(expected_count(text, ','));
  text.remove_prefix(1);
  for (;;) {
    integer_run<T> run;
    text.remove_prefix(run.read(text, ','));
    if (run.closed ? text != "}" : !run.is_full()) {
      to.clear();
      return false;
    }
    T const* const first = run.values.data();
    if (to.empty())
      to.assign(first, first + run.count);
    else
      to.insert(to.end(), first, first + run.count);
    if (run.closed) return true;
  }
}

/// Appends an element that is not NULL.
template <class T, class Elements>
std::optional<protocol::parse_error> append(part const& from, oid type, Elements& to) {
  if constexpr (std::is_same_v<typename without_optional<T>::type, std::string>) {
    to.emplace_back(from.text);  // made in place
  } else {
    auto value = read_text<T>(from.text, type);
    if (!value) return from.whole(value.error());
    to.push_back(*std::move(value));
  }
  return std::nullopt;
}

/// Elements as they stand in the text: there is room for exactly as many once they are counted.
template <class T>
class plain_elements {
 public:
  bool is_full() const noexcept { return count_ == views_.size(); }
  void add(std::string_view text) noexcept { views_[count_++] = {text.data(), text.size()}; }
  /// NULL.
  void add() noexcept { views_[count_++] = {nullptr, 0}; }
  /// Appends them; says whether all can be read.
  template <class Elements>
  bool move_to(Elements& to, oid type) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (views_[i].data == nullptr) {
        if constexpr (nullable<T>)
          to.push_back(from_text<T>::null());
        else
          return false;
      } else if (part each; each.text = {views_[i].data, views_[i].size}, append<T>(each, type, to)) {
        return false;
      }
    }
    count_ = 0;
    return true;
  }
  std::size_t size() const noexcept { return count_; }

 private:
  struct view {
    char const* data;
    std::size_t size;
  };
  std::array<view, 16> views_;
  std::size_t count_ = 0;
};

/// Appends the elements of an array of one dimension without bounds, as nearly all are. `to` must be empty. False says
/// nothing: there are other dimensions, or something is wrong; then some may have been appended.
template <class T, class Elements>
bool read_plain_elements(std::string_view text, char delimiter, oid type, Elements& to) {
  if (!text.starts_with('{') || !text.ends_with('}')) return false;
  if (text == "{}") return true;
  auto const is_special = [delimiter](char c) {
    return special_somewhere[static_cast<unsigned char>(c)] &&
           (c <= ' ' || c == delimiter || c == '{' || c == '}' || c == '"' || c == '\\');
  };
  plain_elements<T> found;
  for (std::size_t at = 1;; ++at) {
    if (text[at] == '"') {
      std::size_t const end = find_any(text, at + 1, '"', '\\');
      if (end == text.size()) return false;
      if (text[end] == '"') {
        found.add({text.data() + at + 1, end - at - 1});
        at = end + 1;
      } else {
        part_reader reader(text);  // of one with escapes
        part each;
        if (to.empty()) to.reserve(expected_count(text, delimiter));
        reader.skip(at);
        if (!reader.read<false>(each, delimiter) || !found.move_to(to, type)) return false;
        if (append<T>(each, type, to)) return false;
        at = reader.position();
      }
    } else {
      std::size_t end = at;
      while (!is_special(text[end])) ++end;  // the last brace is
      if (end == at) return false;
      std::string_view const element(text.data() + at, end - at);
      if (is_null_word(element))
        found.add();
      else
        found.add(element);
      at = end;
    }
    if (text[at] != delimiter) {
      if (at + 1 != text.size()) return false;
      to.reserve(to.size() + found.size());
      return found.move_to(to, type);
    }
    if (found.is_full()) {
      if (to.empty()) to.reserve(expected_count(text, delimiter));
      if (!found.move_to(to, type)) return false;
    }
  }
}

}  // namespace tusk::types
