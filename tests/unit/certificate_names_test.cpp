// Which hosts a certificate is for: a row a rule.

#include "net/certificate_names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/thrown.hpp"

namespace tusk::client {
namespace {

using namespace std::string_literals;
using enum name_verdict;

std::string const loopback = "\x7f\0\0\1"s;
std::string const loopback6 = std::string(15, '\0') + '\1';
std::string const ten = "\x0a\0\0\1"s;

struct rule {
  char const* name;
  std::string host;
  certificate_names names;
  name_verdict verdict;
};
void PrintTo(rule const& each, std::ostream* out) { *out << each.name; }

std::vector<rule> rules() {
  return {
      {"same", "db.example.org", {{"db.example.org"}, {}, {}}, matches},
      {"one_of_several", "db.example.org", {{"a.b", "*.c", "db.example.org"}, {}, {}}, matches},
      {"case_of_certificate", "db.example.org", {{"DB.Example.ORG"}, {}, {}}, matches},
      {"case_of_host", "DB.EXAMPLE.ORG", {{"db.example.org"}, {}, {}}, matches},
      {"only_ascii_has_case", "d\xc3\xa9.org", {{"d\xc3\x89.org"}, {}, {}}, differs},
      {"at_and_backquote_are_no_letters", "@[.org", {{"`{.org"}, {}, {}}, differs},
      {"other", "db.example.org", {{"db.example.com"}, {}, {}}, differs},
      {"prefix", "db.example.org", {{"db.example.or"}, {}, {}}, differs},
      {"longer", "db.example.org", {{"db.example.org."}, {}, {}}, differs},
      {"subdomain", "a.db.example.org", {{"db.example.org"}, {}, {}}, differs},
      {"no_names", "db.example.org", {}, differs},
      {"empty_name", "db.example.org", {{""}, {}, {}}, differs},
      {"empty_host", "", {{"", "*.", "*"}, {""s}, {}}, malformed},
      {"empty_host_no_address", "", {{"", "*.", "*"}, {}, ""s}, differs},

      {"wildcard", "db.example.org", {{"*.example.org"}, {}, {}}, matches},
      {"wildcard_case", "DB.example.org", {{"*.EXAMPLE.org"}, {}, {}}, matches},
      {"wildcard_top", "localhost.org", {{"*.org"}, {}, {}}, matches},
      {"wildcard_two_labels", "a.db.example.org", {{"*.example.org"}, {}, {}}, differs},
      {"wildcard_no_label", "example.org", {{"*.example.org"}, {}, {}}, differs},
      {"wildcard_empty_label", ".example.org", {{"*.example.org"}, {}, {}}, differs},
      {"wildcard_dots", "a..example.org", {{"*.example.org"}, {}, {}}, differs},
      {"wildcard_alone", "localhost", {{"*"}, {}, {}}, differs},
      {"wildcard_dot", "localhost.", {{"*."}, {}, {}}, differs},
      {"wildcard_in_label", "db1.example.org", {{"db*.example.org"}, {}, {}}, differs},
      {"wildcard_part_of_label", "db1.example.org", {{"*1.example.org"}, {}, {}}, differs},
      {"wildcard_second", "a.b.example.org", {{"a.*.example.org"}, {}, {}}, differs},
      {"wildcard_twice", "a.b.example.org", {{"*.*.example.org"}, {}, {}}, differs},
      {"wildcard_is_text", "*.example.org", {{"*.example.org"}, {}, {}}, matches},
      {"host_is_no_pattern", "*.example.org", {{"db.example.org"}, {}, {}}, differs},

      {"ipv4", "127.0.0.1", {{}, {loopback}, {}}, matches},
      {"ipv4_other", "127.0.0.1", {{}, {ten}, {}}, differs},
      {"ipv4_second", "127.0.0.1", {{}, {ten, loopback6, loopback}, {}}, matches},
      {"ipv6", "::1", {{}, {loopback6}, {}}, matches},
      {"ipv6_long", "0:0:0:0:0:0:0:1", {{}, {loopback6}, {}}, matches},
      {"ipv6_other", "::2", {{}, {loopback6}, {}}, differs},
      {"ipv4_mapped_is_another", "::ffff:127.0.0.1", {{}, {loopback}, {}}, differs},
      {"ipv4_short_is_a_name", "127.1", {{}, {loopback}, {}}, differs},
      {"ipv4_number_is_a_name", "2130706433", {{}, {loopback}, {}}, differs},
      {"ipv4_zeros_is_a_name", "127.000.0.1", {{}, {loopback}, {}}, differs},
      {"ipv6_zone_is_a_name", "::1%lo", {{}, {loopback6}, {}}, differs},
      {"name_is_no_address", "localhost", {{}, {loopback}, {}}, differs},
      {"address_too_short", "127.0.0.1", {{}, {"\x7f\0\0"s, loopback}, {}}, malformed},
      {"address_too_long", "localhost", {{"localhost"}, {"\x7f\0\0\1\0"s}, {}}, malformed},
      {"address_empty", "localhost", {{"localhost"}, {""s}, {}}, malformed},
      {"address_as_dns", "127.0.0.1", {{"127.0.0.1"}, {}, {}}, matches},
      {"address_as_dns_beside_another", "127.0.0.1", {{"127.0.0.1"}, {ten}, {}}, matches},
      {"address_as_dns_other_spelling", "::1", {{"0:0:0:0:0:0:0:1"}, {}, {}}, differs},
      {"no_wildcard_for_addresses", "10.0.0.1", {{"*.0.0.1"}, {}, {}}, differs},

      {"common_name", "localhost", {{}, {}, "localhost"s}, matches},
      {"common_name_wildcard", "a.example.org", {{}, {}, "*.example.org"s}, matches},
      {"common_name_not_with_dns", "localhost", {{"db"}, {}, "localhost"s}, differs},
      {"common_name_with_address", "localhost", {{}, {loopback}, "localhost"s}, matches},
      {"common_name_address", "127.0.0.1", {{}, {}, "127.0.0.1"s}, matches},
      {"common_name_address_with_dns", "127.0.0.1", {{"db"}, {}, "127.0.0.1"s}, matches},
      {"common_name_address_not_with_address", "127.0.0.1", {{}, {ten}, "127.0.0.1"s}, differs},
      {"common_name_no_wildcard_for_addresses", "10.0.0.1", {{}, {}, "*.0.0.1"s}, differs},
      {"common_name_empty", "localhost", {{}, {}, ""s}, differs},

      {"nul_cuts_nothing", "example.org", {{"example.org\0.evil.org"s}, {}, {}}, malformed},
      {"nul_at_end", "example.org", {{"example.org\0"s}, {}, {}}, malformed},
      {"nul_after_match", "example.org", {{"example.org", "a\0b"s}, {}, {}}, malformed},
      {"nul_before_match", "example.org", {{"a\0b"s, "example.org"}, {}, {}}, malformed},
      {"nul_in_common_name", "example.org", {{}, {}, "example.org\0.evil.org"s}, malformed},
      {"nul_in_unread_common_name", "example.org", {{"example.org"}, {}, "a\0b"s}, matches},
      {"nul_in_host", "example.org\0"s, {{"example.org"}, {}, {}}, differs},
      {"nul_in_address", "127.0.0.1\0"s, {{}, {loopback}, {}}, differs},
  };
}

class certificate_names_test : public testing::TestWithParam<rule> {};

TEST_P(certificate_names_test, verdict) {
  rule const& each = GetParam();
  EXPECT_EQ(static_cast<int>(check_name(each.names, each.host)), static_cast<int>(each.verdict));
}

INSTANTIATE_TEST_SUITE_P(each, certificate_names_test, testing::ValuesIn(rules()),
                         [](auto const& of) { return std::string(of.param.name); });

struct showing {
  certificate_names names;
  std::string text;
};

TEST(shown_names_test, are_bounded_and_harmless) {
  std::string const long_name(1000, 'x');
  for (auto const& [names, text] : std::vector<showing>{
           {{}, "no name"},
           {{{"a.b", "*.c"}, {loopback, loopback6}, "cn"s}, R"("a.b", "*.c", 127.0.0.1, ::1)"},
           {{{}, {}, "cn"s}, R"("cn")"},
           {{{}, {loopback}, "cn"s}, R"(127.0.0.1, "cn")"},
           {{{"\x1b]0;x\x07\n\"\\\xc3"}, {}, {}}, R"("?]0;x?????")"},
           {{{long_name}, {}, {}}, '"' + long_name.substr(0, 64) + "...\""},
           {{std::vector<std::string>(1000, "a"), {}, {}}, R"("a", "a", "a", "a", "a" and 995 more)"},
           {{{}, {"abc"}, {}}, "an address of a wrong length"},
       })
    EXPECT_EQ(shown(names), text);
}

}  // namespace
}  // namespace tusk::client
