// A name that the server keeps: of a channel, a cursor.
#pragma once

#include <string>
#include <string_view>
#include <tusk/types/error.hpp>

namespace tusk::detail {

/// Throws programming_error unless it can be one. `what`: whose name it is, "a channel".
inline void require_server_name(std::string const& what, std::string_view name) {
  // The server cuts a longer name with no more than a notice, and two names would be one. Source: NAMEDATALEN.
  constexpr std::size_t longest_name = 63;
  if (name.empty()) throw programming_error(what + " has no name: give one");
  if (name.size() > longest_name)
    throw programming_error("the name of " + what + " has " + std::to_string(name.size()) +
                            " bytes; the server takes at most " + std::to_string(longest_name));
  if (auto const at = name.find('\0'); at != name.npos)
    throw programming_error("the name of " + what + " has a NUL byte, at position " + std::to_string(at));
}

}  // namespace tusk::detail
