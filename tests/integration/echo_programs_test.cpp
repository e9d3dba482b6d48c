// Random programs on a real server, whose every answer tells the number of its question: operations in a queue, units,
// streams, guards, limits and cancels, over sixteen connections. No answer is another's, none is lost, and each handle
// gives its own answer once, or an error that it may have.
//
// Twelve connections are stepped by one thread with poll(); four block, a thread each, and have guards too. A program
// comes from TUSK_SEED, which a failure tells, and from the connection's number. TUSK_ANSWERS=1000000 after a change of
// queues, pipelines, streams or cancelling.
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/driven_session.hpp"
#include "support/echo_client.hpp"
#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr int polled = 12, blocking = 4;

std::int64_t answers_wanted() {
  char const* const asked = std::getenv("TUSK_ANSWERS");
  return asked == nullptr ? static_cast<std::int64_t>(effort(20'000)) : std::atoll(asked);
}

/// One thread that steps them all.
void step_all(std::vector<std::unique_ptr<echo_client>>& clients) {
  std::vector<pollfd> waiting;
  for (bool done = false; !done && !testing::Test::HasFatalFailure();) {
    done = true;
    waiting.clear();
    auto time = 5'000ms;
    for (auto& each : clients) {
      if (each->is_done()) continue;
      done = false;
      for (int i = 0; i < 4; ++i) each->act();
      if (!each->step()) time = 0ms;
      time = std::min(time, each->conn.timeout().value_or(time));
      waiting.push_back({each->conn.fileno(), POLLIN | POLLOUT, 0});
    }
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(time, 1ms).count()));
  }
}

TEST(echo_programs, give_each_question_its_own_answer) {
  std::printf("TUSK_SEED=%llu\n", static_cast<unsigned long long>(test_seed()));
  std::int64_t const each = answers_wanted() / (polled + blocking);
  std::int64_t answered = 0;
  std::vector<std::unique_ptr<echo_client>> stepped, waited;
  for (int i = 0; i < polled; ++i) stepped.push_back(std::make_unique<echo_client>(i, true, each));
  for (int i = 0; i < blocking; ++i) waited.push_back(std::make_unique<echo_client>(polled + i, false, each));
  {
    std::vector<std::jthread> threads;
    for (auto& one : waited)
      threads.emplace_back([&client = *one] {
        while (!client.is_done() && !testing::Test::HasFatalFailure()) {
          client.act();
          client.wait();
        }
      });
    step_all(stepped);
  }
  for (auto* all : {&stepped, &waited})
    for (auto& one : *all) answered += one->answered();
  EXPECT_GE(answered, each * (polled + blocking) * 9 / 10);
}

}  // namespace
}  // namespace tusk::test
