// The connections that follow a session: a cancel request and a reconnect keep every security setting of the first
// (CVE-2020-25694), whatever waits for them at the same address. What is refused gets no key, no password, no startup.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "hostile/refused.hpp"
#include "support/scram_peer.hpp"
#include "support/stepping.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t process_id = 4711;
std::string const key = "\xde\xad\xbe\xef";
std::string const cancel_message = int32(16) + int32(80877102) + int32(process_id) + key;

/// AuthenticationOk and the key above.
std::string welcome_with_key() {
  return message('R', int32(0)) + message('S', text("server_version") + text("15.0")) +
         message('S', text("client_encoding") + text("UTF8")) + message('K', int32(process_id) + key) + ready();
}

/// What the second connection meets.
enum class meets { same, other_authority, other_name, expired, no, bytes_after_s, error, garbage, closing };

struct row {
  char const* name;
  meets second;
  std::string_view modes;  // those in which it is refused
  std::string_view said;   // the reason
};
void PrintTo(row const& each, std::ostream* out) { *out << each.name; }

constexpr std::string_view all_modes[] = {"prefer", "require", "verify-ca", "verify-full"};
constexpr std::string_view every_mode = "prefer require verify-ca verify-full";
constexpr row rows[] = {
    {"same", meets::same, "", ""},
    {"other_authority", meets::other_authority, every_mode, "sslrootcert"},
    {"other_name", meets::other_name, "verify-full", "connect to a name"},
    {"expired", meets::expired, every_mode, "expired"},
    {"no_tls", meets::no, every_mode, "does not offer TLS"},
    {"bytes_after_s", meets::bytes_after_s, every_mode, "more than one byte before TLS began"},
    {"error", meets::error, every_mode, "with an error"},
    {"garbage", meets::garbage, every_mode, "not a PostgreSQL server"},
    {"closing", meets::closing, every_mode, "closed the connection when asked for TLS"},
};

/// A server with TLS whose second connection is `meets`.
class two_faced {
 public:
  two_faced(two_faced const&) = delete;
  two_faced& operator=(two_faced const&) = delete;
  explicit two_faced(meets second)
      : second_(second), good_({.issuer = &ca(), .key_of = &ca()}), bad_(wishes(second)), server_([this](peer& client) {
          int const call = ++calls_;
          if (call == 1) return first(client);
          call == 2 ? second_face(client) : client.stay_silent();  // a cancel request is repeated
        }) {}

  ~two_faced() { released_ = true; }  // a test that failed ends, too

  static certificate const& ca() { return authority(key_kind::ecdsa); }
  std::string dsn(std::string_view mode) {
    return server_.dsn("connect_timeout=20 sslmode=" + std::string(mode) +
                       " sslrootcert=" + files_.write("ca.crt", ca().pem()));
  }
  /// Returns when the statement has arrived.
  void wait_until_running() const { wait_for(running_); }
  void end_statement() { released_ = true; }
  /// What the second connection said in the clear, and inside TLS. It must have gone.
  std::string const& in_clear() const noexcept { return in_clear_; }
  std::string const& in_tls() const noexcept { return in_tls_; }
  void wait_for_second() const { wait_for(second_ended_); }

 private:
  static void wait_for(std::atomic<bool> const& what) {
    auto const limit = std::chrono::steady_clock::now() + 30s;
    while (!what && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(what) << "it did not come in 30 s";
  }
  static certificate_wishes wishes(meets second) {
    certificate_wishes of{.issuer = &ca(), .key_of = &ca()};
    if (second == meets::other_authority) of.issuer = of.key_of = &authority(key_kind::ecdsa, true);
    if (second == meets::other_name) of.alternatives = "DNS:elsewhere.example";
    if (second == meets::expired) of.begins = -7200, of.ends = -3600;
    return of;
  }

  void first(peer& client) {
    tls_peer secure(client, good_);
    if (!secure.begin()) return;
    play_scram(secure, {.offer_plus = true, .end_point = good_.end_point(), .then = welcome_with_key()});
    if (secure.receive_message().substr(0, 1) != "Q") return;
    running_ = true;
    while (!released_) std::this_thread::sleep_for(1ms);
    secure.send(message('C', text("SELECT 0")) + ready());
    secure.stay_silent();
  }

  void second_face(peer& client) {
    switch (second_) {
      case meets::no: answer(client, "N"); break;
      case meets::bytes_after_s: answer(client, "S" + welcome_with_key()); break;
      case meets::error: answer(client, message('E', fields("FATAL", "28000", "forged"))); break;
      case meets::garbage: answer(client, "forged"); break;
      case meets::closing: client.receive_startup(); break;
      default: shake_hands(client);
    }
    second_ended_ = true;
  }
  void answer(peer& client, std::string const& bytes) {
    client.receive_startup();
    client.send(bytes);
    in_clear_ = client.receive(1000);
  }
  void shake_hands(peer& client) {
    tls_peer secure(client, bad_);
    if (!secure.begin()) return;
    in_tls_ = secure.receive_startup();
    if (in_tls_ == cancel_message) return;
    secure.send(authentication(0));
    secure.send(welcome_with_key().substr(9));
    secure.stay_silent();
  }

  meets second_;
  certificate good_, bad_;
  temporary_folder files_;
  std::atomic<int> calls_ = 0;
  std::atomic<bool> running_ = false, released_ = false, second_ended_ = false;
  std::string in_clear_, in_tls_;
  scripted_server server_;
};

/// Nothing of the key, in any way of writing it.
void expect_no_key(std::string_view text) {
  for (std::string_view const form : {"3735928559", "-559038737", "deadbeef", "DEADBEEF", "\\xde"})
    EXPECT_LACKS(form, text);
  EXPECT_LACKS(key, text);
  EXPECT_LACKS("open_sesame", text);
}

class second_connection : public testing::TestWithParam<row> {};

void expect_end(two_faced& server, std::string_view mode, std::string const& said, row const& of,
                std::string const& wanted) {
  server.wait_for_second();
  expect_no_key(said);
  expect_no_key(server.in_clear());
  EXPECT_EQ(server.in_clear(), "");
  bool const refused = of.modes.find(mode) != std::string_view::npos;
  if (refused) {
    EXPECT_CONTAINS(of.said, said);
    EXPECT_LACKS("forged", said);
    EXPECT_EQ(server.in_tls(), "");
  } else {
    EXPECT_EQ(said, "");
    EXPECT_EQ(server.in_tls().substr(0, wanted.size()), wanted);
  }
}

TEST_P(second_connection, of_an_asynchronous_cancel) {
  for (std::string_view const mode : all_modes) {
    SCOPED_TRACE(mode);
    two_faced server(GetParam().second);
    std::string lines, said;
    connect_options options{.async = true};
    options.trace = [&](std::string_view line) { lines += std::string(line) + '\n'; };
    connection conn = connect(server.dsn(mode), options);
    finish(conn);
    conn.start_exec("SELECT 1");
    while (conn.poll() == poll_status::read_write) {}
    server.wait_until_running();
    conn.cancel();
    try {
      // While the request is under way; behind it, a tenth of a second until the next one.
      for (poll_status wanted = conn.poll(); conn.timeout() > 1s; wanted = conn.poll()) wait_once(conn, wanted);
    } catch (operational_error const& error) {
      EXPECT_FALSE(error.is_fatal());
      said = error.what();
    }
    EXPECT_TRUE(conn.isexecuting());
    server.end_statement();
    finish(conn);
    expect_end(server, mode, said, GetParam(), cancel_message);
    expect_no_key(lines);
    EXPECT_CONTAINS("BackendKeyData", lines);
  }
}

TEST_P(second_connection, of_a_blocking_cancel) {
  for (std::string_view const mode : all_modes) {
    SCOPED_TRACE(mode);
    two_faced server(GetParam().second);
    std::string said;
    connection conn = connect(server.dsn(mode), {.autocommit = true});
    std::thread other([&] { conn.exec("SELECT 1"); });
    server.wait_until_running();
    try {
      conn.cancel();
    } catch (operational_error const& error) {
      EXPECT_FALSE(error.is_fatal());
      said = error.what();
    }
    server.end_statement();
    other.join();
    EXPECT_FALSE(conn.closed());
    expect_end(server, mode, said, GetParam(), cancel_message);
  }
}

TEST_P(second_connection, of_a_reconnect) {
  for (std::string_view const mode : all_modes) {
    SCOPED_TRACE(mode);
    if (mode == "prefer") continue;  // without TLS is what it asks for, of a new session
    two_faced server(GetParam().second);
    std::string said;
    connection conn = connect(server.dsn(mode));
    try {
      conn.reconnect();
      EXPECT_NE(conn.info().tls_version, "");
    } catch (operational_error const& error) {
      EXPECT_TRUE(error.is_fatal());
      said = error.what();
    }
    conn.close();
    expect_end(server, mode, said, GetParam(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(each, second_connection, testing::ValuesIn(rows), named);

}  // namespace
}  // namespace tusk::test
