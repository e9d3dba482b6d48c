#include "support/faces.hpp"

#include <algorithm>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>

#ifdef TUSK_TEST_ASIO
#include "support/asio_players.hpp"
#endif

namespace tusk::test {
namespace {

class plain_player : public player {
 public:
  connection& conn() override { return made_ ? *made_ : *connecting_; }
  void move_away() override { elsewhere_ = std::move(made_); }
  void move_back() override { made_ = std::move(elsewhere_); }

 protected:
  std::optional<connection> made_, elsewhere_;
  connection* connecting_ = nullptr;
};

class blocking_player : public plain_player {
 public:
  void open(std::string const& dsn, connect_options options, std::function<void()>) override {
    options.wait_callback = {};
    establish(dsn, std::move(options));
  }
  results exec_within(within const* limit, std::string const& script) override {
    return limit != nullptr ? conn().exec(*limit, script) : conn().exec(script);
  }
  result query_within(within const* limit, std::string const& sql, params const& args) override {
    return limit != nullptr ? conn().query(*limit, sql, args) : conn().query(sql, args);
  }
  void execute_within(within const* limit, cursor& on, std::string const& sql, params const& args) override {
    limit != nullptr ? on.execute(*limit, sql, args) : on.execute(sql, args);
  }
  void stream_by(std::uint32_t fetch_size, std::string const& sql,
                 std::function<bool(row const&)> const& each) override {
    for (auto const& next : conn().stream({.fetch_size = fetch_size}, sql))
      if (!each(next)) break;
  }
  std::uint64_t copy_in_within(within const* limit, std::string const& sql, std::function<int()> const& next) override {
    auto in = conn().copy_in(sql, copied_within(limit));
    int number = next();
    for (; number >= 0; number = next()) in.row(number, copied_text);
    return number == -1 ? in.finish() : 0;
  }
  void copy_out_within(within const* limit, std::string const& sql,
                       std::function<bool(std::string_view)> const& each) override {
    auto out = conn().copy_out(sql, copied_within(limit));
    while (auto const chunk = out.next_chunk())
      if (!each_row(*chunk, each)) break;
  }
  void cancel() override {
    std::jthread([this] { conn().cancel(); });
  }
  bool blocks() const override { return true; }
  void wait() override {}
  void begin(std::string const& script, std::function<void(std::exception_ptr)> done) override {
    std::exception_ptr failed;
    try {
      conn().exec(script);
    } catch (...) {
      failed = std::current_exception();
    }
    done(failed);
  }
  results exec_while(std::string const& script, std::function<void()> meanwhile) override {
    std::jthread const other([&](std::stop_token const& over) {
      while (!conn().isexecuting() && !over.stop_requested()) std::this_thread::yield();
      meanwhile();
    });
    return conn().exec(script);
  }

 protected:
  void establish(std::string const& dsn, connect_options options) {
    options.autocommit = true;
    made_.emplace(connect(dsn, options));
  }
};

class callback_player : public blocking_player {
 public:
  void open(std::string const& dsn, connect_options options, std::function<void()> meanwhile) override {
    options.wait_callback = [this, meanwhile = std::move(meanwhile),
                             by = std::move(options.wait_callback)](connection& on) mutable {
      connecting_ = &on;
      if (meanwhile) std::exchange(meanwhile, {})();
      by ? by(on) : void(finish(on));
    };
    establish(dsn, std::move(options));
  }
};

class polling_player : public plain_player {
 public:
  void open(std::string const& dsn, connect_options options, std::function<void()> meanwhile) override {
    options.async = true;
    made_.emplace(connect(dsn, options));
    if (meanwhile) meanwhile();
    finish(conn());
  }
  results exec_within(within const* limit, std::string const& script) override {
    limit != nullptr ? conn().start_exec(*limit, script) : conn().start_exec(script);
    finish(conn());
    return conn().take_results();
  }
  result query_within(within const* limit, std::string const& sql, params const& args) override {
    limit != nullptr ? conn().start_query(*limit, sql, args) : conn().start_query(sql, args);
    finish(conn());
    return conn().take_results().back();
  }
  void execute_within(within const* limit, cursor& on, std::string const& sql, params const& args) override {
    limit != nullptr ? on.execute(*limit, sql, args) : on.execute(sql, args);
    finish(conn());
  }
  void stream_by(std::uint32_t fetch_size, std::string const& sql,
                 std::function<bool(row const&)> const& each) override {
    {
      auto rows = conn().start_stream({.fetch_size = fetch_size}, sql);
      for (bool goes_on = true; goes_on && !rows.ended();) {
        finish(conn());
        while (auto const chunk = goes_on ? rows.take_chunk() : std::nullopt)
          goes_on = std::ranges::all_of(*chunk, each);
      }
    }
    finish(conn());
  }
  std::uint64_t copy_in_within(within const* limit, std::string const& sql, std::function<int()> const& next) override {
    std::uint64_t count = 0;
    std::exception_ptr failed;
    try {
      auto in = conn().start_copy_in(sql, copied_within(limit));
      int number = next();
      for (; number >= 0; number = next()) {
        while (!in.ready() && !in.ended()) finish(conn());
        in.check();
        in.row(number, copied_text);
      }
      if (number == -1) {
        auto ended = in.start_finish();
        while (!ended.ready()) finish(conn());
        count = ended.get();
      }
    } catch (...) {
      failed = std::current_exception();
    }
    end_copy(failed);
    return count;
  }
  void copy_out_within(within const* limit, std::string const& sql,
                       std::function<bool(std::string_view)> const& each) override {
    std::exception_ptr failed;
    try {
      auto out = conn().start_copy_out(sql, copied_within(limit));
      for (bool goes_on = true; goes_on && !out.ended();) {
        finish(conn());
        while (auto const chunk = goes_on ? out.take_chunk() : std::nullopt) goes_on = each_row(*chunk, each);
      }
    } catch (...) {
      failed = std::current_exception();
    }
    end_copy(failed);
  }
  /// One that was left is ended by poll().
  void end_copy(std::exception_ptr const& failed) {
    if (!conn().closed()) finish(conn());
    if (failed) std::rethrow_exception(failed);
  }
  void cancel() override { conn().cancel(); }
  void wait() override { finish(conn()); }
  void begin(std::string const& script, std::function<void(std::exception_ptr)> done) override {
    std::exception_ptr failed;
    try {
      conn().start_exec(script);
    } catch (...) {
      failed = std::current_exception();
    }
    done(failed);
  }
  results exec_while(std::string const& script, std::function<void()> meanwhile) override {
    auto started = conn().start_exec(script);
    conn().poll();
    meanwhile();
    finish(conn());
    return started.get();
  }
};

template <class Player>
std::unique_ptr<player> make() {
  return std::make_unique<Player>();
}

}  // namespace

std::vector<face> const& all_faces() {
  static std::vector<face> const all{
      {"blocking", make<blocking_player>},
      {"callback", make<callback_player>},
      {"polled", make<polling_player>},
#ifdef TUSK_TEST_ASIO
      {"asio_callback", make<asio_callback_player>},
      {"asio_coroutine", make<asio_coroutine_player>},
#endif
  };
  return all;
}

face const& face_named(std::string_view name) {
  for (face const& each : all_faces())
    if (each.name == name) return each;
  throw std::invalid_argument("no such face: " + std::string(name));
}

}  // namespace tusk::test
