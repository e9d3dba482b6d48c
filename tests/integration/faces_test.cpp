// One table of scenarios for all faces.
// What one of them gives, or throws, all of them do.

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/told_of.hpp"

namespace tusk::test {
namespace {

struct scenario {
  char const* name;
  std::function<results(player&)> run;
  std::string expected;
  /// By a wait callback, if that is something else: a destructor must not call it, and closes where it would wait.
  std::string by_callback = {};
};

results results_of(player& on, cursor& cur) {
  on.wait();
  return cur.results();
}

// Pipelines: of Asio they are the connection's below, and its wait().

/// What a unit's end says, which is waited for.
std::string said(player& on, pending<void>& end) {
  on.wait();
  return told_of(on, [&] {
    end.get();
    return results();
  });
}
/// What a request says when its unit has ended.
std::string said(player& on, pending<result>& request) {
  return told_of(on, [&] { return results({request.get()}); });
}

results pipeline_of_several(player& on) {
  on.exec("CREATE TEMP TABLE item (id int, name text)");
  constexpr char insert[] = "INSERT INTO item VALUES ($1, $2)";
  tusk::pipeline p = on.conn().pipeline();
  auto a = p.query(insert, 1, "it's"), b = p.query(insert, 2, std::optional<std::string>()),
       c = p.query("SELECT * FROM item WHERE id < $1 ORDER BY id", 3), d = p.query("SELECT count(*) FROM item");
  auto end = p.sync();
  EXPECT_EQ(said(on, end), "");
  return results({a.get(), b.get(), c.get(), d.get()});
}

/// Two units, of which the first one fails in the middle.
results pipeline_with_an_error(player& on) {
  constexpr char zero[] = "data_error: ERROR:  division by zero (22012)";
  on.exec("CREATE TEMP TABLE item (id int)");
  tusk::pipeline p = on.conn().pipeline();
  auto before = p.query("INSERT INTO item VALUES ($1)", 1), bad = p.query("SELECT 1/$1::int", 0),
       behind = p.query("INSERT INTO item VALUES ($1)", 2);
  auto end = p.sync();
  auto next = p.query("INSERT INTO item VALUES ($1)", 3);
  auto next_end = p.sync();
  EXPECT_EQ(said(on, next_end), "");
  EXPECT_EQ(said(on, end), zero);
  EXPECT_EQ(said(on, before), "INSERT 0 1; ");
  EXPECT_EQ(said(on, bad), zero);
  EXPECT_EQ(
      said(on, behind),
      "operational_error: request 2 of the pipeline was not run, because one before it failed: ERROR:  division by "
      "zero (22012)");
  EXPECT_EQ(said(on, next), "INSERT 0 1; ");
  return on.exec("SELECT * FROM item");
}

results pipeline_beside_others(player& on) {
  tusk::pipeline p = on.conn().pipeline();
  auto a = p.query("SELECT $1::int", 1);
  EXPECT_EQ(told_of(on, [&] { return on.exec("SELECT 'beside'"); }),
            "programming_error: a pipeline on this connection has requests that were not ended; call its sync() first "
            "executing");
  EXPECT_EQ(
      said(on, a),
      "programming_error: the pipeline has not ended the unit of this request yet; call its sync() first executing");
  auto b = p.query("SELECT $1::int", 2);
  auto end = p.sync();
  EXPECT_EQ(said(on, end), "");
  return results({a.get(), b.get()});
}

results pipeline_that_is_left(player& on) {
  on.exec("CREATE TEMP TABLE item (id int)");
  pending<result> kept;
  {
    tusk::pipeline p = on.conn().pipeline();
    kept = p.query("INSERT INTO item VALUES ($1)", 1);
  }
  if (!on.closed()) on.wait();
  EXPECT_THROW(kept.get(), operational_error);
  return on.exec("SELECT * FROM item");
}

results pipeline_whose_session_ends(player& on) {
  tusk::pipeline p = on.conn().pipeline();
  auto before = p.query("SELECT 1"), last = p.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"),
       behind = p.query("SELECT 2");
  auto end = p.sync();
  try {
    on.wait();
  } catch (error const&) {  // the connection's end
  }
  constexpr char why[] =
      "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed";
  for (auto* each : {&last, &behind}) EXPECT_EQ(said(on, *each), why);
  EXPECT_EQ(said(on, before), "SELECT 1 (1);  closed");
  end.get();
  return {};
}

// Streams: in every face, which has a way of its own to wait for the next rows.

constexpr char twenty_thousand[] = "SELECT g, 'row ' || g FROM generate_series(1, 20000) g";

results whole_stream(player& on) {
  int count = 0;
  on.stream(twenty_thousand, [&](row const& each) {
    EXPECT_EQ(each.get<int>(0), ++count);
    return true;
  });
  return results({on.query("SELECT $1::int", count)});
}

results stream_that_is_left(player& on) {
  int count = 0;
  on.stream("SELECT generate_series(1, 10000000)", [&](row const&) { return ++count < 5; });
  return results({on.query("SELECT $1::int", count)});
}

results stream_with_an_error(player& on) {
  int count = 0;
  auto const told = told_of(on, [&] {
    on.stream("SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g", [&](row const&) { return ++count != 0; });
    return results();
  });
  EXPECT_EQ(told, "data_error: ERROR:  division by zero (22012)");
  EXPECT_GT(count, 0);
  EXPECT_LT(count, 50'000);
  return {};
}

constexpr char closed_by_callback[] = "interface_error: connection already closed closed";

results stream_beside_others(player& on) {
  int count = 0;
  on.stream(twenty_thousand, [&](row const&) {
    if (++count == 1) {
      EXPECT_THROW(on.conn().start_exec("SELECT 'beside'"), programming_error);
    }
    return true;
  });
  return results({on.query("SELECT $1::int", count)});
}

// COPY, likewise.

void throw_data_error() { throw data_error("mine"); }
std::function<int()> numbers(int count, int end = -1) {
  return [count, end, next = 0]() mutable { return next == count ? end : next++; };
}

results copy_of_many_rows(player& on) {
  on.exec("CREATE TEMP TABLE many (id int, name text)");
  int count = 0;
  for (char const* how : {"", "(FORMAT csv)", "(FORMAT binary)"})
    EXPECT_EQ(on.copy_in(std::string("COPY many FROM STDIN ") + how, numbers(20'000)), 20'000U);
  on.copy_out("COPY many TO STDOUT", [&](std::string_view) { return ++count != 0; });
  EXPECT_EQ(count, 60'000);
  return on.exec("SELECT count(*), count(DISTINCT id), max(name) FROM many");
}

results copies_that_are_left(player& on) {
  on.exec("CREATE TEMP TABLE many (id int, name text)");
  on.copy_in("COPY many FROM STDIN", numbers(20'000, -2));
  int count = 0;
  if (!on.closed())
    on.copy_out("COPY (SELECT generate_series(1, 10000000)) TO STDOUT", [&](std::string_view) { return ++count < 5; });
  return on.exec("SELECT count(*) FROM many");
}

results copy_beside_others(player& on) {
  on.exec("CREATE TEMP TABLE many (id int, name text)");
  int count = 0;
  on.copy_in("COPY many FROM STDIN", [&] {
    if (count++ == 0) {
      EXPECT_THROW(on.conn().start_exec("SELECT 'beside'"), programming_error);
    }
    return count < 10 ? count : -1;
  });
  return on.exec("SELECT count(*) FROM many");
}

std::vector<scenario> const& scenarios() {
  static std::vector<scenario> const all{
      {"rows", [](player& on) { return on.exec("SELECT 1, NULL; VALUES ('a'), ('b'); SET geqo TO on"); },
       "SELECT 1 (1, NULL); SELECT 2 (a) (b); SET; "},
      {"bound_arguments", [](player& on) { return results({on.query("SELECT $1::int, $2::text", 41, "it's")}); },
       "SELECT 1 (41, it's); "},
      {"the_same_statement_again",
       [](player& on) {
         for (int i = 0; i < 3; ++i) on.query("SELECT $1::int", i);
         return results({on.query("SELECT $1::int", 3)});
       },
       "SELECT 1 (3); "},
      {"a_servers_error", [](player& on) { return on.exec("SELECT 1; SELECT 1/0; SELECT 2"); },
       "data_error: ERROR:  division by zero (22012)"},
      {"the_statement_after_an_error",
       [](player& on) {
         EXPECT_THROW(on.query("SELECT 1/$1::int", 0), data_error);
         return on.exec("SELECT 2");
       },
       "SELECT 1 (2); "},
      {"a_violated_constraint",
       [](player& on) {
         on.exec("CREATE TEMP TABLE once (n int UNIQUE)");
         on.query("INSERT INTO once VALUES ($1)", 1);
         return results({on.query("INSERT INTO once VALUES ($1)", 1)});
       },
       R"(integrity_error: ERROR:  duplicate key value violates unique constraint "once_n_key" (23505))"},
      {"an_empty_statement", [](player& on) { return on.exec(" "); },
       "programming_error: can't execute an empty query"},
      {"too_few_arguments", [](player& on) { return results({on.query("SELECT $1::int, $2::int", 1)}); },
       "programming_error: the statement has 2 parameter(s), but 1 argument(s) were given"},
      {"copy", [](player& on) { return on.exec("COPY pg_class TO STDOUT"); },
       "programming_error: COPY ... TO STDOUT cannot be run as a query: use copy_out(); its data was dropped"},
      {"ten_megabytes",
       [](player& on) { return results({on.query("SELECT length($1), $1", std::string(10'000'000, 'x'))}); },
       "SELECT 1 (10000000, xxxxxxxxxxxxxxxxxxxx); "},
      {"a_transaction",
       [](player& on) {
         on.exec("BEGIN; CREATE TEMP TABLE gone (n int)");
         EXPECT_EQ(on.conn().transaction_status(), transaction_status::in_transaction);
         on.exec("ROLLBACK");
         EXPECT_EQ(on.conn().transaction_status(), transaction_status::idle);
         return on.exec("SELECT * FROM gone");
       },
       R"(programming_error: ERROR:  relation "gone" does not exist (42P01))"},
      {"a_cursor",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.execute("SELECT %s, %s; SELECT 3", 1, "two");
         return results_of(on, cur);
       },
       "SELECT 1 (1, two); SELECT 1 (3); "},
      {"executemany",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.execute("CREATE TEMP TABLE many (n int)");
         on.wait();
         cur.executemany("INSERT INTO many VALUES (%s)", std::vector<int>(1000, 1));
         on.wait();
         EXPECT_EQ(cur.rowcount(), 1000);
         return on.exec("SELECT count(*) FROM many");
       },
       "SELECT 1 (1000); "},
      {"executemany_that_fails",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.executemany("SELECT 1/%s", std::vector<int>{1, 0, 1});
         return results_of(on, cur);
       },
       "data_error: ERROR:  division by zero (22012)"},
      {"a_notification_and_a_notice_on_the_way",
       [](player& on) {
         on.exec("LISTEN faces");
         auto got = on.exec("NOTIFY faces, 'hello'; DO $$ BEGIN RAISE NOTICE 'by the way'; END $$");
         auto const arrived = on.conn().notifies.pop();
         EXPECT_TRUE(arrived && arrived->payload == "hello");
         auto const notices = on.conn().take_notices();
         EXPECT_TRUE(notices.size() == 1 && notices[0].message == "by the way");
         return got;
       },
       "NOTIFY; DO; "},
      {"a_pipeline", pipeline_of_several, "INSERT 0 1; INSERT 0 1; SELECT 2 (1, it's) (2, NULL); SELECT 1 (2); "},
      {"a_pipeline_with_an_error_in_the_middle_and_a_unit_behind", pipeline_with_an_error, "SELECT 1 (3); "},
      {"an_open_unit_beside_others", pipeline_beside_others, "SELECT 1 (1); SELECT 1 (2); "},
      {"a_pipeline_that_is_left", pipeline_that_is_left, "SELECT 0; ", closed_by_callback},
      {"a_pipeline_whose_session_ends", pipeline_whose_session_ends,
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_stream", whole_stream, "SELECT 1 (20000); "},
      {"a_stream_that_is_left", stream_that_is_left, "SELECT 1 (5); ", closed_by_callback},
      {"a_stream_with_an_error_in_the_middle", stream_with_an_error, ""},
      {"a_stream_of_what_fails_at_once",
       [](player& on) {
         on.stream("SELECT nothing", [](row const&) { return true; });
         return results();
       },
       R"(programming_error: ERROR:  column "nothing" does not exist (42703))"},
      {"a_stream_beside_others", stream_beside_others, "SELECT 1 (20000); "},
      {"a_stream_whose_session_ends",
       [](player& on) {
         on.stream("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)", [](row const&) { return true; });
         return results();
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"copy_of_many_rows", copy_of_many_rows, "SELECT 1 (60000, 20000, some text that takes); "},
      {"copies_that_are_left", copies_that_are_left, "SELECT 1 (0); ", closed_by_callback},
      {"copy_beside_others", copy_beside_others, "SELECT 1 (9); "},
      {"a_copy_with_an_error_in_the_middle",
       [](player& on) {
         on.exec("CREATE TEMP TABLE many (id int CHECK (id < 30000), name text)");
         on.copy_in("COPY many FROM STDIN", numbers(1'000'000));
         return results();
       },
       R"(integrity_error: ERROR:  new row for relation "many" violates check constraint "many_id_check" (23514))"},
      {"a_copy_out_with_an_error_in_the_middle",
       [](player& on) {
         on.copy_out("COPY (SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g) TO STDOUT",
                     [](std::string_view) { return true; });
         return results();
       },
       "data_error: ERROR:  division by zero (22012)"},
      {"a_copy_into_what_is_not_there",
       [](player& on) {
         on.copy_in("COPY nothing FROM STDIN", numbers(10));
         return results();
       },
       R"(programming_error: ERROR:  relation "nothing" does not exist (42P01))"},
      {"a_source_that_throws",
       [](player& on) {
         on.exec("CREATE TEMP TABLE many (id int, name text)");
         on.copy_in("COPY many FROM STDIN", [] { return throw_data_error(), 0; });
         return results();
       },
       "data_error: mine", "data_error: mine closed"},
      {"a_copy_whose_session_ends",
       [](player& on) {
         on.exec("CREATE TEMP TABLE many (id int, name text)");
         int count = 0;
         on.copy_in("COPY many FROM STDIN", [&] {
           if (++count == 10) terminate(on.conn().info().backend_pid);
           return count;
         });
         return results();
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_session_that_is_ended",
       [](player& on) {
         terminate(on.conn().info().backend_pid);
         return on.exec("SELECT 1");
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_session_that_ends_itself_in_a_transaction",
       [](player& on) {
         on.exec("BEGIN");
         return on.exec("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)");
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_closed_connection",
       [](player& on) {
         on.conn().close();
         return on.exec("SELECT 1");
       },
       "interface_error: connection already closed closed"},
  };
  return all;
}

class faces : public testing::TestWithParam<std::tuple<face, std::size_t, way>> {};

TEST_P(faces, say_the_same) {
  auto const& [by, number, bytes] = GetParam();
  auto const on = open(by, dsn(bytes));
  scenario const& played = scenarios()[number];
  bool const is_other = by == face_named("callback") && !played.by_callback.empty();
  EXPECT_EQ(told_of(*on, [&] { return played.run(*on); }), is_other ? played.by_callback : played.expected);
  if (on->closed()) {
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 1"); }), "interface_error: connection already closed closed");
  } else {
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 'usable'"); }), "SELECT 1 (usable); ");
  }
}

INSTANTIATE_TEST_SUITE_P(table, faces,
                         testing::Combine(testing::ValuesIn(all_faces()),
                                          testing::Range<std::size_t>(0, scenarios().size()),
                                          testing::Values(way::unix_socket, way::tls_verify_full)),
                         [](auto const& of) {
                           return name(std::get<0>(of.param)) + "_" + scenarios()[std::get<1>(of.param)].name + "_" +
                                  name(std::get<2>(of.param));
                         });

}  // namespace
}  // namespace tusk::test
