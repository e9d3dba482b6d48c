// Arrays both ways: quoting, dimensions, bounds, NULLs, what is refused and where, and which types are read and sent.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <vector>

#include "support/array_text.hpp"
#include "support/thrown.hpp"

namespace tusk {

// Tells its type at run time.
struct by_function {};
template <>
struct adapter<by_function> {
  static argument_type type() { return {oids::point}; }
  static void text(by_function, text_writer& out) { out << "(1,2)"; }
};

namespace {

using namespace std::string_view_literals;
using test::expect_failure;
using test::expect_text;
using test::parse_exactly;
using types::errc;
using types::text_of;
template <class T>
using vectors = std::vector<std::vector<T>>;
using bytes = std::vector<std::byte>;
using strings = std::vector<std::string>;
template <class T>
using optionals = std::vector<std::optional<T>>;

// ---- which types ----------------------------------------------------------------------------------------------------

struct unknown {};
static_assert(adaptable<std::vector<int>> && readable<std::vector<int>> && adaptable<std::pmr::vector<int>>);
static_assert(adaptable<std::array<int, 3>> && readable<std::array<int, 3>> && !readable<std::span<int const>>);
static_assert(adaptable<std::span<int>> && adaptable<std::span<int const, 4>> && adaptable<std::vector<bool>>);
static_assert(adaptable<std::array<std::vector<int>, 2>> && adaptable<std::optional<vectors<int>>>);
static_assert(adaptable<std::vector<std::string_view>> && adaptable<std::vector<char const*>>);
static_assert(!readable<std::vector<std::string_view>> && !readable<optionals<std::string_view>>);
static_assert(!readable<array<std::string_view>> && !readable<std::vector<std::array<int, 2>>>);
static_assert(!adaptable<std::vector<unknown>> && !readable<std::vector<unknown>> && !readable<array<unknown>>);
static_assert(!adaptable<std::vector<wchar_t>> && !readable<std::vector<wchar_t>>);
static_assert(!adaptable<optionals<std::vector<int>>> && !readable<optionals<std::vector<int>>>);
static_assert(!adaptable<std::vector<array<int>>> && !readable<std::vector<array<int>>> &&
              !adaptable<array<array<int>>>);
static_assert(!adaptable<array<std::vector<int>>> && !readable<optionals<array<int>>>);
static_assert(adaptable<vectors<vectors<vectors<int>>>> && readable<vectors<vectors<vectors<int>>>>);  // six
static_assert(!adaptable<std::vector<vectors<vectors<vectors<int>>>>>);
static_assert(!readable<std::vector<vectors<vectors<vectors<int>>>>>);

template <class T>
oid sent_as() {
  return types::argument_type_of<T>().oid;
}

TEST(array_type, is_that_of_the_elements) {
  EXPECT_EQ(sent_as<std::vector<int>>(), oids::int4_array);
  EXPECT_EQ(sent_as<vectors<std::optional<double>>>(), oids::float8_array);
  EXPECT_EQ((sent_as<std::array<bool, 2>>()), oids::bool_array);
  EXPECT_EQ(sent_as<std::span<std::int64_t const>>(), oids::int8_array);
  EXPECT_EQ(sent_as<array<short>>(), oids::int2_array);
  EXPECT_EQ(sent_as<std::optional<std::vector<int>>>(), oids::int4_array);
  EXPECT_EQ(sent_as<strings>(), oids::text_array);
  EXPECT_EQ(sent_as<std::vector<char const*>>(), oids::text_array);
  EXPECT_EQ(sent_as<bytes>(), oids::bytea);
  EXPECT_EQ((sent_as<std::array<std::byte, 2>>()), oids::bytea);
  EXPECT_EQ(sent_as<std::vector<bytes>>(), oids::bytea_array);
  EXPECT_EQ(sent_as<std::vector<by_function>>(), oids::point_array);
  EXPECT_EQ(text_of(std::vector<by_function>(2)), "{\"(1,2)\",\"(1,2)\"}");
  EXPECT_EQ(params(std::vector<int>{1}).types()[0], oids::int4_array);
}

TEST(array_type, reads_arrays_of_what_its_elements_read) {
  EXPECT_TRUE(from_text<std::vector<int>>::reads(oids::int4_array));
  EXPECT_TRUE(from_text<std::vector<int>>::reads(oids::int8_array));
  EXPECT_TRUE(from_text<vectors<int>>::reads(oids::int4_array));
  EXPECT_TRUE(from_text<array<int>>::reads(oids::int4_array));
  EXPECT_TRUE(from_text<strings>::reads(oids::uuid_array) && from_text<strings>::reads(100'000));
  EXPECT_TRUE(from_text<bytes>::reads(oids::bytea) && !from_text<bytes>::reads(oids::bytea_array));
  EXPECT_TRUE(from_text<std::vector<bytes>>::reads(oids::bytea_array));
  for (oid const type : {oids::int4, oids::text_array, oids::float8_array, oid{0}, oid{100'000}}) {
    EXPECT_FALSE(from_text<std::vector<int>>::reads(type)) << type;
    EXPECT_FALSE(from_text<array<int>>::reads(type)) << type;
  }
  EXPECT_FALSE(from_text<strings>::reads(oids::text) || from_text<strings>::reads(0));
}

// ---- texts ----------------------------------------------------------------------------------------------------------

TEST(array_text, of_plain_elements) {
  expect_text(std::vector<int>{}, "{}");
  expect_text(std::vector<int>{1}, "{1}");
  expect_text(std::vector<int>{1, -2, 2147483647, -2147483648, 0}, "{1,-2,2147483647,-2147483648,0}");
  expect_text(std::vector<bool>{true, false}, "{t,f}");
  expect_text(std::vector<double>{0.5, -1e300}, "{0.5,-1e+300}");
  expect_text(optionals<int>{1, {}, 3}, "{1,NULL,3}");
  expect_text(std::vector<bytes>{{}, {std::byte{1}}}, R"({"\\x","\\x01"})");
}

TEST(array_text, quotes_what_would_be_misread) {
  struct row {
    std::string_view element, text;
  };
  constexpr row rows[] = {
      {"a", "{a}"},
      {"", "{\"\"}"},
      {"NULL", "{\"NULL\"}"},
      {"null", "{\"null\"}"},
      {"nUlL", "{\"nUlL\"}"},
      {"NULLS", "{NULLS}"},
      {"nul", "{nul}"},
      {" ", "{\" \"}"},
      {"a b", "{\"a b\"}"},
      {"a\tb", "{\"a\tb\"}"},
      {"a\vb", "{\"a\vb\"}"},
      {"a\fb", "{\"a\fb\"}"},
      {"\r\n", "{\"\r\n\"}"},
      {"\x01\x1f\x7f", "{\x01\x1f\x7f}"},
      {"a,b", "{\"a,b\"}"},
      {"a;b", "{a;b}"},
      {"{", "{\"{\"}"},
      {"}", "{\"}\"}"},
      {"[1:2]=", "{[1:2]=}"},
      {"\"", R"({"\""})"},
      {"\\", R"({"\\"})"},
      {"\\\"", R"({"\\\""})"},
      {"it's", "{it's}"},
      {"naïve", "{naïve}"},
      {"\xf0\x9f\x90\x98", "{\xf0\x9f\x90\x98}"},
      {"a long text with \"quotes\" and \\backslashes\\", R"({"a long text with \"quotes\" and \\backslashes\\"})"},
  };
  for (row const& r : rows) {
    expect_text(strings{std::string(r.element)}, r.text);
    expect_text(optionals<std::string>{std::string(r.element)}, r.text);
  }
  expect_text(optionals<std::string>{"NULL", {}, ""}, R"({"NULL",NULL,""})");
}

TEST(array_text, any_character_at_any_place_survives) {
  for (std::size_t length = 1; length <= 18; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 1; c < 128; ++c) {
        strings value(2, std::string(length, 'x'));
        value[0][at] = static_cast<char>(c);
        auto const back = parse_exactly<strings>(*text_of(value));
        ASSERT_TRUE(back && *back == value) << *text_of(value);
      }
    }
  }
}

TEST(array_text, of_several_dimensions) {
  expect_text(vectors<int>{{1, 2}, {3, 4}, {5, 6}}, "{{1,2},{3,4},{5,6}}");
  expect_text(vectors<std::optional<std::string>>{{"a b", {}}, {"}", ""}}, R"({{"a b",NULL},{"}",""}})");
  expect_text(std::vector<vectors<int>>{{{1}, {2}}, {{3}, {4}}}, "{{{1},{2}},{{3},{4}}}");
  expect_text(vectors<vectors<vectors<int>>>{{{{{{7}}}}}}, "{{{{{{7}}}}}}");
  expect_text(vectors<bool>{{true, false}}, "{{t,f}}");
  EXPECT_EQ(text_of(std::array<std::vector<int>, 2>{{{1, 2}, {3, 4}}}), "{{1,2},{3,4}}");
}

TEST(array_text, has_one_empty_value) {
  expect_text(vectors<int>{}, "{}");
  expect_text(array<int>{}, "{}");
  EXPECT_EQ(text_of(vectors<int>{{}, {}}), "{}");
  EXPECT_EQ(text_of(std::array<int, 0>{}), "{}");
  EXPECT_EQ(text_of(std::span<int const>()), "{}");
}

TEST(array_text, of_vectors_that_differ_in_size_is_refused) {
  auto const refused = [](auto const& value) {
    params args(1);
    std::string const before(args.wire());
    EXPECT_EQ(test::thrown<data_error>([&] { args.add(value); }).code(), make_error_code(errc::ragged_array));
    EXPECT_TRUE(args.count() == 1 && args.wire() == before);
  };
  refused(vectors<int>{{1}, {2, 3}});
  refused(vectors<int>{{1, 2}, {3}});
  refused(vectors<int>{{}, {1}});
  refused(vectors<int>{{1}, {}});
  refused(std::vector<vectors<int>>{{{1}, {2}}, {{3}}});
  refused(std::vector<vectors<int>>{{{1}, {2}}, {{3}, {4, 5}}});
}

TEST(array_text, of_what_no_text_can_hold_is_refused) {
  EXPECT_EQ(test::thrown<data_error>([] {
              text_of(strings{"a", "b\xff"});
            }).code(),
            make_error_code(errc::invalid_utf8));
  EXPECT_EQ(test::thrown<data_error>([] { text_of(strings{std::string("a\0", 2)}); }).code(),
            make_error_code(errc::embedded_nul));
}

TEST(array_text, of_boxes_has_semicolons) {
  std::string_view const text = "{(1,2),(0,0);(3,4),(1,1)}";
  std::vector<geometry::box> const boxes{{{1, 2}, {0, 0}}, {{3, 4}, {1, 1}}};
  expect_text(boxes, text, oids::box_array);
  expect_text(boxes, text);  // in a row value, where the type is not told
  expect_text(std::vector<std::optional<geometry::box>>{boxes[0], {}}, "{(1,2),(0,0);NULL}");
  expect_text(array<geometry::box>(boxes), text);
  EXPECT_EQ(parse_exactly<strings>(text, oids::box_array)->size(), 2U);
}

TEST(array_text, of_the_catalogues_vectors_has_blanks) {
  using shorts = std::vector<std::int16_t>;
  EXPECT_EQ(*parse_exactly<shorts>("1 -2 32767", oids::int2vector), (shorts{1, -2, 32767}));
  EXPECT_EQ(*parse_exactly<std::vector<int>>("7", oids::int2vector), std::vector<int>{7});
  EXPECT_EQ(*parse_exactly<shorts>("", oids::int2vector), shorts());
  EXPECT_EQ(*parse_exactly<std::vector<oid>>("4294967295 0", oids::oidvector), (std::vector<oid>{4'294'967'295, 0}));
  EXPECT_EQ(*parse_exactly<strings>("1 2", oids::oidvector), (strings{"1", "2"}));
  EXPECT_EQ(parse_exactly<array<int>>("1 2", oids::int2vector)->at(0), 1) << "they count from 0";
  EXPECT_EQ((*parse_exactly<std::array<int, 2>>("1 2", oids::int2vector)), (std::array<int, 2>{1, 2}));
  EXPECT_FALSE(from_text<std::vector<bool>>::reads(oids::int2vector));
  EXPECT_TRUE(from_text<shorts>::reads(oids::int2vector) && from_text<std::vector<oid>>::reads(oids::oidvector));
  expect_failure<shorts>("1  2", errc::malformed_array, 2, oids::int2vector);
  expect_failure<shorts>(" 1", errc::malformed_array, 0, oids::int2vector);
  expect_failure<shorts>("1 ", errc::malformed_array, 2, oids::int2vector);
  expect_failure<shorts>("1 x", errc::malformed_integer, 2, oids::int2vector);
  expect_failure<shorts>("1 2 40000", errc::out_of_range, 4, oids::int2vector);
  expect_failure<shorts>("{1,2}", errc::malformed_integer, 0, oids::int2vector);
  expect_failure<vectors<int>>("1 2", errc::wrong_dimensions, 0, oids::int2vector);
}

TEST(array_text, sees_the_null_of_an_element) {
  char const* const words[] = {"a", nullptr, "NULL"};
  EXPECT_EQ(text_of(std::span(words)), R"({a,NULL,"NULL"})");
  EXPECT_EQ(*parse_exactly<optionals<int>>("{NULL,null,Null}"), optionals<int>(3));
}

TEST(array_text, elements_are_read_as_their_type) {
  EXPECT_EQ((*parse_exactly<std::vector<double>>("{0.1}", oids::float4_array))[0], double{0.1f});
  EXPECT_EQ((*parse_exactly<std::vector<double>>("{0.1}", oids::float8_array))[0], 0.1);
}

TEST(array_text, is_refused_where_it_is_malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},
      {"1", 0},
      {" {1}", 0},
      {"{1} ", 3},
      {"{1}}", 3},
      {"{1},", 3},
      {"{,1}", 1},
      {"{1,}", 3},
      {"{1,,2}", 3},
      {"{ 1}", 1},
      {"{1 }", 2},
      {"{1, 2}", 3},
      {"{1", 2},
      {"{\"1\"", 4},
      {"{\"1", 3},
      {"{\"1\"2}", 4},
      {"{1\"2\"}", 2},
      {"{\"1\"\"2\"}", 4},
      {"{1\\2}", 2},
      {"{\"1\\", 4},
      {"{{1},2}", 5},
      {"{1,{2}}", 3},
      {"{{1}{2}}", 4},
      {"{{1},{2}", 8},
      {"{{1,2},{3}}", 9},
      {"{{1},{2,3}}", 9},
      {"{{1},{{2}}}", 6},
      {"{{}}", 2},
      {"{{},{}}", 2},
      {"{}{}", 1},
      {"{{{1}},{{2},{3}}}", 15},
      {"[1:1]{1}", 5},
      {"[1:1]=", 6},
      {"[1:1]={}", 7},
      {"[1:2]={1}", 8},
      {"[1:1]={1,2}", 10},
      {"[2:1]={1}", 1},
      {"[1]={1}", 1},
      {"[:1]={1}", 1},
      {"[1:]={1}", 3},
      {"[a:1]={1}", 1},
      {"[1:1][1:1]={1}", 12},
      {"[1:1]={{1}}", 8},
      {"[1:1] ={1}", 5},
      {"[1 :1]={1}", 1},
      {"[1:1", 3},
      {"[-99999999999:1]={1}", 1},
      {"[+1:1]={1}", 1},
  };
  for (row const& r : rows) {
    expect_failure<strings>(r.text, errc::malformed_array, r.position);
    expect_failure<array<std::string>>(r.text, errc::malformed_array, r.position);
  }
}

TEST(array_text, an_error_of_an_element_is_where_it_is) {
  expect_failure<std::vector<int>>("{1,x}", errc::malformed_integer, 3);
  expect_failure<std::vector<int>>("{1,2x3,4}", errc::malformed_integer, 4);
  expect_failure<std::vector<int>>("{1,\"2x\"}", errc::malformed_integer, 5);
  expect_failure<std::vector<int>>("{\"2\\x\"}", errc::malformed_integer, 2);  // somewhere in there
  expect_failure<std::vector<short>>("{1,32768,3}", errc::out_of_range, 3);
  expect_failure<std::vector<int>>("{1,2,3,4,5,6,7,8,9,2147483648,3,4,5,6,7,8,9}", errc::out_of_range, 19);
  expect_failure<std::vector<int>>("{1,NULL,3,4,5,6,7,8,9,10,11}", errc::null_element, 3);
  expect_failure<vectors<int>>("{{1},{NULL}}", errc::null_element, 6);
}

TEST(array_text, of_other_dimensions_is_refused) {
  expect_failure<std::vector<int>>("{{1}}", errc::wrong_dimensions, 0);
  expect_failure<vectors<int>>("{1}", errc::wrong_dimensions, 0);
  expect_failure<vectors<int>>("{{{1}}}", errc::wrong_dimensions, 0);
}

TEST(array_text, a_thousand_braces_are_an_error) {
  std::string const braces(1'000, '{');
  expect_failure<std::vector<int>>(braces, errc::too_deep, 6);
  expect_failure<array<int>>(braces + "1" + std::string(1'000, '}'), errc::too_deep, 6);
  expect_failure<array<int>>("{{{{{{{1}}}}}}}", errc::too_deep, 6);
  expect_failure<array<int>>("[1:1][1:1][1:1][1:1][1:1][1:1][1:1]={{{{{{{1}}}}}}}", errc::too_deep, 30);
}

TEST(array_text, a_claimed_bound_allocates_nothing) {
  expect_failure<std::vector<int>>("[1:2000000000]={1}", errc::malformed_array, 17);
  expect_failure<array<std::string>>("[1:2000000000][1:2000000000]={{1}}", errc::malformed_array, 32);
}

// ---- long ones ------------------------------------------------------------------------------------------------------

template <class T>
std::vector<T> random_integers(std::mt19937_64& random, std::size_t count) {
  std::vector<T> made(count);
  for (T& each : made) each = static_cast<T>(static_cast<T>(random()) >> random() % (8 * sizeof(T)));
  return made;
}

template <class T>
void expect_random_integers(unsigned seed) {
  std::mt19937_64 random(seed);
  for (std::size_t count = 1; count < 200; ++count) {
    auto const value = random_integers<T>(random, count);
    auto const back = parse_exactly<std::vector<T>>(*text_of(value));
    ASSERT_TRUE(back && *back == value) << *text_of(value);
    vectors<T> const rows{value, random_integers<T>(random, count)};
    auto const both = parse_exactly<vectors<T>>(*text_of(rows));
    ASSERT_TRUE(both && *both == rows) << *text_of(rows);
    optionals<T> sparse(value.begin(), value.end());
    for (std::size_t i = random() % 5; i < count; i += 5) sparse[i].reset();
    auto const again = parse_exactly<optionals<T>>(*text_of(sparse));
    ASSERT_TRUE(again && *again == sparse) << *text_of(sparse);
  }
}

TEST(array_text, random_integers_of_every_length) {
  expect_random_integers<signed char>(1);
  expect_random_integers<short>(2);
  expect_random_integers<int>(3);
  expect_random_integers<long>(4);
  expect_random_integers<unsigned>(5);
  expect_random_integers<unsigned long>(6);
}

TEST(array_text, any_byte_among_integers_is_a_digit_or_an_error) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 1; at < 30; ++at) {
      std::string text = "{12,345,-6789,12345678,123456789,1234567890,-1,2,3,4,5,6,7,8,9,10}";
      text[at] = static_cast<char>(c);
      auto const result = parse_exactly<std::vector<int>>(text);
      auto const slow = parse_exactly<strings>(text);
      bool good = slow.has_value();
      for (std::size_t i = 0; good && i < slow->size(); ++i) good = bool(parse_exactly<int>((*slow)[i]));
      ASSERT_EQ(bool(result), good) << text;
      ASSERT_TRUE(!good || result->size() == slow->size()) << text;
    }
  }
}

}  // namespace
}  // namespace tusk
