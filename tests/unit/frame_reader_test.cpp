// Bytes into messages, however they are cut; and the buffer that is held and given away while rows stand in it.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/frame_reader.hpp>
#include <utility>
#include <vector>

#include "support/backend_samples.hpp"
#include "support/frontend_samples.hpp"
#include "support/streams.hpp"

namespace tusk::protocol {
namespace {

using test::message;
using test::owned_frame;
using test::read_in_pieces;

// ---- any cut gives the same messages -------------------------------------------------------------------------------

struct stream {
  std::string bytes;
  std::vector<owned_frame> frames;

  void add(std::string const& whole, bool typed = true) {
    bytes += whole;
    frames.push_back({typed ? whole[0] : '\0', whole.substr(typed ? 5 : 4)});
  }
};

stream of_server() {
  stream result;
  for (auto const& row : test::backend_samples()) result.add(test::bytes(row.bytes));  // AuthenticationOk is the first
  return result;
}

stream of_client() {
  stream result;
  result.add(test::bytes("00000008 04d2162f"), false);
  result.add(test::bytes("00000008 04d21630"), false);
  result.add(test::bytes("00000015 00030000 'user'00 'tusk'00 00 'x'00"), false);  // decoding is not the reader's
  for (auto const& row : test::frontend_samples()) {
    bool const typed = std::visit([](auto const& each) { return each.type != '\0'; }, row.message);
    if (typed) result.add(test::bytes(row.bytes));
  }
  return result;
}

void expect_all(stream const& sent, test::reading const& got) {
  EXPECT_EQ(got.end, frame_status::incomplete);
  EXPECT_EQ(got.error, errc{});
  EXPECT_EQ(got.left, 0U);
  EXPECT_EQ(got.largest_excess, 0U);
  ASSERT_EQ(got.frames.size(), sent.frames.size());
  for (std::size_t i = 0; i < sent.frames.size(); ++i) {
    EXPECT_EQ(got.frames[i].type, sent.frames[i].type) << i;
    ASSERT_TRUE(got.frames[i].body == sent.frames[i].body) << i;
  }
}

void cut_everywhere(peer from, stream const& sent) {
  for (std::size_t first = 1; first <= sent.bytes.size(); ++first) {
    SCOPED_TRACE("two reads, the first of " + std::to_string(first));
    bool begun = false;
    expect_all(sent, read_in_pieces(frame_reader(from), sent.bytes,
                                    [&] { return std::exchange(begun, true) ? sent.bytes.size() : first; }));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(FrameReader, AnyCutOfAServersStreamGivesTheSameMessages) { cut_everywhere(peer::server, of_server()); }
TEST(FrameReader, AnyCutOfAClientsStreamGivesTheSameMessages) { cut_everywhere(peer::client, of_client()); }

TEST(FrameReader, ReadsOfEverySizeGiveTheSameMessages) {
  auto const server = of_server(), client = of_client();
  for (std::size_t size = 1; size < 70; ++size) {
    SCOPED_TRACE("reads of " + std::to_string(size));
    expect_all(server, read_in_pieces(frame_reader(peer::server), server.bytes, [size] { return size; }));
    expect_all(client, read_in_pieces(frame_reader(peer::client), client.bytes, [size] { return size; }));
    if (HasFailure()) return;
  }
}

// Messages around the sizes of the buffer, and far above it, between small ones; reads of random sizes.
TEST(FrameReader, MessagesOfAllSizesAndRandomCuts) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    stream sent;
    sent.add(test::bytes("'R' 00000008 00000000"));
    for (int i = 0; i < 40; ++i) {
      std::size_t const near[] = {0, 1, 2043, 2048, 8187, 65531, 65536, 131'072, 300'000};
      std::size_t const size = random() % 4 == 0 ? near[random() % 9] + random() % 3 : random() % 100;
      sent.add(message('d', size, static_cast<char>('a' + i % 26)));
    }
    std::size_t const longest = std::size_t{1} << (4 + random() % 14);
    expect_all(sent, read_in_pieces(frame_reader(peer::server), sent.bytes, [&] { return 1 + random() % longest; }));
    if (HasFailure()) return;
  }
}

// ---- what comes, and when ------------------------------------------------------------------------------------------

frame_status next(frame_reader& reader) {
  frame got;
  return reader.next(got);
}

TEST(FrameReader, NothingIsIncomplete) {
  frame_reader server(peer::server), client(peer::client);
  EXPECT_EQ(next(server), frame_status::incomplete);
  EXPECT_EQ(next(client), frame_status::incomplete);
  EXPECT_EQ(server.buffered(), 0U);
  for (std::size_t i = 0; i < 8; ++i) {
    test::receive(server, test::bytes("'R' 00000008 00000000").substr(i, 1));
    EXPECT_EQ(next(server), frame_status::incomplete) << i;
    EXPECT_EQ(server.buffered(), i + 1);
  }
  test::receive(server, std::string(1, '\0'));
  EXPECT_EQ(next(server), frame_status::complete);
  EXPECT_EQ(server.buffered(), 0U);
}

TEST(FrameReader, AuthenticationOpensTheOtherRulesAtOnce) {
  frame_reader reader(peer::server);
  test::receive(reader, test::bytes("'R' 00000008 00000000 'Z' 00000005 'I'"));
  EXPECT_EQ(next(reader), frame_status::complete);
  reader.authenticated();
  EXPECT_EQ(next(reader), frame_status::complete);

  frame_reader early(peer::server);
  test::receive(early, test::bytes("'Z' 00000005 'I'"));
  EXPECT_EQ(next(early), frame_status::invalid);
  EXPECT_EQ(early.error(), errc::unknown_message);
}

TEST(FrameReader, ARequestLeavesTheNextMessageUntypedAndAStartupDoesNot) {
  for (auto const* request : {"00000008 04d2162f", "00000008 04d21630", "00000010 04d2162e 00000001 00000002"}) {
    frame_reader reader(peer::client);
    test::receive(reader, test::bytes(request) + test::bytes("00000009 00030000 00 'S' 00000004"));
    frame got;
    EXPECT_EQ(reader.next(got), frame_status::complete);
    EXPECT_EQ(got.type, '\0');
    EXPECT_EQ(reader.next(got), frame_status::complete);
    EXPECT_EQ(got.type, '\0');
    EXPECT_EQ(got.body, std::string_view("\0\3\0\0\0", 5));
    EXPECT_EQ(reader.next(got), frame_status::complete);
    EXPECT_EQ(got.type, 'S');
  }
}

// Neither more bytes nor the end of authentication make a refused stream good again.
TEST(FrameReader, InvalidStaysInvalid) {
  frame_reader server(peer::server), client(peer::client);
  test::receive(server, test::bytes("'N' 00000005 00"));
  test::receive(client, test::bytes("00000007"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(next(server), frame_status::invalid);
    EXPECT_EQ(server.error(), errc::unknown_message);
    EXPECT_EQ(next(client), frame_status::invalid);
    EXPECT_EQ(client.error(), errc::length_too_small);
    server.authenticated();
    client.authenticated();
    test::receive(server, test::bytes("'Z' 00000005 'I'"));
    test::receive(client, test::bytes("00000008 04d2162f"));
  }
}

TEST(FrameReader, AMovedReaderGoesOn) {
  frame_reader first(peer::server);
  test::receive(first, test::bytes("'R' 00000008 0000"));
  frame_reader second(std::move(first));
  test::receive(second, test::bytes("0000"));
  frame got;
  EXPECT_EQ(second.next(got), frame_status::complete);
  EXPECT_EQ(got.body, std::string_view("\0\0\0\0", 4));
}

// ---- rows that stay in the buffer ----------------------------------------------------------------------------------

frame_reader authenticated() {
  frame_reader reader(peer::server);
  reader.authenticated();
  return reader;
}

TEST(FrameReader, AHeldBufferKeepsItsBytesWhereTheyAre) {
  auto reader = authenticated();
  test::receive(reader, message('d', 100, 'a') + message('d', 100, 'b'));
  frame first, second;
  ASSERT_EQ(reader.next(first), frame_status::complete);
  ASSERT_EQ(reader.next(second), frame_status::complete);
  reader.hold(true);
  EXPECT_EQ(reader.position(), 210U);
  EXPECT_EQ(first.body.data(), reader.origin() + 5);
  while (!reader.full()) {  // as much as there is room for
    auto const room = reader.prepare();
    room[0] = 'd';
    reader.commit(1);
    ASSERT_EQ(first.body, std::string(100, 'a'));
    ASSERT_EQ(second.body, std::string(100, 'b'));
  }
  EXPECT_EQ(reader.origin(), first.body.data() - 5);
}

TEST(FrameReader, DetachGivesTheBufferAwayAndKeepsWhatIsNotTaken) {
  auto reader = authenticated();
  std::string const rest = message('d', 50, 'c');
  test::receive(reader, message('d', 100, 'a') + rest.substr(0, 20));
  frame got;
  ASSERT_EQ(reader.next(got), frame_status::complete);
  reader.hold(true);
  auto const chunk = reader.detach();
  EXPECT_EQ(chunk.size, 105U);
  EXPECT_EQ(std::string_view(chunk.memory.get(), chunk.size), message('d', 100, 'a'));
  EXPECT_EQ(got.body, std::string(100, 'a')) << "the view lives as long as the chunk";
  EXPECT_FALSE(reader.full());
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_EQ(reader.buffered(), 20U);
  test::receive(reader, rest.substr(20));
  ASSERT_EQ(reader.next(got), frame_status::complete);
  EXPECT_EQ(got.body, std::string(50, 'c'));
}

TEST(FrameReader, ABufferIsOnlyFullWhileItIsHeld) {
  auto reader = authenticated();
  test::receive(reader, message('d', frame_reader::first_capacity - 5));
  EXPECT_EQ(next(reader), frame_status::complete);
  EXPECT_FALSE(reader.full());
  reader.hold(true);
  EXPECT_TRUE(reader.full());
  reader.hold(false);
  EXPECT_FALSE(reader.full());
  EXPECT_FALSE(reader.prepare().empty());
}

}  // namespace
}  // namespace tusk::protocol
