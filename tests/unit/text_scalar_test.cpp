// The text format of bool and numbers, both ways: boundaries, odd ones, malformed ones, random ones. What is read from
// and sent as which type.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <type_traits>
#include <vector>

#include "support/parsed.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using test::read_types;
using types::errc;
using types::text_of;
using bytes = std::vector<std::byte>;

// ---- which types are read, which are sent ---------------------------------------------------------------------------

static_assert(adapter<bool>::oid == oids::bool_ && adapter<float>::oid == oids::float4);
static_assert(adapter<double>::oid == oids::float8 && adapter<bytes>::oid == oids::bytea);
static_assert(adapter<signed char>::oid == oids::int2 && adapter<unsigned char>::oid == oids::int2);
static_assert(adapter<short>::oid == oids::int2 && adapter<unsigned short>::oid == oids::int4);
static_assert(adapter<int>::oid == oids::int4 && adapter<unsigned>::oid == oids::int8);
static_assert(adapter<long long>::oid == oids::int8 && adapter<unsigned long long>::oid == oids::int8);
static_assert(adapter<long>::oid == (sizeof(long) == 8 ? oids::int8 : oids::int4));
static_assert(adapter<std::string>::oid == 0 && adapter<std::string_view>::oid == 0 && adapter<char const*>::oid == 0);
static_assert(types::argument_type_of<std::optional<int>>().oid == oids::int4 && adapter<std::nullptr_t>::oid == 0);

struct unknown {};
enum class color { red };
static_assert(!adaptable<unknown> && !adaptable<std::optional<unknown>> && !adaptable<color> && !adaptable<void*>);
static_assert(!adaptable<wchar_t> && !adaptable<char8_t> && !adaptable<long double>);
static_assert(adaptable<std::pmr::string> && adaptable<std::array<std::byte, 3>> && adaptable<std::optional<bytes>>);
static_assert(adaptable<std::span<std::byte>> && adaptable<std::span<std::byte const, 4>>);
static_assert(std::same_as<types::adapted<char const (&)[4]>, char const*>);
static_assert(std::same_as<types::adapted<char*>, char const*> && std::same_as<types::adapted<int const&>, int>);

static_assert(readable<bool> && readable<long> && readable<std::string> && readable<std::optional<double>>);
static_assert(!readable<unknown> && !readable<std::optional<unknown>> && !readable<char const*>);
static_assert(nullable<std::optional<int>> && !nullable<int> && !from_text<std::optional<int>>::null());

TEST(from_text, reads_the_types_of_its_table) {
  EXPECT_EQ(read_types<bool>(), "bool");
  EXPECT_EQ(read_types<signed char>(), "int8 int2 int4 oid numeric");
  EXPECT_EQ(read_types<unsigned long long>(), "int8 int2 int4 oid numeric");
  EXPECT_EQ(read_types<float>(), "int8 int2 int4 float4 numeric");
  EXPECT_EQ(read_types<double>(), "int8 int2 int4 float4 float8 numeric");
  EXPECT_EQ(read_types<bytes>(), "bytea");
  EXPECT_EQ(read_types<std::optional<bool>>(), "bool");
  EXPECT_TRUE(from_text<std::string>::reads(0) && from_text<std::string_view>::reads(100'000));
}

// ---- bool -----------------------------------------------------------------------------------------------------------

TEST(text_bool, is_one_letter) {
  EXPECT_EQ(text_of(true), "t");
  EXPECT_EQ(text_of(false), "f");
  EXPECT_EQ(*parse<bool>("t"), true);
  EXPECT_EQ(*parse<bool>("f"), false);
  for (auto bad : {""sv, "T"sv, "true"sv, "1"sv, "tt"sv, " t"sv, "t\0"sv}) {
    EXPECT_EQ(outcome_of(parse<bool>(bad)), failure(errc::malformed_bool, 0)) << bad;
  }
}

// ---- integers -------------------------------------------------------------------------------------------------------

template <class T>
class text_integer : public testing::Test {};
using integers = testing::Types<signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                                long long, unsigned long long>;
TYPED_TEST_SUITE(text_integer, integers);

// Adds one to a decimal number of either sign, away from zero.
std::string further(std::string text) {
  for (std::size_t i = text.size(); i-- > 0 && text[i] != '-';) {
    if (text[i] != '9') return ++text[i], text;
    text[i] = '0';
  }
  return text.insert(text[0] == '-', "1");
}

TYPED_TEST(text_integer, boundaries) {
  using limits = std::numeric_limits<TypeParam>;
  std::string const max = std::to_string(limits::max());
  std::string const min = std::to_string(limits::min());
  EXPECT_EQ(text_of(limits::max()), max);
  EXPECT_EQ(text_of(limits::min()), min);
  EXPECT_EQ(*parse<TypeParam>(max), limits::max());
  EXPECT_EQ(*parse<TypeParam>(min), limits::min());
  EXPECT_EQ(*parse<TypeParam>("000000000000000000000000" + max), limits::max());
  EXPECT_EQ(*parse<TypeParam>("-0"), 0);
  for (std::string const& large : {further(max), max + "0", std::string(40, '9')}) {
    EXPECT_EQ(outcome_of(parse<TypeParam>(large)), failure(errc::out_of_range, 0)) << large;
  }
  std::string const below = limits::min() == 0 ? "-1" : further(min);
  EXPECT_EQ(outcome_of(parse<TypeParam>(below)), failure(errc::out_of_range, 0)) << below;
}

TYPED_TEST(text_integer, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},           {"-", 1},         {"--1", 1},
      {"+1", 0},         {" 1", 0},        {"1 ", 1},
      {"1.0", 1},        {"1e3", 1},       {"0x1", 1},
      {"1\0"sv, 1},      {"a", 0},         {"12a", 2},
      {"1234567a", 7},   {"12345678:", 8}, {"123456789012345/", 15},
      {"12345678-1", 8}, {"1,000", 1},     {"\xb1", 0},
      {"1\xff", 1},      {"NaN", 0},       {"99999999999999999999999999999999x", 32},
      {"-1-", 2},        {"1/", 1},        {"1:", 1},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<TypeParam>(r.text)), failure(errc::malformed_integer, r.position)) << r.text;
  }
}

TYPED_TEST(text_integer, any_byte_at_any_place_of_any_length) {
  for (std::size_t length = 1; length <= 24; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(length, '0');
        text[at] = static_cast<char>(c);
        bool const good = (c >= '0' && c <= '9') || (c == '-' && at == 0 && length > 1);
        auto const result = parse<TypeParam>(text);
        bool const malformed = !result && result.error().code == errc::malformed_integer;
        ASSERT_EQ(malformed, !good) << text;
      }
    }
  }
}

TYPED_TEST(text_integer, random_values_and_all_their_prefixes) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    auto const value = static_cast<TypeParam>(random() >> random() % 64);
    std::string const text = *text_of(value);
    auto const back = from_text<TypeParam>::parse(text);
    ASSERT_TRUE(back && *back == value) << text;
    if (i % 100 != 0) continue;
    for (std::size_t size = 0; size < text.size(); ++size) {
      bool const no_digit = size == 0 || (size == 1 && text[0] == '-');
      ASSERT_EQ(bool(parse<TypeParam>(text.substr(0, size))), !no_digit) << text << ' ' << size;
    }
  }
}

// ---- floating point -------------------------------------------------------------------------------------------------

TEST(text_float, is_the_shortest_that_reads_back) {
  EXPECT_EQ(text_of(0.1), "0.1");
  EXPECT_EQ(text_of(0.1f), "0.1");
  EXPECT_EQ(text_of(-1.0), "-1");
  EXPECT_EQ(text_of(-0.0), "-0");
  EXPECT_EQ(text_of(1e22), "1e+22");
  EXPECT_EQ(text_of(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(text_of(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(text_of(std::numeric_limits<float>::max()), "3.4028235e+38");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(text_of(-std::numeric_limits<float>::infinity()), "-Infinity");
  EXPECT_EQ(text_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(text_of(-std::numeric_limits<float>::quiet_NaN()), "NaN");
}

// Decimals of few digits go a short way: they have the digits of the long one, and those beside them are not taken for
// them.
TEST(text_float, short_decimals_have_the_same_digits) {
  auto const digits = [](std::string_view text) {
    std::string all;
    for (char const c : text.substr(0, text.find('e')))
      if (c != '.' && c != '-' && (c != '0' || !all.empty())) all += c;
    while (!all.empty() && all.back() == '0') all.pop_back();
    return all;
  };
  std::mt19937_64 random(20261128);
  std::array const scales{1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 7.0};
  for (int i = 0; i != 200'000; ++i) {
    auto const whole = static_cast<double>(random() >> (random() % 64));
    double const value = (random() % 2 == 0 ? whole : -whole) / scales[random() % scales.size()];
    for (double const near : {value, std::nextafter(value, 0.0), std::nextafter(value, 2 * value)}) {
      std::array<char, 32> longest;
      std::string_view const expected(
          longest.data(),
          static_cast<std::size_t>(std::to_chars(longest.data(), longest.data() + longest.size(), near).ptr -
                                   longest.data()));
      std::string const text = *text_of(near);
      ASSERT_EQ(*parse<double>(text), near) << text;
      ASSERT_EQ(digits(text), digits(expected)) << text;
    }
  }
  EXPECT_EQ(text_of(100000.0), "100000");
  EXPECT_EQ(text_of(999999999.999999), "999999999.999999");
  EXPECT_EQ(text_of(0.000001), "0.000001");
  EXPECT_EQ(text_of(-12.5), "-12.5");
}

TEST(text_float, names_and_signs_are_read) {
  EXPECT_TRUE(std::isnan(*parse<double>("NaN")) && std::isnan(*parse<float>("NaN")));
  EXPECT_EQ(*parse<double>("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(*parse<float>("-Infinity"), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::signbit(*parse<double>("-0")));
  EXPECT_EQ(*parse<double>("1.5e+300"), 1.5e300);
  EXPECT_EQ(*parse<double>("5."), 5);  // as the server reads it
  EXPECT_EQ(*parse<double>("4.9e-324"), std::numeric_limits<double>::denorm_min());
}

template <class T>
class text_floating : public testing::Test {};
using floats = testing::Types<float, double>;
TYPED_TEST_SUITE(text_floating, floats);

TYPED_TEST(text_floating, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},         {"-", 1},         {".5", 0},    {"-.5", 1},     {"5..", 2},   {"1e", 1},
      {"1e+", 1},      {"1e5x", 3},      {"1.5.5", 3}, {" 1", 0},      {"1 ", 1},    {"+1", 0},
      {"nan", 0},      {"inf", 0},       {"-inf", 1},  {"-NaN", 1},    {"0x1", 1},   {"NaN ", 0},
      {"infinity", 0}, {"Infinityx", 0}, {"1\0"sv, 1}, {"1,5", 1},     {"--1", 1},   {"1_000", 1},
      {"nan(1)", 0},   {"1e5.5", 3},     {"\xb1", 0},  {"Infinit", 0}, {"1.e5x", 4}, {"e5", 0},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<TypeParam>(r.text)), failure(errc::malformed_float, r.position)) << r.text;
  }
}

TYPED_TEST(text_floating, random_values_and_all_their_prefixes) {
  using bits = std::conditional_t<sizeof(TypeParam) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    auto const value = std::bit_cast<TypeParam>(static_cast<bits>(random()));
    std::string const text = *text_of(value);
    auto const back = parse<TypeParam>(text);
    ASSERT_TRUE(back) << text;
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(*back));
    } else {
      ASSERT_EQ(std::bit_cast<bits>(*back), std::bit_cast<bits>(value)) << text;
    }
    for (std::size_t size = 0; i % 100 == 0 && size < text.size(); ++size) {
      auto const prefix = parse<TypeParam>(text.substr(0, size));  // a number or an error, never past its end
      ASSERT_TRUE(prefix || prefix.error().position <= size);
    }
  }
}

TEST(text_float, out_of_range) {
  EXPECT_EQ(outcome_of(parse<double>("1e309")), failure(errc::out_of_range, 0));
  EXPECT_EQ(outcome_of(parse<double>("-1e999999999999")), failure(errc::out_of_range, 0));
  EXPECT_EQ(outcome_of(parse<float>("3.5e38")), failure(errc::out_of_range, 0));
}

TEST(text_float, integers_are_read_only_if_exact) {
  struct row {
    std::string_view text;
    bool in_double;
    bool in_float;
  };
  constexpr row rows[] = {
      {"0", true, true},
      {"16777216", true, true},
      {"16777217", true, false},
      {"-16777217", true, false},
      {"16777218", true, true},
      {"9007199254740992", true, true},
      {"9007199254740993", false, false},
      {"-9007199254740993", false, false},
      {"9007199254740994", true, false},
      {"9223372036854775807", false, false},
      {"-9223372036854775808", true, true},
      {"18446744073709551616", true, true},  // no int8: a float8 written in full
  };
  for (row const& r : rows) {
    EXPECT_EQ(bool(parse<double>(r.text)), r.in_double) << r.text;
    EXPECT_EQ(bool(parse<float>(r.text)), r.in_float) << r.text;
  }
  EXPECT_EQ(outcome_of(parse<double>("9007199254740993")), failure(errc::inexact, 0));
}

TEST(text_float, short_decimals_are_the_nearest_values) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(random() >> random() % 64).substr(0, 1 + random() % 16);
    if (random() % 4 != 0) text.insert(1 + random() % text.size(), ".");
    if (random() % 2 == 0) text.insert(0, "-");
    auto const as_double = parse<double>(text);
    auto const as_float = parse<float>(text);
    bool const integer = text.find('.') == text.npos;  // only exact ones are read
    ASSERT_TRUE((as_double && as_float) || integer) << text;
    ASSERT_TRUE(!as_double || *as_double == std::strtod(text.c_str(), nullptr)) << text;
    ASSERT_TRUE(!as_float || *as_float == std::strtof(text.c_str(), nullptr)) << text;
  }
}

TEST(text_float, float4_read_as_double_is_the_servers_value) {
  EXPECT_EQ(*types::read_text<double>("0.1", oids::float4), 0.10000000149011612);
  EXPECT_EQ(*types::read_text<double>("0.1", oids::float8), 0.1);
  EXPECT_EQ(**types::read_text<std::optional<double>>("0.1", oids::float4), 0.10000000149011612);
  EXPECT_FALSE(types::read_text<double>("1e39", oids::float4));
}

}  // namespace
}  // namespace tusk
