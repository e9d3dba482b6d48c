// A schema that stands first on search_path, before pg_catalog, and has operators, functions and types of its own under
// the names of built-in ones: none of them is part of a statement or a literal that the library writes.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/own_sql.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

class search_path : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    connection conn = open();
    conn.exec("DROP SCHEMA IF EXISTS planted CASCADE; CREATE SCHEMA planted");
    std::string script;
    int number = 0;
    auto const plant = [&](std::string_view returns, std::string_view given, std::string_view name) {
      script += "CREATE FUNCTION planted." + std::string(name) + '(' + std::string(given) + ") RETURNS " +
                std::string(returns) + " LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted % ran', '" + std::string(name) +
                "'; END $$;";
    };
    for (std::string_view const operands : {"oid,int4", "oid,oid", "\"char\",\"char\"", "text,text", "name,text",
                                            "name,name", "int4,int4", "bool,bool"}) {
      for (std::string_view const sign : {"=", "<>", ">=", "<", ">", "<=", "~~", "||"}) {
        std::string const name = "f" + std::to_string(++number);
        plant("bool", operands, name);
        auto const comma = operands.find(',');
        script += "CREATE OPERATOR planted." + std::string(sign) + " (FUNCTION = planted." + name +
                  ", LEFTARG = " + std::string(operands.substr(0, comma)) +
                  ", RIGHTARG = " + std::string(operands.substr(comma + 1)) + ");";
      }
    }
    for (std::string_view const name : {"pg_notify(text,text)", "pg_type_is_visible(oid)", "current_setting(text)",
                                        "pg_is_in_recovery()", "set_config(text,text,bool)"}) {
      auto const open = name.find('(');
      plant("text", name.substr(open + 1, name.size() - open - 2), name.substr(0, open));
    }
    for (std::string_view const name :
         {"bool",     "int2",  "int4",  "int8",     "oid",     "numeric",       "float4",      "float8",       "text",
          "\"char\"", "bytea", "date",  "\"time\"", "timetz",  "\"timestamp\"", "timestamptz", "\"interval\"", "uuid",
          "inet",     "cidr",  "jsonb", "xml",      "\"bit\"", "varbit",        "int4range",   "numrange"})
      script += "CREATE DOMAIN planted." + std::string(name) + " AS pg_catalog.text CHECK (false);";
    // A type that all the literals' types turn into by themselves, and what takes it.
    script += "CREATE TYPE planted.trap AS ENUM ('sprung');";
    for (std::string_view const from :
         {"text", "varchar", "name",   "\"char\"",  "oid",   "bool", "int2",        "int4",
          "int8", "numeric", "float4", "float8",    "bytea", "date", "timestamptz", "interval",
          "uuid", "jsonb",   "varbit", "int4range", "_int4", "_text"}) {
      std::string const name = "f" + std::to_string(++number);
      std::string const type = "pg_catalog." + std::string(from);
      plant("planted.trap", type, name);
      script +=
          "CREATE CAST (" + type + " AS planted.trap) WITH FUNCTION planted." + name + '(' + type + ") AS IMPLICIT;";
    }
    plant("text", "planted.trap", "spring");
    for (std::string_view const name : {"pg_notify(planted.trap,planted.trap)", "pg_type_is_visible(planted.trap)",
                                        "current_setting(planted.trap)"}) {
      auto const open = name.find('(');
      plant("text", name.substr(open + 1, name.size() - open - 2), name.substr(0, open));
    }
    for (std::string_view const sign : {"=", "<>", "-", "+", ">="}) {
      std::string const name = "f" + std::to_string(++number);
      plant("bool", "planted.trap,planted.trap", name);
      script += "CREATE OPERATOR planted." + std::string(sign) + " (FUNCTION = planted." + name +
                ", LEFTARG = planted.trap, RIGHTARG = planted.trap);";
    }
    for (std::string_view const type : {"int4", "int8", "numeric"}) {
      plant("pg_catalog.bool", "pg_catalog." + std::string(type), "minus");
      script +=
          "CREATE OPERATOR planted.- (FUNCTION = planted.minus, RIGHTARG = pg_catalog." + std::string(type) + ");";
    }
    script +=
        "CREATE TABLE planted.pg_type (oid pg_catalog.oid); CREATE TABLE planted.pg_namespace (oid pg_catalog.oid);";
    conn.exec(script);
  }
  static void TearDownTestSuite() { open().exec("DROP SCHEMA planted CASCADE"); }

  static connection planted(connect_options options = {}) {
    options.autocommit = true;
    return connect(dsn(way::tcp, "tusk", "options='-csearch_path=planted,pg_catalog'"), options);
  }
};

TEST_F(search_path, is_really_in_the_way) {
  connection conn = planted();
  EXPECT_THROW(conn.exec("SELECT 1::oid >= 1"), database_error);
  EXPECT_THROW(conn.exec("SELECT pg_notify('a'::pg_catalog.text, 'b'::pg_catalog.text)"), database_error);
  EXPECT_THROW(conn.exec("SELECT '2020-02-29'::date"), database_error);
  EXPECT_THROW(conn.exec("SELECT spring('a'::pg_catalog.text)"), database_error);
  EXPECT_THROW(conn.exec("SELECT spring(1)"), database_error);
  EXPECT_THROW(conn.exec("SELECT spring(1::pg_catalog.oid)"), database_error);
  EXPECT_THROW(conn.exec("SELECT spring('d'::pg_catalog.\"char\")"), database_error);
}

TEST_F(search_path, turns_no_statement_of_the_library) {
  connection conn = planted({.load_types = true});
  conn.load_types();
  conn.listen("here");
  conn.notify("here", "said");
  EXPECT_TRUE(conn.notifies.pop().has_value());
  conn.unlisten("here");
  {
    transaction outer(conn);
    transaction inner(conn);
    inner.commit();
    outer.commit();
  }
  conn.ping();
  conn.set_session({.isolation = isolation_level::serializable, .read_only = true});
  EXPECT_EQ(conn.query_value<int>("SELECT 1"), 1);
  conn.commit();
  conn.reset();
  conn.reconnect();
  conn.load_types();
}

TEST_F(search_path, turns_no_question_about_the_server) {
  for (std::string_view const wanted : {"primary", "read-write", "prefer-standby"}) {
    connection conn = connect(dsn(
        way::tcp, "tusk", "options='-csearch_path=planted,pg_catalog' target_session_attrs=" + std::string(wanted)));
    EXPECT_FALSE(conn.closed());
  }
}

TEST_F(search_path, turns_no_literal) {
  connection conn = planted();
  auto const type_of = [&](auto const& value) {
    std::string const sql = conn.mogrify("SELECT pg_catalog.format_type(pg_catalog.pg_typeof(%s), NULL)", value);
    auto const type = conn.exec(sql).back()[0].template get<std::string>(0);
    return type.starts_with("pg_catalog.") ? type.substr(11) : type;  // said where its name alone means another
  };
  EXPECT_EQ(type_of(true), "boolean");
  EXPECT_EQ(type_of(1), "integer");
  EXPECT_EQ(type_of(-1), "integer");  // a sign before a number is no operator
  EXPECT_EQ(type_of(numeric("-1.5")), "numeric");
  EXPECT_EQ(type_of(std::numeric_limits<std::int64_t>::min()), "bigint");
  EXPECT_EQ(type_of(std::numeric_limits<std::uint64_t>::max()), "numeric");
  EXPECT_EQ(type_of(numeric("2")), "numeric");
  EXPECT_EQ(type_of(0.5f), "real");
  EXPECT_EQ(type_of(-0.0), "double precision");
  EXPECT_EQ(type_of('x'), "\"char\"");
  EXPECT_EQ(type_of(std::vector<std::byte>{}), "bytea");
  EXPECT_EQ(type_of(*from_text<date>::parse("2020-02-29")), "date");
  EXPECT_EQ(type_of(*from_text<tusk::time>::parse("12:30:00")), "time without time zone");
  EXPECT_EQ(type_of(std::chrono::sys_seconds{}), "timestamp with time zone");
  EXPECT_EQ(type_of(std::chrono::seconds{5}), "interval");
  EXPECT_EQ(type_of(uuid{}), "uuid");
  EXPECT_EQ(type_of(json("{}")), "jsonb");
  EXPECT_EQ(type_of(*from_text<bits>::parse("101")), "bit varying");
  EXPECT_EQ(type_of(range<int>{1, 5}), "int4range");
  EXPECT_EQ(type_of(std::vector{1, 2}), "integer[]");
  EXPECT_EQ(type_of(std::vector<std::string>{"a"}), "text[]");
}

/// The statements that were sent, as a trace shows them: what stands between the quotes of a Query or a Parse.
std::vector<std::string> sent_statements(std::vector<std::string> const& lines) {
  std::vector<std::string> statements;
  for (std::string_view const line : lines) {
    if (!line.starts_with('F')) continue;
    bool const parsed = line.find("\tParse\t") != line.npos;
    if (!parsed && line.find("\tQuery\t") == line.npos) continue;
    std::size_t from = line.find('"') + 1;
    if (parsed) from = line.find('"', line.find('"', from) + 1) + 1;  // the name goes before
    statements.emplace_back(line.substr(from, line.rfind('"') - from));
  }
  return statements;
}

/// Runs what makes the library write a statement of its own.
void run_everything(connection& conn) {
  conn.load_types();
  conn.listen("here");
  conn.notify("here", "said");
  conn.notify("here");
  conn.unlisten("here");
  conn.ping();
  conn.set_autocommit(false);
  for (isolation_level const level :
       {isolation_level::server_default, isolation_level::read_uncommitted, isolation_level::read_committed,
        isolation_level::repeatable_read, isolation_level::serializable}) {
    for (bool const on : {true, false}) {
      conn.set_session({.isolation = level, .read_only = on, .deferrable = on});
      conn.exec("SELECT 1");
      conn.commit();
      conn.query("SELECT $1", 1);
      conn.rollback();
    }
  }
  {
    transaction outer(conn);
    conn.exec("SELECT 1");
    {
      transaction inner(conn);
      inner.commit();
    }
    transaction const left(conn);
  }
  retry(conn, [](transaction&) {});
  conn.query("SELECT 1");
  conn.reset();
  conn.exec("DEALLOCATE ALL");
  conn.query("SELECT $1", 1);
  conn.reset();
  conn.reconnect();
}

TEST_F(search_path, looks_up_nothing_of_what_is_sent) {
  for (std::string_view const wanted : {"any", "primary", "read-write"}) {
    std::vector<std::string> lines;
    connection conn = connect(dsn(way::tcp, "tusk", "target_session_attrs=" + std::string(wanted)),
                              {.autocommit = true,
                               .trace = [&lines](std::string_view line) { lines.emplace_back(line); },
                               .load_types = true});
    run_everything(conn);
    std::vector<std::string> const statements = sent_statements(lines);
    std::string all;
    for (std::string const& each : statements) {
      EXPECT_EQ(looked_up(each), "") << each;
      all += each + '\n';
    }
    for (std::string_view const expected :
         {"WITH RECURSIVE", "pg_catalog.pg_notify", "LISTEN \"here\"", "UNLISTEN \"here\"", "\nBEGIN",
          "SERIALIZABLE READ ONLY DEFERRABLE", "\nSAVEPOINT", "\nRELEASE SAVEPOINT", "\nROLLBACK TO SAVEPOINT",
          "\nCOMMIT", "\nROLLBACK\n", "RESET ALL"})
      EXPECT_NE(all.find(expected), all.npos) << expected << " was not sent:\n" << all;
  }
}

/// What in a merged value is looked up. A sign before a number belongs to it, and is no operator.
template <class T>
std::string looked_up_of(connection& conn, T const& value) {
  std::string merged = conn.mogrify("%s", value);
  for (std::size_t at = 0; (at = merged.find('-', at)) != merged.npos; ++at) {
    bool const number = at + 1 < merged.size() && merged[at + 1] >= '0' && merged[at + 1] <= '9';
    if (number && (at == 0 || merged[at - 1] == '(' || merged[at - 1] == ' ')) merged[at] = ' ';
  }
  std::string const found = looked_up(merged);
  return found.empty() ? found : merged + ": " + found;
}

TEST_F(search_path, looks_up_nothing_of_a_merged_value) {
  connection conn = open();
  auto const check = [&]<class T>(T const& value) {
    EXPECT_EQ(looked_up_of(conn, value), "");
    EXPECT_EQ(looked_up_of(conn, std::vector<T>{value}), "");
    EXPECT_EQ(looked_up_of(conn, std::optional<T>(value)), "");
    EXPECT_EQ(looked_up_of(conn, std::optional<T>()), "");
  };
  auto const limits = [&]<class T>(T) {
    check(std::numeric_limits<T>::lowest());
    check(std::numeric_limits<T>::max());
    check(T(0));
  };
  limits(std::int16_t{}), limits(std::int32_t{}), limits(std::int64_t{}), limits(std::uint16_t{});
  limits(std::uint32_t{}), limits(std::uint64_t{}), limits(float{}), limits(double{});
  check(-0.0);
  check(-0.0f);
  check(std::numeric_limits<double>::infinity());
  check(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(looked_up_of(conn, true), "");
  check('x');
  for (std::string_view const number : {"2", "-2", "0.5", "NaN", "-Infinity"})
    check(*from_text<numeric>::parse(number));
  for (std::string_view const text : {"", "it's", "a\\b", "1::int4"}) check(std::string(text));
  check(std::vector<std::byte>{std::byte{1}});
  check(*from_text<date>::parse("2020-02-29"));
  check(*from_text<tusk::time>::parse("12:30:00"));
  check(*from_text<time_tz>::parse("12:30:00+01"));
  check(*from_text<timestamp>::parse("2020-02-29 12:30:00"));
  check(*from_text<timestamptz>::parse("2020-02-29 12:30:00+00"));
  check(*from_text<interval>::parse("1 day"));
  check(std::chrono::sys_seconds{});
  check(std::chrono::year_month_day{std::chrono::sys_days{}});
  check(std::chrono::microseconds{-5});
  check(uuid{});
  check(json("{}"));
  check(*from_text<inet>::parse("127.0.0.1"));
  check(*from_text<cidr>::parse("10.0.0.0/8"));
  check(*from_text<bits>::parse("101"));
  check(range<std::int32_t>{1, 5});
  check(range<std::int64_t>{-1, 5});
  check(range<numeric>{numeric("1"), numeric("2")});
  check(range<date>{});
  check(std::tuple(1, std::string("a")));
}

}  // namespace
}  // namespace tusk::test
