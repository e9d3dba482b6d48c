// The geometric types: their text both ways, what is refused and where, arrays of them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

#include "support/array_text.hpp"
#include "support/text_format.hpp"

namespace tusk {
namespace {

using namespace geometry;

using namespace std::string_view_literals;
using test::expect_failures;
using test::expect_values;
using types::errc;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
void expect_type(oid type) {
  EXPECT_EQ(test::read_types<T>(), type_name(type));
  EXPECT_EQ(adapter<T>::oid, type);
  EXPECT_EQ(types::argument_type_of<std::vector<T>>().oid, array_of(type));
}

TEST(geometry, each_is_sent_and_read_as_the_type_of_its_name) {
  expect_type<point>(oids::point);
  expect_type<line>(oids::line);
  expect_type<lseg>(oids::lseg);
  expect_type<box>(oids::box);
  expect_type<path>(oids::path);
  expect_type<polygon>(oids::polygon);
  expect_type<circle>(oids::circle);
}

TEST(geometry, is_numbers_between_punctuation) {
  expect_values<point>({
      {"(0,0)", {}},
      {"(1.5,-2)", {1.5, -2}},
      {"(Infinity,-Infinity)", {infinity, -infinity}},
      {"(1e+300,5e-324)", {1e300, std::numeric_limits<double>::denorm_min()}},
      {"(1.7976931348623157e+308,0.1)", {std::numeric_limits<double>::max(), 0.1}},
  });
  expect_values<line>({{"{1,-1,0.5}", {1, -1, 0.5}}});
  expect_values<lseg>({{"[(1,2),(3,4)]", {{1, 2}, {3, 4}}}});
  expect_values<box>({{"(3,4),(1,2)", {{3, 4}, {1, 2}}}});
  expect_values<path>({
      {"[(1,2)]", {{{1, 2}}, false}},
      {"[(1,2),(3,4),(5,6)]", {{{1, 2}, {3, 4}, {5, 6}}, false}},
      {"((1,2),(3,4))", {{{1, 2}, {3, 4}}, true}},
  });
  expect_values<polygon>({{"((1,2))", {{{1, 2}}}}, {"((1,2),(3,4))", {{{1, 2}, {3, 4}}}}});
  expect_values<circle>({{"<(1,2),3>", {{1, 2}, 3}}, {"<(0,0),0>", {}}});
}

TEST(geometry, keeps_what_no_number_equals) {
  auto const odd = test::parse<point>("(NaN,-0)");
  ASSERT_TRUE(odd);
  EXPECT_TRUE(std::isnan(odd->x) && std::signbit(odd->y));
  EXPECT_EQ(types::text_of(*odd), "(NaN,-0)");
}

TEST(geometry, malformed_points) {
  expect_failures<point>({
      {"", errc::malformed_geometry, 0},
      {"1,2", errc::malformed_geometry, 0},  // forms that the server reads and does not write
      {"(1,2", errc::malformed_geometry, 4},
      {"(1", errc::malformed_geometry, 2},
      {"(1)", errc::malformed_geometry, 2},
      {"(1,2,3)", errc::malformed_geometry, 4},
      {"(1,2)x", errc::malformed_geometry, 5},
      {"((1,2))", errc::malformed_float, 1},
      {"( 1,2)", errc::malformed_float, 1},
      {"(1 ,2)", errc::malformed_float, 2},
      {"(1, 2)", errc::malformed_float, 3},
      {"(,2)", errc::malformed_float, 1},
      {"(1,)", errc::malformed_float, 3},
      {"(1,2x)", errc::malformed_float, 4},
      {"(1,nan)", errc::malformed_float, 3},
      {"(1e999,2)", errc::out_of_range, 1},
      {"(1,2\0)"sv, errc::malformed_float, 4},
  });
}

TEST(geometry, malformed_shapes) {
  expect_failures<line>({{"{1,2}", errc::malformed_geometry, 4},
                         {"{1,2,3", errc::malformed_geometry, 6},
                         {"{1,2,3,4}", errc::malformed_geometry, 6},
                         {"[(1,2),(3,4)]", errc::malformed_geometry, 0},
                         {"{1,2,}", errc::malformed_float, 5}});
  expect_failures<lseg>({{"[(1,2)]", errc::malformed_geometry, 6},
                         {"[(1,2),(3,4)", errc::malformed_geometry, 12},
                         {"[(1,2),(3,4),(5,6)]", errc::malformed_geometry, 12},
                         {"((1,2),(3,4))", errc::malformed_geometry, 0},
                         {"[(1,2),(3,x)]", errc::malformed_float, 10}});
  expect_failures<box>({{"(1,2)", errc::malformed_geometry, 5},
                        {"(1,2),", errc::malformed_geometry, 6},
                        {"(1,2),(3,4),", errc::malformed_geometry, 11},
                        {"(1,2);(3,4)", errc::malformed_geometry, 5},
                        {"((1,2),(3,4))", errc::malformed_float, 1}});
  expect_failures<path>({{"", errc::malformed_geometry, 0},
                         {"[]", errc::malformed_geometry, 1},
                         {"()", errc::malformed_geometry, 1},
                         {"[(1,2))", errc::malformed_geometry, 6},
                         {"((1,2)]", errc::malformed_geometry, 6},
                         {"[(1,2),]", errc::malformed_geometry, 7},
                         {"[(1,2)(3,4)]", errc::malformed_geometry, 6},
                         {"(1,2)", errc::malformed_geometry, 1},
                         {"[(1,2)]]", errc::malformed_geometry, 7},
                         {"[(1,2),(3,y)]", errc::malformed_float, 10}});
  expect_failures<polygon>({{"[(1,2)]", errc::malformed_geometry, 0},
                            {"()", errc::malformed_geometry, 1},
                            {"((1,2)", errc::malformed_geometry, 6},
                            {"((1,2),)", errc::malformed_geometry, 7}});
  expect_failures<circle>({{"<(1,2)>", errc::malformed_geometry, 6},
                           {"<(1,2),3", errc::malformed_geometry, 8},
                           {"((1,2),3)", errc::malformed_geometry, 0},
                           {"<1,2,3>", errc::malformed_geometry, 1},
                           {"<(1,2),>", errc::malformed_float, 7}});
}

TEST(geometry, in_arrays_is_quoted_where_it_has_to_be) {
  test::expect_text(std::vector<point>{{1, 2}, {3, 4}}, R"x({"(1,2)","(3,4)"})x");
  test::expect_text(std::vector<line>{{1, 2, 3}}, R"({"{1,2,3}"})");
  test::expect_text(std::vector<circle>{{{1, 2}, 3}}, R"({"<(1,2),3>"})");
  test::expect_text(std::vector<box>{{{3, 4}, {1, 2}}, {{1, 1}, {0, 0}}}, "{(3,4),(1,2);(1,1),(0,0)}");
}

TEST(geometry, is_printed_as_it_is_sent) {
  std::ostringstream out;
  out << point{1, 2} << line{1, 2, 3} << lseg{} << box{} << path{{{1, 2}}} << polygon{{{1, 2}}} << circle{};
  EXPECT_EQ(out.str(), "(1,2){1,2,3}[(0,0),(0,0)](0,0),(0,0)[(1,2)]((1,2))<(0,0),0>");
}

TEST(geometry, differs_where_a_number_does) {
  EXPECT_NE((point{1, 2}), (point{1, 3}));
  EXPECT_NE((path{{{1, 2}}, true}), (path{{{1, 2}}, false}));
  EXPECT_NE((box{{3, 4}, {1, 2}}), (box{{1, 2}, {3, 4}}));
  EXPECT_NE((circle{{1, 2}, 3}), (circle{{1, 2}, 4}));
}

TEST(geometry, random_values) {
  std::mt19937_64 random(1);
  auto const number = [&] {
    return static_cast<double>(static_cast<std::int64_t>(random())) / static_cast<double>(1 + random() % 9999);
  };
  for (int i = 0; i < 1'000; ++i) {
    path value{{}, random() % 2 == 0};
    for (auto n = 1 + random() % 5; n != 0; --n) value.points.push_back({number(), number()});
    ASSERT_EQ(*test::parse<path>(*types::text_of(value)), value);
    circle const round{value.points[0], number()};
    ASSERT_EQ(*test::parse<circle>(*types::text_of(round)), round);
    if (i % 100 == 0) test::expect_each_prefix_read_or_refused<path>(*types::text_of(value));
  }
}

}  // namespace
}  // namespace tusk
