// Untrusted text made fit to be shown to people: on a terminal, in a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tusk::types {

/// The text with `?` for each character that could do more than be seen: control characters (C0 but newline and tab,
/// DEL, C1), marks that reorder text, and each byte that is not part of valid UTF-8.
std::string displayable(std::string_view text);

/// A position that a server sent, in characters from 1; 0 if it is not a number.
std::size_t parse_position(std::string_view text) noexcept;

/// The line of `query` that holds the character `position` (from 1; the one past the end is allowed) behind a heading
/// that names it, and below it a caret:
///
///     LINE 2: FROM x
///                  ^
///
/// Both lines end in a newline. A long line is cut around the caret. Nothing if there is no such character.
std::string show_position(std::string_view heading, std::string_view query, std::size_t position);

}  // namespace tusk::types
