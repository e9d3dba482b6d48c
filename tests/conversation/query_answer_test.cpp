// The answer to a simple query whose columns are known already, taken at once: the same as by events, for every cut.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

/// The columns of columns({"a"}).
list_storage<column_description> const& known() {
  static list_storage<column_description> const made{{"a", 0, 0, 25, -1, -1, 0}};
  return made;
}

driven_session querying() {
  auto on = opened().play();
  on.take_events();
  EXPECT_EQ(on->query("select"), std::error_code());
  on.take_output();
  return on;
}

/// What next() tells of the answer.
std::vector<std::string> by_events(std::string const& answer) {
  auto on = querying();
  on.feed(answer);
  return on.take_events();
}

/// The same by take_query_answer() when the first `cut` bytes are there, and next().
std::vector<std::string> at_once(std::string const& answer, std::size_t cut, query_answer& taken) {
  auto on = querying();
  on.put(answer.substr(0, cut));
  std::vector<std::string> told;
  taken = on->take_query_answer(known());
  if (taken != query_answer::nothing) told.emplace_back("RowDescription a");
  if (taken == query_answer::all) {
    auto const ended = std::get<unit_complete>(on->current());
    told.push_back("CommandComplete " + std::string(ended.tag) + text_of(on->take_rows()));
    told.push_back(std::string("ReadyForQuery ") + static_cast<char>(ended.status));
    EXPECT_EQ(on.state(), state::idle);
    EXPECT_EQ(on->transaction(), ended.status);
  }
  on.drain();
  if (!on.over()) on.feed(answer.substr(cut));
  for (auto& each : on.take_events()) told.push_back(std::move(each));
  return told;
}

TEST(QueryAnswer, IsTheSameForEveryCut) {
  std::string const answers[] = {
      columns({"a"}) + row({"1"}) + row({std::nullopt}) + complete("SELECT 2") + ready(),
      columns({"a"}) + complete("SELECT 0") + ready(protocol::transaction_indicator::in_transaction),
      columns({"a"}) + row({"1"}) + complete("SELECT 1") + columns({"a"}) + complete("SELECT 0") + ready(),
      columns({"a"}) + row({"1"}) + notice("later") + complete("SELECT 1") + ready(),
      columns({"a"}) + row({"1"}) + error() + ready(protocol::transaction_indicator::failed),
      columns({"b"}) + row({"1"}) + complete("SELECT 1") + ready(),
      columns({"a", "a"}) + row({"1", "2"}) + complete("SELECT 1") + ready(),
      columns({}) + row({}) + complete("SELECT 1") + ready(),
      complete("SET") + ready(),
      empty_query() + ready(),
      columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready() + notice("behind"),
      columns({"a"}) + row({"1", "2"}) + complete("SELECT 1") + ready(),
      columns({"a"}) + row({"1"}) + framed('C', "SELECT 1") + ready(),
      columns({"a"}) + row({"1"}) + complete("SELECT 1") + framed('Z', "X"),
  };
  for (std::string const& answer : answers) {
    auto const expected = by_events(answer);
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
      SCOPED_TRACE(readable(answer) + " cut at " + std::to_string(cut));
      query_answer taken;
      EXPECT_EQ(at_once(answer, cut, taken), expected);
    }
  }
}

TEST(QueryAnswer, IsTakenWholeOnlyIfItIsWholeAndOfOneStatementWithTheseColumns) {
  std::string const good = columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready();
  query_answer taken;
  for (std::size_t cut = 0; cut <= good.size(); ++cut) {
    at_once(good, cut, taken);
    auto const expected = cut == good.size()            ? query_answer::all
                          : cut < columns({"a"}).size() ? query_answer::nothing
                                                        : query_answer::description;
    EXPECT_EQ(taken, expected) << cut;
  }
  std::string const other = columns({"b"}) + complete("SELECT 0") + ready();
  at_once(other, other.size(), taken);
  EXPECT_EQ(taken, query_answer::nothing);
}

TEST(QueryAnswer, IsNothingOutsideOfAQueryAndWhereMoreIsAwaited) {
  std::string const good = columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready();
  auto idle = opened().play();
  EXPECT_EQ(idle->take_query_answer(known()), query_answer::nothing);
  auto on = querying();
  EXPECT_EQ(on->query("another"), std::error_code());
  on.put(good + good);
  EXPECT_EQ(on->take_query_answer(known()), query_answer::nothing);
  on.drain();
  EXPECT_EQ(on.take_events().size(), 6U);
}

}  // namespace
}  // namespace tusk::test
