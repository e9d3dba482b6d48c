// What real clients and servers said: every message is read, and written back to the very same bytes, both ways.
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/replication.hpp>
#include <variant>

#include "support/exact_buffer.hpp"
#include "support/recordings.hpp"
#include "support/samples.hpp"
#include "support/streams.hpp"

namespace tusk::protocol {
namespace {

using test::recorded_connection;
using test::recorded_message;

/// What kind of password a client sends after the server said `message`.
password_kind asked_for(backend_message const& message) {
  if (std::holds_alternative<authentication_sasl>(message)) return password_kind::sasl_initial;
  if (std::holds_alternative<authentication_sasl_continue>(message)) return password_kind::sasl;
  return password_kind::password;
}

class RecordedSession : public testing::TestWithParam<test::recording> {};

TEST_P(RecordedSession, EachMessageIsReadAndWrittenBack) {
  for (recorded_connection const& connection : GetParam().connections) {
    SCOPED_TRACE(connection.command);
    auto password = password_kind::password;
    for (recorded_message const& each : connection.messages) {
      SCOPED_TRACE(std::string(each.from_server ? "< " : "> ") + each.type + ' ' + test::readable(each.body));
      test::exact_buffer const body(each.body);
      if (each.from_server) {
        auto const decoded = decode_backend(each.type, body.view());
        ASSERT_TRUE(decoded) << decoded.error().code.message();
        EXPECT_EQ(test::encoded(*decoded), each.bytes());
        if (each.type == 'R') password = asked_for(*decoded);
      } else {
        auto const decoded = decode_frontend(each.type, body.view(), password);
        ASSERT_TRUE(decoded) << decoded.error().code.message();
        EXPECT_EQ(test::encoded(*decoded), each.bytes());
      }
    }
  }
}

TEST_P(RecordedSession, TheReaderFindsEachMessage) {
  for (recorded_connection const& connection : GetParam().connections) {
    SCOPED_TRACE(connection.command);
    for (bool const from_server : {true, false}) {
      std::vector<test::owned_frame> sent;
      for (recorded_message const& each : connection.messages) {
        if (each.from_server == from_server) sent.push_back({each.type, each.body});
      }
      for (std::size_t const size : {1U, 7U, 5000U}) {
        auto const got = test::read_in_pieces(frame_reader(from_server ? peer::server : peer::client),
                                              connection.stream(from_server), [size] { return size; });
        EXPECT_EQ(got.error, errc{});
        EXPECT_EQ(got.left, 0U);
        EXPECT_TRUE(got.frames == sent);
      }
    }
  }
}

/// Decodes what a CopyData carried and encodes it back.
template <class Any>
std::string carried(expected<Any> const& decoded) {
  return decoded ? test::encoded(*decoded) : decoded.error().code.message();
}

bool is_replication(recorded_connection const& connection) {
  return connection.stream(false).find("replication") != std::string::npos;
}

TEST_P(RecordedSession, WhatReplicationCarriesIsReadAndWrittenBack) {
  for (recorded_connection const& connection : GetParam().connections) {
    if (!is_replication(connection)) continue;
    SCOPED_TRACE(connection.command);
    for (recorded_message const& each : connection.messages) {
      if (each.type != 'd') continue;
      test::exact_buffer const data(each.body);
      auto const back =
          each.from_server ? carried(decode_from_server(data.view())) : carried(decode_from_client(data.view()));
      EXPECT_EQ(test::readable(back), test::readable(each.bytes()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, RecordedSession, testing::ValuesIn(test::recordings()), test::name_of_row);

// ---- what the recordings show --------------------------------------------------------------------------------------

// A recording that shows less than it did would let the tests above pass for nothing.
TEST(Recordings, ShowNearlyEveryMessage) {
  for (std::string const version : {"v15", "v18"}) {
    SCOPED_TRACE(version);
    std::set<char> server, client, carried_by_server, carried_by_client;
    std::set<backend_kind> authentications;
    for (auto const& recording : test::recordings()) {
      if (!recording.name.starts_with(version)) continue;
      for (auto const& connection : recording.connections) {
        for (auto const& each : connection.messages) {
          (each.from_server ? server : client).insert(each.type);
          if (each.type == 'R') authentications.insert(kind_of('R', each.body));
          if (each.type == 'd' && is_replication(connection))
            (each.from_server ? carried_by_server : carried_by_client).insert(each.body.at(0));
        }
      }
    }
    auto const text = [](std::set<char> const& types) { return std::string(types.begin(), types.end()); };
    EXPECT_EQ(text(server), "12ACDEGHIKNRSTVWZcdt");            // all but CloseComplete, NoData, PortalSuspended, 'v'
    EXPECT_EQ(text(client), std::string("\0BDEFPQSXcdp", 12));  // all but Close, CopyFail, Flush
    EXPECT_EQ(authentications.size(), 6U);                      // all but GSSAPI's, SSPI's and Kerberos'
    EXPECT_EQ(text(carried_by_server), "dkmnpw");
    EXPECT_EQ(text(carried_by_client), "r");  // hot standby feedback is sent by servers alone
  }
}

}  // namespace
}  // namespace tusk::protocol
