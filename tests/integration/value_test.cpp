// Values on their way to a server and back: every type that is served, as an argument and as a column; and what is
// refused, by whom and with which words.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using bytes = std::vector<std::byte>;

class value_test : public testing::Test {
 protected:
  /// The server gets the value, says what type it took it for, and gives it back.
  template <class T>
  void expect_round_trip(T const& sent, std::string_view type, std::string_view cast = "") {
    std::string const sql = "SELECT $1" + std::string(cast) + ", pg_typeof($1)::text";
    result const got = conn_.query(sql, sent);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].get<std::string_view>(1), type);
    EXPECT_EQ(got[0].get<T>(0), sent);
    EXPECT_EQ(got[0].get<std::optional<T>>(0), std::optional<T>(sent));
    if constexpr (!std::is_same_v<T, char const*>) {
      result const null = conn_.query(sql, std::optional<T>());
      EXPECT_TRUE(null[0].is_null(0));
      EXPECT_EQ(null[0].get<std::string_view>(1), type);
      EXPECT_FALSE(null[0].get<std::optional<T>>(0));
    }
  }
  template <class T>
  void expect_limits(std::string_view type) {
    using limits = std::numeric_limits<T>;
    for (T const each : {limits::min(), limits::max(), static_cast<T>(0), static_cast<T>(1)})
      expect_round_trip(each, type);
    if constexpr (std::is_signed_v<T>) expect_round_trip(static_cast<T>(-1), type);
  }

  connection conn_ = open();
};

TEST_F(value_test, bools) {
  expect_round_trip(true, "boolean");
  expect_round_trip(false, "boolean");
}

TEST_F(value_test, integers) {
  expect_limits<std::int16_t>("smallint");
  expect_limits<std::int32_t>("integer");
  expect_limits<std::int64_t>("bigint");
  expect_limits<std::uint8_t>("smallint");
  expect_limits<std::uint16_t>("integer");
  expect_limits<std::uint32_t>("bigint");
}

TEST_F(value_test, the_largest_unsigned_is_a_numeric) {
  auto const sent = std::numeric_limits<std::uint64_t>::max();
  result const got = conn_.query("SELECT $1, $1::text, pg_typeof($1)::text", sent);
  EXPECT_EQ(got[0].get<std::string>(1), "18446744073709551615");
  EXPECT_EQ(got[0].get<std::string>(2), "numeric");
  EXPECT_EQ(got[0].get<std::uint64_t>(0), sent);
}

TEST_F(value_test, floats) {
  for (double const each : {0.0, -0.0, 0.1, 1e300, -1e-300, std::numeric_limits<double>::denorm_min(),
                            std::numeric_limits<double>::max(), std::numeric_limits<double>::infinity()})
    expect_round_trip(each, "double precision");
  for (float const each : {0.1F, -1e30F, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(),
                           -std::numeric_limits<float>::infinity()})
    expect_round_trip(each, "real");
  EXPECT_TRUE(std::isnan(value<double>(conn_, "SELECT $1", std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(std::signbit(value<double>(conn_, "SELECT $1", -0.0)));
  EXPECT_EQ(value<double>(conn_, "SELECT 0.1::real"), static_cast<double>(0.1F));
}

TEST_F(value_test, texts) {
  for (std::string_view const each :
       {"", "it's", "naïve", "日本語", "\xf0\x9f\x90\x98", "a\nb\tc\\d\"e", "NULL", "\x7f"}) {
    expect_round_trip(std::string(each), "text", "::text");
    EXPECT_EQ(value<std::string>(conn_, "SELECT $1::text", each), each);
  }
  EXPECT_EQ(value<std::string>(conn_, "SELECT $1::text", "a literal"), "a literal");
  char const* const nothing = nullptr;
  EXPECT_TRUE(conn_.query("SELECT $1::text", nothing)[0].is_null(0));
  std::string const large(3'000'000, 'x');
  EXPECT_EQ(value<std::string>(conn_, "SELECT $1::text", large), large);
}

// A string has no type of its own: it is what the statement needs at its place.
TEST_F(value_test, a_string_is_read_as_what_stands_there) {
  EXPECT_EQ(value<int>(conn_, "SELECT $1::int + 1", "41"), 42);
  EXPECT_EQ(value<std::string>(conn_, "SELECT ($1::date + 1)::text", "2024-02-28"), "2024-02-29");
  EXPECT_THROW(conn_.query("SELECT $1::int", "forty"), data_error);
}

TEST_F(value_test, byteas) {
  bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  for (bytes const& each : {bytes(), bytes{std::byte{0}}, all}) expect_round_trip(each, "bytea");
  EXPECT_EQ(value<int>(conn_, "SELECT length($1)", std::array{std::byte{0}, std::byte{39}}), 2);
  conn_.exec("SET bytea_output TO escape");
  EXPECT_EQ(value<bytes>(conn_, "SELECT $1", all), all);
}

TEST_F(value_test, nulls_without_a_type) {
  result const got = conn_.query("SELECT $1::int, $2::text, coalesce($3, 7)", nullptr, std::nullopt, nullptr);
  EXPECT_TRUE(got[0].is_null(0));
  EXPECT_TRUE(got[0].is_null(1));
  EXPECT_EQ(got[0].get<int>(2), 7);
}

TEST_F(value_test, many_arguments_in_one_object) {
  params args;
  for (int i = 1; i <= 100; ++i) args.add(i);
  std::string sum = "SELECT $1";
  for (int i = 2; i <= 100; ++i) sum += "+$" + std::to_string(i);
  EXPECT_EQ(value<int>(conn_, sum, args), 5050);
}

TEST_F(value_test, as_many_parameters_as_the_protocol_has) {
  params args;
  std::string places;
  for (std::size_t i = 0; i < params::max_count; ++i) {
    args.add(1);
    places += (i == 0 ? "$" : ", $") + std::to_string(i + 1);
  }
  EXPECT_EQ(value<int>(conn_, "SELECT cardinality(ARRAY[" + places + "])", args), 65535);
  EXPECT_THROW(args.add(1), programming_error);
  EXPECT_EQ(value<int>(conn_, "SELECT 1"), 1);
}

// ---- what a field cannot be ----

struct misfit {
  char const* name;
  char const* sql;
  void (*read)(row const&);
  bool is_data_error;  // else a programming_error
  std::vector<std::string_view> said;
};
void PrintTo(misfit const& each, std::ostream* out) { *out << each.name; }

template <class T>
void get(row const& from) {
  (void)from.get<T>(0);
}

std::vector<misfit> misfits() {
  return {
      {"null_as_int", "SELECT NULL::int AS n", get<int>, true, {"column 0 \"n\"", "int4", "is NULL", "std::optional"}},
      {"null_as_text", "SELECT NULL::text AS n", get<std::string_view>, true, {"is NULL"}},
      {"text_as_int",
       "SELECT 'x'::text AS t",
       get<int>,
       false,
       {"column 0 \"t\" of type text (OID 25) cannot be read as int", "ask for std::string, cast in the statement"}},
      {"int_as_bool", "SELECT 1 AS i", get<bool>, false, {"int4", "cannot be read as bool"}},
      {"double_as_float", "SELECT 0.5::float8 AS f", get<float>, false, {"float8", "cannot be read as float"}},
      {"fraction_as_int", "SELECT 0.5 AS n", get<int>, true, {"'0.5'", "cannot hold the value exactly"}},
      {"text_as_bytea", "SELECT 'x'::text AS t", get<bytes>, false, {"cannot be read as"}},
      {"big_as_int", "SELECT 2147483648 AS b", get<std::int32_t>, true, {"'2147483648'", "use a larger type"}},
      {"negative_as_unsigned", "SELECT -1 AS i", get<std::uint32_t>, true, {"'-1'", "does not fit"}},
      {"int_as_int8", "SELECT 128 AS i", get<std::int8_t>, true, {"does not fit"}},
      {"inexact", "SELECT 9007199254740993::int8 AS b", get<double>, true, {"cannot hold the value exactly"}},
      {"unknown_oid", "SELECT '{}'::json AS j", get<int>, false, {"json", "(OID 114)"}},
  };
}

class misfits_test : public testing::TestWithParam<misfit> {};

TEST_P(misfits_test, says_column_type_and_remedy) {
  misfit const& expected = GetParam();
  connection conn = open();
  result const got = conn.query(std::string(expected.sql) + ", 7 AS other");
  std::string what;
  if (expected.is_data_error)
    what = thrown<data_error>([&] { expected.read(got[0]); }).what();
  else
    what = thrown<programming_error>([&] { expected.read(got[0]); }).what();
  for (std::string_view const part : expected.said) EXPECT_CONTAINS(part, what);
  EXPECT_EQ(got[0].get<int>("other"), 7) << "the rest of the row stays readable";
}

INSTANTIATE_TEST_SUITE_P(each, misfits_test, testing::ValuesIn(misfits()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST_F(value_test, what_fits_is_read_as_a_narrower_type) {
  EXPECT_EQ(value<std::int8_t>(conn_, "SELECT 127::int8"), 127);
  EXPECT_EQ(value<std::uint64_t>(conn_, "SELECT 5::int2"), 5U);
  EXPECT_EQ(value<double>(conn_, "SELECT 3::int8"), 3.0);
  EXPECT_EQ(value<unsigned>(conn_, "SELECT 'pg_class'::regclass::oid"), 1259U);
}

TEST_F(value_test, arguments_that_are_no_text_are_refused_before_anything_is_sent) {
  using namespace std::string_view_literals;
  EXPECT_CONTAINS("NUL", thrown<data_error>([&] { conn_.query("SELECT $1::text", "a\0b"sv); }).what());
  EXPECT_CONTAINS("UTF-8", thrown<data_error>([&] { conn_.query("SELECT $1::text", "a\xff"sv); }).what());
  EXPECT_EQ(value<int>(conn_, "SELECT 1"), 1);
}

// ---- client_encoding changed behind our back ----

TEST_F(value_test, text_is_refused_while_client_encoding_is_another) {
  conn_.exec("SET client_encoding TO 'LATIN1'");
  result const got = conn_.query("SELECT chr(233) AS t, 7 AS i, '\\xff'::bytea AS b");
  auto const error = thrown<data_error>([&] { (void)got[0].get<std::string>("t"); });
  EXPECT_CONTAINS("client_encoding", error.what());
  EXPECT_CONTAINS("SET client_encoding TO 'UTF8'", error.what());
  EXPECT_THROW((void)got[0].get<std::optional<std::string_view>>("t"), data_error);
  EXPECT_EQ(got[0].get<int>("i"), 7);
  EXPECT_EQ(got[0].get<bytes>("b"), bytes{std::byte{0xff}});

  conn_.exec("SET client_encoding TO 'UTF8'");
  EXPECT_EQ(value<std::string>(conn_, "SELECT chr(233)"), "é");
  EXPECT_THROW((void)got[0].get<std::string>("t"), data_error) << "what was read before stays as it is";
}

// Servers since version 14 report the change only after the rows of the same script.
TEST_F(value_test, text_of_the_script_that_changes_client_encoding_is_refused) {
  auto const all = conn_.exec("SET client_encoding TO 'LATIN1'; SELECT chr(233)");
  EXPECT_THROW((void)all[1][0].get<std::string>(0), data_error);
}

TEST_F(value_test, text_of_the_statement_that_changes_client_encoding_is_refused) {
  for (int i = 0; i < 3; ++i) {  // prepared, then known
    result const got = conn_.query("SELECT chr(233), set_config('client_encoding', 'LATIN1', false)");
    EXPECT_THROW((void)got[0].get<std::string>(0), data_error);
    conn_.query("SELECT set_config('client_encoding', 'UTF8', false)");
    EXPECT_EQ(value<std::string>(conn_, "SELECT chr(233)"), "é");
  }
}

TEST_F(value_test, text_is_not_sent_while_client_encoding_is_another) {
  conn_.exec("SET client_encoding TO 'LATIN1'");
  EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { conn_.exec("SELECT 'é'"); }).what());
  EXPECT_THROW(conn_.query("SELECT 'é'"), data_error);
  EXPECT_THROW(conn_.query("SELECT $1::text", "é"), data_error);
  EXPECT_THROW(conn_.prepare("SELECT 'é'"), data_error);
  EXPECT_EQ(value<int>(conn_, "SELECT length($1::text) + $2", "ascii", 200), 205);
  conn_.exec("SET client_encoding TO 'UTF8'");
  EXPECT_EQ(value<int>(conn_, "SELECT length($1::text)", "é"), 1);
}

}  // namespace
}  // namespace tusk::test
