// The queue of notifications: order, bounds, copies, threads.

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <tusk/notify.hpp>
#include <vector>

namespace tusk {
namespace {

std::string next(notification_queue& queue) {
  auto const taken = queue.pop();
  return taken ? taken->payload : "nothing";
}

TEST(notification_queue, gives_in_order_of_arrival) {
  notification_queue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(next(queue), "nothing");
  queue.push({1, "a", "first"});
  queue.push({2, "b", "second"});
  EXPECT_EQ(queue.size(), 2U);
  auto const first = queue.pop();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->pid, 1);
  EXPECT_EQ(first->channel, "a");
  EXPECT_EQ(first->payload, "first");
  EXPECT_EQ(next(queue), "second");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(notification_queue, drops_the_oldest_when_it_is_full_and_counts) {
  struct {
    std::size_t capacity, pushed, left, dropped;
    char const* oldest;
  } const rows[] = {{3, 2, 2, 0, "0"}, {3, 3, 3, 0, "0"}, {3, 4, 3, 1, "1"},
                    {3, 9, 3, 6, "6"}, {1, 2, 1, 1, "1"}, {0, 2, 0, 2, "nothing"}};
  for (auto const& row : rows) {
    notification_queue queue(row.capacity);
    for (std::size_t i = 0; i < row.pushed; ++i) queue.push({0, "c", std::to_string(i)});
    EXPECT_EQ(queue.size(), row.left);
    EXPECT_EQ(queue.dropped(), row.dropped);
    EXPECT_EQ(next(queue), row.oldest);
  }
}

TEST(notification_queue, a_copy_is_the_same_queue) {
  auto first = std::make_unique<notification_queue>();
  notification_queue second = *first;
  first->push({0, "c", "kept"});
  first.reset();
  EXPECT_EQ(next(second), "kept");
}

TEST(notification_queue, is_locked_inside) {
  constexpr int count = 2000;
  notification_queue queue;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([queue]() mutable {
      for (int n = 0; n < count; ++n) queue.push({n, "c", ""});
    });
  int taken = 0;
  while (taken < 2 * count) taken += queue.pop() ? 1 : 0;
  for (auto& each : threads) each.join();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace tusk
