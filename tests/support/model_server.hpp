// A server in the test's own thread that does a little at a time, chosen from a seed: it takes some bytes, goes on with
// a statement, sends some bytes, reads a cancel request, closes the connection that brought it. So every order of
// events can be played again.
//
//   model_server server(random);
//   connect to server.dsn();
//   while (server.step()) {}                     false: it waits for a client
//
// What it says of a statement names it, with its arguments: a row as well as an error. A client that does what costs a
// connection, or a transaction, at a real server is noted in `violations`.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"

namespace tusk::test {

struct model_rules {
  unsigned errors = 0;       ///< percent of what may fail
  unsigned longest = 4;      ///< turns that a statement takes
  bool needs_block = false;  ///< whether a statement outside of a transaction block is a violation
  bool talks = false;        ///< says now and then what nobody has asked for
};

/// What the server makes of one client's messages.
class model_session {
 public:
  using random_source = std::mt19937_64;
  model_session(random_source& random, model_rules const& rules) : random_(random), rules_(rules) {}

  std::string out;
  std::vector<std::string> violations;
  bool goes = false;  ///< it closes when all is sent

  /// Takes a whole message; false: it needs another turn.
  bool take(std::string_view whole) {
    bool const runs = whole[0] == 'Q' || whole[0] == 'E';
    if (!turns_) turns_ = runs && !skips_ ? random_() % rules_.longest : 0;
    if (*turns_ != 0 && !canceled_) return --*turns_, false;
    answer(whole[0], whole.substr(5));
    turns_.reset();
    canceled_ = false;
    return true;
  }
  /// From now on nothing fails.
  void forget_rules() { rules_ = {}; }
  /// Hits what runs; nothing else.
  void cancel() { canceled_ = turns_.has_value(); }

 private:
  struct failure {
    std::string code, text;
  };

  static std::string take_text(std::string_view& from) {
    auto const end = std::min(from.find('\0'), from.size());
    std::string const taken(from.substr(0, end));
    from.remove_prefix(std::min(end + 1, from.size()));
    return taken;
  }
  static unsigned take_number(std::string_view& from, std::size_t size) {
    unsigned value = 0;
    for (; size != 0; --size, from.remove_prefix(1)) value = value << 8 | static_cast<unsigned char>(from.at(0));
    return value;
  }
  bool happens(unsigned percent) { return random_() % 100 < percent; }
  static bool gives_rows(std::string_view sql) { return sql.starts_with("SELECT"); }
  static std::string columns() {
    return message(
        'T', int16(1) + text("echo") + int32(0) + int16(0) + int32(25) + int16(0xffff) + int32(0xffff'ffff) + int16(0));
  }
  std::string ready() const { return message('Z', std::string_view(&status_, 1)); }

  void answer(char type, std::string_view body) {
    if (rules_.talks && happens(5)) out += message('N', fields("NOTICE", "00000", "by the way"));
    if (rules_.talks && happens(5)) out += message('S', text("application_name") + text("another"));
    if (!copy_.empty()) return take_copy(type);
    if (skips_ && type != 'S') return;
    try {
      switch (type) {
        case 'Q': script(take_text(body)); break;
        case 'P': parse(body); break;
        case 'B': bind(body); break;
        case 'D': describe(body); break;
        case 'E': run(bound_, arguments_); break;
        case 'C':
          take_number(body, 1);
          statements_.erase(take_text(body));
          out += message('3');
          break;
        case 'S':
          skips_ = false;
          out += ready();
          break;
        case 'X': goes = true; break;
        default: violations.push_back(std::string("an unknown message: ") + type);
      }
    } catch (failure const& error) {
      out += message('E', fields("ERROR", error.code, error.text));
      if (status_ == 'T') status_ = 'E';
      skips_ = type != 'Q';
    }
    if (type == 'Q' && copy_.empty()) out += ready();
  }

  // ---- COPY FROM STDIN ----

  void take_copy(char type) {
    if (type == 'd' || type == 'H' || type == 'S') return;
    if (type != 'f' && type != 'c') {
      violations.push_back("a message behind COPY FROM STDIN: " + std::string(1, type));
      goes = true;
      return;
    }
    out += message('E', fields("ERROR", "57014", "failed: " + copy_));
    if (status_ == 'T') status_ = 'E';
    copy_.clear();
    out += ready();
  }

  // ---- statements ----

  void script(std::string_view sql) {
    if (sql.empty()) {
      out += message('I');
      return;
    }
    while (!sql.empty()) {
      auto const end = std::min(sql.find(';'), sql.size());
      std::string const one(sql.substr(0, end));
      sql.remove_prefix(std::min(end + 1, sql.size()));
      std::string before;
      if (gives_rows(one)) before = columns();
      std::string const now = std::exchange(out, {});
      try {
        run(one, {});
      } catch (failure const&) {
        out = now;
        throw;
      }
      out = now + before + out;
      if (!copy_.empty()) return;  // what stands behind it is never run
    }
  }
  void parse(std::string_view body) {
    auto const name = take_text(body);
    auto const sql = take_text(body);
    refuse_if_failed(sql, sql);
    if (happens(rules_.errors)) throw failure{"42P01", "failed: " + sql};
    if (!name.empty() && statements_.contains(name)) throw failure{"42P05", "there already: " + sql};
    statements_[name] = sql;
    out += message('1');
  }
  void bind(std::string_view body) {
    take_text(body);
    auto const name = take_text(body);
    auto const found = statements_.find(name);
    if (found == statements_.end()) throw failure{"26000", "not known: " + name};
    for (auto formats = take_number(body, 2); formats != 0; --formats) take_number(body, 2);
    arguments_.clear();
    for (auto count = take_number(body, 2); count != 0; --count) {
      auto const size = take_number(body, 4);
      arguments_ += '|';
      arguments_ += body.substr(0, size);
      body.remove_prefix(size);
    }
    bound_ = found->second;
    refuse_if_failed(bound_, bound_ + arguments_);
    if (bound_ != "BEGIN" && happens(rules_.errors / 2)) throw failure{"0A000", "stale: " + bound_ + arguments_};
    out += message('2');
  }
  void describe(std::string_view body) {
    bool const of_statement = take_number(body, 1) == 'S';
    std::string const sql = of_statement ? statements_[take_text(body)] : bound_;
    bool const has_place = sql.find('$') != sql.npos;
    if (of_statement) out += message('t', has_place ? int16(1) + int32(25) : int16(0));
    out += gives_rows(sql) ? columns() : message('n');
  }
  /// In a failed transaction nothing but its end is done.
  void refuse_if_failed(std::string_view sql, std::string const& shown) const {
    if (status_ == 'E' && sql != "COMMIT" && sql != "ROLLBACK") throw failure{"25P02", "aborted: " + shown};
  }
  void run(std::string const& sql, std::string const& arguments) {
    static char const* const codes[] = {"22012", "23505", "40001", "42P01", "0A000"};
    std::string const shown = sql + arguments, tag = sql.substr(0, sql.find(' '));
    if (canceled_) throw failure{"57014", "canceled: " + shown};
    refuse_if_failed(sql, shown);
    bool const ends = sql == "COMMIT" || sql == "ROLLBACK";
    if (tag == "FAIL" || (!ends && happens(rules_.errors))) throw failure{codes[random_() % 5], "failed: " + shown};
    if (sql == "BEGIN") {
      if (status_ != 'I' && rules_.needs_block) violations.emplace_back("BEGIN in a transaction");
      status_ = 'T';
    } else if (ends) {
      bool const failed = std::exchange(status_, 'I') == 'E';
      out += message('C', text(failed ? "ROLLBACK" : sql));
      return;
    } else if (status_ == 'I' && rules_.needs_block) {
      violations.push_back("outside of a transaction: " + shown);
    }
    if (sql.starts_with("COPY IN")) {
      out += message('G', std::string(1, '\0') + int16(0));
      copy_ = shown;
      return;
    }
    if (sql.starts_with("COPY OUT"))
      out += message('H', std::string(1, '\0') + int16(0)) + message('d', "1\n") + message('c');
    if (gives_rows(sql)) out += message('D', int16(1) + int32(static_cast<std::uint32_t>(shown.size())) + shown);
    out += message('C', text(gives_rows(sql) ? "SELECT 1" : tag == "INSERT" ? "INSERT 0 1" : tag));
  }

  random_source& random_;
  model_rules rules_;
  std::map<std::string, std::string> statements_;
  std::string bound_, arguments_, copy_;
  char status_ = 'I';
  bool skips_ = false, canceled_ = false;
  std::optional<unsigned long> turns_;
};

/// See the top of this file.
class model_server {
 public:
  explicit model_server(std::mt19937_64& random) : random_(random), listener_(::socket(AF_UNIX, kind, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::string const path = folder_.path() + "/.s.PGSQL.5432";
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(listener_, 16) != 0)
      throw std::runtime_error("no listener at " + path);
  }
  model_server(model_server const&) = delete;
  model_server& operator=(model_server const&) = delete;
  ~model_server() {
    forget_clients();
    ::close(listener_);
  }

  std::string dsn() const { return "host=" + folder_.path() + " port=5432 user=somebody dbname=nowhere"; }
  model_rules rules;  ///< for the next client
  /// Of the session that was begun last; null: it is at its end.
  model_session* session() { return current_ == nullptr ? nullptr : &*current_->session; }
  int cancels() const noexcept { return cancels_; }

  void forget_clients() {
    for (client& each : clients_) ::close(each.descriptor);
    clients_.clear();
    current_ = nullptr;
    cancels_ = 0;
    violations_.clear();
  }
  /// Of the last session, open or not.
  std::vector<std::string> const& violations() { return session() ? session()->violations : violations_; }
  /// The session is gone without a word; with a goodbye of the server if `says_why`.
  void hang_up(bool says_why) {
    if (current_ == nullptr) return;
    if (says_why) {
      current_->session->out += message('E', fields("FATAL", "57P01", "terminating connection"));
      current_->session->goes = true;
    } else {
      close(*current_);
    }
  }

  /// Does one thing of all that may be done now; false: there is nothing.
  bool step() {
    struct action {
      void (model_server::*what)(client&);
      client* who;
    };
    std::vector<action> all;
    if (is_readable(listener_)) all.push_back({&model_server::accept, nullptr});
    for (client& each : clients_) {
      bool const goes = each.session && each.session->goes;
      if (goes ? each.session->out.empty() : each.has_asked) all.push_back({&model_server::close, &each});
      if (!goes && !each.has_asked && is_readable(each.descriptor)) all.push_back({&model_server::receive, &each});
      if (!goes && whole(each) != 0) all.push_back({&model_server::work, &each});
      if (each.session && !each.session->out.empty()) all.push_back({&model_server::send, &each});
    }
    if (all.empty()) return false;
    auto const& [what, who] = all[random_() % all.size()];
    client nobody;
    (this->*what)(who == nullptr ? nobody : *who);
    return true;
  }

 private:
  static constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  struct client {
    int descriptor = -1;
    std::string in;
    std::optional<model_session> session;  // none: it has not said yet what it wants
    bool has_asked = false;                // for a cancel
  };

  static bool is_readable(int descriptor) {
    pollfd one{descriptor, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
  }
  /// Mostly a few bytes, now and then many.
  std::size_t portion(std::size_t most) {
    return random_() % 3 == 0 ? most : 1 + random_() % std::min<std::size_t>(most, 40);
  }
  /// The size of the first message; 0: it is not whole.
  static std::size_t whole(client const& of) {
    std::size_t const head = of.session ? 1 : 0;
    if (of.in.size() < head + 4) return 0;
    std::size_t size = 0;
    for (char const c : of.in.substr(head, 4)) size = size << 8 | static_cast<unsigned char>(c);
    return of.in.size() < head + size ? 0 : head + size;
  }

  void accept(client&) {
    int const descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) clients_.push_back({descriptor, {}, {}, false});
  }
  void receive(client& from) {
    char bytes[4096];
    auto const got = ::recv(from.descriptor, bytes, portion(sizeof bytes), 0);
    if (got <= 0) return close(from);
    from.in.append(bytes, static_cast<std::size_t>(got));
  }
  void work(client& of) {
    std::string const message = of.in.substr(0, whole(of));
    if (of.session) {
      if (of.session->take(message)) of.in.erase(0, message.size());
      return;
    }
    of.in.erase(0, message.size());
    if (message.substr(4, 4) == int32(80877102)) {
      of.has_asked = true;
      bool const fits = message.substr(8) == int32(4711) + int32(42);
      if (fits && session() != nullptr) session()->cancel();
      ++cancels_;
      return;
    }
    of.session.emplace(random_, rules);
    of.session->out = welcome();
    current_ = &of;
  }
  void send(client& to) {
    std::string& out = to.session->out;
    auto const sent = ::send(to.descriptor, out.data(), portion(out.size()), MSG_NOSIGNAL);
    if (sent < 0) return close(to);
    out.erase(0, static_cast<std::size_t>(sent));
  }
  void close(client& gone) {
    if (current_ == &gone) {
      violations_ = gone.session->violations;
      current_ = nullptr;
    }
    ::close(gone.descriptor);
    clients_.remove_if([&](client const& each) { return &each == &gone; });
  }

  std::mt19937_64& random_;
  temporary_folder folder_;
  int listener_;
  std::list<client> clients_;
  client* current_ = nullptr;
  int cancels_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace tusk::test
