// The rules of length: each type of message at one below its minimum, its minimum, its maximum and one above it, before
// and after authentication, from both peers.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/frame_reader.hpp>
#include <vector>

#include "support/samples.hpp"
#include "support/streams.hpp"

namespace tusk::protocol {
namespace {

constexpr std::uint32_t user_limit = 100'000;  // what stands for a maximum that the user sets

frame_reader early_server() { return frame_reader(peer::server, {.max_message = user_limit}); }
frame_reader server() {
  auto reader = early_server();
  reader.authenticated();
  return reader;
}
frame_reader client() {
  frame_reader reader(peer::client, {.max_message = user_limit});
  test::receive(reader, test::bytes("00000009 00030000 00"));
  frame startup;
  EXPECT_EQ(reader.next(startup), frame_status::complete);
  return reader;
}

struct rule {
  char const* name;
  frame_reader (*make)();
  char type;
  std::uint32_t minimum, maximum;

  friend std::ostream& operator<<(std::ostream& out, rule const& row) { return out << row.name; }
};

std::vector<rule> rules() {
  return {
      {"early_authentication", early_server, 'R', 8, 2000},
      {"early_negotiate_protocol_version", early_server, 'v', 8, 2000},
      {"early_error_response", early_server, 'E', 8, 30000},
      {"authentication", server, 'R', 8, 2000},
      {"negotiate_protocol_version", server, 'v', 8, 2000},
      {"backend_key_data", server, 'K', 12, 264},
      {"error_response", server, 'E', 5, user_limit},
      {"notice_response", server, 'N', 5, user_limit},
      {"notification_response", server, 'A', 10, user_limit},
      {"parameter_status", server, 'S', 6, 30000},
      {"ready_for_query", server, 'Z', 5, 5},
      {"row_description", server, 'T', 6, user_limit},
      {"data_row", server, 'D', 6, user_limit},
      {"command_complete", server, 'C', 5, 30000},
      {"empty_query_response", server, 'I', 4, 4},
      {"parse_complete", server, '1', 4, 4},
      {"bind_complete", server, '2', 4, 4},
      {"close_complete", server, '3', 4, 4},
      {"no_data", server, 'n', 4, 4},
      {"portal_suspended", server, 's', 4, 4},
      {"parameter_description", server, 't', 6, user_limit},
      {"function_call_response", server, 'V', 8, user_limit},
      {"copy_in_response", server, 'G', 7, 30000},
      {"copy_out_response", server, 'H', 7, 30000},
      {"copy_both_response", server, 'W', 7, 30000},
      {"copy_data_of_server", server, 'd', 4, user_limit},
      {"copy_done_of_server", server, 'c', 4, 4},
      {"password", client, 'p', 4, 65535},
      {"query", client, 'Q', 5, user_limit},
      {"parse", client, 'P', 8, user_limit},
      {"bind", client, 'B', 12, user_limit},
      {"describe", client, 'D', 6, 30000},
      {"execute", client, 'E', 9, 30000},
      {"close", client, 'C', 6, 30000},
      {"sync", client, 'S', 4, 4},
      {"flush", client, 'H', 4, 4},
      {"terminate", client, 'X', 4, 4},
      {"copy_data_of_client", client, 'd', 4, user_limit},
      {"copy_done_of_client", client, 'c', 4, 4},
      {"copy_fail", client, 'f', 5, user_limit},
      {"function_call", client, 'F', 14, user_limit},
  };
}

/// What a reader says of a message of which only the type and the length have come.
frame_status status_of(frame_reader& reader, char type, std::uint32_t length) {
  test::receive(reader, test::header(type, length));
  frame got;
  return reader.next(got);
}

class LengthRule : public testing::TestWithParam<rule> {};

TEST_P(LengthRule, RefusesByTheLengthAlone) {
  auto const& row = GetParam();
  for (std::uint32_t const length : {0U, 1U, 3U, row.minimum - 1}) {
    auto reader = row.make();
    EXPECT_EQ(status_of(reader, row.type, length), frame_status::invalid) << length;
    EXPECT_EQ(reader.error(), errc::length_too_small) << length;
  }
  for (std::uint32_t const length :
       {row.maximum + 1, user_limit + 1, 0x4000'0000U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'fffeU, 0xffff'ffffU}) {
    auto reader = row.make();
    EXPECT_EQ(status_of(reader, row.type, length), frame_status::invalid) << length;
    EXPECT_EQ(reader.error(), errc::length_too_large) << length;
  }
}

TEST_P(LengthRule, TakesTheShortestAndTheLongest) {
  auto const& row = GetParam();
  for (std::uint32_t const length : {row.minimum, row.maximum}) {
    auto const stream = test::message(row.type, length - 4) + test::message(row.type, row.minimum - 4);
    auto const result = test::read_in_pieces(row.make(), stream, [] { return std::size_t{50'000}; });
    ASSERT_EQ(result.frames.size(), 2U) << length;
    EXPECT_EQ(result.frames[0].type, row.type);
    EXPECT_EQ(result.frames[0].body, std::string(length - 4, 'x'));
    EXPECT_EQ(result.error, errc{});
  }
}

INSTANTIATE_TEST_SUITE_P(, LengthRule, testing::ValuesIn(rules()), test::name_of_row);

// ---- types that have no rule ---------------------------------------------------------------------------------------

class OtherTypes : public testing::TestWithParam<rule> {};

TEST_P(OtherTypes, AreUnknownWhateverTheirLength) {
  std::set<char> known;
  for (auto const& row : rules()) {
    if (row.make == GetParam().make) known.insert(row.type);
  }
  EXPECT_EQ(known.size(), GetParam().maximum);
  for (int byte = 0; byte < 256; ++byte) {
    char const type = static_cast<char>(byte);
    if (known.contains(type)) continue;
    for (std::uint32_t const length : {0U, 3U, 4U, 8U, 0x7fff'ffffU, 0xffff'fffeU, 0xffff'ffffU}) {
      auto reader = GetParam().make();
      ASSERT_EQ(status_of(reader, type, length), frame_status::invalid) << byte << ' ' << length;
      ASSERT_EQ(reader.error(), errc::unknown_message) << byte << ' ' << length;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, OtherTypes,
                         testing::Values(rule{"early_server", early_server, '\0', 0, 3},
                                         rule{"server", server, '\0', 0, 24}, rule{"client", client, '\0', 0, 14}),
                         test::name_of_row);

// ---- messages without a type ---------------------------------------------------------------------------------------

TEST(UntypedLength, HasItsOwnLimits) {
  auto const status = [](std::string const& start, errc expected_error) {
    frame_reader reader(peer::client);
    test::receive(reader, start);
    frame got;
    auto const result = reader.next(got);
    EXPECT_EQ(reader.error(), expected_error);
    return result;
  };
  for (auto const* length : {"00000000", "00000004", "00000007"})
    EXPECT_EQ(status(test::bytes(length), errc::length_too_small), frame_status::invalid) << length;
  for (auto const* length : {"00002711", "00010000", "7fffffff", "80000000", "ffffffff"})
    EXPECT_EQ(status(test::bytes(length), errc::length_too_large), frame_status::invalid) << length;
  for (auto const* start : {"", "00", "000000", "00000008", "00000008 04d216", "00002710 00030000"})
    EXPECT_EQ(status(test::bytes(start), errc{}), frame_status::incomplete) << start;
  EXPECT_EQ(status(test::bytes("00000008 04d2162f"), errc{}), frame_status::complete);
  EXPECT_EQ(status(test::bytes("00002710 00030000") + std::string(9992, 'x'), errc{}), frame_status::complete);
}

// ---- the limit that the user sets ----------------------------------------------------------------------------------

TEST(UserLimit, IsBelowOneGibByDefault) {
  for (std::uint32_t const length : {0x3fff'ffffU, 0x4000'0000U}) {
    frame_reader reader(peer::server);
    reader.authenticated();
    bool const allowed = length == 0x3fff'ffff;
    EXPECT_EQ(status_of(reader, 'D', length), allowed ? frame_status::incomplete : frame_status::invalid);
  }
}

TEST(UserLimit, CannotBeRaisedAboveWhatABufferHolds) {
  frame_reader reader(peer::server, {.max_message = 0xffff'ffff});
  reader.authenticated();
  EXPECT_EQ(status_of(reader, 'D', 0x8000'0000), frame_status::invalid);
  EXPECT_EQ(reader.error(), errc::length_too_large);
}

TEST(UserLimit, HoldsForRowsThatAreTakenInOneGo) {
  auto reader = server();
  std::string const row = test::bytes("'D' 000186a1 0001 00018697") + std::string(user_limit - 9, 'x');
  std::string const good = test::bytes("'D' 0000000b 0001 00000001 'y'");
  test::receive(reader, good + row);
  int taken = 0;
  reader.take_rows(1, [&taken](std::uint32_t) { ++taken; });
  EXPECT_EQ(taken, 1);
  frame got;
  EXPECT_EQ(reader.next(got), frame_status::invalid);
  EXPECT_EQ(reader.error(), errc::length_too_large);
}

}  // namespace
}  // namespace tusk::protocol
