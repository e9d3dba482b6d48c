// Simple queries: one statement, scripts of several, errors at each point, and rows that do not fit their description.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;
using namespace std::string_literals;

conversation asked(std::string const& sql = "select") {
  auto script = opened();
  script.query(sql).expect_send(query_packet(sql)).expect_state(state::querying);
  return script;
}

TEST(SimpleQuery, Rows) {
  auto script = asked();
  script.receive(columns({"a", "b"}), row({"1", "one"}), row({"2", std::nullopt}), row({"", "x|y"}),
                 complete("SELECT 3"), ready());
  script.expect_events("RowDescription a b", "CommandComplete SELECT 3 {1|one}{2|NULL}{|x|y}", "ReadyForQuery I")
      .expect_state(state::idle);
  check_all(script);
}

TEST(SimpleQuery, NoRows) {
  auto script = asked();
  script.receive(columns({"a"}), complete("SELECT 0"), ready())
      .expect_events("RowDescription a", "CommandComplete SELECT 0", "ReadyForQuery I");
  check_all(script);
}

TEST(SimpleQuery, RowsWithoutColumns) {
  auto script = asked();
  script.receive(columns({}), row({}), row({}), complete("SELECT 2"), ready())
      .expect_events("RowDescription", "CommandComplete SELECT 2 {}{}", "ReadyForQuery I");
  check_all(script);
}

TEST(SimpleQuery, NothingButATag) {
  auto script = asked("begin");
  script.receive(complete("BEGIN"), ready(protocol::transaction_indicator::in_transaction))
      .expect_events("CommandComplete BEGIN", "ReadyForQuery T")
      .expect(
          [](driven_session& on) { EXPECT_EQ(on->transaction(), protocol::transaction_indicator::in_transaction); });
  check_all(script);
}

TEST(SimpleQuery, Empty) {
  auto script = asked("");
  script.receive(empty_query(), ready()).expect_events("EmptyQueryResponse", "ReadyForQuery I");
  check_all(script);
}

TEST(SimpleQuery, AScriptOfStatements) {
  auto script = asked("select; insert; ; select");
  script
      .receive(columns({"a"}), row({"1"}), complete("SELECT 1"), complete("INSERT 0 2"), columns({"b", "c"}),
               row({"2", "3"}), row({"4", "5"}), complete("SELECT 2"), empty_query(), ready())
      .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}", "CommandComplete INSERT 0 2",
                     "RowDescription b c", "CommandComplete SELECT 2 {2|3}{4|5}", "EmptyQueryResponse",
                     "ReadyForQuery I");
  check_all(script);
}

TEST(SimpleQuery, Errors) {
  auto at_once = asked();
  at_once.receive(error("42601", "syntax"), ready())
      .expect_events("ErrorResponse ERROR 42601 syntax", "ReadyForQuery I");
  check_all(at_once);

  auto in_mid_row = asked();
  in_mid_row
      .receive(columns({"a"}), row({"1"}), error("22012", "division by zero"),
               ready(protocol::transaction_indicator::failed))
      .expect_events("RowDescription a", "ErrorResponse ERROR 22012 division by zero", "ReadyForQuery E")
      .expect([](driven_session& on) {
        EXPECT_EQ(on->transaction(), protocol::transaction_indicator::failed);
        EXPECT_EQ(on->take_rows().size(), 0U);
      });
  check_all(in_mid_row);

  auto in_the_second = asked();
  in_the_second.receive(complete("INSERT 0 1"), error("23505", "doubled"), ready())
      .expect_events("CommandComplete INSERT 0 1", "ErrorResponse ERROR 23505 doubled", "ReadyForQuery I");
  check_all(in_the_second);
}

TEST(SimpleQuery, FatalInTheMiddleIsTheLastWord) {
  auto script = asked();
  script.receive(columns({"a"}), row({"1"}), fatal("57P01", "terminating connection"))
      .expect_events("RowDescription a", "ErrorResponse FATAL 57P01 terminating connection")
      .expect_state(state::ended);
  check_all(script);
  script.receive(ready()).expect_events().expect(
      [](driven_session& on) { EXPECT_EQ(on->query("select 1"), errc::not_ready); });
  script.check();
}

TEST(SimpleQuery, FatalWhileIdleIsKept) {
  auto script = opened();
  script.receive(fatal("57P01", "terminating connection"))
      .expect_events("ErrorResponse FATAL 57P01 terminating connection")
      .expect_state(state::ended);
  check_all(script);
}

TEST(SimpleQuery, AnErrorWhileIdleIsToldAndChangesNothing) {
  auto script = opened();
  script.receive(error("01000", "odd")).expect_events("ErrorResponse ERROR 01000 odd").expect_state(state::idle);
  check_all(script);
}

TEST(SimpleQuery, AFatalErrorInAnotherLanguage) {
  auto const list = listed<error_field>({{'S', "FATAL"}, {'C', "57P01"}, {'M', "before 9.6"}});
  error_response old;
  old.fields_sent = list;
  auto script = opened();
  script.receive(bytes_of(old)).expect_events("ErrorResponse 57P01 before 9.6").expect_state(state::ended).check();

  auto const german = listed<error_field>({{'S', "FEHLER"}, {'V', "FATAL"}, {'C', "57P01"}, {'M', "Schluss"}});
  old.fields_sent = german;
  auto other = opened();
  other.receive(bytes_of(old)).expect_events("ErrorResponse FATAL 57P01 Schluss").expect_state(state::ended).check();
}

TEST(SimpleQuery, ErrorsWithoutFieldsOrWithOddOnes) {
  error_response none;
  auto const odd_fields = listed<error_field>({{'V', "ERROR"}, {'V', "FATAL"}, {'C', ""}, {'\xff', "?"}});
  error_response odd;
  odd.fields_sent = odd_fields;
  auto script = asked();
  script.receive(bytes_of(none), bytes_of(odd), ready())
      .expect_events("ErrorResponse ", "ErrorResponse ERROR  ", "ReadyForQuery I");
  EXPECT_EQ(script.play().state(), state::idle);
}

TEST(SimpleQuery, SeveralAtOnce) {
  auto script = opened();
  script.query("first").query("second").query("third").expect_send(query_packet("first"), query_packet("second"),
                                                                   query_packet("third"));
  script
      .receive(columns({"a"}), row({"1"}), complete("SELECT 1"), ready(), error(), ready(), complete("BEGIN"),
               ready(protocol::transaction_indicator::in_transaction))
      .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}", "ReadyForQuery I",
                     "ErrorResponse ERROR 42601 no", "ReadyForQuery I", "CommandComplete BEGIN", "ReadyForQuery T")
      .expect_state(state::idle);
  check_all(script);
}

TEST(SimpleQuery, CannotCarryNul) {
  auto on = opened().play();
  on.take_output();
  EXPECT_EQ(on->query("select\0 1"s), errc::embedded_nul);
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
}

TEST(SimpleQuery, NoticesWhileIdle) {
  auto script = opened();
  script.receive(notice("a"), notification("b", "c"), setting("d", "e"), setting("d", ""))
      .expect_events("NoticeResponse a", "NotificationResponse 9 b c", "ParameterStatus d=e", "ParameterStatus d=")
      .expect_state(state::idle)
      .expect([](driven_session& on) { EXPECT_EQ(on->parameter("d"), ""); });
  check_all(script);
}

// ---- what does not belong -------------------------------------------------------------------------------------------

TEST(SimpleQueryViolations, ReadyForQueryTooEarly) {
  auto at_once = asked();
  at_once.receive(ready()).expect_violation(errc::unexpected_message, state::querying, 'Z').check();
  auto in_mid_row = asked();
  in_mid_row.receive(columns({"a"}), ready()).expect([](driven_session& on) { EXPECT_TRUE(on.poisoned()); });
  in_mid_row.play();
  auto idle = opened();
  idle.receive(ready()).expect_violation(errc::unexpected_message, state::idle, 'Z').check();
}

TEST(SimpleQueryViolations, ARowAfterCommandComplete) {
  auto script = asked();
  script.receive(columns({"a"}), row({"1"}), complete("SELECT 1"), row({"2"}))
      .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}",
                     violation_text(errc::row_without_description, state::querying_next, 'D'));
  script.check();
}

TEST(SimpleQueryViolations, ARowWithoutADescription) {
  auto script = asked();
  script.receive(row({"1"})).expect_violation(errc::row_without_description, state::querying, 'D').check();
}

TEST(SimpleQueryViolations, ADescriptionTwice) {
  auto script = asked();
  script.receive(columns({"a"}), columns({"a"}))
      .expect_events("RowDescription a", violation_text(errc::unexpected_message, state::querying_rows, 'T'));
  script.check();
}

struct bad_row {
  char const* name;
  std::string message;
  std::error_code code;
};
class BadRow : public testing::TestWithParam<bad_row> {};

TEST_P(BadRow, Poisons) {
  for (int good_ones : {0, 1, 5}) {
    auto script = asked();
    script.receive(columns({"a", "b"}));
    for (int i = 0; i < good_ones; ++i) script.receive(row({"1", "2"}));
    script.receive(GetParam().message + row({"3", "4"}) + complete("SELECT 2") + ready())
        .expect_events("RowDescription a b", violation_text(GetParam().code, state::querying_rows, 'D'));
    script.check();
  }
}

INSTANTIATE_TEST_SUITE_P(
    , BadRow,
    testing::Values(
        bad_row{"no_field", row({}), errc::wrong_field_count},
        bad_row{"one_field", row({"1"}), errc::wrong_field_count},
        bad_row{"three_fields", row({"1", "2", "3"}), errc::wrong_field_count},
        bad_row{"count_minus_one", framed('D', bytes("ffff 00000001 '1' 00000001 '2'")), errc::bad_count},
        bad_row{"count_of_three", framed('D', bytes("0003 00000001 '1' 00000001 '2'")), errc::truncated},
        bad_row{"count_of_one", framed('D', bytes("0001 00000001 '1' 00000001 '2'")), errc::trailing_bytes},
        bad_row{"length_minus_two", framed('D', bytes("0002 fffffffe '1' 00000001 '2'")), errc::bad_count},
        bad_row{"length_most_negative", framed('D', bytes("0002 80000000 '1' 00000001 '2'")), errc::bad_count},
        bad_row{"length_too_large", framed('D', bytes("0002 00000001 '1' 00000002 '2'")), errc::truncated},
        bad_row{"length_far_too_large", framed('D', bytes("0002 7fffffff '1' 00000001 '2'")), errc::truncated},
        bad_row{"length_too_small", framed('D', bytes("0002 00000001 '1' 00000000 '2'")), errc::trailing_bytes},
        bad_row{"length_swallows_the_next", framed('D', bytes("0002 00000006 '1' 00000001 '2'")), errc::truncated},
        bad_row{"cut_in_a_length", framed('D', bytes("0002 00000001 '1' 000000")), errc::truncated},
        bad_row{"cut_before_a_length", framed('D', bytes("0002 00000001 '1'")), errc::truncated},
        bad_row{"null_and_a_byte", framed('D', bytes("0002 ffffffff ffffffff 00")), errc::trailing_bytes}),
    [](auto const& row) { return std::string(row.param.name); });

// ---- rows, many and large -------------------------------------------------------------------------------------------

TEST(SimpleQueryRows, ManyOfAllSizes) {
  std::string answer = columns({"n", "text"}), expected = "CommandComplete SELECT 3000 ";
  for (std::size_t i = 0; i < 3000; ++i) {
    std::string const number = std::to_string(i), text(i % 7 == 0 ? i * 3 : i % 50, static_cast<char>('a' + i % 26));
    answer += row({number, text});
    expected += "{" + number + "|" + text + "}";
    if (i % 500 == 0) answer += notice("row " + number);
  }
  answer += complete("SELECT 3000") + ready();
  auto script = asked();
  script.receive(answer).expect([&](driven_session& on) {
    auto const told = on.take_events();
    ASSERT_EQ(told.size(), 9U);
    EXPECT_TRUE(told[7] == expected);
    EXPECT_EQ(told[8], "ReadyForQuery I");
  });
  script.check();
}

TEST(SimpleQueryRows, OneThatIsLargerThanAnyBuffer) {
  std::string const large(5'000'000, 'x');
  auto script = asked();
  script.receive(columns({"a"}), row({"before"}), row({large}), row({"after"}), complete("SELECT 3"), ready());
  auto const expected = "CommandComplete SELECT 3 {before}{" + large + "}{after}";
  for (auto const& how : {cuts::whole(), cuts::random(1)}) {
    auto on = script.play(how);
    EXPECT_TRUE(on.events().at(1) == expected);
    EXPECT_EQ(on.state(), state::idle);
  }
}

/// Receives the bytes and takes events to the end of a statement, or to the last one, without a look at any.
void receive_upto_end(session& on, std::string_view bytes) {
  auto const room = on.prepare();
  ASSERT_GE(room.size(), bytes.size());
  bytes.copy(room.data(), bytes.size());
  on.commit(bytes.size());
  for (;;) {
    event const& told = on.next();
    if (std::holds_alternative<want_bytes>(told) || std::holds_alternative<command_complete>(told) ||
        std::holds_alternative<empty_query_response>(told))
      return;
  }
}

// What one statement left behind was once given out as the rows of the next.
TEST(SimpleQueryRows, ThoseThatNobodyTookAreNotTakenForTheNext) {
  for (auto const& second : {complete("INSERT 0 1"), empty_query(), columns({"b"}) + complete("SELECT 0")}) {
    session on;
    ASSERT_EQ(on.start(startup_options_of_me()), std::error_code());
    receive_upto_end(on, auth_ok() + ready());
    ASSERT_EQ(on.query("select; insert"), std::error_code());
    receive_upto_end(on, columns({"a"}) + row({"1"}) + complete("SELECT 1"));
    receive_upto_end(on, second);
    auto const rows = on.take_rows();
    EXPECT_EQ(rows.size(), 0U);
    EXPECT_EQ(rows.columns(), second[0] == 'T' ? 1 : 0);
    receive_upto_end(on, ready());

    ASSERT_EQ(on.query("select"), std::error_code());
    receive_upto_end(on, columns({"a", "b"}) + row({"1", "2"}) + complete("SELECT 1"));
    receive_upto_end(on, ready());
    ASSERT_EQ(on.query("insert"), std::error_code());
    receive_upto_end(on, complete("INSERT 0 1"));
    EXPECT_EQ(on.take_rows().size(), 0U);
    EXPECT_EQ(on.take_rows().columns(), 0U);
  }
}

TEST(SimpleQueryRows, OutliveTheSessionAndWhatItReceivesLater) {
  row_set kept;
  {
    auto script = asked();
    script.receive(columns({"a"}) + row({"1"}));
    auto on = script.play();
    auto const rest = row({std::string(50'000, 'y')}) + complete("SELECT 2") + ready();
    for (std::string_view left = rest; !left.empty();) left.remove_prefix(on.put(left));
    auto const* told = std::get_if<command_complete>(&on->next());
    ASSERT_TRUE(told != nullptr);
    EXPECT_EQ(told->tag, "SELECT 2");
    kept = on->take_rows();
    on.drain();
    on.feed(notice(std::string(200'000, 'n')));
  }
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0][0].text(), "1");
  EXPECT_EQ(kept[1][0].text(), std::string(50'000, 'y'));
}

}  // namespace
}  // namespace tusk::test
