// Row values both ways: aggregates by position, tuples, nesting, quoting, what is refused and where.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <utility>
#include <vector>

#include "support/thrown.hpp"

namespace shop {

enum class color { red, green };

struct item {
  int id;
  std::string name;
  std::optional<double> weight;
  friend bool operator==(item const&, item const&) = default;
};

struct order {
  item first;
  std::vector<item> others;
  std::optional<item> gift;
  std::vector<std::optional<color>> colors;
  tusk::range<int> days;
  friend bool operator==(order const&, order const&) = default;
};

struct wrapped {
  std::optional<std::string> only;
  friend bool operator==(wrapped const&, wrapped const&) = default;
};

struct undeclared {
  int id;
};

}  // namespace shop

template <>
struct tusk::adapter<shop::color> : tusk::enum_adapter<"color", "red", "green"> {};
template <>
struct tusk::adapter<shop::item> : tusk::composite<"item"> {};
template <>
struct tusk::adapter<shop::order> : tusk::composite<"shop.order"> {};
template <>
struct tusk::adapter<shop::wrapped> : tusk::composite<"wrapped"> {};

namespace tusk {
namespace {

using shop::color;
using shop::item;
using shop::order;
using shop::wrapped;
using types::errc;
using types::text_of;

// From a buffer of exactly that size, so that a byte read past its end is seen.
template <class T>
protocol::expected<T> parse(std::string_view text) {
  std::vector<char> const exact(text.begin(), text.end());
  return types::read_text<T>({exact.data(), exact.size()}, oids::record);
}

/// Reads it, and every strict prefix is an error inside of it.
template <class T>
void expect_read(T const& value, std::string_view text) {
  auto const back = parse<T>(text);
  ASSERT_TRUE(back) << text << ": " << back.error().code.message() << back.error().position;
  EXPECT_EQ(*back, value) << text;
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto const prefix = parse<T>(text.substr(0, size));
    ASSERT_FALSE(prefix) << text.substr(0, size);
    EXPECT_LE(prefix.error().position, size) << text.substr(0, size);
  }
}

template <class T>
void expect_text(T const& value, std::string_view text) {
  EXPECT_EQ(text_of(value), text);
  expect_read(value, text);
}

template <class T>
void expect_failure(std::string_view text, errc why, std::size_t position) {
  auto const result = parse<T>(text);
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().code, make_error_code(why)) << text << ": " << result.error().code.message();
  EXPECT_EQ(result.error().position, position) << text;
}

static_assert(adaptable<item> && readable<item> && adaptable<std::vector<item>> && readable<std::vector<item>>);
static_assert(readable<std::tuple<int, std::string>> && readable<std::pair<int, item>> &&
              !adaptable<std::pair<int, int>>);
static_assert(!adaptable<shop::undeclared> && !readable<shop::undeclared>);
static_assert(adapter<item>::type_name == "item" && adapter<order>::type_name == "shop.order");

TEST(composite, is_known_by_name) {
  auto const array = types::argument_type_of<std::vector<std::vector<item>>>();
  EXPECT_TRUE(array.name == "item" && array.array && array.oid == 0);
  EXPECT_EQ(params(item{}).types()[0], 0U);
}

TEST(composite, is_read_from_records_and_what_was_made_in_the_database) {
  EXPECT_TRUE(from_text<item>::reads(oids::record) && from_text<item>::reads(16384));
  EXPECT_TRUE((from_text<std::tuple<int>>::reads(oids::record) && from_text<std::pair<int, int>>::reads(20'000)));
  EXPECT_TRUE(from_text<std::vector<item>>::reads(oids::record_array) && from_text<std::vector<item>>::reads(20'000));
  for (oid const type : {oids::text, oids::int4, oids::json, oid{0}})
    EXPECT_FALSE(from_text<item>::reads(type)) << type;
}

TEST(composite, has_its_members_by_position) {
  expect_text(item{1, "a", 0.5}, "(1,a,0.5)");
  expect_text(item{-2147483648, "", {}}, "(-2147483648,\"\",)");
  expect_text(wrapped{}, "()");
  expect_text(wrapped{""}, "(\"\")");
  expect_read(std::tuple<int, std::optional<int>, bool>(1, {}, true), "(1,,t)");
  expect_read(std::pair<std::string, int>("NULL", 2), "(NULL,2)");
}

TEST(composite, quotes_fields_that_would_be_misread) {
  struct row {
    std::string_view field, text;
  };
  constexpr row rows[] = {
      {"a b", "(\"a b\")"},
      {"a,b", "(\"a,b\")"},
      {"(", "(\"(\")"},
      {")", "(\")\")"},
      {"\"", R"((""""))"},
      {"\\", R"(("\\"))"},
      {"\"\"", R"((""""""))"},
      {"\\\"", R"(("\\"""))"},
      {"a\nb", "(\"a\nb\")"},
      {"{}", "({})"},
      {"[1]", "([1])"},
      {"NULL", "(NULL)"},
      {"\x01\x7f", "(\x01\x7f)"},
      {"naïve;", "(naïve;)"},
      {"a\"b\\c", R"(("a""b\\c"))"},
  };
  for (row const& r : rows) expect_text(wrapped{std::string(r.field)}, r.text);
  EXPECT_EQ(parse<wrapped>(R"_(("a\"b\)"))_")->only, "a\"b)");  // as the server reads it
}

TEST(composite, nests) {
  order const value{
      {1, "a b", {}}, {{2, "", 1.5}, {3, "\"", {}}}, item{4, "gift, (wrapped)", 0}, {color::red, {}}, {1, 5}};
  std::string const text = *text_of(value);
  EXPECT_EQ(text, R"_(("(1,""a b"",)","{""(2,\\""\\"",1.5)"",""(3,\\""\\""\\""\\"",)""}",)_"
                  R"_("(4,""gift, (wrapped)"",0)","{red,NULL}","[1,5)"))_");
  expect_read(value, text);
  expect_text(order{{1, "a", {}}, {}, {}, {}, {.empty = true}}, "(\"(1,a,)\",{},,{},empty)");
  expect_read(std::tuple<std::tuple<std::tuple<int>>, std::vector<std::pair<int, int>>>({{1}}, {{2, 3}}),
              R"_(("(""(1)"")","{""(2,3)""}"))_");
}

TEST(composite, with_another_number_of_fields_is_refused) {
  expect_failure<item>("(1,a)", errc::wrong_count, 4);
  expect_failure<item>("(1,a,2,3)", errc::wrong_count, 6);
  expect_failure<item>("(1,a,2,)", errc::wrong_count, 6);
  expect_failure<std::pair<int, int>>("(1)", errc::wrong_count, 2);
  expect_failure<std::tuple<std::optional<int>, int>>("()", errc::wrong_count, 1);
}

TEST(composite, is_refused_where_it_is_malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},       {"a", 0},         {" (a)", 0},  {"(a) ", 3},     {"(a", 2},       {"(\"a)", 4},
      {"( a)", 1},   {"(a )", 2},      {"(a(b)", 2}, {"(a\"b\")", 2}, {"(\"a\"b)", 4}, {"(a\\b)", 2},
      {"(\"a\\", 4}, {"(\"a\"\")", 6}, {"(a))", 3},  {"((a))", 1},    {"{a}", 0},      {"(", 1},
  };
  for (row const& r : rows) expect_failure<wrapped>(r.text, errc::malformed_record, r.position);
}

TEST(composite, an_error_of_a_field_is_where_it_is) {
  expect_failure<item>("(x,a,)", errc::malformed_integer, 1);
  expect_failure<item>("(1,a,1.5x)", errc::malformed_float, 8);
  expect_failure<item>("(1,,)", errc::null_element, 3);
  expect_failure<item>("(,a,)", errc::null_element, 1);
  expect_failure<std::tuple<int, std::vector<int>>>("(1,\"{1,2x}\")", errc::malformed_integer, 8);
  expect_failure<std::tuple<int, std::vector<item>>>(R"_((1,"{""(1,\\""a b\\"",x)""}"))_", errc::malformed_float, 4);
}

TEST(composite, what_no_text_can_hold_is_refused) {
  params args;
  EXPECT_EQ(test::thrown<data_error>([&] {
              args.add(item{1, "a\xff", {}});
            }).code(),
            make_error_code(errc::invalid_utf8));
  EXPECT_TRUE(args.empty() && args.wire().empty());
}

TEST(composite, any_character_at_any_place_survives) {
  for (std::size_t length = 1; length <= 18; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 1; c < 128; ++c) {
        item value{1, std::string(length, 'x'), 2};
        value.name[at] = static_cast<char>(c);
        auto const back = parse<item>(*text_of(value));
        ASSERT_TRUE(back && *back == value) << *text_of(value);
      }
    }
  }
}

}  // namespace
}  // namespace tusk
