// connection::trace: what it shows of a connection, from its first byte or from now on, and what it never shows.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// The lines that a connection showed.
struct shown {
  std::vector<std::string> lines;
  std::function<void(std::string_view)> sink() {
    return [this](std::string_view line) { lines.emplace_back(line); };
  }
  bool has(std::string_view part) const { return count(part) != 0; }
  int count(std::string_view part) const {
    int found = 0;
    for (auto const& line : lines) found += line.find(part) != line.npos ? 1 : 0;
    return found;
  }
  std::string text() const {
    std::string all;
    for (auto const& line : lines) all += line + '\n';
    return all;
  }
};

class traced_connection : public testing::TestWithParam<way> {};

TEST_P(traced_connection, shows_every_message_and_no_secret) {
  shown seen;
  connect_options options;
  options.trace = seen.sink();
  options.autocommit = true;
  connection conn = connect(dsn(GetParam(), "auth_scram", "password=tusk"), options);
  SCOPED_TRACE(seen.text());
  EXPECT_EQ(seen.has("F\t8\tSSLRequest"), is_tls(GetParam()));
  EXPECT_EQ(seen.count("\tStartupMessage\t"), 1);
  EXPECT_TRUE(seen.has("\tSASLInitialResponse\t \"SCRAM-SHA-256"));
  EXPECT_TRUE(seen.has("B\t12\tBackendKeyData\t ***"));
  EXPECT_FALSE(seen.has("r=")) << "a nonce";
  EXPECT_FALSE(seen.has("p=")) << "a proof";
  EXPECT_EQ(seen.lines.back(), "B\t5\tReadyForQuery\t I");

  seen.lines.clear();
  conn.exec("SELECT 7 AS seven");
  EXPECT_EQ(seen.lines, (std::vector<std::string>{
                            "F\t22\tQuery\t \"SELECT 7 AS seven\"",
                            "B\t30\tRowDescription\t 1 \"seven\" 0 0 23 4 -1 0",
                            "B\t11\tDataRow\t 1 1 '7'",
                            "B\t13\tCommandComplete\t \"SELECT 1\"",
                            "B\t5\tReadyForQuery\t I",
                        }));

  conn.trace({});
  seen.lines.clear();
  conn.exec("SELECT 8");
  EXPECT_TRUE(seen.lines.empty());

  conn.trace(seen.sink());
  EXPECT_EQ(conn.query("SELECT $1::int", 9)[0].get<int>(0), 9);
  EXPECT_EQ(conn.query("SELECT $1::int", 10)[0].get<int>(0), 10);
  EXPECT_EQ(seen.count("\tDataRow\t"), 2);
  EXPECT_EQ(seen.count("\tParse\t"), 1);
  EXPECT_EQ(seen.count("\tSync"), 2);

  seen.lines.clear();
  conn.reconnect();
  EXPECT_EQ(seen.count("\tStartupMessage\t"), 1) << "it goes on after a reconnect";
  EXPECT_EQ(seen.has("F\t8\tSSLRequest"), is_tls(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(each, traced_connection, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

TEST(trace_sink, a_sink_that_throws_closes_the_connection) {
  connection conn = open();
  conn.trace([](std::string_view) { throw std::runtime_error("full"); });
  EXPECT_STREQ(thrown<std::runtime_error>([&] { conn.exec("SELECT 1"); }).what(), "full");
  EXPECT_TRUE(conn.closed());
}

}  // namespace
}  // namespace tusk::test
