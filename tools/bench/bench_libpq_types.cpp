// The rows of typed.hpp by libpq, which leaves decoding to its user: written by hand, as one does in C. Nothing is
// checked that the server does not send.

#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "typed.hpp"

namespace {

/// Microseconds from 2000 on, and text, as types of their own.
struct timestamp {
  std::int64_t since_2000;
};
struct numeric {
  std::string text;
};
using bytea = std::vector<unsigned char>;
using uuid = std::array<unsigned char, 16>;

std::uint64_t sum_of(timestamp const& value) { return bench::sum_of(value.since_2000); }
std::uint64_t sum_of(numeric const& value) { return bench::sum_of(std::string_view(value.text)); }
template <class T>
std::uint64_t sum_of(T const& value) {
  return bench::sum_of(value);
}

// ---- text ----

int digits(char const* at, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) value = value * 10 + (at[i] - '0');
  return value;
}

int nibble(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

void from_text(char const* text, int, double& to) { to = std::strtod(text, nullptr); }

/// 2024-02-29 12:34:56.789, of years with four digits. The days: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
void from_text(char const* text, int size, timestamp& to) {
  int const month = digits(text + 5, 2), day = digits(text + 8, 2);
  int const year = digits(text, 4) - (month <= 2 ? 1 : 0);
  int const era = year / 400, of_era = year - era * 400;
  int const of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  std::int64_t const days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730425;
  std::int64_t const seconds = digits(text + 11, 2) * 3600 + digits(text + 14, 2) * 60 + digits(text + 17, 2);
  int fraction = 0;
  if (size > 20) {
    fraction = digits(text + 20, size - 20);
    for (int i = size - 20; i < 6; ++i) fraction *= 10;
  }
  to.since_2000 = (days * 86400 + seconds) * 1'000'000 + fraction;
}

void from_text(char const* text, int size, bytea& to) {
  to.resize(static_cast<std::size_t>(size - 2) / 2);
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = static_cast<unsigned char>(nibble(text[2 + 2 * i]) << 4 | nibble(text[3 + 2 * i]));
}

void from_text(char const* text, int size, numeric& to) { to.text.assign(text, static_cast<std::size_t>(size)); }

void from_text(char const* text, int, uuid& to) {
  for (std::size_t i = 0; i < to.size(); ++i, text += 2) {
    if (*text == '-') ++text;
    to[i] = static_cast<unsigned char>(nibble(text[0]) << 4 | nibble(text[1]));
  }
}

void from_text(char const* text, int, std::vector<int>& to) {
  char* end = nullptr;
  for (char const* at = text + 1; *at != '}' && *at != '\0'; at = *end == ',' ? end + 1 : end)
    to.push_back(static_cast<int>(std::strtol(at, &end, 10)));
}

// ---- binary ----

void from_binary(char const* bytes, int, double& to) {
  to = std::bit_cast<double>(bench::big_endian<std::uint64_t>(bytes));
}

void from_binary(char const* bytes, int, timestamp& to) {
  to.since_2000 = static_cast<std::int64_t>(bench::big_endian<std::uint64_t>(bytes));
}

void from_binary(char const* bytes, int size, bytea& to) { to.assign(bytes, bytes + size); }

/// Digits to the base of 10,000, the first one of weight `weight`.
void from_binary(char const* bytes, int, numeric& to) {
  int const count = bench::big_endian<std::uint16_t>(bytes);
  auto const weight = static_cast<std::int16_t>(bench::big_endian<std::uint16_t>(bytes + 2));
  bool const negative = bench::big_endian<std::uint16_t>(bytes + 4) != 0;
  std::size_t const scale = bench::big_endian<std::uint16_t>(bytes + 6);
  auto const digit = [&](int i) -> int {
    return i >= 0 && i < count ? bench::big_endian<std::uint16_t>(bytes + 8 + 2 * i) : 0;
  };
  auto const append = [&to](int four) {
    for (int const power : {1000, 100, 10, 1}) to.text += static_cast<char>('0' + four / power % 10);
  };
  if (negative) to.text += '-';
  to.text += std::to_string(weight >= 0 ? digit(0) : 0);
  for (int i = 1; i <= weight; ++i) append(digit(i));
  if (scale == 0) return;
  to.text += '.';
  std::size_t const end = to.text.size() + scale;
  for (int i = weight + 1; to.text.size() < end; ++i) append(digit(i));
  to.text.resize(end);
}

void from_binary(char const* bytes, int, uuid& to) { std::memcpy(to.data(), bytes, to.size()); }

/// Of one dimension and without NULL.
void from_binary(char const* bytes, int, std::vector<int>& to) {
  if (bench::big_endian<std::uint32_t>(bytes) == 0) return;
  to.resize(bench::big_endian<std::uint32_t>(bytes + 12));
  char const* at = bytes + 20;
  for (int& each : to) {
    each = static_cast<int>(bench::big_endian<std::uint32_t>(at + 4));
    at += 8;
  }
}

struct clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using result = std::unique_ptr<PGresult, clear>;

template <class T>
class client {
 public:
  client(std::string const& dsn, bench::typed_name const& name)
      : connection_(PQconnectdb(dsn.c_str())), binary_(name.binary) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
  }
  void begin(std::string const& table, std::string const& sql) {
    result const made(PQexec(connection_.get(), table.c_str()));
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) fail();
    result const answer(PQprepare(connection_.get(), "s", sql.c_str(), 0, nullptr));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) fail();
  }
  bench::seen read() {
    result const answer(PQexecPrepared(connection_.get(), "s", 0, nullptr, nullptr, nullptr, binary_ ? 1 : 0));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) fail();
    int const rows = PQntuples(answer.get());
    bench::seen all{static_cast<std::size_t>(rows)};
    for (int row = 0; row < rows; ++row) {
      T value{};
      char const* const from = PQgetvalue(answer.get(), row, 0);
      int const size = PQgetlength(answer.get(), row, 0);
      if (binary_)
        from_binary(from, size, value);
      else
        from_text(from, size, value);
      all.sum += sum_of(value);
    }
    return all;
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(connection_.get())); }

  std::unique_ptr<PGconn, finish> connection_;
  bool binary_;
};

struct types {
  using timestamp = ::timestamp;
  using bytea = ::bytea;
  using numeric = ::numeric;
  using uuid = ::uuid;
};

}  // namespace

int main(int count, char** arguments) { return bench::run_typed<client, types>(count, arguments); }
