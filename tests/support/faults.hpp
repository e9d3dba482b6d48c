// Makes each step of a conversation fail in turn: every message of the server is replaced by every other one, cut
// short, lengthened, given lying lengths, left out in the middle, and followed by the end of the stream.
//
// What must come of it is told by the state table, and by nothing in the session: a message that the table does not
// allow, or that does not decode, poisons; any other leaves a session that can still be used once it is ready.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"

namespace tusk::test {

namespace faults_detail {

/// Codes by which a message that stands where it may is refused for what it says.
inline bool refuses_content(std::error_code code) {
  using protocol::errc;
  for (errc const each :
       {errc::length_too_small, errc::length_too_large, errc::bad_value, errc::row_without_description,
        errc::wrong_field_count, errc::bad_negotiation, errc::protocol_version_refused,
        errc::no_supported_sasl_mechanism, errc::password_needed, errc::cleartext_refused, errc::sasl_malformed,
        errc::sasl_bad_nonce, errc::sasl_bad_iterations, errc::sasl_too_many_iterations, errc::sasl_unknown_extension,
        errc::sasl_server_error, errc::sasl_bad_signature})
    if (code == each) return true;
  return false;
}

inline bool is_fatal(std::string_view body) {
  auto const error = protocol::decode<protocol::error_response>(body);
  return error && (error->field('V') == "FATAL" || error->field('V') == "PANIC");
}

/// Checks what came of a whole message, whose length word was right, that arrived in state `before`.
inline void check_outcome(driven_session& on, protocol::state before, std::string_view message) {
  using protocol::action;
  char const type = message[0];
  std::string_view const body = message.substr(5);
  bool const early =
      before < protocol::state::authenticated && std::string_view("RvE").find(type) == std::string_view::npos;
  auto const kind = protocol::kind_of(type, body);
  if (early || kind == protocol::no_kind || !protocol::decode_backend(type, body) ||
      protocol::lookup(before, kind).action == action::violation) {
    EXPECT_TRUE(on.poisoned()) << "in state " << name(on.state());
    EXPECT_TRUE(!on.events().empty() && on.events().back().starts_with("violation"));
    return;
  }
  auto const change = protocol::lookup(before, kind);
  if (kind == protocol::backend_kind::error_response) {
    bool const ends = is_fatal(body) || (change.action == action::go && change.next == protocol::state::ended);
    EXPECT_EQ(on.state() == protocol::state::ended, ends) << name(on.state());
    EXPECT_FALSE(on.poisoned()) << on.code().message();
    auto told = on.events();
    while (!told.empty() && told.back().starts_with("RequestSkipped")) told.pop_back();
    EXPECT_TRUE(!told.empty() && told.back().starts_with("ErrorResponse"));
    return;
  }
  if (on.poisoned()) {
    EXPECT_TRUE(refuses_content(on.code())) << on.code().message();
  } else if (change.action == action::stay) {
    EXPECT_EQ(name(on.state()), name(before));
  } else if (change.action == action::go && change.next != protocol::state::sasl_computing) {
    EXPECT_EQ(name(on.state()), name(change.next));
  }
}

/// Answers all that is under way; then the session must be idle and good for a query.
inline void check_usable(driven_session& on) {
  if (on.state() < protocol::state::authenticated) return;
  if (on.state() >= protocol::state::idle) {
    EXPECT_EQ(on->sync(), std::error_code());
    on.drain();
  }
  for (int i = 0; i < 1000 && on.state() != protocol::state::idle; ++i) {
    ASSERT_FALSE(on.over()) << "in state " << name(on.state()) << ": " << on.code().message();
    on.feed(answer_in(on.state()));
  }
  ASSERT_EQ(name(on.state()), name(protocol::state::idle));
  on.take_events();
  on.take_output();
  ASSERT_EQ(on->query("select 2"), std::error_code());
  EXPECT_EQ(on.take_output(), query_packet("select 2"));
  on.feed(columns({"a"}) + row({"2"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(on.take_events(),
            (std::vector<std::string>{"RowDescription a", "CommandComplete SELECT 1 {2}", "ReadyForQuery I"}));
  EXPECT_EQ(name(on.state()), name(protocol::state::idle));
}

/// A place in a script, and the bytes that take the place of the message there.
struct fault {
  std::size_t step, message;
  std::string name, bytes;
  bool whole = true;  ///< its length word is right, so that the table says what comes of it
};

class fault_player {
 public:
  explicit fault_player(conversation const& script) : script_(script) {}

  void fail(fault const& what) const {
    SCOPED_TRACE("message " + std::to_string(what.message) + " of step " + std::to_string(what.step) + ": " +
                 what.name);
    auto const& step = script_.steps()[what.step];
    auto const good = step.joined(what.message);
    auto first = until(what.step, cuts::whole()), second = until(what.step, cuts::whole()),
         third = until(what.step, cuts::random(what.step * 1000 + what.message));
    first.feed(good);
    auto const before = first.state();
    first.feed(what.bytes);
    second.feed(good + what.bytes);
    third.feed(good + what.bytes);
    EXPECT_EQ(first.events(), second.events()) << "another cut gives other events";
    EXPECT_EQ(first.events(), third.events()) << "another cut gives other events";
    EXPECT_EQ(first->output(), second->output());
    EXPECT_EQ(first->output(), third->output());
    if (what.whole) check_outcome(first, before, what.bytes);

    // With one the server sees sense again, with the others it goes on as if nothing had happened.
    if (what.whole && !first.over()) check_usable(first);
    std::string rest;
    for (std::size_t i = what.message + 1; i < step.messages.size(); ++i) rest += step.messages[i];
    for (auto* on : {&second, &third}) {
      on->feed(rest);
      script_.play(*on, what.step + 1, script_.steps().size(), false);
    }
  }

  /// The stream ends within the message, after `count` bytes of it: nothing is told, nothing waited for without end.
  void end_after(fault const& what, std::size_t count) const {
    SCOPED_TRACE("the stream ends " + std::to_string(count) + " bytes into message " + std::to_string(what.message) +
                 " of step " + std::to_string(what.step));
    auto on = until(what.step, cuts::whole());
    on.feed(script_.steps()[what.step].joined(what.message));
    on.take_events();
    auto const before = on.state();
    on.feed(what.bytes.substr(0, count));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::holds_alternative<protocol::want_bytes>(on->next()));
    EXPECT_EQ(on.events(), std::vector<std::string>());
    EXPECT_EQ(name(on.state()), name(before));
    EXPECT_EQ(on->buffered(), count);
    on->terminate();
    EXPECT_TRUE(std::holds_alternative<protocol::want_bytes>(on->next()));
    EXPECT_EQ(name(on.state()), name(protocol::state::ended));
  }

 private:
  driven_session until(std::size_t step, cuts const& how) const {
    driven_session on(how, script_.limits());
    script_.play(on, 0, step, false);
    on.drain();  // what was skipped needs no bytes to be told
    on.take_events();
    return on;
  }
  conversation const& script_;
};

/// Everything that can stand in place of `good`.
inline std::vector<fault> faults_of(std::size_t step, std::size_t message, std::string_view good) {
  std::vector<fault> all;
  auto const add = [&](std::string name, std::string bytes, bool whole = true) {
    all.push_back({step, message, std::move(name), std::move(bytes), whole});
  };
  for (std::size_t kind = 0; kind < protocol::backend_kinds; ++kind) {
    auto const each = static_cast<protocol::backend_kind>(kind);
    add(std::string(name(each)) + " in its place", example_of(each));
  }
  add("FATAL in its place", fatal());
  add("PANIC in its place", fields_message<protocol::error_response>("PANIC", "XX000", "no"));
  add("an early version negotiation", negotiate(protocol::protocol_version(3, 0)));

  char const type = good[0];
  std::string const body(good.substr(5));
  for (std::size_t size = 0; size<body.size(); size += body.size()> 200 ? 37 : 1)
    add("cut to " + std::to_string(size) + " bytes", framed(type, body.substr(0, size)));
  for (char const extra : {'\0', 'x', '\xff'}) add("a byte too many", framed(type, body + extra));
  for (char const unknown : {'\0', '?', '\x7f', '\xff', 'r', 'z', 'p', 'Q'})
    add("of unknown type", framed(unknown, body));

  auto const length = static_cast<std::uint32_t>(good.size() - 1);
  for (std::uint32_t const lie : {0U, 1U, 2U, 3U, 0x8000'0000U, 0xffff'fff0U, 0xffff'ffffU})
    add("with length " + std::to_string(lie), framed(type, body, lie), false);
  for (std::uint32_t const lie : {4U, 5U, length - 1, length + 1, length + 100, 0x3fff'ffffU, 0x4000'0000U})
    add("with length " + std::to_string(lie), framed(type, body, lie), lie == length);
  return all;
}

}  // namespace faults_detail

/// Lets a notice, a notification and a changed setting come before each message: nothing else may change.
inline void interrupt_every_step(conversation const& script) {
  auto const events_with = [&](std::size_t at_step, std::size_t at_message, std::string const& what, cuts how) {
    driven_session on(std::move(how), script.limits());
    std::vector<std::string> all;
    for (std::size_t step = 0; step < script.steps().size(); ++step) {
      std::string bytes;
      for (std::size_t message = 0; message < script.steps()[step].messages.size(); ++message) {
        if (step == at_step && message == at_message) bytes += what;
        bytes += script.steps()[step].messages[message];
      }
      on.feed(bytes);
      for (auto& each : on.take_events()) all.push_back(std::move(each));
      if (script.steps()[step].act) script.steps()[step].act(on, false);
    }
    return all;
  };
  constexpr std::size_t never = static_cast<std::size_t>(-1);
  auto const undisturbed = events_with(never, 0, {}, cuts::whole());
  std::pair<std::string, std::string> const any_time[] = {{notice("by the way"), "NoticeResponse by the way"},
                                                          {notification("jobs", "7"), "NotificationResponse 9 jobs 7"},
                                                          {setting("TimeZone", "CET"), "ParameterStatus TimeZone=CET"}};
  for (std::size_t step = script.first_failing(); step < script.steps().size(); ++step)
    for (std::size_t message = 0; message < script.steps()[step].messages.size(); ++message)
      for (auto const& [bytes, text] : any_time)
        for (auto const& how : {cuts::whole(), cuts::random(step * 100 + message)}) {
          SCOPED_TRACE(text + " before message " + std::to_string(message) + " of step " + std::to_string(step) + ", " +
                       how.name());
          auto all = events_with(step, message, bytes, how);
          EXPECT_EQ(std::erase(all, text), 1U);
          EXPECT_EQ(all, undisturbed);
          if (testing::Test::HasFailure()) return;
        }
}

/// The one call that fails each step in turn; see the top of this file.
inline void fail_every_step(conversation const& script) {
  faults_detail::fault_player const player(script);
  for (std::size_t step = script.first_failing(); step < script.steps().size(); ++step) {
    auto const& messages = script.steps()[step].messages;
    for (std::size_t message = 0; message < messages.size(); ++message) {
      for (auto const& each : faults_detail::faults_of(step, message, messages[message])) player.fail(each);
      std::string const& good = messages[message];
      for (std::size_t count = 0; count<good.size(); count += good.size()> 200 ? 41 : 1)
        player.end_after({step, message, "", good}, count);
      if (testing::Test::HasFailure()) return;  // one at a time can be read
    }
  }
}

/// All of it.
inline void check_all(conversation const& script) {
  script.check();
  fail_every_step(script);
  interrupt_every_step(script);
}

}  // namespace tusk::test
