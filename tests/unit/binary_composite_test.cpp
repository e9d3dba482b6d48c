// The binary form of ranges, row values and enums, how they nest, and which types are read from which.
#include <gtest/gtest.h>

#include <bitset>
#include <chrono>
#include <set>
#include <tusk/types/read_any.hpp>

#include "support/binary_form.hpp"

namespace tusk {
namespace {

enum class color { red, green };

struct item {
  int id = 0;
  std::string name;
  std::optional<double> weight;
};

struct order {
  int number = 0;
  std::vector<item> items;
};

// No type of a server is so, but a struct may be.
struct tree {
  int value = 0;
  std::vector<tree> children;
};

// Read from text alone.
struct plain {
  int value = 0;
};

struct holder {
  plain held;
};

}  // namespace

template <>
struct adapter<color> : enum_adapter<"color", "red", "green"> {};
template <>
struct adapter<item> : composite<"item"> {};
template <>
struct adapter<order> : composite<"orders"> {};
template <>
struct adapter<tree> : composite<"tree"> {};
template <>
struct adapter<holder> : composite<"holder"> {};
template <>
struct adapter<plain> {
  [[maybe_unused]] static constexpr tusk::oid oid = oids::int4;
  static void text(plain const& value, text_writer& out) { out << value.value; }
};
template <>
struct from_text<plain> {
  static constexpr bool reads(oid type) { return type == oids::int4; }
  static protocol::expected<plain> parse(std::string_view) { return plain{}; }
};

namespace {

using test::binary_outcome;
using test::bytes;
using test::expect_no_other_size;
using test::failure;
using test::parse_binary;
using types::errc;

constexpr oid made = 16'384;  // the OID of a type that was made in its database
constexpr std::string_view made_form = "00004000";

std::string malformed(std::size_t at) { return failure(errc::malformed_binary, at); }

// ---- ranges ---------------------------------------------------------------------------------------------------------

TEST(binary_range, bounds_and_flags) {
  struct row {
    std::string_view form;
    std::string expected;
  };
  row const rows[] = {
      {"01", "value empty"},
      {"02 00000004 00000001 00000004 00000005", "value [1,5)"},
      {"06 00000004 00000001 00000004 00000005", "value [1,5]"},
      {"00 00000004 00000001 00000004 00000005", "value (1,5)"},
      {"12 00000004 00000001", "value [1,)"},
      {"0c 00000004 00000005", "value (,5]"},
      {"18", "value (,)"},
      {"", malformed(0)},
      {"03", malformed(0)},
      {"09", malformed(0)},
      {"11", malformed(0)},
      {"0a 00000004 00000001", malformed(0)},
      {"14 00000004 00000001", malformed(0)},
      {"20 00000004 00000001 00000004 00000005", malformed(0)},
      {"80", malformed(0)},
      {"01 00", malformed(1)},
      {"18 00", malformed(1)},
      {"12 ffffffff", malformed(1)},
      {"02 00000004 00000001", malformed(9)},
      {"12 00000003 000001", malformed(5)},
      {"12 00000005 0000000100", malformed(9)},
      {"12 7fffffff 00", malformed(5)},
      {"12 fffffffe 00", malformed(1)},
  };
  for (row const& r : rows) EXPECT_EQ(binary_outcome<range<int>>(oids::int4range, r.form), r.expected) << r.form;
  expect_no_other_size<range<int>>(oids::int4range, "02 00000004 00000001 00000004 00000005");
  EXPECT_EQ(binary_outcome<range<int>>(oids::int8range, "12 00000008 0000000000000001"), "value [1,)");
  EXPECT_EQ(binary_outcome<range<std::int16_t>>(oids::int4range, "12 00000004 00010000"),
            failure(errc::out_of_range, 5));
}

TEST(binary_range, of_types_that_were_made_in_the_database) {
  EXPECT_EQ(binary_outcome<range<double>>(made, "12 00000008 3ff0000000000000"), "value [1,)");
  EXPECT_EQ(binary_outcome<range<double>>(made, "12 00000004 3f800000"), malformed(5));
  EXPECT_TRUE(from_binary<range<color>>::reads(made));
  EXPECT_FALSE(from_binary<range<std::string>>::reads(made));
}

// ---- row values and enums -------------------------------------------------------------------------------------------

constexpr std::string_view an_item =
    "00000003 00000017 00000004 00000007 00000019 00000003 'abc' 000002bd 00000008 3ff8000000000000";

TEST(binary_record, tuples_pairs_and_aggregates) {
  using fields = std::tuple<int, std::string, std::optional<double>>;
  auto const read = parse_binary<fields>(oids::record, an_item);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, fields(7, "abc", 1.5));
  auto const value = parse_binary<item>(made, an_item);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->id, 7);
  EXPECT_EQ(value->name, "abc");
  EXPECT_EQ(value->weight, 1.5);
  auto const pair = parse_binary<std::pair<int, std::optional<int>>>(
      oids::record, "00000002 00000017 00000004 00000007 00000017 ffffffff");
  ASSERT_TRUE(pair);
  EXPECT_EQ(*pair, std::pair(7, std::optional<int>()));
  expect_no_other_size<item>(made, an_item);
}

TEST(binary_record, what_is_refused) {
  struct row {
    std::string_view name;
    std::string_view form;
    errc code;
    std::size_t position;
  };
  row const rows[] = {
      {"one field", "00000001 00000017 00000004 00000007", errc::wrong_count, 0},
      {"too many fields", "7fffffff 00000017 00000004 00000007", errc::wrong_count, 0},
      {"fields below 0", "ffffffff", errc::malformed_binary, 0},
      {"a field of another type", "00000002 00000017 00000004 00000007 000002bd 00000008 3ff8000000000000",
       errc::wrong_type, 16},
      {"a NULL", "00000002 00000017 ffffffff 00000019 00000001 'a'", errc::null_element, 8},
      {"an error in a field", "00000002 00000017 00000003 000000 00000019 00000001 'a'", errc::malformed_binary, 12},
      {"too large for the field", "00000002 00000014 00000008 0000000100000000 00000019 00000001 'a'",
       errc::out_of_range, 12},
      {"a length beyond the end", "00000002 00000017 00000004 00000007 00000019 00000002 'a'", errc::malformed_binary,
       24},
      {"one byte more", "00000002 00000017 00000004 00000007 00000019 00000001 'a' 00", errc::malformed_binary, 25},
  };
  for (row const& r : rows) {
    auto const read = parse_binary<std::pair<int, std::string>>(oids::record, r.form);
    ASSERT_FALSE(read) << r.name;
    EXPECT_EQ(failure(read.error().code, read.error().position), failure(r.code, r.position)) << r.name;
  }
}

TEST(binary_record, enums_by_label) {
  EXPECT_EQ(*parse_binary<color>(made, "'green'"), color::green);
  EXPECT_EQ(*parse_binary<color>(oids::text, "'red'"), color::red);
  auto const unknown = parse_binary<color>(made, "'blue'");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), (protocol::parse_error{errc::unknown_label, 0}));
}

std::string length_of(std::string_view form) {
  types::text_buffer buffer;
  binary_writer(buffer).put(static_cast<std::int32_t>(form.size()));
  return {buffer.data(), buffer.size()};
}

TEST(binary_record, arrays_in_composites_in_arrays) {
  std::string const one = bytes(an_item);
  std::string const items = bytes("00000001 00000000") + bytes(made_form) + bytes("00000002 00000001") +
                            length_of(one) + one + length_of(one) + one;
  std::string const whole = bytes("00000002 00000017 00000004 00000005 00004001") + length_of(items) + items;
  auto const read = from_binary<order>::parse(whole, made);
  ASSERT_TRUE(read) << read.error().code.message() << read.error().position;
  EXPECT_EQ(read->number, 5);
  ASSERT_EQ(read->items.size(), 2u);
  EXPECT_EQ(read->items[1].name, "abc");
  // An element of another type than a composite is one that its reader refuses, where it stands.
  std::string other = whole;
  other.replace(32, 4, bytes("00000017"));
  auto const refused = from_binary<order>::parse(other, made);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (protocol::parse_error{errc::wrong_type, 32}));
}

// (value, {(value, {...})}), so many deep.
std::string nested(int depth) {
  std::string const value = bytes("00000002 00000017 00000004 00000001") + bytes(made_form);
  std::string whole = value + bytes("0000000c 00000000 00000000") + bytes(made_form);
  for (int i = 1; i < depth; ++i) {
    std::string const children =
        bytes("00000001 00000000") + bytes(made_form) + bytes("00000001 00000001") + length_of(whole) + whole;
    whole = value + length_of(children) + children;
  }
  return whole;
}

TEST(binary_record, nesting_has_an_end) {
  int depth = 0;
  for (auto read = from_binary<tree>::parse(nested(types::max_binary_depth), made); read;) {
    tree const* at = &*read;
    for (depth = 1; !at->children.empty(); ++depth) at = &at->children[0];
    break;
  }
  EXPECT_EQ(depth, types::max_binary_depth);
  for (int deeper : {types::max_binary_depth + 1, 1'000}) {
    auto const refused = from_binary<tree>::parse(nested(deeper), made);
    ASSERT_FALSE(refused) << deeper;
    EXPECT_EQ(refused.error().code, errc::too_deep);
    EXPECT_EQ(refused.error().position, 48u * types::max_binary_depth) << deeper;
  }
}

// ---- which types ----------------------------------------------------------------------------------------------------

// Types whose binary form has a reader. Of others a string is the text alone.
template <class T>
void expect_same_types(char const* name) {
  static_assert(binary_readable<T>);
  for (oid type = 0; type < 7'000; ++type)
    EXPECT_EQ(from_binary<T>::reads(type), from_text<T>::reads(type)) << name << ' ' << type_name(type);
  for (oid type : {made, oid{13'000}, ~oid{0}})
    EXPECT_EQ(from_binary<T>::reads(type), from_text<T>::reads(type)) << name;
}

template <class... Ts>
void expect_same_types_of_all() {
  (expect_same_types<Ts>(typeid(Ts).name()), ...);
  (expect_same_types<std::optional<Ts>>(typeid(Ts).name()), ...);
}

TEST(binary_types, are_read_from_what_their_text_is_read_from) {
  using namespace std::chrono;
  expect_same_types_of_all<bool, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                           long long, unsigned long long, int128, uint128, float, double, numeric, money, char,
                           std::vector<std::byte>, std::array<std::byte, 3>, date, sys_days, local_days, year_month_day,
                           tusk::time, time_tz, hh_mm_ss<microseconds>, hh_mm_ss<seconds>, timestamp, timestamptz,
                           sys_time<microseconds>, sys_time<nanoseconds>, local_time<seconds>, interval, seconds,
                           microseconds, uuid, inet, cidr, json, xml, bits, std::bitset<3>>();
  expect_same_types_of_all<geometry::point, geometry::line, geometry::lseg, geometry::box, geometry::path,
                           geometry::polygon, geometry::circle, macaddr, macaddr8, jsonpath, tsvector, tsquery, pg_lsn,
                           pg_snapshot, xid, xid8, cid, tid, std::map<std::string, std::string>, multirange<int>,
                           multirange<std::int64_t>, multirange<numeric>, multirange<double>>();
  expect_same_types_of_all<std::vector<int>, std::vector<std::vector<double>>, std::vector<std::optional<uuid>>,
                           std::array<int, 3>, array<numeric>, std::vector<range<int>>, std::vector<color>,
                           std::vector<item>>();
  expect_same_types_of_all<range<int>, range<std::int64_t>, range<numeric>, range<date>, range<timestamp>,
                           range<timestamptz>, range<double>, color, item, order, tree, std::pair<int, std::string>,
                           std::tuple<int>, std::tuple<std::vector<int>, range<int>, item>>();
}

TEST(binary_types, of_strings_are_those_whose_form_is_text) {
  std::set<std::string_view> names;
  for (oid type = 0; type < 20'000; ++type) {
    bool const reads = from_binary<std::string>::reads(type);
    EXPECT_EQ(from_binary<std::string_view>::reads(type), reads);
    EXPECT_EQ(from_binary<std::vector<std::string>>::reads(array_of(type)), reads && array_of(type) != 0);
    if (reads) names.insert(type_name(type));
  }
  EXPECT_EQ(names,
            (std::set<std::string_view>{"\"char\"", "bpchar", "cstring", "json", "jsonb", "jsonpath", "name",
                                        "pg_node_tree", "refcursor", "text", "unknown", "varchar", "void", "xml"}));
}

TEST(binary_types, of_a_struct_whose_member_has_text_alone) {
  EXPECT_TRUE(from_text<holder>::reads(made));
  EXPECT_FALSE(from_binary<holder>::reads(made));
  EXPECT_FALSE(from_binary<holder>::parse(bytes("00000001 00000017 00000004 00000001"), made));
}

// ---- any ------------------------------------------------------------------------------------------------------------

TEST(binary_any, is_the_type_that_stands_for_it) {
  auto const read = [](oid type, std::string_view form) {
    auto const value = types::read_any_binary(bytes(form), type);
    return value ? types::type_text(value->type()) + " " + value->to_string()
                 : failure(value.error().code, value.error().position);
  };
  EXPECT_EQ(read(oids::int4, "00000007"), "int 7");
  EXPECT_EQ(read(oids::int2, "0007"), "int 7");
  EXPECT_EQ(read(oids::float8, "3ff8000000000000"), "double 1.5");
  EXPECT_EQ(read(oids::text, "'abc'"), "std::string abc");
  EXPECT_EQ(read(oids::jsonb, "01 '{}'"), "tusk::json {}");
  EXPECT_EQ(read(oids::int4_array, "00000001 00000001 00000017 00000001 00000001 ffffffff"),
            "tusk::array<std::optional<int>> {NULL}");
  EXPECT_EQ(read(oids::text_array, "00000000 00000000 00000019"), "tusk::array<std::optional<std::string>> {}");
  EXPECT_EQ(read(oids::int4range, "01"), "tusk::range<int> empty");
  EXPECT_EQ(read(oids::int4, "00"), malformed(0));
  EXPECT_EQ(read(oids::record, "00000000"), failure(errc::wrong_type, 0));
  EXPECT_EQ(read(made, "'red'"), failure(errc::wrong_type, 0));
  EXPECT_EQ(read(oids::tid_array, "00000000 00000000 0000001b"), "tusk::array<std::optional<tusk::tid>> {}");
  EXPECT_EQ(read(oids::aclitem_array, "00000000 00000000 00000409"), failure(errc::wrong_type, 0));
}

}  // namespace
}  // namespace tusk
