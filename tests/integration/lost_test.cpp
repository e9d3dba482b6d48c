// Sessions that end while they are wanted: the server's last words, the flags, and what every later call says. Then
// what is shared: threads on one connection, and a child process with a copy of it.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class lost : public testing::TestWithParam<way> {
 protected:
  static void expect_last_words(error const& told) {
    EXPECT_EQ(told.sqlstate().str(), "57P01");
    EXPECT_CONTAINS("terminating connection due to administrator command", told.what());
    EXPECT_EQ(told.severity(), "FATAL");
    EXPECT_TRUE(told.is_fatal());
  }
  static void expect_closed(connection& conn) {
    EXPECT_TRUE(conn.closed());
    EXPECT_FALSE(conn.isexecuting());
    EXPECT_EQ(conn.fileno(), -1);
    auto const expect_refused = [](auto&& call) {
      auto const told = thrown<interface_error>(call);
      EXPECT_STREQ(told.what(), "connection already closed");
      EXPECT_TRUE(told.is_fatal());
    };
    expect_refused([&] { conn.exec("SELECT 1"); });
    expect_refused([&] { conn.exec("a\xff"); });
    expect_refused([&] { conn.query("SELECT $1::int", 1); });
    expect_refused([&] { conn.query("SELECT 1"); });
    expect_refused([&] { conn.prepare("SELECT 1"); });
    expect_refused([&] { conn.start_exec("SELECT 1"); });
    expect_refused([&] { conn.start_query("SELECT 1"); });
    expect_refused([&] { conn.poll(); });
    expect_refused([&] { conn.cursor(); });
    expect_refused([&] { conn.ping(); });
    expect_refused([&] { conn.load_types(); });
    expect_refused([&] { conn.listen("channel"); });
    expect_refused([&] { conn.notify("channel", "payload"); });
    expect_refused([&] { conn.cancel(); });
    // Of an asynchronous one these are refused in any case.
    EXPECT_THROW(conn.commit(), error);
    EXPECT_THROW(conn.rollback(), error);
    EXPECT_THROW(conn.reset(), error);
    EXPECT_THROW(transaction tx{conn}, error);
    expect_refused([&] { wait_readable(conn, 1ms); });
    EXPECT_TRUE(conn.take_results().empty());
    EXPECT_FALSE(conn.notifies.pop());
    conn.close();
  }
};

// A program that does not ignore SIGPIPE is not ended by it.
TEST_P(lost, raises_no_signal) {
  static std::atomic<int> raised;
  raised = 0;
  struct sigaction counting = {}, before = {};
  counting.sa_handler = [](int) { ++raised; };
  ASSERT_EQ(::sigaction(SIGPIPE, &counting, &before), 0);
  for (bool const async : {false, true}) {
    connection conn = connect(dsn(GetParam()), {.async = async, .autocommit = true});
    finish(conn);
    terminate(conn.info().backend_pid);
    EXPECT_THROW(
        {
          conn.start_exec("SELECT 1");
          finish(conn);
        },
        error);  // or, if it had ended when its handle was dropped, that the connection is closed
    conn.close();
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(raised, 0);
}

TEST_P(lost, between_two_statements) {
  connection conn = open(GetParam());
  conn.query("SELECT 1");
  statement made = conn.prepare("SELECT 1");
  terminate(conn.info().backend_pid);
  expect_last_words(thrown<operational_error>([&] { conn.exec("SELECT 1"); }));
  expect_closed(conn);
  EXPECT_STREQ(thrown<interface_error>([&] { made.query(); }).what(), "connection already closed");
  EXPECT_THROW(made.query(1), interface_error);
  EXPECT_EQ(conn.parameter_status("client_encoding"), "UTF8") << "what was known stays known";
}

TEST_P(lost, in_mid_statement) {
  connection conn = open(GetParam());
  std::thread killer([pid = conn.info().backend_pid] {
    connection other = open();
    while (!value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep')",
                        pid))
      other.query("SELECT pg_sleep(0.002)");
    terminate(pid);
  });
  std::optional<operational_error> told;
  EXPECT_NO_THROW(told = thrown<operational_error>([&] { conn.exec("SELECT 1; SELECT pg_sleep(60)"); }));
  killer.join();
  ASSERT_TRUE(told);
  expect_last_words(*told);
  expect_closed(conn);
}

TEST_P(lost, by_its_own_hand) {
  connection conn = open(GetParam());
  expect_last_words(
      thrown<operational_error>([&] { conn.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"); }));
  expect_closed(conn);
}

TEST_P(lost, in_mid_argument) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  conn.start_query("SELECT length($1::text)", std::string(30'000'000, 'x'));
  for (int i = 0; i < 3; ++i) ASSERT_NE(conn.poll(), poll_status::ok);  // some of it goes
  terminate(conn.info().backend_pid);
  expect_last_words(thrown<operational_error>([&] { finish(conn); }));
  EXPECT_TRUE(conn.closed());
}

TEST_P(lost, while_idle_and_polling) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  terminate(conn.info().backend_pid);
  ASSERT_TRUE(wait_readable(conn, 30s));
  expect_last_words(thrown<operational_error>([&] { conn.poll(); }));
  EXPECT_TRUE(conn.closed());
  EXPECT_STREQ(thrown<interface_error>([&] { conn.poll(); }).what(), "connection already closed");
}

TEST_P(lost, while_stepping) {
  connection conn = connect(dsn(GetParam()), {.async = true});
  finish(conn);
  conn.start_exec("SELECT pg_sleep(60)");
  EXPECT_EQ(conn.poll(), poll_status::read);
  terminate(conn.info().backend_pid);
  expect_last_words(thrown<operational_error>([&] { finish(conn); }));
  EXPECT_TRUE(conn.closed());
  EXPECT_FALSE(conn.isexecuting());
  EXPECT_STREQ(thrown<interface_error>([&] { conn.start_exec("SELECT 1"); }).what(), "connection already closed");
}

// ---- what is shared ----

class shared : public testing::TestWithParam<way> {};

TEST_P(shared, threads_take_turns) {
  connection conn = open(GetParam());
  auto const work = [&conn](int base) {
    for (int i = 0; i < 200; ++i) {
      int const sent = base + i;
      if (i % 2 == 0)
        EXPECT_EQ(value<int>(conn, "SELECT $1::int", sent), sent);
      else
        EXPECT_EQ(conn.exec("SELECT " + std::to_string(sent))[0][0].get<int>(0), sent);
    }
  };
  std::thread other(work, 1000), third(work, 2000);
  work(0);
  other.join();
  third.join();
}

TEST_P(shared, a_child_process_leaves_the_connection_alone) {
  std::optional<connection> conn(open(GetParam()));
  statement made = conn->prepare("SELECT $1::int");
  pid_t const child = ::fork();
  if (child == 0) {
    conn.reset();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(made.query(7)[0].get<int>(0), 7);
  EXPECT_EQ(value<int>(*conn, "SELECT 1"), 1);
  EXPECT_EQ(conn->exec("SELECT pg_sleep(0.01); SELECT 2")[1][0].get<int>(0), 2);
}

INSTANTIATE_TEST_SUITE_P(each, lost, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });
INSTANTIATE_TEST_SUITE_P(each, shared, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

// A session that is closed politely is gone at once, and leaves no line in the server's log about a lost client.
TEST(close_test, the_server_hears_of_it) {
  for (way const by : three_ways) {
    connection other = open();
    std::int32_t pid = 0;
    {
      connection conn = open(by);
      pid = conn.info().backend_pid;
    }
    auto const limit = std::chrono::steady_clock::now() + 30s;
    while (value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid))
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
  }
}

}  // namespace
}  // namespace tusk::test
