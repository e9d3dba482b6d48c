// The extended protocol, a unit at a time: what an error skips, where columns are known from, what does not belong.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

constexpr auto statement = described_object::statement, portal = described_object::portal;

// ---- one unit -------------------------------------------------------------------------------------------------------

TEST(ExtendedQuery, ParseDescribeBindExecute) {
  auto script = opened();
  script.parse("s", "select $1").describe_statement("s").bind("", "s").execute("").sync();
  script.expect_send(parse_packet("s", "select $1"), describe_packet(statement, "s"), bind_packet("", "s"),
                     execute_packet(""), sync_packet());
  script.expect_state(state::parsing)
      .receive(parsed(), parameters({23, 25}), columns({"a", "b"}), bound(), row({"1", "2"}), row({std::nullopt, ""}),
               complete("SELECT 2"), ready())
      .expect_events("ParseComplete", "ParameterDescription 23 25", "RowDescription a b",
                     "CommandComplete SELECT 2 {1|2}{NULL|}", "ReadyForQuery I")
      .expect_state(state::idle);
  check_all(script);
}

TEST(ExtendedQuery, APortalIsDescribed) {
  auto script = opened();
  script.parse("", "select").bind("p", "").describe_portal("p").execute("p").sync();
  script.expect_send(parse_packet("", "select"), bind_packet("p", ""), describe_packet(portal, "p"),
                     execute_packet("p"), sync_packet());
  script.receive(parsed(), bound(), columns({"a"}), row({"1"}), complete("SELECT 1"), ready())
      .expect_events("ParseComplete", "RowDescription a", "CommandComplete SELECT 1 {1}", "ReadyForQuery I");
  check_all(script);
}

TEST(ExtendedQuery, NothingIsReturned) {
  auto script = opened();
  script.parse("", "insert").describe_statement("").bind("", "").execute("").sync();
  script.expect([](driven_session& on) { on.take_output(); })
      .receive(parsed(), parameters({}), no_columns(), bound(), complete("INSERT 0 1"),
               ready(protocol::transaction_indicator::in_transaction))
      .expect_events("ParseComplete", "ParameterDescription", "NoData", "CommandComplete INSERT 0 1",
                     "ReadyForQuery T");
  check_all(script);
}

TEST(ExtendedQuery, StatementsInOneGo) {
  auto on = opened().play();
  on.take_output();
  EXPECT_EQ(session().run_once("select"), errc::not_ready);
  EXPECT_EQ(on->run_once(std::string_view("sel\0ect", 7)), errc::embedded_nul);
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
  for (std::string_view const sql : {"select 1", "", "insert"}) {
    ASSERT_EQ(on->run_once(sql), std::error_code());
    EXPECT_EQ(readable(on.take_output()),
              readable(parse_packet("", sql) + bind_packet("", "") + describe_packet(portal, "") + execute_packet("")));
  }
  EXPECT_EQ(on.state(), state::parsing);
  EXPECT_EQ(on->last_request(), 12U);
  ASSERT_EQ(on->sync(), std::error_code());
  on.feed(parsed() + bound() + columns({"a"}) + row({"1"}) + complete("SELECT 1"));
  EXPECT_EQ(on.take_events(),
            (std::vector<std::string>{"ParseComplete", "RowDescription a", "CommandComplete SELECT 1 {1}"}));
  on.feed(parsed() + bound() + no_columns() + empty_query());
  EXPECT_EQ(on.take_events(), (std::vector<std::string>{"ParseComplete", "NoData", "EmptyQueryResponse"}));
  on.feed(parsed() + bound() + no_columns() + complete("INSERT 0 1") + ready());
  EXPECT_EQ(on.take_events(), (std::vector<std::string>{"CommandComplete INSERT 0 1", "ReadyForQuery I"}))
      << "one event for all four";
  EXPECT_EQ(on->last_answered(), 13U);
}

// Wherever the answer is cut, and whatever is wrong with it.
TEST(ExtendedQuery, AnAnswerInOneGoIsTheSameInPieces) {
  std::string const answer = parsed() + bound() + no_columns() + complete("INSERT 0 1") + parsed() + bound() +
                             no_columns() + complete("INSERT 0 2") + ready();
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    auto on = opened().play();
    ASSERT_EQ(on->run_once("insert"), std::error_code());
    ASSERT_EQ(on->run_once("insert"), std::error_code());
    ASSERT_EQ(on->sync(), std::error_code());
    on.take_events();
    on.feed(answer.substr(0, cut));
    auto events = on.take_events();
    on.feed(answer.substr(cut));
    for (auto& each : on.take_events()) events.push_back(std::move(each));
    std::erase(events, "ParseComplete");
    std::erase(events, "NoData");
    EXPECT_EQ(events,
              (std::vector<std::string>{"CommandComplete INSERT 0 1", "CommandComplete INSERT 0 2", "ReadyForQuery I"}))
        << cut;
    EXPECT_EQ(on.state(), state::idle);
  }
  std::string const before = parsed() + bound() + no_columns();
  for (std::string const& wrong : {std::string("C\0\0\0\x04", 5),
                                   std::string("C\0\0\0\x06"
                                               "ab",
                                               7),
                                   std::string("C\0\0\0\x07"
                                               "a\0b",
                                               8),
                                   std::string("C\0\0\0\x06"
                                               "\0\0",
                                               7),
                                   std::string("C\x7f\0\0\0a\0", 7)}) {
    auto on = opened().play();
    ASSERT_EQ(on->run_once("insert"), std::error_code());
    on.take_events();
    on.feed(before + wrong);
    on.take_events();
    EXPECT_EQ(on.state(), state::poisoned) << readable(wrong);
  }
}

TEST(ExtendedQuery, ColumnsThatAreKnownFromBefore) {
  auto script = opened();
  script.bind("", "s").execute("", 2).sync();
  script.expect_send(bind_packet("", "s"), execute_packet(""), sync_packet())
      .receive(bound(), row({"1", "2"}), complete("SELECT 1"), ready())
      .expect_events("CommandComplete SELECT 1 {1|2}", "ReadyForQuery I");
  check_all(script);
}

TEST(ExtendedQuery, AnEmptyStatement) {
  auto script = opened();
  script.parse("", "").bind("", "").execute("").sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(parsed(), bound(), empty_query(), ready())
      .expect_events("ParseComplete", "EmptyQueryResponse", "ReadyForQuery I");
  check_all(script);
}

TEST(ExtendedQuery, CloseAndSyncAlone) {
  auto script = opened();
  script.close_statement("s").sync().sync().expect_send(close_packet(statement, "s"), sync_packet(), sync_packet());
  script.receive(closed(), ready(), ready(protocol::transaction_indicator::failed))
      .expect_events("CloseComplete", "ReadyForQuery I", "ReadyForQuery E");
  check_all(script);
}

TEST(ExtendedQuery, RowsInPortions) {
  auto script = opened();
  script.bind("", "s").execute("", 1, 2).sync().expect_send(bind_packet("", "s"), execute_packet("", 2), sync_packet());
  script.receive(bound(), row({"1"}), row({"2"}), suspended(), ready(protocol::transaction_indicator::in_transaction))
      .expect_events("PortalSuspended {1}{2}", "ReadyForQuery T");
  script.execute("", 1, 2).sync().expect_send(execute_packet("", 2), sync_packet());
  script.receive(row({"3"}), complete("SELECT 1"), ready())
      .expect_events("CommandComplete SELECT 1 {3}", "ReadyForQuery I");
  check_all(script);
}

// The rows of an Execute were lost when another one stood right behind it in the queue.
TEST(ExtendedQuery, TwoExecutesInARowKeepTheRowsOfTheFirst) {
  auto script = opened();
  script.bind("", "s").execute("", 1, 2).execute("", 1, 2).execute("", 1).sync();
  script.expect([](driven_session& on) { on.take_output(); })
      .receive(bound(), row({"1"}), row({"2"}), suspended(), row({"3"}), row({"4"}), suspended(), row({"5"}),
               complete("SELECT 1"), ready())
      .expect_events("PortalSuspended {1}{2}", "PortalSuspended {3}{4}", "CommandComplete SELECT 1 {5}",
                     "ReadyForQuery I");
  check_all(script);
}

// A statement without rows once had as many columns as the one described before it.
TEST(ExtendedQuery, AStatementWithoutRowsHasNoColumns) {
  auto script = opened();
  script.describe_statement("select").bind("", "select").execute("").describe_statement("insert").bind("", "insert");
  script.execute("").sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(parameters({}), columns({"a"}), bound(), row({"1"}), complete("SELECT 1"), parameters({}),
                 no_columns(), bound());
  auto on = script.play();
  on.put(complete("INSERT 0 1"));
  ASSERT_TRUE(std::holds_alternative<command_complete>(on->next()));
  EXPECT_EQ(on->take_rows().columns(), 0U);
}

// ---- errors ---------------------------------------------------------------------------------------------------------

TEST(ExtendedErrors, SkipToTheSync) {
  auto script = opened();
  script.parse("", "x").describe_statement("").bind("", "").execute("").sync();
  script.expect([](driven_session& on) { on.take_output(); });
  script.receive(error(), ready())
      .expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 2", "RequestSkipped 3", "RequestSkipped 4",
                     "ReadyForQuery I");
  check_all(script);

  auto in_bind = opened();
  in_bind.bind("", "s").execute("", 1).sync().expect([](driven_session& on) { on.take_output(); });
  in_bind.receive(error("26000", "no such statement"), ready())
      .expect_events("ErrorResponse ERROR 26000 no such statement", "RequestSkipped 2", "ReadyForQuery I");
  check_all(in_bind);
}

TEST(ExtendedErrors, InMidRow) {
  auto script = opened();
  script.bind("", "s").execute("", 1).close_statement("s").sync();
  script.expect([](driven_session& on) { on.take_output(); })
      .receive(bound(), row({"1"}), error("22012", "division"), ready(protocol::transaction_indicator::failed))
      .expect_events("ErrorResponse ERROR 22012 division", "RequestSkipped 3", "ReadyForQuery E")
      .expect([](driven_session& on) { EXPECT_EQ(on->take_rows().size(), 0U); });
  check_all(script);
}

TEST(ExtendedErrors, AtTheSync) {
  auto script = opened();
  script.bind("", "s").execute("", 0).sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(bound(), complete("INSERT 0 1"), error("23503", "deferred"), ready())
      .expect_events("CommandComplete INSERT 0 1", "ErrorResponse ERROR 23503 deferred", "ReadyForQuery I");
  check_all(script);
}

TEST(ExtendedErrors, BeforeSyncWasSent) {
  auto script = opened();
  script.parse("", "x").bind("", "").expect_send(parse_packet("", "x"), bind_packet("", ""));
  script.receive(error()).expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 2");
  script.expect_state(state::skipping);
  // The server answers none of these.
  script.execute("").parse("s", "y").close_statement("s").query("z").expect_send(
      execute_packet(""), parse_packet("s", "y"), close_packet(statement, "s"), query_packet("z"));
  script.expect_state(state::skipping)
      .receive(notice("still here"))
      .expect_events("RequestSkipped 3", "RequestSkipped 4", "RequestSkipped 5", "RequestSkipped 6",
                     "NoticeResponse still here");
  script.sync().query("select").expect_send(sync_packet(), query_packet("select")).expect_state(state::syncing);
  script.receive(ready(), complete("SELECT 0"), ready())
      .expect_events("ReadyForQuery I", "CommandComplete SELECT 0", "ReadyForQuery I")
      .expect_state(state::idle);
  check_all(script);
}

TEST(ExtendedErrors, ReadyForQueryBeforeSyncWasSent) {
  auto script = opened();
  script.parse("", "x").expect([](driven_session& on) { on.take_output(); });
  script.receive(error(), ready())
      .expect_events("ErrorResponse ERROR 42601 no", violation_text(errc::unexpected_message, state::skipping, 'Z'));
  script.check();
}

TEST(ExtendedErrors, FatalAnywhereIsTheEnd) {
  auto script = opened();
  script.bind("", "s").execute("", 1).sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(bound(), row({"1"}), fatal())
      .expect_events("ErrorResponse FATAL 57P01 shut down")
      .expect_state(state::ended)
      .expect([](driven_session& on) { EXPECT_EQ(on->sync(), errc::not_ready); });
  check_all(script);
}

TEST(ExtendedErrors, ThenFatal) {
  auto script = opened();
  script.bind("", "s").execute("", 1).sync().expect([](driven_session& on) { on.take_output(); });
  script.receive(error(), fatal())
      .expect_events("ErrorResponse ERROR 42601 no", "RequestSkipped 2", "ErrorResponse FATAL 57P01 shut down")
      .expect_state(state::ended);
  check_all(script);
}

TEST(ExtendedErrors, WhatCannotBeSentChangesNothing) {
  auto on = opened().play();
  on.take_output();
  protocol::parse parse;
  parse.sql = std::string_view("a\0b", 3);
  EXPECT_EQ(on->parse(parse), errc::embedded_nul);
  protocol::describe describe;
  describe.name = std::string_view("\0", 1);
  EXPECT_EQ(on->describe(describe), errc::embedded_nul);
  EXPECT_EQ(on->run(std::string_view("\0s", 2), {}, 1), errc::embedded_nul);
  std::string const parameters(4 * 65536, '\xff');
  protocol::bind bind;
  bind.parameters = {parameters, 65536};
  EXPECT_EQ(on->bind(bind), errc::too_many_parameters);
  EXPECT_EQ(on->run("s", bind.parameters, 1), errc::too_many_parameters);
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
  faults_detail::check_usable(on);
}

// The memory is that of zero bytes, all of them the same page: nothing of it is to be copied.
TEST(ExtendedErrors, AUnitThatIsTooLargeChangesNothing) {
  constexpr std::size_t size = max_sent_message;
  void* const zeros = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(zeros, MAP_FAILED);
  std::string_view const all(static_cast<char const*>(zeros), size);
  auto on = opened().play();
  on.take_output();
  constexpr std::size_t beside = 4 + 1 + 2 + 2 + 2 + 2;  // length, "", "s", three counts
  protocol::bind bind;
  bind.statement = "s";
  bind.parameters = {all.substr(0, max_sent_message - beside + 1), 1};
  ASSERT_EQ(on->bind(bind), errc::message_too_large);
  ASSERT_EQ(on->run("s", bind.parameters, 1), errc::message_too_large);
  ASSERT_EQ(on->run_once(all.substr(0, max_sent_message - 7)), errc::message_too_large);
  ASSERT_EQ(on->run(all, {}, 1), errc::embedded_nul) << "a name is looked at first";
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
  faults_detail::check_usable(on);
  ::munmap(zeros, size);
}

// ---- what does not belong -------------------------------------------------------------------------------------------

struct violation_row {
  char const* name;
  std::vector<std::string> messages;  // the last of them poisons a unit of Parse, Describe, Bind, Execute, Close, Sync
  state in;
  errc code = errc::unexpected_message;
};

class ExtendedViolation : public testing::TestWithParam<violation_row> {};

TEST_P(ExtendedViolation, Poisons) {
  auto const& row = GetParam();
  auto script = opened();
  script.parse("", "x").describe_statement("").bind("", "").execute("").close_statement("").sync();
  for (auto const& message : row.messages) script.receive(message);
  for (auto const& how : {cuts::whole(), cuts::bytewise(), cuts::random(1)}) {
    auto on = script.play(how);
    ASSERT_FALSE(on.events().empty());
    EXPECT_EQ(on.events().back(), violation_text(row.code, row.in, row.messages.back()[0]));
    EXPECT_EQ(std::count_if(on.events().begin(), on.events().end(),
                            [](auto const& each) { return each.starts_with("violation"); }),
              1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , ExtendedViolation,
    testing::Values(
        violation_row{"ready_at_once", {ready()}, state::parsing},
        violation_row{"parsed_twice", {parsed(), parsed()}, state::describing},
        violation_row{"bound_first", {bound()}, state::parsing},
        violation_row{"columns_before_parameters", {parsed(), columns({"a"})}, state::describing},
        violation_row{"parameters_twice", {parsed(), parameters({}), parameters({})}, state::describing_columns},
        violation_row{"not_bound",
                      {parsed(), parameters({}), columns({"a"}), row({"1"})},
                      state::binding,
                      errc::row_without_description},
        violation_row{"row_without_columns",
                      {parsed(), parameters({}), no_columns(), bound(), row({"1"})},
                      state::executing,
                      errc::row_without_description},
        violation_row{"row_without_columns_nor_fields",
                      {parsed(), parameters({}), no_columns(), bound(), row({})},
                      state::executing,
                      errc::row_without_description},
        violation_row{"too_few_fields",
                      {parsed(), parameters({}), columns({"a", "b"}), bound(), row({"1"})},
                      state::executing,
                      errc::wrong_field_count},
        violation_row{"too_many_fields",
                      {parsed(), parameters({}), columns({"a"}), bound(), row({"1", "2"})},
                      state::executing,
                      errc::wrong_field_count},
        violation_row{"described_while_executing",
                      {parsed(), parameters({}), columns({"a"}), bound(), columns({"a"})},
                      state::executing},
        violation_row{
            "ready_while_executing", {parsed(), parameters({}), columns({"a"}), bound(), ready()}, state::executing},
        violation_row{"ended_twice",
                      {parsed(), parameters({}), columns({"a"}), bound(), complete("SELECT 0"), complete("SELECT 0")},
                      state::closing},
        violation_row{"row_after_the_end",
                      {parsed(), parameters({}), columns({"a"}), bound(), complete("SELECT 0"), row({"1"})},
                      state::closing,
                      errc::row_without_description},
        violation_row{"ready_instead_of_closed",
                      {parsed(), parameters({}), columns({"a"}), bound(), complete("SELECT 0"), ready()},
                      state::closing},
        violation_row{"answers_after_an_error", {error(), parsed()}, state::syncing},
        violation_row{"rows_after_an_error",
                      {parsed(), parameters({}), columns({"a"}), bound(), error(), row({"1"})},
                      state::syncing,
                      errc::row_without_description},
        violation_row{"function_call", {framed('V', bytes("00000001 'x'"))}, state::parsing},
        violation_row{"copy_data", {copy_bytes("x")}, state::parsing}),
    [](auto const& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace tusk::test
