// The kinds of what goes wrong while connecting.
#pragma once

#include <cstdint>

namespace tusk::client {

enum class connect_fault : std::uint8_t {
  none,
  name,            ///< it has no address
  no_connection,   ///< nobody listens there, no way leads there, the socket is not ours to use: the system's error
  wrong_peer,      ///< the process behind a Unix socket is not the one that requirepeer asks for
  timed_out,       ///< connect_timeout
  tls,             ///< it is not offered, the handshake failed, a certificate was refused or not asked for
  local_file,      ///< a file of ours, or something else here that TLS needs; no other host would do better
  not_postgresql,  ///< the answer makes no sense
  lost,            ///< closed or broken before the session was ready
  authentication,  ///< we refuse how the server authenticates us, or itself
  violation,       ///< of the protocol, in another way
  refused,         ///< by the server, in its own words
  role,            ///< it is not the kind of server that target_session_attrs asks for
  parameters,      ///< ours, which cannot be sent
  interrupted,     ///< by interrupt()
};

}  // namespace tusk::client
