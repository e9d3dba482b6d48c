// Queues of operations, thousands of them, each from a seed, which a failure tells: TUSK_SEED plays that one again.
// TUSK_ROUNDS plays so many times as many. Under sanitizers it is half of them.
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/driven_session.hpp"
#include "support/effort.hpp"
#include "support/queue_game.hpp"

namespace tusk::test {
namespace {

class queue_simulation : public testing::Test {
 protected:
  std::size_t play(plan const& how) {
    SCOPED_TRACE(how);
    return queue_game(server_, random_, how).play();
  }
  /// The incident before each turn of some rounds.
  void play_at_every_step(incident what) {
    for (std::uint64_t round = 0; round < 4 * times(); ++round) {
      std::uint64_t const seed = test_seed() + round;
      std::size_t last = 1;
      for (std::size_t at = 0; at <= last; ++at) {
        last = play({seed, what, at});
        if (HasFailure()) return;
      }
    }
  }
  static std::uint64_t times() {
    char const* const given = std::getenv("TUSK_ROUNDS");
    std::uint64_t const usual = effort_divisor == 1 ? 2 : 1;
    return usual * (given != nullptr ? std::strtoull(given, nullptr, 10) : 1);
  }

  std::mt19937_64 random_;
  model_server server_{random_};
};

TEST_F(queue_simulation, without_incidents) {
  for (std::uint64_t round = 0; round < 500 * times() && !HasFailure(); ++round) play({test_seed() + round});
}

TEST_F(queue_simulation, with_a_cancel_at_every_step) { play_at_every_step(incident::cancel); }
TEST_F(queue_simulation, with_a_limit_that_is_over_at_every_step) { play_at_every_step(incident::stop); }
TEST_F(queue_simulation, with_a_limit_that_closes_at_every_step) { play_at_every_step(incident::stop_closing); }
TEST_F(queue_simulation, with_close_at_every_step) { play_at_every_step(incident::close); }
TEST_F(queue_simulation, with_a_lost_connection_at_every_step) { play_at_every_step(incident::lost); }
TEST_F(queue_simulation, with_a_server_that_says_why_it_goes_at_every_step) { play_at_every_step(incident::farewell); }

}  // namespace
}  // namespace tusk::test
