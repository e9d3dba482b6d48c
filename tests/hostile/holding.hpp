// A server that holds the connection of a cancel request, and the statement that the request is for.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "support/echo_server.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test {

/// Waits until it is so, at most that long. Whether it was.
template <class So>
bool wait_for(So const& so, std::chrono::steady_clock::duration longest = std::chrono::seconds(20)) {
  auto const until = std::chrono::steady_clock::now() + longest;
  while (!so() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return so();
}

inline bool is_cancel(std::string const& startup) { return startup.size() == 16; }

/// A statement with the word "target" ends when the test says so; a cancel request's connection is held. What comes
/// after the target is noted, and is the end of the session.
class holding {
 public:
  /// `hold`: how long, or until the next statement comes before its time.
  explicit holding(std::chrono::milliseconds hold)
      : hold_(hold),
        server_([this](peer& client) { is_cancel(client.receive_startup()) ? cancel(client) : serve(client); }) {}

  std::string dsn() const { return server_.dsn("connect_timeout=20"); }
  bool is_running() const noexcept { return running_; }
  bool has_request() const noexcept { return request_came_; }
  /// Lets the statement under way end.
  void answer() noexcept { answers_ = true; }
  /// A statement came while the request's connection was held, or after its end was unknown.
  bool was_early() const noexcept { return early_; }
  bool was_let_go() const noexcept { return let_go_; }
  /// The types of the messages behind the first statement. The client must have closed.
  std::string const& later() const {
    server_.wait_for_scripts();
    return later_;
  }

 private:
  void cancel(peer&) {
    request_came_ = true;
    wait_for([this] { return early_ || over_; }, hold_);
    let_go_ = true;
  }
  void serve(peer& client) {
    struct end {
      std::atomic<bool>& over;
      ~end() { over = true; }
    } const at_the_end{over_};
    client.send(welcome());
    echoing server;
    for (;;) {
      std::string const message = client.receive_message();
      if (message.size() < 5) return;
      if (done_) {
        if (message[0] != 'X') early_ = early_ || !let_go_;
        later_ += message[0];
        return;
      }
      bool const target = message[0] == 'Q' && message.find("target") != message.npos;
      if (target) {
        running_ = true;
        wait_for([this] { return answers_.load(); });
        done_ = true;
      }
      client.send(server.answer(message));
    }
  }

  std::chrono::milliseconds hold_;
  std::atomic<bool> running_ = false, request_came_ = false, answers_ = false, early_ = false, let_go_ = false,
                    over_ = false;
  bool done_ = false;
  std::string later_;
  scripted_server server_;
};

}  // namespace tusk::test
