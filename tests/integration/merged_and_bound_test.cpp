// A value that is merged into a statement means what it means when it is bound: every type of argument in expressions,
// and against a column of every type. One way may be an error where the other is none; two different answers are a
// difference, and those that the documentation tells are listed here by name.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"

namespace tusk::test {
namespace {

constexpr std::string_view columns[] = {
    "bool",   "int2",        "int4",      "int8",    "oid",       "numeric",   "numeric(10,2)", "float4", "float8",
    "money",  "text",        "varchar",   "char(3)", "\"char\"",  "name",      "bytea",         "date",   "time",
    "timetz", "timestamp",   "interval",  "uuid",    "inet",      "cidr",      "json",          "jsonb",  "bit(3)",
    "varbit", "timestamptz", "xml",       "point",   "int2[]",    "int4[]",    "int8[]",        "text[]", "float8[]",
    "date[]", "numeric[]",   "varchar[]", "uuid[]",  "int4range", "int8range", "numrange",
};

// `?` is the argument.
constexpr std::string_view expressions[] = {
    "pg_typeof(?)", "7 / ?",   "? / 2",      "round(? / 3, 3)", "-?",         "5-?",    "?::text", "? * 2",
    "? % 3",        "abs(?)",  "round(?)",   "?::int2",         "?::numeric", "(?)[1]", "?[1]",    "?->'a'",
    "? + 1",        "sqrt(?)", "to_json(?)", "cardinality(?)",  "length(?)",  "? - ?",  "? || ?",  "? = ?",
};

std::string with(std::string_view text, std::string_view argument) {
  std::string made;
  for (char const c : text) c == '?' ? made += argument : made += c;
  return made;
}

class merged_and_bound : public testing::Test {
 protected:
  void SetUp() override {
    // A row that holds the type's text of several values, as far as it takes them.
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      std::string const table = "t" + std::to_string(i);
      conn_.exec("CREATE TEMP TABLE " + table + "(v " + std::string(columns[i]) + ")");
      for (std::string_view const text : {"1", "2", "-2", "0.1", "0.10", "t", "x", "2020-02-29", "{1,2}", "{a,b}",
                                          "[1,5)", "[1,)", "abc", "101", "10.0.0.1", "\"a\"", "12:30:00", "3.50"}) {
        try {
          conn_.query("INSERT INTO " + table + " SELECT $1::text::" + std::string(columns[i]), text);
        } catch (database_error const&) {}
      }
    }
  }

  // The answer as text, or nothing for an error.
  template <class Run>
  static std::optional<std::string> answer(Run const& run) {
    try {
      return run()[0].template get<std::optional<std::string>>(0).value_or("NULL");
    } catch (database_error const&) {
      return std::nullopt;
    }
  }

  template <class T>
  void compare(std::string const& name, std::string const& what, std::string const& sql, T const& value) {
    auto const merged = answer([&] { return conn_.exec(conn_.mogrify(with(sql, "%s"), one_each(sql, value))).back(); });
    if (!merged) return;
    auto const bound = answer([&] { return conn_.query(with(sql, "$1"), value); });
    tried_ += bound.has_value();
    if (bound && *merged != *bound) found_.insert(name + ": " + what);
  }

  // As many arguments as there are places.
  template <class T>
  static params one_each(std::string_view sql, T const& value) {
    params args;
    for (char const c : sql)
      if (c == '?') args.add(value);
    return args;
  }

  template <class T>
  void check(std::string const& name, T const& value) {
    for (std::string_view const each : expressions)
      compare(name, std::string(each), "SELECT (" + std::string(each) + ")::text", value);
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      std::string const table = "t" + std::to_string(i);
      std::string const column(columns[i]);
      compare(name, column + " = ?", "SELECT string_agg(v::text, ' ' ORDER BY v::text) FROM " + table + " WHERE v = ?",
              value);
      compare(name, column + " gets ?", "INSERT INTO " + table + " VALUES (?) RETURNING v::text", value);
    }
  }

  connection conn_ = open();
  std::set<std::string> found_;
  std::size_t tried_ = 0;
};

TEST_F(merged_and_bound, is_the_same_for_every_type_of_argument) {
  using namespace std::chrono_literals;
  check("bool", true);
  check("int2", std::int16_t{2});
  check("uint8", std::uint8_t{2});
  check("int4", 2);
  check("negative int4", -2);
  check("int4 min", std::numeric_limits<int>::min());
  check("int8", std::int64_t{2});
  check("int8 min", std::numeric_limits<std::int64_t>::min());
  check("uint64", std::uint64_t{2});
  check("uint64 max", std::numeric_limits<std::uint64_t>::max());
#ifdef __SIZEOF_INT128__
  check("int128", int128{2});
#endif
  check("float", 0.1f);
  check("whole float", -2.0f);
  check("double", 0.1);
  check("whole double", -2.0);
  check("infinite double", std::numeric_limits<double>::infinity());
  check("numeric", numeric("0.10"));
  check("whole numeric", numeric("2"));
  check("negative numeric", numeric("-2"));
  check("money", money(350));
  check("char", 'x');
  check("string", "abc");
  check("string of digits", "2");
  check("bytea", std::vector{std::byte{'x'}});
  check("date", *from_text<date>::parse("2020-02-29"));
  check("time", *from_text<tusk::time>::parse("12:30:00"));
  check("timestamp", *from_text<timestamp>::parse("2020-02-29 12:30:00"));
  check("timestamptz", std::chrono::sys_seconds{86'400s});
  check("nanoseconds", std::chrono::sys_time<std::chrono::nanoseconds>{86'400'000'000'999ns});
  check("duration", 90s);
  check("uuid", *from_text<uuid>::parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
  check("inet", *from_text<inet>::parse("10.0.0.1"));
  check("json", json("[1, {\"a\": 2}]"));
  check("xml", xml("<a/>"));
  check("bits", *from_text<bits>::parse("101"));
  check("range", range<int>{1, 5});
  check("range of numeric", range<numeric>{numeric(1), numeric(5)});
  check("range of uint64", range<std::uint64_t>{1, std::nullopt});
  check("vector of int4", std::vector{1, 2});
  check("vector of uint64", std::vector<std::uint64_t>{1, 2});
  check("vector of large uint64", std::vector<std::uint64_t>{1, std::numeric_limits<std::uint64_t>::max()});
  check("vector of double", std::vector{1.0, 2.0});
  check("vector of numeric", std::vector{numeric("1"), numeric("2")});
  check("vector of strings", std::vector<std::string>{"a", "b"});
  check("no strings", std::vector<std::string>{});
  check("no ints", std::vector<int>{});
  check("vectors", std::vector<std::vector<int>>{{1, 2}, {3, 4}});
  check("null", nullptr);
  check("null int", std::optional<int>());
  EXPECT_GT(tried_, 1000U);

  // What tools/docs/types.md tells: an integer is a constant whose type the server takes from its size; a double is a
  // numeric constant, with numeric's digits and division; a NULL has no type, nor has an array of no strings.
  std::set<std::string> const documented = {"double: 7 / ?",
                                            "double: ? - ?",
                                            "double: ? / 2",
                                            "double: pg_typeof(?)",
                                            "double: sqrt(?)",
                                            "int2: pg_typeof(?)",
                                            "int8: pg_typeof(?)",
                                            "no strings: ? || ?",
                                            "no strings: pg_typeof(?)",
                                            "null int: pg_typeof(?)",
                                            "uint64: pg_typeof(?)",
                                            "uint8: pg_typeof(?)",
                                            "whole double: -?",
                                            "whole double: 5-?",
                                            "whole double: 7 / ?",
                                            "whole double: ? * 2",
                                            "whole double: ? + 1",
                                            "whole double: ? - ?",
                                            "whole double: ? / 2",
                                            "whole double: ?::numeric",
                                            "whole double: ?::text",
                                            "whole double: abs(?)",
                                            "whole double: name gets ?",
                                            "whole double: numeric gets ?",
                                            "whole double: pg_typeof(?)",
                                            "whole double: text gets ?",
                                            "whole double: to_json(?)",
                                            "whole double: varchar gets ?"};
  EXPECT_EQ(found_, documented) << testing::PrintToString(found_);
}

TEST_F(merged_and_bound, a_point_of_the_documentation_has_any_coordinates) {
  conn_.exec("CREATE TEMP TABLE places (p point)");
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    double const x = i % 4 == 0 ? -1.23 : std::uniform_real_distribution<double>(-1e6, 1e6)(random);
    double const y = i % 7 == 0 ? -0.0 : std::uniform_real_distribution<double>(-1e-6, 1e-6)(random);
    auto const p = as_is("'(" + adapt(x).getquoted() + ", " + adapt(y).getquoted() + ")'");
    result const r = conn_.exec(conn_.mogrify("INSERT INTO places VALUES (%s) RETURNING p[0], p[1]", p)).back();
    ASSERT_EQ(r[0].get<double>(0), x);
    ASSERT_EQ(r[0].get<double>(1), y);
  }
}

}  // namespace
}  // namespace tusk::test
