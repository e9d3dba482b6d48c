// How much memory a frame_reader takes: what has arrived decides, never what a message declares.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <tusk/protocol/frame_reader.hpp>

#include "support/streams.hpp"

namespace tusk::protocol {
namespace {

using test::capacity_of;
using test::header;
using test::message;

constexpr std::size_t chunk = frame_reader::chunk_capacity;

frame_reader authenticated() {
  frame_reader reader(peer::server);
  reader.authenticated();
  return reader;
}

frame_status next(frame_reader& reader) {
  frame got;
  return reader.next(got);
}

TEST(FrameMemory, AGibibyteThatIsOnlyDeclaredTakesNone) {
  for (char const type : {'D', 'd', 'E', 'N', 'A', 'T', 't', 'V'}) {
    auto reader = authenticated();
    test::receive(reader, header(type, 0x3fff'ffff) + std::string(100, 'x'));
    EXPECT_EQ(next(reader), frame_status::incomplete);
    EXPECT_LE(capacity_of(reader), chunk) << type;
    EXPECT_EQ(capacity_of(reader), frame_reader::first_capacity) << type;
  }
}

TEST(FrameMemory, AGibibyteThatIsOnlyDeclaredTakesNoneAfterAFullBuffer) {
  auto reader = authenticated();
  test::receive(reader, message('d', frame_reader::first_capacity - 110));
  EXPECT_EQ(next(reader), frame_status::complete);
  test::receive(reader, header('D', 0x3fff'ffff) + std::string(100, 'x'));
  EXPECT_EQ(next(reader), frame_status::incomplete);
  EXPECT_LE(capacity_of(reader), chunk);
}

TEST(FrameMemory, BeforeAuthenticationABufferStaysSmall) {
  frame_reader server(peer::server), client(peer::client);
  test::receive(server, header('E', 30'000) + std::string(29'000, 'x'));
  EXPECT_EQ(next(server), frame_status::incomplete);
  EXPECT_LE(capacity_of(server), chunk);
  test::receive(client, test::bytes("00002710 00030000") + std::string(9'000, 'x'));
  EXPECT_EQ(next(client), frame_status::incomplete);
  EXPECT_LE(capacity_of(client), chunk);
}

// The bound holds at every byte on the way, whatever came before in the buffer, and however many bytes a read brings.
TEST(FrameMemory, GrowsToTwiceWhatHasArrived) {
  for (std::size_t const step : {1000UL, 4096UL, 65'536UL, 100'000UL}) {
    for (std::size_t const before : {0UL, 1UL, 1500UL}) {
      auto reader = authenticated();
      if (before != 0) {
        test::receive(reader, message('d', before));
        EXPECT_EQ(next(reader), frame_status::complete);
      }
      constexpr std::uint32_t declared = 4'000'000;
      std::string const stream = header('D', declared) + std::string(declared - 4, 'x');
      std::size_t arrived = 0;
      while (arrived < stream.size()) {
        auto const room = reader.prepare();
        ASSERT_LE(capacity_of(reader), std::max(chunk, 2 * arrived)) << step << ' ' << before << ' ' << arrived;
        std::size_t const count = std::min({room.size(), step, stream.size() - arrived});
        std::copy_n(stream.data() + arrived, count, room.data());
        reader.commit(count);
        arrived += count;
        ASSERT_EQ(next(reader), arrived < stream.size() ? frame_status::incomplete : frame_status::complete);
      }
      EXPECT_LE(capacity_of(reader), declared + std::size_t{1}) << "no more than the message itself at its end";
    }
  }
}

// A buffer is renewed seldom enough that a long message is copied no more than about twice.
TEST(FrameMemory, ALongMessageIsCopiedFewTimes) {
  auto reader = authenticated();
  constexpr std::uint32_t declared = 16 << 20;
  test::receive(reader, header('D', declared));
  char const* memory = reader.origin();
  std::size_t copied = 0;
  for (std::size_t arrived = 5; arrived <= declared;) {
    auto const room = reader.prepare();
    if (reader.origin() != memory) {
      memory = reader.origin();
      copied += arrived;
    }
    std::size_t const count = std::min<std::size_t>(room.size(), declared + 1 - arrived);
    std::fill_n(room.data(), count, 'x');
    reader.commit(count);
    arrived += count;
  }
  EXPECT_EQ(next(reader), frame_status::complete);
  EXPECT_LE(copied, std::size_t{2} * declared);
}

TEST(FrameMemory, SmallTrafficKeepsASmallBuffer) {
  auto reader = authenticated();
  for (int i = 0; i < 10'000; ++i) {
    test::receive(reader, message('d', 700));
    EXPECT_EQ(next(reader), frame_status::complete);
  }
  EXPECT_EQ(capacity_of(reader), frame_reader::first_capacity);
}

TEST(FrameMemory, BusyTrafficGrowsToAChunkAndNoFurther) {
  auto reader = authenticated();
  std::string const stream = message('d', 700);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += stream;
  for (std::size_t sent = 0; sent < many.size();) {
    auto const room = reader.prepare();
    std::size_t const count = std::min(room.size(), many.size() - sent);
    std::copy_n(many.data() + sent, count, room.data());
    reader.commit(count);
    sent += count;
    while (next(reader) == frame_status::complete) {}
    EXPECT_LE(capacity_of(reader), chunk);
  }
  EXPECT_EQ(capacity_of(reader), chunk);
}

// ---- shrinking -----------------------------------------------------------------------------------------------------

TEST(FrameMemory, AnIdleReaderGivesALargeBufferBack) {
  auto reader = authenticated();
  test::receive(reader, message('d', 1'000'000));
  EXPECT_EQ(next(reader), frame_status::complete);
  reader.shrink();
  EXPECT_EQ(reader.origin(), nullptr);
  EXPECT_EQ(capacity_of(reader), frame_reader::first_capacity);
  test::receive(reader, message('d', 10));
  EXPECT_EQ(next(reader), frame_status::complete);
}

TEST(FrameMemory, ShrinkingTakesNothingThatIsInUse) {
  auto small = authenticated();
  test::receive(small, message('d', 100));
  EXPECT_EQ(next(small), frame_status::complete);
  small.shrink();
  EXPECT_NE(small.origin(), nullptr) << "a small buffer stays";

  auto waiting = authenticated();
  test::receive(waiting, message('d', 100'000) + "d");
  EXPECT_EQ(next(waiting), frame_status::complete);
  waiting.shrink();
  EXPECT_EQ(waiting.buffered(), 1U);

  auto held = authenticated();
  test::receive(held, message('d', 100'000));
  frame got;
  EXPECT_EQ(held.next(got), frame_status::complete);
  held.hold(true);
  held.shrink();
  EXPECT_NE(held.origin(), nullptr);
  EXPECT_EQ(got.body, std::string(100'000, 'x'));
}

}  // namespace
}  // namespace tusk::protocol
