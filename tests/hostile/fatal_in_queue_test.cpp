// What the server says, and what happens, while operations wait in the queue and none of them has been sent: the fate
// of a cancel request is waited for. Nothing of it is theirs.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <tusk/tusk.hpp>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using namespace std::chrono_literals;

/// A server whose session has answered a script that a cancel request was sent for, and whose end the request does not
/// tell. `then` goes on with the session.
class held_session {
 public:
  explicit held_session(std::function<void(peer&)> then) : then_(std::move(then)) {}

  std::string dsn() const { return server_.dsn(); }
  /// A connection on which nothing is sent any more, though nothing is at the server.
  connection made() {
    connection conn = connect(dsn(), {.async = true});
    finish(conn);
    auto target = conn.start_exec("SELECT 'target'");
    conn.poll();
    conn.cancel();
    while (!target.ready()) {
      poll_status const wanted = conn.poll();
      if (!target.ready()) wait_once(conn, wanted);
    }
    target.get();
    return conn;
  }
  void go_on() { may_go_on_ = true; }

 private:
  void serve(peer& client) {
    if (client.receive_startup().size() == 16) {  // CancelRequest
      requested_ = true;
      while (!client.has_gone()) std::this_thread::sleep_for(1ms);  // or the first of the queue would be sent
      return;
    }
    client.send(welcome());
    client.receive_message();
    while (!requested_ && !client.has_gone()) std::this_thread::sleep_for(1ms);
    client.send(message('C', text("SELECT 0")) + ready());
    while (!may_go_on_ && !client.has_gone()) std::this_thread::sleep_for(1ms);
    then_(client);
    client.stay_silent();
  }

  std::function<void(peer&)> then_;
  std::atomic<bool> requested_ = false, may_go_on_ = false;
  scripted_server server_{[this](peer& client) { serve(client); }};
};

TEST(unsent_front, a_fatal_error_with_a_position_has_no_line_of_its_text) {
  held_session server([](peer& client) {
    std::string const position = 'P' + text("8");
    client.send(message('E', 'S' + text("FATAL") + 'V' + text("FATAL") + 'C' + text("57P01") + 'M' +
                                 text("the server goes") + position + '\0'));
    client.hang_up();
  });
  connection conn = server.made();
  auto first = conn.start_query("SELECT nothing"), second = conn.start_query("SELECT more");
  tusk::pipeline p = conn.pipeline();
  auto third = p.query("SELECT a_third");
  auto end = p.sync();
  EXPECT_FALSE(first.ready());
  server.go_on();
  try {
    finish(conn);
  } catch (operational_error const& e) {
    EXPECT_TRUE(e.is_fatal());
  }
  EXPECT_TRUE(conn.closed());
  for (auto* each : {&first, &second, &third}) {
    auto const why = thrown<operational_error>([&] { each->get(); });
    EXPECT_CONTAINS("the server goes", why.what());
    EXPECT_LACKS("LINE", why.what());
    EXPECT_LACKS("SELECT", why.what());
    EXPECT_LACKS("^", why.what());
    EXPECT_TRUE(why.is_fatal());
  }
  EXPECT_CONTAINS("the server goes", thrown<operational_error>([&] { end.get(); }).what());
}

// It would have gone into a unit that is in no queue any more, and never ended.
TEST(unsent_front, a_unit_that_is_cancelled_before_it_is_sent_takes_no_more_requests) {
  held_session server([](peer&) {});
  connection conn = server.made();
  tusk::pipeline p = conn.pipeline();
  auto x = p.query("SELECT 1");
  conn.cancel();
  EXPECT_TRUE(x.ready());
  EXPECT_CONTAINS("before it was sent", thrown<query_canceled>([&] { p.query("SELECT 2"); }).what());
  EXPECT_THROW(x.get(), query_canceled);
  p.sync().get();
  server.go_on();
}

}  // namespace
}  // namespace tusk::test
