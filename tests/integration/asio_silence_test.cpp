// Servers that fall silent at each point of connecting: the Asio face can be cancelled there, and ends at
// connect_timeout.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <functional>
#include <list>
#include <stdexcept>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/aio.hpp"
#include "support/scripted_server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using std::exception_ptr;

/// A server that falls silent at a point of connecting.
struct silence {
  char const* name;
  char const* more;  // of the connection string
  std::function<void(peer&)> script;
};
/// A listener whose queue is full: what connects to it hears nothing.
class full_listener {
 public:
  full_listener() {
    if (::bind(listener_, address(), sizeof here_) != 0 || ::listen(listener_, 0) != 0 ||
        ::getsockname(listener_, address(), &size_) != 0 || ::connect(filler_, address(), size_) != 0)
      throw std::runtime_error("no listener on loopback");
  }
  full_listener(full_listener const&) = delete;
  full_listener& operator=(full_listener const&) = delete;
  ~full_listener() {
    ::close(listener_);
    ::close(filler_);
  }
  std::string dsn() const {
    return "host=127.0.0.1 port=" + std::to_string(ntohs(here_.sin_port)) + " user=nobody sslmode=disable";
  }

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&here_); }

  sockaddr_in here_{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size_ = sizeof here_;
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int filler_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

silence const silences[] = {
    {"before_tls", "sslmode=require", [](peer&) {}},
    {"in_the_handshake", "sslmode=require",
     [](peer& client) {
       client.receive_startup();
       client.send("S");
     }},
    {"before_authentication", "", [](peer& client) { client.receive_startup(); }},
    {"in_authentication", "",
     [](peer& client) {
       client.receive_startup();
       client.send(message('R', int32(3)));  // a password is asked for
     }},
    {"before_ready", "",
     [](peer& client) {
       client.receive_startup();
       client.send(message('R', int32(0)));
     }},
};
/// Calls `each` with a connection string for each of them, all at the same time.
template <class Each>
void with_all_silences(Each const& each) {
  asio::io_context io;
  full_listener const full;
  std::list<scripted_server> servers;
  std::vector<std::pair<std::string, std::string>> places{{"before_the_connection", full.dsn()}};
  for (silence const& at : silences) {
    auto& server = servers.emplace_back([&at](peer& client) {
      at.script(client);
      client.stay_silent();
    });
    places.emplace_back(at.name, server.dsn(at.more));
  }
  std::size_t done = 0;
  for (auto const& [name, to] : places)
    asio::co_spawn(io, each(name, to), [&](exception_ptr error) {
      EXPECT_NO_THROW(raise(error));
      ++done;
    });
  run(io);
  EXPECT_EQ(done, places.size());
}

TEST(asio_silence, can_be_cancelled) {
  with_all_silences([](std::string name, std::string to) -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    auto const either = co_await (conn.connect(to) || after(30ms));
    EXPECT_EQ(either.index(), 1U) << name;
    EXPECT_TRUE(conn.closed()) << name;
    auto const cancelling = [&]() -> awaitable<void> {
      co_await after(30ms);
      co_await conn.cancel();
    };
    auto const connecting = [&]() -> awaitable<void> {
      auto [error] = co_await conn.connect(to, as_tuple);
      EXPECT_EQ(thrown<operational_error>([&, e = error] { raise(e); }).code(), asio::error::operation_aborted);
    };
    co_await (connecting() && cancelling());
  });
}

TEST(asio_silence, ends_at_connect_timeout) {
  with_all_silences([](std::string name, std::string to) -> awaitable<void> {
    aio::connection conn{co_await asio::this_coro::executor};
    auto [error] = co_await conn.connect(to + " connect_timeout=2", as_tuple);
    EXPECT_CONTAINS("within connect_timeout", thrown<operational_error>([&, e = error] { raise(e); }).what());
    EXPECT_TRUE(conn.closed()) << name;
  });
}

}  // namespace
}  // namespace tusk::test
