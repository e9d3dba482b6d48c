// The OIDs of built-in types and their names.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/types/oid.hpp>

namespace tusk {
namespace {

// Known from the documentation of the protocol's users, not from the table under test.
static_assert(oids::bool_ == 16 && oids::bytea == 17 && oids::char_ == 18 && oids::int8 == 20 && oids::int2 == 21);
static_assert(oids::int4 == 23 && oids::text == 25 && oids::oid == 26 && oids::json == 114 && oids::point == 600);
static_assert(oids::float4 == 700 && oids::float8 == 701 && oids::unknown == 705 && oids::bpchar == 1042);
static_assert(oids::varchar == 1043 && oids::date == 1082 && oids::timestamp == 1114 && oids::timestamptz == 1184);
static_assert(oids::numeric == 1700 && oids::uuid == 2950 && oids::jsonb == 3802 && oids::record == 2249);
static_assert(oids::int4_array == 1007 && oids::text_array == 1009 && oids::void_ == 2278 && oids::int4range == 3904);

struct row {
  oid type;
  std::string_view name;
};

TEST(oid, has_a_name_if_it_is_built_in) {
  constexpr row rows[] = {
      {oids::bool_, "bool"},
      {oids::int4, "int4"},
      {oids::int4_array, "int4[]"},
      {oids::char_, "\"char\""},
      {oids::char_array, "\"char\"[]"},
      {oids::int8multirange_array, "int8multirange[]"},
      {oids::void_, "void"},
      {0, ""},
      {1, ""},
      {15, ""},
      {6158, ""},
      {16384, ""},
      {0xffff'ffff, ""},
  };
  for (row const& r : rows) EXPECT_EQ(type_name(r.type), r.name) << r.type;
}

TEST(oid, names_are_found_for_every_entry_of_the_table) {
  int named = 0;
  for (oid type = 0; type < 20'000; ++type) named += !type_name(type).empty();
  EXPECT_EQ(named, 189);
}

TEST(oid, an_array_type_and_its_elements_know_each_other) {
  EXPECT_EQ(array_of(oids::int4), oids::int4_array);
  EXPECT_EQ(element_of(oids::text_array), oids::text);
  EXPECT_EQ(array_of(oids::int4_array), 0u);
  EXPECT_EQ(element_of(oids::int4), 0u);
  int arrays = 0;
  for (oid type = 0; type < 20'000; ++type) {
    oid const array = array_of(type);
    if (array == 0) continue;
    ++arrays;
    EXPECT_EQ(type_of_name(type_name(array)), array);
    EXPECT_EQ(element_of(array), type);
    EXPECT_EQ(type_name(array), std::string(type_name(type)) + "[]");
  }
  EXPECT_EQ(arrays, 78);
}

}  // namespace
}  // namespace tusk
