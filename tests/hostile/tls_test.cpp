// A server that cheats around TLS: before it, in it, with its certificate.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <vector>

#include "hostile/refused.hpp"
#include "support/scram_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr char const* mistrust = "it sent more than one byte before TLS began";

// ---- before TLS ----

struct answer {
  char const* name;
  std::string bytes;  // after SSLRequest
  std::string_view said;
};
void PrintTo(answer const& each, std::ostream* out) { *out << each.name; }

std::vector<answer> const answers{
    {"ok_after_s", "S" + authentication(0), mistrust},
    {"one_byte_after_s", "SS", mistrust},
    {"error_after_s", "S" + message('E', fields("FATAL", "28000", "forged")), mistrust},
    {"session_after_s", "S" + welcome(), mistrust},
    {"session_after_n", "N" + welcome(), mistrust},
    {"error_with_escapes", message('E', fields("FATAL", "28000", "\x1b]0;forged\x07")), "with an error"},
    {"error_without_end", "Eforged", "with an error"},
    {"garbage", "\x1b[2Jforged", "it is not a PostgreSQL server"},
    {"no", "N", "it does not offer TLS"},
};

class answered : public testing::TestWithParam<answer> {};

TEST_P(answered, nothing_is_told_and_nothing_unauthenticated_is_shown) {
  std::vector<std::string> modes{"require", "verify-ca", "verify-full"};
  if (GetParam().bytes != "N") modes.insert(modes.end(), {"allow", "prefer"});
  for (std::string const& mode : modes) {
    SCOPED_TRACE(mode);
    certificate const& ca = authority(key_kind::ecdsa);
    temporary_folder const files;
    std::string told;
    {
      scripted_server server([&](peer& client) {
        // `allow` begins without TLS, and asks for it when it is refused.
        if (mode == "allow" && client.receive_startup().size() > 8) {
          client.send(message('E', fields("FATAL", "28000", "no encryption")));
          return;
        }
        if (mode != "allow") client.receive_startup();
        client.send(GetParam().bytes);
        told = client.receive(1000);
      });
      auto const error = refused(server, "sslmode=" + mode + " sslrootcert=" + files.write("ca.crt", ca.pem()));
      EXPECT_CONTAINS(GetParam().said, error.what());
      EXPECT_LACKS("forged", error.what());
    }
    EXPECT_EQ(told, "");
  }
}

INSTANTIATE_TEST_SUITE_P(each, answered, testing::ValuesIn(answers), named);

// ---- in TLS, at each point ----

struct in_tls {
  char const* name;
  std::function<void(peer&, tls_peer&)> script;
};
void PrintTo(in_tls const& each, std::ostream* out) { *out << each.name; }

/// Goes through the login up to a point: 0 the handshake, 1 the startup, 2 the client's first message, 3 its proof.
void up_to(int point, tls_peer& secure, std::function<void()> const& then) {
  if (!secure.begin()) return;
  if (point == 0) return then();
  if (point == 1) return secure.receive_startup(), then();
  if (point == 4) return play_scram(secure, {}), then();
  play_scram(secure, {.edit_first =
                          [&](std::string& first) {
                            if (point == 2) then(), first = "x";
                          },
                      .edit_final =
                          [&](std::string& final) {
                            if (point == 3) then(), final = "x";
                          }});
}

struct point_of_login {
  int number;
  char const* name;
};
constexpr point_of_login points[] = {
    {0, "after_the_handshake"}, {1, "after_the_startup"}, {2, "in_scram"}, {3, "before_the_signature"}};

std::vector<in_tls> tls_scripts() {
  static std::vector<std::string> names;
  names.reserve(64);
  std::vector<in_tls> all;
  auto const add = [&all](std::string const& what, point_of_login at, auto act) {
    names.push_back(what + "_" + at.name);
    all.push_back({names.back().c_str(), [at, act](peer& client, tls_peer& secure) {
                     up_to(at.number, secure, [&] { act(client, secure); });
                   }});
  };
  for (auto const& at : points) {
    add("closes", at, [](peer& client, tls_peer&) { client.hang_up(); });
    add("says_goodbye", at, [](peer& client, tls_peer& secure) { secure.goodbye(), client.hang_up(); });
    add("garbage", at, [](peer&, tls_peer& secure) { secure.send("\x1b]0;no\x07 such message"); });
    add("plain_bytes", at, [](peer& client, tls_peer&) { client.send(welcome()); });
    add("tiny_length", at, [](peer&, tls_peer& secure) { secure.send("R" + int32(3)); });
    add("huge_length", at, [](peer&, tls_peer& secure) { secure.send("E" + int32(0x7fff'ffff)); });
  }
  return all;
}

class during : public testing::TestWithParam<in_tls> {};

TEST_P(during, ends_in_an_error) {
  certificate const own;
  scripted_server server([&own](peer& client) {
    tls_peer secure(client, own);
    GetParam().script(client, secure);
    secure.stay_silent();
  });
  auto const begin = std::chrono::steady_clock::now();
  refused(server, "sslmode=require");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

INSTANTIATE_TEST_SUITE_P(each, during, testing::ValuesIn(tls_scripts()), named);

class silent_after : public testing::TestWithParam<point_of_login> {};
void PrintTo(point_of_login const& each, std::ostream* out) { *out << each.name; }

TEST_P(silent_after, ends_with_connect_timeout) {
  certificate const own;
  scripted_server server([&own](peer& client) {
    tls_peer secure(client, own);
    up_to(GetParam().number, secure, [&] { secure.stay_silent(); });
  });
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_CONTAINS("connect_timeout", refused(server, "sslmode=require connect_timeout=1").what());
  auto const passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(passed, 1s);
  EXPECT_LT(passed, 4s);
}

INSTANTIATE_TEST_SUITE_P(each, silent_after, testing::ValuesIn(points), named);

// ---- the protocol inside TLS ----

struct negotiation {
  char const* name;
  bool direct;
  alpn says;
  std::string_view said;  // the refusal; empty: connected
};
void PrintTo(negotiation const& each, std::ostream* out) { *out << each.name; }

constexpr negotiation negotiations[] = {
    {"direct_and_chosen", true, alpn::postgresql, ""},
    {"direct_and_nothing_chosen", true, alpn::silent, "did not choose the protocol \"postgresql\""},
    {"direct_and_another_chosen", true, alpn::other, "TLS: "},
    {"asked_for_and_chosen", false, alpn::postgresql, ""},
    {"asked_for_and_nothing_chosen", false, alpn::silent, ""},  // servers before 17
};

class negotiated : public testing::TestWithParam<negotiation> {};

/// Direct TLS could be any protocol's: without ALPN a server of another one might be talked into something.
TEST_P(negotiated, protocol_is_ours) {
  auto const& of = GetParam();
  certificate const& ca = authority(key_kind::ecdsa);
  certificate const own({.issuer = &ca, .key_of = &ca});
  temporary_folder const files;
  std::string told, begin;
  scripted_server server([&](peer& client) {
    tls_peer secure(client, own, of.says);
    if (!of.direct) begin = client.receive_startup(), client.send("S");
    if (!secure.accept()) return;
    told = secure.receive_startup();
    if (told.empty()) return;
    secure.send(welcome());
    secure.stay_silent();
  });
  for (std::string const mode : {"require", "verify-full"}) {
    std::string const more = "sslmode=" + mode + " sslrootcert=" + files.write("ca.crt", ca.pem()) +
                             (of.direct ? " sslnegotiation=direct" : "");
    if (of.said.empty())
      EXPECT_EQ(connect(server.dsn(more)).info().tls_version, "TLSv1.3");
    else
      EXPECT_CONTAINS(of.said, refused(server, more).what());
    server.wait_for_scripts();
    EXPECT_EQ(told.empty(), !of.said.empty());
  }
  EXPECT_EQ(server.clients(), 2);
}

INSTANTIATE_TEST_SUITE_P(each, negotiated, testing::ValuesIn(negotiations), named);

// ---- certificates ----

struct bad_certificate {
  char const* name;
  char const* mode;
  certificate_wishes wishes;
  std::string_view said;
  bool of_another_authority = false;
};
void PrintTo(bad_certificate const& each, std::ostream* out) { *out << each.name; }

std::vector<bad_certificate> const bad_certificates{
    {"expired", "verify-full", {.begins = -7200, .ends = -3600}, "expired"},
    {"expired_verify_ca", "verify-ca", {.begins = -7200, .ends = -3600}, "expired"},
    {"not_yet_valid", "verify-full", {.begins = 3600, .ends = 7200}, "not yet valid"},
    {"another_name", "verify-full", {.alternatives = "DNS:elsewhere.example"}, "connect to a name"},
    {"another_address", "verify-full", {.alternatives = "IP:127.0.0.2"}, "connect to a name"},
    {"another_authority", "verify-full", {}, "sslrootcert", true},
    {"another_authority_verify_ca", "verify-ca", {}, "sslrootcert", true},
    {"another_authority_require_with_sslrootcert", "require", {}, "sslrootcert", true},
};

class presented : public testing::TestWithParam<bad_certificate> {};

TEST_P(presented, a_bad_certificate_gets_nothing) {
  for (key_kind const kind : all_keys) {
    SCOPED_TRACE(name(kind));
    certificate_wishes wishes = GetParam().wishes;
    wishes.key = kind;
    wishes.issuer = &authority(kind, GetParam().of_another_authority);
    wishes.key_of = &authority(kind);  // a new one for each would take long
    certificate const own(wishes);
    temporary_folder const files;
    std::string told;
    {
      scripted_server server([&](peer& client) {
        tls_peer secure(client, own);
        secure.begin();
        told = secure.receive_startup();
      });
      auto const error = refused(server, std::string("sslmode=") + GetParam().mode +
                                             " sslrootcert=" + files.write("ca.crt", authority(kind).pem()));
      EXPECT_CONTAINS(GetParam().said, error.what());
    }
    EXPECT_EQ(told, "");
  }
}

INSTANTIATE_TEST_SUITE_P(each, presented, testing::ValuesIn(bad_certificates), named);

// ---- the same, honest: what is refused above is refused for its fault alone ----

class honest : public testing::TestWithParam<key_kind> {};

TEST_P(honest, binds_scram_to_the_certificate_where_it_can) {
  certificate const& ca = authority(GetParam());
  certificate const own({.key = GetParam(), .issuer = &ca, .key_of = &ca});
  temporary_folder const files;
  bool const binds = GetParam() != key_kind::ed25519;
  scram_outcome said;
  {
    scripted_server server([&](peer& client) {
      tls_peer secure(client, own);
      if (!secure.begin()) return;
      said = play_scram(secure, {.offer_plus = true, .end_point = own.end_point()});
      secure.stay_silent();
    });
    connection const conn =
        connect(server.dsn("connect_timeout=20 sslmode=verify-full sslrootcert=" + files.write("ca.crt", ca.pem())));
    EXPECT_EQ(conn.info().authentication, binds ? "scram-sha-256-plus" : "scram-sha-256");
  }
  EXPECT_TRUE(said.proven);
}

TEST_P(honest, a_man_in_the_middle_is_not_bound_to) {
  if (GetParam() == key_kind::ed25519) return;  // it has no hash to bind to: see channel_binding=require
  certificate const &theirs = authority(GetParam()), mine({.key = GetParam()});
  scram_outcome said;
  {
    scripted_server server([&](peer& client) {
      tls_peer secure(client, mine);
      if (!secure.begin()) return;
      // It hands the login on to a server that has another certificate.
      said = play_scram(secure, {.offer_plus = true,
                                 .end_point = theirs.end_point(),
                                 .edit_final = [](std::string& final) { final = "e=channel-bindings-dont-match"; }});
      secure.stay_silent();
    });
    EXPECT_EQ(refused(server, "sslmode=require").code(), protocol::errc::sasl_server_error);
  }
  EXPECT_EQ(said.mechanism, "SCRAM-SHA-256-PLUS");
  EXPECT_FALSE(said.proven);
}

INSTANTIATE_TEST_SUITE_P(each, honest, testing::ValuesIn(all_keys), [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
