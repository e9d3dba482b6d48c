// The members of an aggregate: how many, how they are called, where they are.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tusk/types/aggregate.hpp>
#include <vector>

namespace tusk::types {
namespace {

struct numeric_like {
  std::string digits;
  numeric_like() = default;
  explicit numeric_like(std::string_view) {}
};

struct item {
  int id;
  std::string name;
  std::optional<numeric_like> price;
  std::vector<int> sizes;
};

struct position {
  int x, y;
};
struct nested {
  position where;
  double value_of_it;
};
struct one {
  bool only;
};
struct wide {
  int a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24,
      a25, a26, a27, a28, a29, a30, a31, a32;
};
struct too_wide : position {
  int z;
};
struct not_copyable_default {
  int const fixed;
  char c;
};
class closed {
 public:
  explicit closed(int) {}
};

static_assert(member_count<item> == 4 && member_count<nested> == 2 && member_count<one> == 1);
static_assert(member_count<wide> == 32 && member_count<not_copyable_default> == 2);
static_assert(!aggregate<closed> && !aggregate<int> && !aggregate<std::string> && !aggregate<int[3]>);

TEST(aggregate, members_have_the_names_of_the_struct) {
  constexpr auto names = member_names<item>();
  EXPECT_EQ(names[0], "id");
  EXPECT_EQ(names[1], "name");
  EXPECT_EQ(names[2], "price");
  EXPECT_EQ(names[3], "sizes");
  EXPECT_EQ((member_name<nested, 0>()), "where");
  EXPECT_EQ((member_name<nested, 1>()), "value_of_it");
  EXPECT_EQ((member_name<one, 0>()), "only");
  EXPECT_EQ((member_name<wide, 31>()), "a32");
}

TEST(aggregate, a_local_struct_has_names_too) {
  struct local {
    int first;
    std::string second;
  };
  EXPECT_EQ((member_name<local, 0>()), "first");
  EXPECT_EQ((member_name<local, 1>()), "second");
}

TEST(aggregate, members_are_references) {
  item it{1, "a", {}, {}};
  std::get<0>(members(it)) = 7;
  std::get<1>(members(it)) = "b";
  EXPECT_EQ(it.id, 7);
  EXPECT_EQ(it.name, "b");
  item const& fixed = it;
  EXPECT_EQ(&std::get<3>(members(fixed)), &it.sizes);
}

}  // namespace
}  // namespace tusk::types
