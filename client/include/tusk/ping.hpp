// Whether a server is there, without a connection.
#pragma once

#include <string_view>
#include <tusk/options.hpp>

namespace tusk {

/// What ping() found out about a server.
enum class ping_status {
  ok,           ///< it takes connections (though maybe not ours: a wrong password is as good an answer)
  rejecting,    ///< it runs, but takes none now: it starts, stops or recovers (57P03)
  no_response,  ///< nothing was reached, or it is no PostgreSQL server
};

/// Whether a server is there, as libpq's PQping. Blocks, up to connect_timeout for each address.
/// Throws programming_error if the string is wrong, operational_error if a file that it names cannot be used.
ping_status ping(std::string_view dsn = {}, connect_options const& options = {});

}  // namespace tusk
