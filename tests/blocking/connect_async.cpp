// Connects through poll() and waits with epoll_wait(2) alone, so that any other call that waits is the library's.
//
//   connect_async DSN
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <tusk/tusk.hpp>

namespace {

void wait(tusk::connection const& conn, tusk::poll_status wanted, int milliseconds = 30'000) {
  int const loop = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  if (wanted != tusk::poll_status::write) event.events |= EPOLLIN;
  if (wanted != tusk::poll_status::read) event.events |= EPOLLOUT;
  ::epoll_ctl(loop, EPOLL_CTL_ADD, conn.fileno(), &event);
  ::epoll_wait(loop, &event, 1, milliseconds);
  ::close(loop);
}

void finish(tusk::connection& conn) {
  for (auto wanted = conn.poll(); wanted != tusk::poll_status::ok; wanted = conn.poll()) wait(conn, wanted);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::runtime_error("usage: connect_async DSN");
    tusk::connection conn = tusk::connect(arguments[1], {.async = true});
    finish(conn);
    conn.start_exec("SELECT pg_sleep(60)");
    wait(conn, conn.poll(), 200);  // until the server runs it: before that it ignores a cancel request
    conn.cancel();
    try {
      finish(conn);
    } catch (tusk::query_canceled const&) {}
    auto const told = conn.info();
    std::printf("%s %s\n", told.authentication.c_str(), told.tls_version.c_str());
  } catch (std::exception const& e) {
    std::fprintf(stderr, "connect_async: %s\n", e.what());
    return 1;
  }
}
