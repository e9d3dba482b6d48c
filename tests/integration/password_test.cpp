// Passwords of every kind against a real server: it has made the stored form by its own SASLprep, and ours must agree.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

std::string text(std::u8string_view utf8) { return {reinterpret_cast<char const*>(utf8.data()), utf8.size()}; }

struct password_row {
  char const* name;
  std::u8string_view stored, given;
  bool same;  // are they one password?
};

constexpr password_row rows[] = {
    {"accent", u8"caf\u00E9", u8"cafe\u0301", true},
    {"accent_the_other_way", u8"cafe\u0301", u8"caf\u00E9", true},
    {"soft_hyphen", u8"I\u00ADX", u8"IX", true},
    {"roman_numeral", u8"\u2168", u8"IX", true},
    {"ordinal_indicator", u8"\u00AA", u8"a", true},
    {"full_width", u8"\uFF30\uFF57", u8"Pw", true},
    {"ligature", u8"\uFB01n", u8"fin", true},
    {"no_break_space", u8"a\u00A0b", u8"a b", true},
    {"hangul", u8"\uD55C\uAE00", u8"\u1112\u1161\u11AB\u1100\u1173\u11AF", true},
    {"order_of_marks", u8"q\u0307\u0323", u8"q\u0323\u0307", true},
    {"alef_symbol", u8"a\u2135", u8"a\u05D0", true},
    {"control_character", u8"foo\007bar", u8"foobar", false},
    {"two_directions", u8"foo\u06271bar", u8"foo1\u0627bar", false},
    {"not_assigned_in_3_2", u8"\U0001F600e\u0301", u8"\U0001F600\u00E9", false},
    {"case_counts", u8"\u00C9", u8"\u00E9", false},
};

/// A role of its own, for as long as the test runs.
class role {
 public:
  explicit role(std::u8string_view password) {
    connection admin = open();
    name = "saslprep_" + std::to_string(admin.info().backend_pid);
    admin.exec("SET password_encryption = 'scram-sha-256'");
    admin.exec("CREATE ROLE " + name + " LOGIN PASSWORD '" + text(password) + "'");
  }
  ~role() { open().exec("DROP ROLE " + name); }
  role(role const&) = delete;
  role& operator=(role const&) = delete;

  std::string name;
};

class passwords : public testing::TestWithParam<password_row> {};

TEST_P(passwords, agree_with_the_server) {
  auto const& row = GetParam();
  role const login(row.stored);
  auto const as = [&](std::u8string_view password) {
    return dsn(way::tcp, login.name, "password='" + text(password) + "'");
  };
  EXPECT_EQ(connect(as(row.stored)).info().authentication, "scram-sha-256");
  if (row.same)
    EXPECT_EQ(connect(as(row.given)).info().authentication, "scram-sha-256");
  else
    EXPECT_EQ(thrown<operational_error>([&] { connect(as(row.given)); }).sqlstate(), "28P01"_sqlstate);
}

INSTANTIATE_TEST_SUITE_P(, passwords, testing::ValuesIn(rows),
                         [](auto const& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace tusk::test
