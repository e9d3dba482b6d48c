// One table of scenarios for all faces: blocking, poll(), wait callback, Asio with callbacks, Asio with coroutines.
// What one of them gives, or throws, all of them do.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/aio.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// A connection, and how its operations are waited for. All throw as the blocking one does.
class player {
 public:
  player() = default;
  player(player const&) = delete;
  player& operator=(player const&) = delete;
  virtual ~player() = default;
  virtual connection& conn() = 0;
  virtual results exec(std::string const& script) = 0;
  virtual result query(std::string const& sql, params const& args) = 0;
  /// Waits for what was started on a cursor of the connection.
  virtual void wait() = 0;
};

class blocking_player : public player {
 public:
  explicit blocking_player(std::string const& dsn, connect_options options = {}) {
    options.autocommit = true;
    conn_ = connect(dsn, options);
  }
  connection& conn() override { return *conn_; }
  results exec(std::string const& script) override { return conn_->exec(script); }
  result query(std::string const& sql, params const& args) override { return conn_->query(sql, args); }
  void wait() override {}

 private:
  std::optional<connection> conn_;
};

class polling_player : public player {
 public:
  explicit polling_player(std::string const& dsn) : conn_(connect(dsn, {.async = true})) { finish(conn_); }
  connection& conn() override { return conn_; }
  results exec(std::string const& script) override {
    conn_.start_exec(script);
    finish(conn_);
    return conn_.take_results();
  }
  result query(std::string const& sql, params const& args) override {
    conn_.start_query(sql, args);
    finish(conn_);
    return conn_.take_results()[0];
  }
  void wait() override { finish(conn_); }

 private:
  connection conn_;
};

class asio_player : public player {
 public:
  connection& conn() override { return conn_.native(); }

 protected:
  asio::io_context io_;
  aio::connection conn_{io_};
};

class asio_callback_player : public asio_player {
 public:
  explicit asio_callback_player(std::string const& dsn) {
    conn_.connect(dsn, [this](std::exception_ptr error) { failed_ = error; });
    run();
  }
  results exec(std::string const& script) override {
    results got;
    conn_.exec(script, [&](std::exception_ptr error, results all) {
      failed_ = error;
      got = std::move(all);
    });
    run();
    return got;
  }
  result query(std::string const& sql, params const& args) override {
    result got;
    conn_.query(tusk::bind(sql, args), [&](std::exception_ptr error, result one) {
      failed_ = error;
      got = std::move(one);
    });
    run();
    return got;
  }
  void wait() override {
    conn_.wait([this](std::exception_ptr error) { failed_ = error; });
    run();
  }

 private:
  void run() {
    failed_ = nullptr;
    io_.restart();
    test::run(io_);
    raise(std::exchange(failed_, nullptr));
  }
  std::exception_ptr failed_;
};

class asio_coroutine_player : public asio_player {
 public:
  explicit asio_coroutine_player(std::string const& dsn) {
    run([&]() -> asio::awaitable<void> { co_await conn_.connect(dsn); });
  }
  results exec(std::string const& script) override {
    results got;
    run([&]() -> asio::awaitable<void> { got = co_await conn_.exec(script); });
    return got;
  }
  result query(std::string const& sql, params const& args) override {
    result got;
    run([&]() -> asio::awaitable<void> { got = co_await conn_.query(sql, args); });
    return got;
  }
  void wait() override {
    run([&]() -> asio::awaitable<void> { co_await conn_.wait(); });
  }

 private:
  template <class Body>
  void run(Body body) {
    std::exception_ptr failed;
    asio::co_spawn(io_, body, [&](std::exception_ptr error) { failed = std::move(error); });
    io_.restart();
    test::run(io_);
    raise(failed);
  }
};

struct face {
  char const* name;
  std::unique_ptr<player> (*open)(std::string const& dsn);
};

template <class Player>
std::unique_ptr<player> make(std::string const& dsn) {
  return std::make_unique<Player>(dsn);
}
std::unique_ptr<player> make_with_callback(std::string const& dsn) {
  connect_options options;
  options.wait_callback = [](connection& conn) { finish(conn); };
  return std::make_unique<blocking_player>(dsn, options);
}

constexpr face faces[] = {
    {"blocking", make<blocking_player>},
    {"polled", make<polling_player>},
    {"callback", make_with_callback},
    {"asio_callback", make<asio_callback_player>},
    {"asio_coroutine", make<asio_coroutine_player>},
};

/// All that a statement said: its tags and rows, or the class and text of its error; and how the connection is.
std::string told_of(player& on, std::function<results()> const& run) {
  std::string told;
  auto const note = [&](char const* what, std::exception const& e) {
    std::string const text = e.what();
    told += std::string(what) + ": " + text.substr(0, text.find('\n'));
  };
  try {
    for (result const& each : run()) {
      told += std::string(each.command_tag());
      for (auto const& row : each) {
        told += " (";
        for (std::size_t i = 0; i < row.size(); ++i)
          told += (i == 0 ? "" : ", ") + row.get<std::optional<std::string>>(i).value_or("NULL").substr(0, 20);
        told += ")";
      }
      told += "; ";
    }
  } catch (query_canceled const& e) {
    note("query_canceled", e);
  } catch (data_error const& e) {
    note("data_error", e);
  } catch (integrity_error const& e) {
    note("integrity_error", e);
  } catch (operational_error const& e) {
    note("operational_error", e);
  } catch (programming_error const& e) {
    note("programming_error", e);
  } catch (interface_error const& e) {
    note("interface_error", e);
  } catch (error const& e) {
    note("error", e);
  }
  return told + (on.conn().closed() ? " closed" : "") + (on.conn().isexecuting() ? " executing" : "");
}

struct scenario {
  char const* name;
  std::function<results(player&)> run;
  std::string expected;
};

results results_of(player& on, cursor& cur) {
  on.wait();
  return cur.results();
}

std::vector<scenario> const& scenarios() {
  static std::vector<scenario> const all{
      {"rows", [](player& on) { return on.exec("SELECT 1, NULL; VALUES ('a'), ('b'); SET geqo TO on"); },
       "SELECT 1 (1, NULL); SELECT 2 (a) (b); SET; "},
      {"bound_arguments",
       [](player& on) { return results({on.query("SELECT $1::int, $2::text", params(41, "it's"))}); },
       "SELECT 1 (41, it's); "},
      {"the_same_statement_again",
       [](player& on) {
         for (int i = 0; i < 3; ++i) on.query("SELECT $1::int", params(i));
         return results({on.query("SELECT $1::int", params(3))});
       },
       "SELECT 1 (3); "},
      {"a_servers_error", [](player& on) { return on.exec("SELECT 1; SELECT 1/0; SELECT 2"); },
       "data_error: ERROR:  division by zero (22012)"},
      {"the_statement_after_an_error",
       [](player& on) {
         EXPECT_THROW(on.query("SELECT 1/$1::int", params(0)), data_error);
         return on.exec("SELECT 2");
       },
       "SELECT 1 (2); "},
      {"a_violated_constraint",
       [](player& on) {
         on.exec("CREATE TEMP TABLE once (n int UNIQUE)");
         on.query("INSERT INTO once VALUES ($1)", params(1));
         return results({on.query("INSERT INTO once VALUES ($1)", params(1))});
       },
       R"(integrity_error: ERROR:  duplicate key value violates unique constraint "once_n_key" (23505))"},
      {"an_empty_statement", [](player& on) { return on.exec(" "); },
       "programming_error: can't execute an empty query"},
      {"too_few_arguments", [](player& on) { return results({on.query("SELECT $1::int, $2::int", params(1))}); },
       "programming_error: the statement has 2 parameter(s), but 1 argument(s) were given"},
      {"copy", [](player& on) { return on.exec("COPY pg_class TO STDOUT"); },
       "programming_error: COPY ... TO STDOUT cannot be run as a query; its data was dropped"},
      {"ten_megabytes",
       [](player& on) { return results({on.query("SELECT length($1), $1", params(std::string(10'000'000, 'x')))}); },
       "SELECT 1 (10000000, xxxxxxxxxxxxxxxxxxxx); "},
      {"a_transaction",
       [](player& on) {
         on.exec("BEGIN; CREATE TEMP TABLE gone (n int)");
         EXPECT_EQ(on.conn().transaction_status(), transaction_status::in_transaction);
         on.exec("ROLLBACK");
         EXPECT_EQ(on.conn().transaction_status(), transaction_status::idle);
         return on.exec("SELECT * FROM gone");
       },
       R"(programming_error: ERROR:  relation "gone" does not exist (42P01))"},
      {"a_cursor",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.execute("SELECT %s, %s; SELECT 3", 1, "two");
         return results_of(on, cur);
       },
       "SELECT 1 (1, two); SELECT 1 (3); "},
      {"executemany",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.execute("CREATE TEMP TABLE many (n int)");
         on.wait();
         cur.executemany("INSERT INTO many VALUES (%s)", std::vector<int>(1000, 1));
         on.wait();
         EXPECT_EQ(cur.rowcount(), 1000);
         return on.exec("SELECT count(*) FROM many");
       },
       "SELECT 1 (1000); "},
      {"executemany_that_fails",
       [](player& on) {
         cursor cur = on.conn().cursor();
         cur.executemany("SELECT 1/%s", std::vector<int>{1, 0, 1});
         return results_of(on, cur);
       },
       "data_error: ERROR:  division by zero (22012)"},
      {"a_notification_and_a_notice_on_the_way",
       [](player& on) {
         on.exec("LISTEN faces");
         auto got = on.exec("NOTIFY faces, 'hello'; DO $$ BEGIN RAISE NOTICE 'by the way'; END $$");
         auto const arrived = on.conn().notifies.pop();
         EXPECT_TRUE(arrived && arrived->payload == "hello");
         auto const notices = on.conn().take_notices();
         EXPECT_TRUE(notices.size() == 1 && notices[0].message == "by the way");
         return got;
       },
       "NOTIFY; DO; "},
      {"a_session_that_is_ended",
       [](player& on) {
         terminate(on.conn().info().backend_pid);
         return on.exec("SELECT 1");
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_session_that_ends_itself_in_a_transaction",
       [](player& on) {
         on.exec("BEGIN");
         return on.exec("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)");
       },
       "operational_error: FATAL:  terminating connection due to administrator command (57P01) closed"},
      {"a_closed_connection",
       [](player& on) {
         on.conn().close();
         return on.exec("SELECT 1");
       },
       "interface_error: connection already closed closed"},
  };
  return all;
}

class all_faces : public testing::TestWithParam<std::tuple<face, std::size_t, way>> {};

TEST_P(all_faces, say_the_same) {
  auto const& [by, number, bytes] = GetParam();
  auto const on = by.open(dsn(bytes));
  scenario const& played = scenarios()[number];
  EXPECT_EQ(told_of(*on, [&] { return played.run(*on); }), played.expected);
  if (on->conn().closed()) {
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 1"); }), "interface_error: connection already closed closed");
  } else {
    EXPECT_EQ(told_of(*on, [&] { return on->exec("SELECT 'usable'"); }), "SELECT 1 (usable); ");
  }
}

INSTANTIATE_TEST_SUITE_P(table, all_faces,
                         testing::Combine(testing::ValuesIn(faces), testing::Range<std::size_t>(0, scenarios().size()),
                                          testing::Values(way::unix_socket, way::tls_verify_full)),
                         [](auto const& of) {
                           return std::string(std::get<0>(of.param).name) + "_" +
                                  scenarios()[std::get<1>(of.param)].name + "_" + name(std::get<2>(of.param));
                         });

}  // namespace
}  // namespace tusk::test
