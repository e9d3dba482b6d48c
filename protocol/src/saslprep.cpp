// How the text walks: mapped() decodes it and drops what counts for nothing; is_allowed() judges it; decomposed() takes
// characters apart and sorts their marks; compose() puts them together again (Unicode Standard Annex #15; Hangul:
// the Unicode Standard, section 3.12).
//
// The tables are made for size, as they are asked a few times in a connection's life: sets of code points are lengths,
// and decompositions are lines of text.
#include <tusk/protocol/saslprep.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <tusk/protocol/utf8.hpp>
#include <vector>

#include "secrets.hpp"

namespace tusk::protocol {
namespace {

// ---- the tables -----------------------------------------------------------------------------------------------------

struct code_range {
  std::uint32_t first, last;
};
struct class_range {
  std::uint32_t first, last;
  std::uint8_t combining_class;
};
struct decomposition_block {
  std::uint32_t first;
  std::uint16_t offset;
};

#include "saslprep_tables.inc"

constexpr char32_t all_forbidden = 0x30000;  // from here on

/// Ranges as lengths in turn: so many code points are outside, so many inside, so many outside ...
template <std::size_t N>
consteval std::array<std::uint16_t, 2 * N> lengths_of(code_range const (&ranges)[N]) {
  std::array<std::uint16_t, 2 * N> lengths{};
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < N; ++i) {
    std::uint32_t const outside = ranges[i].first - at, inside = ranges[i].last + 1 - ranges[i].first;
    if (outside > 0xffff || inside > 0xffff) throw "a length that does not fit";
    lengths[2 * i] = static_cast<std::uint16_t>(outside);
    lengths[2 * i + 1] = static_cast<std::uint16_t>(inside);
    at = ranges[i].last + 1;
  }
  return lengths;
}

constexpr auto space_lengths = lengths_of(spaces);
constexpr auto dropped_lengths = lengths_of(dropped);
constexpr auto forbidden_lengths = lengths_of(forbidden);
constexpr auto right_to_left_lengths = lengths_of(right_to_left);
constexpr auto left_to_right_lengths = lengths_of(left_to_right);

bool is_in(std::span<std::uint16_t const> lengths, char32_t code) {
  std::uint32_t end = 0;
  bool inside = false;
  for (std::uint16_t const length : lengths) {
    end += length;
    if (code < end) return inside;
    inside = !inside;
  }
  return false;
}

std::uint8_t combining_class(char32_t code) {
  auto const after = std::ranges::upper_bound(combining_classes, code, {}, &class_range::first);
  if (after == std::begin(combining_classes)) return 0;
  auto const& range = *std::prev(after);
  return code <= range.last ? range.combining_class : std::uint8_t{0};
}

// ---- UTF-8 ----------------------------------------------------------------------------------------------------------

using code_points = std::vector<char32_t, wiping_allocator<char32_t>>;

/// Takes a code point from the front of what is valid UTF-8 and not empty.
template <class Char>
char32_t take_code_point(std::basic_string_view<Char>& text) {
  auto const lead = static_cast<unsigned char>(text.front());
  std::size_t const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t code = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  text.remove_prefix(length);
  return code;
}

std::string utf8_of(code_points const& text) {
  std::string bytes;
  bytes.reserve(4 * text.size());  // so that it never moves, and leaves nothing behind
  for (char32_t const code : text) {
    if (code < 0x80) {
      bytes += static_cast<char>(code);
      continue;
    }
    int const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    bytes += static_cast<char>((0xff00 >> (more + 1) & 0xff) | (code >> 6 * more));
    for (int i = more - 1; i >= 0; --i) bytes += static_cast<char>(0x80 | (code >> 6 * i & 0x3f));
  }
  return bytes;
}

// ---- mapping and judging --------------------------------------------------------------------------------------------

code_points mapped(std::string_view utf8) {
  code_points text;
  text.reserve(utf8.size());
  while (!utf8.empty()) {
    char32_t const code = take_code_point(utf8);
    if (is_in(space_lengths, code))
      text.push_back(U' ');
    else if (!is_in(dropped_lengths, code))
      text.push_back(code);
  }
  return text;
}

bool is_forbidden(char32_t code) { return code >= all_forbidden || is_in(forbidden_lengths, code); }
bool is_right_to_left(char32_t code) { return is_in(right_to_left_lengths, code); }
bool is_left_to_right(char32_t code) { return is_in(left_to_right_lengths, code); }

/// Text that runs from right to left must do so at both ends, and nowhere the other way (RFC 3454, section 6).
bool directions_agree(code_points const& text) {
  if (std::ranges::none_of(text, is_right_to_left)) return true;
  return is_right_to_left(text.front()) && is_right_to_left(text.back()) &&
         std::ranges::none_of(text, is_left_to_right);
}

bool is_allowed(code_points const& text) {
  return !text.empty() && std::ranges::none_of(text, is_forbidden) && directions_agree(text);
}

// ---- normalising ----------------------------------------------------------------------------------------------------

namespace hangul {
constexpr char32_t syllables = 0xac00, leads = 0x1100, vowels = 0x1161, tails = 0x11a7;  // tails: one before the first
constexpr char32_t lead_count = 19, vowel_count = 21, tail_count = 28, syllable_count = 11172;

bool is_syllable(char32_t code) { return code - syllables < syllable_count; }

/// What two make together, or 0.
char32_t compose(char32_t first, char32_t second) {
  if (first - leads < lead_count && second - vowels < vowel_count)
    return syllables + ((first - leads) * vowel_count + (second - vowels)) * tail_count;
  bool const open = is_syllable(first) && (first - syllables) % tail_count == 0;
  return open && second - tails - 1 < tail_count - 1 ? first + (second - tails) : 0;
}
}  // namespace hangul

/// What a character falls into in one step; empty if it does not.
std::u8string_view decomposition_of(char32_t code) {
  auto const after = std::ranges::upper_bound(decomposition_blocks, code, {}, &decomposition_block::first);
  if (after == std::begin(decomposition_blocks)) return {};
  auto const& block = *std::prev(after);
  std::size_t const end =
      after == std::end(decomposition_blocks) ? std::size(decompositions) - 1 : std::size_t{after->offset};
  std::u8string_view lines(decompositions + block.offset, end - block.offset);
  for (auto at = block.first; at != code && !lines.empty(); ++at) lines.remove_prefix(lines.find(u8'\n') + 1);
  return lines.substr(0, lines.find(u8'\n'));
}

/// A character with its place, such that sorting puts marks into canonical order.
struct placed {
  std::uint8_t combining_class;
  std::size_t place;
  char32_t code;

  friend auto operator<=>(placed const&, placed const&) = default;
};
using placed_text = std::vector<placed, wiping_allocator<placed>>;

// The depth is that of Unicode's table, which is four.
void decompose(char32_t code, placed_text& into) {
  if (hangul::is_syllable(code)) {
    char32_t const index = code - hangul::syllables, tail = index % hangul::tail_count;
    char32_t const pair = index / hangul::tail_count;
    into.push_back({0, into.size(), hangul::leads + pair / hangul::vowel_count});
    into.push_back({0, into.size(), hangul::vowels + pair % hangul::vowel_count});
    if (tail != 0) into.push_back({0, into.size(), hangul::tails + tail});
    return;
  }
  auto parts = decomposition_of(code);
  if (parts.empty()) into.push_back({combining_class(code), into.size(), code});
  while (!parts.empty()) decompose(take_code_point(parts), into);
}

placed_text decomposed(code_points const& text) {
  placed_text parts;
  parts.reserve(2 * text.size());
  for (char32_t const code : text) decompose(code, parts);
  auto const is_starter = [](placed const& each) { return each.combining_class == 0; };
  for (auto at = parts.begin(); at != parts.end();) {
    auto const marks = std::find_if_not(at, parts.end(), is_starter);
    at = std::find_if(marks, parts.end(), is_starter);
    std::sort(marks, at);
  }
  return parts;
}

/// What two characters make together, or 0.
char32_t composed(char32_t first, char32_t second) {
  if (char32_t const syllable = hangul::compose(first, second)) return syllable;
  auto const parts_of = [](std::uint16_t composite) {
    auto parts = decomposition_of(composite);
    char32_t const one = take_code_point(parts);
    return std::pair(one, take_code_point(parts));
  };
  auto const found = std::ranges::lower_bound(composites, std::pair(first, second), {}, parts_of);
  return found != std::end(composites) && parts_of(*found) == std::pair(first, second) ? char32_t{*found} : 0;
}

code_points composed(placed_text const& parts) {
  code_points text;
  text.reserve(parts.size());
  std::size_t starter = 0;  // where the character stands that others may join
  int last_class = -1;      // of what stands between it and the next one; -1: nothing does
  for (placed const& part : parts) {
    bool const may_join = !text.empty() && last_class < int{part.combining_class};
    if (char32_t const joined = may_join ? composed(text[starter], part.code) : 0) {
      text[starter] = joined;
      continue;
    }
    if (part.combining_class == 0) starter = text.size();
    last_class = part.combining_class == 0 ? -1 : int{part.combining_class};
    text.push_back(part.code);
  }
  return text;
}

}  // namespace

std::optional<std::string> saslprep(std::string_view password) {
  bool const is_ascii = std::ranges::all_of(password, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii || find_invalid_utf8(password) != password.npos) return std::nullopt;
  code_points const text = mapped(password);
  if (!is_allowed(text)) return std::nullopt;
  return utf8_of(composed(decomposed(text)));
}

}  // namespace tusk::protocol
