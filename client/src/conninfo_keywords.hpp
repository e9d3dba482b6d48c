// The keywords of a connection string, and how much of each is served. Names, environment variables and defaults are
// libpq's (PostgreSQL's documentation, "Parameter Key Words" and "Environment Variables").
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tusk::client {

/// Whether a keyword does what it says.
enum class serving {
  served,
  not_yet,  ///< known; a later version will serve it
  never     ///< known; asks for something that this library leaves out
};

/// One keyword of the connection string.
struct conninfo_keyword {
  std::string_view name;
  char const* environment;         ///< the variable's name, or nullptr
  std::string_view default_value;  ///< the one in effect in libpq; empty: none, or found at run time
  std::string_view harmless;       ///< unless served: further values that ask for nothing, with spaces between
  bool secret;
  serving how;
};

/// All the keywords that are known, the served ones first.
// clang-format off
inline constexpr conninfo_keyword conninfo_keywords[] = {
    // name, environment, default, harmless, secret, how
    {"host", "PGHOST", "", "", false, serving::served},
    {"port", "PGPORT", "5432", "", false, serving::served},
    {"dbname", "PGDATABASE", "", "", false, serving::served},
    {"user", "PGUSER", "", "", false, serving::served},
    {"password", "PGPASSWORD", "", "", true, serving::served},
    {"sslmode", "PGSSLMODE", "prefer", "", false, serving::served},
    {"sslrootcert", "PGSSLROOTCERT", "", "", false, serving::served},
    {"connect_timeout", "PGCONNECT_TIMEOUT", "", "", false, serving::served},
    {"application_name", "PGAPPNAME", "", "", false, serving::served},
    {"fallback_application_name", nullptr, "", "", false, serving::served},
    {"options", "PGOPTIONS", "", "", false, serving::served},
    {"client_encoding", "PGCLIENTENCODING", "", "", false, serving::served},
    {"hostaddr", "PGHOSTADDR", "", "", false, serving::not_yet},
    {"passfile", "PGPASSFILE", "", "", false, serving::not_yet},
    {"service", "PGSERVICE", "", "", false, serving::not_yet},
    {"require_auth", "PGREQUIREAUTH", "", "", false, serving::not_yet},
    {"channel_binding", "PGCHANNELBINDING", "prefer", "", false, serving::not_yet},
    {"keepalives", nullptr, "1", "", false, serving::not_yet},
    {"keepalives_idle", nullptr, "0", "", false, serving::not_yet},
    {"keepalives_interval", nullptr, "0", "", false, serving::not_yet},
    {"keepalives_count", nullptr, "0", "", false, serving::not_yet},
    {"tcp_user_timeout", nullptr, "0", "", false, serving::not_yet},
    {"replication", nullptr, "false", "off no 0", false, serving::not_yet},
    {"sslnegotiation", "PGSSLNEGOTIATION", "postgres", "", false, serving::not_yet},
    {"sslcert", "PGSSLCERT", "", "", false, serving::not_yet},
    {"sslkey", "PGSSLKEY", "", "", false, serving::not_yet},
    {"sslkeylogfile", nullptr, "", "", false, serving::not_yet},
    {"sslpassword", nullptr, "", "", true, serving::not_yet},
    {"sslcertmode", "PGSSLCERTMODE", "allow", "", false, serving::not_yet},
    {"sslcrl", "PGSSLCRL", "", "", false, serving::not_yet},
    {"sslcrldir", "PGSSLCRLDIR", "", "", false, serving::not_yet},
    {"sslsni", "PGSSLSNI", "1", "", false, serving::not_yet},
    {"requirepeer", "PGREQUIREPEER", "", "", false, serving::not_yet},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "TLSv1.2", "", false, serving::not_yet},
    {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "", "", false, serving::not_yet},
    {"min_protocol_version", "PGMINPROTOCOLVERSION", "3.0", "", false, serving::not_yet},
    {"max_protocol_version", "PGMAXPROTOCOLVERSION", "3.0", "", false, serving::not_yet},
    {"scram_client_key", nullptr, "", "", true, serving::not_yet},
    {"scram_server_key", nullptr, "", "", true, serving::not_yet},
    {"target_session_attrs", "PGTARGETSESSIONATTRS", "any", "", false, serving::not_yet},
    {"load_balance_hosts", "PGLOADBALANCEHOSTS", "disable", "", false, serving::not_yet},
    {"requiressl", "PGREQUIRESSL", "0", "", false, serving::never},
    {"sslcompression", "PGSSLCOMPRESSION", "0", "", false, serving::never},
    {"gssencmode", "PGGSSENCMODE", "prefer", "disable", false, serving::never},
    {"krbsrvname", "PGKRBSRVNAME", "postgres", "", false, serving::never},
    {"gsslib", "PGGSSLIB", "", "gssapi", false, serving::never},
    {"gssdelegation", "PGGSSDELEGATION", "0", "", false, serving::never},
    {"oauth_issuer", nullptr, "", "", false, serving::never},
    {"oauth_client_id", nullptr, "", "", false, serving::never},
    {"oauth_client_secret", nullptr, "", "", true, serving::never},
    {"oauth_scope", nullptr, "", "", false, serving::never},
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

/// The served keywords, for an error text.
inline std::string served_keywords() {
  std::string names;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    if (keyword.how == serving::served) names += (names.empty() ? "" : ", ") + std::string(keyword.name);
  }
  return names;
}

/// How many bytes must be inserted, removed or changed to make one of the other (Levenshtein).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const change = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = std::exchange(row[j], std::min({change, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The keyword that was probably meant: at most 2 edits away, fewer for short words; else an empty text.
inline std::string_view nearest_keyword(std::string_view word) {
  std::size_t best = std::min<std::size_t>(3, (word.size() + 2) / 2);
  std::string_view nearest;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    std::size_t const distance = edit_distance(word, keyword.name);
    if (distance >= best) continue;
    best = distance;
    nearest = keyword.name;
  }
  return nearest;
}

}  // namespace tusk::client
