// What goes wrong while connecting, as data: each kind, and the order of several. The text that is made of it, and the
// exception, are the connection's.

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <vector>

#include "support/opening.hpp"
#include "support/scram_peer.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using client::connect_fault;
using client::connect_stage;
using client::connecting;
using protocol::errc;
using script = void (*)(peer&);

std::error_code system_error(int number) { return {number, std::generic_category()}; }

void is_asked(peer& client, std::string_view answer) {
  client.receive_startup();
  client.send(welcome());
  client.receive_message();
  client.send(answer);
  client.stay_silent();
}

// clang-format off
void silent(peer& c) { c.stay_silent(); }
void closes(peer& c) { c.receive_startup(); }
void lets_in(peer& c) { c.receive_startup(); c.send(welcome()); c.stay_silent(); }
void speaks_http(peer& c) { c.receive_startup(); c.send("HTTP/1.1 400 Bad Request\r\n"); c.stay_silent(); }
void says(peer& c, std::string_view code, std::string_view what) { c.receive_startup(); c.send(message('E', fields("FATAL", code, what))); }
void wrong_password(peer& c) { c.receive_startup(); c.send(message('R', int32(3))); c.receive_message(); c.send(message('E', fields("FATAL", "28P01", "wrong"))); }
void no_entry(peer& c) { says(c, "28000", "no entry"); }
void no_database(peer& c) { says(c, "3D000", "no such database"); }
void starting_up(peer& c) { says(c, "57P03", "starting up"); }
void latin1(peer& c) {
  c.receive_startup();
  c.send(message('R', int32(0)) + message('S', text("client_encoding") + text("LATIN1")) + message('E', fields("FATAL", "53300", "zu sp\xc3\xa4t")));
}
void wants_gss(peer& c) { c.receive_startup(); c.send(message('R', int32(7))); c.stay_silent(); }
void wants_password(peer& c) { c.receive_startup(); c.send(message('R', int32(3))); c.stay_silent(); }
void out_of_turn(peer& c) { c.receive_startup(); c.send(message('R', int32(0)) + message('D', int16(0))); c.stay_silent(); }
void breaks_off(peer& c) { c.receive_startup(); c.send(message('R', int32(0))); }
void no_tls(peer& c) { c.receive_startup(); c.send("N"); c.stay_silent(); }
void error_for_tls(peer& c) { c.receive_startup(); c.send("E"); c.stay_silent(); }
void riddle_for_tls(peer& c) { c.receive_startup(); c.send("x"); c.stay_silent(); }
void too_much_for_tls(peer& c) { c.receive_startup(); c.send("SS"); c.stay_silent(); }
void closes_when_asked_for_tls(peer& c) { c.receive_startup(); }
void breaks_off_tls(peer& c) { c.receive_startup(); c.send("S"); c.receive(5); c.send({"\x15\x03\x03\0\x02\x02\x28", 7}); c.stay_silent(); }
void offers_tls(peer& c) { c.receive_startup(); c.send("S"); c.stay_silent(); }
void primary(peer& c) {
  c.receive_startup();
  c.send(message('R', int32(0)) + message('S', text("in_hot_standby") + text("off")) + message('S', text("default_transaction_read_only") + text("off")) + message('K', int32(1) + int32(2)) + ready());
  c.stay_silent();
}
void answers_nonsense(peer& c) { is_asked(c, message('C', text("SELECT 0")) + ready()); }
void answers_error(peer& c) { is_asked(c, message('E', fields("ERROR", "42883", "no such function")) + ready()); }
// clang-format on

struct expected {
  connect_fault fault;
  connect_stage stage;
  std::error_code code = {};
  bool is_final = false;
  std::string_view sqlstate = {}, says = {};
};
struct row {
  char const* name;
  char const* more;  // of the connection string
  script server;
  expected one;
};
void PrintTo(row const& each, std::ostream* out) { *out << each.name; }

std::vector<row> rows() {
  using enum connect_fault;
  using enum connect_stage;
  auto const denied = std::make_error_code(std::errc::permission_denied);
  return {
      {"name", "host=no-such-host.invalid", silent, {name, resolving, {}, false, {}, "the name cannot be resolved: "}},
      {"closed_port", "port=1", silent, {no_connection, dialing, system_error(ECONNREFUSED), false, {}, "listen_addr"}},
      {"no_socket", "host=/no/such/folder", silent, {no_connection, dialing, system_error(ENOENT)}},
      {"no_tls", "sslmode=require", no_tls, {tls, dialing, {}, false, {}, "it does not offer TLS, which sslmode"}},
      {"error_for_tls", "sslmode=require", error_for_tls, {tls, dialing}},
      {"two_bytes_for_tls", "sslmode=require", too_much_for_tls, {tls, dialing, {}, false, {}, "tampering"}},
      {"riddle_for_tls", "sslmode=require", riddle_for_tls, {not_postgresql, dialing}},
      {"closed_for_tls", "sslmode=require", closes_when_asked_for_tls, {lost, dialing}},
      {"broken_handshake", "sslmode=require", breaks_off_tls, {tls, dialing, {}, false, {}, "handshake failure"}},
      {"no_root_certificate",
       "sslmode=verify-ca sslrootcert=/no/such/file",
       offers_tls,
       {local_file, dialing, {}, true, {}, "/no/such/file cannot be read"}},
      {"not_postgresql",
       "",
       speaks_http,
       {not_postgresql, starting, errc::unknown_message, false, {}, "makes no sense"}},
      {"closed_at_once", "", closes, {lost, starting, {}, false, {}, "is it a PostgreSQL server?"}},
      {"closed_later", "", breaks_off, {lost, starting, {}, false, {}, "closed the connection during the startup"}},
      {"wrong_password", "", wrong_password, {refused, starting, {}, true, "28P01", "(the password came from "}},
      {"no_entry", "", no_entry, {refused, starting, {}, true, "28000", "was refused; check user and dbname"}},
      {"no_database", "", no_database, {refused, starting, {}, true, "3D000", "; check dbname: FATAL:"}},
      {"starting_up", "", starting_up, {refused, starting, {}, false, "57P03", " failed: FATAL:  starting up (57P03)"}},
      {"in_another_encoding", "", latin1, {refused, starting, {}, true, "53300", "zu sp\xef\xbf\xbdt ("}},
      {"gss", "", wants_gss, {authentication, starting, errc::gss_unsupported, true}},
      {"no_password",
       "password='' passfile=/dev/null",
       wants_password,
       {authentication, starting, errc::password_needed, true}},
      {"out_of_turn",
       "",
       out_of_turn,
       {violation, starting, errc::unexpected_message, true, {}, "(message 'D' in state"}},
      {"role", "target_session_attrs=standby", primary, {role, starting, {}, false, {}, "it is no standby"}},
      {"role_without_an_answer",
       "target_session_attrs=standby",
       answers_nonsense,
       {role, asking, {}, false, {}, "makes no sense"}},
      {"role_with_an_error",
       "target_session_attrs=primary",
       answers_error,
       {role, asking, {}, false, {}, "makes no se"}},
      {"certificate_not_asked_for", "sslcertmode=require", lets_in, {tls, starting, denied, true, {}, "sslcertmode"}},
  };
}

class connect_failure : public testing::TestWithParam<row> {};

TEST_P(connect_failure, is_data_before_it_is_an_exception) {
  row const& of = GetParam();
  scripted_server const server(of.server);
  std::string const dsn = server.dsn(of.more);
  opening one(dsn);
  ASSERT_EQ(one.run(), connecting::state::failed);
  ASSERT_EQ(one.way.failures().size(), 1U) << one.text();
  auto const& told = one.way.failures().front();
  EXPECT_EQ(told.fault, of.one.fault) << one.text();
  EXPECT_EQ(told.stage, of.one.stage);
  if (of.one.code) {
    EXPECT_EQ(told.code, of.one.code) << told.code.message();
  } else {
    EXPECT_FALSE(told.code) << told.code.message();
  }
  EXPECT_EQ(told.is_final, of.one.is_final);
  EXPECT_EQ(told.words ? told.words->sqlstate : "", of.one.sqlstate);
  EXPECT_EQ(told.with_tls, std::string_view(of.more).find("sslmode=") != std::string_view::npos);
  EXPECT_FALSE(told.is_second || told.is_second_pass);
  EXPECT_CONTAINS(of.one.says, one.text());

  auto const error = thrown<operational_error>([&] { connect(dsn); });
  EXPECT_EQ(error.what(), one.text());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_EQ(error.sqlstate().str(), of.one.sqlstate);
  if (told.words)
    EXPECT_FALSE(error.code());
  else if (told.is_final)
    EXPECT_EQ(error.code(), of.one.code);
  else
    EXPECT_EQ(error.code(), std::errc::not_connected);
}

INSTANTIATE_TEST_SUITE_P(each, connect_failure, testing::ValuesIn(rows()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(connect_failure_test, of_a_name_that_is_not_resolved_in_time) {
  client::settings to = settings_of("host=one.invalid,two.invalid user=u dbname=d");
  to.connect_timeout = std::chrono::seconds(0);
  opening one(std::move(to));
  EXPECT_EQ(one.run(), connecting::state::failed);
  EXPECT_EQ(one.steps, 1);
  ASSERT_EQ(one.way.failures().size(), 2U);
  EXPECT_EQ(one.way.failures()[0].fault, connect_fault::timed_out);
  EXPECT_EQ(one.way.failures()[0].stage, connect_stage::resolving);
  EXPECT_EQ(one.text(),
            "no connection could be made: connection to server at \"one.invalid\", port 5432 failed: its name was not "
            "resolved within connect_timeout, 0 s\nconnection to server at \"two.invalid\", port 5432 failed: its name "
            "was not resolved within connect_timeout, 0 s");
}

/// All at once, so that it takes the time of one.
TEST(connect_failure_test, of_each_stage_that_time_runs_out_in) {
  scripted_server const says_nothing(silent), lets_everybody_in(lets_in);
  opening starting(says_nothing.dsn("connect_timeout=1"));
  opening dialing(says_nothing.dsn("connect_timeout=1 sslmode=require"));
  opening asking(lets_everybody_in.dsn("connect_timeout=1 target_session_attrs=primary"));
  for (opening* const each : {&starting, &dialing, &asking}) {
    while (each->way.session().state() != protocol::state::querying && each->way.step() == connecting::state::waiting) {
      auto const& wanted = each->way.wish();
      auto const soon = client::clock::now() + std::chrono::milliseconds(50);
      if (!client::wait_for(wanted.descriptor, wanted.read, wanted.write, soon)) break;  // silent it stays
    }
  }
  for (opening* const each : {&starting, &dialing, &asking}) {
    EXPECT_EQ(each->run(), connecting::state::failed);
    ASSERT_EQ(each->way.failures().size(), 1U);
    EXPECT_EQ(each->way.failures()[0].fault, connect_fault::timed_out);
    EXPECT_FALSE(each->way.failures()[0].is_final);
  }
  EXPECT_EQ(starting.way.failures()[0].stage, connect_stage::starting);
  EXPECT_EQ(dialing.way.failures()[0].stage, connect_stage::dialing);
  EXPECT_EQ(asking.way.failures()[0].stage, connect_stage::asking);
  std::string const to = "connection to server at \"127.0.0.1\", port ";
  std::string const late =
      " failed: the server took the connection, but the session did not begin within connect_timeout";
  EXPECT_EQ(starting.text(), to + says_nothing.port() + late);
  EXPECT_EQ(asking.text(), to + lets_everybody_in.port() + late);
  EXPECT_EQ(dialing.text(), to + says_nothing.port() + " failed: no answer came within connect_timeout, 1 s");
}

TEST(connect_failure_test, of_a_password_that_is_missing_says_why_the_file_did_not_help) {
  scripted_server const server(wants_password);
  client::settings to = settings_of(server.dsn());
  to.hosts[0].password.clear();
  to.passfile_problem = "passfile=x is not looked at";
  opening one(std::move(to));
  EXPECT_EQ(one.run(), connecting::state::failed);
  ASSERT_EQ(one.way.failures().size(), 1U);
  EXPECT_EQ(one.way.failures()[0].code, errc::password_needed);
  EXPECT_CONTAINS(" (passfile=x is not looked at)", one.text());
}

TEST(connect_failure_test, of_a_socket_of_somebody_else) {
  temporary_folder const folder;
  int const listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto const at = client::unix_endpoint(folder.path() + "/.s.PGSQL.5432");
  auto const* to = reinterpret_cast<sockaddr const*>(at.address.data());
  ASSERT_EQ(::bind(listener, to, static_cast<socklen_t>(at.address.size())), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  std::string const dsn = "user=u dbname=d requirepeer=nobody_at_all host=" + folder.path();
  opening one(dsn);
  EXPECT_EQ(one.run(), connecting::state::failed);
  ASSERT_EQ(one.way.failures().size(), 1U);
  EXPECT_EQ(one.way.failures()[0].fault, connect_fault::wrong_peer);
  EXPECT_TRUE(one.way.failures()[0].is_local);
  EXPECT_EQ(one.way.failures()[0].host, at.text);
  EXPECT_EQ(thrown<operational_error>([&] { connect(dsn); }).what(), one.text());
  ::close(listener);
}

TEST(connect_failure_test, of_parameters_that_cannot_be_sent) {
  scripted_server const server(lets_in);
  client::settings to = settings_of(server.dsn());
  to.user = std::string("a\0b", 3);
  opening one(std::move(to));
  EXPECT_EQ(one.run(), connecting::state::failed);
  ASSERT_EQ(one.way.failures().size(), 1U);
  EXPECT_EQ(one.way.failures()[0].fault, connect_fault::parameters);
  EXPECT_EQ(one.way.failures()[0].code, errc::embedded_nul);
  auto const error =
      thrown<programming_error>([&] { std::rethrow_exception(client::make_connect_error(one.way.failures())); });
  EXPECT_CONTAINS("the connection's parameters cannot be sent: ", error.what());
  EXPECT_TRUE(error.is_fatal());
}

// ---- several ----

std::string at(std::initializer_list<scripted_server const*> servers) {
  std::string hosts, ports;
  for (auto const* each : servers) {
    hosts += (hosts.empty() ? "" : ",") + std::string("127.0.0.1");
    ports += (ports.empty() ? "" : ",") + each->port();
  }
  return "host=" + hosts + " port=" + ports + " user=u dbname=d password=p sslmode=disable ";
}

std::vector<std::string> list(std::vector<client::connect_failure> const& of) {
  std::vector<std::string> result;
  for (auto const& each : of)
    result.push_back(each.host + ':' + std::to_string(each.port) + ' ' + std::to_string(static_cast<int>(each.fault)) +
                     (each.with_tls ? " TLS" : "") + (each.is_second ? " second" : "") +
                     (each.is_second_pass ? " again" : "") + (each.is_final ? " final" : ""));
  return result;
}
std::string entry(scripted_server const& server, connect_fault fault, std::string const& more = "") {
  return "127.0.0.1:" + server.port() + ' ' + std::to_string(static_cast<int>(fault)) + more;
}

/// The machine's failures, when the connection's text and exception are theirs: it begins so, and has that
/// SQLSTATE.
std::vector<std::string> failures_of(std::string const& dsn, std::string_view begins, std::string_view sqlstate = "") {
  opening one(dsn);
  EXPECT_EQ(one.run(), connecting::state::failed);
  auto const theirs = thrown<operational_error>([&] { connect(dsn); });
  auto const ours =
      thrown<operational_error>([&] { std::rethrow_exception(client::make_connect_error(one.way.failures())); });
  EXPECT_STREQ(theirs.what(), ours.what());
  EXPECT_EQ(theirs.sqlstate().str(), ours.sqlstate().str());
  EXPECT_EQ(theirs.code(), ours.code());
  EXPECT_TRUE(ours.is_fatal());
  EXPECT_TRUE(std::string_view(ours.what()).starts_with(begins)) << ours.what();
  EXPECT_EQ(ours.sqlstate().str(), sqlstate);
  return list(one.way.failures());
}

using entries = std::vector<std::string>;
std::string const one = "connection to server at \"127.0.0.1\", port ", none = "no connection could be made: " + one;

TEST(connect_failures, stand_in_the_order_of_the_tries) {
  scripted_server const first(closes), second(starting_up), third(speaks_http);
  EXPECT_EQ(failures_of(at({&first, &second, &third}), none + first.port() + " failed: the server closed"),
            (entries{entry(first, connect_fault::lost), entry(second, connect_fault::refused),
                     entry(third, connect_fault::not_postgresql)}));
  EXPECT_EQ(failures_of(at({&first, &third, &second}), none + first.port() + " failed: the server closed", "57P03"),
            (entries{entry(first, connect_fault::lost), entry(third, connect_fault::not_postgresql),
                     entry(second, connect_fault::refused)}));
}

TEST(connect_failures, end_with_the_one_that_no_other_host_changes) {
  scripted_server const first(closes), second(no_database), third(lets_in);
  EXPECT_EQ(failures_of(at({&first, &second, &third}), one + first.port() + " failed: the server closed", "3D000"),
            (entries{entry(first, connect_fault::lost), entry(second, connect_fault::refused, " final")}));
  EXPECT_EQ(third.clients(), 0);
}

TEST(connect_failures, tell_each_encryption) {
  scripted_server const refuses([](peer& client) {
    if (client.receive_startup().size() == 8) {
      client.send("N");
      return client.stay_silent();
    }
    client.send(message('E', fields("FATAL", "28000", "no encryption")));
  });
  EXPECT_EQ(failures_of(at({&refuses}) + "sslmode=allow",
                        none + refuses.port() + " failed: FATAL:  no encryption (28000)\n", "28000"),
            (entries{entry(refuses, connect_fault::refused), entry(refuses, connect_fault::tls, " TLS second")}));
  scripted_server const breaks([](peer& client) {
    if (client.receive_startup().size() != 8) return;
    client.send("S");
    client.receive(5);
    client.send({"\x15\x03\x03\0\x02\x02\x28", 7});  // a handshake_failure
    client.stay_silent();
  });
  EXPECT_EQ(failures_of(at({&breaks}) + "sslmode=prefer", none + breaks.port() + " failed: TLS: "),
            (entries{entry(breaks, connect_fault::tls, " TLS"), entry(breaks, connect_fault::lost)}));
  scripted_server const starts([](peer& client) {
    std::string const asked = client.receive_startup();
    if (asked.size() == 8) return void(client.send("N"));
    client.send(message('E', fields("FATAL", "28000", "not so")));
  });
  EXPECT_EQ(failures_of(at({&starts, &breaks}) + "sslmode=allow", none + starts.port(), "28000"),
            (entries{entry(starts, connect_fault::refused), entry(starts, connect_fault::tls, " TLS second")}));
}

TEST(connect_failures, of_the_pass_for_a_standby_are_kept_but_not_shown) {
  scripted_server const first(primary), second(closes);
  std::string const dsn = at({&second}) + "target_session_attrs=prefer-standby";
  EXPECT_EQ(failures_of(dsn, one + second.port() + " failed: the server closed"),
            (entries{entry(second, connect_fault::lost), entry(second, connect_fault::lost, " again")}));
  opening other(at({&first, &second}) + "target_session_attrs=prefer-standby");
  EXPECT_EQ(other.run(), connecting::state::connected);
  EXPECT_EQ(list(other.way.failures()),
            (entries{entry(first, connect_fault::role), entry(second, connect_fault::lost)}));
  EXPECT_EQ(other.way.route().host->port, other.to.hosts[0].port);
}

}  // namespace
}  // namespace tusk::test
