// What a program must not do, or does at a bad moment: a defined error by every face, and the connection can be used or
// is closed. In a forked child: fork_test.cpp.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <ostream>
#include <stop_token>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/told_of.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// What the call said that should not have been made, and then what the operation said that was under way.
struct misuse {
  char const* name;
  std::function<std::string(player&)> run;
  std::string expected;
  char const* of_callback = nullptr;  // where a wait callback is the reason of another answer
};
void PrintTo(misuse const& of, std::ostream* out) { *out << of.name; }

/// Runs a script with a function that a handler calls once.
using handler = std::function<void()>;
std::string with_notice_handler(player& on, handler act) {
  on.conn().on_notice([&](diagnostics const&) { act(); });
  auto told = told_of(on, [&] { return on.exec("DO $$ BEGIN RAISE NOTICE 'now'; END $$; SELECT 2"); });
  if (!on.closed()) on.conn().on_notice({});
  return told;
}

/// Begins an operation on the connection, and notes the class of what it throws.
handler begins(player& on, std::string& said) {
  return [&] { on.begin("SELECT 1", [&](std::exception_ptr const& error) { said = class_of(error); }); };
}

/// Calls a function of the connection, and notes the class of what it throws.
template <class Call>
std::string said_by(Call const& call) {
  try {
    call();
  } catch (...) {
    return class_of(std::current_exception());
  }
  return "nothing";
}

std::vector<misuse> const& misuses() {
  static std::vector<misuse> const all{
      {"an_operation_in_a_handler_of_notices",
       [](player& on) {
         std::string said;
         auto const told = with_notice_handler(on, begins(on, said));
         return said + ", " + told;
       },
       "programming_error, DO; SELECT 1 (2); "},
      {"an_operation_in_a_handler_of_notifications",
       [](player& on) {
         std::string said;
         on.exec("LISTEN misuse");
         on.conn().on_notify("misuse", [&](tusk::notify const&) { begins(on, said)(); });
         auto const told = told_of(on, [&] { return on.exec("NOTIFY misuse"); });
         return said + ", " + told;
       },
       "programming_error, NOTIFY; "},
      {"an_operation_in_the_sink_of_a_trace",
       [](player& on) {
         std::string said;
         on.conn().trace([&](std::string_view) {
           if (said.empty()) begins(on, said)();
         });
         auto const told = told_of(on, [&] { return on.exec("SELECT 2"); });
         on.conn().trace({});
         return said + ", " + told;
       },
       "programming_error, SELECT 1 (2); "},
      {"cancel_in_a_handler",
       [](player& on) {
         std::string said;
         auto const told = with_notice_handler(on, [&] { said = said_by([&] { on.conn().cancel(); }); });
         return said + ", " + told;
       },
       "programming_error, DO; SELECT 1 (2); "},
      {"reconnect_in_a_handler",
       [](player& on) {
         std::string said;
         auto const told = with_notice_handler(on, [&] { said = said_by([&] { on.conn().reconnect(); }); });
         return said + ", " + told;
       },
       "programming_error, DO; SELECT 1 (2); "},
      {"a_stop_token_that_stops_in_a_handler",
       [](player& on) {
         std::stop_source source;
         on.conn().on_notice([&](diagnostics const&) { source.request_stop(); });
         return said_by(
             [&] { on.exec(source.get_token(), "DO $$ BEGIN RAISE NOTICE 'now'; PERFORM pg_sleep(60); END $$"); });
       },
       "query_canceled"},
      {"an_operation_beside_another",
       [](player& on) {
         std::string said;
         auto const told = told_of(on, [&] { return on.exec_while("SELECT pg_sleep(0.1), 2", begins(on, said)); });
         return said + ", " + told;
       },
       "nothing, SELECT 1 (, 2); ", "programming_error, SELECT 1 (, 2); "},  // it waits for its turn
      {"limits_that_are_over",
       [](player& on) {
         std::stop_source stopped;
         stopped.request_stop();
         std::string others;
         for (within const& limit : {within(0s), within(-1s), within(std::chrono::hours::min()),
                                     within(stopped.get_token()), within(60s, stopped.get_token())}) {
           cursor cur = on.conn().cursor();
           params const none, seven(7);
           for (auto const& said :
                {said_by([&] { on.exec(limit, "SELECT 1"); }), said_by([&] { on.query(limit, "SELECT $1::int", 7); }),
                 said_by([&] { on.execute_within(&limit, cur, "SELECT %s", seven); })})
             if (said != "query_canceled") others += said + ' ';
         }
         return others;
       },
       ""},
      {"a_connection_that_was_moved_from",
       [](player& on) {
         on.move_away();
         std::string const said = said_by([&] { on.exec("SELECT 1"); }) + ' ' +
                                  said_by([&] { on.query("SELECT $1::int", 1); }) + ' ' +
                                  said_by([&] { on.conn().cursor(); }) + ' ' + said_by([&] { on.conn().info(); });
         on.move_back();
         return said;
       },
       "interface_error interface_error interface_error interface_error"},
      {"a_connection_that_was_closed",
       [](player& on) {
         cursor cur = on.conn().cursor();
         on.conn().close();
         params const seven(7);
         return said_by([&] { on.exec("SELECT 1"); }) + ' ' + said_by([&] { on.query("SELECT $1::int", 1); }) + ' ' +
                said_by([&] { on.execute_within(nullptr, cur, "SELECT %s", seven); }) + ' ' +
                said_by([&] { on.conn().poll(); }) + ' ' + said_by([&] { on.conn().cancel(); }) + ' ' +
                said_by([&] { on.exec(within(0s), "SELECT 1"); });
       },
       "interface_error interface_error interface_error interface_error interface_error interface_error"},
  };
  return all;
}

class misused : public testing::TestWithParam<std::tuple<face, misuse, way>> {};

TEST_P(misused, is_a_defined_error) {
  auto const& [by, tried, bytes] = GetParam();
  auto const on = open(by, dsn(bytes));
  bool const other = name(by) == "callback" && tried.of_callback != nullptr;
  EXPECT_EQ(tried.run(*on), other ? tried.of_callback : tried.expected);
  if (on->closed()) {
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 1"); }), "interface_error: connection already closed closed");
  } else {
    on->conn().on_notice({});
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 'usable'"); }), "SELECT 1 (usable); ");
  }
}

INSTANTIATE_TEST_SUITE_P(by, misused,
                         testing::Combine(testing::ValuesIn(all_faces()), testing::ValuesIn(misuses()),
                                          testing::Values(way::unix_socket, way::tls_verify_full)),
                         [](auto const& of) {
                           return name(std::get<face>(of.param)) + "_" + std::get<misuse>(of.param).name + "_" +
                                  name(std::get<way>(of.param));
                         });

class misused_face : public testing::TestWithParam<face> {};

TEST_P(misused_face, by_an_operation_while_it_connects) {
  auto const on = GetParam().make();
  std::string said = "no way to try";
  on->open(dsn(way::tls_verify_full), {}, begins(*on, said));
  std::string const by = name(GetParam());
  EXPECT_EQ(said, by == "blocking" ? "no way to try" : by == "callback" ? "programming_error" : "operational_error");
  EXPECT_EQ(on->value<int>("SELECT 7"), 7);
}

// The request's time is over before it is made: it fails, and the statement goes on.
TEST_P(misused_face, by_a_cancel_that_may_take_no_time) {
  auto const on = open(GetParam(), dsn(way::unix_socket));
  for (auto const time : {std::chrono::milliseconds::min(), std::chrono::milliseconds(-1), 0ms}) {
    std::string said;
    std::string const told = said_by(
        [&] { on->exec_while("SELECT pg_sleep(0.2)", [&] { said = said_by([&] { on->conn().cancel(time); }); }); });
    EXPECT_EQ(said + ", " + told, on->blocks() ? "operational_error, nothing" : "nothing, operational_error");
    if (on->conn().isexecuting()) on->wait();
    EXPECT_EQ(on->value<int>("SELECT 7"), 7);
  }
}

INSTANTIATE_TEST_SUITE_P(by, misused_face, testing::ValuesIn(all_faces()),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
