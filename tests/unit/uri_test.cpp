// URIs, part by part: what each gives, where it stood, what is refused, and what is never shown.
#include "conninfo/uri.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/exact_buffer.hpp"
#include "support/heap_bytes.hpp"
#include "support/machine.hpp"

namespace tusk::client {
namespace {

using pairs = std::vector<conninfo_pair>;

/// `keyword=[value]@position` of each pair, `?` behind a doubtful one.
std::string listed(conninfo_result<pairs> const& result) {
  if (auto const* error = std::get_if<conninfo_error>(&result)) return "error: " + error->message;
  std::string text;
  for (conninfo_pair const& each : std::get<pairs>(result)) {
    text += (text.empty() ? "" : " ") + each.keyword + "=[" + each.value + "]@" + std::to_string(each.value_position);
    if (each.doubtful) text += '?';
  }
  return text;
}

conninfo_result<pairs> parse(std::string_view text) { return parse_uri(test::exact_buffer(text).view()); }

struct uri_row {
  char const* name;
  std::string_view text;
  char const* expected;
};

uri_row const good_uris[] = {
    {"nothing", "postgresql://", ""},
    {"nothing, short", "postgres://", ""},
    {"host", "postgres://h", "host=[h]@11"},
    {"host and port", "postgres://h:1", "host=[h]@11 port=[1]@13"},
    {"port alone", "postgres://:1", "port=[1]@12"},
    {"port empty", "postgres://h:", "host=[h]@11"},
    {"database", "postgres:///d", "dbname=[d]@12"},
    {"database empty", "postgres://h/", "host=[h]@11"},
    {"database with slashes", "postgres:///d/e", "dbname=[d/e]@12"},
    {"user", "postgres://u@", "user=[u]@11"},
    {"user and password", "postgres://u:p@h", "user=[u]@11 password=[p]@13 host=[h]@15"},
    {"password alone", "postgres://:p@h", "password=[p]@12 host=[h]@14"},
    {"user and password empty", "postgres://:@h", "host=[h]@13"},
    {"colon in a password", "postgres://u:p:q@h", "user=[u]@11 password=[p:q]@13 host=[h]@17"},
    {"question mark in a password", "postgres://u:p?q@h", "user=[u]@11 password=[p?q]@13 host=[h]@17"},
    {"encoded", "postgres://%75%3A:%70%40@%2Ftmp/%64?%6fptions=%61",
     "user=[u:]@11 password=[p@]@18 host=[/tmp]@25 dbname=[d]@32 options=[a]@46"},
    {"IPv6", "postgres://[::1]", "host=[::1]@11"},
    {"IPv6 and port", "postgres://[::1]:5/d", "host=[::1]@11 port=[5]@17 dbname=[d]@19"},
    {"hosts", "postgres://a:1,b,[::2]:3/d", "host=[a,b,::2]@11 port=[1,,3]@13 dbname=[d]@25"},
    {"empty hosts", "postgres://,", "host=[,]@11 port=[,]@11"},
    {"ports without hosts", "postgres://:1,:2", "host=[,]@11 port=[1,2]@12"},
    {"params", "postgres://?user=u&port=1", "user=[u]@17 port=[1]@24"},
    {"an & at the end", "postgres://?user=u&", "user=[u]@17"},
    {"an empty value in params counts", "postgres://?user=", "user=[]@17"},
    {"ssl of JDBC", "postgres://?ssl=true", "sslmode=[require]@16"},
    {"ssl with something else is a keyword", "postgres://?ssl=false", "ssl=[false]@16"},
    {"spaces at the ends", "postgres:// h /  d ? user =  u  ", "host=[h]@11 dbname=[d]@15 user=[u]@27"},
    {"only a space", "postgres:// ", "host=[]@11"},
    {"a tab is a byte", "postgres://a\tb", "host=[a\tb]@11"},
    {"a second @", "postgres://u:p@q@h/d", "user=[u]@11 password=[p]@13 host=[q@h]@15? dbname=[d]@19?"},
    {"an @ behind a slash", "postgres://u:p/q@h?user=x", "host=[u]@11? port=[p]@13? dbname=[q@h]@15? user=[x]@24?"},
};

TEST(Uri, TakesItApart) {
  for (uri_row const& row : good_uris) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(listed(parse(row.text)), row.expected);
  }
}

TEST(Uri, ReadsNoBytePastACut) {
  for (uri_row const& row : good_uris) {
    for (std::size_t length = uri_prefix(row.text); length < row.text.size(); ++length) {
      auto const result = parse(row.text.substr(0, length));
      auto const* const error = std::get_if<conninfo_error>(&result);
      EXPECT_TRUE(error == nullptr || error->position <= length) << row.name;
    }
  }
}

TEST(Uri, RefusesWhatTheGrammarDoesNotHave) {
  using namespace std::string_view_literals;
  struct row_type {
    char const* name;
    std::string_view text;
    std::size_t position;
    char const* says;
  };
  row_type const rows[] = {
      {"space in a host", "postgres://a b", 11, "the host in the URI holds a space; write it as %20"},
      {"space in a value", "postgres://?user=a b", 17, "a value in the URI holds a space"},
      {"space in a keyword", "postgres://?us er=a", 12, "a keyword in the URI holds a space"},
      {"percent at the end", "postgres://a%", 11, "two hexadecimal digits"},
      {"one digit", "postgres://a%4", 11, "two hexadecimal digits"},
      {"no digit", "postgres://a:%4g@", 13, "the password in the URI holds a %"},
      {"NUL encoded", "postgres:///%00", 12, "%00"},
      {"NUL", "postgres://a\0b"sv, 12, "NUL byte"},
      {"bracket open", "postgres://a,[::1", 13, "\"[\" in the URI is not closed"},
      {"brackets empty", "postgres://[]", 11, "hold no IPv6 address"},
      {"text behind a bracket", "postgres://[::1]a", 16, "may stand behind \"]\""},
      {"param without =", "postgres://?user", 12, "missing \"=\" after \"user\""},
      {"param empty", "postgres://?&user=a", 12, "missing \"=\" after a word"},
      {"param with two =", "postgres://?user=a=b", 18, "a second \"=\" after \"user\""},
      {"a word behind a secret is not shown", "postgres://?password=a&bcd", 23, "missing \"=\" after a word"},
  };
  for (row_type const& row : rows) {
    SCOPED_TRACE(row.name);
    auto const result = parse(row.text);
    ASSERT_TRUE(std::holds_alternative<conninfo_error>(result)) << listed(result);
    EXPECT_EQ(std::get<conninfo_error>(result).position, row.position);
    EXPECT_NE(listed(result).find(row.says), std::string::npos) << listed(result);
    EXPECT_NE(listed(result).find("byte offset " + std::to_string(row.position)), std::string::npos);
  }
}

TEST(Uri, GivesSettings) {
  uri_row const rows[] = {
      {"all", "postgresql://u:p@h:1/d?sslmode=disable", "host=h port=1 dbname=d user=u password=*** sslmode=disable"},
      {"hosts", "postgresql://u@a,[::1]:2,%2Fs/d", "host=a,::1,/s port=5432,2,5432 dbname=d user=u sslmode=prefer"},
      {"params override", "postgresql://u@a:1/d?host=b&port=2&user=v", "host=b port=2 dbname=d user=v sslmode=prefer"},
      {"ssl", "postgresql://u@h?ssl=true", "host=h port=5432 dbname=u user=u sslmode=require"},
      {"an encoded comma separates hosts", "postgresql://u@a%2Cb", "host=a,b port=5432 dbname=u user=u sslmode=prefer"},
      {"database is literal", "postgresql://u@h/a=b", "host=h port=5432 dbname=a=b user=u sslmode=prefer"},
  };
  for (uri_row const& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(test::outcome_of(resolve(row.text, {}, test::machine())), row.expected);
  }
}

TEST(Uri, ShowsNoPieceOfAPassword) {
  char const* const rows[] = {
      "postgresql://u:hun/ter@h/d",         "postgresql://u:1/hunter@h/d?hunter=1",
      "postgresql://u:x@hunter@h/d",        "postgresql://u:x@hunter@h:y/",
      "postgresql://u:hunter%@h/",          "postgresql://u:hunter@h?nonsense=1",
      "postgresql://u:a/b?hunter@h",        "postgresql://u:a/b?port=hunter&b=c@h",
      "postgresql://h?password=a&hunter=x", "postgresql://u:hunter@h:x/d",
      "postgresql://u:hunter @h:x",         "postgresql://u:a b@hunter@h",
  };
  for (char const* const text : rows) {
    auto const result = resolve(text, {}, test::machine());
    EXPECT_TRUE(std::holds_alternative<conninfo_error>(result)) << test::outcome_of(result);
    EXPECT_EQ(test::outcome_of(result).find("hunter"), std::string::npos) << test::outcome_of(result);
    EXPECT_EQ(test::outcome_of(result).find("\"hun\""), std::string::npos) << test::outcome_of(result);
  }
  auto const advice = test::error_of(resolve("postgresql://u:hun/ter@h/d", {}, test::machine()));
  EXPECT_NE(advice.find("write @ and / of a user name or password as %40 and %2F"), std::string::npos) << advice;
}

TEST(Uri, HasTwoPrefixes) {
  EXPECT_EQ(uri_prefix("postgresql://"), 13U);
  EXPECT_EQ(uri_prefix("postgres://x"), 11U);
  for (char const* text : {"", "postgres:/", "postgresql:/", "Postgres://", " postgres://", "jdbc:postgresql://"}) {
    EXPECT_EQ(uri_prefix(text), 0U) << text;
  }
}

}  // namespace
}  // namespace tusk::client
