// COPY that does not come to its end, on blocking connections: left, refused, failed, cancelled. The connection can be
// used afterwards, or is closed, and nothing of it stands.
#include <gtest/gtest.h>

#include <ranges>
#include <sstream>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/copied_items.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct of_text {};

}  // namespace
}  // namespace tusk::test

template <>
struct tusk::adapter<tusk::test::of_text> {
  static constexpr tusk::oid oid = tusk::oids::point;
  static void text(tusk::test::of_text const&, tusk::text_writer& out) { out << "(1,2)"; }
};

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

TEST(copy_errors, is_given_up_where_it_is_left) {
  connection conn = with_table();
  {
    auto in = conn.copy_in("COPY item FROM STDIN");
    in.row(1, "x");
    auto moved = std::move(in);
    moved.row(2, "y");
    EXPECT_THROW(in.row(3, "z"), programming_error);
    EXPECT_THROW(conn.query("SELECT 1"), programming_error);
    EXPECT_THROW(conn.copy_in("COPY item FROM STDIN"), programming_error);
  }
  EXPECT_EQ(rows_of(conn), std::vector<item>());
  auto in = conn.copy_in("COPY item FROM STDIN");
  in.row(1, "x");
  in.fail("not today");
  EXPECT_THROW(in.row(1, "x"), programming_error);
  EXPECT_EQ(rows_of(conn), std::vector<item>());
  for (std::string_view line : conn.copy_out("COPY (SELECT generate_series(1, 10000000)) TO STDOUT")) {
    EXPECT_EQ(line, "1");
    break;
  }
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy_errors, is_given_up_by_a_source_that_throws) {
  connection conn = with_table();
  struct mine {};
  auto const numbers = [](int from) {
    return std::views::iota(0, 200'000) | std::views::transform([from](int i) -> std::tuple<int, std::string> {
             if (i == from) throw mine();
             return {i, "text"};
           });
  };
  for (int const at : {0, 1, 150'000}) {
    EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", numbers(at)), mine) << at;
    EXPECT_EQ(rows_of(conn), std::vector<item>());
  }
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", [](std::span<char>) -> std::size_t { throw mine(); }), mine);
  EXPECT_THROW(
      conn.copy_out("COPY (SELECT generate_series(1, 10000000)) TO STDOUT", [](std::string_view) { throw mine(); }),
      mine);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy_errors, ends_with_an_error_of_the_server_that_names_the_line) {
  connection conn = with_table();
  auto const error =
      thrown<data_error>([&] { conn.copy_in("COPY item FROM STDIN", std::istringstream("1\ta\n2\tb\nthree\tc\n")); });
  EXPECT_EQ(error.where(), "COPY item, line 3, column id: \"three\"");
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", std::vector<std::tuple<int, int, int>>{{1, 2, 3}}), data_error);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN (FORMAT csv)", std::istringstream("1,\"lone\n")), data_error);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", std::istringstream(std::string("1\ta\0b\n", 6))), data_error);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN (FORMAT binary)", std::istringstream("no signature at all")),
               data_error);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", std::vector<item>{{1, std::string("a\0b", 3)}}), data_error);
  EXPECT_THROW(conn.copy_in("COPY nothing FROM STDIN"), programming_error);
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN WITH (NONSENSE)"), programming_error);

  // In the middle of much data it ends before that.
  int given = 0;
  auto const rows = std::views::iota(0, 10'000'000) | std::views::transform([&](int i) {
                      ++given;
                      return std::tuple(std::to_string(i) + (i == 5 ? "x" : ""), "some text");
                    });
  EXPECT_THROW(conn.copy_in("COPY item FROM STDIN", rows), data_error);
  EXPECT_LT(given, 1'000'000);
  EXPECT_EQ(rows_of(conn), std::vector<item>());

  int read = 0;
  EXPECT_THROW(
      {
        for (auto line : conn.copy_out("COPY (SELECT 1 / (5000 - g) FROM generate_series(1, 10000) g) TO STDOUT"))
          read += line.empty() ? 0 : 1;
      },
      data_error);
  EXPECT_GT(read, 0);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy_errors, refuses_what_is_none) {
  connection conn = with_table();
  auto const refused = [&](auto const& call) { return std::string(thrown<programming_error>(call).what()); };
  EXPECT_CONTAINS("needs a COPY", refused([&] { conn.copy_in("SELECT 1"); }));
  EXPECT_CONTAINS("needs a COPY", refused([&] { conn.copy_out("SELECT 1"); }));
  EXPECT_CONTAINS("copy_out runs it", refused([&] { conn.copy_in("COPY item TO STDOUT"); }));
  EXPECT_CONTAINS("copy_in runs it", refused([&] { conn.copy_out("COPY item FROM STDIN").next_chunk(); }));
  EXPECT_CONTAINS("exec() is for such", refused([&] { conn.copy_in("COPY item FROM '/dev/null'"); }));
  EXPECT_CONTAINS("exec() is for such", refused([&] { conn.copy_out("COPY item TO '/dev/null'").next_chunk(); }));
  EXPECT_CONTAINS("cannot insert multiple commands",
                  refused([&] { conn.copy_in("COPY item FROM STDIN; DROP TABLE item"); }));
  EXPECT_CONTAINS("cannot be read from it with certainty",
                  refused([&] { conn.copy_in("COPY item FROM STDIN (DELIMITER U&'\\003b')").row(1, "x"); }));
  EXPECT_CONTAINS("the server takes binary", refused([&] {
                    conn.copy_in("COPY item FROM STDIN (FORMAT binary)", {.format = copy_format::csv()}).row(1, "x");
                  }));
  EXPECT_CONTAINS(
      "the server gives text", refused([&] {
        for (auto [a, b] : conn.copy_out("COPY item TO STDOUT", {.format = copy_format::binary()}).rows<int, int>())
          FAIL() << a << b;
      }));
  EXPECT_CONTAINS("no binary form",
                  refused([&] { conn.copy_in("COPY item FROM STDIN (FORMAT binary)", std::vector<of_text>(1)); }));
  EXPECT_CONTAINS("HEADER MATCH", refused([&] {
                    conn.copy_in("COPY item FROM STDIN (FORMAT csv, HEADER MATCH)", std::vector<item>());
                  }));
  EXPECT_CONTAINS("ENCODING",
                  refused([&] { conn.copy_in("COPY item FROM STDIN (ENCODING 'latin1')", std::vector<item>()); }));
  EXPECT_CONTAINS("NULL ''", thrown<data_error>([&] {
                               conn.copy_in("COPY item FROM STDIN (NULL '')", std::vector<item>{{1, ""}});
                             }).what());
  auto with_format = copy_format::text();
  with_format.delimiter = ';';
  EXPECT_EQ(
      conn.copy_in("COPY item FROM STDIN (DELIMITER U&'\\003b')", std::vector<item>{{1, ";"}}, {.format = with_format}),
      1U);
  EXPECT_EQ(rows_of(conn), (std::vector<item>{{1, ";"}}));
  EXPECT_THROW(
      {
        for (auto [a] : conn.copy_out("COPY item TO STDOUT").rows<std::tuple<int>>()) FAIL() << a;
      },
      data_error);
  EXPECT_THROW(
      {
        for (int each : conn.copy_out("COPY (SELECT NULL) TO STDOUT").rows<int>()) FAIL() << each;
      },
      data_error);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);
}

TEST(copy_errors, obeys_its_limit_and_a_cancel) {
  connection conn = with_table();
  auto const begin = std::chrono::steady_clock::now();
  auto in = conn.copy_in(within(50ms), "COPY item FROM STDIN");
  EXPECT_THROW(
      {
        for (;;) in.row(1, "some text that takes its time");
      },
      query_canceled);
  EXPECT_EQ(rows_of(conn), std::vector<item>());
  {
    auto slow = conn.copy_in(within(50ms), "COPY item FROM STDIN");
    std::this_thread::sleep_for(60ms);
    EXPECT_THROW(slow.finish(), query_canceled);
  }
  EXPECT_EQ(rows_of(conn), std::vector<item>());
  EXPECT_THROW(
      {
        for (auto line : conn.copy_out(within(50ms), "COPY (SELECT generate_series(1, 100000000)) TO STDOUT"))
          (void)line;
      },
      query_canceled);
  EXPECT_THROW(conn.copy_in(within(-1s), "COPY item FROM STDIN"), query_canceled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
  EXPECT_EQ(value<int>(conn, "SELECT 5"), 5);

  auto cancelled = conn.copy_in("COPY item FROM STDIN");
  cancelled.row(1, "x");
  std::thread([&] { conn.cancel(); }).join();
  EXPECT_THROW(
      {
        for (;;) cancelled.row(1, "some text");
      },
      query_canceled);
  EXPECT_EQ(rows_of(conn), std::vector<item>());
}

TEST(copy_errors, ends_where_its_session_does) {
  connection conn = with_table();
  auto in = conn.copy_in("COPY item FROM STDIN");
  in.row(1, "x");
  terminate(conn.info().backend_pid);
  EXPECT_TRUE(thrown<operational_error>([&] {
                for (;;) in.row(1, "some text");
              }).is_fatal());
  EXPECT_TRUE(conn.closed());
  connection closed = with_table();
  auto other = closed.copy_in("COPY item FROM STDIN");
  closed.close();
  EXPECT_THROW(other.finish(), operational_error);
}

}  // namespace
}  // namespace tusk::test
