// Ranges both ways: bounds, infinite ones, empty ones, quoting, what is refused and where.
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

namespace tusk {
namespace {

using types::errc;
using types::text_of;

// From a buffer of exactly that size, so that a byte read past its end is seen.
template <class T>
protocol::expected<T> parse(std::string_view text, oid type = 0) {
  std::vector<char> const exact(text.begin(), text.end());
  return types::read_text<T>({exact.data(), exact.size()}, type);
}

/// Both ways, and every strict prefix is an error inside of it.
template <class T>
void expect_text(range<T> const& value, std::string_view text) {
  EXPECT_EQ(text_of(value), text);
  auto const back = parse<range<T>>(text);
  ASSERT_TRUE(back) << text << ": " << back.error().code.message() << back.error().position;
  EXPECT_EQ(*back, value) << text;
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto const prefix = parse<range<T>>(text.substr(0, size));
    ASSERT_FALSE(prefix) << text.substr(0, size);
    EXPECT_LE(prefix.error().position, size) << text.substr(0, size);
  }
}

template <class T>
void expect_failure(std::string_view text, errc why, std::size_t position) {
  auto const result = parse<T>(text);
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().code, make_error_code(why)) << text << ": " << result.error().code.message();
  EXPECT_EQ(result.error().position, position) << text;
}

template <class T>
inline constexpr oid sent_as = types::argument_type_of<range<T>>().oid;
static_assert(sent_as<int> == oids::int4range && sent_as<long long> == oids::int8range);
static_assert(sent_as<short> == oids::int4range && sent_as<unsigned long long> == oids::int8range);
static_assert(sent_as<double> == 0 && sent_as<std::string> == 0);
static_assert(types::range_of(oids::date) == oids::daterange && types::range_of(oids::timestamp) == oids::tsrange);
static_assert(types::range_of(oids::timestamptz) == oids::tstzrange &&
              types::subtype_of(oids::numrange) == oids::numeric);
static_assert(!readable<range<std::string_view>> && adaptable<range<std::string_view>>);

TEST(range, is_sent_and_read_as_the_type_of_its_bounds) {
  EXPECT_EQ(types::argument_type_of<std::vector<range<int>>>().oid, oids::int4range_array);
  EXPECT_TRUE(from_text<range<int>>::reads(oids::int4range) && from_text<range<int>>::reads(oids::int8range));
  EXPECT_TRUE(from_text<range<double>>::reads(100'000) && from_text<range<std::string>>::reads(oids::tsrange));
  EXPECT_TRUE(from_text<std::vector<range<int>>>::reads(oids::int4range_array));
  for (oid const type : {oids::int4, oids::tsrange, oids::daterange, oids::int4multirange, oid{0}}) {
    EXPECT_FALSE(from_text<range<int>>::reads(type)) << type;
  }
}

TEST(range, has_bounds_of_either_kind) {
  expect_text(range<int>{1, 5}, "[1,5)");
  expect_text(range<int>{1, 5, true, true}, "[1,5]");
  expect_text(range<int>{1, 5, false, true}, "(1,5]");
  expect_text(range<int>{-1, 5, false, false}, "(-1,5)");
  expect_text(range<int>{std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}, "[-2147483648,2147483647)");
  expect_text(range<double>{0.5, std::numeric_limits<double>::infinity()}, "[0.5,Infinity)");
}

TEST(range, may_lack_bounds_or_everything) {
  expect_text(range<int>{}, "(,)");
  expect_text(range<int>{.lower = 1}, "[1,)");
  expect_text(range<int>{.upper = 1}, "(,1)");
  expect_text(range<int>{{}, 1, true, true}, "(,1]");
  expect_text(range<int>{1, {}, true, true}, "[1,)");
  expect_text(range<int>{.empty = true}, "empty");
  expect_text(range<int>{1, 5, true, true, true}, "empty");
  EXPECT_EQ(*parse<range<int>>("[,]"), range<int>());
  char const* const nothing = nullptr;
  EXPECT_EQ(text_of(range<char const*>{"a", nothing}), "[a,)");
}

TEST(range, is_equal_where_what_means_something_is) {
  EXPECT_EQ((range<int>{1, {}, true, true}), (range<int>{1, {}, true, false}));
  EXPECT_NE((range<int>{1, 5, true, true}), (range<int>{1, 5, true, false}));
  EXPECT_NE((range<int>{1, 5, true, true}), (range<int>{1, 5, false, true}));
  EXPECT_NE((range<int>{1, 5}), (range<int>{1, 6}));
  EXPECT_NE((range<int>{1, 5}), (range<int>{1, {}}));
  EXPECT_NE((range<int>{0, 5}), (range<int>{1, 5}));
  EXPECT_NE((range<int>{.empty = true}), (range<int>{}));
  EXPECT_EQ((range<int>{.empty = true}), (range<int>{1, 2, true, true, true}));
}

TEST(range, quotes_bounds_that_would_be_misread) {
  using text = range<std::string>;
  expect_text(text{"a", "z"}, "[a,z)");
  expect_text(text{"", "z"}, "[\"\",z)");
  expect_text(text{"a b", "\t"}, "[\"a b\",\"\t\")");
  expect_text(text{"a,b", "(c)"}, "[\"a,b\",\"(c)\")");
  expect_text(text{"[", "]"}, "[\"[\",\"]\")");
  expect_text(text{"a\"b", "c\\d"}, R"(["a""b","c\\d"))");
  expect_text(text{"\"", "\\\""}, R"(["""","\\"""))");
  expect_text(text{"empty", "{};'"}, "[empty,{};')");
  EXPECT_EQ(parse<text>(R"(["a\"b",c))")->lower, "a\"b");  // as the server reads it
}

TEST(range, is_refused_where_it_is_malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},         {"1,5", 0},    {" [1,5)", 0}, {"[1,5) ", 5},     {"[1 ,5)", 2},     {"[1, 5)", 3},
      {"[1,5", 4},     {"[1)", 2},    {"[1]", 2},    {"[1;5)", 4},      {"[1,5,6)", 4},    {"[[1,5)", 1},
      {"[1,(5)", 3},   {"[1,5))", 5}, {"{1,5)", 0},  {"[\"1,5)", 6},    {"[\"1\"2,5)", 4}, {"[1\"2\",5)", 2},
      {"[1\\2,5)", 2}, {"Empty", 0},  {"empty ", 0}, {"[1,5)[1,5)", 5}, {"[1,\"5\\", 6},   {"[1,\"5\"\")", 8},
      {"[1,5\t)", 4},  {"(", 1},      {"[,", 2},
  };
  for (row const& r : rows) expect_failure<range<std::string>>(r.text, errc::malformed_range, r.position);
}

TEST(range, an_error_of_a_bound_is_where_it_is) {
  expect_failure<range<int>>("[x,5)", errc::malformed_integer, 1);
  expect_failure<range<int>>("[1,5x)", errc::malformed_integer, 4);
  expect_failure<range<int>>("[1,\"5x\")", errc::malformed_integer, 5);
  expect_failure<range<int>>("[\"\",5)", errc::malformed_integer, 2);
  expect_failure<range<int>>("[99999999999,5)", errc::out_of_range, 1);
}

}  // namespace
}  // namespace tusk
