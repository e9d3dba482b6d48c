// require_auth and channel_binding against everything that a server may ask: what is answered, and what is refused
// before a byte has left.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/scram_server.hpp"

namespace tusk::test {
namespace {

using namespace protocol;
using namespace std::string_view_literals;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };
constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS", certificate_hash = "its\1hash";

/// What the server asks for, and the member of the rules that stands for it.
struct question {
  char const* name;
  std::string bytes;
  bool authentication_rules::*rule;
  errc forbidden;
};
question const none{"none", auth_ok(), &authentication_rules::none, errc::none_forbidden};
question const cleartext{"cleartext", auth_cleartext(), &authentication_rules::cleartext, errc::cleartext_forbidden};
question const md5{"md5", auth_md5(), &authentication_rules::md5, errc::md5_forbidden};
question const scram{"scram", auth_sasl({plain}), &authentication_rules::scram_sha_256, errc::scram_forbidden};
question const scram_both{"scram_both", auth_sasl({plus, plain}), &authentication_rules::scram_sha_256,
                          errc::scram_forbidden};
question const scram_plus{"scram_plus", auth_sasl({plus}), &authentication_rules::scram_sha_256, errc::scram_forbidden};
question const oauth{"oauth", auth_sasl({"OAUTHBEARER"}), nullptr, {}};
question const gss{"gss", framed('R', "\0\0\0\7"sv), nullptr, {}};
question const sspi{"sspi", framed('R', "\0\0\0\11"sv), nullptr, {}};
question const kerberos{"kerberos", framed('R', "\0\0\0\2"sv), nullptr, {}};
question const scm{"scm", framed('R', "\0\0\0\6"sv), nullptr, {}};

/// What comes of it where require_auth allows the method: exactly these bytes leave; or none, and a violation.
struct outcome {
  std::string sent;
  std::error_code code;
};
outcome refused(errc code) { return {"", code}; }
outcome const accepted{"", {}};
outcome const cleartext_sent{password_packet("secret"), {}};
outcome const md5_sent{password_packet("md541c83370953958037c7298c50b238bda"), {}};
std::string first_message(std::string_view gs2) {
  return scram_exchange("secret", startup_options_of_me().nonce, 2, gs2).client_first;
}
outcome const plain_n{sasl_initial_packet(plain, first_message("n,,")), {}};
outcome const plain_y{sasl_initial_packet(plain, first_message("y,,")), {}};
outcome const channel_bound{sasl_initial_packet(plus, first_message("p=tls-server-end-point,,")), {}};

constexpr auto no_mechanism = errc::no_supported_sasl_mechanism, impossible = errc::channel_binding_impossible,
               not_offered = errc::channel_binding_not_offered;

/// One question of the server, for each channel_binding without and with a hash of the server's certificate.
struct rules_row {
  question asked;
  outcome disable, disable_hash, prefer, prefer_hash, require, require_hash;

  outcome const& expected(channel_binding_rule binding, bool hash) const {
    switch (binding) {
      case channel_binding_rule::disable: return hash ? disable_hash : disable;
      case channel_binding_rule::prefer: return hash ? prefer_hash : prefer;
      case channel_binding_rule::require: break;
    }
    return hash ? require_hash : require;
  }
};

rules_row const rows[] = {
    {none, accepted, accepted, accepted, accepted, refused(impossible), refused(not_offered)},
    {cleartext, cleartext_sent, cleartext_sent, cleartext_sent, cleartext_sent, refused(impossible),
     refused(not_offered)},
    {md5, md5_sent, md5_sent, md5_sent, md5_sent, refused(impossible), refused(not_offered)},
    {scram, plain_n, plain_n, plain_n, plain_y, refused(impossible), refused(not_offered)},
    {scram_both, plain_n, plain_n, plain_n, channel_bound, refused(impossible), channel_bound},
    {scram_plus, refused(no_mechanism), refused(no_mechanism), refused(no_mechanism), channel_bound,
     refused(impossible), channel_bound},
};

void expect_outcome(startup_options const& options, question const& asked, outcome const& expected) {
  conversation script;
  script.start(options).act([](driven_session& on, bool) { on.take_output(); }).receive(asked.bytes);
  if (expected.code) script.expect_violation(expected.code, state::startup, 'R');
  script.expect_send(expected.sent).check();
}

startup_options options_of(authentication_rules const& rules, bool hash) {
  auto options = startup_options_of_me();
  options.password = "secret";
  options.allow_cleartext = true;
  options.rules = rules;
  if (hash) options.channel_binding_data = certificate_hash;
  return options;
}

constexpr channel_binding_rule bindings[] = {channel_binding_rule::disable, channel_binding_rule::prefer,
                                             channel_binding_rule::require};

/// Each of the sixteen sets of methods with each channel_binding, with and without a hash.
template <class Test>
void with_all_rules(Test const& test) {
  for (unsigned set = 0; set < 16; ++set)
    for (auto const binding : bindings)
      for (bool const hash : {false, true}) {
        authentication_rules rules;
        rules.none = set & 1U, rules.cleartext = set & 2U, rules.md5 = set & 4U, rules.scram_sha_256 = set & 8U;
        rules.channel_binding = binding;
        SCOPED_TRACE("methods " + std::to_string(set) + ", channel_binding " +
                     std::to_string(static_cast<int>(binding)) + (hash ? ", a hash" : ", no hash"));
        test(rules, hash);
      }
}

TEST(AuthenticationRules, AreJudgedBeforeAnythingIsAnswered) {
  int refusals = 0, answers = 0;
  for (auto const& row : rows) {
    SCOPED_TRACE(row.asked.name);
    with_all_rules([&](authentication_rules const& rules, bool hash) {
      auto expected = row.expected(rules.channel_binding, hash);
      if (!(rules.*row.asked.rule)) expected = refused(row.asked.forbidden);
      ++(expected.code ? refusals : answers);
      expect_outcome(options_of(rules, hash), row.asked, expected);
    });
  }
  EXPECT_EQ(refusals + answers, 6 * 16 * 6);
  EXPECT_EQ(answers, 8 * 23);  // of the 36 outcomes above; half of the sets allow each
}

TEST(AuthenticationRules, MethodsThatAreNotServedAreNamedWhateverTheRules) {
  struct {
    question asked;
    errc code;
    char const* named;
  } const unserved[] = {{oauth, errc::oauth_unsupported, "OAuth"},
                        {gss, errc::gss_unsupported, "GSSAPI"},
                        {sspi, errc::sspi_unsupported, "SSPI"},
                        {kerberos, errc::kerberos_unsupported, "Kerberos V5"},
                        {scm, errc::unsupported_authentication, "SCM"}};
  for (auto const& each : unserved) {
    SCOPED_TRACE(each.asked.name);
    EXPECT_NE(make_error_code(each.code).message().find(each.named), std::string::npos);
    with_all_rules([&](authentication_rules const& rules, bool hash) {
      expect_outcome(options_of(rules, hash), each.asked, refused(each.code));
    });
  }
}

TEST(AuthenticationRules, ARefusedMethodIsToldEvenWithoutAPassword) {
  for (auto const& row : rows) {
    SCOPED_TRACE(row.asked.name);
    authentication_rules rules;
    rules.*row.asked.rule = false;
    auto options = options_of(rules, true);
    options.password.clear();
    expect_outcome(options, row.asked, refused(row.asked.forbidden));
  }
}

TEST(AuthenticationRules, NoneForbidsOnlyAnOkWithoutAQuestion) {
  authentication_rules rules;
  rules.none = false;
  conversation script;
  script.start(options_of(rules, false)).act([](driven_session& on, bool) { on.take_output(); });
  script.receive(auth_md5()).expect_send(md5_sent.sent).receive(auth_ok(), ready()).expect_events("ReadyForQuery I");
  script.check();
}

TEST(AuthenticationRules, ABoundExchangeEndsWellUnderRequire) {
  authentication_rules rules{false, false, false, true, channel_binding_rule::require};
  scram_exchange const messages("secret", startup_options_of_me().nonce, 2, "p=tls-server-end-point,,",
                                certificate_hash);
  conversation script;
  script.start(options_of(rules, true)).act([](driven_session& on, bool) { on.take_output(); });
  script.receive(auth_sasl({plus, plain}))
      .expect_send(channel_bound.sent)
      .receive(auth_continue(messages.server_first));
  script.expect_send(sasl_packet(messages.client_final)).receive(auth_final(messages.server_final), auth_ok(), ready());
  script.expect_events("ReadyForQuery I").check();
}

/// Under any rules, once SCRAM has begun nothing but a proof leads on.
TEST(AuthenticationRules, OkInMidScramIsFatalWhereNoneIsAllowedToo) {
  scram_exchange const messages("secret", startup_options_of_me().nonce, 2);
  std::vector<std::string> const steps = {auth_sasl({plain}), auth_continue(messages.server_first)};
  for (std::size_t taken = 1; taken <= steps.size(); ++taken) {
    conversation script;
    script.start(options_of({}, false));
    for (std::size_t i = 0; i < taken; ++i) script.receive(steps[i]);
    script.act([](driven_session& on, bool) { on.take_output(); }).receive(auth_ok(), ready());
    script.expect_violation(errc::sasl_incomplete, taken == 1 ? state::sasl_started : state::sasl_proved, 'R');
    script.expect_send().check();
  }
}

// ---- keys that are given --------------------------------------------------------------------------------------------

struct given_keys_row {
  char const* name;
  char const* password;
  bool client_key, server_key;
  errc code;  // none: it goes well
};

class GivenKeys : public testing::TestWithParam<given_keys_row> {};

TEST_P(GivenKeys, StandForThePasswordOrPartsOfIt) {
  auto const& row = GetParam();
  auto const keys = scram_keys_of("secret", scram_exchange::salt, 2);
  scram_exchange const messages("secret", startup_options_of_me().nonce, 2);
  auto options = startup_options_of_me();
  options.password = row.password;
  if (row.client_key) options.scram_client_key = keys.client;
  if (row.server_key) options.scram_server_key = keys.server;
  conversation script;
  script.start(options).act([](driven_session& on, bool) { on.take_output(); }).receive(auth_sasl({plain}));
  if (row.code == errc{}) {
    script.expect_send(sasl_initial_packet(plain, messages.client_first)).receive(auth_continue(messages.server_first));
    script.expect_send(sasl_packet(messages.client_final)).receive(auth_final(messages.server_final), auth_ok());
    script.expect_state(state::authenticated).check();
  } else {
    script.expect_violation(row.code, state::startup, 'R').expect_send().check();
  }
}

INSTANTIATE_TEST_SUITE_P(, GivenKeys,
                         testing::Values(given_keys_row{"both_without_a_password", "", true, true, {}},
                                         given_keys_row{"both_with_a_wrong_password", "wrong", true, true, {}},
                                         given_keys_row{"client_key_and_password", "secret", true, false, {}},
                                         given_keys_row{"server_key_and_password", "secret", false, true, {}},
                                         given_keys_row{"client_key_alone", "", true, false, errc::password_needed},
                                         given_keys_row{"server_key_alone", "", false, true, errc::password_needed},
                                         given_keys_row{"neither", "", false, false, errc::password_needed}),
                         name_of_row);

TEST(GivenKeysRefused, OfAnotherSizeBeforeAByteLeaves) {
  for (std::size_t const size : {1U, 31U, 33U, 64U})
    for (bool const client : {false, true}) {
      auto options = startup_options_of_me();
      (client ? options.scram_client_key : options.scram_server_key) = std::string(size, 'k');
      session on;
      EXPECT_EQ(on.start(options), errc::bad_scram_key) << size;
      EXPECT_EQ(on.output(), "");
    }
}

TEST(GivenKeysRefused, AWrongServerKeyIsAWrongSignature) {
  auto const keys = scram_keys_of("secret", scram_exchange::salt, 2);
  scram_exchange const messages("secret", startup_options_of_me().nonce, 2);
  auto options = startup_options_of_me();
  options.scram_client_key = keys.client;
  options.scram_server_key = std::string(32, 'k');
  conversation script;
  script.start(options).act([](driven_session& on, bool) { on.take_output(); });
  script.receive(auth_sasl({plain})).expect_send(sasl_initial_packet(plain, messages.client_first));
  script.receive(auth_continue(messages.server_first)).expect_send(sasl_packet(messages.client_final));
  script.receive(auth_final(messages.server_final))
      .expect_violation(errc::sasl_bad_signature, state::sasl_proved, 'R')
      .check();
}

}  // namespace
}  // namespace tusk::test
