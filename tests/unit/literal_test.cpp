// Literals: what each kind of value looks like in a statement, and that nothing of a value is read as anything else.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
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
  return adapt(value).getquoted();
}

std::string literal_of(std::string_view text, argument_type type) {
  types::text_buffer to;
  types::append_literal(to, text, type);
  return {to.data(), to.size()};
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
  EXPECT_EQ(literal(std::numeric_limits<std::int64_t>::min()), "(-9223372036854775808)");
  EXPECT_EQ(literal(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(literal, of_floating_point_is_never_an_integers) {
  EXPECT_EQ(literal(1.0), "1.0");
  EXPECT_EQ(literal(-1.0), "(-1.0)");
  EXPECT_EQ(literal(0.1), "0.1");
  EXPECT_EQ(literal(0.1f), "0.1");
  EXPECT_EQ(literal(-2.5f), "(-2.5)");
  EXPECT_EQ(literal(1e300), "1e+300");
  EXPECT_EQ(literal(-5e-324), "(-5e-324)");
  EXPECT_EQ(literal(0.0), "0.0");
  EXPECT_EQ(literal(-0.0), "'-0'::float8");  // as a numeric it would lose its sign
  EXPECT_EQ(literal(-0.0f), "'-0'::float4");
  EXPECT_EQ(literal(std::numeric_limits<double>::quiet_NaN()), "'NaN'::float8");
  EXPECT_EQ(literal(std::numeric_limits<double>::infinity()), "'Infinity'::float8");
  EXPECT_EQ(literal(-std::numeric_limits<float>::infinity()), "'-Infinity'::float4");
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
  EXPECT_EQ(literal(std::vector<std::byte>{}), " E'\\\\x'::bytea");
  EXPECT_EQ(literal(std::vector{std::byte{'a'}, std::byte{0}, std::byte{0xff}}), " E'\\\\x6100ff'::bytea");
  EXPECT_EQ(literal(binary("abc")), " E'\\\\x616263'::bytea");
  EXPECT_EQ(literal(binary("\0\xff"sv)), " E'\\\\x00ff'::bytea");
}

TEST(literal, of_any_other_type_has_its_name) {
  struct row {
    std::string_view text;
    argument_type type;
    std::string_view expected;
  };
  row const rows[] = {
      {"2020-02-29", {oids::date}, "'2020-02-29'::date"},
      {"{}", {oids::jsonb}, "'{}'::jsonb"},
      {"1.10", {oids::numeric}, "1.10"},
      {"-1", {oids::numeric}, "(-1)"},
      {"-0.000", {oids::numeric}, "(-0.000)"},
      {"NaN", {oids::numeric}, "'NaN'::numeric"},
      {"-Infinity", {oids::numeric}, "'-Infinity'::numeric"},
      {"4000000000", {oids::oid}, "4000000000"},
      {"{1,2}", {oids::int4_array}, "('{1,2}'::int4[])"},  // %s[1] is the first element, and no type int4[][1]
      {"{\"a\\\\b\"}", {oids::text_array}, "( E'{\"a\\\\\\\\b\"}'::text[])"},
      {"red", {0, "color"}, "'red'::color"},
      {"{red}", {0, "shop.\"Color\"", true}, "('{red}'::shop.\"Color\"[])"},
      {"x", {oids::char_}, "'x'::\"char\""},   // char is character(1) in a statement
      {"101", {oids::bit}, "'101'::\"bit\""},  // and bit is bit(1)
      {"{101}", {oids::bit_array}, "('{101}'::\"bit\"[])"},
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
      EXPECT_EQ(literal_of(text, {type}), quote(text) + "::" + std::string(type_name(type)));
    }
  }
  EXPECT_EQ(literal_of("1) OR (true", {oids::bool_}), "'1) OR (true'::bool");
}

TEST(literal, is_one_string_of_the_same_text_under_either_setting) {
  constexpr std::string_view alphabet = "'\\ax\n%E";
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; texts[i].size() < 4; ++i) {
    for (char c : alphabet) texts.push_back(texts[i] + c);
  }
  for (std::size_t size : {7u, 8u, 9u, 16u, 4095u, 4096u, 4097u, 8200u}) {
    for (char c : {'\'', '\\'}) {
      texts.emplace_back(size, c);
      for (std::size_t at : {std::size_t{0}, std::size_t{6}, size - 1}) {
        texts.emplace_back(size, 'x').at(at) = c;
        texts.back() += "\x80";  // no UTF-8 here, so that bytes above 127 are seen not to matter
      }
    }
  }
  for (auto const& text : texts) {
    std::string const written = quote(text);
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
