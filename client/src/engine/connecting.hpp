// The way to a session: hosts, names, addresses, encryption, startup, and whether the server is of the kind asked for.
//
//   for each host, in order or shuffled       next host:    its name is unknown; 57P03; not the kind of server wanted
//     for each of its addresses               next address: no connection, no TLS, no PostgreSQL, no answer in time
//       for TLS and plain, as sslmode says    the other:    the handshake failed; 28000, the server's "not like this";
//                                                           28P01 without TLS, as with it a certificate may do
//
//   resolving ─► dialing ─► starting ─► (asking ─►) connected      anything else that the server refuses is the end
//
// prefer-standby goes through all hosts twice: first for a standby, then for any. The order is libpq's, without the
// second try that cannot do better: what is wrong with TLS, a password, is as wrong without. The connector steps
// everything up to `starting`; from there the engine moves the session's bytes, and reports back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/protocol/session.hpp>
#include <tusk/types/error.hpp>
#include <vector>

#include "conninfo/settings.hpp"
#include "net/dialer.hpp"
#include "net/resolver.hpp"
#include "net/transport.hpp"

namespace tusk::client {

/// What the connector waits for.
enum class progress { want_read, want_write, started };

/// Where a connection leads: all that a cancel request must know of it.
struct route {
  host_settings const* host = nullptr;  ///< of the settings
  endpoint address;
  bool with_tls = false;
};

/// See the top of this file. One thread at a time. What it is given must outlive it.
class connector {
 public:
  connector(settings const& to, connect_options const& options, transport& bytes, protocol::session& session);

  /// One step, never waiting. `started`: StartupMessage is in the session's output.
  /// Throws operational_error when nothing is left to try: it names each address, and why it failed.
  progress step();
  /// The attempt at this address has failed for that reason; the next step() tries another. Throws as step() does.
  void failed(std::string const& reason);
  /// The server refused us, in its own words: goes on where another try may do better, else throws operational_error.
  void refused(diagnostics fields);
  /// We refused the server: no other address is tried either.
  [[noreturn]] void refused(std::string const& reason, std::error_code code) const;
  /// The session is ready for a query; `answer` is that of the last one, empty if there was none. True: it is the one
  /// that is wanted. False: a query was made, or the next host is to be tried.
  bool ready(std::string_view answer);

  /// What to wait on, and how long.
  int descriptor() const noexcept;
  deadline until() const noexcept { return until_; }
  /// The address that is tried, or was reached.
  client::route const& route() const noexcept { return route_; }

 private:
  enum class stage { resolving, dialing, starting, asking };

  void next_host();
  void next_address();
  void next_try(bool with_tls);
  void note(std::string const& reason);
  dialer::outcome dial();
  void restart() noexcept;
  void set_deadline();
  void take_addresses();
  bool cleartext_is_safe() const noexcept;
  void start_session();
  std::string server() const;
  std::string tried() const;
  std::string about_password() const;
  [[noreturn]] void give_up() const;

  settings const& to_;
  connect_options const& options_;
  transport& bytes_;
  protocol::session& session_;
  dialer dialer_;
  resolver names_;
  std::vector<host_settings const*> hosts_;  // in the order of trying
  std::vector<endpoint> addresses_;          // of the present host
  std::size_t next_host_ = 0, next_address_ = 0;
  std::optional<bool> other_try_;  // at this address, when the present one fails: with TLS?
  stage stage_ = stage::resolving;
  session_attributes wanted_;
  deadline until_;
  client::route route_;
  std::string reasons_;
  std::shared_ptr<diagnostics const> refusal_;  // the server's own words, where they were the last reason
  bool refused_here_ = false;                   // by this address, in one encryption: the other is tried
  int failures_ = 0;
};

}  // namespace tusk::client
