// A second operation while a wait callback steps the first: of the same thread or of another one, it is refused.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// All that may not be done while another operation waits.
std::vector<std::pair<char const*, std::function<void(connection&)>>> const others = {
    {"query", [](connection& conn) { conn.query("SELECT 1"); }},
    {"exec", [](connection& conn) { conn.exec("SELECT 1"); }},
    {"prepare", [](connection& conn) { conn.prepare("SELECT 1"); }},
    {"start_query", [](connection& conn) { conn.start_query("SELECT 1"); }},
    {"start_exec", [](connection& conn) { conn.start_exec("SELECT 1"); }},
    {"within", [](connection& conn) { conn.query(within(0s), "SELECT 1"); }},
    {"take_results", [](connection& conn) { conn.take_results(); }},
    {"ping", [](connection& conn) { conn.ping(); }},
    {"load_types", [](connection& conn) { conn.load_types(); }},
    {"execute", [](connection& conn) { conn.cursor().execute("SELECT 1"); }},
    {"executemany", [](connection& conn) { conn.cursor().executemany("SELECT %s", std::vector{1, 2}); }},
    {"commit", [](connection& conn) { conn.commit(); }},
    {"rollback", [](connection& conn) { conn.rollback(); }},
    {"set_autocommit", [](connection& conn) { conn.set_autocommit(true); }},
    {"transaction", [](connection& conn) { transaction tx{conn}; }},
};

class second_operation : public testing::TestWithParam<way> {};

TEST_P(second_operation, beside_a_wait_callback_is_a_programming_error_and_never_a_deadlock) {
  connection conn = connect(dsn(GetParam()), {.autocommit = true});
  auto const refuse_all = [](connection& given) {
    for (auto const& [what, run] : others) {
      EXPECT_CONTAINS("under way", thrown<programming_error>([&, &call = run] { call(given); }).what()) << what;
    }
  };
  // From the callback's own thread, as another fiber would, at every point; and from another thread.
  conn.set_wait_callback([&](connection& given) {
    refuse_all(given);
    given.poll();
    refuse_all(given);
    std::thread(refuse_all, std::ref(given)).join();
    finish(given);
    EXPECT_FALSE(given.isexecuting());
    refuse_all(given);
    EXPECT_FALSE(given.closed());
    EXPECT_GT(given.info().backend_pid, 0) << "what asks nothing of the server";
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(value<int>(conn, "SELECT $1::int, pg_sleep(0.01)", i), i);
  EXPECT_EQ(conn.exec("SELECT 8")[0][0].get<int>(0), 8);
  EXPECT_EQ(conn.transaction_status(), transaction_status::idle);
}
INSTANTIATE_TEST_SUITE_P(each, second_operation, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
