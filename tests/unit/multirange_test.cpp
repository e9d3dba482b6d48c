// Multiranges both ways: any number of ranges, quoting of their bounds, what is refused and where.
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <vector>

#include "support/array_text.hpp"

namespace tusk {
namespace {

using test::expect_failure;
using test::expect_text;
using types::errc;
using types::text_of;

template <class T>
inline constexpr oid sent_as = types::argument_type_of<multirange<T>>().oid;
static_assert(sent_as<int> == oids::int4multirange && sent_as<std::int64_t> == oids::int8multirange);
static_assert(sent_as<short> == oids::int4multirange && sent_as<numeric> == oids::nummultirange);
static_assert(sent_as<date> == oids::datemultirange && sent_as<timestamp> == oids::tsmultirange);
static_assert(sent_as<timestamptz> == oids::tstzmultirange && sent_as<double> == 0 && sent_as<std::string> == 0);
static_assert(types::subtype_of_multirange(oids::int4range) == 0 && types::subtype_of_multirange(0) == 0);
static_assert(!readable<multirange<std::string_view>>);

TEST(multirange, is_sent_and_read_as_the_type_of_its_bounds) {
  EXPECT_EQ(types::argument_type_of<std::vector<multirange<int>>>().oid, oids::int4multirange_array);
  EXPECT_TRUE(from_text<multirange<int>>::reads(oids::int4multirange));
  EXPECT_TRUE(from_text<multirange<int>>::reads(oids::int8multirange));
  EXPECT_TRUE(from_text<multirange<double>>::reads(100'000));
  EXPECT_TRUE(from_text<std::vector<multirange<int>>>::reads(oids::int4multirange_array));
  for (oid const type : {oids::int4, oids::tsmultirange, oids::int4range, oid{0}})
    EXPECT_FALSE(from_text<multirange<int>>::reads(type)) << type;
}

TEST(multirange, is_any_number_of_ranges) {
  using integers = multirange<int>;
  expect_text(integers{}, "{}");
  expect_text(integers{{{1, 5}}}, "{[1,5)}");
  expect_text(integers{{{1, 5}, {7, 9, false, true}, {.lower = 11}}}, "{[1,5),(7,9],[11,)}");
  expect_text(integers{{{}}}, "{(,)}");
  EXPECT_EQ(text_of(integers{{{.empty = true}, {1, 5}, {.empty = true}}}), "{[1,5)}");
  EXPECT_EQ(text_of(integers{{{.empty = true}}}), "{}");
  EXPECT_NE((integers{{{1, 5}}}), (integers{{{1, 5}, {7, 9}}}));
  std::ostringstream out;
  out << integers{{{1, 5}}};
  EXPECT_EQ(out.str(), "{[1,5)}");
}

TEST(multirange, quotes_bounds_that_would_be_misread) {
  expect_text(multirange<std::string>{{{"a b", "{c}"}, {"}", "\\\""}}}, R"({["a b",{c}),[},"\\""")})");
  expect_text(multirange<timestamp>{{{*test::parse_exactly<timestamp>("2020-02-29 12:00:00"), {}}}},
              R"({["2020-02-29 12:00:00",)})");
  expect_text(std::vector<multirange<int>>{{{{1, 5}, {7, 9}}}, {}}, R"({"{[1,5),[7,9)}","{}"})");
}

TEST(multirange, is_refused_where_it_is_malformed) {
  struct row {
    std::string_view text;
    errc why;
    std::size_t position;
  };
  constexpr row rows[] = {
      {"", errc::malformed_multirange, 0},
      {"[1,5)", errc::malformed_multirange, 0},
      {"{", errc::malformed_multirange, 1},
      {"{[1,5)", errc::malformed_multirange, 6},
      {"{[1,5),", errc::malformed_multirange, 7},
      {"{[1,5),}", errc::malformed_multirange, 7},
      {"{,}", errc::malformed_multirange, 1},
      {"{empty}", errc::malformed_multirange, 1},
      {"{ [1,5)}", errc::malformed_multirange, 1},
      {"{[1,5)} ", errc::malformed_multirange, 7},
      {"{[1,5)}}", errc::malformed_multirange, 7},
      {"{[1,5), [7,9)}", errc::malformed_multirange, 7},
      {"{[1,5)[7,9)}", errc::malformed_multirange, 6},
      {"{{[1,5)}}", errc::malformed_multirange, 1},
      {"{\"[1,5)\"}", errc::malformed_multirange, 1},
      {"{}}", errc::malformed_multirange, 2},
      {"{[1,5}", errc::malformed_range, 6},
      {"{[1)}", errc::malformed_range, 3},
      {"{[1,x)}", errc::malformed_integer, 4},
      {"{[1,5),[7,99999999999)}", errc::out_of_range, 10},
  };
  for (row const& r : rows) expect_failure<multirange<int>>(r.text, r.why, r.position);
}

}  // namespace
}  // namespace tusk
