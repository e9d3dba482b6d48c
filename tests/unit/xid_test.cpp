// The server's counters and places: pg_lsn, xid, xid8, cid, tid and snapshots, their text both ways.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/error.hpp>
#include <unordered_set>
#include <vector>

#include "support/text_format.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

using namespace std::string_view_literals;
using test::expect_failures;
using test::parse;
using types::errc;

// ---- pg_lsn ---------------------------------------------------------------------------------------------------------

TEST(pg_lsn, is_two_halves) {
  EXPECT_EQ(test::read_types<pg_lsn>(), "pg_lsn");
  EXPECT_EQ(adapter<pg_lsn>::oid, oids::pg_lsn);
  test::expect_values<pg_lsn>({
      {"0/0", pg_lsn()},
      {"0/1", pg_lsn(1)},
      {"1/0", pg_lsn(std::uint64_t{1} << 32)},
      {"16/B374D848", pg_lsn(0x16'b374'd848)},
      {"16/b374d848", pg_lsn(0x16'b374'd848), "16/B374D848"},
      {"00000000/0000000A", pg_lsn(10), "0/A"},
      {"FFFFFFFF/FFFFFFFF", pg_lsn(std::numeric_limits<std::uint64_t>::max())},
  });
  EXPECT_LT(pg_lsn("0/FFFFFFFF"), pg_lsn("1/0"));
  EXPECT_EQ(pg_lsn("1/2").position(), 0x1'0000'0002U);
  EXPECT_EQ((std::unordered_set<pg_lsn>{pg_lsn(1), pg_lsn(2), pg_lsn(1)}).size(), 2U);
  std::ostringstream out;
  out << pg_lsn(0xabc);
  EXPECT_EQ(out.str(), "0/ABC");
}

TEST(pg_lsn, malformed) {
  expect_failures<pg_lsn>({
      {"", errc::malformed_lsn, 0},
      {"1", errc::malformed_lsn, 1},
      {"1/", errc::malformed_lsn, 2},
      {"/1", errc::malformed_lsn, 0},
      {"1//1", errc::malformed_lsn, 2},
      {"1/G", errc::malformed_lsn, 2},
      {"1/1 ", errc::malformed_lsn, 3},
      {"1/1/1", errc::malformed_lsn, 3},
      {"123456789/1", errc::malformed_lsn, 8},
      {"1/123456789", errc::malformed_lsn, 10},
      {"-1/1", errc::malformed_lsn, 0},
      {"0x1/1", errc::malformed_lsn, 1},
      {"1/1\0"sv, errc::malformed_lsn, 3},
  });
  EXPECT_EQ(test::thrown<data_error>([] { pg_lsn("x"); }).code(), errc::malformed_lsn);
}

TEST(pg_lsn, random_values) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    pg_lsn const value(random() >> random() % 64);
    ASSERT_EQ(*parse<pg_lsn>(value.to_string()), value);
    if (i % 100 == 0) test::expect_each_prefix_read_or_refused<pg_lsn>(value.to_string());
  }
}

// ---- counters -------------------------------------------------------------------------------------------------------

TEST(xid, is_a_number) {
  EXPECT_EQ(test::read_types<xid>(), "xid");
  EXPECT_EQ(test::read_types<cid>(), "cid");
  EXPECT_EQ(test::read_types<xid8>(), "xid8");
  EXPECT_EQ(adapter<xid>::oid, oids::xid);
  EXPECT_EQ(adapter<cid>::oid, oids::cid);
  EXPECT_EQ(adapter<xid8>::oid, oids::xid8);
  test::expect_values<xid>({{"0", xid()}, {"731", xid(731)}, {"4294967295", xid(4'294'967'295)}});
  test::expect_values<cid>({{"0", cid()}, {"4294967295", cid(4'294'967'295)}});
  test::expect_values<xid8>({{"0", xid8()}, {"18446744073709551615", xid8(~std::uint64_t{0})}});
  EXPECT_EQ(xid(7).number(), 7U);
  EXPECT_LT(xid8(1), xid8(2));
  static_assert(!std::three_way_comparable<xid> && std::equality_comparable<xid>);
  EXPECT_EQ((std::unordered_set<xid>{xid(1), xid(2), xid(1)}).size(), 2U);
  std::ostringstream out;
  out << xid(5) << ' ' << xid8(6) << ' ' << cid(7);
  EXPECT_EQ(out.str(), "5 6 7");
}

TEST(xid, malformed) {
  expect_failures<xid>({{"", errc::malformed_integer, 0},
                        {"-1", errc::malformed_integer, 0},
                        {"-0", errc::malformed_integer, 0},
                        {"1x", errc::malformed_integer, 1},
                        {" 1", errc::malformed_integer, 0},
                        {"4294967296", errc::out_of_range, 0}});
  expect_failures<xid8>({{"18446744073709551616", errc::out_of_range, 0}, {"1.0", errc::malformed_integer, 1}});
}

// ---- places ---------------------------------------------------------------------------------------------------------

TEST(tid, is_a_block_and_an_offset) {
  EXPECT_EQ(test::read_types<tid>(), "tid");
  EXPECT_EQ(adapter<tid>::oid, oids::tid);
  test::expect_values<tid>({{"(0,0)", {}}, {"(42,7)", {42, 7}}, {"(4294967295,65535)", {4'294'967'295, 65'535}}});
  EXPECT_LT((tid{1, 9}), (tid{2, 1}));
  EXPECT_LT((tid{1, 1}), (tid{1, 2}));
  EXPECT_EQ((std::unordered_set<tid>{{1, 2}, {2, 1}, {1, 2}}).size(), 2U);
  EXPECT_EQ(types::text_of(std::vector<tid>{{1, 2}}), "{\"(1,2)\"}");
  std::ostringstream out;
  out << tid{1, 2};
  EXPECT_EQ(out.str(), "(1,2)");
}

TEST(tid, malformed) {
  expect_failures<tid>({
      {"", errc::malformed_tid, 0},
      {"1,2)", errc::malformed_tid, 0},
      {"(", errc::malformed_tid, 1},
      {"(1", errc::malformed_tid, 2},
      {"(1,2", errc::malformed_tid, 4},
      {"(1;2)", errc::malformed_tid, 2},
      {"(1,)", errc::malformed_tid, 3},
      {"(,1)", errc::malformed_tid, 1},
      {"(1,-2)", errc::malformed_tid, 3},
      {"( 1,2)", errc::malformed_tid, 1},
      {"(1,2) ", errc::malformed_tid, 5},
      {"(4294967296,1)", errc::out_of_range, 1},
      {"(1,65536)", errc::out_of_range, 3},
  });
}

// ---- snapshots ------------------------------------------------------------------------------------------------------

pg_snapshot snapshot(std::uint64_t xmin, std::uint64_t xmax, std::vector<std::uint64_t> const& in_progress) {
  pg_snapshot made{xid8(xmin), xid8(xmax), {}};
  for (std::uint64_t const each : in_progress) made.in_progress.emplace_back(each);
  return made;
}

TEST(pg_snapshot, is_limits_and_a_list) {
  EXPECT_EQ(test::read_types<pg_snapshot>(), "txid_snapshot pg_snapshot");
  EXPECT_EQ(adapter<pg_snapshot>::oid, oids::pg_snapshot);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  test::expect_values<pg_snapshot>({
      {"1:1:", snapshot(1, 1, {})},
      {"10:20:10,14,19", snapshot(10, 20, {10, 14, 19})},
      {"1:18446744073709551615:18446744073709551614", snapshot(1, most, {most - 1})},
  });
  EXPECT_NE(snapshot(1, 3, {}), snapshot(1, 3, {2}));
  std::ostringstream out;
  out << snapshot(1, 3, {2});
  EXPECT_EQ(out.str(), "1:3:2");
}

TEST(pg_snapshot, malformed) {
  expect_failures<pg_snapshot>({
      {"", errc::malformed_snapshot, 0},
      {"1", errc::malformed_snapshot, 1},
      {"1:", errc::malformed_snapshot, 2},
      {"1:2", errc::malformed_snapshot, 3},
      {"x:2:", errc::malformed_snapshot, 0},
      {"0:2:", errc::malformed_snapshot, 0},   // no transaction has the number 0
      {"3:2:", errc::malformed_snapshot, 2},   // the end is before the beginning
      {"2:4:1", errc::malformed_snapshot, 4},  // ended before
      {"2:4:4", errc::malformed_snapshot, 4},  // not begun
      {"2:2:2", errc::malformed_snapshot, 4},
      {"2:9:4,3", errc::malformed_snapshot, 6},
      {"2:9:4,4", errc::malformed_snapshot, 6},
      {"2:9:4,", errc::malformed_snapshot, 6},
      {"2:9:,4", errc::malformed_snapshot, 4},
      {"2:9:4 ", errc::malformed_snapshot, 5},
      {"2:9:4:", errc::malformed_snapshot, 5},
      {"1:18446744073709551616:", errc::out_of_range, 2},
  });
}

TEST(pg_snapshot, random_values) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    std::uint64_t const xmin = 1 + (random() >> (1 + random() % 60));
    std::vector<std::uint64_t> list;
    std::uint64_t at = xmin;
    for (auto n = random() % 6; n != 0; --n) list.push_back(at += 1 + random() % 5);
    pg_snapshot const value = snapshot(xmin, at + 1 + random() % 3, list);
    ASSERT_EQ(*parse<pg_snapshot>(*types::text_of(value)), value);
    if (i % 50 == 0) test::expect_each_prefix_read_or_refused<pg_snapshot>(*types::text_of(value));
  }
}

// ---- OIDs that show names -------------------------------------------------------------------------------------------

TEST(object_name, is_read_as_an_oid_if_it_is_one) {
  for (oid const type :
       {oids::regproc, oids::regprocedure, oids::regoper, oids::regoperator, oids::regclass, oids::regtype,
        oids::regconfig, oids::regdictionary, oids::regnamespace, oids::regrole, oids::regcollation}) {
    EXPECT_TRUE(from_text<oid>::reads(type)) << type_name(type);
    EXPECT_FALSE(from_text<std::int32_t>::reads(type) || from_text<std::uint64_t>::reads(type)) << type_name(type);
    EXPECT_EQ(*types::read_text<oid>("4294967295", type), 4'294'967'295U);
    for (auto const name : {"pg_class"sv, ""sv, "-1"sv, "12x"sv, "\"12\""sv, "="sv}) {
      auto const result = types::read_text<oid>(name, type);
      EXPECT_EQ(test::outcome_of(result), test::failure(errc::named_object, 0)) << name;
    }
    bool const is_operator = type == oids::regoper || type == oids::regoperator;
    EXPECT_EQ(test::outcome_of(types::read_text<oid>("-", type)),
              is_operator ? test::failure(errc::named_object, 0) : "value 0");
  }
  EXPECT_FALSE(types::read_text<oid>("-", oids::oid));
  EXPECT_EQ(test::outcome_of(types::read_text<oid>("4294967296", oids::regclass)),
            test::failure(errc::out_of_range, 0));
  EXPECT_TRUE(from_text<std::vector<oid>>::reads(oids::regtype_array));
  EXPECT_EQ(*types::read_text<std::optional<oid>>("5", oids::regclass), 5U);
}

}  // namespace
}  // namespace tusk
