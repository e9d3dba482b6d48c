// numeric: its text both ways, a user's text, comparison, conversions.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "support/parsed.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::failure;
using test::outcome_of;
using test::parse;
using types::errc;
using types::text_of;

std::string zeros(std::size_t count) { return std::string(count, '0'); }

// The code with which a call throws.
template <class Call>
std::error_code refused(Call&& call) {
  return test::thrown<data_error>(std::forward<Call>(call)).code();
}

// ---- a field's text -------------------------------------------------------------------------------------------------

TEST(numeric, reads_the_types_of_its_table) {
  EXPECT_EQ(test::read_types<numeric>(), "int8 int2 int4 oid numeric");
  EXPECT_EQ(adapter<numeric>::oid, oids::numeric);
}

TEST(numeric, text_of_the_server_is_kept) {
  for (auto text :
       {"0"sv, "7"sv, "-7"sv, "0.0"sv, "0.000"sv, "1.10"sv, "-0.01"sv, "10"sv, "12345678"sv, "123456789.123456789"sv,
        "99999999999999999999999999999999999999999"sv, "NaN"sv, "Infinity"sv, "-Infinity"sv}) {
    EXPECT_EQ(outcome_of(parse<numeric>(text)), "value " + std::string(text));
    EXPECT_EQ(parse<numeric>(text)->to_string(), text);
    EXPECT_EQ(numeric(text).to_string(), text);
    test::expect_each_prefix_read_or_refused<numeric>(text);
  }
}

TEST(numeric, malformed) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},
      {"-", 1},
      {"--1", 1},
      {"+1", 0},
      {" 1", 0},
      {"1 ", 1},
      {".5", 0},
      {"5.", 2},
      {"1.-5", 2},
      {"1.5.", 3},
      {"1.5e3", 3},
      {"1e3", 1},
      {"007", 0},
      {"00", 0},
      {"-01", 0},
      {"-0", 0},
      {"-0.00", 0},
      {"nan", 0},
      {"-NaN", 1},
      {"NaN ", 0},
      {"Inf", 0},
      {"infinity", 0},
      {"-infinity", 1},
      {"Infinity1", 0},
      {"1\0"sv, 1},
      {"1.2\0"sv, 3},
      {"12345678x", 8},
      {"1234567x", 7},
      {"123456789.12345678x", 18},
      {"\xb1", 0},
      {"1.\xff", 2},
      {"1,000", 1},
      {"0x10", 1},
      {"1_000", 1},
      {"-.5", 1},
      {"/", 0},
      {":", 0},
      {"1/", 1},
      {"1:", 1},
  };
  for (row const& r : rows) {
    EXPECT_EQ(outcome_of(parse<numeric>(r.text)), failure(errc::malformed_numeric, r.position)) << r.text;
  }
}

TEST(numeric, any_byte_at_any_place_of_any_length) {
  for (std::size_t length = 1; length <= 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(length, '1');
        text[at] = static_cast<char>(c);
        bool const digit = c >= '1' && c <= '9';
        bool const zero = c == '0' && (at != 0 || length == 1);
        bool const sign = c == '-' && at == 0 && length > 1;
        bool const point = c == '.' && at != 0 && at != length - 1;
        ASSERT_EQ(bool(parse<numeric>(text)), digit || zero || sign || point) << text;
      }
    }
  }
}

TEST(numeric, has_the_servers_limits) {
  std::string const nines(numeric::max_integer_digits, '9');
  std::string const fraction = "." + zeros(numeric::max_scale - 1) + "1";
  for (std::string const& text : {nines, "-" + nines, "0" + fraction, nines + fraction, "-" + nines + fraction}) {
    EXPECT_EQ(parse<numeric>(text)->to_string(), text);
    EXPECT_EQ(numeric(text).to_string(), text);
  }
  for (std::string const& text : {nines + "9", "-1" + nines, "0" + fraction + "0", nines + "9" + fraction}) {
    EXPECT_EQ(outcome_of(parse<numeric>(text)), failure(errc::out_of_range, 0));
    EXPECT_EQ(refused([&] { numeric{text}; }), errc::out_of_range);
  }
}

// ---- a user's text --------------------------------------------------------------------------------------------------

TEST(numeric, takes_what_the_servers_input_takes) {
  struct row {
    std::string_view text;
    std::string_view kept;
  };
  constexpr row rows[] = {
      {"+1", "1"},
      {".5", "0.5"},
      {"5.", "5"},
      {"-.5", "-0.5"},
      {"007", "7"},
      {"-007.70", "-7.70"},
      {"-0", "0"},
      {"-0.00", "0.00"},
      {"000", "0"},
      {"1e3", "1000"},
      {"1E+3", "1000"},
      {"1.5e3", "1500"},
      {"1.5e-3", "0.0015"},
      {"1.50e1", "15.0"},
      {"12.345e2", "1234.5"},
      {"1e-3", "0.001"},
      {"100e-2", "1.00"},
      {"0e5", "0"},
      {"0e-3", "0.000"},
      {"0.00e-2", "0.0000"},
      {"0.0001e4", "1"},
      {"0.0001e6", "100"},
      {"-0.5e0", "-0.5"},
      {"1e-00003", "0.001"},
      {"000.000e1", "0.00"},
      {"0e999999999999", "0"},
      {"nan", "NaN"},
      {"NAN", "NaN"},
      {"inf", "Infinity"},
      {"+Inf", "Infinity"},
      {"-INFINITY", "-Infinity"},
      {"-inf", "-Infinity"},
  };
  for (row const& r : rows) EXPECT_EQ(numeric(r.text).to_string(), r.kept) << r.text;
}

TEST(numeric, refuses_other_text) {
  struct row {
    std::string_view text;
    std::string_view place;
  };
  constexpr row rows[] = {
      {"", "at byte 0: "},      {".", "at byte 1: "},     {"-", "at byte 1: "},    {"1e", "at byte 2: "},
      {"1e+", "at byte 3: "},   {"e5", "at byte 0: "},    {" 1", "at byte 0: "},   {"1 ", "at byte 1: "},
      {"1.2.3", "at byte 3: "}, {"+-1", "at byte 1: "},   {"-nan", "at byte 1: "}, {"infi", "at byte 0: "},
      {"1e5x", "at byte 3: "},  {"1\0"sv, "at byte 1: "}, {"0x1F", "at byte 1: "},
  };
  for (row const& r : rows) {
    auto const error = test::thrown<data_error>([&] { numeric{r.text}; });
    EXPECT_EQ(error.code(), errc::malformed_numeric) << r.text;
    EXPECT_CONTAINS(r.place, error.what());
    EXPECT_CONTAINS("write one like -12.50", error.what());
  }
}

TEST(numeric, an_exponent_beyond_the_limits_is_refused_before_memory_is_taken) {
  EXPECT_EQ(numeric("1e131071").to_string().size(), numeric::max_integer_digits);
  EXPECT_EQ(numeric("1e-16383").scale(), numeric::max_scale);
  for (auto text : {"1e131072"sv, "1e-16384"sv, "1e999999999"sv, "-1e-999999999"sv, "1e99999999999999999999999"sv,
                    "1e-99999999999999999999999"sv, "0e-16384"sv}) {
    EXPECT_EQ(refused([&] { numeric{text}; }), errc::out_of_range) << text;
  }
}

// ---- values ---------------------------------------------------------------------------------------------------------

TEST(numeric, is_made_of_numbers) {
  EXPECT_EQ(numeric().to_string(), "0");
  numeric const from_int = -5;
  EXPECT_EQ(from_int.to_string(), "-5");
  EXPECT_EQ(numeric(std::numeric_limits<std::uint64_t>::max()).to_string(), "18446744073709551615");
  EXPECT_EQ(numeric(std::numeric_limits<std::int64_t>::min()).to_string(), "-9223372036854775808");
  EXPECT_EQ(numeric(0.1).to_string(), "0.1");
  EXPECT_EQ(numeric(0.1f).to_string(), "0.1");
  EXPECT_EQ(numeric(-1e23).to_string(), "-1" + zeros(23));
  EXPECT_EQ(numeric(-0.0).to_string(), "0");
  EXPECT_EQ(numeric(5e-324).to_string(), "0." + zeros(323) + "5");
  EXPECT_EQ(numeric(std::numeric_limits<double>::quiet_NaN()).to_string(), "NaN");
  EXPECT_EQ(numeric(-std::numeric_limits<float>::infinity()).to_string(), "-Infinity");
  static_assert(std::is_convertible_v<int, numeric> && !std::is_convertible_v<double, numeric>);
  static_assert(!std::is_convertible_v<std::string_view, numeric> && !std::is_constructible_v<numeric, bool>);
  static_assert(!std::is_constructible_v<numeric, char> && !std::is_constructible_v<numeric, long double>);
}

TEST(numeric, knows_its_kind_and_its_scale) {
  EXPECT_EQ(numeric("1.10").scale(), 2U);
  EXPECT_EQ(numeric("110").scale(), 0U);
  EXPECT_EQ(numeric("NaN").scale(), 0U);
  EXPECT_TRUE(numeric("1.10").is_finite() && numeric("9").is_finite() && !numeric("9").is_nan());
  EXPECT_TRUE(numeric("NaN").is_nan() && !numeric("NaN").is_finite());
  EXPECT_TRUE(!numeric("Infinity").is_finite() && !numeric("-Infinity").is_finite() && !numeric("Infinity").is_nan());
  std::ostringstream out;
  out << numeric("1.10");
  EXPECT_EQ(out.str(), "1.10");
}

TEST(numeric, is_ordered_as_the_server_orders) {
  // Groups of equal values, from the least to the greatest.
  std::vector<std::vector<std::string_view>> const groups = {{"-Infinity"},
                                                             {"-100", "-100.0"},
                                                             {"-99.9"},
                                                             {"-9.91"},
                                                             {"-9.9", "-9.90"},
                                                             {"-9"},
                                                             {"-0.1", "-0.100"},
                                                             {"-0.09"},
                                                             {"0", "0.0", "0.000"},
                                                             {"0.01"},
                                                             {"0.1", "0.10"},
                                                             {"0.11"},
                                                             {"1", "1.00"},
                                                             {"1.001"},
                                                             {"1.1", "1.10"},
                                                             {"2"},
                                                             {"10", "10.0"},
                                                             {"10.5"},
                                                             {"100"},
                                                             {"99999999999999999999"},
                                                             {"99999999999999999999.5"},
                                                             {"Infinity"},
                                                             {"NaN"}};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = 0; j < groups.size(); ++j) {
      for (auto a : groups[i]) {
        for (auto b : groups[j]) {
          numeric const left(a);
          numeric const right(b);
          EXPECT_TRUE((left <=> right) == (i <=> j)) << a << ' ' << b;
          EXPECT_EQ(left == right, i == j) << a << ' ' << b;
          if (i == j) {
            EXPECT_EQ(std::hash<numeric>()(left), std::hash<numeric>()(right)) << a << ' ' << b;
          }
        }
      }
    }
  }
  EXPECT_EQ(numeric("5.00"), 5);
  EXPECT_LT(numeric("4.99"), 5);
  EXPECT_EQ((std::unordered_set<numeric>{numeric("1.1"), numeric("1.10"), numeric("11")}).size(), 2U);
}

TEST(numeric, converts_to_integers_exactly_or_not_at_all) {
  EXPECT_EQ(numeric("5").to<int>(), 5);
  EXPECT_EQ(numeric("5.00").to<int>(), 5);
  EXPECT_EQ(numeric("-0.000").to<unsigned>(), 0U);
  EXPECT_EQ(numeric("-9223372036854775808.0").to<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(numeric("18446744073709551615").to<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  for (auto text : {"0.5"sv, "5.01"sv, "-0.000000001"sv}) {
    EXPECT_EQ(refused([&] { (void)numeric(text).to<int>(); }), errc::inexact) << text;
  }
  for (auto text : {"2147483648"sv, "-2147483649"sv, "NaN"sv, "Infinity"sv, "-Infinity"sv, "1e100"sv}) {
    EXPECT_EQ(refused([&] { (void)numeric(text).to<int>(); }), errc::out_of_range) << text;
  }
  EXPECT_EQ(refused([&] { (void)numeric("-1").to<unsigned>(); }), errc::out_of_range);
}

TEST(numeric, converts_to_the_nearest_floating_point_value) {
  EXPECT_EQ(numeric("0.1").to<double>(), 0.1);
  EXPECT_EQ(numeric("0.1").to<float>(), 0.1f);
  EXPECT_EQ(numeric("9007199254740993").to<double>(), 9007199254740992.0);
  EXPECT_EQ(numeric("9007199254740993.00000000000000000001").to<double>(), 9007199254740994.0);
  EXPECT_EQ(numeric("5e-324").to<double>(), 5e-324);
  EXPECT_EQ(numeric("1e-400").to<double>(), 0.0);
  EXPECT_TRUE(std::signbit(numeric("-1e-16383").to<double>()));
  EXPECT_EQ(numeric("1e-50").to<float>(), 0.0f);
  EXPECT_TRUE(std::isnan(numeric("NaN").to<double>()));
  EXPECT_EQ(numeric("-Infinity").to<float>(), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(numeric("1e308").to<double>(), 1e308);
  EXPECT_EQ(refused([] { (void)numeric("1e309").to<double>(); }), errc::out_of_range);
  EXPECT_EQ(refused([] { (void)numeric("-1e39").to<float>(); }), errc::out_of_range);
  EXPECT_EQ(refused([] { (void)numeric(std::string(numeric::max_integer_digits, '9')).to<double>(); }),
            errc::out_of_range);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    double const value = std::bit_cast<double>(random());
    if (std::isnan(value)) continue;
    ASSERT_EQ(numeric(value).to<double>(), value);
  }
}

// ---- other types read from numeric columns --------------------------------------------------------------------------

TEST(numeric, is_read_as_an_integer_where_it_is_one) {
  EXPECT_EQ(*types::read_text<int>("-42", oids::numeric), -42);
  EXPECT_EQ(outcome_of(types::read_text<int>("42.00", oids::numeric)), "value 42");
  EXPECT_EQ(*types::read_text<int>("-7.0", oids::numeric), -7);
  EXPECT_EQ(outcome_of(types::read_text<int>("42.50", oids::numeric)), failure(errc::inexact, 2));
  EXPECT_EQ(outcome_of(types::read_text<int>("42.", oids::numeric)), failure(errc::malformed_integer, 2));
  EXPECT_EQ(outcome_of(types::read_text<int>("42.0x", oids::numeric)), failure(errc::malformed_integer, 2));
  EXPECT_EQ(outcome_of(types::read_text<int>("3000000000.0", oids::numeric)), failure(errc::out_of_range, 0));
  EXPECT_EQ(outcome_of(types::read_text<int>("42.00", oids::int4)), failure(errc::malformed_integer, 2));
  EXPECT_EQ(outcome_of(types::read_text<int>("NaN", oids::numeric)), failure(errc::malformed_integer, 0));
}

TEST(numeric, is_read_as_the_nearest_double_or_float) {
  auto const as_double = [](std::string_view text) { return types::read_text<double>(text, oids::numeric); };
  auto const as_float = [](std::string_view text) { return types::read_text<float>(text, oids::numeric); };
  EXPECT_EQ(*as_double("0.1"), 0.1);
  EXPECT_EQ(*as_double("2.5000000000000000"), 2.5);
  EXPECT_EQ(*as_double("9007199254740993"), 9007199254740992.0);  // between two: the even one
  EXPECT_EQ(*as_double("-123456789012345678901234567890.5"), -123456789012345678901234567890.5);
  EXPECT_EQ(*as_float("0.1"), 0.1f);
  EXPECT_EQ(*as_float("16777217"), 16777216.0f);
  EXPECT_EQ(*as_float("7.0000003576278686523437500000000001"), 7.00000048f);  // by way of a double it would be less
  EXPECT_TRUE(std::isnan(*as_double("NaN")));
  EXPECT_EQ(*as_double("-Infinity"), -std::numeric_limits<double>::infinity());
  std::string const tiny = "-0." + std::string(400, '0') + "1";
  EXPECT_TRUE(*as_double(tiny) == 0 && std::signbit(*as_double(tiny)));
  std::string const huge = std::string(400, '9') + ".0";
  EXPECT_EQ(as_double(huge).error().code, make_error_code(errc::out_of_range));
  EXPECT_EQ(as_float("-1" + std::string(39, '0')).error().code, make_error_code(errc::out_of_range));
}

}  // namespace
}  // namespace tusk
