// What comes back to an Asio pool is cleaned behind the lease's end, or closed; and what a lease gave out ends with it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/detached.hpp>
#include <memory>
#include <optional>
#include <tusk/cursor.hpp>
#include <vector>

#include "support/aio_pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

pool_options one() { return {.maximum = 1, .acquire_limit = 20s}; }

/// A lease in which `use` is done, and then another one, of the same connection, with what that is told.
void expect_cleaned(std::function<awaitable<void>(aio::connection&)> use,
                    std::function<awaitable<void>(aio::pool&, aio::connection&)> look, connect_options how = {}) {
  with_pool(dsn(way::unix_socket), one(), std::move(how), [&](aio::pool& on) -> awaitable<void> {
    std::int32_t pid = 0;
    {
      aio::lease lent = co_await on.acquire();
      pid = pid_of(lent);
      co_await use(*lent);
    }
    aio::lease next = co_await on.acquire();
    EXPECT_EQ(pid_of(next), pid);
    EXPECT_EQ(next->native().transaction_status(), transaction_status::idle);
    co_await look(on, *next);
    EXPECT_EQ(on.statistics().connected, 1u);
  });
}

TEST(asio_pool_return, a_transaction_is_rolled_back_counted_and_told) {
  told_events told;
  pool_options options = one();
  options.on_event = told.hook();
  with_pool(options, [&](aio::pool& on) -> awaitable<void> {
    {
      aio::lease lent = co_await on.acquire();
      co_await lent->exec("BEGIN; CREATE TABLE asio_pool_left ()");
    }
    EXPECT_EQ(on.statistics().leased, 1u) << "it is cleaned behind the lease's end";
    EXPECT_EQ(on.statistics().idle, 0u);
    auto const r = co_await on.query("SELECT to_regclass('asio_pool_left') IS NULL");
    EXPECT_TRUE(first<bool>(r));
    EXPECT_EQ(on.statistics().rolled_back, 1u);
    EXPECT_EQ(on.statistics().connected, 1u);
  });
  EXPECT_EQ(told.count(pool_event::kind::rolled_back), 1u);
}

TEST(asio_pool_return, settings_are_put_back_and_counted) {
  expect_cleaned([](aio::connection& conn) -> awaitable<void> { co_await conn.exec("SET application_name = 'left'"); },
                 [](aio::pool& on, aio::connection& conn) -> awaitable<void> {
                   EXPECT_NE(first<std::string>(co_await conn.query("SHOW application_name")), "left");
                   EXPECT_EQ(on.statistics().resets, 1u);
                 });
}

TEST(asio_pool_return, listening_ends_and_its_notifications_are_dropped) {
  expect_cleaned(
      [](aio::connection& conn) -> awaitable<void> {
        co_await conn.exec("LISTEN asio_pool_left");
        co_await conn.exec("NOTIFY asio_pool_left");
        EXPECT_EQ(conn.native().notifies.size(), 1u);
      },
      [](aio::pool&, aio::connection& conn) -> awaitable<void> {
        EXPECT_TRUE(conn.native().notifies.empty());
        co_await conn.exec("NOTIFY asio_pool_left");
        EXPECT_TRUE(conn.native().notifies.empty());
      });
}

TEST(asio_pool_return, the_session_hook_sets_up_again) {
  connect_options how;
  how.session_hook = [](connection& fresh) { fresh.start_exec("SET application_name = 'by_hook'"); };
  expect_cleaned(
      [](aio::connection& conn) -> awaitable<void> {
        EXPECT_EQ(first<std::string>(co_await conn.query("SHOW application_name")), "by_hook");
        co_await conn.exec("SET application_name = 'left'");
      },
      [](aio::pool&, aio::connection& conn) -> awaitable<void> {
        EXPECT_EQ(first<std::string>(co_await conn.query("SHOW application_name")), "by_hook");
      },
      how);
}

TEST(asio_pool_return, a_session_hook_that_fails_then) {
  int calls = 0;
  connect_options how;
  how.session_hook = [&](connection& fresh) { fresh.start_exec(++calls == 2 ? "SELECT nonsense" : "SELECT 1"); };
  with_pool(dsn(way::unix_socket), one(), how, [&](aio::pool& on) -> awaitable<void> {
    {
      aio::lease lent = co_await on.acquire();
      co_await lent->exec("SET application_name = 'left'");
    }
    co_await on.query("SELECT 1");
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
  });
}

TEST(asio_pool_return, what_is_under_way_is_cancelled) {
  std::vector<std::string> ended;
  expect_cleaned(
      [&](aio::connection& conn) -> awaitable<void> {
        for (char const* sql : {"SELECT pg_sleep(20)", "SELECT pg_sleep(21)"})
          conn.query(bind(sql), [&](std::exception_ptr const& error, result const&) {
            ended.push_back(thrown<query_canceled>([&] { raise(error); }).what());
          });
        conn.native().start_query("SELECT pg_sleep(22)");  // its handle is dropped
        co_return;
      },
      [&](aio::pool&, aio::connection& conn) -> awaitable<void> {
        EXPECT_EQ(ended.size(), 2u);
        EXPECT_EQ(first<int>(co_await conn.query("SELECT 1")), 1);
      });
}

TEST(asio_pool_return, who_waits_for_a_notification_does_not_get_the_next_leases) {
  std::string ended;
  expect_cleaned(
      [&](aio::connection& conn) -> awaitable<void> {
        conn.next_notify([&](std::exception_ptr const& error, notify const&) {
          ended = thrown<interface_error>([&] { raise(error); }).what();
        });
        co_return;
      },
      [&](aio::pool&, aio::connection& conn) -> awaitable<void> {
        co_await conn.exec("LISTEN asio_pool_left; NOTIFY asio_pool_left");
        EXPECT_EQ(conn.native().notifies.size(), 1u);
        EXPECT_CONTAINS("lease", ended);
      });
}

TEST(asio_pool_return, what_does_not_end_in_time_is_closed) {
  pool_options options = one();
  options.return_limit = 0ms;
  with_pool(options, [](aio::pool& on) -> awaitable<void> {
    std::exception_ptr failed;
    {
      aio::lease lent = co_await on.acquire();
      lent->exec("SELECT pg_sleep(20)", [&](std::exception_ptr const& error, results const&) { failed = error; });
    }
    co_await on.query("SELECT 1");
    EXPECT_TRUE(failed);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::busy), 1u);
  });
}

TEST(asio_pool_return, modes_of_reset) {
  for (auto const& [when, count] : {std::pair(reset_on_return::never, 0u), {reset_on_return::always, 1u}}) {
    pool_options options = one();
    options.reset_on_return = when;
    with_pool(options, [&](aio::pool& on) -> awaitable<void> {
      (co_await on.acquire()).release();
      co_await on.acquire();
      EXPECT_EQ(on.statistics().resets, count);
    });
  }
}

// ---- what a lease gave out ----

/// What a lease gave out is used after its end.
template <class Make, class Use>
void expect_refused(Make const& make, Use const& use, std::uint64_t closed = 1) {
  with_pool(one(), [&](aio::pool& on) -> awaitable<void> {
    std::int32_t pid = 0;
    std::optional<aio::lease> lent(co_await on.acquire());
    pid = pid_of(*lent);
    auto kept = make(**lent);
    lent.reset();
    aio::lease next = co_await on.acquire();
    EXPECT_EQ(pid_of(next) == pid, closed == 0);
    co_await error_of<interface_error>(use(kept));
    EXPECT_EQ(first<int>(co_await next->query("SELECT 2")), 2);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::held), closed);
  });
}

TEST(asio_pool_left_over, stream) {
  expect_refused([](aio::connection& conn) { return conn.start_stream("SELECT * FROM generate_series(1, 1000000)"); },
                 [](aio::stream& kept) -> awaitable<void> {
                   while (co_await kept.next_chunk()) {}
                 });
}
TEST(asio_pool_left_over, cursor) {
  expect_refused([](aio::connection& conn) { return conn.native().cursor(); },
                 [](cursor& kept) -> awaitable<void> {
                   kept.execute("SELECT 1");
                   co_return;
                 });
}
TEST(asio_pool_left_over, operation_that_was_not_awaited_yet) {
  expect_refused([](aio::connection& conn) { return conn.query("SELECT 1"); },
                 [](awaitable<result>& kept) -> awaitable<void> { co_await std::move(kept); }, 0);
}
TEST(asio_pool_left_over, reference) {
  expect_refused([](aio::connection& conn) { return &conn; },
                 [](aio::connection*) -> awaitable<void> {
                   aio::lease ended;
                   co_await ended->query("SELECT 1");
                 },
                 0);
}
TEST(asio_pool_left_over, pipeline) {
  expect_refused([](aio::connection& conn) { return std::make_unique<pipeline>(conn.native().pipeline()); },
                 [](std::unique_ptr<pipeline>& kept) -> awaitable<void> {
                   kept->query("SELECT 1");
                   co_return;
                 });
}
TEST(asio_pool_left_over, statement) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    std::optional<statement> kept;
    {
      aio::lease lent = co_await on.acquire();
      kept = co_await lent->prepare("SELECT 1");
    }
    aio::lease next = co_await on.acquire();
    EXPECT_THROW(kept->start_query(), interface_error);
    co_await error_of<interface_error>(next->query(*kept));
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::held), 1u);
  });
}
TEST(asio_pool_left_over, handlers) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    int called = 0;
    (co_await on.acquire())->native().on_notice([&](diagnostics const&) { ++called; });
    co_await on.query("DO $$ BEGIN RAISE NOTICE 'for nobody'; END $$");
    EXPECT_EQ(called, 0);
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::customised), 1u);
  });
}
TEST(asio_pool_left_over, connection_that_was_moved_out_or_made_anew) {
  with_pool(one(), [](aio::pool& on) -> awaitable<void> {
    std::optional<aio::connection> mine;
    {
      aio::lease lent = co_await on.acquire();
      mine.emplace(std::move(*lent));
    }
    EXPECT_EQ(first<int>(co_await mine->query("SELECT 1")), 1);
    {
      aio::lease lent = co_await on.acquire();
      co_await lent->close();
      co_await lent->connect(dsn(way::unix_socket, "tusk", "application_name=another"));
    }
    EXPECT_NE(first<std::string>(co_await on.query("SHOW application_name")), "another");
    EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 2u);
  });
}

}  // namespace
}  // namespace tusk::test
