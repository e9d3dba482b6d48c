// What load_types() finds: enums and composites are bound and merged as the types that they are, values go back as what
// they were, and types that are neither built in nor made in the database are read.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

enum class hue { red, green };
struct pair_of {
  int a;
  std::optional<hue> b;
};
struct all_hues {};

}  // namespace
}  // namespace tusk::test

template <>
struct tusk::adapter<tusk::test::hue> : tusk::enum_adapter<"loaded_hue", "red", "green"> {};
template <>
struct tusk::adapter<tusk::test::pair_of> : tusk::composite<"loaded_pair"> {};
template <>
struct tusk::adapter<tusk::test::all_hues> {
  static argument_type type(tusk::test::all_hues, adapt_context const&) { return {0, "loaded_hue", true}; }
  static void text(tusk::test::all_hues, text_writer& out) { out << "{red,green}"; }
};

namespace tusk::test {
namespace {

class loaded : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    connection conn = open();
    conn.exec(
        "DROP SCHEMA IF EXISTS loaded_first CASCADE; CREATE SCHEMA loaded_first; SET search_path = loaded_first;"
        "CREATE TYPE loaded_hue AS ENUM ('red', 'green'); CREATE TYPE loaded_pair AS (a int, b loaded_hue);"
        "CREATE TYPE \"Mixed.Hue\" AS ENUM ('x');"
        "CREATE FUNCTION pick(loaded_hue) RETURNS text LANGUAGE sql AS $$ SELECT 'hue' $$;"
        "CREATE FUNCTION pick(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text' $$;"
        "CREATE FUNCTION pick(loaded_hue[]) RETURNS text LANGUAGE sql AS $$ SELECT 'hues' $$;"
        "CREATE FUNCTION pick(text[]) RETURNS text LANGUAGE sql AS $$ SELECT 'texts' $$;"
        "CREATE FUNCTION pick(loaded_pair) RETURNS text LANGUAGE sql AS $$ SELECT 'pair' $$;");
  }
  static void TearDownTestSuite() { open().exec("DROP SCHEMA loaded_first CASCADE"); }

  void SetUp() override { conn_.exec("SET search_path = loaded_first"); }

  template <class T>
  std::string picked(T const& value, std::string const& cast = "") {
    std::string const bound = conn_.query_value<std::string>("SELECT pick($1" + cast + ")", value);
    result const merged = conn_.exec(conn_.mogrify("SELECT pick(%s" + cast + ")", value)).back();
    EXPECT_EQ(merged[0].get<std::string>(0), bound);
    return bound;
  }

  connection conn_ = open();
};

TEST_F(loaded, enums_and_composites_choose_the_same_function_bound_and_merged) {
  conn_.load_types();
  EXPECT_EQ(picked(hue::green), "hue");
  EXPECT_EQ(conn_.query_value<std::string>("SELECT pick($1)", std::optional<hue>()), "hue");  // merged it is just NULL
  EXPECT_EQ(picked(std::optional(hue::red)), "hue");
  EXPECT_EQ(picked(std::vector{hue::red}), "hues");
  EXPECT_EQ(picked(std::vector<hue>()), "hues");
  EXPECT_EQ(picked(std::vector<std::optional<hue>>{std::nullopt}), "hues");
  EXPECT_EQ(picked(pair_of{1, hue::red}), "pair");
  EXPECT_EQ(picked(all_hues()), "hues") << "an adapter of one's own, which knows the name of the elements' type";
}

TEST_F(loaded, types_are_merged_with_their_schema) {
  EXPECT_EQ(conn_.mogrify("%s", hue::red), "'red'::loaded_hue");
  EXPECT_EQ(conn_.mogrify("%s", pair_of{1, {}}), "('(1,)'::loaded_pair)");
  conn_.load_types();
  EXPECT_EQ(conn_.mogrify("%s", hue::red), "'red'::\"loaded_first\".\"loaded_hue\"");
  EXPECT_EQ(conn_.mogrify("%s", pair_of{1, {}}), "('(1,)'::\"loaded_first\".\"loaded_pair\")");
  EXPECT_EQ(conn_.mogrify("%s", std::vector{hue::red}), "('{red}'::\"loaded_first\".\"loaded_hue\"[])");
  conn_.exec("SET search_path = public");
  EXPECT_EQ(conn_.exec(conn_.mogrify("SELECT (%s).a", pair_of{7, hue::red})).back()[0].get<int>(0), 7);
  EXPECT_EQ(conn_.query_value<hue>("SELECT $1", hue::green), hue::green);
}

TEST_F(loaded, names_are_found_as_sql_writes_them) {
  conn_.load_types();
  oid const type = conn_.type_oid("loaded_hue");
  EXPECT_EQ(conn_.type_oid("Loaded_HUE"), type);
  EXPECT_EQ(conn_.type_oid("\"loaded_hue\""), type);
  EXPECT_EQ(conn_.type_oid("loaded_first.loaded_hue"), type);
  EXPECT_NE(conn_.type_oid("loaded_first.\"Mixed.Hue\""), type);
  for (char const* const none : {"\"Loaded_hue\"", "public.loaded_hue", "Mixed.Hue", "a.b.c", "\"loaded_hue", ""})
    EXPECT_THROW(conn_.type_oid(none), programming_error) << none;
  conn_.exec("SET search_path = public");
  conn_.load_types();
  EXPECT_EQ(conn_.type_oid("loaded_first.loaded_hue"), type);
  EXPECT_THROW(conn_.type_oid("loaded_hue"), programming_error) << "search_path does not lead to it";
}

TEST_F(loaded, a_value_that_was_read_goes_back_as_what_it_was) {
  conn_.load_types();
  for (std::string_view const sample : {"true",
                                        "1::int2",
                                        "1",
                                        "1::int8",
                                        "1::oid",
                                        "1.5",
                                        "1::numeric",
                                        "1.5::float4",
                                        "1.5::float8",
                                        "'x'::text",
                                        "'x'::varchar",
                                        "'x'::bpchar",
                                        "'x'::char(3)",
                                        "'x'::\"char\"",
                                        "'x'::name",
                                        "'\\xff'::bytea",
                                        "'a'::xml",
                                        "'2020-02-29'::date",
                                        "'12:30'::time",
                                        "'12:30+01'::timetz",
                                        "'infinity'::timestamp",
                                        "now()",
                                        "'1 mon -2 days 3 sec'::interval",
                                        "gen_random_uuid()",
                                        "'10.0.0.1/8'::inet",
                                        "'10.0.0.0/8'::cidr",
                                        "'08:00:2b:01:02:03'::macaddr",
                                        "'08:00:2b:01:02:03:04:05'::macaddr8",
                                        "'{\"a\":1}'::json",
                                        "'[1]'::jsonb",
                                        "'$.a'::jsonpath",
                                        "'101'::bit(3)",
                                        "'101'::varbit",
                                        "'(1,-2)'::point",
                                        "'{1,2,3}'::line",
                                        "'[(1,2),(3,4)]'::lseg",
                                        "'(1,2),(3,4)'::box",
                                        "'[(1,2)]'::path",
                                        "'((1,2))'::polygon",
                                        "'<(1,2),3>'::circle",
                                        "'[1,5)'::int4range",
                                        "'[1,5)'::int8range",
                                        "'[1,)'::numrange",
                                        "'empty'::daterange",
                                        "'{[1,2)}'::int4multirange",
                                        "'a b'::tsvector",
                                        "'a & b'::tsquery",
                                        "'0/1'::pg_lsn",
                                        "'1:2:'::pg_snapshot",
                                        "'5'::xid",
                                        "'5'::xid8",
                                        "'(0,1)'::tid",
                                        "'pg_class'::regclass",
                                        "'int4'::regtype",
                                        "'abs(int4)'::regprocedure",
                                        "'7'::cid",
                                        "'1:2:'::txid_snapshot",
                                        "'{[2020-01-01,2020-01-02)}'::datemultirange",
                                        "'((1,2))'::path",
                                        "'x'::refcursor",
                                        "'tusk=r/tusk'::aclitem",
                                        "'1 2'::oidvector",
                                        "'{08:00:2b:01:02:03}'::macaddr[]",
                                        "'{\"{1,2,3}\"}'::line[]",
                                        "'{1,NULL}'::int4[]",
                                        "'{a,b}'::text[]",
                                        "'{}'::date[]",
                                        "'{\"(1,2),(3,4)\"}'::box[]",
                                        "'1 2'::int2vector",
                                        "'red'::loaded_hue",
                                        "'{red,green}'::loaded_hue[]",
                                        "'(1,red)'::loaded_pair",
                                        "'x'::information_schema.sql_identifier",
                                        "'{x}'::information_schema.sql_identifier[]"}) {
    std::string const of(sample);
    result const read = conn_.query("SELECT v, pg_typeof(v)::text, v::text FROM (SELECT " + of + ") AS s(v)");
    // A domain's column has the type below it.
    bool const is_domain = of.ends_with("sql_identifier");
    for (bool const null : {false, true}) {
      tusk::value const value =
          null ? conn_.query("SELECT v FROM (SELECT " + of + ") s(v) UNION ALL SELECT NULL")[1].at(0) : read[0].at(0);
      result const bound = conn_.query("SELECT pg_typeof($1)::text, $1::text", value);
      result const merged = conn_.exec(conn_.mogrify("SELECT pg_typeof(%s)::text, %s::text", value, value)).back();
      std::string const type = is_domain ? "name" : read[0].get<std::string>(1);
      auto const text = null ? std::nullopt : std::optional(read[0].get<std::string>(2));
      EXPECT_EQ(bound[0].get<std::string>(0), type) << sample;
      EXPECT_EQ(bound[0].get<std::optional<std::string>>(1), text) << sample;
      EXPECT_EQ(merged[0].get<std::optional<std::string>>(1), text) << sample;
    }
  }
}

TEST_F(loaded, money_is_the_same_amount_under_any_lc_monetary) {
  conn_.exec("CREATE TEMP TABLE amounts (m money)");
  tusk::value const read = conn_.query("SELECT '-1234.56'::money")[0].at(0);
  for (char const* const locale : {"C", "en_US.UTF-8", "de_DE.UTF-8"}) {
    try {
      conn_.exec("SET lc_monetary = '" + std::string(locale) + "'");
    } catch (database_error const&) {  // a locale that the machine does not have
      continue;
    }
    for (std::string const& statement : {std::string("INSERT INTO amounts VALUES ($1) RETURNING m::numeric"),
                                         std::string("SELECT $1::money::numeric")})
      EXPECT_EQ(conn_.query_value<numeric>(statement, read), numeric("-1234.56")) << locale;
    EXPECT_EQ(conn_.exec(conn_.mogrify("SELECT %s::money::numeric", money(-5))).back()[0].get<numeric>(0),
              numeric("-0.05"));
  }
}

TEST_F(loaded, rounding_of_floating_point_is_told) {
  conn_.load_types();
  EXPECT_TRUE(conn_.take_notices().empty());
  for (char const* const digits : {"0", "-3"}) {
    conn_.exec("SET extra_float_digits = " + std::string(digits));
    conn_.load_types();
    auto const notices = conn_.take_notices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].severity, "WARNING");
    EXPECT_NE(notices[0].message.find("extra_float_digits"), std::string::npos);
  }
}

TEST_F(loaded, while_another_thread_makes_arguments) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) EXPECT_TRUE(conn_.mogrify("%s", hue::red).starts_with("'red'::"));
  });
  for (int i = 0; i < 5; ++i) conn_.load_types();
  stop = true;
  other.join();
}

TEST_F(loaded, a_row_is_read_into_what_it_fits) {
  EXPECT_EQ((conn_.query_value<std::array<int, 2>>("SELECT ARRAY[1, 2]")), (std::array<int, 2>{1, 2}));
  EXPECT_THROW((conn_.query_value<std::array<int, 3>>("SELECT ARRAY[1, 2]")), data_error);
  EXPECT_EQ(conn_.query_value<double>("SELECT avg(v) FROM (VALUES (1), (2)) AS t(v)"), 1.5);
  EXPECT_EQ(conn_.query_value<int>("SELECT sum(v) FROM (VALUES (1.0), (2.00)) AS t(v)"), 3);
  EXPECT_EQ(conn_.query_value<char>("SELECT 'x'::char(1)"), 'x');
  EXPECT_THROW(conn_.query_value<char>("SELECT 'xy'::char(2)"), data_error);
  EXPECT_THROW(conn_.query_value<char>("SELECT U&'\\00e9'::char(1)"), data_error);
  auto const now = std::chrono::system_clock::now();
  EXPECT_EQ(conn_.query_value<std::chrono::system_clock::time_point>("SELECT $1::timestamptz", now),
            std::chrono::floor<std::chrono::microseconds>(now));
}

}  // namespace
}  // namespace tusk::test
