// The tour: everything that works, on a real server, in one program. tools/quickstart runs it.
//
//   tour 'host=localhost dbname=test ...'

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/tusk.hpp>

namespace {

using namespace std::chrono_literals;

/// Prints each step with the time that it took.
class stopwatch {
 public:
  void step(char const* what) {
    auto const now = std::chrono::steady_clock::now();
    auto const passed = std::chrono::duration<double, std::milli>(now - last_).count();
    std::printf("   %-58s %8.2f ms\n", what, passed);
    last_ = std::chrono::steady_clock::now();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void show_rows(tusk::result const& items) {
  for (auto const& column : items.columns())
    std::printf("   %-12s", (column.name + ":" + std::string(tusk::type_name(column.type))).c_str());
  std::printf("\n");
  auto const price = items.column("price");  // a handle: no search by name per row
  for (auto const& row : items) {
    auto const id = row.get<int>("id");
    auto const name = row.get<std::string_view>("name");  // a view into the result
    auto const cost = row.get<std::optional<double>>(price);
    auto const stock = row.get<bool>("in_stock");
    std::printf("   %-12d   %-12.*s", id, static_cast<int>(name.size()), name.data());
    if (cost)
      std::printf("   %-12g", *cost);
    else
      std::printf("   %-12s", "NULL");
    std::printf("   %s\n", stock ? "true" : "false");
  }
}

void tour(std::string_view dsn) {
  stopwatch time;
  tusk::connection conn = tusk::connect(dsn);
  time.step("connected");
  tusk::connection_info const info = conn.info();
  std::printf("   server          PostgreSQL %s at %s, port %d\n", info.server_version.c_str(), info.address.c_str(),
              info.port);
  std::printf("   TLS             %s\n",
              info.tls_version.empty() ? "none" : (info.tls_version + ", " + info.tls_cipher).c_str());
  std::string method = info.authentication;
  for (char& c : method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  std::printf("   authentication  %s\n", method.c_str());

  conn.exec("CREATE TEMP TABLE item (id int, name text, price float8, in_stock bool)");
  time.step("created a table");
  auto insert = conn.prepare("INSERT INTO item VALUES ($1, $2, $3, $4)");
  insert.query(1, "it's", 9.99, true);
  insert.query(2, "rope", std::nullopt, false);
  time.step("inserted two rows with a prepared statement");
  tusk::result const items = conn.query("SELECT * FROM item WHERE id >= $1 ORDER BY id", 1);
  time.step("read them back");
  show_rows(items);

  try {
    conn.query("SELECT pric FROM item");
  } catch (tusk::programming_error const& e) {
    time.step("made a mistake");
    std::printf("%s\n", e.what());
  }

  tusk::connection other = tusk::connect(dsn, {.autocommit = true});
  time.step("connected a second time");
  conn.rollback();            // the statement that failed ended the transaction, which had begun by itself
  conn.set_autocommit(true);  // who listens must not stay in a transaction
  conn.exec("LISTEN tour");
  other.query("SELECT pg_notify('tour', $1)", "hello from the second connection");
  while (conn.notifies.empty() && tusk::wait_readable(conn, 5s)) conn.poll();
  if (auto const n = conn.notifies.pop())
    std::printf("   notification    pid %d, channel %s: %s\n", n->pid, n->channel.c_str(), n->payload.c_str());
  else
    throw tusk::operational_error("the notification did not come within 5 s");
  time.step("got a notification");

  tusk::result const many = conn.query("SELECT i, i * 2.5::float8 FROM generate_series(1, 100000) AS i");
  double sum = 0;
  for (auto const& row : many) sum += row.get<int>(0) + row.get<double>(1);
  time.step("read and decoded 100,000 rows");
  std::printf("   their sum is %.1f\n", sum);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    tour(count > 1 ? arguments[1] : "");
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "tour: %s\n", e.what());
    return 1;
  }
}
