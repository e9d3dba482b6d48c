// Where a connection leads.
#pragma once

#include "conninfo/settings.hpp"
#include "net/socket.hpp"

namespace tusk::client {

/// All that a cancel request must know of the connection that it is for.
struct route {
  host_settings const* host = nullptr;  ///< of the settings
  endpoint address;
  bool with_tls = false;
};

}  // namespace tusk::client
