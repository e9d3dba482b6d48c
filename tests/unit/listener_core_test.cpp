// The rules of a listener, one by one; tests/simulation/listener_test.cpp plays games with them.
#include "listener/listener_core.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using detail::listener_core;
using detail::listening_member;
using reason = notification_gap::reason;

listener_options options() {
  listener_options made;
  made.check_after = 1s;
  made.first_pause = 10ms;
  made.longest_pause = 100ms;
  return made;
}
std::shared_ptr<listening_member> member(bool tells_start = false) {
  return std::make_shared<listening_member>(tells_start);
}

/// With a time of its own, and a server that confirms what it is asked.
class rules : public testing::Test {
 protected:
  void connect(std::size_t checks = 0) {
    ASSERT_TRUE(core.may_connect(now));
    core.connecting();
    core.connected(now, checks);
  }
  /// Sends what is to be sent, and confirms it. What it was: "LISTEN a".
  std::vector<std::string> exchange() {
    std::vector<std::string> sent;
    while (auto next = core.next_statement()) {
      sent.push_back((next->listens ? "LISTEN " : "UNLISTEN ") + next->of->name());
      core.confirmed(*next->of, now);
    }
    return sent;
  }
  std::vector<reason> due() {
    std::vector<reason> all;
    while (auto const of = core.next_due())
      for (auto const& each : core.take_due(*of)) all.push_back(each.why);
    return all;
  }
  void lose() { now += core.ended(now); }

  listener_core::time now{};
  listener_core core{options(), 42};
};
using texts = std::vector<std::string>;
using reasons = std::vector<reason>;

TEST_F(rules, one_listen_for_the_first_and_one_unlisten_for_the_last) {
  connect();
  auto const first = member(), second = member();
  auto const a = core.join("a", first);
  EXPECT_EQ(exchange(), texts{"LISTEN a"});
  EXPECT_EQ(core.join("a", second), a);
  core.leave(*a, *first);
  EXPECT_EQ(exchange(), texts{});
  EXPECT_TRUE(core.is_listening("a"));
  core.leave(*a, *second);
  core.leave(*a, *second);
  EXPECT_EQ(core.member_count(), 0u);
  EXPECT_EQ(exchange(), texts{"UNLISTEN a"});
  EXPECT_EQ(core.channel_count(), 0u);
}

TEST_F(rules, one_statement_of_a_channel_at_a_time) {
  connect();
  auto const who = member();
  auto const a = core.join("a", who);
  auto const on = core.next_statement();
  ASSERT_TRUE(on && on->listens);
  core.leave(*a, *who);
  EXPECT_FALSE(core.next_statement());
  core.confirmed(*a, now);
  auto const off = core.next_statement();
  ASSERT_TRUE(off && !off->listens);
  core.join("a", who);
  EXPECT_FALSE(core.next_statement());
  EXPECT_FALSE(core.arrived(*a)) << "it was sent before UNLISTEN";
  EXPECT_FALSE(core.is_listening("a"));
  core.confirmed(*a, now);
  EXPECT_EQ(exchange(), texts{"LISTEN a"});
}

TEST_F(rules, nothing_is_sent_for_who_came_and_went) {
  connect();
  auto const who = member();
  auto const a = core.join("a", who);
  core.leave(*a, *who);
  EXPECT_EQ(exchange(), texts{});
  EXPECT_EQ(core.channel_count(), 0u);
}

TEST_F(rules, without_a_session_nothing_is_kept_of_who_left) {
  auto const who = member();
  core.leave(*core.join("a", who), *who);
  EXPECT_EQ(core.channel_count(), 0u);
  core.join("b", who);
  connect();
  EXPECT_EQ(exchange(), texts{"LISTEN b"});
}

TEST_F(rules, a_gap_is_told_when_listen_is_in_force_again) {
  core.join("a", member());
  connect();
  exchange();
  EXPECT_EQ(due(), reasons{}) << "nothing came before";
  lose();
  core.join("a", member());
  EXPECT_EQ(due(), reasons{});
  connect();
  auto const next = core.next_statement();
  EXPECT_EQ(due(), reasons{}) << "who looks now may miss what comes before LISTEN";
  core.confirmed(*next->of, now);
  EXPECT_EQ(due(), reasons{reason::lost}) << "the one who had heard, once";
  EXPECT_EQ(due(), reasons{});
}

TEST_F(rules, a_notification_shows_that_listen_is_in_force) {
  core.join("a", member());
  connect();
  exchange();
  due();
  lose();
  connect();
  auto const a = core.next_statement()->of;
  EXPECT_FALSE(core.has_due(*a));
  EXPECT_TRUE(core.arrived(*a));
  ASSERT_TRUE(core.has_due(*a));
  EXPECT_EQ(core.take_due(*a).size(), 1u);
  core.confirmed(*a, now);
  EXPECT_EQ(due(), reasons{}) << "told already";
}

TEST_F(rules, the_start_is_told_to_who_asks_for_it) {
  core.join("a", member(true));
  connect();
  exchange();
  EXPECT_EQ(due(), reasons{reason::start});
  core.join("a", member(true));
  core.join("a", member());
  EXPECT_EQ(due(), reasons{reason::start});
  lose();
  connect();
  exchange();
  EXPECT_EQ(due(), (reasons{reason::lost, reason::lost, reason::lost}));
}

TEST_F(rules, who_was_not_told_yet_loses_twice_and_is_told_once) {
  core.join("a", member());
  connect();
  exchange();
  due();
  lose();
  connect();
  lose();
  connect();
  exchange();
  EXPECT_EQ(due(), reasons{reason::lost});
}

TEST_F(rules, what_is_unreadable_is_missed_by_all_who_hear) {
  core.join("a", member());
  core.join("b", member());
  connect();
  exchange();
  due();
  core.join("b", member());
  core.missed(reason::unreadable);
  EXPECT_EQ(due(), (reasons{reason::unreadable, reason::unreadable, reason::unreadable}));
  core.join("b", member(true));
  core.missed(reason::unreadable);
  EXPECT_EQ(due(), (reasons{reason::unreadable, reason::unreadable, reason::unreadable, reason::start}));
}

TEST_F(rules, mended_who_is_subscribed_when_listen_is_in_force_hears_without_a_step) {
  core.join("a", member());
  connect();
  exchange();
  core.join("a", member());
  lose();
  connect();
  exchange();
  EXPECT_EQ(due(), (reasons{reason::lost, reason::lost}));
}

TEST_F(rules, mended_who_is_subscribed_when_listen_was_never_in_force_misses_nothing) {
  core.join("a", member());
  core.join("a", member(true));
  connect();
  lose();
  connect();
  exchange();
  EXPECT_EQ(due(), reasons{reason::start});
}

TEST_F(rules, mended_a_gap_is_told_to_who_joins_while_unlisten_is_under_way) {
  auto const who = member();
  auto const a = core.join("a", who);
  connect();
  exchange();
  core.leave(*a, *who);
  ASSERT_TRUE(core.next_statement());
  core.join("a", member(true));
  EXPECT_EQ(due(), reasons{}) << "LISTEN is not in force; the mark is taken away";
  core.confirmed(*a, now);
  EXPECT_EQ(exchange(), texts{"LISTEN a"});
  EXPECT_EQ(due(), reasons{reason::start});
}

TEST_F(rules, mended_a_closed_one_does_not_listen) {
  core.join("a", member());
  connect();
  exchange();
  ASSERT_TRUE(core.is_listening());
  core.clear();
  EXPECT_FALSE(core.is_listening());
}

TEST_F(rules, members_of_a_channel_are_those_of_now) {
  connect();
  auto const first = member(), second = member();
  auto const a = core.join("a", first);
  auto const before = core.members_of(*a);
  EXPECT_EQ(before, core.members_of(*a)) << "made anew only when it has changed";
  core.join("a", second);
  EXPECT_EQ(*core.members_of(*a), (listener_core::members{first, second}));
  core.leave(*a, *first);
  EXPECT_EQ(*core.members_of(*a), (listener_core::members{second}));
  EXPECT_EQ(before->size(), 1u);
}

TEST_F(rules, it_has_listened_when_everything_is_confirmed) {
  core.join("a", member());
  connect(1);
  EXPECT_FALSE(core.is_settled());
  exchange();
  EXPECT_FALSE(core.is_settled()) << "the check has no answer yet";
  core.checked();
  EXPECT_TRUE(core.is_settled() && core.is_listening() && core.has_listened());
  core.join("b", member());
  EXPECT_TRUE(core.is_settled());
  EXPECT_FALSE(core.is_listening());
  lose();
  EXPECT_FALSE(core.is_settled());
  EXPECT_TRUE(core.has_listened());
}

TEST_F(rules, pauses_double_up_to_the_longest) {
  for (auto const expected : {10ms, 20ms, 40ms, 80ms, 100ms, 100ms}) {
    core.connecting();
    EXPECT_FALSE(core.may_connect(now));
    auto const pause = core.ended(now);
    EXPECT_LE(pause, expected);
    EXPECT_GE(pause, expected / 2);
    EXPECT_EQ(core.wakes_at(), now + pause);
    EXPECT_FALSE(core.may_connect(now + pause - 1ns));
    EXPECT_TRUE(core.may_connect(now + pause));
  }
}

TEST_F(rules, pauses_differ) {
  std::set<std::chrono::nanoseconds> pauses;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) pauses.insert(listener_core(options(), seed * 7919).ended(now));
  EXPECT_GT(pauses.size(), 10u) << "those who lost one server do not come back at once";
}

TEST_F(rules, a_session_that_lived_for_the_pause_begins_anew) {
  for (int i = 0; i < 4; ++i) core.ended(now);  // 80 ms
  now += 1s;
  connect();
  now += 79ms;
  EXPECT_GT(core.ended(now), 40ms) << "too short";
  now += 1s;
  connect(1);
  now += 1s;
  EXPECT_GT(core.ended(now), 40ms) << "it never listened";
  now += 1s;
  connect();
  now += 100ms;
  EXPECT_LE(core.ended(now), 10ms);
}

TEST_F(rules, is_asked_for_a_sign_of_life_when_nothing_came) {
  EXPECT_FALSE(core.begin_check(now + 1h));
  connect();
  EXPECT_EQ(core.wakes_at(), now + 1s);
  EXPECT_FALSE(core.begin_check(now + 999ms));
  core.heard(now + 500ms);
  EXPECT_FALSE(core.begin_check(now + 1400ms));
  EXPECT_TRUE(core.begin_check(now + 1500ms));
  EXPECT_FALSE(core.begin_check(now + 2h)) << "one at a time";
  EXPECT_EQ(core.wakes_at(), std::nullopt);
  core.check_ended(now + 2h);
  EXPECT_EQ(core.wakes_at(), now + 2h + 1s);
}

TEST_F(rules, is_never_asked_where_the_time_is_zero) {
  auto never = options();
  never.check_after = 0s;
  listener_core quiet(never, 1);
  quiet.connecting();
  quiet.connected(now, 0);
  EXPECT_FALSE(quiet.begin_check(now + 1h));
  EXPECT_EQ(quiet.wakes_at(), std::nullopt);
}

TEST_F(rules, times_that_make_no_sense) {
  auto const refused = [&](auto member, std::chrono::milliseconds time) {
    auto bad = options();
    bad.*member = time;
    return std::string(thrown<programming_error>([&] { listener_core(bad, 1); }).what());
  };
  EXPECT_CONTAINS("check_after is below zero", refused(&listener_options::check_after, -1ms));
  EXPECT_CONTAINS("first_pause is below zero", refused(&listener_options::first_pause, -1ms));
  EXPECT_CONTAINS("above zero", refused(&listener_options::connect_limit, 0ms));
  EXPECT_CONTAINS("above zero", refused(&listener_options::check_limit, 0ms));
}

}  // namespace
}  // namespace tusk::test
