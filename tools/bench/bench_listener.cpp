// How many notifications a second a listener takes, what each costs its thread, and what it allocates.
//
//   bench_listener DSN [COUNT [PAYLOAD_BYTES]]
//
// Another session sends them in transactions of 10,000, while a thread steps the listener; one function, and with
// "queue" one subscription that another thread reads. Prints one line of JSON for each. The rate is bounded by the
// server; the time of the listener's thread for each notification says what is left.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>

namespace {

using namespace std::chrono_literals;

thread_local std::int64_t allocations = 0;

double thread_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

void measure(char const* dsn, bool with_queue, std::int64_t count, int size) {
  tusk::listener hub(dsn);
  std::atomic<std::int64_t> told = 0;
  tusk::subscription queue;
  if (with_queue)
    queue = hub.subscribe("bench", {.capacity = static_cast<std::size_t>(count), .max_bytes = std::size_t{1} << 30});
  else
    hub.listen("bench", [&](tusk::notify const&) { ++told; });
  double busy = 0;
  std::int64_t allocated = 0;
  std::atomic<bool> is_warm = false;
  std::jthread steps([&](std::stop_token const& stop) {
    hub.run(stop);
    while (!is_warm) std::this_thread::sleep_for(1ms);
    double const since = thread_seconds();
    std::int64_t const before = allocations;
    hub.run();
    busy = thread_seconds() - since;
    allocated = allocations - before;
  });
  std::jthread const reader([&](std::stop_token const& stop) {
    if (!with_queue) return;
    try {
      while (queue.next(stop)) ++told;
    } catch (tusk::error const&) {
      // The end.
    }
  });
  struct ending {
    tusk::listener& of;
    std::atomic<bool>& warm;
    ~ending() {
      of.close();
      warm = true;
    }
  } const ends{hub, is_warm};  // whatever is thrown
  tusk::connection conn = tusk::connect(dsn, {.autocommit = true});
  auto const send = [&](std::int64_t most) {
    std::int64_t const until = told + most;
    for (std::int64_t sent = 0; sent < most; sent += 10'000)
      conn.query(
          "SELECT pg_catalog.pg_notify('bench', pg_catalog.lpad(i::text, $2, 'x')) FROM pg_catalog.generate_series(1, "
          "$1::int) AS i",
          static_cast<int>(std::min<std::int64_t>(10'000, most - sent)), size);
    while (told < until) std::this_thread::sleep_for(1ms);
  };
  while (!hub.is_listening("bench")) std::this_thread::sleep_for(1ms);
  send(10'000);
  steps.request_stop();
  std::this_thread::sleep_for(10ms);
  is_warm = true;
  auto const began = std::chrono::steady_clock::now();
  send(count);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  hub.close();
  steps.join();
  std::printf(
      "{\"row\": \"listener_%s\", \"a_second\": %.0f, \"nanoseconds\": %.0f, \"allocations\": %.3f, \"dropped\": "
      "%llu}\n",
      with_queue ? "queue" : "function", static_cast<double>(count) / seconds, 1e9 * busy / static_cast<double>(count),
      static_cast<double>(allocated) / static_cast<double>(count),
      static_cast<unsigned long long>(hub.statistics().dropped));
}

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const made = std::malloc(size != 0 ? size : 1)) return made;
  throw std::bad_alloc();
}
void operator delete(void* which) noexcept { std::free(which); }
void operator delete(void* which, std::size_t) noexcept { std::free(which); }

int main(int count, char** arguments) {
  try {
    char const* const dsn = count > 1 ? arguments[1] : "";
    std::int64_t const times = count > 2 ? std::atoll(arguments[2]) : 1'000'000;
    int const size = count > 3 ? std::atoi(arguments[3]) : 12;
    for (bool const with_queue : {false, true}) measure(dsn, with_queue, times, size);
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
