// Several hosts: what was meant for one never reaches the next (CVE-2018-10915 and its like), whatever the first one
// did before it failed.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <atomic>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/certificate.hpp"
#include "support/scram_peer.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

constexpr char const *first_secret = "sesame_of_the_first", *second_secret = "barley_of_the_second";
std::string const starting_up = message('E', fields("FATAL", "57P03", "the database system is starting up"));

std::string md5_hex(std::string const& text) {
  unsigned char digest[16];
  if (EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_md5(), nullptr) != 1) return "no MD5";
  std::string hex;
  for (unsigned char const byte : digest) hex += "0123456789abcdef"[byte >> 4], hex += "0123456789abcdef"[byte & 15];
  return hex;
}
std::string md5_answer(std::string const& password) {
  return message('p', text("md5" + md5_hex(md5_hex(password + "u") + "salt")));
}

enum class asks { cleartext, md5, scram };
constexpr asks all_asks[] = {asks::cleartext, asks::md5, asks::scram};
std::string name(asks what) { return what == asks::cleartext ? "cleartext" : what == asks::md5 ? "md5" : "scram"; }

/// How the first host fails, once it has the answer.
enum class then { says_57p03, closes, says_57p03_at_once };
constexpr then all_thens[] = {then::says_57p03, then::closes, then::says_57p03_at_once};
std::string name(then what) {
  return what == then::says_57p03 ? "and_starts_up" : what == then::closes ? "and_closes" : "and_starts_up_at_once";
}

/// What a host was told.
struct heard {
  std::string said, client_first, client_final;  // all after the startup; of it SCRAM's messages
  bool proven = false;                           // knew the client the password that it was meant to know?
};

/// Asks for a password; the answer is that of one who knows `password`, or not. Then `last` is said.
template <class Peer>
heard ask(Peer& client, asks what, std::string const& password, std::string const& last) {
  heard told;
  if (what == asks::scram) {
    auto const said = play_scram(client, {.password = password, .then = last});
    told = {said.client_first + said.client_final, said.client_first, said.client_final, said.proven};
  } else {
    client.receive_startup();
    client.send(what == asks::md5 ? authentication(5, "salt") : authentication(3));
    told.said = client.receive_message();
    told.proven = told.said == (what == asks::md5 ? md5_answer(password) : message('p', text(password)));
    client.send(last);
  }
  return told;
}

/// The two hosts, and a password file with an entry for each.
struct two_hosts {
  heard at_first, at_second;
  scripted_server first, second;
  temporary_folder files;

  two_hosts(asks a, then end, asks b)
      : first([this, a, end](peer& client) {
          if (end == then::says_57p03_at_once) return void((client.receive_startup(), client.send(starting_up)));
          at_first = ask(client, a, first_secret, end == then::closes ? "" : starting_up);
        }),
        second([this, b](peer& client) {
          at_second = ask(client, b, second_secret, welcome());
          client.stay_silent();
        }) {}
  std::string entry(scripted_server const& of, std::string_view secret) const {
    return "127.0.0.1:" + of.port() + ":*:u:" + std::string(secret) + '\n';
  }
  std::string dsn(std::string const& passwords) {
    return "host=127.0.0.1,127.0.0.1 port=" + first.port() + ',' + second.port() +
           " user=u dbname=d sslmode=disable connect_timeout=20 passfile=" + files.write("passwords", passwords);
  }
};

class previous_host : public testing::TestWithParam<std::tuple<asks, then, asks>> {
 protected:
  /// Without kept keys, and with them where both hosts could use them.
  static std::vector<connect_options> each_way() {
    auto const [a, end, b] = GetParam();
    std::vector<connect_options> ways(1);
    if (a == asks::scram && b == asks::scram) ways.emplace_back().scram_keys = keep_scram_keys();
    return ways;
  }
  void expect_kept_apart(two_hosts& hosts, connect_options const& options, std::string const& dsn) {
    auto const [a, end, b] = GetParam();
    connection conn = connect(dsn, options);
    conn.close();
    hosts.first.wait_for_scripts();
    hosts.second.wait_for_scripts();
    EXPECT_EQ(std::to_string(conn.info().port), hosts.second.port());
    EXPECT_TRUE(hosts.at_second.proven);
    EXPECT_LACKS(first_secret, hosts.at_second.said);
    EXPECT_LACKS(md5_answer(first_secret), hosts.at_second.said);
    if (end != then::says_57p03_at_once) {
      EXPECT_TRUE(hosts.at_first.proven);
      EXPECT_LACKS(second_secret, hosts.at_first.said);
    }
    if (a == asks::scram && b == asks::scram) {
      EXPECT_NE(hosts.at_first.client_first, hosts.at_second.client_first) << "the nonce of the first was used again";
    }
  }
};

TEST_P(previous_host, entries_of_the_password_file) {
  auto const [a, end, b] = GetParam();
  for (connect_options const& options : each_way()) {
    two_hosts hosts(a, end, b);
    expect_kept_apart(hosts, options,
                      hosts.dsn(hosts.entry(hosts.first, first_secret) + hosts.entry(hosts.second, second_secret)));
  }
}

TEST_P(previous_host, passwords_of_the_callback) {
  auto const [a, end, b] = GetParam();
  two_hosts hosts(a, end, b);
  connect_options options;
  options.password = [&](password_request const& of) {
    return std::to_string(of.port) == hosts.first.port() ? first_secret : second_secret;
  };
  expect_kept_apart(hosts, options,
                    hosts.dsn(hosts.entry(hosts.first, "of_a_file") + hosts.entry(hosts.second, "of_a_file")));
}

// The second has no entry: then it gets nothing, not the first one's.
TEST_P(previous_host, none_for_the_second) {
  auto const [a, end, b] = GetParam();
  for (connect_options const& options : each_way()) {
    two_hosts hosts(a, end, b);
    auto const error =
        thrown<operational_error>([&] { connect(hosts.dsn(hosts.entry(hosts.first, first_secret)), options); });
    EXPECT_EQ(error.code(), protocol::errc::password_needed) << error.what();
    EXPECT_LACKS(first_secret, error.what());
    EXPECT_EQ(hosts.second.clients(), 1);
    hosts.second.wait_for_scripts();
    EXPECT_TRUE(b == asks::scram ? hosts.at_second.client_final.empty() : hosts.at_second.said.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(each, previous_host,
                         testing::Combine(testing::ValuesIn(all_asks), testing::ValuesIn(all_thens),
                                          testing::ValuesIn(all_asks)),
                         [](auto const& of) {
                           return name(std::get<0>(of.param)) + "_" + name(std::get<1>(of.param)) + "_then_" +
                                  name(std::get<2>(of.param));
                         });

// ---- what the first attempt left to be read is not read by the second ----

/// A server that forges the rest of a session behind its refusal.
std::string const refusal_and_more = message('E', fields("FATAL", "28000", "not like this")) + welcome();
std::string const start_and_more = starting_up + welcome();

struct leftover {
  char const* name;
  char const* mode;
  bool with_tls;       // does the first connection shake hands?
  std::string bytes;   // what it sends
  char answer = '\0';  // to the request for TLS, before them
};
void PrintTo(leftover const& each, std::ostream* out) { *out << each.name; }

std::vector<leftover> const leftovers{
    {"tls_refused_then_plain", "prefer", true, refusal_and_more},
    {"plain_refused_then_tls", "allow", false, refusal_and_more},
    {"handshake_broken_then_plain", "prefer", false, std::string("\x15\x03\x03\0\x02\x02\x28", 7) + welcome(), 'S'},
};

class left_behind : public testing::TestWithParam<leftover> {};

/// The second connection is closed without an answer: what it has of a session is of the first.
TEST_P(left_behind, by_the_first_attempt_is_never_used) {
  auto const& of = GetParam();
  certificate const own;
  std::atomic<int> calls = 0;
  scripted_server server([&](peer& client) {
    if (++calls > 1) return void(client.receive_startup());
    if (of.with_tls) {
      tls_peer secure(client, own);
      if (!secure.begin()) return;
      secure.receive_startup();
      secure.send(of.bytes);
      return secure.stay_silent();
    }
    client.receive_startup();
    if (of.answer != '\0') client.send({&of.answer, 1}), client.receive(5);
    client.send(of.bytes);
    client.stay_silent();
  });
  auto const error =
      thrown<operational_error>([&] { connect(server.dsn(std::string("connect_timeout=20 sslmode=") + of.mode)); });
  EXPECT_CONTAINS("closed the connection", error.what());
  EXPECT_EQ(calls, 2) << error.what();
}

INSTANTIATE_TEST_SUITE_P(each, left_behind, testing::ValuesIn(leftovers),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(left_by_the_first_host, is_not_used_by_the_next) {
  for (std::string const& bytes : {start_and_more, message('R', int32(0)) + starting_up + welcome()}) {
    scripted_server first([&](peer& client) {
      client.receive_startup();
      client.send(bytes);
      client.stay_silent();
    });
    scripted_server second([](peer& client) { client.receive_startup(); });
    auto const error = thrown<operational_error>([&] {
      connect("host=127.0.0.1,127.0.0.1 user=u dbname=d sslmode=disable connect_timeout=20 port=" + first.port() + ',' +
              second.port());
    });
    EXPECT_CONTAINS("the server closed the connection", error.what());
    EXPECT_EQ(second.clients(), 1);
  }
}

}  // namespace
}  // namespace tusk::test
