// Connecting: with keys that are kept, to a kind of server, in an event loop; and what a connection can do beside
// statements: cancel, show its messages, connect again.
//
//   connecting DSN
#include <poll.h>

#include <cstdio>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

namespace {

/// What an event loop does for a connection that it steps itself.
void wait(tusk::connection& conn) {
  for (;;) {
    short events = 0;
    switch (conn.poll()) {
      case tusk::poll_status::ok: return;
      case tusk::poll_status::read: events = POLLIN; break;
      case tusk::poll_status::write: events = POLLOUT; break;
      case tusk::poll_status::read_write: events = POLLIN | POLLOUT; break;
    }
    pollfd waiting{conn.fileno(), events, 0};
    auto const limit = conn.timeout();  // connect_timeout, for example: nothing else would wake us then
    ::poll(&waiting, 1, limit ? static_cast<int>(limit->count()) : -1);
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::string const dsn = count > 1 ? arguments[1] : "";
  try {
    // A pool of connections logs in with the keys of its first one, and does not compute them again.
    tusk::connect_options options;
    options.scram_keys = tusk::keep_scram_keys();
    tusk::connection first = tusk::connect(dsn, options), second = tusk::connect(dsn, options);
    std::printf("%s\n  authentication %s, %s\n", second.dsn().c_str(), second.info().authentication.c_str(),
                second.info().tls_version.empty() ? "no TLS" : second.info().tls_version.c_str());

    // What is given in code overrides the string. With several hosts in it (host=a,b) the first that suits is taken; a
    // failure names every address that was tried, and why it failed.
    tusk::connection writable = tusk::connect(dsn, {.parameters = {{"target_session_attrs", "read-write"}}});
    std::printf("  a server that takes writes: %s\n", writable.info().server_version.c_str());

    // Another thread cancels what this one waits for. The next statement is never hit.
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      first.cancel();
    });
    try {
      first.query("SELECT pg_sleep(60)");
    } catch (tusk::query_canceled const& e) {
      std::printf("  %s\n", e.what());
    }
    canceller.join();

    // An event loop steps everything itself, connecting and cancelling included.
    tusk::connection stepped = tusk::connect(dsn, {.async = true});
    wait(stepped);
    stepped.start_query("SELECT $1::text", "stepped");
    wait(stepped);
    std::printf("  %s\n", stepped.take_results()[0][0].get<std::string>(0).c_str());

    // What both sides say, a line a message.
    second.trace([](std::string_view line) { std::printf("  %.*s\n", static_cast<int>(line.size()), line.data()); });
    second.ping();
    second.trace({});

    first.close();
    first.reconnect();
    std::printf("  connected again: %d\n", first.query("SELECT 1")[0].get<int>(0));
    return tusk::ping(dsn) == tusk::ping_status::ok ? 0 : 1;
  } catch (tusk::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
