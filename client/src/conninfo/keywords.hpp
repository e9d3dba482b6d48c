// The keywords of a connection string, and how much of each is served. Names, environment variables and defaults are
// libpq's (PostgreSQL's documentation, "Parameter Key Words" and "Environment Variables"). The documentation's table of
// parameters, tools/docs/parameters.md, is printed from this one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace tusk::client {

/// Whether a keyword does what it says.
enum class serving {
  served,
  never  ///< known; asks for something that this library leaves out, and is refused unless its value is harmless
};

/// One keyword of the connection string.
struct conninfo_keyword {
  std::string_view name;
  char const* environment;         ///< the variable's name, or nullptr
  std::string_view default_value;  ///< the one in effect; empty: none, or found at run time
  std::string_view harmless;       ///< unless served: further values that ask for nothing, with spaces between
  bool secret;
  serving how;
  std::string_view since;        ///< the version of PostgreSQL whose libpq knew it first
  std::string_view description;  ///< for the documentation, in Markdown
};

/// All the keywords that are known, the served ones first.
// clang-format off
inline constexpr conninfo_keyword conninfo_keywords[] = {
    // name, environment, default, harmless, secret, how, since, description
    {"host", "PGHOST", "", "", false, serving::served, "before 9",
     "a name, an address, or a socket's directory (`/...`, `@...`); several with commas between (since 10). "
     "Default: `/var/run/postgresql` or `/tmp`, the first that exists, else `localhost`"},
    {"hostaddr", "PGHOSTADDR", "", "", false, serving::served, "before 9",
     "the address to connect to, which is not looked up; `host` is then only the name in certificates and password "
     "files. As many as there are hosts"},
    {"port", "PGPORT", "5432", "", false, serving::served, "before 9", "one for all hosts, or one for each"},
    {"dbname", "PGDATABASE", "", "", false, serving::served, "before 9",
     "the database; default: the user's name. Given in code it may be a connection string itself"},
    {"user", "PGUSER", "", "", false, serving::served, "before 9", "default: the operating system's user"},
    {"password", "PGPASSWORD", "", "", true, serving::served, "before 9",
     "for all hosts; never shown in an error, a trace or `dsn()`"},
    {"passfile", "PGPASSFILE", "", "", false, serving::served, "10",
     "file of passwords by host, port, database and user, read if no password is given; default: `~/.pgpass`. One that "
     "its group or others can read is ignored, with a warning among `take_notices()` and in the error of a login that "
     "failed"},
    {"service", "PGSERVICE", "", "", false, serving::served, "before 9",
     "section of the service file whose values count where nothing else is given (`PGSERVICEFILE`, else "
     "`~/.pg_service.conf`; then `pg_service.conf` in `PGSYSCONFDIR`, else in `/etc/postgresql-common`)"},
    {"require_auth", "PGREQUIREAUTH", "", "", false, serving::served, "16",
     "ways to authenticate that the server may use: `password`, `md5`, `scram-sha-256`, `none`; or, each with a `!`, "
     "those that it may not"},
    {"channel_binding", "PGCHANNELBINDING", "prefer", "", false, serving::served, "13",
     "`disable`, `prefer`, `require`: SCRAM bound to the TLS connection"},
    {"scram_client_key", nullptr, "", "", true, serving::served, "18",
     "SCRAM's ClientKey instead of the password: 32 bytes in base64"},
    {"scram_server_key", nullptr, "", "", true, serving::served, "18",
     "SCRAM's ServerKey, which goes with it: 32 bytes in base64"},
    {"sslmode", "PGSSLMODE", "prefer", "", false, serving::served, "before 9",
     "`disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`; default with `sslrootcert=system`: "
     "`verify-full`"},
    {"requiressl", "PGREQUIRESSL", "", "", false, serving::served, "before 9",
     "old: `1` is `sslmode=require`, anything else `sslmode=prefer`"},
    {"sslnegotiation", "PGSSLNEGOTIATION", "postgres", "", false, serving::served, "17",
     "`postgres`, or `direct`: TLS without asking first; needs at least `sslmode=require`"},
    {"sslrootcert", "PGSSLROOTCERT", "", "", false, serving::served, "before 9",
     "file of authorities (PEM), or `system`; default: `~/.postgresql/root.crt`"},
    {"sslcert", "PGSSLCERT", "", "", false, serving::served, "before 9",
     "the client's certificate; default: `~/.postgresql/postgresql.crt`"},
    {"sslkey", "PGSSLKEY", "", "", false, serving::served, "before 9",
     "its key; default: `~/.postgresql/postgresql.key`"},
    {"sslpassword", nullptr, "", "", true, serving::served, "13", "the password of an encrypted key"},
    {"sslcertmode", "PGSSLCERTMODE", "allow", "", false, serving::served, "16",
     "`disable`: send no certificate; `allow`; `require`: the server must ask for it"},
    {"sslcrl", "PGSSLCRL", "", "", false, serving::served, "before 9",
     "revoked certificates; default: `~/.postgresql/root.crl`"},
    {"sslcrldir", "PGSSLCRLDIR", "", "", false, serving::served, "14", "folder of revoked certificates"},
    {"sslsni", "PGSSLSNI", "1", "", false, serving::served, "14", "`1` or `0`: tell the server which name is wanted"},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "TLSv1.2", "", false, serving::served, "13",
     "`TLSv1.2`, `TLSv1.3`; older ones count as `TLSv1.2`"},
    {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "", "", false, serving::served, "13",
     "`TLSv1.2`, `TLSv1.3`"},
    {"sslkeylogfile", nullptr, "", "", false, serving::served, "18", "file for the session's TLS keys, to debug with"},
    {"requirepeer", "PGREQUIREPEER", "", "", false, serving::served, "9.1",
     "the operating system's user that the server behind a Unix socket must run as"},
    {"connect_timeout", "PGCONNECT_TIMEOUT", "", "", false, serving::served, "before 9",
     "seconds for each address; 0 or nothing: wait for ever"},
    {"target_session_attrs", "PGTARGETSESSIONATTRS", "any", "", false, serving::served, "10",
     "`any`, `read-write`, `read-only`, `primary`, `standby`, `prefer-standby`"},
    {"load_balance_hosts", "PGLOADBALANCEHOSTS", "disable", "", false, serving::served, "16",
     "`disable`, or `random`: hosts and addresses in random order"},
    {"keepalives", nullptr, "1", "", false, serving::served, "9.0", "`0`: no TCP keepalives"},
    {"keepalives_idle", nullptr, "0", "", false, serving::served, "9.0",
     "seconds of silence before the first; 0: the system's default"},
    {"keepalives_interval", nullptr, "0", "", false, serving::served, "9.0", "seconds between them"},
    {"keepalives_count", nullptr, "0", "", false, serving::served, "9.0",
     "so many without an answer, and the connection is lost"},
    {"tcp_user_timeout", nullptr, "0", "", false, serving::served, "12",
     "milliseconds that sent bytes may stay unacknowledged"},
    {"min_protocol_version", "PGMINPROTOCOLVERSION", "3.0", "", false, serving::served, "18",
     "`3.0`, `3.2`, `latest`: a server that speaks less is refused"},
    {"max_protocol_version", "PGMAXPROTOCOLVERSION", "", "", false, serving::served, "18",
     "`3.0`, `3.2`, `latest`; default: 3.0, or the latest if the minimum is above 3.0"},
    {"replication", nullptr, "false", "", false, serving::served, "9.0",
     "`true`, `on`, `yes`, `1`: speak the replication protocol; `database`: the logical one"},
    {"client_encoding", "PGCLIENTENCODING", "UTF8", "", false, serving::served, "9.1",
     "`UTF8` or `auto`: this library speaks UTF-8. Another one is refused, but in the environment overridden with a "
     "warning among `take_notices()`"},
    {"application_name", "PGAPPNAME", "", "", false, serving::served, "9.0", "what `pg_stat_activity` shows"},
    {"fallback_application_name", nullptr, "", "", false, serving::served, "9.0", "the same, where none is given"},
    {"options", "PGOPTIONS", "", "", false, serving::served, "before 9",
     "options for the server's process: `-c name=value ...`"},
    {"sslcompression", "PGSSLCOMPRESSION", "0", "", false, serving::never, "9.2", "compression in TLS, which is unsafe"},
    {"gssencmode", "PGGSSENCMODE", "disable", "prefer", false, serving::never, "12", "encryption by GSSAPI"},
    {"krbsrvname", "PGKRBSRVNAME", "postgres", "", false, serving::never, "before 9", "the server's name in Kerberos"},
    {"gsslib", "PGGSSLIB", "", "gssapi", false, serving::never, "before 9", "the library for GSSAPI"},
    {"gssdelegation", "PGGSSDELEGATION", "0", "", false, serving::never, "16", "hand on credentials of GSSAPI"},
    {"oauth_issuer", nullptr, "", "", false, serving::never, "18", "OAuth: who issues tokens"},
    {"oauth_client_id", nullptr, "", "", false, serving::never, "18", "OAuth: the client's name there"},
    {"oauth_client_secret", nullptr, "", "", true, serving::never, "18", "OAuth: its password"},
    {"oauth_scope", nullptr, "", "", false, serving::never, "18", "OAuth: what is asked for"},
};
// clang-format on

/// The keyword of that name, or nullptr. Case matters.
constexpr conninfo_keyword const* find_keyword(std::string_view name) noexcept {
  auto const* const found = std::ranges::find(conninfo_keywords, name, &conninfo_keyword::name);
  return found == std::end(conninfo_keywords) ? nullptr : found;
}

/// True if the value asks a keyword that is not served for nothing.
constexpr bool is_harmless(conninfo_keyword const& keyword, std::string_view value) noexcept {
  std::string_view rest = keyword.harmless;
  bool found = value.empty() || value == keyword.default_value;
  while (!found && !rest.empty()) {
    std::size_t const length = std::min(rest.find(' '), rest.size());
    found = rest.substr(0, length) == value;
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return found;
}

}  // namespace tusk::client
