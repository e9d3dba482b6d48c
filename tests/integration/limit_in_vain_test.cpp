// Limits of statements that cannot be cancelled: the connection is closed 5 seconds later, in every face.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct given_up {
  std::optional<operational_error> told;
  clock::duration elapsed{};
  bool closed = false;
};

/// Runs a statement on a server that will not answer any more.
given_up run_in_vain(player& on) {
  given_up seen;
  std::stop_source source;
  auto const begin = clock::now();
  try {
    on.query(within(200ms, source.get_token()), "SELECT pg_sleep(60)");
  } catch (query_canceled const&) {
  } catch (operational_error const& e) {
    seen.told = e;
  }
  seen.elapsed = clock::now() - begin;
  seen.closed = on.closed() && !on.conn().isexecuting() && on.conn().fileno() == -1;
  return seen;
}

void expect_given_up(given_up const& seen) {
  ASSERT_TRUE(seen.told);
  EXPECT_CONTAINS("the statement's limit was over", seen.told->what());
  EXPECT_TRUE(seen.told->is_fatal());
  EXPECT_TRUE(seen.closed);
  EXPECT_GE(seen.elapsed, 5s);
  EXPECT_LT(seen.elapsed, 15s);
}

TEST(limit, closes_the_connection_when_the_servers_process_does_not_answer) {
  std::vector<std::thread> threads;
  std::vector<given_up> seen(all_faces().size() * std::size(three_ways));
  std::size_t index = 0;
  for (face const& by : all_faces()) {
    for (way const over : three_ways) {
      threads.emplace_back([&by, over, &told = seen[index++]] {
        auto const on = open(by, dsn(over));
        std::int32_t const pid = on->conn().info().backend_pid;
        ASSERT_EQ(::kill(pid, SIGSTOP), 0);
        // The session of a client that does not give up is ended, so that the test fails in words.
        std::jthread const goes_on([pid](std::stop_token const& given_up) {
          for (auto const until = clock::now() + 20s; clock::now() < until && !given_up.stop_requested();)
            std::this_thread::sleep_for(10ms);
          if (!given_up.stop_requested()) ::kill(pid, SIGTERM);
          ::kill(pid, SIGCONT);
        });
        told = run_in_vain(*on);
      });
    }
  }
  for (auto& each : threads) each.join();
  for (auto const& each : seen) expect_given_up(each);
}

TEST(limit, closes_the_connection_when_no_cancel_request_helps_and_says_why) {
  struct vain {
    std::string greeting;  // of the server that then never says a word
    bool hangs_up;         // on cancel requests; or is silent with them, too
    char const* reason;
    int least, most;  // cancel requests a connection
    std::atomic<int> requests = 0;
  };
  // A pooler may give no key.
  std::string const keyless = message('R', int32(0)) + message('S', text("client_encoding") + text("UTF8")) + ready();
  vain table[] = {{welcome(), true, "had not ended 5 s later", 6, 12},  // it took each, and each is repeated
                  {welcome(), false, "the server did not confirm it: its time is over", 1, 1},
                  {keyless, true, "the server gave no key to cancel with", 0, 0}};
  std::vector<std::thread> threads;
  for (vain& how : table) {
    threads.emplace_back([&how] {
      scripted_server server([&](peer& client) {
        bool const is_request = client.receive_startup().size() == 16;
        if (is_request) ++how.requests;
        if (is_request && how.hangs_up) return;
        if (!is_request) client.send(how.greeting);
        client.stay_silent();
      });
      int const faces = static_cast<int>(all_faces().size());
      std::vector<std::thread> clients;
      for (face const& by : all_faces())
        clients.emplace_back([&] {
          auto const on = open(by, server.dsn());
          given_up const seen = run_in_vain(*on);
          expect_given_up(seen);
          EXPECT_CONTAINS(how.reason, seen.told ? seen.told->what() : "");
        });
      for (auto& each : clients) each.join();
      EXPECT_GE(how.requests, how.least * faces);
      EXPECT_LE(how.requests, how.most * faces);
    });
  }
  for (auto& each : threads) each.join();
}

}  // namespace
}  // namespace tusk::test
