// Literals: what each kind of value looks like in a statement, and that nothing of a value is read as anything else.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <tusk/types/literal.hpp>
#include <vector>

#include "support/sql_lexer.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;

template <class T>
std::string literal(T const& value) {
  return types::literal_of(value, nullptr);
}

std::string literal_of(std::string_view text, argument_type type) {
  types::text_buffer to;
  types::append_literal(to, text, type);
  std::string const written(to.data(), to.size());
  if (type.name.empty()) {  // the overload for those writes the same
    to.truncate(0);
    types::append_literal(to, text, type.oid);
    EXPECT_EQ(std::string_view(to.data(), to.size()), written);
  }
  return written;
}

std::string quote(std::string_view text) { return literal_of(text, {}); }

TEST(literal, of_null) {
  EXPECT_EQ(literal(nullptr), "NULL");
  EXPECT_EQ(literal(std::nullopt), "NULL");
  EXPECT_EQ(literal(std::optional<int>()), "NULL");
  EXPECT_EQ(literal(std::optional<std::string>()), "NULL");
  EXPECT_EQ(literal(static_cast<char const*>(nullptr)), "NULL");
}

TEST(literal, of_bool) {
  EXPECT_EQ(literal(true), "true");
  EXPECT_EQ(literal(false), "false");
  EXPECT_EQ(literal(std::optional(true)), "true");
}

TEST(literal, of_integers_of_every_width) {
  EXPECT_EQ(literal(0), "0");
  EXPECT_EQ(literal(1), "1");
  EXPECT_EQ(literal(-1), "(-1)");
  EXPECT_EQ(literal(std::numeric_limits<signed char>::min()), "(-128)");
  EXPECT_EQ(literal(std::numeric_limits<std::int16_t>::min()), "(-32768)");
  EXPECT_EQ(literal(std::numeric_limits<std::int32_t>::min()), "(-2147483648)");
  EXPECT_EQ(literal(std::numeric_limits<std::int64_t>::min()), "(-9223372036854775808)::pg_catalog.int8");
  EXPECT_EQ(literal(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615::pg_catalog.numeric");
  EXPECT_EQ(literal(std::size_t{5}), "5");  // an int8, as it is bound
}

TEST(literal, of_floating_point_is_never_an_integers) {
  EXPECT_EQ(literal(1.0), "1.0");
  EXPECT_EQ(literal(-1.0), "(-1.0)");
  EXPECT_EQ(literal(0.1), "0.1");
  EXPECT_EQ(literal(0.1f), "0.1::pg_catalog.float4");
  EXPECT_EQ(literal(-2.5f), "(-2.5)::pg_catalog.float4");
  EXPECT_EQ(literal(1e300), "1e+300");
  EXPECT_EQ(literal(-5e-324), "(-5e-324)");
  EXPECT_EQ(literal(0.0), "0.0");
  EXPECT_EQ(literal(-0.0), "'-0'::pg_catalog.float8");  // as a numeric it would lose its sign
  EXPECT_EQ(literal(-0.0f), "'-0'::pg_catalog.float4");
  EXPECT_EQ(literal(std::numeric_limits<double>::quiet_NaN()), "'NaN'::pg_catalog.float8");
  EXPECT_EQ(literal(std::numeric_limits<double>::infinity()), "'Infinity'::pg_catalog.float8");
  EXPECT_EQ(literal(-std::numeric_limits<float>::infinity()), "'-Infinity'::pg_catalog.float4");
}

TEST(literal, of_strings) {
  EXPECT_EQ(literal(""), "''");
  EXPECT_EQ(literal("abc"), "'abc'");
  EXPECT_EQ(literal("o'r"), "'o''r'");
  EXPECT_EQ(literal("''"), "''''''");
  EXPECT_EQ(literal("a\\b"), " E'a\\\\b'");
  EXPECT_EQ(literal("\\'"), " E'\\\\'''");
  EXPECT_EQ(literal(std::string("\"%s\" -- /* $1 \n")), "'\"%s\" -- /* $1 \n'");
  EXPECT_EQ(literal("\xc3\xa9\xf0\x9f\x90\x98"sv), "'\xc3\xa9\xf0\x9f\x90\x98'");
}

TEST(literal, of_bytes) {
  EXPECT_EQ(literal(std::vector<std::byte>{}), " E'\\\\x'::pg_catalog.bytea");
  EXPECT_EQ(literal(std::vector{std::byte{'a'}, std::byte{0}, std::byte{0xff}}), " E'\\\\x6100ff'::pg_catalog.bytea");
  EXPECT_EQ(literal(binary("abc")), " E'\\\\x616263'::pg_catalog.bytea");
  EXPECT_EQ(literal(binary("\0\xff"sv)), " E'\\\\x00ff'::pg_catalog.bytea");
}

TEST(literal, of_any_other_type_has_its_name) {
  struct row {
    std::string_view text;
    argument_type type;
    std::string_view expected;
  };
  row const rows[] = {
      {"2020-02-29", {oids::date}, "'2020-02-29'::pg_catalog.date"},
      {"{}", {oids::jsonb}, "('{}'::pg_catalog.jsonb)"},
      {"1.10", {oids::numeric}, "1.10"},
      {"2", {oids::numeric}, "2::pg_catalog.numeric"},  // 7 / 2 is another division
      {"-1", {oids::numeric}, "(-1)::pg_catalog.numeric"},
      {"-0.000", {oids::numeric}, "(-0.000)"},
      {"NaN", {oids::numeric}, "'NaN'::pg_catalog.numeric"},
      {"-Infinity", {oids::numeric}, "'-Infinity'::pg_catalog.numeric"},
      {"1.5", {oids::int4}, "1.5"},
      {"15", {oids::float8}, "15.0"},
      {"9223372036854775808", {oids::int8}, "9223372036854775808"},
      {"4000000000", {oids::oid}, "'4000000000'::pg_catalog.oid"},
      {"{1,2}",
       {oids::int4_array},
       "('{1,2}'::pg_catalog.int4[])"},    // %s[1] is the first element, and no type int4[][1]
      {"{}", {oids::text_array}, "'{}'"},  // whatever the statement needs there
      {"{\"a\\\\b\",NULL,\"NULL\"}", {oids::text_array}, "(ARRAY[ E'a\\\\b', NULL, 'NULL'])"},
      {"{{a,b},{c,d}}", {oids::text_array}, "(ARRAY[['a', 'b'], ['c', 'd']])"},
      {"{{{a},{b}},{{c},{d}}}", {oids::text_array}, "(ARRAY[[['a'], ['b']], [['c'], ['d']]])"},
      {"[0:0]={a}", {oids::text_array}, "('[0:0]={a}'::pg_catalog.text[])"},
      {"{no array", {oids::text_array}, "('{no array'::pg_catalog.text[])"},
      {"red", {0, "color", false, true}, "'red'::color"},
      {"(1,2)", {0, "item"}, "('(1,2)'::item)"},  // %s.a is a field
      {"{red}", {0, "shop.\"Color\"", true}, "('{red}'::shop.\"Color\"[])"},
      {"(1,2)", {oids::record}, "'(1,2)'"},               // no text can be read as one
      {"x", {oids::char_}, "'x'::pg_catalog.\"char\""},   // char is character(1) in a statement
      {"101", {oids::bit}, "'101'::pg_catalog.\"bit\""},  // and bit is bit(1)
      {"{101}", {oids::bit_array}, "('{101}'::pg_catalog.\"bit\"[])"},
      {"of a type that is not built in", {99'999}, "'of a type that is not built in'"},
  };
  for (auto const& each : rows) EXPECT_EQ(literal_of(each.text, each.type), each.expected);
}

// An adapter that writes what is no number gets it quoted: the server refuses it, and nothing of it is a statement.
TEST(literal, of_a_number_stands_bare_only_if_it_is_one) {
  for (std::string_view const text : {"",     "-",     "1; DROP TABLE item",
                                      "1--",  "--1",   "1-1",
                                      "(1)",  "1e",    "1e+",
                                      "1.",   ".5",    "1.5.5",
                                      "0x10", "1_000", "+1",
                                      " 1",   "1 ",    "1E5",
                                      "e5",   "-e5",   "Infinity",
                                      "1\n",  "1'"}) {
    for (oid const type : {oids::int2, oids::int4, oids::int8, oids::oid, oids::numeric, oids::float4, oids::float8}) {
      EXPECT_EQ(literal_of(text, {type}), quote(text) + "::pg_catalog." + std::string(type_name(type)));
    }
  }
  EXPECT_EQ(literal_of("1) OR (true", {oids::bool_}), "'1) OR (true'::pg_catalog.bool");
}

// For text that a user composes: right inside of a point's text, and no comment behind a minus.
TEST(literal, of_adapt_has_neither_parentheses_nor_casts) {
  auto const quoted = [](auto const& value) { return adapt(value).getquoted(); };
  EXPECT_EQ(quoted(-1.23), " -1.23");
  EXPECT_EQ(quoted(-2), " -2");
  EXPECT_EQ(quoted(-2.0f), " -2.0");
  EXPECT_EQ(quoted(-0.0), " -0.0");
  EXPECT_EQ(quoted(2.0), "2.0");
  EXPECT_EQ(quoted(numeric("-2")), " -2");
  EXPECT_EQ(quoted(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(quoted(std::numeric_limits<double>::infinity()), "'Infinity'");
  EXPECT_EQ(quoted(*from_text<date>::parse("2020-01-01")), "'2020-01-01'");
  EXPECT_EQ(quoted(std::vector{1, 2}), "'{1,2}'");
  EXPECT_EQ(quoted("it's"), "'it''s'");
  EXPECT_EQ(quoted(std::tuple(-1, true)), "( -1, true)");
  EXPECT_EQ(quoted(nullptr), "NULL");
}

TEST(literal, is_one_string_of_the_same_text_under_either_setting) {
  constexpr std::string_view alphabet = "'\\ax\n%E";
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; texts[i].size() < 4; ++i) {
    for (char c : alphabet) texts.push_back(texts[i] + c);
  }
  for (std::size_t size : {7u, 8u, 9u, 16u, 17u, 63u, 64u, 4095u, 4096u, 4097u, 8200u}) {
    for (char c : {'\'', '\\'}) {
      texts.emplace_back(size, c);
      for (std::size_t at : {std::size_t{0}, std::size_t{6}, size / 2, size - 1}) {
        texts.emplace_back(size, 'x').at(at) = c;
        texts.emplace_back(size, 'x').at(at) = c;
        texts.back() += "\x80";  // no UTF-8 here, so that bytes above 127 are seen not to matter
      }
    }
  }
  for (auto const& text : texts) {
    std::vector<char> const exact(text.begin(), text.end());  // so that a byte read past its end is seen
    std::string const written = quote({exact.data(), exact.size()});
    for (bool const standard : {false, true}) {
      std::string_view rest = written;
      EXPECT_EQ(test::take_string(rest, standard), text);
      EXPECT_EQ(rest, "");
    }
  }
}

TEST(literal, of_text_that_postgresql_cannot_hold_is_refused) {
  EXPECT_EQ(test::thrown<data_error>([] { literal("a\0b"sv); }).code(), types::errc::embedded_nul);
  for (std::string_view const invalid : {"\xff", "a\xc3", "\xc0\xa7", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xa7'"}) {
    EXPECT_EQ(test::thrown<data_error>([&] { literal(invalid); }).code(), types::errc::invalid_utf8);
  }
}

TEST(literal, identifiers_are_quoted) {
  auto const identifier = [](std::string_view name) {
    types::text_buffer to;
    types::append_identifier(to, name);
    return std::string(to.data(), to.size());
  };
  EXPECT_EQ(identifier("a"), "\"a\"");
  EXPECT_EQ(identifier("a\"; DROP TABLE item; --"), "\"a\"\"; DROP TABLE item; --\"");
  EXPECT_EQ(identifier("\\'\xc3\xa9"), "\"\\'\xc3\xa9\"");
  EXPECT_EQ(identifier(std::string(64, '"')), "\"" + std::string(128, '"') + "\"");
  EXPECT_EQ(test::thrown<programming_error>([&] { identifier(""); }).code(), types::errc::malformed_name);
  EXPECT_EQ(test::thrown<data_error>([&] { identifier("a\0b"sv); }).code(), types::errc::embedded_nul);
  EXPECT_EQ(test::thrown<data_error>([&] { identifier("\xc3\""); }).code(), types::errc::invalid_utf8);
}

}  // namespace
}  // namespace tusk
