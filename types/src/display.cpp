// How text is cleaned and a position in a query is shown.
//
// Positions count characters, as the server does; the caret counts columns, in which an East Asian character takes two
// and a combining mark none. Only a window around the position is ever copied: a query may be a gigabyte in one line.
#include "display.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/error.hpp>

namespace tusk::types {
namespace {

constexpr std::size_t chars_before_caret = 60;
constexpr std::size_t chars_after_caret = 40;

struct code_points {
  char32_t first;
  char32_t last;
};

// Not meant to be seen: C0, DEL and C1 (U+009B starts a terminal's escape sequence), marks that reorder text.
constexpr code_points not_shown[] = {{0x00, 0x08},     {0x0b, 0x1f},     {0x7f, 0x9f},    {0x061c, 0x061c},
                                     {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

constexpr code_points no_column[] = {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
                                     {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

// East Asian Wide and Fullwidth, in broad strokes (Unicode Standard Annex #11).
constexpr code_points two_columns[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xac00, 0xd7a3},
                                       {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
                                       {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <std::size_t N>
bool in(code_points const (&ranges)[N], char32_t c) noexcept {
  return std::any_of(std::begin(ranges), std::end(ranges), [c](code_points r) { return c >= r.first && c <= r.last; });
}

bool starts_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// The character at the start of valid, not empty text; its bytes are removed from the text.
char32_t take_character(std::string_view& text) noexcept {
  auto const lead = static_cast<unsigned char>(text[0]);
  int const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t c = length == 1 ? lead : static_cast<char32_t>(lead & (0x7f >> length));
  for (int i = 1; i < length; ++i) {
    c = c << 6 | static_cast<char32_t>(static_cast<unsigned char>(text[static_cast<std::size_t>(i)]) & 0x3f);
  }
  text.remove_prefix(static_cast<std::size_t>(length));
  return c;
}

void append_printable(std::string& to, std::string_view valid) {
  while (!valid.empty()) {
    std::string_view const before = valid;
    char32_t const c = take_character(valid);
    if (in(not_shown, c)) {
      to += '?';
    } else {
      to.append(before.substr(0, before.size() - valid.size()));
    }
  }
}

// One line made printable, tabs as spaces, so that the caret below stands where it should.
std::string printable_line(std::string_view line) {
  std::string shown = displayable(line);
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  return shown;
}

std::size_t columns(std::string_view valid) noexcept {
  std::size_t count = 0;
  while (!valid.empty()) {
    char32_t const c = take_character(valid);
    if (!in(no_column, c)) count += in(two_columns, c) ? 2 : 1;
  }
  return count;
}

// The offset of a character counted from 1, or npos. Counting lead bytes needs no valid UTF-8.
std::size_t find_character(std::string_view text, std::size_t number) noexcept {
  if (number == 0) return std::string_view::npos;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (starts_character(text[at]) && --number == 0) return at;
  }
  return number == 1 ? text.size() : std::string_view::npos;
}

}  // namespace

std::size_t parse_position(std::string_view text) noexcept {
  std::size_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::string displayable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (;;) {
    std::size_t const invalid = protocol::find_invalid_utf8(text);
    append_printable(shown, text.substr(0, invalid));
    if (invalid == std::string_view::npos) return shown;
    shown += '?';
    text.remove_prefix(invalid + 1);
  }
}

std::string excerpt(std::string_view text, std::size_t position) {
  constexpr std::size_t before = 16;
  constexpr std::size_t longest = 40;
  position = std::min(position, text.size());
  std::size_t begin = position > before && text.size() > longest ? position - before : 0;
  // Not in the midst of a character; a character has four bytes at most, whatever these bytes are.
  for (int i = 0; i < 3 && begin > 0 && !starts_character(text[begin]); ++i) --begin;
  std::size_t end = std::min(begin + longest, text.size());
  for (int i = 0; i < 3 && end < text.size() && !starts_character(text[end]); ++i) --end;
  std::string shown = begin > 0 ? "...'" : "'";
  shown += displayable(text.substr(begin, end - begin));
  return shown + (end < text.size() ? "'..." : "'");
}

std::string show_position(std::string_view heading, std::string_view query, std::size_t position) {
  std::size_t const at = find_character(query, position);
  if (at == std::string_view::npos) return {};

  std::size_t const newline_before = at == 0 ? std::string_view::npos : query.rfind('\n', at - 1);
  std::size_t const line_begin = newline_before == std::string_view::npos ? 0 : newline_before + 1;
  std::size_t line_end = std::min(query.find('\n', at), query.size());
  if (line_end > at && query[line_end - 1] == '\r') --line_end;

  std::size_t begin = at;
  for (std::size_t n = 0; begin > line_begin && n < chars_before_caret; ++n) {
    do --begin;
    while (begin > line_begin && !starts_character(query[begin]));
  }
  std::size_t end = at;
  for (std::size_t n = 0; end < line_end && n < chars_after_caret; ++n) {
    do ++end;
    while (end < line_end && !starts_character(query[end]));
  }

  auto const newlines = std::count(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(line_begin), '\n');
  std::string shown = std::string(heading) + ' ' + std::to_string(newlines + 1) + ": ";
  if (begin > line_begin) shown += "...";
  shown += printable_line(query.substr(begin, at - begin));
  std::size_t const caret = columns(shown);
  shown += printable_line(query.substr(at, end - at));
  if (end < line_end) shown += "...";
  return shown + '\n' + std::string(caret, ' ') + "^\n";
}

}  // namespace tusk::types
