// Which server a connection string with several hosts leads to, how many connections that takes, and what the error
// says when it leads to none. The servers are scripted: two of them, first and second.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using script = void (*)(peer&);

/// A server that lets everybody in, and says of itself what a server of version 14 or newer does.
void welcome_as(peer& client, std::string_view hot_standby, std::string_view read_only, std::string_view version) {
  client.receive_startup();
  std::string told = message('R', int32(0)) + message('S', text("server_version") + text(version)) +
                     message('S', text("client_encoding") + text("UTF8"));
  if (!hot_standby.empty()) {
    told += message('S', text("in_hot_standby") + text(hot_standby)) +
            message('S', text("default_transaction_read_only") + text(read_only));
  }
  client.send(told + message('K', int32(1) + int32(2)) + ready());
}

/// What a query of one column and one row gets.
std::string one_value(std::string_view value) {
  std::string const column = text("answer") + int32(0) + int16(0) + int32(25) + int16(0xffff) + int32(0xffffffff);
  return message('T', int16(1) + column + int16(0)) +
         message('D', int16(1) + int32(static_cast<std::uint32_t>(value.size())) + std::string(value)) +
         message('C', text("SELECT 1")) + ready();
}

/// One that is asked what it is, since it is too old to report it.
void old_server(peer& client, std::string_view recovering, std::string_view read_only) {
  welcome_as(client, "", "", "12.0");
  std::string const asked = client.receive_message();
  std::string_view const answer = asked.find("pg_is_in_recovery") != asked.npos       ? recovering
                                  : asked.find("transaction_read_only") != asked.npos ? read_only
                                                                                      : "";
  if (!answer.empty()) client.send(one_value(answer));
  client.stay_silent();
}

// clang-format off
void primary(peer& c) { welcome_as(c, "off", "off", "15.0"); c.stay_silent(); }
void standby(peer& c) { welcome_as(c, "on", "off", "15.0"); c.stay_silent(); }
void read_only(peer& c) { welcome_as(c, "off", "on", "15.0"); c.stay_silent(); }
void old_primary(peer& c) { old_server(c, "f", "off"); }
void old_standby(peer& c) { old_server(c, "t", "on"); }
void old_read_only(peer& c) { old_server(c, "f", "on"); }
void old_riddle(peer& c) { old_server(c, "maybe", "maybe"); }
void closes(peer& c) { c.receive_startup(); }
void silent(peer& c) { c.stay_silent(); }
void starting_up(peer& c) { c.receive_startup(); c.send(message('E', fields("FATAL", "57P03", "the database system is starting up"))); }
void wrong_password(peer& c) { c.receive_startup(); c.send(message('E', fields("FATAL", "28P01", "password authentication failed"))); }
void no_entry(peer& c) { c.receive_startup(); c.send(message('E', fields("FATAL", "28000", "no pg_hba.conf entry"))); }
void no_tls(peer& c) { c.receive_startup(); c.send("N"); c.stay_silent(); }
void offers_tls(peer& c) { c.receive_startup(); c.send("S"); c.stay_silent(); }
void tls_or_nothing(peer& c) {  // refuses what is not TLS, and has none
  if (c.receive_startup().size() == 8) { c.send("N"); c.stay_silent(); }
  c.send(message('E', fields("FATAL", "28000", "no encryption")));
}
void plain_or_nothing(peer& c) {  // says S, and breaks off the handshake; in plain it lets everybody in
  if (c.receive_startup().size() == 8) { c.send("S"); c.receive(10); return; }
  c.send(welcome());
  c.stay_silent();
}
void plain_after_N(peer& c) {
  if (c.receive_startup().size() == 8) { c.send("N"); c.receive_startup(); }
  c.send(welcome());
  c.stay_silent();
}
// clang-format on

struct row {
  char const* name;
  char const* more;  // of the connection string; "A" and "B" are the servers' ports
  script first, second;
  int reached;  // 1, 2; 0: none
  int calls_first, calls_second;
  std::vector<std::string_view> said = {};  // by the error, where none is reached
};
void PrintTo(row const& each, std::ostream* out) { *out << each.name; }

std::vector<std::string_view> says(auto... parts) { return {parts...}; }

std::vector<row> rows() {
  return {
      {"the_first_that_works", "", primary, primary, 1, 1, 0},
      {"after_one_that_closes", "", closes, primary, 2, 1, 1},
      {"after_one_that_starts_up", "", starting_up, primary, 2, 1, 1},
      {"after_a_silent_one", "connect_timeout=1", silent, primary, 2, 1, 1},
      {"not_after_a_wrong_password", "", wrong_password, primary, 0, 1, 0,
       says("password authentication failed (28P01)")},
      {"not_after_no_entry", "", no_entry, primary, 0, 1, 0, says("was refused; check user and dbname", "(28000)")},
      {"none", "", closes, starting_up, 0, 1, 1,
       says("no connection could be made: connection to server", "port A failed: the server closed",
            "\nconnection to server", "port B failed: FATAL:  the database system is starting up (57P03)")},
      {"a_closed_port_first", "port=1,B host=127.0.0.1,127.0.0.1", primary, primary, 2, 0, 1},
      {"an_unknown_name_first", "host=no-such-host.invalid,127.0.0.1 port=A,B hostaddr=''", primary, primary, 2, 0, 1},
      {"hostaddr_instead_of_the_name", "host=no-such-host.invalid,x hostaddr=127.0.0.1,127.0.0.1", primary, primary, 1,
       1, 0},
      {"a_socket_that_is_not_there", "host=/no/such/folder,127.0.0.1", primary, primary, 2, 0, 1},

      {"any", "target_session_attrs=any", standby, primary, 1, 1, 0},
      {"read_write", "target_session_attrs=read-write", standby, primary, 2, 1, 1},
      {"read_write_not_read_only", "target_session_attrs=read-write", read_only, primary, 2, 1, 1},
      {"read_only", "target_session_attrs=read-only", primary, read_only, 2, 1, 1},
      {"read_only_is_a_standby", "target_session_attrs=read-only", primary, standby, 2, 1, 1},
      {"primary", "target_session_attrs=primary", standby, read_only, 2, 1, 1},
      {"standby", "target_session_attrs=standby", read_only, standby, 2, 1, 1},
      {"prefer_standby", "target_session_attrs=prefer-standby", primary, standby, 2, 1, 1},
      {"prefer_standby_without_one", "target_session_attrs=prefer-standby", primary, primary, 1, 2, 1},
      {"prefer_standby_with_one_alive", "target_session_attrs=prefer-standby", closes, primary, 2, 2, 2},
      {"old_read_write", "target_session_attrs=read-write", old_standby, old_primary, 2, 1, 1},
      {"old_read_only", "target_session_attrs=read-only", old_primary, old_read_only, 2, 1, 1},
      {"old_primary", "target_session_attrs=primary", old_standby, old_read_only, 2, 1, 1},
      {"old_standby", "target_session_attrs=standby", old_read_only, old_standby, 2, 1, 1},
      {"old_prefer_standby", "target_session_attrs=prefer-standby", old_primary, old_standby, 2, 1, 1},
      {"old_that_answers_nonsense", "target_session_attrs=primary", old_riddle, old_primary, 2, 1, 1},
      {"no_standby", "target_session_attrs=standby", primary, read_only, 0, 1, 1,
       says("port A failed: it is no standby, but target_session_attrs=standby was asked for",
            "port B failed: it is no standby")},
      {"no_writer", "target_session_attrs=read-write", read_only, old_read_only, 0, 1, 1,
       says("port A failed: the session is read-only", "port B failed: the session is read-only")},

      {"tls_is_required_of_each", "sslmode=require", no_tls, no_tls, 0, 1, 1,
       says("port A failed: it does not offer TLS", "port B failed: it does not offer TLS")},
      {"prefer_goes_on_over_the_same_socket", "sslmode=prefer", plain_after_N, primary, 1, 1, 0},
      {"prefer_tries_again_without_tls", "sslmode=prefer", plain_or_nothing, primary, 1, 2, 0},
      {"allow_begins_without_tls", "sslmode=allow", primary, primary, 1, 1, 0},
      {"allow_tries_tls_when_refused", "sslmode=allow", tls_or_nothing, primary, 0, 2, 0,
       says("no encryption (28000)", "it does not offer TLS, and refused us without")},
      {"allow_tries_tls_after_a_wrong_password", "sslmode=allow", wrong_password, primary, 0, 2, 0, says("(28P01)")},
      {"require_never_tries_without", "sslmode=require", plain_or_nothing, closes, 0, 1, 1},
      {"disable_never_asks", "sslmode=disable", plain_or_nothing, primary, 1, 1, 0},
  };
}

/// The row's text with the ports in place of A and B.
std::string with_ports(std::string_view text, scripted_server const& first, scripted_server const& second) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const before = i == 0 || text[i - 1] == '=' || text[i - 1] == ',' || text[i - 1] == ' ';
    bool const after = i + 1 == text.size() || text[i + 1] == ',' || text[i + 1] == ' ';
    if (before && after && (text[i] == 'A' || text[i] == 'B'))
      out += (text[i] == 'A' ? first : second).port();
    else
      out += text[i];
  }
  return out;
}

std::string both(scripted_server const& first, scripted_server const& second, std::string const& more = "") {
  return "host=127.0.0.1,127.0.0.1 user=u dbname=d sslmode=disable port=" + first.port() + ',' + second.port() + ' ' +
         more;
}

class several_hosts : public testing::TestWithParam<row> {};

TEST_P(several_hosts, lead_to_one_server) {
  row const& of = GetParam();
  for (bool const async : {false, true}) {
    scripted_server first(of.first), second(of.second);
    std::string const dsn = both(first, second, "password=open_sesame " + with_ports(of.more, first, second));
    SCOPED_TRACE(dsn);
    if (of.reached != 0) {
      connection conn = connect(dsn, {.async = async});
      finish(conn);
      EXPECT_EQ(std::to_string(conn.info().port), (of.reached == 1 ? first : second).port());
      EXPECT_EQ(conn.info().address, "127.0.0.1");
      EXPECT_FALSE(conn.timeout());
    } else {
      auto const error = thrown<operational_error>([&] {
        connection conn = connect(dsn, {.async = async});
        finish(conn);
      });
      EXPECT_TRUE(error.is_fatal());
      EXPECT_LACKS("open_sesame", error.what());
      for (std::string_view const part : of.said) EXPECT_CONTAINS(with_ports(part, first, second), error.what());
    }
    EXPECT_EQ(first.clients(), of.calls_first);
    EXPECT_EQ(second.clients(), of.calls_second);
  }
}

INSTANTIATE_TEST_SUITE_P(each, several_hosts, testing::ValuesIn(rows()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(load_balancing, spreads_connections_over_the_hosts) {
  scripted_server first(primary), second(primary);
  for (int i = 0; i < 40; ++i) connect(both(first, second, "load_balance_hosts=random"));
  EXPECT_EQ(first.clients() + second.clients(), 40);
  EXPECT_GT(first.clients(), 0);  // none of 40 is less likely than a broken machine
  EXPECT_GT(second.clients(), 0);
  for (int i = 0; i < 10; ++i) connect(both(first, second, "load_balance_hosts=disable"));
  EXPECT_GE(first.clients(), 11);
}

TEST(password_callback, is_called_once_for_each_connection_with_the_host_it_is_for) {
  scripted_server first(closes);
  scripted_server second([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(3)));
    if (client.receive_message() == message('p', text("token for " + std::to_string(2)))) client.send(welcome());
    client.stay_silent();
  });
  std::vector<std::string> asked;
  connect_options options;
  options.password = [&](password_request const& of) {
    asked.push_back(of.host + ':' + std::to_string(of.port) + ' ' + of.user + ' ' + of.dbname);
    return "token for " + std::to_string(asked.size());
  };
  connection conn = connect(both(first, second, "password=hidden"), options);
  EXPECT_EQ(asked,
            (std::vector<std::string>{"127.0.0.1:" + first.port() + " u d", "127.0.0.1:" + second.port() + " u d"}));
}

TEST(password_callback, may_throw) {
  scripted_server server(primary);
  connect_options options;
  options.password = [](password_request const&) -> std::string { throw std::runtime_error("no token"); };
  EXPECT_STREQ(thrown<std::runtime_error>([&] { connect(server.dsn(), options); }).what(), "no token");
}

// The event of one look-up was closed before that of the next was open, and an event loop never heard of the second.
TEST(mended, the_descriptor_changes_with_every_host) {
  connection conn = connect("host=one.invalid,two.invalid,three.invalid user=u dbname=d", {.async = true});
  std::vector<int> seen;
  try {
    for (poll_status wanted = conn.poll(); wanted != poll_status::ok; wanted = conn.poll()) {
      seen.push_back(conn.fileno());
      wait_once(conn, wanted);
    }
    FAIL() << "there is no such host";
  } catch (operational_error const& e) {
    EXPECT_CONTAINS("three.invalid", e.what());
  }
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_NE(seen[i], seen[i - 1]);
}

// close() is noexcept, and let the sink's exception end the program.
TEST(mended, a_trace_that_throws_at_the_goodbye_does_not_end_the_program) {
  scripted_server server(primary);
  connection conn = connect(server.dsn());
  conn.trace([](std::string_view) { throw std::runtime_error("full"); });
  conn.close();
  EXPECT_TRUE(conn.closed());
}

TEST(mended, a_trace_does_not_begin_in_mid_connecting) {
  scripted_server server(silent);
  connection conn = connect(server.dsn(), {.async = true});
  while (conn.poll() == poll_status::write) wait_once(conn, poll_status::write);
  EXPECT_CONTAINS("connect_options::trace",
                  thrown<programming_error>([&] { conn.trace([](std::string_view) {}); }).what());
  EXPECT_NO_THROW(conn.trace({}));
}

// What a server said of its encoding before it refused is of no account for the next one.
TEST(several_hosts_test, the_next_one_is_read_in_its_own_encoding) {
  scripted_server first([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('S', text("client_encoding") + text("LATIN1")) +
                message('E', fields("FATAL", "57P03", "starting up")));
  });
  scripted_server second([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('N', fields("NOTICE", "00000", "gr\xc3\xbc\xc3\x9f dich")) +
                message('K', int32(1) + int32(2)) + ready());
    client.stay_silent();
  });
  connection conn = connect(both(first, second, "password=p"));
  auto const notices = conn.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message, "gr\xc3\xbc\xc3\x9f dich");
}

TEST(several_hosts_test, what_stands_behind_the_welcome_is_heard_at_once) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome() + message('A', int32(7) + text("channel") + text("payload")));
    client.stay_silent();
  });
  connection conn = connect(server.dsn());
  auto const heard = conn.notifies.pop();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->payload, "payload");
}

TEST(password_callback, that_closes_the_connection_has_nothing_sent) {
  std::string told;
  scripted_server server([&](peer& client) { told = client.receive_startup(); });
  connection* self = nullptr;
  connect_options options{.async = true};
  options.password = [&](password_request const&) {
    self->close();
    return "";
  };
  connection conn = connect(server.dsn(), options);
  self = &conn;
  EXPECT_STREQ(thrown<operational_error>([&] { finish(conn); }).what(),
               "the connection was closed while it was being made");
  while (server.clients() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  server.wait_for_scripts();
  EXPECT_EQ(told, "");
}

/// The child closes nothing of the parent's, which goes on.
TEST(password_callback, may_fork) {
  scripted_server server(primary);
  pid_t child = -1;
  connect_options options;
  options.password = [&](password_request const&) {
    child = ::fork();
    return "";
  };
  try {
    connect(server.dsn(), options);
  } catch (interface_error const&) {
    if (child == 0) ::_exit(42);
  }
  if (child == 0) ::_exit(1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(server.clients(), 1);
}

TEST(mended, ping_says_rejecting) {
  scripted_server server(starting_up);
  EXPECT_EQ(ping(server.dsn()), ping_status::rejecting);
  EXPECT_EQ(thrown<operational_error>([&] { connect(server.dsn()); }).sqlstate().str(), "57P03");
}

TEST(mended, ping_does_not_blame_the_server_for_a_missing_file) {
  scripted_server server(offers_tls);
  EXPECT_THROW(ping(server.dsn("sslmode=verify-ca sslrootcert=/no/such/file")), operational_error);
}

// It named neither the server that it was needed for, nor why those before had failed. Another host would not help.
TEST(mended, a_missing_file_is_told_with_the_server_and_those_before) {
  scripted_server first(closes), second(offers_tls), third(primary);
  std::string const dsn = "host=127.0.0.1,127.0.0.1,127.0.0.1 user=u dbname=d sslmode=verify-ca port=" + first.port() +
                          ',' + second.port() + ',' + third.port() + " sslrootcert=/no/such/file";
  auto const error = thrown<operational_error>([&] { connect(dsn); });
  EXPECT_CONTAINS("port " + first.port() + " failed: it closed the connection", error.what());
  EXPECT_CONTAINS("port " + second.port() + " failed: sslrootcert=/no/such/file cannot be read", error.what());
  EXPECT_EQ(third.clients(), 0);
}

TEST(mended, a_reconnect_changes_the_descriptor) {
  scripted_server server(primary);
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  int const before = conn.fileno();
  conn.reconnect();
  finish(conn);
  EXPECT_NE(conn.fileno(), before);
}

// What an old server answers was read as text before the next host's encoding was known.
TEST(mended, a_host_that_speaks_another_encoding_is_passed_over) {
  scripted_server latin([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('S', text("client_encoding") + text("LATIN1")) + ready());
    client.receive_message();
    client.send(
        one_value("\xf6"
                  "ff"));
    client.stay_silent();
  });
  scripted_server good(primary);
  connection conn = connect(both(latin, good, "target_session_attrs=read-write"));
  EXPECT_EQ(std::to_string(conn.info().port), good.port());
}

}  // namespace
}  // namespace tusk::test
