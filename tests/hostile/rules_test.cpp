// channel_binding and require_auth against servers that ask for something else: what is refused gets not one byte.
//
// What is expected comes from the rules below, which know nothing of the session's.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <vector>

#include "hostile/refused.hpp"
#include "support/scram_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

/// What the server asks for.
enum class asks { trust, cleartext, md5, scram, plus, plus_alone, cleartext_in_plus, ok_in_plus };
constexpr asks all_asks[] = {asks::trust,      asks::cleartext,         asks::md5,       asks::scram, asks::plus,
                             asks::plus_alone, asks::cleartext_in_plus, asks::ok_in_plus};
constexpr asks honest_asks[] = {asks::trust, asks::cleartext, asks::md5, asks::scram, asks::plus};

std::string name(asks what) {
  switch (what) {
    case asks::trust: return "trust";
    case asks::cleartext: return "cleartext";
    case asks::md5: return "md5";
    case asks::scram: return "scram";
    case asks::plus: return "plus";
    case asks::plus_alone: return "plus_alone";
    case asks::cleartext_in_plus: return "cleartext_in_plus";
    case asks::ok_in_plus: return "ok_in_plus";
  }
  return "";
}

/// Plays the login; what the client said after its startup. What it says is always answered with a welcome.
template <class Peer>
std::string ask(Peer& client, asks what, std::string const& end_point) {
  auto const question = [&](std::string const& bytes, std::string const& then = welcome()) {
    client.receive_startup();
    client.send(bytes);
    std::string const told = client.receive_message();
    if (!told.empty() && told[0] == 'p') client.send(then), client.stay_silent();
    return told;
  };
  std::string const plus = authentication(10, text("SCRAM-SHA-256-PLUS") + '\0');
  switch (what) {
    case asks::trust: return question(welcome());
    case asks::cleartext: return question(authentication(3));
    case asks::md5: return question(authentication(5, "salt"));
    case asks::plus_alone: return question(plus, "");
    case asks::cleartext_in_plus: return question(plus, authentication(3));
    case asks::ok_in_plus: return question(plus);
    case asks::scram:
    case asks::plus: break;
  }
  auto const said = play_scram(client, {.offer_plus = what == asks::plus, .end_point = end_point});
  client.stay_silent();
  return said.client_first + said.client_final;
}

/// A server for several clients, one after another, of whom it remembers what they said.
class asking_server {
 public:
  asking_server(asks what, certificate const* own)
      : server_([this, what, own](peer& client) { play(client, what, own); }) {}
  scripted_server const& server() const noexcept { return server_; }
  /// Whether clients ask for TLS, on a server without it.
  void refuse_tls(bool on) noexcept { refuses_tls_ = on; }
  /// What each client said after its startup. They must have gone.
  std::array<std::string, 64> const& told() {
    server_.wait_for_scripts();
    return told_;
  }

 private:
  void play(peer& client, asks what, certificate const* own) {
    std::string& told = told_.at(next_++);
    if (own != nullptr) {
      tls_peer secure(client, *own);
      if (secure.begin()) told = ask(secure, what, own->end_point());
      return;
    }
    if (refuses_tls_) client.receive_startup(), client.send("N");
    told = ask(client, what, "");
  }

  std::array<std::string, 64> told_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> refuses_tls_ = false;
  scripted_server server_;
};

/// What came of a connection: an error's code, or the method.
struct ending {
  std::error_code code = {};
  std::string method = {};
  friend bool operator==(ending const&, ending const&) = default;
};
std::ostream& operator<<(std::ostream& out, ending const& of) { return out << of.method << of.code.message(); }

ending attempt(scripted_server const& server, std::string const& more) {
  try {
    return {{}, connect(server.dsn("connect_timeout=20 " + more)).info().authentication};
  } catch (operational_error const& refused) {
    EXPECT_TRUE(refused.is_fatal());
    EXPECT_LACKS("open_sesame", refused.what());
    return {refused.code(), ""};
  }
}

// ---- channel_binding=require ----

/// The server's certificate; none: it has no TLS.
struct shown {
  std::string name;
  std::optional<key_kind> kind;
};
std::vector<shown> all_shown() {
  std::vector<shown> all{{"without_tls", {}}};
  for (key_kind const kind : all_keys) all.push_back({name(kind), kind});
  return all;
}

class binding_required : public testing::TestWithParam<std::tuple<shown, asks>> {
 protected:
  static ending by_the_rules(shown const& with, asks what) {
    bool const bindable = with.kind && *with.kind != key_kind::ed25519;
    if (!bindable) return {errc::channel_binding_impossible};
    switch (what) {
      case asks::plus: return {{}, "scram-sha-256-plus"};
      case asks::plus_alone: return {};  // begins, and hears no more of it
      case asks::cleartext_in_plus: return {errc::channel_binding_not_offered};
      case asks::ok_in_plus: return {errc::sasl_incomplete};
      default: return {errc::channel_binding_not_offered};
    }
  }
};

TEST_P(binding_required, gives_way_to_nothing) {
  auto const& [with, what] = GetParam();
  if (what == asks::plus_alone && with.kind && *with.kind != key_kind::ed25519) return;  // an honest beginning
  std::optional<certificate> own;
  temporary_folder const files;
  std::string root;
  if (with.kind) {
    certificate const& ca = authority(*with.kind);
    own.emplace(certificate_wishes{.key = *with.kind, .issuer = &ca, .key_of = &ca});
    root = " sslrootcert=" + files.write("ca.crt", ca.pem());
  }
  asking_server peer(what, own ? &*own : nullptr);
  std::vector<std::string> const modes = with.kind
                                             ? std::vector<std::string>{"prefer", "require", "verify-ca", "verify-full"}
                                             : std::vector<std::string>{"disable", "allow", "prefer"};
  ending const wanted = by_the_rules(with, what);
  for (std::string const& mode : modes) {
    SCOPED_TRACE(mode);
    peer.refuse_tls(mode == "prefer");
    ending const got = attempt(peer.server(), "channel_binding=require sslmode=" + mode + root);
    bool const begun = what == asks::cleartext_in_plus && with.kind && *with.kind != key_kind::ed25519;
    if (begun) {
      EXPECT_TRUE(got.code) << got;  // which of its sins is named does not matter
    } else {
      EXPECT_EQ(got, wanted);
    }
  }
  EXPECT_EQ(peer.server().clients(), static_cast<int>(modes.size())) << "a refusal of ours is no reason to try again";
  for (std::string const& told : peer.told()) {
    EXPECT_LACKS("open_sesame", told);
    EXPECT_LACKS("c=biws", told);  // SCRAM's "n,,"
    if (wanted.method.empty() && wanted.code != errc::sasl_incomplete && what != asks::cleartext_in_plus) {
      EXPECT_EQ(told, "");
    }
    if (what == asks::cleartext_in_plus && !told.empty()) {
      EXPECT_CONTAINS("SCRAM-SHA-256-PLUS", told);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(each, binding_required,
                         testing::Combine(testing::ValuesIn(all_shown()), testing::ValuesIn(all_asks)),
                         [](auto const& of) { return std::get<0>(of.param).name + "_" + name(std::get<1>(of.param)); });

// A certificate without a hash of its own is no reason to fail unless binding is required.
TEST(binding_preferred, goes_on_without_where_there_is_nothing_to_bind_to) {
  certificate const& ca = authority(key_kind::ed25519);
  asking_server peer(asks::plus, &ca);
  EXPECT_EQ(attempt(peer.server(), "sslmode=require"), (ending{{}, "scram-sha-256"}));
  EXPECT_EQ(attempt(peer.server(), "sslmode=require channel_binding=disable"), (ending{{}, "scram-sha-256"}));
  // "y": we could have bound, and the server did not offer it; "n": we could not, so that it says nothing of the
  // server.
  EXPECT_EQ(peer.told()[0].substr(0, 3), "n,,");
  EXPECT_EQ(peer.told()[1].substr(0, 3), "n,,");
}

// ---- require_auth ----

constexpr std::string_view lists[] = {"none",
                                      "password",
                                      "md5",
                                      "scram-sha-256",
                                      "!none",
                                      "!password",
                                      "!md5",
                                      "!scram-sha-256",
                                      "password,md5",
                                      "scram-sha-256,none",
                                      "gss,scram-sha-256",
                                      "!password,!md5",
                                      "!none,!password,!md5",
                                      "!gss,!sspi"};

std::string_view word(asks what) {
  switch (what) {
    case asks::trust: return "none";
    case asks::cleartext: return "password";
    case asks::md5: return "md5";
    default: return "scram-sha-256";
  }
}

bool allows(std::string_view list, std::string_view method) {
  bool const negative = list.starts_with('!');
  for (std::string_view rest = list; !rest.empty();) {
    auto const each = rest.substr(0, rest.find(','));
    if (each.substr(negative ? 1 : 0) == method) return !negative;
    rest.remove_prefix(std::min(each.size() + 1, rest.size()));
  }
  return negative;
}

errc refusal_of(asks what) {
  switch (what) {
    case asks::trust: return errc::none_forbidden;
    case asks::cleartext: return errc::cleartext_forbidden;
    case asks::md5: return errc::md5_forbidden;
    default: return errc::scram_forbidden;
  }
}

class auth_required : public testing::TestWithParam<std::tuple<bool, asks>> {};

TEST_P(auth_required, is_what_the_rules_say) {
  auto const [with_tls, what] = GetParam();
  certificate const& own = authority(key_kind::ecdsa);
  asking_server peer(what, with_tls ? &own : nullptr);
  std::vector<bool> allowed;
  for (std::string_view const list : lists) {
    SCOPED_TRACE(list);
    allowed.push_back(allows(list, word(what)));
    std::string method(word(what));
    if (what == asks::plus && with_tls) method += "-plus";
    ending const wanted = allowed.back() ? ending{{}, method} : ending{refusal_of(what)};
    EXPECT_EQ(attempt(peer.server(), "require_auth=" + std::string(list) + (with_tls ? " sslmode=require" : "")),
              wanted);
  }
  EXPECT_EQ(peer.server().clients(), static_cast<int>(std::size(lists)));
  auto const& told = peer.told();
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    // With trust an allowed client says Terminate, and nothing else.
    if (what == asks::trust)
      EXPECT_EQ(told[i], allowed[i] ? message('X') : "") << lists[i];
    else
      EXPECT_EQ(told[i].empty(), !allowed[i]) << lists[i];
  }
}

INSTANTIATE_TEST_SUITE_P(each, auth_required, testing::Combine(testing::Bool(), testing::ValuesIn(honest_asks)),
                         [](auto const& of) {
                           return std::string(std::get<0>(of.param) ? "tls_" : "plain_") + name(std::get<1>(of.param));
                         });

}  // namespace
}  // namespace tusk::test
