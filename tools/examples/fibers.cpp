// Fibers: a hundred of them share twenty connections on one thread. The statements are written as if they blocked; the
// wait callback lets another fiber run meanwhile. Needs Boost.Fiber, of which the library knows nothing.
//
//   fibers DSN
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "fiber_scheduler.hpp"

int main(int count, char** arguments) {
  std::string const dsn = count > 1 ? arguments[1] : "";
  boost::fibers::use_scheduling_algorithm<fiber_scheduler>();
  tusk::set_wait_callback(fiber_scheduler::wait);

  constexpr int connections = 20, fibers = 100;
  boost::fibers::buffered_channel<tusk::connection*> idle(32);  // a power of two that has room for all
  std::vector<boost::fibers::fiber> running;
  std::vector<tusk::connection> all;
  all.reserve(connections);
  int failures = 0;
  auto const in_fiber = [&](auto work) {
    running.emplace_back([&failures, work] {
      try {
        work();
      } catch (tusk::error const& e) {
        ++failures;
        std::fprintf(stderr, "%s\n", e.what());
      }
    });
  };
  auto const join_all = [&running] {
    for (auto& each : running) each.join();
    running.clear();
  };

  for (int i = 0; i < connections; ++i) in_fiber([&] { all.push_back(tusk::connect(dsn, {.autocommit = true})); });
  join_all();
  for (tusk::connection& each : all) idle.push(&each);

  auto const begin = std::chrono::steady_clock::now();
  int sum = 0;
  for (int i = 0; i < fibers && failures == 0; ++i) {
    in_fiber([&, i] {
      tusk::connection* conn = nullptr;
      idle.pop(conn);
      sum += conn->query("SELECT $1::int, pg_sleep(0.05)", i)[0].get<int>(0);
      idle.push(conn);
    });
  }
  join_all();
  std::chrono::duration<double, std::milli> const elapsed = std::chrono::steady_clock::now() - begin;
  std::printf("%d fibers, %d connections: the sum is %d; %d statements of 50 ms took %.0f ms\n", fibers, connections,
              sum, fibers, elapsed.count());
  return failures == 0 && sum == fibers * (fibers - 1) / 2 ? 0 : 1;
}
