// Merging: the arguments of a statement as literals in its text.
//
//   "SELECT %s, %s", params(1, "it's")                     ─► SELECT 1, 'it''s'
//   "SELECT %(a)s, %(a)s", params(named("a", -1))          ─► SELECT (-1), (-1)
//
//   statement   = { text | "%s" | "%(" name ")s" | "%%" }     all placeholders of one kind
//   name        = any characters but ")"
//
// Placeholders are replaced wherever they stand, also in a literal or a comment of the statement.
#pragma once

#include <string>
#include <string_view>

#include <tusk/types/params.hpp>

namespace tusk {

/// The statement with a literal in place of each placeholder. Without arguments it is given back as it is, percent
/// signs and all. Time and memory are linear in the result.
///
/// Throws programming_error, with the position in bytes from 0, for a `%` that begins no placeholder, an argument too
/// few or too many, a name that no argument has or two have, both kinds of placeholders or arguments, and text that is
/// not UTF-8. Named arguments need not all be used. Throws data_error if the result passes 1 GiB.
std::string merge(std::string_view statement, params const& args);
/// The same with arguments that are not needed any more: their memory may be given back on the way.
std::string merge(std::string_view statement, params&& args);

}  // namespace tusk
