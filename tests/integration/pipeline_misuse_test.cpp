// Pipelines, pendings and streams used in ways that they are not meant for: each is an error of a known class, whose
// text says what to do, and the connection is usable afterwards, or closed. On blocking and on asynchronous
// connections.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

struct misuse : testing::TestWithParam<bool> {
  static connection made() {
    connection fresh = connect(dsn(way::unix_socket), {.async = GetParam(), .autocommit = true});
    if (GetParam()) finish(fresh);
    return fresh;
  }
  connection conn = made();

  /// Waits for what is under way.
  static void settle(connection& on) {
    if (GetParam()) finish(on);
  }
  void settle() { settle(conn); }
  static void expect_usable(connection& on) {
    auto answer = on.start_query("SELECT 5");
    settle(on);
    EXPECT_EQ(answer.get()[0].get<int>(0), 5);
  }
  void expect_usable() { expect_usable(conn); }
  /// Steps until that has become true.
  template <class Condition>
  void step_until(Condition const& condition) {
    while (!condition()) {
      poll_status const wanted = conn.poll();
      if (!condition() && !conn.closed()) wait_once(conn, wanted);
    }
  }
};

// ---- pendings ----

TEST_P(misuse, of_a_pending_that_is_asked_twice_or_was_moved_from_or_never_had_anything) {
  auto given = conn.start_query("SELECT 1");
  auto moved = std::move(given);
  settle();
  moved.get();
  pending<result> nothing;
  for (pending<result>* each : {&given, &moved, &nothing}) {
    EXPECT_CONTAINS("get() was called before, or it was moved from",
                    thrown<programming_error>([&] { each->get(); }).what());
    EXPECT_THROW((void)each->ready(), programming_error);
    EXPECT_THROW(each->cancel(), programming_error);
  }
  expect_usable();
}

TEST_P(misuse, of_a_pending_that_is_asked_after_close) {
  auto ended = conn.start_query("SELECT 1");
  settle();
  if (!GetParam()) conn.query("SELECT 2");
  auto lost = conn.start_query("SELECT pg_sleep(60)");
  auto behind = conn.start_exec("SELECT 1");
  conn.close();
  EXPECT_EQ(ended.get()[0].get<int>(0), 1);
  EXPECT_TRUE(lost.ready());
  lost.cancel();  // nothing to do
  for (int turn = 0; turn < 2; ++turn)
    EXPECT_CONTAINS("closed in mid-operation", turn == 0 ? thrown<operational_error>([&] { lost.get(); }).what()
                                                         : thrown<operational_error>([&] { behind.get(); }).what());
  EXPECT_CONTAINS("get() was called before", thrown<programming_error>([&] { lost.get(); }).what());
  EXPECT_THROW(conn.start_query("SELECT 1"), interface_error);
}

TEST_P(misuse, of_a_pending_after_the_connection_has_moved_and_gone) {
  auto before = conn.start_query("SELECT 1");
  auto lost = conn.start_query("SELECT pg_sleep(60)");
  {
    connection elsewhere = std::move(conn);
    while (!before.ready()) {
      poll_status const wanted = elsewhere.poll();
      if (!before.ready()) wait_once(elsewhere, wanted);
    }
    EXPECT_EQ(before.get()[0].get<int>(0), 1);
    EXPECT_FALSE(lost.ready());
  }
  EXPECT_THROW(lost.get(), operational_error);
  EXPECT_THROW(conn.start_query("SELECT 1"), interface_error);  // NOLINT(bugprone-use-after-move)
}

TEST_P(misuse, in_a_handler) {
  // An open unit, with a handler that runs between its requests.
  tusk::pipeline p = conn.pipeline();
  std::optional<pending<result>> x;
  std::vector<std::string> said;
  conn.on_notice([&](diagnostics const&) {
    for (auto const& each : std::vector<std::function<void()>>{
             [&] { conn.start_query("SELECT 1"); }, [&] { p.query("SELECT 1"); }, [&] { p.sync(); },
             [&] { conn.pipeline().query("SELECT 1"); }, [&] { conn.start_stream("SELECT 1"); }, [&] { x->cancel(); },
             [&] { conn.cancel(); }})
      try {
        each();
        said.emplace_back("nothing");
      } catch (programming_error const& e) {
        said.emplace_back(e.what());
      }
  });
  x = p.query("DO $$BEGIN RAISE NOTICE 'now'; END$$");
  p.query("SELECT $1", std::string(100'000, 'x'));  // the server has something to read
  while (said.empty()) {
    poll_status const wanted = conn.poll();
    if (said.empty()) wait_once(conn, wanted);
  }
  conn.on_notice({});
  auto end = p.sync();
  settle();
  end.get();
  x->get();
  EXPECT_EQ(said.size(), 7U);
  for (auto const& each : said) EXPECT_CONTAINS("a handler may not operate", each);
  expect_usable();
}

// ---- pipelines ----

TEST_P(misuse, of_a_pipeline_that_an_exception_leaves) {
  {
    auto made = conn.start_exec("CREATE TEMP TABLE item (id int)");
    settle();
    made.get();
  }
  std::vector<pending<result>> kept;
  try {
    tusk::pipeline p = conn.pipeline();
    for (int i = 0; i < 3'000; ++i) kept.push_back(p.query("INSERT INTO item VALUES ($1)", i));
    p.query("INSERT INTO item VALUES ($1, $2)", 1, "two");
    throw std::runtime_error("on the way");
  } catch (std::runtime_error const&) {}
  settle();
  for (auto& each : kept) EXPECT_CONTAINS("left without sync()", thrown<operational_error>([&] { each.get(); }).what());
  auto count = conn.start_query("SELECT count(*)::int FROM item");
  settle();
  EXPECT_EQ(count.get()[0].get<int>(0), 0);
}

TEST_P(misuse, of_a_pipeline_that_was_moved_from_or_has_lost_its_connection) {
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  tusk::pipeline moved = std::move(p);
  EXPECT_CONTAINS("use that one", thrown<interface_error>([&] { p.query("SELECT 1"); }).what());  // NOLINT
  EXPECT_CONTAINS("use that one", thrown<interface_error>([&] { p.sync(); }).what());
  auto end = moved.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get()[0].get<int>(0), 1);
  auto y = moved.query("SELECT 2");
  { connection gone = std::move(conn); }
  EXPECT_THROW(moved.query("SELECT 3"), interface_error);
  EXPECT_THROW(y.get(), operational_error);
  auto const lost = thrown<operational_error>([&] { moved.sync().get(); });
  EXPECT_CONTAINS("closed", lost.what());
  moved.sync().get();  // empty
  conn = made();
  expect_usable();
}

TEST_P(misuse, of_a_pipeline_that_another_is_assigned_to) {
  tusk::pipeline p = conn.pipeline();
  auto left = p.query("SELECT 1");
  p = conn.pipeline();
  settle();
  EXPECT_CONTAINS("left without sync()", thrown<operational_error>([&] { left.get(); }).what());
  auto x = p.query("SELECT 2");
  auto end = p.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get()[0].get<int>(0), 2);
}

TEST_P(misuse, of_a_statement_of_another_connection) {
  connection other = made();
  auto started = other.start_prepare("SELECT 1");
  settle(other);
  statement prepared = started.get();
  tusk::pipeline p = conn.pipeline();
  EXPECT_THROW(p.query(prepared), programming_error);
  auto x = p.query("SELECT 2");
  EXPECT_THROW(p.query(prepared), programming_error);
  auto end = p.sync();
  settle();
  end.get();
  EXPECT_EQ(x.get()[0].get<int>(0), 2);
}

// Its name was closed in front of the request, which the server did not know then.
TEST_P(misuse, mended_of_a_statement_that_goes_before_its_request_is_sent) {
  auto started = conn.start_prepare("SELECT $1::int");
  settle();
  std::optional<statement> prepared = started.get();
  auto begun = conn.start_exec("BEGIN; SELECT pg_sleep(0.1)");  // nothing is sent behind it, and nothing heals
  auto alone = prepared->start_query(1);
  tusk::pipeline p = conn.pipeline();
  auto x = p.query(*prepared, 2);
  auto end = p.sync();
  prepared.reset();
  settle();
  end.get();
  EXPECT_EQ(alone.get()[0].get<int>(0), 1);
  EXPECT_EQ(x.get()[0].get<int>(0), 2);
  auto kept = [&] {
    auto given =
        conn.start_query("SELECT count(*)::int FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'");
    settle();
    return given.get()[0].get<int>(0);
  };
  EXPECT_EQ(kept(), 0) << "it is closed behind its last use";
}

TEST_P(misuse, of_a_pipeline_that_a_handler_destroys_closes_the_connection) {
  std::optional<tusk::pipeline> p = conn.pipeline();
  conn.on_notice([&](diagnostics const&) { p.reset(); });
  auto x = p->query("DO $$BEGIN RAISE NOTICE 'now'; END$$");
  p->query("SELECT $1", std::string(100'000, 'x'));
  while (p && !conn.closed()) {
    poll_status const wanted = conn.poll();
    if (p) wait_once(conn, wanted);
  }
  EXPECT_TRUE(conn.closed());
  EXPECT_TRUE(thrown<operational_error>([&] { x.get(); }).is_fatal());
}

INSTANTIATE_TEST_SUITE_P(each, misuse, testing::Bool(), [](auto const& of) { return of.param ? "poll" : "blocking"; });

TEST(pipeline_misuse, of_more_than_may_wait_is_refused_and_the_unit_goes_on) {
  connect_options options{.async = true};
  options.limits.queued = 200'000;
  connection conn = connect(dsn(way::unix_socket), options);
  finish(conn);
  tusk::pipeline p = conn.pipeline();
  std::string const large(150'000, 'x');
  std::vector<pending<result>> asked;
  auto const fill = [&] {
    for (int i = 0; i < 10; ++i) asked.push_back(p.query("SELECT length($1)", large));
  };
  EXPECT_CONTAINS("limits.queued", thrown<programming_error>(fill).what());
  EXPECT_LT(asked.size(), 6U);
  while (conn.queued() > 100'000) {
    poll_status const wanted = conn.poll();
    if (conn.queued() > 100'000) wait_once(conn, wanted);
  }
  asked.push_back(p.query("SELECT length($1)", large));
  auto end = p.sync();
  finish(conn);
  end.get();
  for (auto& each : asked) EXPECT_EQ(each.get()[0].get<int>(0), 150'000);
}

// ---- what everything that begins says ----

struct beginning {
  char const* name;
  void (*begin)(connection&, statement&);
  bool blocks = false;
};
void PrintTo(beginning const& each, std::ostream* out) { *out << each.name; }

constexpr beginning beginnings[] = {
    {"start_query", [](connection& conn, statement&) { conn.start_query("SELECT 1"); }},
    {"start_query_with_a_limit", [](connection& conn, statement&) { conn.start_query(within(20s), "SELECT 1"); }},
    {"start_exec", [](connection& conn, statement&) { conn.start_exec("SELECT 1"); }},
    {"start_prepare", [](connection& conn, statement&) { conn.start_prepare("SELECT 1"); }},
    {"start_executemany",
     [](connection& conn, statement&) { conn.start_executemany("SELECT $1::int", std::vector{1}); }},
    {"start_stream", [](connection& conn, statement&) { conn.start_stream("SELECT 1"); }},
    {"start_ping", [](connection& conn, statement&) { conn.start_ping(); }},
    {"start_load_types", [](connection& conn, statement&) { conn.start_load_types(); }},
    {"start_reset", [](connection& conn, statement&) { conn.start_reset(); }},
    {"start_listen", [](connection& conn, statement&) { conn.start_listen("here"); }},
    {"start_unlisten", [](connection& conn, statement&) { conn.start_unlisten("here"); }},
    {"start_notify", [](connection& conn, statement&) { conn.start_notify("here"); }},
    {"a_statement_started", [](connection&, statement& known) { known.start_query(1); }},
    {"another_pipeline", [](connection& conn, statement&) { conn.pipeline().query("SELECT 1"); }},
    {"a_cursor", [](connection& conn, statement&) { conn.cursor().execute("SELECT 1"); }, true},
    {"forget_statements", [](connection& conn, statement&) { conn.forget_statements(); }},
    {"query", [](connection& conn, statement&) { conn.query("SELECT 1"); }, true},
    {"query_with_a_limit", [](connection& conn, statement&) { conn.query(within(20s), "SELECT 1"); }, true},
    {"exec", [](connection& conn, statement&) { conn.exec("SELECT 1"); }, true},
    {"prepare", [](connection& conn, statement&) { conn.prepare("SELECT 1"); }, true},
    {"a_statement", [](connection&, statement& known) { known.query(1); }, true},
    {"a_statement_streamed", [](connection&, statement& known) { known.stream(1); }, true},
    {"executemany", [](connection& conn, statement&) { conn.executemany("SELECT $1::int", std::vector{1}); }, true},
    {"executemany_of_none",
     [](connection& conn, statement&) { conn.executemany("SELECT $1::int", std::vector<int>()); }, true},
    {"executemany_of_a_cursor",
     [](connection& conn, statement&) { conn.cursor().executemany("SELECT %s", std::vector<std::tuple<int>>{{1}}); },
     true},
    {"stream", [](connection& conn, statement&) { conn.stream("SELECT 1"); }, true},
    {"commit", [](connection& conn, statement&) { conn.commit(); }, true},
    {"rollback", [](connection& conn, statement&) { conn.rollback(); }, true},
    {"a_guard", [](connection& conn, statement&) { transaction tx{conn}; }, true},
    {"set_autocommit", [](connection& conn, statement&) { conn.set_autocommit(false); }, true},
    {"set_session", [](connection& conn, statement&) { conn.set_session({}); }, true},
    {"ping", [](connection& conn, statement&) { conn.ping(); }, true},
    {"reset", [](connection& conn, statement&) { conn.reset(); }, true},
    {"load_types", [](connection& conn, statement&) { conn.load_types(); }, true},
    {"listen", [](connection& conn, statement&) { conn.listen("here"); }, true},
    {"notify", [](connection& conn, statement&) { conn.notify("here"); }, true},
    {"next_notify", [](connection& conn, statement&) { conn.next_notify(within(1s)); }, true},
};

class beside : public testing::TestWithParam<beginning> {
 protected:
  /// On both kinds of connections, where it is a call for both.
  template <class Test>
  void on_each(Test const& test) {
    for (bool const async : {false, true}) {
      if (async && GetParam().blocks) continue;
      SCOPED_TRACE(async ? "asynchronous" : "blocking");
      connection conn = connect(dsn(way::unix_socket), {.async = async, .autocommit = true});
      if (async) finish(conn);
      auto prepared = conn.start_prepare("SELECT $1::int");
      if (async) finish(conn);
      statement known = prepared.get();
      test(conn, known);
      auto answer = conn.start_query("SELECT 5");
      if (async) finish(conn);
      EXPECT_EQ(answer.get()[0].get<int>(0), 5);
    }
  }
};

TEST_P(beside, an_open_unit_is_a_programming_error_that_names_sync) {
  on_each([](connection& conn, statement& known) {
    tusk::pipeline p = conn.pipeline();
    auto x = p.query("SELECT 1");
    auto const why = thrown<programming_error>([&] { GetParam().begin(conn, known); });
    EXPECT_CONTAINS("call its sync() first", why.what());
    auto y = p.query("SELECT 2");  // it goes on
    auto end = p.sync();
    if (conn.isexecuting()) finish(conn);
    end.get();
    EXPECT_EQ(x.get()[0].get<int>(0), 1);
    EXPECT_EQ(y.get()[0].get<int>(0), 2);
  });
}

TEST_P(beside, an_open_stream_is_a_programming_error_that_says_what_to_do) {
  on_each([](connection& conn, statement& known) {
    auto rows = conn.start_stream("SELECT g FROM generate_series(1, 30000) g");
    int count = 0;
    for (bool begun = false; !rows.ended();) {
      finish(conn);
      auto const chunk = rows.take_chunk();
      count += chunk ? static_cast<int>(chunk->size()) : 0;
      if (rows.ended() || std::exchange(begun, true)) continue;
      auto const why = thrown<programming_error>([&] { GetParam().begin(conn, known); });
      EXPECT_CONTAINS("end it, or destroy it", why.what());
    }
    EXPECT_EQ(count, 30'000);
  });
}

INSTANTIATE_TEST_SUITE_P(each, beside, testing::ValuesIn(beginnings), [](auto const& of) { return of.param.name; });

}  // namespace
}  // namespace tusk::test
