// An engine without a face: operations are begun, as many as one likes, and it is stepped when it asks for that.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>

#include "engine/engine.hpp"
#include "support/opening.hpp"

namespace tusk::test {

class engine_client {
  connect_options options_;
  client::settings settings_;
  detail::operation_lock lock_;

 public:
  engine_client(client::settings to, session_mode const& mode, connect_options options)
      : options_(std::move(options)), settings_(std::move(to)), context(options_, mode) {}

  detail::session_context context;
  detail::handlers told{context, lock_, 16};
  detail::engine engine{settings_, options_, context, told};

  bool is_connecting() const { return engine.channel().is_connecting(); }
  bool is_closed() const { return context.obstacles.any_of(detail::obstacles::closed); }
  void begin(detail::operation& what, std::unique_ptr<client::limit> limit, std::shared_ptr<detail::operation> kept) {
    engine.begin(what, std::move(limit), std::move(kept));
  }
  /// Whether an event loop that waits as the engine asks would step it now.
  bool asks_for_step() const {
    auto const& wanted = engine.waits().wanted();
    if (wanted.until && client::clock::now() >= *wanted.until) return true;
    pollfd one{wanted.descriptor, 0, 0};
    if (wanted.read) one.events |= POLLIN;
    if (wanted.write) one.events |= POLLOUT;
    return one.events != 0 && ::poll(&one, 1, 0) > 0;
  }
  /// When it asks for that, whatever its descriptor says.
  client::deadline until() const { return engine.waits().wanted().until; }
  void step() { engine.step(); }
};

}  // namespace tusk::test
