// inet and cidr: their text both ways, a user's text, order.
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <unordered_set>
#include <vector>

#include "support/parsed.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using types::errc;

constexpr ipv4_octets host = {std::byte{192}, std::byte{168}, std::byte{0}, std::byte{1}};

template <class Call>
std::error_code refused(Call&& call) {
  return test::thrown<data_error>(std::forward<Call>(call)).code();
}

TEST(network, reads_the_types_of_its_table) {
  EXPECT_EQ(test::read_types<inet>(), "cidr inet");
  EXPECT_EQ(test::read_types<cidr>(), "cidr");
  EXPECT_EQ(adapter<inet>::oid, oids::inet);
  EXPECT_EQ(adapter<cidr>::oid, oids::cidr);
}

TEST(inet, text_of_the_server_is_kept) {
  for (auto text :
       {"0.0.0.0"sv, "192.168.0.1"sv, "192.168.0.1/24"sv, "255.255.255.255/0"sv, "10.0.0.0/31"sv, "::"sv, "::1"sv,
        "::/0"sv, "::ffff:1.2.3.4"sv, "::1.2.3.4"sv, "::2"sv, "2001:db8::1/64"sv, "fe80::1/127"sv, "1:2:3:4:5:6:7:8"sv,
        "1:0:0:2::3"sv, "1::2:0:0:3:4"sv, "1:2:3:4:5:6:7:0"sv, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"sv}) {
    EXPECT_EQ(outcome_of(parse<inet>(text)), "value " + std::string(text));
    EXPECT_EQ(inet(text).to_string(), text);
    test::expect_each_prefix_read_or_refused<inet>(text);
  }
}

TEST(cidr, text_of_the_server_is_kept) {
  for (auto text : {"0.0.0.0/0"sv, "10.0.0.0/8"sv, "192.168.0.128/25"sv, "192.168.0.1/32"sv, "::/0"sv, "::1/128"sv,
                    "2001:db8::/32"sv, "::ffff:1.2.3.0/120"sv, "fe80::/10"sv}) {
    EXPECT_EQ(outcome_of(parse<cidr>(text)), "value " + std::string(text));
    EXPECT_EQ(cidr(text).to_string(), text);
    EXPECT_EQ(parse<inet>(text)->prefix(), cidr(text).prefix());
    test::expect_each_prefix_read_or_refused<cidr>(text);
  }
}

TEST(network, a_user_may_write_an_ipv6_address_in_any_form) {
  EXPECT_EQ(inet("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
  EXPECT_EQ(inet("0:0:0:0:0:FFFF:102:304").to_string(), "::ffff:1.2.3.4");
  EXPECT_EQ(inet("192.168.0.1/32").to_string(), "192.168.0.1");
  EXPECT_EQ(inet("::1/128").to_string(), "::1");
  EXPECT_EQ(cidr("2001:0db8::/32").to_string(), "2001:db8::/32");
}

TEST(inet, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},
      {"1", 0},
      {"1.2.3", 0},
      {"1.2.3.4.5", 0},
      {"1.2.3.256", 0},
      {"01.2.3.4", 0},
      {"1.2.3.04", 0},
      {"1.2.3.", 0},
      {".1.2.3.4", 0},
      {" 1.2.3.4", 0},
      {"1.2.3.4 ", 0},
      {"+1.2.3.4", 0},
      {"0x1.2.3.4", 0},
      {"1.2.3.4\0"sv, 0},
      {"1.2.3.4\0/24"sv, 0},
      {"1.2.3.4/", 8},
      {"1.2.3.4/33", 8},
      {"1.2.3.4/024", 8},
      {"1.2.3.4/24 ", 8},
      {"1.2.3.4/-1", 8},
      {"1.2.3.4/2x", 8},
      {"1.2.3.4/24/24", 8},
      {"1.2.3.4/255.255.255.0", 8},
      {"1.2.3.4/\0"sv, 8},
      {"/24", 0},
      {":", 0},
      {":::", 0},
      {"1::2::3", 0},
      {"1:2:3:4:5:6:7", 0},
      {"1:2:3:4:5:6:7:8:9", 0},
      {"12345::", 0},
      {"g::", 0},
      {"fe80::1%eth0", 0},
      {"[::1]", 0},
      {"::1.2.3", 0},
      {"::1.2.3.4.5", 0},
      {"1:2:3:4:5:6:7:1.2.3.4", 0},
      {"::1/129", 4},
      {"::1/1000", 4},
      {"::1/00", 4},
      {"1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8", 0},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<inet>(r.text)), failure(errc::malformed_address, r.position)) << r.text;
    EXPECT_EQ(refused([&] { inet{r.text}; }), errc::malformed_address) << r.text;
  }
}

TEST(cidr, needs_a_prefix_and_no_bits_behind_it) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"10.0.0.0", 8},    {"10", 0},      {"10/8", 0}, {"10.0.0.1/8", 0},       {"10.0.0.0/6", 0}, {"0.0.0.1/31", 0},
      {"128.0.0.0/0", 0}, {"::1/127", 0}, {"::", 2},   {"2001:db8::/31", -1UL}, {"8000::/0", 0}};
  for (row const& r : rows) {
    if (r.position == -1UL) {
      EXPECT_TRUE(parse<cidr>(r.text)) << r.text;
    } else {
      EXPECT_EQ(outcome_of(parse<cidr>(r.text)), failure(errc::malformed_address, r.position)) << r.text;
    }
  }
}

TEST(network, is_made_of_octets) {
  EXPECT_EQ(inet(host).to_string(), "192.168.0.1");
  EXPECT_EQ(inet(host, 24).to_string(), "192.168.0.1/24");
  EXPECT_EQ(inet().to_string(), "0.0.0.0");
  EXPECT_EQ(cidr().to_string(), "0.0.0.0/32");
  ipv6_octets six{};
  six[0] = std::byte{0xfe};
  six[1] = std::byte{0x80};
  EXPECT_EQ(inet(six).to_string(), "fe80::");
  EXPECT_EQ(cidr(six, 10).to_string(), "fe80::/10");
  inet const address("192.168.0.1/24");
  EXPECT_TRUE(address.is_v4() && !address.is_v6() && address.prefix() == 24);
  EXPECT_EQ(std::vector(address.octets().begin(), address.octets().end()), std::vector(host.begin(), host.end()));
  EXPECT_TRUE(inet(six).is_v6() && inet(six).octets().size() == 16 && inet(six).prefix() == 128);
  EXPECT_EQ(refused([] { inet(host, 33); }), errc::out_of_range);
  EXPECT_EQ(refused([] { inet(host, 256 + 24); }), errc::out_of_range);
  EXPECT_EQ(refused([&] { cidr(six, 129); }), errc::out_of_range);
  EXPECT_EQ(refused([] { cidr(host, 24); }), errc::malformed_address);
  std::ostringstream out;
  out << address << ' ' << cidr("10.0.0.0/8");
  EXPECT_EQ(out.str(), "192.168.0.1/24 10.0.0.0/8");
}

TEST(network, is_ordered_as_the_server_orders) {
  // As PostgreSQL 15 sorts them.
  constexpr std::string_view sorted[] = {"0.0.0.0/0",     "9.255.0.0", "10.0.0.0/8", "10.0.0.1/8",  "10.1.0.0/9",
                                         "10.0.0.0/16",   "10.0.0.0",  "10.0.0.1",   "10.1.0.0/16", "10.129.0.0/9",
                                         "255.255.255.0", "::/0",      "::",         "::1",         "2001:db8::/32"};
  for (std::size_t i = 0; i < std::size(sorted); ++i) {
    for (std::size_t j = 0; j < std::size(sorted); ++j) {
      EXPECT_TRUE((inet(sorted[i]) <=> inet(sorted[j])) == (i <=> j)) << sorted[i] << ' ' << sorted[j];
      EXPECT_EQ(inet(sorted[i]) == inet(sorted[j]), i == j) << sorted[i] << ' ' << sorted[j];
    }
  }
  EXPECT_NE(inet("0.0.0.0/32"), inet("::/32"));
  EXPECT_EQ((std::unordered_set<inet>{inet("::1"), inet("::1/128"), inet("::1/64")}).size(), 2U);
  EXPECT_EQ((std::unordered_set<cidr>{cidr("10.0.0.0/8"), cidr("10.0.0.0/9")}).size(), 2U);
}

}  // namespace
}  // namespace tusk
