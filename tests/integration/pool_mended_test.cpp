// What a reader found wrong in the pool, one case each: what the next user of a connection would have found of the last
// one's, and what was said to have happened and had not.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "support/pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

pool_options one() {
  pool_options options;
  options.maximum = 1;
  return options;
}

std::string shown(connection& conn, char const* what) {
  return conn.query(std::string("SHOW ") + what)[0].get<std::string>(0);
}

TEST(pool_mended, with_says_when_its_connection_was_lost) {
  pool on(dsn(way::unix_socket), one());
  on.query("DROP TABLE IF EXISTS pool_lost");
  on.query("CREATE TABLE pool_lost (n int)");
  EXPECT_THROW(on.with([](connection& conn) {
    conn.query("INSERT INTO pool_lost VALUES (1)");
    conn.close();
  }),
               interface_error);
  EXPECT_THROW(on.with([&](connection& conn) {
    conn.query("INSERT INTO pool_lost VALUES (2)");
    on.close(within(1ms));
  }),
               interface_error);
  pool other(dsn(way::unix_socket), one());
  EXPECT_EQ(other.query("SELECT count(*)::int FROM pool_lost")[0].get<int>(0), 0);
  other.query("DROP TABLE pool_lost");
}

TEST(pool_mended, with_is_a_transaction_whatever_autocommit_is) {
  connect_options how;
  how.autocommit = true;
  pool on(dsn(way::unix_socket), one(), how);
  on.query("DROP TABLE IF EXISTS pool_undone");
  on.query("CREATE TABLE pool_undone (n int)");
  auto const fails = [](connection& conn) {
    conn.query("INSERT INTO pool_undone VALUES (1)");
    throw std::runtime_error("mine");
  };
  EXPECT_THROW(on.with(fails), std::runtime_error);
  EXPECT_EQ(on.query("SELECT count(*)::int FROM pool_undone")[0].get<int>(0), 0);
  on.with([](connection& conn) { conn.query("INSERT INTO pool_undone VALUES (1)"); });
  EXPECT_EQ(on.query("SELECT count(*)::int FROM pool_undone")[0].get<int>(0), 1);
  EXPECT_TRUE(on.acquire()->session_mode().autocommit);
  on.query("DROP TABLE pool_undone");
}

TEST(pool_mended, how_transactions_begin_is_as_it_was) {
  pool_options options = one();
  options.reset_on_return = reset_on_return::never;
  pool on(dsn(way::unix_socket), options);
  on.acquire()->set_autocommit(true);
  EXPECT_FALSE(on.acquire()->session_mode().autocommit);
}

TEST(pool_mended, what_the_session_hook_set_up_is_there_behind_a_reset) {
  connect_options how;
  how.session_hook = [](connection& conn) {
    conn.query("SET application_name = 'of the hook'");
    conn.query("LISTEN of_the_hook");
    conn.commit();
  };
  pool on(dsn(way::unix_socket), one(), how);
  for (int i = 0; i < 3; ++i) {
    lease user = on.acquire();
    EXPECT_EQ(shown(*user, "application_name"), "of the hook") << i;
    EXPECT_EQ(user->query("SELECT pg_listening_channels()")[0].get<std::string>(0), "of_the_hook") << i;
    user->query("SET application_name = 'mine'");
    user->query("LISTEN mine");
    user->commit();
  }
  EXPECT_EQ(on.statistics().connected, 1u);
}

TEST(pool_mended, what_was_under_way_leaves_no_settings) {
  pool on(dsn(way::unix_socket), one());
  { on.acquire()->start_exec("SET statement_timeout = '54321ms'; COMMIT"); }
  EXPECT_EQ(shown(*on.acquire(), "statement_timeout"), "0");
}

TEST(pool_mended, a_statement_that_was_being_prepared_is_not_the_next_ones) {
  pool on(dsn(way::unix_socket), one());
  std::optional<pending<statement>> kept;
  {
    lease first = on.acquire();
    kept = first->start_prepare("SELECT 1");
    first->query("SELECT 2");
  }
  lease second = on.acquire();
  EXPECT_THROW(kept->get(), interface_error);
  EXPECT_EQ(second->query("SELECT 3")[0].get<int>(0), 3);
}

TEST(pool_mended, what_a_block_listens_to_is_ended) {
  pool on(dsn(way::unix_socket), one());
  on.with([](connection& conn) { conn.exec("DO $$ BEGIN LISTEN of_a_block; END $$"); });
  EXPECT_TRUE(on.acquire()->query("SELECT pg_listening_channels()").empty());
}

TEST(pool_mended, a_session_that_was_made_anew_is_closed_with_the_pool) {
  pool on(dsn(way::unix_socket), one());
  on.acquire()->reconnect();
  lease again = on.acquire();
  EXPECT_FALSE(on.close(within(1ms)));
  EXPECT_TRUE(again->closed());
}

TEST(pool_mended, a_connection_that_was_moved_away_is_its_users) {
  pool_options options;
  options.maximum = 2;
  pool on(dsn(way::unix_socket), options);
  std::optional<connection> mine;
  {
    lease first = on.acquire();
    mine = std::move(*first);
  }
  lease second = on.acquire();
  EXPECT_FALSE(on.close(within(1ms)));
  EXPECT_TRUE(second->closed());
  EXPECT_EQ(mine->query("SELECT 1")[0].get<int>(0), 1);
}

TEST(pool_mended, what_a_handler_threw_is_not_the_next_ones) {
  connect_options how;
  how.autocommit = true;
  how.session_hook = [](connection& conn) {
    conn.on_notice([](diagnostics const&) { throw std::runtime_error("of the handler"); });
  };
  pool on(dsn(way::unix_socket), one(), how);
  EXPECT_ANY_THROW(on.acquire()->query("DO $$ BEGIN RAISE NOTICE 'n'; RAISE EXCEPTION 'e'; END $$"));
  EXPECT_EQ(on.query("SELECT 1")[0].get<int>(0), 1);
}

TEST(pool_mended, warm_up_tries_before_it_tells_an_old_failure) {
  pool_options options = one();
  options.minimum = 1;
  std::string const wrong = dsn(way::unix_socket) + " user=nobody_has_this_name";
  pool on(wrong, options);
  std::string const first = thrown<operational_error>([&] { on.acquire(); }).what();
  auto const failed = on.statistics().connect_failed;
  EXPECT_EQ(thrown<operational_error>([&] { on.warm_up(within(10s)); }).what(), first);
  EXPECT_GT(on.statistics().connect_failed, failed);
}

}  // namespace
}  // namespace tusk::test
