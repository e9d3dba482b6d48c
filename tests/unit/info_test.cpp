// connection::info of servers whose version reads in every way.

#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"

namespace tusk::test {
namespace {

TEST(server_version_number, is_the_reported_version_as_a_number_or_nothing) {
  std::pair<std::string, int> const rows[] = {
      {"15.13 (Debian 15.13-0+deb12u1)", 150013},
      {"18.0", 180000},
      {"18beta1", 180000},
      {"19devel", 190000},
      {"10.23", 100023},
      {"9.6.24", 90624},
      {"9.6", 90600},
      {"", 0},
      {"CockroachDB 23", 0},
      {"15.2147483647", 0},
      {"99999.1", 0},
      {"-15.1", 0},
      {"15.99999999999999999999", 0},
      {"15.13.9999", 150013},
  };
  for (auto const& [version, number] : rows) {
    SCOPED_TRACE(version);
    scripted_server const server([&](peer& client) {
      client.receive_startup();
      client.send(message('R', int32(0)) + message('S', text("server_version") + text(version)) +
                  message('S', text("client_encoding") + text("UTF8")) + message('K', int32(4711) + int32(42)) +
                  ready());
      client.stay_silent();
    });
    connection const conn = connect(server.dsn());
    EXPECT_EQ(conn.info().server_version_number, number);
    EXPECT_EQ(conn.info().server_version, version);
    EXPECT_EQ(conn.info().parameters, (std::vector<std::pair<std::string, std::string>>{{"server_version", version},
                                                                                        {"client_encoding", "UTF8"}}));
  }
}

}  // namespace
}  // namespace tusk::test
