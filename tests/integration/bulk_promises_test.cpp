// What is promised of all operations, of COPY, server cursors, large objects and two-phase commit.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

TEST(bulk_promises, all_of_them_wait_by_the_callback) {
  int calls = 0;
  connection conn = connect(dsn(way::unix_socket), {.wait_callback = [&](connection& on) {
                              ++calls;
                              wait_select(on);
                            }});
  auto const calls_of = [&](std::function<void()> const& what) {
    int const before = calls;
    what();
    return calls - before;
  };
  conn.exec("CREATE TEMPORARY TABLE item (id int)");
  EXPECT_GE(calls_of([&] { conn.copy_in("COPY item FROM STDIN", std::vector<int>{1, 2, 3}); }), 2);
  EXPECT_GE(calls_of([&] { conn.copy_out("COPY item TO STDOUT", [](std::string_view) {}); }), 1);
  EXPECT_GE(calls_of([&] {
              auto lo = large_object::create(conn);
              lo.write("text");
              lo.seek(1);
              EXPECT_EQ(lo.read(), "ext");
              lo.close();
              large_object::unlink(conn, lo.id());
            }),
            7);
  EXPECT_GE(calls_of([&] {
              auto cur = conn.cursor({.name = "some"});
              cur.execute("SELECT id FROM item");
              EXPECT_EQ(cur.fetchall().size(), 3U);
            }),
            2);
  conn.rollback();
  EXPECT_GE(calls_of([&] {
              conn.tpc_begin(tpc_xid(1, "bulk", "callback"));
              conn.query("SELECT 1");
              conn.tpc_prepare();
              conn.tpc_rollback();
            }),
            3);
}

TEST(bulk_promises, notifications_and_notices_are_gathered) {
  connection conn = open(), other = open();
  conn.listen("bulk");
  conn.exec(
      "CREATE TEMPORARY TABLE item (id int);"
      "CREATE FUNCTION pg_temp.speaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'row %', NEW.id; "
      "RETURN NEW; END $$;"
      "CREATE TRIGGER speaks BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION pg_temp.speaks()");
  other.exec("NOTIFY bulk, 'in'");
  EXPECT_EQ(conn.copy_in("COPY item FROM STDIN", std::vector<int>{7}), 1U);
  auto const notices = conn.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message, "row 7");
  auto const in = conn.notifies.pop();
  ASSERT_TRUE(in);
  EXPECT_EQ(in->payload, "in");

  other.exec("NOTIFY bulk, 'out'");
  conn.copy_out("COPY item TO STDOUT", [](std::string_view) {});
  auto const out = conn.notifies.pop();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->payload, "out");
}

TEST(bulk_promises, copies_and_streams_know_no_largest_result) {
  connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .limits = {.max_result = 100'000}});
  std::size_t size = 0, rows = 0;
  conn.copy_out("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 5000)) TO STDOUT",
                [&](std::string_view part) { size += part.size(); });
  EXPECT_EQ(size, 5'005'000U);
  for (auto const& row : conn.stream("SELECT repeat('x', 1000) FROM generate_series(1, 5000)"))
    rows += row.get<std::string>(0).size() == 1000 ? 1U : 0U;
  EXPECT_EQ(rows, 5000U);
  EXPECT_CONTAINS("max_result", thrown<operational_error>([&] {
                                  conn.query("SELECT repeat('x', 1000) FROM generate_series(1, 5000)");
                                }).what());
}

TEST(bulk_promises, a_wait_callback_that_throws_or_returns_too_early_closes) {
  struct mine {};
  for (bool const throws : {true, false}) {
    bool bad = false;
    connection conn = connect(dsn(way::unix_socket), {.autocommit = true, .wait_callback = [&](connection& on) {
                                                        if (!bad) return wait_select(on);
                                                        if (throws) throw mine();
                                                      }});
    conn.exec("CREATE TEMPORARY TABLE item (id int)");
    auto in = conn.copy_in("COPY item FROM STDIN");
    in.row(1);
    bad = true;
    if (throws) {
      EXPECT_THROW(in.finish(), mine);
    } else {
      EXPECT_THROW(in.finish(), operational_error);
    }
    EXPECT_TRUE(conn.closed());
  }
}

}  // namespace
}  // namespace tusk::test
