// Keywords of the connection string that change a session or its socket, on a real server. (TLS and authentication have
// files of their own, the environment's variables are tested on settings.)
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/scripted_server.hpp"
#include "support/server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"
#include "support/variables.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

int server_version() { return std::stoi(exported("TUSK_SERVER_VERSION")); }

// ---- Unix sockets ----

TEST(keywords, of_encryption_say_nothing_to_a_unix_socket) {
  for (std::string_view const more :
       {"sslmode=require", "sslmode=verify-full sslrootcert=/no/such/file", "sslmode=require sslnegotiation=direct"}) {
    SCOPED_TRACE(more);
    connection conn = connect(dsn(way::unix_socket, "auth_scram", more));
    EXPECT_EQ(conn.info().tls_version, "");
    EXPECT_EQ(conn.info().authentication, "scram-sha-256");
  }
}

TEST(keywords, requirepeer_is_the_servers_user) {
  struct stat status {};
  ASSERT_EQ(::stat((exported("TUSK_SOCKET_DIR") + "/.s.PGSQL." + exported("TUSK_PORT")).c_str(), &status), 0);
  passwd const* const owner = ::getpwuid(status.st_uid);
  ASSERT_NE(owner, nullptr);
  std::string const right = owner->pw_name;
  connection conn = connect(dsn(way::unix_socket, "auth_scram", "requirepeer=" + right));
  EXPECT_EQ(value<int>(conn, "SELECT 1"), 1);
  auto const wrong =
      thrown<operational_error>([&] { connect(dsn(way::unix_socket, "auth_trust", "requirepeer=not_" + right)); });
  EXPECT_CONTAINS("the server runs as user \"" + right + "\", but requirepeer asks for \"not_" + right + "\"",
                  wrong.what());
  EXPECT_NO_THROW(connect(dsn(way::tcp, "auth_trust", "requirepeer=not_" + right))) << "it is for Unix sockets alone";
}

TEST(keywords, a_host_with_an_at_is_an_abstract_socket) {
  std::string const folder = "tusk-test-" + std::to_string(::getpid());
  std::string const path = '\0' + folder + "/.s.PGSQL.5432";
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, path.size());
  int const listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr const*>(&name), size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  std::atomic<bool> stopped = false;
  std::string startup;
  std::thread server([&] {
    peer client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), stopped);
    startup = client.receive_startup();
    client.send(welcome());
    client.stay_silent();
  });
  {
    passwd const* const us = ::getpwuid(::geteuid());
    ASSERT_NE(us, nullptr);
    connection const conn = connect(
        "host=@" + folder + " port=5432 user=u dbname=d sslmode=require requirepeer=" + std::string(us->pw_name));
    EXPECT_EQ(conn.info().address, "@" + folder + "/.s.PGSQL.5432");
    EXPECT_EQ(conn.info().tls_version, "");
  }
  server.join();
  ::close(listener);
  EXPECT_CONTAINS(std::string("user\0u\0database\0d\0", 18), startup);
}

// ---- what the kernel is told ----

int option_of(connection const& conn, int level, int option) {
  int number = -1;
  socklen_t size = sizeof number;
  EXPECT_EQ(::getsockopt(conn.fileno(), level, option, &number, &size), 0);
  return number;
}

TEST(keywords, of_tcp_reach_the_kernel) {
  for (way const by : {way::tcp, way::tls_verify_full}) {
    for (bool const async : {false, true}) {
      connect_options const options{.async = async};
      auto const opened = [&](std::string_view more) {
        connection conn = connect(dsn(by, "auth_trust", more), options);
        if (async) finish(conn);
        return conn;
      };
      connection const by_default = opened("");
      EXPECT_EQ(option_of(by_default, SOL_SOCKET, SO_KEEPALIVE), 1);
      EXPECT_EQ(option_of(by_default, IPPROTO_TCP, TCP_NODELAY), 1);
      int const idle = option_of(by_default, IPPROTO_TCP, TCP_KEEPIDLE);
      EXPECT_NE(idle, 17);

      connection set = opened("keepalives_idle=17 keepalives_interval=3 keepalives_count=4 tcp_user_timeout=12345");
      for (int turn = 0; turn < 2; ++turn) {
        EXPECT_EQ(option_of(set, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option_of(set, IPPROTO_TCP, TCP_KEEPIDLE), 17);
        EXPECT_EQ(option_of(set, IPPROTO_TCP, TCP_KEEPINTVL), 3);
        EXPECT_EQ(option_of(set, IPPROTO_TCP, TCP_KEEPCNT), 4);
        EXPECT_EQ(option_of(set, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
        set.reconnect();
        if (async) finish(set);
      }

      connection const off = opened("keepalives=0 keepalives_idle=17");
      EXPECT_EQ(option_of(off, SOL_SOCKET, SO_KEEPALIVE), 0);
      EXPECT_EQ(option_of(off, IPPROTO_TCP, TCP_KEEPIDLE), idle);
    }
  }
}

// ---- what the server is told ----

std::string shown(connection& conn, std::string const& name) { return value<std::string>(conn, "SHOW " + name); }

TEST(keywords, of_a_session_reach_the_server) {
  connection named = connect(dsn(way::tcp, "auth_trust", "application_name=first fallback_application_name=second"));
  EXPECT_EQ(shown(named, "application_name"), "first");
  EXPECT_EQ(value<std::string>(named, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"),
            "first");
  connection fallen_back = connect(dsn(way::tcp, "auth_trust", "fallback_application_name='it\\'s \\\\ second'"));
  EXPECT_EQ(shown(fallen_back, "application_name"), "it's \\ second");

  connection with = connect(
      dsn(way::tcp, "auth_trust", "options='-c statement_timeout=1234 -c search_path=a,\\\\ b --work_mem=77kB'"));
  EXPECT_EQ(shown(with, "statement_timeout"), "1234ms");
  EXPECT_EQ(shown(with, "work_mem"), "77kB");
  EXPECT_EQ(shown(with, "search_path"), "a, b");
  with.reconnect();
  EXPECT_EQ(shown(with, "statement_timeout"), "1234ms");

  auto const wrong =
      thrown<operational_error>([] { connect(dsn(way::tcp, "auth_trust", "options='-c no_such_setting=1'")); });
  EXPECT_CONTAINS("no_such_setting", wrong.what());
}

TEST(keywords, variables_of_the_session_reach_the_server) {
  {
    variable const zone("PGTZ", "America/Caracas"), style("PGDATESTYLE", "ISO, DMY");
    connection conn = connect(dsn(way::tcp, "auth_trust"));
    EXPECT_EQ(shown(conn, "TimeZone"), "America/Caracas");
    EXPECT_EQ(shown(conn, "DateStyle"), "ISO, DMY");
    EXPECT_EQ(conn.parameter_status("TimeZone"), "America/Caracas");
  }
  connection conn = connect(dsn(way::tcp, "auth_trust"));
  EXPECT_EQ(shown(conn, "TimeZone"), "UTC");
  EXPECT_EQ(shown(conn, "DateStyle").substr(0, 3), "ISO");
  EXPECT_EQ(shown(conn, "client_encoding"), "UTF8");
}

TEST(keywords, replication_is_another_kind_of_session) {
  connection logical = connect(dsn(way::tcp, "tusk", "replication=database"));
  EXPECT_EQ(logical.exec("IDENTIFY_SYSTEM")[0][0].get<std::string>(3), "tusk");
  EXPECT_EQ(logical.exec("SELECT 1")[0][0].get<int>(0), 1);
  connection physical = connect(dsn(way::tcp, "tusk", "replication=true"));
  EXPECT_FALSE(physical.exec("IDENTIFY_SYSTEM")[0][0].get<std::optional<std::string>>(3));
  EXPECT_THROW(physical.exec("SELECT 1"), tusk::error);
  connection neither = connect(dsn(way::tcp, "tusk", "replication=off"));
  EXPECT_THROW(neither.exec("IDENTIFY_SYSTEM"), programming_error);
}

// ---- the protocol's version ----

class protocol_version : public testing::TestWithParam<way> {};

TEST_P(protocol_version, is_the_best_that_both_speak) {
  bool const knows = server_version() >= 18;
  for (std::string_view const wanted : {"max_protocol_version=3.2", "max_protocol_version=latest"}) {
    connection conn = connect(dsn(GetParam(), "auth_scram", wanted), {.async = true});
    finish(conn);
    EXPECT_EQ(conn.info().protocol_version, knows ? "3.2" : "3.0");
    conn.start_exec("SELECT pg_sleep(60)");  // cancelled with a key of 32 bytes, or of 4
    conn.poll();
    connection other = open();
    while (!value<bool>(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')",
                        conn.info().backend_pid))
      std::this_thread::sleep_for(1ms);
    conn.cancel();
    EXPECT_THROW(finish(conn), query_canceled);
    conn.start_exec("SELECT 1");
    finish(conn);
  }
  EXPECT_EQ(connect(dsn(GetParam(), "auth_scram")).info().protocol_version, "3.0");
}

TEST_P(protocol_version, below_the_minimum_is_refused) {
  auto const call = [] { return connect(dsn(GetParam(), "auth_scram", "min_protocol_version=3.2")); };
  if (server_version() >= 18) {
    EXPECT_EQ(call().info().protocol_version, "3.2");
  } else {
    auto const refused = thrown<operational_error>(call);
    EXPECT_TRUE(refused.is_fatal());
    EXPECT_CONTAINS("min_protocol_version", refused.what());
  }
}

INSTANTIATE_TEST_SUITE_P(each, protocol_version, testing::ValuesIn(three_ways),
                         [](auto const& of) { return name(of.param); });

// ---- the kind of server ----

struct target {
  char const* wanted;
  bool writer, reader;  // does a server that writes do, does one that only reads?
};
constexpr target targets[] = {{"any", true, true},     {"read-write", true, false}, {"read-only", false, true},
                              {"primary", true, true}, {"standby", false, false},   {"prefer-standby", true, true}};

TEST(target_session_attrs, is_what_the_server_says_of_itself) {
  connection admin = open();
  std::string const role = "reader_" + std::to_string(admin.info().backend_pid);
  admin.exec("CREATE ROLE " + role + " LOGIN PASSWORD 'tusk'; ALTER ROLE " + role +
             " SET default_transaction_read_only = on");
  for (target const& each : targets) {
    std::string const wanted = std::string("target_session_attrs=") + each.wanted;
    SCOPED_TRACE(wanted);
    struct kind {
      bool fits;
      std::string dsn;
    };
    for (kind const& of :
         {kind{each.writer, dsn(way::tcp, "auth_scram", wanted)}, kind{each.reader, dsn(way::tcp, role, wanted)},
          kind{each.reader, dsn(way::tcp, "auth_scram", wanted + " options='-c default_transaction_read_only=on'")}}) {
      for (bool const async : {false, true}) {
        auto const call = [&] {
          connection conn = connect(of.dsn, {.async = async});
          finish(conn);
          conn.start_exec("SELECT 1");
          finish(conn);
        };
        auto const call_blocking = [&] { connect(of.dsn).exec("SELECT 1"); };
        if (of.fits) {
          EXPECT_NO_THROW(async ? call() : call_blocking()) << of.dsn;
        } else {
          auto const refused = thrown<operational_error>([&] { async ? call() : call_blocking(); });
          EXPECT_TRUE(refused.is_fatal());
          EXPECT_EQ(refused.sqlstate().str(), "");
        }
      }
    }
  }
  admin.exec("DROP ROLE " + role);
}

}  // namespace
}  // namespace tusk::test
