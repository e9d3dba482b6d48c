// What stands inside CopyData in replication and base backups, against its exact bytes, both ways; and what is refused.
#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/replication.hpp>
#include <variant>

#include "support/exact_buffer.hpp"
#include "support/replication_samples.hpp"

namespace tusk::protocol {
namespace {

using test::bytes;
using test::exact_buffer;
using test::name_of_row;

template <class Any>
std::string encoded_payload(Any const& message) {
  byte_buffer out;
  auto const error = std::visit([&out](auto const& each) { return encode_payload(out, each); }, message);
  return error ? "not encoded: " + error.message() : std::string(out.view());
}

/// A CopyData that was decoded as `backend_message`s are, and then as what it carries.
template <class Any>
void check(test::sample<Any> const& row, expected<Any> (*decode_payload)(std::string_view) noexcept) {
  std::string const whole = bytes(row.bytes);
  EXPECT_EQ(test::readable(test::encoded(row.message)), test::readable(whole));
  EXPECT_EQ(test::readable(encoded_payload(row.message)), test::readable(whole.substr(5)));

  exact_buffer const body(std::string_view(whole).substr(5));
  auto const carrier = decode_backend(whole[0], body.view());
  ASSERT_TRUE(carrier);
  auto const decoded = decode_payload(std::get<copy_data>(*carrier).data);
  ASSERT_TRUE(decoded) << decoded.error().code.message() << " at " << decoded.error().position;
  EXPECT_EQ(decoded->index(), row.message.index());
  EXPECT_EQ(test::fields_of_any(*decoded), test::fields_of_any(row.message));
  EXPECT_EQ(test::encoded(*decoded), whole);
}

class PayloadFromServer : public testing::TestWithParam<test::sample<copy_payload_from_server>> {};
TEST_P(PayloadFromServer, BothWays) { check(GetParam(), decode_from_server); }
INSTANTIATE_TEST_SUITE_P(, PayloadFromServer, testing::ValuesIn(test::payloads_from_server()), name_of_row);

class PayloadFromClient : public testing::TestWithParam<test::sample<copy_payload_from_client>> {};
TEST_P(PayloadFromClient, BothWays) { check(GetParam(), decode_from_client); }
INSTANTIATE_TEST_SUITE_P(, PayloadFromClient, testing::ValuesIn(test::payloads_from_client()), name_of_row);

TEST(Replication, EveryMessageHasASample) {
  std::set<std::size_t> server, client;
  for (auto const& row : test::payloads_from_server()) server.insert(row.message.index());
  for (auto const& row : test::payloads_from_client()) client.insert(row.message.index());
  EXPECT_EQ(server.size(), std::variant_size_v<copy_payload_from_server>);
  EXPECT_EQ(client.size(), std::variant_size_v<copy_payload_from_client>);
}

TEST(Replication, OtherFirstBytesAreUnknown) {
  for (int byte = 0; byte < 256; ++byte) {
    char const first = static_cast<char>(byte);
    exact_buffer const data({&first, 1});
    auto const from_server = decode_from_server(data.view());
    bool const server_knows = std::string_view("wknmdp").find(first) != std::string_view::npos;
    EXPECT_EQ(!from_server && from_server.error().code == errc::unknown_message, !server_knows) << byte;
    auto const from_client = decode_from_client(data.view());
    bool const client_knows = std::string_view("rh").find(first) != std::string_view::npos;
    EXPECT_EQ(!from_client && from_client.error().code == errc::unknown_message, !client_knows) << byte;
  }
}

struct malformed {
  char const* name;
  std::string_view data;
  errc code;
  std::size_t position;

  friend std::ostream& operator<<(std::ostream& out, malformed const& row) { return out << row.name; }
};

class MalformedPayload : public testing::TestWithParam<malformed> {};

TEST_P(MalformedPayload, NamesCauseAndPosition) {
  exact_buffer const data(bytes(GetParam().data));
  bool const of_client = !data.view().empty() && std::string_view("rh").find(data.view()[0]) != std::string_view::npos;
  parse_error const expected{GetParam().code, GetParam().position};
  if (of_client) {
    auto const decoded = decode_from_client(data.view());
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error(), expected) << decoded.error().code.message();
  } else {
    auto const decoded = decode_from_server(data.view());
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error(), expected) << decoded.error().code.message();
  }
}

INSTANTIATE_TEST_SUITE_P(
    , MalformedPayload,
    testing::Values(
        malformed{"empty", "", errc::truncated, 0},
        malformed{"xlog_data_cut", "'w' 0000000000000001 0000000000000001 00000000", errc::truncated, 17},
        malformed{"keepalive_without_flag", "'k' 0000000000000001 0000000000000001", errc::truncated, 17},
        malformed{"keepalive_with_other_flag", "'k' 0000000000000001 0000000000000001 02", errc::bad_value, 17},
        malformed{"keepalive_with_more", "'k' 0000000000000001 0000000000000001 01 00", errc::trailing_bytes, 18},
        malformed{"archive_without_path", "'n' 'base.tar'00", errc::missing_terminator, 10},
        malformed{"manifest_with_more", "'m' 00", errc::trailing_bytes, 1},
        malformed{"progress_cut", "'p' 00000000000000", errc::truncated, 1},
        malformed{"progress_with_more", "'p' 0000000000000000 00", errc::trailing_bytes, 9},
        malformed{"status_update_cut", "'r' 0000000000000001", errc::truncated, 9},
        malformed{"feedback_cut", "'h' 0000000000000001 00000001 00000001 00000001", errc::truncated, 21},
        malformed{"feedback_with_more", "'h' 0000000000000001 00000001 00000001 00000001 00000001 00",
                  errc::trailing_bytes, 25}),
    name_of_row);

// The same bytes, decoded as the wrong message.
TEST(Replication, ADecodedMessageHasItsOwnFirstByte) {
  exact_buffer const data(bytes("'k' 0000000000000001 0000000000000001 00"));
  EXPECT_TRUE(decode<primary_keepalive>(data.view()));
  auto const wrong = decode<xlog_data>(data.view());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::bad_value);
}

}  // namespace
}  // namespace tusk::protocol
