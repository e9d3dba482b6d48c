// Pipelines: units that fail together, on blocking and on asynchronous connections.

#include <gtest/gtest.h>

#include <optional>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

struct pipeline_test : testing::TestWithParam<bool> {
  connection conn = made();
  static connection made() {
    connection fresh = connect(dsn(way::unix_socket), {.async = GetParam(), .autocommit = true});
    if (GetParam()) finish(fresh);
    return fresh;
  }
  /// Waits for what is under way.
  void settle() {
    if (GetParam()) finish(conn);
  }
  template <class T>
  T now(std::string_view sql) {
    auto given = conn.start_query(sql);
    settle();
    return given.get()[0].get<T>(0);
  }
  void run(std::string_view script) {
    auto given = conn.start_exec(script);
    settle();
    given.get();
  }
};

TEST_P(pipeline_test, gives_each_request_its_answer) {
  run("CREATE TEMP TABLE item (id int PRIMARY KEY, name text)");
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("INSERT INTO item VALUES ($1, $2)", 1, "it's");
  auto y = p.query("SELECT count(*)::int FROM item");
  auto z = p.query("SELECT name FROM item WHERE id = $1", 1);
  auto again = p.query("SELECT name FROM item WHERE id = $1", 2);
  auto end = p.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get().affected_rows(), 1U);
  EXPECT_EQ(y.get()[0].get<int>(0), 1);
  EXPECT_EQ(z.get()[0].get<std::string>(0), "it's");
  EXPECT_TRUE(again.get().empty());
}

TEST_P(pipeline_test, a_thousand_of_two_statements_in_turn) {
  for (int turn = 0; turn < 3; ++turn) {  // known in the second and third
    tusk::pipeline p = conn.pipeline();
    std::vector<pending<result>> all;
    for (int i = 0; i < 1000; ++i) {
      all.push_back(p.query("SELECT $1::int", i));
      all.push_back(p.query("SELECT $1::text, $2::int", std::to_string(i), i));
    }
    auto end = p.sync();
    settle();
    end.get();
    auto next = all.begin();
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ((next++)->get()[0].get<int>(0), i);
      auto const row = (next++)->get();
      EXPECT_EQ(row[0].get<std::string>(0), std::to_string(i));
      EXPECT_EQ(row[0].get<int>(1), i);
    }
  }
}

TEST_P(pipeline_test, an_error_stops_at_the_next_sync_and_says_which_failed) {
  run("CREATE TEMP TABLE item (id int PRIMARY KEY)");
  tusk::pipeline p = conn.pipeline();
  auto good = p.query("INSERT INTO item VALUES ($1)", 1);
  auto bad = p.query("INSERT INTO item VALUES ($1)", 1);
  auto skipped = p.query("INSERT INTO item VALUES ($1)", 2);
  auto end = p.sync();
  auto next = p.query("SELECT count(*)::int FROM item");
  auto next_end = p.sync();
  settle();
  EXPECT_EQ(good.get().affected_rows(), 1U);
  auto const why = thrown<integrity_error>([&] { bad.get(); });
  EXPECT_CONTAINS("request 1 of the pipeline", why.what());
  auto const not_run = thrown<operational_error>([&] { skipped.get(); });
  EXPECT_CONTAINS("request 2 of the pipeline was not run", not_run.what());
  EXPECT_CONTAINS("duplicate key", not_run.what());
  EXPECT_CONTAINS("request 1 of the pipeline", thrown<integrity_error>([&] { end.get(); }).what());
  EXPECT_EQ(next.get()[0].get<int>(0), 0) << "nothing of the unit stands";
  next_end.get();
}

TEST_P(pipeline_test, left_without_sync_nothing_stands) {
  run("CREATE TEMP TABLE item (id int)");
  std::optional<pending<result>> kept;
  try {
    tusk::pipeline p = conn.pipeline();
    kept = p.query("INSERT INTO item VALUES ($1)", 1);
    p.query("INSERT INTO item VALUES ($1)", 2);
    throw 1;
  } catch (int) {}
  settle();
  EXPECT_CONTAINS("left without sync()", thrown<operational_error>([&] { kept->get(); }).what());
  EXPECT_EQ(now<int>("SELECT count(*)::int FROM item"), 0);
  { tusk::pipeline empty = conn.pipeline(); }
  EXPECT_FALSE(conn.isexecuting());
}

TEST_P(pipeline_test, an_open_unit_keeps_everything_else_away) {
  statement prepared = [&] {
    auto given = conn.start_prepare("SELECT 1");
    settle();
    return given.get();
  }();
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.start_query("SELECT 1"); }).what());
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.start_exec("SELECT 1"); }).what());
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.start_ping(); }).what());
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.start_stream("SELECT 1"); }).what());
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { x.get(); }).what());
  EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.pipeline().query("SELECT 1"); }).what());
  if (!GetParam()) {
    EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.query("SELECT 1"); }).what());
    EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.commit(); }).what());
    EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { transaction tx{conn}; }).what());
    EXPECT_CONTAINS("sync()", thrown<programming_error>([&] { conn.cursor().execute("SELECT 1"); }).what());
  }
  auto by_statement = p.query(prepared);
  auto end = p.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get()[0].get<int>(0), 1);
  EXPECT_EQ(by_statement.get()[0].get<int>(0), 1);
  EXPECT_EQ(now<int>("SELECT 5"), 5);
}

TEST_P(pipeline_test, refuses_what_cannot_go_by_parse_and_bind_and_goes_on) {
  tusk::pipeline p = conn.pipeline();
  EXPECT_CONTAINS("COPY", thrown<programming_error>([&] { p.query("/* x */ COPY t FROM STDIN"); }).what());
  auto x = p.query("SELECT $1::int", 1);
  EXPECT_CONTAINS("COPY", thrown<programming_error>([&] { p.query("-- c\n ;COPY t TO STDOUT"); }).what());
  EXPECT_CONTAINS("no $2", thrown<programming_error>([&] { p.query("SELECT $1::int", 1, 2); }).what());
  EXPECT_THROW(p.query("SELECT \xff"), programming_error);
  auto y = p.query("SELECT $1::int", 2);
  auto end = p.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get()[0].get<int>(0), 1);
  EXPECT_EQ(y.get()[0].get<int>(0), 2);
}

TEST_P(pipeline_test, an_empty_one_sends_nothing) {
  tusk::pipeline p = conn.pipeline();
  auto end = p.sync();
  EXPECT_TRUE(end.ready());
  end.get();
  EXPECT_FALSE(conn.isexecuting());
}

TEST_P(pipeline_test, close_ends_all_of_it) {
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  conn.close();
  EXPECT_THROW(p.query("SELECT 2"), interface_error);
  auto end = p.sync();
  EXPECT_THROW(end.get(), operational_error);
  EXPECT_THROW(x.get(), operational_error);
}

TEST_P(pipeline_test, ten_thousand_with_an_error_in_the_middle) {
  run("CREATE TEMP TABLE item (id int PRIMARY KEY)");
  tusk::pipeline p = conn.pipeline();
  std::vector<pending<result>> all;
  for (int i = 0; i < 10'000; ++i) all.push_back(p.query("INSERT INTO item VALUES ($1)", i == 5'000 ? 0 : i));
  auto end = p.sync();
  settle();
  EXPECT_CONTAINS("request 5000 of", thrown<integrity_error>([&] { end.get(); }).what());
  for (std::size_t i = 0; i < 10'000; ++i) {
    if (i < 5'000)
      EXPECT_EQ(all[i].get().affected_rows(), 1U);
    else if (i == 5'000)
      EXPECT_THROW(all[i].get(), integrity_error);
    else
      EXPECT_THROW(all[i].get(), operational_error);
  }
  EXPECT_EQ(now<int>("SELECT count(*)::int FROM item"), 0);
}

// Not run again, as nothing of a unit is; but not kept either.
TEST_P(pipeline_test, a_statement_that_is_no_longer_right_is_forgotten) {
  run("CREATE TEMP TABLE item (id int)");
  {
    auto known = conn.start_query("SELECT * FROM item");
    settle();
    known.get();
  }
  run("ALTER TABLE item ADD COLUMN name text");
  for (int turn = 0; turn < 2; ++turn) {
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("SELECT * FROM item");
    auto end = p.sync();
    settle();
    if (turn == 0) {
      EXPECT_THROW(end.get(), not_supported_error);
      EXPECT_THROW(x.get(), not_supported_error);
    } else {
      end.get();
      result const got = x.get();
      EXPECT_EQ(got.columns().size(), 2U);
    }
  }
}

// Whose columns the server has told the session last is another statement's.
TEST_P(pipeline_test, a_known_statement_between_two_uses_of_a_new_one) {
  for (int turn = 0; turn < 2; ++turn) {
    tusk::pipeline p = conn.pipeline();
    if (turn == 0) p.query("SELECT 1, 2, 3");
    std::string const fresh = "SELECT $1::int, 'turn " + std::to_string(turn) + "'";
    auto x = p.query(fresh, 1), y = p.query("SELECT 1, 2, 3"), z = p.query(fresh, 2);
    auto end = p.sync();
    settle();
    end.get();
    EXPECT_EQ(x.get()[0].get<int>(0), 1);
    EXPECT_EQ(y.get()[0].size(), 3U);
    auto const last = z.get();
    ASSERT_EQ(last[0].size(), 2U);
    EXPECT_EQ(last[0].get<int>(0), 2);
    EXPECT_EQ(last[0].get<std::string>(1), "turn " + std::to_string(turn));
  }
}

INSTANTIATE_TEST_SUITE_P(each, pipeline_test, testing::Bool(),
                         [](auto const& of) { return of.param ? "poll" : "blocking"; });

TEST(pipelines, without_a_handle_report_at_sync_and_nowhere_else) {
  connection conn = open();
  tusk::pipeline p = conn.pipeline();
  p.query("SELECT 1");
  p.query("SELECT 1/0");
  EXPECT_CONTAINS("request 1 of", thrown<data_error>([&] { p.sync().get(); }).what());
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  p.query("SELECT 1/0");
  p.sync();
  int thrown = 0;
  for (int i = 0; i < 3; ++i) try {  // the first or the second, which knows its end
      EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
    } catch (data_error const& e) {
      EXPECT_CONTAINS("request 0 of", e.what());
      ++thrown;
    }
  EXPECT_EQ(thrown, 1);
}

TEST_P(pipeline_test, without_a_handle_the_rows_are_nobodys) {
  tusk::pipeline p = conn.pipeline();
  std::vector<pending<result>> held;
  for (int i = 0; i < 100; ++i) {
    p.query("SELECT generate_series(1, $1::int)", i);
    held.push_back(p.query("SELECT $1::int", i));
  }
  auto end = p.sync();
  settle();
  end.get();
  int expected = 0;
  for (auto& each : held) {
    result const rows = each.get();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].get<int>(0), expected++);
  }
}

TEST(pipelines, without_a_handle_that_deallocate_all_are_noticed) {
  connection conn = open();
  for (int turn = 0; turn < 2; ++turn) {  // in one transaction, where nothing heals
    EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
    tusk::pipeline p = conn.pipeline();
    p.query("DEALLOCATE ALL");
    p.sync().get();
  }
}

TEST(pipelines, without_a_handle_give_their_rows_to_did_execute) {
  struct watching : connection {
    using connection::connection;
    std::vector<int> told;

   protected:
    void did_execute(outcome const& ended) override {
      for (result const& each : ended.results()) told.push_back(each[0].get<int>(0));
    }
  };
  auto conn = connect<watching>(dsn(way::unix_socket), {.autocommit = true});
  tusk::pipeline p = conn.pipeline();
  for (int i = 0; i < 3; ++i) p.query("SELECT $1::int", i);
  p.sync().get();
  EXPECT_EQ(conn.told, (std::vector<int>{0, 1, 2}));
}

TEST(pipelines, outside_autocommit_begin_one_transaction_and_refuse_to_end_it) {
  connection conn = connect(dsn(way::unix_socket));
  conn.exec("CREATE TEMP TABLE item (id int)");
  conn.commit();
  tusk::pipeline p = conn.pipeline();
  p.query("INSERT INTO item VALUES (1)");
  EXPECT_CONTAINS("commit()", thrown<programming_error>([&] { p.query("/**/ COMMIT"); }).what());
  p.sync();
  p.query("INSERT INTO item VALUES (2)");
  p.sync();
  conn.rollback();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
  p.query("INSERT INTO item VALUES (3)");
  p.sync().get();
  conn.commit();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 1);
}

TEST(pipelines, a_million_statements_in_bounded_memory) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  tusk::pipeline p = conn.pipeline();
  for (int i = 0; i < 100'000; ++i) {
    p.query("INSERT INTO item VALUES ($1)", i);
    ASSERT_LE(conn.queued(), 64U << 10);
  }
  p.sync().get();
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 100'000);
}

TEST(pipelines, within_a_limit_are_cancelled_as_a_whole) {
  connection conn = open();
  tusk::pipeline p = conn.pipeline(within(200ms));
  auto fast = p.query("SELECT 1");
  auto slow = p.query("SELECT pg_sleep(60)");
  auto behind = p.query("SELECT 2");
  auto end = p.sync();
  EXPECT_THROW(end.get(), query_canceled);
  EXPECT_EQ(fast.get()[0].get<int>(0), 1);
  EXPECT_THROW(slow.get(), query_canceled);
  EXPECT_THROW(behind.get(), operational_error);
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
}

TEST(pipelines, whose_limit_is_over_before_sync_leave_nothing) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  tusk::pipeline p = conn.pipeline(within(30ms));
  auto x = p.query("INSERT INTO item VALUES (1)");
  std::this_thread::sleep_for(50ms);
  EXPECT_THROW(p.query("SELECT 1"), query_canceled);
  EXPECT_THROW(x.get(), query_canceled);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
}

}  // namespace
}  // namespace tusk::test
