// When a kept statement that the server refuses to bind is not prepared and run again by itself, although it could be:
// it was to be cancelled, its limit is over, something was sent behind it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "operations/known_statement.hpp"
#include "operations/preparation.hpp"
#include "support/canned_answers.hpp"
#include "support/engine_client.hpp"
#include "support/faces.hpp"
#include "support/scripted_units.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

// ---- a cancel, a limit ----

bool is_cancel(std::string const& startup) { return startup.substr(4, 4) == int32(80877102); }

/// Serves a client as converse() does, and waits before the second answer until somebody wants to cancel; maybe longer.
class awaiting_cancel {
 public:
  explicit awaiting_cancel(std::vector<scripted_unit>& steps, std::chrono::milliseconds longer = {})
      : server_([this, &steps, longer](peer& client) {
          if (is_cancel(client.receive_startup())) {
            was_asked_ = true;
            return;
          }
          client.send(welcome());
          for (scripted_unit& each : steps) {
            each.sent = unit_of(client);
            is_running_ = &each == &steps[1];
            while (&each == &steps[1] && !was_asked_ && !client.has_gone()) std::this_thread::sleep_for(1ms);
            std::this_thread::sleep_for(&each == &steps[1] ? longer : 0ms);
            client.send(each.answer);
          }
          unit_of(client);
        }) {}
  std::string dsn() const { return server_.dsn(); }
  void wait_until_running() const {
    while (!is_running_) std::this_thread::sleep_for(1ms);
  }

 private:
  std::atomic<bool> was_asked_ = false, is_running_ = false;
  scripted_server server_;
};

std::vector<scripted_unit> refused_once() {
  return {{described() + run_well("SELECT 0")}, {failed("26000")}, {message('3') + described() + run_well("SELECT 7")}};
}

// The request has hit nothing, and the statement must not run after it.
TEST(healing_and_cancel, is_nothing_after_a_cancel_of_another_thread) {
  auto steps = refused_once();
  awaiting_cancel server(steps);
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.query("SELECT");
  std::jthread const other([&] {
    server.wait_until_running();
    conn.cancel();
  });
  EXPECT_THROW(conn.query("SELECT"), operational_error);
  EXPECT_EQ(tag(conn.query("SELECT")), "SELECT 7") << "the next one is another statement";
  conn.close();
  EXPECT_EQ(steps[1].sent, "B1ES");
  EXPECT_EQ(steps[2].sent, "C1P2DB2ES");
}

TEST(healing_and_cancel, comes_back_with_the_next_statement) {
  auto steps = refused_once();
  steps.push_back({failed("26000")});
  steps.push_back({message('3') + described() + run_well("SELECT 8")});
  awaiting_cancel server(steps);
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.query("SELECT");
  std::jthread const other([&] {
    server.wait_until_running();
    conn.cancel();
  });
  EXPECT_THROW(conn.query("SELECT"), operational_error);
  conn.query("SELECT");
  EXPECT_EQ(tag(conn.query("SELECT")), "SELECT 8");
}

TEST(healing_and_cancel, is_nothing_after_a_cancel_of_an_asynchronous_connection) {
  auto steps = refused_once();
  awaiting_cancel server(steps);
  auto const on = test::open(face_named("polled"), server.dsn());
  connection& conn = on->conn();
  on->query("SELECT");
  conn.start_query("SELECT");
  conn.poll();
  conn.cancel();
  EXPECT_THROW(finish(conn), operational_error);
  EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
}

// The answer is there before the request can have come.
TEST(healing_and_cancel, is_nothing_while_a_cancel_is_on_its_way) {
  auto steps = refused_once();
  std::atomic<bool> has_answered = false;
  scripted_server server([&](peer& client) {
    if (is_cancel(client.receive_startup())) return;
    client.send(welcome());
    for (scripted_unit& each : steps) {
      each.sent = unit_of(client);
      client.send(each.answer);
      has_answered = &each == &steps[1];
    }
    unit_of(client);
  });
  auto const on = test::open(face_named("polled"), server.dsn());
  connection& conn = on->conn();
  on->query("SELECT");
  conn.start_query("SELECT");
  conn.poll();
  while (!has_answered) std::this_thread::sleep_for(1ms);
  conn.cancel();
  EXPECT_THROW(finish(conn), operational_error);
  EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
}

// A request that was given up before it was sent is one all the same.
TEST(healing_and_cancel, is_nothing_after_a_cancel_that_has_failed) {
  auto steps = refused_once();
  std::atomic<bool> goes_on = false;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (scripted_unit& each : steps) {
      each.sent = unit_of(client);
      while (&each == &steps[1] && !goes_on && !client.has_gone()) std::this_thread::sleep_for(1ms);
      client.send(each.answer);
    }
    unit_of(client);
  });
  auto const on = test::open(face_named("polled"), server.dsn());
  connection& conn = on->conn();
  on->query("SELECT");
  conn.start_query("SELECT");
  conn.poll();
  conn.cancel(0ms);
  EXPECT_LACKS("26000", thrown<operational_error>([&] { finish(conn); }).what());
  goes_on = true;
  EXPECT_EQ(thrown<operational_error>([&] { finish(conn); }).sqlstate().str(), "26000");
  EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
}

class healing_and_limit : public testing::TestWithParam<face> {};
INSTANTIATE_TEST_SUITE_P(each, healing_and_limit, testing::ValuesIn(all_faces()), testing::PrintToStringParamName());

TEST_P(healing_and_limit, is_nothing_after_it) {
  auto steps = refused_once();
  awaiting_cancel server(steps, 20ms);
  auto const on = test::open(GetParam(), server.dsn());
  on->query("SELECT");
  EXPECT_EQ(thrown<operational_error>([&] { on->query(within(10ms), "SELECT"); }).sqlstate().str(), "26000");
  EXPECT_EQ(tag(on->query("SELECT")), "SELECT 7");
}

// It ends while the answer is taken, so that nobody has begun to cancel yet.
TEST_P(healing_and_limit, is_nothing_when_it_ends_at_the_last_moment) {
  auto steps = refused_once();
  steps[1].answer = notice("now") + steps[1].answer;
  scripted_server server([&](peer& client) {
    if (!is_cancel(client.receive_startup())) converse_with(client, steps);
  });
  auto const on = test::open(GetParam(), server.dsn());
  std::stop_source stop;
  on->conn().on_notice([&](diagnostics const&) { stop.request_stop(); });
  on->query("SELECT");
  EXPECT_EQ(thrown<operational_error>([&] { on->query(within(stop.get_token()), "SELECT"); }).sqlstate().str(),
            "26000");
}

TEST_P(healing_and_limit, goes_by_the_same_one) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {failed("26000")}};
  std::atomic<int> asked = 0;
  scripted_server server([&](peer& client) {
    if (is_cancel(client.receive_startup())) return void(++asked);
    client.send(welcome());
    for (scripted_unit& each : steps) {
      each.sent = unit_of(client);
      client.send(each.answer);
    }
    unit_of(client);
    while (asked == 0 && !client.has_gone()) std::this_thread::sleep_for(1ms);
    client.send(message('3') + described() + failed("57014"));
    unit_of(client);
  });
  auto const on = test::open(GetParam(), server.dsn());
  on->query("SELECT");
  EXPECT_THROW(on->query(within(30ms), "SELECT"), query_canceled);
  EXPECT_GE(asked, 1);
}

// ---- others behind it ----

/// A statement that is known, begun without waiting for it.
class queued {
 public:
  queued(engine_client& on, std::shared_ptr<detail::prepared_statement> const& known)
      : on_(on), what_(std::make_shared<detail::known_statement>(on.context, known, params::none())) {
    what_->hold();
    on.begin(*what_, nullptr, what_);
  }
  /// The tag, or the SQLSTATE of its error.
  std::string outcome() {
    while (!what_->has_ended()) {
      auto const& wanted = on_.engine.waits().wanted();
      client::wait_for(wanted.descriptor, wanted.read, wanted.write, client::clock::now() + 30s);
      on_.step();
    }
    try {
      what_->rethrow();
    } catch (error const& e) {
      return e.sqlstate().str();
    }
    return std::string(what_->results()[0].command_tag());
  }

 private:
  engine_client& on_;
  std::shared_ptr<detail::known_statement> what_;
};

class healing_in_a_queue : public testing::Test {
 protected:
  /// Connects, and has the server know a statement.
  void connect(std::string const& dsn) {
    client_.emplace(settings_of(dsn), session_mode{.autocommit = true}, connect_options{});
    for (client_->step(); client_->is_connecting();) step();
    detail::first_run first(client_->context, detail::unknown_statement(client_->context, "SELECT", params::none()),
                            params::none());
    client_->begin(first, nullptr, nullptr);
    while (!first.has_ended()) step();
    known_ = *client_->context.statements.find("SELECT", {});
  }
  void step() {
    auto const& wanted = client_->engine.waits().wanted();
    client::wait_for(wanted.descriptor, wanted.read, wanted.write, client::clock::now() + 30s);
    client_->step();
  }
  queued begin() { return {*client_, known_}; }

  std::optional<engine_client> client_;
  std::shared_ptr<detail::prepared_statement> known_;
};

// What is behind it has run already.
TEST_F(healing_in_a_queue, is_nothing_where_something_was_sent_behind_it) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")}, {failed("0A000")}, {run_well("SELECT 2")}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  connect(server.dsn());
  auto first = begin(), second = begin();
  EXPECT_EQ(first.outcome(), "0A000");
  EXPECT_EQ(second.outcome(), "SELECT 2");
  client_.reset();
  server.wait_for_scripts();
  EXPECT_EQ(steps[1].sent, "B1ES");
  EXPECT_EQ(steps[2].sent, "B1ES");
}

// Its BEGIN is not on its way any more.
TEST_F(healing_in_a_queue, leaves_no_begin_behind_where_it_is_nothing) {
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                      {command_run("BEGIN") + refused("26000") + ready_in('E')}};
  scripted_server server([&](peer& client) { converse(client, steps); });
  connect(server.dsn());
  client_->context.transactions.begin_asked = true;
  client_->context.obstacles.set(detail::obstacles::cancelled, true);
  auto only = begin();
  EXPECT_TRUE(client_->context.transactions.begin_sent);
  EXPECT_EQ(only.outcome(), "26000");
  EXPECT_FALSE(client_->context.transactions.begin_sent);
}

// The last one of them may; and what comes while it waits for its unit's end goes behind its second unit.
TEST_F(healing_in_a_queue, goes_before_what_was_not_sent_yet) {
  std::atomic<bool> goes_on = false;
  std::vector<scripted_unit> steps = {{described() + run_well("SELECT 0")},
                                      {run_well("SELECT 1")},
                                      {refused("0A000")},
                                      {message('3') + described() + run_well("SELECT 2")},
                                      {described() + run_well("SELECT 3")}};
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (scripted_unit& each : steps) {
      each.sent = unit_of(client);
      client.send(each.answer);
      if (&each != &steps[2]) continue;
      while (!goes_on && !client.has_gone()) std::this_thread::sleep_for(1ms);
      client.send(ready());
    }
    unit_of(client);
  });
  connect(server.dsn());
  auto first = begin(), second = begin();
  EXPECT_EQ(first.outcome(), "SELECT 1");
  while (client_->context.statements.knows(*known_)) step();  // its error has come
  auto third = begin();
  goes_on = true;
  EXPECT_EQ(second.outcome(), "SELECT 2");
  EXPECT_EQ(third.outcome(), "SELECT 3");
  client_.reset();
  server.wait_for_scripts();
  EXPECT_EQ(steps[3].sent, "C1P2DB2ES");
  EXPECT_EQ(steps[4].sent, "P3DB3ES") << "the second one's name was not confirmed";
}

}  // namespace
}  // namespace tusk::test
