// Races of a limit against the end of its statement: no later statement is ever hit.

#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/effort.hpp"
#include "support/faces.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

// The time is over while the statement ends by itself: the next statement must not feel it.
TEST(limit_race, never_hits_the_next_statement) {
  for (face const& by : all_faces()) {
    auto const on = open(by, dsn(way::unix_socket));
    int canceled = 0, ended = 0;
    int const turns = races() / static_cast<int>(all_faces().size());  // of all of them together
    for (int i = 0; i < turns; ++i) {
      // About as long as the limit, which a loop wakes up for at the next millisecond; some are surely longer or
      // shorter.
      auto const time = i % 20 == 0 ? 10s : std::chrono::microseconds(1000 + i % 7 * 100);
      double const sleep = i % 20 == 1 ? 0.1 : 0.0005 + 0.0002 * (i % 11);
      try {
        on->query(within(time), "SELECT pg_sleep($1::float8)", sleep);
        ++ended;
      } catch (query_canceled const&) {
        ++canceled;
      }
      ASSERT_FALSE(on->closed()) << i;
      int next = -1;
      ASSERT_NO_THROW(next = on->value<int>("SELECT $1::int", i)) << i;
      ASSERT_EQ(next, i);
    }
    EXPECT_GT(canceled, 0) << name(by);
    EXPECT_GT(ended, 0) << name(by);
  }
}

TEST(limit_race, of_a_stop_from_another_thread_never_hits_the_next_statement) {
  connection conn = open();
  int const turns = races();
  for (int i = 0; i < turns; ++i) {
    std::stop_source source;
    std::jthread other([&source, i] {
      std::this_thread::sleep_for(std::chrono::microseconds(i % 40 * 25));
      source.request_stop();
    });
    try {
      conn.query(source.get_token(), "SELECT pg_sleep($1::float8)", 0.0001 * (i % 11));
    } catch (query_canceled const&) {}
    int next = -1;
    ASSERT_NO_THROW(next = value<int>(conn, "SELECT $1::int", i)) << i;
    ASSERT_EQ(next, i);
  }
}

}  // namespace
}  // namespace tusk::test
