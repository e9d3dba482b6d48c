// Listeners under load: sessions that are killed, queues that nobody reads, subscribers that come and go from several
// threads, and 100,000 notifications a second.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <random>

#include "support/effort.hpp"
#include "support/listeners.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using reason = notification_gap::reason;

/// What one subscriber was told of a channel whose notifications are numbers, one after the other.
class sequence {
 public:
  void take(notification_or_gap const& what) {
    std::lock_guard const guard(lock_);
    if (auto const* const one = std::get_if<notify>(&what)) {
      int const number = std::stoi(one->payload);
      // Without a gap the next is the next; with one it is later, and none comes twice.
      if (last_ && (in_gap_ ? number <= *last_ : number != *last_ + 1)) ++wrong_;
      last_ = number;
      in_gap_ = false;
      ++notifications_;
    } else {
      auto const& gap = std::get<notification_gap>(what);
      if (gap.why != reason::lost || gap.last.has_value() != last_.has_value() ||
          (gap.last && std::stoi(gap.last->payload) != *last_))
        ++wrong_;
      in_gap_ = true;
      ++gaps_;
    }
  }
  int wrong() const { return locked(wrong_); }
  int gaps() const { return locked(gaps_); }
  int notifications() const { return locked(notifications_); }
  int last() const {
    std::lock_guard const guard(lock_);
    return last_.value_or(0);
  }

 private:
  int locked(int const& which) const {
    std::lock_guard const guard(lock_);
    return which;
  }
  mutable std::mutex lock_;
  std::optional<int> last_;
  bool in_gap_ = false;
  int wrong_ = 0, gaps_ = 0, notifications_ = 0;
};

class listener_load : public testing::TestWithParam<way> {};
INSTANTIATE_TEST_SUITE_P(each, listener_load, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

TEST_P(listener_load, killed_sessions_are_gaps_exactly_there) {
  constexpr int kills = 6;
  listener hub(dsn(GetParam(), "tusk", "application_name=killed_listener"), quick());
  sequence function, queued, other_channel;
  hub.listen("numbers", [&](notify const& what) { function.take(what); },
             {.on_gap = [&](notification_gap const& gap) { function.take(gap); }});
  hub.listen("others", [&](notify const& what) { other_channel.take(what); },
             {.on_gap = [&](notification_gap const& gap) { other_channel.take(gap); }});
  subscription queue = hub.subscribe("numbers");
  running_listener runs(hub);
  std::jthread const reader([&](std::stop_token const& stop) {
    try {
      while (auto const next = queue.next(stop)) queued.take(*next);
    } catch (query_canceled const&) {}
  });
  ASSERT_TRUE(comes_true([&] { return hub.statistics().listening; }));
  std::atomic<int> sent = 0;
  std::jthread sender([&](std::stop_token const& stop) {
    connection conn = open();
    while (!stop.stop_requested()) {
      std::string script;
      for (int i = 0; i < 20; ++i) {
        std::string const number = std::to_string(++sent);
        script += "NOTIFY numbers, '" + number + "'; NOTIFY others, '" + number + "';";
      }
      conn.exec(script);
    }
  });
  connection control = open();
  for (int killed = 0; killed < kills; ++killed) {
    int const before = function.notifications();
    ASSERT_TRUE(comes_true([&] { return function.notifications() > before + 200; }));
    terminate(listening_pid(control, "killed_listener"));
    ASSERT_TRUE(comes_true([&] { return hub.statistics().sessions == 2u + static_cast<unsigned>(killed); }));
  }
  int const before = function.notifications();
  ASSERT_TRUE(comes_true([&] { return function.notifications() > before + 200; }));
  sender.request_stop();
  sender.join();
  ASSERT_TRUE(comes_true([&] {
    return function.last() == sent && queued.last() == sent && other_channel.last() == sent;
  })) << "all that came behind the last gap";
  for (sequence const* each : {&function, &queued, &other_channel}) {
    EXPECT_EQ(each->wrong(), 0);
    EXPECT_EQ(each->gaps(), kills);
  }
  EXPECT_EQ(function.notifications(), queued.notifications());
  EXPECT_EQ(hub.statistics().lost, static_cast<unsigned>(kills));
  EXPECT_EQ(hub.statistics().dropped, 0u);
  runs.end();
}

TEST(listener_load_of, a_slow_reader_holds_up_nobody_and_knows_what_it_missed) {
  listener hub(dsn(way::unix_socket));
  subscription slow = hub.subscribe("numbers", {.capacity = 100});
  subscription roomy = hub.subscribe("numbers");
  std::atomic<int> told = 0;
  hub.listen("numbers", [&](auto&) { ++told; });
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.statistics().listening; }));
  connection other = open();
  other.exec("SELECT pg_notify('numbers', i::text) FROM generate_series(1, 5000) i");
  ASSERT_TRUE(comes_true([&] { return told == 5000; }));
  EXPECT_EQ(roomy.size(), 5000u);
  EXPECT_EQ(slow.size(), 100u);
  EXPECT_EQ(slow.dropped(), 4900u);
  EXPECT_EQ(hub.statistics().dropped, 4900u);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(std::get<notify>(*slow.pop()).payload, std::to_string(i));
  other.notify("numbers", "behind");
  ASSERT_TRUE(comes_true([&] { return slow.size() == 1; }));
  EXPECT_EQ(told_notifications::text_of(*slow.pop()), "gap slow after 100 dropped 4900");
  EXPECT_EQ(told_notifications::text_of(*slow.pop()), "numbers: behind");
  EXPECT_FALSE(slow.pop());
  runs.end();
}

TEST(listener_load_of, subscribers_come_and_go_from_several_threads) {
  listener hub(dsn(way::unix_socket, "tusk", "application_name=come_and_go"), quick());
  std::atomic<int> told = 0;
  sequence steady;
  hub.listen("steady", [&](notify const& what) { steady.take(what); },
             {.on_gap = [&](notification_gap const& gap) { steady.take(gap); }});
  running_listener runs(hub);
  std::atomic<bool> over = false;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      std::mt19937 random(i);
      while (!over) {
        std::string const channel(1, static_cast<char>('a' + random() % 3));
        auto const id = hub.listen(channel, [&](auto&) { ++told; });
        subscription queue = hub.subscribe(channel, {.capacity = 10});
        try {
          if (random() % 2 == 0) (void)queue.next(within(2ms));
        } catch (interface_error const&) {
          ADD_FAILURE() << "it is neither closed nor ended";
        }
        if (random() % 4 != 0) queue.end();
        hub.unlisten(id);
      }
    });
  connection control = open();
  int number = 0;
  for (std::size_t round = 0; round < effort(300); ++round) {
    for (char const* each : {"a", "b", "c"}) control.notify(each);
    control.notify("steady", std::to_string(++number));
    if (round % 50 == 20) {
      ASSERT_TRUE(comes_true([&] { return hub.is_listening("steady"); }));
      terminate(listening_pid(control, "come_and_go"));
    }
  }
  over = true;
  threads.clear();
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("steady") && hub.statistics().channels == 1; }));
  control.notify("steady", std::to_string(++number));
  ASSERT_TRUE(comes_true([&] { return steady.last() == number; }));
  EXPECT_EQ(steady.wrong(), 0);
  EXPECT_EQ(static_cast<unsigned>(steady.gaps()), hub.statistics().lost);
  EXPECT_EQ(hub.statistics().subscribers, 1u);
  runs.end();
}

TEST(listener_load_of, hub_is_closed_while_it_is_used) {
  for (int round = 0; round < 100; ++round) {
    auto hub = std::make_unique<listener>(dsn(way::unix_socket));
    std::atomic<int> ready = 0;
    subscription queue = hub->subscribe("a", {.tell_start = true});
    std::jthread const reader([&] {
      try {
        for (;;) (void)queue.next(within(20s));
      } catch (interface_error const&) {
        ++ready;
      }
    });
    std::jthread const steps([on = hub.get(), &ready] {
      on->run();
      ++ready;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(round % 2 * round * 60));
    hub->close();
    ASSERT_TRUE(comes_true([&] { return ready == 2; }));
  }
}

TEST(listener_load_of, pooler_is_told_apart) {
  std::string const pooler = exported("TUSK_POOLER_DSN");
  listener direct(pooler + " dbname=transaction");
  EXPECT_CONTAINS("pool_mode = session", thrown<not_supported_error>([&] { direct.run(); }).what());
  auto options = quick();
  options.behind_pooler = true;
  listener hub(pooler + " dbname=session", options);
  std::atomic<int> told = 0;
  hub.listen("a", [&](auto&) { ++told; });
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
  open().notify("a");
  EXPECT_TRUE(comes_true([&] { return told == 1; }));
  runs.end();
}

}  // namespace
}  // namespace tusk::test
