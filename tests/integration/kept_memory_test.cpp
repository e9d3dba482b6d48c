// What stays with a connection after a large operation: nothing; it takes what it took before.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/faces.hpp"
#include "support/heap_bytes.hpp"
#include "support/server.hpp"
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
  void expect_nothing_kept(std::function<void()> const& operation) {
    on_->exec("SELECT 1");
    heap_watch const heap;
    operation();
    EXPECT_LT(heap.growth(), noise);
    on_->exec("SELECT 1");
    EXPECT_LT(heap.growth(), noise);
  }

  std::unique_ptr<player> const on_ = open(GetParam(), dsn(way::unix_socket));
};

TEST_P(kept, nothing_of_a_long_script) {
  expect_nothing_kept([&] { on_->exec(padded("SELECT 1", 2 * mebibyte)); });
}

TEST_P(kept, nothing_of_a_script_of_many_statements) {
  expect_nothing_kept([&] { on_->exec(repeated("SELECT;", 5'000)); });
}

TEST_P(kept, nothing_of_results_that_nobody_took) {
  expect_nothing_kept([&] {
    if (GetParam().name != std::string_view("polled")) return (void)on_->exec(repeated("SELECT;", 5'000));
    on_->conn().start_exec(repeated("SELECT;", 5'000));
    on_->wait();
    on_->query("SELECT 2");
  });
}

TEST_P(kept, nothing_of_executemany) {
  expect_nothing_kept([&] {
    cursor cur = on_->conn().cursor();
    cur.executemany("SELECT WHERE %s = 0", std::vector<std::tuple<int>>(2'000, {1}));
    on_->wait();
  });
}

TEST_P(kept, nothing_in_a_cursor_that_goes_on) {
  cursor cur = on_->conn().cursor();
  auto const small = [&] {
    cur.execute("SELECT 1");
    on_->wait();
  };
  small();
  heap_watch const heap;
  cur.execute(padded("SELECT 1", mebibyte));
  on_->wait();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.execute(repeated("SELECT;", 5'000));
  on_->wait();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.executemany("SELECT WHERE %s = 0", std::vector<std::tuple<int>>(2'000, {1}));
  on_->wait();
  small();
  EXPECT_LT(heap.growth(), noise);
  cur.execute("SELECT %s", std::string(mebibyte, 'x'));
  on_->wait();
  small();
  EXPECT_LT(heap.growth(), noise);
}

TEST_P(kept, nothing_of_a_large_row_or_argument) {
  expect_nothing_kept([&] { on_->query("SELECT repeat('x', $1::int)", 2'000'000); });
  expect_nothing_kept([&] { on_->query("SELECT length($1)", std::string(2 * mebibyte, 'x')); });
  expect_nothing_kept([&] { on_->query("SELECT repeat('x', 100) FROM generate_series(1, $1)", 20'000); });
}

TEST_P(kept, nothing_of_large_failures) {
  expect_nothing_kept([&] { EXPECT_THROW(on_->exec(padded("SELECT 1/0", 2 * mebibyte)), data_error); });
  expect_nothing_kept([&] { EXPECT_THROW(on_->exec(padded("SELECT nothing", 2 * mebibyte)), programming_error); });
  expect_nothing_kept(
      [&] { EXPECT_THROW(on_->exec("DO $$ BEGIN RAISE '%', repeat('x', 2000000); END $$"), internal_error); });
  expect_nothing_kept(
      [&] { EXPECT_THROW(on_->exec("COPY (SELECT repeat('x', 2000000)) TO STDOUT"), programming_error); });
  expect_nothing_kept([&] {
    cursor cur = on_->conn().cursor();
    EXPECT_THROW(
        {
          cur.executemany("SELECT 1/%s", std::vector<std::tuple<int>>(2'000, {0}));
          on_->wait();
        },
        data_error);
  });
}

TEST_P(kept, nothing_of_large_notices_that_were_taken) {
  on_->conn().on_notice([](diagnostics const&) {});
  expect_nothing_kept([&] {
    on_->exec("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE '%', repeat('x', 500000); END LOOP; END $$");
    on_->conn().take_notices();
  });
}

INSTANTIATE_TEST_SUITE_P(each, kept, testing::ValuesIn(all_faces()), [](auto const& of) { return name(of.param); });

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
