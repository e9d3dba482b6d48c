// A pool: one statement, several in a transaction, a lease of one's own, what happens to what a lease leaves, and the
// figures.
//
//   pooling 'host=localhost dbname=test ...'

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

namespace {

using namespace std::chrono_literals;

void move_money(tusk::pool& pool, int from, int to, int amount) {
  pool.with(tusk::within(5s), [&](tusk::connection& conn) {  // commits; what it throws undoes all of it
    conn.query("UPDATE pooling_account SET balance = balance - $2 WHERE id = $1", from, amount);
    conn.query("UPDATE pooling_account SET balance = balance + $2 WHERE id = $1", to, amount);
  });
}

void pooling(std::string_view dsn) {
  tusk::pool_options options{.minimum = 1, .maximum = 4};
  options.on_event = [](tusk::pool_event const& event) {
    if (event.what == tusk::pool_event::kind::rolled_back)
      std::printf("a transaction was left open by who acquired in line %u\n",
                  static_cast<unsigned>(event.where.line()));
  };
  tusk::pool pool(dsn, options);
  pool.warm_up(tusk::within(10s));
  std::jthread keeper([&](std::stop_token const& stop) { pool.run(stop); });  // idle and old ones, the minimum

  pool.query("DROP TABLE IF EXISTS pooling_account");
  pool.query("CREATE TABLE pooling_account (id int PRIMARY KEY, balance int CHECK (balance >= 0))");
  pool.query("INSERT INTO pooling_account SELECT n, 100 FROM generate_series(1, 4) AS n");

  std::vector<std::jthread> workers;
  for (int id = 1; id <= 4; ++id) workers.emplace_back([&, id] { move_money(pool, id, id % 4 + 1, 10); });
  workers.clear();
  try {
    move_money(pool, 1, 2, 1000);
  } catch (tusk::integrity_error const& e) {
    std::printf("refused: %s\n", e.constraint().c_str());
  }
  std::printf("%d in all\n", pool.query("SELECT sum(balance)::int FROM pooling_account")[0].get<int>(0));

  {
    tusk::lease conn = pool.acquire();
    conn->query("UPDATE pooling_account SET balance = 0");
    // Nobody commits: it is rolled back as the lease ends, and the hook is told.
  }

  tusk::pool_statistics const now = pool.statistics();
  std::printf("%llu connections made, %llu leases, %llu transactions left open\n",
              static_cast<unsigned long long>(now.connected), static_cast<unsigned long long>(now.acquired),
              static_cast<unsigned long long>(now.rolled_back));
  pool.query("DROP TABLE pooling_account");
  pool.close(tusk::within(5s));  // waits for leases, closes what is still lent then
}

}  // namespace

int main(int count, char** arguments) {
  try {
    pooling(count > 1 ? arguments[1] : "");
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
