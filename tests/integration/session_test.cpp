// What a session promises of a server, against a real one, with nothing but a session and a socket: an open unit and
// Flush, which requests are skipped, formats, rows of a statement that runs.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/event_text.hpp"
#include "support/unix_stream.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

class real_session {
 public:
  real_session() {
    startup_options options;
    options.parameters = {{"user", "tusk"}, {"database", "tusk"}};
    options.password = "tusk";
    options.nonce = fresh_nonce();
    sent(on.start(std::move(options)));
    take_until(state::idle);
    events.clear();
  }
  ~real_session() { on.terminate(), server_.send_all_of(on); }

  static void sent(std::error_code error) {
    if (error) throw std::system_error(error);
  }
  void parse(std::string_view sql, std::string_view name = {}) {
    protocol::parse message;
    message.statement = name;
    message.sql = sql;
    sent(on.parse(message));
  }
  /// Sends, and takes what comes until the session is in that state; the text of each event and its request's number.
  void take_until(state wanted) {
    for (;;) {
      event const& told = on.next();
      if (std::holds_alternative<working>(told)) continue;
      if (std::holds_alternative<want_bytes>(told)) {
        if (on.state() == wanted) return;
        if (on.state() >= state::ended) throw std::runtime_error("the session has ended");
        server_.send_all_of(on);
        server_.receive_into(on);
        continue;
      }
      auto const number = on.answering();
      if (auto const* error = std::get_if<error_response>(&told))
        events.push_back("error " + std::string(error->field('C')) + " of " + std::to_string(number));
      else if (number != 0)
        events.push_back(text_of(told, on));
    }
  }
  std::vector<std::string> run_query(std::string_view sql) {
    events.clear();
    sent(on.query(sql));
    take_until(state::idle);
    return std::exchange(events, {});
  }
  void exchange_bytes() {
    server_.send_all_of(on);
    server_.receive_into(on);
  }

  session on;
  std::vector<std::string> events;

 private:
  unix_stream server_;
};

using texts_of_events = std::vector<std::string>;

TEST(SessionOfAServer, AnOpenUnitIsAnsweredAfterFlush) {
  real_session to;
  to.parse("SELECT 7");
  to.sent(to.on.describe({}));
  to.sent(to.on.flush());
  to.take_until(state::open_unit);
  EXPECT_EQ(to.events, (texts_of_events{"ParseComplete", "ParameterDescription", "RowDescription ?column?"}));
  to.events.clear();
  to.sent(to.on.bind({}));
  to.sent(to.on.execute({}, {}));
  to.sent(to.on.flush());
  to.take_until(state::open_unit);
  EXPECT_EQ(to.events, texts_of_events{"CommandComplete SELECT 1 {7}"});
  to.events.clear();
  to.sent(to.on.sync());
  to.take_until(state::idle);
  EXPECT_EQ(to.events, texts_of_events{"ReadyForQuery I"});
}

// What becomes of the unit's work is another matter: 15 commits it; 18.4 says T, the Sync behind does not commit, and
// the next statement fails (XX000) and undoes it.
TEST(SessionOfAServer, AQueryInAnOpenUnitIsAnswered) {
  real_session to;
  to.run_query("CREATE TEMP TABLE t (a int)");
  to.parse("INSERT INTO t VALUES (1)");
  to.sent(to.on.bind({}));
  to.sent(to.on.execute({}, 0));
  to.sent(to.on.flush());
  to.take_until(state::open_unit);
  auto const answer = to.run_query("SELECT count(*) FROM t");
  ASSERT_EQ(answer.size(), 3U);
  EXPECT_EQ(answer[1], "CommandComplete SELECT 1 {1}");
  EXPECT_TRUE(answer[2].starts_with("ReadyForQuery ")) << answer[2];
}

// A unit that has a transaction block of its own is safe: in all versions the query goes on in it.
TEST(SessionOfAServer, AQueryBehindBeginGoesOnInItsTransaction) {
  real_session to;
  to.run_query("CREATE TEMP TABLE t (a int)");
  to.parse("BEGIN");
  to.sent(to.on.bind({}));
  to.sent(to.on.execute({}, 0));
  to.sent(to.on.query("INSERT INTO t VALUES (1); COMMIT"));
  to.sent(to.on.sync());
  to.take_until(state::idle);
  EXPECT_EQ(to.run_query("ROLLBACK; SELECT count(*) FROM t").at(2), "CommandComplete SELECT 1 {1}");
}

TEST(SessionOfAServer, SkipsWhatTheSessionTells) {
  real_session to;
  std::uint64_t const first = to.on.last_request() + 1;
  auto const skipped = [&](std::uint64_t index) { return "RequestSkipped " + std::to_string(first + index); };
  to.parse("SELEKT");
  to.sent(to.on.bind({}));
  to.sent(to.on.execute({}, 0));
  to.sent(to.on.flush());
  to.take_until(state::skipping);
  EXPECT_EQ(to.events, (texts_of_events{"error 42601 of " + std::to_string(first), skipped(1), skipped(2)}));
  to.events.clear();
  // These are sent after the error, and skipped by a server that waits for the Sync: that of run().
  to.sent(to.on.query("SELECT 1"));
  to.parse("SELECT 2");
  to.sent(to.on.run("", {}, 1));
  to.sent(to.on.query("SELECT 3"));
  to.take_until(state::idle);
  EXPECT_EQ(to.events, (texts_of_events{skipped(3), skipped(4), skipped(5), "ReadyForQuery I",
                                        "RowDescription ?column?", "CommandComplete SELECT 1 {3}", "ReadyForQuery I"}));
}

TEST(SessionOfAServer, TakesFormatsByColumn) {
  real_session to;
  to.parse("SELECT $1::int4, $2::text, $3::int2", "s");
  to.sent(to.on.sync());
  to.take_until(state::idle);
  to.events.clear();
  list_storage<field_value> const values{std::string_view("\0\0\1\2", 4), "text", "5"};
  list_storage<std::int16_t> const sent_as{1, 0, 0}, wanted_as{0, 0, 1}, all_text{0};
  to.sent(to.on.run("s", values, 3, {sent_as, wanted_as}));
  to.take_until(state::idle);
  EXPECT_EQ(to.events, texts_of_events{"UnitComplete I SELECT 1 {258|text|" + std::string("\0\5", 2) + "}"});
  to.events.clear();
  to.sent(to.on.run("s", values, 3, {sent_as, all_text}));
  to.take_until(state::idle);
  EXPECT_EQ(to.events, texts_of_events{"UnitComplete I SELECT 1 {258|text|5}"});
}

TEST(SessionOfAServer, StreamsRowsInPortions) {
  constexpr int count = 100'000;
  real_session to;
  to.sent(to.on.query("SELECT i, repeat('x', 20) FROM generate_series(1, " + std::to_string(count) + ") AS i"));
  int next = 1, portions = 0;
  auto const take = [&] {
    auto rows = to.on.take_rows();
    portions += rows.size() != 0 ? 1 : 0;
    for (row_fields const row : rows) {
      ASSERT_EQ(row[0].text(), std::to_string(next));
      ++next;
    }
    to.on.recycle(std::move(rows));
  };
  while (to.on.state() != state::idle) {
    event const& told = to.on.next();
    if (std::holds_alternative<command_complete>(told)) take();
    if (!std::holds_alternative<want_bytes>(told)) continue;
    if (to.on.state() == state::querying_rows) take();
    to.exchange_bytes();
  }
  EXPECT_EQ(next, count + 1);
  EXPECT_GT(portions, 20);
}

}  // namespace
}  // namespace tusk::test
