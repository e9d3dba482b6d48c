// Servers that send more than a client can keep: rows, notices, notifications, settings. Each is bounded in bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <tusk/protocol/errc.hpp>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/stepping.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// Where a flood ends that nothing stopped, so that a test without a limit fails in words.
constexpr std::size_t without_limit = 64 * mebibyte;
/// What the kernel may hold between a server that sends and a client that does not read.
constexpr std::size_t in_the_kernel = 32 * mebibyte;

std::string columns() {
  return message('T',
                 int16(1) + text("n") + int32(0) + int16(0) + int32(25) + int16(0xffff) + int32(0xffffffff) + int16(0));
}
std::string row_of(std::size_t size) {
  return message('D', int16(1) + int32(static_cast<std::uint32_t>(size)) + std::string(size, 'x'));
}
std::string complete() { return message('C', text("SELECT 1")); }

/// Answers whatever is asked; `send_rows` sends the rows of each statement, and is false if the client has gone.
std::function<void(peer&)> answering(std::function<bool(peer&)> send_rows) {
  return [send_rows = std::move(send_rows)](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (std::string told; !(told = client.receive_message()).empty() && told[0] != 'X';) {
      bool sent = true;
      switch (told[0]) {
        case 'P': client.send(message('1')); break;
        case 'B': client.send(message('2')); break;
        case 'D': client.send((told[5] == 'S' ? message('t', int16(0)) : "") + columns()); break;
        case 'E': sent = send_rows(client) && client.send(complete()); break;
        case 'S': client.send(ready()); break;
        case 'C': client.send(message('3')); break;
        case 'Q':
          for (auto i = std::count(told.begin(), told.end(), ';'); sent && i >= 0; --i)
            sent = client.send(columns()) && send_rows(client) && client.send(complete());
          client.send(ready());
          break;
        default: break;
      }
      if (!sent) return;
    }
  };
}

struct way {
  char const* name;
  std::size_t statements;  // that give rows
  bool async;
  std::function<void(connection&)> run;
};
void PrintTo(way const& each, std::ostream* out) { *out << each.name; }

std::vector<way> const ways = {
    {"exec", 1, false, [](connection& conn) { conn.exec("SELECT n"); }},
    {"script", 3, false, [](connection& conn) { conn.exec("SELECT n;SELECT n;SELECT n"); }},
    {"query", 1, false, [](connection& conn) { conn.query("SELECT n"); }},  // the second time it is a known one
    {"query_one", 1, false, [](connection& conn) { conn.query_value<std::string>("SELECT n"); }},
    {"query_within", 1, false, [](connection& conn) { conn.query(within(std::chrono::minutes(1)), "SELECT n"); }},
    {"statement", 1, false,
     [](connection& conn) {
       statement known = conn.prepare("SELECT n");
       known.query();
     }},
    {"cursor", 1, false, [](connection& conn) { conn.cursor().execute("SELECT n"); }},
    {"cursor_with_arguments", 1, false, [](connection& conn) { conn.cursor().execute("SELECT %s", 1); }},
    {"executemany", 3, false,
     [](connection& conn) {
       conn.cursor().executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}, {3}});
     }},
    {"start_exec", 2, true,
     [](connection& conn) {
       conn.start_exec("SELECT n;SELECT n");
       finish(conn);
     }},
    {"start_query", 1, true,
     [](connection& conn) {
       conn.start_query("SELECT n");
       finish(conn);
     }},
    {"async_executemany", 2, true,
     [](connection& conn) {
       cursor cur = conn.cursor();
       cur.executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}});
       finish(conn);
     }},
};

class rows : public testing::TestWithParam<way> {};

void expect_too_large(connection& conn, way const& how) {
  auto const error = thrown<operational_error>([&] { how.run(conn); });
  EXPECT_EQ(error.code(), errc::result_too_large);
  EXPECT_CONTAINS("limits::max_result", error.what());
  EXPECT_LACKS("message 'D'", error.what());
  EXPECT_TRUE(error.is_fatal());
  EXPECT_TRUE(conn.closed());
}

connection limited(scripted_server const& server, way const& how, std::uint64_t most) {
  connection conn = connect(server.dsn(), {.async = how.async, .autocommit = true, .limits = {.max_result = most}});
  finish(conn);
  return conn;
}

// All results of one operation count together, and those of the one before do not.
TEST_P(rows, count_by_operation) {
  way const& how = GetParam();
  std::string const row = row_of(100);
  scripted_server server(answering([&](peer& client) { return client.send(row + row); }));
  std::size_t const whole = how.statements * 2 * row.size();
  if (how.name != std::string_view("query_one")) {
    connection conn = limited(server, how, whole);
    for (int i = 0; i < 3; ++i) how.run(conn);
    EXPECT_FALSE(conn.closed());
  }
  connection conn = limited(server, how, whole - 1);
  expect_too_large(conn, how);
}

// The limit holds while they arrive.
TEST_P(rows, without_end_close_the_connection) {
  way const& how = GetParam();
  std::atomic<std::size_t> sent = 0;
  std::string const row = row_of(10'000);
  scripted_server server(answering([&](peer& client) {
    while (sent < without_limit && client.send(row)) sent += row.size();
    return true;
  }));
  connection conn = limited(server, how, mebibyte);
  expect_too_large(conn, how);
  server.wait_for_scripts();
  EXPECT_LT(sent, mebibyte + in_the_kernel);
}

// One row is refused by the length that it declares, before it has come. The server goes after a while, so that a
// client that waits for the row fails in words.
TEST_P(rows, of_great_length_are_refused_at_once) {
  way const& how = GetParam();
  scripted_server server(answering([&](peer& client) {
    client.send("D" + int32(500'000'000) + int16(1) + int32(499'999'990));
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!client.has_gone() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return false;
  }));
  connection conn = limited(server, how, mebibyte);
  expect_too_large(conn, how);
}

INSTANTIATE_TEST_SUITE_P(flood, rows, testing::ValuesIn(ways),
                         [](auto const& of) { return std::string(of.param.name); });

TEST(flood, of_a_known_statement_ends_with_the_limit) {
  std::atomic<int> asked = 0;
  std::string const row = row_of(600);
  scripted_server server(answering([&](peer& client) { return client.send(++asked < 3 ? row : row + row); }));
  connection conn = connect(server.dsn(), {.autocommit = true, .limits = {.max_result = 1000}});
  conn.query("SELECT n");
  conn.query("SELECT n");
  EXPECT_EQ(thrown<operational_error>([&] { conn.query("SELECT n"); }).code(), errc::result_too_large);
}

TEST(flood, of_types_ends_with_the_limit) {
  std::string const row = row_of(10'000);
  auto const script = answering([&](peer& client) {
    for (std::size_t sent = 0; sent < without_limit && client.send(row);) sent += row.size();
    return true;
  });
  scripted_server server(script);
  connection conn = connect(server.dsn(), {.autocommit = true, .limits = {.max_result = mebibyte}});
  EXPECT_EQ(thrown<operational_error>([&] { conn.load_types(); }).code(), errc::result_too_large);
  EXPECT_TRUE(conn.closed());
}

TEST(flood, without_a_limit_is_taken) {
  std::string const row = row_of(10'000);
  scripted_server server(answering([&](peer& client) {
    for (int i = 0; i < 300; ++i) client.send(row);
    return true;
  }));
  connection conn = connect(server.dsn(), {.autocommit = true});
  EXPECT_EQ(conn.query("SELECT n").size(), 300U);
}

// ---- what the server says by itself ----

std::string notice(std::string_view what) { return message('N', fields("NOTICE", "00000", what)); }
std::string setting(std::string_view name, std::string_view value) { return message('S', text(name) + text(value)); }

std::size_t size_of(diagnostics const& fields) {
  return fields.severity.size() + fields.severity_localized.size() + fields.sqlstate.size() + fields.message.size();
}

/// Plays these bytes to a query, then its answer.
std::function<void(peer&)> saying(std::function<void(peer&)> say) {
  return [say = std::move(say)](peer& client) {
    client.receive_startup();
    client.send(welcome());
    client.receive_message();
    say(client);
    client.send(columns() + row_of(1) + complete() + ready());
    client.stay_silent();
  };
}

TEST(flood, of_notices_leaves_a_mebibyte_of_the_newest) {
  scripted_server server(saying([](peer& client) {
    for (int i = 0; i < 200; ++i) client.send(notice(std::to_string(i) + std::string(100'000, 'n')));
  }));
  connection conn = connect(server.dsn(), {.autocommit = true});
  std::size_t told = 0;
  conn.on_notice([&](diagnostics const& each) {
    EXPECT_TRUE(each.message.starts_with(std::to_string(told) + 'n'));
    ++told;
  });
  conn.exec("SELECT n");
  EXPECT_EQ(told, 200U);
  auto const kept = conn.take_notices();
  ASSERT_EQ(kept.size(), 10U);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(kept[i].message.starts_with(std::to_string(190 + i) + 'n'));
    EXPECT_EQ(kept[i].severity, "NOTICE");
    EXPECT_EQ(kept[i].sqlstate, "00000");
    sum += size_of(kept[i]);
  }
  EXPECT_LE(sum, mebibyte);
  EXPECT_TRUE(conn.take_notices().empty());
}

TEST(flood, of_small_notices_leaves_fifty) {
  scripted_server server(saying([](peer& client) {
    client.send(notice(std::string(900'000, 'n')));
    for (int i = 0; i < 120; ++i) client.send(notice("number " + std::to_string(i)));
    client.send(notice(std::string(2'000'000, 'n')));  // too large to be kept, and pushes nobody out
  }));
  connection conn = connect(server.dsn(), {.autocommit = true});
  std::size_t longest = 0;
  conn.on_notice([&](diagnostics const& each) { longest = std::max(longest, each.message.size()); });
  conn.exec("SELECT n");
  EXPECT_EQ(longest, 2'000'000U);
  auto const kept = conn.take_notices();
  ASSERT_EQ(kept.size(), 50U);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].message, "number " + std::to_string(70 + i));
}

TEST(flood, of_notices_is_taken_in_the_midst_and_goes_on) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(welcome());
    for (int round = 0; !client.receive_message().empty(); ++round) {
      for (int i = 0; i < 30; ++i) client.send(notice(std::to_string(round) + '.' + std::to_string(i)));
      client.send(ready());
    }
  });
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.ping();
  conn.ping();
  auto const kept = conn.take_notices();
  ASSERT_EQ(kept.size(), 50U);
  EXPECT_EQ(kept.front().message, "0.10");
  EXPECT_EQ(kept.back().message, "1.29");
  conn.ping();
  ASSERT_EQ(conn.take_notices().size(), 30U);
}

TEST(flood, of_notifications_leaves_64_mebibytes_of_the_newest) {
  scripted_server server(saying([](peer& client) {
    for (unsigned i = 0; i < 100; ++i)
      client.send(message('A', int32(i) + text("channel") + text(std::string(mebibyte, 'p'))));
    client.send(message('A', int32(100) + text("channel") + text(std::string(65 * mebibyte, 'p'))));
  }));
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.exec("SELECT n");
  EXPECT_EQ(conn.notifies.size(), 63U);  // with their channels they are a little more than a mebibyte each
  EXPECT_EQ(conn.notifies.dropped(), 38U);
  EXPECT_EQ(conn.notifies.pop().value_or(notify{}).pid, 37);
}

struct settings_flood {
  char const* name;
  std::string_view value;
  bool renamed;  // each has another name
  bool closes;
};

TEST(flood, of_settings_closes_the_connection) {
  std::string const large(29'000, 'l');
  settings_flood const floods[] = {{"many large ones", large, true, true},
                                   {"many small ones", "s", true, true},
                                   {"the same again", large, false, false}};
  for (settings_flood const& flood : floods) {
    SCOPED_TRACE(flood.name);
    auto const say = [&](peer& client) {
      for (int i = 0; i < 2000; ++i)
        if (!client.send(setting("setting" + std::to_string(flood.renamed ? i : 0), flood.value))) return;
    };
    scripted_server idle(saying(say));
    connection conn = connect(idle.dsn(), {.autocommit = true});
    if (!flood.closes) {
      conn.exec("SELECT n");
      EXPECT_EQ(conn.info().parameters.size(), 3U);
      continue;
    }
    auto const error = thrown<operational_error>([&] { conn.exec("SELECT n"); });
    EXPECT_EQ(error.code(), errc::too_many_settings);
    EXPECT_CONTAINS("settings", error.what());
    EXPECT_TRUE(conn.closed());

    scripted_server starting([&](peer& client) {
      client.receive_startup();
      client.send(message('R', int32(0)));
      say(client);
      client.stay_silent();
    });
    auto const refused = thrown<operational_error>([&] { connect(starting.dsn()); });
    EXPECT_EQ(refused.code(), errc::too_many_settings);
    EXPECT_CONTAINS("settings", refused.what());
    EXPECT_TRUE(refused.is_fatal());
  }
}

// What fits is kept whole: the last one is there as the first.
TEST(flood, of_settings_below_the_limit_is_kept) {
  scripted_server server(saying([](peer& client) {
    for (int i = 0; i < 30; ++i) client.send(setting("setting" + std::to_string(i), std::string(29'000, 'l')));
  }));
  connection conn = connect(server.dsn(), {.autocommit = true});
  conn.exec("SELECT n");
  EXPECT_EQ(conn.info().parameters.size(), 32U);
  EXPECT_EQ(conn.info().parameters.back().second.size(), 29'000U);
}

}  // namespace
}  // namespace tusk::test
