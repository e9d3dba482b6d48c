// A Unix socket whose queue of connections is full: connect(2) says EAGAIN, and the socket never becomes writable.

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

/// Listens, and accepts when it is told to.
class crowded_server {
 public:
  crowded_server() {
    std::string const path = folder_.path(".s.PGSQL.5432");
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, path.data(), path.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, where(), sizeof address_) != 0 || ::listen(listener_, 0) != 0)
      throw std::runtime_error("no listener");
  }
  crowded_server(crowded_server const&) = delete;
  crowded_server& operator=(crowded_server const&) = delete;
  ~crowded_server() {
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // ends an accept that waits
    if (thread_.joinable()) thread_.join();
    for (int const each : waiting_) ::close(each);
    ::close(listener_);
  }

  /// Connects until there is no room.
  void fill() {
    for (;;) {
      int const one = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      waiting_.push_back(one);
      if (::connect(one, where(), sizeof address_) == 0) {
        ::send(one, "x", 1, MSG_NOSIGNAL);  // so that it is not taken for a client
        continue;
      }
      if (errno != EAGAIN) throw std::runtime_error("the queue is not full, but broken");
      return;
    }
  }
  /// Accepts those that wait, and closes; then runs the script for each of `clients`, one after another.
  void drain(int clients, std::function<void(peer&)> script) {
    thread_ = std::thread([this, clients, script = std::move(script)] {
      for (std::size_t i = 0; i + 1 < waiting_.size(); ++i) ::close(::accept(listener_, nullptr, nullptr));
      for (int i = 0; i < clients; ++i) {
        peer client(::accept(listener_, nullptr, nullptr), stopped_);
        script(client);
      }
    });
  }
  /// In the script: accepts further clients until `last` says that one was the last.
  void accept_until(std::function<bool(peer&)> const& last) {
    for (bool done = false; !done && !stopped_;) {
      peer client(::accept(listener_, nullptr, nullptr), stopped_);
      done = last(client);
    }
  }
  std::string dsn(std::string const& more = "") const {
    return "host=" + folder_.path() + " port=5432 user=u dbname=d password=p " + more;
  }

 private:
  sockaddr const* where() const { return reinterpret_cast<sockaddr const*>(&address_); }

  temporary_folder folder_;
  sockaddr_un address_{};
  int listener_ = -1;
  std::vector<int> waiting_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

void serve(peer& client) {
  client.receive_startup();
  client.send(welcome());
  while (!client.receive_message().empty()) client.send(ready());
}

TEST(backlog, that_is_full_is_asked_again_until_there_is_room) {
  crowded_server server;
  server.fill();
  connection conn = connect(server.dsn(), {.async = true});
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(conn.poll(), poll_status::read);
    wait_once(conn, poll_status::read);
  }
  int const before = conn.fileno();
  server.drain(1, serve);
  finish(conn);
  EXPECT_NE(conn.fileno(), before);  // what is waited on in the pauses is no socket
  conn.start_ping();
  finish(conn);
  conn.close();
}

// An event loop sleeps in the pauses.
TEST(backlog, that_is_full_does_not_make_the_caller_spin) {
  crowded_server server;
  server.fill();
  connection conn = connect(server.dsn("connect_timeout=1"), {.async = true});
  int polls = 0;
  auto const error = thrown<operational_error>([&] {
    for (;; ++polls) wait_once(conn, conn.poll());
  });
  EXPECT_CONTAINS("its queue of connections had no room within connect_timeout, 1 s", error.what());
  EXPECT_TRUE(conn.closed());
  EXPECT_LT(polls, 60);
}

TEST(backlog, that_is_full_is_waited_for_by_blocking_connections) {
  for (bool const by_callback : {false, true}) {
    crowded_server server;
    server.fill();
    bool drained = false;
    connect_options options{.autocommit = true};
    if (by_callback)
      options.wait_callback = [&](connection& waiting) {
        if (!std::exchange(drained, true)) {
          waiting.poll();
          server.drain(1, serve);
        }
        finish(waiting);
      };
    else
      server.drain(1, serve);
    connection conn = connect(server.dsn("connect_timeout=30"), options);
    conn.ping();
    conn.close();
  }
}

TEST(backlog, that_is_full_does_not_lose_a_cancel_request) {
  crowded_server server;
  std::atomic<bool> cancelled = false;
  server.drain(1, [&](peer& session) {
    session.receive_startup();
    session.send(welcome());
    session.receive_message();
    server.accept_until([&](peer& client) {  // the cancel request is the last that comes
      cancelled = client.receive(1) != "x" && client.receive(15).size() == 15;
      return cancelled.load();
    });
    session.send(message('E', fields("ERROR", "57014", "cancelled")) + ready());
    session.stay_silent();
  });
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  server.fill();
  conn.start_exec("SELECT 1");
  conn.cancel();
  EXPECT_THROW(finish(conn), query_canceled);
  EXPECT_TRUE(cancelled);
  conn.close();
}

}  // namespace
}  // namespace tusk::test
