// What holds for the statement of a query() holds for that of a pipeline and of a stream: how its columns are read, how
// many arguments it takes, and what is kept of it.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/kept_statements.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// What the only request of a unit gives.
template <class... Args>
result in_unit(connection& conn, std::string_view sql, Args const&... args) {
  tusk::pipeline p = conn.pipeline();
  auto given = p.query(sql, args...);
  auto end = p.sync();
  try {
    end.get();
  } catch (error const&) {  // which the request has, too
  }
  return given.get();
}
/// The only chunk of a stream.
template <class... Args>
result streamed(connection& conn, std::string_view sql, Args const&... args) {
  auto rows = conn.stream(sql, args...);
  auto chunk = rows.next_chunk();
  if (rows.next_chunk()) ADD_FAILURE() << "more than one chunk";
  return chunk ? *chunk : result();
}

TEST(pipeline_statements, are_read_by_the_typecasters_of_now) {
  connection conn = open();
  for (std::string const word : {"", "one", "other"}) {
    if (!word.empty())
      register_type(new_type<std::string>({oids::int4}, "WORD",
                                          [word](auto, cast_context const&) { return std::optional(word); }),
                    conn);
    for (result const& each : {in_unit(conn, "SELECT 1 AS n"), streamed(conn, "SELECT 2 AS n")})
      EXPECT_EQ(word.empty() ? "" : each[0].at("n").get<std::string>(), word);
  }
}

TEST(pipeline_statements, are_not_kept_with_a_name_that_could_not_be_read) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE named (\"é\" text); INSERT INTO named VALUES ('é')");
  for (auto const run : {&in_unit<>, &streamed<>}) {
    std::string const sql = run == &in_unit<> ? "SELECT * FROM named" : "SELECT * FROM named AS streamed";
    for (char const* const encoding : {"LATIN1", "UTF8", "LATIN1", "UTF8"}) {
      conn.exec(std::string("SET client_encoding TO '") + encoding + "'");
      bool const is_readable = std::string_view(encoding) == "UTF8";
      result const got = run(conn, sql);
      if (is_readable) {
        EXPECT_EQ(got[0].get<std::string>("é"), "é");
      } else {
        EXPECT_CONTAINS("client_encoding", thrown<data_error>([&] { (void)got[0].get<std::string>(0); }).what());
      }
    }
  }
}

TEST(pipeline_statements, with_another_count_of_arguments_say_so) {
  connection conn = open();
  constexpr char sql[] = "SELECT $1::int + $2::int";
  auto const text = "the statement has 2 parameter(s), but 1 argument(s) were given";
  for (int turn = 0; turn < 3; ++turn) {  // from the second one on it is known
    EXPECT_CONTAINS(text, thrown<programming_error>([&] { in_unit(conn, sql, 1); }).what());
    EXPECT_CONTAINS(text, thrown<programming_error>([&] { streamed(conn, "SELECT $2::int - $1::int", 1); }).what());
  }
  conn.exec("CREATE TEMP TABLE item (a int, b int)");
  for (int turn = 0; turn < 2; ++turn)
    EXPECT_CONTAINS(text, thrown<programming_error>([&] {
                            conn.executemany("INSERT INTO item VALUES ($1, $2)", std::vector{1});
                          }).what());
  statement prepared = conn.prepare("SELECT $1::int * $2::int");
  tusk::pipeline p = conn.pipeline();
  EXPECT_CONTAINS(text, thrown<programming_error>([&] { p.query(prepared, 1); }).what());
  auto right = p.query(prepared, 2, 3);
  EXPECT_CONTAINS(text, thrown<programming_error>([&] { p.query(prepared, 1); }).what());
  p.sync().get();
  EXPECT_EQ(right.get()[0].get<int>(0), 6);
  EXPECT_CONTAINS(text, thrown<programming_error>([&] { prepared.stream(1); }).what());
}

// The server counts them in 16 bits.
TEST(pipeline_statements, of_too_many_parameters_are_not_kept) {
  connection conn = open();
  std::string sql = "SELECT cardinality(ARRAY[$1::int";
  for (int i = 2; i <= 65'536; ++i) sql += ",$" + std::to_string(i);
  sql += "])";
  EXPECT_THROW(in_unit(conn, sql), programming_error);
  EXPECT_THROW(streamed(conn, sql + " AS streamed"), programming_error);
  conn.query("SELECT 1");  // closes what is not kept
  for (auto const& each : kept_statements(conn)) EXPECT_LT(each.first.size(), 1000U);
}

TEST(pipeline_statements, that_give_no_rows_are_kept_as_others_are) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int)");
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(in_unit(conn, "INSERT INTO item VALUES ($1)", turn).affected_rows(), 1U);
    EXPECT_TRUE(in_unit(conn, "SELECT FROM item WHERE id = $1", -1).empty());
  }
  EXPECT_EQ(kept_statements(conn).count("INSERT INTO item VALUES ($1)"), 1U);
  EXPECT_EQ(kept_statements(conn).count("SELECT FROM item WHERE id = $1"), 1U);
}

TEST(pipeline_statements, that_are_none_say_so) {
  connection conn = open();
  tusk::pipeline p = conn.pipeline();
  auto before = p.query("SELECT 1"), empty = p.query(" "), behind = p.query("SELECT 2");
  auto end = p.sync();
  EXPECT_CONTAINS("empty query", thrown<programming_error>([&] { empty.get(); }).what());
  EXPECT_CONTAINS("empty query", thrown<programming_error>([&] { end.get(); }).what());
  EXPECT_EQ(before.get()[0].get<int>(0), 1);
  EXPECT_EQ(behind.get()[0].get<int>(0), 2) << "which is no error for the server";
}

// All of the requests have given a result by then.
TEST(pipeline_statements, that_fail_when_their_unit_commits_say_so_at_its_end) {
  connection conn = open();
  conn.exec("CREATE TEMP TABLE item (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  tusk::pipeline p = conn.pipeline();
  auto a = p.query("INSERT INTO item VALUES (1)"), b = p.query("INSERT INTO item VALUES (1)");
  auto end = p.sync();
  EXPECT_CONTAINS("duplicate key", thrown<integrity_error>([&] { end.get(); }).what());
  EXPECT_EQ(a.get().affected_rows(), 1U);
  EXPECT_EQ(b.get().affected_rows(), 1U);
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
  auto const of_many = thrown<integrity_error>([&] {
    conn.executemany("INSERT INTO item VALUES ($1)", std::vector{2, 2});
  });
  EXPECT_LACKS("element", of_many.what());
  EXPECT_EQ(value<int>(conn, "SELECT count(*)::int FROM item"), 0);
}

// One of the same text with other types is another statement.
TEST(pipeline_statements, of_one_text_with_other_types_of_arguments_are_each_their_own) {
  connection conn = open();
  constexpr char sql[] = "SELECT pg_typeof($1)::text";
  for (int turn = 0; turn < 2; ++turn) {
    tusk::pipeline p = conn.pipeline();
    auto a = p.query(sql, 1), b = p.query(sql, true), c = p.query(sql, 2), d = p.query(sql, false);
    p.sync().get();
    EXPECT_EQ(a.get()[0].get<std::string>(0), "integer");
    EXPECT_EQ(b.get()[0].get<std::string>(0), "boolean");
    EXPECT_EQ(c.get()[0].get<std::string>(0), "integer");
    EXPECT_EQ(d.get()[0].get<std::string>(0), "boolean");
  }
  EXPECT_EQ(kept_statements(conn).count(sql), 2U);
}

TEST(pipeline_statements, prepared_by_hand_go_when_the_server_has_forgotten_them) {
  connection conn = open();
  statement prepared = conn.prepare("SELECT $1::int");
  conn.exec("DEALLOCATE ALL");
  tusk::pipeline p = conn.pipeline();
  auto a = p.query(prepared, 1), b = p.query(prepared, 2);
  p.sync().get();
  EXPECT_EQ(a.get()[0].get<int>(0), 1);
  EXPECT_EQ(b.get()[0].get<int>(0), 2);
  conn.exec("BEGIN; DEALLOCATE ALL");  // inside a transaction nothing heals
  auto rows = prepared.stream(3);
  EXPECT_EQ((*rows.begin()).get<int>(0), 3);
}

// No unit heals.
TEST(pipeline_statements, mended_that_the_server_forgets_while_they_wait_to_be_sent) {
  connection conn = connect(dsn(way::unix_socket), {.async = true});
  finish(conn);
  auto making = conn.start_prepare("SELECT $1::int");
  auto known = conn.start_query("SELECT $1::text", "known");
  finish(conn);
  known.get();
  statement prepared = making.get();
  auto forgets = conn.start_exec("DEALLOCATE ALL");
  tusk::pipeline p = conn.pipeline();
  auto a = p.query(prepared, 1), b = p.query(prepared, 2), c = p.query("SELECT $1::text", "it's");
  auto end = p.sync();
  finish(conn);
  end.get();
  EXPECT_EQ(a.get()[0].get<int>(0), 1);
  EXPECT_EQ(b.get()[0].get<int>(0), 2);
  EXPECT_EQ(c.get()[0].get<std::string>(0), "it's");
}

// Inside a guard, or outside of autocommit, each way in which one can be known.
TEST(pipeline_statements, that_would_end_a_transaction_are_refused_whatever_is_known_of_them) {
  connection conn = connect(dsn(way::unix_socket));
  conn.query("ROLLBACK");  // known from now on
  statement prepared = conn.prepare("/**/ COMMIT");
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  for (auto const& refused : std::vector<std::function<void()>>{
           [&] { p.query("ROLLBACK"); }, [&] { p.query("COMMIT AND CHAIN"); }, [&] { p.query(prepared); }})
    EXPECT_CONTAINS("commit() or rollback() behind sync()", thrown<programming_error>(refused).what());
  p.sync().get();
  EXPECT_EQ(x.get()[0].get<int>(0), 1);
  EXPECT_EQ(conn.transaction_status(), transaction_status::in_transaction);
}

}  // namespace
}  // namespace tusk::test
