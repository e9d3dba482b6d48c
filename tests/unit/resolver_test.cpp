// Looking names up: on the spot where there is nothing to ask for, on a helper thread otherwise.
#include "net/resolver.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <tusk/tusk.hpp>

#include "support/thrown.hpp"

namespace tusk::client {
namespace {

void wait_until_done(resolver const& names) {
  pollfd waiting{names.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 30'000), 1);
  ASSERT_TRUE(names.done());
}

TEST(resolver_test, a_literal_address_is_there_at_once) {
  struct {
    char const *text, *shown;
    int family;
    bool is_loopback;
  } const rows[] = {{"127.0.0.1", "127.0.0.1", AF_INET, true},
                    {"127.255.1.2", "127.255.1.2", AF_INET, true},
                    {"10.0.0.1", "10.0.0.1", AF_INET, false},
                    {"::1", "::1", AF_INET6, true},
                    {"2001:db8::7", "2001:db8::7", AF_INET6, false}};
  for (auto const& row : rows) {
    SCOPED_TRACE(row.text);
    resolver names;
    names.start(row.text, 5432);
    EXPECT_TRUE(names.done());
    EXPECT_EQ(names.descriptor(), -1);
    ASSERT_EQ(names.addresses().size(), 1U);
    EXPECT_EQ(names.addresses()[0].text, row.shown);
    EXPECT_EQ(names.addresses()[0].family(), row.family);
    EXPECT_EQ(names.addresses()[0].is_loopback, row.is_loopback);
  }
}

TEST(resolver_test, a_name_wakes_the_descriptor) {
  resolver names;
  names.start("localhost", 5432);
  EXPECT_GE(names.descriptor(), 0);
  wait_until_done(names);
  ASSERT_FALSE(names.addresses().empty());
  for (endpoint const& each : names.addresses()) EXPECT_TRUE(each.is_loopback) << each.text;
}

TEST(resolver_test, a_name_that_nobody_has) {
  resolver names;
  names.start("no-such-host.invalid", 5432);
  wait_until_done(names);
  EXPECT_TRUE(names.addresses().empty());
  EXPECT_FALSE(names.error().empty());
}

TEST(resolver_test, can_be_left_at_any_time) {
  for (int i = 0; i < 20; ++i) {
    resolver names;
    names.start("localhost", 5432);
  }
}

TEST(resolver_test, that_was_not_started_has_no_descriptor) { EXPECT_EQ(resolver().descriptor(), -1); }

TEST(resolver_test, without_descriptors_left_is_an_error_of_the_connection) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::string named, literal;
  try {
    named = test::thrown<operational_error>([] { connect("host=localhost user=x dbname=x"); }).what();
    literal = test::thrown<operational_error>([] { connect("host=127.0.0.1 user=x dbname=x"); }).what();
  } catch (std::exception const& e) {
    named = e.what();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_CONTAINS("Too many open files", named);
  EXPECT_CONTAINS("Too many open files", literal);
}

}  // namespace
}  // namespace tusk::client
