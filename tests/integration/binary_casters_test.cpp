// Typecasters that take the binary form: their columns come in it where that is asked for beforehand, and what they
// give is the same either way. Those that do not say so get text, as ever.
#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>
#include <tusk/protocol/wire.hpp>
#include <tusk/tusk.hpp>

#include "support/formats.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

struct spot {
  double x, y;
  friend bool operator==(spot const&, spot const&) = default;
};

class binary_casters : public testing::TestWithParam<format> {
 protected:
  typecaster made() {
    return new_type<spot>({oids::point}, "SPOT", [this](std::optional<std::string_view> field, cast_context const& in) {
      (in.is_binary ? binary_ : text_) += 1;
      if (!field) return std::optional<spot>();
      spot read{};
      if (in.is_binary) {
        auto const number = [&](std::size_t at) {
          return std::bit_cast<double>(protocol::load_big_endian<std::uint64_t>(field->data() + at));
        };
        read = {number(0), number(8)};
      } else if (std::sscanf(std::string(*field).c_str(), "(%lf,%lf)", &read.x, &read.y) != 2) {
        throw data_error("not a point");
      }
      return std::optional(read);
    });
  }
  void expect_the_same_values() {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(conn_.query_value<spot>("SELECT '(0.5,-1)'::point"), (spot{0.5, -1}));
      EXPECT_EQ(conn_.query_value<std::optional<spot>>("SELECT NULL::point"), std::nullopt);
      EXPECT_EQ((conn_.query_one<int, spot>("SELECT 7, '(1,2)'::point")), std::tuple(7, spot{1, 2}));
    }
  }

  connection conn_ = connect_with(GetParam());
  int text_ = 0, binary_ = 0;
};

INSTANTIATE_TEST_SUITE_P(each, binary_casters, testing::Values(format::automatic, format::text, format::binary));

TEST_P(binary_casters, are_given_the_form_that_they_take) {
  EXPECT_TRUE(made().with_binary().takes_binary());
  register_type(made().with_binary(), conn_);
  expect_the_same_values();
  bool const text_alone = GetParam() == format::text;
  EXPECT_EQ(text_, text_alone ? 9 : 3) << "before a statement's second run its columns are not known";
  EXPECT_EQ(binary_, text_alone ? 0 : 6);
}

TEST_P(binary_casters, that_do_not_say_so_are_given_text) {
  EXPECT_FALSE(made().takes_binary());
  register_type(made(), conn_);
  expect_the_same_values();
  EXPECT_EQ(text_, 9);
  EXPECT_EQ(binary_, 0);
}

// The built-in parser would be asked for these, and has them only as what the session asks for by itself.
TEST_P(binary_casters, that_do_not_give_what_is_asked_for_leave_it_text) {
  register_type(made().with_binary(), conn_);
  for (int i = 0; i < 2; ++i) {
    auto const got = conn_.query_rows<geometry::point, std::string>("SELECT '(0.5,-1)'::point, '(1,2)'::point");
    EXPECT_FALSE(got.columns()[0].is_binary);
    EXPECT_EQ(*got.begin(), std::tuple(geometry::point{0.5, -1}, "(1,2)"));
  }
  EXPECT_EQ(text_ + binary_, 0);
}

TEST_P(binary_casters, read_the_rows_of_a_binary_cursor) {
  register_type(made().with_binary(), conn_);
  conn_.exec("DECLARE c BINARY CURSOR FOR SELECT '(0.5,-1)'::point, NULL::point");
  result const got = conn_.exec("FETCH ALL FROM c")[0];
  EXPECT_EQ(got[0].get<spot>(0), (spot{0.5, -1}));
  EXPECT_EQ(got[0].at(0).get<spot>(), (spot{0.5, -1}));
  EXPECT_TRUE(got[0].at(1).is_null());
  EXPECT_EQ(got[0].get<geometry::point>(0), (geometry::point{0.5, -1})) << "the built-in parser";
  EXPECT_EQ(text_, 0);
  register_type(made(), conn_);
  conn_.exec("DECLARE d BINARY CURSOR FOR SELECT '(0.5,-1)'::point");
  result const refused = conn_.exec("FETCH ALL FROM d")[0];
  EXPECT_CONTAINS("with_binary()", thrown<not_supported_error>([&] { (void)refused[0].get<spot>(0); }).what());
  EXPECT_CONTAINS("with_binary()", thrown<not_supported_error>([&] { (void)refused[0].at(0); }).what());
}

// Elements go to their typecaster as text; the array comes so.
TEST_P(binary_casters, of_arrays_are_given_text) {
  register_type(new_array_type<spot>({oids::point_array}, "SPOTS", made().with_binary()), conn_);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(conn_.query_value<std::vector<spot>>("SELECT ARRAY['(1,2)'::point]"), (std::vector{spot{1, 2}}));
  EXPECT_EQ(text_, 2);
  EXPECT_EQ(binary_, 0);
}

}  // namespace
}  // namespace tusk::test
