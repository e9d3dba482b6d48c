// Arguments whose adapters are registered when the program runs, and those that are a part of the statement.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;

struct spot {
  double x, y;
};
template <int>
struct marked {  // a type for each test that registers something
  int value;
};
struct range_of_ids {
  int first, last;
};
struct no_container {
  int a;
};
struct quoting_itself {
  int value;
  std::string getquoted() const { return "f(" + std::to_string(value) + ")"; }
};

}  // namespace

template <>
struct adapter<spot> : registered {};
template <int Number>
struct adapter<marked<Number>> : registered {};
template <>
struct adapter<range_of_ids> {
  static void sql(range_of_ids const& r, sql_writer& out) {
    out << "BETWEEN ";
    out.value(r.first) << " AND ";
    out.value(r.last);
  }
};

namespace {

static_assert(argument<spot> && argument<std::optional<spot>> && argument<std::vector<std::vector<spot>>>);
static_assert(!adaptable<spot> && !sql_adaptable<spot>);
static_assert(argument<as_is> && argument<std::tuple<int, as_is>> && !argument<std::tuple<int, no_container>>);
static_assert(!argument<list_argument<std::vector<no_container>>>);
static_assert(!argument<no_container> && !argument<std::vector<no_container>> &&
              !argument<std::optional<no_container>>);
static_assert(adaptable<binary> && adaptable<std::vector<std::byte>>);

template <class T>
std::string literal(T const& value) {
  return types::literal_of(value, nullptr);
}

void register_spot() {
  register_adapter<spot>(
      [](spot const& p) { return as_is("'(" + adapt(p.x).getquoted() + ", " + adapt(p.y).getquoted() + ")'"); });
}

TEST(registered, values_are_written_by_the_registered_function) {
  register_spot();
  EXPECT_EQ(merge("INSERT INTO atable (apoint) VALUES (%s)", params(spot{1.23, 4.56})),
            "INSERT INTO atable (apoint) VALUES ('(1.23, 4.56)')");
  EXPECT_EQ(literal(std::optional(spot{1, 2})), "'(1.0, 2.0)'");
  EXPECT_EQ(literal(std::optional<spot>()), "NULL");
}

TEST(registered, values_can_be_bound_if_the_function_gives_text) {
  register_adapter<marked<1>>([](marked<1> const& m) { return m.value; });
  params const args(marked<1>{5}, std::optional(marked<1>{-6}));
  EXPECT_EQ(args.require_bindable().wire(), params(5, -6).wire());
  EXPECT_EQ(args.types()[0], oids::int4);
  EXPECT_EQ(args.types()[1], oids::int4);
  EXPECT_EQ(merge("%s %s", args), "5 (-6)");
}

TEST(registered, values_may_lead_to_registered_values_and_to_null) {
  register_adapter<marked<2>>([](marked<2> const& m) { return std::optional(marked<3>{m.value}); });
  register_adapter<marked<3>>([](marked<3> const& m) { return m.value == 0 ? std::nullopt : std::optional(m.value); });
  EXPECT_EQ(literal(marked<2>{7}), "7");
  EXPECT_EQ(literal(marked<2>{0}), "NULL");
}

TEST(registered, values_of_which_nothing_is_registered_are_refused) {
  params args(1);
  auto const e = test::thrown<programming_error>([&] { args.add(marked<4>{1}); });
  EXPECT_EQ(e.code(), types::errc::not_registered);
  EXPECT_CONTAINS("can't adapt type '", e.what());
  EXPECT_CONTAINS("marked<4>'", e.what());
  EXPECT_CONTAINS("tusk::register_adapter<", e.what());
  EXPECT_EQ(args.wire(), params(1).wire());
  EXPECT_EQ(args.count(), 1u);
}

TEST(registered, functions_replace_the_one_before) {
  register_adapter<marked<5>>([](marked<5> const&) { return 1; });
  register_adapter<marked<5>>([](marked<5> const&) { return "two"; });
  EXPECT_EQ(literal(marked<5>{}), "'two'");
}

TEST(registered, functions_may_throw) {
  register_adapter<marked<6>>([](marked<6> const& m) -> int { throw std::runtime_error(std::to_string(m.value)); });
  params args(1);
  EXPECT_EQ(test::thrown<std::runtime_error>([&] { args.add(marked<6>{42}); }).what(), "42"sv);
  EXPECT_EQ(args.wire(), params(1).wire());
}

TEST(registered, mended_functions_in_a_circle_are_refused) {
  register_adapter<marked<10>>([](marked<10> const& m) { return marked<11>{m.value}; });
  register_adapter<marked<11>>([](marked<11> const& m) { return std::vector{marked<10>{m.value}}; });
  for (int i = 0; i < 2; ++i) {
    auto const e = test::thrown<programming_error>([] { literal(marked<10>{1}); });
    EXPECT_CONTAINS("lead to each other", e.what());
  }
  register_adapter<marked<11>>([](marked<11> const& m) { return m.value; });
  EXPECT_EQ(literal(marked<10>{7}), "7");
}

TEST(registered, functions_of_a_registry_of_its_own_come_first) {
  register_adapter<marked<7>>([](marked<7> const&) { return "global"; });
  register_adapter<marked<8>>([](marked<8> const&) { return "global"; });
  adapter_registry own;
  own.add<marked<7>>([](marked<7> const&) { return as_is("own"); });
  params args;
  args.add(marked<7>{}, &own).add(marked<8>{}, &own).add(marked<7>{});
  args.add(std::vector{marked<7>{}}, &own).add(std::tuple(marked<7>{}, 1), &own);  // passed on to what is inside
  EXPECT_EQ(merge("%s %s %s %s %s", args), "own 'global' 'global' ARRAY[own] (own, 1)");
}

TEST(registered, functions_are_looked_up_and_registered_by_many_threads) {
  register_adapter<marked<9>>([](marked<9> const&) { return 0; });
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 1000; ++round) {
        if (i % 2 == 0) register_adapter<marked<9>>([round](marked<9> const&) { return round; });
        std::string const seen = literal(marked<9>{});
        if (seen.find_first_not_of("0123456789") != seen.npos) wrong = true;
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_FALSE(wrong);
}

TEST(sql_shaped, vectors_are_array_constructors) {
  register_spot();
  EXPECT_EQ(literal(std::vector<spot>{{1, 2}, {3, 4}}), "ARRAY['(1.0, 2.0)', '(3.0, 4.0)']");
  EXPECT_EQ(literal(std::vector<as_is>{as_is("now()")}), "ARRAY[now()]");
  EXPECT_EQ(literal(std::vector<spot>{}), "'{}'");
  EXPECT_EQ(literal(std::vector<std::optional<spot>>{{}, {}}), "'{NULL, NULL}'");
  EXPECT_EQ(literal(std::vector<std::optional<spot>>{{}, spot{1, 1}}), "ARRAY[NULL, '(1.0, 1.0)']");
  EXPECT_EQ(literal(std::vector<std::vector<as_is>>{{as_is("1"), as_is("2")}, {as_is("3"), as_is("4")}}),
            "ARRAY[[1, 2], [3, 4]]");
  EXPECT_EQ(test::thrown<data_error>([] {
              literal(std::vector<std::vector<as_is>>{{as_is("1")}, {}});
            }).code(),
            types::errc::wrong_dimensions);
}

TEST(sql_shaped, objects_with_getquoted_say_what_they_are) {
  EXPECT_EQ(literal(quoting_itself{5}), "f(5)");
  EXPECT_EQ(literal(adapt(-1)), " -1");
  EXPECT_EQ(merge("SELECT %s", params(std::optional(quoting_itself{7}))), "SELECT f(7)");
  EXPECT_THROW(params(quoting_itself{5}).require_bindable(), programming_error);
  EXPECT_EQ(as_is("now()").getquoted(), "now()");
}

TEST(sql_shaped, as_is_takes_what_can_be_printed) {
  EXPECT_EQ(literal(as_is(-5)), "-5");
  EXPECT_EQ(literal(as_is(0.1)), "0.1");
  EXPECT_EQ(literal(as_is(1.0 / 3)), "0.3333333333333333");
  EXPECT_EQ(literal(as_is(true)), "true");
  EXPECT_EQ(literal(as_is(std::string_view("a b"))), "a b");
  EXPECT_EQ(literal(as_is(numeric("1.10"))), "1.10");
  EXPECT_EQ(literal(as_is(range<int>{1, 5})), "[1,5)");
  EXPECT_EQ(literal(as_is(std::vector{1, 2})), "{1,2}");
}

TEST(values, are_shown_alike) {
  auto const shown = [](auto const& each) { return tusk::value(each).to_string(); };
  EXPECT_EQ(shown(0.1), "0.1");
  EXPECT_EQ(shown(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(shown(money(-150)), "-1.50");
  EXPECT_EQ(shown(range<int>{1, 5}), "[1,5)");
  EXPECT_EQ(shown(json("[1]")), "[1]");
  EXPECT_EQ(shown("42P01"_sqlstate), "42P01");
  EXPECT_EQ(shown(array<int>(std::vector{1, 2})), "{1,2}");
}

TEST(sql_shaped, lists_and_tuples_are_in_parentheses) {
  std::vector<int> const ids{1, -2};
  EXPECT_EQ(literal(in_list(ids)), "(1, (-2))");
  EXPECT_EQ(literal(in_list({"a", "it's"})), "('a', 'it''s')");
  EXPECT_EQ(literal(in_list(std::vector<std::string>{"\\"})), "( E'\\\\')");
  EXPECT_EQ(literal(in_list(std::vector<std::optional<int>>{{}, 1})), "(NULL, 1)");
  EXPECT_EQ(literal(std::tuple(1, "a", nullptr, true)), "(1, 'a', NULL, true)");
  EXPECT_EQ(literal(in_list({std::tuple(1, 'a' == 'b'), std::tuple(2, true)})), "((1, false), (2, true))");
  EXPECT_EQ(literal(std::tuple(std::string(1000, '\''))), "('" + std::string(2000, '\'') + "')");
}

TEST(sql_shaped, empty_lists_are_refused_here) {
  std::vector<int> const none;
  auto const e = test::thrown<programming_error>([&] { literal(in_list(none)); });
  EXPECT_EQ(e.code(), types::errc::empty_list);
  EXPECT_CONTAINS("= ANY(%s)", e.what());
}

TEST(sql_shaped, adapters_may_be_written_by_the_user) {
  EXPECT_EQ(merge("id %s", params(range_of_ids{-1, 5})), "id BETWEEN (-1) AND 5");
}

TEST(sql_shaped, text_is_checked) {
  EXPECT_THROW(literal(as_is("\xc3")), data_error);
  EXPECT_THROW(literal(as_is(std::string("a\0b", 3))), data_error);
}

TEST(params, that_are_sql_or_have_names_cannot_be_bound) {
  register_spot();
  std::vector<int> const ids{1};
  auto const refused = [](params const& args, std::string_view part) {
    auto const e = test::thrown<programming_error>([&] { args.require_bindable(); });
    EXPECT_EQ(e.code(), types::errc::not_bindable);
    EXPECT_CONTAINS(part, e.what());
  };
  refused(params(as_is("now()")), "argument 1: ");
  refused(params(1, "a", in_list(ids)), "argument 3: ");
  refused(params(in_list(ids)), "= ANY($1)");
  refused(params(std::tuple(1)), "argument 1: ");
  refused(params(1, spot{1, 2}), "argument 2: ");
  refused(params(std::vector<spot>{}), "argument 1: ");
  refused(params(1, named("a", 2)), "argument 2 has a name");
  params(1, binary("x"), std::optional<spot>()).require_bindable();  // NULL is NULL
}

TEST(params, keep_what_the_wire_does_not_say_when_copied_and_moved) {
  params args(1, as_is("now()"), named("a", 2));
  params copy = args;
  params const moved = std::move(args);
  for (auto const& all : {copy.arguments(), moved.arguments()}) {
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].text, "1");
    EXPECT_EQ(all[0].how.as, types::shape::text);
    EXPECT_EQ(all[0].how.type.oid, oids::int4);
    EXPECT_EQ(all[1].text, "now()");
    EXPECT_EQ(all[1].how.as, types::shape::sql);
    EXPECT_EQ(all[2].name, "a");
  }
  EXPECT_TRUE(args.arguments().empty());  // NOLINT(bugprone-use-after-move): defined: empty
  args.add(5);
  EXPECT_EQ(merge("%s", args), "5");
  copy = std::move(args);
  EXPECT_EQ(copy.require_bindable().count(), 1u);
}

}  // namespace
}  // namespace tusk
