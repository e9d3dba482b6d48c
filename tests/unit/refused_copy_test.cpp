// A COPY by Parse and Bind is refused before anything is sent: what stands behind it would cost the connection. So is a
// batch with a statement that cannot be sent: those before it would stand.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/echo_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace {
struct misnamed {};
}  // namespace
template <>
struct tusk::adapter<misnamed> {
  static constexpr std::string_view type_name{"shop.\0", 6};
  static void text(misnamed const&, text_writer& out) { out << 'x'; }
};

namespace tusk::test {
namespace {

/// Echoes, and counts the messages up to the client's goodbye.
class counting_server {
 public:
  std::string dsn() const { return server_.dsn(); }
  int messages() const noexcept { return messages_; }

 private:
  std::atomic<int> messages_ = 0;
  scripted_server server_{[this](peer& client) {
    client.receive_startup();
    client.send(welcome());
    echoing answers;
    for (std::string each = client.receive_message(); each.size() >= 5 && each[0] != 'X';
         each = client.receive_message()) {
      ++messages_;
      client.send(answers.answer(each));
    }
  }};
};

void expect_refused(std::function<void()> const& call) {
  auto const error = thrown<programming_error>(call);
  EXPECT_CONTAINS("COPY ... FROM STDIN", error.what());
  EXPECT_CONTAINS("COPY ... TO STDOUT", error.what());
  EXPECT_CONTAINS("exec()", error.what());
  EXPECT_FALSE(error.is_fatal());
  EXPECT_EQ(error.sqlstate(), sqlstate());
}

void run_many(connection& conn, std::string const& sql) {
  cursor cur = conn.cursor();
  cur.executemany(sql, std::vector<std::tuple<int>>{{1}, {2}});
}

char const* const copies[] = {"COPY t FROM STDIN", "copy t TO STDOUT", "-- all\n/* of /* it */ */;COPY t TO '/tmp/t'"};

TEST(refused_copy, is_not_sent_by_a_blocking_connection) {
  counting_server server;
  connection conn = connect(server.dsn(), {.autocommit = true});
  for (std::string const sql : copies) {
    expect_refused([&] { conn.query(sql); });
    expect_refused([&] { conn.query(within(std::chrono::seconds(9)), sql); });
    expect_refused([&] { conn.prepare(sql); });
    expect_refused([&] { run_many(conn, sql + "/* %s */"); });
  }
  expect_refused([&] { conn.query("COPY (SELECT $1::int) TO STDOUT", 1); });
  EXPECT_EQ(server.messages(), 0);
  conn.query("SELECT 1");
}

// Once a template is known to be none, what is merged from it is not looked at again.
TEST(refused_copy, is_not_sent_wherever_the_argument_stands) {
  counting_server server;
  connection conn = connect(server.dsn(), {.autocommit = true});
  cursor cur = conn.cursor();
  struct row {
    char const* sql;
    params last;
  };
  for (row const& each : {row{"/* %s */ COPY t TO STDOUT", params(2)},
                          {"-- %s\nCOPY t TO STDOUT", params(2)},
                          {"COPY%s", params("x")},
                          {"%s t TO STDOUT", params(as_is("COPY"))},
                          {"/**/;%s t TO STDOUT", params(as_is("COPY"))},
                          {"COP%s", params(as_is("Y t TO STDOUT"))}})
    expect_refused([&] { cur.executemany(each.sql, std::vector{params(1), each.last}); });
  EXPECT_EQ(server.messages(), 0);
  cur.executemany("SELECT %s", std::vector{params(1), params("COPY")});
}

TEST(refused_batch, is_one_with_a_statement_that_has_a_nul_byte) {
  counting_server server;
  connection conn = connect(server.dsn(), {.autocommit = true});
  cursor cur = conn.cursor();
  auto const refused = [&](std::string_view sql, std::vector<params> const& elements) {
    auto const error = thrown<programming_error>([&] { cur.executemany(sql, elements); });
    EXPECT_CONTAINS("it has a NUL byte", error.what());
  };
  refused({"SELECT %s\0", 10}, {params(1), params(2)});
  refused("SELECT %s", {params(1), params(misnamed())});
  EXPECT_EQ(server.messages(), 0);
}

TEST(refused_copy, is_not_sent_by_an_asynchronous_connection) {
  counting_server server;
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  for (std::string const sql : copies) {
    expect_refused([&] { conn.start_query(sql); });
    expect_refused([&] { run_many(conn, sql + "/* %s */"); });
    EXPECT_FALSE(conn.isexecuting());
  }
  EXPECT_EQ(server.messages(), 0);
  conn.start_query("SELECT 1");
  finish(conn);
}

// What is no COPY of its own is the server's to judge; and a script may be one.
TEST(refused_copy, is_none_of_these) {
  counting_server server;
  connection conn = connect(server.dsn(), {.autocommit = true});
  for (char const* const sql : {"EXPLAIN COPY t TO STDOUT", "\"COPY\" t", "copying", "/* COPY", "(COPY t TO STDOUT)"})
    conn.query(sql);
  conn.exec("COPY t TO '/tmp/t'");
  conn.cursor().execute("COPY t TO '/tmp/t'");
  EXPECT_GE(server.messages(), 7);
}

}  // namespace
}  // namespace tusk::test
