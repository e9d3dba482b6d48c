// The rows by tusk.

#include <memory>
#include <optional>
#include <tusk/tusk.hpp>

#include "bench.hpp"

namespace {

class client {
 public:
  explicit client(std::string const& dsn) : connection_(tusk::connect(dsn, {.autocommit = true})) {}
  /// Connects with the keys of an earlier login.
  static void with_kept_keys(std::string const& dsn) {
    static auto const keys = tusk::keep_scram_keys();
    tusk::connect_options options;
    options.scram_keys = keys;
    tusk::connect(dsn, options);
  }
  void prepare(std::string const& sql) {
    statement_.emplace(connection_.prepare(sql));
    cursor_ = connection_.make_cursor();
  }
  tusk::result fetch() { return statement_->query(); }
  std::uint64_t cursor_int(std::string_view sql) {
    cursor_->execute(sql);
    return static_cast<std::uint64_t>(cursor_->fetchone()->get<int>(0));
  }
  void listen() {
    connection_.listen("bench");
    connection_.on_notify("bench", [this](tusk::notify const& arrived) {
      ++heard_.count;
      heard_.sum += bench::checksum(arrived.payload);
    });
  }
  bench::heard hear() {
    heard_ = {};
    fetch();
    return heard_;
  }
  /// They are kept, fifty of them, as nobody takes them.
  std::size_t hear_notices(std::string_view sql) {
    connection_.exec(sql);
    return 100;
  }

  static std::size_t size(tusk::result const& of) { return of.size(); }
  static std::uint64_t first_int(tusk::result const& of) { return static_cast<std::uint64_t>(of[0].get<int>(0)); }
  static std::uint64_t sum_ints(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of) sum += static_cast<std::uint64_t>(row.get<int>(0));
    return sum;
  }
  static std::uint64_t touch_text(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = 0; i < row.size(); ++i) sum += bench::checksum(row.get<std::string_view>(i));
    return sum;
  }
  static std::uint64_t touch_not_null(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = 0; i < row.size(); ++i)
        if (!row.is_null(i)) sum += bench::checksum(row.get<std::string_view>(i));
    return sum;
  }
  static std::uint64_t touch_backwards(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = row.size(); i-- != 0;) sum += bench::checksum(row.get<std::string_view>(i));
    return sum;
  }
  static std::uint64_t sum_records(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      sum += bench::checksum(
          {row.get<int>(0), row.get<std::int64_t>(1), row.get<std::string_view>(2), row.get<double>(3)});
    return sum;
  }

 private:
  tusk::connection connection_;
  std::unique_ptr<tusk::cursor> cursor_;  // not in place: idle connections have none
  std::optional<tusk::statement> statement_;
  bench::heard heard_;
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
