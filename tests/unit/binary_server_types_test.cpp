// The binary form of the geometric types, hardware addresses, the server's counters, full text search, hstore and
// multiranges: values, and what is refused.
#include <gtest/gtest.h>

#include <limits>
#include <tusk/types/error.hpp>
#include <tusk/types/hstore.hpp>

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

constexpr oid made = 16'384;  // of a type that was made in its database

std::string malformed(std::size_t at) { return failure(errc::malformed_binary, at); }

struct row {
  oid type;
  std::string_view form;
  std::string expected;
};

template <class T>
void check(std::initializer_list<row> rows) {
  for (row const& r : rows)
    EXPECT_EQ(binary_outcome<T>(r.type, r.form), r.expected) << type_name(r.type) << ' ' << r.form;
}

// What is read is written as the same bytes, and no other size is read.
template <class T>
void expect_one_form(oid type, std::string_view form, std::string const& value) {
  EXPECT_EQ(binary_outcome<T>(type, form), "value " + value) << type_name(type);
  auto const read = parse_binary<T>(type, form);
  ASSERT_TRUE(read) << form;
  EXPECT_EQ(binary_of(*read), test::readable(bytes(form))) << type_name(type);
  expect_no_other_size<T>(type, form);
}

constexpr std::string_view one = "3ff0000000000000", two = "4000000000000000", three = "4008000000000000";
std::string floats(std::initializer_list<std::string_view> all) {
  std::string form;
  for (std::string_view each : all) form += ' ' + std::string(each);
  return form;
}

// ---- geometric types ------------------------------------------------------------------------------------------------

TEST(binary_geometry, values) {
  using namespace geometry;
  expect_one_form<point>(oids::point, floats({one, two}), "(1,2)");
  expect_one_form<line>(oids::line, floats({one, two, three}), "{1,2,3}");
  expect_one_form<lseg>(oids::lseg, floats({one, two, three, one}), "[(1,2),(3,1)]");
  expect_one_form<box>(oids::box, floats({three, two, two, one}), "(3,2),(2,1)");
  expect_one_form<circle>(oids::circle, floats({one, two, three}), "<(1,2),3>");
  expect_one_form<path>(oids::path, "00 00000002" + floats({one, two, three, one}), "[(1,2),(3,1)]");
  expect_one_form<path>(oids::path, "01 00000001" + floats({one, two}), "((1,2))");
  expect_one_form<polygon>(oids::polygon, "00000002" + floats({one, two, three, one}), "((1,2),(3,1))");
  check<point>({{oids::point, "7ff0000000000000 fff0000000000000", "value (Infinity,-Infinity)"},
                {oids::point, "7ff8000000000000 8000000000000000", "value (NaN,-0)"}});
}

TEST(binary_geometry, what_is_refused) {
  using namespace geometry;
  check<path>({{oids::path, "02 00000001" + floats({one, two}), malformed(0)},
               {oids::path, "01 00000000", malformed(1)},
               {oids::path, "01 ffffffff", malformed(1)},
               {oids::path, "01 7fffffff" + floats({one, two}), malformed(1)},
               {oids::path, "01 00000001" + floats({one, two, one, two}), malformed(21)}});
  check<polygon>({{oids::polygon, "00000000", malformed(0)},
                  {oids::polygon, "80000000", malformed(0)},
                  {oids::polygon, "10000001" + floats({one, two}), malformed(0)},
                  {oids::polygon, "00000002" + floats({one, two, one}), malformed(0)}});
  check<point>({{oids::point, floats({one}), malformed(8)}, {oids::point, "", malformed(0)}});
}

// ---- counters and places --------------------------------------------------------------------------------------------

TEST(binary_server_types, numbers_and_addresses) {
  expect_one_form<macaddr>(oids::macaddr, "08002b010203", "08:00:2b:01:02:03");
  expect_one_form<macaddr8>(oids::macaddr8, "08002bfffe010203", "08:00:2b:ff:fe:01:02:03");
  expect_one_form<pg_lsn>(oids::pg_lsn, "00000016b374d848", "16/B374D848");
  expect_one_form<xid>(oids::xid, "ffffffff", "4294967295");
  expect_one_form<cid>(oids::cid, "00000001", "1");
  expect_one_form<xid8>(oids::xid8, "ffffffffffffffff", "18446744073709551615");
  expect_one_form<tid>(oids::tid, "0000002a 0007", "(42,7)");
  expect_one_form<tid>(oids::tid, "ffffffff ffff", "(4294967295,65535)");
}

TEST(binary_server_types, an_object_is_its_number) {
  EXPECT_EQ(*parse_binary<oid>(oids::regclass, "000004eb"), 1'259u);
  for (oid const type : {oids::regproc, oids::regprocedure, oids::regoper, oids::regoperator, oids::regtype,
                         oids::regconfig, oids::regdictionary, oids::regnamespace, oids::regrole, oids::regcollation}) {
    EXPECT_EQ(*parse_binary<oid>(type, "ffffffff"), ~oid{0}) << type_name(type);
    expect_no_other_size<oid>(type, "00000001");
  }
}

TEST(binary_server_types, snapshots) {
  constexpr std::string_view form = "00000002 000000000000000a 0000000000000014 000000000000000a 0000000000000013";
  expect_one_form<pg_snapshot>(oids::pg_snapshot, form, "10:20:10,19");
  expect_one_form<pg_snapshot>(oids::txid_snapshot, "00000000 0000000000000001 0000000000000001", "1:1:");
  check<pg_snapshot>({{oids::pg_snapshot, "ffffffff 000000000000000a 0000000000000014", malformed(0)},
                      {oids::pg_snapshot, "7fffffff 000000000000000a 0000000000000014", malformed(20)},
                      {oids::pg_snapshot, "00000000 0000000000000000 0000000000000014", malformed(4)},
                      {oids::pg_snapshot, "00000000 000000000000000a 0000000000000009", malformed(12)},
                      {oids::pg_snapshot, "00000001 000000000000000a 0000000000000014 0000000000000009", malformed(20)},
                      {oids::pg_snapshot, "00000001 000000000000000a 0000000000000014 0000000000000014", malformed(20)},
                      {oids::pg_snapshot,
                       "00000002 000000000000000a 0000000000000014 000000000000000b 000000000000000b", malformed(28)}});
}

// ---- documents ------------------------------------------------------------------------------------------------------

TEST(binary_server_types, jsonpath_has_a_version) {
  check<jsonpath>({{oids::jsonpath, "01 '$.a'", "value $.a"},
                   {oids::jsonpath, "02 '$.a'", malformed(0)},
                   {oids::jsonpath, "", malformed(0)}});
  EXPECT_EQ(binary_of(jsonpath("$.a")), "01 '$.a'");
}

TEST(binary_server_types, tsvectors) {
  constexpr std::string_view form = "00000002 'fat' 00 0002 8002 c003 'rat' 00 0000";
  check<tsvector>({{oids::tsvector, form, "value 'fat':2B,3A 'rat'"},
                   {oids::tsvector, "00000000", "value "},
                   {oids::tsvector, "00000001 00 0000", "value ''"},
                   {oids::tsvector, "00000001 61275c 00 0001 4001", "value 'a''\\\\':1C"},
                   {oids::tsvector, "ffffffff", malformed(0)},
                   {oids::tsvector, "7fffffff", malformed(4)},
                   {oids::tsvector, "00000001 'abc'", malformed(4)},
                   {oids::tsvector, "00000001 'a' 00 0002 0002 0002", malformed(10)},
                   {oids::tsvector, "00000001 'a' 00 ffff 0002", malformed(10)}});
  expect_no_other_size<tsvector>(oids::tsvector, form);
  static_assert(!binary_adaptable<tsvector> && !binary_adaptable<tsquery>);
}

constexpr std::string_view a = " 01 00 00 'a' 00", b = " 01 00 00 'b' 00", c = " 01 00 00 'c' 00";
constexpr std::string_view no = " 02 01", both = " 02 02", either = " 02 03", next_to = " 02 04 0001";

std::string query_outcome(std::string_view count, std::initializer_list<std::string_view> nodes) {
  std::string form(count);
  for (std::string_view each : nodes) form += each;
  return binary_outcome<tsquery>(oids::tsquery, form);
}

TEST(binary_server_types, tsqueries) {
  EXPECT_EQ(query_outcome("00000000", {}), "value ");
  EXPECT_EQ(query_outcome("00000001", {a}), "value 'a'");
  EXPECT_EQ(query_outcome("00000001", {" 01 0f 01 'a' 00"}), "value 'a':*ABCD");
  EXPECT_EQ(query_outcome("00000001", {" 01 08 00 'a' 00"}), "value 'a':A");
  EXPECT_EQ(query_outcome("00000003", {both, b, a}), "value 'a' & 'b'");
  EXPECT_EQ(query_outcome("00000002", {no, a}), "value !'a'");
  EXPECT_EQ(query_outcome("00000004", {no, both, b, a}), "value !( 'a' & 'b' )");
  EXPECT_EQ(query_outcome("00000005", {both, c, either, b, a}), "value ( 'a' | 'b' ) & 'c'");
  EXPECT_EQ(query_outcome("00000005", {both, either, c, b, a}), "value 'a' & ( 'b' | 'c' )");
  EXPECT_EQ(query_outcome("00000005", {either, both, c, b, a}), "value 'a' | 'b' & 'c'");
  EXPECT_EQ(query_outcome("00000005", {next_to, c, next_to, b, a}), "value 'a' <-> 'b' <-> 'c'");
  EXPECT_EQ(query_outcome("00000005", {next_to, next_to, c, b, a}), "value 'a' <-> ( 'b' <-> 'c' )");
  EXPECT_EQ(query_outcome("00000003", {" 02 04 4000", b, a}), "value 'a' <16384> 'b'");
}

TEST(binary_server_types, tsqueries_that_are_refused) {
  EXPECT_EQ(query_outcome("ffffffff", {}), malformed(0));
  EXPECT_EQ(query_outcome("7fffffff", {a}), malformed(9));
  EXPECT_EQ(query_outcome("00000001", {" 03"}), malformed(4));
  EXPECT_EQ(query_outcome("00000001", {" 01 10 00 'a' 00"}), malformed(5));
  EXPECT_EQ(query_outcome("00000001", {" 01 00 02 'a' 00"}), malformed(6));
  EXPECT_EQ(query_outcome("00000001", {" 01 00 00 'a'"}), malformed(7));
  EXPECT_EQ(query_outcome("00000003", {" 02 00", b, a}), malformed(5));
  EXPECT_EQ(query_outcome("00000003", {" 02 05", b, a}), malformed(5));
  EXPECT_EQ(query_outcome("00000003", {" 02 04 4001", b, a}), malformed(6));
  // An operand is missing; there is more than one tree.
  EXPECT_EQ(query_outcome("00000002", {both, a}), malformed(0));
  EXPECT_EQ(query_outcome("00000001", {no}), malformed(0));
  EXPECT_EQ(query_outcome("00000002", {a, b}), malformed(0));
}

TEST(binary_server_types, a_tsquery_as_deep_as_it_is_long) {
  constexpr int depth = 100'000;
  std::string form = bytes("000186a1");
  for (int i = 0; i < depth; ++i) form += bytes("02 01");
  form += bytes("01 00 00 'a' 00");
  auto const read = from_binary<tsquery>::parse(form, oids::tsquery);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->to_string(), std::string(depth, '!') + "'a'");
}

// ---- hstore ---------------------------------------------------------------------------------------------------------

TEST(binary_hstore, pairs) {
  using nullable = std::map<std::string, std::optional<std::string>>;
  using plain = std::map<std::string, std::string>;
  constexpr std::string_view form = "00000002 00000001 'a' 00000002 'xy' 00000001 'b' ffffffff";
  EXPECT_EQ(*parse_binary<nullable>(made, form), (nullable{{"a", "xy"}, {"b", std::nullopt}}));
  EXPECT_EQ(binary_of(nullable{{"a", "xy"}, {"b", std::nullopt}}), test::readable(bytes(form)));
  EXPECT_EQ(binary_of(plain{{"", ""}}), test::readable(bytes("00000001 00000000 00000000")));
  EXPECT_EQ(*parse_binary<plain>(made, "00000000"), plain());
  expect_no_other_size<nullable>(made, form);
  auto const error = [](std::string_view bad) {
    auto const read = parse_binary<plain>(made, bad);
    return read ? "read" : failure(read.error().code, read.error().position);
  };
  EXPECT_EQ(error(form), failure(errc::null_element, 20));
  EXPECT_EQ(error("ffffffff"), malformed(0));
  EXPECT_EQ(error("7fffffff"), malformed(4));
  EXPECT_EQ(error("00000001 ffffffff 00000000"), malformed(4));
  EXPECT_EQ(error("00000001 fffffffe 00000000"), malformed(4));
  EXPECT_EQ(error("00000002 00000001 'a' 00000000 00000001 'a' 00000000"), malformed(13));
  EXPECT_THROW(binary_of(plain{{"a", "\xff"}}), data_error);
}

// ---- ranges ---------------------------------------------------------------------------------------------------------

TEST(binary_ranges, are_written_as_the_server_does) {
  EXPECT_EQ(binary_of(range<int>{.empty = true}), "01");
  EXPECT_EQ(binary_of(range<int>{1, 5}), test::readable(bytes("02 00000004 00000001 00000004 00000005")));
  EXPECT_EQ(binary_of(range<int>{1, 5, false, true}), test::readable(bytes("04 00000004 00000001 00000004 00000005")));
  EXPECT_EQ(binary_of(range<int>{.lower = 1}), test::readable(bytes("12 00000004 00000001")));
  EXPECT_EQ(binary_of(range<int>{.upper = 5}), test::readable(bytes("08 00000004 00000005")));
  EXPECT_EQ(binary_of(range<int>{}), "18");
  // A short is sent as the next larger type that has ranges.
  EXPECT_EQ(binary_of(range<short>{short{-1}, std::nullopt}), test::readable(bytes("12 00000004 ffffffff")));
  static_assert(binary_adaptable<range<numeric>> && binary_adaptable<range<timestamptz>>);
  static_assert(!binary_adaptable<range<double>> && !binary_adaptable<range<std::string>>);
}

TEST(binary_ranges, several) {
  using many = multirange<int>;
  constexpr std::string_view form =
      "00000002 00000011 02 00000004 00000001 00000004 00000005 00000009 12 00000004 00000007";
  expect_one_form<many>(oids::int4multirange, form, "{[1,5),[7,)}");
  expect_one_form<many>(oids::int4multirange, "00000000", "{}");
  EXPECT_EQ(binary_of(many{{range<int>{.empty = true}, range<int>{.lower = 7}}}),
            test::readable(bytes("00000001 00000009 12 00000004 00000007")));
  check<many>(
      {{oids::int4multirange, "ffffffff", malformed(0)},
       {oids::int4multirange, "7fffffff", malformed(4)},
       {oids::int4multirange, "00000001 ffffffff", malformed(4)},
       {oids::int4multirange, "00000001 00000001 01", malformed(8)},
       {oids::int4multirange, "00000001 00000001 0a", malformed(8)},
       {oids::int4multirange, "00000001 00000008 12 00000003 000007", malformed(13)},
       {oids::int8multirange, "00000001 0000000d 12 00000008 0000000100000000", failure(errc::out_of_range, 13)}});
  EXPECT_EQ(binary_outcome<multirange<double>>(made, "00000001 0000000d 12 00000008 3ff0000000000000"), "value {[1,)}");
}

}  // namespace
}  // namespace tusk
