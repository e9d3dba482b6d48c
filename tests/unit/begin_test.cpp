// The BEGIN that goes in front of a first statement, at a server that refuses it, as a standby does a serializable one.
#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>

#include "support/scripted_server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// The types of what a client sends, up to a Sync.
std::string to_sync(peer& client) {
  std::string types;
  for (;;) {
    std::string const message = client.receive_message();
    if (message.empty()) return types;
    types += message[0];
    if (message[0] == 'S') return types;
  }
}

TEST(begin, that_fails_lets_no_statement_run_and_the_connection_stays_usable) {
  std::string sent[2];
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (std::string& each : sent) {
      each = to_sync(client);
      // What a server does: after an error it takes nothing before the Sync, a Query neither.
      client.send(message('E', fields("ERROR", "0A000", "cannot use serializable mode in a hot standby")) + ready());
    }
    client.stay_silent();
  });
  connection conn = connect(server.dsn());
  conn.set_isolation_level(isolation_level::serializable);
  auto const refused = [&](auto const& statement) {
    EXPECT_CONTAINS("hot standby", thrown<not_supported_error>(statement).what());
    EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
    EXPECT_FALSE(conn.closed());
  };
  refused([&] { conn.query("INSERT INTO t VALUES ($1)", 1); });
  refused([&] { conn.exec("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"); });
  conn.close();
  EXPECT_EQ(sent[0], "PBEPDBES");
  EXPECT_EQ(sent[1], "PBEQS");
}

}  // namespace
}  // namespace tusk::test
