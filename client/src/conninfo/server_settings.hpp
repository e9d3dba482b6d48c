// What the server is told of a session when it starts: the parameters of StartupMessage.
#pragma once

#include <optional>

#include "conninfo/settings.hpp"
#include "conninfo/surroundings.hpp"
#include "conninfo/text.hpp"
#include "conninfo/values.hpp"

namespace tusk::client {

/// Sets server_settings of `to`, whose user and dbname are known; adds to its warnings. Gives the first value that is
/// wrong, or that they are too long together.
std::optional<conninfo_error> set_server_settings(conninfo_values const& values, surroundings const& around,
                                                  settings& to);

}  // namespace tusk::client
