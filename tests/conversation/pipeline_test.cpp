// Pipelines, units of requests that are sent before the answers to those before them: what belongs to which, what an
// error skips, and that many cost no more than they must.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

TEST(Pipeline, UnitsOfEveryKind) {
  auto script = opened();
  script.bind("", "a")
      .execute("", 1)
      .sync()
      .query("simple")
      .parse("b", "x")
      .sync()
      .run("b", 2)
      .close_statement("b")
      .sync();
  script.expect([](driven_session& on) { on.take_output(); })
      .receive(bound(), row({"1"}), complete("SELECT 1"), ready(), columns({"c"}), row({"2"}), complete("SELECT 1"),
               ready(), parsed(), ready(), bound(), row({"3", "4"}), complete("SELECT 1"), ready(), closed(), ready())
      .expect_events("CommandComplete SELECT 1 {1}", "ReadyForQuery I", "RowDescription c",
                     "CommandComplete SELECT 1 {2}", "ReadyForQuery I", "ParseComplete", "ReadyForQuery I",
                     "UnitComplete I SELECT 1 {3|4}", "CloseComplete", "ReadyForQuery I")
      .expect_state(state::idle);
  check_all(script);
}

TEST(Pipeline, AnErrorInTheMiddleSkipsItsUnitOnly) {
  auto script = opened();
  for (int i = 0; i < 3; ++i) script.bind("", "s").execute("", 1).sync();
  script.run("s", 1).run("s", 1).expect([](driven_session& on) { on.take_output(); });
  script
      .receive(bound(), row({"1"}), complete("SELECT 1"), ready(), bound(), error("22012", "division"), ready(),
               bound(), row({"3"}), complete("SELECT 1"), ready(), error("26000", "gone"), ready(), bound(), row({"5"}),
               complete("SELECT 1"), ready())
      .expect_events("CommandComplete SELECT 1 {1}", "ReadyForQuery I", "ErrorResponse ERROR 22012 division",
                     "ReadyForQuery I", "CommandComplete SELECT 1 {3}", "ReadyForQuery I",
                     "ErrorResponse ERROR 26000 gone", "ReadyForQuery I", "UnitComplete I SELECT 1 {5}")
      .expect_state(state::idle);
  check_all(script);
}

TEST(Pipeline, AnErrorSkipsAQueryBeforeTheSyncToo) {
  auto script = opened();
  script.parse("", "x").query("skipped").sync().query("not skipped").expect([](driven_session& on) {
    on.take_output();
  });
  script.receive(error(), ready(), complete("SELECT 0"), ready())
      .expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 2", "ReadyForQuery I", "CommandComplete SELECT 0",
                     "ReadyForQuery I");
  check_all(script);
}

TEST(Pipeline, AQueryInAUnitHasAReadyForQueryOfItsOwn) {
  auto script = opened();
  script.parse("", "x").query("simple").bind("", "").sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(parsed(), complete("SELECT 0"), ready(), bound(), ready())
      .expect_events("ParseComplete", "CommandComplete SELECT 0", "ReadyForQuery I", "ReadyForQuery I");
  check_all(script);

  auto failing = opened();
  failing.parse("", "x").query("simple").bind("", "").sync().expect([](driven_session& on) { on.take_output(); });
  failing.receive(parsed(), error(), ready(), bound(), ready())
      .expect_events("ParseComplete", "ErrorResponse ERROR 42601 no", "ReadyForQuery I", "ReadyForQuery I");
  check_all(failing);
}

TEST(Pipeline, ColumnsAreForgottenAtTheEndOfTheUnit) {
  auto script = opened();
  script.describe_statement("s").sync().bind("", "s").execute("").sync();
  script.expect([](driven_session& on) { on.take_output(); });
  script.receive(parameters({}), columns({"a"}), ready(), bound(), row({"1"}))
      .expect_events("ParameterDescription", "RowDescription a", "ReadyForQuery I",
                     violation_text(errc::row_without_description, state::executing, 'D'));
  script.check();
}

TEST(Pipeline, ColumnsOfAnotherStatementAreNotTakenForThoseOfThis) {
  auto parsed_later = opened();
  parsed_later.describe_portal("p").parse("", "x").bind("", "").execute("").sync();
  parsed_later.expect([](driven_session& on) { on.take_output(); });
  parsed_later.receive(columns({"a"}), parsed(), bound(), row({"1"}))
      .expect_events("RowDescription a", "ParseComplete",
                     violation_text(errc::row_without_description, state::executing, 'D'));
  parsed_later.check();

  auto described_later = opened();
  described_later.describe_portal("p").describe_portal("q").execute("q").sync();
  described_later.expect([](driven_session& on) { on.take_output(); });
  described_later.receive(columns({"a"}), no_columns(), row({"1"}))
      .expect_events("RowDescription a", "NoData",
                     violation_text(errc::row_without_description, state::executing, 'D'));
  described_later.check();
}

// Room for one request at a time was made by moving all of them.
TEST(Pipeline, AHundredThousandRequestsTakeLinearTime) {
  auto on = opened().play();
  on.take_events();
  auto const began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(on->bind({}), std::error_code());
    ASSERT_EQ(on->execute({}, 0), std::error_code());
    ASSERT_EQ(on->sync(), std::error_code());
  }
  std::string answers;
  for (int i = 0; i < 100'000; ++i) answers += bound() + complete("") + ready();
  on.feed(answers);
  EXPECT_EQ(on.take_events().size(), 200'000U);
  EXPECT_EQ(on.state(), state::idle);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(Pipeline, OneThatNeverRunsDryKeepsItsOrder) {
  auto on = opened().play();
  on.take_events();
  ASSERT_EQ(on->query("0"), std::error_code());
  for (int i = 1; i <= 5000; ++i) {
    ASSERT_EQ(i % 3 == 0 ? on->sync() : on->query("x"), std::error_code());
    on.take_output();
    on.feed((i - 1) % 3 == 0 && i != 1 ? ready() : complete(std::to_string(i)) + ready());
    auto const expected = (i - 1) % 3 == 0 && i != 1
                              ? std::vector<std::string>{"ReadyForQuery I"}
                              : std::vector<std::string>{"CommandComplete " + std::to_string(i), "ReadyForQuery I"};
    ASSERT_EQ(on.take_events(), expected) << i;
  }
}

}  // namespace
}  // namespace tusk::test
