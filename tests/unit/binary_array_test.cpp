// The binary form of arrays: shapes, elements of every kind, headers that lie.
#include <gtest/gtest.h>

#include <random>
#include <tusk/types/error.hpp>

#include "support/binary_form.hpp"

namespace tusk {
namespace {

using test::binary_of;
using test::binary_outcome;
using test::bytes;
using test::expect_no_other_size;
using test::failure;
using test::parse_binary;
using types::errc;

std::string malformed(std::size_t at) { return failure(errc::malformed_binary, at); }

constexpr std::string_view one_two =
    "00000001 00000000 00000017 00000002 00000001"
    "00000004 00000001 00000004 00000002";
constexpr std::string_view with_null =
    "00000001 00000001 00000017 00000002 00000001"
    "00000004 00000001 ffffffff";
constexpr std::string_view table =
    "00000002 00000000 00000017 00000002 00000001 00000003 00000001"
    "00000004 00000001 00000004 00000002 00000004 00000003"
    "00000004 00000004 00000004 00000005 00000004 00000006";
constexpr std::string_view bounds =
    "00000001 00000000 00000017 00000002 fffffffe"
    "00000004 00000001 00000004 00000002";
constexpr std::string_view empty = "00000000 00000000 00000017";

TEST(binary_array, vectors) {
  using ints = std::vector<int>;
  using table_of_ints = std::vector<std::vector<int>>;
  EXPECT_EQ(binary_outcome<ints>(oids::int4_array, one_two), "value {1,2}");
  EXPECT_EQ(binary_outcome<std::vector<std::int64_t>>(oids::int4_array, one_two), "value {1,2}");
  EXPECT_EQ(binary_outcome<std::vector<double>>(oids::int4_array, one_two), "value {1,2}");
  EXPECT_EQ(binary_outcome<ints>(oids::int4_array, empty), "value {}");
  EXPECT_EQ(binary_outcome<ints>(oids::int4_array, bounds), "value {1,2}");
  EXPECT_EQ(binary_outcome<ints>(oids::int4_array, with_null), failure(errc::null_element, 28));
  EXPECT_EQ(binary_outcome<std::vector<std::optional<int>>>(oids::int4_array, with_null), "value {1,NULL}");
  EXPECT_EQ(binary_outcome<table_of_ints>(oids::int4_array, table), "value {{1,2,3},{4,5,6}}");
  EXPECT_EQ(binary_outcome<table_of_ints>(oids::int4_array, empty), "value {}");
  EXPECT_EQ(binary_outcome<table_of_ints>(oids::int4_array, one_two), failure(errc::wrong_dimensions, 0));
  EXPECT_EQ(binary_outcome<ints>(oids::int4_array, table), failure(errc::wrong_dimensions, 0));
  expect_no_other_size<ints>(oids::int4_array, one_two);
  expect_no_other_size<std::vector<std::optional<int>>>(oids::int4_array, with_null);
  expect_no_other_size<table_of_ints>(oids::int4_array, table);
  expect_no_other_size<ints>(oids::int4_array, empty);
}

TEST(binary_array, other_elements) {
  EXPECT_EQ(binary_outcome<std::vector<bool>>(oids::bool_array,
                                              "00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00"),
            "value {t,f}");
  EXPECT_EQ(binary_outcome<std::vector<std::string>>(
                oids::text_array, "00000001 00000000 00000019 00000002 00000001 00000003 'a,b' 00000000"),
            R"(value {"a,b",""})");
  EXPECT_EQ(binary_outcome<std::vector<range<int>>>(
                oids::int4range_array, "00000001 00000000 00000f40 00000001 00000001 00000009 12 00000004 00000001"),
            R"x(value {"[1,)"})x");
  EXPECT_EQ(binary_outcome<std::vector<std::byte>>(oids::bytea, "00ff"), R"(value \x00ff)");
  EXPECT_EQ((binary_outcome<std::vector<std::vector<std::byte>>>(
                oids::bytea_array, "00000001 00000000 00000011 00000001 00000001 00000002 00ff")),
            R"(value {"\\x00ff"})");
}

TEST(binary_array, arrays_of_a_known_size) {
  using two = std::array<int, 2>;
  EXPECT_EQ(binary_outcome<two>(oids::int4_array, one_two), "value {1,2}");
  EXPECT_EQ(binary_outcome<two>(oids::int4_array, empty), failure(errc::wrong_dimensions, 0));
  EXPECT_EQ((binary_outcome<std::array<int, 3>>(oids::int4_array, one_two)), failure(errc::wrong_dimensions, 0));
}

TEST(binary_array, bounds_are_kept) {
  EXPECT_EQ(binary_outcome<array<int>>(oids::int4_array, bounds), "value [-2:-1]={1,2}");
  EXPECT_EQ(binary_outcome<array<int>>(oids::int4_array, table), "value {{1,2,3},{4,5,6}}");
  EXPECT_EQ(binary_outcome<array<std::optional<int>>>(oids::int4_array, with_null), "value {1,NULL}");
  EXPECT_EQ(binary_outcome<array<int>>(oids::int4_array, empty), "value {}");
}

TEST(binary_array, written_as_the_server_does) {
  auto const form = [](std::string_view readable) { return test::readable(bytes(readable)); };
  EXPECT_EQ(binary_of(std::vector{1, 2}), form(one_two));
  EXPECT_EQ(binary_of(std::vector<std::optional<int>>{1, std::nullopt}), form(with_null));
  EXPECT_EQ(binary_of(std::vector<std::vector<int>>{{1, 2, 3}, {4, 5, 6}}), form(table));
  EXPECT_EQ(binary_of(*parse_binary<array<int>>(oids::int4_array, bounds)), form(bounds));
  EXPECT_EQ(binary_of(std::vector<int>()), form(empty));
  EXPECT_EQ(binary_of(std::vector<std::vector<int>>{{}, {}}), form(empty));
  EXPECT_THROW(binary_of(std::vector<std::vector<int>>{{1}, {2, 3}}), data_error);
  static_assert(types::prefers_binary<std::vector<int>> && types::prefers_binary<array<double>> &&
                types::prefers_binary<std::vector<std::optional<uuid>>>);
  static_assert(!types::prefers_binary<std::vector<bool>> && binary_adaptable<std::vector<bool>>);
  static_assert(!binary_adaptable<std::vector<std::string>> && !binary_adaptable<std::vector<std::uint64_t>>);
}

TEST(binary_array, headers_that_lie) {
  struct row {
    std::string_view name;
    std::string_view form;
    std::string expected;
  };
  row const rows[] = {
      {"2^31 - 1 elements in 20 bytes", "00000001 00000000 00000017 7fffffff 00000001", malformed(12)},
      {"2^31 elements", "00000001 00000000 00000017 80000000 00000001", malformed(12)},
      {"more elements than bytes", "00000001 00000000 00000017 00000002 00000001 00000004 00000001", malformed(28)},
      {"one more than there is room for", "00000001 00000000 00000017 00000003 00000001 00000004 00000001",
       malformed(12)},
      {"a product that wraps around",
       "00000004 00000000 00000017 00010000 00000001 00010000 00000001 00010000 00000001 00010000 00000001",
       malformed(12)},
      {"fewer elements than bytes", "00000001 00000000 00000017 00000001 00000001 00000004 00000001 00000000",
       malformed(28)},
      {"dimensions below 0", "ffffffff 00000000 00000017", malformed(0)},
      {"seven dimensions", "00000007 00000000 00000017", failure(errc::too_deep, 0)},
      {"a dimension without elements", "00000001 00000000 00000017 00000000 00000001", malformed(12)},
      {"unknown flags", "00000000 00000002 00000017", malformed(4)},
      {"elements of another type", "00000001 00000000 00000014 00000001 00000001 00000004 00000001",
       failure(errc::wrong_type, 8)},
      {"bounds beyond 32 bits", "00000001 00000000 00000017 00000001 7fffffff 00000004 00000001",
       failure(errc::out_of_range, 16)},
      {"a length below -1", "00000001 00000000 00000017 00000001 00000001 fffffffe", malformed(20)},
      {"a length beyond the end", "00000001 00000000 00000017 00000001 00000001 7fffffff 00000001", malformed(24)},
      {"an element that is too long", "00000001 00000000 00000017 00000001 00000001 00000005 0000000100",
       malformed(28)},
      {"an element that is too short", "00000001 00000000 00000017 00000001 00000001 00000003 000001", malformed(24)},
      {"lengths that make up for each other",
       "00000001 00000000 00000017 00000002 00000001 00000003 000001 00000005 0000000100", malformed(24)},
  };
  for (row const& r : rows) {
    EXPECT_EQ(binary_outcome<std::vector<int>>(oids::int4_array, r.form), r.expected) << r.name;
    EXPECT_EQ(binary_outcome<array<std::optional<int>>>(oids::int4_array, r.form), r.expected) << r.name;
  }
  EXPECT_EQ(binary_outcome<std::vector<std::int16_t>>(oids::int4_array,
                                                      "00000001 00000000 00000017 00000001 00000001"
                                                      "00000004 00010000"),
            failure(errc::out_of_range, 24));
}

TEST(binary_array, random_ones_come_back) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2'000; ++i) {
    std::vector<std::optional<std::int64_t>> made(random() % 6);
    for (auto& each : made) {
      if (random() % 4 != 0) each = static_cast<std::int64_t>(random());
    }
    auto const read = from_binary<decltype(made)>::parse(test::binary_bytes_of(made), oids::int8_array);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, made);
  }
}

}  // namespace
}  // namespace tusk
