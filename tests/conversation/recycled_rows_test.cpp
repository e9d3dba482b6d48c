// The buffers of rows that were taken may be given back: a statement's memory stays what one portion takes, and what
// was handed over no longer counts for limits::max_result.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/conversation.hpp"
#include "support/heap_bytes.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

TEST(RecycledRows, AStreamTakesConstantMemory) {
  for (bool const at_want_bytes : {true, false}) {
    auto on = opened().play();
    on.take_events();
    if (!at_want_bytes) on->tell_rows_at(200'000);
    ASSERT_EQ(on->run("s", {}, 2), std::error_code());
    on.put(bound());
    std::string const piece = some_rows(2000);
    std::size_t rows = 0;
    heap_watch const heap;
    for (int i = 0; i < 1000; ++i) {  // about 60 MB
      for (std::string_view left = piece; !left.empty();) {
        left.remove_prefix(on.put(left));
        bool const gathered = std::holds_alternative<rows_gathered>(on->next());
        if (!at_want_bytes && !gathered) continue;
        auto taken = on->take_rows();
        rows += taken.size();
        on->recycle(std::move(taken));
      }
      ASSERT_LE(heap.growth(), at_want_bytes ? 400'000U : 900'000U);
    }
    on.feed(complete("SELECT") + ready());
    EXPECT_EQ(on.state(), state::idle);
    EXPECT_GT(rows, 1'900'000U);
    EXPECT_TRUE(on->shrink());
    EXPECT_FALSE(on->shrink());
  }
}

TEST(RecycledRows, RecycledBuffersAreUsedAgain) {
  auto on = opened().play();
  ASSERT_EQ(on->run("s", {}, 1), std::error_code());
  on.put(bound());
  std::string const piece = row({std::string(30'000, 'x')});
  std::vector<char const*> seen;
  for (int i = 0; i < 40; ++i) {
    for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
    ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    auto taken = on->take_rows();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0][0].text(), std::string(30'000, 'x'));
    char const* const at = taken[0][0].data;
    if (i > 3 && std::find(seen.begin(), seen.end(), at) == seen.end()) seen.push_back(at);
    on->recycle(std::move(taken));
  }
  EXPECT_LE(seen.size(), 4U);  // two buffers, and two places in each
}

TEST(RecycledRows, WhateverIsRecycledDoesNoHarm) {
  auto on = opened().play();
  on->recycle({});
  ASSERT_EQ(on->run("s", {}, 1), std::error_code());
  on.put(bound() + row({"small"}));
  ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  auto small = on->take_rows();
  auto moved = std::move(small);
  on->recycle(std::move(small));
  on->recycle(std::move(moved));
  // More than it keeps, and then those of another session.
  std::vector<row_set> many;
  for (int i = 0; i < 20; ++i) {
    std::string const piece = row({std::string(60'000, 'x')});
    for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
    ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    many.push_back(on->take_rows());
  }
  auto other = opened().play();
  // A session whose own buffer is small does not keep what it is given.
  std::size_t const before = heap_bytes();
  for (int i = 0; i < 10; ++i) other->recycle(std::move(many[static_cast<std::size_t>(i)]));
  EXPECT_LE(heap_bytes(), before == 0 ? 0 : before - 9 * frame_reader::chunk_capacity);
  for (auto& each : many) on->recycle(std::move(each));
  on.feed(row({"last"}) + complete("SELECT") + ready());
  EXPECT_EQ(on.state(), state::idle);
  EXPECT_TRUE(on->shrink());
  EXPECT_EQ(other.state(), state::idle);
}

// A portion is not cut to its size, so that its buffer can be received into again; the last rows of a statement are.
TEST(RecycledRows, APortionKeepsItsBuffer) {
  for (bool const runs : {true, false}) {
    auto on = opened().play();
    ASSERT_EQ(on->run("s", {}, 1), std::error_code());
    on.feed(bound());
    std::string const piece = row({std::string(30'000, 'x')});
    for (int i = 0; i < 6; ++i) {
      for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
      ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
      (void)on->take_rows();
    }
    on.put(row({std::string(5000, 'x')}));
    ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    if (!runs) {
      on.put(complete("SELECT"));
      ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
      ASSERT_EQ(on.state(), state::syncing);
    }
    heap_watch const heap;
    auto const taken = on->take_rows();
    EXPECT_EQ(taken.size(), 1U);
    if (heap_bytes() != 0) {
      EXPECT_EQ(heap.growth() > 50'000, runs) << heap.growth();
    }
  }
}

// A row_set that is used again remembered that it had had a buffer.
TEST(RecycledRows, ARowSetIsUsedAgain) {
  auto on = opened().play();
  ASSERT_EQ(on->run("s", {}, 1), std::error_code());
  on.put(bound());
  std::string const piece = row({std::string(60'000, 'x')});
  row_set rows;
  for (int i = 0; i < 6; ++i) {
    for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
    ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    on->take_rows(rows);
    auto const elsewhere = std::move(rows);
    on.put(row({"small"}));
    ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
    on->take_rows(rows);
    EXPECT_EQ(text_of(rows), " {small}");
    on->recycle(std::move(rows));
  }
  on.feed(complete("SELECT") + ready());
  EXPECT_EQ(on.state(), state::idle);
}

// What was handed over is not kept: limits::max_result is for what the session holds.
TEST(RecycledRows, TakenOnesDoNotCountForTheLimit) {
  limits limit;
  limit.max_result = 10'000;
  for (bool const takes : {true, false}) {
    driven_session on(cuts::whole(), limit);
    opened().play(on, 0, opened().steps().size(), true);
    ASSERT_EQ(on->query("x; y"), std::error_code());
    on.put(columns({"a"}));
    (void)on->next();
    for (int i = 0; i < 100 && !on.poisoned(); ++i) {
      on.put(row({std::string(500, 'x')}));
      event const& now = on->next();
      if (!std::holds_alternative<want_bytes>(now)) break;
      if (takes) {
        EXPECT_EQ(on->take_rows().size(), 1U);
      }
    }
    EXPECT_EQ(on.poisoned(), !takes);
    if (!takes) continue;
    on.feed(complete("SELECT 100") + columns({"a"}) + row({std::string(9700, 'x')}) + complete("SELECT 1") + ready());
    EXPECT_EQ(name(on.state()), "idle");
  }
}

// The bytes of what was handed over in a buffer were counted again with the next rows.
TEST(RecycledRows, LargeOnesAreCountedOnce) {
  limits limit;
  limit.max_result = 20'000;
  std::string const piece = row({std::string(6000, 'x')});
  for (bool const ends : {true, false}) {
    driven_session on(cuts::whole(), limit);
    opened().play(on, 0, opened().steps().size(), true);
    ASSERT_EQ(on->query("x"), std::error_code());
    on.feed(columns({"a"}));
    for (int i = 0; i < 3; ++i) {
      on.feed(piece);
      if (ends)
        on.feed(complete("SELECT 1") + columns({"a"}));
      else
        EXPECT_EQ(on->take_rows().size(), 1U);
    }
    EXPECT_FALSE(on.poisoned());
    on.feed(piece);
    EXPECT_EQ(on.poisoned(), ends);
  }
}

// The rows of one that has ended are not taken for those of the next, which has been begun.
TEST(RecycledRows, ThoseOfEndedStatementsCountForTheLimit) {
  limits limit;
  limit.max_result = 10'000;
  driven_session on(cuts::whole(), limit);
  opened().play(on, 0, opened().steps().size(), true);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(on->execute({}, 1), std::error_code());
  std::string const piece = row({std::string(6000, 'x')});
  for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
  ASSERT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  on.put(complete("SELECT 1"));
  ASSERT_TRUE(std::holds_alternative<command_complete>(on->next()));
  EXPECT_EQ(on->take_rows().size(), 1U);
  for (std::string_view left = piece; !left.empty();) left.remove_prefix(on.put(left));
  ASSERT_TRUE(std::holds_alternative<violation>(on->next()));
  EXPECT_EQ(std::get<violation>(on->current()).code, errc::result_too_large);
}

}  // namespace
}  // namespace tusk::test
