// The small types: money, bit strings, json and xml.
#include <gtest/gtest.h>

#include <bitset>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <unordered_set>

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

// ---- money ----------------------------------------------------------------------------------------------------------

std::string money_outcome(protocol::expected<money> const& result) {
  if (result) return "value " + std::to_string(result->units());
  return failure(result.error().code, result.error().position);
}

TEST(money, is_read_in_the_form_of_the_locale_c_and_sent_as_a_numeric) {
  EXPECT_EQ(test::read_types<money>(), "money");
  static_assert(adapter<money>::oid == oids::numeric);
  EXPECT_EQ(text_of(money(123'456)), "1234.56");
  EXPECT_EQ(text_of(money(-5)), "-0.05");
  EXPECT_EQ(text_of(money(0)), "0.00");
  EXPECT_EQ(text_of(money(std::numeric_limits<std::int64_t>::min())), "-92233720368547758.08");
  struct row {
    std::string_view text;
    std::int64_t units;
  };
  constexpr row rows[] = {
      {"$0.00", 0},
      {"$0.05", 5},
      {"-$0.05", -5},
      {"$1.50", 150},
      {"$123.45", 12'345},
      {"$1,234.56", 123'456},
      {"-$1,234.56", -123'456},
      {"($1,234.56)", -123'456},
      {"$12,345,678.90", 1'234'567'890},
      {"$92,233,720,368,547,758.07", std::numeric_limits<std::int64_t>::max()},
      {"-$92,233,720,368,547,758.08", std::numeric_limits<std::int64_t>::min()},
      {"($92,233,720,368,547,758.08)", std::numeric_limits<std::int64_t>::min()},
  };
  for (row const& r : rows) {
    EXPECT_EQ(money_outcome(parse<money>(r.text)), "value " + std::to_string(r.units)) << r.text;
    for (std::size_t size = 0; size < r.text.size(); ++size) (void)parse<money>(r.text.substr(0, size));
  }
}

TEST(money, other_forms_are_refused) {
  struct row {
    std::string_view text;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", 0},           {"-", 1},         {"$", 1},         {"1.00", 0},     {"$1", 2},        {"$12.5", 2},
      {"$1234.56", 1},   {"$1,23.45", 1},  {"$12,34.56", 2}, {"$,123.45", 1}, {"$1.234,56", 2}, {"$1,234.567", 2},
      {"$ 1.00", 1},     {"$-1.00", 1},    {"+$1.00", 0},    {"--$1.00", 1},  {"-($1.00)", 1},  {"($1.00", 6},
      {"$1.00)", 2},     {"(-$1.00)", 1},  {"()", 1},        {"(", 1},        {"($)", 2},       {"$1.00 ", 2},
      {"1.234,56 €", 0}, {"￥1,235", 0},   {"$1,235", 2},    {"$1.0\0"sv, 4}, {"$1.x0", 3},     {"$x.00", 1},
      {"$.00", 4},       {"$1,2x4.00", 4},
  };
  for (row const& r : rows) {
    EXPECT_EQ(money_outcome(parse<money>(r.text)), failure(errc::malformed_money, r.position)) << r.text;
  }
  for (auto large :
       {"$92,233,720,368,547,758.08"sv, "-$92,233,720,368,547,758.09"sv, "$999,999,999,999,999,999.99"sv}) {
    EXPECT_EQ(money_outcome(parse<money>(large)), failure(errc::out_of_range, 0)) << large;
  }
}

TEST(money, is_ordered_by_its_units) {
  EXPECT_LT(money(-150), money(0));
  EXPECT_EQ(money(), money(0));
  EXPECT_EQ((std::unordered_set<money>{money(1), money(1), money(2)}).size(), 2U);
}

// ---- bit strings ----------------------------------------------------------------------------------------------------

TEST(bits, are_their_text) {
  EXPECT_EQ(test::read_types<bits>(), "bit varbit");
  EXPECT_EQ(adapter<bits>::oid, oids::varbit);
  for (auto text : {""sv, "0"sv, "1"sv, "1011"sv, "00000000"sv, "111111111"sv, "0101010101010101010"sv}) {
    EXPECT_EQ(outcome_of(parse<bits>(text)), "value " + std::string(text));
    EXPECT_EQ(bits(text).to_string(), text);
    test::expect_each_prefix_read_or_refused<bits>(text);
  }
  bits const value("100");
  EXPECT_TRUE(value.size() == 3 && !value.empty() && value[0] && !value[1] && !value[2]);
  EXPECT_TRUE(bits().empty());
  std::ostringstream out;
  out << value;
  EXPECT_EQ(out.str(), "100");
  EXPECT_LT(bits("1"), bits("10"));
  EXPECT_LT(bits("0111"), bits("1"));
  EXPECT_EQ((std::unordered_set<bits>{bits("1"), bits("10"), bits("1")}).size(), 2U);
}

TEST(bits, any_byte_at_any_place_of_any_length) {
  for (std::size_t length = 1; length <= 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(length, '1');
        text[at] = static_cast<char>(c);
        std::string const expected = c == '0' || c == '1' ? "value " + text : failure(errc::malformed_bits, at);
        ASSERT_EQ(outcome_of(parse<bits>(text)), expected) << text;
      }
    }
  }
  auto const error = test::thrown<data_error>([] { bits("10-1"); });
  EXPECT_EQ(error.code(), errc::malformed_bits);
  EXPECT_CONTAINS("at byte 2: ", error.what());
}

TEST(bits, a_bitset_takes_its_number_of_bits) {
  EXPECT_EQ(test::read_types<std::bitset<4>>(), "bit varbit");
  EXPECT_EQ(adapter<std::bitset<4>>::oid, oids::varbit);
  EXPECT_EQ(text_of(std::bitset<4>(0b0010)), "0010");
  EXPECT_EQ(text_of(std::bitset<0>()), "");
  EXPECT_EQ(*parse<std::bitset<4>>("0010"), std::bitset<4>(0b0010));
  EXPECT_TRUE(parse<std::bitset<0>>(""));
  EXPECT_EQ(outcome_of(parse<std::bitset<4>>("001")), failure(errc::wrong_count, 0));
  EXPECT_EQ(outcome_of(parse<std::bitset<4>>("00100")), failure(errc::wrong_count, 0));
  EXPECT_EQ(outcome_of(parse<std::bitset<4>>("00x0")), failure(errc::malformed_bits, 2));
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    std::bitset<64> const value(random());
    ASSERT_EQ(text_of(value), value.to_string());
    ASSERT_EQ(*parse<std::bitset<64>>(value.to_string()), value);
  }
}

// ---- json and xml ---------------------------------------------------------------------------------------------------

TEST(documents, are_passed_on_as_they_are) {
  EXPECT_EQ(test::read_types<json>(), "json jsonb");
  EXPECT_EQ(test::read_types<xml>(), "xml");
  EXPECT_EQ(test::read_types<jsonpath>(), "jsonpath");
  EXPECT_EQ(test::read_types<tsvector>(), "tsvector");
  EXPECT_EQ(test::read_types<tsquery>(), "tsquery");
  EXPECT_EQ(adapter<json>::oid, oids::jsonb);
  EXPECT_EQ(adapter<jsonpath>::oid, oids::jsonpath);
  EXPECT_EQ(adapter<tsvector>::oid, oids::tsvector);
  EXPECT_EQ(adapter<tsquery>::oid, oids::tsquery);
  EXPECT_EQ(adapter<xml>::oid, oids::xml);
  constexpr std::string_view odd = R"( {"a" : [1, "ü\u0041", null]} )";
  EXPECT_EQ(parse<json>(odd)->to_string(), odd);
  EXPECT_EQ(text_of(json(std::string(odd))), odd);
  EXPECT_EQ(parse<xml>("<a>é</a>")->to_string(), "<a>é</a>");
  EXPECT_EQ(text_of(xml("<a>é</a>")), "<a>é</a>");
  EXPECT_EQ(json(), json("null"));
  EXPECT_NE(json("{}"), json("{ }"));
  EXPECT_EQ(text_of(jsonpath("$.\"ü\"[*]")), "$.\"ü\"[*]");
  EXPECT_EQ(jsonpath(), jsonpath("$"));
  EXPECT_EQ(parse<tsvector>("'a''b':1A 'ü'")->to_string(), "'a''b':1A 'ü'");
  EXPECT_EQ(text_of(tsvector("'a' 'b'")), "'a' 'b'");
  EXPECT_EQ(parse<tsquery>("'a' & !'b'")->to_string(), "'a' & !'b'");
  EXPECT_EQ(text_of(tsquery("'a' <-> 'b'")), "'a' <-> 'b'");
  EXPECT_EQ(tsvector(), tsvector(""));
  EXPECT_NE(tsquery("'a'"), tsquery());
  std::ostringstream shown;
  shown << jsonpath() << tsvector("'a'") << tsquery("'b'");
  EXPECT_EQ(shown.str(), "$'a''b'");
  EXPECT_EQ(xml("x"), xml("x"));
  EXPECT_NE(xml("x"), xml());
}

TEST(documents, invalid_text_is_never_passed_on) {
  EXPECT_EQ(test::thrown<data_error>([] { text_of(json("\"\xff\"")); }).code(), errc::invalid_utf8);
  EXPECT_EQ(test::thrown<data_error>([] { text_of(jsonpath("\xff")); }).code(), errc::invalid_utf8);
  EXPECT_EQ(test::thrown<data_error>([] { text_of(tsvector("\xff")); }).code(), errc::invalid_utf8);
  EXPECT_EQ(test::thrown<data_error>([] { text_of(tsquery("\xff")); }).code(), errc::invalid_utf8);
  EXPECT_EQ(test::thrown<data_error>([] { text_of(xml(std::string("<a/>\0", 5))); }).code(), errc::embedded_nul);
}

}  // namespace
}  // namespace tusk
