// What another thread may do beside an operation that is under way: ask, and close. It waits for neither.
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Runs something that takes for ever on a thread of its own, until it fails.
class under_way {
 public:
  under_way(connection& conn, std::function<void(connection&)> const& what)
      : pid_(conn.info().backend_pid), thread_([this, &conn, what] {
          try {
            what(conn);
          } catch (...) {
            error_ = std::current_exception();
          }
        }) {
    wait_until_active(pid_);
  }
  ~under_way() {
    if (thread_.joinable()) thread_.join();
  }
  /// What it failed with.
  void rethrow() {
    thread_.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::int32_t pid_;
  std::exception_ptr error_;
  std::thread thread_;
};

struct operation {
  char const* name;
  std::function<void(connection&)> run;
};

std::stop_source never;
operation const operations[] = {
    {"exec", [](connection& on) { on.exec("SELECT pg_sleep(60)"); }},
    {"query", [](connection& on) { on.query("SELECT pg_sleep($1)", 60.0); }},
    {"statement", [](connection& on) { on.prepare("SELECT pg_sleep(60)").query(); }},
    {"cursor", [](connection& on) { on.cursor().execute("SELECT pg_sleep(60)"); }},
    {"executemany",
     [](connection& on) { on.cursor().executemany("SELECT pg_sleep(60)", std::vector<std::tuple<>>(2)); }},
    {"within", [](connection& on) { on.exec(within(60s), "SELECT pg_sleep(60)"); }},
    {"with a token", [](connection& on) { on.exec(within(never.get_token()), "SELECT pg_sleep(60)"); }},
    {"in a guard",
     [](connection& on) {
       transaction const tx(on);
       on.exec("SELECT pg_sleep(60)");
     }},
};

TEST(beside_an_operation, asking_does_not_wait) {
  connection conn = open();
  under_way running(conn, operations[1].run);
  auto const begin = clock::now();
  EXPECT_FALSE(conn.closed());
  EXPECT_TRUE(conn.isexecuting());
  EXPECT_EQ(conn.transaction_status(), transaction_status::active);
  EXPECT_GE(conn.fileno(), 0);
  EXPECT_EQ(conn.timeout(), std::nullopt);
  connection_info const info = conn.info();
  EXPECT_NE(info.backend_pid, 0);
  EXPECT_NE(info.server_version_number, 0);
  EXPECT_FALSE(info.parameters.empty());
  EXPECT_LT(clock::now() - begin, 5s);
  conn.cancel();
  EXPECT_THROW(running.rethrow(), query_canceled);
  EXPECT_FALSE(conn.isexecuting());
}

TEST(beside_an_operation, settings_that_it_changes_are_told) {
  connection conn = open();
  conn.exec("SET application_name = '0'");
  constexpr int last = 200;
  std::thread other([&] {
    for (int i = 1; i <= last; ++i) conn.exec("SET application_name = '" + std::to_string(i) + "'");
  });
  int told = 0, changes = 0;
  for (auto const begin = clock::now(); told != last && clock::now() - begin < 10s;) {
    int now = -1;
    for (auto const& [key, value] : conn.info().parameters)
      if (key == "application_name") now = std::stoi(value);
    EXPECT_GE(now, told) << "one that was replaced before";
    changes += now != told;
    told = now;
    std::this_thread::yield();
  }
  other.join();
  EXPECT_EQ(told, last);
  EXPECT_GT(changes, 1) << "only what it was when it had ended";
}

class closing : public testing::TestWithParam<way> {};

TEST_P(closing, ends_the_operation_of_another_thread_at_once) {
  for (operation const& each : operations) {
    SCOPED_TRACE(each.name);
    connection conn = open(GetParam());
    under_way running(conn, each.run);
    auto const begin = clock::now();
    conn.close();
    EXPECT_LT(clock::now() - begin, 1s) << "it does not wait";
    EXPECT_TRUE(conn.closed());
    EXPECT_EQ(conn.fileno(), -1);
    EXPECT_EQ(conn.transaction_status(), transaction_status::unknown);
    auto const error = thrown<operational_error>([&] { running.rethrow(); });
    EXPECT_LT(clock::now() - begin, 5s);
    EXPECT_TRUE(error.is_fatal());
    EXPECT_CONTAINS("closed in mid-operation", error.what());
    EXPECT_THROW(conn.exec("SELECT 1"), interface_error);
    conn.reconnect();
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(each, closing, testing::ValuesIn(all_ways), [](auto const& of) { return name(of.param); });

// Whether the other thread waits, works or is between two statements when it comes.
TEST(beside_an_operation, closing_ends_one_of_many_short_ones) {
  for (int i = 0; i < 200; ++i) {
    connection conn = open(way::unix_socket);
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(37 * i % 1000));
      conn.close();
    });
    try {
      for (int n = 0;; ++n) {
        int const read = conn.query("SELECT $1::int", n)[0].get<int>(0);
        ASSERT_EQ(read, n);
      }
    } catch (tusk::error const& e) {  // in mid-operation, or already closed
      EXPECT_TRUE(e.is_fatal()) << e.what();
    }
    other.join();
    EXPECT_TRUE(conn.closed());
  }
}

}  // namespace
}  // namespace tusk::test
