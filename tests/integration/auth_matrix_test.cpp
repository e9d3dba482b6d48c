// require_auth x channel_binding x the server's method x TLS: every combination on a real server.
//
// What is expected comes from the rules below, written from libpq's documentation ("require_auth", "channel_binding"),
// which know nothing of the session's. libpq is asked the same where its version knows require_auth (16), and agrees in
// every row: a login by client certificate, which has no word in require_auth, counts as `none` for both. The one
// difference that is intended, certificates that cannot be bound to, is in tls_test.cpp.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>

#include "support/libpq_session.hpp"
#include "support/server.hpp"
#include "support/server_settings.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct method {
  char const* role;
  std::string_view word;  // of require_auth
};
constexpr method methods[] = {{"auth_trust", "none"},
                              {"auth_password", "password"},
                              {"auth_md5", "md5"},
                              {"auth_scram", "scram-sha-256"},
                              {"auth_cert", "none"}};
constexpr std::string_view lists[] = {
    "",      "none",           "password",       "md5",          "scram-sha-256",
    "!none", "!md5,!password", "!scram-sha-256", "password,md5", "scram-sha-256,none"};
constexpr std::string_view bindings[] = {"disable", "prefer", "require"};
constexpr way ways[] = {way::tcp, way::tls_verify_full};

bool allows(std::string_view list, std::string_view word) {
  if (list.empty()) return true;
  bool const negative = list.front() == '!';
  bool named = false;
  for (std::size_t at = 0; at < list.size();) {
    auto const end = std::min(list.find(',', at), list.size());
    named |= list.substr(at + (negative ? 1 : 0), end - at - (negative ? 1 : 0)) == word;
    at = end + 1;
  }
  return named != negative;
}

/// The method's name where the login succeeds; empty where it is refused.
std::string by_the_rules(method const& with, std::string_view list, std::string_view binding, bool tls) {
  bool const scram = with.word == "scram-sha-256";
  if (!allows(list, with.word)) return "";
  if (binding == "require" && !(scram && tls)) return "";
  return std::string(with.word) + (scram && tls && binding != "disable" ? "-plus" : "");
}

class auth_matrix : public testing::TestWithParam<std::tuple<way, method>> {};
void PrintTo(method const& each, std::ostream* out) { *out << each.role; }

TEST_P(auth_matrix, is_what_the_rules_say) {
  auto const [by, with] = GetParam();
  bool const with_certificate = std::string_view(with.role) == "auth_cert";
  if (with_certificate && !is_tls(by)) return;  // the server lets it in with TLS alone
  for (std::string_view const list : lists) {
    for (std::string_view const binding : bindings) {
      std::string more = "channel_binding=" + std::string(binding);
      if (!list.empty()) more += " require_auth=" + std::string(list);
      if (with_certificate) {
        std::string const folder = exported("TUSK_SERVER_DIR");
        more += " sslcert=" + folder + "/client.crt sslkey=" + folder + "/client.key";
      }
      SCOPED_TRACE(more);
      std::string const wanted = by_the_rules(with, list, binding, is_tls(by));
      std::string got, said;
      try {
        got = connect(dsn(by, with.role, more)).info().authentication;
      } catch (operational_error const& refused) {
        said = refused.what();
        EXPECT_EQ(refused.code().category(), protocol::protocol_category()) << "the server refused, not we: " << said;
        EXPECT_CONTAINS(allows(list, with.word) ? "channel_binding=require" : "require_auth", said);
      }
      EXPECT_EQ(got, wanted) << said;
      if (binding == "disable" || (libpq_session::version() < 160'000 && !list.empty())) continue;
      libpq_session const witness(dsn(by, with.role, more));
      EXPECT_EQ(witness.is_open(), !wanted.empty()) << witness.error();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(each, auth_matrix, testing::Combine(testing::ValuesIn(ways), testing::ValuesIn(methods)),
                         [](auto const& of) { return name(std::get<0>(of.param)) + "_" + std::get<1>(of.param).role; });

}  // namespace
}  // namespace tusk::test
