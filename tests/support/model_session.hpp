// What a model of the server makes of one client's messages, a turn at a time; see model_server.hpp.
//
// What it says of a statement names it, with its arguments: a row as well as an error. A client that does what costs a
// connection, or a transaction, at a real server is noted in `violations`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"

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

  /// A row of what is copied by a statement, into it or out of it.
  static std::string row_of(std::string_view statement, std::size_t index) {
    return std::string(statement) + " row " + std::to_string(index) + '\n';
  }

  std::string out;
  std::vector<std::string> violations;
  bool goes = false;  ///< it closes when all is sent

  /// Takes a whole message; false: it needs another turn.
  bool take(std::string_view whole) {
    bool const runs = copy_.empty() && (whole[0] == 'Q' || whole[0] == 'E');
    if (!turns_) turns_ = runs && !skips_ ? random_() % rules_.longest : 0;
    if (*turns_ != 0 && !canceled_) {
      if (whole[0] == 'E' && bound_.starts_with("COPY OUT") && status_ != 'E') give_copied();
      return --*turns_, false;
    }
    answer(whole[0], whole.substr(5));
    turns_.reset();
    canceled_ = false;
    return true;
  }
  /// From now on nothing fails.
  void forget_rules() { rules_ = {}; }
  /// Hits what runs; nothing else. A COPY FROM STDIN is hit when its next message comes.
  void cancel() { canceled_ = turns_.has_value() || !copy_.empty(); }

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
    if (!copy_.empty()) return take_copy(type, body);
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
        case 'H': break;
        default: violations.push_back(std::string("an unknown message: ") + type);
      }
    } catch (failure const& error) {
      out += message('E', fields("ERROR", error.code, error.text));
      if (status_ == 'T') status_ = 'E';
      skips_ = type != 'Q';
    }
    gives_copied_ = false;
    given_ = 0;
    is_script_ = type == 'Q';
    if (is_script_ && copy_.empty()) out += ready();
  }

  // ---- COPY ----

  void take_copy(char type, std::string_view body) {
    if (type == 'H' || type == 'S') return;  // dropped
    if (type != 'd' && type != 'f' && type != 'c') {
      violations.push_back("a message behind COPY FROM STDIN: " + std::string(1, type));
      goes = true;
      return;
    }
    if (canceled_) return end_copy("57014", "canceled: ");
    if (type == 'f' || (is_script_ && type == 'c')) return end_copy("57014", "failed: ");
    if (happens(rules_.errors / 2)) return end_copy("22P02", "failed: ");
    copied_ += body;
    if (type == 'd') return;
    auto const rows = static_cast<std::size_t>(std::count(copied_.begin(), copied_.end(), '\n'));
    std::string whole;
    for (std::size_t i = 0; i < rows; ++i) whole += row_of(copy_, i);
    if (copied_ != whole) violations.push_back("not the data of " + copy_ + ": " + copied_);
    out += message('C', text("COPY " + std::to_string(rows)));
    copy_.clear();
  }
  void end_copy(char const* code, char const* what) {
    out += message('E', fields("ERROR", code, what + copy_));
    if (status_ == 'T') status_ = 'E';
    copy_.clear();
    skips_ = !is_script_;
    if (is_script_) out += ready();
  }
  void begin_copied() {
    if (!std::exchange(gives_copied_, true)) out += message('H', std::string(1, '\0') + int16(0));
  }
  /// Some rows of a COPY TO STDOUT.
  void give_copied() {
    begin_copied();
    for (auto count = random_() % 4; count != 0; --count) out += message('d', row_of(bound_, given_++));
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
      copied_.clear();
      return;
    }
    if (sql.starts_with("COPY OUT")) {
      begin_copied();
      out += message('d', row_of(sql, given_++));
      out += message('c') + message('C', text("COPY " + std::to_string(given_)));
      return;
    }
    if (gives_rows(sql)) out += message('D', int16(1) + int32(static_cast<std::uint32_t>(shown.size())) + shown);
    out += message('C', text(gives_rows(sql) ? "SELECT 1" : tag == "INSERT" ? "INSERT 0 1" : tag));
  }

  random_source& random_;
  model_rules rules_;
  std::map<std::string, std::string> statements_;
  std::string bound_, arguments_;
  std::string copy_, copied_;  // the COPY FROM STDIN that goes on, and its data
  std::size_t given_ = 0;      // rows of a COPY TO STDOUT
  char status_ = 'I';
  bool skips_ = false, canceled_ = false, gives_copied_ = false, is_script_ = false;
  std::optional<unsigned long> turns_;
};

}  // namespace tusk::test
