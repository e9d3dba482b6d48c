// Password files: which line fits, and what its password is.
#include "conninfo/passfile.hpp"

#include <gtest/gtest.h>

#include "support/exact_buffer.hpp"

namespace tusk::client {
namespace {

std::optional<std::string> find(std::string_view text, password_key const& wanted) {
  return find_password(test::exact_buffer(text).view(), wanted);
}

struct row_type {
  char const* name;
  char const* text;
  std::optional<std::string> expected;
  password_key wanted = {"h", "1", "d", "u"};
};

row_type const rows[] = {
    {"empty", "", std::nullopt},
    {"fits", "h:1:d:u:p\n", "p"},
    {"no newline at the end", "h:1:d:u:p", "p"},
    {"CRLF", "x:1:d:u:q\r\nh:1:d:u:p\r\n", "p"},
    {"another host", "x:1:d:u:p", std::nullopt},
    {"another port", "h:2:d:u:p", std::nullopt},
    {"another database", "h:1:x:u:p", std::nullopt},
    {"another user", "h:1:d:x:p", std::nullopt},
    {"a longer host", "hh:1:d:u:p", std::nullopt},
    {"a shorter host", "h:1:d:u:p", std::nullopt, {"hh", "1", "d", "u"}},
    {"first of two", "h:1:d:u:p\nh:1:d:u:q\n", "p"},
    {"stars", "*:*:*:*:p", "p"},
    {"a star is one only alone", "h*:1:d:u:p", std::nullopt},
    {"an escaped star is a byte", "\\*:1:d:u:p", std::nullopt},
    {"the same, wanted", "\\*:1:d:u:p", "p", {"*", "1", "d", "u"}},
    {"comment", "#h:1:d:u:p\nh:1:d:u:q", "q"},
    {"comment, whatever the host", "#h:1:d:u:p", std::nullopt, {"#h", "1", "d", "u"}},
    {"space before # is no comment", " #\nh:1:d:u:q", "q"},
    {"spaces count", " h:1:d:u:p", std::nullopt},
    {"spaces of the password count", "h:1:d:u: p ", " p "},
    {"escapes in the password", R"(h:1:d:u:a\:b\\c\d)", R"(a:b\cd)"},
    {"a backslash at the end is a byte", R"(h:1:d:u:a\)", R"(a\)"},
    {"what follows a colon is dropped", "h:1:d:u:a:b", "a"},
    {"empty password", "h:1:d:u:\nh:1:d:u:p", ""},
    {"too few fields", "h:1:d:u\nh:1:d\n:\n\nh:1:d:u:p", "p"},
    {"empty field", ":1:d:u:p", std::nullopt},
    {"IPv6, escaped", R"(\:\:1:1:d:u:p)", "p", {"::1", "1", "d", "u"}},
    {"IPv6 as it is", "::1:1:d:u:p", "p", {"::1", "1", "d", "u"}},
    {"escaped fields", R"(h:1:a\:b:c\\d:p)", "p", {"h", "1", "a:b", "c\\d"}},
    {"a lone backslash ends the line", "h:1:d:u\\", std::nullopt},
    {"not utf8", "h:1:d:u:\xff\xfe", "\xff\xfe"},
};

TEST(Passfile, FindsTheFirstLineThatFits) {
  for (row_type const& row : rows) EXPECT_EQ(find(row.text, row.wanted), row.expected) << row.name;
}

TEST(Passfile, ReadsNoBytePastACut) {
  for (row_type const& row : rows) {
    std::string_view const text = row.text;
    for (std::size_t length = 0; length < text.size(); ++length) (void)find(text.substr(0, length), row.wanted);
  }
}

}  // namespace
}  // namespace tusk::client
