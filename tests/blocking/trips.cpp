// trips FACE DSN: 20 round trips of a prepared statement between two calls of getsid(-1), which the system refuses and
// nothing else makes: so that trips.sh can count what a trip costs, as the system sees it.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <tusk/tusk.hpp>
#ifdef TUSK_WITH_ASIO
#include <asio/io_context.hpp>
#include <tusk/aio/connection.hpp>
#endif

namespace {

constexpr int trips = 20;
constexpr char statement[] = "SELECT 1";

void finish(tusk::connection& conn) {
  for (;;) {
    auto const wanted = conn.poll();
    if (wanted == tusk::poll_status::ok) return;
    short const events = wanted == tusk::poll_status::write ? POLLOUT : POLLIN;
    pollfd waiting{conn.fileno(), events, 0};
    ::poll(&waiting, 1, -1);
  }
}

template <class Trip>
void measure(Trip const& trip) {
  for (int i = 0; i < 2; ++i) trip();  // the first prepares it
  ::getsid(-1);
  for (int i = 0; i < trips; ++i) trip();
  ::getsid(-1);
}

void blocking(char const* dsn, tusk::wait_callback callback = {}) {
  auto conn = tusk::connect(dsn, {.autocommit = true, .wait_callback = std::move(callback)});
  measure([&] { conn.query(statement); });
}

void polled(char const* dsn) {
  auto conn = tusk::connect(dsn, {.async = true});
  finish(conn);
  measure([&] {
    conn.start_query(statement);
    finish(conn);
    conn.take_results();
  });
}

#ifdef TUSK_WITH_ASIO
void asio_face(char const* dsn) {
  asio::io_context context(1);
  tusk::aio::connection conn(context);
  conn.connect(dsn, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
  int left = trips + 2;
  // One run of the loop for all of them, as in a program: each is begun by the handler of the one before.
  struct next {
    tusk::aio::connection& conn;
    int& left;
    void operator()() const {
      if (left == trips || left == 0) ::getsid(-1);
      if (left-- == 0) return;
      conn.query(tusk::bind(statement), [again = *this](std::exception_ptr error, tusk::result) {
        if (error) std::rethrow_exception(error);
        again();
      });
    }
  };
  next{conn, left}();
  context.restart();
  context.run();
}
#endif

}  // namespace

int main(int count, char** given) {
  if (count != 3) return 2;
  std::string_view const face = given[1];
  if (face == "blocking") return blocking(given[2]), 0;
  if (face == "callback") return blocking(given[2], finish), 0;
  if (face == "poll") return polled(given[2]), 0;
#ifdef TUSK_WITH_ASIO
  if (face == "asio") return asio_face(given[2]), 0;
#endif
  std::printf("no such face is built\n");
  return 2;
}
