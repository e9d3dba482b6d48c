// Rows of all types out of one table and into another by COPY, in each format: the server compares them. How many says
// TUSK_COPY_ROWS, and how many MiB go through in constant memory TUSK_COPY_MIB.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/heap_bytes.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

int given(char const* name, int usual) {
  char const* const value = std::getenv(name);
  return value == nullptr ? usual : std::atoi(value);
}

/// Types and values as they come; one in ten is NULL. What COPY treats specially is in the texts.
constexpr char random_rows[] = R"(
  CREATE TABLE copied_from AS SELECT g AS id, CASE WHEN random() > .1 THEN (random() * 65535 - 32768)::int2 END AS i2,
    CASE WHEN random() > .1 THEN (random() * 1e18)::int8 END AS i8,
    CASE WHEN random() < .1 THEN 'NaN' WHEN random() < .1 THEN '-Infinity' ELSE (random() - .5) * 10 ^ (random() * 300) END
      AS f8,
    random()::float4 AS f4, (random() * 1e9)::numeric ^ 2 AS n,
    CASE WHEN random() > .1 THEN some() || some() || some() END AS t, some()::varchar(20) AS v,
    convert_to(some() || some(), 'UTF8') AS y, random() > .5 AS b, DATE '2000-01-01' + (random() * 1e6)::int AS d,
    TIME '00:00' + random() * INTERVAL '1 day' AS h, TIMESTAMP '2000-01-01' + random() * INTERVAL '9000 years' AS s,
    CASE WHEN random() < .1 THEN 'infinity' ELSE now() - random() * INTERVAL '2000 years' END AS z,
    random() * INTERVAL '99 years' - random() * INTERVAL '99 days' AS v2, gen_random_uuid() AS u,
    jsonb_build_object(some(), some()) AS j, json_build_array(some(), random()) AS j2,
    ('10.0.0.0'::inet + (random() * 1e6)::int) AS a, ARRAY[g, NULL, (random() * 1e9)::int] AS ia,
    ARRAY[some(), NULL, some() || some()] AS ta, int4range(g, g + (random() * 9)::int) AS r,
    (random() * 1e6)::numeric::money AS m, point(random(), random()) AS p, (random() * 255)::int::bit(8) AS bits,
    ROW(g, some()) ::copied_pair AS c, '08:00:2b:01:02:03'::macaddr AS mac, to_tsvector('simple', some() || 'x') AS ts
  FROM generate_series(1, )";

class copied_types : public testing::Test {
 protected:
  copied_types() : from_(open()), to_(open()) {
    from_.exec(
        "SET client_min_messages TO error; DROP TABLE IF EXISTS copied_from, copied_to; DROP TYPE IF EXISTS "
        "copied_pair; CREATE TYPE copied_pair AS (a int, b text);"
        "CREATE FUNCTION pg_temp.some() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT (ARRAY['\\', E'\t', E'\n', "
        "E'\r', E'\b', '\\N', '\\.', ',', ';', '\"', '''', '|', '', ' ', 'ä€😀', 'null', 'plain text', E'\\x01', "
        "'{}', '()'])[1 + floor(random() * 20)] $$; SET search_path TO public, pg_temp");
    std::string rows = random_rows;
    for (auto at = rows.find("some()"); at != rows.npos; at = rows.find("some()", at + 14))
      rows.replace(at, 4, "pg_temp.some");
    from_.exec(rows + std::to_string(given("TUSK_COPY_ROWS", 2000)) + ") g");
    from_.exec("CREATE TABLE copied_to (LIKE copied_from)");
  }
  ~copied_types() override { from_.exec("DROP TABLE copied_from, copied_to; DROP TYPE copied_pair"); }
  /// The difference, as the server sees it; and empties the second table.
  void expect_same(std::string const& columns = "*") {
    std::string const a = "SELECT t::text FROM (SELECT " + columns + " FROM copied_from) t",
                      b = "SELECT t::text FROM (SELECT " + columns + " FROM copied_to) t";
    EXPECT_EQ(value<int>(from_, ("SELECT count(*)::int FROM ((" + a + " EXCEPT ALL " + b + ") UNION ALL (" + b +
                                 " EXCEPT ALL " + a + ")) x")
                                    .c_str()),
              0);
    from_.exec("TRUNCATE copied_to");
  }
  connection from_, to_;
};

TEST_F(copied_types, go_out_and_in_as_bytes) {
  for (char const* how :
       {"", "(FORMAT binary)", "(FORMAT csv)", "(FORMAT csv, QUOTE '|', ESCAPE '\\')", "(DELIMITER ';', NULL 'NULL')",
        "(FORMAT csv, HEADER, DELIMITER E'\\t', NULL '\\N')", "(FORMAT csv, QUOTE '''', NULL 'null')"}) {
    SCOPED_TRACE(how);
    auto out = from_.copy_out("COPY copied_from TO STDOUT " + std::string(how));
    auto in = to_.copy_in("COPY copied_to FROM STDIN " + std::string(how));
    while (auto const chunk = out.next_chunk()) in.write(chunk->bytes());
    EXPECT_EQ(in.finish(), out.count());
    expect_same();
  }
  from_.copy_in("COPY copied_to FROM STDIN (FORMAT csv, FORCE_NULL (t))",
                [&, out = to_.copy_out("COPY copied_from TO STDOUT (FORMAT csv, FORCE_QUOTE (i8, y))"),
                 left = std::string()](std::span<char> into) mutable {
                  if (left.empty())
                    if (auto const chunk = out.next_chunk()) left = chunk->bytes();
                  auto const size = std::min(left.size(), into.size());
                  left.copy(into.data(), size);
                  left.erase(0, size);
                  return size;
                });
  expect_same("id, i2, i8, f8, y, ta, nullif(t, '')");
}

TEST_F(copied_types, go_out_and_in_as_values) {
  using row = std::tuple<int, std::optional<short>, std::optional<long>, double, std::optional<std::string>,
                         std::vector<std::byte>, bool, date, timestamptz, uuid, std::vector<std::optional<int>>>;
  std::string const columns = "id, i2, i8, f8, t, y, b, d, z, u, ia";
  for (char const* how : {"", "(FORMAT binary)", "(FORMAT csv)", "(FORMAT csv, QUOTE '|', ESCAPE '\\')",
                          "(FORMAT csv, HEADER, DELIMITER ';', NULL 'null')"}) {
    SCOPED_TRACE(how);
    auto in = to_.copy_in("COPY copied_to (" + columns + ") FROM STDIN " + how);
    for (row const& each : from_.copy_out("COPY copied_from (" + columns + ") TO STDOUT " + how).rows<row>())
      in.add(each);
    in.finish();
    expect_same(columns);
  }
}

TEST(copied_bytes, go_through_constant_memory) {
  connection from = open(), to = open();
  to.exec("CREATE TEMPORARY TABLE item (name text)");
  to.exec("CREATE FUNCTION pg_temp.none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  to.exec("CREATE TRIGGER none BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION pg_temp.none()");
  std::uint64_t const rows = 256U * static_cast<unsigned>(given("TUSK_COPY_MIB", 16));
  heap_watch watch;
  std::size_t most = 0;
  auto out =
      from.copy_out("COPY (SELECT repeat('x', 4095) FROM generate_series(1, " + std::to_string(rows) + ")) TO STDOUT");
  auto in = to.copy_in("COPY item FROM STDIN");
  while (auto const chunk = out.next_chunk()) {
    in.write(chunk->bytes());
    most = std::max(most, watch.growth());
  }
  in.finish();
  EXPECT_EQ(out.count(), rows);
  EXPECT_LT(most, 1'500'000U);
}

}  // namespace
}  // namespace tusk::test
