// What is merged into a statement, as the server reads it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/protocol/utf8.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/effort.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;

/// The only row of a statement that is merged.
template <class... Args>
result merged(connection& conn, std::string_view statement, Args const&... args) {
  results all = conn.exec(conn.mogrify(statement, args...));
  if (all.size() != 1) throw std::logic_error("this became several statements");
  return std::move(all).front();
}

template <class T, class... Args>
T merged_value(connection& conn, std::string_view statement, Args const&... args) {
  return merged(conn, statement, args...)[0].template get<T>(0);
}

// Characters that mean something to a server somewhere, alone and in twos and threes; bytes of characters that are cut
// off, overlong or none, before what they could swallow.
std::vector<std::string> awkward_strings() {
  std::vector<std::string> const parts = {
      "'",      "\\",         "\"",       "''",           "\\'",      "'\\",      "\\\\",     "E'",
      "$$",     "$a$",        "--",       "/*",           "*/",       ";",        "\n",       "\r",
      "%s",     "%(a)s",      "%%",       "$1",           "U&'",      "\\x27",    "\\047",    "\xc2\xa5",
      "\x01",   "\x7f",       "\xc3\xa9", "\xe2\x82\xa9", "\xc3",     "\xbf'",    "\xe5\x5c", "\xbf\x27",
      "\xc0'",  "\xc0\xa7",   "\xe0\x80", "\xed\xa0\x80", "\xf0\x9f", "\xf5\x80", "\xff'",    "\x81\x5c",
      "\xa1'x", "'); DROP --"};
  std::vector<std::string> made = {"", std::string("a\0b", 3), std::string("\0", 1)};
  for (auto const& a : parts) {
    made.push_back(a);
    for (auto const& b : parts) {
      made.push_back(a + b);
      made.push_back(b + "x" + a + b);
    }
  }
  return made;
}

std::string random_string(std::mt19937_64& random) {
  constexpr std::string_view likely[] = {
      "'", "\\", "\"", "a", "\n", "%", "$", ";", "--", "\xc3\xa9", "\xf0\x9f\x90\x98"};
  std::string made;
  for (std::size_t count = random() % 8; count != 0; --count) {
    auto const number = random();
    if (number % 64 == 0) {
      made += static_cast<char>(number >> 8);  // any byte: mostly refused
    } else {
      made += likely[(number >> 8) % std::size(likely)];
    }
  }
  return made;
}

/// Merges strings, a thousand a statement, each beside its number; what comes back has to be the same bytes. What is
/// refused is not UTF-8, or has a NUL.
class strings_to_and_fro {
 public:
  explicit strings_to_and_fro(connection& conn) : conn_(conn) {}
  ~strings_to_and_fro() { EXPECT_TRUE(batch_.empty()); }

  void send(std::string text) {
    params args;
    try {
      args.add(text);
    } catch (data_error const&) {
      EXPECT_TRUE(text.find('\0') != text.npos || protocol::find_invalid_utf8(text) != text.npos);
      ++refused_;
      return;
    }
    EXPECT_TRUE(text.find('\0') == text.npos && protocol::find_invalid_utf8(text) == text.npos);
    batch_.push_back(std::move(text));
    if (batch_.size() == 1000) flush();
  }

  void flush() {
    if (batch_.empty()) return;
    params args;
    std::string statement = "VALUES ";
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      statement += i == 0 ? "(%s, %s)" : ",(%s,%s)";
      args.add(i).add(batch_[i]);
    }
    result const rows = merged(conn_, statement, args);
    ASSERT_EQ(rows.size(), batch_.size());
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      ASSERT_EQ(rows[i].get<std::size_t>(0), i);
      ASSERT_EQ(rows[i].get<std::string_view>(1), batch_[i]);
    }
    sent_ += batch_.size();
    batch_.clear();
  }

  std::size_t sent() const { return sent_; }
  std::size_t refused() const { return refused_; }

 private:
  connection& conn_;
  std::vector<std::string> batch_;
  std::size_t sent_ = 0;
  std::size_t refused_ = 0;
};

TEST(quoting, of_awkward_strings_with_every_setting) {
  connection conn = test::open();
  for (char const* conforming : {"on", "off"}) {
    for (char const* backslash_quote : {"on", "off", "safe_encoding"}) {
      conn.exec("SET standard_conforming_strings = " + std::string(conforming));
      conn.exec("SET backslash_quote = " + std::string(backslash_quote));
      strings_to_and_fro strings(conn);
      for (auto const& each : awkward_strings()) strings.send(each);
      strings.flush();
      EXPECT_GT(strings.sent(), 1000u);
      EXPECT_GT(strings.refused(), 1000u);
    }
  }
}

TEST(quoting, of_a_million_random_strings_while_the_setting_changes) {
  connection conn = test::open();
  std::mt19937_64 random(20'250'213);
  strings_to_and_fro strings(conn);
  std::size_t const count = test::effort(1'000'000);
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 10'000 == 0) {  // not where a batch ends
      conn.exec(i % 20'000 == 0 ? "SET standard_conforming_strings = off" : "SET standard_conforming_strings = on");
    }
    strings.send(random_string(random));
  }
  strings.flush();
  EXPECT_EQ(strings.sent() + strings.refused(), count);
  EXPECT_GT(strings.sent(), count / 10 * 9);
  EXPECT_GT(strings.refused(), count / 100);
}

TEST(quoting, is_right_when_the_setting_changes_within_the_same_script) {
  connection conn = test::open();
  std::string const text = "\\'; SELECT 'x' --";
  for (std::string const setting : {"on", "off"}) {
    auto const all =
        conn.exec(conn.mogrify("SET standard_conforming_strings = " + setting + "; SELECT %s; SELECT %s", text, text));
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[1][0].get<std::string>(0), text);
    EXPECT_EQ(all[2][0].get<std::string>(0), text);
  }
}

TEST(quoting, is_right_when_the_role_has_the_setting) {
  connection admin = test::open();
  admin.exec("ALTER ROLE CURRENT_USER SET standard_conforming_strings = off");
  connection conn = test::open();
  admin.exec("ALTER ROLE CURRENT_USER RESET standard_conforming_strings");
  EXPECT_EQ(conn.parameter_status("standard_conforming_strings"), "off");
  EXPECT_EQ(merged_value<std::string>(conn, "SELECT %s", "a\\'b"), "a\\'b");
}

TEST(quoting, cve_2024_1597_negative_numbers_begin_no_comment) {
  connection conn = test::open();
  std::string const text = "\n, 'more' --";
  result const by_merging = merged(conn, "SELECT 5-%s, %s", -1, text);
  result const by_binding = conn.query("SELECT 5-$1, $2", -1, text);
  for (result const* each : {&by_merging, &by_binding}) {
    ASSERT_EQ((*each)[0].size(), 2u);
    EXPECT_EQ((*each)[0].get<int>(0), 6);
    EXPECT_EQ((*each)[0].get<std::string>(1), text);
  }
  EXPECT_EQ(merged_value<int>(conn, "SELECT %s::int2", std::int16_t{-32'768}), -32'768);
  EXPECT_EQ(merged_value<std::int64_t>(conn, "SELECT %s::int8", std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(merged_value<double>(conn, "SELECT -%s::float8", -1.5), 1.5);
}

// CVE-2006-2313, CVE-2025-1094: a character that is cut off must not take the quote behind it with it.
TEST(quoting, cve_2025_1094_invalid_text_never_reaches_the_server) {
  connection conn = test::open();
  for (std::string_view const text : {"\xc0'; SELECT 1; --", "\xbf'", "abc\xf0", "\xe2\x82", "\x81'", "\xed\xa0\x80"}) {
    EXPECT_THROW(conn.mogrify("SELECT %s", text), data_error);
    EXPECT_THROW(conn.mogrify("SELECT %(a)s", named("a", text)), data_error);
    EXPECT_THROW(conn.mogrify("SELECT %s", as_is(std::string(text))), data_error);
    EXPECT_THROW(sql::identifier(text), data_error);
    EXPECT_THROW(sql::literal(text), data_error);
  }
  EXPECT_THROW(conn.mogrify("SELECT '\xc3%s", 1), programming_error);
}

// CVE-2025-1094 too: text that is right in UTF-8 and wrong in what the server was told since.
TEST(quoting, text_is_refused_while_the_server_takes_it_for_another_encoding) {
  connection conn = test::open();
  std::string const statement = conn.mogrify("SELECT %s", "\xc3\xa9");
  for (char const* encoding : {"SJIS", "GBK", "LATIN1"}) {
    conn.exec("SET client_encoding = " + std::string(encoding));
    EXPECT_THROW(conn.exec(statement), data_error);
    EXPECT_EQ(merged_value<int>(conn, "SELECT ascii(%s)", "\\'"), '\\');  // ASCII is the same in all of them
    conn.exec("SET client_encoding = UTF8");
    EXPECT_EQ(conn.exec(statement)[0][0].get<std::string>(0), "\xc3\xa9");
  }
}

TEST(quoting, of_identifiers_keeps_every_name) {
  connection conn = test::open();
  for (std::string const& name : awkward_strings()) {
    if (name.empty() || name.find('\0') != name.npos || protocol::find_invalid_utf8(name) != name.npos) continue;
    if (name.size() > 63) continue;
    sql::composed const query = sql::sql("SELECT {0} FROM (SELECT 1 AS {0}) AS {1}")
                                    .format(named("0", sql::identifier(name)), named("1", sql::identifier(name)));
    auto const rows = conn.exec(query.as_string());
    ASSERT_EQ(rows.size(), 1u) << name;
    EXPECT_EQ(rows[0].columns()[0].name, name);
    result const bound = merged(conn, sql::as_template(query) + " WHERE 1 = %s", 1);
    EXPECT_EQ(bound.columns()[0].name, name);
  }
  std::string const long_name(64, '"');  // the server cuts it off, and nothing else happens
  result const cut = conn.exec((sql::sql("SELECT 1 AS ") + sql::identifier(long_name)).as_string())[0];
  EXPECT_EQ(cut.columns()[0].name, long_name.substr(1));
}

// What a statement sees of an argument, merged and bound: its text, and its type where the literal says one.
template <class T>
void expect_the_same(connection& conn, T const& value, std::string const& cast = {}) {
  std::string const shown = conn.mogrify("%s", value);
  auto const ask = [&cast](std::string const& v) {
    return "SELECT " + v + cast + "::text, pg_typeof(" + v + cast + ")";
  };
  result const by_merging = merged(conn, ask("%s"), params(value, value));
  result const by_binding = conn.query(ask("$1"), value);
  for (std::size_t i : {0u, 1u}) {
    EXPECT_EQ(by_merging[0].template get<std::optional<std::string>>(i),
              by_binding[0].template get<std::optional<std::string>>(i))
        << shown;
  }
}

}  // namespace

// Text for any type that is built in: its OID is said by the value.
template <oid Type>
struct typed_text {
  std::string text;
};
template <oid Type>
struct adapter<typed_text<Type>> {
  static constexpr tusk::oid oid = Type;
  static void text(typed_text<Type> const& value, text_writer& out) { out << value.text; }
};

namespace {

TEST(merging, shows_the_server_what_binding_shows_it) {
  connection conn = test::open();
  auto const same = [&conn](auto const& value, std::string const& cast = {}) { expect_the_same(conn, value, cast); };
  same(true);
  same(false);
  same(nullptr, "::text");
  same(std::optional<int>(), "::int4");
  for (std::string const text : {"", "a", "o'r", "a\\b", "\xc3\xa9", "%s", "\\x41"}) same(text, "::text");
  for (int const value : {0, 1, -1, std::numeric_limits<int>::max()}) same(value);
  same(std::numeric_limits<int>::min(), "::int4");
  for (std::int16_t const value : {std::int16_t{-32'768}, std::int16_t{32'767}}) same(value, "::int2");
  for (std::int64_t const value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{5}}) same(value, "::int8");
  same(std::numeric_limits<std::uint64_t>::max());
  using limits = std::numeric_limits<double>;
  for (double const value : {0.0, -0.0, 1.0, -1.0, 0.1, 1e300, -1e-300, limits::denorm_min(), limits::max(),
                             limits::infinity(), -limits::infinity(), limits::quiet_NaN()}) {
    same(value, "::float8");
    same(static_cast<float>(value), "::float4");
  }
  same(std::vector<std::byte>{});
  same(std::vector{std::byte{'a'}, std::byte{0}, std::byte{'\\'}, std::byte{0xff}});
  same(binary("a'b\\c"));
  same(typed_text<oids::numeric>{"1.10"});
  same(typed_text<oids::numeric>{"-1.10"});
  same(typed_text<oids::numeric>{"NaN"});
  same(typed_text<oids::date>{"2020-02-29"});
  same(typed_text<oids::date>{"infinity"});
  same(typed_text<oids::date>{"0044-03-15 BC"});
  same(typed_text<oids::time>{"24:00:00"});
  same(typed_text<oids::timetz>{"12:00:00+15:59:59"});
  same(typed_text<oids::timestamp>{"2020-02-29 12:00:00.000001"});
  same(typed_text<oids::timestamptz>{"2020-02-29 12:00:00+02"});
  same(typed_text<oids::interval>{"1 mons -2 days 00:00:00.5"});
  same(typed_text<oids::uuid>{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"});
  same(typed_text<oids::json>{"{\"a\": \"\\\\ '\"}"});
  same(typed_text<oids::jsonb>{"{\"a\": 1}"});
  same(typed_text<oids::inet>{"10.0.0.1/8"});
  same(typed_text<oids::bit>{"10110"});
  same(typed_text<oids::varbit>{"101"});
  same(typed_text<oids::char_>{"x"});
  same(typed_text<oids::bpchar>{"ab "});
  same(typed_text<oids::name>{"item"});
  same(typed_text<oids::money>{"1.50"});
  same(typed_text<oids::xml>{"<a b='c'/>"});
  same(typed_text<oids::int4range>{"[1,5)"});
  same(typed_text<oids::int4_array>{"{1,NULL,-3}"});
  same(typed_text<oids::text_array>{"{\"a\\\\b\",\"o'r\",NULL,\"\"}"});
  same(typed_text<oids::bit_array>{"{101,11}"});
  same(typed_text<oids::bytea_array>{"{\"\\\\x00ff\"}"});
  same(typed_text<oids::point>{"(1,2)"});
  same(typed_text<oids::box_array>{"{(1,1),(0,0);(2,2),(0,0)}"});
  same(typed_text<oids::pg_lsn>{"0/16B3748"});
  same(typed_text<oids::tsvector>{"'a':1 'o''r':2"});
  same(typed_text<oids::regclass>{"pg_class"});
  same(typed_text<oids::oid>{"4000000000"}, "::oid");
}

TEST(merging, names_every_built_in_type_as_a_cast_does) {
  connection conn = test::open();
  result const all = conn.query("SELECT oid FROM pg_type WHERE oid < 10000 AND typtype <> 'p' AND typrelid = 0");
  int known = 0;
  for (auto const& row : all) {
    oid const type = row.get<oid>(0);
    if (type_name(type).empty()) continue;  // of a newer server
    types::text_buffer literal;
    types::append_written(literal, "x", {types::shape::text, {type}});
    std::string_view const text(literal.data(), literal.size());
    if (text.find("::") == text.npos) continue;
    std::string name(text.substr(text.find("::") + 2));
    if (name.ends_with(')')) name.pop_back();
    EXPECT_EQ(test::value<oid>(conn, "SELECT pg_typeof(NULL::" + name + ")::oid"), type) << name;
    ++known;
  }
  EXPECT_GT(known, 100);
}

TEST(merging, of_arrays_can_be_followed_by_a_subscript) {
  connection conn = test::open();
  EXPECT_EQ(merged_value<int>(conn, "SELECT %s[2]", typed_text<oids::int4_array>{"{7,8}"}), 8);
}

TEST(merging, of_lists_tuples_and_arrays_of_sql) {
  connection conn = test::open();
  EXPECT_TRUE(merged_value<bool>(conn, "SELECT 2 IN %s", in_list({1, 2})));
  EXPECT_TRUE(merged_value<bool>(conn, "SELECT 'o''r' IN %s", in_list({"a\\", "o'r"})));
  EXPECT_TRUE(merged_value<bool>(conn, "SELECT (1, 'a') IN %s", in_list({std::tuple(1, "a"), std::tuple(2, "b")})));
  EXPECT_EQ(merged_value<int>(conn, "SELECT (%s)[2]", std::vector<as_is>{as_is("1"), as_is("1 + 1")}), 2);
  EXPECT_EQ(merged_value<std::string>(conn, "SELECT %s::int[]", std::vector<as_is>{}), "{}");
  EXPECT_EQ(merged_value<std::string>(conn, "SELECT %s::int[]", std::vector<std::optional<as_is>>(2)), "{NULL,NULL}");
}

TEST(merging, is_refused_where_values_are_bound) {
  connection conn = test::open();
  std::vector<int> const ids{1, 2};
  auto const refused = [](auto const& call) {
    EXPECT_EQ(test::thrown<programming_error>(call).code(), types::errc::not_bindable);
  };
  refused([&] { conn.query("SELECT $1", as_is("now()")); });
  refused([&] { conn.query("SELECT 1 WHERE 1 IN $1", in_list(ids)); });
  refused([&] { conn.query("SELECT $1", params(named("a", 1))); });
  refused([&] { conn.start_query("SELECT $1", std::tuple(1, 2)); });
  statement prepared = conn.prepare("SELECT $1::int");
  refused([&] { prepared.query(as_is("1")); });
  refused([&] { prepared.query(params(as_is("1"))); });
  EXPECT_EQ(prepared.query(5)[0].get<int>(0), 5);  // nothing was sent
  conn.close();
  EXPECT_EQ(conn.mogrify("SELECT %s", 1), "SELECT 1");
}

}  // namespace
}  // namespace tusk
