// Faults of the bytes between a session and its server, once it has begun: at every place, in both directions. What
// comes of each is the right answers up to some statement, then an operational_error; never another statement's answer.
//
//   server.set({fault::cut, direction::from_server, 17});        cuts after its 17th byte behind the startup
//   auto const told = converse(*by.make(), server.dsn());        what the client was told
//   expect_right(told, of);
//
// By every face.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/echo_server.hpp"
#include "support/faces.hpp"

namespace tusk::test {

enum class fault { none, split, bytewise, cut, reset, stall };
enum class direction { from_server, from_client };

struct byte_fault {
  fault what = fault::none;
  direction of = direction::from_server;
  std::size_t at = 0;  // so many bytes go well
  bool harmless() const noexcept { return what <= fault::bytewise; }
};
inline std::string text_of(byte_fault const& of) {
  constexpr char const* names[] = {"none", "split", "bytewise", "cut", "reset", "stall"};
  return std::string(names[static_cast<std::size_t>(of.what)]) + " at byte " + std::to_string(of.at) +
         (of.of == direction::from_server ? " of the server" : " of the client");
}

/// A peer whose bytes suffer a fault. A stall ends when `over` is set.
class faulty_peer : public client_messages<faulty_peer> {
 public:
  faulty_peer(peer& client, byte_fault const& wanted, std::atomic<bool> const& over)
      : client_(client), fault_(wanted), over_(over) {}

  bool send(std::string_view bytes) {
    if (fault_.what == fault::bytewise) {
      for (char const& each : bytes)
        if (!client_.send({&each, 1})) return false;
      return true;
    }
    bool const here = fault_.of == direction::from_server && sent_ + bytes.size() > fault_.at && !done_;
    std::size_t const good = here ? fault_.at - std::min(sent_, fault_.at) : bytes.size();
    sent_ += bytes.size();
    if (!client_.send(bytes.substr(0, good))) return false;
    return !here || (strike() && client_.send(bytes.substr(good)));
  }
  std::string receive(std::size_t count) {
    bool const here = fault_.of == direction::from_client && received_ + count > fault_.at && !done_;
    received_ += count;
    if (here && !strike()) return {};
    return client_.receive(count);
  }
  /// All that the server sent.
  std::size_t sent() const noexcept { return sent_; }
  std::size_t received() const noexcept { return received_; }

 private:
  /// False: this is the end.
  bool strike() {
    done_ = true;
    switch (fault_.what) {
      case fault::none:
      case fault::bytewise: return true;
      case fault::split: std::this_thread::yield(); return true;
      case fault::cut: client_.hang_up(); return false;
      case fault::reset: client_.reset(); return false;
      case fault::stall:
        while (!over_ && !client_.has_gone()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        client_.hang_up();
        return false;
    }
    return false;
  }

  peer& client_;
  byte_fault fault_;
  std::atomic<bool> const& over_;
  std::size_t sent_ = 0, received_ = 0;
  bool done_ = false;
};

/// An echoing server of one fault at a time, which ends a stalled session when it is asked to cancel.
class faulty_server {
 public:
  faulty_server()
      : server_([this](peer& client) {
          if (client.receive_startup().size() == 16) {
            over_ = true;
            return;
          }
          client.send(welcome());
          faulty_peer faulty(client, fault_, over_);
          echo(faulty);
          sent_ = faulty.sent();
          received_ = faulty.received();
        }) {}
  /// For the connections that come next. The one before has ended.
  void set(byte_fault const& wanted) {
    server_.wait_for_scripts();
    fault_ = wanted;
    over_ = false;
  }
  std::string dsn() const { return server_.dsn("connect_timeout=20"); }
  /// How many bytes the last session took in that direction.
  std::size_t bytes(direction of) const {
    server_.wait_for_scripts();
    return of == direction::from_server ? sent_ : received_;
  }

 private:
  byte_fault fault_;
  std::atomic<bool> over_ = false;
  std::atomic<std::size_t> sent_ = 0, received_ = 0;
  scripted_server server_;
};

/// What a client was told: answers, and the error that was the end of them.
struct told {
  std::vector<std::string> answers;
  std::string error;
  bool of_the_kind = true;  // an operational_error, and the connection is closed with it
  std::chrono::steady_clock::duration took{};
};

inline std::vector<std::string> const& right_answers() {
  static std::vector<std::string> const all{
      "SELECT $1|one", "SELECT $1|two", "SELECT 'script'", "SELECT 'script'", "SELECT 'merged'", "here", "2",
      "one\n",         "two\n"};
  return all;
}

inline void expect_right(told const& what, byte_fault const& of) {
  SCOPED_TRACE(text_of(of) + ": " + what.error);
  auto const& all = right_answers();
  ASSERT_LE(what.answers.size(), all.size());
  for (std::size_t i = 0; i < what.answers.size(); ++i) ASSERT_EQ(what.answers[i], all[i]);
  ASSERT_TRUE(what.of_the_kind);
  ASSERT_LT(what.took, std::chrono::seconds(10));
  ASSERT_TRUE(!of.harmless() || what.error.empty());
  ASSERT_TRUE(!what.error.empty() || what.answers.size() == all.size());
}

/// Runs `body`, which throws what the connection throws.
template <class Body>
told tell(Body const& body) {
  told all;
  auto const begin = std::chrono::steady_clock::now();
  try {
    body(all.answers);
  } catch (operational_error const& e) {
    all.error = e.what();
  } catch (std::exception const& e) {
    all.error = e.what();
    all.of_the_kind = false;
  }
  all.took = std::chrono::steady_clock::now() - begin;
  return all;
}

/// The conversation.
inline told converse(player& by, std::string const& dsn, std::optional<std::chrono::milliseconds> time = {}) {
  bool open = false;
  told all = tell([&](std::vector<std::string>& answers) {
    by.open(dsn);
    open = true;
    params const one("one"), two("two"), merged("merged");
    std::optional<within> limit;
    auto const limited = [&] { return time ? &limit.emplace(*time) : nullptr; };
    auto const take = [&](auto const& rows) { answers.push_back(rows[0].template get<std::string>(0)); };
    take(by.query_within(limited(), "SELECT $1", one));
    take(by.query_within(limited(), "SELECT $1", two));
    take(by.exec_within(limited(), "SELECT 'script'")[0]);
    take(by.exec_within(limited(), "SELECT 'script'")[0]);
    auto cursor = by.conn().cursor();
    by.execute_within(limited(), cursor, "SELECT %s", merged);
    answers.push_back(cursor.fetchone()->get<std::string>(0));
    by.exec_within(limited(), "NOTIFY here");
    auto const notified = by.conn().notifies.pop();
    answers.push_back(notified ? notified->channel : "nothing");
    auto const in = by.copy_in_within(limited(), "COPY item FROM STDIN", [left = 2]() mutable { return --left; });
    answers.push_back(std::to_string(in));
    by.copy_out_within(limited(), "COPY item TO STDOUT",
                       [&](std::string_view line) { return answers.emplace_back(line), true; });
  });
  if (open && !all.error.empty()) all.of_the_kind = all.of_the_kind && by.closed();
  return all;
}

}  // namespace tusk::test
