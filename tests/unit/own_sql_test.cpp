// The SQL in the sources, whether a test runs it or not: nothing in it is looked up by search_path.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/own_sql.hpp"

namespace tusk::test {
namespace {

/// The string literals of a C++ source, those that stand side by side as one. None of ours is raw.
std::vector<std::string> string_literals(std::string_view source) {
  std::vector<std::string> literals;
  bool side_by_side = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    char const c = source[i];
    if (source.substr(i).starts_with("//")) {
      i = std::min(source.find('\n', i), source.size());
    } else if (c == '\'' && i != 0 && std::isalnum(static_cast<unsigned char>(source[i - 1])) != 0) {
      side_by_side = false;  // of a number: 1'000
    } else if (c == '\'') {
      i += source[i + 1] == '\\' ? 2 : 1;
      i = std::min(source.find('\'', i), source.size());
      side_by_side = false;
    } else if (c == '"') {
      if (!side_by_side) literals.emplace_back();
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\') ++i;
        literals.back() += source[i];
      }
      side_by_side = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      side_by_side = false;
    }
  }
  return literals;
}

bool looks_like_sql(std::string_view text) {
  std::set<std::string_view> const verbs{
      "SELECT",   "WITH",      "VALUES",  "TABLE",      "INSERT",  "UPDATE", "DELETE",   "MERGE",   "CREATE",
      "DROP",     "ALTER",     "COPY",    "CALL",       "DO",      "BEGIN",  "START",    "COMMIT",  "END",
      "ROLLBACK", "SAVEPOINT", "RELEASE", "SET",        "RESET",   "SHOW",   "LISTEN",   "NOTIFY",  "FETCH",
      "MOVE",     "CLOSE",     "DECLARE", "DEALLOCATE", "DISCARD", "LOCK",   "UNLISTEN", "PREPARE", "EXECUTE"};
  if (text.find("...") != text.npos) return false;  // an error that speaks of a statement
  if (verbs.contains(text.substr(0, text.find(' ')))) return true;
  if (text.starts_with("::pg")) return true;
  auto const tokens = sql_tokens(text);
  return std::any_of(tokens.begin(), tokens.end(),
                     [](sql_token const& each) { return each.text == "select" || each.text == "pg_catalog"; });
}

TEST(own_sql, of_the_sources_is_not_looked_up_by_search_path) {
  std::set<std::string> found;
  for (std::string const folder : {"protocol", "types", "client"}) {
    for (auto const& entry : std::filesystem::recursive_directory_iterator(TUSK_SOURCE_DIR "/" + folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      std::ifstream file(entry.path());
      std::string const source(std::istreambuf_iterator<char>(file), {});
      ASSERT_EQ(source.find("R\"("), source.npos) << entry.path() << ": a raw string, which is not looked at here";
      for (std::string const& literal : string_literals(source)) {
        if (!looks_like_sql(literal)) continue;
        found.insert(literal.substr(0, 24));
        EXPECT_EQ(looked_up(literal), "") << entry.path() << ": " << literal;
      }
    }
  }
  for (std::string_view const known :
       {"WITH RECURSIVE base(oid,", "SELECT pg_catalog.pg_not", "SELECT pg_catalog.pg_is_", "SHOW transaction_read_on",
        "RESET ALL; SET SESSION A", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT ", "RELEASE SAVEPOINT ", "LISTEN"})
    EXPECT_TRUE(found.contains(std::string(known))) << known;
}

TEST(own_sql, that_is_looked_up_is_told) {
  for (std::string_view const bad : {"SELECT pg_notify($1, $2)",
                                     "SELECT public.pg_notify($1, $2)",
                                     "SELECT a FROM pg_type",
                                     "SELECT a FROM pg_catalog.pg_type JOIN pg_namespace n ON true",
                                     "SELECT 1::int4",
                                     "SELECT '1'::\"char\"",
                                     "SELECT date '2020-02-29'",
                                     "SELECT a >= 1 FROM pg_catalog.pg_type",
                                     "SELECT a OPERATOR(=) b",
                                     "SELECT a OPERATOR(planted.=) b",
                                     "SELECT -1",
                                     "SELECT 'a' || 'b'",
                                     "SELECT a IN (1)",
                                     "SELECT a BETWEEN 1 AND 2",
                                     "SELECT CASE a WHEN 1 THEN 2 END",
                                     "SELECT 1 OPERATOR(pg_catalog.=) ANY (a)",
                                     "SELECT 1 OPERATOR(pg_catalog.=) ALL (a)",
                                     "SELECT a LIKE 'b'",
                                     "SELECT a FROM pg_catalog.b JOIN pg_catalog.c USING (d)",
                                     "SELECT NULLIF(a, b)",
                                     "SELECT a IS DISTINCT FROM b",
                                     "SELECT CAST(a AS int4)",
                                     "SELECT coalesce(a, b)"})
    EXPECT_NE(looked_up(bad), "") << bad;
  for (std::string_view const good :
       {"SELECT pg_catalog.pg_notify($1, $2)", "RESET ALL", "UNLISTEN *", "SET client_encoding TO 'UTF8'",
        "SELECT * FROM pg_catalog.pg_type",
        "WITH RECURSIVE a(b) AS (SELECT 1 UNION ALL SELECT b FROM a), c AS (SELECT 2) SELECT c.b FROM c JOIN a ON true",
        "SELECT CASE WHEN a OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN 1 ELSE 2 END"})
    EXPECT_EQ(looked_up(good), "") << good;
}

}  // namespace
}  // namespace tusk::test
