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
};

results results_of(player& on, cursor& cur) {
  on.wait();
  return cur.results();
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
       "programming_error: COPY ... TO STDOUT cannot be run as a query; its data was dropped"},
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
  EXPECT_EQ(told_of(*on, [&] { return played.run(*on); }), played.expected);
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
