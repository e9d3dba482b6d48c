// Listeners used in odd ways: functions that throw, subscribe, close and destroy; two threads that step; forks; and
// what is refused.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <tusk/wait.hpp>

#include "support/listeners.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

/// Steps it as an event loop does, until it is so.
template <class Condition>
void step_until(listener& on, Condition const& condition) {
  auto const until = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    if (on.poll() == poll_status::ok || condition()) return;
    pollfd waiting{on.fileno(), POLLIN, 0};
    auto const left = on.timeout();
    ::poll(&waiting, 1, left ? static_cast<int>(std::min<std::int64_t>(left->count(), 1000)) : 1000);
  }
}

TEST(listener_misuse, functions_that_throw_do_not_hold_up_others) {
  listener hub(dsn(way::unix_socket));
  told_notifications told;
  hub.listen("a", [&](notify const& what) {
    told.add("throws " + what.payload);
    throw std::runtime_error("of the function " + what.payload);
  });
  hub.listen("a", told.hears());
  step_until(hub, [&] { return hub.is_listening("a"); });
  connection other = open();
  other.exec("BEGIN; NOTIFY a, '1'; NOTIFY a, '2'; COMMIT");
  auto const why = thrown<std::runtime_error>([&] { step_until(hub, [] { return false; }); });
  EXPECT_STREQ(why.what(), "of the function 1") << "the first";
  EXPECT_EQ(told.all(), (texts{"throws 1", "a: 1", "throws 2", "a: 2"}));
  told_notifications errors;
  hub.on_error([&](std::exception_ptr error) {
    EXPECT_THROW(std::rethrow_exception(error), std::runtime_error);
    errors.add("error");
  });
  other.notify("a", "3");
  step_until(hub, [&] { return told.size() == 6; });
  EXPECT_EQ(errors.size(), 1u);
  EXPECT_EQ(hub.statistics().thrown, 3u);
  EXPECT_EQ(hub.statistics().lost, 0u) << "the session goes on";
}

TEST(listener_misuse, gap_functions_and_error_functions_throw) {
  listener hub(dsn(way::unix_socket));
  hub.listen("a", [](auto&) {}, {.on_gap = [](auto&) { throw std::runtime_error("of on_gap"); }, .tell_start = true});
  EXPECT_STREQ(thrown<std::runtime_error>([&] { hub.run(); }).what(), "of on_gap");
  hub.on_error([](std::exception_ptr) { throw std::runtime_error("of on_error"); });
  hub.listen("a", [](auto&) {}, {.on_gap = [](auto&) { throw std::logic_error("of on_gap"); }, .tell_start = true});
  EXPECT_STREQ(thrown<std::runtime_error>([&] { hub.run(); }).what(), "of on_error");
  EXPECT_TRUE(hub.is_listening("a"));
}

TEST(listener_misuse, functions_subscribe_and_unsubscribe) {
  listener hub(dsn(way::unix_socket));
  told_notifications told;
  std::optional<subscriber_id> second;
  subscriber_id first{};
  first = hub.listen("a", [&](notify const& what) {
    told.add("first " + what.payload);
    EXPECT_TRUE(hub.unlisten(first));
    EXPECT_TRUE(hub.unlisten(*second));
    hub.listen("b", told.hears());
  });
  second = hub.listen("a", [&](auto&) { told.add("was unsubscribed before"); });
  step_until(hub, [&] { return hub.is_listening("a"); });
  connection other = open();
  other.exec("BEGIN; NOTIFY a, '1'; NOTIFY a, '2'; COMMIT");
  step_until(hub, [&] { return hub.is_listening("b"); });
  other.notify("a", "nobody");
  other.notify("b", "3");
  step_until(hub, [&] { return told.size() == 2; });
  EXPECT_EQ(told.all(), (texts{"first 1", "b: 3"}));
  EXPECT_EQ(hub.statistics().channels, 1u);
}

TEST(listener_misuse, a_function_is_destroyed_when_nobody_needs_it) {
  auto const held = std::make_shared<int>(1);
  std::optional<listener> hub(std::in_place, dsn(way::unix_socket));
  auto const id = hub->listen("a", [held](auto&) {});
  hub->listen("a", [held](auto&) {});
  EXPECT_EQ(held.use_count(), 3);
  step_until(*hub, [&] { return hub->is_listening("a"); });
  hub->unlisten(id);
  EXPECT_EQ(held.use_count(), 2);
  hub->close();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(listener_misuse, is_destroyed_within_each_kind_of_function) {
  using hub_pointer = std::unique_ptr<listener>;
  std::pair<char const*, std::function<void(hub_pointer&)>> const kinds[] = {
      {"function", [](hub_pointer& hub) { hub->listen("a", [&](auto&) { hub.reset(); }); }},
      {"gap",
       [](hub_pointer& hub) {
         hub->listen("a", [](auto&) {}, {.on_gap = [&](auto&) { hub.reset(); }, .tell_start = true});
       }},
      {"error",
       [](hub_pointer& hub) {
         hub->on_error([&](auto) { hub.reset(); });
         hub->listen("a", [](auto&) { throw 1; });
       }},
      {"ready",
       [](hub_pointer& hub) {
         static subscription queue;
         queue = hub->subscribe("a", {.on_ready = [&] { hub.reset(); }});
       }},
  };
  for (auto const& [what, set_up] : kinds) {
    SCOPED_TRACE(what);
    told_notifications never;
    auto hub = std::make_unique<listener>(dsn(way::unix_socket));
    set_up(hub);
    if (hub) hub->listen("a", [&](auto&) { never.add("it is closed"); });
    std::jthread const notifies([] {
      connection other = open();
      for (int i = 0; i < 200; ++i) {
        other.notify("a");
        std::this_thread::sleep_for(1ms);
      }
    });
    hub->run();
    EXPECT_FALSE(hub);
    EXPECT_EQ(never.size(), 0u);
  }
  hub_pointer hub;
  hub = std::make_unique<listener>(dsn(way::unix_socket), listener_options{.on_event = [&](auto&) { hub.reset(); }});
  hub->run();
  EXPECT_FALSE(hub);
}

TEST(listener_misuse, one_thread_steps_at_a_time) {
  listener hub(dsn(way::unix_socket));
  told_notifications told;
  subscription queue = hub.subscribe("b");
  hub.listen("a", [&](auto&) {
    told.add(thrown<programming_error>([&] { hub.poll(); }).what());
    told.add(thrown<programming_error>([&] { hub.run(); }).what());
    told.add(thrown<programming_error>([&] { queue.next(within(5s)); }).what());
  });
  {
    running_listener runs(hub);
    ASSERT_TRUE(comes_true([&] { return hub.is_listening("a"); }));
    EXPECT_CONTAINS("another thread", thrown<programming_error>([&] { hub.poll(); }).what());
    EXPECT_CONTAINS("another thread", thrown<programming_error>([&] { hub.run(); }).what());
    open().notify("a");
    ASSERT_TRUE(comes_true([&] { return told.size() == 3; }));
    runs.end();
  }
  EXPECT_CONTAINS("let the function return", told.all()[0]);
  EXPECT_CONTAINS("let the function return", told.all()[1]);
  EXPECT_CONTAINS("waits for a notification, which only the listener could bring", told.all()[2]);
  EXPECT_EQ(hub.poll(), poll_status::read);
}

TEST(listener_misuse, what_makes_no_sense_is_refused) {
  listener hub(dsn(way::unix_socket));
  EXPECT_THROW(hub.listen("", [](auto&) {}), programming_error);
  EXPECT_THROW(hub.listen(std::string(64, 'x'), [](auto&) {}), programming_error);
  EXPECT_THROW((void)hub.subscribe(std::string_view("a\0b", 3)), programming_error);
  EXPECT_THROW(hub.listen("a", {}), programming_error);
  EXPECT_THROW((void)hub.subscribe("a", {.capacity = 0}), programming_error);
  EXPECT_THROW((void)hub.subscribe("a", {.max_bytes = 10}), programming_error);
  EXPECT_THROW(listener("", {.connect_limit = 0s}), programming_error);
  EXPECT_EQ(hub.statistics().subscribers, 0u);
  EXPECT_FALSE(hub.unlisten(subscriber_id(7)));
  EXPECT_THROW(subscription().pop(), interface_error);
  subscription queue = hub.subscribe("a");
  subscription const moved = std::move(queue);
  EXPECT_THROW((void)queue.size(), interface_error);
  hub.close();
  hub.close();
  EXPECT_TRUE(hub.closed());
  EXPECT_EQ(hub.poll(), poll_status::ok);
  EXPECT_NO_THROW(hub.run());
  EXPECT_THROW(hub.listen("a", [](auto&) {}), interface_error);
  EXPECT_THROW((void)hub.subscribe("a"), interface_error);
}

TEST(listener_misuse, readers_are_told_when_it_ends) {
  auto hub = std::make_unique<listener>(dsn(way::unix_socket));
  std::atomic<int> ready = 0;
  subscription queue = hub->subscribe("a", {.on_ready = [&] { ++ready; }});
  EXPECT_FALSE(queue.next(within(1ms)));
  std::stop_source stop;
  {
    std::jthread const reader([&] { EXPECT_THROW(queue.next(stop.get_token()), query_canceled); });
    std::this_thread::sleep_for(5ms);
    stop.request_stop();
  }
  step_until(*hub, [&] { return hub->is_listening("a"); });
  open().notify("a", "left");
  open().notify("a", "too");
  step_until(*hub, [&] { return queue.size() == 2; });
  EXPECT_EQ(ready, 1) << "it was empty once";
  pollfd waiting{hub->fileno(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  hub->close();
  EXPECT_EQ(::poll(&waiting, 1, 0), 1) << "who waits between two steps is woken";
  hub.reset();
  EXPECT_EQ(ready, 2);
  EXPECT_EQ(told_notifications::text_of(*queue.pop()), "a: left") << "what has come can be read still";
  EXPECT_EQ(told_notifications::text_of(*queue.pop()), "a: too");
  EXPECT_CONTAINS("the listener is closed", thrown<interface_error>([&] { queue.pop(); }).what());
  EXPECT_THROW(queue.next(within(20s)), interface_error);
  queue.end();
  queue.end();
  EXPECT_FALSE(queue);
}

TEST(listener_misuse, run_heeds_its_token_and_the_interrupt_flag) {
  listener hub(dsn(way::unix_socket));
  std::stop_source stopped;
  stopped.request_stop();
  hub.run(stopped.get_token());
  EXPECT_EQ(hub.statistics().sessions, 0u) << "stopped before";
  std::atomic<bool> flag = false;
  set_interrupt_flag(&flag);
  std::jthread const signals([&] {
    std::this_thread::sleep_for(20ms);
    flag = true;
  });
  EXPECT_THROW(hub.run(), query_canceled);
  set_interrupt_flag(nullptr);
}

TEST(listener_misuse, a_child_process_says_nothing_and_the_parent_goes_on) {
  auto hub = std::make_unique<listener>(dsn(way::unix_socket));
  told_notifications told;
  auto const id = hub->listen("a", told.hears());
  subscription queue = hub->subscribe("a");
  step_until(*hub, [&] { return hub->is_listening("a"); });
  pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(20);
    int wrong = 0;
    std::function<void()> const calls[] = {[&] { hub->listen("b", [](auto&) {}); },
                                           [&] { hub->unlisten(id); },
                                           [&] { (void)hub->subscribe("b"); },
                                           [&] { hub->run(); },
                                           [&] { hub->poll(); },
                                           [&] { (void)hub->fileno(); },
                                           [&] { (void)hub->timeout(); },
                                           [&] { (void)hub->statistics(); },
                                           [&] { hub->is_listening("a"); },
                                           [&] { hub->on_gap({}); },
                                           [&] { hub->on_error({}); },
                                           [&] { queue.pop(); },
                                           [&] { queue.next(within(5s)); },
                                           [&] { (void)queue.size(); }};
    for (auto const& call : calls) try {
        call();
        ++wrong;
      } catch (interface_error const&) {
      } catch (...) {
        ++wrong;
      }
    if (!hub->closed()) ++wrong;
    queue.end();
    hub.reset();
    ::_exit(wrong);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  open().notify("a", "after the fork");
  step_until(*hub, [&] { return told.size() == 1 && queue.size() == 1; });
  EXPECT_EQ(hub->statistics().lost, 0u);
}

TEST(listener_misuse, a_function_forks) {
  listener hub(dsn(way::unix_socket));
  told_notifications told;
  pid_t const parent = ::getpid();
  int status = -1;
  hub.listen("a", [&](notify const& what) {
    told.add(what.payload);
    if (what.payload != "fork") return;
    pid_t const child = ::fork();
    if (child == 0) return;
    ::waitpid(child, &status, 0);
  });
  step_until(hub, [&] { return hub.is_listening("a"); });
  open().notify("a", "fork");
  try {
    step_until(hub, [&] { return told.size() == 1; });
  } catch (interface_error const&) {
    if (::getpid() != parent) ::_exit(0);
  }
  if (::getpid() != parent) ::_exit(1);
  EXPECT_EQ(status, 0) << "the child's step has to be an interface_error";
  open().notify("a", "after the fork");
  step_until(hub, [&] { return told.size() == 2; });
  EXPECT_EQ(hub.statistics().lost, 0u);
}

}  // namespace
}  // namespace tusk::test
