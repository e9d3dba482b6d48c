// The rows of typed.hpp by tusk.

#include <cstddef>
#include <tusk/tusk.hpp>
#include <vector>

#include "typed.hpp"

namespace {

std::uint64_t sum_of(tusk::timestamp const& value) { return bench::sum_of(value.microseconds_since_2000()); }
std::uint64_t sum_of(tusk::numeric const& value) { return bench::sum_of(std::string_view(value.to_string())); }
std::uint64_t sum_of(tusk::uuid const& value) { return bench::sum_of(value.bytes()); }
template <class T>
std::uint64_t sum_of(T const& value) {
  return bench::sum_of(value);
}

template <class T>
class client {
 public:
  client(std::string const& dsn, bench::typed_name const& name)
      : connection_(tusk::connect(
            dsn, {.autocommit = true, .format = name.binary ? tusk::format::binary : tusk::format::text})) {}
  void begin(std::string const& table, std::string const& sql) {
    connection_.exec(table);
    sql_ = sql;
  }
  bench::seen read() {
    auto const rows = connection_.query_rows<T>(sql_);
    bench::seen all{rows.size()};
    for (auto const& each : rows) all.sum += sum_of(each);
    return all;
  }

 private:
  tusk::connection connection_;
  std::string sql_;
};

struct types {
  using timestamp = tusk::timestamp;
  using bytea = std::vector<std::byte>;
  using numeric = tusk::numeric;
  using uuid = tusk::uuid;
};

}  // namespace

int main(int count, char** arguments) { return bench::run_typed<client, types>(count, arguments); }
