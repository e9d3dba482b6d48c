// Notifications that come while a statement is being cancelled, by hand or by its limit: none is left unseen.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

class cancelled_listener : public testing::TestWithParam<way> {
 protected:
  void SetUp() override {
    finish(conn_);
    conn_.start_listen(channel_);
    finish(conn_);
  }
  /// The statement under way runs, and the notification waits behind it.
  void notify_meanwhile() {
    conn_.poll();
    wait_until_active(conn_.info().backend_pid);
    open().notify(channel_, "in the meantime");
  }
  void expect_notification() {
    auto const arrived = conn_.notifies.pop();
    ASSERT_TRUE(arrived) << "poll() said what became of the statement, but had not looked at what came with it";
    EXPECT_EQ(arrived->payload, "in the meantime");
  }

  connection conn_ = connect(dsn(GetParam()), {.async = true});
  std::string const channel_ =
      "cancelled_" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
};

TEST_P(cancelled_listener, has_what_came_during_a_cancel) {
  conn_.start_exec("SELECT pg_sleep(60)");
  notify_meanwhile();
  conn_.cancel();
  thrown<query_canceled>([&] { finish(conn_); });
  expect_notification();
}

TEST_P(cancelled_listener, has_what_came_within_a_limit) {
  conn_.start_exec(within(300ms), "SELECT pg_sleep(60)");
  notify_meanwhile();
  thrown<query_canceled>([&] { finish(conn_); });
  expect_notification();
}

INSTANTIATE_TEST_SUITE_P(ways, cancelled_listener, testing::Values(way::unix_socket, way::tcp, way::tls_verify_full),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
