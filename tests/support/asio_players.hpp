// The two faces of Asio as players: completion handlers, and coroutines. For faces.cpp alone.
#pragma once

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tusk/aio/connection.hpp>
#include <utility>

#include "support/aio.hpp"
#include "support/faces.hpp"

namespace tusk::test {

class asio_player : public player {
 public:
  connection& conn() override { return conn_.native(); }
  bool closed() override { return conn_.closed(); }
  results exec_while(std::string const& script, std::function<void()> meanwhile) override {
    std::function<void()> const act = [&] { conn().isexecuting() ? meanwhile() : asio::post(io_, act); };
    asio::post(io_, act);
    return exec(script);
  }
  void cancel() override {
    conn_.cancel([](std::exception_ptr const&) {});
  }
  void move_away() override { elsewhere_ = std::make_unique<aio::connection>(std::move(conn_)); }
  void move_back() override { conn_ = std::move(*elsewhere_); }

 protected:
  using handler = std::function<void(std::exception_ptr)>;
  handler note() {
    return [this](std::exception_ptr error) { failed_ = std::move(error); };
  }
  /// Runs the event loop until nothing is under way, and throws what was noted.
  void run() {
    io_.restart();
    test::run(io_);
    raise(std::exchange(failed_, nullptr));
  }
  static bound bound_with(within const* limit, std::string const& sql, params const& args) {
    return limit != nullptr ? tusk::bind(*limit, sql, args) : tusk::bind(sql, args);
  }

  asio::io_context io_;
  aio::connection conn_{io_};
  std::unique_ptr<aio::connection> elsewhere_;
  std::exception_ptr failed_;
};

class asio_callback_player : public asio_player {
 public:
  void open(std::string const& dsn, connect_options options, std::function<void()> meanwhile) override {
    conn_.connect<connection, handler>(dsn, std::move(options), note());
    if (meanwhile) asio::post(io_, std::move(meanwhile));
    run();
  }
  results exec_within(within const* limit, std::string const& script) override {
    results got;
    limit != nullptr ? conn_.exec(*limit, script, take(got)) : conn_.exec(script, take(got));
    run();
    return got;
  }
  result query_within(within const* limit, std::string const& sql, params const& args) override {
    result got;
    conn_.query(bound_with(limit, sql, args), take(got));
    run();
    return got;
  }
  void execute_within(within const* limit, cursor& on, std::string const& sql, params const& args) override {
    conn_.execute(on, bound_with(limit, sql, args), note());
    run();
  }
  void stream_by(std::uint32_t fetch_size, std::string const& sql,
                 std::function<bool(row const&)> const& each) override {
    {
      aio::stream rows = conn_.start_stream({.fetch_size = fetch_size}, sql);
      using chunk = std::optional<result>;
      std::function<void(std::exception_ptr, chunk)> next = [&](std::exception_ptr const& error, chunk const& got) {
        failed_ = error;
        if (got && std::ranges::all_of(*got, each)) rows.next_chunk(next);
      };
      rows.next_chunk(next);
      run();
    }
    wait();
  }
  std::uint64_t copy_in_within(within const* limit, std::string const& sql, std::function<int()> const& next) override {
    std::uint64_t count = 0;
    std::exception_ptr failed;
    try {
      aio::copy_in in = conn_.start_copy_in(sql, copied_within(limit));
      handler more = [&](std::exception_ptr const& error) {
        failed_ = error;
        if (error) return;
        int number = 0;
        while (in.native().ready()) {
          number = next();
          if (number < 0) break;
          in.native().row(number, copied_text);
        }
        if (number == -1)
          in.finish(take(count));
        else if (number >= 0)
          in.room(more);
      };
      in.room(more);
      run();
    } catch (...) {
      failed = std::current_exception();
    }
    if (!conn_.native().closed()) wait();  // one that was left ends
    if (failed) std::rethrow_exception(failed);
    return count;
  }
  void copy_out_within(within const* limit, std::string const& sql,
                       std::function<bool(std::string_view)> const& each) override {
    std::exception_ptr failed;
    try {
      aio::copy_out out = conn_.start_copy_out(sql, copied_within(limit));
      using chunk = std::optional<copy_chunk>;
      std::function<void(std::exception_ptr, chunk)> next = [&](std::exception_ptr const& error, chunk const& got) {
        failed_ = error;
        if (got && each_row(*got, each)) out.next_chunk(next);
      };
      out.next_chunk(next);
      run();
    } catch (...) {
      failed = std::current_exception();
    }
    if (!conn_.native().closed()) wait();  // one that was left ends
    if (failed) std::rethrow_exception(failed);
  }
  void wait() override {
    conn_.wait(note());
    run();
  }
  void begin(std::string const& script, handler done) override {
    conn_.exec(script, std::function<void(std::exception_ptr, results)>(
                           [done = std::move(done)](std::exception_ptr error, results) { done(error); }));
  }

 private:
  template <class Value>
  std::function<void(std::exception_ptr, Value)> take(Value& into) {
    return [this, &into](std::exception_ptr error, Value value) {
      failed_ = std::move(error);
      into = std::move(value);
    };
  }
};

class asio_coroutine_player : public asio_player {
 public:
  void open(std::string const& dsn, connect_options options, std::function<void()> meanwhile) override {
    spawn([&, this]() -> asio::awaitable<void> { co_await conn_.connect(dsn, options); }, note());
    if (meanwhile) asio::post(io_, std::move(meanwhile));
    run();
  }
  results exec_within(within const* limit, std::string const& script) override {
    results got;
    spawn(
        [&, this]() -> asio::awaitable<void> {
          if (limit != nullptr)
            got = co_await conn_.exec(*limit, script);
          else
            got = co_await conn_.exec(script);
        },
        note());
    run();
    return got;
  }
  result query_within(within const* limit, std::string const& sql, params const& args) override {
    result got;
    spawn(
        [&, this]() -> asio::awaitable<void> {
          if (limit != nullptr)
            got = co_await conn_.query(*limit, sql, args);
          else
            got = co_await conn_.query(sql, args);
        },
        note());
    run();
    return got;
  }
  void execute_within(within const* limit, cursor& on, std::string const& sql, params const& args) override {
    spawn(
        [&, this]() -> asio::awaitable<void> {
          if (limit != nullptr)
            co_await conn_.execute(*limit, on, sql, args);
          else
            co_await conn_.execute(on, sql, args);
        },
        note());
    run();
  }
  void stream_by(std::uint32_t fetch_size, std::string const& sql,
                 std::function<bool(row const&)> const& each) override {
    spawn(
        [&, this]() -> asio::awaitable<void> {
          {
            aio::stream rows = conn_.start_stream({.fetch_size = fetch_size}, sql);
            for (;;) {
              auto const chunk = co_await rows.next_chunk();
              if (!chunk || !std::ranges::all_of(*chunk, each)) break;
            }
          }
          co_await conn_.wait();
        },
        note());
    run();
  }
  std::uint64_t copy_in_within(within const* limit, std::string const& sql, std::function<int()> const& next) override {
    std::uint64_t count = 0;
    spawn(
        [&, this]() -> asio::awaitable<void> {
          std::exception_ptr failed;
          try {
            aio::copy_in in = conn_.start_copy_in(sql, copied_within(limit));
            int number = next();
            for (; number >= 0; number = next()) co_await in.row(number, copied_text);
            if (number == -1) count = co_await in.finish();
          } catch (...) {
            failed = std::current_exception();
          }
          if (!conn_.native().closed()) co_await conn_.wait();  // one that was left ends
          if (failed) std::rethrow_exception(failed);
        },
        note());
    run();
    return count;
  }
  void copy_out_within(within const* limit, std::string const& sql,
                       std::function<bool(std::string_view)> const& each) override {
    spawn(
        [&, this]() -> asio::awaitable<void> {
          std::exception_ptr failed;
          try {
            aio::copy_out out = conn_.start_copy_out(sql, copied_within(limit));
            for (;;) {
              auto const chunk = co_await out.next_chunk();
              if (!chunk || !each_row(*chunk, each)) break;
            }
          } catch (...) {
            failed = std::current_exception();
          }
          if (!conn_.native().closed()) co_await conn_.wait();  // one that was left ends
          if (failed) std::rethrow_exception(failed);
        },
        note());
    run();
  }
  void wait() override {
    spawn([this]() -> asio::awaitable<void> { co_await conn_.wait(); }, note());
    run();
  }
  void begin(std::string const& script, handler done) override {
    spawn([this, script]() -> asio::awaitable<void> { co_await conn_.exec(script); }, std::move(done));
  }

 private:
  // No template: co_spawn takes long to compile for each body.
  void spawn(std::function<asio::awaitable<void>()> body, handler done) {
    asio::co_spawn(io_, std::move(body), std::move(done));
  }
};

}  // namespace tusk::test
