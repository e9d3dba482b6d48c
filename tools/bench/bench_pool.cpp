// What a pool costs where nobody waits: acquire() and the lease's end, on one thread, and what they allocate.
//
//   bench_pool DSN [TIMES]
//
// Prints one line of JSON: nanoseconds and allocations for each pair, the median of eleven rounds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <tusk/pool.hpp>
#include <vector>

namespace {
std::atomic<std::int64_t> allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const made = std::malloc(size != 0 ? size : 1)) return made;
  throw std::bad_alloc();
}
void operator delete(void* which) noexcept { std::free(which); }
void operator delete(void* which, std::size_t) noexcept { std::free(which); }

int main(int count, char** arguments) {
  std::int64_t const times = count > 2 ? std::atoll(arguments[2]) : 1'000'000;
  try {
    tusk::pool pool(count > 1 ? arguments[1] : "", {.maximum = 1});
    pool.query("SELECT 1");
    constexpr int rounds = 11;
    std::vector<double> each(rounds);
    std::int64_t const before = allocations;
    for (double& nanoseconds : each) {
      auto const began = std::chrono::steady_clock::now();
      for (std::int64_t i = 0; i < times; ++i) pool.acquire();
      nanoseconds = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count() /
                    static_cast<double>(times);
    }
    std::int64_t const allocated = allocations - before;
    std::sort(each.begin(), each.end());
    std::printf("{\"row\": \"pool_lease\", \"nanoseconds\": %.1f, \"least\": %.1f, \"allocations\": %.3f}\n",
                each[rounds / 2], each.front(), static_cast<double>(allocated) / static_cast<double>(times * rounds));
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
