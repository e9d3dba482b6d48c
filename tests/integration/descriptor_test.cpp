// What a program's own event loop waits on: the descriptor that a connection says, and how that goes on.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <stop_token>
#include <tusk/cursor.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"

namespace {

using namespace tusk;
using namespace tusk::test;
using namespace std::chrono_literals;

/// Waits as poll() asks, but not for ever: false if nobody would ever have been woken.
bool steps_to_the_end(connection& conn) {
  for (;;) {
    poll_status const wanted = conn.poll();
    if (wanted == poll_status::ok) return true;
    short const read = wanted == poll_status::write ? 0 : POLLIN, write = wanted == poll_status::read ? 0 : POLLOUT;
    pollfd waiting{conn.fileno(), static_cast<short>(read | write), 0};
    if (::poll(&waiting, 1, 5000) <= 0) return false;
  }
}

/// A loop that registers a descriptor when it sees a number that it has not registered, as many do.
class loop_by_number {
 public:
  loop_by_number() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~loop_by_number() { ::close(epoll_); }
  bool steps_to_the_end(connection& conn) {
    for (;;) {
      poll_status const wanted = conn.poll();
      if (wanted == poll_status::ok) return true;
      epoll_event event{};
      event.events = (wanted == poll_status::write ? 0U : EPOLLIN) | (wanted == poll_status::read ? 0U : EPOLLOUT);
      int const now = conn.fileno();
      ::epoll_ctl(epoll_, now == registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, now, &event);
      registered_ = now;
      epoll_event ready{};
      auto const left = conn.timeout();
      if (::epoll_wait(epoll_, &ready, 1, left ? static_cast<int>(left->count()) : 5000) < (left ? 0 : 1)) return false;
    }
  }

 private:
  int epoll_, registered_ = -1;
};

/// Starts another statement when its own has ended.
struct chaining_cursor : cursor {
  chaining_cursor(tusk::connection& conn, std::stop_token token) : cursor(conn), token_(std::move(token)) {}
  void did_execute(outcome const&) override {
    if (started_++ < 3) execute(within(token_), "SELECT " + std::to_string(started_));
  }
  int started_ = 0;

 private:
  std::stop_token token_;
};

connection async_connection() {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  return conn;
}

TEST(descriptor, mended_of_a_statement_that_did_execute_starts_with_a_stop_token) {
  connection conn = async_connection();
  std::stop_source source;
  chaining_cursor cur(conn, source.get_token());
  cur.execute("SELECT 0");
  ASSERT_TRUE(steps_to_the_end(conn));
  EXPECT_EQ(cur.started_, 4);
  EXPECT_EQ(cur.fetchone()->get<int>(0), 3);
}

TEST(descriptor, mended_of_two_statements_with_stop_tokens_in_a_row) {
  connection conn = async_connection();
  loop_by_number loop;
  std::stop_source source;
  for (int i = 0; i < 5; ++i) {
    conn.start_query(within(source.get_token()), "SELECT $1::int", i);
    ASSERT_TRUE(loop.steps_to_the_end(conn)) << i;
    EXPECT_EQ(conn.take_results()[0][0].get<int>(0), i);
  }
  conn.start_query(within(20ms), "SELECT pg_sleep(60)");
  EXPECT_THROW(loop.steps_to_the_end(conn), query_canceled);
}

TEST(descriptor, is_the_same_from_the_first_stop_token_on_whatever_happens) {
  connection conn = async_connection();
  std::stop_source source;
  conn.start_query(within(source.get_token()), "SELECT 1");
  int const descriptor = conn.fileno();
  std::string const large(1 << 20, 'x');
  auto const stays = [&] {
    for (;;) {
      poll_status const wanted = conn.poll();
      EXPECT_EQ(conn.fileno(), descriptor);
      if (wanted == poll_status::ok) return;
      EXPECT_EQ(wanted, poll_status::read) << "nobody waits for an epoll descriptor to be writable";
      pollfd waiting{conn.fileno(), POLLIN, 0};
      ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
    }
  };
  stays();
  conn.start_query("SELECT length($1)", large);
  stays();
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 1 << 20);
  conn.start_query("SELECT pg_sleep(60)");
  EXPECT_EQ(conn.poll(), poll_status::read);
  wait_until_active(conn.info().backend_pid);  // a server that has not read the query yet ignores the request
  conn.cancel();
  EXPECT_EQ(conn.fileno(), descriptor);
  EXPECT_THROW(stays(), query_canceled);
  conn.reconnect();
  stays();
  EXPECT_EQ(conn.fileno(), descriptor);
  conn.start_query("SELECT 7");
  stays();
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
}

}  // namespace
