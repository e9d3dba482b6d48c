// Wait callbacks: what goes through them, and every way in which one can misbehave.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/effort.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

struct own_error : std::runtime_error {
  own_error() : std::runtime_error("the callback's own") {}
};

/// Leaves no callback of the process behind.
class wait_callback_test : public testing::TestWithParam<way> {
 protected:
  ~wait_callback_test() override { set_wait_callback({}); }

  std::string dsn_ = dsn(GetParam());
  connect_options const autocommit_{.autocommit = true};
  int calls_ = 0;
  wait_callback const counting_ = [this](connection& conn) {
    ++calls_;
    finish(conn);
  };
};

TEST_P(wait_callback_test, is_asked_by_every_blocking_operation) {
  set_wait_callback(counting_);
  std::optional<connection> made;
  statement prepared = [&] {
    made.emplace(connect(dsn_, {.load_types = true}));
    EXPECT_EQ(calls_, 1) << "connect, the types included";
    return made->prepare("SELECT $1::int");
  }();
  connection& conn = *made;
  EXPECT_EQ(calls_, 2);
  std::vector<std::pair<char const*, std::function<void()>>> const operations = {
      {"query that begins", [&] { EXPECT_EQ(value<int>(conn, "SELECT $1::int", 1), 1); }},
      {"query that is known", [&] { EXPECT_EQ(value<int>(conn, "SELECT $1::int", 2), 2); }},
      {"statement", [&] { EXPECT_EQ(prepared.query(3)[0].get<int>(0), 3); }},
      {"exec", [&] { EXPECT_EQ(conn.exec("SELECT 1; SELECT 2").size(), 2U); }},
      {"within", [&] { EXPECT_EQ(conn.query(within(60s), "SELECT 1").size(), 1U); }},
      {"ping", [&] { conn.ping(); }},
      {"load_types", [&] { conn.load_types(); }},
      {"prepare", [&] { conn.prepare("SELECT 2"); }},
      {"execute", [&] { conn.cursor().execute("SELECT %s", 1); }},
      {"executemany",
       [&] {
         conn.cursor().executemany("SELECT %s", std::vector{1, 2, 3});
       }},
      {"callproc", [&] { conn.cursor().callproc("abs", -1); }},
      {"commit", [&] { conn.commit(); }},
      {"exec within", [&] { conn.exec(within(60s), "SELECT 1"); }},
      {"commit within", [&] { conn.commit(within(60s)); }},
      {"listen", [&] { conn.listen("callbacks"); }},
      {"notify", [&] { conn.notify("callbacks", "x"); }},
      {"unlisten", [&] { conn.unlisten("callbacks"); }},
      {"reset", [&] { conn.reset(); }},
      {"query", [&] { conn.query("SELECT 1"); }},
      {"rollback", [&] { conn.rollback(); }},
      {"reconnect", [&] { conn.reconnect(); }},
  };
  for (auto const& [what, run] : operations) {
    int const before = calls_;
    ASSERT_NO_THROW(run()) << what;
    EXPECT_EQ(calls_, before + 1) << what;
  }
  transaction outer{conn};
  conn.query("SELECT 1");
  int const before = calls_;
  transaction inner{conn};
  EXPECT_EQ(calls_, before + 1) << "SAVEPOINT";
  inner.commit();
  EXPECT_EQ(calls_, before + 2) << "RELEASE";
}

TEST_P(wait_callback_test, of_a_connection_comes_before_that_of_the_process) {
  connection first = connect(dsn_, autocommit_), second = connect(dsn_, autocommit_);
  EXPECT_FALSE(get_wait_callback());
  EXPECT_FALSE(first.get_wait_callback());
  int own = 0;
  first.set_wait_callback([&](connection& conn) {
    ++own;
    EXPECT_EQ(&conn, &first);
    finish(conn);
  });
  EXPECT_TRUE(first.get_wait_callback());
  first.query("SELECT 1");
  second.query("SELECT 1");
  EXPECT_EQ(std::exchange(own, 0), 1);
  set_wait_callback(counting_);
  EXPECT_TRUE(get_wait_callback());
  EXPECT_FALSE(second.get_wait_callback());
  first.query("SELECT 1");
  EXPECT_EQ(own, 1);
  EXPECT_EQ(calls_, 0);
  second.query("SELECT 1");
  EXPECT_EQ(calls_, 1);
  first.reconnect();
  EXPECT_EQ(own, 2) << "the new session keeps it";
  first.set_wait_callback({});
  first.query("SELECT 1");
  EXPECT_EQ(own, 2);
  EXPECT_EQ(calls_, 2);
  set_wait_callback({});
  first.query("SELECT 1");
  second.query("SELECT 1");
  EXPECT_EQ(calls_, 2);
}

TEST_P(wait_callback_test, can_be_given_before_connecting) {
  connect_options options = autocommit_;
  options.wait_callback = counting_;
  connection conn = connect(dsn_, options);
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  EXPECT_EQ(calls_, 2);
}

TEST_P(wait_callback_test, gets_the_connection_where_it_is_now) {
  set_wait_callback({});
  connection conn = connect(dsn_, autocommit_);
  connection const* seen = nullptr;
  conn.set_wait_callback([&](connection& given) {
    seen = &given;
    finish(given);
  });
  statement made = conn.prepare("SELECT 1");
  EXPECT_EQ(seen, &conn);
  connection moved = std::move(conn);
  made.query();
  EXPECT_EQ(seen, &moved);
  connection other = connect(dsn_, autocommit_);
  other = std::move(moved);
  made.query();
  EXPECT_EQ(seen, &other);
}

TEST_P(wait_callback_test, does_not_concern_asynchronous_connections) {
  set_wait_callback(counting_);
  connection conn = connect(dsn_, {.async = true, .wait_callback = counting_});
  finish(conn);
  conn.start_query("SELECT $1::int", 1);
  finish(conn);
  conn.start_query("SELECT $1::int", 1);
  finish(conn);
  EXPECT_EQ(calls_, 0);
}

TEST_P(wait_callback_test, polls_never_wait) {
  connection conn = connect(dsn_, autocommit_);
  steps seen;
  conn.set_wait_callback([&](connection& given) { seen = finish(given); });
  EXPECT_EQ(conn.query("SELECT pg_sleep(0.5), repeat('x', 1000) FROM generate_series(1, 1)").size(), 1U);
  EXPECT_GE(seen.polls, 2);
  EXPECT_LT(seen.longest, 250ms);
  EXPECT_EQ(value<int>(conn, "SELECT length($1::text)", std::string(5'000'000, 'x')), 5'000'000);
  EXPECT_EQ(conn.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)").size(), 20000U);
}

// ---- what it may do wrong ----

TEST_P(wait_callback_test, that_throws_closes_the_connection_and_its_exception_comes_out) {
  connection conn = connect(dsn_, autocommit_);
  struct {
    char const* when;
    char const* statement;
    std::function<void(connection&)> callback;
  } const table[] = {
      {"at once", "SELECT 1", [](connection&) { throw own_error(); }},
      {"in mid-operation", "SELECT pg_sleep(60)",
       [](connection& given) {
         given.poll();
         throw own_error();
       }},
      {"when it is done", "SELECT 1",
       [](connection& given) {
         finish(given);
         throw own_error();
       }},
      {"in place of the operation's error", "SELECT 1/0",
       [](connection& given) {
         try {
           finish(given);
         } catch (data_error const&) {
           throw own_error();
         }
       }},
  };
  for (auto const& [when, statement, callback] : table) {
    conn.reconnect();
    conn.set_wait_callback(callback);
    EXPECT_THROW(conn.query(statement), own_error) << when;
    EXPECT_TRUE(conn.closed()) << when;
    EXPECT_FALSE(conn.isexecuting()) << when;
    conn.set_wait_callback({});
    EXPECT_STREQ(thrown<interface_error>([&] { conn.query("SELECT 1"); }).what(), "connection already closed");
  }
  // Of any type, and out of connect() too.
  conn.reconnect();
  conn.set_wait_callback([](connection&) { throw 42; });
  EXPECT_THROW(conn.exec("SELECT 1"), int);
  EXPECT_TRUE(conn.closed());
  EXPECT_THROW(connect(dsn_, {.wait_callback = [](connection&) { throw 42; }}), int);
}

// psycopg2: stuck for ever.
TEST_P(wait_callback_test, that_returns_too_early_is_an_operational_error_and_closes) {
  connection conn = connect(dsn_, autocommit_);
  for (int polls = 0; polls < 2; ++polls) {
    conn.reconnect();
    auto const too_early = [polls](connection& given) {
      for (int i = 0; i < polls; ++i) given.poll();
    };
    conn.set_wait_callback(too_early);
    auto const told = thrown<operational_error>([&] { conn.query("SELECT pg_sleep(60)"); });
    EXPECT_CONTAINS("the wait callback returned before poll() said ok", told.what());
    EXPECT_TRUE(told.is_fatal());
    EXPECT_TRUE(conn.closed());
    EXPECT_FALSE(conn.isexecuting());
    conn.set_wait_callback({});
    EXPECT_CONTAINS("returned before",
                    thrown<operational_error>([&] { connect(dsn_, {.wait_callback = too_early}); }).what());
  }
}

TEST_P(wait_callback_test, lets_a_servers_error_pass_or_not_and_the_connection_stays_open) {
  connection conn = connect(dsn_, autocommit_);
  wait_callback const swallowing = [](connection& given) {
    try {
      finish(given);
    } catch (error const&) {}
  };
  wait_callback const polling_on = [](connection& given) {
    EXPECT_THROW(finish(given), data_error);
    EXPECT_THROW(given.poll(), data_error) << "again, as long as the operation has not taken it";
  };
  for (wait_callback const& callback : {counting_, swallowing, polling_on}) {
    conn.set_wait_callback(callback);
    for (int i = 0; i < 2; ++i) {
      auto const told = thrown<data_error>([&] { conn.query("SELECT 1 / $1::int", 0); });
      EXPECT_EQ(told.condition(), condition::division_by_zero);
      EXPECT_FALSE(told.is_fatal());
      EXPECT_FALSE(conn.closed());
    }
    conn.set_wait_callback({});
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  }
}

TEST_P(wait_callback_test, may_poll_on_when_the_operation_is_done) {
  connection conn = connect(dsn_, autocommit_);
  conn.set_wait_callback([](connection& given) {
    finish(given);
    EXPECT_EQ(given.poll(), poll_status::ok);
  });
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST_P(wait_callback_test, lets_the_error_of_a_lost_connection_pass_or_not) {
  for (bool const swallow : {false, true}) {
    connection conn = connect(dsn_, autocommit_);
    conn.set_wait_callback([swallow](connection& given) {
      try {
        finish(given);
      } catch (error const&) {
        if (!swallow) throw;
      }
    });
    auto const told =
        thrown<operational_error>([&] { conn.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"); });
    EXPECT_EQ(told.sqlstate().str(), "57P01");
    EXPECT_TRUE(conn.closed());
  }
}

TEST_P(wait_callback_test, lets_the_error_of_connecting_pass) {
  auto const wrong = dsn(GetParam(), "auth_scram", "password=wrong");
  for (bool const swallow : {false, true}) {
    auto const callback = [swallow](connection& given) {
      try {
        finish(given);
      } catch (operational_error const&) {
        if (!swallow) throw;
      }
    };
    auto const told = thrown<operational_error>([&] { connect(wrong, {.wait_callback = callback}); });
    EXPECT_EQ(told.sqlstate().str(), "28P01");
  }
}

TEST_P(wait_callback_test, may_close_the_connection) {
  connection conn = connect(dsn_, autocommit_);
  conn.set_wait_callback([](connection& given) { given.close(); });
  EXPECT_CONTAINS("closed in mid-operation",
                  thrown<operational_error>([&] { conn.query("SELECT pg_sleep(60)"); }).what());
  EXPECT_TRUE(conn.closed());
  EXPECT_THROW(connect(dsn_, {.wait_callback = [](connection& given) { given.close(); }}), interface_error);
}

// ---- two at once: see second_operation_test.cpp, too ----

TEST_P(wait_callback_test, that_runs_an_operation_of_its_own_is_stopped) {
  connection conn = connect(dsn_, autocommit_);
  conn.set_wait_callback([](connection& given) { given.query("SELECT 1"); });
  EXPECT_THROW(conn.query("SELECT 1"), programming_error);
  EXPECT_TRUE(conn.closed()) << "an error that is not the operation's";
}

TEST_P(wait_callback_test, leaves_cancel_to_other_threads) {
  connection conn = connect(dsn_, autocommit_);
  conn.set_wait_callback(counting_);
  std::thread other([&conn, pid = conn.info().backend_pid] {
    wait_until_active(pid);
    conn.cancel();
  });
  EXPECT_THROW(conn.query("SELECT pg_sleep(60)"), query_canceled);
  other.join();
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST_P(wait_callback_test, can_be_set_while_others_use_it) {
  std::atomic<bool> done = false;
  std::thread setter([&] {
    for (int i = 0; !done; ++i) {
      set_wait_callback(i % 2 == 0 ? wait_callback(wait_select) : wait_callback());
      get_wait_callback();
    }
  });
  std::vector<std::thread> users;
  for (int t = 0; t < 2; ++t)
    users.emplace_back([this] {
      connection conn = connect(dsn_, autocommit_);
      for (int i = 0; i < static_cast<int>(effort(1000)); ++i) ASSERT_EQ(value<int>(conn, "SELECT $1::int", i), i);
    });
  for (auto& each : users) each.join();
  done = true;
  setter.join();
}

INSTANTIATE_TEST_SUITE_P(each, wait_callback_test, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

// What is larger than a socket takes at once is sent while the callback waits, in a unit and outside of one. Over a
// Unix socket: TCP takes megabytes at once.
TEST(waiting_for_room, is_done_by_the_wait_callback) {
  constexpr std::size_t size = 4'000'000;
  std::string const large(size, 'x');
  connection conn = open();
  int calls = 0;
  conn.set_wait_callback([&](connection& waiting) {
    ++calls;
    finish(waiting);
  });
  EXPECT_EQ(value<std::size_t>(conn, "SELECT length($1)", large), size);
  calls = 0;
  tusk::pipeline p = conn.pipeline();
  auto in_unit = p.query("SELECT length($1)", large);
  EXPECT_EQ(calls, 1);
  p.sync();
  EXPECT_EQ(in_unit.get()[0].get<std::size_t>(0), size);
  calls = 0;
  auto queued = conn.start_query("SELECT length($1)", large);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(queued.get()[0].get<std::size_t>(0), size);

  conn.set_wait_callback([](connection&) {});
  tusk::pipeline left = conn.pipeline();
  EXPECT_CONTAINS("before poll() said ok",
                  thrown<operational_error>([&] { left.query("SELECT length($1)", large); }).what());
  EXPECT_TRUE(conn.closed());
}

}  // namespace
}  // namespace tusk::test
