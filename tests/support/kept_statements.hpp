// The statements that a server keeps for a session.
#pragma once

#include <map>
#include <string>
#include <tusk/tusk.hpp>

namespace tusk::test {

/// By their text, with the name of each; asked without preparing one more.
inline std::multimap<std::string, std::string> kept_statements(connection& conn) {
  std::multimap<std::string, std::string> found;
  cursor asking = conn.cursor();
  asking.execute("SELECT statement, name FROM pg_catalog.pg_prepared_statements");
  for (auto const& row : asking) found.emplace(row.get<std::string>(0), row.get<std::string>(1));
  return found;
}

/// The name of the one of that text; empty if there is none.
inline std::string name_of(connection& conn, std::string const& sql) {
  auto const all = kept_statements(conn);
  EXPECT_LE(all.count(sql), 1U) << sql;
  auto const found = all.find(sql);
  return found == all.end() ? "" : found->second;
}

}  // namespace tusk::test
