// A schema that stands first on search_path, before pg_catalog, and has operators, functions and types of its own under
// the names of built-in ones: none of them is part of a statement or a literal that the library writes.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

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

}  // namespace
}  // namespace tusk::test
