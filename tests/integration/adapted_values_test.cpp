// Adapters and typecasters on the way through connections and cursors: whose come first, and how often they are asked.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct degrees {
  int value;
};
int times_adapted = 0;

}  // namespace
}  // namespace tusk::test

template <>
struct tusk::adapter<tusk::test::degrees> : tusk::registered {};

namespace tusk::test {
namespace {

class adapted_values : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    register_adapter<degrees>([](degrees const& d) {
      ++times_adapted;
      return as_is(std::to_string(d.value));
    });
  }
};

TEST_F(adapted_values, the_registry_of_the_connection_comes_before_the_global_one) {  // psycopg2: global only
  connection conn = open(), other = open();
  register_adapter<degrees>([](degrees const& d) { return d.value * 100; }, conn);
  EXPECT_EQ(conn.mogrify("SELECT %s", degrees{5}), "SELECT 500");
  EXPECT_EQ(other.mogrify("SELECT %s", degrees{5}), "SELECT 5");
  EXPECT_EQ(conn.query_value<int>("SELECT $1::int", degrees{5}), 500);
  EXPECT_EQ(conn.prepare("SELECT $1::int").query(degrees{5})[0].get<int>(0), 500);
  cursor cur = conn.cursor();
  cur.execute("SELECT %s", degrees{5});
  EXPECT_EQ(cur.fetchone()->get<int>(0), 500);
  cur.executemany("SELECT %s", std::vector<degrees>{{6}});
  EXPECT_EQ(cur.fetchone()->get<int>(0), 600);
  connection moved = std::move(conn);
  moved.reconnect();
  EXPECT_EQ(moved.query_value<int>("SELECT $1::int", degrees{7}), 700);
  cursor of_other = other.cursor();
  of_other.execute("SELECT %s", degrees{5});
  EXPECT_EQ(of_other.fetchone()->get<int>(0), 5);
}

TEST_F(adapted_values, each_named_argument_is_adapted_once) {
  connection conn = open();
  cursor cur = conn.cursor();
  times_adapted = 0;
  cur.execute("SELECT %(a)s + %(a)s", named("a", degrees{4}));
  EXPECT_EQ(cur.fetchone()->get<int>(0), 8);
  EXPECT_EQ(times_adapted, 1);
}

TEST_F(adapted_values, a_typecaster_is_looked_up_once_a_column_and_later_registrations_do_not_touch_rows) {
  connection conn = open();
  auto const saying = [](int what) {
    return new_type<int>({oids::int4}, "said", [what](auto, auto const&) { return std::optional(what); });
  };
  register_type(saying(1), conn);
  cursor cur = conn.cursor();
  cur.execute("SELECT generate_series(1, 3)");
  result const before = conn.query("SELECT 7");
  std::vector<int> seen;
  for (int const each : cur.rows<int>()) {
    seen.push_back(each);
    register_type(saying(2), conn);
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 1, 1}));
  EXPECT_EQ(before[0].get<int>(0), 1);
  EXPECT_EQ(conn.query("SELECT 7")[0].get<int>(0), 2);
}

TEST_F(adapted_values, a_typecaster_is_called_for_null_too) {
  connection conn = open();
  register_type(new_type<int>({oids::int4}, "zero",
                              [](std::optional<std::string_view> text, cast_context const&) {
                                return std::optional(text ? 1 : 0);
                              }),
                conn);
  result const r = conn.query("SELECT NULL::int4");
  EXPECT_EQ(r[0].get<int>(0), 0);
  EXPECT_EQ(r[0].at(0), tusk::value(0));
  for (int const each : r.rows<int>()) EXPECT_EQ(each, 0);
}

TEST_F(adapted_values, one_that_throws_leaves_the_rest_of_the_row_readable) {
  connection conn = open();
  register_type(new_type<int>({oids::int4}, "never",
                              [](auto, auto const&) -> std::optional<int> { throw std::runtime_error("never"); }),
                conn);
  cursor cur = conn.cursor();
  cur.execute("SELECT 1::int4, 'text', 2::int8");
  auto const row = cur.fetchone();
  EXPECT_STREQ(thrown<std::runtime_error>([&] { row->get<int>(0); }).what(), "never");
  EXPECT_STREQ(thrown<std::runtime_error>([&] { row->at(0); }).what(), "never");
  EXPECT_EQ(row->get<std::string>(1), "text");
  EXPECT_EQ(row->get<int>(2), 2);
}

}  // namespace
}  // namespace tusk::test
