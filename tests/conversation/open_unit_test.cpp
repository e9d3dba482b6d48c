// A unit that has no Sync yet: its answers come when they are asked for with Flush, and then the session waits, neither
// idle nor with a request under way.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>

#include "support/conversation.hpp"
#include "support/faults.hpp"
#include "support/heap_bytes.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

conversation with_open_unit() {
  auto script = opened();
  script.parse("", "x").describe_statement("").flush();
  script.expect_send(parse_packet("", "x"), describe_packet(described_object::statement, ""),
                     server_says<protocol::flush>());
  script.receive(parsed(), parameters({}), columns({"a"}))
      .expect_events("ParseComplete", "ParameterDescription", "RowDescription a")
      .expect_state(state::open_unit);
  return script;
}

TEST(OpenUnit, GoesOn) {
  auto script = with_open_unit();
  script.bind("", "").execute("").flush().act([](driven_session& on, bool) { on.take_output(); });
  script.expect_state(state::binding)
      .receive(bound(), row({"1"}), complete("SELECT 1"))
      .expect_events("CommandComplete SELECT 1 {1}")  // the columns are known from the same unit
      .expect_state(state::open_unit);
  script.sync().expect_send(sync_packet()).expect_state(state::syncing);
  script.receive(ready()).expect_events("ReadyForQuery I").expect_state(state::idle);
  check_all(script);
}

TEST(OpenUnit, EndsByAQueryOrAUnit) {
  auto query = with_open_unit();
  query.query("x").act([](driven_session& on, bool) { on.take_output(); });
  query.receive(complete("X"), ready()).expect_events("CommandComplete X", "ReadyForQuery I").expect_state(state::idle);
  check_all(query);

  auto unit = with_open_unit();
  unit.run("s", 1).act([](driven_session& on, bool) { on.take_output(); }).expect_state(state::binding);
  unit.receive(bound() + row({"2"}) + complete("SELECT 1") + ready()).expect_events("UnitComplete I SELECT 1 {2}");
  unit.expect_state(state::idle).check();
}

TEST(OpenUnit, WhatComesMeanwhile) {
  auto script = with_open_unit();
  script.receive(notice("a"), notification("b", "c"), setting("d", "e"), error("57014", "late"))
      .expect_events("NoticeResponse a", "NotificationResponse 9 b c", "ParameterStatus d=e",
                     "ErrorResponse ERROR 57014 late")
      .expect_state(state::open_unit);
  check_all(script);

  for (auto const& message : {ready(), parsed(), row({"1"}), complete("SELECT 0"), columns({"a"})}) {
    auto bad = with_open_unit();
    bad.receive(message).check_poisoned();
  }
}

TEST(OpenUnit, AnErrorLeavesIt) {
  auto script = with_open_unit();
  script.bind("", "").act([](driven_session& on, bool) { on.take_output(); });
  script.receive(error()).expect_events("ErrorResponse ERROR 42601 no").expect_state(state::skipping);
  script.sync().act([](driven_session& on, bool) { on.take_output(); });
  script.receive(ready()).expect_events("ReadyForQuery I").expect_state(state::idle);
  check_all(script);
}

TEST(OpenUnit, ATerminateIsPolite) {
  auto on = with_open_unit().play();
  on->terminate();
  EXPECT_EQ(on.take_output(), server_says<protocol::terminate>());
}

// A COPY whose Sync is sent again, and may be answered, leaves no unit open behind it.
TEST(OpenUnit, IsNotLeftByASpareSync) {
  auto script = opened();
  script.bind("", "s").execute("").sync().parse("", "").act([](driven_session& on, bool) { on.take_output(); });
  script.receive(bound(), copy_in(), error(), ready(), parsed()).expect_state(state::open_unit);
  script.receive(ready()).expect_state(state::idle).act([](driven_session& on, bool) {
    on.take_events();
    on.take_output();
  });
  script.check();
}

TEST(OpenUnit, GivesMemoryBack) {
  auto on = with_open_unit().play();
  EXPECT_FALSE(on->shrink());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(on->close({}), std::error_code());
  on.take_output();
  std::string answers;
  for (int i = 0; i < 1000; ++i) answers += closed();
  on.feed(answers);
  on.take_events();
  ASSERT_EQ(on.state(), state::open_unit);
  EXPECT_TRUE(on->shrink());
  EXPECT_FALSE(on->shrink());
  on->settle();
  EXPECT_EQ(on.state(), state::open_unit);
  faults_detail::check_usable(on);
}

TEST(Flush, IsRefusedWhereNothingIsSent) {
  session fresh;
  EXPECT_EQ(fresh.flush(), errc::not_ready);
  EXPECT_EQ(fresh.output(), "");
  auto on = opened().play();
  on->terminate();
  on.take_output();
  EXPECT_EQ(on->flush(), errc::not_ready);
}

TEST(Flush, ChangesNoState) {
  auto on = opened().play();
  on.take_output();
  ASSERT_EQ(on->flush(), std::error_code());
  EXPECT_EQ(on.take_output(), server_says<protocol::flush>());
  EXPECT_EQ(on.state(), state::idle);
  faults_detail::check_usable(on);
}

}  // namespace
}  // namespace tusk::test
