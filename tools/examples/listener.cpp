// A listener: a function, a queue that another thread reads, and what to do after a gap.
//
//   listener 'host=localhost dbname=test ...'

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <variant>

namespace {

using namespace std::chrono_literals;

/// What a program knows of the table; and how it comes to know it, at the start and after each gap.
struct known_orders {
  explicit known_orders(std::string_view of) : dsn(of) {}
  void look() {
    tusk::connection conn = tusk::connect(dsn);
    count = conn.query_value<int>("SELECT count(*)::int FROM listener_order");
    std::printf("looked: %d orders\n", count.load());
  }

  std::string const dsn;
  std::atomic<int> count = 0;
};

void listening(std::string_view dsn) {
  tusk::connection conn = tusk::connect(dsn, {.autocommit = true});
  conn.exec("DROP TABLE IF EXISTS listener_order; CREATE TABLE listener_order (id int)");

  tusk::listener_options options{.first_pause = 10ms};
  options.on_event = [](tusk::listener_event const& event) {
    if (event.what == tusk::listener_event::kind::lost) std::puts("the connection was lost");
  };
  tusk::listener hub(std::string(dsn) + " application_name=listener_example", options);
  known_orders orders(dsn);
  hub.listen("listener_order", [&](tusk::notify const&) { ++orders.count; },
             {.on_gap = [&](tusk::notification_gap const&) { orders.look(); }, .tell_start = true});
  tusk::subscription queue = hub.subscribe("listener_order", {.capacity = 1000, .tell_start = true});

  std::jthread runs([&](std::stop_token const& stop) { hub.run(stop); });
  int gaps = 0;
  for (int id = 1; id <= 3;) {
    auto const next = queue.next(tusk::within(20s));
    if (!next) throw tusk::operational_error("nothing came for a long time");
    if (auto const* told = std::get_if<tusk::notify>(&*next)) {
      std::printf("order %s\n", told->payload.c_str());
      ++id;
      // Somebody ends our session. What is notified until there is another one is lost; a gap says so.
      conn.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener_example'");
      continue;
    }
    std::printf("gap number %d\n", ++gaps);
    conn.query("INSERT INTO listener_order VALUES ($1)", id);
    conn.notify("listener_order", std::to_string(id));
  }
  conn.exec("DROP TABLE listener_order");
}

}  // namespace

int main(int count, char** arguments) {
  try {
    listening(count > 1 ? arguments[1] : "");
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
