// A server in the test's own thread that does a little at a time, chosen from a seed: it takes some bytes, goes on with
// a statement, sends some bytes, reads a cancel request, closes the connection that brought it. So every order of
// events can be played again.
//
//   model_server server(random);
//   connect to server.dsn();
//   while (server.step()) {}                     false: it waits for a client
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/model_session.hpp"
#include "support/temporary_folder.hpp"

namespace tusk::test {

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
