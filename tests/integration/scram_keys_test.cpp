// SCRAM keys, kept and given, against a real server, with nothing but a session and a socket.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <tusk/protocol/session.hpp>

#include "support/unix_stream.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

/// How a login ends, and how many slices of PBKDF2 it took.
struct login {
  state end = state::unstarted;
  int slices = 0;
};

login log_in(std::string password, scram_key_store* kept, std::optional<scram_keys> const& given = {}) {
  startup_options options;
  options.parameters = {{"user", "auth_scram"}, {"database", "tusk"}};
  options.password = std::move(password);
  options.nonce = fresh_nonce();
  options.kept_keys = kept;
  options.rules = {.none = false, .cleartext = false, .md5 = false};
  if (given) {
    options.scram_client_key.assign(given->client.data(), given->client.size());
    options.scram_server_key.assign(given->server.data(), given->server.size());
  }
  unix_stream server;
  session on;
  if (auto const error = on.start(std::move(options))) throw std::system_error(error);
  login result;
  while (on.state() < state::idle) {
    event const& told = on.next();
    if (std::holds_alternative<working>(told)) ++result.slices;
    if (!std::holds_alternative<want_bytes>(told)) continue;
    server.send_all_of(on);
    server.receive_into(on);
  }
  result.end = on.state();
  on.terminate();
  server.send_all_of(on);
  return result;
}

/// A cache that shows what it was given.
class open_cache final : public scram_key_store {
 public:
  std::optional<scram_keys> find(scram_key_source const& source) noexcept override { return cache_.find(source); }
  void keep(scram_key_source const& source, scram_keys const& keys) noexcept override {
    cache_.keep(source, keys);
    last = keys;
  }
  std::optional<scram_keys> last;

 private:
  static constexpr std::array<std::byte, 32> secret_{std::byte{7}};
  scram_key_cache cache_{secret_};
};

TEST(scram_keys_of_a_server, are_kept_and_may_be_given) {
  open_cache cache;
  auto const first = log_in("tusk", &cache);
  EXPECT_EQ(name(first.end), name(state::idle));
  EXPECT_GE(first.slices, 2);
  ASSERT_TRUE(cache.last);

  auto const second = log_in("tusk", &cache);
  EXPECT_EQ(name(second.end), name(state::idle));
  EXPECT_EQ(second.slices, 1);

  EXPECT_EQ(name(log_in("wrong", &cache).end), name(state::ended));
  EXPECT_EQ(name(log_in("", nullptr, cache.last).end), name(state::idle));

  auto wrong = cache.last;
  wrong->client[0] = static_cast<char>(wrong->client[0] ^ 1);
  EXPECT_EQ(name(log_in("tusk", nullptr, wrong).end), name(state::ended));
  wrong = cache.last;
  wrong->server[0] = static_cast<char>(wrong->server[0] ^ 1);
  EXPECT_EQ(name(log_in("tusk", nullptr, wrong).end), name(state::poisoned));
}

}  // namespace
}  // namespace tusk::test
