// Connection strings: what `host=localhost dbname=test` means, down to the settings that a connection is made from.
//
//   text --parse_conninfo--> keyword/value pairs --+
//   options given in code -------------------------+--resolve--> settings --masked--> text without secrets
//   environment, defaults -------------------------+
//
// Keywords, environment variables and grammar are libpq's (PostgreSQL's documentation, "Database Connection Control
// Functions"):
//
//   conninfo = { space } { pair { space } }
//   pair     = keyword { space } "=" { space } value       keyword: any bytes but space and "="
//   value    = "'" { byte | "\" byte } "'"                 ends at the next "'"; no space need follow
//            | { byte | "\" byte }                         ends at a space or at the end, where a lone "\" is dropped
//
// So `host= port=1` gives the host `port=1`, and an empty value is written `''`. The last of several equal keywords
// wins. Nothing here throws on input, and no error text holds a secret.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "conninfo_keywords.hpp"
#include "settings.hpp"

namespace tusk::client {

/// The position of an error that is not in the connection string, but in an option or in the environment.
inline constexpr std::size_t not_in_text = std::string_view::npos;

/// Why a connection string was refused. For a programming_error: nothing was sent, nothing was opened.
struct conninfo_error {
  std::string message;  ///< keyword, value (never a secret), what is allowed, what to do, and the position if any
  std::size_t position = not_in_text;  ///< offset in bytes from the start of the connection string

  friend bool operator==(conninfo_error const&, conninfo_error const&) = default;
};

/// A `T`, or why there is none.
template <class T>
using conninfo_result = std::variant<T, conninfo_error>;

/// An option given in code. As in libpq's PQconnectdbParams an empty value counts as not given.
using conninfo_option = std::pair<std::string, std::string>;

/// What is looked up outside of the connection string; a test replaces it. All three must be set.
struct surroundings {
  std::function<std::optional<std::string>(char const* name)> environment;  ///< set but empty counts as set
  std::function<std::optional<std::string>()> user_name;                    ///< none: the user has no name
  std::function<bool(char const* path)> is_directory;
};

/// The real ones: getenv, getpwuid_r for the effective user, stat. Must not run while another thread calls setenv.
surroundings process_surroundings();

/// Settings from options given in code, else the connection string, else the environment, else the defaults.
///
/// `text` may be empty. The default host is /var/run/postgresql (where Linux distributions put the server's socket) if
/// that directory exists, else /tmp (PostgreSQL's own default) if that exists, else localhost; whether a server listens
/// is not looked at, so that nobody can lure a client to /tmp by stopping the server. The database defaults to the
/// user, the user to the operating system's name for it.
conninfo_result<settings> resolve(std::string_view text, std::span<conninfo_option const> options = {},
                                  surroundings const& around = process_surroundings());

/// The settings as a connection string that `resolve` takes, with the password as `***`. Values at their default that
/// do not say where the connection goes are left out.
std::string masked(settings const& from);

/// One `keyword = value` as it stood in the text, unescaped.
struct conninfo_pair {
  std::string keyword;
  std::string value;
  std::size_t position = 0;        ///< of the keyword
  std::size_t value_position = 0;  ///< of the value's first byte (its quote)

  friend bool operator==(conninfo_pair const&, conninfo_pair const&) = default;
};

/// The grammar alone: every pair in order, doubles too, whatever its keyword.
conninfo_result<std::vector<conninfo_pair>> parse_conninfo(std::string_view text);

}  // namespace tusk::client
