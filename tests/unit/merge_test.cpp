// Placeholders: what they are replaced by, and every way to get them wrong.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;

template <int Kind>
struct shown {
  std::string_view text;
};

}  // namespace

template <>
struct adapter<shown<0>> {
  static constexpr tusk::oid oid = oids::int4;
  static bool is_null(shown<0> const& value) { return value.text.empty(); }
  static void text(shown<0> const& value, text_writer& out) { out << value.text; }
};
template <>
struct adapter<shown<1>> {  // of an extension
  static constexpr tusk::oid oid = 20'000;
  static void text(shown<1> const& value, text_writer& out) { out << value.text; }
};
template <>
struct adapter<shown<2>> {
  static constexpr tusk::oid oid = oids::int4;  // type() counts
  static argument_type type() { return {0, "shop.color"}; }
  static void text(shown<2> const& value, text_writer& out) { out << value.text; }
};
template <>
struct adapter<shown<3>> {
  static inline tusk::oid oid = oids::int4;  // no constant
  static void text(shown<3> const& value, text_writer& out) { out << value.text; }
};

namespace {

static_assert(types::has_fixed_type<int>() && types::has_fixed_type<double>() &&
              types::has_fixed_type<std::string_view>() && types::has_fixed_type<shown<0>>());
static_assert(!types::has_fixed_type<shown<1>>() && !types::has_fixed_type<shown<2>>() &&
              !types::has_fixed_type<shown<3>>() && !types::has_fixed_type<std::vector<int>>());

template <class... Args>
std::string merged(std::string_view statement, Args const&... args) {
  return merge(statement, params(args...));
}

TEST(merge, without_arguments_leaves_the_statement_untouched) {
  for (std::string_view const text : {"", "SELECT 5 % 2", "%s %(a)s %% % %d", "\xff"}) EXPECT_EQ(merge(text, {}), text);
}

TEST(merge, replaces_placeholders_in_order) {
  EXPECT_EQ(merged("%s", 1), "1");
  EXPECT_EQ(merged("SELECT %s, %s;", 1, "it's"), "SELECT 1, 'it''s';");
  EXPECT_EQ(merged("%s%s%%%s%%%%", 1, 2, nullptr), "12%NULL%%");
  EXPECT_EQ(merged("%ss", "a"), "'a's");
  EXPECT_EQ(merged("\xc3\xa9%s\xc3\xa9", true), "\xc3\xa9true\xc3\xa9");
}

TEST(merge, replaces_placeholders_by_name_as_often_as_they_stand_there) {
  EXPECT_EQ(merged("%(b)s %(a)s %(b)s %%", named("a", 1), named("b", "x")), "'x' 1 'x' %");
  EXPECT_EQ(merged("%(a b, c(%)s", named("a b, c(%", 1)), "1");
  EXPECT_EQ(merged("%(\xc3\xa9)s", named("\xc3\xa9", 1)), "1");
  EXPECT_EQ(merged("SELECT 1 %%", named("not used", 1)), "SELECT 1 %");
}

// The placeholder in a literal or a comment is the user's.
TEST(merge, replaces_placeholders_wherever_they_stand) {
  EXPECT_EQ(merged("-- %s\n'%s' \"%s\"", 1, 2, 3), "-- 1\n'2' \"3\"");
}

TEST(merge, does_not_replace_what_stands_in_an_argument) {
  EXPECT_EQ(merged("%s %s", "%s", "%(a)s %% %"), "'%s' '%(a)s %% %'");
  EXPECT_EQ(merged("%(a)s", named("a", "%(a)s")), "'%(a)s'");
}

// Most arguments without a name are written by a shorter way, and appended by one; those with a name by the general
// one.
TEST(merge, writes_an_argument_the_same_with_a_name_and_without) {
  auto const check = [](auto const&... values) {
    auto const check_one = [](auto const& value) {
      EXPECT_EQ(merged("<%s>", value), merged("<%(a)s>", named("a", value)));
    };
    (check_one(values), ...);
  };
  check(0, 7, -7, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::uint64_t>::max(), short{3}, true, false);
  check(0.0, -0.0, 1.0, 0.1, -2.5, 1e300, 5e-324, std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN(), 0.1f, 3.0f);
  check("", "a", "it's", "a\\b", "\xc3\xa9", std::string(63, 'x'), std::string(64, 'x'), std::string(65, 'x'),
        std::string(64, '\''), std::string(100, '\\'), static_cast<char const*>(nullptr));
  check(nullptr, std::nullopt, std::optional<int>(), std::optional(1), std::optional<std::string>("x"));
  check(numeric("2"), numeric("1.5"), *from_text<date>::parse("2020-02-29"), std::vector{1, 2}, std::vector<int>(),
        std::vector{std::byte{1}}, std::vector<std::string>{"a", "b'c"}, std::tuple(1, "x"), as_is("now()"));
  check(shown<0>{"12"}, shown<0>{"1.5"}, shown<0>{"1; DROP"}, shown<0>{""}, shown<1>{"x"}, shown<2>{"red"},
        shown<3>{"12"});
  EXPECT_EQ(merged("%s %s %s %s", shown<0>{"12"}, shown<1>{"x"}, shown<2>{"red"}, shown<3>{"12"}),
            "12 'x' ('red'::shop.color) 12");
}

TEST(merge, cve_2024_1597_a_negative_number_begins_no_comment) {
  EXPECT_EQ(merged("SELECT 5-%s, %s", -1, "a\n; DROP TABLE item; --"), "SELECT 5-(-1), 'a\n; DROP TABLE item; --'");
  EXPECT_EQ(merged("SELECT -%s -%s", -1.5, -1e300), "SELECT -(-1.5) -(-1e+300)");
}

TEST(merge, refuses_what_is_no_placeholder_and_says_where) {
  struct row {
    std::string_view statement, position;
  };
  for (row const& each : {row{"%", "byte 0 "},
                          {"SELECT %", "byte 7 "},
                          {"\xc3\xa9%d", "byte 2 "},
                          {"%%%", "byte 2 "},
                          {"100% sure", "byte 3 "},
                          {"%S", "byte 0 "},
                          {"%(a", "byte 0 "},
                          {"x %(a)", "byte 5 "},
                          {"x %(a)d", "byte 5 "},
                          {"x %(a) s", "byte 5 "},
                          {"%()", "byte 2 "},
                          {"%1$s", "byte 0 "}}) {
    for (params const& args : {params(1), params(named("a", 1))}) {
      auto const e = test::thrown<programming_error>([&] { merge(each.statement, args); });
      EXPECT_EQ(e.code(), types::errc::malformed_placeholder) << each.statement;
      EXPECT_CONTAINS(each.position, e.what());
    }
  }
}

TEST(merge, refuses_arguments_that_do_not_match) {
  auto const refused = [](std::string_view statement, params const& args, std::string_view part) {
    auto const e = test::thrown<programming_error>([&] { merge(statement, args); });
    EXPECT_EQ(e.code(), types::errc::wrong_arguments);
    EXPECT_CONTAINS(part, e.what());
  };
  refused("%s %s %s", params(1, 2), "at byte 6 of the statement: this %s has no argument: only 2 were given");
  refused("%s", params(1, 2), "2 arguments were given, but 1 placeholders are there");
  refused("SELECT 1", params(1), "but 0 placeholders are there");
  refused("%%s", params(1), "but 0 placeholders are there");
  refused(" %(b)s", params(named("a", 1)), "at byte 1 of the statement: no argument has the name \"b\"");
  refused("%()s", params(named("a", 1)), "no argument has the name \"\"");
  refused("%(a)s", params(named("a", 1), named("b", 2), named("a", 3)), "two arguments have the name \"a\"");
  refused("%(a)s %s", params(named("a", 1)), "at byte 6 of the statement: %s, but the arguments have names");
  refused("%s %(a)s", params(1), "at byte 3 of the statement: %(a)s, but the arguments have no names");
  refused("%(a)s %s", params(named("a", 1), 2), "some arguments have names");
  refused("%s %(a)s", params(2, named("a", 1)), "some arguments have names");
}

TEST(merge, refuses_a_statement_that_is_not_utf8) {
  auto const e = test::thrown<programming_error>([] { merged("SELECT \xc3%s", "x"); });
  EXPECT_EQ(e.code(), types::errc::invalid_utf8);
  EXPECT_CONTAINS("byte 7", e.what());
}

TEST(merge, takes_time_in_proportion) {
  constexpr std::size_t count = params::max_count;
  params positional, by_name;
  std::string statement, names, expected;
  for (std::size_t i = 0; i < count; ++i) {
    std::string const number = std::to_string(i);
    positional.add(i);
    by_name.add(named(number, i));
    statement += "%s,";
    names += "%(" + number + ")s,";
    expected += number + ",";
  }
  auto const begin = std::chrono::steady_clock::now();
  EXPECT_EQ(merge(statement, positional), expected);
  EXPECT_EQ(merge(names, by_name), expected);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(mogrify, needs_no_connection_and_takes_arguments_made_at_run_time) {
  params args;
  args.add(1).add("x");
  EXPECT_EQ(merge("%s %s", args), "1 'x'");
  EXPECT_EQ(merge("%s %s", params(1, "x")), "1 'x'");
  EXPECT_EQ(merge("100%", params()), "100%");
}

TEST(named, keeps_a_temporary_value_and_refers_to_another) {
  auto const kept = named("a", std::string(100, 'x'));
  std::string value = "before";
  auto const referred = named("b", value);
  value = "after";
  EXPECT_EQ(merged("%(a)s %(b)s", kept, referred), "'" + std::string(100, 'x') + "' 'after'");
}

TEST(named, with_an_empty_name_is_refused) {
  params args(1);
  EXPECT_EQ(test::thrown<programming_error>([&] { args.add(named("", 1)); }).code(), types::errc::malformed_name);
  EXPECT_EQ(args.count(), 1u);
}

}  // namespace
}  // namespace tusk
