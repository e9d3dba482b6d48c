// What arrays, ranges and row values have in common: a text of parts between delimiters, quoted where they would be
// misread.
//
//   array   {a,"b c","d\"e",NULL}     in quotes a quote is \" and a backslash is doubled
//   range   [a,"b c")                 in quotes a quote and a backslash are doubled
//   record  (a,"b c","d""e",)         likewise
//
// Reading is as strict as the server's writing: no white space around parts, no escapes outside of quotes, quotes
// around the whole part or not at all. A part without escapes is a view into the text; only the others are copied.
//
// Source: array_out, range_out and record_out, whose rules PostgreSQL's documentation gives under "Array Input and
// Output Syntax", "Range Types: Input/Output" and "Composite Type Input and Output Syntax".
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk::types {

/// Where the first of some characters stands, from `from` on (at most the size); the size if none does. Eight
/// characters are looked at together: `x - ones & ~x` has the high bit of the lowest zero byte of x set, and of no byte
/// below it.
template <std::same_as<char>... Chars>
inline std::size_t find_any(std::string_view text, std::size_t from, Chars... wanted) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    for (; text.size() - from >= 8; from += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data() + from, 8);
      auto const zeros = [](std::uint64_t x) { return (x - ones) & ~x; };
      std::uint64_t const found = (zeros(eight ^ ones * static_cast<unsigned char>(wanted)) | ...) & ones << 7;
      if (found != 0) return from + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  for (; from < text.size(); ++from) {
    char const c = text[from];
    if (((c == wanted) || ...)) break;
  }
  return from;
}

/// White space, and every character that is special in one of the texts, or may be a type's own delimiter: signs, but
/// no letter or digit.
inline constexpr auto special_somewhere = [] {
  std::array<bool, 256> special{};
  for (char const c : std::string_view("\t\n\v\f\r !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
    special[static_cast<unsigned char>(c)] = true;
  return special;
}();

/// Where the first white space or one of the special characters stands; other control characters are plain text.
template <std::same_as<char>... Chars>
inline std::size_t find_special(std::string_view text, std::size_t from, Chars... special) noexcept {
  for (; from < text.size(); ++from) {
    char const c = text[from];
    if (special_somewhere[static_cast<unsigned char>(c)] && (c <= ' ' || ((c == special) || ...))) break;
  }
  return from;
}

/// One element, bound or field.
struct part {
  std::string_view text;     ///< without quotes and escapes; valid until the next part is read
  std::size_t position = 0;  ///< where that begins in the whole text
  bool quoted = false;
  bool escaped = false;  ///< then positions in it are not those in the whole text

  /// An error in the part as one in the whole text; where there are escapes, at the part's beginning.
  protocol::parse_error whole(protocol::parse_error const& inside) const noexcept {
    return {inside.code, position + (escaped ? 0 : inside.position)};
  }
};

/// Walks through such a text. It does not stop at an error: who calls has to.
class part_reader {
 public:
  explicit part_reader(std::string_view text) noexcept : text_(text) {}

  std::size_t position() const noexcept { return at_; }
  bool at_end() const noexcept { return at_ == text_.size(); }
  bool at(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) noexcept {
    bool const found = at(c);
    at_ += found ? 1 : 0;
    return found;
  }

  /// At most what is left.
  void skip(std::size_t size) noexcept { at_ += size; }

  /// Reads a part: to its closing quote, or up to white space, a special character or the end; what may follow is for
  /// the caller to check. False if a quote is not closed. With `DoubledQuotes` two quotes in quotes are one.
  template <bool DoubledQuotes, std::same_as<char>... Chars>
  bool read(part& to, Chars... special) {
    to.quoted = take('"');
    to.escaped = false;
    to.position = at_;
    std::size_t const end = to.quoted ? find_any(text_, at_, '"', '\\') : find_special(text_, at_, special...);
    if (to.quoted &&
        (end == text_.size() || text_[end] == '\\' || (DoubledQuotes && text_.substr(end).starts_with("\"\""))))
      return unescape(to, DoubledQuotes);
    to.text = text_.substr(at_, end - at_);
    at_ = end + (to.quoted ? 1 : 0);
    return true;
  }

 private:
  bool unescape(part& to, bool doubled_quotes);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string unescaped_;
};

/// Appends a part in quotes. `quote_escape` goes before a quote, and a backslash before a backslash.
void write_quoted(std::string_view part, char quote_escape, text_writer& out);

/// Whether the text of every value is free of what is special anywhere, so that it needs no look.
template <class T>
inline constexpr bool never_quoted = integer<T> || std::same_as<T, bool> || std::floating_point<T>;
template <class T>
inline constexpr bool never_quoted<std::optional<T>> = never_quoted<T>;

/// Writes a value as a part: `write(text)` gets what its adapter writes, and quotes it where needed. `scratch` is room
/// that parts share one after another.
template <adaptable T, std::invocable<std::string_view> Write>
void write_part(T const& value, text_buffer& scratch, text_writer& out, Write const& write) {
  if constexpr (never_quoted<T>) {
    adapter<T>::text(value, out);
  } else {
    scratch.truncate(0);
    text_writer inner(scratch);
    adapter<T>::text(value, inner);
    write(std::string_view(scratch.data(), scratch.size()));
  }
}

template <class T>
struct without_optional {
  using type = T;
};
template <class T>
struct without_optional<std::optional<T>> {
  using type = T;
};

/// What can be read as a part: not a view, because a part may be a copy without its escapes, which does not last.
template <class T>
concept readable_part = readable<T> && !std::same_as<typename without_optional<T>::type, std::string_view>;

}  // namespace tusk::types
