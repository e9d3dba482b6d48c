// The tracer against its model: libpq talks to the server through a forwarder, and what PQtrace writes must be what the
// tracer makes of the same bytes, message by message, in either direction, from the end of authentication on.
//
// The model is libpq 18, whose path TUSK_LIBPQ18 gives. Without it the machine's own libpq is taken, and the sessions
// that older ones write wrongly (CopyData; ReadyForQuery after a FunctionCall) are left out; the test's output says so.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/forwarder.hpp"
#include "support/libpq.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

using strings = std::vector<std::string>;

/// The functions of libpq that the sessions use, found by name when the test runs.
struct pq_functions {
  using conn = void*;
  using res = void*;
  template <class F>
  static F* find(char const* name) {
    return libpq::newest().find<F>(name);
  }

  conn (*connect)(char const*) = find<conn(char const*)>("PQconnectdb");
  int (*status)(conn) = find<int(conn)>("PQstatus");
  char const* (*error)(conn) = find<char const*(conn)>("PQerrorMessage");
  void (*finish)(conn) = find<void(conn)>("PQfinish");
  void (*trace)(conn, std::FILE*) = find<void(conn, std::FILE*)>("PQtrace");
  void (*set_flags)(conn, int) = find<void(conn, int)>("PQsetTraceFlags");
  void (*set_notices)(conn, void (*)(void*, char const*),
                      void*) = find<void(conn, void (*)(void*, char const*), void*)>("PQsetNoticeProcessor");
  res (*run)(conn, char const*) = find<res(conn, char const*)>("PQexec");
  void (*clear)(res) = find<void(res)>("PQclear");
  res (*result)(conn) = find<res(conn)>("PQgetResult");
  int (*send_query)(conn, char const*, int, unsigned const*, char const* const*, int const*, int const*, int) =
      find<int(conn, char const*, int, unsigned const*, char const* const*, int const*, int const*, int)>(
          "PQsendQueryParams");
  res (*prepare)(conn, char const*, char const*, int,
                 unsigned const*) = find<res(conn, char const*, char const*, int, unsigned const*)>("PQprepare");
  res (*describe)(conn, char const*) = find<res(conn, char const*)>("PQdescribePrepared");
  res (*describe_portal)(conn, char const*) = find<res(conn, char const*)>("PQdescribePortal");
  int (*put)(conn, char const*, int) = find<int(conn, char const*, int)>("PQputCopyData");
  int (*put_end)(conn, char const*) = find<int(conn, char const*)>("PQputCopyEnd");
  int (*get)(conn, char**, int) = find<int(conn, char**, int)>("PQgetCopyData");
  void (*free)(void*) = find<void(void*)>("PQfreemem");
  int (*pipeline)(conn) = find<int(conn)>("PQenterPipelineMode");
  int (*sync)(conn) = find<int(conn)>("PQpipelineSync");
  int (*flush_request)(conn) = find<int(conn)>("PQsendFlushRequest");
  res (*function)(conn, int, int*, int*, int, void const*,
                  int) = find<res(conn, int, int*, int*, int, void const*, int)>("PQfn");
};

pq_functions const& pq() {
  static pq_functions const functions;
  return functions;
}
bool is_model() { return libpq::newest().version() >= 180000; }

void exec(pq_functions::conn conn, char const* sql) { pq().clear(pq().run(conn, sql)); }
void drain(pq_functions::conn conn) {
  while (auto const result = pq().result(conn)) pq().clear(result);
}
void get_all(pq_functions::conn conn) {
  char* row = nullptr;
  while (pq().get(conn, &row, 0) > 0) pq().free(row);
  drain(conn);
}

// ---- sessions ------------------------------------------------------------------------------------------------------

struct session {
  char const* name;
  void (*play)(pq_functions::conn);
  bool needs_18 = false;
  char const* more = "";  // of the connection string
};
void PrintTo(session const& each, std::ostream* out) { *out << each.name; }

void play_simple(pq_functions::conn conn) {
  exec(conn, "SELECT 1 AS \"two words\nx\", NULL, 'd\xc3\xa9\t\"q'''; ; SELECT FROM generate_series(1, 2)");
  exec(conn, "");
  exec(conn, "SELECT repeat('x', 100000), '\\x00ff0a'::bytea, '', g FROM generate_series(1, 20) g");
  exec(conn, "BEGIN");
  exec(conn, "SELECT 1/0");
  exec(conn, "ROLLBACK");
}
void play_errors(pq_functions::conn conn) {
  exec(conn, "CREATE TEMP TABLE t (a int PRIMARY KEY, b int CHECK (b > 0), c varchar(2))");
  exec(conn, "INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (1, 1)");
  exec(conn, "INSERT INTO t VALUES (2, 0)");
  exec(conn, "INSERT INTO t VALUES (2, 1, 'abc')");
  exec(conn, "SELECT nothing");
  exec(conn, "SELECT\n1 FROM nowhere");
  exec(conn, "DO $$BEGIN EXECUTE 'SELECT nothing'; END$$");
  exec(conn,
       "DO $$BEGIN RAISE WARNING 'careful' USING HINT = E'slow\\nly', DETAIL = 'd', COLUMN = 'c', CONSTRAINT = 'k', "
       "DATATYPE = 'y', TABLE = 't', SCHEMA = 's'; RAISE NOTICE ''; END$$");
  exec(conn, "SELECT pg_terminate_backend(pg_backend_pid())");
}
void play_notifications(pq_functions::conn conn) {
  exec(conn, "LISTEN a; NOTIFY a, 'pay'; NOTIFY a");
  exec(conn, "SET application_name = 'another'; SET TimeZone = 'Asia/Kolkata'");
}
void play_extended(pq_functions::conn conn) {
  unsigned const types[] = {23, 0};
  pq().clear(pq().prepare(conn, "s1", "SELECT $1::int, $2::text", 2, types));
  pq().clear(pq().describe(conn, "s1"));
  pq().clear(pq().describe_portal(conn, "no_portal"));
  char const* const values[] = {"\0\0\0\x0c", nullptr, "text"};
  int const lengths[] = {4, 0, 4}, formats[] = {1, 0, 0};
  pq().send_query(conn, "SELECT $1::int4, $2::text, $3::text", 3, nullptr, values, lengths, formats, 1);
  drain(conn);
  pq().send_query(conn, "CREATE TEMP TABLE e (a int)", 0, nullptr, nullptr, nullptr, nullptr, 0);
  drain(conn);
  pq().send_query(conn, "", 0, nullptr, nullptr, nullptr, nullptr, 0);
  drain(conn);
  pq().send_query(conn, "SELECT $1::int", 1, nullptr, values, nullptr, nullptr, 0);
  drain(conn);
}
void play_pipeline(pq_functions::conn conn) {
  pq().pipeline(conn);
  for (char const* const sql : {"SELECT 1", "SELECT 1/0", "SELECT 2"})
    pq().send_query(conn, sql, 0, nullptr, nullptr, nullptr, nullptr, 0);
  pq().flush_request(conn);
  pq().sync(conn);
  pq().send_query(conn, "SELECT 3", 0, nullptr, nullptr, nullptr, nullptr, 0);
  pq().sync(conn);
  for (int ends = 0; ends < 6;) {
    auto const result = pq().result(conn);
    if (result == nullptr) ++ends;
    pq().clear(result);
  }
}
void play_function(pq_functions::conn conn) {
  struct {
    int length, is_integer, value;
  } const argument{4, 1, -5}, null{-1, 1, 0};
  int value = 0, length = 0;
  pq().clear(pq().function(conn, 1397, &value, &length, 1, &argument, 1));  // int4abs
  pq().clear(pq().function(conn, 1397, &value, &length, 1, &null, 1));
  pq().clear(pq().function(conn, 1, &value, &length, 1, &argument, 1));
}
void play_copy(pq_functions::conn conn) {
  exec(conn, "CREATE TEMP TABLE t (a int, b text)");
  exec(conn, "COPY t FROM STDIN");
  pq().put(conn, "1\tx\n2\t'\\\\N", 10);
  pq().put(conn, "\xc3\xa9\n", 3);
  pq().put_end(conn, nullptr);
  drain(conn);
  exec(conn, "COPY t FROM STDIN");
  pq().put(conn, "no number\n", 10);
  pq().put_end(conn, nullptr);
  drain(conn);
  exec(conn, "COPY t FROM STDIN");
  pq().put_end(conn, "no more");
  drain(conn);
  for (char const* const sql : {"COPY t TO STDOUT", "COPY t TO STDOUT (FORMAT binary)",
                                "COPY (SELECT repeat('y', 30000) FROM generate_series(1, 5)) TO STDOUT"}) {
    exec(conn, sql);
    get_all(conn);
  }
}
void play_replication(pq_functions::conn conn) {
  exec(conn, "IDENTIFY_SYSTEM");
  exec(conn, "START_REPLICATION PHYSICAL 0/1000000");
  char* piece = nullptr;
  if (pq().get(conn, &piece, 0) > 0) pq().free(piece);
  std::string status(34, '\0');  // received, written, flushed, the time, a reply is wanted
  status[0] = 'r';
  pq().put(conn, status.data(), static_cast<int>(status.size()));
  pq().put_end(conn, nullptr);
  get_all(conn);
}

std::vector<session> const sessions{{"simple", play_simple},
                                    {"errors", play_errors},
                                    {"notifications", play_notifications},
                                    {"extended", play_extended},
                                    {"pipeline", play_pipeline},
                                    {"function_call", play_function, true},
                                    {"copy", play_copy, true},
                                    {"replication", play_replication, true, "replication=true"}};

// ---- both traces ---------------------------------------------------------------------------------------------------

std::string dsn_by(forwarder const& between, std::string_view more) {
  return "host=127.0.0.1 port=" + between.port() + " user=tusk password=tusk dbname=tusk sslmode=disable " +
         std::string(more);
}
std::string socket_path() { return exported("TUSK_SOCKET_DIR") + "/.s.PGSQL." + exported("TUSK_PORT"); }

/// The messages of one direction. A line feed within a message may be followed by anything, so the text is kept whole.
std::string of(char direction, strings const& messages) {
  std::string result;
  for (auto const& each : messages)
    if (each.front() == direction) result.append(each) += '\n';
  return result;
}

/// PQtrace's text, cut where a new line begins as a message does.
strings messages(std::string const& text) {
  strings result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string const line = text.substr(at, end - at);
    if (line.starts_with("F\t") || line.starts_with("B\t") || result.empty())
      result.push_back(line);
    else
      result.back().append("\n").append(line);
    at = end + 1;
  }
  return result;
}

/// The tracer's lines from the end of the connecting on: there PQtrace begins.
strings after_start(strings const& all) {
  auto const ready =
      std::find_if(all.begin(), all.end(), [](auto const& each) { return each.starts_with("B\t5\tReadyForQuery"); });
  return ready == all.end() ? strings() : strings(ready + 1, all.end());
}

std::string read_all(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  return text;
}

/// Plays the session with libpq through the forwarder; PQtrace's messages.
strings play(session const& what, forwarder const& between) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::tmpfile(), std::fclose);
  pq_functions::conn const conn = pq().connect(dsn_by(between, what.more).c_str());
  if (pq().status(conn) != 0) throw std::runtime_error(pq().error(conn));
  pq().set_notices(
      conn, [](void*, char const*) {}, nullptr);
  pq().trace(conn, file.get());
  pq().set_flags(conn, 1);  // PQTRACE_SUPPRESS_TIMESTAMPS
  what.play(conn);
  pq().finish(conn);
  return messages(read_all(file.get()));
}

class traced : public testing::TestWithParam<session> {};

TEST_P(traced, as_libpq_does) {
  if (GetParam().needs_18 && !is_model()) {
    std::printf("left out: TUSK_LIBPQ18 is not set, and libpq %d writes these messages wrongly\n",
                libpq::newest().version());
    return;
  }
  forwarder between(socket_path());
  strings const model = play(GetParam(), between), ours = after_start(between.lines());
  EXPECT_GT(model.size(), 5U);
  EXPECT_EQ(of('B', ours), of('B', model));
  EXPECT_EQ(of('F', ours), of('F', model));
}

INSTANTIATE_TEST_SUITE_P(each, traced, testing::ValuesIn(sessions), [](auto const& of) { return of.param.name; });

// ---- tusk and libpq ------------------------------------------------------------------------------------------------

TEST(trace_test, the_server_says_the_same_to_tusk_and_to_libpq) {
  char const* const scripts[] = {"SELECT 1 AS one, NULL, 'a'; SELECT 2",
                                 "SELECT no_such_column",
                                 "",
                                 "DO $$BEGIN RAISE WARNING 'careful' USING HINT = 'slowly'; END$$",
                                 "BEGIN; SELECT 1/0",
                                 "ROLLBACK",
                                 "SET TimeZone = 'Asia/Kolkata'"};
  forwarder between_tusk(socket_path()), between_libpq(socket_path());
  {
    connection conn = connect(dsn_by(between_tusk, ""), {.autocommit = true});
    for (auto const* const each : scripts) {
      try {
        conn.exec(each);
      } catch (database_error const&) {  // as the server meant it
      }
    }
  }
  pq_functions::conn const conn = pq().connect(dsn_by(between_libpq, "").c_str());
  ASSERT_EQ(pq().status(conn), 0) << pq().error(conn);
  pq().set_notices(
      conn, [](void*, char const*) {}, nullptr);
  for (auto const* const each : scripts) exec(conn, each);
  pq().finish(conn);
  strings const ours = after_start(between_tusk.lines()), theirs = after_start(between_libpq.lines());
  EXPECT_GT(ours.size(), 20U);
  EXPECT_EQ(of('B', ours), of('B', theirs));
  EXPECT_EQ(of('F', ours), of('F', theirs));
}

TEST(trace_test, no_secret_of_a_login_is_shown) {
  for (std::string const role : {"auth_scram", "auth_md5", "auth_password"}) {
    SCOPED_TRACE(role);
    forwarder between(socket_path());
    {
      connection conn = connect(dsn_by(between, "user=" + role));
      EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
    }
    int masked = 0;
    for (auto const& line : between.lines()) {
      if (line.find("***") != line.npos) ++masked;
      EXPECT_EQ(line.find("r="), line.npos) << line;
      EXPECT_EQ(line.find("\"md5"), line.npos) << line;
      bool const told = line.find("Password") != line.npos && line.find("tusk") != line.npos;
      EXPECT_FALSE(told) << line;
    }
    EXPECT_GE(masked, 2);
  }
}

}  // namespace
}  // namespace tusk::test
