// What is known of the columns that scripts gave: which description is found again, and how many are kept.
#include "engine/description_cache.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/backend.hpp>

namespace tusk::detail {
namespace {

using described = protocol::list<protocol::column_description>;

// Nothing looks into the bytes.
class description_cache_test : public testing::Test {
 protected:
  static described of(std::string const& bytes) { return {bytes, 1}; }
  static auto same_as(described wanted) {
    return [wanted](described each) { return each == wanted; };
  }
  void keep(std::string const& bytes) { cache_.keep(of(bytes), {}, std::make_shared<column_set>()); }
  bool finds(std::string const& bytes, first_casters const& casters = {}) {
    return cache_.find(casters, same_as(of(bytes))) != nullptr;
  }
  int asked(std::string const& bytes) {
    int count = 0;
    cache_.find({}, [&](described each) {
      ++count;
      return each == of(bytes);
    });
    return count;
  }
  static std::string large(char filling, std::size_t size = description_cache::worth_keeping) {
    return std::string(size, filling);
  }

  description_cache cache_;
};

TEST_F(description_cache_test, finds_what_was_kept_and_what_it_means) {
  EXPECT_FALSE(finds("a"));
  auto const columns = std::make_shared<column_set>();
  cache_.keep(of("a"), {}, columns);
  auto* const found = cache_.find({}, same_as(of("a")));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->columns, columns);
  EXPECT_FALSE(finds("b"));
  EXPECT_EQ(cache_.find({}, same_as({"a", 2})), nullptr) << "another number of columns";
}

TEST_F(description_cache_test, one_is_good_for_the_same_typecasters_only) {
  auto const casters = std::make_shared<types::caster_map>();
  auto const others = std::make_shared<types::caster_map>();
  keep("a");
  EXPECT_FALSE(finds("a", casters));
  auto const columns = std::make_shared<column_set>();
  cache_.keep(of("a"), casters, columns);
  EXPECT_EQ(cache_.find(casters, same_as(of("a")))->columns, columns);
  EXPECT_NE(cache_.find({}, same_as(of("a")))->columns, columns);
  EXPECT_FALSE(finds("a", others));
}

TEST_F(description_cache_test, the_one_that_came_longest_ago_gives_way) {
  for (char const each : std::string("abcd")) keep({each});
  EXPECT_TRUE(finds("a"));
  keep("e");
  EXPECT_TRUE(finds("a"));
  EXPECT_FALSE(finds("b"));
  for (char const each : std::string("cde")) EXPECT_TRUE(finds({each})) << each;
  keep("f");
  EXPECT_FALSE(finds("a"));
}

TEST_F(description_cache_test, the_one_that_came_last_is_asked_first) {
  for (char const each : std::string("abcd")) keep({each});
  EXPECT_EQ(asked("d"), 1);
  EXPECT_EQ(asked("b"), 3);
  EXPECT_EQ(asked("b"), 1);
  EXPECT_EQ(asked("c"), 2) << "those that come in turn follow each other";
  EXPECT_EQ(asked("none"), 4);
  keep("e");  // in place of a
  EXPECT_EQ(asked("e"), 1);
}

TEST_F(description_cache_test, is_small) {
  keep(large('a', description_cache::worth_keeping + 1));
  EXPECT_FALSE(finds(large('a', description_cache::worth_keeping + 1)));
  keep("b");
  keep(large('c'));
  EXPECT_TRUE(finds("b"));
  keep(large('d'));  // both and another byte are too much
  EXPECT_TRUE(finds(large('d')));
  EXPECT_FALSE(finds(large('c'))) << "it came longest ago";
  EXPECT_TRUE(finds("b"));
  keep(large('e'));
  keep(large('f'));
  EXPECT_FALSE(finds("b"));
  EXPECT_TRUE(finds(large('e')));
  EXPECT_TRUE(finds(large('f')));
}

TEST_F(description_cache_test, is_empty_after_clear) {
  keep("a");
  keep("b");
  cache_.clear();
  EXPECT_EQ(asked("b"), 0);
  keep("c");
  EXPECT_EQ(asked("c"), 1);
}

}  // namespace
}  // namespace tusk::detail
