// The rows by tusk's Asio face.

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <tusk/aio/connection.hpp>
#include <vector>

#include "bench.hpp"

namespace {

void rethrow(std::exception_ptr const& error) {
  if (error) std::rethrow_exception(error);
}

void connect(asio::io_context& loop, tusk::aio::connection& on, std::string const& dsn) {
  on.connect(dsn, rethrow);
  loop.run();
  loop.restart();
}

void see(tusk::result const& of, bench::outcome& sum) {
  sum.checksum += static_cast<std::uint64_t>(of[0].get<int>(0));
  sum.rows = 1;
}

/// Each handler begins the next query.
class callback_client {
 public:
  explicit callback_client(std::string const& dsn) { connect(loop_, on_, dsn); }
  void prepare(std::string const& sql) { sql_ = sql; }
  bench::outcome repeat(std::int64_t times) {
    left_ = times;
    ask();
    loop_.run();
    return sum_;
  }

 private:
  void ask() {
    on_.query(tusk::bind(sql_), [this](std::exception_ptr const& error, tusk::result const& given) {
      rethrow(error);
      see(given, sum_);
      if (--left_ != 0) ask();
    });
  }

  asio::io_context loop_;
  tusk::aio::connection on_{loop_};
  std::string sql_;
  std::int64_t left_ = 0;
  bench::outcome sum_;
};

class coroutine_client {
 public:
  explicit coroutine_client(std::string const& dsn) { connect(loop_, on_, dsn); }
  void prepare(std::string const& sql) { sql_ = sql; }
  bench::outcome repeat(std::int64_t times) {
    bench::outcome sum;
    asio::co_spawn(loop_, ask(times, sum), rethrow);
    loop_.run();
    return sum;
  }

 private:
  asio::awaitable<void> ask(std::int64_t times, bench::outcome& sum) {
    for (std::int64_t i = 0; i < times; ++i) {
      tusk::result const given = co_await on_.query(sql_);
      see(given, sum);
    }
  }

  asio::io_context loop_;
  tusk::aio::connection on_{loop_};
  std::string sql_;
};

/// Many connections on one loop. The last handler of a round begins the next one.
class many_client {
 public:
  explicit many_client(std::string const& dsn) {
    for (std::size_t i = 0; i < bench::many; ++i) connect(loop_, on_.emplace_back(loop_), dsn);
  }
  void prepare(std::string const& sql) { sql_ = sql; }
  bench::outcome repeat(std::int64_t times) {
    rounds_ = times;
    ask();
    loop_.run();
    return sum_;
  }

 private:
  void ask() {
    left_ = on_.size();
    for (auto& each : on_)
      each.query(tusk::bind(sql_), [this](std::exception_ptr const& error, tusk::result const& given) {
        rethrow(error);
        see(given, sum_);
        if (--left_ == 0 && --rounds_ != 0) ask();
      });
    bench::let_all_answer();
  }

  asio::io_context loop_;
  std::vector<tusk::aio::connection> on_;
  std::string sql_;
  std::size_t left_ = 0;
  std::int64_t rounds_ = 0;
  bench::outcome sum_;
};

}  // namespace

int main(int count, char** arguments) {
  std::string_view const row = count > 2 ? arguments[2] : "";
  if (row == "asio_64") return bench::run<many_client>(count, arguments);
  if (row == "asio_callback_roundtrip") return bench::run<callback_client>(count, arguments);
  return bench::run<coroutine_client>(count, arguments);
}
