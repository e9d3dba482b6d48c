// tusk's COPY against libpq's: for the same data the server says the same, message by message. What each of them sees
// is what it traces itself: connection::trace, PQtrace. libpq describes the portal, whose NoData is left out.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <ostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/libpq.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

using strings = std::vector<std::string>;

struct copied {
  char const* name;
  char const* sql;
  strings data = {};            ///< each part is a CopyData
  char const* fails = nullptr;  ///< what it is given up with
};
void PrintTo(copied const& each, std::ostream* out) { *out << each.name; }

constexpr char create[] = "CREATE TEMP TABLE item (id int PRIMARY KEY, name text)";
constexpr char in[] = "COPY item FROM STDIN";

std::vector<copied> scenarios() {
  return {
      {"rows_in", in, {"1\tone\n2\ttwo\n", "3\t\\N\n"}},
      {"csv_in", "COPY item FROM STDIN (FORMAT csv)", {"1,\"a\"\"b\"\n", "2,\n"}},
      {"binary_in",
       "COPY item FROM STDIN (FORMAT binary)",
       {std::string("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377", 21)}},
      {"nothing_in", in},
      {"a_bad_row_in", in, {"1\tone\n", "x\ttwo\n"}},
      {"the_same_key_twice_in", in, {"1\tone\n1\ttwo\n"}},
      {"given_up_in", in, {}, "not today"},
      {"into_no_table", "COPY nothing FROM STDIN"},
      {"rows_out", "COPY (SELECT g, 'row ' || g FROM generate_series(1, 50) g) TO STDOUT"},
      {"csv_out", "COPY (SELECT 1, 'a\"b' UNION ALL VALUES (2, NULL)) TO STDOUT (FORMAT csv, HEADER)"},
      {"binary_out", "COPY (SELECT 1, 'x') TO STDOUT (FORMAT binary)"},
      {"nothing_out", "COPY item TO STDOUT"},
      {"an_error_amid_rows_out", "COPY (SELECT 1 / (3 - g) FROM generate_series(1, 5) g) TO STDOUT"},
      {"out_of_no_table", "COPY nothing TO STDOUT"},
  };
}

strings of_server(strings const& lines) {
  static std::regex const schema("^B\t[0-9]+(.*)pg_temp_[0-9]+");  // with the length, which depends on it
  strings kept;
  for (auto const& each : lines)
    if (each.starts_with("B\t") && each.find("\tNoData") == each.npos)
      kept.push_back(std::regex_replace(each, schema, "B$1pg_temp"));
  return kept;
}

strings play_tusk(copied const& what) {
  connection conn = open();
  conn.exec(create);
  strings lines;
  conn.trace([&](std::string_view line) { lines.emplace_back(line); });
  try {
    if (std::string_view(what.sql).find("TO STDOUT") == std::string_view::npos) {
      auto copy = conn.copy_in(what.sql);
      for (auto const& each : what.data) copy.write(each);
      what.fails == nullptr ? void(copy.finish()) : copy.fail(what.fails);
    } else {
      conn.copy_out(what.sql, [](std::string_view) {});
    }
  } catch (database_error const&) {}  // the trace has it
  conn.trace({});
  return of_server(lines);
}

template <class Result, class... Args>
Result call(char const* name, Args... args) {
  return libpq::newest().call<Result>(name, args...);
}

strings play_libpq(copied const& what) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::tmpfile(), std::fclose);
  std::unique_ptr<void, void (*)(void*)> const conn(call<void*>("PQconnectdb", dsn(way::unix_socket).c_str()),
                                                    [](void* of) { call<void>("PQfinish", of); });
  if (call<int>("PQstatus", conn.get()) != 0) throw std::runtime_error(call<char const*>("PQerrorMessage", conn.get()));
  call<void>("PQclear", call<void*>("PQexec", conn.get(), create));
  call<void>("PQtrace", conn.get(), file.get());
  call<void>("PQsetTraceFlags", conn.get(), 1);  // without times
  using none = void const*;
  constexpr int copy_out = 3, copy_in = 4;
  void* const begun = call<void*>("PQexecParams", conn.get(), what.sql, 0, none(), none(), none(), none(), 0);
  int const status = call<int>("PQresultStatus", begun);
  call<void>("PQclear", begun);
  if (status == copy_in) {
    for (auto const& each : what.data)
      call<int>("PQputCopyData", conn.get(), each.data(), static_cast<int>(each.size()));
    call<int>("PQputCopyEnd", conn.get(), what.fails);
  } else if (status == copy_out) {
    char* row = nullptr;
    while (call<int>("PQgetCopyData", conn.get(), &row, 0) > 0) call<void>("PQfreemem", static_cast<void*>(row));
  }
  while (void* const each = call<void*>("PQgetResult", conn.get())) call<void>("PQclear", each);
  call<void>("PQuntrace", conn.get());
  std::rewind(file.get());
  strings lines(1);
  for (int c; (c = std::fgetc(file.get())) != EOF;)
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back().push_back(static_cast<char>(c));
  return of_server(lines);
}

class copy_trace : public testing::TestWithParam<copied> {};

TEST_P(copy_trace, is_libpqs) {
  strings const model = play_libpq(GetParam());
  EXPECT_GT(model.size(), 1U);
  EXPECT_EQ(play_tusk(GetParam()), model);
}

INSTANTIATE_TEST_SUITE_P(each, copy_trace, testing::ValuesIn(scenarios()),
                         [](auto const& of) { return of.param.name; });

}  // namespace
}  // namespace tusk::test
