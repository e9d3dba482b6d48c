// Servers that begin well and then break the protocol, close, or say things at odd times.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/canned_answers.hpp"
#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

struct answer {
  char const* name;
  std::string bytes;  // to a simple query; the server closes after it
  std::error_code code;
  std::vector<std::string_view> said;
};
void PrintTo(answer const& each, std::ostream* out) { *out << each.name; }

std::vector<answer> bad_answers() {
  return {
      {"nothing", "", {}, {"the connection was lost: the server closed the connection"}},
      {"half_a_message", "T\0\0", {}, {"the connection was lost"}},
      {"rows_and_no_end", one_row("1"), {}, {"the connection was lost"}},
      {"unknown_type", std::string("\x1b[31m", 5), errc::unknown_message, {"in state querying"}},
      {"row_first", message('D', int16(0)), errc::row_without_description, {"(message 'D' in state querying)"}},
      {"authentication", message('R', int32(0)), errc::unexpected_message, {"(message 'R' in state querying)"}},
      {"ready_at_once", ready(), errc::unexpected_message, {"(message 'Z' in state querying)"}},
      {"a_third_format",
       message('T', int16(1) + column("n").replace(column("n").size() - 2, 2, int16(2))),
       errc::bad_value,
       {"(message 'T' in state querying)"}},
      {"fields_missing",
       message('T', int16(1) + column("n")) + message('D', int16(0)),
       errc::wrong_field_count,
       {"(message 'D' in state querying_rows)"}},
      {"field_too_long",
       message('T', int16(1) + column("n")) + message('D', int16(1) + int32(1000)),
       errc::truncated,
       {"(message 'D' in state querying_rows)"}},
      {"trailing_bytes", message('C', text("SELECT 1") + "more"), errc::trailing_bytes, {"in state querying)"}},
      {"huge_length", "Z" + int32(0x7fffffff), errc::length_too_large, {"in state querying"}},
      {"function_result", message('V', int32(0)), errc::unexpected_message, {"(message 'V' in state querying)"}},
  };
}

class answering : public testing::TestWithParam<answer> {};

TEST_P(answering, badly_closes_the_connection_with_an_error_that_says_where) {
  answer const& bad = GetParam();
  for (bool const async : {false, true}) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(welcome());
      client.receive_message();
      client.send(bad.bytes);
    });
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    finish(conn);
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    auto const error = thrown<operational_error>([&] {
      if (async) {
        conn.start_exec("SELECT 1");
        finish(conn);
      } else {
        conn.exec("SELECT 1");
      }
    });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(error.code(), bad.code);
    EXPECT_TRUE(error.is_fatal());
    for (std::string_view const part : bad.said) EXPECT_CONTAINS(part, error.what());
    EXPECT_LACKS("\x1b", error.what());
    EXPECT_TRUE(conn.closed());
    EXPECT_FALSE(conn.isexecuting());
    EXPECT_STREQ(thrown<interface_error>([&] { conn.poll(); }).what(), "connection already closed");
  }
}

INSTANTIATE_TEST_SUITE_P(each, answering, testing::ValuesIn(bad_answers()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(bad_session, a_column_of_a_third_format_closes_the_connection_whatever_asked) {
  using call = void (*)(connection&);
  for (call const ask : {
           call([](connection& conn) { conn.query("SELECT n"); }),
           call([](connection& conn) { conn.prepare("SELECT n"); }),
           call([](connection& conn) { conn.executemany("SELECT $1", std::vector<int>{1}); }),
           call([](connection& conn) {
             for (auto const& row : conn.stream("SELECT n")) (void)row;
           }),
           call([](connection& conn) {
             pipeline several = conn.pipeline();
             several.query("SELECT n");
             several.sync().get();
           }),
           call([](connection& conn) { conn.cursor().execute("SELECT n"); }),
       }) {
    scripted_server server([](peer& client) {
      client.receive_startup();
      client.send(welcome());
      std::string asked;
      do asked = client.receive_message();
      while (!asked.empty() && asked[0] != 'S' && asked[0] != 'H' && asked[0] != 'Q');
      std::string described = column("n");
      described.back() = 2;
      if (asked[0] != 'Q') client.send(message('1') + message('t', int16(0)));
      client.send(message('T', int16(1) + described));
      client.stay_silent();
    });
    connection conn = connect(server.dsn(), {.autocommit = true});
    auto const error = thrown<operational_error>([&] { ask(conn); });
    EXPECT_EQ(error.code(), errc::bad_value) << error.what();
    EXPECT_CONTAINS("message 'T'", error.what());
    EXPECT_TRUE(conn.closed());
  }
}

// What ends a unit that was left fails at the server, which is no news; the connection's end is.
TEST(bad_session, that_ends_behind_a_pipeline_that_was_left_is_not_waited_for) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    std::string asked;
    do asked = client.receive_message();
    while (!asked.empty() && asked[0] != 'S');
    client.send(message('1') + message('t', int16(0)) + message('n') + message('2') + message('C', text("INSERT 0 1")) +
                message('E', fields("FATAL", "57P01", "the last words")));
    client.stay_silent();
  });
  connection conn = connect(server.dsn(), {.autocommit = true, .guard_limit = std::chrono::seconds(10)});
  auto const began = std::chrono::steady_clock::now();
  {
    pipeline left = conn.pipeline();
    left.query("INSERT");
  }
  EXPECT_TRUE(conn.closed());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST(bad_session, garbage_while_idle_is_told_by_poll) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome() + message('D', int16(0)));
    client.stay_silent();
  });
  auto const error = thrown<operational_error>([&] {
    connection conn = connect(server.dsn(), {.async = true});
    finish(conn);
    wait_readable(conn, std::chrono::seconds(10));
    conn.poll();
  });
  EXPECT_CONTAINS("(message 'D' in state idle)", error.what());
}

// A notification that lies behind ReadyForQuery in the same segment is there when the call returns.
TEST(bad_session, a_notification_behind_ready_is_not_left_behind) {
  auto const script = [](peer& client) {
    client.receive_startup();
    client.send(welcome() + notification("at the start"));
    for (int i = 0; !client.receive_message().empty() && i < 3; ++i)
      client.send(notification("before") + one_row("7") + ready() + notice("n") + notification("after"));
  };
  for (bool const async : {false, true}) {
    scripted_server server(script);
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    finish(conn);
    EXPECT_EQ(conn.notifies.pop().value_or(notify{}).payload, "at the start");
    for (int i = 0; i < 3; ++i) {
      if (async) {
        conn.start_exec("SELECT 7");
        finish(conn);
        EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
      } else {
        EXPECT_EQ(conn.exec("SELECT 7")[0][0].get<int>(0), 7);
      }
      EXPECT_EQ(conn.notifies.size(), 2U);
      EXPECT_EQ(conn.notifies.pop().value_or(notify{}).payload, "before");
      EXPECT_EQ(conn.notifies.pop().value_or(notify{}).payload, "after");
      EXPECT_EQ(conn.take_notices().size(), 1U);
    }
  }
}

// The server sends notices and does not read until all of them are taken: a client that only writes stands still.
TEST(bad_session, both_sides_write_at_once) {
  std::string const large(10'000'000, 'y');
  auto const script = [](peer& client) {
    client.shrink_buffers();
    client.receive_startup();
    client.send(welcome());
    client.receive(1);
    std::string const more = notice(std::string(10'000, 'n'));
    for (int i = 0; i < 1000; ++i) client.send(more);
    client.receive(4 + 10'000'000 + 1);
    client.send(one_row("7") + ready());
    client.stay_silent();
  };
  for (bool const async : {false, true}) {
    scripted_server server(script);
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    finish(conn);
    conn.start_exec(large);
    finish(conn);
    EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
    EXPECT_EQ(conn.take_notices().size(), 50U);
  }
  scripted_server server(script);
  connection conn = connect(server.dsn(), {.autocommit = true});
  EXPECT_EQ(conn.exec(large)[0][0].get<int>(0), 7);
}

TEST(bad_session, one_poll_does_not_take_all_that_comes) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    std::string const more = notice(std::string(10'000, 'n'));
    while (client.send(more)) {}
  });
  connection conn = connect(server.dsn(), {.async = true});
  finish(conn);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(conn.poll(), poll_status::ok);  // each comes back
}

// What was done is done: the reason why the connection ended right behind it is the next call's.
TEST(bad_session, fatal_behind_ready_is_the_error_of_the_next_call) {
  for (bool const async : {false, true}) {
    scripted_server server([](peer& client) {
      client.receive_startup();
      client.send(welcome());
      client.receive_message();
      client.send(one_row("7") + ready() + message('E', fields("FATAL", "57P05", "idle for too long")));
      client.stay_silent();
    });
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    finish(conn);
    if (async) {
      conn.start_exec("SELECT 7");
      finish(conn);
      EXPECT_EQ(conn.take_results()[0][0].get<int>(0), 7);
    } else {
      EXPECT_EQ(conn.exec("SELECT 7")[0][0].get<int>(0), 7);
    }
    EXPECT_TRUE(conn.closed());
    EXPECT_FALSE(conn.isexecuting());
    auto const error =
        thrown<operational_error>([&] { async ? (void)conn.start_exec("SELECT 7") : (void)conn.exec("SELECT 7"); });
    EXPECT_EQ(error.sqlstate().str(), "57P05");
    EXPECT_TRUE(error.is_fatal());
    EXPECT_STREQ(thrown<interface_error>([&] { conn.poll(); }).what(), "connection already closed");
  }
}

// An ERROR and then the end: that the connection is gone is what counts.
TEST(bad_session, a_close_behind_an_error_is_fatal) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.receive_message();
    client.send(message('E', fields("ERROR", "22012", "division by zero")));
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  EXPECT_TRUE(thrown<operational_error>([&] { conn.exec("SELECT 1/0"); }).is_fatal());
  EXPECT_TRUE(conn.closed());
}

// The statement whose text an error's position points into may be gone when the server speaks.
TEST(bad_session, fatal_while_idle_after_a_statement_that_is_gone) {
  std::atomic<bool> gone = false;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    receive_messages(client, 3);
    client.send(message('1') + message('t', int16(0)) + message('T', int16(1) + column("n")) + ready());
    receive_messages(client, 3);
    client.send(next_answer());
    while (!gone) std::this_thread::yield();
    client.send(message('E', 'P' + text("3") + fields("FATAL", "57P01", "the end")));
    client.stay_silent();
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  {
    statement made = conn.prepare("SELECT n");
    EXPECT_EQ(made.query()[0].get<int>(0), 8);
  }
  gone = true;
  ASSERT_TRUE(wait_readable(conn, std::chrono::seconds(10)));
  auto const error = thrown<operational_error>([&] { conn.poll(); });
  EXPECT_STREQ(error.what(), "FATAL:  the end (57P01)");
}

TEST(bad_session, the_first_error_of_an_operation_wins) {
  for (bool const async : {false, true}) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(welcome());
      client.receive_message();
      client.send(message('C', text("SELECT 1")) + message('E', fields("ERROR", "22012", "the first")) +
                  message('E', fields("ERROR", "42601", "the second")) + ready());
      client.receive_message();
      client.send(message('C', text("SELECT 1")) + ready());
      client.stay_silent();
    });
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    if (async) finish(conn);
    auto const run = [&] {
      if (!async) return conn.exec("SELECT 1");
      conn.start_exec("SELECT 1");
      finish(conn);
      return conn.take_results();
    };
    EXPECT_CONTAINS("the first", thrown<data_error>([&] { run(); }).what());
    EXPECT_EQ(run().size(), 1U);
  }
}

TEST(bad_session, a_session_that_is_ended_between_rows_tells_the_servers_last_words) {
  for (bool const async : {false, true}) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(welcome());
      client.receive_message();
      std::string const row = one_row("1");
      client.send(row.substr(0, row.size() - message('C', text("SELECT 1")).size()) +
                  message('E', fields("FATAL", "57P01", "terminating")));
    });
    connection conn = connect(server.dsn(), {.async = async, .autocommit = true});
    if (async) finish(conn);
    cursor cur = conn.cursor();
    auto const error = thrown<operational_error>([&] {
      cur.execute("SELECT 1");
      finish(conn);
    });
    EXPECT_EQ(error.sqlstate().str(), "57P01");
    EXPECT_TRUE(error.is_fatal());
    EXPECT_TRUE(conn.closed());
    EXPECT_FALSE(conn.isexecuting());
    EXPECT_STREQ(thrown<interface_error>([&] { cur.fetchone(); }).what(), "connection already closed");
    EXPECT_STREQ(thrown<interface_error>([&] { cur.execute("SELECT 1"); }).what(), "connection already closed");
  }
}

TEST(bad_session, one_that_is_ended_while_connecting_tells_the_servers_last_words) {
  enum class by { blocking, polled, callback };
  for (by const how : {by::blocking, by::polled, by::callback}) {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(message('R', int32(0)) + message('E', fields("FATAL", "57P01", "terminating")));
    });
    connect_options options{.async = how == by::polled};
    if (how == by::callback) options.wait_callback = [](connection& conn) { finish(conn); };
    auto const error = thrown<operational_error>([&] {
      connection conn = connect(server.dsn(), options);
      finish(conn);
    });
    EXPECT_EQ(error.sqlstate().str(), "57P01");
    EXPECT_CONTAINS("terminating", error.what());
    EXPECT_TRUE(error.is_fatal());
  }
}

}  // namespace
}  // namespace tusk::test
