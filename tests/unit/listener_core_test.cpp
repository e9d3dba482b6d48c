// The rules of a listener: games of random events, each from a seed, which a failure tells (TUSK_SEED plays it again),
// and the rules one by one.
#include "listener/listener_core.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/driven_session.hpp"
#include "support/effort.hpp"
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
  EXPECT_EQ(due(), (reasons{reason::unreadable, reason::unreadable}));
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

/// Plays with the rules, as a server that obeys, and knows from that what each member has to be told.
class listener_game {
 public:
  explicit listener_game(std::uint64_t seed) : random_(seed), core_(options(), seed) {}

  void play() {
    for (int turn = 0; turn < 500 && !testing::Test::HasFailure(); ++turn) step();
    for (int turn = 0; turn < 200 && !core_.is_listening(); ++turn) {
      now_ += 100ms;
      connect();
      send();
      answer(true);
    }
    tell_due();
    EXPECT_TRUE(core_.is_listening());
    std::set<std::string> wanted;
    for (auto const& [who, of] : members_) wanted.insert(of.channel);
    EXPECT_EQ(server_, wanted) << "the server listens to what somebody wants, and to nothing else";
    EXPECT_EQ(core_.channel_count(), wanted.size());
    for (auto const& [who, of] : members_) EXPECT_FALSE(of.owed) << "everybody was told of what may be missing";
  }

 private:
  struct known {
    std::string channel;
    std::shared_ptr<listening_member> who;
    listener_core::channel_pointer of;
    bool hears = false;  ///< LISTEN was in force for it
    bool owed = false;   ///< a gap
  };

  std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_); }

  void step() {
    switch (below(11)) {
      case 0:
      case 1: return join();
      case 2: return leave();
      case 3: return connect();
      case 4: return send();
      case 5:
      case 6: return answer(false);
      case 7:
      case 8: return notify_one();
      case 9: return tell_due();
      default:
        now_ += std::chrono::milliseconds(below(50));
        if (below(4) == 0) lose();
    }
  }
  void join() {
    known fresh{std::string(1, static_cast<char>('a' + below(4))), std::make_shared<listening_member>(false), {}};
    fresh.of = core_.join(fresh.channel, fresh.who);
    members_.emplace(fresh.who.get(), fresh);
  }
  void leave() {
    if (members_.empty()) return;
    auto const which = std::next(members_.begin(), static_cast<std::ptrdiff_t>(below(members_.size())));
    core_.leave(*which->second.of, *which->second.who);
    members_.erase(which);
  }
  void connect() {
    if (up_ || !core_.may_connect(now_)) return;
    core_.connecting();
    if (below(3) == 0) return lose();
    core_.connected(now_, 0);
    up_ = true;
  }
  void send() {
    if (!up_) return;
    while (auto const next = core_.next_statement()) {
      for (auto const& each : sent_) EXPECT_NE(each.of, next->of) << "one at a time";
      EXPECT_NE(server_.contains(next->of->name()), next->listens) << "nothing is asked twice";
      sent_.push_back(*next);
    }
  }
  /// The server does the first one.
  void answer(bool all) {
    while (up_ && !sent_.empty()) {
      auto const first = sent_.front();
      if (done_ == 0) carry_out(first);
      if (!all && below(2) == 0) {
        done_ = 1;  // its end is on its way; a notification may come before it
        return;
      }
      done_ = 0;
      sent_.erase(sent_.begin());
      core_.confirmed(*first.of, now_);
      if (!all) return;
    }
  }
  void carry_out(listener_core::statement const& what) {
    if (what.listens)
      server_.insert(what.of->name());
    else
      server_.erase(what.of->name());
  }
  void notify_one() {
    if (!up_ || server_.empty()) return;
    auto const name = *std::next(server_.begin(), static_cast<std::ptrdiff_t>(below(server_.size())));
    listener_core::channel_pointer of;
    for (auto const& [who, each] : members_)
      if (each.channel == name) of = each.of;
    if (!of || !core_.arrived(*of)) return;
    if (core_.has_due(*of)) told(core_.take_due(*of));
    for (auto const& each : *core_.members_of(*of)) {
      auto& one = members_.at(each.get());
      EXPECT_FALSE(one.owed) << "a gap comes before what is behind it";
      one.hears = true;
    }
  }
  void tell_due() {
    while (auto const of = core_.next_due()) {
      EXPECT_TRUE(up_ && server_.contains(of->name())) << "who looks now would miss something";
      told(core_.take_due(*of));
      for (auto const& each : *core_.members_of(*of)) members_.at(each.get()).hears = true;
    }
  }
  void told(std::vector<listener_core::due> const& all) {
    for (auto const& [whom, why] : all) {
      auto& one = members_.at(whom.get());
      EXPECT_TRUE(one.owed) << "nobody is told twice, nor for nothing";
      one.owed = false;
    }
  }
  void lose() {
    tell_due();
    core_.ended(now_);
    up_ = false;
    done_ = 0;
    sent_.clear();
    server_.clear();
    for (auto& [who, of] : members_) of.owed |= of.hears;
  }

  std::mt19937_64 random_;
  listener_core core_;
  listener_core::time now_{};
  std::map<listening_member const*, known> members_;
  std::set<std::string> server_;  // what it listens to
  std::vector<listener_core::statement> sent_;
  int done_ = 0;  // of those sent: carried out, but not confirmed
  bool up_ = false;
};

TEST(listener_core, games) {
  for (std::size_t round = 0; round < effort(500) && !HasFailure(); ++round) {
    SCOPED_TRACE("TUSK_SEED=" + std::to_string(test_seed() + round));
    listener_game(test_seed() + round).play();
  }
}

}  // namespace
}  // namespace tusk::test
