// A language for conversations between a session and a scripted server.
//
//   conversation()
//       .start(options)
//       .expect_send(startup_packet(...))
//       .receive(auth_ok(), ready())
//       .expect_events("ReadyForQuery I")
//       .query("select 1")
//       .expect_send(query_packet("select 1"))
//       .receive(columns({"a"}), row({"1"}), complete("SELECT 1"), ready())
//       .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}", "ReadyForQuery I")
//       .check();
//
// check() plays it with the server's bytes in one piece, byte by byte, and cut at random: always the same events, and
// the same bytes sent. fail_every_step() of support/faults.hpp plays it once for each way in which each message of the
// server can go wrong. Steps before from_here() are taken as they are there.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/bytes.hpp"
#include "support/driven_session.hpp"
#include "support/server_messages.hpp"

namespace tusk::test {

/// Options of a user "me" with protocol 3.0; a test adds what it needs.
inline protocol::startup_options startup_options_of_me() {
  protocol::startup_options options;
  options.parameters = {{"user", "me"}};
  options.nonce = "a nonce for the tests!";
  std::erase(options.nonce, ' ');
  return options;
}

class conversation {
 public:
  /// A step is either what the server says, or something that is done or expected. Where something is played that may
  /// have gone wrong before, nothing is expected any more.
  struct step {
    std::vector<std::string> messages;
    std::function<void(driven_session&, bool strict)> act;

    /// The bytes of the first `count` messages: they arrive together, cut or not.
    std::string joined(std::size_t count) const {
      std::string bytes;
      for (std::size_t i = 0; i < count; ++i) bytes += messages[i];
      return bytes;
    }
  };

  // ---- requests ----

  conversation& start(protocol::startup_options options) {
    return request("start", [options = std::move(options)](protocol::session& on) { return on.start(options); });
  }
  conversation& query(std::string sql) {
    return request("query", [sql = std::move(sql)](protocol::session& on) { return on.query(sql); });
  }
  conversation& parse(std::string statement, std::string sql) {
    return request("parse", [statement = std::move(statement), sql = std::move(sql)](protocol::session& on) {
      protocol::parse message;
      message.statement = statement;
      message.sql = sql;
      return on.parse(message);
    });
  }
  conversation& bind(std::string portal, std::string statement) {
    return request("bind", [portal = std::move(portal), statement = std::move(statement)](protocol::session& on) {
      protocol::bind message;
      message.portal = portal;
      message.statement = statement;
      return on.bind(message);
    });
  }
  conversation& describe(protocol::described_object what, std::string of) {
    return request("describe", [what, of = std::move(of)](protocol::session& on) {
      protocol::describe message;
      message.what = what;
      message.name = of;
      return on.describe(message);
    });
  }
  conversation& describe_statement(std::string of) {
    return describe(protocol::described_object::statement, std::move(of));
  }
  conversation& describe_portal(std::string of) { return describe(protocol::described_object::portal, std::move(of)); }
  conversation& execute(std::string portal, std::optional<std::uint16_t> columns = {}, std::int32_t max_rows = 0) {
    return request("execute", [portal = std::move(portal), columns, max_rows](protocol::session& on) {
      protocol::execute message;
      message.portal = portal;
      message.max_rows = max_rows;
      return on.execute(message, columns);
    });
  }
  conversation& run(std::string statement, std::uint16_t columns) {
    return request("run", [statement = std::move(statement), columns](protocol::session& on) {
      return on.run(statement, {}, columns);
    });
  }
  conversation& close_statement(std::string of) {
    return request("close", [of = std::move(of)](protocol::session& on) {
      protocol::close message;
      message.name = of;
      return on.close(message);
    });
  }
  conversation& sync() {
    return request("sync", [](protocol::session& on) { return on.sync(); });
  }
  conversation& flush() {
    return request("flush", [](protocol::session& on) { return on.flush(); });
  }
  conversation& start_copy_in() {
    return request("copy_in", [](protocol::session& on) { return on.copy_in(); });
  }
  conversation& start_copy_out() {
    return request("copy_out", [](protocol::session& on) { return on.copy_out(); });
  }
  conversation& send_copy(std::string data) {
    return request("copy_data", [data = std::move(data)](protocol::session& on) { return on.copy_data(data); });
  }
  conversation& end_copy() {
    return request("copy_done", [](protocol::session& on) { return on.copy_done(); });
  }
  conversation& fail_copy(std::string why) {
    return request("copy_fail", [why = std::move(why)](protocol::session& on) { return on.copy_fail(why); });
  }
  conversation& terminate() {
    return request("terminate", [](protocol::session& on) {
      on.terminate();
      return std::error_code();
    });
  }

  // ---- what the server says ----

  /// Whole messages, one an argument: each can be made to fail. They arrive together.
  template <class... Text>
  conversation& receive(Text const&... messages) {
    steps_.push_back({{std::string(messages)...}, {}});
    return *this;
  }

  // ---- what is expected ----

  /// All that was sent since the last time is this.
  template <class... Text>
  conversation& expect_send(Text const&... packets) {
    std::string all;
    ((all += packets), ...);
    return act([all](driven_session& on, bool strict) {
      auto const sent = on.take_output();
      EXPECT_TRUE(!strict || readable(sent) == readable(all)) << readable(sent) << "\ninstead of\n" << readable(all);
    });
  }
  /// The events since the last time are these, as text_of() writes them.
  template <class... Text>
  conversation& expect_events(Text const&... events) {
    return act([expected = std::vector<std::string>{std::string(events)...}](driven_session& on, bool strict) {
      auto const told = on.take_events();
      if (strict) {
        EXPECT_EQ(told, expected);
      }
    });
  }
  /// Each event since the last time answers this request, and this message of it: "3 bind", or "0".
  template <class... Text>
  conversation& expect_answers(Text const&... numbers) {
    return act([expected = std::vector<std::string>{std::string(numbers)...}](driven_session& on, bool strict) {
      auto const told = on.numbers();
      on.take_events();
      if (strict) {
        EXPECT_EQ(told, expected);
      }
    });
  }
  conversation& expect_violation(std::error_code code, protocol::state in, char type) {
    return expect_events(violation_text(code, in, type)).expect_state(protocol::state::poisoned);
  }
  conversation& expect_state(protocol::state wanted) {
    return expect([wanted](driven_session& on) { EXPECT_EQ(name(on.state()), name(wanted)); });
  }
  /// Anything else.
  conversation& expect(std::function<void(driven_session&)> what) {
    return act([what = std::move(what)](driven_session& on, bool strict) {
      if (strict) what(on);
    });
  }
  /// Anything that is done to the session.
  conversation& act(std::function<void(driven_session&, bool strict)> what) {
    steps_.push_back({{}, std::move(what)});
    return *this;
  }
  /// What came before was checked elsewhere: fail_every_step() begins here.
  conversation& from_here() {
    first_failing_ = steps_.size();
    return *this;
  }
  conversation& with(protocol::limits const& limit) {
    limits_ = limit;
    return *this;
  }

  // ---- playing ----

  void check() const {
    for (auto const& how : {cuts::whole(), cuts::bytewise(), cuts::random(1), cuts::random(2), cuts::random(3)}) {
      SCOPED_TRACE(how.name());
      auto on = play(how);
      EXPECT_EQ(readable(on->output()), "") << "was sent and not expected";
      EXPECT_EQ(on.events(), std::vector<std::string>()) << "came and were not expected";
      if (testing::Test::HasFailure()) return;
    }
  }
  /// As check(), for a conversation that ends in a violation, of whatever kind: only the cut must not matter.
  void check_poisoned() const {
    auto const told = play().take_events();
    for (auto const& how : {cuts::whole(), cuts::bytewise(), cuts::random(1), cuts::random(2)}) {
      SCOPED_TRACE(how.name());
      auto on = play(how);
      EXPECT_TRUE(on.poisoned()) << name(on.state());
      EXPECT_EQ(on.take_events(), told);
    }
  }
  /// The session after all steps.
  driven_session play(cuts const& how = cuts::whole()) const {
    driven_session on(how, limits_);
    play(on, 0, steps_.size(), true);
    return on;
  }
  void play(driven_session& on, std::size_t first, std::size_t last, bool strict) const {
    for (std::size_t i = first; i < last; ++i) {
      on.feed(steps_[i].joined(steps_[i].messages.size()));
      if (!steps_[i].act) continue;
      SCOPED_TRACE("step " + std::to_string(i));
      steps_[i].act(on, strict);
    }
  }

  std::vector<step> const& steps() const noexcept { return steps_; }
  std::size_t first_failing() const noexcept { return first_failing_; }
  protocol::limits const& limits() const noexcept { return limits_; }

 private:
  conversation& request(char const* what, std::function<std::error_code(protocol::session&)> send) {
    return act([what, send = std::move(send)](driven_session& on, bool strict) {
      auto const error = send(on.get());
      EXPECT_TRUE(!strict || !error) << what << ": " << error.message();
    });
  }

  std::vector<step> steps_;
  std::size_t first_failing_ = 0;
  protocol::limits limits_;
};

/// A session that has sent StartupMessage.
inline conversation starting(protocol::startup_options const& options = startup_options_of_me()) {
  conversation script;
  script.start(options).expect_send(startup_packet(options.version, options.parameters)).expect_events();
  return script.expect_state(protocol::state::startup);
}

/// A conversation that has come to `idle` by way of `trust`; what goes on there is what is tested.
inline conversation opened() {
  conversation script = starting();
  script.receive(auth_ok(), cancel_key(), ready()).expect_events("ReadyForQuery I").from_here();
  return script;
}

}  // namespace tusk::test
