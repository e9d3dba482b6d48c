// What a process does around its connections: signals without end, many descriptors, forks.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/certificate.hpp"
#include "support/scram_peer.hpp"
#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// Answers statements until the client leaves: slowly, so that a client has to wait for every part of it.
template <class Peer>
void answer_statements(Peer& client, std::chrono::milliseconds pause) {
  for (std::string asked = client.receive_message(); asked.starts_with('Q'); asked = client.receive_message()) {
    std::string const answer = message('C', text("SELECT 0")) + ready();
    std::this_thread::sleep_for(pause);
    client.send(answer.substr(0, 7));
    std::this_thread::sleep_for(pause);
    client.send(answer.substr(7));
  }
}

/// A server with TLS and SCRAM, or with neither.
class patient_server {
 public:
  explicit patient_server(bool with_tls, std::chrono::milliseconds pause = 0ms)
      : server_([this, with_tls, pause](peer& client) {
          if (with_tls) {
            std::this_thread::sleep_for(pause);
            tls_peer secure(client, own_);
            if (!secure.begin()) return;
            std::this_thread::sleep_for(pause);
            play_scram(secure, {.offer_plus = true, .end_point = own_.end_point()});
            answer_statements(secure, pause);
          } else {
            play_scram(client, {});
            answer_statements(client, pause);
          }
          ++goodbyes_;
        }),
        dsn_(server_.dsn("connect_timeout=20 sslmode=" + std::string(with_tls ? "require" : "disable"))) {}
  std::string const& dsn() const noexcept { return dsn_; }
  /// How many sessions are over.
  int goodbyes() const noexcept { return goodbyes_; }

 private:
  certificate const own_;
  std::atomic<int> goodbyes_ = 0;
  scripted_server server_;
  std::string dsn_;
};

class process : public testing::TestWithParam<bool> {};

// ---- signals ----

std::atomic<int> signals = 0;
void count_signal(int) { ++signals; }

/// SIGUSR1 to this thread every 200 microseconds, with a handler that lets no system call go on.
class storm {
 public:
  storm() : target_(::pthread_self()) {
    struct sigaction how {};
    how.sa_handler = count_signal;  // without SA_RESTART
    ::sigaction(SIGUSR1, &how, &before_);
    thread_ = std::thread([this] {
      while (!over_) {
        ::pthread_kill(target_, SIGUSR1);
        std::this_thread::sleep_for(200us);
      }
    });
  }
  storm(storm const&) = delete;
  storm& operator=(storm const&) = delete;
  ~storm() {
    over_ = true;
    thread_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  pthread_t target_;
  struct sigaction before_ {};
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

TEST_P(process, hears_signals_without_end) {
  patient_server server(GetParam(), 20ms);
  signals = 0;
  storm const raging;
  {
    connection conn = connect(server.dsn(), {.autocommit = true});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(conn.exec("SELECT").size(), 1U);
    EXPECT_EQ(conn.exec(std::string(8'000'000, ' ')).size(), 1U);  // a send that is broken off in the middle
    conn.reconnect();
    conn.exec("SELECT");
  }
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  conn.start_exec("SELECT");
  finish(conn);
  EXPECT_TRUE(!wait_readable(conn, 50ms)) << "it ended before its time";
  EXPECT_GT(signals, 100);
}

// ---- descriptors ----

TEST_P(process, has_more_than_1024_files_open) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit more = before;
  more.rlim_cur = std::max<rlim_t>(before.rlim_cur, 1400);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &more), 0) << "this machine allows " << before.rlim_max << " descriptors";
  std::vector<int> open;
  for (int i = 0; i < 1100; ++i) open.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  {
    patient_server server(GetParam());
    connection blocking = connect(server.dsn(), {.autocommit = true});
    EXPECT_GT(blocking.fileno(), 1024);
    EXPECT_EQ(blocking.exec("SELECT").size(), 1U);
    connection async = connect(server.dsn(), {.async = true});
    finish(async);
    EXPECT_GT(async.fileno(), 1024);
    async.start_exec("SELECT");
    finish(async);
    EXPECT_FALSE(wait_readable(async, 10ms));
    std::string by_name = server.dsn();  // with the descriptor of the name's helper above it, too
    by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
    EXPECT_EQ(connect(by_name, {.autocommit = true}).exec("SELECT").size(), 1U);
  }
  for (int const each : open) ::close(each);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// ---- forks ----

/// Runs something in a child process, which ends then; whether it went well.
bool in_child(std::function<void()> const& act) {
  pid_t const child = ::fork();
  if (child == 0) {
    act();
    ::_exit(0);
  }
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

TEST_P(process, forks_and_the_child_says_nothing) {
  patient_server server(GetParam());
  std::optional<connection> conn(connect(server.dsn(), {.autocommit = true}));
  conn->exec("SELECT");
  EXPECT_TRUE(in_child([&] { conn.reset(); }));
  EXPECT_TRUE(in_child([&] { conn->close(); }));
  EXPECT_EQ(server.goodbyes(), 0);
  EXPECT_EQ(conn->exec("SELECT").size(), 1U);
  EXPECT_EQ(server.goodbyes(), 0);
}

TEST_P(process, forks_while_it_connects) {
  patient_server server(GetParam(), 1ms);
  for (int stop = 0; stop < 6; ++stop) {
    SCOPED_TRACE(stop);
    std::optional<connection> conn(connect(server.dsn(), {.async = true}));
    for (int i = 0; i < stop; ++i)
      if (auto const wanted = conn->poll(); wanted != poll_status::ok) wait_once(*conn, wanted);
    EXPECT_TRUE(in_child([&] { conn.reset(); }));
    EXPECT_NO_THROW(finish(*conn));
    conn->start_exec("SELECT");
    EXPECT_NO_THROW(finish(*conn));
  }
}

INSTANTIATE_TEST_SUITE_P(each, process, testing::Bool(),
                         [](auto const& of) { return of.param ? "with_tls" : "without_tls"; });

// The child's copy of a cancel request must not end the parent's.
TEST(process_that_cancels, forks_and_the_request_goes_on) {
  std::atomic<bool> asked = false, go_on = false, told = false;
  std::atomic<std::size_t> heard = 0;
  std::atomic<int> calls = 0;
  scripted_server server([&](peer& client) {
    if (++calls == 1) {
      client.receive_startup();
      client.send(welcome());
      client.receive_message();
      while (!told) std::this_thread::sleep_for(1ms);
      client.send(message('C', text("SELECT 0")) + ready());
      return client.stay_silent();
    }
    asked = true;
    while (!go_on) std::this_thread::sleep_for(1ms);
    heard = client.receive_startup().size();
    told = true;
  });
  std::optional<connection> conn(connect(server.dsn(), {.async = true}));
  finish(*conn);
  conn->start_exec("SELECT 1");
  conn->poll();
  conn->cancel();  // under way, and nothing is sent yet
  while (!asked) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(in_child([&] { conn.reset(); }));
  go_on = true;
  EXPECT_NO_THROW(finish(*conn));
  EXPECT_EQ(heard, 16U);
}

}  // namespace
}  // namespace tusk::test
