// Limits of operations in a queue: which of them are looked at, and what follows, by the place of the operation.
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <thread>
#include <tusk/types/error.hpp>
#include <tusk/within.hpp>

#include "engine/operation_queue.hpp"
#include "support/heap_bytes.hpp"

namespace tusk::detail {
namespace {

using namespace std::chrono_literals;
using client::limit;

/// It is fed whole at once, and nothing waits behind it but where it is a barrier.
class idle_operation final : public operation {
 public:
  explicit idle_operation(bool barrier = false, fed how = fed::whole) : barrier_(barrier), how_(how) {}
  fed feed() override { return was_fed = true, how_; }
  progress take(protocol::event const&) override { return progress::ended; }
  bool is_barrier() const noexcept override { return barrier_; }
  bool was_canceled() const {
    try {
      if (error()) std::rethrow_exception(error());
    } catch (query_canceled const&) {
      return true;
    }
    return false;
  }

  bool was_fed = false;

 private:
  bool barrier_;
  fed how_;
};

struct surroundings {
  protocol::session session;
  obstacles flags;
};
class made_queue : private surroundings, public operation_queue {
 public:
  made_queue() : operation_queue(session, flags) {}
};

std::unique_ptr<limit> over(limit::remedy how) { return std::make_unique<limit>(within(0s), how); }
std::unique_ptr<limit> later(std::chrono::minutes time, limit::remedy how = limit::cancel) {
  return std::make_unique<limit>(within(time), how);
}

TEST(queue_limits, what_was_not_sent_leaves_the_queue) {
  made_queue queue;
  idle_operation front(true), waits, closes;
  queue.push(front, over(limit::cancel), nullptr);
  queue.push(waits, over(limit::cancel), nullptr);
  queue.push(closes, later(60min, limit::close), nullptr);
  queue.feed();
  EXPECT_TRUE(front.was_fed && !waits.was_fed);
  queue.end_unsent();
  EXPECT_FALSE(front.has_ended()) << "the one in front is cancelled at the server";
  EXPECT_TRUE(waits.has_ended() && waits.was_canceled());
  EXPECT_FALSE(closes.has_ended());
}

TEST(queue_limits, of_what_is_not_cancelled_close_wherever_it_stands) {
  for (bool const is_fed : {false, true}) {
    made_queue queue;
    idle_operation front(!is_fed), closes;
    queue.push(front, nullptr, nullptr);
    queue.push(closes, over(limit::close), nullptr);
    queue.feed();
    EXPECT_EQ(closes.was_fed, is_fed);
    queue.end_unsent();
    EXPECT_FALSE(closes.has_ended()) << "that is the end of all";
    ASSERT_NE(queue.spent(), nullptr);
    EXPECT_FALSE(queue.spent()->cancels());
  }
}

TEST(queue_limits, of_what_was_sent_behind_another_do_not_count_before_it_is_in_front) {
  made_queue queue;
  idle_operation front, behind;
  queue.push(front, nullptr, nullptr);
  queue.push(behind, over(limit::cancel), nullptr);
  queue.feed();
  EXPECT_TRUE(behind.was_fed);
  queue.end_unsent();
  EXPECT_FALSE(behind.has_ended());
  EXPECT_EQ(queue.until(), std::nullopt) << "nobody has to look at it";
  EXPECT_EQ(queue.spent(), nullptr);
  std::this_thread::sleep_for(2ms);
  auto const since = client::clock::now();
  queue.end_front();
  EXPECT_TRUE(queue.limit()->is_over());
  EXPECT_EQ(queue.spent(), nullptr);
  ASSERT_TRUE(queue.until());
  EXPECT_GE(*queue.until(), since + client::limit::grace) << "which begins here";
}

// Without the rest of its unit the server would wait for ever.
TEST(queue_limits, of_what_was_sent_in_part_do_not_count_before_it_is_in_front) {
  made_queue queue;
  idle_operation front, behind(true, fed::part);
  queue.push(front, nullptr, nullptr);
  queue.push(behind, over(limit::cancel), nullptr);
  queue.feed();
  EXPECT_TRUE(behind.was_fed);
  queue.end_unsent();
  EXPECT_FALSE(behind.has_ended());
  EXPECT_EQ(queue.until(), std::nullopt);
  queue.end_front();
  queue.end_unsent();
  EXPECT_FALSE(behind.has_ended());
}

TEST(queue_limits, the_earliest_counts) {
  made_queue queue;
  idle_operation front(true), second, third;
  queue.push(front, later(30min), nullptr);
  queue.push(second, later(10min), nullptr);
  queue.push(third, later(20min, limit::close), nullptr);
  queue.feed();
  EXPECT_LT(*queue.until(), client::clock::now() + 11min);
  EXPECT_TRUE(queue.has_limits());
  queue.end_all(nullptr);
  EXPECT_EQ(queue.until(), std::nullopt);
  EXPECT_FALSE(queue.has_limits());
}

TEST(queue_limits, an_interrupt_is_a_limit_of_what_was_sent_and_the_end_of_what_was_not) {
  made_queue queue;
  idle_operation front(true), second, third;
  queue.interrupt(front);  // nothing is under way
  EXPECT_FALSE(queue.has_limits());
  queue.push(front, later(30min), nullptr);
  queue.push(second, nullptr, nullptr);
  queue.push(third, nullptr, nullptr);
  queue.feed();
  queue.interrupt(front);
  EXPECT_TRUE(queue.limit()->is_over() && queue.limit()->cancels());
  queue.end_unsent();
  EXPECT_FALSE(second.has_ended());
  queue.interrupt(second);
  EXPECT_TRUE(second.has_ended() && second.was_canceled());
  EXPECT_FALSE(front.has_ended() || third.has_ended());
}

// Else whoever asks again and again would put off its end.
TEST(queue_limits, an_interrupt_that_is_asked_for_again_gives_no_new_time) {
  made_queue queue;
  idle_operation only;
  queue.push(only, nullptr, nullptr);
  queue.feed();
  queue.interrupt(only);
  EXPECT_TRUE(queue.has_limits());
  auto const* const first = queue.limit();
  queue.interrupt(only);
  EXPECT_EQ(queue.limit(), first);
  queue.end_front();
  EXPECT_FALSE(queue.has_limits());
}

TEST(queue_sizes, are_of_what_waits_to_be_fed) {
  made_queue queue;
  idle_operation front(true), second, third;
  queue.push(front, nullptr, nullptr, 1);
  queue.push(second, nullptr, nullptr, 10);
  queue.push(third, nullptr, nullptr, 100);
  EXPECT_EQ(queue.waiting(), 111U);
  queue.feed();
  EXPECT_EQ(queue.waiting(), 110U);
  queue.interrupt(second);
  EXPECT_EQ(queue.waiting(), 100U);
  queue.end_unfed(nullptr);
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_TRUE(third.has_ended() && !front.has_ended());
}

TEST(queue_order, what_ends_while_it_is_fed_leaves_behind_those_before_it) {
  made_queue queue;
  idle_operation front, ended(false, fed::nothing), last;
  queue.push(front, nullptr, nullptr);
  queue.push(ended, nullptr, nullptr);
  queue.push(last, nullptr, nullptr);
  ended.end();
  queue.feed();
  EXPECT_EQ(&queue.front(), &front);
  queue.end_front();
  EXPECT_EQ(&queue.front(), &last);
  EXPECT_EQ(queue.left(), 2U);
}

TEST(queue_order, one_that_never_runs_dry_does_not_grow) {
  made_queue queue;
  idle_operation one, other;
  queue.push(one, nullptr, nullptr);
  test::heap_watch const watch;
  for (int i = 0; i < 100'000; ++i) {
    idle_operation& next = i % 2 == 0 ? other : one;
    queue.push(next, nullptr, nullptr);
    queue.feed();
    queue.end_front();
    ASSERT_EQ(&queue.front(), &next);
  }
  EXPECT_LE(watch.growth(), 64U << 10);
  EXPECT_EQ(queue.left(), 100'000U);
}

}  // namespace
}  // namespace tusk::detail
