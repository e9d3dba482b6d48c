// What programs need again and again. tools/docs/recipes.md shows these functions, word for word; here they run.
//
//   recipes 'host=localhost dbname=test ...'

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

namespace {

using namespace std::chrono_literals;

struct item {
  int id;
  std::optional<std::string> name;
};

void load(tusk::connection& conn, std::vector<item> const& items) {
  std::vector<int> ids;
  std::vector<std::optional<std::string>> names;
  for (item const& each : items) {
    ids.push_back(each.id);
    names.push_back(each.name);
  }
  conn.query("INSERT INTO item (id, name) SELECT * FROM unnest($1::int[], $2::text[])", ids, names);
}

std::optional<item> find(tusk::connection& conn, int id) {
  return conn.query_optional<item>("SELECT id, name FROM item WHERE id = $1", id);  // two would be a data_error
}

int age_of(tusk::connection& conn, tusk::json const& person) {
  conn.query("INSERT INTO document (body) VALUES ($1)", person);
  return conn.query_value<int>("SELECT (body->>'age')::int FROM document WHERE body @> $1",
                               tusk::json(R"({"name": "Ada"})"));
}

std::vector<std::byte> store(tusk::connection& conn, int id, std::span<std::byte const> bytes) {
  conn.query("INSERT INTO blob (id, bytes) VALUES ($1, $2)", id, bytes);
  return conn.query_value<std::vector<std::byte>>("SELECT bytes FROM blob WHERE id = $1", id);
}

bool take_job(tusk::connection& conn, std::stop_token const& stop) {
  tusk::transaction tx{conn};
  tusk::result const taken = conn.query(tusk::within(stop),
                                        "DELETE FROM job WHERE id = (SELECT id FROM job ORDER BY id LIMIT 1 "
                                        "FOR UPDATE SKIP LOCKED) RETURNING id");
  if (taken.empty()) return false;
  conn.query(tusk::within(stop), "INSERT INTO job_done VALUES ($1)", taken[0].get<int>("id"));  // the work
  tx.commit();
  return true;
}

void work(std::string const& dsn, std::stop_token const& stop) {
  tusk::connect_options options{.autocommit = true};
  options.session_hook = [](tusk::connection& fresh) { fresh.listen("jobs"); };  // after each reconnect, too
  tusk::connection conn = tusk::connect(dsn, options);
  try {
    while (!stop.stop_requested()) {
      while (take_job(conn, stop)) continue;
      conn.next_notify(stop);
    }
  } catch (tusk::query_canceled const&) {
    if (!stop.stop_requested()) throw;  // the job under way was rolled back: another worker takes it
  }
}

void migrate(tusk::connection& conn, std::span<std::string_view const> scripts) {
  tusk::transaction tx{conn};
  conn.query("SELECT pg_advisory_xact_lock(4711)");  // another instance that starts now waits here
  conn.exec("CREATE TABLE IF NOT EXISTS schema_version (version int NOT NULL)");
  auto const done = conn.query_value<std::size_t>("SELECT count(*) FROM schema_version");
  for (std::size_t version = done; version < scripts.size(); ++version) {
    conn.exec(scripts[version]);
    conn.query("INSERT INTO schema_version VALUES ($1)", static_cast<int>(version) + 1);
  }
  tx.commit();
}

void count_visit(tusk::pool& pool, std::string_view page) {
  pool.with(tusk::within(2s), [&](tusk::connection& conn) {
    conn.query("INSERT INTO visit VALUES ($1, 1) ON CONFLICT (page) DO UPDATE SET n = visit.n + 1", page);
  });
}

void require(bool right, char const* what) {
  if (!right) throw std::runtime_error(what);
  std::printf("%s\n", what);
}

void values(std::string const& dsn) {
  tusk::connection conn = tusk::connect(dsn);
  conn.exec(
      "CREATE TEMP TABLE item (id int, name text); CREATE TEMP TABLE document (body jsonb);"
      "CREATE TEMP TABLE blob (id int, bytes bytea)");
  load(conn, {{1, "it's"}, {2, std::nullopt}, {3, "{\"\\"}});
  require(find(conn, 3)->name == "{\"\\" && !find(conn, 2)->name && !find(conn, 4), "bulk load, zero or one row");
  require(age_of(conn, tusk::json(R"({"name": "Ada", "age": 36})")) == 36, "JSON");
  std::vector<std::byte> const bytes{std::byte{0}, std::byte{0xff}, std::byte{'\''}};
  require(store(conn, 1, bytes) == bytes, "bytea");
}

void jobs(std::string const& dsn) {
  tusk::connection conn = tusk::connect(dsn, {.autocommit = true});
  std::string_view const scripts[] = {"CREATE TABLE job (id int)", "CREATE TABLE job_done (id int)"};
  conn.exec("DROP TABLE IF EXISTS schema_version, job, job_done");
  migrate(conn, std::span(scripts).first(1));
  migrate(conn, scripts);
  require(conn.query_value<int>("SELECT max(version) FROM schema_version") == 2, "migrations");

  conn.exec("INSERT INTO job SELECT generate_series(1, 10)");
  {
    std::jthread const one([&](std::stop_token const& stop) { work(dsn, stop); });
    std::jthread const two([&](std::stop_token const& stop) { work(dsn, stop); });
    conn.exec("INSERT INTO job VALUES (11); NOTIFY jobs");
    tusk::within const patience(30s);
    while (!patience.is_over() && conn.query_value<int>("SELECT count(*) FROM job_done") != 11)
      conn.query("SELECT pg_sleep(0.01)");
  }  // asks both to stop, and waits for them
  require(conn.query_value<int>("SELECT count(DISTINCT id) FROM job_done") == 11, "two workers, eleven jobs");
  conn.exec("DROP TABLE schema_version, job, job_done");
}

void pooling(std::string const& dsn) {
  tusk::pool pool(dsn, {.maximum = 2});
  pool.query("CREATE TABLE visit (page text PRIMARY KEY, n int)");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i != 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j != 5; ++j) count_visit(pool, "front");
      });
    }
  }
  require(pool.query("SELECT n FROM visit")[0].get<int>(0) == 20, "a pool");
  pool.query("DROP TABLE visit");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::string const dsn = argc > 1 ? argv[1] : "";
    values(dsn);
    jobs(dsn);
    pooling(dsn);
    return 0;
  } catch (std::exception const& e) {
    std::printf("failed: %s\n", e.what());
    return 1;
  }
}
