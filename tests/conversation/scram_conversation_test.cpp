// SCRAM through the session: which mechanism is chosen, what the server must prove, and what is refused on the way.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"
#include "support/scram_server.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };
constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS", certificate_hash = "its\1hash";

startup_options with_password() {
  auto options = startup_options_of_me();
  options.password = "secret";
  return options;
}

/// StartupMessage is sent.
conversation begun(startup_options const& options) {
  return conversation().start(options).act([](driven_session& on, bool) { on.take_output(); });
}

scram_exchange exchange(int iterations = 2, std::string_view gs2 = "n,,", std::string_view binding = {}) {
  return {"secret", startup_options_of_me().nonce, iterations, gs2, binding};
}

/// SASLInitialResponse is sent.
conversation sasl_started(scram_exchange const& messages) {
  auto script = begun(with_password());
  script.receive(auth_sasl({plain}))
      .expect_send(sasl_initial_packet(plain, messages.client_first))
      .expect_state(state::sasl_started);
  return script;
}
/// Our proof is sent.
conversation sasl_proved(scram_exchange const& messages) {
  auto script = sasl_started(messages);
  script.receive(auth_continue(messages.server_first))
      .expect_send(sasl_packet(messages.client_final))
      .expect_state(state::sasl_proved);
  return script;
}

struct mechanism_row {
  char const* name;
  std::vector<std::string_view> offered;
  bool bound;
  std::string_view chosen, gs2;
  authentication_method method;
};

class Scram : public testing::TestWithParam<mechanism_row> {};

TEST_P(Scram, ChoosesTheMechanismAndProvesBothSides) {
  auto const& row = GetParam();
  auto options = with_password();
  if (row.bound) options.channel_binding_data = certificate_hash;
  bool const uses = row.chosen == plus;
  auto const messages = exchange(2, row.gs2, uses ? certificate_hash : std::string_view());
  list_storage<std::string_view> offered;
  for (auto const each : row.offered) offered.add(each);
  authentication_sasl begin;
  begin.mechanisms = offered;

  auto script = begun(options);
  script.receive(bytes_of(begin))
      .expect_send(sasl_initial_packet(row.chosen, messages.client_first))
      .receive(auth_continue(messages.server_first))
      .expect_send(sasl_packet(messages.client_final))
      .receive(auth_final(messages.server_final))
      .expect_state(state::sasl_verified);
  script.receive(auth_ok(), cancel_key(), ready()).expect_events("ReadyForQuery I").expect([&row](driven_session& on) {
    EXPECT_EQ(name(on->authentication()), name(row.method));
  });
  script.check();
  fail_every_step(script);
}

constexpr auto scram = authentication_method::scram_sha_256, scram_plus = authentication_method::scram_sha_256_plus;
INSTANTIATE_TEST_SUITE_P(
    , Scram,
    testing::Values(mechanism_row{"plain", {plain}, false, plain, "n,,", scram},
                    mechanism_row{"plain_though_plus_is_offered", {plus, plain}, false, plain, "n,,", scram},
                    mechanism_row{"plus", {plus, plain}, true, plus, "p=tls-server-end-point,,", scram_plus},
                    mechanism_row{
                        "plus_offered_last", {plain, plus}, true, plus, "p=tls-server-end-point,,", scram_plus},
                    mechanism_row{"plus_alone", {plus}, true, plus, "p=tls-server-end-point,,", scram_plus},
                    mechanism_row{"y_where_plus_was_removed", {plain}, true, plain, "y,,", scram},
                    mechanism_row{"among_others", {"X", "OAUTHBEARER", plain}, false, plain, "n,,", scram},
                    mechanism_row{"doubled", {plain, plain}, false, plain, "n,,", scram}),
    name_of_row);

TEST(ScramRefusals, AuthenticationOkAfterTheFirstMessage) {
  auto script = sasl_started(exchange());
  script.receive(auth_ok()).expect_violation(errc::sasl_incomplete, state::sasl_started, 'R').check();
}

TEST(ScramRefusals, AuthenticationOkWhileComputing) {
  auto const messages = exchange(50'000);
  auto script = sasl_started(messages);
  script.receive(auth_continue(messages.server_first) + auth_ok())
      .expect_violation(errc::sasl_incomplete, state::sasl_proved, 'R')
      .expect([](driven_session& on) { on.take_output(); });
  script.check();
}

TEST(ScramRefusals, AuthenticationOkAfterOurProof) {
  auto script = sasl_proved(exchange());
  script.receive(auth_ok()).expect_violation(errc::sasl_incomplete, state::sasl_proved, 'R').check();
}

TEST(ScramRefusals, AuthenticationOkAfterAWrongSignature) {
  auto const wrong = scram_exchange("another", startup_options_of_me().nonce, 2);
  auto script = sasl_proved(exchange());
  script.receive(auth_final(wrong.server_final) + auth_ok() + ready())
      .expect_violation(errc::sasl_bad_signature, state::sasl_proved, 'R');
  script.check();
}

TEST(ScramRefusals, AnotherMethodInTheMiddle) {
  for (auto const& message : {auth_cleartext(), auth_md5(), auth_sasl({plain}), auth_final("v=AA==")}) {
    auto script = sasl_started(exchange());
    script.receive(message).expect_violation(errc::not_authenticated, state::sasl_started, 'R').expect_send().check();
  }
  for (auto const& message : {auth_cleartext(), auth_md5(), auth_sasl({plain}), auth_continue("r=a")}) {
    auto script = sasl_proved(exchange());
    script.receive(message).expect_violation(errc::not_authenticated, state::sasl_proved, 'R').expect_send().check();
  }
}

TEST(ScramRefusals, TheProofTwice) {
  auto const messages = exchange();
  auto script = sasl_proved(messages);
  script.receive(auth_final(messages.server_final), auth_final(messages.server_final))
      .expect_violation(errc::not_authenticated, state::sasl_verified, 'R');
  script.check();
}

TEST(ScramRefusals, SaslAfterACleartextPassword) {
  auto options = with_password();
  options.allow_cleartext = true;
  auto script = begun(options);
  script.receive(auth_cleartext()).expect_send(password_packet("secret")).receive(auth_sasl({plain}));
  script.expect_violation(errc::not_authenticated, state::password_sent, 'R').expect_send().check();
}

TEST(ScramRefusals, ANonceThatIsMissing) {
  auto options = with_password();
  options.nonce.clear();
  auto script = begun(options);
  script.receive(auth_sasl({plain})).expect_violation(errc::bad_random, state::startup, 'R').expect_send().check();
}

struct server_first_row {
  char const* name;
  std::string data;
  errc code;
};

class ScramServerFirst : public testing::TestWithParam<server_first_row> {};

TEST_P(ScramServerFirst, IsRefused) {
  auto script = sasl_started(exchange());
  script.receive(auth_continue(GetParam().data))
      .expect_violation(GetParam().code, state::sasl_started, 'R')
      .expect_send();
  script.check();
}

std::string server_first(std::string const& iterations) {
  return "r=" + startup_options_of_me().nonce + "x,s=AA==" + iterations;
}

INSTANTIATE_TEST_SUITE_P(
    , ScramServerFirst,
    testing::Values(
        server_first_row{"iterations_zero", server_first(",i=0"), errc::sasl_bad_iterations},
        server_first_row{"iterations_negative", server_first(",i=-1"), errc::sasl_bad_iterations},
        server_first_row{"iterations_int_max", server_first(",i=2147483647"), errc::sasl_too_many_iterations},
        server_first_row{"iterations_1e30", server_first(",i=1e30"), errc::sasl_bad_iterations},
        server_first_row{"iterations_missing", server_first(""), errc::sasl_malformed},
        server_first_row{"iterations_and_a_letter", server_first(",i=4096x"), errc::sasl_bad_iterations},
        server_first_row{"iterations_above_the_default", server_first(",i=100001"), errc::sasl_too_many_iterations},
        server_first_row{"mandatory_extension", "m=x," + server_first(",i=1"), errc::sasl_unknown_extension},
        server_first_row{"equal_nonce", "r=" + startup_options_of_me().nonce + ",s=AA==,i=1", errc::sasl_bad_nonce},
        server_first_row{"short_nonce", "r=anonceforthetests,s=AA==,i=1", errc::sasl_bad_nonce},
        server_first_row{"foreign_nonce", "r=Bnonceforthetests!x,s=AA==,i=1", errc::sasl_bad_nonce},
        server_first_row{"empty", "", errc::sasl_malformed}),
    name_of_row);

TEST(ScramServerMessages, CutAtEveryByte) {
  auto const messages = exchange();
  for (std::size_t size = 0; size < messages.server_first.size(); ++size) {
    auto script = sasl_started(messages);
    script.receive(auth_continue(messages.server_first.substr(0, size)));
    EXPECT_TRUE(script.play().poisoned()) << size;
  }
  for (std::size_t size = 0; size < messages.server_final.size(); ++size) {
    auto script = sasl_proved(messages);
    script.receive(auth_final(messages.server_final.substr(0, size)));
    EXPECT_TRUE(script.play().poisoned()) << size;
  }
}

TEST(ScramServerMessages, TheSignaturesEveryCharacterCounts) {
  auto const messages = exchange();
  for (std::size_t i = 0; i < messages.server_final.size(); ++i) {
    auto wrong = messages.server_final;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    auto script = sasl_proved(messages);
    script.receive(auth_final(wrong), auth_ok());
    EXPECT_TRUE(script.play().poisoned()) << wrong;
  }
}

TEST(ScramServerMessages, AnErrorInPlaceOfTheProof) {
  auto script = sasl_proved(exchange());
  script.receive(auth_final("e=invalid-proof")).expect_violation(errc::sasl_server_error, state::sasl_proved, 'R');
  script.check();
}

TEST(ScramServerMessages, AWrongPasswordIsToldByTheServer) {
  auto script = sasl_proved(exchange());
  script.receive(fatal("28P01", "password authentication failed"))
      .expect_events("ErrorResponse FATAL 28P01 password authentication failed")
      .expect_state(state::ended);
  script.check();
}

// ---- PBKDF2 in slices -----------------------------------------------------------------------------------------------

TEST(ScramSlices, AreBoundedByTheIterations) {
  auto const messages = exchange(100'000);
  auto script = sasl_started(messages);
  auto on = script.play();
  on.put(auth_continue(messages.server_first));
  EXPECT_TRUE(std::holds_alternative<working>(on->next()));
  EXPECT_EQ(on.state(), state::sasl_computing);
  EXPECT_EQ(on->output(), "");
  on.drain();
  EXPECT_GE(on.slices(), 40U);  // each is short
  EXPECT_LE(on.slices(), 60U);
  EXPECT_EQ(on.take_output(), sasl_packet(messages.client_final));
  on.feed(auth_final(messages.server_final) + auth_ok() + ready());
  EXPECT_EQ(on.take_events(), std::vector<std::string>{"ReadyForQuery I"});
}

TEST(ScramSlices, TheLimitCanBeRaised) {
  auto const messages = exchange(100'001);
  protocol::limits limit;
  limit.max_scram_iterations = 100'001;
  auto script = sasl_proved(messages);
  script.with(limit).receive(auth_final(messages.server_final)).expect_state(state::sasl_verified);
  EXPECT_FALSE(script.play().poisoned());
}

TEST(ScramSlices, WhatComesMeanwhileWaits) {
  auto const messages = exchange(20'000);
  auto on = sasl_started(messages).play();
  on.put(auth_continue(messages.server_first) + fatal("57P01", "enough"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::holds_alternative<working>(on->next()));
    EXPECT_EQ(on.state(), state::sasl_computing);
    EXPECT_EQ(on->buffered(), fatal("57P01", "enough").size());
  }
  on.drain();
  EXPECT_EQ(on.take_events(), std::vector<std::string>{"ErrorResponse FATAL 57P01 enough"});
  EXPECT_EQ(on.state(), state::ended);
}

TEST(ScramSlices, TerminateInTheMiddle) {
  auto const messages = exchange(20'000);
  auto on = sasl_started(messages).play();
  on.put(auth_continue(messages.server_first));
  EXPECT_TRUE(std::holds_alternative<working>(on->next()));
  on->terminate();
  EXPECT_TRUE(std::holds_alternative<want_bytes>(on->next()));
  EXPECT_EQ(on->output(), "");
}

// ---- secrets --------------------------------------------------------------------------------------------------------

TEST(Secrets, ThePasswordLeavesOnlyAsItIsMeantTo) {
  auto const messages = exchange();
  auto on = conversation().start(with_password()).play();
  std::string sent = on.take_output();
  for (auto const& message : {auth_sasl({plain}), auth_continue(messages.server_first),
                              auth_final(messages.server_final), auth_ok(), ready()}) {
    on.feed(message);
    sent += on.take_output();
  }
  EXPECT_EQ(on.state(), state::idle);
  EXPECT_EQ(sent.find("secret"), sent.npos);
}

}  // namespace
}  // namespace tusk::test
