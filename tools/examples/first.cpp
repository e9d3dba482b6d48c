// The README's first program.
//
//   first 'host=localhost dbname=test user=postgres'

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "");

    conn.exec("CREATE TEMP TABLE item (id int PRIMARY KEY, name text, price float8)");
    tusk::statement insert = conn.prepare("INSERT INTO item VALUES ($1, $2, $3)");
    insert.query(1, "it's", 9.99);
    insert.query(2, "naïve", std::nullopt);
    conn.commit();  // a transaction had begun by itself

    tusk::result items = conn.query("SELECT id, name, price FROM item WHERE id >= $1 ORDER BY id", 1);
    for (auto const& row : items) {
      auto id = row.get<int>("id");
      auto name = row.get<std::string>("name");
      auto price = row.get<std::optional<double>>("price");
      if (price)
        std::printf("%d: %s costs %g\n", id, name.c_str(), *price);
      else
        std::printf("%d: %s has no price yet\n", id, name.c_str());
    }

    conn.query("INSERT INTO item VALUES ($1)", 1);  // there is one already
  } catch (tusk::integrity_error const& e) {
    std::printf("%s, by constraint %s\n", e.message().c_str(), e.constraint().c_str());
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
