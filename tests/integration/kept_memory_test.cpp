// What stays with a connection after a large operation: nothing; it takes what it took before.

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/heap_bytes.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// Blocks that wait in a thread's cache count as used.
constexpr std::size_t noise = std::size_t{48} << 10;

std::string padded(std::string const& statement, std::size_t size) {
  return statement + " /*" + std::string(size, 'x') + "*/";
}
std::string repeated(std::string const& statement, std::size_t times) {
  std::string script;
  for (std::size_t i = 0; i < times; ++i) script += statement;
  return script;
}

class kept : public testing::TestWithParam<face> {
 protected:
  /// Ends what was started by a polled connection.
  void end() {
    if (GetParam() == face::polled) finish(conn_);
  }
  void exec(std::string const& script) {
    if (GetParam() != face::polled) return (void)conn_.exec(script);
    conn_.start_exec(script);
    finish(conn_);
    conn_.take_results();
  }
  template <class... Args>
  void query(std::string const& sql, Args const&... args) {
    if (GetParam() != face::polled) return (void)conn_.query(sql, args...);
    conn_.start_query(sql, args...);
    finish(conn_);
    conn_.take_results();
  }

  void expect_nothing_kept(std::function<void()> const& operation) {
    exec("SELECT 1");
    heap_watch const heap;
    operation();
    EXPECT_LT(heap.growth(), noise);
    exec("SELECT 1");
    EXPECT_LT(heap.growth(), noise);
  }

  connection conn_ = open(GetParam(), dsn(way::unix_socket));
};

TEST_P(kept, nothing_of_a_long_script) {
  expect_nothing_kept([&] { exec(padded("SELECT 1", 2 * mebibyte)); });
}

TEST_P(kept, nothing_of_a_script_of_many_statements) {
  expect_nothing_kept([&] { exec(repeated("SELECT;", 5'000)); });
}

TEST_P(kept, nothing_of_results_that_nobody_took) {
  expect_nothing_kept([&] {
    if (GetParam() != face::polled) return (void)conn_.exec(repeated("SELECT;", 5'000));
    conn_.start_exec(repeated("SELECT;", 5'000));
    finish(conn_);
    query("SELECT 2");
  });
}

TEST_P(kept, nothing_of_executemany) {
  expect_nothing_kept([&] {
    cursor cur = conn_.cursor();
    cur.executemany("SELECT WHERE %s = 0", std::vector<std::tuple<int>>(2'000, {1}));
    end();
  });
}

TEST_P(kept, nothing_in_a_cursor_that_goes_on) {
  cursor cur = conn_.cursor();
  auto const small = [&] {
    cur.execute("SELECT 1");
    end();
  };
  small();
  heap_watch const heap;
  cur.execute(padded("SELECT 1", mebibyte));
  end();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.execute(repeated("SELECT;", 5'000));
  end();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.executemany("SELECT WHERE %s = 0", std::vector<std::tuple<int>>(2'000, {1}));
  end();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.execute("SELECT %s", std::string(mebibyte, 'x'));
  end();
  small();
  EXPECT_LT(heap.growth(), noise);
}

TEST_P(kept, nothing_of_a_large_row_or_argument) {
  expect_nothing_kept([&] { query("SELECT repeat('x', $1::int)", 2'000'000); });
  expect_nothing_kept([&] { query("SELECT length($1)", std::string(2 * mebibyte, 'x')); });
  expect_nothing_kept([&] { query("SELECT repeat('x', 100) FROM generate_series(1, $1)", 20'000); });
}

TEST_P(kept, nothing_of_large_failures) {
  expect_nothing_kept([&] { EXPECT_THROW(exec(padded("SELECT 1/0", 2 * mebibyte)), data_error); });
  expect_nothing_kept([&] { EXPECT_THROW(exec(padded("SELECT nothing", 2 * mebibyte)), programming_error); });
  expect_nothing_kept(
      [&] { EXPECT_THROW(exec("DO $$ BEGIN RAISE '%', repeat('x', 2000000); END $$"), internal_error); });
  expect_nothing_kept([&] { EXPECT_THROW(exec("COPY (SELECT repeat('x', 2000000)) TO STDOUT"), programming_error); });
  expect_nothing_kept([&] {
    cursor cur = conn_.cursor();
    EXPECT_THROW(
        {
          cur.executemany("SELECT 1/%s", std::vector<std::tuple<int>>(2'000, {0}));
          end();
        },
        data_error);
  });
}

TEST_P(kept, nothing_of_large_notices_that_were_taken) {
  conn_.on_notice([](diagnostics const&) {});
  expect_nothing_kept([&] {
    exec("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE '%', repeat('x', 500000); END LOOP; END $$");
    conn_.take_notices();
  });
}

INSTANTIATE_TEST_SUITE_P(each, kept, testing::ValuesIn(all_faces), [](auto const& of) { return name(of.param); });

TEST(kept_memory, nothing_stays_with_a_connection_that_ended) {
  std::string const comment = "; --" + std::string(2 * mebibyte, 'x');
  struct {
    char const* name;
    std::function<void(connection&)> end;
  } const ends[] = {
      {"by the server",
       [&](connection& conn) {
         EXPECT_THROW(conn.exec("SELECT pg_terminate_backend(pg_backend_pid())" + comment), operational_error);
       }},
      {"by a limit",
       [&](connection& conn) {
         EXPECT_THROW(conn.exec("SELECT repeat('x', 1000) FROM generate_series(1, 9000)" + comment), operational_error);
       }},
      {"by close() in mid-operation",
       [&](connection& conn) {
         conn.start_exec("SELECT pg_sleep(60)" + comment);
         conn.poll();
         conn.close();
         EXPECT_THROW(conn.take_results(), operational_error);
       }},
  };
  for (auto const& each : ends) {
    SCOPED_TRACE(each.name);
    connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .limits = {.max_result = 4 * mebibyte}});
    heap_watch const heap;
    each.end(conn);
    EXPECT_TRUE(conn.closed());
    EXPECT_LT(heap.growth(), noise);
  }
}

}  // namespace
}  // namespace tusk::test
