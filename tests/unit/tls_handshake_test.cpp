// Handshakes with every kind of server: who is let in, and what is said of who is not.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/tls_pair.hpp"

namespace tusk::test {
namespace {

using client::host_settings;
using client::sslcertmode;
using client::sslmode;
using client::sslnegotiation;
using client::tls_settings;
using client::tls_version;

/// Authorities and a client's papers, made once for all tests of this file.
struct world {
  certificate ca{{.subject = "an authority", .authority = true}};
  certificate between{{.subject = "one between", .issuer = &ca, .authority = true}};
  certificate other{{.subject = "another authority", .authority = true}};
  certificate good{{.issuer = &ca}};
  certificate revoked{{.issuer = &ca}};
  certificate client{{.subject = "somebody", .alternatives = "", .issuer = &ca}};
  temporary_folder folder;

  world() {
    folder.write("ca.crt", ca.pem());
    folder.write("other.crt", other.pem());
    folder.write("both.crt", other.pem() + ca.pem());
    folder.write("ca.crl", revocation_list(ca, {revoked}));
    folder.write("chain.crl", revocation_list(ca, {}) + revocation_list(between, {}));
    folder.write("chain_revoked.crl", revocation_list(ca, {between}) + revocation_list(between, {}));
    folder.write("old.crl", revocation_list(ca, {}, -60));
    folder.write("other.crl", revocation_list(other, {}));
    folder.write("client.crt", client.pem());
    folder.write("client.key", client.key_pem());
  }

  /// Signed by the authority, with the good one's key.
  tls_side server(certificate_wishes of) const {
    of.issuer = &ca;
    of.key_of = &good;
    return {certificate(of)};
  }
};
world const& the() {
  static world const made;
  return made;
}

/// A file of the folder; the empty name and `system` stay.
std::string file(std::string_view name) {
  return name.empty() || name == "system" ? std::string(name) : the().folder.path(name);
}

struct meeting {
  char const* name;
  std::string said;  // a part of the client's error; empty: it is let in
  std::function<tls_side()> server = [] { return tls_side{the().good}; };
  std::function<void(tls_settings&)> how = [](tls_settings&) {};
  host_settings to = {"localhost", "", 5432, ""};
};
void PrintTo(meeting const& each, std::ostream* out) { *out << each.name; }

tls_settings strict() {
  tls_settings how;
  how.mode = sslmode::verify_full;
  how.rootcert = file("ca.crt");
  return how;
}

auto with(certificate_wishes const& of) {
  return [of] { return the().server(of); };
}
host_settings at(char const* name) { return {name, "", 5432, ""}; }

constexpr char const* refused = "the server's certificate was refused: ";

std::vector<meeting> names() {
  auto const no_host = [](tls_settings&) {};
  return {
      {"good", ""},
      {"good_address", "", with({}), no_host, at("127.0.0.1")},
      {"good_ipv6", "", with({.alternatives = "IP:::1"}), no_host, at("::1")},
      {"other_name", std::string(refused) + R"(it is for "localhost", 127.0.0.1, not for "db"; connect to a name)",
       with({}), no_host, at("db")},
      {"other_address", R"(it is for "localhost", 127.0.0.1, not for "127.0.0.2")", with({}), no_host, at("127.0.0.2")},
      {"common_name", "", with({.alternatives = ""})},
      {"common_name_beside_address", "", with({.alternatives = "IP:10.0.0.1"})},
      {"common_name_beside_dns", R"(it is for "db", not for "localhost")", with({.alternatives = "DNS:db"})},
      {"common_name_other", R"(it is for "db", not for "localhost")", with({.subject = "db", .alternatives = ""})},
      {"wildcard", "", with({.alternatives = "DNS:*.example.org"}), no_host, at("db.example.org")},
      {"wildcard_two_labels", R"(it is for "*.example.org", not for "a.db.example.org")",
       with({.alternatives = "DNS:*.example.org"}), no_host, at("a.db.example.org")},
      {"no_name", "it is for no name, not for \"localhost\"", with({.subject = "", .alternatives = ""})},
      {"mail_is_no_name", "it is for no name", with({.subject = "", .alternatives = "email:localhost, URI:localhost"})},
      {"name_verify_ca", "", with({}), [](tls_settings& how) { how.mode = sslmode::verify_ca; }, at("db")},
      {"name_require", "", with({}), [](tls_settings& how) { how.mode = sslmode::require; }, at("db")},
  };
}

std::vector<meeting> chains() {
  auto const root = [](std::string_view name) { return [name](tls_settings& how) { how.rootcert = file(name); }; };
  auto const mode = [](sslmode wanted, std::string_view name) {
    return [=](tls_settings& how) {
      how.mode = wanted;
      how.rootcert = file(name);
    };
  };
  auto const crl = [](std::string_view name) { return [name](tls_settings& how) { how.crl = file(name); }; };
  auto const user_folder = [](sslmode wanted, bool lists) {
    return [=](tls_settings& how) {
      static temporary_folder const home, home_with_list;
      temporary_folder const& mine = lists ? home_with_list : home;
      mine.write("root.crt", (lists ? the().ca : the().other).pem());
      if (lists) mine.write("root.crl", revocation_list(the().ca, {the().revoked}));
      how.mode = wanted;
      how.rootcert.clear();
      how.user_folder = mine.path();
    };
  };
  auto const incomplete = [] { return tls_side{certificate({.issuer = &the().between})}; };
  auto const below = [=] {
    tls_side side = incomplete();
    side.chain = {the().between};
    return side;
  };
  auto const revoked = [] { return tls_side{the().revoked}; };
  auto const own = [] { return tls_side{certificate()}; };
  char const* const unknown = "; check that sslrootcert is the authority that signed it";
  return {
      {"expired", "certificate has expired; renew it at the server", with({.ends = -60})},
      {"expired_verify_ca", "certificate has expired", with({.ends = -60}), mode(sslmode::verify_ca, "ca.crt")},
      {"expired_require_with_root", "certificate has expired", with({.ends = -60}), mode(sslmode::require, "ca.crt")},
      {"expired_require", "", with({.ends = -60}), mode(sslmode::require, "")},
      {"expired_prefer", "", with({.ends = -60}), mode(sslmode::prefer, "")},
      {"foreign", unknown, with({}), root("other.crt")},
      {"foreign_prefer", unknown, with({}), mode(sslmode::prefer, "other.crt")},
      {"foreign_allow", unknown, with({}), mode(sslmode::allow, "other.crt")},
      {"one_of_two_authorities", "", with({}), root("both.crt")},
      {"self_signed", unknown, own},
      {"self_signed_require", "", own, mode(sslmode::require, "")},
      {"one_between", "", below},
      {"one_between_missing", unknown, incomplete},
      {"system", unknown, with({}), root("system")},
      {"root_of_user_folder", unknown, with({}), user_folder(sslmode::require, false)},
      {"root_of_user_folder_prefer", unknown, with({}), user_folder(sslmode::prefer, false)},
      {"root_of_user_folder_full", "", with({}), user_folder(sslmode::verify_full, true)},
      {"crl_of_user_folder", "certificate revoked", revoked, user_folder(sslmode::verify_full, true)},
      {"revoked", "certificate revoked; it must be replaced", revoked, crl("ca.crl")},
      {"revoked_unseen", "", revoked},
      {"not_revoked", "", with({}), crl("ca.crl")},
      {"crl_of_another", "unable to get certificate CRL; sslcrl and sslcrldir must hold", with({}), crl("other.crl")},
      {"crl_of_the_chain_needed", "unable to get certificate CRL", below, crl("ca.crl")},
      {"crl_of_the_chain", "", below, crl("chain.crl")},
      {"one_between_revoked", "certificate revoked", below, crl("chain_revoked.crl")},
      {"crl_out_of_date", "CRL has expired; sslcrl or sslcrldir must be brought up to date", with({}), crl("old.crl")},
      {"crl_unused_without_authorities", "", revoked,
       [](tls_settings& how) {
         how.mode = sslmode::require;
         how.rootcert.clear();
         how.crl = file("ca.crl");
       }},
      {"crldir", "certificate revoked", revoked,
       [](tls_settings& how) {
         static temporary_folder const lists;
         lists.write(list_name(the().ca), revocation_list(the().ca, {the().revoked}));
         how.crldir = lists.path();
       }},
      {"rsa", "", [] { return tls_side{certificate({.key = key_kind::rsa, .issuer = &the().ca})}; }},
      {"ed25519", "", [] { return tls_side{certificate({.key = key_kind::ed25519, .issuer = &the().ca})}; }},
  };
}

std::vector<meeting> others() {
  auto const versions = [](tls_version minimum, tls_version maximum) {
    return [=](tls_settings& how) {
      how.minimum = minimum;
      how.maximum = maximum;
    };
  };
  auto const only = [](int version) {
    return [=] { return tls_side{.own = the().good, .minimum = version, .maximum = version}; };
  };
  auto const speaks = [](char const* protocol) {
    return [=] { return tls_side{.own = the().good, .protocol = protocol}; };
  };
  auto const direct = [](tls_settings& how) { how.negotiation = sslnegotiation::direct; };
  auto const asks = [] {
    return tls_side{
        .own = the().good, .clients_authority = the().ca, .certificate_needed = true, .maximum = TLS1_2_VERSION};
  };
  char const* const check = "; check ssl_min_protocol_version and ssl_max_protocol_version";
  return {
      {"version_1_2", "", only(TLS1_2_VERSION)},
      {"version_1_3", "", only(TLS1_3_VERSION)},
      {"version_too_old", check, only(TLS1_2_VERSION), versions(tls_version::tls1_3, tls_version::any)},
      {"version_too_new", check, only(TLS1_3_VERSION), versions(tls_version::any, tls_version::tls1_2)},
      {"versions_crossed", check, only(TLS1_3_VERSION), versions(tls_version::tls1_3, tls_version::tls1_2)},
      {"alpn_none", "", speaks("")},
      {"alpn_direct", "", speaks("postgresql"), direct},
      {"alpn_direct_none",
       "did not choose the protocol \"postgresql\" (ALPN); sslnegotiation=direct needs PostgreSQL 17", speaks(""),
       direct},
      {"client_certificate_missing", "; the server needs a client certificate: set sslcert and sslkey", asks},
      {"client_certificate", "", asks,
       [](tls_settings& how) {
         how.cert = file("client.crt");
         how.key = file("client.key");
       }},
      {"client_certificate_of_another", "; the server refuses our client certificate: check sslcert and sslkey", asks,
       [](tls_settings& how) {
         certificate const own({.subject = "somebody"});
         how.cert = the().folder.write("own.crt", own.pem());
         how.key = the().folder.write("own.key", own.key_pem());
       }},
  };
}

class tls_handshake : public testing::TestWithParam<meeting> {};

TEST_P(tls_handshake, lets_in_or_says_why_not) {
  meeting const& each = GetParam();
  tls_settings how = strict();
  each.how(how);
  tls_pair pair(how, each.to, each.server());
  std::string const said = pair.shake_hands();
  if (!each.said.empty()) {
    EXPECT_CONTAINS(each.said, said);
    return;
  }
  EXPECT_EQ(said, "") << pair.server_error();
  EXPECT_TRUE(pair.server_writes("hello"));
  EXPECT_EQ(pair.read(), "hello");
  EXPECT_EQ(pair.client().write("there").bytes, 5U);
  EXPECT_EQ(pair.server_reads(), "there");
  EXPECT_EQ(pair.client().version(), SSL_get_version(pair.server()));
  EXPECT_EQ(pair.client().cipher(), SSL_get_cipher_name(pair.server()));
}

auto const name_of = [](auto const& of) { return std::string(of.param.name); };
INSTANTIATE_TEST_SUITE_P(names, tls_handshake, testing::ValuesIn(names()), name_of);
INSTANTIATE_TEST_SUITE_P(chains, tls_handshake, testing::ValuesIn(chains()), name_of);
INSTANTIATE_TEST_SUITE_P(others, tls_handshake, testing::ValuesIn(others()), name_of);

// ---- what the server sees of us ----

tls_settings with_certificate() {
  tls_settings how = strict();
  how.cert = file("client.crt");
  how.key = file("client.key");
  return how;
}

TEST(tls_sight_test, a_server_of_another_name_sees_no_client_certificate) {
  for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_side const server{.own = the().good, .clients_authority = the().ca, .minimum = version, .maximum = version};
    tls_pair pair(with_certificate(), at("db"), server);
    EXPECT_CONTAINS("not for \"db\"", pair.shake_hands());
    for (int turn = 0; turn < 3; ++turn) pair.step();
    EXPECT_FALSE(pair.certificate_seen());
    EXPECT_FALSE(SSL_is_init_finished(pair.server()));
  }
}

struct sending {
  char const* name;
  bool asked, named;
  sslcertmode mode;
  bool seen;
};

TEST(tls_sight_test, a_client_certificate_is_sent_where_it_is_asked_for) {
  using enum sslcertmode;
  for (sending const& each :
       {sending{"asked", true, true, allow, true}, sending{"not asked", false, true, allow, false},
        sending{"none", true, false, allow, false}, sending{"disabled", true, true, disable, false},
        sending{"required", true, true, require, true}, sending{"required, not asked", false, true, require, false}})
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      SCOPED_TRACE(each.name);
      tls_settings how = each.named ? with_certificate() : strict();
      how.certmode = each.mode;
      tls_side server{.own = the().good, .minimum = version, .maximum = version};
      if (each.asked) server.clients_authority = the().ca;
      tls_pair pair(how, at("localhost"), server);
      EXPECT_EQ(pair.shake_hands(), "");
      EXPECT_EQ(pair.client().certificate_requested(), each.asked);
      EXPECT_EQ(pair.certificate_seen(), each.seen);
    }
}

struct telling {
  char const* host;
  bool sni;
  char const* told;
};

TEST(tls_sight_test, the_name_is_told_unless_it_is_an_address) {
  for (telling const& each :
       {telling{"localhost", true, "localhost"}, telling{"localhost", false, ""}, telling{"127.0.0.1", true, ""},
        telling{"127.1", true, ""}, telling{"::1", true, ""}, telling{"", true, ""}, telling{"1.a", true, "1.a"}}) {
    tls_settings how;
    how.mode = sslmode::require;
    how.sni = each.sni;
    tls_pair pair(how, at(each.host), {the().good});
    EXPECT_EQ(pair.shake_hands(), "");
    EXPECT_EQ(pair.name_told(), each.told) << each.host;
  }
}

TEST(tls_sight_test, alpn_is_always_offered) {
  for (auto const negotiation : {sslnegotiation::postgres, sslnegotiation::direct})
    for (std::string const protocol : {"postgresql", ""}) {
      tls_settings how = strict();
      how.negotiation = negotiation;
      tls_pair pair(how, at("localhost"), {.own = the().good, .protocol = protocol});
      EXPECT_EQ(pair.shake_hands().empty(), negotiation == sslnegotiation::postgres || !protocol.empty());
      EXPECT_EQ(pair.client().alpn_selected(), !protocol.empty());
    }
}

}  // namespace
}  // namespace tusk::test
