// Each kind of operation, and each step of its conversation failing in turn: the operation ends once, with an error
// that says what came, and the connection can be used or is closed. By every face.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "hostile/failing_server.hpp"
#include "support/faces.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

/// A kind of operation.
struct kind {
  char const* name;
  char const* conversation;  // see failing_server::told()
  std::function<void(player&)> run;
  std::function<void(player&)> prepare = [](player&) {};  // what goes before it, and well
  bool only_waits = false;                                // there is no asynchronous form of it
};
void PrintTo(kind const& of, std::ostream* out) { *out << of.name; }

void begin_transactions(player& on) { on.conn().set_autocommit(false); }
void know_the_statement(player& on) { EXPECT_EQ(on.value<std::string>("SELECT $1", "x"), "SELECT $1|x"); }

std::vector<kind> const& kinds() {
  auto const script = [](player& on) { on.exec("SELECT 'script'"); };
  auto const statement = [](player& on) { know_the_statement(on); };
  static std::vector<kind> const all{
      {"script", "Q>TDCZ", script},
      {"script_behind_begin", "PBEQ>12CTDCZ S>Z", script, begin_transactions, true},
      {"first_run", "PDBES>1tT2DCZ", statement},
      {"first_run_behind_begin", "PBEPDBES>12C1tT2DCZ", statement, begin_transactions, true},
      {"known_statement", "BES>2DCZ", statement, know_the_statement},
      {"known_statement_behind_begin", "PBEBES>12C2DCZ", statement,
       [](player& on) {
         know_the_statement(on);
         begin_transactions(on);
       },
       true},
      {"preparation", "PDS>1tTZ", [](player& on) { on.conn().prepare("SELECT $1"); }, [](player&) {}, true},
      {"batch", "PBDEPBDES>12TDC12TDCZ",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.executemany("SELECT %s", std::vector<int>{1, 2});
         on.wait();
       }},
      {"ping", "S>Z",
       [](player& on) {
         if (on.blocks()) return on.conn().ping();
         on.conn().start_ping();
         on.wait();
       }},
      {"copy_in", "PBEH>12G dcS>CZ",
       [](player& on) { EXPECT_EQ(on.copy_in("COPY item FROM STDIN", [left = 3]() mutable { return --left; }), 3U); }},
      {"copy_out", "PBES>12HddcCZ",
       [](player& on) {
         std::string all;
         on.copy_out("COPY item TO STDOUT", [&](std::string_view line) { return all += line, true; });
         EXPECT_EQ(all, "one\ntwo\n");
       }},
      {"catalogue_load", "Q>TDCZ",
       [](player& on) {
         if (on.blocks()) return on.conn().load_types();
         on.conn().start_load_types();
         on.wait();
       }},
  };
  return all;
}

/// How many messages the server sends in it.
std::size_t steps_of(std::string_view conversation) {
  std::size_t count = 0;
  bool server = false;
  for (char const c : conversation) {
    server = c == '>' || (server && c != ' ');
    count += server && c != '>' ? 1 : 0;
  }
  return count;
}

class failing_steps : public testing::TestWithParam<std::tuple<face, kind>> {
 protected:
  face const& by_ = std::get<face>(GetParam());
  kind const& kind_ = std::get<kind>(GetParam());
  failing_server server_;

  std::unique_ptr<player> ready() {
    server_.go_well();
    auto on = open(by_, server_.dsn());
    kind_.prepare(*on);
    return on;
  }
  /// The error that it ends with, in time.
  std::optional<operational_error> fail(player& on) {
    std::optional<operational_error> told;
    auto const begin = std::chrono::steady_clock::now();
    try {
      kind_.run(on);
    } catch (operational_error const& e) {
      told = e;
    } catch (std::exception const& e) {
      ADD_FAILURE() << "another error: " << e.what();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_TRUE(server_.has_failed());
    return told;
  }
  void expect_usable(player& on) {
    EXPECT_FALSE(on.closed());
    EXPECT_FALSE(on.conn().isexecuting());
    if (on.blocks()) on.conn().rollback();
    server_.go_well();
    EXPECT_EQ(on.exec("SELECT 'usable'")[0][0].get<std::string>(0), "SELECT 'usable'");
    EXPECT_NO_THROW(kind_.run(on));
  }
  void expect_closed(player& on) {
    EXPECT_TRUE(on.closed());
    EXPECT_STREQ(thrown<interface_error>([&] { on.exec("SELECT 1"); }).what(), "connection already closed");
  }
};

TEST_P(failing_steps, none_fails) {
  auto const on = ready();
  server_.go_well();
  kind_.run(*on);
  EXPECT_EQ(server_.told(), kind_.conversation);
}

TEST_P(failing_steps, each_fails_in_turn) {
  for (std::size_t step = 0; step < steps_of(kind_.conversation) && !HasFailure(); ++step) {
    for (failure const how : all_failures) {
      SCOPED_TRACE("step " + std::to_string(step) + ", failure " + std::to_string(static_cast<int>(how)));
      auto const on = ready();
      server_.fail_at(step, how);
      auto const told = fail(*on);
      ASSERT_TRUE(told) << "no error";
      SCOPED_TRACE(told->what());
      EXPECT_EQ(told->is_fatal(), how != failure::error);
      switch (how) {
        case failure::error: EXPECT_EQ(told->sqlstate().str(), "53200"); break;
        case failure::foreign: EXPECT_EQ(told->code(), errc::unexpected_message); break;
        case failure::end:
        case failure::cut: EXPECT_CONTAINS("the connection was lost", told->what()); break;
        case failure::fatal: EXPECT_EQ(told->sqlstate().str(), "57P01"); break;
      }
      how == failure::error ? expect_usable(*on) : expect_closed(*on);
    }
  }
}

std::vector<std::tuple<face, kind>> all_of_them() {
  std::vector<std::tuple<face, kind>> all;
  for (face const& by : all_faces())
    for (kind const& each : kinds())
      if (by.make()->blocks() || !each.only_waits) all.emplace_back(by, each);
  return all;
}

INSTANTIATE_TEST_SUITE_P(by, failing_steps, testing::ValuesIn(all_of_them()), [](auto const& of) {
  return name(std::get<face>(of.param)) + "_" + std::get<kind>(of.param).name;
});

}  // namespace
}  // namespace tusk::test
