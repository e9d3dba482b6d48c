// Servers that answer FETCH, MOVE, PREPARE TRANSACTION and their like with something else: an error, never a crash, and
// where it is not known what became of a transaction the connection is closed.
#include <gtest/gtest.h>

#include <string>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

std::string ended(std::string_view tag) { return message('C', text(tag)); }
std::string status(char transaction) { return message('Z', std::string_view(&transaction, 1)); }

/// Answers BEGIN, and scripts, one after another; the last answer again and again.
class answering {
 public:
  explicit answering(std::vector<std::string> answers)
      : server_([answers = std::move(answers)](peer& client) {
          client.receive_startup();
          client.send(welcome());
          for (std::size_t i = 0;;) {
            std::string const asked = client.receive_message();
            if (asked.empty() || asked[0] == 'X') return;
            if (asked[0] == 'P') client.send(message('1'));
            if (asked[0] == 'B') client.send(message('2'));
            if (asked[0] == 'D') client.send(message('n'));
            if (asked[0] == 'E') client.send(ended("BEGIN"));
            if (asked[0] == 'S') client.send(status('T'));
            if (asked[0] == 'Q') client.send(answers[i]), i += i + 1 < answers.size() ? 1 : 0;
          }
        }) {}
  connection connect() { return tusk::connect(server_.dsn()); }

 private:
  scripted_server server_;
};

tpc_xid const id(1, "a", "b");
std::string const none = ready();

TEST(odd_answers, to_the_second_phase_close_the_connection) {
  for (std::string const& answer : {none, ended("ROLLBACK PREPARED") + ready(), ended("SELECT 0") + ready(),
                                    ended("COMMIT PREPARED") + ended("COMMIT PREPARED") + ready()}) {
    answering server({answer});
    connection conn = server.connect();
    EXPECT_TRUE(thrown<operational_error>([&] { conn.tpc_commit(id); }).is_fatal());
    EXPECT_TRUE(conn.closed());
  }
}

TEST(odd_answers, to_the_first_phase_close_the_connection) {
  for (std::string const& answer :
       {ended("COMMIT") + ready(), none, ended("PREPARE TRANSACTION") + status('T'), ended("ROLLBACK") + status('T')}) {
    answering server({ended("SELECT 1") + status('T'), answer});
    connection conn = server.connect();
    conn.tpc_begin(id);
    conn.exec("SELECT 1");
    EXPECT_TRUE(thrown<operational_error>([&] { conn.tpc_prepare(); }).is_fatal());
    EXPECT_TRUE(conn.closed());
  }
}

TEST(odd_answers, to_what_was_prepared_are_an_error) {
  answering server({none});
  connection conn = server.connect();
  EXPECT_THROW(conn.tpc_recover(), operational_error);
}

std::string one_column() {
  return message('T', int16(1) + text("i") + int32(0) + int16(0) + int32(23) + int16(4) + int32(0xffffffff) + int16(0));
}

TEST(odd_answers, to_a_cursor_at_the_server_are_an_error) {
  std::string const declared = ended("DECLARE CURSOR") + one_column() + ended("FETCH 0") + status('T');
  for (std::string const& answer :
       {none, ended("MOVE 18446744073709551615") + status('T'), ended("MOVE x") + status('T'),
        ended("CLOSE CURSOR") + status('T'), one_column() + ended("FETCH 0") + status('T')}) {
    answering server({declared, answer});
    connection conn = server.connect();
    auto cur = conn.cursor({.name = "c"});
    try {
      cur.execute("SELECT 1");
      EXPECT_THROW(cur.scroll(5), error);
      EXPECT_FALSE(cur.fetchone());
    } catch (error const&) {
      // Rows without columns, a transaction that has ended.
    }
  }
  answering server({none});
  connection conn = server.connect();
  auto cur = conn.cursor({.name = "c", .withhold = true});
  EXPECT_THROW(cur.execute("SELECT 1"), error);
}

}  // namespace
}  // namespace tusk::test
