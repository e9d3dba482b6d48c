// See byte_faults.hpp: every fault over every face.
#include "hostile/byte_faults.hpp"

#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class byte_faults : public testing::TestWithParam<face> {
 protected:
  void try_one(byte_fault const& wanted, std::optional<std::chrono::milliseconds> limit = {}) {
    server_.set(wanted);
    expect_right(converse(*GetParam().make(), server_.dsn(), limit), wanted);
  }
  void try_all(fault what, direction of, std::size_t stride, std::optional<std::chrono::milliseconds> limit = {}) {
    try_one({});
    std::size_t const all = server_.bytes(of);
    ASSERT_GT(all, 200U);
    for (std::size_t at = 0; at <= all && !HasFatalFailure(); at += stride) try_one({what, of, at}, limit);
  }
  faulty_server server_;
};

constexpr std::size_t each = effort_divisor;

TEST_P(byte_faults, none) { try_one({}); }
TEST_P(byte_faults, bytewise) { try_one({fault::bytewise}); }
TEST_P(byte_faults, split) { try_all(fault::split, direction::from_server, 3 * each); }
TEST_P(byte_faults, cut) { try_all(fault::cut, direction::from_server, each); }
TEST_P(byte_faults, reset) { try_all(fault::reset, direction::from_server, each); }
TEST_P(byte_faults, cut_of_the_client) { try_all(fault::cut, direction::from_client, each); }
TEST_P(byte_faults, reset_of_the_client) { try_all(fault::reset, direction::from_client, each); }
TEST_P(byte_faults, stall) { try_all(fault::stall, direction::from_server, 23 * each, 20ms); }
TEST_P(byte_faults, stall_of_the_client) { try_all(fault::stall, direction::from_client, 23 * each, 20ms); }

INSTANTIATE_TEST_SUITE_P(by, byte_faults, testing::ValuesIn(all_faces()),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
