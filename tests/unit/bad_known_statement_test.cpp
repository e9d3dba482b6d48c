// Servers that answer a statement badly, or in pieces, that they know by its name.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/canned_answers.hpp"
#include "support/scripted_server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

struct known_answer {
  char const* name;
  std::string bytes;  // to Bind, Execute, Sync; the server closes after it
  std::error_code code;
  std::vector<std::string_view> said;
};
void PrintTo(known_answer const& each, std::ostream* out) { *out << each.name; }

std::vector<known_answer> bad_known_answers() {
  return {
      {"nothing", "", {}, {"the connection was lost: the server closed the connection"}},
      {"half", next_answer().substr(0, 12), {}, {"the connection was lost: the server closed the connection"}},
      {"no_ready", message('2') + message('C', text("SELECT 0")), {}, {"the connection was lost"}},
      {"no_bind",
       message('C', text("SELECT 0")) + ready(),
       errc::unexpected_message,
       {"(message 'C' in state binding)"}},
      {"two_fields",
       message('2') + message('D', int16(2) + int32(0) + int32(0)) + ready(),
       errc::wrong_field_count,
       {"(message 'D' in state executing)"}},
      {"unknown_type", message('2') + std::string("\x1b[31m", 5), errc::unknown_message, {"in state executing)"}},
      {"unknown_at_once", std::string("\x1b[31m", 5), errc::unknown_message, {"in state binding)"}},
      {"described_again",
       message('2') + message('T', int16(1) + column("n")),
       errc::unexpected_message,
       {"(message 'T' in state executing)"}},
  };
}

class answering_known : public testing::TestWithParam<known_answer> {};

TEST_P(answering_known, badly_closes_the_connection_with_an_error_that_says_where) {
  known_answer const& bad = GetParam();
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    receive_messages(client, 5);
    client.send(first_answer());
    receive_messages(client, 3);
    client.send(next_answer());
    receive_messages(client, 3);
    client.send(bad.bytes);
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 7);
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 8);
  auto const error = thrown<operational_error>([&] { conn.query("SELECT n"); });
  SCOPED_TRACE(error.what());
  EXPECT_EQ(error.code(), bad.code);
  EXPECT_TRUE(error.is_fatal());
  for (std::string_view const part : bad.said) EXPECT_CONTAINS(part, error.what());
  EXPECT_TRUE(conn.closed());
  EXPECT_STREQ(thrown<interface_error>([&] { conn.query("SELECT n"); }).what(), "connection already closed");
}

INSTANTIATE_TEST_SUITE_P(each, answering_known, testing::ValuesIn(bad_known_answers()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(bad_known_statement, is_answered_byte_by_byte_and_with_more_behind_it) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    receive_messages(client, 5);
    for (char const each : first_answer()) client.send({&each, 1});
    receive_messages(client, 3);
    for (char const each : next_answer()) client.send({&each, 1});
    receive_messages(client, 3);
    client.send(notice("first") + next_answer() + notification("behind it"));
    receive_messages(client, 3);
    client.send(message('2') + message('E', fields("ERROR", "22012", "division by zero")) + ready() +
                notification("2"));
    receive_messages(client, 3);
    client.send(next_answer() + message('E', fields("FATAL", "57P01", "the end")));
    client.stay_silent();
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 7);
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 8);
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 8);
  EXPECT_EQ(conn.take_notices().size(), 1U);
  EXPECT_EQ(conn.notifies.size(), 1U);
  EXPECT_THROW(conn.query("SELECT n"), data_error);
  EXPECT_EQ(conn.notifies.size(), 2U);
  EXPECT_EQ(conn.query("SELECT n")[0].get<int>(0), 8);
  EXPECT_EQ(thrown<operational_error>([&] { conn.query("SELECT n"); }).sqlstate().str(), "57P01");
}

}  // namespace
}  // namespace tusk::test
