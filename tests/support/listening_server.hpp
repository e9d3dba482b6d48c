// A scripted server that a listener listens at.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/listeners.hpp"
#include "support/scripted_server.hpp"

namespace tusk::test::listens {

inline std::string notification(std::string_view channel, std::string_view payload) {
  return message('A', int32(99) + text(channel) + text(payload));
}
/// The answer to SELECT pg_backend_pid().
inline std::string pid_row(std::string_view pid) {
  std::string const column = text("pid") + int32(0) + int16(0) + int32(23) + int16(4) + int32(0xffffffff) + int16(0);
  return message('T', int16(1) + column) +
         message('D', int16(1) + int32(static_cast<std::uint32_t>(pid.size())) + std::string(pid)) +
         message('C', text("SELECT 1"));
}

/// What one client of a listening server is told: behind each LISTEN; and whether pings are answered.
struct manners {
  std::function<void(peer&, std::string const& listen)> on_listen = {};
  bool answers_pings = true;
  std::string pid = "4711";
};
/// Answers what a listener asks, until it goes.
inline void serve(peer& client, manners const& how) {
  client.receive_startup();
  client.send(welcome());
  for (;;) {
    std::string const asked = client.receive_message();
    if (asked.size() < 5 || asked[0] == 'X') return;
    if (asked[0] == 'S') {
      if (how.answers_pings) client.send(ready());
    } else if (asked.find("pg_backend_pid") != asked.npos) {
      client.send(pid_row(how.pid) + ready());
    } else if (asked.find("UNLISTEN") != asked.npos) {
      client.send(message('C', text("UNLISTEN")) + ready());
    } else if (how.on_listen) {
      how.on_listen(client, asked);
    } else {
      client.send(message('C', text("LISTEN")) + ready());
    }
  }
}
inline std::string const listening = message('C', text("LISTEN")) + ready();

/// What happened to the connection of a listener.
class told_happenings {
 public:
  std::function<void(listener_event const&)> hook() {
    return [this](listener_event const& event) {
      std::lock_guard const guard(lock_);
      kinds_.push_back(event.what);
      why_ = event.why;
    };
  }
  std::size_t count(listener_event::kind what) const {
    std::lock_guard const guard(lock_);
    return static_cast<std::size_t>(std::count(kinds_.begin(), kinds_.end(), what));
  }
  /// Of the last one.
  std::string why() const {
    std::lock_guard const guard(lock_);
    try {
      if (why_) std::rethrow_exception(why_);
    } catch (std::exception const& e) {
      return e.what();
    }
    return "";
  }

 private:
  mutable std::mutex lock_;
  std::vector<listener_event::kind> kinds_;
  std::exception_ptr why_;
};
inline listener_options telling(told_happenings& told) {
  listener_options made = quick();
  made.on_event = told.hook();
  return made;
}

}  // namespace tusk::test::listens
