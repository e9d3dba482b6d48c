// Many requests under way on one connection: started ones, pipelines, and a stream to a file in constant memory.
//
//   many_at_once 'host=localhost dbname=test ...'

#include <cstdio>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

namespace {

/// Two requests under way: the server works on the second one while the first is looked at.
void start_two(tusk::connection& conn) {
  tusk::pending<tusk::result> a = conn.start_query("SELECT 1"), b = conn.start_query("SELECT $1::int", 2);
  std::printf("%d %d\n", a.get()[0].get<int>(0), b.get()[0].get<int>(0));
}

/// One round trip for all of them, and one transaction: an error stops at the next sync.
void in_a_pipeline(tusk::connection& conn) {
  tusk::pipeline p = conn.pipeline();
  auto inserted = p.query("INSERT INTO item VALUES ($1, $2)", 1, "it's");
  auto counted = p.query("SELECT count(*) FROM item");
  p.sync();
  std::printf("%llu row inserted, %ld there\n", static_cast<unsigned long long>(inserted.get().affected_rows()),
              counted.get()[0].get<long>(0));

  p.query("INSERT INTO item VALUES ($1, $2)", 2, "two");
  auto refused = p.query("INSERT INTO item VALUES ($1, $2)", 1, "again");
  auto skipped = p.query("SELECT 1");
  auto end = p.sync();
  for (auto* each : {&refused, &skipped}) try {
      each->get();
    } catch (tusk::error const& e) {
      std::printf("%s\n", e.what());
    }
  try {
    end.get();
  } catch (tusk::integrity_error const&) {
    std::puts("nothing of the unit stands");
  }
}

/// Any number of rows, and no more memory than a chunk.
void to_a_file(tusk::connection& conn, std::FILE* file) {
  for (auto [id, name] : conn.stream<int, std::string_view>("SELECT id, name FROM item ORDER BY id"))
    std::fprintf(file, "%d\t%.*s\n", id, static_cast<int>(name.size()), name.data());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "", {.autocommit = true});
    conn.exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text)");
    start_two(conn);
    in_a_pipeline(conn);
    std::vector<std::tuple<int, std::string>> items;
    for (int i = 10; i < 15; ++i) items.emplace_back(i, "item " + std::to_string(i));
    std::printf("%llu more\n",
                static_cast<unsigned long long>(conn.executemany("INSERT INTO item VALUES ($1, $2)", items)));
    to_a_file(conn, stdout);
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
