// SCRAM keys that are kept: when PBKDF2 is skipped, and that nobody else's keys are ever used.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>

#include "support/conversation.hpp"
#include "support/scram_server.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

constexpr std::string_view plain = "SCRAM-SHA-256";

scram_key_cache make_cache(std::size_t capacity = 64) {
  std::array<std::byte, 32> secret{};
  secret.fill(std::byte{0x5a});
  return scram_key_cache(secret, capacity);
}

/// How one session ended, and how many slices of PBKDF2 it took.
struct login {
  state end;
  std::error_code code;
  std::size_t slices;
};

/// A session against a server that knows `servers_password`; it is stepped until the server has nothing more to say.
login log_in(scram_key_store* store, std::string_view password, std::string_view servers_password,
             std::string_view user = "me", int iterations = 30'000, std::string_view client_key = {}) {
  auto options = startup_options_of_me();
  options.parameters = {{"user", std::string(user)}};
  options.password = password;
  options.kept_keys = store;
  if (!client_key.empty()) options.scram_client_key = client_key;
  scram_exchange const messages(servers_password, options.nonce, iterations);
  driven_session on;
  EXPECT_EQ(on->start(options), std::error_code());
  on.feed(auth_sasl({plain}));
  on.feed(auth_continue(messages.server_first));
  std::string const sent = on.take_output();
  bool const knows = sent.ends_with(sasl_packet(messages.client_final));
  on.feed(knows ? auth_final(messages.server_final) : fatal("28P01", "no"));
  if (knows) on.feed(auth_ok() + ready());
  return {on.state(), on.code(), on.slices()};
}

TEST(KeptKeys, SkipPbkdf2TheSecondTime) {
  auto store = make_cache();
  auto const first = log_in(&store, "secret", "secret");
  EXPECT_EQ(name(first.end), name(state::idle));
  EXPECT_GE(first.slices, 10U);
  EXPECT_EQ(store.size(), 1U);
  auto const second = log_in(&store, "secret", "secret");
  EXPECT_EQ(name(second.end), name(state::idle));
  EXPECT_LE(second.slices, 1U);
  EXPECT_EQ(store.size(), 1U);
}

TEST(KeptKeys, AreNotUsedForAnythingElse) {
  auto store = make_cache();
  ASSERT_EQ(log_in(&store, "secret", "secret").end, state::idle);
  EXPECT_EQ(log_in(&store, "Secret", "secret").end, state::ended) << "another password must not log in";
  EXPECT_EQ(log_in(&store, "secre", "secret").end, state::ended);
  EXPECT_GE(log_in(&store, "secret", "secret", "you").slices, 10U);
  EXPECT_GE(log_in(&store, "secret", "secret", "me", 30'001).slices, 10U);
  EXPECT_GE(log_in(nullptr, "secret", "secret").slices, 10U);
  EXPECT_LE(log_in(&store, "secret", "secret").slices, 1U);
}

TEST(KeptKeys, AreKeptOnlyWhenTheServerHasProvedItself) {
  auto store = make_cache();
  EXPECT_EQ(log_in(&store, "wrong", "secret").end, state::ended);
  EXPECT_EQ(store.size(), 0U);

  auto options = startup_options_of_me();
  options.password = "secret";
  options.kept_keys = &store;
  scram_exchange const right("secret", options.nonce, 2), wrong("another", options.nonce, 2);
  driven_session on;
  ASSERT_EQ(on->start(options), std::error_code());
  on.feed(auth_sasl({plain}));
  on.feed(auth_continue(right.server_first));
  EXPECT_EQ(store.size(), 0U);
  on.feed(auth_final(wrong.server_final));
  EXPECT_EQ(on.code(), errc::sasl_bad_signature);
  EXPECT_EQ(store.size(), 0U);
}

TEST(KeptKeys, GivenKeysAreNotKept) {
  auto store = make_cache();
  auto const keys = scram_keys_of("secret", scram_exchange::salt, 5);
  EXPECT_EQ(log_in(&store, "secret", "secret", "me", 5, keys.client).end, state::idle);
  EXPECT_EQ(store.size(), 0U);
}

/// A store that hands out what it likes.
class lying_store final : public scram_key_store {
 public:
  std::optional<scram_keys> find(scram_key_source const&) noexcept override { return scram_keys(); }
  void keep(scram_key_source const&, scram_keys const&) noexcept override { ++kept; }
  int kept = 0;
};

TEST(KeptKeys, WrongOnesNeverLogIn) {
  lying_store store;
  EXPECT_EQ(log_in(&store, "secret", "secret").end, state::ended);
  EXPECT_EQ(store.kept, 0);
}

}  // namespace
}  // namespace tusk::test
