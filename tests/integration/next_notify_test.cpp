// Waiting on an idle connection: for bytes, for a notification; until the time is over, a stop, or a signal's flag.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class next_notify_test : public testing::TestWithParam<way> {
 protected:
  next_notify_test() { conn_.listen(channel_); }
  connection conn_ = connect(dsn(GetParam()), {.autocommit = true});
  connection other_ = connect(dsn(way::unix_socket), {.autocommit = true});
  std::string const channel_ = "next_notify_" + std::to_string(conn_.info().backend_pid);
};

TEST_P(next_notify_test, gives_what_arrived_and_what_arrives) {
  conn_.notify(channel_, "own");
  EXPECT_EQ(conn_.next_notify(within(0s))->payload, "own") << "it is there already";
  other_.notify(channel_, "a");
  other_.notify(channel_, "b");
  EXPECT_EQ(conn_.next_notify(within(60s))->payload, "a");
  EXPECT_EQ(conn_.next_notify(within(60s))->payload, "b");
  std::jthread const later([this] { other_.notify(channel_, "later"); });
  EXPECT_EQ(conn_.next_notify(within(60s))->payload, "later");
}

// It was taken off the socket by the operation of another thread: the descriptor says nothing of it.
TEST_P(next_notify_test, mended_is_told_what_another_thread_took_off_the_socket) {
  std::jthread const later([this] {
    std::this_thread::sleep_for(20ms);
    conn_.exec("NOTIFY " + channel_ + ", 'by the operation'");
  });
  EXPECT_EQ(conn_.next_notify(within(60s))->payload, "by the operation");
  // An operation that is under way for long: whoever waits is told when that has ended, not when its own time is over.
  std::jthread const longer([this] {
    std::this_thread::sleep_for(20ms);
    conn_.exec("NOTIFY " + channel_ + ", 'again'; SELECT pg_sleep(0.2)");
  });
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(conn_.next_notify(within(60s))->payload, "again");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

// What else comes kept it waiting: notifications of a channel whose handler takes them.
TEST_P(next_notify_test, mended_ends_in_time_whatever_else_comes) {
  conn_.on_notify(channel_, [](tusk::notify const&) {});
  std::jthread const other([this](std::stop_token const& stopped) {
    while (!stopped.stop_requested()) other_.exec("NOTIFY " + channel_);
  });
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(conn_.next_notify(within(50ms)), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_P(next_notify_test, is_empty_when_the_time_is_over) {
  EXPECT_EQ(conn_.next_notify(within(20ms)), std::nullopt);
  EXPECT_FALSE(wait_readable(conn_, 0ms));
  EXPECT_FALSE(wait_readable(conn_, within(20ms)));
}

TEST_P(next_notify_test, is_cancelled_by_a_stop) {
  std::stop_source stop;
  std::jthread const stopping([&] {
    std::this_thread::sleep_for(10ms);
    stop.request_stop();
  });
  EXPECT_THROW(conn_.next_notify(within(10s, stop.get_token())), query_canceled);
  EXPECT_THROW(wait_readable(conn_, within(10s, stop.get_token())), query_canceled) << "it was stopped before";
  std::stop_source other;
  std::jthread const stopping_later([&] {
    std::this_thread::sleep_for(10ms);
    other.request_stop();
  });
  EXPECT_THROW(wait_readable(conn_, within(10s, other.get_token())), query_canceled) << "and here while it waits";
  EXPECT_EQ(conn_.query_value<int>("SELECT 1"), 1) << "the connection is as it was";
}

TEST_P(next_notify_test, is_cancelled_by_the_interrupt_flag) {
  static std::atomic<bool> flag;
  set_interrupt_flag(&flag);
  std::jthread const signalling([] { flag = true; });
  EXPECT_THROW(conn_.next_notify(within(10s)), query_canceled);
  EXPECT_FALSE(flag.load()) << "it is cleared";
  EXPECT_FALSE(wait_readable(conn_, within(20ms)));
  set_interrupt_flag(nullptr);
}

TEST_P(next_notify_test, goes_on_after_signals) {
  struct sigaction handled = {}, before = {};
  handled.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &handled, &before), 0);
  std::optional<tusk::notify> arrived;
  {
    std::jthread const signalling([&, waiter = ::pthread_self()] {
      for (int i = 0; i < 20; ++i) {
        ::pthread_kill(waiter, SIGUSR1);
        std::this_thread::sleep_for(1ms);
      }
      other_.notify(channel_, "later");
    });
    EXPECT_NO_THROW(arrived = conn_.next_notify(within(60s)));
  }
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->payload, "later");
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(next_notify_test, fails_when_the_connection_does) {
  std::string const victim = std::to_string(conn_.info().backend_pid);
  other_.exec("SELECT pg_terminate_backend(" + victim + ")");
  EXPECT_THROW(conn_.next_notify(within(60s)), operational_error);
  EXPECT_THROW(conn_.next_notify(within(60s)), interface_error);
  EXPECT_THROW(wait_readable(conn_, 1s), interface_error);
}

INSTANTIATE_TEST_SUITE_P(each, next_notify_test, testing::ValuesIn(three_ways),
                         [](auto const& row) { return name(row.param); });

TEST(next_notify, of_an_asynchronous_connection_is_poll) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  EXPECT_CONTAINS("poll()", thrown<programming_error>([&] { conn.next_notify(within(0s)); }).what());
}

}  // namespace
}  // namespace tusk::test
