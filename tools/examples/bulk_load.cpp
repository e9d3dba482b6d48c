// Ways to insert many rows, and how many of them a second. tools/docs/bulk_load.md shows these functions, word for
// word.
//
//   bulk_load 'host=localhost dbname=test ...' [rows]

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

namespace {

struct reading {
  int id;
  std::int64_t sensor;
  std::string place;
  double value;
};

void each_alone(tusk::connection& conn, std::vector<reading> const& readings) {
  for (auto const& [id, sensor, place, value] : readings)
    conn.query("INSERT INTO reading VALUES ($1, $2, $3, $4)", id, sensor, place, value);
}

void by_bound_executemany(tusk::connection& conn, std::vector<reading> const& readings) {
  conn.executemany("INSERT INTO reading VALUES ($1, $2, $3, $4)", readings);
}

void by_executemany(tusk::connection& conn, std::vector<reading> const& readings) {
  conn.cursor().executemany("INSERT INTO reading VALUES (%s, %s, %s, %s)", readings);
}

void by_execute_values(tusk::connection& conn, std::vector<reading> const& readings) {
  conn.cursor().execute_values("INSERT INTO reading VALUES %s", readings);
}

std::vector<int> with_their_ids(tusk::connection& conn, std::vector<reading> const& readings) {
  return conn.cursor().execute_values<int>(
      "INSERT INTO reading VALUES %s ON CONFLICT (id) DO UPDATE SET value = EXCLUDED.value RETURNING id", readings,
      {.page_size = 1000, .row_template = "(%s, %s, upper(%s), %s)"});
}

void by_unnest(tusk::connection& conn, std::vector<reading> const& readings) {
  std::vector<int> ids;
  std::vector<std::int64_t> sensors;
  std::vector<std::string> places;
  std::vector<double> values;
  for (reading const& each : readings) {
    ids.push_back(each.id);
    sensors.push_back(each.sensor);
    places.push_back(each.place);
    values.push_back(each.value);
  }
  conn.query("INSERT INTO reading SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::float8[])", ids,
             sensors, places, values);
}

void by_copy(tusk::connection& conn, std::vector<reading> const& readings) {
  conn.copy_in("COPY reading FROM STDIN (FORMAT binary)", readings);
}

/// Does it in a transaction of its own, and says how fast it was.
template <class Load>
void time(tusk::connection& conn, char const* how, std::vector<reading> const& readings, Load const& load) {
  conn.exec("TRUNCATE reading");
  conn.commit();
  auto const begin = std::chrono::steady_clock::now();
  load(conn, readings);
  conn.commit();
  std::chrono::duration<double> const taken = std::chrono::steady_clock::now() - begin;
  if (conn.query_value<std::size_t>("SELECT count(*) FROM reading WHERE value = id / 7.0::float8") != readings.size())
    throw std::runtime_error(std::string("not all rows are there: ") + how);
  std::printf("%-16s %9.0f rows/s\n", how, static_cast<double>(readings.size()) / taken.count());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "");
    int const rows = count > 2 ? std::atoi(arguments[2]) : 1000;
    std::vector<reading> readings;
    for (int i = 1; i <= rows; ++i) readings.push_back({i, i * 1000003LL, "place " + std::to_string(i), i / 7.0});
    conn.exec("CREATE TEMP TABLE reading (id int PRIMARY KEY, sensor bigint, place text, value float8)");
    time(conn, "query", readings, each_alone);
    time(conn, "conn.executemany", readings, by_bound_executemany);
    time(conn, "cur.executemany", readings, by_executemany);
    time(conn, "execute_values", readings, by_execute_values);
    time(conn, "RETURNING", readings, with_their_ids);
    time(conn, "unnest", readings, by_unnest);
    time(conn, "copy_in", readings, by_copy);
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
