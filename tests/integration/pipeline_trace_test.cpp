// tusk's pipelines against libpq's: for the same requests the server says the same, message by message. What each of
// them sees is what it traces itself: connection::trace, PQtrace.
//
// libpq describes the portal of every request, and tusk that of none whose statement it knows: the one message that
// answers this, behind BindComplete, is left out of both.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <ostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/libpq.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using strings = std::vector<std::string>;

// ---- scenarios -----------------------------------------------------------------------------------------------------

enum class kind {
  script,  ///< outside of a pipeline
  fresh,   ///< a request whose statement the server does not know
  known,   ///< one whose statement it knows, from the `fresh` before it of the same text
  sync,
  wait,   ///< until all that was ended has been answered
  leave,  ///< the pipeline without its sync
};

struct step {
  kind what;
  char const* sql = "";
  char const* argument = nullptr;  ///< an integer for $1
};

struct scenario {
  char const* name;
  std::vector<step> steps;
  bool autocommit = true;
};
void PrintTo(scenario const& each, std::ostream* out) { *out << each.name; }

constexpr char create[] = "CREATE TEMP TABLE item (id int PRIMARY KEY, name text)";
// A UNION, so that no OID of the table is told.
constexpr char all_columns[] = "SELECT * FROM item UNION SELECT * FROM item";
constexpr char insert[] = "INSERT INTO item VALUES ($1::int)", count_all[] = "SELECT count(*) FROM item";

std::vector<step> many_inserts() {
  std::vector<step> steps{{kind::script, create}, {kind::fresh, insert, "0"}};
  static std::vector<std::string> const numbers = [] {
    std::vector<std::string> made;
    for (int i = 1; i < 500; ++i) made.push_back(std::to_string(i));
    return made;
  }();
  for (auto const& each : numbers) steps.push_back({kind::known, insert, each.c_str()});
  steps.push_back({kind::fresh, count_all});
  steps.push_back({kind::sync});
  return steps;
}

std::vector<scenario> scenarios() {
  using enum kind;
  return {
      {"simple", {{fresh, "SELECT $1::int", "1"}, {sync}}},
      {"without_rows_and_empty_and_of_many_rows",
       {{fresh, create}, {fresh, ""}, {fresh, "SELECT g, 'x' FROM generate_series(1, 50) g"}, {sync}}},
      {"prepared",
       {{fresh, "SELECT $1::int + 1", "1"},
        {sync},
        {wait},
        {known, "SELECT $1::int + 1", "2"},
        {known, "SELECT $1::int + 1", "3"},
        {sync}}},
      {"one_statement_often_in_its_first_unit",
       {{fresh, "SELECT $1::int", "1"},
        {known, "SELECT $1::int", "2"},
        {fresh, "SELECT $1::int, 'other'", "1"},
        {known, "SELECT $1::int", "3"},
        {known, "SELECT $1::int, 'other'", "2"},
        {sync}}},
      {"several_in_a_row",
       {{fresh, "SELECT 1"}, {sync}, {fresh, "SELECT 2"}, {fresh, "SELECT 3"}, {sync}, {fresh, "SELECT 4"}, {sync}}},
      {"an_empty_one_between_two", {{fresh, "SELECT 1"}, {sync}, {wait}, {fresh, "SELECT 2"}, {sync}}},
      {"an_error_and_on_behind_its_sync",
       {{script, create},
        {fresh, insert, "1"},
        {fresh, "SELECT no_function($1::int)", "2"},
        {fresh, "INSERT INTO item VALUES ($1::int + 1)", "1"},
        {sync},
        {fresh, count_all},
        {sync},
        {wait},
        {known, insert, "3"},
        {known, count_all},
        {sync}}},
      {"an_error_while_it_runs",
       {{fresh, "SELECT 1 / (3 - g) FROM generate_series(1, 5) g"}, {fresh, "SELECT 1"}, {sync}}},
      {"an_error_when_it_is_bound",
       {{script, create},
        {fresh, all_columns},
        {sync},
        {wait},
        {script, "ALTER TABLE item ADD COLUMN more int"},
        {fresh, "SELECT 1"},
        {known, all_columns},
        {fresh, "SELECT 2"},
        {sync}}},
      {"an_error_in_the_middle",
       {{script, create},
        {fresh, insert, "1"},
        {known, insert, "2"},
        {known, insert, "1"},
        {known, insert, "3"},
        {fresh, count_all},
        {sync},
        {fresh, "SELECT 'next'"},
        {sync}}},
      {"five_hundred", many_inserts()},
      {"with_notices",
       {{fresh, "DO $$BEGIN RAISE NOTICE 'one'; END$$"},
        {fresh, "SELECT 1"},
        {fresh, "DO $$BEGIN RAISE WARNING 'two'; END$$"},
        {sync}}},
      {"a_setting_that_is_reported", {{fresh, "SET TimeZone = 'Asia/Kolkata'"}, {fresh, "SELECT 1"}, {sync}}},
      {"in_a_transaction",
       {{script, create},
        {script, "BEGIN"},
        {fresh, insert, "1"},
        {sync},
        {wait},
        {known, insert, "2"},
        {sync},
        {wait},
        {script, "ROLLBACK"},
        {fresh, count_all},
        {sync}}},
      {"an_error_in_a_transaction",
       {{script, "BEGIN"},
        {fresh, "SELECT 1/0"},
        {fresh, "SELECT 1"},
        {sync},
        {fresh, "SELECT 2"},
        {sync},
        {wait},
        {script, "ROLLBACK"}}},
      {"with_a_transaction_in_it",
       {{fresh, "BEGIN"},
        {fresh, "SELECT 1"},
        {fresh, "COMMIT"},
        {known, "BEGIN"},
        {sync},
        {fresh, "ROLLBACK"},
        {sync}}},
      {"left_without_sync", {{script, create}, {fresh, insert, "1"}, {known, insert, "2"}, {leave}}},
      {"outside_autocommit",
       {{fresh, "SELECT 1"}, {fresh, "SELECT 2"}, {sync}, {wait}, {known, "SELECT 1"}, {sync}},
       false},
      {"an_error_outside_autocommit", {{fresh, "SELECT 1/0"}, {fresh, "SELECT 2"}, {sync}}, false},
  };
}

// ---- the players ---------------------------------------------------------------------------------------------------

/// Traces of the server's messages, without the one behind each BindComplete that describes the portal, and without
/// the number of the session's schema of temporary tables.
strings of_server(strings const& lines) {
  static std::regex const schema("pg_temp_[0-9]+");
  strings kept;
  bool bound = false;
  for (auto const& each : lines) {
    if (!each.starts_with("B\t")) continue;
    auto const is = [&](char const* type) { return each.find(type) != each.npos; };
    bool const describes = is("\tRowDescription") || is("\tNoData");
    if (std::exchange(bound, is("\tBindComplete")) && describes) continue;
    kept.push_back(std::regex_replace(each, schema, "pg_temp"));
  }
  return kept;
}

strings play_tusk(scenario const& what) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = what.autocommit});
  strings lines;
  conn.trace([&](std::string_view line) { lines.emplace_back(line); });
  std::optional<tusk::pipeline> p = conn.pipeline();
  std::vector<pending<result>> asked;
  std::vector<pending<void>> ends;
  auto const wait = [&] {
    for (auto& each : ends) try {
        each.get();
      } catch (database_error const&) {}  // the trace has it
    ends.clear();
  };
  for (step const& each : what.steps) switch (each.what) {
      case kind::script: conn.exec(each.sql); break;
      case kind::fresh:
      case kind::known:
        asked.push_back(each.argument == nullptr ? p->query(each.sql) : p->query(each.sql, std::stoi(each.argument)));
        break;
      case kind::sync: ends.push_back(p->sync()); break;
      case kind::wait: wait(); break;
      case kind::leave: p.reset(); break;
    }
  wait();
  conn.trace({});
  return of_server(lines);
}

class libpq_player {
 public:
  libpq_player() {
    if (call<int>("PQstatus", conn_) != 0) throw std::runtime_error(call<char const*>("PQerrorMessage", conn_));
    using silent = void (*)(void*, char const*);
    call<silent>("PQsetNoticeProcessor", conn_, silent([](void*, char const*) {}), static_cast<void*>(nullptr));
    call<void>("PQtrace", conn_, file_.get());
    call<void>("PQsetTraceFlags", conn_, 1);  // without times
  }
  libpq_player(libpq_player const&) = delete;
  libpq_player& operator=(libpq_player const&) = delete;
  ~libpq_player() { call<void>("PQfinish", conn_); }

  strings play(scenario const& what) {
    bool in_transaction = what.autocommit;
    for (step const& each : what.steps) switch (each.what) {
        case kind::script:
          call<int>("PQexitPipelineMode", conn_);
          call<void>("PQclear", call<void*>("PQexec", conn_, each.sql));
          break;
        case kind::fresh:
        case kind::known:
          call<int>("PQenterPipelineMode", conn_);
          if (!std::exchange(in_transaction, true)) begin();
          ask(each);
          break;
        case kind::sync:
          if (call<int>("PQpipelineSync", conn_) != 1) fail();
          ++syncs_;
          break;
        case kind::wait: drain(); break;
        case kind::leave:
          call<int>("PQsendFlushRequest", conn_);
          call<int>("PQflush", conn_);
          for (int i = 0; i < asked_; ++i) take_one();
          break;
      }
    drain();
    call<void>("PQuntrace", conn_);
    return of_server(read());
  }

 private:
  template <class Result, class... Args>
  static Result call(char const* name, Args... args) {
    return libpq::newest().call<Result>(name, args...);
  }
  void fail() const { throw std::runtime_error(call<char const*>("PQerrorMessage", conn_)); }

  void begin() {
    using none = void const*;
    if (call<int>("PQsendQueryParams", conn_, "BEGIN", 0, none(), none(), none(), none(), 0) != 1) fail();
    ++asked_;
  }
  void ask(step const& what) {
    unsigned const type = 23;  // int4
    int const count = what.argument == nullptr ? 0 : 1;
    std::string const name = "s_" + std::string(what.sql);
    if (what.what == kind::fresh) {
      if (call<int>("PQsendPrepare", conn_, name.c_str(), what.sql, count, &type) != 1) fail();
      if (call<int>("PQsendDescribePrepared", conn_, name.c_str()) != 1) fail();
      asked_ += 2;
    }
    using none = int const*;
    if (call<int>("PQsendQueryPrepared", conn_, name.c_str(), count, &what.argument, none(), none(), 0) != 1) fail();
    ++asked_;
  }
  /// The results of one request.
  void take_one() {
    while (void* const each = call<void*>("PQgetResult", conn_)) call<void>("PQclear", each);
  }
  /// Takes results until all units have ended.
  void drain() {
    constexpr int pipeline_sync = 10;
    while (syncs_ != 0) {
      void* const each = call<void*>("PQgetResult", conn_);
      if (each == nullptr) continue;
      if (call<int>("PQresultStatus", each) == pipeline_sync) --syncs_;
      call<void>("PQclear", each);
      if (call<int>("PQstatus", conn_) != 0) fail();
    }
    asked_ = 0;
  }
  /// PQtrace's messages; the text of one may have line feeds.
  strings read() const {
    std::rewind(file_.get());
    strings lines;
    std::string line;
    auto const end = [&] {
      bool const is_new = line.starts_with("F\t") || line.starts_with("B\t") || lines.empty();
      is_new ? lines.push_back(line) : void(lines.back().append("\n").append(line));
      line.clear();
    };
    for (int c; (c = std::fgetc(file_.get())) != EOF;) c == '\n' ? end() : line.push_back(static_cast<char>(c));
    return lines;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), std::fclose};
  void* conn_ = call<void*>("PQconnectdb", dsn(way::unix_socket).c_str());
  int syncs_ = 0, asked_ = 0;
};

class pipeline_trace : public testing::TestWithParam<scenario> {};

TEST_P(pipeline_trace, is_libpqs) {
  strings const model = libpq_player().play(GetParam());
  strings ours = play_tusk(GetParam());
  if (GetParam().steps.back().what == kind::leave) {  // and an end at which nothing stands, that libpq has no call for
    ASSERT_EQ(ours.size(), model.size() + 2);
    EXPECT_CONTAINS("ReadyForQuery\t I", ours.back());
    ours.pop_back();
    EXPECT_CONTAINS("34000", ours.back());
    ours.pop_back();
  }
  EXPECT_GT(model.size(), 3U);
  EXPECT_EQ(ours, model);
}

INSTANTIATE_TEST_SUITE_P(each, pipeline_trace, testing::ValuesIn(scenarios()),
                         [](auto const& of) { return of.param.name; });

}  // namespace
}  // namespace tusk::test
