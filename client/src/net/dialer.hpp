// One try at one address: socket, the server's user, TLS. What comes out is an open transport, or why there is none.
//
//   begin() ─► connecting ─► asking for TLS ─► handshake ─► open          the last two only where TLS is wanted
//
// Connecting, and a cancel request over a connection of its own, are the same up to here; so both use this, with the
// same settings, and a cancel request is protected as its session is.
#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "conninfo/settings.hpp"
#include "net/back_off.hpp"
#include "net/connect_fault.hpp"
#include "net/transport.hpp"

namespace tusk::client {

/// Steps one try. One thread at a time. What it is given must outlive it.
class dialer {
 public:
  enum class outcome {
    want_read,
    want_write,
    open,    ///< with TLS if it was asked for
    no_tls,  ///< the server does not offer it; the socket is open, and can be used without
    failed,  ///< see reason(); the socket stays until the next one is open, so that that one has another number
  };

  dialer(settings const& how, transport& bytes) : how_(how), bytes_(bytes) {}

  /// Begins a try. `host` names the address in certificates; it and the address must stay.
  void begin(host_settings const& host, endpoint const& to, bool with_tls);
  /// One step, never waiting. After open, no_tls or failed, begin() comes next.
  outcome step();
  /// What to wait on after want_read or want_write.
  int descriptor() const noexcept { return is_crowded() ? pause_->descriptor() : bytes_.socket().descriptor(); }
  /// Whether a Unix socket's queue of connections is full, so that there is a pause before the next attempt.
  bool is_crowded() const noexcept { return pause_.has_value(); }
  /// Why it failed, and what to do; it holds nothing that the peer sent.
  std::string const& reason() const noexcept { return reason_; }
  /// Of what kind that is, and the system's error if there was one.
  connect_fault fault() const noexcept { return fault_; }
  std::error_code const& code() const noexcept { return code_; }
  /// Whether the failure is one of TLS: without it the address may do.
  bool failed_in_tls() const noexcept { return stage_ == stage::handshaking; }

 private:
  enum class stage { connecting, asking, handshaking };

  outcome fail(connect_fault fault, std::string reason, std::error_code code = {});
  outcome fail(connect_fault fault, std::string_view when, io_result const& how);
  void attempt();
  outcome connected();
  outcome ask();
  outcome answered(io_result const& got, char answer);
  outcome start_tls();
  outcome handshake();
  std::string wrong_peer() const;

  settings const& how_;
  transport& bytes_;
  host_settings const* host_ = nullptr;
  endpoint const* to_ = nullptr;
  std::optional<back_off> pause_;
  stage stage_ = stage::connecting;
  bool local_ = false, with_tls_ = false, request_sent_ = false;
  std::string reason_;
  connect_fault fault_ = connect_fault::none;
  std::error_code code_;
};

}  // namespace tusk::client
