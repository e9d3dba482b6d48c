// The way to a session: hosts, names, addresses, encryption, startup, and whether the server is of the kind asked for.
//
//   for each host, in order or shuffled       next host:    its name is unknown; 57P03; not the kind of server wanted
//     for each of its addresses               next address: no connection, no TLS, no PostgreSQL, no answer in time
//       for TLS and plain, as sslmode says    the other:    the handshake failed; 28000, the server's "not like this";
//                                                           28P01 without TLS, as with it a certificate may do
//
//   resolving ─► dialing ─► starting ─► (asking ─►) connected      anything else that the server refuses is the end
//
// It is a machine of its own: it knows no connection, owns transport and session until the session is ready, and then
// gives them away. What is tried and in which order stands in candidates.hpp, a socket's way to TLS in dialer.hpp, the
// session's first messages in startup.hpp; here is what follows from how each of them ends.
//
//   connecting way(settings, options, {});
//   while (way.step() == connecting::state::waiting) wait for way.wish();
//   connected: move way.transport() and way.session()          failed: make_connect_error(way.failures())
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/options.hpp>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "conninfo/settings.hpp"
#include "engine/candidates.hpp"
#include "engine/connect_failure.hpp"
#include "engine/startup.hpp"
#include "engine/wish.hpp"
#include "net/dialer.hpp"
#include "net/transport.hpp"

namespace tusk::client {

/// See the top of this file. One thread at a time. Settings and options must outlive it.
class connecting {
 public:
  enum class state : std::uint8_t {
    waiting,    ///< for what wish() says
    connected,  ///< the session is ready for a query
    failed,     ///< see failures(); nothing is left to try
  };

  connecting(settings const& to, connect_options const& options, connecting_observer observer);
  connecting(connecting const&) = delete;
  connecting& operator=(connecting const&) = delete;
  ~connecting() { bytes_.close(); }

  /// Goes as far as it can without waiting. What goes wrong with a try is no exception, but an entry of failures().
  /// Throws what the observer, the password callback and a trace's sink throw, and std::bad_alloc; then it can only be
  /// destroyed.
  state step();
  /// What to wait for before the next step. It never needs more than one descriptor.
  client::wish const& wish() const noexcept { return wish_; }
  /// The present or next step() is the last one, and fails; for the observer, too.
  void interrupt() noexcept;
  /// The same, in a forked child, where the connection is the parent's: closes without a word to the server.
  void abandon() noexcept;

  /// The tries that have failed, in their order.
  std::vector<connect_failure> const& failures() const noexcept { return failures_; }
  /// The address that is tried, or was reached.
  client::route const& route() const noexcept { return candidates_.route(); }
  /// Whether messages of a session go to and fro.
  bool has_begun() const noexcept { return stage_ >= connect_stage::starting; }

  /// Once connected, these are to be moved away. What the session has received already is in it: call next() before
  /// anything is read. Before that a trace may be set, and a socket held (transport::take_socket).
  client::transport& transport() noexcept { return bytes_; }
  protocol::session& session() noexcept { return startup_.session(); }

 private:
  void next_host();
  void next_address();
  void dial();
  void set_deadline();
  bool wait(int descriptor, bool read, bool write) noexcept;

  // Each goes on from its stage. False: wish() says what it waits for, or it is over.
  bool resolve();
  bool go_on_dialing();
  bool go_on_starting();
  void begin_session();
  void refused();
  void violated();
  void judge();

  connect_failure& note(connect_fault fault, std::string detail, std::error_code code = {});
  void failed(connect_fault fault, std::string detail, std::error_code code = {});
  void end(connect_fault fault, std::string detail, std::error_code code = {});
  void late();

  settings const& to_;
  connect_options const& options_;
  connecting_observer const observer_;
  client::transport bytes_;
  candidates candidates_;
  dialer dialer_;
  startup startup_;
  connect_stage stage_ = connect_stage::resolving;
  state state_ = state::waiting;
  client::wish wish_;  // `until` is the deadline of the present address
  std::vector<connect_failure> failures_;
  bool refused_here_ = false;  // by this address, in one encryption: the other is tried
  bool interrupted_ = false;
};

}  // namespace tusk::client
