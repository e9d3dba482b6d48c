// The rules of a listener: games of random events against a server that obeys, each from a seed, which a failure tells
// (TUSK_SEED plays it again). The rules one by one: tests/unit/listener_core_test.cpp.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "listener/listener_core.hpp"
#include "support/driven_session.hpp"
#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using detail::listener_core;
using detail::listening_member;

listener_options options() {
  listener_options made;
  made.check_after = 1s;
  made.first_pause = 10ms;
  made.longest_pause = 100ms;
  return made;
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
    fresh.hears = core_.is_listening(fresh.channel);
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
      if (first.listens) in_force(first.of->name());
      if (!all) return;
    }
  }
  /// Who is subscribed now hears.
  void in_force(std::string const& channel) {
    for (auto& [who, of] : members_) of.hears |= of.channel == channel;
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
    in_force(name);
    if (core_.has_due(*of)) told(core_.take_due(*of));
    for (auto const& each : *core_.members_of(*of)) {
      EXPECT_FALSE(members_.at(each.get()).owed) << "a gap comes before what is behind it";
    }
  }
  void tell_due() {
    while (auto const of = core_.next_due()) {
      EXPECT_TRUE(up_ && server_.contains(of->name())) << "who looks now would miss something";
      told(core_.take_due(*of));
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
    if (below(2) == 0) tell_due();
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
