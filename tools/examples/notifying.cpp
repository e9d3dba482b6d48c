// Notifications: a queue that is drained by hand, handlers that are called, and a session hook that listens again after
// each reconnect.
//
//   notifying 'host=localhost dbname=test ...'

#include <chrono>
#include <cstdio>
#include <tusk/tusk.hpp>

namespace {

using namespace std::chrono_literals;

void wait_and_poll(tusk::connection& conn) {
  if (tusk::wait_readable(conn, 5s))
    conn.poll();
  else
    std::puts("Timeout");
}

void notifying(std::string_view dsn) {
  tusk::connect_options options{.autocommit = true};
  options.session_hook = [](tusk::connection& fresh) {
    fresh.listen("orders");
    fresh.listen("News of the day");  // quoted: any name will do
  };
  tusk::connection conn = tusk::connect(dsn, options);
  tusk::connection sender = tusk::connect(dsn, {.autocommit = true});

  // A channel with a handler is not queued. The handler runs inside of poll(), and of whatever else takes the bytes.
  int orders = 0;
  conn.on_notify("orders", [&](tusk::notify const& n) {
    ++orders;
    std::printf("order %s, told by process %d\n", n.payload.c_str(), n.pid);
  });
  sender.notify("orders", "4711");
  while (orders == 0) wait_and_poll(conn);

  conn.reconnect();  // the hook listens again, the handler is still there
  sender.notify("News of the day", "it rains");
  sender.notify("orders", "4712");
  while (orders == 1) wait_and_poll(conn);
  while (auto const n = conn.notifies.pop())
    std::printf("Got NOTIFY: %d %s %s\n", n->pid, n->channel.c_str(), n->payload.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    notifying(count > 1 ? arguments[1] : "");
    return 0;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
