// See byte_faults.hpp: the faces of Asio, which the tests of byte_faults_test.cpp run by too.
#include "hostile/byte_faults.hpp"
#include "support/aio.hpp"

namespace tusk::test {
namespace {

class asio_talker : public talker {
 public:
  connection& conn() override { return conn_.native(); }

 protected:
  void run() {
    io_.restart();
    test::run(io_);
    raise(std::exchange(failed_, nullptr));
  }
  asio::io_context io_;
  aio::connection conn_{io_};
  std::exception_ptr failed_;
};

class asio_callback_talker : public asio_talker {
 public:
  void open(std::string const& dsn) override {
    conn_.connect(dsn, note());
    run();
  }
  result query(within const* limit, std::string const& sql, std::string const& argument) override {
    result got;
    conn_.query(bound_with(limit, sql, argument), take(got));
    run();
    return got;
  }
  results exec(within const* limit, std::string const& script) override {
    results got;
    limit != nullptr ? conn_.exec(*limit, script, take(got)) : conn_.exec(script, take(got));
    run();
    return got;
  }
  void execute(within const* limit, cursor& on, std::string const& sql, std::string const& argument) override {
    conn_.execute(on, bound_with(limit, sql, argument), note());
    run();
  }

 private:
  static bound bound_with(within const* limit, std::string const& sql, std::string const& argument) {
    return limit != nullptr ? tusk::bind(*limit, sql, argument) : tusk::bind(sql, argument);
  }
  std::function<void(std::exception_ptr)> note() {
    return [this](std::exception_ptr error) { failed_ = std::move(error); };
  }
  template <class Value>
  std::function<void(std::exception_ptr, Value)> take(Value& into) {
    return [this, &into](std::exception_ptr error, Value value) {
      failed_ = std::move(error);
      into = std::move(value);
    };
  }
};

class asio_coroutine_talker : public asio_talker {
 public:
  void open(std::string const& dsn) override {
    spawn([&]() -> asio::awaitable<void> { co_await conn_.connect(dsn); });
  }
  result query(within const* limit, std::string const& sql, std::string const& argument) override {
    result got;
    spawn([&]() -> asio::awaitable<void> {
      if (limit != nullptr)
        got = co_await conn_.query(*limit, sql, argument);
      else
        got = co_await conn_.query(sql, argument);
    });
    return got;
  }
  results exec(within const* limit, std::string const& script) override {
    results got;
    spawn([&]() -> asio::awaitable<void> {
      if (limit != nullptr)
        got = co_await conn_.exec(*limit, script);
      else
        got = co_await conn_.exec(script);
    });
    return got;
  }
  void execute(within const* limit, cursor& on, std::string const& sql, std::string const& argument) override {
    spawn([&]() -> asio::awaitable<void> {
      if (limit != nullptr)
        co_await conn_.execute(*limit, on, sql, argument);
      else
        co_await conn_.execute(on, sql, argument);
    });
  }

 private:
  void spawn(std::function<asio::awaitable<void>()> body) {
    asio::co_spawn(io_, std::move(body), [this](std::exception_ptr error) { failed_ = std::move(error); });
    run();
  }
};

has_face<asio_callback_talker> const callback("asio_callback");
has_face<asio_coroutine_talker> const coroutine("asio_coroutine");

}  // namespace
}  // namespace tusk::test
