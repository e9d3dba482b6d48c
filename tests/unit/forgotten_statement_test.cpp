// What a client sends for a kept statement around errors, at a server that says what a test needs it to.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_units.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

// The error is BEGIN's, which travelled in front: it says nothing of the statement.
TEST(forgotten_statement, is_not_the_one_whose_begin_failed) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {failed("0A000")}, {run_well("SELECT 0")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.query("SELECT");
  conn.set_autocommit(false);
  EXPECT_THROW(conn.query("SELECT"), not_supported_error);
  conn.set_autocommit(true);
  conn.query("SELECT");
  conn.close();
  EXPECT_EQ(steps[0].sent, "P1DB1ES");
  EXPECT_EQ(steps[1].sent, "PBEB1ES");
  EXPECT_EQ(steps[2].sent, "B1ES");
}

// The old name is closed in front of the new one's Parse, in the same unit; a name is never used twice.
TEST(forgotten_statement, is_prepared_again_behind_the_close_of_its_old_name) {
  for (bool const by_hand : {false, true}) {
    std::vector<scripted_unit> steps = {{described() + (by_hand ? ready() : run_well("SELECT 0"))},
                                        {message('2') + failed("42P01")},
                                        {message('3') + described() + run_well("SELECT 0")},
                                        {message('2') + failed("22012")},
                                        {run_well("SELECT 0")}};
    scripted_server server([&](peer& client) { converse(client, steps); });
    connection conn = connect(server.dsn(), {.autocommit = true});
    std::optional<statement> made;
    if (by_hand)
      made = conn.prepare("SELECT");
    else
      conn.query("SELECT");
    auto const run = [&] { by_hand ? made->query() : conn.query("SELECT"); };
    EXPECT_THROW(run(), programming_error);
    run();
    EXPECT_THROW(run(), data_error);
    run();
    conn.close();
    EXPECT_EQ(steps[0].sent, by_hand ? "P1DS" : "P1DB1ES");
    EXPECT_EQ(steps[1].sent, "B1ES");
    EXPECT_EQ(steps[2].sent, "C1P2DB2ES");
    EXPECT_EQ(steps[3].sent, "B2ES");
    EXPECT_EQ(steps[4].sent, "B2ES");
  }
}

// A statement that could not be parsed has no name that would have to be closed.
TEST(forgotten_statement, that_cannot_be_prepared_again_has_nothing_to_close) {
  std::vector<scripted_unit> steps = {{described() + ready()},
                                      {message('2') + failed("42P01")},
                                      {message('3') + failed("42P01")},
                                      {failed("42P01")},
                                      {described() + run_well("SELECT 1")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  connection conn = connect(server.dsn(), {.autocommit = true});
  {
    statement made = conn.prepare("SELECT");
    for (int i = 0; i < 3; ++i) EXPECT_THROW(made.query(), programming_error);
  }
  conn.query("SELECT 1");
  conn.close();
  EXPECT_EQ(steps[1].sent, "B1ES");
  EXPECT_EQ(steps[2].sent, "C1P2DB2ES");
  EXPECT_EQ(steps[3].sent, "P3DB3ES");
  EXPECT_EQ(steps[4].sent, "P4DB4ES") << "nor when it goes";
}

}  // namespace
}  // namespace tusk::test
