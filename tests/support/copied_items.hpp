// The table that the tests of COPY fill.
#pragma once

#include <optional>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"

namespace tusk::test {

struct item {
  int id;
  std::optional<std::string> name;
  friend bool operator==(item const&, item const&) = default;
};

inline connection with_table(way by = way::unix_socket, connect_options options = {}) {
  connection conn = open(by, std::move(options));
  conn.exec("CREATE TEMPORARY TABLE item (id int, name text)");
  return conn;
}
inline std::vector<item> rows_of(connection& conn) {
  return conn.query("SELECT id, name FROM item ORDER BY id").as<item>();
}

}  // namespace tusk::test
