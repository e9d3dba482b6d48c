// What a pipeline's unit and a stream send, message by message, and what of a unit waits.
#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/types/error.hpp>
#include <vector>

#include "operations/script.hpp"
#include "operations/stream_run.hpp"
#include "operations/unit.hpp"
#include "support/fed_operations.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace detail;

std::string text_of(std::exception_ptr const& error) {
  if (!error) return "no error";
  try {
    std::rethrow_exception(error);
  } catch (tusk::error const& e) {
    return e.what();
  }
}

TEST(unit_feeding, closes_what_is_to_be_closed_at_its_head) {
  fed_operations on({.autocommit = true});
  on.context.released.emplace_back("tusk_gone_1");
  auto const what = std::make_shared<unit>(on.context);
  what->add("SELECT 1", params::none());
  what->sync();
  on.begin(*what);
  EXPECT_EQ(on.flight(), "CPDBES");
  on.answer();
  EXPECT_TRUE(what->has_ended() && !what->error());
  EXPECT_TRUE(on.context.released.empty());
}

// What was before it would stand.
TEST(unit_feeding, of_what_cannot_be_sent_fails_at_the_server) {
  fed_operations on({.autocommit = true});
  auto const what = std::make_shared<unit>(on.context);
  auto const before = what->add("INSERT 1", params::none());
  auto const bad = what->add(std::string_view("SELECT '\0'", 10), params::none());
  auto const behind = what->add("INSERT 2", params::none());
  what->sync();
  on.begin(*what);
  EXPECT_EQ(on.flight(), "PDBEES") << "an Execute of no portal";
  EXPECT_TRUE(bad->has_ended() && behind->has_ended());
  on.answer();
  EXPECT_TRUE(what->has_ended());
  for (auto const* each : {static_cast<sql_operation const*>(what.get()), static_cast<sql_operation const*>(bad.get()),
                           static_cast<sql_operation const*>(behind.get())})
    EXPECT_CONTAINS("a request of the pipeline cannot be sent", text_of(each->error()));
  EXPECT_THROW(before->require_takeable(), programming_error);
  EXPECT_EQ(on.context.waiting_in_units, 0U);
}

TEST(unit_feeding, goes_on_when_less_waits_to_be_sent) {
  fed_operations on({.autocommit = true});
  auto const what = std::make_shared<unit>(on.context);
  auto const large = [](std::size_t number) { return std::string(10'000, static_cast<char>('a' + number % 26)); };
  std::vector<std::shared_ptr<unit_request>> asked;
  for (std::size_t i = 0; i < 30; ++i) asked.emplace_back(what->add("SELECT $1", params(large(i))))->keep();
  EXPECT_GE(on.context.waiting_in_units, 300'000U);
  what->sync();
  on.begin(*what);
  EXPECT_LT(on.context.session.output().size(), 80'000U);
  EXPECT_GE(on.context.waiting_in_units, 200'000U);
  on.finish();
  EXPECT_EQ(on.context.waiting_in_units, 0U);
  for (std::size_t i = 0; i < 30; ++i)
    EXPECT_EQ(asked[i]->results()[0][0].get<std::string>(0), "SELECT $1|" + large(i)) << i;
}

TEST(unit_feeding, that_was_given_up_before_sends_nothing_and_says_why) {
  fed_operations on({.autocommit = true});
  script barrier(on.context, std::string("SELECT 1"));
  auto const what = std::make_shared<unit>(on.context);
  auto const request = what->add("SELECT 2", params::none());
  on.begin(barrier);
  on.begin(*what);
  EXPECT_GE(on.context.waiting_in_units, 8U);
  what->abandon(std::make_exception_ptr(operational_error("given up")));
  EXPECT_EQ(on.context.waiting_in_units, 0U);
  EXPECT_EQ(on.flight(), "Q");
  on.answer();
  EXPECT_EQ(on.flight(), "");
  for (auto const& error : {what->error(), request->error()}) EXPECT_EQ(text_of(error), "given up");
  EXPECT_TRUE(what->has_ended() && on.queue.empty());
}

TEST(unit_feeding, that_is_lost_leaves_nothing_waiting) {
  fed_operations on({.autocommit = true});
  script barrier(on.context, std::string("SELECT 1"));
  auto const what = std::make_shared<unit>(on.context);
  auto const request = what->add("SELECT 2", params::none());
  on.begin(barrier);
  on.begin(*what);
  on.queue.end_all(std::make_exception_ptr(operational_error("lost")));
  EXPECT_EQ(text_of(request->error()), "lost");
  EXPECT_EQ(on.context.waiting_in_units, 0U);
}

// The answer to BEGIN is no request's, and a guard's BEGIN is owed no more.
TEST(unit_feeding, begins_a_guards_transaction_once) {
  fed_operations on({.autocommit = true});
  on.context.transactions.begin_asked = ++on.context.transactions.guards != 0;
  for (char const* const flight : {"PBEPDBES", "PDBES"}) {
    auto const what = std::make_shared<unit>(on.context);
    auto const request = what->add(flight, params::none());
    what->sync();
    on.begin(*what);
    EXPECT_EQ(on.flight(), flight);
    on.answer();
    EXPECT_FALSE(on.context.transactions.begin_asked || on.context.transactions.begin_sent);
    EXPECT_TRUE(what->has_ended() && !what->error() && !request->error());
    ASSERT_EQ(request->results().size(), 1U);
    EXPECT_EQ(request->results()[0].command_tag(), flight);
  }
}

// ---- a stream ----

TEST(stream_feeding, closes_what_is_to_be_closed_at_its_head) {
  fed_operations on({.autocommit = true});
  auto const known = on.learn("SELECT 1");
  on.context.released.emplace_back("tusk_gone_1");
  auto const first = stream_run::of_known(on.context, known, params::none());
  on.begin(*first);
  EXPECT_EQ(on.flight(), "CBES");
  on.answer();
  EXPECT_TRUE(first->has_ended() && first->has_chunks());
  EXPECT_TRUE(on.context.released.empty());
}

}  // namespace
}  // namespace tusk::test
