// Cancelling at every point at which a pipeline or a stream is suspended, of coroutines and of a loop that polls: the
// connection is usable afterwards, or closed with an error that says so, and nothing of a cancelled unit stands.
//
// The n-th step is followed by the cancelling, for n = 0, 1, 2 ..., until everything has run before that.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

constexpr char create[] = "CREATE TEMP TABLE item (id int, name text)";
constexpr char insert[] = "INSERT INTO item VALUES ($1, 'unit')";
constexpr char streamed[] =
    "INSERT INTO item SELECT g, repeat('x', 500) FROM generate_series(1, 2000) g RETURNING id, name";
constexpr int most = 500;  // steps that anything here takes

// ---- what is cancelled ----

/// A unit, and what became of it.
struct unit {
  std::vector<pending<result>> inserts, others;
  pending<void> end;

  /// Its requests, in turn; false: that was all.
  bool ask(tusk::pipeline& p) {
    switch (inserts.size() + others.size()) {
      case 0: return inserts.push_back(p.query(insert, 1)), true;
      case 1: return others.push_back(p.query("SELECT repeat('x', 1000) FROM generate_series(1, 2000)")), true;
      case 2: return inserts.push_back(p.query(insert, 2)), true;
      case 3: return others.push_back(p.query("SELECT pg_sleep(0.01)")), true;
      case 4: return inserts.push_back(p.query(insert, 3)), true;
    }
    return false;
  }
  /// Each of its requests gives its answer, or an error that it may have. Whether it stands.
  bool check(bool synced) {
    bool stands = synced;
    try {
      if (synced) end.get();
    } catch (query_canceled const&) {
      stands = false;
    }
    bool failed = false;
    for (auto* each : {&inserts, &others})
      for (auto& one : *each) try {
          result const got = one.get();
          EXPECT_EQ(each == &inserts ? got.affected_rows() == 1 : !got.empty(), true);
        } catch (query_canceled const&) {
          failed = true;
        } catch (operational_error const& e) {
          EXPECT_FALSE(e.is_fatal()) << e.what();
          bool const skipped = std::string_view(e.what()).find("was not run") != std::string_view::npos;
          EXPECT_TRUE(skipped || (!synced && std::string_view(e.what()).find("without sync()") != 0)) << e.what();
          failed = true;
        }
    EXPECT_TRUE(!stands || !failed);
    return stands;
  }
};

// ---- poll() ----

enum class act { cancel, cancel_a_request, leave };
void PrintTo(act what, std::ostream* out) {
  *out << (what == act::cancel ? "cancel" : what == act::leave ? "leave" : "cancel_a_request");
}

class polled : public testing::TestWithParam<act> {
 protected:
  polled() {
    finish(conn);
    run(create);
  }
  void run(char const* script) {
    auto made = conn.start_exec(script);
    finish(conn);
    made.get();
  }
  int count(char const* which) {
    auto asked = conn.start_query("SELECT count(*)::int FROM item WHERE (name = 'unit') = $1", *which == 'u');
    finish(conn);
    return asked.get()[0].get<int>(0);
  }
  connection conn = connect(dsn(way::unix_socket), {.async = true});

  /// Polls; true: this was the step that the cancelling comes behind.
  bool step(int& steps, int at, bool waits) {
    poll_status const wanted = conn.poll();
    bool const now = steps++ == at;
    if (waits && !now && wanted != poll_status::ok) wait_once(conn, wanted);
    is_idle = wanted == poll_status::ok;
    return now;
  }
  bool is_idle = false;

  /// False: it had ended before.
  bool cancel_unit(int at, int expected) {
    int steps = 0;
    bool cancelled = false, synced = false, refused = false;
    unit what;
    std::optional<tusk::pipeline> p = conn.pipeline();
    auto const now = [&] {
      // Before the sync() the server may have nothing more to say.
      if (cancelled || !step(steps, at, synced)) return false;
      cancelled = true;
      if (GetParam() == act::cancel)
        conn.cancel();
      else if (GetParam() == act::cancel_a_request)
        what.inserts[0].cancel();
      else
        p.reset();
      return true;
    };
    try {
      while (p && what.ask(*p)) now();
    } catch (query_canceled const& e) {
      EXPECT_TRUE(cancelled && GetParam() == act::cancel_a_request) << e.what();
      refused = true;
    }
    if (p && !refused) {
      what.end = p->sync();
      synced = true;
      for (is_idle = false; !is_idle && !cancelled;) now();
    }
    finish(conn);
    bool const stands = what.check(synced);
    EXPECT_TRUE(stands || cancelled);
    EXPECT_EQ(count("unit"), expected + (stands ? 3 : 0)) << "cancelled after step " << at;
    if (stands) run("DELETE FROM item");
    return cancelled;
  }

  bool cancel_stream(int at) {
    int steps = 0, rows = 0;
    bool cancelled = false, failed = false;
    std::optional<tusk::stream<>> from = conn.start_stream(streamed);
    try {
      while (from && !from->ended()) {
        bool const now = !cancelled && step(steps, at, true);
        if (now) {
          cancelled = true;
          GetParam() == act::leave ? from.reset() : conn.cancel();
        } else if (cancelled) {
          finish(conn);
        }
        if (!from) break;
        auto const chunk = from->take_chunk();
        if (!chunk) continue;
        for (auto const& row : *chunk) EXPECT_EQ(row.get<int>(0), ++rows);
      }
    } catch (query_canceled const&) {
      failed = true;
    }
    bool const left = !from;
    from.reset();
    finish(conn);
    int const standing = count("stream");
    if (failed)
      EXPECT_EQ(standing, 0) << "cancelled after step " << at;
    else if (left)
      EXPECT_EQ(standing == 0 || standing == 2000, true) << standing;
    else
      EXPECT_EQ(standing, rows);
    EXPECT_TRUE(cancelled || rows == 2000);
    run("DELETE FROM item");
    return cancelled;
  }
};

TEST_P(polled, pipeline) {
  int at = 0;
  while (cancel_unit(at, 0) && !HasFailure()) ASSERT_LT(++at, most);
  EXPECT_GT(at, 5) << "it has steps before its sync(), and behind it";
}

TEST_P(polled, stream) {
  if (GetParam() == act::cancel_a_request) return;  // it has none
  int at = 0;
  while (cancel_stream(at) && !HasFailure()) ASSERT_LT(++at, most);
  EXPECT_GT(at, 2);
}

INSTANTIATE_TEST_SUITE_P(cancelled, polled, testing::Values(act::cancel, act::cancel_a_request, act::leave),
                         testing::PrintToStringParamName());

// ---- coroutines ----

class spawned : public testing::Test {
 protected:
  spawned() {
    spawn([this]() -> awaitable<void> {
      co_await conn.connect(dsn(way::unix_socket));
      co_await conn.exec(create);
    });
  }
  void spawn(std::function<awaitable<void>()> body) {
    std::exception_ptr failed;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr error) { failed = std::move(error); });
    io.restart();
    test::run(io);
    raise(failed);
  }
  /// Cancels the coroutine after the event loop has done so many things. False: it had ended before.
  bool cancel(std::function<awaitable<void>()> body, int at) {
    asio::cancellation_signal signal;
    bool ended = false;
    asio::co_spawn(io, std::move(body), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
                     ended = true;
                     told = std::move(error);
                   }));
    io.restart();
    for (int things = 0; things < at && !ended; ++things) io.run_one();
    if (ended) return false;
    signal.emit(asio::cancellation_type::terminal);
    test::run(io);
    EXPECT_TRUE(ended);
    return true;
  }
  /// How many rows stand; they are deleted.
  int count() {
    int found = 0;
    spawn([&]() -> awaitable<void> {
      co_await conn.wait();  // for a stream that was left
      found = first<int>(co_await conn.query("SELECT count(*)::int FROM item"));
      co_await conn.exec("DELETE FROM item");
    });
    return found;
  }
  static bool is_aborted(std::exception_ptr const& error) {
    try {
      raise(error);
    } catch (query_canceled const&) {
      return true;
    } catch (std::system_error const& e) {
      return e.code() == asio::error::operation_aborted;
    }
    return false;
  }

  asio::io_context io;
  aio::connection conn{io};
  std::exception_ptr told;
};

TEST_F(spawned, pipeline) {
  int at = 0;
  for (bool cancelled = true; cancelled && !HasFailure(); ++at) {
    ASSERT_LT(at, most);
    unit what;
    bool synced = false;
    cancelled = cancel(
        [&]() -> awaitable<void> {
          tusk::pipeline p = conn.native().pipeline();
          while (what.ask(p)) {}
          what.end = p.sync();
          synced = true;
          co_await conn.wait();
        },
        at);
    EXPECT_TRUE(!told || is_aborted(told));
    int const standing = count();
    if (!synced) {
      EXPECT_EQ(standing, 0);
      continue;
    }
    EXPECT_EQ(standing, what.check(true) ? 3 : 0) << "cancelled after " << at;
  }
  EXPECT_GT(at, 3);
}

}  // namespace
}  // namespace tusk::test
