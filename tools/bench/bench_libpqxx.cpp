// The rows by libpqxx, 6 or 7.

#include <optional>
#include <pqxx/pqxx>

#include "bench.hpp"

namespace {

std::string_view text(pqxx::field const& of) { return {of.c_str(), of.size()}; }

class client {
 public:
  explicit client(std::string const& dsn) : connection_(dsn) {
    if (!connection_.is_open()) throw std::runtime_error("not connected");
  }
  void prepare(std::string const& sql) {
    connection_.prepare("s", sql);
    work_.emplace(connection_);
  }
  pqxx::result fetch() { return work_->exec_prepared("s"); }

  static std::size_t size(pqxx::result const& of) { return static_cast<std::size_t>(of.size()); }
  static std::uint64_t first_int(pqxx::result const& of) { return static_cast<std::uint64_t>(of[0][0].as<int>()); }
  static std::uint64_t sum_ints(pqxx::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of) sum += static_cast<std::uint64_t>(row[0].as<int>());
    return sum;
  }
  static std::uint64_t touch_text(pqxx::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (auto const& field : row) sum += bench::checksum(text(field));
    return sum;
  }
  static std::uint64_t sum_records(pqxx::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      sum += bench::checksum({row[0].as<int>(), row[1].as<std::int64_t>(), text(row[2]), row[3].as<double>()});
    return sum;
  }

 private:
  pqxx::connection connection_;
  std::optional<pqxx::nontransaction> work_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
