// A server whose answer to a statement is the statement: one row of one text column, the text and the arguments that it
// came with. So an answer that belongs to another statement is seen.
//
//   scripted_server server([](peer& client) {
//     client.receive_startup();
//     client.send(welcome());
//     echo(client);                                   until the client says goodbye, or has gone
//   });
//   connect(server.dsn()).query("SELECT $1", 7)       one row: "SELECT $1|7"
//
// It follows BEGIN, COMMIT and ROLLBACK, tells of LISTEN by its tag, and sends a NOTIFY to the client itself. FORGET
// has it forget all statements that were prepared. COPY .. TO STDOUT gives two lines, COPY .. FROM STDIN takes any.
// Works on a `peer` and on a `tls_peer`.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "support/scripted_server.hpp"

namespace tusk::test {

/// What the server knows of one client. Feed it whole messages.
class echoing {
 public:
  /// The answer to a message, all of it.
  std::string answer(std::string_view whole) {
    if (whole.size() < 5 || (skips_ && whole[0] != 'S')) return {};
    std::string_view body = whole.substr(5);
    if (copies_) return copied(whole[0], body);
    switch (whole[0]) {
      case 'Q': {
        std::string const told = simple(take_text(body));  // first: it may change the status
        return told + ready();
      }
      case 'P': {
        auto const name = take_text(body);
        statements_[name] = take_text(body);
        return message('1');
      }
      case 'B': {
        take_text(body);
        auto const found = statements_.find(take_text(body));
        if (found == statements_.end()) {
          skips_ = true;
          return message('E', fields("ERROR", "26000", "the statement is not known"));
        }
        bound_ = found->second;
        arguments_ = arguments_in(body);
        return message('2');
      }
      case 'D': return description(body);
      case 'E':
        if (body.empty() || body[0] == '\0') return rows(bound_, arguments_);
        skips_ = true;
        return message('E', fields("ERROR", "34000", "the portal is not known"));
      case 'C': return message('3');
      case 'S': skips_ = false; return ready();
      default: return {};
    }
  }
  /// A statement has failed.
  void fail() noexcept {
    status_ = status_ == 'I' ? 'I' : 'E';
    copies_ = false;
  }
  /// As a row says it.
  static std::string echo_of(std::string_view sql, std::string_view arguments = {}) {
    return std::string(sql) + std::string(arguments);
  }

 private:
  static std::string take_text(std::string_view& from) {
    auto const end = std::min(from.find('\0'), from.size());
    std::string const taken(from.substr(0, end));
    from.remove_prefix(std::min(end + 1, from.size()));
    return taken;
  }
  static std::uint32_t take_number(std::string_view& from, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size && !from.empty(); ++i, from.remove_prefix(1))
      value = value << 8 | static_cast<unsigned char>(from[0]);
    return value;
  }
  static std::string arguments_in(std::string_view body) {
    for (auto formats = take_number(body, 2); formats > 0; --formats) take_number(body, 2);
    std::string all;
    for (auto count = take_number(body, 2); count > 0; --count) {
      auto const size = take_number(body, 4);
      all += '|';
      if (size == 0xffff'ffff) {
        all += "NULL";
        continue;
      }
      all += body.substr(0, size);
      body.remove_prefix(std::min<std::size_t>(size, body.size()));
    }
    return all;
  }
  static bool gives_rows(std::string_view sql) { return sql.starts_with("SELECT") || sql.starts_with("select"); }
  static std::string columns() {
    return message(
        'T', int16(1) + text("echo") + int32(0) + int16(0) + int32(25) + int16(0xffff) + int32(0xffff'ffff) + int16(0));
  }
  /// One parameter for each place, $1 and on.
  std::string description(std::string_view body) {
    char const what = body.empty() ? 'S' : body[0];
    body.remove_prefix(std::min<std::size_t>(1, body.size()));
    std::string const sql = what == 'S' ? statements_[take_text(body)] : bound_;
    unsigned highest = 0;
    for (auto at = sql.find('$'); at != sql.npos; at = sql.find('$', at + 1))
      highest = std::max(highest, static_cast<unsigned>(std::atoi(sql.c_str() + at + 1)));
    std::string types = int16(highest);
    for (unsigned i = 0; i < highest; ++i) types += int32(25);
    return (what == 'S' ? message('t', types) : "") + (gives_rows(sql) ? columns() : message('n'));
  }
  std::string simple(std::string_view sql) {
    if (sql.empty()) return message('I');
    return (gives_rows(sql) ? columns() : "") + rows(sql, {});
  }
  /// In copy mode.
  std::string copied(char type, std::string_view body) {
    if (type == 'd') lines_ += std::count(body.begin(), body.end(), '\n');
    if (type != 'c' && type != 'f') return {};
    copies_ = false;
    if (type == 'c') return message('C', text("COPY " + std::to_string(lines_)));
    fail();
    skips_ = true;
    return message('E', fields("ERROR", "57014", "COPY from stdin failed"));
  }
  std::string rows(std::string_view sql, std::string_view arguments) {
    std::string const described = '\0' + int16(1) + int16(0);
    if (sql.starts_with("COPY") && sql.ends_with("FROM STDIN")) {
      copies_ = true;
      lines_ = 0;
      return message('G', described);
    }
    if (sql.starts_with("COPY") && sql.ends_with("TO STDOUT"))
      return message('H', described) + message('d', "one\n") + message('d', "two\n") + message('c') +
             message('C', text("COPY 2"));
    if (gives_rows(sql)) {
      std::string const value = echo_of(sql, arguments);
      return message('D', int16(1) + int32(static_cast<std::uint32_t>(value.size())) + value) +
             message('C', text("SELECT 1"));
    }
    std::string const tag(sql.substr(0, std::min(sql.find_first_of(" ;"), sql.size())));
    if (tag == "BEGIN") status_ = 'T';
    if (tag == "FORGET") statements_.clear();
    if (tag == "COMMIT" || tag == "ROLLBACK") status_ = 'I';
    std::string notified;
    if (tag == "NOTIFY")
      notified = message('A', int32(4711) + text(sql.substr(std::min<std::size_t>(7, sql.size()))) + text("told"));
    return message('C', text(tag)) + notified;
  }
  std::string ready() const { return message('Z', std::string_view(&status_, 1)); }

  std::map<std::string, std::string> statements_;
  std::string bound_, arguments_;
  char status_ = 'I';
  bool skips_ = false;   // up to the next Sync
  bool copies_ = false;  // COPY FROM STDIN goes on
  std::ptrdiff_t lines_ = 0;
};

/// Answers until the client says goodbye or has gone, what comes together at once.
template <class Peer>
void echo(Peer& client) {
  echoing server;
  std::string answer;
  for (;;) {
    std::string const message = client.receive_message();
    if (message.size() < 5 || message[0] == 'X') return;
    answer += server.answer(message);
    if (message[0] != 'S' && message[0] != 'Q' && message[0] != 'H') continue;
    if (!client.send(answer)) return;
    answer.clear();
  }
}

}  // namespace tusk::test
