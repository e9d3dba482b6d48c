// How a session begins, StartupMessage and what comes up to the first ReadyForQuery, and how it says goodbye.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;
using namespace std::string_literals;

constexpr auto v3_0 = protocol_version(3, 0), v3_2 = protocol_version(3, 2);

TEST(Startup, SendsTheVersionAndTheParametersInOrder) {
  auto options = startup_options_of_me();
  options.parameters = {{"user", "me"}, {"database", "db"}, {"options", "-c a=b"}};
  conversation()
      .start(options)
      .expect_send(bytes("0000002c 00030000 'user'00'me'00 'database'00'db'00 'options'00'-c a=b'00 00"))
      .check();
  options.version = v3_2;
  options.parameters.resize(1);
  conversation().start(options).expect_send(bytes("00000011 00030002 'user'00'me'00 00")).check();
}

TEST(Startup, TrustSettingsAndTheCancelKey) {
  auto script = starting();
  script.receive(auth_ok())
      .expect_state(state::authenticated)
      .receive(setting("server_version", "18.0"), notice("hello"), setting("TimeZone", "UTC"), cancel_key("key!", 4711),
               notification("jobs", "1"), setting("TimeZone", "CET"), ready())
      .expect_events("ParameterStatus server_version=18.0", "NoticeResponse hello", "ParameterStatus TimeZone=UTC",
                     "NotificationResponse 9 jobs 1", "ParameterStatus TimeZone=CET", "ReadyForQuery I")
      .expect_state(state::idle)
      .expect([](driven_session& on) {
        EXPECT_EQ(on->process_id(), 4711);
        EXPECT_EQ(on->secret_key(), "key!");
        EXPECT_EQ(on->parameter("server_version"), "18.0");
        EXPECT_EQ(on->parameter("TimeZone"), "CET");
        EXPECT_EQ(on->parameter("timezone"), "");
        EXPECT_EQ(on->version(), v3_0);
        EXPECT_EQ(on->authentication(), authentication_method::none);
        EXPECT_EQ(on->transaction(), protocol::transaction_indicator::idle);
      });
  script.check();
  fail_every_step(script);
}

TEST(Startup, WithoutACancelKey) {
  auto script = starting();
  script.receive(auth_ok(), ready()).expect_events("ReadyForQuery I").expect([](driven_session& on) {
    EXPECT_EQ(on->secret_key(), "");
    EXPECT_EQ(on->process_id(), 0);
  });
  script.check();
}

TEST(Startup, TheFirstReadyForQueryMayTellOfATransaction) {
  auto script = starting();
  script.receive(auth_ok(), ready(protocol::transaction_indicator::in_transaction))
      .expect_events("ReadyForQuery T")
      .expect(
          [](driven_session& on) { EXPECT_EQ(on->transaction(), protocol::transaction_indicator::in_transaction); });
  script.check();
}

TEST(Startup, IsRefusedBeforeAuthentication) {
  auto script = starting();
  script.receive(fatal("28000", "no entry in pg_hba.conf"))
      .expect_events("ErrorResponse FATAL 28000 no entry in pg_hba.conf")
      .expect_state(state::ended);
  script.check();
  fail_every_step(script);
}

TEST(Startup, IsRefusedAfterAuthentication) {
  auto script = starting();
  script.receive(auth_ok(), setting("a", "b"), fatal("3D000", "no such database"))
      .expect_events("ParameterStatus a=b", "ErrorResponse FATAL 3D000 no such database")
      .expect_state(state::ended);
  script.check();
  fail_every_step(script);
}

TEST(Startup, AnErrorThatIsNotFatalEndsItToo) {
  auto script = starting();
  script.receive(error("53300", "too many")).expect_events("ErrorResponse ERROR 53300 too many");
  script.expect_state(state::ended).check();
  auto later = starting();
  later.receive(auth_ok(), error("53300", "too many")).expect_events("ErrorResponse ERROR 53300 too many");
  later.expect_state(state::ended).check();
}

// ---- what cannot be sent --------------------------------------------------------------------------------------------

TEST(StartupRefusals, NulInAnyString) {
  for (auto const& parameter : {std::pair("user"s, "m\0e"s), {"us\0er"s, "me"s}, {"user"s, "\0"s}}) {
    auto options = startup_options_of_me();
    options.parameters = {{"database", "db"}, parameter};
    session on;
    EXPECT_EQ(on.start(options), errc::embedded_nul);
    EXPECT_EQ(on.output(), "");
    EXPECT_EQ(on.state(), state::unstarted);
  }
}

TEST(StartupRefusals, AnEmptyNameWouldEndTheList) {
  auto options = startup_options_of_me();
  options.parameters.emplace_back("", "database");
  session on;
  EXPECT_TRUE(on.start(options));
  EXPECT_EQ(on.output(), "");
}

TEST(StartupRefusals, MoreThanTenThousandBytes) {
  std::size_t const rest = startup_packet(v3_0, {{"user", "me"}, {"options", ""}}).size();
  auto options = startup_options_of_me();
  options.parameters = {{"user", "me"}, {"options", std::string(max_startup_packet - rest, 'x')}};
  session on;
  EXPECT_EQ(on.start(options), std::error_code());
  EXPECT_EQ(on.output().size(), max_startup_packet);

  options.parameters[1].second += 'x';
  session other;
  EXPECT_EQ(other.start(options), errc::message_too_large);
  EXPECT_EQ(other.output(), "");
}

TEST(StartupRefusals, Twice) {
  session on;
  EXPECT_EQ(on.start(startup_options_of_me()), std::error_code());
  auto const sent = on.output().size();
  EXPECT_EQ(on.start(startup_options_of_me()), errc::not_ready);
  EXPECT_EQ(on.output().size(), sent);
}

TEST(StartupRefusals, RequestsBeforeTheFirstReadyForQuery) {
  auto const refused = [](driven_session& on) {
    EXPECT_EQ(on->query("select 1"), errc::not_ready);
    EXPECT_EQ(on->parse({}), errc::not_ready);
    EXPECT_EQ(on->bind({}), errc::not_ready);
    EXPECT_EQ(on->describe({}), errc::not_ready);
    EXPECT_EQ(on->execute({}, 1), errc::not_ready);
    EXPECT_EQ(on->close({}), errc::not_ready);
    EXPECT_EQ(on->sync(), errc::not_ready);
    EXPECT_EQ(on->run("", {}, 1), errc::not_ready);
    EXPECT_EQ(on->output(), "");
  };
  auto script = conversation();
  script.expect(refused).start(startup_options_of_me()).expect([](driven_session& on) { on.take_output(); });
  script.expect(refused).receive(auth_ok()).expect(refused).check();
}

TEST(StartupRefusals, TheServerSpeaksFirst) {
  for (auto const& message : {auth_ok(), fatal(), ready()}) {
    driven_session on;
    on.feed(message);
    EXPECT_TRUE(on.poisoned());
    EXPECT_EQ(on->start(startup_options_of_me()), errc::not_ready);
  }
}

TEST(StartupRefusals, AnotherProtocolAnswers) {
  for (auto const& text : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "SSH-2.0-OpenSSH_9.2\r\n"s, "N"s + ready(),
                           "\x16\x03\x03\x00\x7a\x02"s, "J\0\0\0\x0a\x38.0.36"s}) {
    auto script = starting();
    auto on = script.play();
    on.feed(text);
    EXPECT_TRUE(on.poisoned());
    EXPECT_EQ(on.code(), errc::unknown_message);
  }
}

// ---- the end --------------------------------------------------------------------------------------------------------

TEST(Terminate, IsSentOnceTheServerUnderstandsIt) {
  auto script = starting();
  script.receive(auth_ok()).terminate().expect_send(terminate_packet()).expect_state(state::ended).check();
  auto idle = opened();
  idle.terminate().expect_send(terminate_packet()).receive(ready(), "anything"s).expect_events();
  idle.expect_state(state::ended).terminate().expect_send().check();
  auto busy = opened();
  busy.query("select 1").terminate().expect_send(query_packet("select 1"), terminate_packet()).check();
}

// The server takes only proofs before it knows who we are, and writes an error into its log for anything else.
TEST(Terminate, IsNotSentDuringTheStartup) {
  conversation().terminate().expect_send().expect_state(state::ended).check();
  starting().terminate().expect_send().expect_state(state::ended).check();
  auto options = startup_options_of_me();
  options.password = "secret";
  auto script = starting(options);
  script.receive(auth_md5()).expect([](driven_session& on) { on.take_output(); });
  script.terminate().expect_send().expect_state(state::ended).check();
}

TEST(Terminate, IsNotSentByAPoisonedSession) {
  auto script = opened();
  script.receive(parsed()).expect_violation(errc::unexpected_message, state::idle, '1');
  script.terminate().expect_send().expect_state(state::poisoned).check();
}

}  // namespace
}  // namespace tusk::test
