// Arrays, ranges, row values and enums to the server and back, 10,000 random values a type; and what the server writes
// of values that it made itself.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/round_trip.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace {

enum class color { red, green, blue };

struct item {
  int id;
  std::string name;
  std::optional<double> weight;
  friend bool operator==(item const&, item const&) = default;
};

struct parcel {
  std::optional<item> first;
  std::vector<item> items;
  std::vector<std::optional<std::string>> notes;
  std::optional<color> paint;
  tusk::range<int> days;
  friend bool operator==(parcel const&, parcel const&) = default;
};

}  // namespace

template <>
struct tusk::adapter<color> : tusk::enum_adapter<"color", "red", "it's, \"green\"", ""> {};
template <>
struct tusk::adapter<item> : tusk::composite<"item"> {};
template <>
struct tusk::adapter<parcel> : tusk::composite<"parcel"> {};

namespace tusk {
namespace {

constexpr std::size_t values = 10'000;

class container_round_trip : public testing::Test {
 protected:
  void SetUp() override {
    conn_.exec(
        "SET search_path TO pg_temp;"
        "CREATE TYPE color AS ENUM ('red', 'it''s, \"green\"', '');"
        "CREATE TYPE item AS (id int, name text, weight float8);"
        "CREATE TYPE parcel AS (first item, items item[], notes text[], paint color, days int4range);"
        "CREATE TYPE textrange AS RANGE (subtype = text, collation = \"C\");"
        "CREATE TYPE floatrange AS RANGE (subtype = float8)");
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

  // Much of what is special, and of any length.
  std::string text() {
    static constexpr char const* pieces[] = {
        "a", "b", "0",    " ",  ",", ";",  "\"", "\\", "{",    "}",    "(",  ")",  "[", "]",  "NULL", "'",  "\t",
        ":", "=", "\x01", "\n", "é", "日", "\v", "xx", "word", "null", "\f", "\r", "%", "$1", "--",   "/*", "\x7f"};
    std::string made;
    for (std::size_t i = below(9); i > 0; --i) made += pieces[below(std::size(pieces))];
    return made;
  }
  int number() { return static_cast<int>(static_cast<std::int32_t>(random_()) >> below(32)); }
  double real() { return static_cast<double>(number()) / 64; }
  item thing() { return {number(), text(), below(3) == 0 ? std::nullopt : std::optional<double>(real())}; }
  range<int> days() {  // as the server stores them
    if (below(8) == 0) return {.empty = true};
    int const lower = number() / 2;
    range<int> made{lower, lower + 1 + static_cast<int>(below(1'000'000))};
    if (below(4) == 0) made.lower.reset();
    if (below(4) == 0) made.upper.reset();
    return made;
  }
  template <class Make>
  auto some(Make make, std::size_t most = 6) {
    std::vector<decltype(make())> made;
    for (std::size_t i = below(most); i > 0; --i) made.push_back(make());
    return made;
  }
  template <class Make>
  auto all(Make make) {
    std::vector<decltype(make())> made;
    while (made.size() < values) made.push_back(make());
    return made;
  }
  template <class Make>
  auto optional(Make make) {
    return [this, make] { return below(4) == 0 ? std::nullopt : std::optional(make()); };
  }

  std::mt19937_64 random_{11};
  connection conn_ = test::open();
};

TEST_F(container_round_trip, arrays_of_integers) {
  auto const make = [this] { return number(); };
  test::expect_round_trip(conn_, "int[]", all([&] { return some(make, 30); }));
  test::expect_round_trip(conn_, "int[]", all([&] { return some(optional(make)); }));
  test::expect_round_trip(conn_, "int8[]", all([&] {
                            return some([this] { return static_cast<std::int64_t>(random_() >> below(64)); }, 9);
                          }));
  test::expect_round_trip(conn_, "bool[]", all([&] { return some([this] { return below(2) == 0; }); }));
}

TEST_F(container_round_trip, arrays_of_text) {
  test::expect_round_trip(conn_, "text[]", all([&] { return some([this] { return text(); }); }));
  test::expect_round_trip(conn_, "text[]", all([&] { return some(optional([this] { return text(); })); }));
}

TEST_F(container_round_trip, arrays_of_two_dimensions) {
  test::expect_round_trip(conn_, "text[]", all([&] {
                            std::size_t const width = 1 + below(3);
                            return some([&] {
                              std::vector<std::optional<std::string>> row;
                              while (row.size() < width) row.push_back(optional([this] { return text(); })());
                              return row;
                            });
                          }));
}

TEST_F(container_round_trip, arrays_with_bounds) {
  test::expect_round_trip(conn_, "int[]", all([&] {
                            std::vector<array_dimension> dimensions(below(7));
                            std::size_t count = dimensions.empty() ? 0 : 1;
                            for (auto& each : dimensions) {
                              each = {number(), 1 + below(2)};
                              if (each.lower > 2'000'000'000) each.lower = 1;
                              count *= each.size;
                            }
                            std::vector<int> elements(count);
                            for (int& each : elements) each = number();
                            return array<int>(dimensions, elements);
                          }));
}

TEST_F(container_round_trip, ranges) {
  test::expect_round_trip(conn_, "int4range", all([this] { return days(); }));
  test::expect_round_trip(conn_, "int4range[]", all([this] { return some([this] { return days(); }); }));
  test::expect_round_trip(conn_, "floatrange", all([this] {
                            double const lower = real();
                            return range<double>{lower, lower + 1, below(2) == 0, below(2) == 0};
                          }));
  test::expect_round_trip(conn_, "textrange", all([this] {
                            auto [lower, upper] = std::pair(text(), text());
                            if (upper < lower) std::swap(lower, upper);
                            return range<std::string>{lower, upper, true, true};
                          }));
}

TEST_F(container_round_trip, enums) {
  auto const make = [this] { return static_cast<color>(below(3)); };
  test::expect_round_trip(conn_, "color", all(make));
  test::expect_round_trip(conn_, "color[]", all([&] { return some(optional(make)); }));
}

TEST_F(container_round_trip, composites) {
  auto const make = [this] { return thing(); };
  test::expect_round_trip(conn_, "item", all(make));
  test::expect_round_trip(conn_, "item[]", all([&] { return some(optional(make)); }));
  test::expect_round_trip(conn_, "parcel", all([&] {
                            return parcel{optional(make)(), some(make, 3), some(optional([this] { return text(); })),
                                          optional([this] { return static_cast<color>(below(3)); })(), days()};
                          }));
}

// Byte for byte what the server writes: the same quotes, and no more.
TEST_F(container_round_trip, our_text_is_the_servers) {
  for (int i = 0; i < 2'000; ++i) {
    auto const notes = some(optional([this] { return text(); }));
    EXPECT_EQ(conn_.query("SELECT $1::text[]::text", notes)[0].get<std::string>(0), types::text_of(notes));
    item const each = thing();
    EXPECT_EQ(conn_.query("SELECT $1::item::text", each)[0].get<std::string>(0), types::text_of(each));
    auto [lower, upper] = std::pair(text(), text());
    if (upper < lower) std::swap(lower, upper);
    range<std::string> const words{lower, upper, true, true};
    EXPECT_EQ(conn_.query("SELECT $1::textrange::text", words)[0].get<std::string>(0), types::text_of(words));
  }
}

TEST_F(container_round_trip, what_the_server_makes_is_read) {
  result const got = conn_.query(
      "SELECT ARRAY[[1,2],[3,4]], '[0:1]={7,8}'::int[], ARRAY['(1,2),(0,0)'::box, '(4,4),(3,3)'], ROW(1, 'a b', NULL),"
      " ARRAY[ROW(1, 'x'), ROW(2, NULL)], '[1,4]'::int4range, '(,5)'::int8range, '{}'::text[], ARRAY[NULL]::int[],"
      " numrange(1, 2)");
  EXPECT_EQ(got[0].get<std::vector<std::vector<int>>>(0), (std::vector<std::vector<int>>{{1, 2}, {3, 4}}));
  EXPECT_EQ(got[0].get<array<int>>(1).at(0), 7);
  EXPECT_EQ(got[0].get<std::vector<std::string>>(2)[1], "(4,4),(3,3)");
  EXPECT_EQ((got[0].get<std::tuple<int, std::string, std::optional<int>>>(3)), std::tuple(1, "a b", std::nullopt));
  EXPECT_EQ((got[0].get<std::vector<std::pair<int, std::optional<std::string>>>>(4)[0].second), "x");
  EXPECT_EQ(got[0].get<range<int>>(5), (range<int>{1, 5}));
  EXPECT_EQ(got[0].get<range<std::int64_t>>(6), (range<std::int64_t>{.upper = 5}));
  EXPECT_TRUE(got[0].get<std::vector<std::string>>(7).empty());
  EXPECT_EQ(got[0].get<std::vector<std::optional<int>>>(8), std::vector<std::optional<int>>(1));
  EXPECT_THROW(got[0].get<std::vector<int>>(8), data_error);
  EXPECT_THROW(got[0].get<std::vector<int>>(0), data_error);
  EXPECT_THROW(got[0].get<std::vector<int>>(7), programming_error);
  EXPECT_EQ(got[0].get<range<std::string>>(9), (range<std::string>{"1", "2"}));
}

TEST_F(container_round_trip, the_server_knows_the_types_that_are_sent) {
  auto const type_of = [this](auto const& value) {
    return conn_.query("SELECT pg_typeof($1)::text", value)[0].template get<std::string>(0);
  };
  EXPECT_EQ(type_of(std::vector<int>{1}), "integer[]");
  EXPECT_EQ(type_of(std::vector<std::string>{"a"}), "text[]");
  EXPECT_EQ(type_of(range<std::int64_t>{1, 2}), "int8range");
  EXPECT_EQ(type_of(std::vector<range<int>>{{1, 2}}), "int4range[]");
  EXPECT_EQ(conn_.query("SELECT count(*)::int FROM unnest($1)", std::vector<std::string>{"a", "b"})[0].get<int>(0), 2);
  EXPECT_EQ(conn_.query("SELECT 'b' = ANY($1)", std::vector<std::string>{"a", "b"})[0].get<bool>(0), true);
  std::vector<std::string> const labels{"red", ""};
  EXPECT_EQ(conn_.query("SELECT $1::color[]", labels)[0].get<std::vector<color>>(0)[1], color::blue);
}

TEST_F(container_round_trip, what_the_server_refuses_is_its_error) {
  EXPECT_THROW(conn_.query("SELECT $1::int4range", range<int>{5, 1}), data_error);
  EXPECT_EQ(conn_.query("SELECT 1")[0].get<int>(0), 1);
}

}  // namespace
}  // namespace tusk
