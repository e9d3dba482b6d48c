// Those who wait for a connection of a pool, those who connect, and close(): the cases 15 to 25 of what
// pool_reports_test.cpp lists, and what belongs to them.

#include <gtest/gtest.h>

#include <latch>
#include <optional>

#include "support/pools.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

pool_options at_most(std::size_t maximum) { return {.maximum = maximum, .acquire_limit = 20s}; }

/// Where nobody listens.
std::string const nobody = "host=127.0.0.1 port=1 user=nobody dbname=nothing connect_timeout=2";

TEST(pool_queue, check_has_a_limit_of_its_own) {
  std::atomic<int> clients = 0;
  scripted_server server([&](auto& client) {
    client.receive_startup();
    int const before = clients++;
    client.send(welcome());
    if (before == 0) return client.stay_silent();  // a peer that does not answer any more
    while (client.receive_message().size() > 4) client.send(message('I') + ready());
  });
  pool on(server.dsn(), {.maximum = 1, .check_after = 0ms, .check_limit = 50ms});
  on.acquire(within(5s));
  std::this_thread::sleep_for(1050ms);
  auto const began = clock::now();
  EXPECT_NO_THROW(on.acquire(within(10s)));
  EXPECT_LT(clock::now() - began, 5s);
  EXPECT_EQ(clients, 2);
  EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
}

TEST(pool_queue, each_holds_one_and_wants_another) {
  pool on(dsn(way::unix_socket), at_most(2));
  std::latch both(2);
  std::atomic<int> gave_up = 0;
  auto const greedy = [&] {
    lease first = on.acquire();
    both.arrive_and_wait();
    try {
      on.acquire(within(100ms));
    } catch (query_canceled const& e) {
      EXPECT_CONTAINS("2 of at most 2 connections are lent", e.what());
      ++gave_up;
    }
  };
  { std::jthread const a(greedy), b(greedy); }
  EXPECT_GE(gave_up, 1);  // the other may have got its connection
  EXPECT_NO_THROW(on.acquire(within(5s)));
}

TEST(pool_queue, connecting_fails_each_time) {
  pool on(nobody, {.maximum = 1, .first_pause = 1ms, .longest_pause = 10ms});
  std::vector<std::jthread> all;
  std::atomic<int> told = 0;
  for (int i = 0; i < 8; ++i)
    all.emplace_back([&] {
      EXPECT_CONTAINS("the last connect failed", thrown<query_canceled>([&] { on.acquire(within(200ms)); }).what());
      ++told;
    });
  all.clear();
  EXPECT_EQ(told, 8);
  EXPECT_EQ(on.statistics().waiting, 0u);
  EXPECT_GT(on.statistics().connect_failed, 1u) << "it was tried again";
}

TEST(pool_queue, pauses_between_connects) {
  pool on(nobody, {.maximum = 10, .first_pause = 50ms, .longest_pause = 1s});
  std::vector<std::jthread> all;
  for (int i = 0; i < 8; ++i) all.emplace_back([&] { EXPECT_THROW(on.acquire(within(300ms)), query_canceled); });
  all.clear();
  // 8 at once, as no failure was known; then one after 25 to 50 ms, 50 to 100, 100 to 200, ... of which each failure
  // of the first eight has doubled one.
  EXPECT_LE(on.statistics().connect_failed, 8u + 4u);
}

TEST(pool_queue, what_fails_each_time_comes_out_at_once) {
  pool refused(dsn(way::tcp, "tusk", "password=wrong"), at_most(2));
  auto const began = clock::now();
  EXPECT_EQ(thrown<operational_error>([&] { refused.acquire(); }).sqlstate(), "28P01"_sqlstate);
  pool missing(dsn(way::unix_socket, "tusk", "dbname=no_such_database"), at_most(2));
  EXPECT_EQ(thrown<operational_error>([&] {
              missing.warm_up();
              missing.acquire();
            }).sqlstate(),
            "3D000"_sqlstate);
  pool wrong("no_such_keyword=1", at_most(2));
  EXPECT_THROW(wrong.acquire(), programming_error);
  EXPECT_LT(clock::now() - began, 10s);
}

TEST(pool_queue, a_password_that_has_changed_is_asked_for_again) {
  std::string password = "wrong";
  connect_options how;
  how.password = [&](password_request const&) { return password; };
  pool on(dsn(way::tcp), {.maximum = 1, .first_pause = 1ms}, how);
  EXPECT_THROW(on.acquire(), operational_error);
  password = "tusk";
  EXPECT_NO_THROW(on.acquire(within(5s)));
}

TEST(pool_queue, failing_query) {
  pool on(dsn(way::unix_socket), at_most(1));
  for (int i = 0; i < 3; ++i) EXPECT_THROW(on.query("SELECT 1/0"), data_error);
  EXPECT_THROW(on.with([](connection&) { throw std::runtime_error("mine"); }), std::runtime_error);
  EXPECT_THROW(on.query(within(20ms), "SELECT pg_sleep(10)"), query_canceled);
  EXPECT_EQ(on.query("SELECT 1")[0].get<int>(0), 1);
  auto const told = on.statistics();
  EXPECT_EQ(told.leased, 0u);
  EXPECT_EQ(told.connected, 1u);
  EXPECT_EQ(told.rolled_back, 0u) << "nobody has forgotten to end these";
}

TEST(pool_queue, given_back_twice) {
  pool on(dsn(way::unix_socket), at_most(2));
  lease first = on.acquire();
  first.release();
  first.release();
  first.discard();
  EXPECT_EQ(on.statistics().idle, 1u);
  lease a = on.acquire(), b = on.acquire();
  EXPECT_NE(pid_of(a), pid_of(b));
}

TEST(pool_queue, close_has_a_limit) {
  pool on(dsn(way::unix_socket), at_most(2));
  lease lent = on.acquire();
  EXPECT_FALSE(on.close());
  std::jthread works(
      [&] { EXPECT_TRUE(thrown<operational_error>([&] { lent->query("SELECT pg_sleep(30)"); }).is_fatal()); });
  wait_until_active(pid_of(lent));
  auto const began = clock::now();
  EXPECT_FALSE(on.close(within(50ms)));
  works.join();
  EXPECT_LT(clock::now() - began, 10s);
  EXPECT_THROW(lent->query("SELECT 1"), interface_error);
  lent.release();
  EXPECT_TRUE(on.close(within(5s)));
  EXPECT_EQ(on.statistics().leased, 0u);
}

TEST(pool_queue, close_waits_for_those_that_are_lent) {
  pool on(dsn(way::unix_socket), at_most(2));
  on.acquire();
  std::jthread works([&, lent = on.acquire()]() mutable {
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(value<int>(*lent, "SELECT 1"), 1);
    lease const ended = std::move(lent);
  });
  EXPECT_TRUE(on.close(within(10s)));
  EXPECT_EQ(on.statistics().discarded_for(discard_reason::closed), 1u);
  EXPECT_TRUE(on.closed());
}

TEST(pool_queue, close_ends_waiting) {
  pool on(dsn(way::unix_socket), at_most(1));
  lease lent = on.acquire();
  std::vector<std::jthread> all;
  std::atomic<int> told = 0;
  for (int i = 0; i < 4; ++i)
    all.emplace_back([&] {
      EXPECT_CONTAINS("closed", thrown<interface_error>([&] { on.acquire(); }).what());
      ++told;
    });
  ASSERT_TRUE(comes_true([&] { return on.statistics().waiting == 4; }));
  auto const began = clock::now();
  on.close();
  all.clear();
  EXPECT_EQ(told, 4);
  EXPECT_LT(clock::now() - began, 5s);
}

TEST(pool_queue, limit_counts_from_the_start) {
  pool on(dsn(way::unix_socket), {.maximum = 1, .first_pause = 1ms});
  std::optional<lease> lent(on.acquire());
  // Whoever has it gives it back broken, each time, and takes the place again.
  std::jthread breaks([&](std::stop_token const& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(20ms);
      lent->discard();
      lent.emplace(on.acquire());
    }
  });
  auto const began = clock::now();
  for (int i = 0; i < 5; ++i) {
    try {
      on.acquire(within(100ms));
    } catch (query_canceled const&) {}
  }
  EXPECT_LT(clock::now() - began, 5s);
}

TEST(pool_queue, others_go_on_while_one_connects) {
  std::atomic<int> clients = 0;
  scripted_server server([&](auto& client) {
    client.receive_startup();
    if (clients++ != 0) return client.stay_silent();
    client.send(welcome());
    client.stay_silent();
  });
  pool on(server.dsn(), at_most(2));
  lease first = on.acquire();
  std::jthread connects([&] { EXPECT_THROW(on.acquire(within(2s)), query_canceled); });
  ASSERT_TRUE(comes_true([&] { return on.statistics().connecting == 1; }));
  auto const began = clock::now();
  EXPECT_THROW(on.acquire(within(20ms)), query_canceled);
  first.release();
  EXPECT_NO_THROW(first = on.acquire());
  EXPECT_LT(clock::now() - began, 1500ms) << "the lock was held while another connected";
}

TEST(pool_queue, is_served_in_order) {
  pool on(dsn(way::unix_socket), at_most(1));
  std::optional<lease> lent(on.acquire());
  std::mutex lock;
  std::vector<int> served;
  std::vector<std::jthread> all;
  for (int i = 0; i < 8; ++i) {
    all.emplace_back([&, i] {
      lease const mine = on.acquire();
      std::lock_guard const guard(lock);
      served.push_back(i);
    });
    ASSERT_TRUE(comes_true([&] { return on.statistics().waiting == static_cast<std::size_t>(i) + 1; }));
  }
  lent.reset();
  all.clear();
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(pool_queue, has_a_longest_length) {
  pool on(dsn(way::unix_socket), {.maximum = 1, .max_waiting = 1, .acquire_limit = 20s});
  std::optional<lease> lent(on.acquire());
  std::jthread waits([&] { on.acquire(); });
  ASSERT_TRUE(comes_true([&] { return on.statistics().waiting == 1; }));
  EXPECT_CONTAINS("max_waiting (1)", thrown<operational_error>([&] { on.acquire(); }).what());
  lent.reset();
  waits.join();
  pool none(dsn(way::unix_socket), {.maximum = 1, .max_waiting = 0});
  lease const only = none.acquire();
  EXPECT_THROW(none.acquire(), operational_error);
  EXPECT_EQ(none.statistics().refused, 1u);
}

TEST(pool_queue, a_stop_token_ends_waiting) {
  pool on(dsn(way::unix_socket), at_most(1));
  lease const lent = on.acquire();
  std::stop_source stop;
  std::jthread waits(
      [&] { EXPECT_CONTAINS("stopped", thrown<query_canceled>([&] { on.acquire(stop.get_token()); }).what()); });
  ASSERT_TRUE(comes_true([&] { return on.statistics().waiting == 1; }));
  stop.request_stop();
  waits.join();
  EXPECT_THROW(on.acquire(stop.get_token()), query_canceled) << "over before";
}

}  // namespace
}  // namespace tusk::test
