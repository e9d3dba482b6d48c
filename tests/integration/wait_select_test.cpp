// wait_select: the wait callback that waits with poll(2), and the flag by which a signal handler interrupts it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// Leaves nothing behind that is set for the process.
class wait_select_test : public testing::TestWithParam<way> {
 protected:
  ~wait_select_test() override {
    set_wait_callback({});
    set_interrupt_flag(nullptr);
  }

  std::string dsn_ = dsn(GetParam());
  connect_options const autocommit_{.autocommit = true};
};

std::atomic<bool> interrupted = false;
extern "C" void interrupt_handler(int) { interrupted = true; }

TEST_P(wait_select_test, serves_everything) {
  set_wait_callback(wait_select);
  connection conn = connect(dsn_, autocommit_);
  EXPECT_EQ(conn.exec("SELECT 1; SELECT pg_sleep(0.05); SELECT 3")[2][0].get<int>(0), 3);
  EXPECT_EQ(value<int>(conn, "SELECT length($1::text)", std::string(3'000'000, 'x')), 3'000'000);
  EXPECT_THROW(conn.query("SELECT 1/0"), data_error);
  EXPECT_THROW(conn.query(within(50ms), "SELECT pg_sleep(60)"), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  connection stepped = connect(dsn_, {.async = true});
  wait_select(stepped);
  stepped.start_query("SELECT 6");
  wait_select(stepped);
  EXPECT_EQ(stepped.take_results()[0][0].get<int>(0), 6);
}

TEST_P(wait_select_test, knows_no_limit_of_1024_descriptors) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit const before = limit;
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 1500);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<int> taken;
  while (taken.empty() || taken.back() < 1100) {
    taken.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(taken.back(), 0);
  }
  connection conn = connect(dsn_, {.autocommit = true, .wait_callback = wait_select});
  EXPECT_GT(conn.fileno(), 1024);
  EXPECT_EQ(value<int>(conn, "SELECT $1::int, pg_sleep(0.01)", 1), 1);
  for (int const each : taken) ::close(each);
  conn.close();
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_P(wait_select_test, interrupted_by_a_signal_handlers_flag_cancels_the_query) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = interrupt_handler;
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  set_interrupt_flag(&interrupted);
  set_wait_callback(wait_select);
  connection conn = connect(dsn_, autocommit_);
  for (bool const elsewhere : {false, true}) {  // the system may run the handler on any thread
    std::thread sender([pid = conn.info().backend_pid, me = ::pthread_self(), elsewhere] {
      connection other = connect(dsn(way::unix_socket), {.autocommit = true});
      while (
          !value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')", pid))
        std::this_thread::sleep_for(1ms);
      ::pthread_kill(elsewhere ? ::pthread_self() : me, SIGUSR1);
    });
    auto const begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(thrown<query_canceled>([&] { conn.query("SELECT pg_sleep(60)"); }).is_fatal());
    sender.join();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
    EXPECT_FALSE(interrupted) << "it is taken";
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(wait_select_test, interrupted_while_connecting_closes) {
  scripted_server server([](peer& client) { client.stay_silent(); });
  set_interrupt_flag(&interrupted);
  interrupted = true;
  auto const told = thrown<query_canceled>([&] { connect(server.dsn(), {.wait_callback = wait_select}); });
  EXPECT_TRUE(told.is_fatal());
  EXPECT_FALSE(interrupted);
}

TEST_P(wait_select_test, heeds_connect_timeout) {
  scripted_server server([](peer& client) { client.stay_silent(); });
  auto const begin = std::chrono::steady_clock::now();
  auto const told =
      thrown<operational_error>([&] { connect(server.dsn("connect_timeout=1"), {.wait_callback = wait_select}); });
  EXPECT_CONTAINS("connect_timeout", told.what());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

INSTANTIATE_TEST_SUITE_P(each, wait_select_test, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
