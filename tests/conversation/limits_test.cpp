// What a server can make a session allocate, before and after authentication, and what a session keeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/heap_bytes.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

/// The first five bytes of a message, which is all that is needed to refuse it.
std::string head(char type, std::uint32_t length) { return framed(type, {}, length); }

conversation begun() { return conversation().start(startup_options_of_me()); }

constexpr std::uint32_t one_gib = 0x4000'0000;

struct length_row {
  char type;
  std::uint32_t least, most;
};

void check_lengths(conversation const& script, length_row const& row) {
  SCOPED_TRACE(std::string("message '") + row.type + "'");
  auto const fed = [&](std::uint32_t length) {
    auto on = script.play(cuts::bytewise());
    heap_watch const heap;
    on.feed(head(row.type, length));
    EXPECT_LE(heap.growth(), 8192U) << length;  // whatever it declares
    return on;
  };
  for (std::uint32_t const length : {row.least, row.most}) {
    auto on = fed(length);
    if (length != 4) {
      EXPECT_FALSE(on.over()) << length << ": " << on.code().message();
      EXPECT_EQ(on->buffered(), 5U);
    }
  }
  for (std::uint32_t const length : {0U, 1U, 3U, row.least - 1}) {
    auto on = fed(length);
    EXPECT_EQ(on.code(), errc::length_too_small) << length;
  }
  for (std::uint32_t const length : {row.most + 1, one_gib, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU}) {
    auto on = fed(length);
    EXPECT_EQ(on.code(), errc::length_too_large) << length;
  }
}

TEST(Lengths, BeforeAuthentication) {
  for (auto const& row : {length_row{'R', 8, 2000}, {'v', 8, 2000}, {'E', 8, 30'000}}) check_lengths(begun(), row);
}

TEST(Lengths, BeforeAuthenticationNoOtherMessageIsRead) {
  for (int type = 0; type < 256; ++type) {
    if (std::string_view("RvE").find(static_cast<char>(type)) != std::string_view::npos) continue;
    auto on = begun().play();
    on.feed(head(static_cast<char>(type), 5));
    EXPECT_EQ(on.code(), errc::unknown_message) << type;
  }
}

TEST(Lengths, AfterAuthentication) {
  for (auto const& row : {length_row{'K', 12, 264},
                          {'E', 5, one_gib - 1},
                          {'N', 5, one_gib - 1},
                          {'A', 10, one_gib - 1},
                          {'S', 6, 30'000},
                          {'T', 6, one_gib - 1},
                          {'D', 6, one_gib - 1},
                          {'C', 5, 30'000},
                          {'t', 6, one_gib - 1},
                          {'V', 8, one_gib - 1},
                          {'G', 7, 30'000},
                          {'H', 7, 30'000},
                          {'d', 4, one_gib - 1},
                          {'R', 8, 2000},
                          {'v', 8, 2000}})
    check_lengths(opened(), row);
}

TEST(Lengths, AfterAuthenticationOkInTheSameRead) {
  auto script = begun();
  script.receive(auth_ok() + head('N', 100'000));
  auto on = script.play();
  EXPECT_FALSE(on.over());
  EXPECT_EQ(on->buffered(), 5U);
}

TEST(Lengths, AnEarlyErrorOfTheMostBytes) {
  for (std::size_t const size : {29'000U, 31'000U}) {
    auto script = begun();
    script.receive(fatal("28000", std::string(size, 'x')));
    auto on = script.play();
    EXPECT_EQ(on.state(), size < 30'000 ? state::ended : state::poisoned);
  }
}

// ---- the user's limit -----------------------------------------------------------------------------------------------

TEST(UsersLimit, HoldsForRowsAndAllElse) {
  protocol::limits limit;
  limit.max_message = 40'000;
  auto const row_of = [](std::size_t length) { return row({std::string(length - 10, 'x')}); };
  for (auto const& how : {cuts::whole(), cuts::bytewise(), cuts::random(1)}) {
    for (bool const unit : {false, true}) {
      auto script = opened();
      script.with(limit);
      unit ? script.run("s", 1).receive(bound()) : script.query("x").receive(columns({"a"}));
      auto on = script.play(how);
      on.feed(row_of(40'000));
      EXPECT_FALSE(on.over());
      on.feed(row_of(40'001) + complete("SELECT 2") + ready());
      EXPECT_EQ(on.code(), errc::length_too_large);
    }
    auto on = opened().with(limit).play(how);
    on.feed(notice(std::string(30'000, 'x')));
    EXPECT_FALSE(on.over());
    on.feed(notice(std::string(40'000, 'x')));
    EXPECT_EQ(on.code(), errc::length_too_large);
  }
}

TEST(UsersLimit, IsTheSameWhateverTheCut) {
  for (std::uint32_t const most : {8U, 12U, 13U, 14U, 100U}) {
    protocol::limits limit;
    limit.max_message = most;
    conversation script;
    script.with(limit).start(startup_options_of_me()).receive(auth_ok() + ready());
    script.run("s", 1).receive(bound() + row({"1"}) + complete("SELECT 1") + ready());
    auto const whole = script.play().take_events();
    EXPECT_EQ(script.play(cuts::bytewise()).take_events(), whole) << most;
    EXPECT_EQ(script.play(cuts::random(most)).take_events(), whole) << most;
  }
}

TEST(UsersLimit, CannotBeRaisedAboveWhatFitsIntoMemory) {
  protocol::limits limit;
  limit.max_message = 0xffff'ffff;
  for (auto const length : {0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU}) {
    auto on = opened().with(limit).play();
    on.feed(head('d', length));
    EXPECT_EQ(on.code(), errc::length_too_large);
  }
}

// ---- memory ---------------------------------------------------------------------------------------------------------

TEST(Memory, ADeclaredGigabyteIsPaidForAsItArrives) {
  for (char const type : {'D', 'd', 'N', 'T'}) {
    auto script = opened();
    script.query("x");
    if (type == 'D') script.receive(columns({"a"}));
    auto on = script.play();
    std::string const piece(50'000, 'x');
    heap_watch const heap;
    on.feed(head(type, one_gib - 1));
    EXPECT_LE(heap.growth(), frame_reader::chunk_capacity + 8192);
    for (std::size_t arrived = 0; arrived < 5'000'000; arrived += piece.size()) {
      on.feed(piece);
      ASSERT_LE(heap.growth(),
                std::max<std::size_t>(frame_reader::chunk_capacity, 2 * (arrived + piece.size())) + 8192);
    }
    EXPECT_FALSE(on.over());
  }
}

TEST(Memory, SettingsWithoutEndAreNotKept) {
  for (std::size_t const size : {10U, 1000U, 2000U, 29'000U}) {
    SCOPED_TRACE(size);
    auto on = opened().play();
    heap_watch const heap;
    std::size_t sum = 0, count = 0;
    for (; !on.over() && count < 2000; ++count) {
      std::string const name = "setting_" + std::to_string(count);
      sum += name.size() + size + 2;
      on.feed(setting(name, std::string(size, 'x')));
      on.take_events();
    }
    EXPECT_EQ(on.code(), errc::too_many_settings);
    EXPECT_TRUE(sum > max_settings_size || count > max_settings - 10)
        << sum << ", " << count;  // some were there before
    EXPECT_LE(count, max_settings + 1);
    EXPECT_LE(heap.growth(), 2 * max_settings_size + 200'000);  // its string doubles
  }
}

TEST(Memory, ASettingThatChangesTakesItsOwnPlace) {
  auto on = opened().play();
  for (int i = 0; i < 2000; ++i) {
    on.feed(setting("first", std::string(static_cast<std::size_t>(i % 3) * 10'000, 'x')) + setting("second", "same"));
    on.take_events();
    ASSERT_FALSE(on.over());
  }
  EXPECT_EQ(on->parameter("first"), std::string(10'000, 'x'));
  EXPECT_EQ(on->parameter("second"), "same");
}

TEST(Memory, NoticesBetweenRowsAreNotKeptBesidesThem) {
  auto script = opened();
  script.query("x").receive(columns({"a"}));
  auto on = script.play();
  heap_watch const heap;
  for (int i = 0; i < 2000; ++i) {
    on.feed(notice(std::string(10'000, 'x')));
    on.take_events();
  }
  EXPECT_LE(heap.growth(), 4 * frame_reader::chunk_capacity);
  EXPECT_FALSE(on.over());
}

// The queue of what is answered grew by what was done, as long as it never became empty.
TEST(Memory, APipelineThatNeverRunsDryDoesNotGrow) {
  auto on = opened().play();
  on.take_events();
  auto const step = [&] {
    ASSERT_EQ(on->bind({}), std::error_code());
    ASSERT_EQ(on->execute({}, 0), std::error_code());
    ASSERT_EQ(on->sync(), std::error_code());
    on.take_output();
    on.feed(bound() + complete("") + ready());
    on.take_events();
  };
  ASSERT_EQ(on->bind({}), std::error_code());
  ASSERT_EQ(on->execute({}, 0), std::error_code());
  ASSERT_EQ(on->sync(), std::error_code());
  for (int i = 0; i < 100; ++i) step();
  heap_watch const heap;
  for (int i = 0; i < 20'000; ++i) step();
  EXPECT_LE(heap.growth(), 1024U);
}

// Two vectors that were to be given back kept their memory.
TEST(Memory, AnIdleSessionIsSmall) {
  std::string rows;
  for (int i = 0; i < 5000; ++i) rows += row({"a value of thirty characters.."});
  auto const use_and_measure = [&rows] {
    heap_watch const heap;
    auto options = startup_options_of_me();
    options.parameters.emplace_back("options", std::string(5000, 'x'));
    auto on = conversation().start(options).play();
    options = {};
    on.take_output();
    on.feed(auth_ok());
    for (int i = 0; i < 15; ++i) on.feed(setting("setting_" + std::to_string(i), "a usual value"));
    on.feed(cancel_key() + ready());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(on->query("select"), std::error_code());
      for (int more = 0; more < 3000; ++more) EXPECT_EQ(on->query("select"), std::error_code());
      on.take_output();
      on.feed(columns({"a"}) + rows + complete("SELECT 5000") + ready());
      for (int more = 0; more < 3000; ++more) on.feed(complete("SELECT 0") + ready());
      on.take_events();
      on->shrink();
    }
    EXPECT_EQ(on.state(), state::idle);
    return heap.growth();
  };
  // What malloc keeps for itself counts too, and differs from run to run.
  std::size_t least = use_and_measure();
  for (int run = 0; run < 8; ++run) least = std::min(least, use_and_measure());
  EXPECT_LE(least, 4096U);
}

TEST(Memory, AnErrorAndAPoisonGiveTheRowsBack) {
  for (auto const& end : {error() + ready(), parsed()}) {
    auto script = opened();
    script.query("x").receive(columns({"a"}));
    auto on = script.play();
    on.take_events();
    heap_watch const heap;
    for (int i = 0; i < 1000; ++i) on.feed(row({std::string(1000, 'x')}));
    EXPECT_GE(heap.growth(), 900'000U);
    on.feed(end);
    EXPECT_LE(heap.growth(), 2 * frame_reader::chunk_capacity);
  }
}

}  // namespace
}  // namespace tusk::test
