// How a session proves who its user is, what it demands of the server, and what it refuses.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };
constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS";

startup_options with_password(std::string_view password = "secret") {
  auto options = startup_options_of_me();
  options.password = password;
  return options;
}

/// StartupMessage is sent.
conversation begun(startup_options const& options) {
  return conversation().start(options).act([](driven_session& on, bool) { on.take_output(); });
}

void expect_open(conversation& script, authentication_method method) {
  script.receive(auth_ok(), cancel_key(), ready())
      .expect_events("ReadyForQuery I")
      .expect([method](driven_session& on) { EXPECT_EQ(name(on->authentication()), name(method)); });
}

// ---- trust, cleartext, MD5 ------------------------------------------------------------------------------------------

TEST(Trust, NeedsNoPasswordAndSendsNone) {
  for (auto const& options : {startup_options_of_me(), with_password()}) {
    auto script = begun(options);
    expect_open(script, authentication_method::none);
    script.expect_send().check();
  }
}

TEST(Cleartext, IsSentWhereItIsAllowed) {
  auto options = with_password("se cret\xff");
  options.allow_cleartext = true;
  auto script = begun(options);
  script.receive(auth_cleartext()).expect_send(password_packet("se cret\xff")).expect_state(state::password_sent);
  expect_open(script, authentication_method::cleartext);
  script.check();
  fail_every_step(script);
}

TEST(Cleartext, IsRefusedElsewhere) {
  auto script = begun(with_password());
  script.receive(auth_cleartext()).expect_violation(errc::cleartext_refused, state::startup, 'R').expect_send().check();
}

TEST(Cleartext, CannotCarryNul) {
  auto options = with_password(std::string_view("a\0b", 3));
  options.allow_cleartext = true;
  auto script = begun(options);
  script.receive(auth_cleartext()).expect_violation(errc::embedded_nul, state::startup, 'R').expect_send().check();
}

TEST(Cleartext, CannotBeLongerThanTheServerReads) {
  auto options = with_password(std::string(max_password_message, 'x'));
  options.allow_cleartext = true;
  auto script = begun(options);
  script.receive(auth_cleartext()).expect_violation(errc::message_too_large, state::startup, 'R').expect_send().check();
}

TEST(Cleartext, AWrongPassword) {
  auto options = with_password();
  options.allow_cleartext = true;
  auto script = begun(options);
  script.receive(auth_cleartext(), fatal("28P01", "password authentication failed"))
      .expect_events("ErrorResponse FATAL 28P01 password authentication failed")
      .expect_send(password_packet("secret"))
      .expect_state(state::ended);
  script.check();
}

TEST(Md5, SendsTheHashOfPasswordUserAndSalt) {
  auto script = begun(with_password());
  script.receive(auth_md5("salt")).expect_send(password_packet("md541c83370953958037c7298c50b238bda"));
  expect_open(script, authentication_method::md5);
  script.check();
  fail_every_step(script);
}

TEST(Md5, IsAskedForOnce) {
  auto script = begun(with_password());
  script.receive(auth_md5()).expect([](driven_session& on) { on.take_output(); });
  script.receive(auth_md5()).expect_violation(errc::not_authenticated, state::password_sent, 'R').expect_send().check();
}

// ---- what needs a password, and what is not served ------------------------------------------------------------------

struct refused_row {
  char const* name;
  std::string message;
  std::error_code code;
};

class NoPassword : public testing::TestWithParam<refused_row> {};

TEST_P(NoPassword, IsToldAndNothingIsSent) {
  for (bool const cleartext_allowed : {false, true}) {
    auto options = startup_options_of_me();
    options.allow_cleartext = cleartext_allowed;
    auto script = begun(options);
    script.receive(GetParam().message).expect_violation(errc::password_needed, state::startup, 'R').expect_send();
    script.check();
  }
}

INSTANTIATE_TEST_SUITE_P(, NoPassword,
                         testing::Values(refused_row{"cleartext", auth_cleartext(), {}},
                                         refused_row{"md5", auth_md5(), {}},
                                         refused_row{"scram", auth_sasl({plain}), {}},
                                         refused_row{"scram_plus", auth_sasl({plus, plain}), {}}),
                         name_of_row);

class NotServed : public testing::TestWithParam<refused_row> {};

TEST_P(NotServed, IsRefusedWithItsCode) {
  auto script = begun(with_password());
  script.receive(GetParam().message).expect_violation(GetParam().code, state::startup, 'R').expect_send();
  script.check();
}

std::string authentication_code(std::uint32_t code, std::string_view rest = {}) {
  std::string body(4, '\0');
  store_big_endian(body.data(), code);
  return framed('R', body.append(rest));
}

INSTANTIATE_TEST_SUITE_P(
    , NotServed,
    testing::Values(refused_row{"kerberos_v4", authentication_code(1), errc::unsupported_authentication},
                    refused_row{"kerberos_v5", authentication_code(2), errc::kerberos_unsupported},
                    refused_row{"crypt", authentication_code(4, "sa"), errc::unsupported_authentication},
                    refused_row{"scm", authentication_code(6), errc::unsupported_authentication},
                    refused_row{"gss", authentication_code(7), errc::gss_unsupported},
                    refused_row{"gss_continue", authentication_code(8, "token"), errc::gss_unsupported},
                    refused_row{"sspi", authentication_code(9), errc::sspi_unsupported},
                    refused_row{"unheard_of", authentication_code(13), errc::unsupported_authentication},
                    refused_row{"negative", authentication_code(0xffff'ffff), errc::unsupported_authentication},
                    refused_row{"oauth", auth_sasl({"OAUTHBEARER"}), errc::oauth_unsupported},
                    refused_row{"scram_sha_1", auth_sasl({"SCRAM-SHA-1"}), errc::no_supported_sasl_mechanism},
                    refused_row{"other_case", auth_sasl({"scram-sha-256"}), errc::no_supported_sasl_mechanism},
                    refused_row{"longer_name", auth_sasl({"SCRAM-SHA-256-"}), errc::no_supported_sasl_mechanism},
                    refused_row{"no_mechanism", auth_sasl({}), errc::no_supported_sasl_mechanism},
                    refused_row{"plus_without_a_hash", auth_sasl({plus}), errc::no_supported_sasl_mechanism},
                    refused_row{"sasl_continue", auth_continue("r=a,s=AA==,i=1"), errc::not_authenticated},
                    refused_row{"sasl_final", auth_final("v=AA=="), errc::not_authenticated}),
    name_of_row);

TEST(NotServedLater, AMethodAfterAuthenticationIsJustUnexpected) {
  for (auto const kind : {backend_kind::authentication_gss, backend_kind::authentication_sspi,
                          backend_kind::authentication_kerberos_v5, backend_kind::authentication_gss_continue,
                          backend_kind::authentication_ok, backend_kind::authentication_sasl}) {
    auto script = opened();
    script.receive(example_of(kind)).expect_violation(errc::unexpected_message, state::idle, 'R').check();
  }
}

}  // namespace
}  // namespace tusk::test
