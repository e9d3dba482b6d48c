// What an Asio pool once did wrong: a cancellation that comes between two steps, connections that are not the pool's,
// next_notify() as a lease's first, what a lease leaves behind, handlers of another execution context, a forked child.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <thread>

#include "support/aio_pools.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

pool_options mended_options() { return {.maximum = 1, .acquire_limit = 20s}; }

void run_again(asio::io_context& io) {
  io.restart();
  run(io);
}

/// One that is lent, as soon as the loop has run.
std::shared_ptr<aio::lease> mended_lease(aio::pool& on, asio::io_context& io) {
  auto lent = std::make_shared<aio::lease>();
  on.acquire([lent](std::exception_ptr const& error, aio::lease given) {
    raise(error);
    *lent = std::move(given);
  });
  run_again(io);
  return lent;
}

/// A statement that takes long is cancelled after so many steps of the loop: it ends at once.
void expect_cancelled(std::size_t steps, pool_options const& options,
                      std::function<void(aio::pool&, asio::io_context&)> const& prepare) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), options);
  prepare(on, io);
  asio::cancellation_signal signal;
  int completed = 0;
  std::exception_ptr failed;
  on.query(bind("SELECT pg_sleep(20)"),
           asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, result const&) {
             ++completed;
             failed = std::move(error);
           }));
  auto const since = std::chrono::steady_clock::now();
  io.restart();
  for (std::size_t i = 0; i < steps; ++i) io.run_one_for(100ms);
  signal.emit(asio::cancellation_type::terminal);
  run_again(io);
  EXPECT_LT(std::chrono::steady_clock::now() - since, 15s) << "after " << steps;
  EXPECT_EQ(completed, 1) << "after " << steps;
  EXPECT_THROW(raise(failed), query_canceled) << "after " << steps;
  EXPECT_EQ(on.statistics().leased, 0u) << "after " << steps;
}

TEST(asio_pool_mended, a_cancellation_while_it_connects_is_not_lost) {
  for (std::size_t steps = 0; steps < 12; ++steps)
    expect_cancelled(steps, mended_options(), [](aio::pool&, asio::io_context&) {});
}
TEST(asio_pool_mended, a_cancellation_while_one_is_at_hand_is_not_lost) {
  for (std::size_t steps = 0; steps < 5; ++steps)
    expect_cancelled(steps, mended_options(), [](aio::pool& on, asio::io_context& io) { mended_lease(on, io); });
}
TEST(asio_pool_mended, a_cancellation_after_its_turn_has_come_is_not_lost) {
  for (std::size_t steps = 0; steps < 5; ++steps) {
    auto const prepare = [](aio::pool& on, asio::io_context& io) {
      auto const lent = mended_lease(on, io);
      asio::post(io, [lent] { asio::post(lent->operator*().get_executor(), [lent] { lent->release(); }); });
    };
    expect_cancelled(steps, mended_options(), prepare);
  }
}
TEST(asio_pool_mended, a_cancellation_before_and_after_a_sign_of_life_is_not_lost) {
  pool_options options = mended_options();
  options.check_after = 0ms;
  for (std::size_t steps = 0; steps < 5; ++steps)
    expect_cancelled(steps, options, [](aio::pool& on, asio::io_context& io) {
      mended_lease(on, io);
      std::this_thread::sleep_for(1010ms);
    });
}

// ---- whose connection it is ----

TEST(asio_pool_mended, a_connection_that_is_put_into_a_lease_does_not_become_the_pools) {
  for (bool const below : {false, true})
    with_pool(mended_options(), [&](aio::pool& on) -> awaitable<void> {
      aio::connection mine = co_await connected(dsn(way::unix_socket));
      std::int32_t const foreign = pid_of(mine.native());
      {
        aio::lease lent = co_await on.acquire();
        if (below)
          lent->native() = std::move(mine.native());
        else
          *lent = std::move(mine);
      }
      aio::lease next = co_await on.acquire();
      EXPECT_NE(pid_of(next), foreign);
      EXPECT_EQ(on.statistics().discarded_for(discard_reason::broken), 1u);
    });
}

// ---- what is left of the lease before ----

TEST(asio_pool_mended, next_notify_first_waits_on_the_descriptor) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), mended_options());
  mended_lease(on, io)->release();
  std::shared_ptr<aio::lease> other;
  std::string why;
  on.acquire(asio::bind_executor(asio::make_strand(io), [&](std::exception_ptr const& error, aio::lease given) {
    raise(error);
    other = std::make_shared<aio::lease>(std::move(given));
    (*other)->next_notify([&](std::exception_ptr const& ended, notify const&) {
      why = thrown<interface_error>([&] { raise(ended); }).what();
    });
  }));
  io.restart();
  std::size_t handlers = 0;
  for (auto const until = std::chrono::steady_clock::now() + 200ms; std::chrono::steady_clock::now() < until;)
    handlers += io.run_one_for(50ms);
  EXPECT_LT(handlers, 50u) << "the loop spins";
  EXPECT_EQ(why, "");
  ASSERT_TRUE(other);
  other->release();
  run_again(io);
  EXPECT_CONTAINS("lease", why);
}

// ---- handlers ----

/// What was allocated with it and not freed.
template <class T>
struct mended_allocator {
  using value_type = T;
  int* balance;
  explicit mended_allocator(int* at) noexcept : balance(at) {}
  template <class U>
  mended_allocator(mended_allocator<U> const& other) noexcept : balance(other.balance) {}
  T* allocate(std::size_t count) {
    ++*balance;
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* which, std::size_t count) noexcept {
    if (--*balance >= 0) std::allocator<T>().deallocate(which, count);
  }
  template <class U>
  bool operator==(mended_allocator<U> const& other) const noexcept {
    return balance == other.balance;
  }
};

/// A slot that has no memory for what is to be called; or tells where it is cleared.
struct mended_slot {
  bool throws = false;
  std::thread::id* cleared_by = nullptr;
  bool is_connected() const noexcept { return true; }
  template <class Handler>
  void assign(Handler&&) {
    if (throws) throw std::bad_alloc();
  }
  void clear() {
    if (cleared_by) *cleared_by = std::this_thread::get_id();
  }
  bool operator==(mended_slot const&) const = default;
};

struct mended_handler {
  using cancellation_slot_type = mended_slot;
  using allocator_type = mended_allocator<void>;
  int* balance;
  mended_slot slot;
  std::atomic<bool>* called = nullptr;
  cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
  allocator_type get_allocator() const noexcept { return allocator_type(balance); }
  void operator()(std::exception_ptr const&, aio::lease const&) const { *called = true; }
};

TEST(asio_pool_mended, a_slot_without_memory_frees_the_operation_once) {
  asio::io_context io;
  aio::pool on(io, dsn(way::unix_socket), mended_options());
  int balance = 0;
  EXPECT_THROW(on.acquire(mended_handler{&balance, {.throws = true}}), std::bad_alloc);
  EXPECT_EQ(balance, 0);
  run(io);
  EXPECT_EQ(on.statistics().connecting + on.statistics().waiting, 0u);
}

TEST(asio_pool_mended, a_slot_is_cleared_where_its_handler_is_called) {
  asio::io_context io;
  asio::thread_pool others(1);
  aio::pool on(io, dsn(way::unix_socket), mended_options());
  int balance = 0;
  std::atomic<bool> called = false;
  std::thread::id cleared_by;
  on.acquire(asio::bind_executor(others, mended_handler{&balance, {.cleared_by = &cleared_by}, &called}));
  run(io);
  others.join();
  EXPECT_TRUE(called);
  EXPECT_NE(cleared_by, std::thread::id());
  EXPECT_NE(cleared_by, std::this_thread::get_id());
}

TEST(asio_pool_mended, cancelled_from_another_execution_context) {
  asio::io_context io;
  auto const keep = asio::make_work_guard(io);
  std::jthread const loop([&] { io.run(); });
  asio::thread_pool others(1);
  aio::pool on(io, dsn(way::unix_socket), mended_options());
  for (auto const time : {0ms, 1ms, 50ms}) {
    asio::cancellation_signal signal;
    std::atomic<bool> done = false;
    std::exception_ptr failed;
    auto const since = std::chrono::steady_clock::now();
    asio::post(others, [&] {
      on.query(bind("SELECT pg_sleep(20)"),
               asio::bind_executor(
                   others, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, result const&) {
                     failed = std::move(error);
                     done = true;
                   })));
    });
    std::this_thread::sleep_for(time);
    asio::post(others, [&] { signal.emit(asio::cancellation_type::terminal); });
    EXPECT_TRUE(comes_true([&] { return done.load(); }));
    EXPECT_LT(std::chrono::steady_clock::now() - since, 10s);
    EXPECT_THROW(raise(failed), query_canceled);
  }
  others.join();
  io.stop();
}

TEST(asio_pool_mended, with_on_another_execution_context_is_refused) {
  asio::io_context io, other;
  aio::pool on(io, dsn(way::unix_socket), mended_options());
  std::exception_ptr failed;
  asio::co_spawn(other, on.with([](aio::connection&) -> awaitable<void> { co_return; }),
                 [&](std::exception_ptr error) { failed = std::move(error); });
  run(other);
  EXPECT_CONTAINS("another execution context", thrown<programming_error>([&] { raise(failed); }).what());
  EXPECT_EQ(on.statistics().acquired, 0u);
}

// ---- a forked child ----

TEST(asio_pool_mended, a_child_does_not_wait_for_the_lock_of_a_thread_that_is_not_there) {
  auto const of = std::make_shared<aio::detail::lending>(dsn(way::unix_socket), mended_options(), connect_options());
  auto held = of->lock();
  pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(10);
    asio::io_context io;
    int right = 0;
    auto closed = [&](std::exception_ptr const& error, bool all) { right += !error && all; };
    auto kept_up = [&](std::exception_ptr const& error) { right += error != nullptr; };
    using namespace aio::detail;
    pool_task::begin(pool_task_for<closing_pool, decltype(closed)>::make(std::move(closed), of, io.get_executor(),
                                                                         std::optional<within>(within(5s))));
    pool_task::begin(pool_task_for<upkeep, decltype(kept_up)>::make(std::move(kept_up), of, io.get_executor(),
                                                                    upkeep::until::closed, std::optional<within>()));
    io.run_for(5s);
    ::_exit(right == 2 ? 0 : 10 + right);
  }
  held.unlock();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tusk::test
