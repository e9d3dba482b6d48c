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
#include <initializer_list>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "recordings.hpp"

namespace {

using bench::int16, bench::int32, bench::message, bench::zero_ended, canned::recorded, canned::recording;

[[noreturn]] void fail(std::string const& what) { throw std::system_error(errno, std::generic_category(), what); }

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
        formats_ = result_formats(std::string_view(body).substr(static_cast<std::size_t>(statement - first)));
        answer_ += message('2', "");
        break;
      }
      case 'D':
        if (*first == 'S') describe(*statements_.at(first + 1));
        if (*first == 'P') answer_ += canned::in_formats(portal_->description, formats_);
        break;
      case 'E': play(*portal_, formats_); break;
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

  /// The formats of the columns that a Bind asks for; of its body from the name of the statement on.
  static std::string result_formats(std::string_view bind) {
    bind.remove_prefix(bind.find('\0') + 1);
    auto const take = [&bind](std::size_t size) {
      auto const value = number(std::string(4 - size, '\0').append(bind.substr(0, size)));
      bind.remove_prefix(size);
      return value;
    };
    for (int i = take(2); i > 0; --i) take(2);  // the formats of the arguments
    for (int i = take(2); i > 0; --i) bind.remove_prefix(static_cast<std::size_t>(std::max(take(4), 0)));
    std::string formats;
    for (int i = take(2); i > 0; --i) formats.push_back(static_cast<char>(take(2)));
    return formats;
  }

  void play(recording const& statement, std::string const& formats = {}) {
    answer_ += statement.rows_in != nullptr ? statement.rows_in(formats) : statement.rows;
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
  std::string formats_;  // of its columns
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
