// What must not be done with a pool, and what is done at odd moments: each has a defined end, and nobody waits for
// ever.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <tusk/cursor.hpp>
#include <tusk/large_object.hpp>
#include <tusk/transaction.hpp>

#include "support/pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

pool_options one() { return {.maximum = 1, .acquire_limit = 20s}; }

TEST(pool_misuse, options_that_make_no_sense) {
  EXPECT_THROW(pool("", {.maximum = 0}), programming_error);
  EXPECT_THROW(pool("", {.minimum = 3, .maximum = 2}), programming_error);
  EXPECT_CONTAINS("async", thrown<programming_error>([] { pool("", {}, {.async = true}); }).what());
}

TEST(pool_misuse, after_close) {
  pool on(dsn(way::unix_socket), one());
  on.acquire();
  EXPECT_TRUE(on.close());
  EXPECT_TRUE(on.close(within(1s)));
  EXPECT_THROW(on.acquire(), interface_error);
  EXPECT_THROW(on.query("SELECT 1"), interface_error);
  EXPECT_THROW(on.with([](connection&) {}), interface_error);
  EXPECT_THROW(on.warm_up(), interface_error);
  EXPECT_EQ(on.maintain(), 0u);
  on.run({});
  EXPECT_EQ(on.statistics().refused, 4u);
}

TEST(pool_misuse, lease_kept_past_the_pool) {
  std::optional<pool> on(std::in_place, dsn(way::unix_socket), one());
  lease lent = on->acquire();
  auto const pid = pid_of(lent);
  on.reset();
  EXPECT_EQ(value<int>(*lent, "SELECT 1"), 1);
  lent.release();
  EXPECT_TRUE(comes_true([&] {
    connection other = open();
    return !value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid);
  }));
}

TEST(pool_misuse, pool_destroyed_while_others_wait) {
  std::optional<pool> on(std::in_place, dsn(way::unix_socket), one());
  lease const lent = on->acquire();
  std::vector<std::jthread> all;
  for (int i = 0; i < 3; ++i) all.emplace_back([&] { EXPECT_THROW(on->acquire(), interface_error); });
  ASSERT_TRUE(comes_true([&] { return on->statistics().waiting == 3; }));
  on.reset();
}

TEST(pool_misuse, acquire_in_a_hook) {
  std::atomic<int> refused = 0;
  pool* itself = nullptr;
  auto const asks = [&] {
    if (itself == nullptr) return;
    EXPECT_CONTAINS("hook", thrown<programming_error>([&] { itself->acquire(); }).what());
    EXPECT_THROW(itself->query("SELECT 1"), programming_error);
    EXPECT_THROW(itself->maintain(), programming_error);
    ++refused;
  };
  pool_options options = one();
  options.on_event = [&](pool_event const&) { asks(); };
  connect_options how;
  how.session_hook = [&](connection& fresh) {
    fresh.query("SELECT 1");
    asks();
  };
  pool on(dsn(way::unix_socket), options, how);
  itself = &on;
  { lease const lent = on.acquire(); }
  EXPECT_EQ(refused, 4) << "session_hook, connected, acquired, returned";
  pool other(dsn(way::unix_socket), {.maximum = 1, .on_event = [&](pool_event const&) { on.query("SELECT 1"); }});
  EXPECT_NO_THROW(other.acquire()) << "another pool may be asked";
}

TEST(pool_misuse, hooks_that_throw) {
  pool on(dsn(way::unix_socket), {.maximum = 1, .on_event = [](pool_event const&) { throw 7; }});
  EXPECT_EQ(on.query("SELECT 1").size(), 1u);
  pool unable(dsn(way::unix_socket), one(), {.session_hook = [](connection&) { throw 7; }});
  EXPECT_THROW(unable.acquire(), int) << "it would throw each time";
  EXPECT_EQ(unable.statistics().connecting, 0u);
}

/// What a lease gave out is used after its end.
class left_over : public testing::Test {
 protected:
  pool pool_{dsn(way::unix_socket), one()};

  template <class Make, class Use>
  void expect_refused(Make const& make, Use const& use) {
    std::int32_t pid = 0;
    auto kept = [&] {
      lease on = pool_.acquire();
      pid = pid_of(on);
      return make(*on);
    }();
    {
      lease next = pool_.acquire();
      EXPECT_NE(pid_of(next), pid);
      next->query("SELECT 1");
      EXPECT_THROW(use(kept), interface_error);
      EXPECT_EQ(value<int>(*next, "SELECT 2"), 2);
    }
    EXPECT_EQ(pool_.statistics().discarded_for(discard_reason::held), 1u);
  }
};

TEST_F(left_over, statement) {
  expect_refused([](connection& conn) { return conn.prepare("SELECT 1"); }, [](statement& kept) { kept.query(); });
}
TEST_F(left_over, cursor) {
  expect_refused([](connection& conn) { return conn.cursor(); }, [](cursor& kept) { kept.execute("SELECT 1"); });
}
TEST_F(left_over, guard) {
  expect_refused([](connection& conn) { return std::make_unique<transaction>(conn); },
                 [](std::unique_ptr<transaction>& kept) { kept->commit(); });
}
TEST_F(left_over, stream) {
  expect_refused(
      [](connection& conn) {
        return std::make_unique<stream<int>>(conn.stream<int>("SELECT * FROM generate_series(1, 1000000)"));
      },
      [](std::unique_ptr<stream<int>>& kept) {
        for (int const each : *kept) (void)each;  // rows that had come, and then the error
      });
}
TEST_F(left_over, pipeline) {
  expect_refused([](connection& conn) { return std::make_unique<pipeline>(conn.pipeline()); },
                 [](std::unique_ptr<pipeline>& kept) { kept->query("SELECT 1"); });
}
TEST_F(left_over, statement_of_a_session_before_reconnect) {
  expect_refused(
      [](connection& conn) {
        statement made = conn.prepare("SELECT 1");
        conn.reconnect();
        return made;
      },
      [](statement& kept) { kept.query(); });
}
TEST_F(left_over, lease_that_has_ended) {
  lease ended = pool_.acquire();
  connection& reference = *ended;
  ended.release();
  EXPECT_FALSE(ended);
  EXPECT_CONTAINS("lease", thrown<interface_error>([&] { ended->query("SELECT 1"); }).what());
  EXPECT_THROW(reference.query("SELECT 1"), interface_error);
}
TEST_F(left_over, copy_of_the_queue_of_notifications) {
  std::optional<notification_queue> kept;
  {
    lease on = pool_.acquire();
    kept = on->notifies;
  }
  lease next = pool_.acquire();
  next->set_autocommit(true);
  next->listen("pool_left_over");
  next->notify("pool_left_over", "mine");
  next->ping();
  EXPECT_EQ(next->notifies.size(), 1u);
  EXPECT_TRUE(kept->empty());
}
TEST_F(left_over, lease_that_was_moved_from_leaves_nothing) {
  lease first = pool_.acquire();
  auto const pid = pid_of(first);
  lease second = std::move(first);
  second.release();
  lease third = pool_.acquire();
  EXPECT_EQ(pid_of(third), pid);
  first = std::move(third);
  EXPECT_EQ(pid_of(first), pid);
  first.release();
  EXPECT_EQ(pool_.statistics().discarded_for(discard_reason::held), 0u);
}
TEST_F(left_over, handlers) {
  int called = 0;
  pool_.acquire()->on_notice([&](diagnostics const&) { ++called; });
  pool_.query("DO $$ BEGIN RAISE NOTICE 'for nobody'; END $$");
  EXPECT_EQ(called, 0);
  pool_.acquire()->cursor_factory([](connection& conn) { return std::make_unique<cursor>(conn); });
  pool_.acquire()->trace([](std::string_view) {});
  EXPECT_EQ(pool_.statistics().discarded_for(discard_reason::customised), 3u);
}
TEST_F(left_over, connection_moved_out_of_the_lease) {
  std::optional<connection> mine;
  {
    lease on = pool_.acquire();
    mine.emplace(std::move(*on));
  }
  EXPECT_EQ(value<int>(*mine, "SELECT 1"), 1);
  EXPECT_EQ(pool_.query("SELECT 2")[0].get<int>(0), 2);
  EXPECT_EQ(pool_.statistics().discarded_for(discard_reason::broken), 1u);
}
TEST_F(left_over, two_phase_transaction) {
  {
    lease on = pool_.acquire();
    on->tpc_begin(tpc_xid(1, "pool", "left"));
    on->query("SELECT 1");
  }
  EXPECT_EQ(pool_.acquire()->transaction_status(), transaction_status::idle);
}

TEST(pool_misuse, in_a_forked_child) {
  pool on(dsn(way::tls_verify_full), {.maximum = 3, .acquire_limit = 20s});
  std::optional<lease> lent(on.acquire());
  lent.value()->query("SELECT 1");
  { lease const idle = on.acquire(); }
  pid_t const child = ::fork();
  if (child == 0) {
    int refused = 0;
    try {
      on.acquire();
    } catch (interface_error const&) {
      ++refused;
    }
    try {
      lent.value()->query("SELECT 1");
    } catch (interface_error const&) {
      ++refused;
    }
    lent.reset();
    on.close(within(1s));
    on.~pool();
    ::_exit(refused == 2 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(value<int>(**lent, "SELECT 2"), 2);
  EXPECT_EQ(lent.value()->transaction_status(), transaction_status::in_transaction);
  lent.reset();
  EXPECT_EQ(on.query("SELECT 3")[0].get<int>(0), 3);
  EXPECT_EQ(on.statistics().connected, 2u);
}

}  // namespace
}  // namespace tusk::test
