// Cursors: statements with their arguments merged into them (%s), and a subclass that sees all of them.
//
//   cursors 'host=localhost dbname=test user=postgres'

#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

namespace {

struct item {
  int id;
  std::string name;
  std::optional<tusk::numeric> price;
};

class logging_cursor : public tusk::cursor {
 public:
  using tusk::cursor::cursor;

 protected:
  void do_execute(std::string_view sql, tusk::params const& args) override {  // executemany and callproc pass here too
    std::printf("   log: %s\n", mogrify(sql, args).c_str());
    tusk::cursor::do_execute(sql, args);
  }
  void did_execute(tusk::outcome const& o) override {  // also when it ends later, in poll()
    if (o.error()) std::printf("   log: failed: %s\n", std::string(o.what()).c_str());
  }
};

}  // namespace

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "");
    tusk::cursor cur = conn.cursor();
    cur.execute("CREATE TEMP TABLE item (id int PRIMARY KEY, name text, price numeric(8,2))");
    cur.execute("INSERT INTO item VALUES (%s, %s, %s)", 1, "it's", tusk::numeric{"9.99"});
    cur.executemany("INSERT INTO item (id, name) VALUES (%s, %s)",
                    std::vector<std::tuple<int, std::string>>{{2, "rope"}, {3, "lamp"}});
    conn.commit();  // a transaction had begun by itself; {.autocommit = true} is an option

    cur.execute("SELECT id, name, price FROM item WHERE id = %(id)s", tusk::named("id", 1));
    for (auto [id, name, price] : cur.rows<int, std::string, std::optional<tusk::numeric>>())
      std::printf("%d: %s for %s\n", id, name.c_str(), price ? price->to_string().c_str() : "nothing");

    cur.execute("SELECT * FROM item ORDER BY id");
    std::printf("%lld rows\n", static_cast<long long>(cur.rowcount()));
    auto const first = cur.fetchone();                    // empty at the end
    std::vector<item> const rest = cur.fetchall<item>();  // members by name
    std::printf("%s, and %zu more\n", first->get<std::string>("name").c_str(), rest.size());

    auto big = conn.cursor({.name = "big", .scrollable = true});  // its rows stay at the server
    big.execute("SELECT i, i::bigint * i FROM generate_series(1, %s) AS i", 100'000);
    long sum = 0;
    for (auto [number, square] : big.rows<int, long>()) sum += square - number;  // big.itersize rows a round trip
    big.scroll(-1);
    auto const last = big.fetchone<std::tuple<int, long>>();
    std::printf("%ld, and the last of them is %d\n", sum, std::get<0>(*last));

    auto logged = conn.cursor<logging_cursor>();
    logged.callproc("upper", "shout");
    std::printf("%s\n", logged.fetchone()->get<std::string>(0).c_str());
    try {
      logged.execute("INSERT INTO item VALUES (%s)", 1);
    } catch (tusk::integrity_error const& e) {
      if (e.condition() == tusk::condition::unique_violation) std::printf("%s\n", e.constraint().c_str());
    }
    conn.rollback();

    conn.cursor_factory([](tusk::connection& c) { return std::make_unique<logging_cursor>(c); });
    std::unique_ptr<tusk::cursor> const made = conn.make_cursor();
    made->execute("SELECT count(*) FROM item");
    std::printf("%d items\n", made->fetchone()->get<int>(0));
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
