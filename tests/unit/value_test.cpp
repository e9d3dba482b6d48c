// Values whose type is known when the program runs.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tusk/types/error.hpp>
#include <tusk/types/value.hpp>
#include <vector>

#include "support/thrown.hpp"

namespace tusk {
namespace {

struct silent {  // neither printable nor comparable
  int held;
};

TEST(value, is_null_at_first) {
  value const nothing;
  EXPECT_TRUE(nothing.is_null());
  EXPECT_EQ(nothing.to_string(), "NULL");
  EXPECT_TRUE(nothing.type() == typeid(void));
  EXPECT_EQ(nothing, value());
  EXPECT_EQ(nothing.get_if<int>(), nullptr);
  EXPECT_FALSE(nothing.visit<int>([](int) { FAIL(); }));
}

TEST(value, holds_exactly_one_type) {
  value const seven(7);
  EXPECT_FALSE(seven.is_null());
  EXPECT_TRUE(seven.type() == typeid(int));
  EXPECT_EQ(seven.get<int>(), 7);
  EXPECT_EQ(seven.get_if<long>(), nullptr);
  EXPECT_EQ(seven.get_if<std::string>(), nullptr);
}

TEST(value, of_another_type_is_an_error_that_names_both) {
  auto const told = test::thrown<programming_error>([] { value(std::string("a")).get<int>(); });
  EXPECT_CONTAINS("std::string", told.what());
  EXPECT_CONTAINS("type int", told.what());
  EXPECT_CONTAINS("NULL", test::thrown<programming_error>([] { value().get<int>(); }).what());
}

TEST(value, equality_needs_the_same_type) {
  EXPECT_EQ(value(1), value(1));
  EXPECT_NE(value(1), value(2));
  EXPECT_NE(value(1), value(1L));
  EXPECT_NE(value(1), value());
  EXPECT_EQ(value(std::string("a")), value(std::string("a")));
}

TEST(value, without_equality_is_equal_to_its_copies_alone) {
  value const one(silent{1});
  value const copy = one;
  EXPECT_EQ(one, copy);
  EXPECT_NE(one, value(silent{1}));
}

TEST(value, prints_what_it_holds) {
  EXPECT_EQ(value(true).to_string(), "true");
  EXPECT_EQ(value(-5).to_string(), "-5");
  EXPECT_EQ(value(static_cast<signed char>(65)).to_string(), "65");
  EXPECT_EQ(value(std::string("it's")).to_string(), "it's");
  EXPECT_EQ(value(std::vector<int>{1, 2}).to_string(), "{1,2}");
  EXPECT_EQ(value(std::vector<bool>{true, false}).to_string(), "{t,f}");
  EXPECT_EQ((value(std::vector<std::optional<int>>{1, std::nullopt}).to_string()), "{1,NULL}");
  EXPECT_EQ((value(std::vector<std::vector<int>>{{1}, {2}}).to_string()), "{{1},{2}}");
  EXPECT_EQ(value(std::vector<std::byte>{std::byte{0xab}, std::byte{1}}).to_string(), "\\xab01");
  EXPECT_NE(value(silent{1}).to_string().find("silent"), std::string::npos);
}

TEST(value, visit_calls_for_the_type_that_is_there) {
  std::string seen;
  auto const see = [&seen]<class T>(T const& held) {
    if constexpr (std::is_same_v<T, int>)
      seen += "int " + std::to_string(held) + ' ';
    else
      seen += "text " + held + ' ';
  };
  EXPECT_TRUE((value(3).visit<int, std::string>(see)));
  EXPECT_TRUE((value(std::string("b")).visit<int, std::string>(see)));
  EXPECT_FALSE((value(1.5).visit<int, std::string>(see)));
  EXPECT_EQ(seen, "int 3 text b ");
}

}  // namespace
}  // namespace tusk
