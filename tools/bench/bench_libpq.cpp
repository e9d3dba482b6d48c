// The rows by libpq, on its best foot: prepared, its own lengths, std::from_chars.

#include <libpq-fe.h>

#include <charconv>
#include <memory>

#include "bench.hpp"

namespace {

struct clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using result = std::unique_ptr<PGresult, clear>;

std::string_view text(PGresult const* of, int row, int column) {
  return {PQgetvalue(of, row, column), static_cast<std::size_t>(PQgetlength(of, row, column))};
}

template <class T>
T number(PGresult const* of, int row, int column) {
  std::string_view const from = text(of, row, column);
  T value{};
  auto const [end, error] = std::from_chars(from.data(), from.data() + from.size(), value);
  if (error != std::errc{} || end != from.data() + from.size()) throw std::runtime_error("not a number");
  return value;
}

class client {
 public:
  explicit client(std::string const& dsn) : connection_(PQconnectdb(dsn.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  void prepare(std::string const& sql) {
    result const answer(PQprepare(connection_.get(), "s", sql.c_str(), 0, nullptr));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  result fetch() {
    result answer(PQexecPrepared(connection_.get(), "s", 0, nullptr, nullptr, nullptr, 0));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    return answer;
  }
  void listen() { result const answer(PQexec(connection_.get(), "LISTEN \"bench\"")); }
  bench::heard hear() {
    fetch();
    bench::heard taken;
    while (PGnotify* const arrived = PQnotifies(connection_.get())) {
      ++taken.count;
      taken.sum += bench::checksum(arrived->extra);
      PQfreemem(arrived);
    }
    return taken;
  }
  /// Each is made into a text, and handed to the processor, as it is by default.
  std::size_t hear_notices(std::string_view sql) {
    std::size_t heard = 0;
    PQsetNoticeProcessor(
        connection_.get(), [](void* count, char const*) { ++*static_cast<std::size_t*>(count); }, &heard);
    result const answer(PQexec(connection_.get(), sql.data()));
    return heard;
  }

  static std::size_t size(result const& of) { return static_cast<std::size_t>(PQntuples(of.get())); }
  static std::uint64_t first_int(result const& of) { return static_cast<std::uint64_t>(number<int>(of.get(), 0, 0)); }
  static std::uint64_t sum_ints(result const& of) {
    std::uint64_t sum = 0;
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      sum += static_cast<std::uint64_t>(number<int>(of.get(), row, 0));
    return sum;
  }
  static std::uint64_t touch_text(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = 0; column < columns; ++column) sum += bench::checksum(text(of.get(), row, column));
    return sum;
  }
  static std::uint64_t touch_not_null(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = 0; column < columns; ++column)
        if (PQgetisnull(of.get(), row, column) == 0) sum += bench::checksum(text(of.get(), row, column));
    return sum;
  }
  static std::uint64_t touch_backwards(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = columns; column-- != 0;) sum += bench::checksum(text(of.get(), row, column));
    return sum;
  }
  static std::uint64_t sum_records(result const& of) {
    std::uint64_t sum = 0;
    PGresult const* const from = of.get();
    for (int row = 0, rows = PQntuples(from); row < rows; ++row)
      sum += bench::checksum({number<int>(from, row, 0), number<std::int64_t>(from, row, 1), text(from, row, 2),
                              number<double>(from, row, 3)});
    return sum;
  }

 private:
  std::unique_ptr<PGconn, finish> connection_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
