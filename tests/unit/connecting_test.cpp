// Connecting without a connection: what it waits for, whom it tells what comes before the session is ready, and what it
// gives away then. How it fails: connecting_failures_test.cpp.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/opening.hpp"
#include "support/scram_peer.hpp"
#include "support/scripted_server.hpp"
#include "support/thrown.hpp"
#include "support/tls_peer.hpp"

namespace tusk::test {
namespace {

using client::connect_fault;
using client::connecting;

void lets_in(peer& client) {
  client.receive_startup();
  client.send(welcome());
  client.stay_silent();
}

/// Runs a query to its end over what was handed over; the tags that came.
std::vector<std::string> tags_of(protocol::session& session, client::transport& bytes) {
  std::vector<std::string> tags;
  EXPECT_FALSE(session.query("SELECT 1"));
  EXPECT_EQ(bytes.write(session.output()).bytes, session.output().size());
  session.sent(session.output().size());
  for (;;) {
    auto const& told = session.next();
    if (auto const* ended = std::get_if<protocol::command_complete>(&told)) tags.emplace_back(ended->tag);
    if (std::holds_alternative<protocol::ready_for_query>(told)) return tags;
    if (!std::holds_alternative<protocol::want_bytes>(told)) continue;
    client::wait_for(bytes.socket().descriptor(), true, false, {});
    auto const got = bytes.read(session.prepare(), false);
    if (got.status == client::io_status::want_read) continue;
    if (got.status != client::io_status::done) throw std::runtime_error(bytes.explain(got));
    session.commit(got.bytes);
  }
}

void answer_one_query(auto& client) {
  client.receive_message();
  client.send(message('C', text("SELECT 1")) + ready());
  client.stay_silent();
}

TEST(connecting_test, gives_away_a_session_and_its_bytes) {
  certificate const own;
  scripted_server const server([&](peer& client) {
    tls_peer secure(client, own);
    if (client.receive_startup().size() != 8) {
      client.send(welcome());
      return answer_one_query(client);
    }
    if (!client.send("S") || !secure.accept()) return;
    secure.receive_startup();
    secure.send(welcome());
    answer_one_query(secure);
  });
  for (std::string_view const mode : {"disable", "require"}) {
    SCOPED_TRACE(mode);
    client::transport bytes;
    protocol::session session;
    {
      opening one(server.dsn("sslmode=" + std::string(mode)));
      ASSERT_EQ(one.run(), connecting::state::connected);
      EXPECT_TRUE(one.way.failures().empty());
      EXPECT_EQ(one.way.wish().descriptor, -1);
      EXPECT_TRUE(one.way.wish().is_none());
      EXPECT_EQ(std::to_string(one.way.route().host->port), server.port());
      EXPECT_EQ(one.way.route().with_tls, mode == "require");
      bytes = std::move(one.way.transport());
      session = std::move(one.way.session());
    }
    EXPECT_EQ(session.process_id(), 4711);
    EXPECT_EQ(session.parameter("server_version"), "15.0");
    EXPECT_EQ(bytes.tls() != nullptr, mode == "require");
    EXPECT_EQ(bytes.is_bare(), mode == "disable");
    EXPECT_EQ(tags_of(session, bytes), std::vector<std::string>{"SELECT 1"});
  }
}

TEST(connecting_test, leaves_what_came_behind_the_welcome_in_the_session) {
  scripted_server const server([](peer& client) {
    client.receive_startup();
    client.send(welcome() + message('A', int32(7) + text("channel") + text("payload")));
    client.stay_silent();
  });
  int heard = 0;
  opening one(server.dsn(), {}, {.notification = [&](auto const&) { ++heard; }});
  ASSERT_EQ(one.run(), connecting::state::connected);
  EXPECT_EQ(heard, 0);
  protocol::session session = std::move(one.way.session());
  auto const* told = std::get_if<protocol::notification_response>(&session.next());
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->payload, "payload");
}

TEST(connecting_test, tells_what_is_no_part_of_it) {
  scripted_server const server([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('N', fields("WARNING", "01000", "mind the gap")) +
                message('A', int32(7) + text("channel") + text("payload")) +
                message('S', text("TimeZone") + text("UTC")) + message('K', int32(1) + int32(2)) + ready());
    client.stay_silent();
  });
  std::vector<std::string> heard;
  client::connecting_observer observer;
  observer.begun = [&] { heard.emplace_back("begun"); };
  observer.notice = [&](protocol::notice_response const& told) {
    for (auto const& each : told.fields_sent)
      if (each.code == 'M') heard.emplace_back(each.value);
  };
  observer.notification = [&](protocol::notification_response const& told) { heard.emplace_back(told.payload); };
  observer.setting = [&](protocol::parameter_status const& told) { heard.emplace_back(told.value); };
  EXPECT_EQ(opening(server.dsn(), {}, observer).run(), connecting::state::connected);
  EXPECT_EQ(heard, (std::vector<std::string>{"begun", "mind the gap", "payload", "UTC"}));
  EXPECT_EQ(opening(server.dsn()).run(), connecting::state::connected);  // nobody has to listen
}

// ---- the user's functions ----

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(connecting_test, asks_for_the_password_through_the_observer) {
  std::string told;
  scripted_server const server([&](peer& client) {
    client.receive_startup();
    client.send(authentication(3));
    told = client.receive_message();
    client.send(welcome());
    client.stay_silent();
  });
  connect_options options;
  options.password = [](password_request const& of) { return "for " + of.user; };
  int asked = 0;
  opening one(server.dsn(), options);
  client::connecting_observer observer;
  observer.password = [&](password_request const& of) {
    ++asked;
    return options.password(of) + '!';
  };
  opening other(server.dsn(), options, observer);
  ASSERT_EQ(other.run(), connecting::state::connected);
  EXPECT_EQ(told.substr(5), text("for somebody!"));
  EXPECT_EQ(asked, 1);
  ASSERT_EQ(one.run(), connecting::state::connected);
  EXPECT_EQ(told.substr(5), text("for somebody"));
  ASSERT_EQ(opening(server.dsn(), {}, observer).run(), connecting::state::connected);  // there is no callback
  EXPECT_EQ(told.substr(5), text("open_sesame"));
  EXPECT_EQ(asked, 1);
}

TEST(connecting_test, lets_what_the_users_functions_throw_pass) {
  scripted_server const server([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('N', fields("WARNING", "01000", "mind the gap")));
    client.stay_silent();
  });
  connect_options options;
  options.password = [](password_request const&) -> std::string { throw own_error("no token"); };
  EXPECT_THROW(opening(server.dsn(), options).run(), own_error);
  client::connecting_observer observer;
  observer.notice = [](auto const&) { throw own_error("unheard of"); };
  EXPECT_THROW(opening(server.dsn(), {}, observer).run(), own_error);
  // A trace's own operational_error is not taken for a try that failed, not even while dialing.
  opening one(server.dsn("sslmode=require"));
  one.way.transport().trace([](std::string_view) { throw operational_error("full"); }, {},
                            protocol::trace_from::startup);
  EXPECT_STREQ(thrown<operational_error>([&] { one.run(); }).what(), "full");
}

TEST(connecting_test, can_be_interrupted) {
  scripted_server const server([](peer& client) {
    client.receive_startup();
    client.send(message('R', int32(0)) + message('N', fields("WARNING", "01000", "mind the gap")) + welcome());
    client.stay_silent();
  });
  auto const is_interrupted = [](opening& one) {
    EXPECT_EQ(one.run(), connecting::state::failed);
    ASSERT_EQ(one.way.failures().size(), 1U);
    EXPECT_EQ(one.way.failures()[0].fault, connect_fault::interrupted);
    EXPECT_EQ(one.text(), "the connection was closed while it was being made");
    EXPECT_EQ(one.way.step(), connecting::state::failed);
    EXPECT_EQ(one.way.failures().size(), 1U);
  };
  opening before(server.dsn());
  before.way.interrupt();
  is_interrupted(before);

  opening within(server.dsn());
  while (!within.way.has_begun()) {
    within.way.step();
    within.wait();
  }
  within.way.interrupt();
  is_interrupted(within);

  connecting* way = nullptr;
  client::connecting_observer observer;
  bool told = false;
  observer.notice = [&](auto const&) {
    told = true;
    way->interrupt();
  };
  opening in_a_handler(server.dsn(), {}, observer);
  way = &in_a_handler.way;
  while (in_a_handler.way.step() == connecting::state::waiting) {
    ASSERT_FALSE(told) << "the step in which the handler was called is the last one";
    in_a_handler.wait();
  }
  is_interrupted(in_a_handler);

  observer = {};
  observer.password = [&](auto const&) {
    EXPECT_GE(way->wish().descriptor, 0);
    EXPECT_EQ(way->wish().descriptor, way->transport().socket().descriptor());
    way->abandon();
    return "";
  };
  connect_options options;
  options.password = [](auto const&) { return ""; };
  opening in_the_callback(server.dsn(), options, observer);
  way = &in_the_callback.way;
  is_interrupted(in_the_callback);
  EXPECT_FALSE(in_the_callback.way.transport().socket().is_open());
}

// ---- the wish ----

TEST(connecting_test, never_waits_and_says_what_for) {
  scripted_server const server([](peer& client) { client.stay_silent(); });
  opening one(server.dsn("connect_timeout=30"));
  auto const begun = std::chrono::steady_clock::now();
  while (!one.way.has_begun()) {
    ASSERT_EQ(one.way.step(), connecting::state::waiting);
    if (!one.way.has_begun()) one.wait();
  }
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(one.way.step(), connecting::state::waiting);
    EXPECT_EQ(one.way.wish().descriptor, one.way.transport().socket().descriptor());
    EXPECT_TRUE(one.way.wish().read);
    EXPECT_FALSE(one.way.wish().write);
    ASSERT_TRUE(one.way.wish().until);
    EXPECT_LE(*one.way.wish().until, begun + std::chrono::seconds(31));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(connecting_test, computes_keys_in_slices) {
  scripted_server const server([](peer& client) {
    play_scram(client, {.iterations = "100000"});
    client.stay_silent();
  });
  opening one(server.dsn());
  int slices = 0;
  while (one.way.step() == connecting::state::waiting) {
    auto const& wanted = one.way.wish();
    slices += one.way.has_begun() && wanted.write && !wanted.read ? 1 : 0;
    ASSERT_TRUE(client::wait_for(wanted.descriptor, wanted.read, wanted.write, {}));
  }
  EXPECT_EQ(one.way.failures().size(), 0U);
  EXPECT_GE(slices, 40);
}

TEST(connecting_test, holds_the_number_of_the_socket_before) {
  scripted_server const server(lets_in);
  opening first(server.dsn());
  ASSERT_EQ(first.run(), connecting::state::connected);
  client::transport before = std::move(first.way.transport());
  int const number = before.socket().descriptor();
  opening second(server.dsn());
  second.way.transport().take_socket(before);
  ASSERT_EQ(second.run(), connecting::state::connected);
  EXPECT_NE(second.way.transport().socket().descriptor(), number);
  EXPECT_FALSE(before.socket().is_open());
}

}  // namespace
}  // namespace tusk::test
