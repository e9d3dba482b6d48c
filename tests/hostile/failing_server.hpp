// A server that answers as it should, up to one message, in whose place it fails. So a conversation is written down
// once, and each of its steps is made to fail in turn.
//
//   failing_server server;
//   server.go_well();
//   conn.prepare("SELECT $1");
//   server.told()                                  "PDS>1tTZ": the types of the messages
//   server.fail_at(2, failure::error);             in place of the third message of the next answer
//
// After an ErrorResponse it goes on as a server does: what was sent together is skipped up to its Sync. After a failure
// that is the end of a session it says nothing more.
#pragma once

#include <chrono>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/echo_server.hpp"

namespace tusk::test {

enum class failure {
  error,    ///< an ErrorResponse
  foreign,  ///< a message that no client awaits
  end,      ///< the end of the stream
  cut,      ///< a part of the message, and the end of the stream
  fatal,    ///< an ErrorResponse that says FATAL, and the end of the stream
};
inline constexpr failure all_failures[] = {failure::error, failure::foreign, failure::end, failure::cut,
                                           failure::fatal};

/// load_types() is answered with one type.
inline std::string catalogue() {
  struct column {
    std::uint32_t type;
    std::string_view value;
  };
  constexpr column columns[] = {{26, "100000"}, {19, "public"}, {19, "color"}, {16, "t"},    {26, "25"},
                                {26, "100000"}, {26, "100001"}, {18, ","},     {1028, "{}"}, {25, "1"}};
  std::string described = int16(std::size(columns)), row = int16(std::size(columns));
  for (auto const& [type, value] : columns) {
    described += text("c") + int32(0) + int16(0) + int32(type) + int16(0xffff) + int32(0xffff'ffff) + int16(0);
    row += int32(static_cast<std::uint32_t>(value.size())) + std::string(value);
  }
  return message('T', described) + message('D', row) + message('C', text("SELECT 1")) + ready();
}

/// The messages that those bytes are.
inline std::vector<std::string_view> split(std::string_view bytes) {
  std::vector<std::string_view> all;
  while (bytes.size() >= 5) {
    std::uint32_t length = 0;  // all but the type
    for (char const c : bytes.substr(1, 4)) length = length << 8 | static_cast<unsigned char>(c);
    all.push_back(bytes.substr(0, 1 + length));
    bytes.remove_prefix(all.back().size());
  }
  return all;
}

/// See the top of this file. One client at a time.
class failing_server {
 public:
  failing_server() : server_([this](peer& client) { serve(client); }) {}

  std::string dsn() const { return server_.dsn("connect_timeout=20"); }
  /// From here on the messages of the server are counted, from 0, and that one is replaced.
  void fail_at(std::size_t step, failure how) {
    std::lock_guard const guard(lock_);
    step_ = step;
    how_ = how;
    sent_ = 0;
    failed_ = false;
    told_.clear();
  }
  /// Nothing fails.
  void go_well() { fail_at(~std::size_t{0}, failure::end); }
  /// The conversation since then: the types of the messages that the client sent together, ">", those of the answer.
  std::string told() const {
    std::lock_guard const guard(lock_);
    return told_;
  }
  bool has_failed() const {
    std::lock_guard const guard(lock_);
    return failed_;
  }

 private:
  static constexpr std::chrono::seconds patience{20};  // then the client hangs, and is let go

  /// What was asked and answered, up to the end of what the client sent together.
  struct turn {
    std::string asked, answered, bytes;
    bool is_last = false;
  };

  void serve(peer& client) {
    client.receive_startup();
    client.send(welcome());
    echoing server;
    turn now;
    bool skips = false;  // up to the Sync
    while (client.stirs_within(patience)) {
      std::string const asked = client.receive_message();
      if (asked.size() < 5 || asked[0] == 'X') return;
      now.asked += asked[0];
      bool const ends = asked[0] == 'S' || asked[0] == 'Q' || asked[0] == 'H';
      skips = skips && asked[0] != 'S';
      if (!skips && !now.is_last) skips = answer(server, asked, now);
      if (!ends) continue;
      note(now);
      client.send(now.bytes);
      if (now.is_last) return part_from(client);
      now = {};
    }
  }
  /// True: the server skips what follows.
  bool answer(echoing& server, std::string const& asked, turn& now) {
    bool const is_catalogue = asked.find("WITH RECURSIVE base(oid") != asked.npos;
    echoing const before = server;
    std::string const whole = is_catalogue ? catalogue() : server.answer(asked);
    for (std::string_view const each : split(whole)) {
      if (!is_to_fail()) {
        now.answered += each[0];
        now.bytes += each;
        continue;
      }
      now.answered += '!';
      now.bytes += instead_of(each);
      now.is_last = how_ != failure::error;
      if (now.is_last) return false;
      server = before;
      server.fail();
      if (asked[0] != 'S' && asked[0] != 'Q') return true;
      now.bytes += server.answer(message('S'));
      return false;
    }
    return false;
  }
  std::string instead_of(std::string_view good) const {
    switch (how_) {
      case failure::error: return message('E', fields("ERROR", "53200", "out of memory"));
      case failure::foreign: return message('R', int32(0));
      case failure::end: return {};
      case failure::cut: return std::string(good.substr(0, good.size() - 1));
      case failure::fatal: return message('E', fields("FATAL", "57P01", "terminating connection"));
    }
    return {};
  }
  /// Reads on, so that what was sent last is not lost with a reset.
  void part_from(peer& client) const {
    if (how_ != failure::foreign) client.end_stream();
    while (client.stirs_within(patience) && !client.receive(1).empty()) {}
  }
  bool is_to_fail() {
    std::lock_guard const guard(lock_);
    bool const here = sent_++ == step_;
    failed_ = failed_ || here;
    return here;
  }
  void note(turn const& of) {
    std::lock_guard const guard(lock_);
    told_ += (told_.empty() ? "" : " ") + of.asked + '>' + of.answered;
  }

  mutable std::mutex lock_;
  std::size_t step_ = ~std::size_t{0}, sent_ = 0;
  failure how_ = failure::end;
  bool failed_ = false;
  std::string told_;
  scripted_server server_;
};

}  // namespace tusk::test
