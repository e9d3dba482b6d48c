// A real fiber library on one thread: Boost.Fiber, with the wait callback of tools/examples.

#include "../../tools/examples/fiber_scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class fibers : public testing::TestWithParam<way> {
 protected:
  fibers() {
    boost::fibers::use_scheduling_algorithm<fiber_scheduler>();
    set_wait_callback(fiber_scheduler::wait);
  }
  ~fibers() override { set_wait_callback({}); }

  template <class Work>
  void start(Work work) {
    running_.emplace_back(work);
  }
  void join_all() {
    for (auto& each : running_) each.join();
    running_.clear();
  }
  connection connect_here() { return connect(dsn(GetParam()), {.autocommit = true}); }

 private:
  std::vector<boost::fibers::fiber> running_;
};

TEST_P(fibers, a_hundred_of_them_share_twenty_connections_on_one_thread) {
  constexpr int connections = 20, count = 100;
  boost::fibers::buffered_channel<connection*> idle(32);
  std::vector<std::unique_ptr<connection>> all;
  for (int i = 0; i < connections; ++i) start([&] { all.push_back(std::make_unique<connection>(connect_here())); });
  join_all();
  ASSERT_EQ(all.size(), connections);
  for (auto& each : all) idle.push(each.get());

  auto const thread = std::this_thread::get_id();
  int busy = 0, most = 0, right = 0;
  auto const begin = clock::now();
  for (int i = 0; i < count; ++i) {
    start([&, i] {
      connection* conn = nullptr;
      idle.pop(conn);
      most = std::max(most, ++busy);
      transaction tx{*conn};
      bool const answered = conn->query("SELECT $1::int, pg_sleep(0.05)", i)[0].get<int>(0) == i;
      tx.commit();
      right += answered && std::this_thread::get_id() == thread ? 1 : 0;
      --busy;
      idle.push(conn);
    });
  }
  join_all();
  EXPECT_EQ(right, count);
  EXPECT_EQ(most, connections);
  EXPECT_LT(clock::now() - begin, count * 50ms / 2) << "they waited side by side";
}

TEST_P(fibers, two_on_one_connection_are_a_programming_error_and_never_a_deadlock) {
  connection conn = connect_here();
  int answered = 0, refused = 0;
  for (int i = 0; i < 5; ++i) {
    start([&] {
      try {
        conn.query("SELECT pg_sleep(0.1)");
        ++answered;
      } catch (programming_error const&) {
        ++refused;
      }
    });
  }
  join_all();
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST_P(fibers, errors_and_limits_reach_the_fiber_whose_they_are) {
  connection first = connect_here(), second = connect_here(), third = connect_here(), fourth = connect_here();
  std::stop_source source;
  int seen = 0;
  auto const begin = clock::now();
  start([&] {
    EXPECT_THROW(first.query("SELECT pg_sleep(0.05), 1/0 FROM pg_sleep(0.05)"), data_error);
    ++seen;
  });
  start([&] {
    EXPECT_THROW(second.query(within(100ms), "SELECT pg_sleep(60)"), query_canceled);
    ++seen;
  });
  start([&] {
    EXPECT_THROW(third.query(source.get_token(), "SELECT pg_sleep(60)"), query_canceled);
    ++seen;
  });
  start([&] {
    EXPECT_EQ(value<int>(fourth, "SELECT 4, pg_sleep(0.2)"), 4);
    source.request_stop();  // wakes the fiber that waits for its server
    ++seen;
  });
  join_all();
  EXPECT_EQ(seen, 4);
  EXPECT_LT(clock::now() - begin, 30s);
  for (connection* const each : {&first, &second, &third, &fourth}) EXPECT_EQ(value<int>(*each, "SELECT 1"), 1);
}

INSTANTIATE_TEST_SUITE_P(each, fibers, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
