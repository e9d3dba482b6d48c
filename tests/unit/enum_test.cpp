// Enums both ways, by label.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <vector>

#include "support/thrown.hpp"

enum class color { red, green, blue };
enum plain : signed char { one, two = 1, none = -1, far = 100 };
enum class unlisted { a };
enum class wide : long long { zero, beyond_32_bits = 1LL << 32 };

template <>
struct tusk::adapter<color> : tusk::enum_adapter<"shop.color", "red", "a \"b\", c", ""> {};
template <>
struct tusk::adapter<plain> : tusk::enum_adapter<"plain", "one", "two"> {};
template <>
struct tusk::adapter<wide> : tusk::enum_adapter<"wide", "zero"> {};

namespace {
enum class hidden { a, b };
}  // namespace
enum class truth : bool { no, yes };
enum class letter : char { a, b };
enum class gap { low = 10, high = 20 };

namespace tusk {
namespace {

using types::errc;
using types::text_of;

static_assert(adaptable<color> && readable<color> && readable<std::optional<color>> && adaptable<plain>);
// Of which one compiler showed the first in parentheses, as it does a value without an enumerator.
static_assert(types::counts_from_zero<hidden, 2>() && !types::counts_from_zero<hidden, 1>() &&
              !types::counts_from_zero<hidden, 3>());
static_assert(types::counts_from_zero<truth, 2>() && !types::counts_from_zero<truth, 1>());
static_assert(types::counts_from_zero<letter, 2>() && !types::counts_from_zero<letter, 1>());
static_assert(!types::counts_from_zero<gap, 2>());
static_assert(!adaptable<unlisted> && !readable<unlisted>);
static_assert(adapter<color>::type_name == "shop.color" && types::argument_type_of<color>().oid == 0);

TEST(enum_label, is_what_is_sent_and_read) {
  EXPECT_EQ(text_of(color::red), "red");
  EXPECT_EQ(text_of(color::green), "a \"b\", c");
  EXPECT_EQ(text_of(color::blue), "");
  EXPECT_EQ(text_of(two), "two");
  for (color const each : {color::red, color::green, color::blue}) {
    EXPECT_EQ(*from_text<color>::parse(*text_of(each)), each);
  }
  EXPECT_EQ(*from_text<plain>::parse("two"), two);
}

TEST(enum_label, of_another_enum_is_refused) {
  for (std::string_view const text : {"Red", "red ", "re", "redd", "0", "a \"b\"", "yellow"}) {
    auto const result = from_text<color>::parse(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, make_error_code(errc::unknown_label));
    EXPECT_EQ(result.error().position, 0U);
  }
}

TEST(enum_label, is_missing_for_other_values) {
  params args;
  for (plain const each : {none, far, static_cast<plain>(2)}) {
    EXPECT_EQ(test::thrown<data_error>([&] { args.add(each); }).code(), make_error_code(errc::no_label));
  }
  EXPECT_TRUE(args.empty() && args.wire().empty());
  EXPECT_THROW(text_of(static_cast<color>(3)), data_error);
  EXPECT_THROW(text_of(static_cast<color>(-1)), data_error);
  EXPECT_THROW(text_of(wide::beyond_32_bits), data_error);  // where a std::size_t has 32 bits too
}

TEST(enum_type, is_known_by_name) {
  auto const element = types::argument_type_of<std::optional<color>>();
  EXPECT_TRUE(element.name == "shop.color" && element.oid == 0 && !element.array);
  auto const array = types::argument_type_of<std::vector<std::optional<color>>>();
  EXPECT_TRUE(array.name == "shop.color" && array.oid == 0 && array.array);
}

TEST(enum_type, is_one_that_was_made_in_the_database_or_text) {
  EXPECT_TRUE(from_text<color>::reads(16384) && from_text<color>::reads(oids::text));
  EXPECT_TRUE(from_text<color>::reads(oids::varchar) && from_text<std::vector<color>>::reads(16390));
  EXPECT_TRUE(from_text<std::vector<color>>::reads(oids::text_array));
  EXPECT_FALSE(from_text<color>::reads(oids::int4) || from_text<color>::reads(0) ||
               from_text<color>::reads(oids::json));
}

TEST(enum_array, has_labels_as_elements) {
  std::vector<color> const value{color::red, color::green, color::blue};
  EXPECT_EQ(text_of(value), R"({red,"a \"b\", c",""})");
  EXPECT_EQ(*from_text<std::vector<color>>::parse(*text_of(value)), value);
}

}  // namespace
}  // namespace tusk
