// The placeholders $1, $2, ... of a statement's text.
#pragma once

#include <cstddef>
#include <string_view>

namespace tusk::detail {

/// The number, from 1, of the first of `count` arguments that a statement has no placeholder for; 0 if there is none,
/// or the text cannot be told apart (a quote that does not end: the server refuses it). The server itself says nothing
/// of an argument whose type is known. Strings, quoted names and comments are no places. Source: PostgreSQL's
/// documentation, "Lexical Structure", with standard_conforming_strings.
std::size_t find_unused_argument(std::string_view sql, std::size_t count);

/// Throws programming_error if there is one.
void require_places(std::string_view sql, std::size_t arguments);

}  // namespace tusk::detail
