// MAC addresses, the server's counters and places, names of objects and text search to the server and back, 10,000
// random values a type.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/batches.hpp"
#include "support/effort.hpp"
#include "support/round_trip.hpp"
#include "support/server.hpp"
#include "support/thrown.hpp"

namespace tusk {
namespace {

constexpr std::size_t values = test::effort(10'000);
constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

class server_types : public testing::Test {
 protected:
  template <class T, class Make>
  std::vector<T> all(std::vector<T> made, Make make) {
    while (made.size() < values) made.push_back(make());
    return made;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::uint64_t any() { return random_() >> below(64); }  // of any length

  template <class Mac>
  Mac mac() {
    typename Mac::bytes_type bytes;
    for (auto& each : bytes) each = static_cast<std::byte>(random_());
    return Mac(bytes);
  }
  std::string word() {
    static constexpr char const* pieces[] = {"a", "b", "''", "\\\\", " ", "ü", "日", ":", "&", "(", "%s", "x1", "\""};
    std::string made;
    for (std::size_t i = 1 + below(4); i > 0; --i) made += pieces[below(std::size(pieces))];
    return "'" + made + "'";
  }
  std::string query(int depth) {
    if (depth == 0 || below(3) == 0) return word() + (below(4) == 0 ? ":*AB" : "");
    if (below(4) == 0) return "!(" + query(depth - 1) + ")";
    static constexpr char const* between[] = {" & ", " | ", " <-> ", " <3> "};
    return "(" + query(depth - 1) + between[below(4)] + query(depth - 1) + ")";
  }

  std::mt19937_64 random_{1};
  connection conn_ = test::open();
};

TEST_F(server_types, macaddr) {
  auto const made = all<macaddr>({macaddr(), macaddr("ff:ff:ff:ff:ff:ff")}, [&] { return mac<macaddr>(); });
  test::expect_round_trip(conn_, "macaddr", made);
  test::expect_array_trip(conn_, "macaddr", made);
  test::expect_order(conn_, "macaddr", made);
}

TEST_F(server_types, macaddr8) {
  auto const made = all<macaddr8>({macaddr8(), macaddr8("ff:ff:ff:ff:ff:ff:ff:ff")}, [&] { return mac<macaddr8>(); });
  test::expect_round_trip(conn_, "macaddr8", made);
  test::expect_array_trip(conn_, "macaddr8", made);
  test::expect_order(conn_, "macaddr8", made);
}

TEST_F(server_types, pg_lsn) {
  auto const made = all<pg_lsn>({pg_lsn(), pg_lsn(largest)}, [&] { return pg_lsn(any()); });
  test::expect_round_trip(conn_, "pg_lsn", made);
  test::expect_array_trip(conn_, "pg_lsn", made);
  test::expect_order(conn_, "pg_lsn", made);
  auto const now = test::value<pg_lsn>(conn_, "SELECT pg_current_wal_lsn()");
  EXPECT_GT(now, pg_lsn());
  EXPECT_EQ(test::value<numeric>(conn_, "SELECT $1 - '0/0'::pg_lsn", now), numeric(now.position()));
}

TEST_F(server_types, counters) {
  auto const narrow = [&] { return static_cast<std::uint32_t>(any()); };
  auto const xids = all<xid>({xid(), xid(4'294'967'295)}, [&] { return xid(narrow()); });
  test::expect_round_trip(conn_, "xid", xids);
  test::expect_array_trip(conn_, "xid", xids);
  auto const cids = all<cid>({cid(), cid(4'294'967'295)}, [&] { return cid(narrow()); });
  test::expect_round_trip(conn_, "cid", cids);
  test::expect_array_trip(conn_, "cid", cids);
  auto const wide = all<xid8>({xid8(), xid8(largest)}, [&] { return xid8(any()); });
  test::expect_round_trip(conn_, "xid8", wide);
  test::expect_array_trip(conn_, "xid8", wide);
  test::expect_order(conn_, "xid8", wide);
  auto const mine =
      conn_.query("SELECT pg_current_xact_id(), pg_current_xact_id()::xid, xmin, cmin FROM pg_class LIMIT 1");
  EXPECT_EQ(static_cast<std::uint32_t>(mine[0].get<xid8>(0).number()), mine[0].get<xid>(1).number());
  EXPECT_NO_THROW(mine[0].get<xid>(2));
  EXPECT_NO_THROW(mine[0].get<cid>(3));
}

TEST_F(server_types, tid) {
  auto const made = all<tid>({tid(), {4'294'967'295, 65'535}}, [&] {
    return tid{static_cast<std::uint32_t>(any()), static_cast<std::uint16_t>(any())};
  });
  test::expect_round_trip(conn_, "tid", made);
  test::expect_array_trip(conn_, "tid", made);
  test::expect_order(conn_, "tid", made);
  auto const place = test::value<tid>(conn_, "SELECT ctid FROM pg_class WHERE relname = 'pg_type'");
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT relname FROM pg_class WHERE ctid = $1", place), "pg_type");
}

TEST_F(server_types, snapshots) {
  auto const made = all<pg_snapshot>({{xid8(1), xid8(1), {}}}, [&] {
    pg_snapshot value;
    std::uint64_t at = 1 + (random_() >> (1 + below(60)));
    value.xmin = xid8(at);
    for (std::size_t i = below(6); i > 0; --i) value.in_progress.emplace_back(at += 1 + below(9));
    value.xmax = xid8(at + 1 + below(9));
    return value;
  });
  test::expect_round_trip(conn_, "pg_snapshot", made);
  test::expect_array_trip(conn_, "pg_snapshot", made);
  auto const now = conn_.query("SELECT pg_current_snapshot(), txid_current_snapshot()");
  EXPECT_LE(now[0].get<pg_snapshot>(0).xmin, now[0].get<pg_snapshot>(0).xmax);
  EXPECT_EQ(now[0].get<pg_snapshot>(1), now[0].get<pg_snapshot>(0));
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::txid_snapshot::text", now[0].at(1)),
            now[0].get<std::string>(1));
}

TEST_F(server_types, text_search) {
  std::vector<std::string> documents{""}, queries;
  while (documents.size() < values) {
    std::string text;
    for (std::size_t i = below(5); i > 0; --i)
      text += word() +
              (below(2) == 0 ? ":" + std::to_string(1 + below(99)) + "A," + std::to_string(1 + below(99)) : "") + " ";
    documents.push_back(text);
  }
  while (queries.size() < values) queries.push_back(query(3));
  auto const vectors = test::canonical<tsvector>(conn_, "tsvector", documents);
  test::expect_round_trip(conn_, "tsvector", vectors);
  test::expect_array_trip(conn_, "tsvector", vectors);
  auto const sought = test::canonical<tsquery>(conn_, "tsquery", queries);
  test::expect_round_trip(conn_, "tsquery", sought);
  test::expect_array_trip(conn_, "tsquery", sought);
  EXPECT_TRUE(test::value<bool>(conn_, "SELECT to_tsvector('simple', 'a fat cat') @@ $1", tsquery("'fat' & 'cat'")));
  EXPECT_EQ(test::value<tsquery>(conn_, "SELECT $1", tsquery()), tsquery());
}

TEST_F(server_types, jsonpath) {
  static constexpr char const* steps[] = {".a",      ".\"b c\"",   "[*]",    "[0 to 3]", ".*",
                                          ".size()", " ? (@ > 1)", ".**{2}", ".\"ü\""};
  std::vector<std::string> paths{"$", "strict $", "1 + 2"};
  while (paths.size() < values) {
    std::string text = "$";
    for (std::size_t i = below(5); i > 0; --i) text += steps[below(std::size(steps))];
    paths.push_back(text);
  }
  auto const made = test::canonical<jsonpath>(conn_, "jsonpath", paths);
  test::expect_round_trip(conn_, "jsonpath", made);
  test::expect_array_trip(conn_, "jsonpath", made);
  EXPECT_EQ(test::value<int>(conn_, "SELECT jsonb_path_query($1, $2)::int", json("{\"a\": 5}"), jsonpath("$.a")), 5);
}

// ---- names of objects -----------------------------------------------------------------------------------------------

TEST_F(server_types, names_of_objects) {
  struct one {
    std::string type, text;
  };
  for (auto const& [type, text] :
       {one{"regproc", "pg_typeof"}, one{"regprocedure", "abs(integer)"}, one{"regoper", "||/"},
        one{"regoperator", "+(integer,integer)"}, one{"regclass", "pg_class"}, one{"regtype", "integer"},
        one{"regconfig", "simple"}, one{"regdictionary", "simple"}, one{"regnamespace", "pg_catalog"},
        one{"regrole", "tusk"}, one{"regcollation", "\"C\""}}) {
    result const read =
        conn_.query("SELECT $1::" + type + ", $1::" + type + "::oid, 4000000000::oid::" + type + ", 0::oid::" + type +
                        ", ARRAY[$1::" + type + "], ARRAY[4000000000::oid::" + type + "]",
                    text);
    oid const number = read[0].get<oid>(1);
    EXPECT_EQ(read[0].get<std::string>(0), text) << type;
    EXPECT_EQ(read[0].at(0).get<std::string>(), text) << type;
    EXPECT_EQ(read[0].get<oid>(2), 4'000'000'000U) << type;
    EXPECT_EQ(read[0].get<oid>(3), 0U) << type << ": " << read[0].get<std::string>(3);
    EXPECT_EQ(read[0].get<std::vector<std::string>>(4), std::vector{text}) << type;
    EXPECT_EQ(read[0].get<std::vector<oid>>(5), std::vector<oid>{4'000'000'000}) << type;
    auto const error = test::thrown<data_error>([&] { read[0].get<oid>(0); });
    EXPECT_EQ(error.code(), types::errc::named_object) << type;
    EXPECT_CONTAINS("cast it to oid in the statement", error.what());
    EXPECT_THROW(read[0].get<int>(2), programming_error) << type;
    EXPECT_EQ(test::value<oid>(conn_, "SELECT $1::" + type + "::oid", number), number) << type;
    EXPECT_EQ(test::value<std::string>(conn_, "SELECT ($1::" + type + "[])[1]::text", std::vector{text}), text) << type;
    EXPECT_EQ(test::value<std::string>(conn_, "SELECT pg_typeof($1)::text", read[0].at(0)), type);
  }
}

TEST_F(server_types, vectors_of_the_catalogue) {
  for (row const& each : conn_.query("SELECT indkey, indkey::int2[], indclass, indclass::oid[] FROM pg_index")) {
    ASSERT_EQ(each.get<std::vector<std::int16_t>>(0), each.get<std::vector<std::int16_t>>(1));
    ASSERT_EQ(each.get<array<int>>(0), each.get<array<int>>(1)) << "with its bounds";
    ASSERT_EQ(each.get<std::vector<oid>>(2), each.get<std::vector<oid>>(3));
  }
  std::vector<std::string> shorts{"", "-32768 32767"}, oids{"", "4294967295 0"};
  while (shorts.size() < values) {
    std::string one, other;
    for (std::size_t i = below(9); i > 0; --i) {
      one += (one.empty() ? "" : " ") + std::to_string(static_cast<std::int16_t>(any()));
      other += (other.empty() ? "" : " ") + std::to_string(static_cast<oid>(any()));
    }
    shorts.push_back(one);
    oids.push_back(other);
  }
  result const read = conn_.query(
      "SELECT a::int2vector, a::int2vector::int2[], b::oidvector, b::oidvector::oid[] FROM unnest($1, $2) AS u(a, b)",
      shorts, oids);
  ASSERT_EQ(read.size(), shorts.size());
  for (row const& each : read) {
    ASSERT_EQ(each.get<std::vector<std::int16_t>>(0), each.get<std::vector<std::int16_t>>(1));
    ASSERT_EQ(each.get<std::vector<oid>>(2), each.get<std::vector<oid>>(3));
  }
}

TEST_F(server_types, cursors_and_privileges_are_strings) {
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::refcursor", "it's"), "it's");
  EXPECT_EQ(test::value<std::vector<std::string>>(conn_, "SELECT ARRAY['a b'::refcursor]"),
            std::vector<std::string>{"a b"});
  auto const list =
      test::value<std::vector<std::string>>(conn_, "SELECT relacl FROM pg_class WHERE relname = 'pg_type'");
  ASSERT_FALSE(list.empty());
  EXPECT_EQ(test::value<std::string>(conn_, "SELECT $1::aclitem::text", list[0]), list[0]);
  EXPECT_EQ(test::value<std::vector<std::string>>(conn_, "SELECT $1::aclitem[]", list), list);
}

}  // namespace
}  // namespace tusk
