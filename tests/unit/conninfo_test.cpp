// Connection strings: the grammar byte by byte, where each setting comes from, what is refused, what is never shown.
#include "conninfo/conninfo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/machine.hpp"

namespace tusk::client {

// Found by GoogleTest, so that a failed row is readable.
void PrintTo(conninfo_pair const& pair, std::ostream* out) {
  *out << pair.keyword << "@" << pair.position << " = [" << pair.value << "]@" << pair.value_position;
}

namespace {

using pairs = std::vector<conninfo_pair>;
using options = std::vector<conninfo_option>;
using test::error_of;
using test::machine;
using test::outcome_of;
using test::variables;

// The text in a buffer of exactly its size, so that a sanitizer sees a read past its end.
conninfo_result<pairs> parse(std::string_view text) {
  auto const exact = std::make_unique<char[]>(text.size());
  if (!text.empty()) std::memcpy(exact.get(), text.data(), text.size());
  return parse_conninfo({exact.get(), text.size()});
}

struct good_text {
  char const* name;
  std::string_view text;
  pairs expected;
};

std::vector<good_text> const good_texts = {
    {"empty", "", {}},
    {"spaces only", " \t\r\n\v\f", {}},
    {"one pair", "host=a", {{"host", "a", 0, 5}}},
    {"spaces around =", " host \t=\n a ", {{"host", "a", 1, 10}}},
    {"two pairs", "host=a port=1", {{"host", "a", 0, 5}, {"port", "1", 7, 12}}},
    {"doubles are both kept", "host=a host=b", {{"host", "a", 0, 5}, {"host", "b", 7, 12}}},
    {"quotes hold spaces", "host='a b'", {{"host", "a b", 0, 5}}},
    {"empty in quotes", "host=''", {{"host", "", 0, 5}}},
    {"empty at the end", "host=", {{"host", "", 0, 5}}},
    {"empty before spaces at the end", "host=  ", {{"host", "", 0, 7}}},
    {"an empty value takes the next word", "host= port=1", {{"host", "port=1", 0, 6}}},
    {"escaped quote in quotes", R"(host='a\'b')", {{"host", "a'b", 0, 5}}},
    {"escaped backslash in quotes", R"(host='a\\')", {{"host", R"(a\)", 0, 5}}},
    {"escaped letter", R"(host=\a'\b)", {{"host", "a'b", 0, 5}}},
    {"escaped space", R"(host=a\ b)", {{"host", "a b", 0, 5}}},
    {"escaped quote first", R"(host=\'a)", {{"host", "'a", 0, 5}}},
    {"backslash at the end is dropped", R"(host=a\)", {{"host", "a", 0, 5}}},
    {"quote in the middle is a byte", "host=a'b'", {{"host", "a'b'", 0, 5}}},
    {"no space after a closing quote", "host='a'port=1", {{"host", "a", 0, 5}, {"port", "1", 8, 13}}},
    {"= in a value", "dbname=a=b==", {{"dbname", "a=b==", 0, 7}}},
    {"empty keyword", "=x", {{"", "x", 0, 1}}},
    {"keyword of any bytes", "'h#\\=1", {{"'h#\\", "1", 0, 5}}},
    {"bytes above 127 are no spaces", "host=\xc2\xa0\x85", {{"host", "\xc2\xa0\x85", 0, 5}}},
};

TEST(conninfo, takes_the_grammar) {
  for (good_text const& row : good_texts) {
    SCOPED_TRACE(row.name);
    auto const result = parse(row.text);
    ASSERT_TRUE(std::holds_alternative<pairs>(result)) << std::get<conninfo_error>(result).message;
    EXPECT_EQ(std::get<pairs>(result), row.expected);
  }
}

TEST(conninfo, reads_no_byte_past_a_cut) {
  for (good_text const& row : good_texts) {
    for (std::size_t length = 0; length < row.text.size(); ++length) {
      auto const result = parse(row.text.substr(0, length));
      auto const* const error = std::get_if<conninfo_error>(&result);
      if (error != nullptr) {
        EXPECT_LE(error->position, length) << row.name;
      }
    }
  }
}

TEST(conninfo, refuses_what_the_grammar_does_not_have) {
  struct bad_text {
    char const* name;
    std::string_view text;
    std::size_t position;
    char const* says;
  };
  using namespace std::string_view_literals;
  bad_text const rows[] = {
      {"keyword alone", "host", 0, R"(missing "=" after "host")"},
      {"keyword, space", "port=1 host ", 7, R"(missing "=" after "host")"},
      {"value with a space", "user=foo bar", 9, R"(missing "=" after "bar")"},
      {"two words before =", "ho st=a", 0, R"(missing "=" after "ho")"},
      {"odd bytes are not shown", "\x1b[31m", 0, "missing \"=\" after a word"},
      {"quote open", "host='a", 5, "not closed"},
      {"quote open, nothing in it", "host='", 5, "not closed"},
      {"quote open after an escape", "host= 'a\\'", 6, "not closed"},
      {"backslash ends the text in quotes", "host='a\\", 5, "not closed"},
      {"text after a closing quote", "host='a'b", 8, R"(missing "=" after "b")"},
      {"NUL in a value", "host=a\0b"sv, 6, "NUL"},
      {"NUL in a keyword", "ho\0st=a"sv, 2, "NUL"},
      {"NUL at the end", "host=a\0"sv, 6, "NUL"},
      {"NUL alone", "\0"sv, 0, "NUL"},
  };
  for (bad_text const& row : rows) {
    SCOPED_TRACE(row.name);
    auto const result = parse(row.text);
    ASSERT_TRUE(std::holds_alternative<conninfo_error>(result));
    auto const& error = std::get<conninfo_error>(result);
    EXPECT_EQ(error.position, row.position);
    EXPECT_NE(error.message.find(row.says), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("byte offset " + std::to_string(row.position)), std::string::npos) << error.message;
  }
}

// masked() shows every setting, so the expected settings are written as it writes them.
TEST(conninfo, resolves) {
  struct row_type {
    char const* name;
    std::string_view text;
    options in_code;
    variables environment;
    char const* expected;
  };
  // clang-format off
  row_type const rows[] = {
      {"nothing given", "", {}, {}, "host=/var/run/postgresql port=5432 dbname=os_user user=os_user sslmode=prefer"},
      {"all served", "host=h port=1 dbname=d user=u password=p sslmode=verify-ca sslrootcert=/r connect_timeout=3 "
       "application_name=a fallback_application_name=f options='-c x=y' client_encoding=UTF8", {}, {},
       "host=h port=1 dbname=d user=u password=*** sslmode=verify-ca sslrootcert=/r connect_timeout=3 "
       "application_name=a options='-c x=y'"},
      {"all from the environment", "", {}, {{"PGHOST", "h"}, {"PGPORT", "1"}, {"PGDATABASE", "d"}, {"PGUSER", "u"},
       {"PGPASSWORD", "p"}, {"PGSSLMODE", "disable"}, {"PGSSLROOTCERT", "/r"}, {"PGCONNECT_TIMEOUT", "3"},
       {"PGAPPNAME", "a"}, {"PGOPTIONS", "o"}, {"PGCLIENTENCODING", "utf8"}},
       "host=h port=1 dbname=d user=u password=*** sslmode=disable sslrootcert=/r connect_timeout=3 "
       "application_name=a options=o"},
      {"text before environment", "host=h port=1", {}, {{"PGHOST", "e"}, {"PGPORT", "2"}, {"PGUSER", "u"}},
       "host=h port=1 dbname=u user=u sslmode=prefer"},
      {"code before text", "host=h port=1", {{"host", "c"}, {"port", "3"}}, {{"PGHOST", "e"}, {"PGUSER", "u"}},
       "host=c port=3 dbname=u user=u sslmode=prefer"},
      {"the last double wins", "host=h host=i user=u", {{"port", "1"}, {"port", "2"}}, {},
       "host=i port=2 dbname=u user=u sslmode=prefer"},
      {"an empty option in code is none", "host=h user=u", {{"host", ""}}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"empty in the text hides the environment", "host='' port='' user='' dbname='' password='' options=''", {},
       {{"PGHOST", "e"}, {"PGPORT", "1"}, {"PGUSER", "e"}, {"PGDATABASE", "e"}, {"PGPASSWORD", "e"},
       {"PGOPTIONS", "e"}}, "host=/var/run/postgresql port=5432 dbname=os_user user=os_user sslmode=prefer"},
      {"empty variables", "", {}, {{"PGHOST", ""}, {"PGPORT", ""}, {"PGUSER", ""}, {"PGDATABASE", ""}},
       "host=/var/run/postgresql port=5432 dbname=os_user user=os_user sslmode=prefer"},
      {"dbname is literal", "host=h user=u dbname='host=x password=y'", {}, {},
       "host=h port=5432 dbname='host=x password=y' user=u sslmode=prefer"},
      {"numbers as strtol takes them", "host=h user=u port=' +05432\t' connect_timeout='\n7 '", {}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer connect_timeout=7"},
      {"largest port", "host=h user=u port=65535", {}, {}, "host=h port=65535 dbname=u user=u sslmode=prefer"},
      {"timeout 0 is none", "host=h user=u connect_timeout=0", {}, {{"PGCONNECT_TIMEOUT", "9"}},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"negative timeout is none", "host=h user=u connect_timeout=-1", {}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"timeout 1 stays 1", "host=h user=u connect_timeout=1", {}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer connect_timeout=1"},
      {"fallback name", "host=h user=u fallback_application_name=f", {}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer application_name=f"},
      {"fallback name hidden by an empty one", "host=h user=u fallback_application_name=f", {}, {{"PGAPPNAME", ""}},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"system certificates raise the mode", "host=h user=u sslrootcert=system", {}, {},
       "host=h port=5432 dbname=u user=u sslmode=verify-full sslrootcert=system"},
      {"encodings", "host=h user=u client_encoding=Utf-8", {{"client_encoding", "AUTO"}}, {},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"what is not served is judged by the value in force", "host=h user=u gssencmode=''", {},
       {{"PGGSSENCMODE", "require"}}, "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"values that ask for nothing", "host=h user=u gssencmode=prefer sslcompression=0 replication=off keepalives=2",
       {{"gsslib", "gssapi"}}, {{"PGGSSENCMODE", "require"}, {"PGTARGETSESSIONATTRS", "any"}, {"PGREQUIRESSL", "0"}},
       "host=h port=5432 dbname=u user=u sslmode=prefer"},
      {"abstract socket", "host=@h user=u", {}, {}, "host=@h port=5432 dbname=u user=u sslmode=prefer"},
  };
  // clang-format on
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(outcome_of(resolve(row.text, row.in_code, machine(row.environment))), row.expected);
  }
}

TEST(conninfo, refuses_values) {
  struct row_type {
    char const* name;
    std::string_view text;
    options in_code;
    variables environment;
    std::size_t position;
    std::vector<char const*> says;
  };
  using namespace std::string_literals;
  // clang-format off
  row_type const rows[] = {
      {"unknown", "user=u hots=x", {}, {}, 7, {"unknown keyword \"hots\"", "did you mean \"host\"?", "offset 7"}},
      {"unknown, upper case", "HOST=x", {}, {}, 0, {"unknown keyword \"HOST\"", "\"host\"?"}},
      {"unknown, nothing near", "zzzzzz=x", {}, {}, 0, {"unknown keyword \"zzzzzz\";"}},
      {"unknown, empty", "=x", {}, {}, 0, {"unknown keyword;"}},
      {"unknown in code", "", {{"prot", "1"}}, {}, not_in_text, {"\"prot\"", "\"port\"?", "given in code"}},
      {"unknown in code, no value", "", {{"x", ""}}, {}, not_in_text, {"unknown keyword \"x\""}},
      {"URI after a space", " postgres://h/d", {}, {}, 0, {"white space stands before the URI"}},
      {"grammar", "host='", {}, {}, 5, {"not closed"}},
      {"port 0", "port=0", {}, {}, 5, {"port \"0\" is out of range", "1 to 65535", "offset 5"}},
      {"port 65536", "port=65536", {}, {}, 5, {"out of range"}},
      {"port negative", "port=-1", {}, {}, 5, {"out of range"}},
      {"port beyond int", "port=99999999999", {}, {}, 5, {"not a number"}},
      {"port with letters", "port=5432x", {}, {}, 5, {"port \"5432x\" is not a number"}},
      {"port with two signs", "port=+-1", {}, {}, 5, {"not a number"}},
      {"port of spaces", "port=' '", {}, {}, 5, {"not a number"}},
      {"several ports", "port=1,2", {}, {}, 5, {"port \"1,2\" is a list of 2 for 1 host(s)", "one for all"}},
      {"port from the environment", "", {}, {{"PGPORT", "x"}}, not_in_text, {"(environment variable PGPORT)"}},
      {"port from code", "", {{"port", "x"}}, {}, not_in_text, {"(option given in code)"}},
      {"host too long", "", {{"host", std::string(1025, 'a')}}, {}, not_in_text, {"too long", "aaa...\""}},
      {"socket path too long", "", {{"host", "/" + std::string(100, 'a')}}, {}, not_in_text, {"too long", "directory"}},
      {"sslmode", "sslmode=Require", {}, {}, 8, {"sslmode \"Require\" is unknown", "verify-full"}},
      {"sslmode empty", "", {}, {{"PGSSLMODE", ""}}, not_in_text, {"sslmode \"\" is unknown", "PGSSLMODE"}},
      {"weak mode with system certificates", "sslrootcert=system", {}, {{"PGSSLMODE", "require"}}, not_in_text,
       {"too weak", "verify-full"}},
      {"timeout", "connect_timeout=3s", {}, {}, 16, {"connect_timeout \"3s\"", "seconds"}},
      {"timeout empty", "connect_timeout=''", {}, {}, 16, {"connect_timeout \"\""}},
      {"encoding", "client_encoding=LATIN1", {}, {}, 16, {"client_encoding \"LATIN1\"", "UTF8"}},
      {"encoding in code", "", {{"client_encoding", "SQL_ASCII"}}, {}, not_in_text, {"client_encoding \"SQL_ASCII\""}},
      {"database", "database=x", {}, {}, 0, {"unknown keyword \"database\" (did you mean \"dbname\"?)"}},
      {"database of a URI", "postgres:///?database=x", {}, {}, 13, {"did you mean \"dbname\"?"}},
      {"db", "db=x", {}, {}, 0, {"did you mean \"dbname\"?"}},
      {"username", "username=x", {}, {}, 0, {"did you mean \"user\"?"}},
      {"pass", "pass=x", {}, {}, 0, {"did you mean \"password\"?"}},
      {"hostname", "hostname=x", {}, {}, 0, {"did you mean \"host\"?"}},
      {"two harmless words are not one", "gssencmode='disable prefer'", {}, {}, 11, {"gssencmode"}},
      {"never served", "gssencmode=require", {}, {}, 11, {"gssencmode \"require\"", "remove it"}},
      {"requiressl", "sslrootcert=system", {}, {{"PGREQUIRESSL", "1"}}, not_in_text, {"too weak", "PGREQUIRESSL"}},
      {"NUL in code", "", {{"user", "a\0b"s}}, {}, not_in_text, {"user \"a?b\" holds a NUL byte"}},
      {"NUL in a keyword in code", "", {{"us\0er"s, "a"}}, {}, not_in_text, {"unknown keyword"}},
      {"password too long", "", {{"password", std::string(65535, 'a')}}, {}, not_in_text, {"password *** is too long"}},
      {"startup packet too long", "", {{"options", std::string(9950, 'a')}}, {}, not_in_text, {"too long together"}},
  };
  // clang-format on
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    auto const result = resolve(row.text, row.in_code, machine(row.environment));
    for (char const* part : row.says) {
      EXPECT_NE(error_of(result).find(part), std::string::npos) << part << "\nnot in: " << error_of(result);
    }
    ASSERT_TRUE(std::holds_alternative<conninfo_error>(result));
    EXPECT_EQ(std::get<conninfo_error>(result).position, row.position);
  }
}

TEST(conninfo, shows_no_secret) {
  std::string_view const rows[] = {
      "password=hunter2 port=x",
      "password=my hunter2",
      "password=my hunter2 port=1",
      "password=my hunter2=1",
      "password='it's hunter2'",
      "password='hunter2",
      "pasword=hunter2",
      "pasword=my hunter2",
      "password =hunter2 foo=1",
      "port= password=hunter2",
      "host=a, password= hunter2",
      "host= password=hunter2,b",
      "sslmode= password=hunter2",
      "host=postgresql://u:hunter2@a,b",
      "postgresql://u:hunter2@h/d",
      "\npostgresql://u:hunter2@h/d",
      "jdbc:postgresql://u:hunter2@h/d",
      "jdbc:postgresql://u:hunter2@h/d?a=b",
      "sslpassword=hunter2",
      "scram_client_key=hunter2",
      "oauth_client_secret=hunter2",
  };
  for (std::string_view const text : rows) {
    auto const result = resolve(text, {}, machine());
    EXPECT_EQ(outcome_of(result).find("hunter2"), std::string::npos) << outcome_of(result);
  }
}

TEST(conninfo, knows_every_keyword) {
  char const* const names =
      "host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout client_encoding "
      "options application_name fallback_application_name keepalives keepalives_idle keepalives_interval "
      "keepalives_count tcp_user_timeout replication gssencmode sslmode requiressl sslnegotiation sslcompression "
      "sslcert sslkey sslkeylogfile sslpassword sslcertmode sslrootcert sslcrl sslcrldir sslsni requirepeer "
      "ssl_min_protocol_version ssl_max_protocol_version min_protocol_version max_protocol_version krbsrvname gsslib "
      "gssdelegation scram_client_key scram_server_key service target_session_attrs load_balance_hosts oauth_issuer "
      "oauth_client_id oauth_client_secret oauth_scope ";
  std::set<std::string_view> known;
  std::set<std::string_view> environment;
  for (conninfo_keyword const& keyword : conninfo_keywords) {
    SCOPED_TRACE(keyword.name);
    EXPECT_TRUE(known.insert(keyword.name).second);
    EXPECT_NE((" " + std::string(names)).find(" " + std::string(keyword.name) + " "), std::string::npos);
    if (keyword.environment != nullptr) {
      EXPECT_TRUE(environment.insert(keyword.environment).second);
    }
    EXPECT_EQ(find_keyword(keyword.name), &keyword);
    if (keyword.how == serving::served) continue;
    std::string const name(keyword.name);
    EXPECT_EQ(outcome_of(resolve(name + "=''", {}, machine())), outcome_of(resolve("", {}, machine())));
    EXPECT_EQ(outcome_of(resolve(name + "='" + std::string(keyword.default_value) + "'", {}, machine())),
              outcome_of(resolve("", {}, machine())));
    EXPECT_EQ(error_of(resolve(name + "=unlikely", {}, machine())).substr(0, name.size() + 1), name + " ");
  }
  EXPECT_EQ(known.size(), static_cast<std::size_t>(std::count(names, names + std::strlen(names), ' ')));
  EXPECT_EQ(find_keyword(""), nullptr);
  EXPECT_EQ(find_keyword("Host"), nullptr);
}

TEST(conninfo, finds_a_default_host_and_user) {
  surroundings around = machine();
  around.is_directory = [](char const* path) { return std::string_view(path) == "/tmp"; };
  EXPECT_EQ(std::get<settings>(resolve("", {}, around)).hosts.front().name, "/tmp");
  around.is_directory = [](char const*) { return false; };
  EXPECT_EQ(std::get<settings>(resolve("", {}, around)).hosts.front().name, "localhost");
  around.user_name = [] { return std::optional<std::string>(); };
  EXPECT_NE(error_of(resolve("", {}, around)).find("add user="), std::string::npos);
  EXPECT_EQ(std::get<settings>(resolve("user=u", {}, around)).user, "u");  // not asked for when not needed
}

TEST(conninfo, tells_sockets_from_names) {
  settings made = std::get<settings>(resolve("host=/s port=77", {}, machine()));
  EXPECT_TRUE(made.hosts.front().is_unix_socket());
  EXPECT_EQ(made.hosts.front().unix_socket_path(), "/s/.s.PGSQL.77");
  made = std::get<settings>(resolve("host=@s", {}, machine()));
  EXPECT_TRUE(made.hosts.front().is_unix_socket());
  EXPECT_FALSE(std::get<settings>(resolve("host=s", {}, machine())).hosts.front().is_unix_socket());
  EXPECT_FALSE(std::get<settings>(resolve("host=/s hostaddr=::1", {}, machine())).hosts.front().is_unix_socket());
  // 107 bytes and the NUL fill sockaddr_un; "/.s.PGSQL.5432" is 14 of them.
  EXPECT_EQ(error_of(resolve("host=/" + std::string(92, 'a'), {}, machine())).substr(0, 9), "no error:");
  EXPECT_NE(error_of(resolve("host=/" + std::string(93, 'a'), {}, machine())).find("108 bytes"), std::string::npos);
}

TEST(conninfo, masked_text_gives_the_same_settings) {
  char const* const awkward[] = {"a b", "a'b", R"(a\b)", "'",   R"(\)", R"(\')",
                                 " ",   "a=b", "\n",     "***", "#",    "\xc3\xa9"};
  for (char const* value : awkward) {
    for (char const* keyword :
         {"sslcert", "dbname", "user", "password", "sslrootcert", "application_name", "options"}) {
      SCOPED_TRACE(std::string(keyword) + " = [" + value + "]");
      std::string escaped;
      for (char const* at = value; *at != '\0'; ++at) escaped += std::string("\\") + *at;
      settings made = std::get<settings>(resolve(std::string(keyword) + "='" + escaped + "'", {}, machine()));
      settings again = std::get<settings>(resolve(masked(made), {}, machine()));
      EXPECT_EQ(again.hosts.front().password, made.hosts.front().password.empty() ? "" : "***");
      again.hosts.front().password = made.hosts.front().password;
      EXPECT_EQ(again, made);
    }
  }
}

}  // namespace
}  // namespace tusk::client
