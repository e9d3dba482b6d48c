// COPY by tusk.

#include <tusk/tusk.hpp>

#include "copying.hpp"

namespace {

class client {
 public:
  explicit client(std::string const& dsn) : connection_(tusk::connect(dsn)) { connection_.set_autocommit(true); }
  void execute(std::string const& sql) { connection_.exec(sql); }
  void copy_in(bool binary, std::vector<bench::article> const& rows) {
    connection_.copy_in(binary ? bench::copy_in_binary : bench::copy_in_text, rows);
  }
  std::uint64_t copy_out(bool binary) {
    std::uint64_t sum = 0;
    for (auto const& [id, number, name, value] :
         connection_.copy_out(binary ? bench::copy_out_binary : bench::copy_out_text)
             .rows<int, std::int64_t, std::string, double>())
      sum += bench::checksum(id, number, name, value);
    return sum;
  }

 private:
  tusk::connection connection_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
