// TLS sessions that are open: their memory, their reads and writes, their channel binding.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/heap_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/tls_pair.hpp"

namespace tusk::test {
namespace {

using client::io_status;
using client::sslmode;
using client::tls_settings;

struct network {
  certificate ca{{.subject = "an authority", .authority = true}};
  certificate server{{.issuer = &ca}};
  temporary_folder folder;
  tls_settings how;

  network() {
    how.mode = sslmode::verify_full;
    how.rootcert = folder.write("ca.crt", ca.pem());
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
    EXPECT_LE(each, 32U * 1024);
    EXPECT_GE(each, 4U * 1024) << "that is too good to be true";
  }
}

// A ticket makes OpenSSL copy the session, from which we took the certificates above the server's own.
TEST(tls_session_test, tickets_do_no_harm) {
  network const net;
  for (int const version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    tls_side const side{.own = net.server, .chain = {net.ca}, .minimum = version, .maximum = version, .tickets = true};
    tls_pair pair(net.how, {"localhost", "", 0, ""}, side);
    ASSERT_EQ(pair.shake_hands(), "");
    ASSERT_NO_FATAL_FAILURE(move_bytes(pair));
    EXPECT_EQ(pair.client().server_end_point().size(), 32U);
    EXPECT_EQ(SSL_session_reused(pair.server()), 0);
  }
}

TEST(tls_session_test, what_was_read_ahead_is_pending) {
  network const net;
  auto const pair = net.meet();
  EXPECT_FALSE(pair->client().pending());
  ASSERT_TRUE(pair->server_writes("0123456789") && pair->server_writes("abc"));
  EXPECT_EQ(pair->read(4), "0123");
  EXPECT_TRUE(pair->client().pending());
  EXPECT_EQ(pair->read(), "456789");
  EXPECT_TRUE(pair->client().pending());
  EXPECT_EQ(pair->read(), "abc");
  EXPECT_FALSE(pair->client().pending());
  EXPECT_EQ(pair->read(), "");
}

TEST(tls_session_test, the_end_is_told_from_an_error) {
  network const net;
  char into[100];
  auto const told = net.meet();
  SSL_shutdown(told->server());
  EXPECT_EQ(told->client().read(into, false).status, io_status::closed);
  auto const untold = net.meet();
  untold->end_server();
  EXPECT_EQ(untold->client().read(into, false).status, io_status::closed);
  EXPECT_EQ(untold->client().read(into, false).status, io_status::closed);
  auto const broken = net.meet();
  broken->server_writes_raw(std::string(100, 'G'));
  auto const got = broken->client().read(into, false);
  EXPECT_EQ(got.status, io_status::failed);
  EXPECT_EQ(got.error, 0);
  EXPECT_CONTAINS("wrong version number", broken->client().error());
}

// The server asks for new keys while our sending is stuck: neither direction is lost, and nothing waits. (Once:
// OpenSSL 3.0 answers the second such wish with an error.)
TEST(tls_session_test, new_keys_while_nothing_can_be_sent) {
  network const net;
  auto const pair = net.meet();
  std::string const block(16'000, 'y');
  std::size_t sent = 0;
  client::io_result wrote;
  while ((wrote = pair->client().write(block)).status == io_status::done) sent += wrote.bytes;
  ASSERT_EQ(wrote.status, io_status::want_write);
  ASSERT_EQ(SSL_key_update(pair->server(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(pair->server_writes("after"));
  EXPECT_EQ(pair->read(), "after");
  EXPECT_EQ(pair->read(), "");
  std::size_t got = 0;
  bool again = true;
  for (int turn = 0; turn < 100'000 && (again || got < sent); ++turn) {
    got += pair->server_reads(20'000).size();
    if (again && (wrote = pair->client().write(block)).status == io_status::done) {
      sent += wrote.bytes;
      again = wrote.bytes == 0;
    }
  }
  EXPECT_EQ(got, sent);
  EXPECT_EQ(pair->client().write("new keys").bytes, 8U);
  EXPECT_EQ(pair->server_reads(), "new keys");
}

// A read that cannot go on before something is sent says so: the handshake of a server that asks for much at once.
TEST(tls_session_test, a_handshake_that_cannot_send_wants_to_write) {
  network const net;
  tls_pair pair(net.how, {"localhost", "", 0, ""}, tls_side{.own = net.server});
  int const small = 1;
  ::setsockopt(pair.socket().descriptor(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  std::string const filler(4096, 'x');
  while (pair.socket().write(filler).status == io_status::done) {}
  EXPECT_EQ(pair.client().handshake().status, io_status::want_write);
  EXPECT_EQ(pair.client().handshake().status, io_status::want_write);
}

}  // namespace
}  // namespace tusk::test
