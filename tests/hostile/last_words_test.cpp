// What a server said before the connection ended is told with the end; and what it says of a transaction is believed
// only if it says just that.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

std::string ended(std::string_view tag) { return message('C', text(tag)); }
std::string status(char transaction) { return message('Z', std::string_view(&transaction, 1)); }

/// Answers each message that has an answer at once: the statement is known, and gives no rows.
std::string answer_to(std::string const& asked) {
  switch (asked.empty() ? '\0' : asked[0]) {
    case 'Q': return ended("SELECT 0") + ready();
    case 'P': return message('1');
    case 'B': return message('2');
    case 'D': return (asked[5] == 'S' ? message('t', int16(0)) : std::string()) + message('n');
    case 'E': return ended("SELECT 0");
    case 'S': return ready();
    default: return {};
  }
}

/// How a statement is run that the server knows by then, or not.
struct run_by {
  char const* name;
  bool async;
  std::function<void(connection&)> once, again;
};
std::vector<run_by> const& all_ways() {
  static std::vector<run_by> const ways = {
      {"exec", false, {}, [](connection& conn) { conn.exec("SELECT"); }},
      {"exec_with_limit", false, {}, [](connection& conn) { conn.exec(within(std::chrono::seconds(20)), "SELECT"); }},
      {"query", false, {}, [](connection& conn) { conn.query("SELECT"); }},
      {"known_query", false, [](connection& conn) { conn.query("SELECT"); },
       [](connection& conn) { conn.query("SELECT"); }},
      {"execute", false, {}, [](connection& conn) { conn.cursor().execute("SELECT"); }},
      {"executemany",
       false,
       {},
       [](connection& conn) {
         conn.cursor().executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}});
       }},
      {"prepare", false, {}, [](connection& conn) { conn.prepare("SELECT"); }},
      {"poll",
       true,
       {},
       [](connection& conn) {
         conn.start_exec("SELECT");
         finish(conn);
       }},
      {"poll_query",
       true,
       {},
       [](connection& conn) {
         conn.start_query("SELECT");
         finish(conn);
       }},
      {"wait_callback",
       false,
       {},
       [](connection& conn) {
         conn.set_wait_callback(wait_select);
         conn.query("SELECT");
       }},
  };
  return ways;
}

class last_words : public testing::TestWithParam<run_by> {
 protected:
  /// The error of a statement whose answer is `bytes`, and then the end: by FIN, or by a reset.
  operational_error told(std::string const& bytes, bool reset = false) {
    std::atomic<bool> last = false;
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(welcome());
      for (;;) {
        std::string const asked = client.receive_message();
        if (asked.empty() || asked[0] == 'X') return;
        if (!last) {
          client.send(answer_to(asked));
        } else {
          client.send(bytes);
          if (!reset) return client.hang_up();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return;  // with what the client has sent unread: a reset
        }
      }
    });
    connect_options options{.async = GetParam().async, .autocommit = true};
    connection conn = connect(server.dsn(), options);
    if (options.async) finish(conn);
    if (GetParam().once) GetParam().once(conn);
    last = true;
    auto error = thrown<operational_error>([&] { GetParam().again(conn); });
    EXPECT_TRUE(conn.closed());
    EXPECT_TRUE(error.is_fatal());
    return error;
  }
};
INSTANTIATE_TEST_SUITE_P(each, last_words, testing::ValuesIn(all_ways()),
                         [](auto const& of) { return std::string(of.param.name); });

std::string const an_error = message('E', fields("ERROR", "22012", "division by zero"));

TEST_P(last_words, an_error_before_the_end) {
  for (bool const reset : {false, true}) {
    auto const error = told(an_error, reset);
    EXPECT_CONTAINS("the connection was lost", error.what());
    EXPECT_CONTAINS("division by zero (22012)", error.what());
    EXPECT_EQ(error.condition(), condition::division_by_zero);
    EXPECT_EQ(error.message(), "division by zero");
  }
}

TEST_P(last_words, an_error_before_garbage) {
  auto const error = told(an_error + "garbage");
  EXPECT_CONTAINS("the connection was closed", error.what());
  EXPECT_CONTAINS("division by zero (22012)", error.what());
}

TEST_P(last_words, an_error_before_a_fatal_one) {
  auto const error = told(an_error + message('E', fields("FATAL", "57P01", "shutting down")));
  EXPECT_CONTAINS("shutting down (57P01)", error.what());
  EXPECT_CONTAINS("division by zero (22012)", error.what());
  EXPECT_EQ(error.condition(), condition::admin_shutdown);
}

TEST_P(last_words, the_reason_of_a_crash_is_a_warning) {
  auto const error = told(message('N', fields("WARNING", "57P02", "terminating because of another's crash")));
  EXPECT_CONTAINS("the connection was lost", error.what());
  EXPECT_CONTAINS("terminating because of another's crash (57P02)", error.what());
  EXPECT_EQ(error.condition(), condition::crash_shutdown);
}

TEST_P(last_words, a_warning_that_is_not_the_reason_is_not_told) {
  EXPECT_LACKS("harmless", told(message('N', fields("WARNING", "01000", "harmless"))).what());
}

// ---- while idle ----

TEST(last_words_while_idle, the_reason_of_a_crash_is_told_by_the_next_statement) {
  std::atomic<bool> connected = false, gone = false;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    while (!connected) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    client.send(message('N', fields("WARNING", "57P02", "a crash")));
    client.hang_up();
    gone = true;
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  connected = true;
  while (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_CONTAINS("a crash (57P02)", thrown<operational_error>([&] { conn.query("SELECT 1"); }).what());
}

TEST_P(last_words, a_crash_that_the_server_survived_is_not_told) {
  enum { not_yet, warns, answers, goes };
  std::atomic<int> now = not_yet;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (;;) {
      std::string const asked = client.receive_message();
      if (asked.empty() || asked[0] == 'X') return;
      if (now == goes) return client.hang_up();
      if (now == warns) {
        client.send(message('N', fields("WARNING", "57P02", "a crash")));
        now = answers;
      }
      client.send(answer_to(asked));
    }
  });
  connect_options options{.async = GetParam().async, .autocommit = true};
  connection conn = connect(server.dsn(), options);
  if (options.async) finish(conn);
  if (GetParam().once) GetParam().once(conn);
  now = warns;
  GetParam().again(conn);
  EXPECT_EQ(now, answers);
  now = goes;
  auto const error = thrown<operational_error>([&] { GetParam().again(conn); });
  EXPECT_CONTAINS("the connection was lost", error.what());
  EXPECT_LACKS("a crash", error.what());
}

// ---- rows that would be lost ----

TEST(portal_suspended, to_an_execute_without_a_limit_is_no_success) {
  for (bool const known : {false, true}) {
    SCOPED_TRACE(known);
    std::atomic<bool> lies = false;
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(welcome());
      for (;;) {
        std::string const asked = client.receive_message();
        if (asked.empty() || asked[0] == 'X') return;
        client.send(lies && asked[0] == 'E' ? message('s') : answer_to(asked));
      }
    });
    connection conn = connect(server.dsn(), {.autocommit = true});
    if (known) conn.query("SELECT");
    lies = true;
    EXPECT_CONTAINS("message 's'", thrown<operational_error>([&] { conn.query("SELECT"); }).what());
    EXPECT_TRUE(conn.closed());
  }
}

// ---- what a server says of a transaction ----

struct lie {
  char const* name;
  char const* asked;  // what begins the statement that is answered so
  std::string answer;
  std::function<void(connection&)> act;
};
std::vector<lie> const& lies() {
  auto const commit = [](connection& conn) { conn.commit(); };
  auto const rollback = [](connection& conn) { conn.rollback(); };
  auto const nested = [](bool commits) {
    return [commits](connection& conn) {
      transaction inner{conn};
      conn.exec("SELECT");
      if (commits) return inner.commit();
      inner.rollback();
    };
  };
  static std::vector<lie> const all = {
      {"commit_then_rollback", "COMMIT", ended("COMMIT") + ended("ROLLBACK") + ready(), commit},
      {"commit_as_select", "COMMIT", ended("SELECT 1") + ready(), commit},
      {"commit_but_in_transaction", "COMMIT", ended("COMMIT") + status('T'), commit},
      {"commit_but_failed", "COMMIT", ended("COMMIT") + status('E'), commit},
      {"rolled_back_but_in_transaction", "COMMIT", ended("ROLLBACK") + status('T'), commit},
      {"commit_twice", "COMMIT", ended("COMMIT") + ended("COMMIT") + ready(), commit},
      {"rollback_as_commit", "ROLLBACK", ended("COMMIT") + ready(), rollback},
      {"rollback_but_in_transaction", "ROLLBACK", ended("ROLLBACK") + status('T'), rollback},
      {"savepoint_as_select", "SAVEPOINT", ended("SELECT 1") + status('T'), nested(true)},
      {"savepoint_but_idle", "SAVEPOINT", ended("SAVEPOINT") + ready(), nested(true)},
      {"release_as_rollback", "RELEASE", ended("ROLLBACK") + status('T'), nested(true)},
      {"release_but_failed", "RELEASE", ended("RELEASE") + status('E'), nested(true)},
      {"rollback_to_as_release", "ROLLBACK TO", ended("RELEASE") + status('T'), nested(false)},
      {"rollback_to_but_idle", "ROLLBACK TO", ended("ROLLBACK") + ended("RELEASE") + ready(), nested(false)},
      {"begin_as_commit", "BEGIN", ended("COMMIT"),
       [](connection& conn) {
         conn.commit();
         conn.exec("SELECT");
       }},
  };
  return all;
}

class transaction_lie : public testing::TestWithParam<lie> {};
INSTANTIATE_TEST_SUITE_P(each, transaction_lie, testing::ValuesIn(lies()),
                         [](auto const& of) { return std::string(of.param.name); });

TEST_P(transaction_lie, is_not_believed) {
  std::atomic<bool> lying = false;
  scripted_server server([&](peer& client) {
    client.receive_startup();
    client.send(welcome());
    bool inside = false;
    std::string parsed;
    auto const lies_now = [&](std::string_view sql) { return lying && sql.starts_with(GetParam().asked); };
    for (;;) {
      std::string const asked = client.receive_message();
      if (asked.empty() || asked[0] == 'X') return;
      std::string const sql = asked.size() > 5 ? asked.substr(5).c_str() : "";
      if (asked[0] == 'P') parsed = asked.substr(6).c_str();
      if (asked[0] == 'Q' && lies_now(sql)) {
        client.send(GetParam().answer);
      } else if (asked[0] == 'Q') {
        std::string tag = sql.substr(0, sql.find(' '));
        inside =
            (inside || tag == "SAVEPOINT") && tag != "COMMIT" && (tag != "ROLLBACK" || sql.starts_with("ROLLBACK TO"));
        std::string answer = ended(tag == "SELECT" ? "SELECT 0" : tag);
        if (sql.starts_with("ROLLBACK TO")) answer += ended("RELEASE");
        client.send(answer + status(inside ? 'T' : 'I'));
      } else if (asked[0] == 'E' && parsed == "BEGIN") {
        inside = true;
        client.send(lies_now("BEGIN") ? GetParam().answer : ended("BEGIN"));
      } else if (asked[0] == 'S') {
        client.send(status(inside ? 'T' : 'I'));
      } else {
        client.send(answer_to(asked));
      }
    }
  });
  connection conn = connect(server.dsn());
  conn.exec("SELECT");
  lying = true;
  auto const error = thrown<operational_error>([&] { GetParam().act(conn); });
  EXPECT_CONTAINS("the server answered", error.what());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_TRUE(conn.closed());
}

}  // namespace
}  // namespace tusk::test
