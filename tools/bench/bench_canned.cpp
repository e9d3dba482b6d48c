// A server that plays canned answers, so that a client's instructions can be counted without PostgreSQL, and come out
// the same each time.
//
//   bench_canned FOLDER PORT       listens on FOLDER/.s.PGSQL.PORT, says "ready", ends when its standard input does
//
// It asks for no password, and answers Parse, Describe, Bind, Execute, Sync and Query with messages that are made once,
// in the shape of PostgreSQL's: `select 1+1`, the pg_type query, generate_series(1, n), a hundred notifications, a
// hundred notices, an INSERT of one row. An answer goes out as PostgreSQL sends it, 8 KiB at a time, and each piece
// only when the client has read the one before and sleeps until the next one comes: so what the client does never
// depends on time.

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
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
  std::vector<int> parameters = {};  // their types
  bool copies = false;               // the rows come from the client; the tag stands behind them
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

recording structs() {
  recording made{
      row_description({{"id", 23, 4}, {"number", 20, 8}, {"name", 25, -1}, {"value", 701, 8}}), {}, complete(1000)};
  for (int i = 1; i <= 1000; ++i) {
    std::array<char, 32> value;
    auto const end = std::to_chars(value.data(), value.data() + value.size(), i / 7.0).ptr;
    made.rows += data_row({std::to_string(i), std::to_string(i * std::int64_t{1000003}), "article " + std::to_string(i),
                           std::string(value.data(), end)});
  }
  return made;
}

recording arrays(char const* name, int type, std::string_view each) {
  recording made{row_description({{name, type, -1}}), {}, complete(1000)};
  for (int i = 1; i <= 1000; ++i) made.rows += data_row({std::string(each)});
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

/// CopyInResponse for four columns.
std::string copy_in(bool binary) {
  std::string body(1, binary ? '\1' : '\0');
  body += int16(4);
  for (int i = 0; i < 4; ++i) body += int16(binary ? 1 : 0);
  return message('G', body);
}

recording const& recorded(std::string const& sql) {
  static std::map<std::string, recording> made;
  static recording const insert{message('n', ""), {}, message('C', zero_ended("INSERT 0 1")), {23, 20, 25, 701}};
  if (sql.starts_with("insert into article values")) return insert;
  auto found = made.find(sql);
  if (found != made.end()) return found->second;
  constexpr std::string_view numbers = "from generate_series(1, ";
  recording fresh;
  if (auto const at = sql.find(numbers); at != sql.npos && sql.starts_with("select i from"))
    fresh = series(std::atoi(sql.c_str() + at + numbers.size()));
  else if (sql.starts_with("select i as id"))
    fresh = structs();
  else if (sql.find("::int[]") != sql.npos)
    fresh = arrays("int4", 1007, bench::ten_ints);
  else if (sql.find("::text[]") != sql.npos)
    fresh = arrays("text", 1009, bench::five_texts);
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
  else if (sql.starts_with("create temp table"))
    fresh.tag = message('C', zero_ended("CREATE TABLE"));
  else if (sql == "select 20 + 22" || sql.starts_with("select 42 where"))
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"42"}), complete(1)};
  else if (sql == "select 1+1")
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"2"}), complete(1)};
  else if (sql == "select 1 as one, 2 as two")
    fresh = {row_description({{"one", 23, 4}, {"two", 23, 4}}), data_row({"1", "2"}), complete(1)};
  else if (sql == "insert into article (id, name) values ($1, $2)")
    fresh = {message('n', ""), {}, message('C', zero_ended("INSERT 0 1")), {23, 25}};
  else if (sql.starts_with("copy article from stdin"))
    fresh = {{}, copy_in(sql.ends_with("(format binary)")), message('C', zero_ended("COPY 1000")), {}, true};
  else if (sql == "select $1::int + 1")
    fresh = {row_description({{"?column?", 23, 4}}), data_row({"42"}), complete(1), {23}};
  else
    throw std::runtime_error("nothing is recorded for: " + sql);
  return made.emplace(sql, std::move(fresh)).first->second;
}

// ---- the connection ----

struct closed {};

/// The process at the other end of a connection.
class peer {
 public:
  explicit peer(int descriptor) {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) fail("SO_PEERCRED");
    stat_ = ::open(("/proc/" + std::to_string(who.pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
    if (stat_ < 0) fail("opening the state of the client's process");
  }
  peer(peer const&) = delete;
  peer& operator=(peer const&) = delete;
  ~peer() { ::close(stat_); }

  /// Whether it waits in a system call. A client that has sent its request does so when it has nothing else to do.
  bool is_asleep() const {
    std::array<char, 256> buffer;
    auto const size = ::pread(stat_, buffer.data(), buffer.size(), 0);
    if (size <= 0) throw closed();
    std::string_view const told(buffer.data(), static_cast<std::size_t>(size));
    return told.substr(told.rfind(')')).starts_with(") S");
  }

 private:
  int stat_;
};

class connection {
 public:
  explicit connection(int descriptor) : descriptor_(descriptor), client_(descriptor) {}
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection() { ::close(descriptor_); }

  /// Takes what has come, and answers the messages that are whole.
  void step() {
    std::array<char, 4096> buffer;
    auto const came = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (came <= 0) throw closed();
    input_.append(buffer.data(), static_cast<std::size_t>(came));
    for (;;) {
      std::size_t const header = started_ ? 5 : 4;
      if (input_.size() < header) return;
      std::size_t const end =
          header - 4 + static_cast<std::size_t>(number(std::string_view(input_).substr(header - 4)));
      if (input_.size() < end) return;
      std::string const message = input_.substr(0, end);
      input_.erase(0, end);
      if (started_)
        take(message[0], message.substr(header));
      else
        start(number(std::string_view(message).substr(header)));
    }
  }

 private:
  void start(int code) {
    constexpr int ssl_request = 80877103, gss_request = 80877104;
    if (code == ssl_request || code == gss_request) {
      answer_.push_back('N');
      return send();
    }
    started_ = true;
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

  void take(char type, std::string const& body) {
    if (type == 'X') throw closed();
    if (copied_ != nullptr && type != 'H') return take_copied(type);
    answer(type, body);
    bool const waits = type == 'Q' && copied_ != nullptr;
    is_query_ = waits;
    if ((type == 'S' || type == 'Q') && !waits) answer_ += message('Z', "I");
    if (type == 'S' || type == 'Q' || type == 'H') send();
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
        if (*first == 'S') describe(*statements_.at(first + 1));
        if (*first == 'P') answer_ += portal_->description;
        break;
      case 'E': play(*portal_); break;
      case 'C': answer_ += message('3', ""); break;
      case 'Q': {
        recording const& played = recorded(first);
        answer_ += played.description;
        play(played);
        break;
      }
      default: break;  // Sync and Flush
    }
  }

  void play(recording const& statement) {
    answer_ += statement.rows;
    if (statement.copies)
      copied_ = &statement;
    else
      answer_ += statement.tag;
  }
  /// CopyData, up to CopyDone.
  void take_copied(char type) {
    if (type != 'c') return;
    answer_ += std::exchange(copied_, nullptr)->tag;
    if (!is_query_) return;
    answer_ += message('Z', "I");
    send();
  }

  void describe(recording const& statement) {
    std::string types = int16(static_cast<int>(statement.parameters.size()));
    for (int const type : statement.parameters) types += int32(type);
    answer_ += message('t', types) + statement.description;
  }

  void send() {
    constexpr std::size_t piece = 8192;
    for (std::size_t at = 0; at < answer_.size(); at += piece) {
      wait_until_awaited();
      std::string_view const next = std::string_view(answer_).substr(at, piece);
      if (::send(descriptor_, next.data(), next.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(next.size()))
        fail("sending");
    }
    answer_.clear();
  }

  void wait_until_awaited() const {
    for (int unread = 0;; ::usleep(20)) {
      if (::ioctl(descriptor_, SIOCOUTQ, &unread) != 0) fail("SIOCOUTQ");
      if (unread == 0 && client_.is_asleep()) return;
      pollfd gone{descriptor_, 0, 0};
      if (::poll(&gone, 1, 0) != 0) throw closed();
    }
  }

  static int number(std::string_view bytes) {
    unsigned value = 0;
    for (char const c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<int>(value);
  }

  int descriptor_;
  peer client_;
  bool started_ = false;
  recording const* copied_ = nullptr;  // whose data comes now
  bool is_query_ = false;              // of a simple query
  std::string input_, answer_;
  std::map<std::string, recording const*> statements_;
  recording const* portal_ = nullptr;
};

/// All connections in one loop, until the standard input ends.
void serve(int listener) {
  std::map<int, connection> connections;
  for (;;) {
    std::vector<pollfd> waiting{{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    for (auto const& each : connections) waiting.push_back({each.first, POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0) fail("poll");
    if (waiting[1].revents != 0) return;
    if (waiting[0].revents != 0) {
      int const accepted = ::accept(listener, nullptr, nullptr);
      if (accepted < 0) fail("accept");
      connections.try_emplace(accepted, accepted);
    }
    for (std::size_t i = 2; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      try {
        connections.at(waiting[i].fd).step();
      } catch (closed const&) {
        connections.erase(waiting[i].fd);
      }
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 3) throw std::runtime_error("arguments: FOLDER PORT");
    auto const address = bench::socket_address(arguments[1], arguments[2]);
    int const listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) fail("bind");
    if (::listen(listener, 128) != 0) fail("listen");
    std::puts("ready");
    std::fflush(stdout);
    serve(listener);
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], e.what());
    return 1;
  }
}
