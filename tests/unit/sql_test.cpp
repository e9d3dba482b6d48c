// Composed statements: names and values stay what they are, and templates are used as they are meant.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/thrown.hpp"

namespace tusk {
namespace {

template <class... Args>
std::string mogrified(sql::composed const& statement, Args const&... args) {
  return merge(statement, params::of(nullptr, args...));
}

using namespace std::string_view_literals;
using sql::composed;
using sql::identifier;

TEST(sql, composes_a_statement) {
  std::vector<composed> const columns{identifier("id"), identifier("na\"me")};
  composed const query =
      sql::sql("SELECT {} FROM {table} WHERE id = {} AND {table} = {table}")
          .format(sql::sql(", ").join(columns), named("table", identifier("shop", "item")), sql::literal("it's"));
  EXPECT_EQ(query.as_string(),
            "SELECT \"id\", \"na\"\"me\" FROM \"shop\".\"item\" WHERE id = 'it''s' AND \"shop\".\"item\" = "
            "\"shop\".\"item\"");
}

TEST(sql, has_placeholders_for_arguments_to_come) {
  auto const names = {sql::placeholder("a"), sql::placeholder("b")};
  composed const query = sql::sql("INSERT INTO t VALUES ({})").format(sql::sql(", ").join(names));
  EXPECT_EQ(query.as_string(), "INSERT INTO t VALUES (%(a)s, %(b)s)");
  EXPECT_EQ(mogrified(query, named("a", 1), named("b", "x")), "INSERT INTO t VALUES (1, 'x')");
  EXPECT_EQ(mogrified(sql::placeholder() + sql::sql("+") + sql::placeholder(), 1, -2), "1+(-2)");
}

// Otherwise an argument would be merged into a name, where its quotes are none.
TEST(sql, a_percent_sign_in_a_name_or_literal_is_no_placeholder) {
  composed const query = sql::sql("SELECT {}, {}, {}, 7 %% 2")
                             .format(identifier("a%sb", "%"), sql::literal("100%(x)s%"), sql::placeholder());
  EXPECT_EQ(query.as_string(), "SELECT \"a%sb\".\"%\", '100%(x)s%', %s, 7 %% 2");
  EXPECT_EQ(mogrified(query, "\" ; DROP"), "SELECT \"a%sb\".\"%\", '100%(x)s%', '\" ; DROP', 7 % 2");
  EXPECT_EQ(mogrified(identifier("50%")), "\"50%\"");
  EXPECT_EQ(mogrified(query + query, 1, 2), mogrified(query, 1) + mogrified(query, 2));
}

TEST(sql, parts_can_be_appended_to_themselves) {
  composed part = identifier("%");
  part = part + part;
  EXPECT_EQ(mogrified(part + sql::placeholder(), 1), "\"%\"\"%\"1");
}

TEST(sql, identifiers_cannot_be_left) {
  EXPECT_EQ(identifier("a\"; DROP TABLE item; --").as_string(), "\"a\"\"; DROP TABLE item; --\"");
  EXPECT_EQ(identifier("a.b").as_string(), "\"a.b\"");
  EXPECT_EQ(identifier("a", std::string("b"), "c"sv).as_string(), "\"a\".\"b\".\"c\"");
  EXPECT_EQ(identifier(std::string(64, 'x')).as_string(), "\"" + std::string(64, 'x') + "\"");
  EXPECT_THROW(identifier(""), programming_error);
  EXPECT_THROW(identifier("a", ""), programming_error);
  EXPECT_THROW(identifier("a\0"sv), data_error);
  EXPECT_THROW(identifier("\xc3"), data_error);
}

TEST(sql, literals_are_those_of_merging) {
  EXPECT_EQ(sql::literal(-1).as_string(), "(-1)");
  EXPECT_EQ(sql::literal("a\\b").as_string(), " E'a\\\\b'");
  EXPECT_EQ(sql::literal(nullptr).as_string(), "NULL");
  EXPECT_EQ(sql::literal(in_list({1, 2})).as_string(), "(1, 2)");
  EXPECT_THROW(sql::literal("\xff"), data_error);
}

TEST(sql, braces_are_written_twice) {
  EXPECT_EQ(sql::sql("{{}} {{{}}} '{{1,2}}'").format(sql::literal(1)).as_string(), "{} {1} '{1,2}'");
  composed const as_it_stands = sql::sql("'{1,2}'");
  EXPECT_EQ(as_it_stands.as_string(), "'{1,2}'");
  EXPECT_EQ(sql::sql("").format().as_string(), "");
  EXPECT_EQ(sql::sql("{}").format(identifier("{}")).as_string(), "\"{}\"");
}

TEST(sql, join_of_nothing_is_nothing) {
  EXPECT_EQ(sql::sql(", ").join({}).as_string(), "");
  EXPECT_EQ(sql::sql(", ").join({identifier("a")}).as_string(), "\"a\"");
}

TEST(sql, templates_that_are_wrong_are_refused_with_the_position) {
  struct row {
    std::string_view text, part;
  };
  composed const one = sql::literal(1);
  for (row const& each : {row{"{", "byte 0 "},
                          {"a }", "byte 2 "},
                          {"{} {", "byte 3 "},
                          {"{} {a{b}", "byte 3 "},
                          {"{{} }", "byte 2 "},
                          {"{}}", "byte 2 "}}) {
    auto const e = test::thrown<programming_error>([&] { sql::sql(each.text).format(one); });
    EXPECT_EQ(e.code(), types::errc::malformed_placeholder) << each.text;
    EXPECT_CONTAINS(each.part, e.what());
  }
  auto const refused = [](auto const& call, std::string_view part) {
    auto const e = test::thrown<programming_error>(call);
    EXPECT_EQ(e.code(), types::errc::wrong_arguments);
    EXPECT_CONTAINS(part, e.what());
  };
  refused([&] { sql::sql("{} {}").format(one); }, "at byte 3 of the template: this {} has no part");
  refused([&] { sql::sql("{}").format(one, one); }, "part 2 stands nowhere");
  refused([&] { sql::sql("x {a}").format(named("b", one)); }, "at byte 2 of the template: no part has the name \"a\"");
  refused([&] { sql::sql("{0}").format(one); }, "no part has the name \"0\"");
  refused([&] { sql::sql("{a}").format(named("a", one), named("a", one)); }, "part 2 stands nowhere");
  refused([&] { sql::sql("{}").format(named("a", one)); }, "this {} has no part");
}

TEST(sql, text_is_checked) {
  EXPECT_THROW(sql::sql("\xc3"), data_error);
  EXPECT_THROW(sql::sql("a\0b"sv), data_error);
  EXPECT_THROW(sql::placeholder(""), programming_error);
  EXPECT_THROW(sql::placeholder("a)b"), programming_error);
  EXPECT_THROW(sql::placeholder("\xc3"), data_error);
}

}  // namespace
}  // namespace tusk
