// A server's stream against the whole client over a Unix socket: connecting, authentication, and then operations of
// every kind. They are stepped by poll(); or they block, and the server plays when the client is about to wait for it.
//
// Input, in lines:
//   1  how it waits, if the line begins with one of these, and else by poll():
//        b it blocks   w by a wait callback   B, W the same, and its statements are in transactions
//      what is done, a letter each time that poll() says ok, or the call returns; over when there is no letter left:
//        q query with an argument   Q a script   k the same query with another value   c execute   m executemany
//        t load_types   l listen   u unlisten   n notify   r reset   g ping   f forget_statements   d close
//        s stream   i a pipeline's unit   I one without its sync   e executemany, bound   v execute_values
//        x in front of one: it is cancelled when it has begun   + in front: it is begun without waiting for the one
//        before
//      and where it blocks:
//        p prepare and run   C commit   R rollback   T a transaction's guard   w next_notify   S a stream that is left
//   2  the sizes of what arrives at a time, a character each, over and over; '0' is 1
//   3  and on: a message each, type and body: "CSELECT 1~". ~ is NUL, %41 is a byte. A line "=..." is bytes as they
//   are,
//      length word and all.
//
// Checked: everything comes to an end; nothing but a tusk::error is thrown; a fatal one means that the connection is
// closed; what was received can be read in every way, or is an error.
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "support/fuzz_input.hpp"
#include "support/fuzz_script.hpp"
#include "support/server_messages.hpp"

namespace {

using tusk::test::take_line;

char const* const to_me = " port=5432 user=me password=secret dbname=me sslmode=disable";

/// A Unix socket in a folder of its own, for as long as the process lives.
class listener {
 public:
  listener() {
    char name[] = "/tmp/tusk-fuzz.XXXXXX";
    FUZZ_CHECK(::mkdtemp(name) != nullptr);
    folder_ = name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string const path = folder_ + "/.s.PGSQL.5432";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_CHECK(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    FUZZ_CHECK(::listen(descriptor_, 64) == 0);
  }
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;
  ~listener() {
    ::close(descriptor_);
    ::unlink((folder_ + "/.s.PGSQL.5432").c_str());
    ::rmdir(folder_.c_str());
  }
  std::string const& folder() const noexcept { return folder_; }
  /// The next client; -1: there is none.
  int accept() const noexcept { return ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }

 private:
  std::string folder_;
  int descriptor_ = -1;
};

/// The server: it plays the stream, takes whatever the client sends, and closes at the end.
class server {
 public:
  server(listener const& at, std::string_view stream, std::string_view reads)
      : at_(at), stream_(stream), reads_(reads) {}
  server(server const&) = delete;
  server& operator=(server const&) = delete;
  ~server() { hang_up(); }

  /// Sends the next piece. False if there is no more.
  bool play() {
    for (int client; (client = at_.accept()) >= 0;) {
      if (first_ < 0 && !over_)
        first_ = client;
      else
        ::close(client);  // a cancel request
    }
    if (first_ < 0) return !over_;
    char sink[65536];
    while (::recv(first_, sink, sizeof sink, MSG_DONTWAIT) > 0) {}
    if (stream_.empty()) {
      hang_up();
      return false;
    }
    std::size_t const wanted = reads_.empty()
                                   ? stream_.size()
                                   : static_cast<unsigned char>(reads_[turn_++ % reads_.size()]) - std::size_t{'0'};
    auto const piece = stream_.substr(0, std::max<std::size_t>(wanted, 1));
    auto const sent = ::send(first_, piece.data(), piece.size(), MSG_NOSIGNAL);
    stream_.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : sent < 0 ? stream_.size() : 0);
    return true;
  }

 private:
  void hang_up() {
    over_ = true;
    if (first_ >= 0) ::close(first_);
    first_ = -1;
  }

  listener const& at_;
  std::string_view stream_, reads_;
  std::size_t turn_ = 0;
  int first_ = -1;
  bool over_ = false;
};

/// The server that plays while a call blocks; null: none does.
server* playing = nullptr;

/// Has it play until one of these is ready, or all is said: then there is nothing to wait for.
void play_until_ready(pollfd* of, nfds_t count) {
  timespec const now{};
  while (::ppoll(of, count, &now, nullptr) == 0 && playing->play()) {}
}

template <class Call>
void attempt(tusk::connection const& conn, Call&& call) {
  try {
    call();
  } catch (tusk::error const& e) {
    FUZZ_CHECK(*e.what() != '\0');
    FUZZ_CHECK(!e.is_fatal() || conn.closed());
  }
}

void read_all(tusk::connection const& conn, tusk::result const& from) {
  for (tusk::row const& each : from) {
    for (std::size_t i = each.size(); i-- > 0;) {  // from right to left, and then as they come
      attempt(conn, [&] { (void)each.is_null(i); });
      attempt(conn, [&] { (void)each.get<std::optional<std::string>>(i); });
    }
    for (std::size_t i = 0; i < each.size(); ++i) {
      attempt(conn, [&] { (void)each.at(i); });
      attempt(conn, [&] { (void)each.get<int>(i); });
      attempt(conn, [&] { (void)each.get<std::optional<std::string_view>>(i); });
    }
  }
}

class player {
 public:
  player(listener const& at, std::string_view program, std::string_view stream, std::string_view reads)
      : server_(at, stream, reads),
        program_(program),
        conn_(tusk::connect("host=" + at.folder() + to_me,
                            {.async = true, .limits = {.max_scram_iterations = 4096, .max_result = 1 << 20}})) {
    conn_.on_notice([](tusk::diagnostics const&) {});
    conn_.on_notify("jobs", [](tusk::notify const&) {});
  }

  void play() {
    bool plays = true;
    int silent = 0;  // turns without anything new
    for (int turn = 0; turn < 100'000 && !conn_.closed(); ++turn) {
      auto wanted = tusk::poll_status::read;
      attempt(conn_, [&] { wanted = conn_.poll(); });
      if (conn_.closed()) break;
      if (wanted == tusk::poll_status::ok) {
        take_all();
        if (!begin_next()) break;
        continue;
      }
      plays = server_.play();
      silent = plays ? 0 : silent + 1;
      FUZZ_CHECK(silent < 1000);  // the server is gone: the client has to notice
    }
    conn_.close();
    FUZZ_CHECK(conn_.closed() && !conn_.isexecuting() && conn_.fileno() == -1);
    take_all();
  }

 private:
  void take_all() {
    for (auto& each : queries_) {
      if (!each.ready()) continue;
      attempt(conn_, [&] { read_all(conn_, each.get()); });
    }
    std::erase_if(queries_, [](auto const& each) { return !is_under_way(each); });
    if (rows_) {
      attempt(conn_, [&] {
        while (auto const chunk = rows_->take_chunk()) read_all(conn_, *chunk);
      });
      if (rows_->ended()) rows_.reset();
    }
    attempt(conn_, [&] {
      for (tusk::result const& each : conn_.take_results()) read_all(conn_, each);
    });
    if (cursor_) {
      attempt(conn_, [&] {
        for (tusk::result const& each : cursor_->results()) read_all(conn_, each);
      });
      attempt(conn_, [&] { (void)cursor_->description(); });
    }
    while (conn_.notifies.pop()) {}
    (void)conn_.take_notices();
  }

  static bool is_under_way(tusk::pending<tusk::result> const& of) {
    try {
      return !of.ready();
    } catch (tusk::programming_error const&) {
      return false;  // get() was called
    }
  }

  /// False if there is nothing more to do.
  bool begin_next() {
    bool cancels = false;
    do {
      for (; !program_.empty() && (program_.front() == 'x' || program_.front() == '+'); program_.remove_prefix(1))
        cancels |= program_.front() == 'x';
      if (program_.empty()) return false;
      char const what = program_.front();
      program_.remove_prefix(1);
      attempt(conn_, [&] { begin(what); });
    } while (program_.starts_with('+'));
    if (cancels) attempt(conn_, [&] { conn_.cancel(); });
    return true;
  }

  void begin(char what) {
    switch (what) {
      case 'q': return queries_.push_back(conn_.start_query("SELECT $1", 1));
      case 'k': return queries_.push_back(conn_.start_query("SELECT $1", 2));
      case 'Q': return void(conn_.start_exec("SELECT 1; SELECT 2"));
      case 's': return void(rows_.emplace(conn_.start_stream("SELECT $1", 3)));
      case 'i':
      case 'I': {
        tusk::pipeline unit = conn_.pipeline();
        queries_.push_back(unit.query("SELECT $1", 4));
        queries_.push_back(unit.query("SELECT 1"));
        if (what == 'i') (void)unit.sync();
        return;
      }
      case 'e': return void(conn_.start_executemany("SELECT $1", std::vector<int>{1, 2, 3}));
      case 'p': return void(conn_.start_prepare("SELECT $1"));
      case 'v': return cursor().execute_values("SELECT * FROM (VALUES %s) t", std::vector<int>{1, 2, 3});
      case 'c': return cursor().execute("SELECT %s", "it's");
      case 'm': return cursor().executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}, {3}});
      case 't': return void(conn_.start_load_types());
      case 'l': return void(conn_.start_listen("jobs"));
      case 'u': return void(conn_.start_unlisten("jobs"));
      case 'n': return void(conn_.start_notify("jobs", "one"));
      case 'r': return void(conn_.start_reset());
      case 'g': return void(conn_.start_ping());
      case 'f': return conn_.forget_statements();
      case 'd': return conn_.close();
      default: return;
    }
  }
  tusk::cursor& cursor() {
    if (!cursor_) cursor_.emplace(conn_);
    return *cursor_;
  }

  server server_;
  std::string_view program_;
  tusk::connection conn_;
  std::optional<tusk::cursor> cursor_;
  std::vector<tusk::pending<tusk::result>> queries_;
  std::optional<tusk::stream<>> rows_;
};

/// The same operations by the calls that wait.
class blocking_player {
 public:
  blocking_player(listener const& at, std::string_view program, std::string_view stream, std::string_view reads)
      : server_(at, stream, reads), program_(program.substr(1)) {
    playing = &server_;
    char const how = program.front();
    options_.autocommit = how == 'b' || how == 'w';
    if (how == 'w' || how == 'W') options_.wait_callback = tusk::wait_select;
    dsn_ = "host=" + at.folder() + to_me;
  }
  blocking_player(blocking_player const&) = delete;
  blocking_player& operator=(blocking_player const&) = delete;
  ~blocking_player() { playing = nullptr; }

  void play() {
    std::optional<tusk::connection> made;
    try {
      made.emplace(tusk::connect(dsn_, options_));
    } catch (tusk::error const& e) {
      FUZZ_CHECK(*e.what() != '\0');
      return;
    }
    tusk::connection& conn = *made;
    conn.on_notice([](tusk::diagnostics const&) {});
    conn.on_notify("jobs", [](tusk::notify const&) {});
    tusk::cursor cursor = conn.cursor();
    for (char const each : program_) {
      if (conn.closed()) break;
      attempt(conn, [&] { run(conn, cursor, each); });
      FUZZ_CHECK(!conn.isexecuting());
      for (tusk::result const& one : cursor.results()) read_all(conn, one);
      while (conn.notifies.pop()) {}
      (void)conn.take_notices();
    }
    conn.close();
    FUZZ_CHECK(conn.closed() && conn.fileno() == -1);
  }

 private:
  static void run(tusk::connection& conn, tusk::cursor& cursor, char what) {
    switch (what) {
      case 'q': return read_all(conn, conn.query("SELECT $1", 1));
      case 'k': return read_all(conn, conn.query(tusk::within(std::chrono::hours(1)), "SELECT $1", 2));
      case 'Q':
        for (tusk::result const& each : conn.exec("SELECT 1; SELECT 2")) read_all(conn, each);
        return;
      case 'p': return read_all(conn, conn.prepare("SELECT $1").query(3));
      case 'c': return cursor.execute("SELECT %s", "it's");
      case 'm': return cursor.executemany("SELECT %s", std::vector<std::tuple<int>>{{1}, {2}, {3}});
      case 'v': return cursor.execute_values("SELECT * FROM (VALUES %s) t", std::vector<int>{1, 2, 3});
      case 's':
      case 'S':
        for (tusk::row const& each : conn.stream("SELECT $1", 3)) {
          attempt(conn, [&] { (void)each.at(0); });
          if (what == 'S') break;
        }
        return;
      case 'i':
      case 'I': {
        tusk::pipeline unit = conn.pipeline();
        auto first = unit.query("SELECT $1", 4), second = unit.query("SELECT 1");
        if (what == 'I') return;
        (void)unit.sync();
        attempt(conn, [&] { read_all(conn, second.get()); });
        return read_all(conn, first.get());
      }
      case 'e': return void(conn.executemany("SELECT $1", std::vector<int>{1, 2, 3}));
      case 't': return conn.load_types();
      case 'l': return conn.listen("jobs");
      case 'u': return conn.unlisten("jobs");
      case 'n': return conn.notify("jobs", "one");
      case 'w': return void(conn.next_notify(tusk::within(std::chrono::milliseconds(0))));
      case 'r': return conn.reset();
      case 'g': return conn.ping();
      case 'C': return conn.commit();
      case 'R': return conn.rollback();
      case 'T': {
        tusk::transaction guard(conn);
        read_all(conn, conn.query("SELECT $1", 4));
        return guard.commit();
      }
      case 'f': return conn.forget_statements();
      case 'd': return conn.close();
      default: return;
    }
  }

  server server_;
  std::string_view program_;
  std::string dsn_;
  tusk::connect_options options_{.limits = {.max_scram_iterations = 4096, .max_result = 1 << 20}};
};

}  // namespace

// What the client waits by, in place of the C library's.
extern "C" ssize_t recv(int descriptor, void* into, std::size_t size, int flags) {
  pollfd waiting{descriptor, POLLIN, 0};
  if (playing != nullptr && (flags & MSG_DONTWAIT) == 0) play_until_ready(&waiting, 1);
  return ::recvfrom(descriptor, into, size, flags, nullptr, nullptr);
}
extern "C" int poll(pollfd* of, nfds_t count, int milliseconds) {
  if (playing != nullptr && milliseconds != 0) play_until_ready(of, count);
  timespec const time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  return ::ppoll(of, count, milliseconds < 0 ? nullptr : &time, nullptr);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static listener const at;
  std::string const text = tusk::test::fuzz_input(data, size);
  std::string_view input = text;
  auto const program = take_line(input).substr(0, 64);
  auto const reads = take_line(input);
  std::string stream;
  while (!input.empty()) {
    auto const line = take_line(input);
    if (line.empty()) continue;
    auto const bytes = tusk::test::unescaped(line.substr(1));
    stream += line[0] == '=' ? bytes : tusk::test::framed(line[0], bytes);
  }
  if (!program.empty() && std::string_view("bwBW").find(program.front()) != std::string_view::npos)
    blocking_player(at, program, stream, reads).play();
  else
    player(at, program, stream, reads).play();
  return 0;
}
