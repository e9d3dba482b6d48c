// What a listener got wrong once, in ways that a server that is slow, silent or odd brings out.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "support/listening_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace listens;
using kind = listener_event::kind;
using texts = std::vector<std::string>;

TEST(listener_mended, a_subscription_is_ended_while_others_wait) {
  listener hub("host=127.0.0.1 port=1");
  for (int round = 0; round < 50; ++round) {
    subscription queue = hub.subscribe("a");
    std::atomic<int> ready = 0;
    auto const waits = [&] {
      ++ready;
      EXPECT_THROW(queue.next(within(20s)), interface_error);
      EXPECT_THROW(queue.pop(), interface_error);
      EXPECT_FALSE(queue);
    };
    std::jthread const first(waits), second(waits);
    while (ready != 2) std::this_thread::yield();
    if (round % 2 == 0) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(queue);
    queue.end();
    queue.end();
    EXPECT_FALSE(queue);
    EXPECT_THROW(queue.size(), interface_error);
  }
  EXPECT_EQ(hub.statistics().subscribers, 0u);
}

TEST(listener_mended, a_session_hook_is_under_the_limit) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.stay_silent();  // the hook's statement has no answer
  });
  told_happenings told;
  auto options = telling(told);
  options.connect_limit = 50ms;
  connect_options how;
  how.session_hook = [](connection& fresh) { fresh.start_exec("SET search_path = shop"); };
  listener hub(server.dsn(), options, how);
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 2; }));
  EXPECT_CONTAINS("connect_limit", told.why());
  runs.end();
}

TEST(listener_mended, each_listen_has_the_limit_for_itself) {
  scripted_server server([](peer& client) {
    serve(client, {.on_listen = [](peer& to, std::string const&) {
            std::this_thread::sleep_for(150ms);
            to.send(listening);
          }});
  });
  told_happenings told;
  auto options = telling(told);
  options.connect_limit = 500ms;
  listener hub(server.dsn(), options);
  for (char const* each : {"a", "b", "c", "d", "e", "f"}) hub.listen(each, [](auto&) {});
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return hub.statistics().sessions + hub.statistics().connect_failed == 1; }));
  EXPECT_EQ(hub.statistics().connect_failed, 0u) << told.why();
  runs.end();
}

TEST(listener_mended, a_slow_function_is_not_a_silent_server) {
  scripted_server server([](peer& client) {
    serve(client, {.on_listen = [](peer& to, std::string const& asked) {
            if (asked.find("\"b\"") == asked.npos) return void(to.send(listening));
            to.send(notification("a", "slow"));
            std::this_thread::sleep_for(800ms);
            to.send(listening);
          }});
  });
  told_happenings told;
  auto options = telling(told);
  options.connect_limit = 500ms;
  listener hub(server.dsn(), options);
  hub.listen("a", [](auto&) { std::this_thread::sleep_for(600ms); });
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
  hub.listen("b", [](auto&) {});
  EXPECT_TRUE(comes_true([&] { return hub.is_listening("b"); }));
  EXPECT_EQ(hub.statistics().lost, 0u) << told.why();
  runs.end();
}

TEST(listener_mended, the_gap_of_an_unreadable_one_stands_where_that_was) {
  scripted_server server([](peer& client) {
    serve(client, {.on_listen = [](peer& to, std::string const&) {
            to.send(listening + notification("a", "1"));
            std::this_thread::sleep_for(50ms);
            to.send(message('S', text("client_encoding") + text("LATIN1")) + notification("a", "\xe9") +
                    notification("a", "2") + notification("a", "3"));
          }});
  });
  listener hub(server.dsn(), quick());
  told_notifications told;
  hub.listen("a", told.hears(), {.on_gap = told.hears_gaps()});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return told.size() >= 4; }));
  runs.end();
  EXPECT_EQ(told.all(), (texts{"a: 1", "gap unreadable after 1", "a: 2", "a: 3"}));
}

TEST(listener_mended, a_forked_child_destroys_a_subscription_that_is_waited_for) {
  std::optional<listener> hub;
  hub.emplace("host=127.0.0.1 port=1");
  std::optional<subscription> queue = hub->subscribe("a");
  std::atomic<bool> waits = false;
  std::jthread const reader([&] {
    waits = true;
    EXPECT_THROW(queue->next(within(20s)), interface_error);
  });
  while (!waits) std::this_thread::yield();
  std::this_thread::sleep_for(50ms);
  pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(5);
    queue.reset();  // what the reader waits for is the reader's too, which is not there
    hub.reset();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  queue->end();  // the reader returns
}

TEST(listener_mended, a_closed_one_does_not_listen) {
  scripted_server server([](peer& client) { serve(client, {}); });
  listener hub(server.dsn(), quick());
  hub.listen("a", [](auto&) {});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return hub.statistics().listening; }));
  runs.end();
  hub.close();
  EXPECT_FALSE(hub.statistics().listening);
}

TEST(listener_mended, the_cause_is_that_of_the_loss) {
  std::atomic<int> sessions = 0;
  scripted_server server([&](peer& client) {
    int const number = ++sessions;
    if (number == 2 || number == 3) {
      client.receive_startup();
      client.send(message('E', fields("FATAL", "57P03", "the database system is starting up")));
      return;
    }
    serve(client, {.on_listen = [number](peer& to, std::string const&) {
            to.send(listening);
            if (number == 1) to.hang_up();
          }});
  });
  listener hub(server.dsn(), quick());
  told_notifications causes;
  hub.listen("a", [](auto&) {}, {.on_gap = [&](notification_gap const& gap) { causes.add(gap.cause); }});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return causes.size() == 1; }));
  EXPECT_EQ(sessions, 4);
  EXPECT_EQ(causes.all()[0].find("starting up"), std::string::npos) << causes.all()[0];
  runs.end();
}

}  // namespace
}  // namespace tusk::test
