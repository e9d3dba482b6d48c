// TLS sessions that are open: their memory, their reads and writes, their channel binding.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/heap_bytes.hpp"
#include "support/thrown.hpp"
#include "support/tls_pair.hpp"

namespace tusk::test {
namespace {

using client::io_status;
using client::sslmode;
using client::tls_settings;

struct network {
  identity authority = make_certificate({.common_name = "an authority", .authority = true}, make_key());
  identity server = make_certificate({}, make_key(), &authority);
  throw_away_folder folder;
  tls_settings how;

  network() {
    how.mode = sslmode::verify_full;
    how.rootcert = folder.write("ca.crt", pem(authority.certificate));
  }
  std::unique_ptr<tls_pair> meet(int version = TLS1_3_VERSION) const {
    auto pair = std::make_unique<tls_pair>(how, client::host_settings{"localhost", "", 0, ""},
                                           tls_side{.own = server, .minimum = version, .maximum = version});
    EXPECT_EQ(pair->shake_hands(), "");
    return pair;
  }
};

/// Sends and receives a record as large as there are.
void move_bytes(tls_pair& pair) {
  ASSERT_TRUE(pair.server_writes(std::string(16'000, 'x')));
  ASSERT_EQ(pair.read(20'000).size(), 16'000U);
  ASSERT_EQ(pair.client().write(std::string(16'000, 'y')).bytes, 16'000U);
}

// What the clients' ends of many sessions give back when they end, so that nothing of the servers' is counted.
TEST(tls_session_test, idle_costs_little_memory) {
  if (heap_bytes() == 0) GTEST_SKIP() << "nobody counts the heap";
  constexpr std::size_t count = 200;
  network const net;
  auto const keep = net.meet();  // the context, which all share, is not counted
  for (int const version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    std::vector<std::unique_ptr<tls_pair>> all;
    while (all.size() < count) all.push_back(net.meet(version));
    for (auto const& pair : all) ASSERT_NO_FATAL_FAILURE(move_bytes(*pair));
    std::size_t const before = heap_bytes();
    for (auto const& pair : all) pair->end_client();
    std::size_t const each = (before - heap_bytes()) / count;
    RecordProperty("bytes", static_cast<int>(each));
    std::printf("%d: %zu\n", version, each);
    EXPECT_LE(each, 32U * 1024);
    EXPECT_GE(each, 4U * 1024) << "that is too good to be true";
  }
}

}  // namespace
}  // namespace tusk::test
