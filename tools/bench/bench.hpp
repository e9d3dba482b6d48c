// What the benchmark's programs share: the rows that are measured, the loop that measures one, and the few wire words
// that the floor and the canned server speak.
//
//   bench_CLIENT DSN ROW REPEAT [SERIES]
//
// does ROW's work REPEAT times on one connection, and prints what the loop took as one line of JSON. SERIES is how many
// rows generate_series gives. A client is a class with
//
//   explicit client(std::string const& dsn);       connects
//   void prepare(std::string const& sql);          the statement that fetch() runs
//   auto fetch();                                  runs it; the whole result, buffered
//   static std::size_t size(result const&);        and what looks at a result, each giving a checksum:
//   static std::uint64_t first_int(..), sum_ints(..), touch_text(..), sum_records(..)
//   static std::uint64_t touch_not_null(..), touch_backwards(..)
//
// and, for the row of notifications,
//
//   void listen();                                 to the channel "bench"
//   seen hear();                                   runs the statement, takes what it notified of
//
// A client that waits in another way than blocking does a round trip only, and has a loop of its own in place of all
// that but prepare():
//
//   outcome repeat(std::int64_t times);            of the statement, with its result read as int
#pragma once

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace bench {

// ---- the rows ----

inline constexpr std::string_view ten_ints = "{1,22,-333,4444,55555,666666,7777777,88888888,-999999999,1000000000}";
inline constexpr std::string_view five_texts = R"({red,green,"light blue",dark,"very long and dark red"})";

/// The statement of a row. The records are 70.4 MB on the wire when there are a million of them.
inline std::string statement_of(std::string_view row, std::string const& series) {
  if (row.ends_with("roundtrip") || row == "query" || row == "cursor_alternating" || row.ends_with("_64") ||
      row == "cursor_2" || row == "cursor_5" || row == "mogrify_5" || row == "connect_scram" || row == "connect_kept" ||
      row == "idle")
    return "select 1+1";
  if (row == "executemany" || row == "executemany_merged") return "insert into article values ($1, $2, $3, $4)";
  if (row == "pipelined_insert") return "insert into article (id, name) values ($1, $2)";
  if (row == "copy_in") return "copy article from stdin";
  if (row == "copy_in_binary") return "copy article from stdin (format binary)";
  if (row == "query_1") return "select $1::int + 1";
  if (row.starts_with("pg_type") || row == "is_null_get" || row == "right_to_left")
    return "select typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, typisdefined, "
           "typdelim, typrelid, typelem, typarray from pg_type where typtypmod = -1 and typisdefined = true";
  if (row == "struct" || row == "struct_binary")
    return "select i as id, i::bigint * 1000003 as number, 'article ' || i as name, i / 7.0::float8 as value from "
           "generate_series(1, 1000) as i";
  if (row == "int_array") return "select '" + std::string(ten_ints) + "'::int[] from generate_series(1, 1000)";
  if (row == "text_array") return "select '" + std::string(five_texts) + "'::text[] from generate_series(1, 1000)";
  if (row == "series_text" || row == "series_int" || row == "stream")
    return "select i from generate_series(1, " + series + ") as i";
  if (row == "is_null_get_100") {
    std::string columns("select i");
    for (int i = 2; i <= 100; ++i) columns += ", i";
    return columns + " from generate_series(1, 100) as i";
  }
  if (row == "record" || row == "record_unread" || row == "memory")
    return "select i, i::bigint * 1000003, 'article ' || i, i / 7.0::float8 from generate_series(1, " + series +
           ") as i";
  if (row.starts_with("read_")) return "select v from sample";  // typed.hpp
  if (row == "notification")
    return "select count(pg_notify('bench', 'article ' || i)) from generate_series(1, 100) as i";
  if (row == "notice") return "do $$ begin for i in 1..100 loop raise notice 'article %', i; end loop; end $$";
  throw std::runtime_error("no such row: " + std::string(row));
}

/// The other statement of the row cursor_alternating, with other columns.
inline constexpr std::string_view other_statement = "select 1 as one, 2 as two";

/// What a cursor merges in the rows of that name, and the arguments of five kinds.
inline constexpr std::string_view two_arguments = "select %s + %s";
inline constexpr std::string_view five_arguments = "select %s where %s > 0 and %s <> '' and %s < 2 and %s";
inline constexpr int five_id = 42;
inline constexpr std::int64_t five_number = 42'000'126;
inline constexpr std::string_view five_text = "it's an article";
inline constexpr double five_value = 1 / 7.0;
inline constexpr bool five_flag = true;

/// What the rows of executemany and of a pipeline insert.
inline constexpr std::string_view merged_insert = "insert into article values (%s, %s, %s, %s)";
using article = std::tuple<int, std::int64_t, std::string, double>;
inline std::vector<article> const& articles() {
  static auto const made = [] {
    std::vector<article> all;
    for (int i = 1; i <= 1000; ++i) all.emplace_back(i, i * 1000003LL, "article " + std::to_string(i), i / 7.0);
    return all;
  }();
  return made;
}

/// How many connections the rows have that step several by one loop.
inline constexpr std::size_t many = 64;

/// Between asking all of these and waiting for them: meanwhile all answers come, so that the number of calls does not
/// depend on time. tools/bench/calls leaves this one out.
inline void let_all_answer() { ::usleep(10'000); }

/// What a row of (int, bigint, text, float8) is decoded to.
struct record {
  int id;
  std::int64_t number;
  std::string_view text;
  double value;
};

/// The same as one that owns its text.
struct owned_record {
  int id;
  std::int64_t number;
  std::string name;
  double value;
};

/// The columns of the pg_type query.
inline constexpr std::array<std::string_view, 12> pg_type_columns = {
    "typname",        "typnamespace", "typowner", "typlen",   "typbyval", "typcategory",
    "typispreferred", "typisdefined", "typdelim", "typrelid", "typelem",  "typarray"};

inline std::uint64_t checksum(record const& of) {
  return static_cast<std::uint64_t>(of.id) + static_cast<std::uint64_t>(of.number) + of.text.size() +
         std::bit_cast<std::uint64_t>(of.value);
}

/// A text counts as seen when its length and its first byte were.
inline std::uint64_t checksum(std::string_view text) {
  return text.size() + (text.empty() ? 0 : static_cast<unsigned char>(text.front()));
}

/// Rows of a stream, or notifications, that were handled: how many, and the checksum of their texts.
struct seen {
  std::size_t count = 0;
  std::uint64_t sum = 0;
};

// ---- measuring ----

struct usage {
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
  std::int64_t user_us = 0, system_us = 0;
};

inline usage usage_now() {
  rusage of{};
  ::getrusage(RUSAGE_SELF, &of);
  auto const microseconds = [](timeval const& t) { return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_usec; };
  return {std::chrono::steady_clock::now(), microseconds(of.ru_utime), microseconds(of.ru_stime)};
}

/// Bytes of this process that are in memory now.
inline std::int64_t resident() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string word; rollup >> word;)
    if (std::int64_t kilobytes = 0; word == "Rss:" && rollup >> kilobytes) return kilobytes * 1024;
  throw std::runtime_error("/proc/self/smaps_rollup does not tell Rss");
}

/// Bytes of the heap that are in use now.
inline std::int64_t heap() {
  auto const now = ::mallinfo2();
  return static_cast<std::int64_t>(now.uordblks + now.hblkhd);
}

struct outcome {
  std::uint64_t checksum = 0;
  std::size_t rows = 0;       // of one result
  std::int64_t resident = 0;  // the most that holding one result added
  std::int64_t heap = 0;      // what an idle connection takes
};

template <class Work>
outcome repeat(std::int64_t times, Work const& work) {
  outcome sum;
  for (std::int64_t i = 0; i < times; ++i) work(sum);
  return sum;
}

/// A function of its own, so that what is measured in one row does not hang on how the others were inlined around it.
template <class Look, class Result>
[[gnu::noinline]] std::uint64_t look_at(Result const& result, Look const& look) {
  return look(result);
}

/// The repetitions of a row. What is done is chosen outside the loop, so that nothing but the client is measured in it.
template <class Client>
outcome repeat_row(Client& on, std::string const& dsn, std::string_view row, std::int64_t times,
                   std::string const& series) {
  auto const fetch_and = [&](auto const& look) {
    return repeat(times, [&](outcome& sum) {
      auto const result = on.fetch();
      sum.checksum += look_at(result, look);
      sum.rows = Client::size(result);
    });
  };
  if (row == "roundtrip") return fetch_and([](auto const& result) { return Client::first_int(result); });
  if constexpr (requires { on.cursor_int(""); }) {
    auto const repeat_int = [times](auto work) {
      return repeat(times, [&](outcome& sum) {
        sum.checksum += work();
        sum.rows = 1;
      });
    };
    std::string const sql = statement_of(row, series);
    if (row == "query") return repeat_int([&] { return on.query_int(sql); });
    if (row == "query_1") return repeat_int([&] { return on.query_int(sql, 41); });
    if (row == "cursor_roundtrip") return repeat_int([&] { return on.cursor_int(sql); });
    if (row == "cursor_alternating")
      return repeat_int([&, is_other = false]() mutable {
        is_other = !is_other;
        return on.cursor_int(is_other ? other_statement : sql);
      });
    if (row == "cursor_2") return repeat_int([&] { return on.cursor_two(20, 22); });
    if (row == "cursor_5") return repeat_int([&] { return on.cursor_five(); });
    if (row == "mogrify_5") return repeat_int([&] { return checksum(std::string_view(on.mogrify_five())); });
    auto const repeat_rows = [times](auto insert) {
      return repeat(times, [&](outcome& sum) {
        sum.rows = insert();
        sum.checksum += sum.rows;
      });
    };
    if (row == "executemany") return repeat_rows([&] { return on.insert_bound(sql, articles()); });
    if (row == "executemany_merged") return repeat_rows([&] { return on.insert_merged(articles()); });
    if (row == "pipelined_insert") return repeat_rows([&] { return on.insert_in_pipeline(sql, articles()); });
    if (row.starts_with("copy_in")) return repeat_rows([&] { return on.copy_in(sql, articles()); });
    if (row == "stream")
      return repeat(times, [&](outcome& sum) {
        auto const seen = on.stream(sql);
        sum.checksum += seen.sum;
        sum.rows = seen.count;
      });
    if (row == "struct_binary")
      return repeat(times, [&](outcome& sum) {
        auto const seen = on.fetch_structs(sql);
        sum.checksum += seen.sum;
        sum.rows = seen.count;
      });
  }
  if (row == "series_int") return fetch_and([](auto const& result) { return Client::sum_ints(result); });
  if (row == "record") return fetch_and([](auto const& result) { return Client::sum_records(result); });
  if (row == "record_unread") return fetch_and([](auto const&) { return 0U; });
  if constexpr (requires { &Client::touch_strings; }) {
    if (row == "pg_type_string") return fetch_and([](auto const& result) { return Client::touch_strings(result); });
    if (row == "pg_type_optional") return fetch_and([](auto const& result) { return Client::touch_optionals(result); });
    if (row == "pg_type_at") return fetch_and([](auto const& result) { return Client::touch_values(result); });
    if (row == "pg_type_name") return fetch_and([](auto const& result) { return Client::touch_by_name(result); });
    if (row == "struct" || row == "struct_binary")
      return fetch_and([](auto const& result) { return Client::sum_structs(result); });
    if (row == "int_array") return fetch_and([](auto const& result) { return Client::sum_int_arrays(result); });
    if (row == "text_array") return fetch_and([](auto const& result) { return Client::sum_text_arrays(result); });
  }
  if (row == "pg_type" || row == "series_text")
    return fetch_and([](auto const& result) { return Client::touch_text(result); });
  if constexpr (requires { &Client::touch_not_null; }) {
    if (row == "is_null_get" || row == "is_null_get_100")
      return fetch_and([](auto const& result) { return Client::touch_not_null(result); });
    if (row == "right_to_left") return fetch_and([](auto const& result) { return Client::touch_backwards(result); });
  }
  if constexpr (requires { on.hear(); }) {
    if (row == "notification")
      return repeat(times, [&](outcome& sum) {
        auto const taken = on.hear();
        sum.checksum += taken.sum;
        sum.rows = taken.count;
      });
  }
  if constexpr (requires { on.hear_notices(""); }) {
    if (row == "notice")
      return repeat(times, [&, sql = statement_of(row, "")](outcome& sum) { sum.rows = on.hear_notices(sql); });
  }
  if (row == "connect_scram") return repeat(times, [&](outcome&) { Client const another(dsn); });
  if constexpr (requires { Client::with_kept_keys(dsn); }) {
    if (row == "connect_kept") {
      Client::with_kept_keys(dsn);  // the first one makes them
      return repeat(times, [&](outcome&) { Client::with_kept_keys(dsn); });
    }
  }
  if (row == "idle") {
    std::vector<std::unique_ptr<Client>> idle(static_cast<std::size_t>(times));
    auto const before = heap();
    for (auto& each : idle) each = std::make_unique<Client>(dsn);
    outcome sum;
    sum.heap = (heap() - before) / times;
    return sum;
  }
  return repeat(times, [&](outcome& sum) {  // memory
    auto const before = resident();
    auto const result = on.fetch();
    sum.resident = std::max(sum.resident, resident() - before);
    sum.rows = Client::size(result);
  });
}

template <class Client>
void measure(std::string const& dsn, std::string_view row, std::int64_t times, std::string const& series) {
  Client on(dsn);
  if constexpr (requires { on.make_table(""); })
    if (auto const sql = statement_of(row, series); sql.starts_with("insert") || sql.starts_with("copy"))
      on.make_table("create temp table article (id int, number bigint, name text, value float8)");
  if (row != "notice" && !row.starts_with("copy_in")) on.prepare(statement_of(row, series));
  if constexpr (requires { on.listen(); })
    if (row == "notification") on.listen();
  usage const before = usage_now();
  outcome sum;
  if constexpr (requires { on.repeat(times); })
    sum = on.repeat(times);
  else
    sum = repeat_row(on, dsn, row, times, series);
  usage const after = usage_now();
  std::uint64_t bytes = 0;
  if constexpr (requires { on.received(); }) bytes = on.received() / static_cast<std::uint64_t>(times);
  auto const tell = [](char const* name, auto value, char const* end) {
    std::printf("\"%s\": %lld%s", name, static_cast<long long>(value), end);
  };
  std::printf("{");
  tell("repeat", times, ", ");
  tell("wall_ns", std::chrono::nanoseconds(after.wall - before.wall).count(), ", ");
  tell("user_us", after.user_us - before.user_us, ", ");
  tell("system_us", after.system_us - before.system_us, ", ");
  tell("rows", sum.rows, ", ");
  tell("checksum", sum.checksum, ", ");
  tell("resident", sum.resident, ", ");
  tell("heap", sum.heap, ", ");
  tell("bytes", bytes, "}\n");
}

template <class Client>
int run(int count, char** arguments) {
  try {
    if (count != 4 && count != 5) throw std::runtime_error("arguments: DSN ROW REPEAT [SERIES]");
    measure<Client>(arguments[1], arguments[2], std::max(1LL, std::atoll(arguments[3])),
                    count == 5 ? arguments[4] : "1000000");
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], e.what());
    return 1;
  }
}

// ---- the wire ----

inline std::string int16(int value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
inline std::string int32(std::int64_t value) {
  return int16(static_cast<int>(value >> 16 & 0xffff)) + int16(static_cast<int>(value & 0xffff));
}
/// What stands in these bytes.
template <class Unsigned>
Unsigned big_endian(char const* bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
  return value;
}
inline std::string zero_ended(std::string_view text) { return std::string(text) + '\0'; }
/// A message; type NUL is StartupMessage, which has none.
inline std::string message(char type, std::string const& body) {
  return (type != '\0' ? std::string(1, type) : std::string()) + int32(static_cast<std::int64_t>(body.size()) + 4) +
         body;
}

inline sockaddr_un socket_address(std::string const& folder, std::string const& port) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string const path = folder + "/.s.PGSQL." + port;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path of the socket is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace bench
