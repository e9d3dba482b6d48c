// A cursor and its connection: where each is closed, moved or gone, and where several threads use them.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

class cursor_and_connection : public testing::Test {
 protected:
  connection conn_ = connect(dsn(way::unix_socket));
  cursor cur_ = conn_.cursor();
};

TEST_F(cursor_and_connection, closing_ends_it_and_a_closed_connection_too) {
  cursor other = conn_.cursor();
  cur_.execute("SELECT 1");
  cur_.close();
  cur_.close();
  EXPECT_TRUE(cur_.closed());
  EXPECT_CONTAINS("cursor already closed", thrown<interface_error>([&] { cur_.execute("SELECT 1"); }).what());
  EXPECT_CONTAINS("cursor already closed", thrown<interface_error>([&] { cur_.fetchone(); }).what());
  other.execute("SELECT 1");
  conn_.close();
  EXPECT_TRUE(other.closed());
  EXPECT_CONTAINS("connection already closed", thrown<interface_error>([&] { other.execute("SELECT 1"); }).what());
  EXPECT_CONTAINS("connection already closed", thrown<interface_error>([&] { other.fetchone(); }).what());
  EXPECT_CONTAINS("connection already closed", thrown<interface_error>([&] { conn_.cursor(); }).what());
  EXPECT_EQ(other.mogrify("SELECT %s", 1), "SELECT 1") << "on a closed connection too";
}

TEST_F(cursor_and_connection, a_cursor_finds_its_connection_wherever_that_moves) {
  EXPECT_EQ(&cur_.connection(), &conn_);
  {
    connection moved = std::move(conn_);
    EXPECT_EQ(&cur_.connection(), &moved);
    cur_.execute("SELECT 1");
    conn_ = std::move(moved);
  }
  EXPECT_EQ(&cur_.connection(), &conn_);
  cur_.execute("SELECT 2");
  std::optional<connection> gone = open();
  cursor left = gone->cursor();
  gone.reset();
  EXPECT_TRUE(left.closed());
  EXPECT_CONTAINS("is gone", thrown<interface_error>([&] { left.connection(); }).what());
  EXPECT_CONTAINS("closed", thrown<interface_error>([&] { left.execute("SELECT 1"); }).what());
}

TEST_F(cursor_and_connection, different_threads_use_different_cursors_of_one_connection) {
  conn_.commit();
  auto const work = [this](int base, int& sum) {
    cursor mine = conn_.cursor();
    for (int i = 0; i < 200; ++i) {
      mine.execute("SELECT %s", base + i);
      sum += mine.fetchone()->get<int>(0);
    }
  };
  int first = 0, second = 0;
  std::thread other([&] { work(1000, second); });
  work(0, first);
  other.join();
  EXPECT_EQ(first, 199 * 200 / 2);
  EXPECT_EQ(second, 199 * 200 / 2 + 200'000);
}

TEST_F(cursor_and_connection, rows_are_fetched_while_another_thread_runs_a_statement) {
  cur_.execute("SELECT generate_series(1, 3)");
  int const pid = conn_.info().backend_pid;
  std::thread other([this] { conn_.exec("SELECT pg_sleep(1)"); });
  connection watching = open();
  while (watching.query_value<int>("SELECT count(*)::int FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%sleep%'",
                                   pid) == 0) {}
  auto const begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cur_.fetchone()->get<int>(0), i + 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
  other.join();
}

}  // namespace
}  // namespace tusk::test
