// The rows by tusk, but for those of the Asio face, which are bench_asio's.

#include <poll.h>

#include <memory>
#include <optional>
#include <tusk/tusk.hpp>
#include <vector>

#include "bench.hpp"
#include "epoll.hpp"

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
  template <class... Argument>
  std::uint64_t query_int(std::string_view sql, Argument... argument) {
    return first_int(connection_.query(sql, argument...));
  }
  std::uint64_t cursor_int(std::string_view sql) {
    cursor_->execute(sql);
    return static_cast<std::uint64_t>(cursor_->fetchone()->get<int>(0));
  }
  std::uint64_t cursor_two(int one, int other) {
    cursor_->execute(bench::two_arguments, one, other);
    return static_cast<std::uint64_t>(cursor_->fetchone()->get<int>(0));
  }
  std::uint64_t cursor_five() {
    cursor_->execute(bench::five_arguments, bench::five_id, bench::five_number, bench::five_text, bench::five_value,
                     bench::five_flag);
    return static_cast<std::uint64_t>(cursor_->fetchone()->get<int>(0));
  }
  std::string mogrify_five() {
    return cursor_->mogrify(bench::five_arguments, bench::five_id, bench::five_number, bench::five_text,
                            bench::five_value, bench::five_flag);
  }
  void make_table(std::string_view sql) { connection_.exec(sql); }
  std::size_t insert_bound(std::string_view sql, std::vector<bench::article> const& rows) {
    return connection_.executemany(sql, rows);
  }
  std::size_t copy_in(std::string_view sql, std::vector<bench::article> const& rows) {
    return connection_.copy_in(sql, rows);
  }
  std::size_t insert_in_pipeline(std::string_view sql, std::vector<bench::article> const& rows) {
    auto pipeline = connection_.pipeline();
    for (auto const& row : rows) pipeline.query(sql, std::get<int>(row), std::get<std::string>(row));
    pipeline.sync().get();
    return rows.size();
  }
  std::size_t insert_merged(std::vector<bench::article> const& rows) {
    cursor_->executemany(bench::merged_insert, rows);
    return static_cast<std::size_t>(cursor_->rowcount());
  }
  bench::seen stream(std::string_view sql) {
    bench::seen all;
    for (auto const& row : connection_.stream(sql)) {
      ++all.count;
      all.sum += bench::checksum(row.get<std::string_view>(0));
    }
    return all;
  }
  /// In the formats that the library chooses for what the rows are read as.
  bench::seen fetch_structs(std::string_view sql) {
    auto const rows = connection_.query_rows<bench::owned_record>(sql);
    bench::seen all{rows.size()};
    for (auto const& each : rows) all.sum += bench::checksum({each.id, each.number, each.name, each.value});
    return all;
  }
  void listen() {
    connection_.listen("bench");
    connection_.on_notify("bench", [this](tusk::notify const& arrived) {
      ++heard_.count;
      heard_.sum += bench::checksum(arrived.payload);
    });
  }
  bench::seen hear() {
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
  // Inlined in each row, however many rows this program has.
  [[gnu::always_inline]] static std::uint64_t first_int(tusk::result const& of) {
    return static_cast<std::uint64_t>(of[0].get<int>(0));
  }
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
  static std::uint64_t touch_strings(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = 0; i < row.size(); ++i) sum += bench::checksum(row.get<std::string>(i));
    return sum;
  }
  static std::uint64_t touch_optionals(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = 0; i < row.size(); ++i)
        if (auto const text = row.get<std::optional<std::string>>(i)) sum += bench::checksum(*text);
    return sum;
  }
  static std::uint64_t touch_values(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::size_t i = 0; i < row.size(); ++i) sum += row.at(i).is_null() ? 0 : 1;
    return sum;
  }
  static std::uint64_t touch_by_name(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::string_view const name : bench::pg_type_columns)
        sum += bench::checksum(row.get<std::string_view>(name));
    return sum;
  }
  static std::uint64_t sum_structs(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& each : of.rows<bench::owned_record>())
      sum += bench::checksum({each.id, each.number, each.name, each.value});
    return sum;
  }
  static std::uint64_t sum_int_arrays(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (int const each : row.get<std::vector<int>>(0)) sum += static_cast<std::uint64_t>(each);
    return sum;
  }
  static std::uint64_t sum_text_arrays(tusk::result const& of) {
    std::uint64_t sum = 0;
    for (auto const& row : of)
      for (std::string const& each : row.get<std::vector<std::string>>(0)) sum += bench::checksum(each);
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
  bench::seen heard_;
};

/// Blocks by a wait callback.
class callback_client {
 public:
  explicit callback_client(std::string const& dsn) : connection_(tusk::connect(dsn, {.autocommit = true})) {
    connection_.set_wait_callback(tusk::wait_select);
  }
  void prepare(std::string const& sql) { statement_.emplace(connection_.prepare(sql)); }
  bench::outcome repeat(std::int64_t times) {
    return bench::repeat(times, [this](bench::outcome& sum) {
      sum.checksum += client::first_int(statement_->query());
      sum.rows = 1;
    });
  }

 private:
  tusk::connection connection_;
  std::optional<tusk::statement> statement_;
};

tusk::connection connect_stepped(std::string const& dsn) {
  auto made = tusk::connect(dsn, {.async = true});
  tusk::wait_select(made);
  return made;
}

/// Whether the operation of a connection, which was stepped, is done. Then its result is seen.
bool is_done(tusk::connection& on, tusk::poll_status wanted, bench::outcome& sum) {
  if (wanted != tusk::poll_status::ok) return false;
  sum.checksum += client::first_int(on.take_results()[0]);
  sum.rows = 1;
  return true;
}

/// Steps one by poll() and poll(2).
class stepped_client {
 public:
  explicit stepped_client(std::string const& dsn) : on_(connect_stepped(dsn)) {}
  void prepare(std::string const& sql) { sql_ = sql; }
  bench::outcome repeat(std::int64_t times) {
    return bench::repeat(times, [this](bench::outcome& sum) {
      on_.start_query(sql_);
      for (auto wanted = on_.poll(); !is_done(on_, wanted, sum); wanted = on_.poll()) wait_for(wanted);
    });
  }

 private:
  void wait_for(tusk::poll_status wanted) const {
    short const read = wanted == tusk::poll_status::write ? 0 : POLLIN;
    short const write = wanted == tusk::poll_status::read ? 0 : POLLOUT;
    pollfd waiting{on_.fileno(), static_cast<short>(read | write), 0};
    auto const left = on_.timeout();
    ::poll(&waiting, 1, left ? static_cast<int>(left->count()) : -1);
  }

  tusk::connection on_;
  std::string sql_;
};

/// Steps many by one epoll instance.
class many_client {
 public:
  explicit many_client(std::string const& dsn) {
    for (std::size_t i = 0; i < bench::many; ++i) loop_.add(on_.emplace_back(connect_stepped(dsn)).fileno());
  }
  void prepare(std::string const& sql) { sql_ = sql; }
  bench::outcome repeat(std::int64_t times) {
    return bench::repeat(times, [this](bench::outcome& sum) {
      std::size_t left = on_.size();
      for (std::size_t i = 0; i < on_.size(); ++i) {
        on_[i].start_query(sql_);
        left -= step(i, sum) ? 1 : 0;
      }
      bench::let_all_answer();
      while (left != 0)
        for (auto const& ready : loop_.wait()) left -= step(ready.data.u64, sum) ? 1 : 0;
    });
  }

 private:
  bool step(std::size_t number, bench::outcome& sum) {
    auto& on = on_[number];
    auto const wanted = on.poll();
    if (is_done(on, wanted, sum)) return true;
    loop_.watch(
        number, on.fileno(),
        (wanted == tusk::poll_status::write ? 0U : EPOLLIN) | (wanted == tusk::poll_status::read ? 0U : EPOLLOUT));
    return false;
  }

  std::vector<tusk::connection> on_;
  bench::epoll loop_;
  std::string sql_;
};

}  // namespace

int main(int count, char** arguments) {
  std::string_view const row = count > 2 ? arguments[2] : "";
  if (row == "callback_roundtrip") return bench::run<callback_client>(count, arguments);
  if (row == "poll_roundtrip") return bench::run<stepped_client>(count, arguments);
  if (row == "poll_64") return bench::run<many_client>(count, arguments);
  return bench::run<client>(count, arguments);
}
