// A channel of this process alone: others may run tests on the same database.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/types/sql.hpp>

namespace tusk::test {

inline std::string const channel = "test_" + std::to_string(::getpid());

/// Statements, to be put together.
inline std::string const listen = "LISTEN " + channel + "; ";
inline std::string notify_sql(std::string_view payload) {
  return "NOTIFY " + channel + ", " + sql::literal(payload).as_string() + "; ";
}

/// The payloads that wait, with a space behind each.
inline std::string take_payloads(connection& conn) {
  std::string all;
  while (auto const next = conn.notifies.pop()) all += next->payload + ' ';
  return all;
}

}  // namespace tusk::test
