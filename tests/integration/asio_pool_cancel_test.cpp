// Cancelling at every point at which an acquire, a statement or a transaction of an Asio pool is suspended, and leases
// that end at every point of what is under way on them: it completes in time, with what it should, and nothing is left
// lent; the next one finds a clean connection.
//
// The n-th step of the event loop is followed by the cancelling, for n = 0, 1, 2 ..., until everything has run before
// that.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "support/aio_pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

constexpr std::size_t most = 500;  // steps that anything here takes

/// What completes, with its error.
using completion = std::function<void(std::exception_ptr)>;

/// Something that is asked of a pool, which calls the completion once; with what is held meanwhile.
struct asked {
  std::function<void(aio::pool&, asio::cancellation_slot, completion)> begin;
  std::function<void(aio::pool&, asio::io_context&)> prepare = [](aio::pool&, asio::io_context&) {};
  connect_options how = {};
  pool_options options = {.maximum = 1, .acquire_limit = 20s};
};

/// One that is lent, as soon as the loop has run.
std::shared_ptr<std::optional<aio::lease>> lent_by(aio::pool& on, asio::io_context& io) {
  auto lent = std::make_shared<std::optional<aio::lease>>();
  on.acquire([lent](std::exception_ptr const& error, aio::lease given) {
    raise(error);
    lent->emplace(std::move(given));
  });
  run(io);
  io.restart();
  return lent;
}

/// Whether it had completed before it was cancelled.
bool cancel_after(std::size_t steps, asked const& what) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), what.options, what.how);
  what.prepare(on, io);
  asio::cancellation_signal signal;
  int completed = 0;
  std::exception_ptr failed;
  what.begin(on, signal.slot(), [&](std::exception_ptr error) {
    ++completed;
    failed = std::move(error);
  });
  EXPECT_EQ(completed, 0);
  for (std::size_t i = 0; i < steps && completed == 0; ++i) io.run_one_for(5s);
  bool const was_complete = completed != 0;
  auto const since = std::chrono::steady_clock::now();
  signal.emit(asio::cancellation_type::terminal);
  while (completed == 0 && io.run_one_for(5s) != 0) {}
  EXPECT_EQ(completed, 1) << "after " << steps;
  EXPECT_LT(std::chrono::steady_clock::now() - since, 4s) << "after " << steps;
  if (failed) EXPECT_THROW(raise(failed), query_canceled) << "after " << steps;
  // Whatever was lent comes back, and what is lent next is clean.
  bool answered = false;
  on.acquire(within(10s), [&](std::exception_ptr const& error, aio::lease next) {
    EXPECT_NO_THROW(raise(error)) << "after " << steps;
    if (!next) return;
    EXPECT_EQ(next->native().transaction_status(), transaction_status::idle) << "after " << steps;
    EXPECT_FALSE(next->native().isexecuting());
    answered = true;
  });
  io.restart();
  run(io);
  EXPECT_TRUE(answered) << "after " << steps;
  auto const told = on.statistics();
  EXPECT_EQ(told.leased + told.connecting + told.waiting, 0u) << "after " << steps;
  EXPECT_EQ(told.connect_failed, 0u) << "that says nothing of the server";
  std::uint64_t gone = 0;
  for (auto const each : told.discarded) gone += each;
  EXPECT_EQ(told.connected, told.idle + gone) << "after " << steps;
  return was_complete;
}

void cancel_at_every_step(asked const& what) {
  std::size_t steps = 0;
  while (!cancel_after(steps, what)) ASSERT_LT(++steps, most);
  EXPECT_GT(steps, 1u);
}

auto acquiring = [](aio::pool& on, asio::cancellation_slot slot, completion done) {
  on.acquire(asio::bind_cancellation_slot(
      slot, [done = std::move(done)](std::exception_ptr error, aio::lease) { done(std::move(error)); }));
};

TEST(asio_pool_cancel, connecting) { cancel_at_every_step({acquiring}); }

TEST(asio_pool_cancel, connecting_with_a_session_hook) {
  connect_options how;
  how.session_hook = [](connection& fresh) { fresh.start_exec("SELECT pg_sleep(0.01)"); };
  cancel_at_every_step({.begin = acquiring, .how = how});
}

TEST(asio_pool_cancel, waiting_in_the_queue) {
  cancel_at_every_step({.begin = acquiring, .prepare = [](aio::pool& on, asio::io_context& io) {
                          auto lent = lent_by(on, io);
                          auto timer = std::make_shared<asio::steady_timer>(io, 20ms);
                          timer->async_wait([lent, timer](std::error_code) { lent->reset(); });
                        }});
}

TEST(asio_pool_cancel, asking_for_a_sign_of_life) {
  pool_options options{.maximum = 1, .acquire_limit = 20s, .check_after = 0ms};
  cancel_at_every_step({.begin = acquiring,
                        .prepare =
                            [](aio::pool& on, asio::io_context& io) {
                              lent_by(on, io)->reset();
                              std::this_thread::sleep_for(1010ms);
                            },
                        .options = options});
}

TEST(asio_pool_cancel, a_statement) {
  cancel_at_every_step({[](aio::pool& on, asio::cancellation_slot slot, completion done) {
    on.query(bind("SELECT pg_sleep(0.01)"),
             asio::bind_cancellation_slot(
                 slot, [done = std::move(done)](std::exception_ptr error, result const&) { done(std::move(error)); }));
  }});
}

TEST(asio_pool_cancel, a_transaction) {
  open().exec("DROP TABLE IF EXISTS asio_pool_cancel; CREATE TABLE asio_pool_cancel (id int)");
  bool stands = false;
  cancel_at_every_step({[&](aio::pool& on, asio::cancellation_slot slot, completion done) {
    open().exec("TRUNCATE asio_pool_cancel");
    asio::co_spawn(on.get_executor(), on.with([](aio::connection& conn) -> awaitable<void> {
      co_await conn.query("INSERT INTO asio_pool_cancel VALUES (1)");
      co_await conn.query("INSERT INTO asio_pool_cancel VALUES (2)");
    }),
                   asio::bind_cancellation_slot(slot, [&, done = std::move(done)](std::exception_ptr error) {
                     auto const there = [] {
                       connection other = open();
                       return value<long>(other, "SELECT count(*) FROM asio_pool_cancel");
                     };
                     if (!error) {
                       stands = true;
                       EXPECT_EQ(there(), 2);
                     } else {
                       EXPECT_TRUE(comes_true([&] { return there() != 1; }));
                     }
                     try {
                       raise(error);
                     } catch (std::system_error const& e) {  // of the coroutine, between two statements
                       EXPECT_EQ(e.code(), asio::error::operation_aborted);
                       error = nullptr;
                     } catch (...) {}
                     done(std::move(error));
                   }));
  }});
  EXPECT_TRUE(stands);
  open().exec("DROP TABLE asio_pool_cancel");
}

TEST(asio_pool_cancel, warming_up) {
  cancel_at_every_step(
      {.begin =
           [](aio::pool& on, asio::cancellation_slot slot, completion done) {
             on.warm_up(asio::bind_cancellation_slot(
                 slot, [done = std::move(done)](std::exception_ptr error) { done(std::move(error)); }));
           },
       .options = {.minimum = 2, .maximum = 2, .acquire_limit = 20s}});
}

TEST(asio_pool_cancel, upkeep_and_waiting_for_the_end) {
  with_pool({.minimum = 1, .maximum = 1}, [](aio::pool& on) -> awaitable<void> {
    asio::cancellation_signal upkeep, end;
    std::exception_ptr kept_up;
    on.run(asio::bind_cancellation_slot(upkeep.slot(), [&](std::exception_ptr error) { kept_up = std::move(error); }));
    EXPECT_TRUE(co_await becomes_true([&] { return on.statistics().idle == 1; }));
    EXPECT_FALSE(kept_up);
    upkeep.emit(asio::cancellation_type::total);
    EXPECT_TRUE(co_await becomes_true([&] { return kept_up != nullptr; }));
    EXPECT_THROW(raise(kept_up), query_canceled);
    aio::lease lent = co_await on.acquire();
    std::optional<bool> were_back;
    on.close(within(20s), asio::bind_cancellation_slot(end.slot(), [&](std::exception_ptr const& error, bool all) {
               EXPECT_FALSE(error);
               were_back = all;
             }));
    co_await after(5ms);
    EXPECT_FALSE(were_back);
    end.emit(asio::cancellation_type::terminal);
    EXPECT_TRUE(co_await becomes_true([&] { return were_back.has_value(); }));
    EXPECT_EQ(were_back, false);
    EXPECT_TRUE(co_await becomes_true([&] { return lent->closed(); }));
  });
}

// ---- leases that end at every point ----

/// A lease ends after so many steps of what is under way on it. Whether that had ended by then.
bool end_after(std::size_t steps, std::string const& script, connect_options const& how) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), {.maximum = 1, .acquire_limit = 20s, .return_limit = 20s}, how);
  auto const lent = lent_by(on, io);
  int completed = 0;
  auto const since = std::chrono::steady_clock::now();
  (**lent)->exec(script, [&](std::exception_ptr const&, results const&) { ++completed; });
  for (std::size_t i = 0; i < steps && completed == 0; ++i) io.run_one_for(5s);
  bool const was_complete = completed != 0;
  lent->reset();
  std::string answer;
  on.query(bind("SELECT current_setting('application_name') || (SELECT count(*) FROM pg_listening_channels())"),
           [&](std::exception_ptr const& error, result const& r) {
             EXPECT_NO_THROW(raise(error)) << "after " << steps;
             if (!error) answer = first<std::string>(r);
           });
  io.restart();
  run(io);
  EXPECT_EQ(completed, 1) << "after " << steps;
  EXPECT_EQ(answer, how.session_hook ? "by_hook0" : "0") << "after " << steps;
  EXPECT_EQ(on.statistics().leased, 0u) << "after " << steps;
  EXPECT_LT(std::chrono::steady_clock::now() - since, 10s) << "after " << steps;
  return was_complete;
}

TEST(asio_pool_cancel, lease_that_ends_under_way) {
  connect_options how;
  how.session_hook = [](connection& fresh) { fresh.start_exec("SET application_name = 'by_hook'"); };
  for (auto const& with : {connect_options(), how})
    for (std::string const script :
         {"SELECT pg_sleep(0.01); SELECT 1", "BEGIN; SET application_name = 'left'", "SET application_name = 'left'",
          "LISTEN asio_pool_cancel; NOTIFY asio_pool_cancel", "SELECT nonsense"}) {
      std::size_t steps = 0;
      while (!end_after(steps, script, with)) ASSERT_LT(++steps, most);
    }
}

/// The event loop stops at every point of the cleaning of a lease, and what is left is destroyed.
TEST(asio_pool_cancel, loop_that_ends_while_it_cleans) {
  for (std::size_t steps = 0; steps < 12; ++steps) {
    std::int32_t pid = 0;
    {
      asio::io_context io;
      aio::pool on(io, dsn(way::unix_socket), {.maximum = 1, .acquire_limit = 20s});
      auto const lent = lent_by(on, io);
      pid = pid_of(**lent);
      (**lent)->exec("BEGIN; SET application_name = 'left'; SELECT pg_sleep(20)",
                     [](std::exception_ptr const&, results const&) {});
      for (int i = 0; i < 4; ++i) io.run_one_for(50ms);
      lent->reset();
      for (std::size_t i = 0; i < steps; ++i) io.run_one_for(5s);
    }
    EXPECT_TRUE(comes_true([&] {
      connection other = open();
      return !value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid);
    })) << "after "
        << steps;
  }
}

}  // namespace
}  // namespace tusk::test
