// Bind and Execute, the common form of which is written and answered by a short way: it has to be what the general way
// gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;
using events = std::vector<std::string>;

TEST(BindExecute, ABindIsSentAsEncodeWritesIt) {
  list_storage<field_value> const values{"1", std::nullopt, "", "four"};
  list_storage<std::int16_t> const none, one{1};
  for (std::string_view const portal : {"", "p"})
    for (std::string_view const name : {std::string_view(), std::string_view("s")})
      for (bool const has_values : {false, true})
        for (auto const* formats : {&none, &one}) {
          protocol::bind message;
          message.portal = portal;
          message.statement = name;
          if (has_values) message.parameters = values;
          message.parameter_formats = message.result_formats = *formats;
          auto on = opened().play();
          on.take_output();
          ASSERT_EQ(on->bind(message), std::error_code());
          EXPECT_EQ(readable(on.take_output()), readable(bytes_of(message)));
          EXPECT_EQ(on.state(), state::binding);
          EXPECT_EQ(on->last_request(), 1U);
        }
}

TEST(BindExecute, AnExecuteIsSentAsEncodeWritesIt) {
  for (std::string_view const portal : {"", "p"})
    for (std::int32_t const most : {0, 2, -1}) {
      protocol::execute message;
      message.portal = portal;
      message.max_rows = most;
      auto on = opened().play();
      on.take_output();
      ASSERT_EQ(on->execute(message, 1), std::error_code());
      EXPECT_EQ(readable(on.take_output()), readable(bytes_of(message)));
      EXPECT_EQ(on.state(), most > 0 ? state::executing_some : state::executing);
      EXPECT_EQ(on->last_request(), 1U);
    }
  EXPECT_EQ(session().execute({}, 1), errc::not_ready);
}

TEST(BindExecute, ABindThatCannotBeSentLeavesNothing) {
  auto on = opened().play();
  on.take_output();
  protocol::bind message;
  message.statement = std::string_view("s\0t", 3);
  EXPECT_EQ(session().bind(message), errc::not_ready);
  EXPECT_EQ(on->bind(message), errc::embedded_nul);
  message.statement = "s";
  std::string const nulls(4 * (max_parameters + 1), '\xff');
  message.parameters = {nulls, max_parameters + 1};
  EXPECT_EQ(on->bind(message), errc::too_many_parameters);
  EXPECT_EQ(on->output(), "");
  EXPECT_EQ(on.state(), state::idle);
}

// Wherever the answer is cut.
TEST(BindExecute, AnAnswerWithoutRowsIsTheSameInPieces) {
  std::string const answer = bound() + complete("INSERT 0 1") + bound() + complete("SELECT 0") + bound() + row({"1"}) +
                             complete("SELECT 1") + bound() + empty_query() + ready();
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    auto on = opened().play();
    protocol::bind message;
    message.statement = "s";
    for (std::optional<std::uint16_t> const columns : {0, 1, 1, 0}) {
      ASSERT_EQ(on->bind(message), std::error_code());
      ASSERT_EQ(on->execute({}, columns), std::error_code());
    }
    ASSERT_EQ(on->sync(), std::error_code());
    on.take_events();
    on.feed(answer.substr(0, cut));
    auto told = on.take_events();
    on.feed(answer.substr(cut));
    for (auto& each : on.take_events()) told.push_back(std::move(each));
    EXPECT_EQ(told, (events{"CommandComplete INSERT 0 1", "CommandComplete SELECT 0", "CommandComplete SELECT 1 {1}",
                            "EmptyQueryResponse", "ReadyForQuery I"}))
        << cut;
    EXPECT_EQ(on.state(), state::idle);
    EXPECT_EQ(on->last_answered(), 9U);
  }
}

TEST(BindExecute, TheEndIsThatOfTheExecute) {
  auto on = opened().play();
  ASSERT_EQ(on->bind({}), std::error_code());
  ASSERT_EQ(on->execute({}, std::nullopt), std::error_code());
  ASSERT_EQ(on->sync(), std::error_code());
  on.take_events();
  std::string const answer = bound() + complete("INSERT 0 1") + ready();
  std::copy(answer.begin(), answer.end(), on->prepare().begin());
  on->commit(answer.size());
  EXPECT_TRUE(std::holds_alternative<command_complete>(on->next()));
  EXPECT_EQ(on->answering(), 2U);
  EXPECT_EQ(on->answering_part(), request_part::execute);
  EXPECT_EQ(on->last_answered(), 2U);
  EXPECT_EQ(on.state(), state::syncing);
}

// A CommandComplete belongs to an Execute alone.
TEST(BindExecute, AnEndThatDoesNotBelongPoisons) {
  auto const poisoned = [](auto const& behind, std::string const& answer) {
    auto on = opened().play();
    EXPECT_EQ(on->bind({}), std::error_code());
    EXPECT_EQ(behind(on), std::error_code());
    on.take_events();
    on.feed(answer);
    on.take_events();
    return on.state() == state::poisoned;
  };
  std::string const answer = bound() + complete("INSERT 0 1");
  protocol::describe portal;
  portal.what = described_object::portal;
  EXPECT_TRUE(poisoned([&](auto& on) { return on->describe(portal); }, answer));
  EXPECT_TRUE(poisoned([](auto& on) { return on->bind({}); }, answer));
  EXPECT_TRUE(poisoned([](auto& on) { return on->sync(); }, answer));
  EXPECT_TRUE(poisoned([](auto&) { return std::error_code(); }, answer));
  auto const execute = [](auto& on) { return on->execute({}, std::nullopt); };
  EXPECT_FALSE(poisoned(execute, answer));
  EXPECT_TRUE(poisoned(execute, bound() + row({"1"})));
  EXPECT_TRUE(poisoned(execute, bound() + bound()));
  EXPECT_TRUE(poisoned(execute, bound() + std::string("C\0\0\0\x06"
                                                      "ab",
                                                      7)));
  EXPECT_TRUE(poisoned(execute, bound() + std::string("C\0\0\0\x04", 5)));
}

}  // namespace
}  // namespace tusk::test
