// COPY of typed rows, in and out: what the programs of the clients share.
//
//   bench_copy_CLIENT DSN in|out text|binary ROWS REPEAT
//
// copies ROWS articles of C++ values into a table, or out of it into C++ values, REPEAT times, and prints the best time
// of one COPY, the user time of all and a checksum as one line of JSON. A client is a class with
//
//   explicit client(std::string const& dsn);
//   void execute(std::string const& sql);
//   void copy_in(bool binary, std::vector<article> const&);
//   std::uint64_t copy_out(bool binary);            the sum of checksum() over the rows
//
// and throws std::invalid_argument for what it cannot do.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace bench {

using article = std::tuple<int, std::int64_t, std::string, double>;

inline std::uint64_t checksum(int id, std::int64_t number, std::string_view name, double value) {
  return static_cast<std::uint64_t>(id) + static_cast<std::uint64_t>(number) + name.size() +
         std::bit_cast<std::uint64_t>(value);
}

inline constexpr char const* copy_in_text = "COPY article FROM STDIN";
inline constexpr char const* copy_in_binary = "COPY article FROM STDIN (FORMAT binary)";
inline constexpr char const* copy_out_text = "COPY article TO STDOUT";
inline constexpr char const* copy_out_binary = "COPY article TO STDOUT (FORMAT binary)";

inline std::int64_t user_us() {
  rusage of{};
  ::getrusage(RUSAGE_SELF, &of);
  return std::int64_t{of.ru_utime.tv_sec} * 1'000'000 + of.ru_utime.tv_usec;
}

template <class Client>
void copy_rows(std::string const& dsn, bool in, bool binary, int rows, int times) {
  Client on(dsn);
  on.execute("CREATE TEMP TABLE article (id int, number bigint, name text, value float8)");
  std::vector<article> all;
  std::uint64_t sum = 0;
  if (in) {
    for (int i = 1; i <= rows; ++i) all.emplace_back(i, i * 1000003LL, "article " + std::to_string(i), i / 7.0);
  } else {
    on.execute(
        "INSERT INTO article SELECT i, i::bigint * 1000003, 'article ' || i, i / 7.0::float8 FROM generate_series(1, " +
        std::to_string(rows) + ") AS i");
  }
  auto best = std::chrono::nanoseconds::max();
  std::int64_t user = 0;
  for (int i = 0; i < times; ++i) {
    if (in) on.execute("TRUNCATE article");
    auto const began = std::chrono::steady_clock::now();
    std::int64_t const before = user_us();
    if (in)
      on.copy_in(binary, all);
    else
      sum += on.copy_out(binary);
    user += user_us() - before;
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - began);
  }
  std::printf("{\"best_ns\": %lld, \"user_us\": %lld, \"checksum\": %llu}\n", static_cast<long long>(best.count()),
              static_cast<long long>(user), static_cast<unsigned long long>(sum));
}

template <class Client>
int run(int count, char** arguments) {
  try {
    if (count != 6) throw std::runtime_error("arguments: DSN in|out text|binary ROWS REPEAT");
    copy_rows<Client>(arguments[1], std::string_view(arguments[2]) == "in", std::string_view(arguments[3]) == "binary",
                      std::max(1, std::atoi(arguments[4])), std::max(1, std::atoi(arguments[5])));
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], e.what());
    return 1;
  }
}

}  // namespace bench
