// The keyword/value form of a connection string (its grammar stands in conninfo.hpp), and what an error may show of a
// text that may hold secrets.
//
// An error text shows a value only where it can hold no secret: a string that was quoted wrongly moves bytes of a
// password into the next word or value (`port= password=x`), so what looks like a part of a connection string, and any
// word after a secret, is not shown. The position always is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conninfo/keywords.hpp"

namespace tusk::client {

/// The position of an error that is not in the connection string, but in an option, in the environment or in a file.
inline constexpr std::size_t not_in_text = std::string_view::npos;

/// Why a connection string was refused. For a programming_error: nothing was sent, no connection was opened.
struct conninfo_error {
  std::string message;  ///< keyword, value (never a secret), what is allowed, what to do, and where it came from
  std::size_t position = not_in_text;  ///< offset in bytes from the start of the connection string

  friend bool operator==(conninfo_error const&, conninfo_error const&) = default;
};

/// A `T`, or why there is none.
template <class T>
using conninfo_result = std::variant<T, conninfo_error>;

/// One `keyword = value` as it stood in the text, unescaped.
struct conninfo_pair {
  std::string keyword;
  std::string value;
  std::size_t position = 0;        ///< of the keyword
  std::size_t value_position = 0;  ///< of the value's first byte (its quote)
  bool doubtful = false;           ///< the value may be a piece of a password: no error shows it

  friend bool operator==(conninfo_pair const&, conninfo_pair const&) = default;
};

/// The grammar of keywords and values alone: every pair in order, doubles too, whatever its keyword.
conninfo_result<std::vector<conninfo_pair>> parse_conninfo(std::string_view text);

/// The error at that place of the connection string.
conninfo_error error_at(std::string message, std::size_t position);

/// The value in quotes, shortened, without control characters; `***` where it may hold a secret.
std::string shown_value(conninfo_keyword const& keyword, std::string_view value);
/// A word that stands where a keyword was expected, as ` "word"`; nothing where it may be a piece of a secret.
/// `previous`: the keyword whose value stands before it, if there is one.
std::string shown_word(std::string_view word, conninfo_pair const* previous);
/// ` (did you mean "host"?)`, or nothing where no keyword is near.
std::string suggestion(std::string_view word);

/// The characters that C calls white space.
constexpr bool is_space(char c) noexcept { return std::string_view(" \t\n\v\f\r").find(c) != std::string_view::npos; }
/// Letters of ASCII in lower case.
std::string lower(std::string_view text);

}  // namespace tusk::client
