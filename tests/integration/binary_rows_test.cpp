// Row values in the binary form: what is written is what record_send gives, the server takes it by record_recv, and
// rows, arrays of them and ranges within them, three deep, are the same values in both formats and both ways. Domains
// within them, citext and hstore, and arrays of types that have a delimiter of their own.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/bytes.hpp"
#include "support/formats.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace {

enum class row_color { red, green };

struct row_item {
  int id;
  std::string name;
  std::optional<double> weight;
  std::optional<row_color> color;
  std::vector<std::optional<std::string>> tags;
  tusk::range<int> span;
  std::optional<int> size;  // of a domain
  friend bool operator==(row_item const&, row_item const&) = default;
};

struct row_order {
  row_item first;
  std::vector<row_item> others;
  std::optional<row_item> gift;
  tusk::array<int> grid;
  std::vector<std::optional<tusk::range<tusk::date>>> days;
  std::vector<row_color> colors;
  friend bool operator==(row_order const&, row_order const&) = default;
};

struct row_ledger {
  std::vector<row_order> orders;
  std::string note;        // citext
  std::vector<int> sizes;  // of a domain over an array of a domain
  friend bool operator==(row_ledger const&, row_ledger const&) = default;
};

// An attribute of it is an int8.
struct row_wide {
  int number;
  friend bool operator==(row_wide const&, row_wide const&) = default;
};

// Is held as a part of one, and sent in hundredths.
struct row_percent {
  double part;
  bool has_value() const { return true; }
  double operator*() const { return part; }
};
struct row_share {
  row_percent part;
};

struct row_pin {
  std::string text;
  friend bool operator==(row_pin const&, row_pin const&) = default;
};

}  // namespace

template <>
struct tusk::adapter<row_color> : tusk::enum_adapter<"row_color", "red", "green"> {};
template <>
struct tusk::adapter<row_item> : tusk::composite<"row_item"> {};
template <>
struct tusk::adapter<row_order> : tusk::composite<"row_order"> {};
template <>
struct tusk::adapter<row_ledger> : tusk::composite<"row_ledger"> {};
template <>
struct tusk::adapter<row_wide> : tusk::composite<"row_wide"> {};
template <>
struct tusk::adapter<row_percent> {
  static constexpr tusk::oid oid = oids::float8;
  static void text(row_percent const& value, text_writer& out) { adapter<double>::text(100 * value.part, out); }
  static void binary(row_percent const& value, binary_writer& out) { adapter<double>::binary(100 * value.part, out); }
};
template <>
struct tusk::from_text<row_percent> {
  static bool reads(oid type) { return type == oids::float8; }
  static protocol::expected<row_percent> parse(std::string_view text) {
    auto const read = from_text<double>::parse(text, oids::float8);
    if (!read) return read.error();
    return row_percent{*read / 100};
  }
};
template <>
struct tusk::adapter<row_share> : tusk::composite<"row_share"> {};
template <>
struct tusk::adapter<row_pin> {
  static constexpr std::string_view type_name = "row_pin";
  static constexpr char delimiter = ':';
  static void text(row_pin const& value, text_writer& out) { out << value.text; }
};
template <>
struct tusk::from_text<row_pin> {
  static bool reads(oid type) { return is_user_defined(type); }
  static protocol::expected<row_pin> parse(std::string_view text) { return row_pin{std::string(text)}; }
};

namespace tusk::test {
namespace {

// A connection whose adapters can be asked what they write.
struct open_handed : connection {
  using connection::connection;
  using connection::operator=;
  using connection::adapters;
};

class binary_rows : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    connection conn = open();
    conn.exec(
        "DROP SCHEMA IF EXISTS binary_rows CASCADE; CREATE SCHEMA binary_rows; SET search_path = binary_rows;"
        "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public;"
        "SET search_path = binary_rows, public;"
        "CREATE TYPE row_color AS ENUM ('red', 'green');"
        "CREATE DOMAIN row_length AS int CHECK (VALUE < 1000000); CREATE DOMAIN row_size AS row_length;"
        "CREATE DOMAIN row_sizes AS row_size[];"
        "CREATE TYPE row_item AS (id int, name text, weight float8, color row_color, tags varchar[], span int4range,"
        "  size row_size);"
        "CREATE TYPE row_order AS (first row_item, others row_item[], gift row_item, grid int[], days daterange[],"
        "  colors row_color[]);"
        "CREATE TABLE row_ledger (orders row_order[], gone int, note citext, sizes row_sizes);"
        "ALTER TABLE row_ledger DROP COLUMN gone;"  // its place stays in the catalogue
        "CREATE TYPE row_wide AS (number int8);"
        "CREATE TYPE row_pin;"
        "CREATE FUNCTION pin_in(cstring) RETURNS row_pin LANGUAGE internal IMMUTABLE STRICT AS 'textin';"
        "CREATE FUNCTION pin_out(row_pin) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';"
        "CREATE TYPE row_pin (INPUT = pin_in, OUTPUT = pin_out, LIKE = text, DELIMITER = ':');"
        "CREATE TYPE row_rot;"
        "CREATE FUNCTION rot_in(cstring) RETURNS row_rot LANGUAGE internal IMMUTABLE STRICT AS 'textin';"
        "CREATE FUNCTION rot_out(row_rot) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';"
        "CREATE FUNCTION rot_send(row_rot) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';"
        "CREATE TYPE row_rot (INPUT = rot_in, OUTPUT = rot_out, SEND = rot_send, LIKE = text, CATEGORY = 'S')");
    conn.commit();
  }
  static void TearDownTestSuite() {
    connection conn = open();
    conn.exec("DROP SCHEMA binary_rows CASCADE");
    conn.commit();
  }

  static open_handed opened(format how) {
    connect_options options;
    options.format = how;
    auto conn = connect<open_handed>(dsn(way::unix_socket), options);
    conn.exec("SET search_path = binary_rows, public");
    conn.load_types();
    return conn;
  }

  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string any_text() {
    constexpr std::string_view some = "ab \"\\,(){}'\n;:NULL";
    std::string text;
    for (int i = below(6); i > 0; --i) text += some[static_cast<std::size_t>(below(static_cast<int>(some.size())))];
    return below(4) == 0 ? "é" + text : text;
  }
  row_color any_color() { return static_cast<row_color>(below(2)); }
  row_item any_item() {
    row_item made{below(1'000) - 500, any_text(), std::nullopt, std::nullopt, {}, {.empty = true}, std::nullopt};
    if (below(2) == 0) made.weight = (below(1'000) - 500) / 7.0;
    if (below(2) == 0) made.color = any_color();
    for (int i = below(3); i > 0; --i)
      made.tags.push_back(below(3) == 0 ? std::nullopt : std::optional<std::string>(any_text()));
    if (below(3) != 0) made.span = {below(9), 10 + below(9)};
    if (below(2) == 0) made.size = below(999);
    return made;
  }
  row_order any_order() {
    row_order made{any_item(), {}, std::nullopt, {}, {}, {}};
    for (int i = below(3); i > 0; --i) made.others.push_back(any_item());
    if (below(2) == 0) made.gift = any_item();
    if (below(2) == 0) made.grid = array<int>({{0, 2}, {-1, 2}}, {below(9), 2, 3, below(9)});
    for (int i = below(3); i > 0; --i) {
      date const first = date::from_days_since_2000(below(9'000));
      made.days.push_back(std::nullopt);
      made.days.push_back(range<date>{first, date::from_days_since_2000(9'000 + below(9))});
    }
    for (int i = below(3); i > 0; --i) made.colors.push_back(any_color());
    return made;
  }
  row_ledger any_ledger() {
    row_ledger made{{}, any_text(), {}};
    for (int i = below(3); i > 0; --i) made.orders.push_back(any_order());
    for (int i = below(3); i > 0; --i) made.sizes.push_back(below(999));
    return made;
  }

  /// Each value as the server's own functions and our readers and writers have it.
  template <class T, class Make>
  void expect_same(std::string const& type, Make const& make, int count) {
    open_handed text = opened(format::text), binary = opened(format::binary);
    std::string const sql = "SELECT $1";
    std::string const bytes = "SELECT encode(" +
                              std::string(std::is_same_v<T, std::vector<row_item>> ? "array" : "record") +
                              "_send($1::" + type + "), 'hex'), $1::" + type + "::text";
    for (int i = 0; i < count; ++i) {
      T const value = make();
      params const written = params::bound({&binary.adapters(), format::binary}, value);
      ASSERT_TRUE(written.is_binary(0)) << *types::text_of(value);
      result const sent = text.query(bytes, value);
      ASSERT_EQ(readable(written.wire().substr(4)), readable(test::bytes(sent[0].get<std::string_view>(0))))
          << *types::text_of(value);
      result const taken = binary.query(bytes, value);
      ASSERT_EQ(taken[0].get<std::string>(0), sent[0].get<std::string>(0)) << *types::text_of(value);
      ASSERT_EQ(taken[0].get<std::string>(1), sent[0].get<std::string>(1));
      ASSERT_EQ(text.query_value<T>(sql, value), value) << *types::text_of(value);
      ASSERT_EQ(binary.query_value<T>(sql, value), value) << *types::text_of(value);
      ASSERT_EQ(binary.query_value<std::optional<T>>(sql, std::optional<T>()), std::nullopt);
    }
    for (int i = 0; i < 2; ++i) {
      std::string const two = "SELECT 1, $1";
      ASSERT_EQ((binary.query_rows<int, T>(two, make()).columns()[1].is_binary), i == 1);
      ASSERT_FALSE((text.query_rows<int, T>(two, make()).columns()[1].is_binary));
    }
  }

 private:
  std::mt19937 random_{1};
};

TEST_F(binary_rows, are_what_the_server_sends_and_takes) {
  expect_same<row_item>(
      "row_item", [&] { return any_item(); }, 300);
  expect_same<std::vector<row_item>>(
      "row_item[]",
      [&] {
        std::vector<row_item> made;
        for (int i = below(4); i > 0; --i) made.push_back(any_item());
        return made;
      },
      100);
}

TEST_F(binary_rows, three_deep_with_domains_arrays_and_ranges) {
  expect_same<row_order>(
      "row_order", [&] { return any_order(); }, 100);
  expect_same<row_ledger>(
      "row_ledger", [&] { return any_ledger(); }, 100);
}

TEST_F(binary_rows, as_rows_of_many_executions) {
  for (format const how : {format::text, format::automatic, format::binary}) {
    open_handed conn = opened(how);
    conn.exec("CREATE TEMP TABLE kept (n int, item row_item, items row_item[], color row_color, colors row_color[])");
    using row = std::tuple<int, std::optional<row_item>, std::vector<std::optional<row_item>>, row_color,
                           std::vector<std::optional<row_color>>>;
    std::vector<row> rows;
    for (int i = 0; i < 100; ++i)
      rows.emplace_back(i, i % 7 == 0 ? std::nullopt : std::optional(any_item()),
                        std::vector<std::optional<row_item>>{any_item(), std::nullopt}, any_color(),
                        std::vector<std::optional<row_color>>{std::nullopt, any_color()});
    conn.executemany("INSERT INTO kept VALUES ($1, $2, $3, $4, $5)", rows);
    for (int i = 0; i < 2; ++i) {
      auto const read = conn.query_rows<row>("SELECT * FROM kept ORDER BY n");
      EXPECT_EQ(std::vector<row>(read.begin(), read.end()), rows);
    }
  }
}

TEST_F(binary_rows, go_as_text_where_an_attribute_is_of_another_type) {
  open_handed conn = opened(format::binary);
  auto const is_binary = [&](auto const& value) {
    return params::bound({&conn.adapters(), format::binary}, value).is_binary(0);
  };
  EXPECT_FALSE(is_binary(row_wide{7})) << "its attribute is an int8";
  EXPECT_EQ(conn.query_value<row_wide>("SELECT $1", row_wide{7}), row_wide{7});
  EXPECT_EQ(conn.query_value<std::vector<row_wide>>("SELECT $1", std::vector{row_wide{7}}), std::vector{row_wide{7}});
  conn.exec("ALTER TYPE row_wide ALTER ATTRIBUTE number TYPE int");
  conn.load_types();
  EXPECT_TRUE(is_binary(row_wide{7}));
  EXPECT_EQ(conn.query_value<row_wide>("SELECT $1", row_wide{7}), row_wide{7});
  conn.exec("ALTER TYPE row_wide ADD ATTRIBUTE more int");
  conn.load_types();
  EXPECT_FALSE(is_binary(row_wide{7})) << "it has one attribute more";
  EXPECT_FALSE(params::bound({&conn.adapters(), format::automatic}, row_item{}).is_binary(0));
  EXPECT_FALSE(params::bound({nullptr, format::binary}, row_item{}).is_binary(0)) << "nothing is known of it";
}

TEST_F(binary_rows, a_domain_is_checked) {
  open_handed conn = opened(format::binary);
  row_item value = any_item();
  value.size = 2'000'000;
  EXPECT_THROW(conn.query("SELECT $1", value), integrity_error);
}

TEST_F(binary_rows, domains_enums_and_citext_in_arrays_and_as_columns) {
  open_handed conn = opened(format::binary);
  for (int i = 0; i < 2; ++i) {
    auto const got = conn.query_rows<std::vector<int>, std::string, std::vector<std::string>, std::vector<row_color>,
                                     std::vector<row_item>, std::vector<int>>(
        "SELECT ARRAY[1::row_size, 2], 'A b'::citext, ARRAY['x'::citext], ARRAY['green'::row_color],"
        " '{\"(1,a,,,{},empty,)\"}'::row_item[], ARRAY[3::row_size]::row_sizes");
    for (column_info const& each : got.columns()) EXPECT_EQ(each.is_binary, i == 1) << each.type;
    auto const [sizes, text, texts, colors, items, more] = *got.begin();
    EXPECT_EQ(sizes, (std::vector{1, 2}));
    EXPECT_EQ(text, "A b");
    EXPECT_EQ(texts, std::vector<std::string>{"x"});
    EXPECT_EQ(colors, std::vector{row_color::green});
    EXPECT_EQ(items.at(0).name, "a");
    EXPECT_EQ(more, std::vector{3});
  }
  // What a BINARY cursor gives is read by its type.
  cursor cur = conn.cursor();
  cur.execute("DECLARE in_bytes BINARY CURSOR FOR SELECT ARRAY[1::row_size], 'A'::citext, ARRAY['red'::row_color]");
  cur.execute("FETCH ALL FROM in_bytes");
  auto const row = cur.fetchone();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->at(0).to_string(), "{1}");
  EXPECT_EQ(row->at(1).to_string(), "A");
  EXPECT_EQ(row->at(2).to_string(), "{red}");
}

TEST_F(binary_rows, hstore_is_bound_where_it_is_loaded) {
  using map = std::map<std::string, std::optional<std::string>>;
  open_handed conn = opened(format::binary);
  map const value{{"a", "1"}, {"b\"", std::nullopt}};
  EXPECT_TRUE(params::bound({&conn.adapters(), format::binary}, value).is_binary(0));
  EXPECT_FALSE(params::bound({nullptr, format::binary}, value).is_binary(0));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(conn.query_value<map>("SELECT $1", value), value);
}

TEST_F(binary_rows, come_the_same_by_copy) {
  open_handed conn = opened(format::text);
  conn.exec("CREATE TEMPORARY TABLE ledgers (id int, ledger row_ledger)");
  std::vector<std::tuple<int, row_ledger>> ledgers;
  for (int i = 0; i < 50; ++i) {
    ledgers.emplace_back(i, any_ledger());
    conn.query("INSERT INTO ledgers VALUES ($1, $2)", i, std::get<1>(ledgers.back()));
  }
  for (std::string const how : {"text", "csv", "binary"}) {
    std::vector<std::tuple<int, row_ledger>> got;
    for (auto&& each : conn.copy_out("COPY ledgers TO STDOUT (FORMAT " + how + ")").rows<int, row_ledger>())
      got.push_back(each);
    EXPECT_TRUE(got == ledgers) << how;
  }
}

// Their form in binary is the text, although they have other functions to send it by. The server itself tells what a
// domain is made of, but not of its arrays.
TEST_F(binary_rows, domains_over_any_string_type_are_text) {
  for (format const how : {format::text, format::binary}) {
    open_handed conn = opened(how);
    conn.exec(
        "CREATE DOMAIN row_mail AS varchar(100); CREATE DOMAIN row_code AS char(3); CREATE DOMAIN row_name AS name");
    conn.load_types();
    for (int i = 0; i < 2; ++i) {
      auto const got = conn.query_rows<std::string, std::vector<std::string>, std::vector<row_color>>(
          "SELECT 'a@b'::row_mail, ARRAY['n'::row_name], ARRAY['red'::row_code]");
      EXPECT_EQ(*got.begin(), std::tuple("a@b", std::vector<std::string>{"n"}, std::vector{row_color::red}));
    }
    conn.rollback();
  }
}

// An adapter that has a value's parts shown otherwise than they are held.
TEST_F(binary_rows, what_only_looks_like_an_optional_is_written_by_its_adapter) {
  for (format const how : {format::text, format::binary}) {
    open_handed conn = opened(how);
    conn.exec("CREATE TYPE row_share AS (part float8)");
    conn.load_types();
    EXPECT_EQ(conn.query_value<double>("SELECT ($1::row_share).part", row_share{{0.5}}), 50);
    conn.rollback();
  }
}

// Its values have no text in binary, although they are strings.
TEST_F(binary_rows, a_string_type_that_is_sent_otherwise_comes_as_text) {
  open_handed conn = opened(format::binary);
  for (int i = 0; i < 2; ++i) {
    auto const got = conn.query_rows<std::string, std::vector<std::string>>("SELECT 'a'::row_rot, ARRAY['b'::row_rot]");
    EXPECT_FALSE(got.columns()[0].is_binary);
    EXPECT_FALSE(got.columns()[1].is_binary);
    EXPECT_EQ(*got.begin(), std::tuple("a", std::vector<std::string>{"b"}));
  }
}

TEST_F(binary_rows, elements_stand_between_the_delimiter_of_their_type) {
  std::string const sql = "SELECT ARRAY['a,b', 'c:d', 'e']::row_pin[]";
  std::vector<std::string> const texts{"a,b", "c:d", "e"};
  std::vector<row_pin> const pins{{"a,b"}, {"c:d"}, {"e"}};
  for (format const how : {format::text, format::binary}) {
    open_handed conn = opened(how);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(conn.query_value<std::vector<std::string>>(sql), texts);
      EXPECT_EQ(conn.query_value<array<std::string>>(sql).elements(), texts);
      EXPECT_EQ((conn.query_value<std::optional<std::array<std::string, 3>>>(sql)->at(0)), "a,b");
      EXPECT_EQ(conn.query_value<std::vector<row_pin>>(sql), pins);
      EXPECT_EQ(conn.query_value<std::vector<row_pin>>("SELECT $1::row_pin[]", pins), pins);
    }
    EXPECT_EQ(conn.exec(conn.mogrify("SELECT (%s::row_pin[])[1]", pins)).back()[0].get<std::string>(0), "a,b");
    oid const type = conn.type_oid("row_pin"), many = conn.type_oid("row_pin[]");
    auto const caster = new_type<row_pin>({type}, "PIN", [](std::optional<std::string_view> text, cast_context const&) {
      return text ? std::optional(row_pin{"<" + std::string(*text) + ">"}) : std::nullopt;
    });
    register_type(caster, conn);
    register_type(new_array_type<row_pin>({many}, "PINS", caster), conn);
    EXPECT_EQ(conn.query_value<std::vector<row_pin>>(sql), (std::vector<row_pin>{{"<a,b>"}, {"<c:d>"}, {"<e>"}}));
  }
}

}  // namespace
}  // namespace tusk::test
