// Which form values travel in: it is chosen by itself, or asked for, and never changes them. Each way to run a
// statement with arguments, with each form; and what may come in between: typecasters, NULL, another client_encoding, a
// statement that heals, one that was prepared without types, a subclass that looks at arguments.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/formats.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct item {
  int id;
  double price;
  std::optional<timestamptz> since;
  std::string name;
  bool operator==(item const&) const = default;
};

item const first{1, 0.1, *from_text<timestamptz>::parse("2026-11-28 12:00:00.123456+00"), "it's"};
item const second{2, -1 / 7.0, std::nullopt, ""};
constexpr char all_items[] = "SELECT name, since, price, id FROM item ORDER BY id";

class formats : public testing::TestWithParam<format> {
 protected:
  formats() {
    conn.exec("CREATE TEMP TABLE item (id int, price float8, since timestamptz, name text)");
    for (item const& each : {first, second})
      conn.query("INSERT INTO item VALUES ($1, $2, $3, $4)", each.id, each.price, each.since, each.name);
  }
  bool asks_for_binary() const { return GetParam() != format::text; }

  connection conn = connect_with(GetParam());
};

INSTANTIATE_TEST_SUITE_P(each, formats, testing::Values(format::automatic, format::text, format::binary),
                         [](auto const& info) {
                           return info.param == format::text     ? "text"
                                  : info.param == format::binary ? "binary"
                                                                 : "automatic";
                         });

TEST_P(formats, rows_are_the_same_by_name_and_by_position) {
  for (int i = 0; i < 3; ++i) {
    auto const got = conn.query_rows<item>(all_items);
    EXPECT_EQ(std::vector(got.begin(), got.end()).size(), 2U);
    EXPECT_EQ(*got.begin(), first);
    bool const known = i != 0;  // before that the columns are not known when Bind goes
    EXPECT_EQ(got.columns()[2].is_binary, known && asks_for_binary()) << "price";
    EXPECT_EQ(got.columns()[1].is_binary, known && asks_for_binary()) << "since";
    EXPECT_EQ(got.columns()[3].is_binary, known && GetParam() == format::binary) << "id";
    using tuple = std::tuple<std::string, std::optional<timestamptz>, double, int>;
    auto const read = conn.query_rows<tuple>(all_items);
    EXPECT_EQ(*++read.begin(), tuple(second.name, second.since, second.price, second.id));
    result const untyped = conn.query(all_items);
    EXPECT_FALSE(untyped.columns()[2].is_binary) << "nobody knows what it is read as";
  }
}

TEST_P(formats, one_row_and_one_value) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(conn.query_one<item>("SELECT * FROM item WHERE price = $1", first.price), first);
    EXPECT_EQ(conn.query_value<double>("SELECT price FROM item WHERE since = $1", first.since), first.price);
    EXPECT_EQ(conn.query_optional<double>("SELECT price FROM item WHERE id = $1", 3), std::nullopt);
    EXPECT_EQ(conn.query_value<std::vector<int>>("SELECT $1", std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
    EXPECT_EQ(conn.query_value<float>("SELECT $1", 0.1F), 0.1F);
    EXPECT_EQ(conn.query_value<double>("SELECT $1", 0.1F), static_cast<double>(0.1F));
    EXPECT_EQ(conn.query_value<std::optional<double>>("SELECT $1", std::optional<double>()), std::nullopt);
    EXPECT_CONTAINS("NULL", thrown<data_error>([&] { conn.query_value<double>("SELECT NULL::float8"); }).what());
    EXPECT_CONTAINS("does not fit", thrown<data_error>([&] { conn.query_value<int>("SELECT 5000000000"); }).what());
  }
}

TEST_P(formats, every_way_to_run_a_statement_sends_the_same) {
  std::string const sql = "INSERT INTO item VALUES ($1, $2, $3, $4) RETURNING price = $2 AND since = $3";
  auto const ran = [](result const& of) { EXPECT_EQ(of[0].get<bool>(0), true); };
  for (int i = 0; i < 2; ++i) {
    ran(conn.query(sql, 3, first.price, first.since, "x"));
    ran(conn.start_query(sql, 3, first.price, first.since, "x").get());
    statement prepared = conn.prepare(sql);
    ran(prepared.query(3, first.price, first.since, "x"));
    ran(prepared.start_query(3, first.price, first.since, "x").get());
    tusk::pipeline p = conn.pipeline();
    auto a = p.query(sql, 3, first.price, first.since, "x");
    auto b = p.query(prepared, 3, first.price, first.since, "x");
    p.sync().get();
    ran(a.get());
    ran(b.get());
    for (auto const [equal] : conn.stream<std::tuple<bool>>(sql, 3, first.price, first.since, "x")) EXPECT_TRUE(equal);
    for (auto const [equal] : prepared.stream<std::tuple<bool>>(3, first.price, first.since, "x")) EXPECT_TRUE(equal);
  }
  using row_of_item = std::tuple<int, double, std::optional<timestamptz>, std::string>;
  conn.executemany("INSERT INTO item VALUES ($1, $2, $3, $4)",
                   std::vector{row_of_item(3, first.price, first.since, "x"), row_of_item(3, first.price, {}, "x")});
  EXPECT_EQ(conn.query_value<long>("SELECT count(*) FROM item WHERE id = 3 AND price = 0.1::float8"), 18);
  EXPECT_EQ(conn.query_value<long>("SELECT count(*) FROM item WHERE id = 3 AND since IS NULL"), 1);
}

// What the server would not take back in binary is read.
TEST_P(formats, vectors_of_the_catalogue_and_empty_values_are_read) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(conn.query_value<std::vector<int>>("SELECT '1 -2 3'::int2vector"), (std::vector{1, -2, 3}));
    EXPECT_EQ(conn.query_value<std::vector<oid>>("SELECT '1 4294967295'::oidvector"),
              (std::vector<oid>{1, 4294967295}));
    EXPECT_EQ(conn.query_value<std::vector<int>>("SELECT ''::int2vector"), std::vector<int>());
    EXPECT_EQ(conn.query_value<std::vector<int>>("SELECT '{}'::int[]"), std::vector<int>());
    EXPECT_EQ(conn.query_value<tsquery>("SELECT ''::tsquery").to_string(), "");
  }
}

TEST_P(formats, a_stream_reads_the_same) {
  for (int i = 0; i < 2; ++i) {
    double sum = 0;
    for (auto const [number, half] :
         conn.stream<int, double>("SELECT n, n / 2.0::float8 FROM generate_series(1, 50000) n"))
      sum += half * 2 - number;
    EXPECT_EQ(sum, 0);
  }
}

// What was prepared without types has parameters of its own: a double for a numeric goes as text.
TEST_P(formats, an_argument_of_another_type_than_its_parameter_goes_as_text) {
  statement sum = conn.prepare("SELECT $1::numeric + $2::float4 + $3");
  ASSERT_EQ(sum.parameters()[0], oids::numeric);
  ASSERT_EQ(sum.parameters()[1], oids::float4);
  EXPECT_EQ(sum.query(0.5, 0.25, 1.25)[0].get<double>(0), 2.0);
  EXPECT_EQ(sum.query(0.5, 0.25F, 1.25)[0].get<double>(0), 2.0);
  EXPECT_EQ(sum.query(std::optional<double>(), 0.25F, 1.25)[0].is_null(0), true);
}

// Its parameter is of another type when it is prepared again: as bytes of a float8 the argument would be a bigint, too.
TEST_P(formats, a_prepared_statement_that_is_prepared_again_does_not_take_an_argument_for_another) {
  conn.exec("CREATE TEMP TABLE priced (price float8); INSERT INTO priced VALUES (1), (2)");
  statement cheaper = conn.prepare("SELECT count(*) FROM priced WHERE price < $1");
  EXPECT_EQ(cheaper.query(1.5)[0].get<int>(0), 1);
  conn.exec("ALTER TABLE priced ALTER price TYPE int8");
  conn.commit();
  conn.forget_statements();
  EXPECT_CONTAINS("int", thrown<data_error>([&] { cheaper.query(1.5); }).what());
  conn.rollback();
  EXPECT_EQ(cheaper.query(1)[0].get<int>(0), 0);
}

TEST_P(formats, a_column_with_a_typecaster_comes_as_text) {
  int called = 0;
  register_type(new_type<double>({oids::float8}, "TWICE",
                                 [&](std::optional<std::string_view> text, cast_context const&) {
                                   ++called;
                                   return text ? std::optional(2 * std::stod(std::string(*text))) : std::nullopt;
                                 }),
                conn);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(conn.query_value<double>("SELECT 0.5::float8"), 1.0);
  EXPECT_EQ(called, 3);
}

TEST_P(formats, a_typecaster_that_comes_later_is_asked) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(conn.query_value<double>("SELECT 0.5::float8"), 0.5);
  register_type(new_type<double>({oids::float8}, "SEVEN", [](auto, cast_context const&) { return std::optional(7.0); }),
                conn);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(conn.query_value<double>("SELECT 0.5::float8"), 7.0);
}

TEST_P(formats, nothing_comes_in_binary_while_client_encoding_is_another_one) {
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ((conn.query_one<double, std::string>("SELECT $1, 'a'", 0.5)), std::tuple(0.5, "a"));
  conn.exec("SET client_encoding TO LATIN1");
  auto const got = conn.query_rows<double, std::string>("SELECT $1, 'a'", 0.5);
  EXPECT_FALSE(got.columns()[0].is_binary);
  EXPECT_EQ(std::get<0>(*got.begin()), 0.5);
  conn.query("SELECT $1", std::vector{std::byte{0xff}, std::byte{0x80}});  // bytes are not text
}

// The arguments go once more, in their form, when the statement is prepared anew.
TEST_P(formats, a_statement_that_heals_has_its_arguments_again) {
  connection admin = connect(dsn(way::unix_socket));
  admin.exec("DROP TABLE IF EXISTS heals_in_format; CREATE TABLE heals_in_format (price float8, n int)");
  admin.commit();
  connect_options options;
  options.format = GetParam();
  options.autocommit = true;
  connection other = connect(dsn(way::unix_socket), options);
  std::string const sql = "SELECT price, n FROM heals_in_format WHERE price > $1 AND n < $2";
  for (int i = 0; i < 3; ++i) {
    admin.exec("DELETE FROM heals_in_format; INSERT INTO heals_in_format VALUES (0.1, 7), (0.2, 8)");
    admin.commit();
    auto const [price, n] = other.query_one<double, int>(sql, 0.15, 9);
    EXPECT_EQ(price, 0.2);
    EXPECT_EQ(n, 8);
    EXPECT_EQ((other.query_one<double, int>(sql, 0.05, 8)), std::tuple(0.1, 7));
    admin.exec(i % 2 == 0 ? "ALTER TABLE heals_in_format ALTER n TYPE int8"
                          : "ALTER TABLE heals_in_format ALTER n TYPE int4");
    admin.commit();
  }
  admin.exec("DROP TABLE heals_in_format");
  admin.commit();
}

TEST_P(formats, a_subclass_that_watches_is_shown_text) {
  struct watching : connection {
    using connection::connection;
    using connection::operator=;
    std::string seen;
    results do_execute(execution const& what) override {
      if (!what.args.empty()) seen = merge("%s", what.args);
      return connection::do_execute(what);
    }
  };
  connect_options options;
  options.format = GetParam();
  auto conn = connect<watching>(dsn(way::unix_socket), options);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(conn.query_value<double>("SELECT $1", 0.5), 0.5);
  EXPECT_EQ(conn.seen, "0.5");
}

TEST(formats_by_measure, text_is_asked_for_where_it_is_as_fast) {
  connection conn = connect_with(format::automatic);
  std::string const sql = "SELECT 1::int4, 'a'::text, true, '{}'::json, 7::int8, 8::int8, 1.5::numeric, '1'::money";
  using row = std::tuple<int, std::string, bool, std::string, int, double, numeric, money>;
  for (int i = 0; i < 2; ++i) {
    auto const got = conn.query_rows<row>(sql);
    for (column_info const& each : got.columns()) EXPECT_FALSE(each.is_binary) << each.type;
    EXPECT_EQ(*got.begin(), row(1, "a", true, "{}", 7, 8, numeric("1.5"), money(100)));
  }
}

TEST(formats_by_measure, binary_is_asked_for_where_it_is_faster) {
  connection conn = connect_with(format::automatic);
  std::string const sql =
      "SELECT -5000000000, 6::int8, '10.0.0.1/8'::inet, '10.0.0.0/8'::cidr, ARRAY['a', NULL, ''], '::1'::inet";
  using texts = std::vector<std::optional<std::string>>;
  using row = std::tuple<std::int64_t, std::optional<std::int64_t>, inet, cidr, texts, inet>;
  for (int i = 0; i < 2; ++i) {
    auto const got = conn.query_rows<row>(sql);
    for (column_info const& each : got.columns()) EXPECT_EQ(each.is_binary, i == 1) << each.type;
    EXPECT_EQ(*got.begin(), row(-5'000'000'000, 6, inet("10.0.0.1/8"), cidr("10.0.0.0/8"), texts{"a", std::nullopt, ""},
                                inet("::1")));
  }
  EXPECT_TRUE(params::bound({nullptr}, inet("10.0.0.1")).is_binary(0));
  EXPECT_TRUE(params::bound({nullptr}, cidr("10.0.0.0/8")).is_binary(0));
  EXPECT_FALSE(params::bound({nullptr}, std::int64_t{1}).is_binary(0));
}

}  // namespace
}  // namespace tusk::test
