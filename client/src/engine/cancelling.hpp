// Cancelling the operation in front, because somebody asked for it or because its limit is over: the request goes over
// a connection of its own, and no statement that is sent later may be hit by it.
//
//   begin(), or a limit that is over ─► a request, stepped beside the operation ─► done: the server answers the
//   operation
//                                       another one 200 ms later, where a limit is over and it did not help
//   the operation has ended before that ─► not sent: dropped
//                                          sent: its fate is waited for, a second; then the connection cannot be used
#pragma once

#include <memory>

#include "conninfo/settings.hpp"
#include "engine/operation_queue.hpp"
#include "engine/session_context.hpp"
#include "engine/waiting.hpp"
#include "net/canceller.hpp"

namespace tusk::detail {

/// One thread at a time, but for make(), once the connection is open.
class cancelling {
 public:
  /// What it is given must outlive it.
  cancelling(client::settings const& how, client::route const& to, session_context& in, operation_queue& queue,
             waiting& waits)
      : how_(how), to_(to), in_(in), queue_(queue), waits_(waits) {}

  /// Asks the server to cancel the operation in front; does nothing if it is asked already. Throws operational_error if
  /// the server gave no key, or the system no descriptors.
  void begin(client::deadline until);
  /// A request for somebody who steps it on a thread of his own.
  std::unique_ptr<client::canceller> make(client::deadline until) const;
  bool is_under_way() const noexcept { return request_ != nullptr; }

  /// Looks at the limits: one in front that is over is cancelled at the server.
  void heed_limits();
  /// One step of the request. Throws operational_error if it failed and nobody will try again; the operation goes on.
  void step();
  /// The operation in front has ended. What is under way is dropped, or its fate is waited for; see holds().
  void front_ended();
  /// Whether all operations have ended, and nobody is told before the fate of a request is known.
  bool holds() const noexcept { return request_ && queue_.empty(); }
  /// When to step again; nothing: for ever.
  client::deadline until() const;
  /// What to watch beside the session's socket.
  void watch() const;
  void drop() noexcept { request_.reset(); }
  /// In a forked child, where it is the parent's.
  void abandon() noexcept;

 private:
  /// A request that came before what it is to cancel would do nothing: all of that is sent first. But not of one that
  /// is fed in parts, of which a server that waits in its midst reads no more.
  bool may_go() const noexcept { return in_.session.output().empty() || !queue_.is_front_whole(); }

  client::settings const& how_;
  client::route const& to_;
  session_context& in_;
  operation_queue& queue_;
  waiting& waits_;
  std::unique_ptr<client::canceller> request_;
  bool reads_ = false;  // what it waits for
  client::deadline held_until_;
};

}  // namespace tusk::detail
