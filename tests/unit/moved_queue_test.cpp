#include <gtest/gtest.h>

#include <tusk/notify.hpp>
#include <utility>

// Found in review: what a moved-from connection still has as `notifies` was a null pointer.
TEST(NotificationQueue, is_still_a_queue_when_it_was_moved_from) {
  tusk::notification_queue from;
  from.push({1, "channel", "payload"});
  tusk::notification_queue to = std::move(from);
  EXPECT_EQ(to.size(), 1u);
  EXPECT_EQ(from.size(), 1u);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_TRUE(from.pop());
  EXPECT_TRUE(to.empty());
}
