// A server that cheats in the startup, in the clear: lengths, closings, requests for the password as it is.
#include <gtest/gtest.h>
#include <ifaddrs.h>

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <vector>

#include "conninfo/keywords.hpp"
#include "hostile/refused.hpp"
#include "support/heap_bytes.hpp"
#include "support/scram_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

// ---- what the client is asked to send ----

TEST(startup_test, nul_in_a_value_sends_nothing) {
  for (auto const& keyword : client::conninfo_keywords) {
    SCOPED_TRACE(keyword.name);
    if (keyword.name == "requiressl") continue;  // whatever is not 1 means sslmode=prefer, and is sent nowhere
    scripted_server server([](peer& client) { client.stay_silent(); });
    connect_options options;
    options.parameters = {{std::string(keyword.name), std::string("a\0user\0postgres", 15)}};
    auto const error = thrown<programming_error>([&] { connect(server.dsn("connect_timeout=20"), options); });
    EXPECT_CONTAINS(keyword.name, error.what());
    if (keyword.secret) {
      EXPECT_LACKS("postgres", error.what());
    }
    EXPECT_EQ(server.clients(), 0);
  }
}

TEST(startup_test, nul_in_a_connection_string_sends_nothing) {
  for (std::string_view const text : {"application_name=a\0b", "options='\0'", "\0", "user=a password=\0secret"}) {
    std::string const dsn = std::string(text.data(), text.size()) + std::string("\0 user=postgres", 15);
    scripted_server server([](peer& client) { client.stay_silent(); });
    auto const error = thrown<programming_error>([&] { connect(server.dsn(dsn)); });
    EXPECT_LACKS("secret", error.what());
    EXPECT_EQ(server.clients(), 0);
  }
}

TEST(startup_test, nul_in_the_password_of_a_callback_sends_nothing) {
  for (auto const& request : {authentication(3), authentication(5, "salt")}) {
    std::string told;
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(request);
      told = client.receive_message();
    });
    connect_options options;
    options.password = [](password_request const&) { return std::string("open_sesame\0more", 16); };
    auto const error = thrown<operational_error>([&] { connect(server.dsn("connect_timeout=20"), options); });
    EXPECT_LACKS("open_sesame", error.what());
    server.wait_for_scripts();
    EXPECT_EQ(told, "");
  }
}

// ---- lengths ----

struct length_case {
  char type;
  std::uint32_t length;
};
void PrintTo(length_case const& each, std::ostream* out) { *out << each.type << each.length; }

std::vector<length_case> length_cases() {
  std::vector<length_case> all;
  for (char const type : {'R', 'E', 'v'})
    for (std::uint32_t const length : {0U, 1U, 3U, 4U, 5U, 7U, 30'001U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU})
      all.push_back({type, length});
  all.push_back({'R', 2'001});
  all.push_back({'v', 2'001});
  for (char const type : {'N', 'S', 'K', 'Z', 'D', 'A', 'd'}) all.push_back({type, 8});  // not before authentication
  return all;
}

class length : public testing::TestWithParam<length_case> {};

TEST_P(length, is_refused_before_it_is_allocated) {
  heap_watch const heap;
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(GetParam().type + int32(GetParam().length));
    client.stay_silent();
  });
  refused(server);
  EXPECT_LT(heap.growth(), 1'000'000U);
}

INSTANTIATE_TEST_SUITE_P(each, length, testing::ValuesIn(length_cases()),
                         [](auto const& of) { return of.param.type + std::to_string(of.param.length); });

// ---- points at which it stops ----

/// All that the server of a login by SCRAM says up to ReadyForQuery, cut at every byte.
TEST(startup_test, closes_after_every_byte_of_the_welcome) {
  std::string const all = welcome();
  for (std::size_t keep = 0; keep < all.size(); ++keep) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(all.substr(0, keep));
    });
    refused(server);
  }
}

TEST(startup_test, garbage_after_every_message_of_the_welcome) {
  std::string const all = welcome();
  for (std::size_t at = 0; at < all.size(); at += 1 + protocol::load_big_endian<std::uint32_t>(all.data() + at + 1)) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(all.substr(0, at) + "\x1b]0;no\x07 such message");
      client.stay_silent();
    });
    refused(server);
  }
}

// ---- the password as it is ----

/// How the bytes travel, and what the connection string says.
struct transport {
  char const* name;
  char const* sslmode;
  bool tls;
  bool verified = false;  // the certificate and the name in it
};
void PrintTo(transport const& each, std::ostream* out) { *out << each.name; }
constexpr transport transports[] = {
    {"plain_disable", "disable", false},  {"plain_prefer", "prefer", false},
    {"tls_prefer", "prefer", true},       {"tls_require", "require", true},
    {"tls_verify_ca", "verify-ca", true}, {"tls_verify_full", "verify-full", true, true},
};

/// What the client answers to the request; empty if it closes.
std::string answer_to(std::string const& request, transport const& by, std::string const& address, errc& code) {
  certificate const& ca = authority(key_kind::ecdsa);
  certificate const own({.alternatives = "IP:" + address, .issuer = &ca, .key_of = &ca});
  temporary_folder const files;
  std::string told;
  auto const ask = [&](auto& client) {
    client.receive_startup();
    client.send(request);
    told = client.receive_message();
  };
  {
    scripted_server server(
        [&](peer& client) {
          tls_peer secure(client, own);
          if (by.tls) return void(secure.begin() && (ask(secure), true));
          if (std::string_view(by.sslmode) != "disable") client.receive_startup(), client.send("N");
          ask(client);
        },
        address);
    auto const error =
        refused(server, std::string("sslmode=") + by.sslmode + " sslrootcert=" + files.write("ca.crt", ca.pem()));
    code = error.code().category() == make_error_code(errc{}).category() ? static_cast<errc>(error.code().value())
                                                                         : errc{};
  }
  return told;
}

/// An address of this machine that is not loopback; empty if it has none.
std::string own_address() {
  std::string result;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return result;
  for (ifaddrs const* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    auto const ip = ntohl(reinterpret_cast<sockaddr_in const*>(each->ifa_addr)->sin_addr.s_addr);
    in_addr const back{htonl(ip)};
    if (ip >> 24 != 127) result = ::inet_ntoa(back);
  }
  ::freeifaddrs(all);
  return result;
}

class asked_for_password : public testing::TestWithParam<transport> {};

TEST_P(asked_for_password, in_clear_on_loopback_it_is_sent) {
  errc code{};
  EXPECT_EQ(answer_to(authentication(3), GetParam(), "127.0.0.1", code), 'p' + int32(16) + text("open_sesame"));
}

TEST_P(asked_for_password, in_clear_to_another_machine_only_by_verified_tls) {
  std::string const address = own_address();
  if (address.empty()) {
    std::printf("left out: this machine has no address but loopback\n");
    return;
  }
  errc code{};
  std::string const told = answer_to(authentication(3), GetParam(), address, code);
  EXPECT_EQ(told, GetParam().verified ? 'p' + int32(16) + text("open_sesame") : "");
  EXPECT_EQ(code == errc::cleartext_refused, !GetParam().verified);
}

TEST_P(asked_for_password, as_md5_it_is_never_sent_as_it_is) {
  errc code{};
  std::string const told = answer_to(authentication(5, "salt"), GetParam(), "127.0.0.1", code);
  EXPECT_EQ(told.substr(0, 8), 'p' + int32(40) + "md5");
  EXPECT_EQ(told.find("open_sesame"), told.npos);
}

INSTANTIATE_TEST_SUITE_P(each, asked_for_password, testing::ValuesIn(transports), named);

}  // namespace
}  // namespace tusk::test
