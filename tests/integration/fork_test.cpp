// After a fork the child says nothing to the parent's session: every operation is an error there, and what ends there
// sends nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/effort.hpp"
#include "support/faces.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// What `act` says in a child process.
std::string in_child(std::function<std::string()> const& act) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(20);  // rather than hang
    std::string said = "an exception";
    try {
      said = act();
    } catch (...) {}
    if (::write(ends[1], said.data(), said.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0 ? said : said + " and status " + std::to_string(status);
}

class fork_test : public testing::TestWithParam<way> {};
INSTANTIATE_TEST_SUITE_P(each, fork_test, testing::ValuesIn(three_ways), [](auto const& of) { return name(of.param); });

TEST_P(fork_test, every_operation_of_the_child_is_an_error) {
  connection conn = open(GetParam());
  cursor cur = conn.cursor();
  statement known = conn.prepare("SELECT $1::int");
  conn.query("SELECT 1");
  std::pair<char const*, std::function<void()>> const operations[] = {
      {"query", [&] { conn.query("SELECT 1"); }},
      {"query of a new one", [&] { conn.query("SELECT 2"); }},
      {"query with a limit", [&] { conn.query(within(std::chrono::seconds(5)), "SELECT 1"); }},
      {"exec", [&] { conn.exec("SELECT 1"); }},
      {"prepare", [&] { conn.prepare("SELECT 1"); }},
      {"statement", [&] { known.query(1); }},
      {"execute", [&] { cur.execute("SELECT 1"); }},
      {"executemany", [&] { cur.executemany("SELECT %s", std::vector<std::tuple<int>>{{1}}); }},
      {"start_query", [&] { conn.start_query("SELECT 1"); }},
      {"start_exec", [&] { conn.start_exec("SELECT 1"); }},
      {"poll", [&] { conn.poll(); }},
      {"ping", [&] { conn.ping(); }},
      {"commit", [&] { conn.commit(); }},
      {"rollback", [&] { conn.rollback(); }},
      {"reset", [&] { conn.reset(); }},
      {"listen", [&] { conn.listen("x"); }},
      {"notify", [&] { conn.notify("x"); }},
      {"load_types", [&] { conn.load_types(); }},
      {"cancel", [&] { conn.cancel(); }},
      {"set_session", [&] { conn.set_session({.read_only = true}); }},
      {"guard", [&] { transaction tx{conn}; }},
      {"wait_readable", [&] { wait_readable(conn, std::chrono::milliseconds(0)); }},
      {"next_notify", [&] { (void)conn.next_notify(within(std::chrono::milliseconds(0))); }},
  };
  std::string const said = in_child([&] {
    std::string wrong;
    for (auto const& [name, call] : operations) {
      try {
        call();
        wrong += std::string(name) + " did it; ";
      } catch (interface_error const& e) {
        if (std::string_view(e.what()).find("parent") == std::string_view::npos)
          wrong += std::string(name) + ": " + e.what() + "; ";
      } catch (std::exception const& e) {
        wrong += std::string(name) + " threw another: " + e.what() + "; ";
      }
    }
    conn.close();
    if (!conn.closed() || conn.fileno() != -1) wrong += "not closed";
    return wrong;
  });
  EXPECT_EQ(said, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(known.query(i)[0].get<int>(0), i) << "the parent goes on";
}

TEST_P(fork_test, a_copy_or_a_stream_is_the_parents) {
  connection conn = open(GetParam());
  conn.exec("CREATE TEMP TABLE copied (n int)");
  auto const refused = [](std::function<void()> const& call) -> std::string {
    try {
      call();
    } catch (interface_error const& e) {
      return std::string_view(e.what()).find("parent") != std::string_view::npos ? "" : e.what();
    }
    return "did it";
  };
  std::optional<copy_in> in(conn.copy_in("COPY copied FROM STDIN"));
  in->row(1);
  EXPECT_EQ(in_child([&] {
              auto const said = refused([&] { in->finish(); });
              in.reset();
              return said;
            }),
            "");
  in->row(2);
  EXPECT_EQ(in->finish(), 2U);
  std::optional<copy_out> out(conn.copy_out("COPY (SELECT generate_series(1, 100000)) TO STDOUT"));
  EXPECT_TRUE(out->next_chunk());
  EXPECT_EQ(in_child([&] {
              auto const said = refused([&] { out->next_chunk(); }) + refused([&] { out->take_chunk(); });
              out.reset();
              return said;
            }),
            "");
  while (out->next_chunk()) continue;
  EXPECT_EQ(out->count(), 100'000U);
  std::optional<stream<>> rows(conn.stream("SELECT generate_series(1, 100000)"));
  std::size_t count = rows->next_chunk()->size();
  EXPECT_EQ(in_child([&] {
              auto const said = refused([&] { rows->next_chunk(); }) + refused([&] { rows->take_chunk(); });
              rows.reset();
              return said;
            }),
            "");
  while (auto const chunk = rows->next_chunk()) count += chunk->size();
  EXPECT_EQ(count, 100'000U);
}

TEST_P(fork_test, what_ends_in_the_child_ends_nothing_of_the_parents) {
  connection conn = open(GetParam());
  conn.exec("CREATE TEMP TABLE kept (n int)");
  {
    std::optional<transaction> tx(conn);
    conn.query("INSERT INTO kept VALUES (1)");
    std::optional<transaction> inner(conn);
    std::optional<cursor> cur(std::in_place, conn);
    auto made = std::make_optional(conn.prepare("SELECT 1"));
    EXPECT_EQ(in_child([&] {
                inner.reset();
                tx.reset();
                cur.reset();
                made.reset();
                connection const gone = std::move(conn);
                return std::string();
              }),
              "");
    conn.query("INSERT INTO kept VALUES (2)");
    inner->commit();
    tx->commit();
    EXPECT_EQ(made->query().size(), 1U);
  }
  EXPECT_EQ(value<int>(conn, "SELECT sum(n)::int FROM kept"), 3);
}

TEST_P(fork_test, in_mid_operation_with_the_lock_held_by_another_thread) {
  connection conn = open(GetParam()), holder = open();
  holder.query("SELECT pg_advisory_lock(4711)");
  std::thread busy([&] { EXPECT_EQ(value<int>(conn, "SELECT 7 FROM pg_advisory_lock_shared(4711)"), 7); });
  wait_until_active(conn.info().backend_pid);
  EXPECT_EQ(in_child([&] {
              try {
                conn.query("SELECT 1");
              } catch (interface_error const&) {
                conn.close();
                return std::string("refused");
              }
              return std::string("ran");
            }),
            "refused");
  holder.query("SELECT pg_advisory_unlock(4711)");
  busy.join();
  EXPECT_EQ(value<int>(conn, "SELECT 8"), 8);
}

/// Forks when it is called for the nth time. The child goes on first, to its end, as if this had been no fork.
class nth_call {
 public:
  explicit nth_call(int which) : which_(which) {}
  void operator()() {
    if (calls_++ != which_) return;
    child_ = ::fork();
    if (child_ == 0) ::alarm(20);  // rather than hang
    if (child_ <= 0) return;
    ::waitpid(child_, &status_, 0);
    if (!was_refused() && descriptor >= 0) ::shutdown(descriptor, SHUT_RDWR);  // what it took would be waited for
  }
  int descriptor = -1;  ///< the parent's, once it is known
  int calls() const noexcept { return calls_; }
  bool in_child() const noexcept { return child_ == 0; }
  bool was_refused() const noexcept { return WIFEXITED(status_) && WEXITSTATUS(status_) == refused; }

  /// Does what may call it. A child ends here, and tells whether it was refused.
  template <class Act>
  void run(Act const& act) {
    int said = 1;
    try {
      act();
      if (!in_child()) return;
    } catch (interface_error const& e) {
      if (!in_child()) throw;
      if (std::string_view(e.what()).find("parent process") != std::string_view::npos) said = refused;
    } catch (...) {
      if (!in_child()) throw;
    }
    ::_exit(said);
  }

 private:
  static constexpr int refused = 42;
  int which_;
  int calls_ = 0, status_ = -1;
  pid_t child_ = -1;
};

/// Every function of the user's that runs while the connection is stepped, in a conversation of one connection.
struct calls {
  nth_call trace{-1}, password{-1}, notice{-1}, notify{-1}, callback{-1};
  bool returns = false;  // the wait callback does, in the child
};

void converse(face const& by, way over, calls& on) {
  connect_options options;
  options.trace = [&](std::string_view) { on.trace(); };
  options.password = [&](password_request const&) {
    on.password();
    return std::string("tusk");
  };
  static auto const keys = keep_scram_keys();  // so that a login takes no time
  options.scram_keys = keys;
  options.wait_callback = [&](connection& conn) {
    for (poll_status wanted; (wanted = conn.poll()) != poll_status::ok;) {
      wait_once(conn, wanted);
      on.callback();
      if (on.returns && on.callback.in_child()) return;
    }
  };
  auto const played = open(by, dsn(over, "tusk", "connect_timeout=5"), options);
  connection& conn = played->conn();
  for (nth_call* each : {&on.trace, &on.notice, &on.notify, &on.callback}) each->descriptor = conn.fileno();
  // What the child has read already is not for its handlers.
  conn.on_notice([&](diagnostics const&) { on.trace.in_child() ? ::_exit(2) : on.notice(); });
  conn.on_notify("forked", [&](notify const&) { on.trace.in_child() ? ::_exit(3) : on.notify(); });
  for (int i = 0; i < 2; ++i) EXPECT_EQ(played->value<int>("SELECT $1::int + 1", i), i + 1);
  played->exec("LISTEN forked");
  auto const told = played->exec("DO $$ BEGIN RAISE WARNING 'now'; END $$; SELECT 1; NOTIFY forked; SELECT 2");
  EXPECT_EQ(told[1][0].get<int>(0), 1);
  EXPECT_EQ(told[3][0].get<int>(0), 2);
  EXPECT_EQ(played->value<int>("SELECT $1::int + 1", 2), 3);
  conn.trace(nullptr);
}

/// Forks at each call of that function; of a sink, which is called most, at every third, from another one on by each
/// face. Where sanitizers watch, at some.
void fork_by(nth_call calls::*function, face const& by, way over, bool returns = false) {
  int const stride = function == &calls::trace ? 3 : 1;
  int times = 0;
  auto const& all = all_faces();
  auto const number = static_cast<int>(std::find(all.begin(), all.end(), by) - all.begin());
  for (int i = number % stride; !testing::Test::HasFailure(); i += stride * static_cast<int>(effort_divisor)) {
    SCOPED_TRACE("at call " + std::to_string(i));
    calls on;
    on.returns = returns;
    nth_call& forks = on.*function;
    forks = nth_call(i);
    forks.run([&] { converse(by, over, on); });
    if (forks.calls() <= i) {
      EXPECT_GT(times, 0);
      return;
    }
    EXPECT_TRUE(forks.was_refused());
    ++times;
  }
}

class fork_within : public testing::TestWithParam<std::tuple<face, way>> {
 protected:
  void fork_in(nth_call calls::*function) { fork_by(function, std::get<face>(GetParam()), std::get<way>(GetParam())); }
};

TEST_P(fork_within, the_sink_of_a_trace) { fork_in(&calls::trace); }
TEST_P(fork_within, the_password_callback) { fork_in(&calls::password); }
TEST_P(fork_within, a_handler_of_notices) { fork_in(&calls::notice); }
TEST_P(fork_within, a_handler_of_notifications) { fork_in(&calls::notify); }
TEST_P(fork_test, within_the_wait_callback) { fork_by(&calls::callback, face_named("callback"), GetParam()); }
TEST_P(fork_test, within_a_wait_callback_that_returns) {
  fork_by(&calls::callback, face_named("callback"), GetParam(), true);
}

INSTANTIATE_TEST_SUITE_P(by, fork_within,
                         testing::Values(std::tuple(face_named("blocking"), way::tls_require),
                                         std::tuple(face_named("callback"), way::tcp),
                                         std::tuple(face_named("polled"), way::unix_socket)),
                         [](auto const& of) {
                           return name(std::get<face>(of.param)) + "_" + name(std::get<way>(of.param));
                         });

TEST_P(fork_test, in_a_handler_ends_the_childs_for_good) {
  connection conn = open(GetParam());
  nth_call forks(0);
  forks.descriptor = conn.fileno();
  conn.on_notice([&](diagnostics const&) { forks(); });
  forks.run([&] {
    try {
      conn.exec("DO $$ BEGIN RAISE WARNING 'now'; PERFORM pg_sleep(0.05); END $$; SELECT 1");
    } catch (interface_error const&) {
      if (!forks.in_child()) throw;
      conn.exec("SELECT 1");
    }
  });
  EXPECT_TRUE(forks.was_refused());
  EXPECT_EQ(value<int>(conn, "SELECT 8"), 8);
}

// As in a handler of the parent: what is under way up the stack ends first.
TEST_P(fork_test, in_a_handler_that_closes_in_the_child) {
  connection conn = open(GetParam());
  pid_t child = -1;
  int const descriptor = conn.fileno();
  bool open_in_handler = false;
  conn.on_notice([&](diagnostics const&) {
    if (child != -1) return;
    child = ::fork();
    if (child != 0) return;
    conn.close();
    open_in_handler = ::fcntl(descriptor, F_GETFD) != -1;
  });
  try {
    conn.exec("DO $$ BEGIN RAISE WARNING 'now'; END $$; SELECT 1");
  } catch (interface_error const&) {
    if (child == 0) ::_exit(open_in_handler && conn.closed() && conn.fileno() == -1 ? 42 : 2);
  } catch (...) {
    if (child == 0) ::_exit(3);
  }
  if (child == 0) ::_exit(1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(value<int>(conn, "SELECT 8"), 8);
}

TEST_P(fork_test, the_child_may_have_connections_of_its_own) {
  connection conn = open(GetParam());
  auto const pid = conn.info().backend_pid;
  EXPECT_EQ(in_child([&] {
              conn.reconnect();
              connection another = open(GetParam());
              bool const own = conn.info().backend_pid != pid && value<int>(another, "SELECT 1") == 1;
              return std::string(own && value<int>(conn, "SELECT 1") == 1 ? "" : "not its own");
            }),
            "");
  EXPECT_EQ(value<int>(conn, "SELECT pg_backend_pid()"), pid);
}

TEST_P(fork_test, an_asynchronous_one_in_mid_operation) {
  connect_options options;
  options.async = true;
  connection conn = connect(dsn(GetParam()), options);
  finish(conn);
  conn.start_query("SELECT 7 FROM pg_sleep(0.05)");
  conn.poll();
  EXPECT_EQ(in_child([&] {
              try {
                conn.poll();
              } catch (interface_error const&) {
                conn.close();
                return std::string("refused");
              }
              return std::string("polled");
            }),
            "refused");
  finish(conn);
  EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
}

}  // namespace
}  // namespace tusk::test
