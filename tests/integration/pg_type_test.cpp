// Every type of the server is one that the client knows: by itself all but row types and what initdb makes for
// information_schema, and after load_types() all.
#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>

#include "support/server.hpp"

namespace tusk::test {
namespace {

TEST(pg_type, has_no_type_that_is_unknown) {
  connection conn = open();
  conn.exec(
      "CREATE TYPE pg_temp.walked_color AS ENUM ('a'); CREATE TYPE pg_temp.walked_row AS (a int);"
      "CREATE DOMAIN pg_temp.walked_domain AS int; CREATE TYPE pg_temp.walked_range AS RANGE (subtype = float8)");
  result const all = conn.query(
      "SELECT t.oid, t.typname, coalesce(e.typname, t.typname), e.oid IS NOT NULL, coalesce(e.typtype, t.typtype), "
      "t.oid::regtype::text FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid ORDER BY t.oid");
  ASSERT_GT(all.size(), 500U);
  int known = 0;
  for (row const& each : all) {
    oid const type = each.get<oid>(0);
    std::string const element = each.get<std::string>(2);
    bool const array = each.get<bool>(3);
    std::string const name = conn.type_name(type);
    bool const made_in_a_database = type >= 10'000 || each.get<char>(4) == 'c';
    EXPECT_EQ(name.empty(), made_in_a_database && is_user_defined(type)) << type << ' ' << each.get<std::string>(1);
    if (name.empty()) continue;
    ++known;
    EXPECT_EQ(name, (element == "char" ? "\"char\"" : element) + (array ? "[]" : "")) << type;
    bool const of_rows = each.get<char>(4) == 'c';  // some of the catalogue's have a name here, and no more
    EXPECT_EQ(array_of(element_of(type)), array && !of_rows ? type : 0) << name;
    EXPECT_EQ(conn.type_oid(name), type);
  }
  EXPECT_GT(known, 180);
  conn.load_types();
  for (row const& each : all) {
    oid const type = each.get<oid>(0);
    std::string const name = conn.type_name(type);
    EXPECT_FALSE(name.empty()) << type << ' ' << each.get<std::string>(1);
    if (name.empty()) continue;
    EXPECT_EQ(conn.type_oid(name), type) << name;
  }
}

// NULL of each is read as any value; what the table of the documentation has is read from its text.
TEST(pg_type, has_no_column_that_cannot_be_read) {
  connection conn = open();
  conn.load_types();
  result const all = conn.query("SELECT format_type(oid, NULL) FROM pg_type WHERE typtype <> 'p' ORDER BY oid");
  std::string sql = "SELECT 1";
  for (row const& each : all) sql += ", NULL::" + each.get<std::string>(0);
  result const read = conn.query(sql);
  for (std::size_t i = 1; i <= all.size(); ++i) {
    EXPECT_TRUE(read[0].at(i).is_null()) << all[i - 1].get<std::string>(0);
    EXPECT_EQ(read[0].get<std::optional<std::string>>(i), std::nullopt);
  }
}

}  // namespace
}  // namespace tusk::test
