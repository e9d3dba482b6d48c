// COPY by libpqxx, 6 or 7: stream_to and stream_from, which are text.

#include <pqxx/pqxx>
#include <pqxx/stream_from>
#include <pqxx/stream_to>

#include "copying.hpp"

namespace {

class client {
 public:
  explicit client(std::string const& dsn) : connection_(dsn) {}
  void execute(std::string const& sql) {
    pqxx::nontransaction work(connection_);
    work.exec(sql);
  }
  void copy_in(bool binary, std::vector<bench::article> const& rows) {
    check(binary);
    pqxx::work work(connection_);
    pqxx::stream_to to(work, "article");
    for (auto const& row : rows) to << row;
    to.complete();
    work.commit();
  }
  std::uint64_t copy_out(bool binary) {
    check(binary);
    pqxx::work work(connection_);
    pqxx::stream_from from(work, "article");
    bench::article row;
    std::uint64_t sum = 0;
    while (from >> row) {
      auto const& [id, number, name, value] = row;
      sum += bench::checksum(id, number, name, value);
    }
    from.complete();
    return sum;
  }

 private:
  static void check(bool binary) {
    if (binary) throw std::invalid_argument("libpqxx copies text");
  }
  pqxx::connection connection_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
