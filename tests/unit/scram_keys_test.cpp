// The cache of SCRAM keys: what finds an entry, and which one goes.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/protocol/scram_keys.hpp>
#include <vector>

namespace tusk::protocol {
namespace {

std::array<std::byte, 32> const secret{std::byte{1}};

scram_keys keys_of(char mark) {
  scram_keys keys;
  keys.client.fill(mark);
  keys.server.fill(static_cast<char>(mark + 1));
  return keys;
}

char mark_in(std::optional<scram_keys> const& found) {
  if (!found) return '-';
  EXPECT_EQ(found->client, keys_of(found->client[0]).client);
  EXPECT_EQ(found->server, keys_of(found->client[0]).server);
  return found->client[0];
}

TEST(ScramKeyCache, FindsExactlyItsSource) {
  scram_key_cache cache(secret);
  scram_key_source const source{"user", "password", "salt", 4096};
  EXPECT_EQ(mark_in(cache.find(source)), '-');
  cache.keep(source, keys_of('a'));
  EXPECT_EQ(mark_in(cache.find(source)), 'a');
  scram_key_source const others[] = {{"use", "rpassword", "salt", 4096}, {"user", "passwor", "dsalt", 4096},
                                     {"user", "passwords", "alt", 4096}, {"user", "password", "salt", 4097},
                                     {"", "password", "salt", 4096},     {"user", "", "salt", 4096},
                                     {"user", "password", "", 4096},     {"user", "Password", "salt", 4096}};
  for (auto const& other : others)
    EXPECT_EQ(mark_in(cache.find(other)), '-') << other.user << ' ' << other.password << ' ' << other.salt;
}

TEST(ScramKeyCache, TheOneUsedLeastRecentlyGoes) {
  scram_key_cache cache(secret, 2);
  cache.keep({"a", "p", "s", 1}, keys_of('a'));
  cache.keep({"b", "p", "s", 1}, keys_of('b'));
  EXPECT_EQ(mark_in(cache.find({"a", "p", "s", 1})), 'a');
  cache.keep({"c", "p", "s", 1}, keys_of('c'));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(mark_in(cache.find({"a", "p", "s", 1})), 'a');
  EXPECT_EQ(mark_in(cache.find({"b", "p", "s", 1})), '-');
  EXPECT_EQ(mark_in(cache.find({"c", "p", "s", 1})), 'c');
}

TEST(ScramKeyCache, KeepsTheLastOfEqualSources) {
  scram_key_cache cache(secret);
  cache.keep({"a", "p", "s", 1}, keys_of('a'));
  cache.keep({"a", "p", "s", 1}, keys_of('b'));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(mark_in(cache.find({"a", "p", "s", 1})), 'b');
}

TEST(ScramKeyCache, OfNoCapacityKeepsNothing) {
  scram_key_cache cache(secret, 0);
  cache.keep({"a", "p", "s", 1}, keys_of('a'));
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(mark_in(cache.find({"a", "p", "s", 1})), '-');
}

TEST(ScramKeyCache, ManyThreadsMayUseIt) {
  scram_key_cache cache(secret, 3);
  std::vector<std::thread> threads;
  for (char mark = 'a'; mark < 'e'; ++mark)
    threads.emplace_back([&cache, mark] {
      std::string const user(1, mark);
      for (int i = 0; i < 500; ++i) {
        cache.keep({user, "p", "s", 1}, keys_of(mark));
        char const found = mark_in(cache.find({user, "p", "s", 1}));
        EXPECT_TRUE(found == mark || found == '-');
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(cache.size(), 3U);
}

}  // namespace
}  // namespace tusk::protocol
