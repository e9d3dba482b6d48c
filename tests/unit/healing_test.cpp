// A kept statement that the server refuses to bind is prepared and run again by itself, at a server that says what a
// test needs it to: when it is, when it is not, and what is sent.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/scripted_units.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

// ---- by its error ----

struct code_row {
  char const* sqlstate;
  bool heals;
  bool bound = false;  // the error comes behind BindComplete
};
constexpr code_row codes[] = {
    {"26000", true},        {"0A000", true},        {"22P02", true},        {"22007", true},
    {"42804", true},        {"42P01", true},        {"42703", true},        {"XX000", true},
    {"08P01", true},        {"P0001", true},        {"25001", false},       {"25P02", false},
    {"40001", false},       {"40P01", false},       {"53100", false},       {"53200", false},
    {"54000", false},       {"54001", false},       {"55P03", false},       {"55006", false},
    {"57014", false},       {"57000", false},       {"58030", false},       {"58P01", false},
    {"XX001", false},       {"XX002", false},       {"26000", false, true}, {"0A000", false, true},
    {"22P02", false, true}, {"42P01", false, true}, {"XX000", false, true},
};

class healing : public testing::TestWithParam<face> {
 protected:
  std::unique_ptr<player> open(scripted_server const& server, connect_options options = {}) {
    return test::open(GetParam(), server.dsn(), std::move(options));
  }
};
INSTANTIATE_TEST_SUITE_P(each, healing, testing::ValuesIn(all_faces()), testing::PrintToStringParamName());

TEST_P(healing, goes_by_the_code_of_the_error) {
  for (code_row const& r : codes) {
    SCOPED_TRACE(std::string(r.sqlstate) + (r.bound ? " behind BindComplete" : ""));
    std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                        {(r.bound ? message('2') : "") + failed(r.sqlstate)},
                                        {message('3') + described() + run_well("SELECT 7")}};
    scripted_server server([&](peer& client) { converse(client, steps); });
    auto const on = open(server);
    on->query("SELECT");
    if (r.heals) {
      EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
    } else {
      try {
        on->query("SELECT");
        ADD_FAILURE() << "it has healed";
      } catch (error const& e) {
        EXPECT_EQ(e.sqlstate().str(), r.sqlstate);
      }
    }
    on->conn().close();
    server.wait_for_scripts();
    EXPECT_EQ(steps[1].sent, "B1ES");
    EXPECT_EQ(steps[2].sent, r.heals ? "C1P2DB2ES" : "X");
  }
}

TEST_P(healing, does_not_come_of_an_error_that_ends_the_session) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {refused("26000", "FATAL")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  auto const on = open(server);
  on->query("SELECT");
  EXPECT_TRUE(thrown<operational_error>([&] { on->query("SELECT"); }).is_fatal());
  EXPECT_TRUE(on->closed());
}

// A value that the parameter's type cannot read is refused twice. The statement is then a new one, and stays.
TEST_P(healing, in_vain_throws_the_second_error) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                      {failed("22P02")},
                                      {message('3') + described() + failed("22003")},
                                      {run_well("SELECT 0")},
                                      {failed("0A000")},
                                      {message('3') + failed("42P01")},
                                      {described() + run_well("SELECT 0")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  auto const on = open(server);
  on->query("SELECT");
  EXPECT_EQ(thrown<data_error>([&] { on->query("SELECT"); }).sqlstate().str(), "22003");
  on->query("SELECT");
  EXPECT_EQ(thrown<programming_error>([&] { on->query("SELECT"); }).sqlstate().str(), "42P01") << "by the Parse";
  on->query("SELECT");
  on->conn().close();
  EXPECT_EQ(steps[2].sent, "C1P2DB2ES");
  EXPECT_EQ(steps[3].sent, "B2ES");
  EXPECT_EQ(steps[5].sent, "C2P3DB3ES");
  EXPECT_EQ(steps[6].sent, "P4DB4ES");
}

// The second unit is no kept statement's.
TEST_P(healing, is_tried_once) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                      {failed("26000")},
                                      {message('3') + described() + failed("26000")},
                                      {run_well("SELECT 0")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  auto const on = open(server);
  on->query("SELECT");
  EXPECT_THROW(on->query("SELECT"), operational_error);
  on->query("SELECT");
  on->conn().close();
  EXPECT_EQ(steps[3].sent, "B2ES");
}

TEST_P(healing, that_loses_the_connection_throws_that) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {failed("26000")}};
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (scripted_unit& each : steps) {
      each.sent = unit_of(client);
      client.send(each.answer);
    }
    unit_of(client);
  });
  auto const on = open(server);
  on->query("SELECT");
  auto const error = thrown<operational_error>([&] { on->query("SELECT"); });
  EXPECT_TRUE(error.is_fatal());
  EXPECT_CONTAINS("the connection was lost", error.what());
  EXPECT_TRUE(on->closed());
}

// ---- by what was before ----

TEST_P(healing, sends_the_same_arguments) {
  std::string const one = int32(3) + "one", null = int32(0xffff'ffff), large(100'000, 'x');
  std::string sent[3];
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    std::string const answer = message('1') + message('t', int16(3) + int32(25) + int32(25) + int32(25)) +
                               message('n') + run_well("INSERT 0 1");
    std::string const answers[] = {answer, failed("26000"), message('3') + answer};
    for (int i = 0; i < 3; ++i) {
      for (std::string each = client.receive_message(); !each.empty() && each[0] != 'S';
           each = client.receive_message())
        if (each[0] == 'B') sent[i] = each.substr(each.find('\0', 6));
      client.send(answers[i]);
    }
    client.stay_silent();
  });
  auto const on = open(server);
  for (int i = 0; i < 2; ++i) on->query("INSERT $1 $2 $3", "one", nullptr, large);
  on->conn().close();
  EXPECT_EQ(sent[0].substr(1, 4 + one.size() + null.size()), int16(0) + int16(3) + one + null);
  EXPECT_GT(sent[0].size(), large.size());
  EXPECT_EQ(sent[1], sent[0]);
  EXPECT_EQ(sent[2], sent[0]);
}

// In a transaction everything is skipped behind the error.
TEST_P(healing, is_nothing_for_an_open_transaction) {
  for (char const status : {'T', 'E'}) {
    std::vector<scripted_unit> steps = {{described() + message('2') + ended("SELECT 0") + ready_in(status)},
                                        {refused("26000") + ready_in('E')},
                                        {message('3') + described() + run_well("SELECT 7")}};
    scripted_server server([&](peer& client) { converse(client, steps); });
    auto const on = open(server);
    on->query("SELECT");
    EXPECT_TRUE(thrown<operational_error>([&] { on->query("SELECT"); }).is_retryable());
    EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
    on->conn().close();
    EXPECT_EQ(steps[1].sent, "B1ES");
    EXPECT_EQ(steps[2].sent, "C1P2DB2ES");
  }
}

// BEGIN went in front of it, and has made a transaction that has failed with it.
TEST(healing_with_begin, rolls_back_and_begins_again_in_the_same_unit) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                      {command_run("BEGIN") + refused("26000") + ready_in('E')},
                                      {message('3') + command_run("ROLLBACK") + command_run("BEGIN") + described() +
                                       message('2') + ended("SELECT 7") + ready_in('T')}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.query("SELECT");
  conn.set_autocommit(false);
  EXPECT_EQ(tag(conn.query("SELECT")), "SELECT 7");
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
  conn.close();
  EXPECT_EQ(steps[1].sent, "PBEB1ES");
  EXPECT_EQ(steps[2].sent, "C1PBEPBEP2DB2ES");
}

struct second_row {
  char const* name;
  std::string answer;  // to the second unit
  char const* said;
  bool closes = false;
};
TEST(healing_with_begin, that_fails_throws_that) {
  std::string const well = described() + message('2') + ended("SELECT 7") + ready_in('T');
  second_row const rows[] = {
      {"ROLLBACK fails", message('3') + refused("XX000") + ready_in('E'), "as the test wants it"},
      {"BEGIN fails", message('3') + command_run("ROLLBACK") + failed("XX000"), "as the test wants it"},
      {"the statement fails",
       message('3') + command_run("ROLLBACK") + command_run("BEGIN") + described() + refused("22P02") + ready_in('E'),
       "as the test wants it"},
      {"ROLLBACK is something else", message('3') + command_run("COMMIT") + command_run("BEGIN") + well,
       "the server answered ROLLBACK with \"COMMIT\"", true},
      {"BEGIN is something else", message('3') + command_run("ROLLBACK") + command_run("START TRANSACTION") + well,
       "the server answered BEGIN with \"START TRANSACTION\"", true},
  };
  for (second_row const& r : rows) {
    SCOPED_TRACE(r.name);
    std::vector<scripted_unit> steps = {
        {described() + run_well("SELECT 0")}, {command_run("BEGIN") + refused("26000") + ready_in('E')}, {r.answer}};
    scripted_server server([&](peer& client) { converse(client, steps); });
    connection conn = connect(server.dsn(), {.autocommit = true});
    conn.query("SELECT");
    conn.set_autocommit(false);
    try {
      conn.query("SELECT");
      ADD_FAILURE() << "nothing was thrown";
    } catch (error const& e) {
      EXPECT_CONTAINS(r.said, e.what());
    }
    EXPECT_EQ(conn.closed(), r.closes);
  }
}

// A status that no server has then; whatever it means, nothing is run on top of it.
TEST(healing_with_begin, is_nothing_where_the_status_is_a_strange_one) {
  for (bool const begins : {false, true}) {
    std::string const before = begins ? command_run("BEGIN") : "";
    std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                        {before + refused("26000") + ready_in(begins ? 'I' : 'T')}};
    scripted_server server([&](peer& client) { converse(client, steps); });
    connection conn = connect(server.dsn(), {.autocommit = true});
    conn.query("SELECT");
    conn.set_autocommit(!begins);
    EXPECT_THROW(conn.query("SELECT"), operational_error);
  }
}

}  // namespace
}  // namespace tusk::test
