// What may be fed behind an operation before that has ended.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "operations/batch.hpp"
#include "operations/catalogue_load.hpp"
#include "operations/ping.hpp"
#include "operations/script.hpp"
#include "operations/unit.hpp"
#include "support/fed_operations.hpp"
#include "support/made_batch.hpp"

namespace tusk::test {
namespace {

using namespace detail;
using texts = std::vector<std::string>;

/// How a case begins: the connection's mode, and what has happened.
enum class start { autocommit, transactions, in_transaction, guard, in_guard };

struct sample {
  char const* name;
  start from;
  texts operations;  ///< a kind, and behind a colon its statement
  texts flights;     ///< what is sent at once, and after each time that all was answered
  friend std::ostream& operator<<(std::ostream& out, sample const& row) { return out << row.name; }
};

std::unique_ptr<sql_operation> make(fed_operations& on, std::string_view text) {
  auto const colon = std::min(text.find(':'), text.size());
  std::string_view const kind = text.substr(0, colon);
  std::string const sql(text.substr(std::min(colon + 1, text.size())));
  auto& in = on.context;
  if (kind == "ping") return std::make_unique<ping_operation>(in);
  if (kind == "script") return std::make_unique<script>(in, sql);
  if (kind == "batch") return std::make_unique<batch>(in, made_batch({sql}), nullptr);
  if (kind == "new") return std::make_unique<first_run>(in, unknown_statement(in, sql, params::none()), params::none());
  if (kind == "known") {
    auto const* const found = in.statements.find(sql, {});
    auto made = std::make_unique<known_statement>(in, *found, params::none());
    made->hold();
    return made;
  }
  auto fresh = std::make_shared<prepared_statement>();
  fresh->sql = sql;
  return std::make_unique<preparation>(in, fresh);
}

class barriers : public testing::TestWithParam<sample> {};

TEST_P(barriers, hold_back_what_has_to_wait) {
  auto const& [name, from, operations, flights] = GetParam();
  fed_operations on({.autocommit = true});
  for (std::string const& each : operations)
    if (each.starts_with("known:")) on.learn(each.substr(6));
  on.learn("ROLLBACK");  // whatever these have begun
  auto& transactions = on.context.transactions;
  if (from == start::transactions || from == start::in_transaction) transactions.mode.autocommit = false;
  if (from == start::guard || from == start::in_guard) transactions.begin_asked = ++transactions.guards != 0;
  if (from == start::in_transaction || from == start::in_guard) on.learn("SELECT 'first'");
  std::vector<std::unique_ptr<sql_operation>> begun;
  for (std::string const& each : operations) on.begin(*begun.emplace_back(make(on, each)));
  for (std::string const& each : flights) {
    EXPECT_EQ(on.flight(), each);
    on.answer();
  }
  EXPECT_EQ(on.flight(), "");
  for (auto const& each : begun) EXPECT_TRUE(each->has_ended() && !each->error());
}

INSTANTIATE_TEST_SUITE_P(
    , barriers,
    testing::Values(
        sample{"none_in_autocommit",
               start::autocommit,
               {"new:SELECT 1", "known:SELECT 2", "ping", "prepare:SELECT 3", "known:SELECT 4"},
               {"PDBES BES S PDS BES"}},
        sample{"nor_is_a_begin_one_there",
               start::autocommit,
               {"known:BEGIN", "new:SELECT 1", "new:COMMIT", "ping"},
               {"BES PDBES PDBES S"}},
        sample{"a_script_is_one", start::autocommit, {"script:SELECT 1", "ping"}, {"Q", "S"}},
        sample{"behind_others_too", start::autocommit, {"ping", "script:SELECT 1", "ping"}, {"S Q", "S"}},
        sample{"a_batch_is_one", start::autocommit, {"batch:SELECT 1", "ping"}, {"PBDES", "S"}},
        sample{"one_with_begin_in_front",
               start::transactions,
               {"new:SELECT 1", "new:SELECT 2", "new:SELECT 3"},
               {"PBEPDBES", "PDBES PDBES"}},
        sample{"a_known_one_with_begin_in_front",
               start::transactions,
               {"known:SELECT 1", "known:SELECT 1"},
               {"PBEBES", "BES"}},
        sample{"not_what_begins_nothing",
               start::transactions,
               {"ping", "prepare:SELECT 2", "prepare:COMMIT", "new:SELECT 1", "ping"},
               {"S PDS PDS PBEPDBES", "S"}},
        sample{"nothing_in_a_transaction",
               start::in_transaction,
               {"new:SELECT 1", "new:SAVEPOINT a", "new:RELEASE a", "ping", "new:SELECT 2"},
               {"PDBES PDBES PDBES S PDBES"}},
        sample{"a_commit",
               start::in_transaction,
               {"new:COMMIT", "new:SELECT 1", "new:SELECT 2"},
               {"PDBES", "PBEPDBES", "PDBES"}},
        sample{"a_known_commit", start::in_transaction, {"known:COMMIT", "known:SELECT 1"}, {"BES", "PBEBES"}},
        sample{"a_commit_behind_others",
               start::in_transaction,
               {"known:SELECT 1", "new:COMMIT", "known:SELECT 1"},
               {"BES PDBES", "PBEBES"}},
        sample{"a_rollback_to", start::in_transaction, {"new:ROLLBACK TO a", "ping"}, {"PDBES", "S"}},
        sample{"what_cannot_be_told", start::in_transaction, {"new:(SELECT 1)", "ping"}, {"PDBES", "S"}},
        sample{"one_with_a_guards_begin", start::guard, {"new:SELECT 1", "new:SELECT 2"}, {"PBEPDBES", "PDBES"}},
        sample{"a_guards_begin_behind_others",
               start::guard,
               {"ping", "prepare:SELECT 1", "new:SELECT 1", "new:SELECT 2"},
               {"S PDS PBEPDBES", "PDBES"}},
        sample{"nothing_in_a_guard", start::in_guard, {"new:SELECT 1", "known:SELECT 2", "ping"}, {"PDBES BES S"}},
        sample{"a_commit_in_a_guard", start::in_guard, {"new:COMMIT", "ping"}, {"PDBES", "S"}}),
    [](auto const& row) { return std::string(row.param.name); });

TEST(load_types, is_no_barrier) {
  fed_operations on({.autocommit = false});
  adapter_registry adapters;
  EXPECT_FALSE(catalogue_load(on.context, adapters, {}).is_barrier());
}

// If the BEGIN failed the second one would stand by itself.
TEST(units, with_begin_hold_back_the_next_one) {
  for (bool const autocommit : {false, true}) {
    fed_operations on({.autocommit = autocommit});
    auto const first = std::make_shared<unit>(on.context), second = std::make_shared<unit>(on.context);
    for (auto const& each : {first, second}) {
      each->add(each == first ? "SELECT 1" : "SELECT 2", params::none());
      each->sync();
      on.begin(*each);
    }
    EXPECT_EQ(on.flight(), autocommit ? "PDBES PDBES" : "PBEPDBES");
    on.answer();
    EXPECT_EQ(on.flight(), autocommit ? "" : "PDBES");
    on.finish();
    EXPECT_TRUE(first->has_ended() && second->has_ended());
  }
}

// The guard's BEGIN is on its way behind the ping, whose answer says that there is no transaction.
TEST(guard, whose_begin_is_under_way_is_not_broken_by_what_went_before) {
  fed_operations on({.autocommit = true});
  on.context.transactions.begin_asked = ++on.context.transactions.guards != 0;
  ping_operation first(on.context);
  auto const second = make(on, "new:SELECT 1");
  on.begin(first);
  on.begin(*second);
  EXPECT_EQ(on.flight(), "S PBEPDBES");
  on.answer();
  EXPECT_TRUE(second->has_ended());
  EXPECT_FALSE(on.context.obstacles.any_of(obstacles::guard_broken));
  auto const third = make(on, "new:ROLLBACK");
  on.begin(*third);
  on.finish();
  EXPECT_TRUE(on.context.obstacles.any_of(obstacles::guard_broken)) << "as by ROLLBACK in a statement's text";
}

// ---- statements on their way ----

// Bind never goes by a name whose Parse was not answered.
TEST(statement_on_its_way, that_is_asked_for_again_is_parsed_without_a_name) {
  fed_operations on({.autocommit = true});
  auto const first = make(on, "new:SELECT 1"), second = make(on, "new:SELECT 1");
  on.begin(*first);
  on.begin(*second);
  EXPECT_EQ(on.flight(), "PDBES PDBES");
  on.answer();
  for (auto const* each : {first.get(), second.get()}) {
    ASSERT_EQ(each->error(), nullptr);
    EXPECT_EQ(const_cast<sql_operation*>(each)->results()[0][0].get<std::string>(0), "SELECT 1");
  }
  auto const third = make(on, "known:SELECT 1");
  on.begin(*third);
  EXPECT_EQ(on.flight(), "BES") << "the second one is not kept, and left no name to close";
  on.answer();
  EXPECT_EQ(third->results()[0][0].get<std::string>(0), "SELECT 1");
}

// One that was before them failed with it, and its name was closed: the server did not know it.
TEST(statement_on_its_way, mended_that_is_forgotten_while_others_wait_to_go_by_its_name) {
  fed_operations on({.autocommit = true});
  auto const known = on.learn("SELECT 1");
  auto const barrier = make(on, "script:SELECT 2"), alone = make(on, "known:SELECT 1");
  auto const in_unit = std::make_shared<unit>(on.context);
  auto const request = in_unit->add("SELECT 1", params::none());
  in_unit->sync();
  on.begin(*barrier);
  on.begin(*alone);
  on.begin(*in_unit);
  on.context.forget(*known);
  EXPECT_EQ(on.flight(), "Q");
  on.answer();
  EXPECT_EQ(on.flight(), "CPDBES PDBES");
  on.answer();
  EXPECT_EQ(alone->error(), nullptr);
  EXPECT_EQ(alone->results()[0][0].get<std::string>(0), "SELECT 1");
  EXPECT_EQ(request->error(), nullptr);
  EXPECT_EQ(request->results()[0][0].get<std::string>(0), "SELECT 1");
}

TEST(statement_on_its_way, that_leaves_the_cache_is_closed_behind_its_last_use) {
  fed_operations on({.autocommit = true}, {.statement_cache = 1});
  on.learn("SELECT 1");
  {
    auto const barrier = make(on, "script:SELECT 2"), other = make(on, "new:SELECT 3"),
               another = make(on, "new:SELECT 4"), last = make(on, "known:SELECT 1");
    on.begin(*other);
    on.begin(*barrier);
    on.begin(*another);
    on.begin(*last);
    EXPECT_EQ(on.flight(), "PDBES Q");
    on.answer();
    EXPECT_EQ(on.flight(), "PDBES BES") << "it would not be known there any more";
    on.answer();
    EXPECT_EQ(last->error(), nullptr);
  }
  auto const next = make(on, "new:SELECT 5");
  on.begin(*next);
  EXPECT_EQ(on.flight(), "CCPDBES");
  on.answer();
}

}  // namespace
}  // namespace tusk::test
