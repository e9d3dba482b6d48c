// What has gone wrong in the pools of others, by public reports: each has a case, 1 to 14 here, 15 to 25 in
// pool_queue_test, the others where it says so.
//
//   1  a connection in a failed transaction is lent to the next                     failed_transaction
//   2  an open transaction is found by the next, and committed by it                open_transaction
//   3  ROLLBACK on return fails, and the connection is lent all the same            rollback_that_fails
//   4  a statement still runs when the connection comes back                        running_statement
//   5  rows that nobody has taken are the answer to the next one's question         rows_left_over
//   6  cleaning goes on after the connection was lent again                         cleaned_before_it_is_lent
//   7  a setting is seen by the next: search_path, statement_timeout                settings
//   8  SET ROLE is left, which RESET ALL does not touch                             role
//   9  LISTEN is left, and the next one gets the notifications                      listen
//  10  who times out while it waits takes the connection along                      limit_while_waiting
//  11  who is cancelled as the connection arrives takes it along                    stop_as_it_arrives
//  12  who times out while connecting leaves a place that nobody can use            limit_while_connecting
//  13  a connection that broke counts as lent, until none is left                   broken_ones_are_replaced
//  14  after a restart of the server each idle connection fails once                all_idle_ones_are_dead
//  15  a dead peer holds up the check for as long as the kernel tries               check_has_a_limit_of_its_own
//  16  with more transactions than connections everyone waits for ever              each_holds_one_and_wants_another
//  17  if connecting fails each time, those who wait are forgotten                  connecting_fails_each_time
//  18  a server that is down is asked without a pause                               pauses_between_connects
//  19  one query of the pool keeps the connection if it fails                       failing_query
//  20  given back twice, lent to two                                                given_back_twice
//  21  used after it was given back                              used_after_its_end, pool_misuse_test
//  22  closing waits for ever for those that are lent                               close_has_a_limit
//  23  who waits is not told that the pool was closed                               close_ends_waiting
//  24  a limit begins anew each time that a connection was of no use                limit_counts_from_the_start
//  25  the lock is held while connecting, and no limit counts                       others_go_on_while_one_connects
//  26  who comes later is served first                                              pool_core_test (games)
//  27  one is woken, leaves, and the next is not                                    pool_core_test (games)
//  28  all connections end at the same time                                         pool_core_test (lifetimes)
//  29  the jitter is drawn at each look, so that the shortest counts                pool_core_test (lifetimes)
//  30  when the server is back everyone connects at once                            pool_core_test (games)
//  31  a hook that asks the pool waits for itself                                   pool_misuse_test
//  32  a child that was forked uses the parent's connections                        pool_misuse_test

#include <gtest/gtest.h>

#include <optional>
#include <stop_token>

#include "support/pools.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class pool_reports : public testing::Test {
 protected:
  static pool_options one() { return {.maximum = 1, .acquire_limit = 20s}; }
  pool pool_{dsn(way::unix_socket), one()};

  /// The session of the only connection.
  std::int32_t session() {
    lease on = pool_.acquire();
    return pid_of(on);
  }
  std::uint64_t discarded(discard_reason why) const { return pool_.statistics().discarded_for(why); }
};

TEST_F(pool_reports, failed_transaction) {
  auto const before = session();
  {
    lease on = pool_.acquire();
    EXPECT_THROW(on->query("SELECT 1/0"), data_error);
    EXPECT_EQ(on->transaction_status(), transaction_status::failed);
  }
  lease next = pool_.acquire();
  EXPECT_EQ(pid_of(next), before);
  EXPECT_EQ(next->transaction_status(), transaction_status::idle);
  EXPECT_EQ(value<int>(*next, "SELECT 1"), 1);
  EXPECT_EQ(pool_.statistics().rolled_back, 1u);
}

TEST_F(pool_reports, open_transaction) {
  {
    lease on = pool_.acquire();
    on->query("CREATE TABLE pool_open (n int)");
  }
  lease next = pool_.acquire();
  next->commit();
  EXPECT_FALSE(value<bool>(*next, "SELECT to_regclass('pool_open') IS NOT NULL"));
  EXPECT_EQ(pool_.statistics().rolled_back, 1u);
}

TEST_F(pool_reports, rollback_that_fails) {
  auto const before = session();
  {
    lease on = pool_.acquire();
    on->query("SELECT 1");
    terminate(before);
  }
  EXPECT_EQ(discarded(discard_reason::broken), 1u);
  EXPECT_NE(session(), before);
}

TEST_F(pool_reports, running_statement) {
  auto const before = session();
  auto const began = std::chrono::steady_clock::now();
  {
    lease on = pool_.acquire();
    on->start_query("SELECT pg_sleep(30)");
    on->start_query("SELECT pg_sleep(30)");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  lease next = pool_.acquire();
  EXPECT_EQ(pid_of(next), before);
  EXPECT_EQ(next->query("SELECT 7")[0].get<int>(0), 7);
}

TEST_F(pool_reports, rows_left_over) {
  {
    lease on = pool_.acquire();
    on->start_query("SELECT 1");
    on->start_query("SELECT 2/0");
  }
  lease next = pool_.acquire();
  EXPECT_TRUE(next->take_results().empty());
  EXPECT_EQ(value<int>(*next, "SELECT 3"), 3);
  {
    lease mine = std::move(next);
    auto rows = mine->stream<int>("SELECT * FROM generate_series(1, 100000)");
    EXPECT_EQ(*rows.begin(), 1);
  }
  next = pool_.acquire();
  EXPECT_EQ(value<int>(*next, "SELECT 4"), 4);
}

TEST_F(pool_reports, cleaned_before_it_is_lent) {
  for (int i = 0; i < 20; ++i) {
    std::optional<lease> on(pool_.acquire());
    (*on)->query("SELECT 1");
    std::jthread waits([&] {
      lease next = pool_.acquire();
      EXPECT_EQ(next->transaction_status(), transaction_status::idle);
      next->query("SELECT 2");
      EXPECT_EQ(next->transaction_status(), transaction_status::in_transaction);
    });
    EXPECT_TRUE(comes_true([&] { return pool_.statistics().waiting == 1; }));
    on.reset();
  }
}

TEST_F(pool_reports, settings) {
  auto const before = session();
  pool_.with([](connection& conn) { conn.exec("SET statement_timeout = '54321ms'; SET search_path = pg_temp"); });
  lease next = pool_.acquire();
  EXPECT_EQ(pid_of(next), before);
  EXPECT_EQ(value<std::string>(*next, "SHOW statement_timeout"), "0");
  EXPECT_NE(value<std::string>(*next, "SHOW search_path"), "pg_temp");
  EXPECT_EQ(pool_.statistics().resets, 1u);
  next->rollback();
  next->set_session({.autocommit = true, .read_only = true});
  next.release();
  next = pool_.acquire();
  EXPECT_EQ(next->session_mode(), session_mode());
}

TEST_F(pool_reports, role) {
  pool_.with([](connection& conn) { conn.query("SET ROLE pg_read_all_data"); });
  EXPECT_EQ(pool_.query("SELECT current_user::text")[0].get<std::string>(0), "tusk");
}

TEST_F(pool_reports, listen) {
  {
    lease on = pool_.acquire();
    on->listen("pool_reports");
    on->commit();
    open().notify("pool_reports", "for the first");
  }
  lease next = pool_.acquire();
  open().notify("pool_reports", "for nobody");
  next->query("SELECT 1");
  EXPECT_TRUE(next->notifies.empty());
  EXPECT_EQ(next->query("SELECT * FROM pg_listening_channels()").size(), 0u);
}

TEST_F(pool_reports, limit_while_waiting) {
  {
    lease on = pool_.acquire();
    for (int i = 0; i < 5; ++i) EXPECT_THROW(pool_.acquire(within(2ms)), query_canceled);
  }
  EXPECT_EQ(pool_.statistics().timed_out, 5u);
  EXPECT_EQ(pool_.statistics().waiting, 0u);
  EXPECT_NO_THROW(pool_.acquire(within(1s)));
}

TEST_F(pool_reports, stop_as_it_arrives) {
  for (int i = 0; i < 100; ++i) {
    std::optional<lease> on(pool_.acquire());
    std::stop_source stop;
    std::jthread waits([&] {
      try {
        pool_.acquire(stop.get_token());
      } catch (query_canceled const&) {}
    });
    while (pool_.statistics().waiting == 0) std::this_thread::yield();
    std::jthread stops([&] { stop.request_stop(); });
    on.reset();
  }
  EXPECT_EQ(pool_.statistics().leased, 0u);
  EXPECT_NO_THROW(pool_.acquire(within(1s)));
}

TEST_F(pool_reports, limit_while_connecting) {
  scripted_server server([](auto& client) { client.stay_silent(); });
  pool silent(server.dsn(), one());
  for (int i = 0; i < 3; ++i)
    EXPECT_CONTAINS("the last connect failed", thrown<query_canceled>([&] { silent.acquire(within(20ms)); }).what());
  EXPECT_EQ(silent.statistics().connecting, 0u);
}

TEST_F(pool_reports, broken_ones_are_replaced) {
  for (int i = 0; i < 3; ++i) {
    lease on = pool_.acquire();
    terminate(pid_of(on));
    EXPECT_THROW(on->query("SELECT 1"), operational_error);
  }
  EXPECT_EQ(discarded(discard_reason::broken), 3u);
  EXPECT_EQ(pool_.query("SELECT 1").size(), 1u);
}

TEST_F(pool_reports, all_idle_ones_are_dead) {
  pool several(dsn(way::unix_socket), {.minimum = 4, .maximum = 4});
  several.warm_up();
  std::vector<std::int32_t> pids;
  {
    std::vector<lease> all;
    for (int i = 0; i < 4; ++i) pids.push_back(pid_of(all.emplace_back(several.acquire())));
  }
  for (auto const each : pids) terminate(each);
  std::this_thread::sleep_for(1050ms);  // from then on the socket is looked at
  EXPECT_EQ(several.query("SELECT 1").size(), 1u);
  EXPECT_EQ(several.statistics().discarded_for(discard_reason::broken), 4u);
}

}  // namespace
}  // namespace tusk::test
