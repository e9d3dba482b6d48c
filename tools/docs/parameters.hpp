// The documentation's page about connection parameters, made from the keyword table of the connection strings.
#pragma once

#include <string>
#include <string_view>
#include "conninfo/keywords.hpp"

namespace tusk::docs {

/// The whole page, in Markdown.
inline std::string parameters() {
  std::string page =
      R"(# Connection parameters

A connection string is `keyword=value ...`, with `'...'` around values that hold spaces and `\` before `'` and `\`, or a URI:
`postgresql://user:password@host:port,host:port/dbname?keyword=value&...`, in which `%20` stands for a space and so on.

What is not given comes from elsewhere. The order: options in code, the connection string, the service file, the
environment, the default. An empty value in a connection string counts as given, an empty option in code does not.
A keyword that is not known is an error, and so is one of libpq's that asks for what this library leaves out.

)";
  auto const code = [](std::string_view text) { return text.empty() ? std::string() : '`' + std::string(text) + '`'; };
  page += "| keyword | variable | default | served | libpq | |\n|---|---|---|---|---|---|\n";
  for (client::conninfo_keyword const& each : client::conninfo_keywords) {
    std::string served = "yes";
    if (each.how == client::serving::never) {
      bool const nothing_is_harmless = each.default_value.empty() && each.harmless.empty();
      bool const both = !each.default_value.empty() && !each.harmless.empty();
      served = nothing_is_harmless ? "refused"
                                   : "only " + code(each.default_value) + (both ? " or " : "") + code(each.harmless);
    }
    page += "| " + code(each.name) + " | " + code(each.environment == nullptr ? "" : each.environment) + " | ";
    page += code(each.default_value) + " | " + served + " | " + std::string(each.since) + " | ";
    page += std::string(each.description) + " |\n";
  }
  page += R"(
"libpq" is the version of PostgreSQL whose libpq knew the keyword first.

| further variable | |
|---|---|
| `PGSERVICEFILE` | the service file instead of `~/.pg_service.conf` |
| `PGSYSCONFDIR` | the folder of the system's `pg_service.conf` |
| `PGDATESTYLE`, `PGTZ`, `PGGEQO` | the session's DateStyle (else `ISO`), TimeZone, geqo; `default` is the server's own. A style other than `ISO` is overridden, as its dates could not be read, with a warning among `take_notices()`; the order of day and month counts |
| `HOME` | the user's home; if it is not set, the operating system is asked |

`conn.dsn()` shows what is in force, secrets as `***`. A password goes out in clear text only over a Unix socket, to a
loopback address, or over TLS with verify-full, unless `allow_cleartext_password` says otherwise. For strings from people
who are not trusted there is `allowed_keywords`.
)";
  return page;
}

}  // namespace tusk::docs
