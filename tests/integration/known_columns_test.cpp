// Scripts whose columns came before: they mean what they mean now, whatever other scripts came between.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <tusk/tusk.hpp>

#include "support/faces.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

typecaster number_as(std::string const& word) {
  return new_type<std::string>({oids::int4}, "WORD", [word](auto, cast_context const&) { return std::optional(word); });
}

class known_columns : public testing::TestWithParam<face> {
 protected:
  result run(cursor& by, std::string const& script) {
    on_->execute_within(nullptr, by, script, params::none());
    return by.results().back();
  }
  result run(std::string const& script) { return run(cursor_, script); }
  static column_info first_column(result const& of) { return of.columns()[0]; }
  /// Whether the second one was not described anew.
  static bool are_same(result const& one, result const& other) {
    return one.columns().data() == other.columns().data();
  }

  std::unique_ptr<player> const on_ = open(GetParam(), dsn(way::unix_socket));
  connection& conn_ = on_->conn();
  cursor cursor_ = conn_.cursor();
};

TEST_P(known_columns, of_statements_in_turn_are_described_once) {
  result const one = run("SELECT 1 AS one"), two = run("SELECT 2 AS two, 'x' AS x");
  for (int i = 0; i < 3; ++i) {
    result const again = run("SELECT 1 AS one");
    EXPECT_TRUE(are_same(again, one));
    EXPECT_EQ(again[0].get<int>("one"), 1);
    result const other = run("SELECT 3 AS two, 'y' AS x");
    EXPECT_TRUE(are_same(other, two));
    EXPECT_EQ(other[0].get<int>("two"), 3);
    EXPECT_EQ(other[0].get<std::string>("x"), "y");
    EXPECT_EQ(run("SELECT 4 AS one; SELECT 5 AS two, 'z' AS x")[0].get<int>("two"), 5);
  }
}

TEST_P(known_columns, of_more_statements_than_are_kept_are_their_own) {
  for (int i = 0; i < 3; ++i)
    for (int number = 0; number < 10; ++number) {
      std::string const name = "c" + std::to_string(number);
      result const r = run("SELECT " + std::to_string(number) + " AS " + name);
      ASSERT_EQ(r.columns().size(), 1U);
      EXPECT_EQ(first_column(r).name, name);
      EXPECT_EQ(r[0].get<int>(name), number);
    }
}

TEST_P(known_columns, change_with_the_table_though_the_text_stays) {
  run("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)");
  auto const look = [&] {
    EXPECT_EQ(run("SELECT 'other' AS other")[0].get<std::string>("other"), "other");
    return run("SELECT * FROM t");
  };
  result const first = look();
  EXPECT_EQ(first[0].get<int>("a"), 1);
  run("ALTER TABLE t RENAME a TO b");
  result const renamed = look();
  EXPECT_EQ(renamed[0].get<int>("b"), 1);
  EXPECT_EQ(first_column(renamed).name, "b");
  run("ALTER TABLE t ALTER b TYPE text");
  EXPECT_EQ(first_column(look()).type, oids::text);
  run("ALTER TABLE t ADD c int DEFAULT 7");
  result const wider = look();
  ASSERT_EQ(wider.columns().size(), 2U);
  EXPECT_EQ(wider[0].get<int>("c"), 7);
  run("ALTER TABLE t DROP b");
  EXPECT_EQ(look()[0].get<int>("c"), 7);
}

TEST_P(known_columns, are_read_by_the_typecasters_of_each_cursor) {
  cursor one = conn_.cursor(), other = conn_.cursor();
  register_type(number_as("one"), one);
  register_type(number_as("other"), other);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(one, "SELECT 1 AS n")[0].at("n").get<std::string>(), "one");
    EXPECT_EQ(run(other, "SELECT 1 AS n")[0].at("n").get<std::string>(), "other");
    EXPECT_EQ(run("SELECT 1 AS n")[0].at("n").get<int>(), 1);
    EXPECT_EQ(run("SELECT 1 AS m")[0].at("m").get<int>(), 1);
  }
  register_type(number_as("of the connection"), conn_);
  EXPECT_EQ(run(one, "SELECT 1 AS n")[0].at("n").get<std::string>(), "one");
  EXPECT_EQ(run("SELECT 1 AS n")[0].at("n").get<std::string>(), "of the connection");
  EXPECT_EQ(run("SELECT 1 AS m")[0].at("m").get<std::string>(), "of the connection");
  register_type(number_as("changed"), one);
  EXPECT_EQ(run(one, "SELECT 1 AS n")[0].at("n").get<std::string>(), "changed");
  EXPECT_EQ(run(other, "SELECT 1 AS n")[0].at("n").get<std::string>(), "other");
}

// The bytes of "é" in UTF-8 are those of "Ã©" in LATIN1, and the rest of each description is the same.
TEST_P(known_columns, are_described_anew_when_client_encoding_changes) {
  std::string const in_latin1 = "SELECT 1 AS U&\"\\00C3\\00A9\"", in_utf8 = "SELECT 1 AS \"é\"";
  EXPECT_EQ(run(in_utf8)[0].get<int>("é"), 1);
  result const before = run("SELECT 2 AS two");
  run("SET client_encoding TO 'LATIN1'");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(first_column(run(in_latin1)).name, "\xef\xbf\xbd");
    result const now = run("SELECT 2 AS two");
    EXPECT_EQ(now[0].get<int>("two"), 2);
    EXPECT_FALSE(are_same(now, before));
  }
  run("SET client_encoding TO 'UTF8'");
  EXPECT_EQ(run(in_utf8)[0].get<int>("é"), 1);
  EXPECT_EQ(run("SELECT 2 AS two")[0].get<int>("two"), 2);
}

INSTANTIATE_TEST_SUITE_P(each, known_columns, testing::ValuesIn(all_faces()),
                         [](auto const& of) { return name(of.param); });

}  // namespace
}  // namespace tusk::test
