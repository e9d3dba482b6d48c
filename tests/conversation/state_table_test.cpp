// The whole state table, twice: written down here, so that a change of it is seen; and walked, each kind of message in
// each state, to see that a session does what the table says.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <tusk/protocol/state.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/scram_server.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

// A state, '+' if notices, notifications and settings are taken in it, and each message with what it does.
constexpr std::string_view written_down = R"(
unstarted:
startup: AuthenticationOk>authenticated AuthenticationCleartextPassword>password_sent
  AuthenticationMD5Password>password_sent AuthenticationSASL>sasl_started NegotiateProtocolVersion=stay
  ErrorResponse>ended
password_sent: AuthenticationOk>authenticated ErrorResponse>ended
sasl_started: AuthenticationSASLContinue>sasl_computing ErrorResponse>ended
sasl_computing:
sasl_proved: AuthenticationSASLFinal>sasl_verified ErrorResponse>ended
sasl_verified: AuthenticationOk>authenticated ErrorResponse>ended
authenticated+: BackendKeyData=stay NegotiateProtocolVersion=stay ErrorResponse>ended ReadyForQuery>idle
idle+: ErrorResponse=stay
open_unit+: ErrorResponse=stay
querying+: ErrorResponse=skip RowDescription>querying_rows CommandComplete>querying_next
  EmptyQueryResponse>querying_next CopyInResponse>refusing_copy_in CopyOutResponse>draining_copy_out
  CopyBothResponse>ending_copy_both
querying_rows+: ErrorResponse=skip DataRow=stay CommandComplete>querying_next
querying_next+: ErrorResponse=skip ReadyForQuery=finish RowDescription>querying_rows CommandComplete=stay
  EmptyQueryResponse=stay CopyInResponse>refusing_copy_in CopyOutResponse>draining_copy_out
parsing+: ErrorResponse=skip ParseComplete=finish
binding+: ErrorResponse=skip BindComplete=finish
describing+: ErrorResponse=skip ParameterDescription>describing_columns
describing_columns+: ErrorResponse=skip RowDescription=finish NoData=finish
executing+: ErrorResponse=skip DataRow=stay CommandComplete=finish EmptyQueryResponse=finish
  CopyInResponse>refusing_copy_in CopyOutResponse>draining_copy_out
executing_some+: ErrorResponse=skip DataRow=stay CommandComplete=finish EmptyQueryResponse=finish
  PortalSuspended=finish CopyInResponse>refusing_copy_in CopyOutResponse>draining_copy_out
executing_copy_in+: ErrorResponse=skip CommandComplete=finish EmptyQueryResponse=finish
  CopyInResponse>copying_in CopyOutResponse>draining_copy_out
executing_copy_out+: ErrorResponse=skip CommandComplete=finish EmptyQueryResponse=finish
  CopyInResponse>refusing_copy_in CopyOutResponse>copying_out
closing+: ErrorResponse=skip CloseComplete=finish
syncing+: ErrorResponse=stay ReadyForQuery=finish
copying_in+: ErrorResponse=skip
copy_in_ended+: ErrorResponse=skip CommandComplete=finish
copying_out+: ErrorResponse=skip CopyData=stay CopyDone>copy_out_ended
copy_out_ended+: ErrorResponse=skip CommandComplete=resume
refusing_copy_in+: ErrorResponse=skip
draining_copy_out+: ErrorResponse=skip CopyData=stay CopyDone>copy_out_ended
ending_copy_both+: ErrorResponse=skip CopyData=stay CopyDone>querying_next
skipping+: ErrorResponse=stay
ended:
poisoned:
)";

constexpr std::string_view action_names[] = {"violation", "stay", "go", "finish", "resume", "skip"};

bool is_any_time(backend_kind kind) {
  return kind == backend_kind::notice_response || kind == backend_kind::notification_response ||
         kind == backend_kind::parameter_status;
}

std::string line_of(state in) {
  std::string line;
  bool any_time = false;
  for (std::size_t i = 0; i < backend_kinds; ++i) {
    auto const kind = static_cast<backend_kind>(i);
    auto const does = lookup(in, kind);
    if (does.action == action::violation) continue;
    if (is_any_time(kind) && does.action == action::stay) {
      any_time = true;
      continue;
    }
    line += " " + std::string(name(kind));
    line += does.action == action::go ? ">" + std::string(name(does.next))
                                      : "=" + std::string(action_names[static_cast<std::size_t>(does.action)]);
  }
  return std::string(name(in)) + (any_time ? "+:" : ":") + line;
}

TEST(StateTable, IsTheOneWrittenDownHere) {
  std::string expected(written_down), found;
  for (std::size_t at = 0; (at = expected.find("\n  ", at)) != expected.npos;) expected.replace(at, 3, " ");
  for (std::size_t i = 0; i < states; ++i) found += "\n" + line_of(static_cast<state>(i));
  EXPECT_EQ(found + "\n", expected);
}

// ---- a conversation into each state ---------------------------------------------------------------------------------

scram_exchange exchange(int iterations) { return {"secret", startup_options_of_me().nonce, iterations}; }

startup_options ready_for_anything() {
  auto options = startup_options_of_me();
  options.version = protocol_version(3, 2);
  options.password = "secret";
  options.allow_cleartext = true;
  return options;
}

conversation into_startup() { return conversation().start(ready_for_anything()); }
conversation into_idle() { return into_startup().receive(auth_ok(), ready()); }

constexpr int long_computation = 100'000;
scram_exchange const& long_exchange() {
  static scram_exchange const only = exchange(long_computation);
  return only;
}

struct way {
  char const* name;
  state to;
  conversation script;
  state finished = state::poisoned;  // where `finish` and `resume` lead from here
  state resumed = state::poisoned;
  state skips = state::syncing;  // where `skip` leads
};

std::vector<way> ways() {
  auto const sasl = [](int iterations) {
    return into_startup().receive(auth_sasl({"SCRAM-SHA-256"})).act([iterations](driven_session& on, bool) {
      auto const first = auth_continue(iterations == long_computation ? long_exchange().server_first
                                                                      : exchange(iterations).server_first);
      on.put(first);
      (void)on->next();
      if (iterations != long_computation) on.drain();
    });
  };
  using enum state;
  return {
      {"unstarted", unstarted, conversation()},
      {"startup", startup, into_startup()},
      {"password_sent", password_sent, into_startup().receive(auth_cleartext())},
      {"password_sent_md5", password_sent, into_startup().receive(auth_md5())},
      {"sasl_started", sasl_started, into_startup().receive(auth_sasl({"SCRAM-SHA-256"}))},
      {"sasl_computing", sasl_computing, sasl(long_computation)},
      {"sasl_proved", sasl_proved, sasl(2)},
      {"sasl_verified", sasl_verified, sasl(2).receive(auth_final(exchange(2).server_final))},
      {"authenticated", authenticated, into_startup().receive(auth_ok())},
      {"authenticated_by_scram", authenticated, sasl(2).receive(auth_final(exchange(2).server_final), auth_ok())},
      {"idle", state::idle, into_idle()},
      {"idle_again", state::idle, into_idle().query("x").receive(complete("X"), ready())},
      {"idle_after_an_open_unit", state::idle,
       into_idle().close_statement("s").receive(closed()).sync().receive(ready())},
      {"idle_after_a_query_in_an_open_unit", state::idle,
       into_idle().close_statement("s").receive(closed()).query("x").receive(complete("X"), ready())},
      {"open_unit", open_unit, into_idle().parse("", "").receive(parsed())},
      {"open_unit_again", open_unit, into_idle().execute("", 0).flush().receive(complete("X"))},
      {"querying_in_an_open_unit", querying, into_idle().parse("", "").receive(parsed()).query("x")},
      {"binding_a_unit_in_an_open_one", binding, into_idle().parse("", "").receive(parsed()).run("", 1), executing},
      {"querying", querying, into_idle().query("x")},
      {"querying_before_another", querying, into_idle().query("x").query("y")},
      {"querying_rows", querying_rows, into_idle().query("x").receive(columns({"a"}))},
      {"querying_rows_later", querying_rows, into_idle().query("x").receive(columns({"a"}), row({"1"}))},
      {"querying_next", querying_next, into_idle().query("x").receive(complete("X")), state::idle},
      {"querying_next_before_a_parse", querying_next, into_idle().query("x").parse("", "").receive(empty_query()),
       parsing},
      {"parsing", parsing, into_idle().parse("", "").sync(), syncing},
      {"parsing_alone", parsing, into_idle().parse("", ""), open_unit, state::poisoned, skipping},
      {"binding", binding, into_idle().bind("", "").execute("", 1), executing, state::poisoned, skipping},
      {"binding_a_unit", binding, into_idle().run("s", 1), executing},
      {"describing", describing, into_idle().describe_statement(""), state::poisoned, state::poisoned, skipping},
      {"describing_columns", describing_columns,
       into_idle().describe_statement("").bind("", "").receive(parameters({})), binding, state::poisoned, skipping},
      {"describing_a_portal", describing_columns, into_idle().describe_portal("").sync(), syncing},
      {"executing", executing, into_idle().execute("", 1).close_statement(""), closing, state::poisoned, skipping},
      {"executing_a_described_one", executing,
       into_idle().describe_portal("").execute("").sync().receive(columns({"a"})), syncing},
      {"executing_a_unit", executing, into_idle().run("s", 1).receive(bound(), row({"1"})), syncing},
      {"executing_some", executing_some, into_idle().execute("", 1, 10).close_statement(""), closing, state::poisoned,
       skipping},
      {"executing_some_of_a_described_one", executing_some,
       into_idle().describe_portal("").execute("", {}, 1).sync().receive(columns({"a"})), syncing},
      {"executing_copy_in", executing_copy_in, into_idle().start_copy_in(), open_unit, state::poisoned, skipping},
      {"executing_copy_in_behind_another", executing_copy_in,
       into_idle().execute("", 0).start_copy_in().receive(complete("X")), open_unit, state::poisoned, skipping},
      {"executing_copy_out", executing_copy_out, into_idle().start_copy_out().sync(), syncing},
      {"copying_in", copying_in, into_idle().start_copy_in().receive(copy_in()), state::poisoned, state::poisoned,
       skipping},
      {"copying_in_later", copying_in, into_idle().start_copy_in().receive(copy_in()).send_copy("1\n"), state::poisoned,
       state::poisoned, skipping},
      {"copy_in_ended", copy_in_ended, into_idle().start_copy_in().receive(copy_in()).end_copy().sync(), syncing},
      {"copy_in_given_up", refusing_copy_in, into_idle().start_copy_in().receive(copy_in()).fail_copy("x").sync()},
      {"copying_out", copying_out, into_idle().start_copy_out().sync().receive(copy_out())},
      {"copying_out_later", copying_out, into_idle().start_copy_out().sync().receive(copy_out(), copy_bytes("1\n"))},
      {"copying_out_ended", copy_out_ended, into_idle().start_copy_out().sync().receive(copy_out(), copy_done()),
       state::poisoned, syncing},
      {"copy_out_where_in_was_asked_for", draining_copy_out, into_idle().start_copy_in().receive(copy_out()),
       state::poisoned, state::poisoned, skipping},
      {"copy_in_where_out_was_asked_for", refusing_copy_in, into_idle().start_copy_out().sync().receive(copy_in())},
      {"closing", closing, into_idle().close_statement("s").query("x"), querying, state::poisoned, skipping},
      {"syncing", syncing, into_idle().sync(), state::idle},
      {"syncing_a_unit", syncing, into_idle().run("s", 1).run("t", 1).receive(bound(), complete("X")), binding},
      {"syncing_after_an_error", syncing, into_idle().parse("", "").sync().receive(error()), state::idle},
      {"syncing_after_a_querys_error", syncing, into_idle().query("x").receive(error()), state::idle},
      {"syncing_after_a_units_error", syncing, into_idle().run("s", 1).receive(error()), state::idle},
      {"syncing_after_skipped_ones", syncing, into_idle().parse("", "").bind("", "").sync().receive(error()),
       state::idle},
      {"syncing_after_a_skipped_unit", syncing, into_idle().parse("", "").run("", 1).receive(error()), state::idle},
      {"syncing_once_the_sync_was_sent", syncing,
       into_idle().parse("", "").receive(error()).bind("", "").sync().act([](driven_session& on, bool) { on.drain(); }),
       state::idle},
      {"skipping", skipping, into_idle().parse("", "").receive(error())},
      {"skipping_what_was_sent_later", skipping,
       into_idle().parse("", "").bind("", "").receive(error()).query("x").act(
           [](driven_session& on, bool) { on.drain(); })},
      {"refusing_copy_in", refusing_copy_in, into_idle().query("x").receive(copy_in())},
      {"refusing_copy_in_extended", refusing_copy_in, into_idle().execute("").sync().receive(copy_in())},
      {"draining_copy_out", draining_copy_out, into_idle().query("x").receive(copy_out())},
      {"copy_out_ended", copy_out_ended, into_idle().query("x").receive(copy_out(), copy_done()), state::poisoned,
       querying_next},
      {"copy_out_ended_extended", copy_out_ended, into_idle().execute("").sync().receive(copy_out(), copy_done()),
       state::poisoned, syncing},
      {"copy_out_ended_in_a_unit", copy_out_ended, into_idle().run("s", 0).receive(bound(), copy_out(), copy_done()),
       state::poisoned, syncing},
      {"ending_copy_both", ending_copy_both,
       into_idle().query("x").receive(server_says<protocol::copy_both_response>())},
      {"ended", ended, into_idle().terminate()},
      {"ended_by_the_server", ended, into_idle().receive(fatal())},
      {"ended_in_the_startup", ended, into_startup().receive(error())},
      {"poisoned", poisoned, into_idle().receive(parsed())},
      {"poisoned_in_the_startup", poisoned, into_startup().receive(ready())},
  };
}

/// A message of that kind whose content is right wherever the kind is.
std::string fitting(backend_kind kind) {
  if (kind == backend_kind::authentication_sasl_continue) return auth_continue(long_exchange().server_first);
  if (kind == backend_kind::authentication_sasl_final) return auth_final(exchange(2).server_final);
  return example_of(kind);
}

class StateWalk : public testing::TestWithParam<way> {
 protected:
  /// The state that a message leads to, and in which something is seen of it.
  state after(std::string const& message) {
    auto on = GetParam().script.play();
    EXPECT_EQ(name(on.state()), name(GetParam().to));
    on.take_events();
    EXPECT_EQ(on.put(message), message.size());
    event const& told = on->next();
    bool const violated = std::holds_alternative<violation>(told);
    EXPECT_EQ(violated, on.poisoned());
    if (violated && GetParam().to != state::poisoned) {
      EXPECT_EQ(name(std::get<violation>(told).in), name(GetParam().to));
    }
    waits_ = on->buffered() == message.size();
    return on.state();
  }
  bool waits_ = false;
};

TEST_P(StateWalk, EachMessageDoesWhatTheTableSays) {
  auto const& from = GetParam();
  for (std::size_t i = 0; i < backend_kinds; ++i) {
    auto const kind = static_cast<backend_kind>(i);
    SCOPED_TRACE(name(kind));
    auto const found = after(fitting(kind));
    if (from.to == state::sasl_computing || from.to == state::ended) {  // nothing is taken there
      EXPECT_EQ(name(found), name(from.to));
      EXPECT_TRUE(waits_);
      continue;
    }
    auto const does = lookup(from.to, kind);
    state expected = state::poisoned;
    switch (does.action) {
      case action::violation: break;
      case action::stay: expected = from.to; break;
      case action::go: expected = does.next; break;
      case action::finish: expected = from.finished; break;
      case action::resume: expected = from.resumed; break;
      case action::skip: expected = from.skips; break;
    }
    EXPECT_EQ(name(found), name(expected));
  }
}

TEST_P(StateWalk, AFatalErrorIsTheEnd) {
  auto const& from = GetParam();
  bool const taken = lookup(from.to, backend_kind::error_response).action != action::violation;
  bool const waits = from.to == state::sasl_computing || from.to == state::ended;
  for (auto const severity : {"FATAL", "PANIC"}) {
    auto const found = after(fields_message<error_response>(severity, "57P01", "the end"));
    EXPECT_EQ(name(found), name(waits ? from.to : taken ? state::ended : state::poisoned)) << severity;
  }
}

TEST_P(StateWalk, AMessageOfUnknownTypePoisons) {
  auto const& from = GetParam();
  bool const waits = from.to == state::sasl_computing || from.to == state::ended;
  for (char const type : {'\0', '?', 'z', 'Q', '\xff'})
    EXPECT_EQ(name(after(framed(type, "body"))), name(waits ? from.to : state::poisoned)) << type;
}

TEST_P(StateWalk, RequestsAreTakenFromIdleOnUntilTheEnd) {
  auto const& from = GetParam();
  bool const copies_in = from.to == state::executing_copy_in || from.to == state::copying_in;
  bool const taken = from.to >= state::idle && from.to < state::ended && !copies_in;
  auto on = from.script.play();
  bool const gives = from.to == state::copying_in;
  EXPECT_EQ(on->copy_data("1"), gives ? std::error_code() : make_error_code(errc::not_ready));
  EXPECT_EQ(on->query("x"), taken ? std::error_code() : make_error_code(errc::not_ready));
  EXPECT_EQ(on->start({}), from.to == state::unstarted ? std::error_code() : make_error_code(errc::not_ready));
}

INSTANTIATE_TEST_SUITE_P(, StateWalk, testing::ValuesIn(ways()),
                         [](auto const& row) { return std::string(row.param.name); });

TEST(StateTable, EveryStateIsWalked) {
  std::set<state> walked;
  for (auto const& each : ways()) walked.insert(each.to);
  EXPECT_EQ(walked.size(), states);
}

}  // namespace
}  // namespace tusk::test
