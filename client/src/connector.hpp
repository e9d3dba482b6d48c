// The way to a session: name, addresses, socket, TLS, startup. Each address is tried in turn; an error that the server
// itself gives ends the attempt.
//
//   resolving ─► opening ─► asking_tls ─► handshaking ─► starting ─► connected
//                   ▲                                        │
//                   └──────── the next address ◄─────────────┘ (no answer, no PostgreSQL, no TLS)
//
// The connector steps everything up to `starting`; from there the engine moves the session's bytes, and reports back.
#pragma once

#include <string>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/protocol/session.hpp>
#include <tusk/types/error.hpp>

#include "conninfo.hpp"
#include "resolver.hpp"
#include "transport.hpp"

namespace tusk::client {

/// What the connector waits for.
enum class progress { want_read, want_write, started };

/// See the top of this file. One thread at a time. What it is given must outlive it.
class connector {
 public:
  connector(settings const& to, connect_options const& options, transport& bytes, protocol::session& session);

  /// One step, never waiting. `started`: StartupMessage is in the session's output.
  /// Throws operational_error when no address is left: it names each that was tried, and why it failed.
  progress step();
  /// The attempt at this address has failed for that reason; the next step() tries another. Throws as step() does.
  void failed(std::string const& reason);
  /// The server refused us, in its own words: that is the end.
  [[noreturn]] void refused(diagnostics fields) const;
  /// We refused the server: no other address is tried either.
  [[noreturn]] void refused(std::string const& reason, std::error_code code) const;

  /// What to wait on, and how long.
  int descriptor() const noexcept;
  deadline until() const noexcept { return until_; }
  /// The address that is tried, or was reached.
  std::string const& address() const noexcept { return address_; }

 private:
  enum class stage { resolving, opening, asking_tls, handshaking, starting };

  void begin_address();
  progress opened();
  progress ask_tls();
  progress handshake();
  progress start_session();
  bool cleartext_is_safe() const noexcept;
  std::string server() const;
  std::string tried() const;
  [[noreturn]] void give_up() const;

  settings const& to_;
  connect_options const& options_;
  transport& bytes_;
  protocol::session& session_;
  resolver names_;
  std::vector<endpoint> addresses_;
  std::size_t next_ = 0;
  stage stage_ = stage::resolving;
  bool connecting_ = false, request_sent_ = false;
  deadline until_;
  std::string address_, reasons_;
};

}  // namespace tusk::client
