// COPY by libpq: text by snprintf and std::from_chars, binary by hand.

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "copying.hpp"

namespace {

struct clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct free_memory {
  void operator()(char* memory) const { PQfreemem(memory); }
};
using result = std::unique_ptr<PGresult, clear>;

template <class T>
void put(std::string& to, T value) {
  std::array<char, sizeof(T)> bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> 8 * (sizeof(T) - 1 - i));
  to.append(bytes.data(), bytes.size());
}
template <class T>
T take(char const*& from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | static_cast<unsigned char>(*from++);
  return static_cast<T>(value);
}
template <class T>
T number(std::string_view from) {
  T value{};
  auto const [end, error] = std::from_chars(from.data(), from.data() + from.size(), value);
  if (error != std::errc{} || end != from.data() + from.size()) throw std::runtime_error("not a number");
  return value;
}

class client {
 public:
  explicit client(std::string const& dsn) : connection_(PQconnectdb(dsn.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
  }
  void execute(std::string const& sql) { begin(sql.c_str(), PGRES_COMMAND_OK); }

  void copy_in(bool binary, std::vector<bench::article> const& rows) {
    begin(binary ? bench::copy_in_binary : bench::copy_in_text, PGRES_COPY_IN);
    if (binary) {
      std::string row("PGCOPY\n\377\r\n\0", 11);
      put<std::uint64_t>(row, 0);
      for (auto const& [id, number, name, value] : rows) {
        put<std::uint16_t>(row, 4);
        put<std::uint32_t>(row, 4), put(row, static_cast<std::uint32_t>(id));
        put<std::uint32_t>(row, 8), put(row, static_cast<std::uint64_t>(number));
        put(row, static_cast<std::uint32_t>(name.size())), row += name;
        put<std::uint32_t>(row, 8), put(row, std::bit_cast<std::uint64_t>(value));
        send(row);
        row.clear();
      }
      put<std::uint16_t>(row, 0xffff);
      send(row);
    } else {
      std::array<char, 128> line;
      for (auto const& [id, number, name, value] : rows) {
        int const size = std::snprintf(line.data(), line.size(), "%d\t%lld\t%s\t%.17g\n", id,
                                       static_cast<long long>(number), name.c_str(), value);
        send({line.data(), static_cast<std::size_t>(size)});
      }
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail();
    end();
  }

  std::uint64_t copy_out(bool binary) {
    begin(binary ? bench::copy_out_binary : bench::copy_out_text, PGRES_COPY_OUT);
    std::uint64_t sum = 0;
    char* memory = nullptr;
    bool first = true;
    for (int size; (size = PQgetCopyData(connection_.get(), &memory, 0)) > 0; first = false) {
      std::unique_ptr<char, free_memory> const owner(memory);
      std::string_view const line(memory, static_cast<std::size_t>(size));
      sum += binary ? of_binary(line, first) : of_text(line);
    }
    end();
    return sum;
  }

 private:
  static std::uint64_t of_text(std::string_view line) {
    std::array<std::string_view, 4> fields;
    line.remove_suffix(1);
    for (auto& each : fields) {
      auto const tab = line.find('\t');
      each = line.substr(0, tab);
      line = tab == line.npos ? std::string_view() : line.substr(tab + 1);
    }
    // The names here have nothing that is escaped.
    std::string const name(fields[2]);
    return bench::checksum(number<int>(fields[0]), number<std::int64_t>(fields[1]), name, number<double>(fields[3]));
  }
  static std::uint64_t of_binary(std::string_view row, bool first) {
    char const* at = row.data() + (first ? 19 : 0);
    if (take<std::int16_t>(at) < 0) return 0;
    take<std::int32_t>(at);
    auto const id = take<std::int32_t>(at);
    take<std::int32_t>(at);
    auto const value_of_number = take<std::int64_t>(at);
    auto const size = take<std::uint32_t>(at);
    std::string const name(at, size);
    at += size;
    take<std::int32_t>(at);
    return bench::checksum(id, value_of_number, name, std::bit_cast<double>(take<std::uint64_t>(at)));
  }
  void begin(char const* sql, ExecStatusType status) {
    result const answer(PQexec(connection_.get(), sql));
    if (PQresultStatus(answer.get()) != status) fail();
  }
  void send(std::string_view bytes) {
    if (PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) != 1) fail();
  }
  void end() {
    result const answer(PQgetResult(connection_.get()));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK || PQgetResult(connection_.get()) != nullptr) fail();
  }
  [[noreturn]] void fail() { throw std::runtime_error(PQerrorMessage(connection_.get())); }

  std::unique_ptr<PGconn, finish> connection_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
