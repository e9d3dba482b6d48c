// The first word of a statement, which tells what the engine has to know before the server answers: whether it is a
// COPY, and whether it may begin or end a transaction.
#pragma once

#include <cstddef>
#include <string_view>

namespace tusk::detail {

/// What the statement begins with, behind white space, comments and semicolons. Empty if that is no word, or cannot be
/// told: a comment that does not end, no text at all. A view into `sql`. Source: PostgreSQL's documentation, "Lexical
/// Structure".
std::string_view first_word(std::string_view sql) noexcept;

/// Of a first word, in upper or lower case.
bool is_copy(std::string_view word) noexcept;
/// Whether a statement with that first word may begin or end a transaction: those that do, and what cannot be told.
/// SAVEPOINT and RELEASE stay inside of one.
bool may_change_transaction(std::string_view word) noexcept;

/// The end of the comment that begins at `at`, with those in it; npos if it does not end.
std::size_t end_of_comment(std::string_view sql, std::size_t at) noexcept;

}  // namespace tusk::detail
