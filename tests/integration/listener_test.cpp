// A listener against a server: who is told what, from which thread, and when LISTEN and UNLISTEN are sent.
#include <gtest/gtest.h>

#include <optional>

#include "support/listeners.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using kind = listener_event::kind;

using texts = std::vector<std::string>;

TEST(listener, functions_and_queues_are_told_in_order) {
  listener hub(dsn(way::unix_socket));
  told_notifications first, second;
  hub.listen("orders", first.hears());
  hub.listen("Orders \"quoted\"", second.hears());
  subscription orders = hub.subscribe("orders");
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("orders") && hub.is_listening("Orders \"quoted\""); }));
  connection other = open();
  for (int i = 0; i < 100; ++i) other.notify("orders", std::to_string(i));
  other.notify("Orders \"quoted\"", "once");
  ASSERT_TRUE(comes_true([&] { return first.size() == 100 && second.size() == 1; }));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(first.all()[static_cast<std::size_t>(i)], "orders: " + std::to_string(i));
    auto const next = orders.next(within(5s));
    ASSERT_TRUE(next);
    EXPECT_EQ(told_notifications::text_of(*next), "orders: " + std::to_string(i));
  }
  EXPECT_FALSE(orders.pop());
  EXPECT_EQ(second.all(), texts{"Orders \"quoted\": once"});
  EXPECT_EQ(hub.statistics().notifications, 101u);
  EXPECT_EQ(hub.statistics().channels, 2u);
  EXPECT_EQ(hub.statistics().subscribers, 3u);
  EXPECT_TRUE(hub.statistics().listening);
  runs.end();
}

TEST(listener, listen_and_unlisten_are_sent_for_the_first_and_the_last) {
  std::vector<std::string> sent;
  std::mutex lock;
  connect_options how;
  how.trace = [&](std::string_view line) {
    std::lock_guard const guard(lock);
    if (line.find("LISTEN") != line.npos && line.starts_with("F")) sent.emplace_back(line.substr(line.find("Query")));
  };
  listener hub(dsn(way::unix_socket), {}, how);
  auto const statements = [&] {
    std::lock_guard const guard(lock);
    return sent.size();
  };
  running_listener runs(hub);
  auto const first = hub.listen("a", [](auto&) {});
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
  auto const second = hub.listen("a", [](auto&) {});
  std::optional<subscription> third = hub.subscribe("a");
  EXPECT_TRUE(hub.unlisten(first));
  EXPECT_FALSE(hub.unlisten(first));
  EXPECT_TRUE(hub.unlisten(second));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(statements(), 1u);
  EXPECT_TRUE(hub.is_listening("a"));
  third.reset();
  ASSERT_TRUE(comes_true([&] { return statements() == 2 && hub.statistics().channels == 0; }));
  EXPECT_FALSE(hub.is_listening("a"));
  hub.listen("a", [](auto&) {});
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
  runs.end();
  EXPECT_EQ(statements(), 3u);
  EXPECT_CONTAINS("LISTEN \"a\"", sent[0]);
  EXPECT_CONTAINS("UNLISTEN \"a\"", sent[1]);
}

TEST(listener, a_lost_session_is_a_gap_for_each_and_listens_again) {
  listener hub(dsn(way::unix_socket, "tusk", "application_name=gap_for_each"), quick());
  told_notifications with_gap, otherwise, fresh;
  hub.listen("a", with_gap.hears(), {.on_gap = with_gap.hears_gaps()});
  hub.listen("b", otherwise.hears());
  hub.on_gap(otherwise.hears_gaps());
  subscription queue = hub.subscribe("a", {.tell_start = true});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.statistics().listening; }));
  connection other = open();
  other.notify("a", "before");
  ASSERT_TRUE(comes_true([&] { return with_gap.size() == 1; }));
  terminate(listening_pid(other, "gap_for_each"));
  ASSERT_TRUE(comes_true([&] { return hub.statistics().sessions == 2; }));
  other.notify("a", "behind");
  other.notify("b", "first");
  ASSERT_TRUE(comes_true([&] { return with_gap.size() == 3 && otherwise.size() == 2; }));
  EXPECT_EQ(with_gap.all(), (texts{"a: before", "gap lost after before", "a: behind"}));
  EXPECT_EQ(otherwise.all(), (texts{"gap lost", "b: first"}));
  texts queued;
  while (auto next = queue.pop()) {
    queued.push_back(told_notifications::text_of(*next));
    auto const* const gap = std::get_if<notification_gap>(&*next);
    if (gap == nullptr || gap->why != notification_gap::reason::lost) continue;
    EXPECT_CONTAINS("terminating connection due to administrator command", gap->cause);
  }
  EXPECT_EQ(queued, (texts{"gap start", "a: before", "gap lost after before", "a: behind"}));
  EXPECT_EQ(hub.statistics().lost, 1u);
  runs.end();
}

}  // namespace
}  // namespace tusk::test
