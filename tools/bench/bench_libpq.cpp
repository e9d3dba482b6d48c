// The rows by libpq, on its best foot: prepared, its own lengths, std::from_chars.

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <memory>
#include <vector>

#include "bench.hpp"
#include "epoll.hpp"

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
  /// The statement that was prepared, with an argument or without.
  template <class... Argument>
  std::uint64_t query_int(std::string_view, Argument... argument) {
    std::array<char, 16> text{};
    (std::to_chars(text.data(), text.data() + text.size() - 1, argument), ...);
    char const* const values[] = {text.data()};
    int const lengths[] = {0}, formats[] = {0};
    return only_int(PQexecPrepared(connection_.get(), "s", sizeof...(argument), values, lengths, formats, 0));
  }
  /// A simple query, as a cursor of tusk sends.
  std::uint64_t cursor_int(std::string_view sql) { return only_int(PQexec(connection_.get(), sql.data())); }
  std::uint64_t cursor_two(int one, int other) {
    std::array<char, 64> sql;
    std::snprintf(sql.data(), sql.size(), "select %d + %d", one, other);
    return only_int(PQexec(connection_.get(), sql.data()));
  }
  std::uint64_t cursor_five() { return only_int(PQexec(connection_.get(), mogrify_five().c_str())); }
  std::string mogrify_five() {
    std::array<char, 2 * bench::five_text.size() + 1> text;
    PQescapeStringConn(connection_.get(), text.data(), bench::five_text.data(), bench::five_text.size(), nullptr);
    std::array<char, 256> sql;
    int const size =
        std::snprintf(sql.data(), sql.size(), "select %d where %lld > 0 and '%s' <> '' and %.17g < 2 and %s",
                      bench::five_id, static_cast<long long>(bench::five_number), text.data(), bench::five_value,
                      bench::five_flag ? "true" : "false");
    return {sql.data(), static_cast<std::size_t>(size)};
  }
  void make_table(std::string_view sql) { result const answer(PQexec(connection_.get(), sql.data())); }
  std::size_t insert_merged(std::vector<bench::article> const& rows) { return insert_bound({}, rows); }
  std::size_t insert_bound(std::string_view, std::vector<bench::article> const& rows) {
    return insert(rows, [this](bench::article const& row) {
      auto const& [id, number, name, value] = row;
      std::array<char, 32> first, second, last;
      std::snprintf(first.data(), first.size(), "%d", id);
      std::snprintf(second.data(), second.size(), "%lld", static_cast<long long>(number));
      std::snprintf(last.data(), last.size(), "%.17g", value);
      char const* const values[] = {first.data(), second.data(), name.c_str(), last.data()};
      return PQsendQueryPrepared(connection_.get(), "s", 4, values, nullptr, nullptr, 0);
    });
  }
  /// As text, whatever the statement: a row is one snprintf and one PQputCopyData.
  std::size_t copy_in(std::string_view, std::vector<bench::article> const& rows) {
    PGconn* const on = connection_.get();
    if (result const begun(PQexec(on, bench::statement_of("copy_in", {}).c_str()));
        PQresultStatus(begun.get()) != PGRES_COPY_IN)
      throw std::runtime_error(PQerrorMessage(on));
    std::array<char, 128> line;
    for (auto const& [id, number, name, value] : rows) {
      int const size = std::snprintf(line.data(), line.size(), "%d\t%lld\t%s\t%.17g\n", id,
                                     static_cast<long long>(number), name.c_str(), value);
      if (PQputCopyData(on, line.data(), size) != 1) throw std::runtime_error(PQerrorMessage(on));
    }
    if (PQputCopyEnd(on, nullptr) != 1) throw std::runtime_error(PQerrorMessage(on));
    result const answer(PQgetResult(on));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK || PQgetResult(on) != nullptr)
      throw std::runtime_error(PQerrorMessage(on));
    return static_cast<std::size_t>(std::atoi(PQcmdTuples(answer.get())));
  }
  std::size_t insert_in_pipeline(std::string_view, std::vector<bench::article> const& rows) {
    return insert(rows, [this](bench::article const& row) {
      std::array<char, 32> id;
      std::snprintf(id.data(), id.size(), "%d", std::get<int>(row));
      char const* const values[] = {id.data(), std::get<std::string>(row).c_str()};
      return PQsendQueryPrepared(connection_.get(), "s", 2, values, nullptr, nullptr, 0);
    });
  }
  /// The statement that was prepared, in a pipeline.
  template <class Send>
  std::size_t insert(std::vector<bench::article> const& rows, Send const& send) {
    PGconn* const on = connection_.get();
    if (PQenterPipelineMode(on) != 1) throw std::runtime_error(PQerrorMessage(on));
    for (auto const& row : rows)
      if (send(row) != 1) throw std::runtime_error(PQerrorMessage(on));
    if (PQpipelineSync(on) != 1) throw std::runtime_error(PQerrorMessage(on));
    std::size_t inserted = 0;
    for (std::size_t i = 0; i != rows.size(); ++i) {
      result const answer(PQgetResult(on));
      if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(on));
      inserted += static_cast<std::size_t>(std::atoi(PQcmdTuples(answer.get())));
      if (PQgetResult(on) != nullptr) throw std::runtime_error("more than one result");
    }
    result const end(PQgetResult(on));
    if (PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(on) != 1)
      throw std::runtime_error(PQerrorMessage(on));
    return inserted;
  }
  /// The statement that was prepared, a row at a time.
  bench::seen stream(std::string_view) {
    PGconn* const on = connection_.get();
    if (PQsendQueryPrepared(on, "s", 0, nullptr, nullptr, nullptr, 0) != 1 || PQsetSingleRowMode(on) != 1)
      throw std::runtime_error(PQerrorMessage(on));
    bench::seen all;
    while (result const row{PQgetResult(on)}) {
      if (PQresultStatus(row.get()) == PGRES_TUPLES_OK) continue;  // the end
      if (PQresultStatus(row.get()) != PGRES_SINGLE_TUPLE) throw std::runtime_error(PQerrorMessage(on));
      ++all.count;
      all.sum += bench::checksum(text(row.get(), 0, 0));
    }
    return all;
  }
  /// The statement that was prepared, in binary.
  bench::seen fetch_structs(std::string_view) {
    result const answer(PQexecPrepared(connection_.get(), "s", 0, nullptr, nullptr, nullptr, 1));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    PGresult const* const from = answer.get();
    bench::seen all{size(answer)};
    for (int row = 0, rows = PQntuples(from); row < rows; ++row) {
      bench::owned_record const each{
          static_cast<int>(bench::big_endian<std::uint32_t>(PQgetvalue(from, row, 0))),
          static_cast<std::int64_t>(bench::big_endian<std::uint64_t>(PQgetvalue(from, row, 1))),
          std::string(text(from, row, 2)),
          std::bit_cast<double>(bench::big_endian<std::uint64_t>(PQgetvalue(from, row, 3)))};
      all.sum += bench::checksum({each.id, each.number, each.name, each.value});
    }
    return all;
  }
  void listen() { result const answer(PQexec(connection_.get(), "LISTEN \"bench\"")); }
  bench::seen hear() {
    fetch();
    bench::seen taken;
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
  static std::uint64_t touch_strings(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = 0; column < columns; ++column) sum += bench::checksum(std::string(text(of.get(), row, column)));
    return sum;
  }
  static std::uint64_t touch_optionals(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = 0; column < columns; ++column)
        if (PQgetisnull(of.get(), row, column) == 0) sum += bench::checksum(std::string(text(of.get(), row, column)));
    return sum;
  }
  /// It has no such values: whether they are there.
  static std::uint64_t touch_values(result const& of) {
    std::uint64_t sum = 0;
    int const columns = PQnfields(of.get());
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (int column = 0; column < columns; ++column) sum += PQgetisnull(of.get(), row, column) == 0 ? 1 : 0;
    return sum;
  }
  static std::uint64_t touch_by_name(result const& of) {
    std::uint64_t sum = 0;
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row)
      for (std::string_view const name : bench::pg_type_columns)
        sum += bench::checksum(text(of.get(), row, PQfnumber(of.get(), name.data())));
    return sum;
  }
  static std::uint64_t sum_structs(result const& of) {
    std::uint64_t sum = 0;
    PGresult const* const from = of.get();
    for (int row = 0, rows = PQntuples(from); row < rows; ++row) {
      bench::owned_record const each{number<int>(from, row, 0), number<std::int64_t>(from, row, 1),
                                     std::string(text(from, row, 2)), number<double>(from, row, 3)};
      sum += bench::checksum({each.id, each.number, each.name, each.value});
    }
    return sum;
  }
  static std::uint64_t sum_int_arrays(result const& of) {
    std::uint64_t sum = 0;
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row) {
      std::vector<int> all;
      char const* at = PQgetvalue(of.get(), row, 0) + 1;
      for (char* end = nullptr; *at != '}' && *at != '\0'; at = *end == ',' ? end + 1 : end)
        all.push_back(static_cast<int>(std::strtol(at, &end, 10)));
      for (int const each : all) sum += static_cast<std::uint64_t>(each);
    }
    return sum;
  }
  /// Quotes and backslashes as the server writes them.
  static std::uint64_t sum_text_arrays(result const& of) {
    std::uint64_t sum = 0;
    for (int row = 0, rows = PQntuples(of.get()); row < rows; ++row) {
      std::vector<std::string> all;
      char const* at = PQgetvalue(of.get(), row, 0) + 1;
      while (*at != '}' && *at != '\0') {
        std::string& each = all.emplace_back();
        if (bool const quoted = *at == '"'; quoted) {
          for (++at; *at != '"'; ++at) each += *at == '\\' ? *++at : *at;
          ++at;
        } else {
          while (*at != ',' && *at != '}') each += *at++;
        }
        if (*at == ',') ++at;
      }
      for (std::string const& each : all) sum += bench::checksum(each);
    }
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
  std::uint64_t only_int(PGresult* given) {
    result const answer(given);
    if (PQresultStatus(given) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    return first_int(answer);
  }

  std::unique_ptr<PGconn, finish> connection_;
};

/// One that never blocks in libpq.
class stepped {
 public:
  explicit stepped(std::string const& dsn) : connection_(PQconnectdb(dsn.c_str())) {
    if (PQstatus(get()) != CONNECTION_OK || PQsetnonblocking(get(), 1) != 0) fail();
  }
  int descriptor() const { return PQsocket(get()); }
  void prepare(std::string const& sql) {
    result const answer(PQprepare(get(), "s", sql.c_str(), 0, nullptr));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) fail();
  }
  void ask() {
    if (PQsendQueryPrepared(get(), "s", 0, nullptr, nullptr, nullptr, 0) != 1 || PQflush(get()) != 0) fail();
  }
  /// Takes what has come; false: that is not the whole answer.
  bool take(bench::outcome& sum) {
    if (PQconsumeInput(get()) != 1) fail();
    if (PQisBusy(get()) != 0) return false;
    result const answer(PQgetResult(get()));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) fail();
    if (PQgetResult(get()) != nullptr) throw std::runtime_error("more than one result");
    sum.checksum += client::first_int(answer);
    sum.rows = 1;
    return true;
  }

 private:
  PGconn* get() const { return connection_.get(); }
  [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(get())); }

  std::unique_ptr<PGconn, finish> connection_;
};

/// Steps one by poll(2).
class stepped_client {
 public:
  explicit stepped_client(std::string const& dsn) : on_(dsn) {}
  void prepare(std::string const& sql) { on_.prepare(sql); }
  bench::outcome repeat(std::int64_t times) {
    return bench::repeat(times, [this](bench::outcome& sum) {
      on_.ask();
      do {
        pollfd waiting{on_.descriptor(), POLLIN, 0};
        ::poll(&waiting, 1, -1);
      } while (!on_.take(sum));
    });
  }

 private:
  stepped on_;
};

/// Steps many by one epoll instance.
class many_client {
 public:
  explicit many_client(std::string const& dsn) {
    for (std::size_t i = 0; i < bench::many; ++i) loop_.add(on_.emplace_back(dsn).descriptor());
  }
  void prepare(std::string const& sql) {
    for (stepped& each : on_) each.prepare(sql);
  }
  bench::outcome repeat(std::int64_t times) {
    return bench::repeat(times, [this](bench::outcome& sum) {
      for (stepped& each : on_) each.ask();
      bench::let_all_answer();
      for (std::size_t left = on_.size(); left != 0;)
        for (auto const& ready : loop_.wait()) left -= on_[ready.data.u64].take(sum) ? 1 : 0;
    });
  }

 private:
  std::vector<stepped> on_;
  bench::epoll loop_;
};

}  // namespace

int main(int count, char** arguments) {
  std::string_view const row = count > 2 ? arguments[2] : "";
  if (row.ends_with("_64")) return bench::run<many_client>(count, arguments);
  // Whoever waits by a callback or an event loop does this with libpq.
  if (row.ends_with("_roundtrip") && row != "cursor_roundtrip") return bench::run<stepped_client>(count, arguments);
  return bench::run<client>(count, arguments);
}
