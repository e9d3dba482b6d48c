// What went wrong while connecting, as data: one entry a try. Text and exception are made of it here, and nowhere else.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <tusk/protocol/events.hpp>
#include <tusk/types/error.hpp>

#include "net/connect_fault.hpp"

namespace tusk::client {

/// How far a try comes.
enum class connect_stage : std::uint8_t {
  resolving,  ///< the host's name
  dialing,    ///< socket, TLS
  starting,   ///< the session
  asking,     ///< what kind of server it is
};

/// A try that failed. A name that cannot be resolved is one, and each encryption of an address is one.
struct connect_failure {
  connect_fault fault = connect_fault::none;
  connect_stage stage = connect_stage::resolving;
  std::string host;     ///< as given: a name or an address; of a Unix socket its path
  std::string address;  ///< "127.0.0.1"; empty: not known yet
  std::uint16_t port = 0;
  bool is_local = false;  ///< a Unix socket
  bool with_tls = false;
  bool is_second = false;       ///< the server refused the same address in another encryption just before
  bool is_final = false;        ///< nothing else is tried because of it
  bool is_second_pass = false;  ///< of target_session_attrs=prefer-standby, which then takes any server
  /// The system's, or protocol::errc; empty where there is none.
  std::error_code code;
  /// The server's own words; null: it had none.
  std::shared_ptr<diagnostics const> words;
  /// What happened, and what to do. With `words` only what they leave out, or nothing.
  std::string detail;
};

/// The text of the error that these failures are, in their order: which servers, and why each failed. Not of none.
std::string describe(std::span<connect_failure const> tries);

/// How the server broke the protocol.
std::string describe(protocol::violation const& how);

/// The same as the exception that connecting ends with: a fatal operational_error (programming_error where our own
/// parameters were the reason) with the server's words, or a code.
std::exception_ptr make_connect_error(std::span<connect_failure const> tries);

}  // namespace tusk::client
