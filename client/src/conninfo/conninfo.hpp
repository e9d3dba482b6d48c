// Connection strings: what `host=localhost dbname=test` means, down to the settings that a connection is made from.
//
//   options given in code ------------------------------------+
//   text --parse_conninfo, parse_uri--> keyword/value pairs --+
//   service file --parse_service_file--> pairs ---------------+--make_settings--> settings --masked--> text
//   environment, defaults ------------------------------------+       ▲                          without secrets
//                                         password file --find_password, for each host
//
// Of these the upper wins (conninfo.cpp). Keywords, environment variables and grammar are libpq's (PostgreSQL's
// documentation, "Database Connection Control Functions"). A text that begins as a URI is one: see uri.hpp. Else:
//
//   conninfo = { space } { pair { space } }
//   pair     = keyword { space } "=" { space } value       keyword: any bytes but space and "="
//   value    = "'" { byte | "\" byte } "'"                 ends at the next "'"; no space need follow
//            | { byte | "\" byte }                         ends at a space or at the end, where a lone "\" is dropped
//
// So `host= port=1` gives the host `port=1`, and an empty value is written `''`. The last of several equal keywords
// wins. Nothing here throws on input, and no error text holds a secret.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conninfo/settings.hpp"
#include "conninfo/surroundings.hpp"
#include "conninfo/text.hpp"

namespace tusk::client {

/// An option given in code. As in libpq's PQconnectdbParams an empty value counts as not given, and a `dbname` that is
/// a URI or holds `=` is a connection string, which overrides the options before it.
using conninfo_option = std::pair<std::string, std::string>;

/// The keywords that connection strings may hold: see connect_options. None: all of them.
using conninfo_allowed = std::optional<std::vector<std::string>>;

/// Settings from options given in code, else the connection string, else the service file, else the environment, else
/// the defaults.
///
/// `text` may be empty. The default host is /var/run/postgresql (where Linux distributions put the server's socket) if
/// that directory exists, else /tmp (PostgreSQL's own default) if that exists, else localhost; whether a server listens
/// is not looked at, so that nobody can lure a client to /tmp by stopping the server. The database defaults to the
/// user, the user to the operating system's name for it.
conninfo_result<settings> resolve(std::string_view text, std::span<conninfo_option const> options = {},
                                  surroundings const& around = process_surroundings(),
                                  conninfo_allowed const& allowed = std::nullopt);

/// What secrets are shown as. As a value it is what it says, so that masked texts can be read again.
inline constexpr std::string_view mask = "***";

/// The settings as a connection string without secrets. Values at their default that do not say where the connection
/// goes are left out; PGDATESTYLE, PGTZ and PGGEQO have no keyword. With an empty environment and the same files
/// `resolve` makes the same settings of it, but for the secrets.
std::string masked(settings const& from);

}  // namespace tusk::client
