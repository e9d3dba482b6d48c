// Every parameter and every environment variable: what it does to the settings, what masked() shows of it, and which
// values are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/machine.hpp"

namespace tusk::client {
namespace {

using protocol::channel_binding_rule;
using std::chrono::seconds;
using test::error_of;
using test::machine;
using test::variables;

settings made_of(std::string_view text, variables environment = {}) {
  auto result = resolve(text, {}, machine(std::move(environment)));
  if (auto const* error = std::get_if<conninfo_error>(&result)) throw std::runtime_error(error->message);
  return std::get<settings>(std::move(result));
}

std::string server_setting(settings const& from, std::string_view name) {
  for (auto const& [each, value] : from.server_settings)
    if (each == name) return value;
  return "(none)";
}

constexpr char const* key64 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
std::string const key = "01234567890123456789012345678901";

// --- Values that are taken
// --------------------------------------------------------------------------------------------

struct value_row {
  std::string_view keyword;
  char const* value;
  char const* shown;  // by masked(); nullptr: nothing
  bool (*holds)(settings const&);
};

// clang-format off
value_row const values[] = {
    {"host", "h", "host=h", [](settings const& s) { return s.hosts[0].name == "h"; }},
    {"host", "a,,@b", "host=a,/var/run/postgresql,@b", [](settings const& s) { return s.hosts.size() == 3 && s.hosts[2].is_unix_socket(); }},
    {"hostaddr", "::1,127.0.0.1", "hostaddr=::1,127.0.0.1", [](settings const& s) { return s.hosts[1].address == "127.0.0.1" && s.hosts[1].name.empty() && s.hosts[1].shown() == "127.0.0.1"; }},
    {"port", "1", "port=1", [](settings const& s) { return s.hosts[0].port == 1; }},
    {"dbname", "d", "dbname=d", [](settings const& s) { return s.dbname == "d"; }},
    {"user", "u", "user=u", [](settings const& s) { return s.user == "u"; }},
    {"password", "p", "password=***", [](settings const& s) { return s.hosts[0].password == "p"; }},
    {"passfile", "/p", "passfile=/p", [](settings const& s) { return s.passfile == "/p"; }},
    {"require_auth", "md5", "require_auth=!password,!scram-sha-256,!none", [](settings const& s) { return s.authentication.md5 && !s.authentication.cleartext && !s.authentication.scram_sha_256 && !s.authentication.none; }},
    {"require_auth", "none,gss,sspi,oauth", "require_auth=!password,!md5,!scram-sha-256", [](settings const& s) { return s.authentication.none && !s.authentication.md5; }},
    {"require_auth", "!password,!gss", "require_auth=!password", [](settings const& s) { return !s.authentication.cleartext && s.authentication.md5 && s.authentication.none; }},
    {"require_auth", "!oauth", nullptr, [](settings const& s) { return s.authentication == protocol::authentication_rules(); }},
    {"channel_binding", "require", "channel_binding=require", [](settings const& s) { return s.authentication.channel_binding == channel_binding_rule::require; }},
    {"channel_binding", "disable", "channel_binding=disable", [](settings const& s) { return s.authentication.channel_binding == channel_binding_rule::disable; }},
    {"scram_client_key", key64, "scram_client_key=***", [](settings const& s) { return s.scram_client_key == key; }},
    {"scram_server_key", key64, "scram_server_key=***", [](settings const& s) { return s.scram_server_key == key; }},
    {"scram_server_key", "***", "scram_server_key=***", [](settings const& s) { return s.scram_server_key.size() == 32; }},
    {"sslmode", "allow", "sslmode=allow", [](settings const& s) { return s.tls.mode == sslmode::allow; }},
    {"sslmode", "verify-ca", "sslmode=verify-ca", [](settings const& s) { return s.tls.mode == sslmode::verify_ca; }},
    {"requiressl", "1", "sslmode=require", [](settings const& s) { return s.tls.mode == sslmode::require; }},
    {"sslnegotiation", "direct", "sslnegotiation=direct", [](settings const& s) { return s.tls.negotiation == sslnegotiation::direct; }},
    {"sslrootcert", "/r", "sslrootcert=/r", [](settings const& s) { return s.tls.rootcert == "/r"; }},
    {"sslcert", "/c", "sslcert=/c", [](settings const& s) { return s.tls.cert == "/c"; }},
    {"sslkey", "/k", "sslkey=/k", [](settings const& s) { return s.tls.key == "/k"; }},
    {"sslpassword", "p", "sslpassword=***", [](settings const& s) { return s.tls.keypassword == "p"; }},
    {"sslcertmode", "disable", "sslcertmode=disable", [](settings const& s) { return s.tls.certmode == sslcertmode::disable; }},
    {"sslcertmode", "require", "sslcertmode=require", [](settings const& s) { return s.tls.certmode == sslcertmode::require; }},
    {"sslcrl", "/l", "sslcrl=/l", [](settings const& s) { return s.tls.crl == "/l"; }},
    {"sslcrldir", "/d", "sslcrldir=/d", [](settings const& s) { return s.tls.crldir == "/d"; }},
    {"sslsni", "0", "sslsni=0", [](settings const& s) { return !s.tls.sni; }},
    {"ssl_min_protocol_version", "tlsV1.3", "ssl_min_protocol_version=TLSv1.3", [](settings const& s) { return s.tls.minimum == tls_version::tls1_3; }},
    {"ssl_min_protocol_version", "TLSv1", nullptr, [](settings const& s) { return s.tls.minimum == tls_version::tls1_2; }},
    {"ssl_min_protocol_version", "TLSv1.1", nullptr, [](settings const& s) { return s.tls.minimum == tls_version::tls1_2; }},
    {"ssl_max_protocol_version", "TLSv1.2", "ssl_max_protocol_version=TLSv1.2", [](settings const& s) { return s.tls.maximum == tls_version::tls1_2; }},
    {"ssl_max_protocol_version", "TLSv1.3", "ssl_max_protocol_version=TLSv1.3", [](settings const& s) { return s.tls.maximum == tls_version::tls1_3; }},
    {"ssl_max_protocol_version", "", nullptr, [](settings const& s) { return s.tls.maximum == tls_version::any; }},
    {"sslkeylogfile", "/k", "sslkeylogfile=/k", [](settings const& s) { return s.tls.keylogfile == "/k"; }},
    {"requirepeer", "p", "requirepeer=p", [](settings const& s) { return s.requirepeer == "p"; }},
    {"connect_timeout", "9", "connect_timeout=9", [](settings const& s) { return s.connect_timeout == seconds(9); }},
    {"target_session_attrs", "read-write", "target_session_attrs=read-write", [](settings const& s) { return s.target == session_attributes::read_write; }},
    {"target_session_attrs", "read-only", "target_session_attrs=read-only", [](settings const& s) { return s.target == session_attributes::read_only; }},
    {"target_session_attrs", "primary", "target_session_attrs=primary", [](settings const& s) { return s.target == session_attributes::primary; }},
    {"target_session_attrs", "standby", "target_session_attrs=standby", [](settings const& s) { return s.target == session_attributes::standby; }},
    {"target_session_attrs", "prefer-standby", "target_session_attrs=prefer-standby", [](settings const& s) { return s.target == session_attributes::prefer_standby; }},
    {"load_balance_hosts", "random", "load_balance_hosts=random", [](settings const& s) { return s.load_balance; }},
    {"keepalives", "0", "keepalives=0", [](settings const& s) { return !s.tcp.keepalives; }},
    {"keepalives", "-1", nullptr, [](settings const& s) { return s.tcp.keepalives; }},
    {"keepalives_idle", "7", "keepalives_idle=7", [](settings const& s) { return s.tcp.idle == 7; }},
    {"keepalives_idle", "-7", nullptr, [](settings const& s) { return s.tcp.idle == 0; }},
    {"keepalives_interval", "7", "keepalives_interval=7", [](settings const& s) { return s.tcp.interval == 7; }},
    {"keepalives_count", "7", "keepalives_count=7", [](settings const& s) { return s.tcp.count == 7; }},
    {"tcp_user_timeout", "7", "tcp_user_timeout=7", [](settings const& s) { return s.tcp.user_timeout == 7; }},
    {"min_protocol_version", "3.2", "min_protocol_version=3.2", [](settings const& s) { return s.min_protocol == protocol::protocol_version(3, 2) && s.max_protocol == s.min_protocol; }},
    {"max_protocol_version", "latest", "max_protocol_version=3.2", [](settings const& s) { return s.min_protocol == protocol::protocol_version(3, 0) && s.max_protocol == protocol::protocol_version(3, 2); }},
    {"replication", "YES", "replication=true", [](settings const& s) { return server_setting(s, "replication") == "true"; }},
    {"replication", "on", "replication=true", [](settings const& s) { return server_setting(s, "replication") == "true"; }},
    {"replication", "t", "replication=true", [](settings const& s) { return server_setting(s, "replication") == "true"; }},
    {"replication", "of", nullptr, [](settings const& s) { return server_setting(s, "replication") == "(none)"; }},
    {"replication", "database", "replication=database", [](settings const& s) { return server_setting(s, "replication") == "database"; }},
    {"client_encoding", "utf-8", nullptr, [](settings const&) { return true; }},
    {"application_name", "a", "application_name=a", [](settings const& s) { return server_setting(s, "application_name") == "a"; }},
    {"fallback_application_name", "a", "application_name=a", [](settings const& s) { return server_setting(s, "application_name") == "a"; }},
    {"options", "-c a=b", "options='-c a=b'", [](settings const& s) { return server_setting(s, "options") == "-c a=b"; }},
};
// clang-format on

/// What else is needed for the value to make sense.
std::string with_company(std::string_view keyword, std::string const& value) {
  std::string const company = keyword == "sslnegotiation" ? "sslmode=require " : "";
  return company + std::string(keyword) + "='" + value + "'";
}

TEST(ConninfoValues, ComeIntoSettingsAndBack) {
  std::set<std::string_view> tested = {"service"};  // see ConninfoSources
  for (value_row const& row : values) {
    SCOPED_TRACE(std::string(row.keyword) + " = " + row.value);
    tested.insert(row.keyword);
    settings const made = made_of(with_company(row.keyword, row.value));
    EXPECT_TRUE(row.holds(made)) << masked(made);
    std::string const shown = masked(made) + ' ';
    if (row.shown != nullptr) {
      EXPECT_NE(shown.find(std::string(row.shown) + ' '), std::string::npos) << shown;
    } else {
      EXPECT_EQ(shown.find(std::string(row.keyword) + '='), std::string::npos) << shown;
    }
    bool const secret = find_keyword(row.keyword)->secret;
    EXPECT_EQ(made_of(masked(made)) == made, !secret || std::string_view(row.value) == mask) << shown;
    EXPECT_EQ(masked(made_of(masked(made))), masked(made));
  }
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    if (keyword.how == serving::served) {
      EXPECT_TRUE(tested.contains(keyword.name)) << keyword.name;
    }
  }
}

// --- Environment
// ------------------------------------------------------------------------------------------------------

TEST(ConninfoValues, ComeFromEveryVariable) {
  std::set<std::string> tested = {"PGSERVICE", "PGREQUIRESSL"};  // see ConninfoSources, and below
  for (value_row const& row : values) {
    char const* const variable = find_keyword(row.keyword)->environment;
    if (variable == nullptr || row.keyword == "requiressl") continue;
    SCOPED_TRACE(std::string(variable) + " = " + row.value);
    tested.insert(variable);
    variables environment = {{variable, row.value}};
    if (row.keyword == "sslnegotiation") environment["PGSSLMODE"] = "require";
    EXPECT_TRUE(row.holds(made_of("", environment)));
    EXPECT_EQ(made_of("", environment), made_of(with_company(row.keyword, row.value)));
  }
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    if (keyword.environment == nullptr) continue;
    if (keyword.how == serving::served) {
      EXPECT_TRUE(tested.contains(keyword.environment)) << keyword.environment;
      continue;
    }
    auto const refused = error_of(resolve("", {}, machine({{keyword.environment, "unlikely"}})));
    EXPECT_NE(refused.find(keyword.environment), std::string::npos) << refused;
  }
}

TEST(ConninfoValues, ComeFromVariablesWithoutKeyword) {
  struct row_type {
    char const* name;
    variables environment;
    std::vector<std::pair<std::string, std::string>> expected;
  };
  row_type const rows[] = {
      {"none", {}, {{"DateStyle", "ISO"}}},
      {"all",
       {{"PGDATESTYLE", "ISO, DMY"}, {"PGTZ", "UTC"}, {"PGGEQO", "off"}},
       {{"DateStyle", "ISO, DMY"}, {"TimeZone", "UTC"}, {"geqo", "off"}}},
      {"the server's own", {{"PGDATESTYLE", "DEFAULT"}, {"PGTZ", "default"}, {"PGGEQO", "Default"}}, {}},
      {"empty", {{"PGDATESTYLE", ""}, {"PGTZ", ""}, {"PGGEQO", ""}}, {{"DateStyle", "ISO"}}},
  };
  for (row_type const& row : rows) EXPECT_EQ(made_of("", row.environment).server_settings, row.expected) << row.name;
  EXPECT_EQ(made_of("", {{"PGREQUIRESSL", "1"}}).tls.mode, sslmode::require);
  EXPECT_EQ(made_of("", {{"PGREQUIRESSL", "0"}}).tls.mode, sslmode::prefer);
  EXPECT_EQ(made_of("", {{"PGREQUIRESSL", "1"}, {"PGSSLMODE", "allow"}}).tls.mode, sslmode::allow);
  EXPECT_EQ(made_of("").tls.user_folder, "/home/os_user/.postgresql");
  EXPECT_EQ(made_of("", {{"HOME", "/h"}}).tls.user_folder, "/h/.postgresql");
  EXPECT_EQ(made_of("", {{"HOME", ""}}).tls.user_folder, "/home/os_user/.postgresql");
  // PGSERVICEFILE and PGSYSCONFDIR: see ConninfoSources.
}

// What the environment says for every program must not make dates unreadable, or keep us from connecting.
TEST(ConninfoValues, OfTheEnvironmentThatBreakReadingAreOverridden) {
  struct row_type {
    char const *style, *sent;
    bool warns;
  };
  row_type const rows[] = {{"German", "ISO, DMY", true},
                           {"german, ymd", "ISO, YMD", true},
                           {"SQL", "ISO", true},
                           {"SQL,European", "ISO, DMY", true},
                           {"Postgres, US", "ISO, MDY", true},
                           {"POSTGRESQL,NonEuropean", "ISO, MDY", true},
                           {"ISO, SQL, DMY", "ISO, DMY", true},
                           {"DMY", "ISO, DMY", false},
                           {"iso,dmy", "iso,dmy", false},
                           {"ISO", "ISO", false},
                           {"nonsense", "nonsense", false}};  // the server says what is wrong with it
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.style);
    settings const made = made_of("", {{"PGDATESTYLE", row.style}});
    EXPECT_EQ(made.server_settings.front(), std::pair(std::string("DateStyle"), std::string(row.sent)));
    ASSERT_EQ(made.warnings.size(), row.warns ? 1U : 0U);
    if (row.warns) {
      EXPECT_NE(made.warnings[0].find(std::string("PGDATESTYLE, \"") + row.style + "\""), std::string::npos)
          << made.warnings[0];
    }
  }
  for (char const* const encoding : {"LATIN1", "SQL_ASCII", "sjis"}) {
    settings const made = made_of("", {{"PGCLIENTENCODING", encoding}});
    ASSERT_EQ(made.warnings.size(), 1U);
    EXPECT_NE(made.warnings[0].find(std::string("PGCLIENTENCODING, \"") + encoding + "\""), std::string::npos);
  }
  EXPECT_TRUE(made_of("client_encoding=auto", {{"PGCLIENTENCODING", "LATIN1"}}).warnings.empty());
  EXPECT_TRUE(made_of("", {{"PGCLIENTENCODING", "utf-8"}}).warnings.empty());
}

TEST(ConninfoValues, TellWhereAPasswordCameFrom) {
  auto const from = [](char const* text, variables const& environment) {
    return made_of(text, environment).hosts.front().password_from;
  };
  EXPECT_EQ(from("password=p", {}), "the connection string, byte offset 9");
  EXPECT_EQ(from("postgres://u:p@h", {}), "the connection string, byte offset 13");
  EXPECT_EQ(from("", {{"PGPASSWORD", "p"}}), "the environment variable PGPASSWORD");
  EXPECT_EQ(from("", {}), "");
}

// --- Values that are refused
// ------------------------------------------------------------------------------------------

TEST(ConninfoValues, AreRefused) {
  struct row_type {
    char const* text;
    std::vector<char const*> says;
  };
  row_type const rows[] = {
      {"hostaddr=localhost",
       {"hostaddr \"localhost\" is no IPv4 or IPv6 address; a name belongs into host", "offset 9"}},
      {"hostaddr=::1,x", {"hostaddr \"x\" is no IPv4"}},
      {"hostaddr=::1 host=a,b",
       {"host \"a,b\" is a list of 2 for 1 address(es) in hostaddr; give as many", "offset 18"}},
      {"hostaddr=::1,::2 host=a", {"is a list of 1 for 2 address(es)"}},
      {"host=a,b port=1,2,3", {"port \"1,2,3\" is a list of 3 for 2 host(s)", "one for all"}},
      {"host=a,b port=1,x", {"port \"x\" is not a number"}},
      {"host=a,b port=1,70000", {"port \"70000\" is out of range"}},
      {"host='a,b c'", {"host \"b c\" is no host name", "white space"}},
      {"host=a/b", {"is no host name", "begins with \"/\""}},
      {"host=a@b", {"host *** is no host name"}},
      {"sslmode=verify_full",
       {"sslmode \"verify_full\" is unknown; use disable, allow, prefer, require, verify-ca or "}},
      {"sslnegotiation=direct", {"sslmode \"prefer\" is too weak for sslnegotiation=direct", "verify-full"}},
      {"sslnegotiation=x", {"use postgres or direct"}},
      {"sslcertmode=x", {"use disable, allow or require"}},
      {"sslsni=yes", {"sslsni \"yes\" is unknown; use 1 or 0"}},
      {"ssl_min_protocol_version=1.2", {"use TLSv1.2 or TLSv1.3"}},
      {"ssl_max_protocol_version=SSLv3", {"use TLSv1.2 or TLSv1.3"}},
      {"ssl_max_protocol_version=TLSv1.1", {"too old, and not spoken here"}},
      {"ssl_max_protocol_version=TLSv1", {"too old, and not spoken here"}},
      {"ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
       {"is above ssl_max_protocol_version, \"TLSv1.2\""}},
      {"target_session_attrs=primary,standby",
       {"is unknown; use any, read-write, read-only, primary, standby or prefer"}},
      {"load_balance_hosts=1", {"use disable or random"}},
      {"channel_binding=x", {"use disable, prefer or require"}},
      {"require_auth=md5,!password", {"require_auth \"!password\" stands with others"}},
      {"require_auth=!md5,password", {"require_auth \"password\" stands with others"}},
      {"require_auth=md5,none,md5", {"require_auth \"md5\" is there twice"}},
      {"require_auth=!none,!none", {"\"!none\" is there twice"}},
      {"require_auth=md5,", {"require_auth \"\" is unknown"}},
      {"require_auth=scram", {"require_auth \"scram\" is unknown; use password, md5, scram-sha-256 or none"}},
      {"require_auth=gss,oauth", {"\"gss,oauth\" leaves nothing that this library can do"}},
      {"require_auth=!password,!md5,!scram-sha-256,!none", {"leaves nothing that this library can do"}},
      {"min_protocol_version=3.1", {"use 3.0, 3.2 or latest"}},
      {"max_protocol_version=''", {"use 3.0, 3.2 or latest"}},
      {"min_protocol_version=latest max_protocol_version=3.0", {"is above max_protocol_version, \"3.0\""}},
      {"scram_client_key=abc", {"scram_client_key *** is not the base64 of 32 bytes"}},
      {"scram_server_key=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDF=", {"scram_server_key *** is not the base64"}},
      {"scram_server_key=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy", {"is not the base64 of 32 bytes"}},
      {"scram_server_key=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==", {"is not the base64 of 32 bytes"}},
      {"keepalives=on", {"keepalives \"on\" is not a whole number; 1 or 0"}},
      {"keepalives_idle=1s", {"keepalives_idle \"1s\" is not a whole number of seconds"}},
      {"keepalives_interval=''", {"keepalives_interval \"\" is not a whole number of seconds"}},
      {"keepalives_count=x", {"keepalives_count \"x\" is not a whole number"}},
      {"tcp_user_timeout=99999999999", {"is not a whole number of milliseconds"}},
      {"replication=logical", {"replication \"logical\" is unknown; use true, false or database"}},
      {"sslcompression=1", {"sslcompression \"1\" asks for something that this library does not do", "remove it"}},
      {"gssencmode=require", {"gssencmode \"require\" asks for something that this library does not do"}},
      {"oauth_client_secret=x", {"oauth_client_secret *** asks for something"}},
  };
  for (row_type const& row : rows) {
    auto const result = resolve(row.text, {}, machine());
    EXPECT_TRUE(std::holds_alternative<conninfo_error>(result)) << row.text;
    for (char const* part : row.says) EXPECT_NE(error_of(result).find(part), std::string::npos) << error_of(result);
  }
}

TEST(ConninfoValues, HaveLimits) {
  EXPECT_EQ(made_of("host=" + std::string(999, ',')).hosts.size(), 1000U);
  auto const many = error_of(resolve("host=" + std::string(1000, ','), {}, machine()));
  EXPECT_NE(many.find("names 1001 hosts; 1000 are allowed"), std::string::npos) << many;
  // The packet: 9 bytes, user=u, database=u, client_encoding=UTF8, DateStyle=ISO, and the names of the options.
  std::size_t const others = 9 + 7 + 11 + 21 + 14 + std::string_view("options").size() + 2;
  EXPECT_EQ(server_setting(made_of("user=u options=" + std::string(10000 - others, 'a')), "options").size(),
            10000 - others);
  auto const long_one = error_of(resolve("user=u options=" + std::string(10001 - others, 'a'), {}, machine()));
  EXPECT_NE(long_one.find("too long together: 10001 bytes"), std::string::npos) << long_one;
}

}  // namespace
}  // namespace tusk::client
