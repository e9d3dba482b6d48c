// A listener, and servers that refuse, cut, fall silent or lie.
#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <optional>

#include "support/listening_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using kind = listener_event::kind;
using texts = std::vector<std::string>;
using namespace listens;

TEST(hostile_listener, a_cut_in_the_midst_of_a_notification_is_a_gap_there) {
  std::atomic<int> sessions = 0;
  scripted_server server([&](peer& client) {
    int const number = ++sessions;
    serve(client, {.on_listen = [number](peer& to, std::string const&) {
            if (number == 1) {
              to.send(listening + notification("a", "1") + notification("a", "2").substr(0, 9));
              return to.hang_up();
            }
            to.send(notification("a", "3") + listening + notification("a", "4"));  // the first before LISTEN's end
          }});
  });
  listener hub(server.dsn(), quick());
  told_notifications told;
  hub.listen("a", told.hears(), {.on_gap = told.hears_gaps()});
  subscription queue = hub.subscribe("a");
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return told.size() == 4; }));
  runs.end();
  texts const expected{"a: 1", "gap lost after 1", "a: 3", "a: 4"};
  EXPECT_EQ(told.all(), expected);
  texts queued;
  while (auto const next = queue.pop()) queued.push_back(told_notifications::text_of(*next));
  EXPECT_EQ(queued, expected);
}

TEST(hostile_listener, a_silent_server_is_given_up_and_tried_again) {
  scripted_server server([](peer& client) { client.stay_silent(); });
  told_happenings told;
  auto options = telling(told);
  options.connect_limit = 30ms;
  listener hub(server.dsn(), options);
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 2; }));
  EXPECT_GE(server.clients(), 2);
  EXPECT_NO_THROW(runs.end());
}

TEST(hostile_listener, a_server_that_answers_no_listen_is_given_up) {
  scripted_server server([](peer& client) { serve(client, {.on_listen = [](peer&, std::string const&) {}}); });
  told_happenings told;
  auto options = telling(told);
  options.connect_limit = 30ms;
  listener hub(server.dsn(), options);
  hub.listen("a", [](auto&) {});
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 1; }));  // with the grace of a limit
  EXPECT_EQ(hub.statistics().sessions, 0u);
  runs.end();
}

TEST(hostile_listener, a_dead_network_is_noticed_by_a_check) {
  std::atomic<int> sessions = 0;
  scripted_server server([&](peer& client) { serve(client, {.answers_pings = ++sessions > 1}); });
  told_happenings told;
  auto options = telling(told);
  options.check_after = 50ms;
  options.check_limit = 50ms;
  listener hub(server.dsn(), options);
  told_notifications gaps;
  hub.listen("a", [](auto&) {}, {.on_gap = gaps.hears_gaps()});
  auto const began = clock::now();
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return gaps.size() == 1; }));
  EXPECT_LT(clock::now() - began, 5s);
  EXPECT_EQ(gaps.all(), texts{"gap lost"});
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(told.count(kind::lost), 1u) << "one that answers is left alone";
  runs.end();
}

TEST(hostile_listener, notifications_are_a_sign_of_life) {
  std::atomic<int> pings = 0;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.receive_message();
    client.send(pid_row("4711") + ready());
    client.receive_message();
    client.send(listening);
    for (int i = 0; i < 30; ++i) {
      client.send(notification("a", ""));
      if (client.stirs_within(20ms)) {
        ++pings;
        return;
      }
    }
    client.stay_silent();
  });
  auto options = quick();
  options.check_after = 300ms;
  options.check_limit = 10s;
  listener hub(server.dsn(), options);
  told_notifications told;
  hub.listen("a", told.hears());
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return told.size() == 30 || pings != 0; }));
  EXPECT_EQ(pings, 0);
  runs.end();
}

TEST(hostile_listener, a_refused_listen_comes_out_at_first_and_is_tried_again_later) {
  std::atomic<bool> refuses = true;
  scripted_server server([&](peer& client) {
    serve(client, {.on_listen = [&](peer& to, std::string const&) {
            if (!refuses) return void(to.send(listening));
            to.send(message('E', fields("ERROR", "25006", "cannot execute LISTEN during recovery")) + ready());
          }});
  });
  told_happenings told;
  listener hub(server.dsn(), telling(told));
  hub.listen("a", [](auto&) {});
  EXPECT_CONTAINS("during recovery", thrown<internal_error>([&] { hub.run(); }).what());
  EXPECT_CONTAINS("during recovery", thrown<internal_error>([&] { hub.run(); }).what()) << "a next call tries again";
  refuses = false;
  {
    running_listener runs(hub);
    ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
    refuses = true;
    hub.listen("b", [](auto&) {});
    ASSERT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 4; })) << "not thrown any more";
    EXPECT_FALSE(hub.is_listening("a"));
    refuses = false;
    ASSERT_TRUE(comes_true([&] { return hub.is_listening("a") && hub.is_listening("b"); }));
    runs.end();
  }
}

TEST(hostile_listener, a_refused_login_comes_out_at_first_and_is_tried_again_later) {
  std::atomic<int> sessions = 0;
  std::atomic<bool> refuses = true;
  scripted_server server([&](peer& client) {
    if (!refuses) {
      ++sessions;
      return serve(client, {.on_listen = [&](peer& to, std::string const&) {
                     to.send(listening);
                     if (sessions == 1) to.hang_up();
                   }});
    }
    client.receive_startup();
    client.send(message('E', fields("FATAL", "28P01", "password authentication failed")));
  });
  told_happenings told;
  listener hub(server.dsn(), telling(told));
  told_notifications gaps;
  hub.listen("a", [](auto&) {}, {.on_gap = gaps.hears_gaps()});
  EXPECT_CONTAINS("password authentication failed", thrown<operational_error>([&] { hub.run(); }).what());
  listener stepped(server.dsn(), quick());
  auto const steps = [&] {
    for (;;) {
      stepped.poll();
      pollfd waiting{stepped.fileno(), POLLIN, 0};
      auto const left = stepped.timeout();
      ::poll(&waiting, 1, left ? static_cast<int>(left->count()) : -1);
    }
  };
  EXPECT_CONTAINS("password authentication failed", thrown<operational_error>(steps).what());
  refuses = false;
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return gaps.size() == 1; }));
  runs.end();
}

TEST(hostile_listener, an_unreachable_server_is_tried_again_from_the_start) {
  told_happenings told;
  listener hub("host=127.0.0.1 port=1 user=nobody dbname=nothing", telling(told));
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 3; }));
  EXPECT_CONTAINS("refused", told.why());
  EXPECT_NO_THROW(runs.end());
}

TEST(hostile_listener, a_pooler_is_an_error_unless_it_was_told_of) {
  scripted_server server([](peer& client) { serve(client, {.pid = "815"}); });
  listener hub(server.dsn(), quick());
  {
    running_listener refused(hub);
    EXPECT_TRUE(comes_true([&] { return refused.has_returned(); }));
    EXPECT_CONTAINS("behind_pooler", thrown<not_supported_error>([&] { refused.end(); }).what());
  }
  auto options = quick();
  options.behind_pooler = true;
  listener told(server.dsn(), options);
  told.listen("a", [](auto&) {});
  running_listener runs(told);
  EXPECT_TRUE(comes_true([&] { return told.is_listening("a"); }));
  runs.end();
}

TEST(hostile_listener, an_answer_without_a_row_ends_the_session) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.receive_message();
    client.send(message('C', text("SELECT 0")) + ready());
    client.stay_silent();
  });
  told_happenings told;
  listener hub(server.dsn(), telling(told));
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return told.count(kind::connect_failed) >= 2; }));
  EXPECT_CONTAINS("did not say by which process", told.why());
  runs.end();
}

TEST(hostile_listener, notifications_that_nobody_asked_for_are_nobodys) {
  scripted_server server([](peer& client) {
    serve(client, {.on_listen = [](peer& to, std::string const&) {
            std::string flood;
            for (int i = 0; i < 5000; ++i) flood += notification("other", "x");
            to.send(listening + flood + notification("a", "1"));
          }});
  });
  listener hub(server.dsn(), quick());
  told_notifications told;
  hub.listen("a", told.hears(), {.on_gap = told.hears_gaps()});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return told.size() == 1; }));
  EXPECT_EQ(told.all(), texts{"a: 1"});
  runs.end();
}

TEST(hostile_listener, one_that_is_not_utf8_is_a_gap_for_all) {
  scripted_server server([](peer& client) {
    serve(client, {.on_listen = [](peer& to, std::string const&) {
            to.send(listening + message('N', fields("NOTICE", "00000", "idle now")) + notification("a", "1"));
            to.send(message('S', text("client_encoding") + text("LATIN1")) + notification("a", "\xe9") +
                    notification("a", "2"));
          }});
  });
  listener hub(server.dsn(), quick());
  told_notifications told;
  hub.listen("a", told.hears(), {.on_gap = told.hears_gaps()});
  running_listener runs(hub);
  ASSERT_TRUE(comes_true([&] { return told.has("gap unreadable after 2") || told.has("gap unreadable after 1"); }));
  runs.end();
}

TEST(hostile_listener, connects_without_subscribers_too) {
  scripted_server server([](peer& client) { serve(client, {}); });
  listener hub(server.dsn(), quick());
  running_listener runs(hub);
  EXPECT_TRUE(comes_true([&] { return hub.statistics().sessions == 1; }));
  EXPECT_TRUE(hub.statistics().listening);
  runs.end();
}

/// The listener is destroyed while it is in a state that a server keeps it in.
TEST(hostile_listener, is_destroyed_in_every_state) {
  std::pair<char const*, std::function<void(peer&)>> const servers[] = {
      {"connecting", [](peer& client) { client.stay_silent(); }},
      {"pausing", [](peer& client) { client.hang_up(); }},
      {"asking who it is",
       [](peer& client) {
         client.receive_startup();
         client.send(welcome());
         client.stay_silent();
       }},
      {"listening", [](peer& client) { serve(client, {.on_listen = [](peer&, std::string const&) {}}); }},
      {"up", [](peer& client) { serve(client, {}); }},
  };
  for (auto const& [state, script] : servers) {
    SCOPED_TRACE(state);
    scripted_server server(script);
    auto const began = clock::now();
    auto options = quick();
    options.first_pause = 10s;
    options.longest_pause = 10s;
    auto hub = std::make_unique<listener>(server.dsn(), options);
    hub->listen("a", [](auto&) {});
    subscription queue = hub->subscribe("a");
    std::jthread const reader([&] { EXPECT_THROW(queue.next(within(20s)), interface_error); });
    {
      auto runs = std::make_unique<running_listener>(*hub);
      ASSERT_TRUE(comes_true([&] { return server.clients() > 0; }));
      std::this_thread::sleep_for(30ms);
      hub.reset();
      EXPECT_TRUE(comes_true([&] { return runs->has_returned(); }));
      EXPECT_NO_THROW(runs->end());
    }
    EXPECT_LT(clock::now() - began, 5s);
  }
  EXPECT_NO_THROW(listener("host=127.0.0.1 port=1"));
  EXPECT_NO_THROW(listener("no such thing = 1")) << "nothing is looked at before the first step";
}

}  // namespace
}  // namespace tusk::test
