// The geometric types and the multiranges to the server and back, 10,000 random values a type, and in arrays, rows and
// domains.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <tusk/types/filesystem.hpp>
#include <tusk/types/set.hpp>
#include <utility>
#include <vector>

#include "support/batches.hpp"
#include "support/bytes.hpp"
#include "support/effort.hpp"
#include "support/round_trip.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace geometry;

constexpr std::size_t values = test::effort(10'000);
constexpr double infinity = std::numeric_limits<double>::infinity();

class shapes : public testing::Test {
 protected:
  template <class T, class Make>
  std::vector<T> all(std::vector<T> made, Make make) {
    while (made.size() < values) made.push_back(make());
    return made;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }
  double number() {
    static constexpr double odd[] = {0, infinity, -infinity, 1e308, 5e-324, -1, 1e15, 123456789012345680.0, 0.1};
    if (below(8) == 0) return odd[below(std::size(odd))];
    return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random_() >> below(64))),
                      static_cast<int>(below(200)) - 130);
  }
  double finite() {
    double const made = number();
    return std::isfinite(made) ? made : 1.5;
  }
  point spot() { return {number(), number()}; }
  std::vector<point> spots() {
    std::vector<point> made;
    for (std::size_t i = 1 + below(6); i > 0; --i) made.push_back(spot());
    return made;
  }

  std::mt19937_64 random_{1};
  connection conn_ = test::open();
};

TEST_F(shapes, points_and_lines) {
  auto const points = all<point>({{}, {infinity, -infinity}}, [&] { return spot(); });
  test::expect_round_trip(conn_, "point", points);
  test::expect_array_trip(conn_, "point", points, false);
  auto const lines = all<line>({{1, 0, 0}}, [&] { return line{finite() + 1e-3, number(), number()}; });
  test::expect_round_trip(conn_, "line", lines);
  test::expect_array_trip(conn_, "line", lines, false);
  auto const lsegs = all<lseg>({{}}, [&] { return lseg{spot(), spot()}; });
  test::expect_round_trip(conn_, "lseg", lsegs);
  test::expect_array_trip(conn_, "lseg", lsegs, false);
}

TEST_F(shapes, areas) {
  auto const boxes = all<box>({{}}, [&] {
    auto const [left, right] = std::minmax({number(), number()});
    auto const [low, high] = std::minmax({number(), number()});
    return box{{right, high}, {left, low}};
  });
  test::expect_round_trip(conn_, "box", boxes);
  test::expect_array_trip(conn_, "box", boxes, false);
  auto const circles = all<circle>({{}}, [&] { return circle{spot(), std::abs(number())}; });
  test::expect_round_trip(conn_, "circle", circles);
  test::expect_array_trip(conn_, "circle", circles, false);
  auto const polygons = all<polygon>({{{{1, 2}}}}, [&] { return polygon{spots()}; });
  test::expect_round_trip(conn_, "polygon", polygons);
  test::expect_array_trip(conn_, "polygon", polygons, false);
  auto const paths = all<path>({{{{1, 2}}, true}}, [&] { return path{spots(), below(2) == 0}; });
  test::expect_round_trip(conn_, "path", paths);
  test::expect_array_trip(conn_, "path", paths, false);
}

TEST_F(shapes, are_what_the_server_makes) {
  EXPECT_EQ(test::value<box>(conn_, "SELECT $1", box{{1, 2}, {3, 0}}), (box{{3, 2}, {1, 0}}));
  EXPECT_EQ(test::value<double>(conn_, "SELECT $1 <-> $2", point{0, 0}, point{3, 4}), 5);
  EXPECT_TRUE(std::isnan(test::value<point>(conn_, "SELECT point('NaN', 1)").x));
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT ($1)[0]::text", point{1.5, 2}), "1.5");
  for (auto const& refused : {"SELECT $1"}) {
    EXPECT_THROW(conn_.query(refused, line{}), data_error);
    EXPECT_THROW(conn_.query(refused, path{}), data_error);
    EXPECT_THROW(conn_.query(refused, circle{{}, -1}), data_error);
  }
  auto const row = conn_.query("SELECT ROW(ARRAY['(3,4),(1,2)'::box, '(1,1),(0,0)'], '(1,2)'::point)");
  auto const [boxes, one] = row[0].get<std::tuple<std::vector<box>, point>>(0);
  EXPECT_EQ(boxes, (std::vector<box>{{{3, 4}, {1, 2}}, {{1, 1}, {0, 0}}})) << "with semicolons in a row value, too";
  EXPECT_EQ(one, (point{1, 2}));
}

// ---- multiranges ----------------------------------------------------------------------------------------------------

class multiranges : public shapes {
 protected:
  /// As the server writes them: in order, apart from each other. `make` gives the value of a number.
  template <class T, class Make>
  std::vector<multirange<T>> random_multiranges(Make make) {
    return all<multirange<T>>({{}, {{{}}}}, [&] {
      multirange<T> made;
      int at = static_cast<int>(below(2000)) - 1000;
      for (std::size_t i = below(5); i > 0; --i) {
        int const lower = at, upper = at + 1 + static_cast<int>(below(20));
        at = upper + 1 + static_cast<int>(below(20));
        made.ranges.push_back({make(lower), make(upper)});
      }
      if (!made.ranges.empty() && below(4) == 0) made.ranges.front().lower.reset();
      if (!made.ranges.empty() && below(4) == 0) made.ranges.back().upper.reset();
      // A range without any bound is written with parentheses, a missing lower one likewise.
      return made;
    });
  }
  template <class T, class Make>
  void expect_type(std::string const& type, Make make) {
    auto const made = random_multiranges<T>(make);
    test::expect_round_trip(conn_, type, made);
    test::expect_array_trip(conn_, type, made, false);
  }
};

TEST_F(multiranges, of_numbers) {
  expect_type<int>("int4multirange", [](int n) { return n * 1'000'000; });
  expect_type<std::int64_t>("int8multirange", [](int n) { return n * std::int64_t{1'000'000'000'000'000}; });
  expect_type<numeric>("nummultirange", [](int n) { return numeric(std::to_string(n) + ".25"); });
}

TEST_F(multiranges, of_days_and_times) {
  using namespace std::chrono;
  expect_type<date>("datemultirange", [](int n) { return date(sys_days(days(n))); });
  expect_type<timestamp>("tsmultirange",
                         [](int n) { return timestamp(local_time<microseconds>(microseconds(n * 1'234'567LL))); });
  expect_type<timestamptz>("tstzmultirange",
                           [](int n) { return timestamptz(sys_time<microseconds>(microseconds(n * 7'654'321LL))); });
}

TEST_F(multiranges, the_server_joins_what_touches) {
  EXPECT_EQ(test::value<multirange<int>>(conn_, "SELECT $1",
                                         multirange<int>{{{5, 9}, {1, 5}, {.empty = true}, {20, 22, true, true}}}),
            (multirange<int>{{{1, 9}, {20, 23}}}));
  EXPECT_EQ(test::value<multirange<int>>(conn_, "SELECT '{[1,2)}'::int8multirange"), (multirange<int>{{{1, 2}}}));
  EXPECT_THROW(conn_.query("SELECT $1", multirange<int>{{{5, 1}}}), data_error);
  EXPECT_TRUE(test::value<bool>(conn_, "SELECT $1 @> 8", multirange<int>{{{1, 3}, {7, 9}}}));
}

// ---- types of the database ------------------------------------------------------------------------------------------

class made_types : public multiranges {
 protected:
  void SetUp() override {
    conn_.exec(
        "DROP SCHEMA IF EXISTS made_types CASCADE; CREATE SCHEMA made_types; SET search_path = made_types, public;"
        "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public; CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;"
        "CREATE TYPE floats AS RANGE (subtype = float8);"
        "CREATE TYPE mood AS ENUM ('sad', 'so \"so\"');"
        "CREATE TYPE moods AS RANGE (subtype = mood);"
        "CREATE DOMAIN area AS box; CREATE DOMAIN areas AS box[];"
        "CREATE DOMAIN small AS int4 CHECK (VALUE < 100); CREATE DOMAIN smaller AS small;"
        "CREATE DOMAIN apart AS int4multirange; CREATE DOMAIN span AS floats;"
        "CREATE TYPE leaf AS (spots point[], areas areas, when_ tsmultirange, n smaller);"
        "CREATE TYPE branch AS (leaves leaf[], name citext, tags hstore);"
        "CREATE DOMAIN twig AS branch");
    conn_.load_types();
  }
  void TearDown() override { conn_.exec("DROP SCHEMA made_types CASCADE"); }
};

TEST_F(made_types, ranges_and_multiranges) {
  auto const made = random_multiranges<double>([](int n) { return n / 8.0; });
  test::expect_round_trip(conn_, "floats_multirange", made);
  EXPECT_EQ(test::value<std::vector<multirange<double>>>(conn_, "SELECT $1::floats_multirange[]",
                                                         std::vector{made[7], made[8]}),
            (std::vector{made[7], made[8]}));
  EXPECT_EQ(test::value<range<double>>(conn_, "SELECT $1::span", range<double>{0.5, 2}), (range<double>{0.5, 2}));
  EXPECT_EQ(test::value<multirange<int>>(conn_, "SELECT '{[1,3)}'::apart"), (multirange<int>{{{1, 3}}}));
  EXPECT_EQ(test::value<multirange<std::string>>(conn_, R"(SELECT '{[sad,"so ""so"""]}'::moods_multirange)"),
            (multirange<std::string>{{{"sad", "so \"so\"", true, true}}}));
}

TEST_F(made_types, domains) {
  EXPECT_EQ(test::value<box>(conn_, "SELECT '(3,4),(1,2)'::area"), (box{{3, 4}, {1, 2}}));
  std::vector<box> const boxes{{{3, 4}, {1, 2}}, {{1, 1}, {0, 0}}};
  EXPECT_EQ(test::value<std::vector<box>>(conn_, "SELECT $1::areas", boxes), boxes);
  EXPECT_EQ(test::value<std::vector<box>>(conn_, "SELECT $1::area[]", boxes), boxes);
  EXPECT_EQ(test::value<int>(conn_, "SELECT 7::smaller"), 7);
  EXPECT_EQ(test::value<std::vector<int>>(conn_, "SELECT ARRAY[7, 8]::smaller[]"), (std::vector{7, 8}));
  EXPECT_THROW(conn_.query("SELECT $1::smaller", 100), integrity_error);
  EXPECT_EQ(conn_.query("SELECT '{\"(3,4),(1,2)\"}'::area[]")[0].at(0).get<array<std::optional<box>>>().elements()[0],
            (box{{3, 4}, {1, 2}}));
}

TEST_F(made_types, nested_rows) {
  using leaf = std::tuple<std::vector<point>, std::vector<box>, multirange<timestamp>, std::optional<int>>;
  using tags = std::map<std::string, std::optional<std::string>>;
  using branch = std::tuple<std::vector<leaf>, std::string, tags>;
  auto const got = conn_.query(
      "SELECT v, ARRAY[v], v::branch FROM (SELECT ROW(ARRAY[ROW(ARRAY['(1,2)'::point, '(3,4)'], "
      "ARRAY['(3,4),(1,2)'::box, '(1,1),(0,0)'],"
      " '{[2020-02-29 12:00,2020-03-01)}', 7)::leaf], 'A b', 'x=>1, \"y z\"=>NULL')::branch::twig) AS s(v)");
  leaf const inner{
      {{1, 2}, {3, 4}},
      {{{3, 4}, {1, 2}}, {{1, 1}, {0, 0}}},
      {{{*from_text<timestamp>::parse("2020-02-29 12:00:00"), *from_text<timestamp>::parse("2020-03-01 00:00:00")}}},
      7};
  branch const whole{{inner}, "A b", {{"x", "1"}, {"y z", std::nullopt}}};
  EXPECT_EQ(got[0].get<branch>(0), whole);
  EXPECT_EQ(got[0].get<std::vector<branch>>(1), std::vector{whole});
  EXPECT_EQ(got[0].get<branch>(2), whole);
}

TEST_F(made_types, hstore) {
  using map = std::map<std::string, std::optional<std::string>>;
  auto const word = [&] {
    static constexpr char const* pieces[] = {"a", "\"", "\\", " ", "=>", ",", "'", "ü", "NULL", "{", "\n", "0"};
    std::string made;
    for (std::size_t i = below(4); i > 0; --i) made += pieces[below(std::size(pieces))];
    return made;
  };
  auto const made = all<map>({{}}, [&] {
    map each;
    for (std::size_t i = below(5); i > 0; --i) each[word()] = below(4) == 0 ? std::nullopt : std::optional(word());
    return each;
  });
  test::expect_round_trip(conn_, "hstore", made);
  EXPECT_EQ(test::value<std::vector<map>>(conn_, "SELECT $1", made), made);
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT pg_typeof($1)::text", made[1]), "hstore");
  result const sent = conn_.query("SELECT encode(public.hstore_send(v), 'hex') FROM unnest($1::hstore[]) AS v", made);
  for (std::size_t i = 0; i < made.size(); ++i)
    ASSERT_EQ(*from_binary<map>::parse(test::bytes(sent[i].get<std::string_view>(0)), sent.columns()[0].type), made[i]);
  using strings = std::map<std::string, std::string>;
  EXPECT_EQ(test::value<strings>(conn_, "SELECT $1", strings{{"a", "1"}}), (strings{{"a", "1"}}));
  EXPECT_EQ(test::thrown<data_error>([&] { test::value<strings>(conn_, "SELECT 'a=>NULL'::hstore"); }).code(),
            types::errc::null_element);
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1 -> 'a'", strings{{"a", "1"}}), "1");
  auto const back = conn_.query("SELECT 'a=>1'::hstore")[0].at(0);
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT pg_typeof($1)::text", back), "hstore");
}

TEST_F(made_types, citext) {
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::citext", "It's"), "It's");
  EXPECT_TRUE(test::value<bool>(conn_, "SELECT 'ABC'::citext = $1", "abc"));
  EXPECT_EQ(test::value<std::vector<std::string>>(conn_, "SELECT $1::citext[]", std::vector<std::string>{"A b"}),
            std::vector<std::string>{"A b"});
  EXPECT_EQ(conn_.query("SELECT 'x'::citext")[0].at(0).get<std::string>(), "x");
}

TEST_F(made_types, sets_and_paths) {
  EXPECT_EQ(test::value<std::vector<int>>(conn_, "SELECT $1", std::set<int>{2, 1}), (std::vector{1, 2}));
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1 || '' ", std::filesystem::path("/a b")), "/a b");
  EXPECT_EQ(test::value<std::filesystem::path>(conn_, "SELECT $1::text", std::filesystem::path("/a b")),
            std::filesystem::path("/a b"));
  EXPECT_EQ(test::value<std::filesystem::path>(conn_, "SELECT 'x/y'::citext"), std::filesystem::path("x") / "y");
}

}  // namespace
}  // namespace tusk
