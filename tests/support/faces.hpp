// The ways in which an operation is waited for, so that one test can go through all of them.
#pragma once

#include <ostream>
#include <string_view>
#include <tusk/tusk.hpp>

#include "support/server.hpp"
#include "support/stepping.hpp"

namespace tusk::test {

enum class face { blocking, callback, polled };
inline constexpr face all_faces[] = {face::blocking, face::callback, face::polled};

inline char const* name(face of) {
  switch (of) {
    case face::blocking: return "blocking";
    case face::callback: return "callback";
    case face::polled: return "polled";
  }
  return "";
}
inline void PrintTo(face of, std::ostream* out) { *out << name(of); }

/// An open connection whose operations are waited for like that. In autocommit mode.
inline connection open(face by, std::string_view connection_string) {
  connect_options options{.async = by == face::polled, .autocommit = true};
  if (by == face::callback) options.wait_callback = [](connection& conn) { finish(conn); };
  connection made = connect(connection_string, options);
  if (by == face::polled) finish(made);
  return made;
}

/// Runs a statement within a limit, to its end.
template <class... Args>
result query(face by, connection& conn, within const& limit, std::string_view sql, Args const&... args) {
  if (by != face::polled) return conn.query(limit, sql, args...);
  conn.start_query(limit, sql, args...);
  finish(conn);
  return conn.take_results().back();
}

/// Runs a statement without a limit, and gives its only value.
template <class T, class... Args>
T value(face by, connection& conn, std::string_view sql, Args const&... args) {
  if (by != face::polled) return conn.query(sql, args...)[0].template get<T>(0);
  conn.start_query(sql, args...);
  finish(conn);
  return conn.take_results().back()[0].template get<T>(0);
}

}  // namespace tusk::test
