// Service files: which lines belong to a section, and what is refused in one.
#include "conninfo/service_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace tusk::client {
namespace {

/// `line:keyword=[value]` of each setting; "none" if there is no such section.
std::string listed(std::string_view text, std::string_view service = "s") {
  auto const exact = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), exact.get());
  auto const parsed = parse_service_file({exact.get(), text.size()}, service);
  if (auto const* error = std::get_if<conninfo_error>(&parsed)) return "error: " + error->message;
  auto const& section = std::get<0>(parsed);
  if (!section) return "none";
  std::string out;
  for (service_setting const& each : *section) {
    out += (out.empty() ? "" : " ") + std::to_string(each.line) + ':' + std::string(each.keyword) + "=[";
    out += std::string(each.value) + ']';
  }
  return out;
}

struct row_type {
  char const* name;
  std::string text;
  char const* expected;
  char const* service = "s";
};

row_type const rows[] = {
    {"empty", "", "none"},
    {"no such section", "[t]\nuser=u\n", "none"},
    {"section empty", "[s]", ""},
    {"settings", "[s]\nuser=u\nport=1", "2:user=[u] 3:port=[1]"},
    {"between others", "[t]\nuser=x\n[s]\nuser=u\n[v]\nuser=y\n", "4:user=[u]"},
    {"the first of two sections", "[s]\nuser=u\n[s]\nuser=x\n", "2:user=[u]"},
    {"doubles are both listed", "[s]\nuser=u\nuser=v\n", "2:user=[u] 3:user=[v]"},
    {"comments and empty lines", "# x\n\n[s]\n  # y\n \t\nuser=u\n", "6:user=[u]"},
    {"space around a line", "  [s]\t\r\n\t user=u \r\n", "2:user=[u]"},
    {"space behind = counts", "[s]\nuser= u", "2:user=[ u]"},
    {"= in a value", "[s]\noptions=-c a=b", "2:options=[-c a=b]"},
    {"# in a value", "[s]\nuser=u # v", "2:user=[u # v]"},
    {"empty value", "[s]\nuser=\n", "2:user=[]"},
    {"text behind the bracket", "[s] x\nuser=u", "2:user=[u]"},
    {"a longer name", "[ss]\nuser=u", "none"},
    {"a shorter name", "[s]\nuser=u", "none", "ss"},
    {"a name without its bracket", "[s\nuser=u", "none"},
    {"any name", "[a b=c]\nuser=u", "2:user=[u]", "a b=c"},
    {"what is wrong elsewhere", "nonsense\n[t]\nnonsense\n[s]\nuser=u\n[v]\nnonsense", "5:user=[u]"},
    {"the longest line", "[s]\nuser=" + std::string(1016, 'u') + '\n', nullptr},
};

TEST(ServiceFile, FindsTheSection) {
  for (row_type const& row : rows) {
    std::string const longest = "2:user=[" + std::string(1016, 'u') + ']';
    EXPECT_EQ(listed(row.text, row.service), row.expected == nullptr ? longest : row.expected) << row.name;
  }
}

TEST(ServiceFile, ReadsNoBytePastACut) {
  for (row_type const& row : rows) {
    for (std::size_t length = 0; length < std::min<std::size_t>(row.text.size(), 100); ++length) {
      (void)listed(std::string_view(row.text).substr(0, length), row.service);
    }
  }
}

TEST(ServiceFile, Refuses) {
  row_type const refused[] = {
      {"no =", "[s]\n\nuser u", "line 3: no \"=\"; write keyword=value"},
      {"unknown keyword", "[s]\nusr=u", "line 2: unknown keyword \"usr\" (did you mean \"user\"?)"},
      {"upper case", "[s]\nUSER=u", "line 2: unknown keyword \"USER\" (did you mean \"user\"?)"},
      {"no keyword", "[s]\n=u", "line 2: unknown keyword"},
      {"space before =", "[s]\nuser =u", "line 2: white space before \"=\"; write keyword=value without it"},
      {"nested", "[s]\nservice=t", "line 2: a service cannot name another one; remove \"service=\""},
      {"LDAP", "[s]\nldap://h/dc=x", "line 2: services are not looked up by LDAP; write the settings themselves"},
      {"requiressl", "[s]\nrequiressl=1",
       "line 2: \"requiressl\" is too old for a service file; write sslmode=require"},
      {"NUL", std::string("[s]\nuser=a\0b", 12), "line 2: a NUL byte, which cannot be sent"},
      {"a line too long", "[s]\nuser=" + std::string(1017, 'u') + '\n', "line 2: longer than 1022 bytes; shorten it"},
      {"too long before the section", std::string(1023, '#') + "\n[s]\n", "line 1: longer than 1022 bytes; shorten it"},
  };
  for (row_type const& row : refused) EXPECT_EQ(listed(row.text), std::string("error: ") + row.expected) << row.name;
}

}  // namespace
}  // namespace tusk::client
