// Rows of a statement that runs: they may be taken whenever bytes are wanted or rows_gathered is told. Nothing is lost
// or doubled, whatever the cut.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/conversation.hpp"
#include "support/effort.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

struct told {
  std::vector<std::string> events;
  std::string rows;
  std::size_t portions = 0;
};

/// Takes events until bytes are wanted, and the rows whenever that is allowed and `takes` says so.
void take_all(driven_session& on, told& what, bool takes, bool recycles = true) {
  auto const take = [&] {
    auto rows = on->take_rows();
    what.rows += text_of(rows);
    what.portions += rows.size() != 0 ? 1 : 0;
    if (recycles) on->recycle(std::move(rows));
  };
  for (;;) {
    event const& now = on->next();
    if (std::holds_alternative<want_bytes>(now)) break;
    if (std::holds_alternative<rows_gathered>(now)) {
      if (takes) take();
      continue;
    }
    bool const ends = std::holds_alternative<command_complete>(now) || std::holds_alternative<unit_complete>(now) ||
                      std::holds_alternative<portal_suspended>(now);
    if (auto const* violated = std::get_if<violation>(&now)) {
      what.events.push_back(violated->code.message());
      return;
    }
    if (ends) {
      what.events.emplace_back(std::to_string(now.index()));
      take();
    } else {
      what.events.push_back(text_of(now, on.get()));
    }
  }
  bool const runs =
      on.state() == state::executing || on.state() == state::executing_some || on.state() == state::querying_rows;
  if (takes && runs) take();
}

told play(std::string_view answer, std::size_t cut, bool takes, std::uint64_t rows_at, bool simple) {
  auto on = opened().play();
  on.take_events();
  on->tell_rows_at(rows_at);
  EXPECT_EQ(simple ? on->query("x") : on->run("s", {}, 2), std::error_code());
  told what;
  for (std::string_view part : {answer.substr(0, cut), answer.substr(cut)})
    for (; !part.empty(); take_all(on, what, takes)) part.remove_prefix(on.put(part));
  EXPECT_EQ(name(on.state()), "idle");
  return what;
}

TEST(RunningRows, AreTheSameForEveryCut) {
  std::string const rows = some_rows(8);
  struct {
    std::string answer;
    bool simple;
  } const cases[] = {
      {bound() + rows + complete("SELECT 8") + ready(), false},
      {bound() + rows + notice("between") + rows + complete("SELECT 16") + ready(), false},
      {bound() + row({"1", "2"}) + complete("SELECT 1") + ready(), false},
      {columns({"a", "b"}) + rows + complete("SELECT 8") + columns({"a", "b"}) + rows + complete("SELECT 8") + ready(),
       true},
      {bound() + row({"", std::string(9000, 'y')}) + rows + complete("SELECT 9") + ready(), false},
  };
  for (auto const& each : cases) {
    auto const plain = play(each.answer, each.answer.size(), false, unlimited, each.simple);
    std::string const shown = readable(each.answer);
    std::size_t const step = (each.answer.size() > 5000 ? 37 : 1) * (test::effort_divisor == 1 ? 1 : 3);
    for (std::size_t cut = 0; cut <= each.answer.size(); cut += step)
      for (std::uint64_t const rows_at : {unlimited, std::uint64_t{1}, std::uint64_t{200}})
        for (bool const takes : {true, false}) {
          SCOPED_TRACE(std::to_string(cut) + " of " + shown);
          auto const found = play(each.answer, cut, takes, rows_at, each.simple);
          ASSERT_EQ(found.events, plain.events);
          ASSERT_EQ(std::count(found.rows.begin(), found.rows.end(), '{'),
                    std::count(plain.rows.begin(), plain.rows.end(), '{'));
          std::string joined = found.rows, expected = plain.rows;
          std::erase(joined, ' ');  // stands before the first row of each portion
          std::erase(expected, ' ');
          ASSERT_EQ(joined, expected);
        }
  }
}

// Where a row is cut, in a buffer that is full, near its end, or not yet large.
TEST(RunningRows, ManyInReadsOfAnySize) {
  std::string answer = bound();
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    answer += row({std::to_string(i), "text"});
    expected += "{" + std::to_string(i) + "|text}";
  }
  answer += complete("SELECT 20000") + ready();
  for (auto how : {cuts::whole(), cuts::random(1), cuts::random(2)})
    for (std::uint64_t const rows_at : {unlimited, std::uint64_t{1}, std::uint64_t{100'000}})
      for (unsigned const takes_each : {1U, 3U, 50U})
        for (bool const recycles : {true, false}) {
          SCOPED_TRACE(how.name() + ", a take each " + std::to_string(takes_each));
          auto on = opened().play();
          on->tell_rows_at(rows_at);
          ASSERT_EQ(on->run("s", {}, 2), std::error_code());
          told what;
          unsigned reads = 0;
          for (std::string_view left = answer; !left.empty();) {
            left.remove_prefix(on.put(left.substr(0, how.next(left.size()) * 40)));
            take_all(on, what, ++reads % takes_each == 0, recycles);
          }
          std::erase(what.rows, ' ');
          ASSERT_EQ(what.rows, expected);
        }
}

TEST(RunningRows, AnErrorAndAViolationKeepWhatWasTaken) {
  for (auto const& end : {error() + ready(), row({"1"}), fatal()}) {
    auto on = opened().play();
    on.take_events();
    ASSERT_EQ(on->run("s", {}, 2), std::error_code());
    told what;
    on.put(bound() + row({"1", "2"}));
    take_all(on, what, true);
    EXPECT_EQ(what.rows, " {1|2}");
    on.put(row({"3", "4"}) + end);
    take_all(on, what, true);
    EXPECT_EQ(what.rows, " {1|2}");
    EXPECT_EQ(on->take_rows().size(), 0U);
  }
}

TEST(RunningRows, OfPortalsInPortions) {
  auto on = opened().play();
  on.take_events();
  execute some;
  some.max_rows = 2;
  ASSERT_EQ(on->bind({}), std::error_code());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(on->execute(some, 1), std::error_code());
  ASSERT_EQ(on->sync(), std::error_code());
  std::string const answer = bound() + row({"1"}) + row({"2"}) + suspended() + row({"3"}) + row({"4"}) + suspended() +
                             row({"5"}) + complete("SELECT 1") + ready();
  told what;
  for (char const byte : answer) {
    on.put({&byte, 1});
    take_all(on, what, true);
  }
  EXPECT_EQ(what.rows, " {1} {2} {3} {4} {5}");
  EXPECT_EQ(what.portions, 5U);
  EXPECT_EQ(on.state(), state::idle);
}

// ---- rows_gathered --------------------------------------------------------------------------------------------------

TEST(RowsGathered, AreToldOnceThereAreEnough) {
  auto on = opened().play();
  on->tell_rows_at(100);
  ASSERT_EQ(on->query("x"), std::error_code());
  on.put(columns({"a"}) + row({std::string(50, 'x')}));
  EXPECT_TRUE(std::holds_alternative<row_description>(on->next()));
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  on.put(row({std::string(50, 'y')}));
  ASSERT_TRUE(std::holds_alternative<rows_gathered>(on->next()));
  EXPECT_EQ(on->answering(), 1U);
  EXPECT_EQ(on->answering_part(), request_part::query);
  // Ignored, it comes again when there are more.
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  on.put(row({"z"}));
  ASSERT_TRUE(std::holds_alternative<rows_gathered>(on->next()));
  EXPECT_EQ(on->take_rows().size(), 3U);
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  on.put(row({"z"}));
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  on.put(complete("SELECT 4") + ready());
  EXPECT_TRUE(std::holds_alternative<command_complete>(on->next()));
  EXPECT_EQ(on->take_rows().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<ready_for_query>(on->next()));
}

TEST(RowsGathered, AreOffAtFirstAndAgain) {
  auto on = opened().play();
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(on->run("s", {}, 1), std::error_code());
    on.put(bound() + row({std::string(1000, 'x')}));
    EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    on.feed(complete("SELECT 1") + ready());
    on->tell_rows_at(1);
    on->tell_rows_at(unlimited);
  }
}

}  // namespace
}  // namespace tusk::test
