// A prepared statement's unit in one request and, if all goes well, one event.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

TEST(Unit, SendsBindExecuteAndSync) {
  list_storage<field_value> values{"1", std::nullopt, ""};
  auto on = opened().play();
  on.take_output();
  ASSERT_EQ(on->run("s", values, 1), std::error_code());
  EXPECT_EQ(readable(on.take_output()),
            readable(bind_packet("", "s", {"1", std::nullopt, ""}) + execute_packet("") + sync_packet()));
  EXPECT_EQ(on.state(), state::binding);
}

TEST(Unit, HasFormats) {
  list_storage<field_value> const values{"1", std::nullopt, ""};
  list_storage<std::int16_t> const none, one{1}, three{0, 1, 0}, two{1, 0};
  for (auto const* sent_as : {&none, &one, &three})
    for (auto const* wanted_as : {&none, &one, &two}) {
      protocol::bind expected;
      expected.statement = "s";
      expected.parameters = values;
      expected.parameter_formats = *sent_as;
      expected.result_formats = *wanted_as;
      auto on = opened().play();
      on.take_events();
      on.take_output();
      ASSERT_EQ(on->run("s", values, 2, {*sent_as, *wanted_as}), std::error_code());
      EXPECT_EQ(readable(on.take_output()), readable(bytes_of(expected) + execute_packet("") + sync_packet()));
      EXPECT_EQ(on.state(), state::binding);
      on.feed(bound() + row({std::string_view("\0\1", 2), ""}) + complete("SELECT 1") + ready());
      EXPECT_EQ(on.take_events().size(), 1U);
    }
}

TEST(Unit, CanBeReadAgainWhenItWasSent) {
  list_storage<field_value> const values{"1", std::nullopt, ""};
  list_storage<std::int16_t> const one{1};
  protocol::bind expected;
  expected.statement = "s";
  expected.parameters = values;
  auto on = opened().play();
  on.take_events();
  ASSERT_EQ(on->close({}), std::error_code());  // stands before it
  for (bool const plain : {true, false}) {
    if (!plain) expected.parameter_formats = one;
    auto const failed = plain ? on->run("s", values, 1) : on->run("s", values, 1, {one, {}});
    ASSERT_EQ(failed, std::error_code());
    EXPECT_EQ(readable(bytes_of(on->last_run())), readable(bytes_of(expected)));
    on.take_output();
    EXPECT_EQ(readable(bytes_of(on->last_run())), readable(bytes_of(expected)));
  }
}

TEST(Unit, FormatsThatDoNotFitAreRefused) {
  list_storage<field_value> const values{"1", "2", "3"};
  list_storage<std::int16_t> const one{1}, two{0, 1}, three{0, 1, 0}, four{0, 0, 0, 0};
  auto on = opened().play();
  on.take_output();
  EXPECT_EQ(on->run("s", values, 2, {two, one}), errc::wrong_format_count);
  EXPECT_EQ(on->run("s", values, 2, {four, one}), errc::wrong_format_count);
  EXPECT_EQ(on->run("s", values, 2, {three, three}), errc::wrong_format_count);
  EXPECT_EQ(on->run("s", {}, 0, {two, {}}), errc::wrong_format_count);
  EXPECT_EQ(on->run(std::string_view("\0", 1), values, 2, {three, two}), errc::embedded_nul);
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
  EXPECT_EQ(on->last_request(), 0U);
  EXPECT_EQ(session().run("s", values, 2, {three, two}), errc::not_ready);
}

TEST(Unit, EndsInOneEvent) {
  auto script = opened();
  script.run("s", 2).expect_send(bind_packet("", "s"), execute_packet(""), sync_packet());
  script
      .receive(bound(), row({"1", "2"}), row({"3", std::nullopt}), complete("SELECT 2"),
               ready(protocol::transaction_indicator::in_transaction))
      .expect_events("UnitComplete T SELECT 2 {1|2}{3|NULL}")
      .expect_state(state::idle)
      .expect(
          [](driven_session& on) { EXPECT_EQ(on->transaction(), protocol::transaction_indicator::in_transaction); });
  check_all(script);

  auto without_rows = opened();
  without_rows.run("s", 0).expect_send(bind_packet("", "s"), execute_packet(""), sync_packet());
  without_rows.receive(bound() + complete("INSERT 0 1") + ready()).expect_events("UnitComplete I INSERT 0 1");
  without_rows.check();
}

TEST(Unit, TheWholeAnswerInOneRead) {
  for (auto const& after : {std::string(), notice("later"), std::string("N")}) {
    auto on = opened().play();
    on.take_events();
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(on->run("s", {}, 1), std::error_code());
      on.feed(bound() + row({"1"}) + complete("SELECT 1") + ready() + after);
      EXPECT_EQ(on.take_events().at(0), "UnitComplete I SELECT 1 {1}");
      if (after.size() == 1) break;
    }
    EXPECT_EQ(on.state(), state::idle);
    EXPECT_EQ(on->buffered(), after.size() == 1 ? 1U : 0U);
  }
}

TEST(Unit, AnEmptyStatementHasTwo) {
  auto script = opened();
  script.run("s", 0).expect([](driven_session& on) { on.take_output(); });
  script.receive(bound(), empty_query(), ready()).expect_events("EmptyQueryResponse", "ReadyForQuery I");
  check_all(script);
}

TEST(Unit, Errors) {
  auto in_bind = opened();
  in_bind.run("s", 1).expect([](driven_session& on) { on.take_output(); });
  in_bind.receive(error("26000", "gone"), ready()).expect_events("ErrorResponse ERROR 26000 gone", "ReadyForQuery I");
  check_all(in_bind);

  auto in_mid_row = opened();
  in_mid_row.run("s", 1).expect([](driven_session& on) { on.take_output(); });
  in_mid_row.receive(bound(), row({"1"}), error(), ready(protocol::transaction_indicator::failed))
      .expect_events("ErrorResponse ERROR 42601 no", "ReadyForQuery E");
  check_all(in_mid_row);
}

TEST(Unit, AnErrorAtItsSyncIsNotItsGoodEnd) {
  auto script = opened();
  script.run("s", 0).expect([](driven_session& on) { on.take_output(); });
  script.receive(bound(), complete("INSERT 0 1"), error("23503", "deferred"), ready())
      .expect_events("ErrorResponse ERROR 23503 deferred", "ReadyForQuery I");
  check_all(script);
}

TEST(Unit, RowsThatDoNotFit) {
  for (auto const& bad : {row({}), row({"1", "2"}), framed('D', bytes("0001 00000002 '1'"))}) {
    auto script = opened();
    script.run("s", 1).expect([](driven_session& on) { on.take_output(); });
    script.receive(bound(), row({"1"}), bad + complete("SELECT 2") + ready());
    script.check_poisoned();
  }
}

TEST(Unit, ABrokenEnd) {
  auto const good = bound() + row({"1"});
  for (auto const& end : {complete("SELECT 1") + framed('Z', "X"), complete("SELECT 1") + framed('Z', "II"),
                          framed('C', "SELECT 1") + ready(), framed('C', bytes("'SELECT 1'00 'x'00")) + ready(),
                          framed('C', "") + ready(), ready(), complete("SELECT 1") + complete("SELECT 1") + ready(),
                          complete("SELECT 1") + row({"1"}) + ready(), bound() + complete("SELECT 1") + ready(),
                          complete("SELECT 1") + framed('Z', "I", 6)}) {
    for (auto const& after : {std::string(), ready()}) {
      auto script = opened();
      script.run("s", 1).expect([](driven_session& on) { on.take_output(); });
      script.receive(good + end + after);
      script.check_poisoned();
    }
  }
}

// An answer that has come whole is taken in another way than one that comes by bytes.
TEST(Unit, ATagThatHasANulAnywhereIsRefusedHoweverItComes) {
  for (std::size_t size = 0; size < 28; ++size)
    for (std::size_t nul = 0; nul <= size; ++nul) {  // behind the last: there is none
      std::string tag(size, 'x');
      if (nul < size) tag[nul] = '\0';
      for (bool const ended : {true, false}) {
        std::string const answer = bound() + framed('C', ended ? tag + '\0' : tag) + ready();
        auto whole = opened().play(), by_bytes = opened().play();
        for (auto* on : {&whole, &by_bytes}) {
          on->take_events();
          ASSERT_EQ((*on)->run("s", {}, 0), std::error_code());
        }
        whole.feed(answer);
        auto const at_once = whole.take_events();
        std::vector<std::string> one_by_one;
        for (char each : answer) {
          by_bytes.feed({&each, 1});
          for (auto& told : by_bytes.take_events()) one_by_one.push_back(std::move(told));
        }
        EXPECT_EQ(at_once, one_by_one) << size << ' ' << nul << ' ' << ended;
        bool const good = ended ? nul == size : size != 0 && nul == size - 1;
        EXPECT_EQ(whole.state() == state::idle, good) << size << ' ' << nul << ' ' << ended;
      }
    }
}

// Its Bind and Execute are skipped, and its Sync is the one that the server waits for.
TEST(Unit, EndsTheUnitThatFailedBeforeIt) {
  auto script = opened();
  script.parse("", "x").expect([](driven_session& on) { on.take_output(); });
  script.receive(error()).expect_events("ErrorResponse ERROR 42601 no").expect_state(state::skipping);
  script.run("s", 1).expect_send(bind_packet("", "s"), execute_packet(""), sync_packet()).receive(ready());
  script.expect_answers("2 bind", "2 sync").expect_state(state::idle);
  script.run("s", 1).act([](driven_session& on, bool) { on.take_output(); });
  script.receive(bound(), row({"1"}), complete("SELECT 1"), ready()).expect_events("UnitComplete I SELECT 1 {1}");
  check_all(script);
}

}  // namespace
}  // namespace tusk::test
