// Typecasters and the types of the database, on results of a server.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct point {
  double x, y;
  friend bool operator==(point const&, point const&) = default;
};

std::optional<point> cast_point(std::optional<std::string_view> text, cast_context const&) {
  if (!text) return std::nullopt;
  point p{};
  if (std::sscanf(std::string(*text).c_str(), "(%lf,%lf)", &p.x, &p.y) != 2) throw data_error("not a point");
  return p;
}

class typecaster_test : public testing::Test {
 protected:
  connection conn_ = open();
  typecaster const point_ = new_type<point>({oids::point}, "POINT", cast_point);
};

TEST_F(typecaster_test, reads_the_types_that_it_is_registered_for) {
  register_type(point_, conn_);
  result const r = conn_.query("SELECT '(10.2,20.3)'::point AS p, NULL::point, 'text'");
  EXPECT_EQ(r[0].get<point>(0), (point{10.2, 20.3}));
  EXPECT_EQ(r[0].get<point>("p"), (point{10.2, 20.3}));
  EXPECT_EQ(r[0].get<std::optional<point>>(1), std::nullopt);
  EXPECT_EQ(r[0].get<std::string>(0), "(10.2,20.3)") << "the text is there as before";
  EXPECT_EQ(r[0].get<std::string_view>(0), "(10.2,20.3)");
  EXPECT_EQ(r[0].at("p").get<point>(), (point{10.2, 20.3}));
  EXPECT_TRUE(r[0].at(1).is_null());
  EXPECT_EQ(r[0].at(2).get<std::string>(), "text");
  EXPECT_EQ((r.as<std::tuple<point, std::optional<point>, std::string>>().size()), 1u);
}

TEST_F(typecaster_test, of_an_array_has_that_of_its_elements) {
  register_type(new_array_type<point>({oids::point_array}, "POINT[]", point_), conn_);
  result const r = conn_.query("SELECT ARRAY['(1,2)', NULL]::point[], '{}'::point[], ARRAY['(3,4)']::point[]");
  EXPECT_EQ(r[0].get<std::vector<std::optional<point>>>(0), (std::vector<std::optional<point>>{point{1, 2}, {}}));
  EXPECT_TRUE(r[0].get<std::vector<point>>(1).empty());
  EXPECT_EQ(r[0].get<std::vector<point>>(2), (std::vector<point>{{3, 4}}));
  EXPECT_EQ(r[0].at(2).get<array<std::optional<point>>>().at(1), (point{3, 4}));
}

TEST_F(typecaster_test, null_into_what_cannot_hold_it_is_an_error) {
  register_type(point_, conn_);
  EXPECT_CONTAINS("NULL", thrown<data_error>([&] { conn_.query("SELECT NULL::point")[0].get<point>(0); }).what());
}

TEST_F(typecaster_test, results_that_are_there_keep_what_they_have) {
  result const before = conn_.query("SELECT '(1,2)'::point");
  register_type(point_, conn_);
  result const after = conn_.query("SELECT '(1,2)'::point");  // the statement is prepared already
  auto const told = thrown<programming_error>([&] { before[0].get<point>(0); });
  EXPECT_CONTAINS("register", told.what());
  EXPECT_CONTAINS("OID 600", told.what());
  EXPECT_EQ(before[0].at(0).get<tusk::geometry::point>(), (tusk::geometry::point{1, 2}));
  EXPECT_EQ(after[0].get<point>(0), (point{1, 2}));
}

TEST_F(typecaster_test, a_statement_s_columns_stay_where_they_are) {
  statement st = conn_.prepare("SELECT '(1,2)'::point AS p");
  auto const columns = st.columns();
  register_type(point_, conn_);
  EXPECT_EQ(st.query()[0].get<point>(0), (point{1, 2}));
  EXPECT_EQ(columns[0].name, "p");
  EXPECT_EQ(st.columns().data(), columns.data());
}

TEST_F(typecaster_test, of_a_connection_is_not_another_one_s) {
  register_type(point_, conn_);
  connection other = open();
  EXPECT_THROW(other.query("SELECT '(1,2)'::point")[0].get<point>(0), programming_error);
}

TEST_F(typecaster_test, registered_everywhere_is_everywhere_and_the_connection_s_own_comes_first) {
  constexpr oid type = 2970;  // txid_snapshot, of which no other test reads
  auto const number = [](int n) {
    return new_type<int>({type}, "NUMBER", [n](auto, auto const&) -> std::optional<int> { return n; });
  };
  connection other = open();
  result const before = other.query("SELECT '1:1:'::txid_snapshot");
  register_type(number(1));
  register_type(number(2), conn_);
  EXPECT_THROW(before[0].get<int>(0), programming_error);
  EXPECT_EQ(other.query("SELECT '1:1:'::txid_snapshot")[0].get<int>(0), 1);
  EXPECT_EQ(conn_.query("SELECT '1:1:'::txid_snapshot")[0].get<int>(0), 2);
  register_type(number(3), conn_);
  EXPECT_EQ(conn_.query("SELECT '1:1:'::txid_snapshot")[0].get<int>(0), 3) << "registered twice, the last counts";
}

TEST_F(typecaster_test, comes_before_the_built_in_parser_where_it_gives_that_type) {
  auto const doubled = new_type<int>({oids::int4}, "DOUBLED", [](auto text, auto const&) -> std::optional<int> {
    return text ? std::optional(2 * std::stoi(std::string(*text))) : std::nullopt;
  });
  register_type(doubled, conn_);
  result const r = conn_.query("SELECT 21");
  EXPECT_EQ(r[0].get<int>(0), 42);
  EXPECT_EQ(r[0].get<std::optional<int>>(0), 42);
  EXPECT_EQ(r[0].get<long>(0), 21) << "it gives no long";
  EXPECT_EQ(r[0].at(0), tusk::value(42));
}

TEST_F(typecaster_test, that_throws_leaves_the_other_fields_readable) {
  auto const bad = new_type<int>({oids::int8}, "BAD",
                                 [](auto, auto const&) -> std::optional<int> { throw std::out_of_range("mine"); });
  register_type(bad, conn_);
  result const r = conn_.query("SELECT 1::int8, 'next'");
  EXPECT_THROW(r[0].get<int>(0), std::out_of_range);
  EXPECT_THROW(r[0].at(0), std::out_of_range);
  EXPECT_EQ(r[0].get<std::string>(1), "next");
  EXPECT_EQ(r[0].get<long>(0), 1);
}

TEST_F(typecaster_test, sees_column_type_modifier_and_settings) {
  auto const told =
      new_type<std::string>({oids::varchar}, "TOLD", [](auto, cast_context const& c) -> std::optional<std::string> {
        return std::string(c.column) + ' ' + std::to_string(c.type) + ' ' + std::to_string(c.modifier) + ' ' +
               std::string(c.date_style) + ' ' + std::string(c.interval_style) + ' ' + std::string(c.time_zone);
      });
  conn_.exec("SET DateStyle TO 'ISO, DMY'; SET IntervalStyle TO iso_8601; SET TimeZone TO 'Asia/Kolkata'");
  register_type(told, conn_);
  EXPECT_EQ(conn_.query("SELECT 'x'::varchar(5) AS c")[0].get<std::string>(0),
            "c 1043 9 ISO, DMY iso_8601 Asia/Kolkata");
  conn_.exec("SET TimeZone TO 'UTC'");
  EXPECT_EQ(conn_.query("SELECT 'x'::varchar(5) AS c")[0].get<std::string>(0), "c 1043 9 ISO, DMY iso_8601 UTC");
}

TEST_F(typecaster_test, is_bound_into_a_result_that_outlives_its_connection) {
  std::optional<result> kept;
  {
    connection brief = open();
    register_type(point_, brief);
    kept = brief.query("SELECT '(1,2)'::point");
  }
  point seen{};
  std::thread([&] { seen = (*kept)[0].get<point>(0); }).join();
  EXPECT_EQ(seen, (point{1, 2}));
}

// A caster of the types of the catalogue changed what load_types() read, and one that threw closed the connection.
TEST_F(typecaster_test, mended_is_not_asked_in_queries_of_our_own) {
  for (oid const type : {oids::oid, oids::name, oids::bool_, oids::text})
    register_type(
        new_type<std::string>({type}, "BAD",
                              [](auto, auto const&) -> std::optional<std::string> { throw std::out_of_range("mine"); }),
        conn_);
  conn_.load_types();
  EXPECT_FALSE(conn_.closed());
  EXPECT_THROW(conn_.query("SELECT 'a'::text")[0].get<std::string>(0), std::out_of_range);
}

// Values without == made a type that did not compile.
TEST_F(typecaster_test, mended_gives_arrays_of_what_cannot_be_compared) {
  struct silent {
    std::string text;
  };
  auto const base = new_type<silent>({oids::line}, "LINE", [](auto text, auto const&) -> std::optional<silent> {
    if (!text) return std::nullopt;
    return silent{std::string(*text)};
  });
  register_type(new_array_type<silent>({oids::line_array}, "LINE[]", base), conn_);
  result const r = conn_.query("SELECT ARRAY['{1,2,3}']::line[]");
  EXPECT_EQ(r[0].get<std::vector<silent>>(0).at(0).text, "{1,2,3}");
  EXPECT_NE(r[0].at(0), r[0].at(0)) << "only copies are equal";
}

TEST_F(typecaster_test, survives_a_reconnect) {
  register_type(point_, conn_);
  conn_.reconnect();
  EXPECT_EQ(conn_.query("SELECT '(1,2)'::point")[0].get<point>(0), (point{1, 2}));
}

TEST_F(typecaster_test, a_row_of_one_column_is_what_the_caster_gives) {
  register_type(point_, conn_);
  EXPECT_EQ(conn_.query_one<point>("SELECT '(1,2)'::point AS whatever"), (point{1, 2}));
  EXPECT_EQ(conn_.query_one<point>("SELECT 3::float8 AS x, 4::float8 AS y"), (point{3, 4}));
}

class load_types_test : public testing::Test {
 protected:
  load_types_test() {
    conn_.exec("CREATE SCHEMA " + schema_ + "; SET search_path TO " + schema_ + ", public");
    conn_.exec(
        "CREATE TYPE color AS ENUM ('red', 'green'); CREATE DOMAIN small AS int CHECK (VALUE < 100);"
        "CREATE DOMAIN smaller AS small; CREATE DOMAIN hue AS color; CREATE TYPE item AS (id int, name text); CREATE "
        "TYPE span AS RANGE (subtype = float8)");
  }
  ~load_types_test() override { conn_.exec("DROP SCHEMA " + schema_ + " CASCADE"); }

  connection conn_ = open();
  std::string const schema_ = "types_of_" + std::to_string(conn_.info().backend_pid);
};

TEST_F(load_types_test, names_have_oids_then) {
  EXPECT_EQ(conn_.type_oid("int4"), oids::int4);
  EXPECT_EQ(conn_.type_oid("text[]"), oids::text_array);
  EXPECT_CONTAINS("load_types()", thrown<programming_error>([&] { (void)conn_.type_oid("color"); }).what());
  conn_.load_types();
  oid const color = value<oid>(conn_, "SELECT 'color'::regtype::oid");
  EXPECT_EQ(conn_.type_oid("color"), color);
  EXPECT_EQ(conn_.type_oid(schema_ + ".color"), color);
  EXPECT_NE(conn_.type_oid("span"), 0u) << "a range";
  EXPECT_CONTAINS("colour", thrown<programming_error>([&] { (void)conn_.type_oid("colour"); }).what());
}

TEST_F(load_types_test, oids_have_names_then) {
  oid const color = value<oid>(conn_, "SELECT 'color'::regtype::oid");
  EXPECT_EQ(conn_.type_name(oids::int4), "int4");
  EXPECT_EQ(conn_.type_name(oids::text_array), "text[]");
  EXPECT_EQ(conn_.type_name(color), "");
  conn_.load_types();
  EXPECT_EQ(conn_.type_name(color), "color");
  EXPECT_EQ(conn_.type_name(value<oid>(conn_, "SELECT 'color[]'::regtype::oid")), "color[]");
  EXPECT_EQ(conn_.type_name(0), "");
  EXPECT_EQ(conn_.type_name(4'000'000'000), "");
}

// Among them: a name in two schemas, one that only quotes can write, one that a built-in type has too, one that ends as
// the name of an array does, and in another schema than search_path leads to.
TEST_F(load_types_test, each_name_of_a_type_is_understood) {
  conn_.exec(
      "CREATE TYPE \"Mixed.Case\" AS ENUM (); CREATE TYPE \"a\"\"b\" AS ENUM (); CREATE DOMAIN int4 AS text; "
      "CREATE TYPE \"color[]\" AS ENUM (); CREATE TYPE \"1st\" AS ENUM (); CREATE DOMAIN \"größe\" AS int");
  for (bool const before_built_in : {false, true}) {
    if (before_built_in) conn_.exec("SET search_path TO " + schema_ + ", pg_catalog");
    conn_.load_types();
    result const types = conn_.query("SELECT oid FROM pg_type WHERE typtype <> 'p' AND typname !~ '^pg_toast'");
    EXPECT_GT(types.size(), 400u);
    for (oid const type : types.rows<oid>()) {
      std::string const name = conn_.type_name(type);
      EXPECT_TRUE(!name.empty() || !is_user_defined(type)) << type;
      if (name.empty()) continue;  // of a newer server
      EXPECT_EQ(conn_.type_oid(name), type) << name;
    }
  }
}

TEST_F(load_types_test, errors_name_the_types_that_were_loaded) {
  auto const reads = [&](char const* sql) {
    return std::string(thrown<programming_error>([&] { (void)conn_.query_value<int>(sql); }).what());
  };
  std::string const before = reads("SELECT 'red'::color");
  EXPECT_CONTAINS(" of type (OID ", before);
  EXPECT_CONTAINS("let load_types() find", before);
  conn_.load_types();
  std::string const after = reads("SELECT 'red'::color");
  EXPECT_CONTAINS(" of type color (OID ", after);
  EXPECT_EQ(after.find("load_types"), after.npos) << after;
  EXPECT_CONTAINS(" of type color[] (OID ", reads("SELECT ARRAY['red']::color[]"));
  EXPECT_CONTAINS(" of type item (OID ",
                  thrown<data_error>([&] { (void)conn_.query_value<std::string>("SELECT NULL::item"); }).what());
}

TEST_F(load_types_test, arrays_of_domains_are_arrays_of_what_is_below_them) {
  char const* const sql = "SELECT ARRAY[1, 2]::smaller[], 'red'::hue, ARRAY['red']::color[], ARRAY['red']::hue[]";
  result const before = conn_.query(sql);
  EXPECT_EQ(before[0].at(0), tusk::value(std::string("{1,2}")));
  conn_.load_types();
  result const after = conn_.query(sql);
  EXPECT_EQ(before[0].at(0), tusk::value(std::string("{1,2}"))) << "what is there stays as it is";
  EXPECT_EQ(after[0].at(0), tusk::value(tusk::array<std::optional<int>>({1, 2})));
  EXPECT_EQ(after[0].get<std::vector<int>>(0), (std::vector<int>{1, 2}));
  EXPECT_EQ(after[0].at(1), tusk::value(std::string("red")));
  EXPECT_EQ(after[0].at(2), tusk::value(tusk::array<std::optional<std::string>>({"red"})));
  EXPECT_EQ(after[0].at(3), tusk::value(tusk::array<std::optional<std::string>>({"red"})));
}

TEST_F(load_types_test, is_an_operation_that_can_be_stepped) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  conn.start_exec("SET search_path TO " + schema_);
  finish(conn);
  EXPECT_EQ(conn.take_results().size(), 1u);
  conn.start_load_types();
  EXPECT_TRUE(conn.isexecuting());
  finish(conn);
  EXPECT_TRUE(conn.take_results().empty()) << "its rows are for the connection";
  EXPECT_NE(conn.type_oid("color"), 0u);
  EXPECT_THROW(conn.load_types(), programming_error);
}

TEST_F(load_types_test, can_be_a_part_of_connecting) {
  connect_options options;
  options.load_types = true;
  connection conn = connect(dsn(way::tls_require), options);
  EXPECT_NE(conn.type_oid(schema_ + ".item"), 0u);
  options.async = true;
  connection other = connect(dsn(way::tcp), options);
  finish(other);
  EXPECT_FALSE(other.isexecuting());
  EXPECT_NE(other.type_oid(schema_ + ".item"), 0u);
}

TEST_F(load_types_test, that_fails_leaves_the_connection_usable) {
  conn_.exec("BEGIN");
  EXPECT_THROW(conn_.exec("SELECT 1/0"), tusk::error);
  EXPECT_THROW(conn_.load_types(), internal_error);  // in a failed transaction
  conn_.exec("ROLLBACK");
  EXPECT_THROW((void)conn_.type_oid("color"), programming_error);
  conn_.load_types();
  EXPECT_NE(conn_.type_oid("color"), 0u);
}

}  // namespace
}  // namespace tusk::test
