// An asynchronous connection in a loop of one's own: poll() steps it, the program waits.
//
//   stepping 'host=localhost dbname=test user=postgres'

#include <poll.h>

#include <cstdio>
#include <tusk/tusk.hpp>

namespace {

void wait(tusk::connection& conn) {
  for (;;) {
    pollfd waiting{-1, 0, 0};
    switch (conn.poll()) {  // throws what goes wrong
      case tusk::poll_status::ok: return;
      case tusk::poll_status::read: waiting.events = POLLIN; break;
      case tusk::poll_status::write: waiting.events = POLLOUT; break;
      case tusk::poll_status::read_write: waiting.events = POLLIN | POLLOUT; break;
    }
    waiting.fd = conn.fileno();
    auto const limit = conn.timeout();  // until poll() has to be called although the descriptor is silent
    ::poll(&waiting, 1, limit ? static_cast<int>(limit->count()) : -1);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    tusk::connection conn = tusk::connect(count > 1 ? arguments[1] : "", {.async = true});
    wait(conn);  // names, TLS, authentication
    tusk::cursor cur = conn.cursor();
    cur.execute("SELECT pg_sleep(0.1); SELECT %s", 42);
    wait(cur.connection());
    std::printf("%d\n", cur.fetchone()->get<int>(0));  // of the last one; results() has all

    cur.execute("SELECT pg_sleep(60)");
    conn.poll();              // sends it
    ::poll(nullptr, 0, 200);  // a request that overtakes its statement would do nothing
    conn.cancel();            // is stepped too
    try {
      wait(conn);
    } catch (tusk::query_canceled const& e) {
      std::printf("%s\n", e.what());
    }

    conn.start_query("SELECT $1::int + 1", 41);  // bound at the server, without a cursor
    wait(conn);
    std::printf("%d\n", conn.take_results()[0][0].get<int>(0));
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
