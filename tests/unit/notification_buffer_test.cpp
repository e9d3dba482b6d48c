// What waits for a subscription: order, bounds, and the gaps where something was dropped.
#include "listener/notification_buffer.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/listeners.hpp"

namespace tusk::test {
namespace {

using detail::notification_buffer;
using reason = notification_gap::reason;
constexpr std::size_t much = std::size_t{1} << 20;

std::vector<std::string> drained(notification_buffer& from) {
  std::vector<std::string> all;
  while (auto next = from.pop()) all.push_back(told_notifications::text_of(*next));
  return all;
}
using texts = std::vector<std::string>;

TEST(notification_buffer, gives_in_order) {
  notification_buffer waiting("a", 10, much);
  EXPECT_TRUE(waiting.empty());
  EXPECT_FALSE(waiting.pop());
  EXPECT_TRUE(waiting.push(7, "one"));
  EXPECT_TRUE(waiting.push(8, "two"));
  auto const first = waiting.pop();
  EXPECT_EQ(std::get<notify>(*first).pid, 7);
  EXPECT_EQ(std::get<notify>(*first).channel, "a");
  EXPECT_EQ(drained(waiting), texts{"a: two"});
}

TEST(notification_buffer, drops_when_full_until_half_is_free_and_says_how_many) {
  notification_buffer waiting("a", 4, much);
  for (char const* each : {"1", "2", "3", "4"}) EXPECT_TRUE(waiting.push(1, each));
  EXPECT_FALSE(waiting.push(1, "5"));
  waiting.pop();
  EXPECT_FALSE(waiting.push(1, "6")) << "less than half is free";
  waiting.pop();
  EXPECT_TRUE(waiting.push(1, "7"));
  EXPECT_EQ(waiting.dropped(), 2u);
  EXPECT_EQ(drained(waiting), (texts{"a: 3", "a: 4", "gap slow after 4 dropped 2", "a: 7"}));
}

TEST(notification_buffer, is_bounded_by_bytes) {
  notification_buffer waiting("a", 1000, 16'384);
  std::string const large(7000, 'x');
  EXPECT_TRUE(waiting.push(1, large));
  EXPECT_TRUE(waiting.push(1, large));
  EXPECT_FALSE(waiting.push(1, large));
  EXPECT_FALSE(waiting.push(1, "small")) << "full is full";
  waiting.pop();
  EXPECT_TRUE(waiting.push(1, "small"));
  EXPECT_EQ(waiting.size(), 2u);
}

TEST(notification_buffer, tells_a_gap_behind_which_nothing_came) {
  notification_buffer waiting("a", 1, much);
  waiting.push(1, "1");
  waiting.push(1, "2");
  EXPECT_EQ(drained(waiting), (texts{"a: 1", "gap slow after 1 dropped 1"}));
  EXPECT_TRUE(waiting.empty());
}

TEST(notification_buffer, gaps_with_nothing_between_are_one) {
  notification_buffer waiting("a", 1, much);
  waiting.push(1, "1");
  waiting.push(1, "2");
  waiting.push_gap(reason::lost, "first");
  waiting.push_gap(reason::lost, "second");
  waiting.pop();
  auto const next = waiting.pop();
  auto const& gap = std::get<notification_gap>(*next);
  EXPECT_EQ(gap.why, reason::lost);
  EXPECT_EQ(gap.dropped, 1u);
  EXPECT_EQ(gap.cause, "second");
  EXPECT_EQ(gap.channel, "a");
  EXPECT_FALSE(waiting.pop());
}

TEST(notification_buffer, a_gap_of_a_lost_session_needs_no_room) {
  notification_buffer waiting("a", 2, much);
  waiting.push(1, "1");
  waiting.push_gap(reason::lost, "");
  waiting.push(1, "2");
  waiting.push_gap(reason::lost, "");
  EXPECT_EQ(waiting.size(), 2u);
  EXPECT_EQ(drained(waiting), (texts{"a: 1", "gap lost after 1", "a: 2", "gap lost after 2"}));
}

TEST(notification_buffer, refuses_bounds_that_give_nothing) {
  EXPECT_CONTAINS("capacity is 0", thrown<programming_error>([] { notification_buffer("a", 0, much); }).what());
  EXPECT_CONTAINS("max_bytes is 100", thrown<programming_error>([] { notification_buffer("a", 1, 100); }).what());
}

/// Against a model: what was pushed comes out in order, but for what was dropped, where a gap says how many.
TEST(notification_buffer, games) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::size_t const capacity = 1 + random() % 20;
    notification_buffer waiting("a", capacity, much);
    int pushed = 0, expected = 0, given = -1;
    std::uint64_t dropped = 0;
    std::deque<int> lost_before;  // a session was lost before this one
    auto const take = [&] {
      auto const next = waiting.pop();
      if (!next) {
        EXPECT_EQ(expected, pushed);
        return;
      }
      if (auto const* one = std::get_if<notify>(&*next)) {
        EXPECT_EQ(one->payload, std::to_string(expected));
        given = expected++;
      } else {
        auto const& gap = std::get<notification_gap>(*next);
        EXPECT_EQ(gap.last ? std::stoi(gap.last->payload) : -1, given);
        expected += static_cast<int>(gap.dropped);
        dropped += gap.dropped;
        bool const was_lost = !lost_before.empty() && lost_before.front() <= expected;
        EXPECT_EQ(gap.why == reason::lost, was_lost);
        while (!lost_before.empty() && lost_before.front() <= expected) lost_before.pop_front();
      }
    };
    for (int turn = 0; turn < 500 && !HasFailure(); ++turn) switch (random() % 8) {
        case 0:
          waiting.push_gap(reason::lost, "");
          lost_before.push_back(pushed);
          break;
        case 1:
        case 2:
        case 3:
        case 4: waiting.push(1, std::to_string(pushed++)); break;
        default: take();
      }
    while (!waiting.empty() && !HasFailure()) take();
    EXPECT_EQ(expected, pushed);
    EXPECT_EQ(dropped, waiting.dropped());
    EXPECT_LE(waiting.size(), capacity);
  }
}

}  // namespace
}  // namespace tusk::test
