// Password files: lines of `host:port:database:user:password`, the first that fits counts.
//
// A field fits if it is `*`, or equal to what is wanted after each `\` has made the byte behind it an ordinary one, as
// in `\:`; a `:` of an IPv6 address needs none, as it is expected there. A line that begins with `#` is a comment. What
// stands behind a further `:` is not part of the password. Source: PostgreSQL's documentation, "The Password File".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tusk::client {

/// What a password is wanted for.
struct password_key {
  std::string_view host, port, dbname, user;
};

/// The password of the first line that fits, which may be empty; none if no line fits. `text` is the whole file.
std::optional<std::string> find_password(std::string_view text, password_key const& wanted);

}  // namespace tusk::client
