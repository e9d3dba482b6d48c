// The rows that read 100,000 values of one type, as text and in binary: what a program with libpq decodes by hand, and
// what tusk reads by itself.
//
//   bench_CLIENT_types DSN read_TYPE_FORMAT REPEAT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench.hpp"

namespace bench {

struct typed_row {
  std::string_view type;
  std::string_view values;  // of i
};

/// An array has ten elements, so that a tenth of the rows is enough.
inline constexpr typed_row typed_rows[] = {
    {"float8", "i / 7.0::float8 as v from generate_series(1, 100000) as i"},
    {"timestamp",
     "timestamp '2024-02-29 12:34:56.789' + i * interval '61.234567 s' as v from generate_series(1, 100000) as i"},
    {"bytea", "decode(md5(i::text) || md5((-i)::text), 'hex') as v from generate_series(1, 100000) as i"},
    {"numeric", "round(i * 12345.6789, 2) as v from generate_series(1, 100000) as i"},
    {"uuid", "md5(i::text)::uuid as v from generate_series(1, 100000) as i"},
    {"int_array",
     "array(select (i * 7919 + j * 65537) % 1000000 from generate_series(1, 10) as j) as v from "
     "generate_series(1, 10000) as i"}};

/// What the name of a row says.
struct typed_name {
  std::string_view type;
  bool binary;
};
inline typed_name typed_name_of(std::string_view row) {
  if (!row.starts_with("read_")) return {};
  auto const format = row.rfind('_');
  return {row.substr(5, format - 5), row.substr(format + 1) == "binary"};
}

inline std::string table_of(std::string_view type) {
  auto const found = std::find_if(std::begin(typed_rows), std::end(typed_rows),
                                  [type](typed_row const& each) { return each.type == type; });
  if (found == std::end(typed_rows)) throw std::runtime_error("no such type: " + std::string(type));
  return "create temp table sample as select " + std::string(found->values);
}

// The checksums of values.
inline std::uint64_t sum_of(std::uint64_t number) { return number; }
inline std::uint64_t sum_of(std::int64_t number) { return static_cast<std::uint64_t>(number); }
inline std::uint64_t sum_of(double number) { return std::bit_cast<std::uint64_t>(number); }
inline std::uint64_t sum_of(std::string_view text) { return checksum(text) + static_cast<unsigned char>(text.back()); }
template <class Byte>
std::uint64_t sum_of(std::array<Byte, 16> const& bytes) {
  auto const* const first = reinterpret_cast<char const*>(bytes.data());
  return big_endian<std::uint64_t>(first) + big_endian<std::uint64_t>(first + 8);
}
template <class Byte>
requires(sizeof(Byte) == 1) std::uint64_t sum_of(std::vector<Byte> const& bytes) {
  return sum_of(std::string_view(reinterpret_cast<char const*>(bytes.data()), bytes.size()));
}
inline std::uint64_t sum_of(std::vector<int> const& numbers) {
  std::uint64_t sum = 0;
  for (int const each : numbers) sum += static_cast<std::uint64_t>(each);
  return sum;
}

/// Runs a row by `Client<T>(dsn, name)`, T the C++ type of its values, whose `read(sql)` gives what it has seen.
template <template <class> class Client, class Types>
int run_typed(int count, char** arguments) {
  static typed_name name;  // a client is made of a DSN alone
  auto const run_one = [&]<class T>(T*) {
    class client : public Client<T> {
     public:
      explicit client(std::string const& dsn) : Client<T>(dsn, name) {}
      void prepare(std::string const& sql) { this->begin(table_of(name.type), sql); }
      outcome repeat(std::int64_t times) {
        return bench::repeat(times, [this](outcome& sum) {
          seen const all = this->read();
          sum.checksum += all.sum;
          sum.rows = all.count;
        });
      }
    };
    return run<client>(count, arguments);
  };
  name = typed_name_of(count > 2 ? arguments[2] : "read__text");
  if (name.type == "timestamp") return run_one(static_cast<typename Types::timestamp*>(nullptr));
  if (name.type == "bytea") return run_one(static_cast<typename Types::bytea*>(nullptr));
  if (name.type == "numeric") return run_one(static_cast<typename Types::numeric*>(nullptr));
  if (name.type == "uuid") return run_one(static_cast<typename Types::uuid*>(nullptr));
  if (name.type == "int_array") return run_one(static_cast<std::vector<int>*>(nullptr));
  return run_one(static_cast<double*>(nullptr));
}

}  // namespace bench
