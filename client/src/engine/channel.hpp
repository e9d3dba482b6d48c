// The way to the server: the machine that connects, and from then on the transport that it made.
//
//   connect() .. ─► true ─► link() ─► close(), or shut_down() from another thread
#pragma once

#include <memory>
#include <tusk/options.hpp>

#include "conninfo/settings.hpp"
#include "engine/connecting.hpp"
#include "engine/handlers.hpp"
#include "engine/limit.hpp"
#include "engine/link.hpp"
#include "engine/operation_lock.hpp"
#include "engine/session_context.hpp"
#include "net/route.hpp"

namespace tusk::detail {

/// One thread at a time, but for shut_down() and what does not change once it is connected: route().
class channel {
 public:
  /// What it is given must outlive it. `told` hears what comes before the session is ready.
  channel(client::settings const& to, connect_options const& options, session_context& in, handlers& told);

  // ---- connecting ----

  bool is_connecting() const noexcept { return connecting_ != nullptr; }
  /// Whether it connects, and messages of a session go to and fro already.
  bool has_begun() const noexcept { return connecting_ && connecting_->has_begun(); }
  /// Within that limit.
  void limit(std::unique_ptr<client::limit> how) noexcept { limit_ = std::move(how); }
  /// One step of it: true once it has ended, and the session may have more to tell. Throws what the last failure is,
  /// and query_canceled when the limit is over.
  bool connect();
  /// What to wait for before the next step.
  client::wish wish() const;

  // ---- connected ----

  detail::link& link() noexcept { return link_; }
  detail::link const& link() const noexcept { return link_; }
  /// Where it leads.
  client::route const& route() const noexcept { return route_; }
  /// The connection's, or that of the present try.
  client::transport& transport() noexcept { return connecting_ ? connecting_->transport() : link_.bytes; }
  protocol::session const& session() const noexcept { return connecting_ ? connecting_->session() : in_.session; }

  // ---- the end ----

  bool is_open() const noexcept { return connecting_ || link_.bytes.socket().is_open(); }
  /// Terminate, if there is a session to end.
  void say_goodbye() noexcept {
    if (!connecting_) link_.say_goodbye();
  }
  /// In a forked child only its descriptor is closed: the session, and what was said in it, are the parent's.
  void close() noexcept;
  /// The present step is the last one: for a function of the user's that it has called.
  void interrupt() noexcept {
    if (connecting_) connecting_->interrupt();
  }
  /// The same in a forked child.
  void leave_to_parent() noexcept;
  /// Has whoever waits for the socket on another thread find it at its end. Any thread, once it is connected.
  void shut_down() noexcept;
  /// So that the socket of this connection has another number than that one's.
  void take_socket(channel& from) noexcept { transport().take_socket(from.transport()); }

 private:
  session_context& in_;
  detail::link link_;
  std::shared_ptr<client::connecting> connecting_;  // null: connected; shared with the step that is in it
  std::unique_ptr<client::limit> limit_;            // of connecting
  client::route route_;
  operation_lock closing_;  // is held where the socket is closed, and where another thread shuts it down
};

}  // namespace tusk::detail
