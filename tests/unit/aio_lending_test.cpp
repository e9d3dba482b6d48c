// What an Asio pool has below Asio: an answer that nobody comes for goes to the next one.
#include <tusk/aio/lending.hpp>
//
#include <gtest/gtest.h>

namespace tusk::test {
namespace {

using aio::detail::lending;

struct asker final : lending::waiter {
  void wake() noexcept override { ++woken; }
  int woken = 0;
};

/// Connections in here are null pointers.
struct some_lending : lending {
  some_lending() : lending("", {.maximum = 1}, {}) {}
  /// The number of one that is lent.
  slot lent() {
    asker first;
    EXPECT_EQ(ask(first), answer::connect);
    connecting(first.slot(), {});
    EXPECT_FALSE(connected(first.slot(), within::clock::now(), nullptr, false));
    return first.slot();
  }
};

TEST(aio_lending, a_connect_that_nobody_makes) {
  some_lending on;
  asker first, second;
  EXPECT_EQ(on.ask(first), lending::answer::connect);
  EXPECT_EQ(on.ask(second), lending::answer::waiting);
  on.give_up(first);
  EXPECT_EQ(second.woken, 1);
  EXPECT_EQ(second.answer(), lending::answer::connect);
  on.give_up(second);
  EXPECT_EQ(on.statistics().connecting, 0u);
}

TEST(aio_lending, a_connection_that_nobody_takes) {
  some_lending on;
  auto const slot = on.lent();
  asker second, third;
  EXPECT_EQ(on.ask(second), lending::answer::waiting);
  EXPECT_EQ(on.ask(third), lending::answer::waiting);
  on.keep(slot, {}, {}, {});
  EXPECT_EQ(second.answer(), lending::answer::given);
  on.give_up(second);
  EXPECT_EQ(third.answer(), lending::answer::given);
  EXPECT_EQ(third.woken, 1);
  on.give_up(third);
  EXPECT_EQ(on.statistics().leased, 0u);
  EXPECT_EQ(on.statistics().idle, 1u);
}

TEST(aio_lending, a_place_that_nobody_waits_in) {
  some_lending on;
  auto const slot = on.lent();
  {
    asker second;
    EXPECT_EQ(on.ask(second), lending::answer::waiting);
    on.give_up(second);
  }
  on.keep(slot, {}, {}, {});
  EXPECT_EQ(on.statistics().idle, 1u);
}

TEST(aio_lending, what_comes_back_after_the_end) {
  some_lending on;
  auto const slot = on.lent();
  asker second, watcher;
  EXPECT_EQ(on.ask(second), lending::answer::waiting);
  on.watch(watcher);
  on.close();
  EXPECT_EQ(second.answer(), lending::answer::closed);
  EXPECT_EQ(watcher.woken, 1);
  on.keep(slot, {}, {}, {});
  EXPECT_EQ(watcher.woken, 2) << "all are back";
  EXPECT_EQ(on.statistics().idle, 0u);
  EXPECT_EQ(on.statistics().discarded_for(discard_reason::closed), 1u);
  on.forget(watcher);
}

}  // namespace
}  // namespace tusk::test
