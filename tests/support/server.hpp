// The server that the integration tests run against, as `tools/pgserver run --tls -- COMMAND` exports it; those behind
// a pooler need `--pgbouncer transaction` too.
#pragma once

#include <chrono>
#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/connection.hpp>
#include <utility>

namespace tusk::test {

/// A variable of the environment. What throws here fails the test that asked: none is skipped in silence.
inline std::string exported(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr || *value == '\0')
    throw std::runtime_error(std::string(name) +
                             " is not set: this test needs a server; run it as `ctest -L integration`, "
                             "or this program as `tools/pgserver run --tls --pgbouncer transaction -- ...`");
  return value;
}

/// How the bytes travel.
enum class way { unix_socket, tcp, tls_require, tls_verify_full };
inline constexpr way all_ways[] = {way::unix_socket, way::tcp, way::tls_require, way::tls_verify_full};
inline constexpr way three_ways[] = {way::unix_socket, way::tcp, way::tls_verify_full};

constexpr bool is_tls(way by) { return by == way::tls_require || by == way::tls_verify_full; }

inline std::string name(way by) {
  switch (by) {
    case way::unix_socket: return "unix";
    case way::tcp: return "tcp";
    case way::tls_require: return "tls_require";
    case way::tls_verify_full: return "tls_verify_full";
  }
  return "";
}
inline void PrintTo(way by, std::ostream* out) { *out << name(by); }

inline std::string host(way by) {
  if (by == way::unix_socket) return exported("TUSK_SOCKET_DIR");
  return by == way::tls_verify_full ? "localhost" : "127.0.0.1";
}

/// A connection string. What stands in `more` overrides it: of equal keywords the last one counts.
inline std::string dsn(way by, std::string_view role = "tusk", std::string_view more = "") {
  std::string text = "host=" + host(by) + " port=" + exported("TUSK_PORT") + " user=" + std::string(role) +
                     " password=tusk dbname=tusk connect_timeout=60";
  switch (by) {
    case way::unix_socket:
    case way::tcp: text += " sslmode=disable"; break;
    case way::tls_require: text += " sslmode=require"; break;
    case way::tls_verify_full: text += " sslmode=verify-full sslrootcert=" + exported("TUSK_CA"); break;
  }
  return text + " " + std::string(more);
}

/// A connection whose statements commit by themselves.
inline connection open(way by = way::unix_socket, connect_options options = {}) {
  options.autocommit = true;
  return connect(dsn(by), options);
}

/// The first field of the only row.
template <class T, class... Args>
T value(connection& conn, std::string_view sql, Args const&... args) {
  return conn.query(sql, args...)[0].template get<T>(0);
}

/// Ends a session at the server, and returns when it is gone, so that its last words are on their way.
inline void terminate(std::int32_t pid) {
  connection other = open();
  other.query("SELECT pg_terminate_backend($1)", pid);
  while (value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid))
    other.query("SELECT pg_sleep(0.002)");
}

/// Returns when the session runs something, as another one sees it. What it runs may have to last some seconds: a busy
/// machine takes its time to look.
inline void wait_until_active(std::int32_t pid) {
  connection other = open();
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')", pid)) {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the session runs nothing, or no more");
    other.query("SELECT pg_sleep(0.001)");
  }
}

}  // namespace tusk::test
