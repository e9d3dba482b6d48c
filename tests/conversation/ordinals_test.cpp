// The numbers of requests: each event of an answer tells which request it belongs to, and how far that came.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

void ignore_output(driven_session& on, bool) { on.take_output(); }

TEST(Ordinals, CountWhatIsSent) {
  auto on = opened().play();
  EXPECT_EQ(on->last_request(), 0U);
  ASSERT_EQ(on->query("x"), std::error_code());
  EXPECT_EQ(on->last_request(), 1U);
  ASSERT_EQ(on->parse({}), std::error_code());
  ASSERT_EQ(on->flush(), std::error_code());
  EXPECT_EQ(on->last_request(), 2U);
  ASSERT_EQ(on->run("s", {}, 1), std::error_code());
  EXPECT_EQ(on->last_request(), 3U);
  EXPECT_EQ(on->run(std::string_view("\0", 1), {}, 1), errc::embedded_nul);
  protocol::parse bad;
  bad.sql = std::string_view("\0", 1);
  EXPECT_EQ(on->parse(bad), errc::embedded_nul);
  EXPECT_EQ(on->last_request(), 3U);
  EXPECT_EQ(on->last_answered(), 0U);
  on.feed(complete("X"));
  EXPECT_EQ(on->last_answered(), 0U);
  on.feed(ready());
  EXPECT_EQ(on->last_answered(), 1U);
  on.feed(parsed() + bound());
  EXPECT_EQ(on->last_answered(), 2U);
  on.feed(complete("SELECT 0") + ready());
  EXPECT_EQ(on->last_answered(), 3U);
  EXPECT_EQ(on.numbers(), (std::vector<std::string>{"1 query", "1 query", "2 parse", "3 sync"}));
  EXPECT_EQ(on->last_request(), 3U);
  ASSERT_EQ(on->sync(), std::error_code());
  EXPECT_EQ(on->last_request(), 4U);
  on->abandon();
  EXPECT_EQ(on->last_request(), 4U);
  EXPECT_EQ(on->answering(), 0U);
}

TEST(Ordinals, AnAnswerToEachRequest) {
  auto script = opened();
  script.parse("s", "x")
      .describe_statement("s")
      .bind("", "s")
      .execute("", {}, 5)
      .execute("")
      .close_statement("s")
      .sync();
  script.act(ignore_output)
      .receive(parsed(), parameters({}), columns({"a"}), bound(), row({"1"}), suspended(), row({"2"}),
               complete("SELECT 1"), closed(), ready())
      .expect_answers("1 parse", "2 describe", "2 describe", "4 execute", "5 execute", "6 close", "7 sync");
  script.query("a; b; ").act(ignore_output);
  script.receive(columns({"a"}), complete("SELECT 0"), complete("B"), empty_query(), ready())
      .expect_answers("8 query", "8 query", "8 query", "8 query", "8 query");
  script.describe_portal("p").act(ignore_output).receive(no_columns()).expect_answers("9 describe");
  check_all(script);
}

TEST(Ordinals, WhatBelongsToNoRequest) {
  auto script = opened();
  script.receive(notice("a"), notification("b", "c"), setting("d", "e"), error()).expect_answers("0", "0", "0", "0");
  script.query("x").act(ignore_output);
  script.receive(notice("a"), columns({"a"}), notification("b", "c"), setting("d", "e"), complete("SELECT 0"), ready())
      .expect_answers("0", "1 query", "0", "0", "1 query", "1 query");
  script.parse("", "x").act(ignore_output).receive(parsed(), error()).expect_answers("2 parse", "0");
  check_all(script);
}

TEST(Ordinals, TheFirstReadyForQueryIsOfNoRequest) {
  auto script = starting();
  script.receive(auth_ok(), ready()).expect_answers("0").check();
}

TEST(Ordinals, HowFarAUnitCame) {
  auto const failing = [](auto const&... messages) {
    auto script = opened();
    script.query("x").receive(complete("X"), ready()).act([](driven_session& on, bool) { on.take_events(); });
    script.run("s", 1).act(ignore_output).receive(messages...);
    return script;
  };
  failing(error(), ready()).expect_answers("2 bind", "2 sync").check();
  failing(bound(), error(), ready()).expect_answers("2 execute", "2 sync").check();
  failing(bound(), row({"1"}), error(), ready()).expect_answers("2 execute", "2 sync").check();
  failing(bound(), complete("SELECT 0"), error(), ready()).expect_answers("2 sync", "2 sync").check();
  failing(bound(), row({"1"}), complete("SELECT 1"), ready()).expect_answers("2 sync").check();
  failing(bound(), empty_query(), ready()).expect_answers("2 execute", "2 sync").check();
  failing(bound(), copy_out(), error(), ready()).expect_answers("2 execute", "2 execute", "2 sync").check();
  failing(fatal()).expect_answers("2 bind").check();
  failing(bound(), fatal()).expect_answers("2 execute").check();
}

TEST(Ordinals, APipeline) {
  auto script = opened();
  script.run("s", 1).run("s", 1).query("x").run("s", 1).act(ignore_output);
  script
      .receive(bound(), complete("SELECT 0"), ready(), bound(), error(), ready(), complete("X"), ready(), error(),
               ready())
      .expect_answers("1 sync", "2 execute", "2 sync", "3 query", "3 query", "4 bind", "4 sync");
  check_all(script);
}

TEST(Ordinals, AQueryThatIsTakenAtOnce) {
  static list_storage<column_description> const known{{"a", 0, 0, 25, -1, -1, 0}};
  auto on = opened().play();
  for (std::uint64_t number = 1; number < 4; ++number) {
    ASSERT_EQ(on->query("x"), std::error_code());
    on.put(columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready());
    ASSERT_EQ(on->take_query_answer(known), query_answer::all);
    EXPECT_EQ(on->answering(), number);
    EXPECT_EQ(on->last_answered(), number);
    EXPECT_EQ(on->answering_part(), request_part::sync);
  }
}

// Their Syncs are sent again by the session itself: that has no number.
TEST(Ordinals, AfterARefusedCopy) {
  auto script = opened();
  script.run("s", 0).run("t", 0).sync().act(ignore_output);
  script.receive(bound(), copy_in(), error(), ready(), error(), ready(), ready(), ready(), ready(), ready())
      .act(ignore_output)
      .expect_answers("1 execute", "1 execute", "1 sync", "2 bind", "2 sync", "3 sync")
      .expect([](driven_session& on) { EXPECT_EQ(on->last_request(), 3U); });
  script.run("u", 0).act(ignore_output).receive(bound(), complete(""), ready()).expect_answers("4 sync");
  script.check();
}

// ---- skipped ones ---------------------------------------------------------------------------------------------------

TEST(Skipped, EachIsTold) {
  auto script = opened();
  script.parse("", "").describe_statement("").bind("", "").execute("").close_statement("").query("x").sync();
  script.act(ignore_output).receive(error(), ready());
  script.expect_answers("1 parse", "2 describe", "3 bind", "4 execute", "5 close", "6 query", "7 sync");
  script.expect_state(state::idle);
  check_all(script);
}

TEST(Skipped, BetweenTheErrorAndTheSync) {
  auto script = opened();
  script.bind("", "s").execute("", 1).bind("", "s").act(ignore_output);
  script.receive(bound(), row({"1"}), error()).expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 3");
  script.execute("", 1).run("s", 1).run("t", 1).act(ignore_output);
  script.receive(ready(), bound(), row({"2"}), complete("SELECT 1"), ready())
      .expect_events("RequestSkipped 4", "RequestSkipped 5", "ReadyForQuery I", "UnitComplete I SELECT 1 {2}");
  script.expect_state(state::idle);
  check_all(script);
}

TEST(Skipped, AreToldWithoutABytesArrival) {
  auto on = opened().play();
  on.take_events();
  ASSERT_EQ(on->parse({}), std::error_code());
  on.feed(error());
  ASSERT_EQ(on.state(), state::skipping);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(on->bind({}), std::error_code());
  ASSERT_EQ(on->sync(), std::error_code());
  on.take_events();
  for (std::uint64_t number = 2; number < 1002; ++number) {
    ASSERT_TRUE(std::holds_alternative<request_skipped>(on->next()));
    ASSERT_EQ(on->answering(), number);
    ASSERT_EQ(on->answering_part(), request_part::bind);
    ASSERT_EQ(on->last_answered(), number);
  }
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  EXPECT_EQ(on.state(), state::syncing);
  on.feed(ready());
  EXPECT_EQ(on.numbers(), std::vector<std::string>{"1002 sync"});
}

// What the session was asked for is no less skipped if nobody looks at events in between.
TEST(Skipped, ManyInOnePieceOrOneByOne) {
  auto script = opened();
  for (int i = 0; i < 5; ++i) script.parse("", "").bind("", "").execute("").sync();
  script.act(ignore_output);
  script.receive(error(), ready(), parsed(), error(), ready(), parsed(), bound(), error(), ready(), parsed(), bound(),
                 complete(""), ready(), error(), ready());
  script.expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 2", "RequestSkipped 3", "ReadyForQuery I",
                       "ParseComplete", "ErrorResponse ERROR 42601 no", "RequestSkipped 7", "ReadyForQuery I",
                       "ParseComplete", "ErrorResponse ERROR 42601 no", "ReadyForQuery I", "ParseComplete",
                       "CommandComplete ", "ReadyForQuery I", "ErrorResponse ERROR 42601 no", "RequestSkipped 18",
                       "RequestSkipped 19", "ReadyForQuery I");
  check_all(script);
}

}  // namespace
}  // namespace tusk::test
