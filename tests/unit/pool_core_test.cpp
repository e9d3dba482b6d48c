// The rules of a pool: games of random events, each from a seed, which a failure tells (TUSK_SEED plays it again), and
// the rules one by one.
#include "pool/pool_core.hpp"
//
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tusk/types/error.hpp>
#include <vector>

#include "support/driven_session.hpp"
#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using detail::pool_core;
using answer = pool_core::answer;

/// Plays with a pool, and knows from what it was told what must be so.
class pool_game {
 public:
  explicit pool_game(std::uint64_t seed) : random_(seed), options_(make_options()), core_(options_, seed) {}

  void play() {
    for (int turn = 0; turn < 400 && !testing::Test::HasFailure(); ++turn) {
      step();
      check();
    }
    end();
  }

 private:
  struct client {
    std::size_t number;  // in order of arrival
    std::unique_ptr<pool_core::ticket> ticket = std::make_unique<pool_core::ticket>();
  };
  using clients = std::map<std::size_t, client>;

  std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_); }
  pool_options make_options() {
    pool_options made;
    made.maximum = 1 + below(5);
    made.minimum = below(made.maximum + 1);
    made.max_waiting = below(8);
    made.idle_time = std::chrono::milliseconds(below(200));
    made.lifetime = std::chrono::milliseconds(50 + below(500));
    made.lifetime_jitter = std::chrono::milliseconds(below(100));
    made.first_pause = 10ms;
    made.longest_pause = 100ms;
    return made;
  }

  void step() {
    switch (below(10)) {
      case 0:
      case 1: return arrive();
      case 2: return leave();
      case 3: return end_connect(below(4) != 0);
      case 4: return give_back(false);
      case 5: return give_back(below(3) == 0);
      case 6: now_ += std::chrono::milliseconds(below(30)); return;
      case 7: core_.step(now_); return take_settled();
      case 8: return below(40) == 0 ? shut() : drop_stale();
      default: return make_missing();
    }
  }

  void arrive() {
    client fresh{++arrived_};
    bool const would_wait = waiting_.size() >= options_.max_waiting;
    std::size_t const waited = waiting_.size();
    auto const got = core_.acquire(*fresh.ticket, now_);
    if (got == answer::full)
      EXPECT_TRUE(would_wait && !closed_);
    else if (got == answer::closed)
      EXPECT_TRUE(closed_);
    else if (got == answer::waiting) {
      EXPECT_FALSE(would_wait);
      waiting_.emplace(fresh.number, std::move(fresh));
    } else {
      EXPECT_EQ(waited, 0u) << "nobody is overtaken";
      serve(std::move(fresh));
    }
  }
  /// One whose connect has failed, or whose connection was of no use, asks again.
  void ask_again(client&& who) {
    auto const got = core_.acquire(*who.ticket, now_);
    std::size_t const number = who.number;
    EXPECT_NE(got, answer::full);
    if (got == answer::waiting) {
      waiting_.emplace(number, std::move(who));
    } else if (got == answer::closed) {
      EXPECT_TRUE(closed_);
    } else {
      EXPECT_TRUE(waiting_.empty() || number < waiting_.begin()->first);
      serve(std::move(who));
    }
  }
  /// It was given a connection, or has to make one.
  void serve(client&& who) {
    auto const slot = who.ticket->slot();
    if (who.ticket->answer() == answer::given) {
      EXPECT_EQ(idle_.erase(slot), 1u);
      EXPECT_TRUE(leased_.emplace(slot, std::move(who)).second);
      return;
    }
    begin_connect(slot);
    EXPECT_TRUE(connecting_.emplace(slot, std::move(who)).second);
  }
  void begin_connect(pool_core::slot slot) {
    EXPECT_FALSE(idle_.contains(slot) || leased_.contains(slot));
    if (!pausing_) return;
    EXPECT_TRUE(connecting_.empty() && making_.empty()) << "one at a time after a failure";
    EXPECT_GE(now_, failed_at_ + pause_ / 2);
  }

  void leave() {
    if (waiting_.empty()) return;
    auto const which = std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(below(waiting_.size())));
    core_.leave(*which->second.ticket);
    if (which->second.ticket->answer() == answer::waiting) waiting_.erase(which);
    take_settled();
  }
  void succeed() { pausing_ = false; }
  void fail() {
    if (pausing_) return;  // one that began before it does not count; that pauses double is another test's
    pause_ = options_.first_pause;
    pausing_ = true;
    failed_at_ = now_;
  }
  void end_connect(bool well) {
    if (!making_.empty() && below(2) == 0) {
      auto const slot = *making_.begin();
      making_.erase(making_.begin());
      if (well) {
        succeed();
        idle_.insert(slot);
        core_.connected(slot, now_);
        core_.release(slot, now_);
      } else {
        fail();
        core_.failed(slot, now_);
      }
      return take_settled();
    }
    if (connecting_.empty()) return;
    auto of = connecting_.extract(connecting_.begin());
    if (well) {
      succeed();
      core_.connected(of.key(), now_);
      if (closed_)
        core_.discard(of.key(), discard_reason::closed, now_);
      else
        leased_.insert(std::move(of));
      return take_settled();
    }
    if (below(3) == 0) {
      core_.abandoned(of.key(), now_);
      return take_settled();
    }
    fail();
    core_.failed(of.key(), now_);
    take_settled();
    if (below(2) == 0) ask_again(std::move(of.mapped()));
    take_settled();
  }
  void give_back(bool broken) {
    if (leased_.empty()) return;
    auto of = leased_.extract(std::next(leased_.begin(), static_cast<std::ptrdiff_t>(below(leased_.size()))));
    if (broken || closed_) {
      core_.discard(of.key(), discard_reason::broken, now_);
      take_settled();
      if (broken && below(4) == 0) ask_again(std::move(of.mapped()));
    } else {
      idle_.insert(of.key());
      core_.release(of.key(), now_);
    }
    take_settled();
  }
  void drop_stale() {
    if (auto const found = core_.take_stale(now_)) {
      EXPECT_EQ(idle_.erase(found->slot), 1u);
      core_.discard(found->slot, found->why, now_);
    }
    take_settled();
  }
  void make_missing() {
    if (auto const slot = core_.take_missing(now_)) {
      EXPECT_LT(total(), options_.minimum);
      begin_connect(*slot);
      EXPECT_TRUE(making_.insert(*slot).second);
    }
  }
  void shut() {
    core_.close();
    closed_ = true;
    take_settled();
    EXPECT_TRUE(waiting_.empty());
  }
  /// Those who have an answer are the first of those who wait, in their order.
  void take_settled() {
    while (auto* const told = core_.settled()) {
      ASSERT_FALSE(waiting_.empty()) << "one that did not wait has an answer";
      auto of = waiting_.extract(waiting_.begin());
      ASSERT_EQ(of.mapped().ticket.get(), told) << "it was not its turn, or it has its answer twice";
      ASSERT_NE(told->answer(), answer::waiting);
      if (told->answer() == answer::closed)
        EXPECT_TRUE(closed_);
      else
        serve(std::move(of.mapped()));
    }
  }

  std::size_t total() const { return idle_.size() + leased_.size() + connecting_.size() + making_.size(); }
  void check() {
    ASSERT_LE(total(), options_.maximum);
    ASSERT_EQ(core_.idle(), idle_.size());
    ASSERT_EQ(core_.leased(), leased_.size());
    ASSERT_EQ(core_.connecting(), connecting_.size() + making_.size());
    ASSERT_EQ(core_.waiting(), waiting_.size());
    if (waiting_.empty()) return;
    ASSERT_TRUE(idle_.empty()) << "one waits, and a connection is idle";
    if (total() == options_.maximum) return;
    ASSERT_TRUE(pausing_) << "one waits, and there is room";
    bool const one_tries = core_.connecting() != 0;
    ASSERT_TRUE(one_tries || core_.wakes_at()) << "one waits, and nothing will wake it";
  }
  /// With a server that works everyone gets a connection, whatever was before; or the pool is closed.
  void end() {
    for (int turn = 0; turn < 2000 && !testing::Test::HasFailure() && !waiting_.empty(); ++turn) {
      now_ += 5ms;
      if (auto const at = core_.wakes_at(); at && *at <= now_) core_.step(now_);
      take_settled();
      end_connect(true);
      give_back(false);
      check();
    }
    EXPECT_TRUE(waiting_.empty()) << "one waits for ever";
    shut();
    while (!leased_.empty()) give_back(false);
    while (!connecting_.empty() || !making_.empty()) end_connect(true);
    while (core_.idle() != 0) drop_stale();
    EXPECT_EQ(core_.total(), 0u);
  }

  std::mt19937_64 random_;
  pool_options const options_;
  pool_core core_;
  pool_core::time now_{1h};
  std::size_t arrived_ = 0;
  clients waiting_;
  std::map<pool_core::slot, client> leased_, connecting_;
  std::set<pool_core::slot> idle_, making_;
  bool pausing_ = false, closed_ = false;
  pool_core::time failed_at_{};
  std::chrono::nanoseconds pause_{};
};

TEST(pool_core, games_of_random_events) {
  std::size_t const games = effort(2000);
  for (std::uint64_t round = 0; round < games && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("TUSK_SEED=" + std::to_string(test_seed() + round));
    pool_game(test_seed() + round).play();
  }
}

/// A pool, and time that stands still.
struct still_pool {
  explicit still_pool(pool_options options) : core(options, 42) {}
  pool_core core;
  pool_core::time now{1h};

  /// One more that is leased.
  pool_core::slot connect() {
    pool_core::ticket who;
    EXPECT_EQ(core.acquire(who, now), answer::connect);
    core.connected(who.slot(), now);
    return who.slot();
  }
};

TEST(pool_core, lends_the_connection_that_was_used_last) {
  still_pool on({.maximum = 3});
  auto const a = on.connect(), b = on.connect(), c = on.connect();
  for (auto const each : {b, a, c}) on.core.release(each, on.now);
  pool_core::ticket who;
  EXPECT_EQ(on.core.acquire(who, on.now), answer::given);
  EXPECT_EQ(who.slot(), c);
}

TEST(pool_core, closes_what_is_idle_too_long_but_for_the_minimum) {
  still_pool on({.minimum = 1, .maximum = 3, .idle_time = 10min, .lifetime = 24h});
  for (auto const each : {on.connect(), on.connect()}) on.core.release(each, on.now);
  EXPECT_FALSE(on.core.take_stale(on.now + 10min - 1ms));
  EXPECT_FALSE(on.core.has_stale(on.now + 10min - 1ms));
  EXPECT_TRUE(on.core.has_stale(on.now + 10min));
  EXPECT_EQ(on.core.maintains_at(), on.now + 10min);
  auto const found = on.core.take_stale(on.now + 10min);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, discard_reason::idle);
  on.core.discard(found->slot, found->why, on.now);
  EXPECT_FALSE(on.core.take_stale(on.now + 10min));
}

TEST(pool_core, lifetimes_are_chosen_once_and_differ) {
  still_pool on({.maximum = 100, .lifetime = 60min, .lifetime_jitter = 6min});
  std::vector<pool_core::slot> all;
  for (int i = 0; i < 100; ++i) all.push_back(on.connect());
  std::size_t in_first_half = 0;
  for (auto const each : all) {
    EXPECT_FALSE(on.core.is_expired(each, on.now + 54min - 1ms));
    EXPECT_TRUE(on.core.is_expired(each, on.now + 60min));
    bool const early = on.core.is_expired(each, on.now + 57min);
    in_first_half += early;
    for (int again = 0; again < 5; ++again) EXPECT_EQ(on.core.is_expired(each, on.now + 57min), early);
  }
  EXPECT_GT(in_first_half, 25u);
  EXPECT_LT(in_first_half, 75u);
}

TEST(pool_core, pauses_double_up_to_the_longest_and_end_with_a_success) {
  still_pool on({.maximum = 1, .first_pause = 100ms, .longest_pause = 1s});
  auto now = on.now;
  for (auto const longest : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    pool_core::ticket who;
    ASSERT_EQ(on.core.acquire(who, now), answer::connect);
    on.core.failed(who.slot(), now);
    pool_core::ticket next;
    ASSERT_EQ(on.core.acquire(next, now + longest / 2 - 1ms), answer::waiting);
    ASSERT_TRUE(on.core.wakes_at());
    EXPECT_GE(*on.core.wakes_at(), now + longest / 2);
    EXPECT_LE(*on.core.wakes_at(), now + longest);
    now = *on.core.wakes_at();
    on.core.leave(next);
    EXPECT_FALSE(on.core.wakes_at()) << "nobody waits";
  }
  pool_core::ticket who;
  ASSERT_EQ(on.core.acquire(who, now), answer::connect);
  on.core.connected(who.slot(), now);
  on.core.discard(who.slot(), discard_reason::broken, now);
  pool_core::ticket next;
  EXPECT_EQ(on.core.acquire(next, now), answer::connect) << "at once again";
}

TEST(pool_core, counts_the_times_of_acquiring) {
  still_pool on({});
  for (auto const time : {0ns, 999ns, 1000ns, 1999ns, 2000ns, 1000000ns, std::chrono::nanoseconds(24h)})
    on.core.count_acquired(time);
  auto const told = on.core.statistics();
  EXPECT_EQ(told.acquired, 7u);
  EXPECT_EQ(told.acquire_times[0], 2u);
  EXPECT_EQ(told.acquire_times[1], 2u);
  EXPECT_EQ(told.acquire_times[2], 1u);
  EXPECT_EQ(told.acquire_times[10], 1u);
  EXPECT_EQ(told.acquire_times[31], 1u);
}

TEST(pool_core, refuses_options_that_make_no_sense) {
  auto const refused = [](pool_options const& options) {
    try {
      pool_core(options, 1);
    } catch (programming_error const& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(refused({.maximum = 0}).find("maximum is 0"), std::string::npos);
  EXPECT_NE(refused({.maximum = 65'536}).find("1 to 65535"), std::string::npos);
  EXPECT_NE(refused({.minimum = 3, .maximum = 2}).find("minimum (3) is above maximum (2)"), std::string::npos);
  EXPECT_NE(refused({.lifetime = -1ms}).find("lifetime is below zero"), std::string::npos);
  EXPECT_EQ(refused({.minimum = 2, .maximum = 2, .lifetime = std::chrono::milliseconds::max()}), "");
}

TEST(pool_core, names_the_reasons) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < discard_reasons; ++i) names.insert(name_of(static_cast<discard_reason>(i)));
  EXPECT_EQ(names.size(), discard_reasons);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace tusk::test
