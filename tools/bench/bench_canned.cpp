// A server that plays canned answers, so that a client's instructions can be counted without PostgreSQL, and come out
// the same each time.
//
//   bench_canned FOLDER PORT       listens on FOLDER/.s.PGSQL.PORT, says "ready", ends when its standard input does
//
// It asks for no password, and answers Parse, Describe, Bind, Execute, Sync and Query with messages that are made once,
// in the shape of PostgreSQL's: `select 1+1`, the pg_type query, generate_series(1, n), a hundred notifications, a
// hundred notices. An answer goes out as PostgreSQL sends it, 8 KiB at a time, and each piece only when the one before
// was read: so the client's reads do not depend on time.

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "bench.hpp"

namespace {

using bench::int16, bench::int32, bench::message, bench::zero_ended;

[[noreturn]] void fail(std::string const& what) { throw std::system_error(errno, std::generic_category(), what); }

// ---- what is played ----

struct column {
  char const* name;
  int type, size;
};

struct recording {
  std::string description, rows, tag;
};

std::string row_description(std::vector<column> const& columns) {
  std::string body = int16(static_cast<int>(columns.size()));
  for (column const& each : columns)
    body += zero_ended(each.name) + int32(0) + int16(0) + int32(each.type) + int16(each.size) + int32(-1) + int16(0);
  return message('T', body);
}

std::string data_row(std::vector<std::string> const& fields) {
  std::string body = int16(static_cast<int>(fields.size()));
  for (std::string const& each : fields) body += int32(static_cast<std::int64_t>(each.size())) + each;
  return message('D', body);
}

std::string complete(std::size_t rows) {
  return message('C', zero_ended(std::string("SELECT ").append(std::to_string(rows))));
}

recording series(int rows) {
  recording made{row_description({{"i", 23, 4}}), {}, complete(static_cast<std::size_t>(rows))};
  for (int i = 1; i <= rows; ++i) made.rows += data_row({std::to_string(i)});
  return made;
}

recording wide() {
  constexpr int columns = 100, rows = 100;
  recording made{row_description({columns, column{"i", 23, 4}}), {}, complete(rows)};
  for (int i = 1; i <= rows; ++i) made.rows += data_row({columns, std::to_string(i)});
  return made;
}

/// As in a new database: some base types, then a row type a catalogue and an array type for each of either.
recording pg_type() {
  constexpr int rows = 600;
  constexpr std::string_view words[] = {"stat",  "user",   "tables",      "index",      "view",  "foreign",
                                        "range", "column", "replication", "constraint", "role_", "progress"};
  recording made{row_description({{"typname", 19, 64},
                                  {"typnamespace", 26, 4},
                                  {"typowner", 26, 4},
                                  {"typlen", 21, 2},
                                  {"typbyval", 16, 1},
                                  {"typcategory", 18, 1},
                                  {"typispreferred", 16, 1},
                                  {"typisdefined", 16, 1},
                                  {"typdelim", 18, 1},
                                  {"typrelid", 26, 4},
                                  {"typelem", 26, 4},
                                  {"typarray", 26, 4}}),
                 {},
                 complete(rows)};
  for (int i = 0; i < rows; ++i) {
    bool const base = i<120, array = i % 2 == 1, information_schema = i> 460;
    std::string name(array ? "_" : "");
    if (!base && !information_schema) name.append("pg_");
    name.append(words[static_cast<std::size_t>(i / 2 % 12)]);
    if (!base) name.append(1, '_').append(words[static_cast<std::size_t>(i / 24 % 12)]);
    int const oid = base ? 16 + i * 30 : 9970 + i * 7;
    std::string const other = std::to_string(oid + (array ? -1 : 1));
    made.rows += data_row(
        {name, information_schema ? "13207" : "11", "10", base && !array ? "4" : "-1", base && !array ? "t" : "f",
         array  ? "A"
         : base ? "N"
                : "C",
         "f", "t", ",", base || array ? "0" : std::to_string(oid - 1), array ? other : "0", array ? "0" : other});
  }
  return made;
}

/// To oneself: they come when the statement's transaction has ended.
recording notifications() {
  recording made{row_description({{"count", 20, 8}}), data_row({"100"}), complete(1)};
  for (int i = 1; i <= 100; ++i)
    made.tag += message('A', int32(4711) + zero_ended("bench") + zero_ended("article " + std::to_string(i)));
  return made;
}

/// As RAISE NOTICE in a DO block makes them.
recording notices() {
  recording made;
  for (int i = 1; i <= 100; ++i) {
    std::string body;
    for (auto const& [field, value] : std::initializer_list<std::pair<char, std::string>>{
             {'S', "NOTICE"},
             {'V', "NOTICE"},
             {'C', "00000"},
             {'M', std::string("article ").append(std::to_string(i))},
             {'W', "PL/pgSQL function inline_code_block line 1 at RAISE"},
             {'F', "pl_exec.c"},
             {'L', "3923"},
             {'R', "exec_stmt_raise"}})
      body.append(1, field).append(zero_ended(value));
    made.tag += message('N', body + '\0');
  }
  made.tag += message('C', zero_ended("DO"));
  return made;
}

recording const& recorded(std::string const& sql) {
  static std::map<std::string, recording> made;
  auto found = made.find(sql);
  if (found != made.end()) return found->second;
  constexpr std::string_view numbers = "from generate_series(1, ";
  recording fresh;
  if (auto const at = sql.find(numbers); at != sql.npos && sql.starts_with("select i from"))
    fresh = series(std::atoi(sql.c_str() + at + numbers.size()));
  else if (sql.starts_with("select i, i, i"))
    fresh = wide();
  else if (sql.find("pg_type") != sql.npos)
    fresh = pg_type();
  else if (sql.find("pg_notify") != sql.npos)
    fresh = notifications();
  else if (sql.starts_with("do "))
    fresh = notices();
  else if (sql == "LISTEN \"bench\"")
    fresh.tag = message('C', zero_ended("LISTEN"));
  else if (sql == "select 1+1")
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"2"}), complete(1)};
  else
    throw std::runtime_error("nothing is recorded for: " + sql);
  return made.emplace(sql, std::move(fresh)).first->second;
}

// ---- the connection ----

struct closed {};

class connection {
 public:
  explicit connection(int descriptor) : descriptor_(descriptor) {}
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection() { ::close(descriptor_); }

  void serve() {
    start();
    for (;;) {
      char const type = take(1)[0];
      std::string const body = take_body();
      if (type == 'X') return;
      answer(type, body);
      if (type == 'S' || type == 'Q') {
        answer_ += message('Z', "I");
        send();
      }
    }
  }

 private:
  void start() {
    constexpr int ssl_request = 80877103, gss_request = 80877104;
    for (;;) {
      std::string const body = take_body();
      int const code = number(body);
      if (code != ssl_request && code != gss_request) break;
      answer_.push_back('N');
      send();
    }
    answer_ = message('R', int32(0));
    for (auto const& [name, value] :
         std::initializer_list<std::pair<char const*, char const*>>{{"server_version", "15.18 (canned)"},
                                                                    {"server_encoding", "UTF8"},
                                                                    {"client_encoding", "UTF8"},
                                                                    {"DateStyle", "ISO, MDY"},
                                                                    {"TimeZone", "UTC"},
                                                                    {"integer_datetimes", "on"},
                                                                    {"standard_conforming_strings", "on"}})
      answer_ += message('S', zero_ended(name) + zero_ended(value));
    answer_ += message('K', int32(4711) + int32(815)) + message('Z', "I");
    send();
  }

  void answer(char type, std::string const& body) {
    char const* const first = body.c_str();
    switch (type) {
      case 'P':
        statements_[first] = &recorded(first + std::strlen(first) + 1);
        answer_ += message('1', "");
        break;
      case 'B': {
        char const* const statement = first + std::strlen(first) + 1;
        portal_ = statements_.at(statement);
        answer_ += message('2', "");
        break;
      }
      case 'D':
        if (*first == 'S') answer_ += message('t', int16(0)) + statements_.at(first + 1)->description;
        if (*first == 'P') answer_ += portal_->description;
        break;
      case 'E': answer_ += portal_->rows + portal_->tag; break;
      case 'C': answer_ += message('3', ""); break;
      case 'Q': {
        recording const& played = recorded(first);
        answer_ += played.description + played.rows + played.tag;
        break;
      }
      default: break;  // Sync and Flush say nothing by themselves
    }
  }

  void send() {
    constexpr std::size_t piece = 8192;
    for (std::size_t at = 0; at < answer_.size(); at += piece) {
      if (at != 0) wait_until_read();
      std::string_view const next = std::string_view(answer_).substr(at, piece);
      if (::send(descriptor_, next.data(), next.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(next.size()))
        fail("sending");
    }
    answer_.clear();
  }

  void wait_until_read() const {
    for (int unread = 0;; ::usleep(20)) {
      if (::ioctl(descriptor_, SIOCOUTQ, &unread) != 0) fail("SIOCOUTQ");
      if (unread == 0) return;
      pollfd gone{descriptor_, 0, 0};
      if (::poll(&gone, 1, 0) != 0) throw closed();
    }
  }

  static int number(std::string_view bytes) {
    unsigned value = 0;
    for (char const c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<int>(value);
  }

  std::string take_body() { return take(static_cast<std::size_t>(number(take(4))) - 4); }

  std::string take(std::size_t count) {
    while (input_.size() - at_ < count) {
      input_.erase(0, std::exchange(at_, 0));
      std::array<char, 4096> buffer;
      auto const came = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
      if (came <= 0) throw closed();
      input_.append(buffer.data(), static_cast<std::size_t>(came));
    }
    return input_.substr(std::exchange(at_, at_ + count), count);
  }

  int descriptor_;
  std::string input_, answer_;
  std::size_t at_ = 0;
  std::map<std::string, recording const*> statements_;
  recording const* portal_ = nullptr;
};

/// One connection after another, until the standard input ends.
void serve(int listener) {
  for (;;) {
    std::array<pollfd, 2> waiting{{{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) fail("poll");
    if (waiting[1].revents != 0) return;
    int const accepted = ::accept(listener, nullptr, nullptr);
    if (accepted < 0) fail("accept");
    try {
      connection(accepted).serve();
    } catch (closed const&) {}
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 3) throw std::runtime_error("arguments: FOLDER PORT");
    auto const address = bench::socket_address(arguments[1], arguments[2]);
    int const listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) fail("bind");
    if (::listen(listener, 16) != 0) fail("listen");
    std::puts("ready");
    std::fflush(stdout);
    serve(listener);
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], e.what());
    return 1;
  }
}
