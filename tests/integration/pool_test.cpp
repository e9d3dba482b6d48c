// What a pool is for: connections that are lent and come back as they were.

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "support/pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

pool_options at_most(std::size_t maximum) { return {.maximum = maximum, .acquire_limit = 20s}; }

class pool_of_connections : public testing::TestWithParam<way> {};

TEST_P(pool_of_connections, lends_the_same_one_again) {
  pool on(dsn(GetParam()), at_most(3));
  std::set<std::int32_t> pids;
  for (int i = 0; i < 5; ++i) {
    lease lent = on.acquire();
    pids.insert(pid_of(lent));
    EXPECT_EQ(value<int>(*lent, "SELECT $1::int", i), i);
    lent->commit();
  }
  EXPECT_EQ(pids.size(), 1u);
  auto const told = on.statistics();
  EXPECT_EQ(told.connected, 1u);
  EXPECT_EQ(told.acquired, 5u);
  EXPECT_EQ(told.idle, 1u);
  EXPECT_EQ(told.rolled_back + told.resets, 0u);
}
INSTANTIATE_TEST_SUITE_P(ways, pool_of_connections, testing::ValuesIn(three_ways),
                         [](auto const& each) { return name(each.param); });

TEST(pools, query_stands) {
  pool on(dsn(way::unix_socket), at_most(1));
  on.query("DROP TABLE IF EXISTS pool_stands");
  on.query("CREATE TABLE pool_stands (n int)");
  EXPECT_EQ(on.query(within(10s), "INSERT INTO pool_stands VALUES ($1)", 7).affected_rows(), 1u);
  EXPECT_EQ(on.query("SELECT n FROM pool_stands")[0].get<int>(0), 7);
  EXPECT_FALSE(on.acquire()->session_mode().autocommit) << "the lease is as connect_options say";
  on.with([](connection& conn) { conn.set_session({.isolation = isolation_level::serializable}); });
  on.query("DROP TABLE pool_stands");
  EXPECT_EQ(on.statistics().rolled_back, 0u);
  connect_options how;
  how.session_hook = [](connection& conn) { conn.set_session({.isolation = isolation_level::serializable}); };
  pool serializable(dsn(way::unix_socket), at_most(1), how);
  EXPECT_EQ(serializable.query("SHOW transaction_isolation")[0].get<std::string>(0), "serializable");
  EXPECT_EQ(serializable.acquire()->transaction_status(), transaction_status::idle);
}

TEST(pools, with_commits_what_returns_and_undoes_what_throws) {
  pool on(dsn(way::unix_socket), at_most(1));
  on.query("DROP TABLE IF EXISTS pool_with");
  on.with([](connection& conn) { conn.exec("CREATE TABLE pool_with (n int); INSERT INTO pool_with VALUES (1)"); });
  EXPECT_THROW(on.with([](connection& conn) {
    conn.query("INSERT INTO pool_with VALUES (2)");
    throw std::runtime_error("mine");
  }),
               std::runtime_error);
  EXPECT_EQ(
      on.with(within(10s), [](connection& conn) { return value<int>(conn, "SELECT sum(n)::int FROM pool_with"); }), 1);
  EXPECT_THROW(on.with([](connection& conn) {
    try {
      conn.query("SELECT 1/0");
    } catch (data_error const&) {}
  }),
               internal_error)
      << "a failed transaction cannot be committed";
  std::unique_ptr<int> const given = on.with([](connection&) { return std::make_unique<int>(5); });
  EXPECT_EQ(*given, 5);
  int mine = 1;
  int& reference = on.with([&](connection&) -> int& { return mine; });
  EXPECT_EQ(&reference, &mine);
  on.query("DROP TABLE pool_with");
}

TEST(pools, statements_stay_prepared) {
  pool on(dsn(way::unix_socket), at_most(1));
  for (int i = 0; i < 3; ++i) on.query("SELECT $1::int + 1 AS kept_by_its_text", i);
  auto const prepared = on.query("SELECT count(*)::int FROM pg_prepared_statements WHERE statement LIKE '%kept_by%'");
  EXPECT_GE(prepared[0].get<int>(0), 1);
  EXPECT_EQ(on.query("SELECT sum(generic_plans + custom_plans)::int FROM pg_prepared_statements "
                     "WHERE statement = 'SELECT $1::int + 1 AS kept_by_its_text'")[0]
                .get<int>(0),
            3);
  on.with([](connection& conn) { conn.query("SET work_mem = '1MB'"); });
  EXPECT_EQ(on.query("SELECT $1::int + 1 AS kept_by_its_text", 4)[0].get<int>(0), 5) << "a reset forgets them";
}

TEST(pools, settings_are_put_back_as_asked) {
  auto const zone_after = [](reset_on_return when, char const* statement) {
    pool_options options = at_most(1);
    options.reset_on_return = when;
    pool on(dsn(way::unix_socket), options);
    on.with([&](connection& conn) { conn.exec(statement); });
    std::string const zone = on.query("SHOW TimeZone")[0].get<std::string>(0);
    return std::pair(zone == "Asia/Tokyo", on.statistics().resets);
  };
  char const* const set = "SET TimeZone = 'Asia/Tokyo'";
  EXPECT_EQ(zone_after(reset_on_return::never, set), std::pair(true, std::uint64_t{0}));
  EXPECT_EQ(zone_after(reset_on_return::when_changed, set), std::pair(false, std::uint64_t{1}));
  EXPECT_EQ(zone_after(reset_on_return::when_changed, "SELECT 1"), std::pair(false, std::uint64_t{0}));
  EXPECT_EQ(zone_after(reset_on_return::always, set), std::pair(false, std::uint64_t{2}));
  EXPECT_EQ(zone_after(reset_on_return::when_changed, "SELECT set_config('TimeZone', 'Asia/Tokyo', false)").second, 1u)
      << "the server reports it";
  for (char const* const each :
       {"DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false); END $$", "RESET work_mem", "DISCARD TEMP"})
    EXPECT_EQ(zone_after(reset_on_return::when_changed, each).second, 1u) << each;
}

TEST(pools, warm_up_and_maintain_keep_the_minimum) {
  pool on(dsn(way::unix_socket), {.minimum = 3, .maximum = 5, .idle_time = 1ms});
  on.warm_up(within(20s));
  EXPECT_EQ(on.statistics().idle, 3u);
  {
    std::vector<lease> all;
    for (int i = 0; i < 5; ++i) all.push_back(on.acquire());
    all.front().discard();
    all.back().discard();
  }
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(on.maintain(), 3u);
  EXPECT_EQ(on.statistics().connected, 5u);
  { on.acquire().discard(); }
  EXPECT_EQ(on.maintain(), 3u);
  EXPECT_EQ(on.statistics().connected, 6u);
}

TEST(pools, a_return_closes_one_that_is_idle_for_long) {
  pool on(dsn(way::unix_socket), {.maximum = 5, .idle_time = 50ms});
  {
    std::vector<lease> all;
    for (int i = 0; i < 3; ++i) all.push_back(on.acquire());
  }
  std::this_thread::sleep_for(60ms);
  for (int i = 0; i < 3; ++i) on.acquire();
  EXPECT_EQ(on.statistics().idle, 1u);
  EXPECT_EQ(on.statistics().discarded_for(discard_reason::idle), 2u);
}

TEST(pools, a_connection_ends_with_its_lifetime) {
  pool on(dsn(way::unix_socket), {.maximum = 1, .lifetime = 100ms, .lifetime_jitter = 0ms});
  lease lent = on.acquire();
  auto const first = pid_of(lent);
  lent.release();
  lent = on.acquire();
  EXPECT_EQ(pid_of(lent), first);
  std::this_thread::sleep_for(110ms);
  lent.release();
  EXPECT_EQ(on.statistics().idle, 0u);
  lent = on.acquire();
  EXPECT_NE(pid_of(lent), first);
  lent.release();
  std::this_thread::sleep_for(110ms);
  lent = on.acquire();
  EXPECT_EQ(on.statistics().discarded_for(discard_reason::lifetime), 2u)
      << "one as it came back, one as it was asked for";
}

TEST(pools, run_sees_to_the_minimum) {
  pool on(dsn(way::unix_socket), {.minimum = 2, .maximum = 3, .lifetime = 150ms, .lifetime_jitter = 50ms});
  std::jthread keeper([&](std::stop_token const& stop) { on.run(stop); });
  EXPECT_TRUE(comes_true([&] { return on.statistics().connected >= 6; }));
  keeper.request_stop();
  keeper.join();
  std::jthread until_closed([&] { on.run({}); });
  on.close();
}

TEST(pools, hooks_are_told_of_each_event) {
  told_events told;
  pool on(dsn(way::unix_socket), {.maximum = 1, .on_event = told.hook()});
  {
    lease lent = on.acquire();
    lent->query("SELECT 1");
    EXPECT_THROW(on.acquire(within(1ms)), query_canceled);
  }
  on.acquire().discard();
  on.close();
  EXPECT_THROW(on.acquire(), interface_error);
  using kind = pool_event::kind;
  std::vector<kind> seen;
  for (auto const& each : told.all()) seen.push_back(each.what);
  EXPECT_EQ(seen, (std::vector<kind>{kind::connected, kind::acquired, kind::timed_out, kind::rolled_back,
                                     kind::returned, kind::acquired, kind::discarded, kind::refused}));
  auto const events = told.all();
  EXPECT_CONTAINS("pool_test.cpp", events[3].where.file_name());
  EXPECT_EQ(events[6].why, discard_reason::asked);
  EXPECT_GT(events[0].elapsed.count(), 0);
}

TEST(pools, connections_share_scram_keys) {
  connect_options how;
  how.scram_keys = keep_scram_keys();
  pool on(dsn(way::tcp), at_most(2), how);
  lease const a = on.acquire(), b = on.acquire();
  EXPECT_EQ(on.statistics().connected, 2u);
  EXPECT_EQ(a.operator bool(), b.operator bool());
}

TEST(pools, behind_a_pooler_in_transaction_mode) {
  connect_options how{.autocommit = true, .statement_cache_mode = statement_cache_mode::unnamed};
  pool on(exported("TUSK_POOLER_DSN") + " dbname=transaction", at_most(4), how);
  std::vector<std::jthread> all;
  std::atomic<int> answered = 0;
  for (int t = 0; t < 8; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) answered += on.query("SELECT $1::int", 100 * t + i)[0].get<int>(0) == 100 * t + i;
    });
  all.clear();
  EXPECT_EQ(answered, 160);
  {
    lease lent = on.acquire();
    lent->exec("BEGIN; SELECT 1");
  }
  EXPECT_EQ(on.acquire()->transaction_status(), transaction_status::idle);
  EXPECT_EQ(on.statistics().rolled_back, 1u);
}

}  // namespace
}  // namespace tusk::test
