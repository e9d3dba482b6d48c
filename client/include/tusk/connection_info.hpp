// What connection::info() tells.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tusk {

/// What is known of an open connection. Plain values; empty where there is nothing to say.
struct connection_info {
  std::string server_version;     ///< as the server reports it: "15.13 (Debian ...)"
  int server_version_number = 0;  ///< 150013, as its server_version_num; 0 if what it reports is no version
  std::string host;               ///< as asked for: a name, an address, a socket's directory
  std::string address;            ///< where it led to: an address, a socket's path
  std::uint16_t port = 0;
  std::string user, database;
  std::int32_t backend_pid = 0;  ///< process id of the server's session
  std::string protocol_version;  ///< of the wire protocol: "3.0"
  std::string authentication;    ///< "none", "password", "md5", "scram-sha-256", "scram-sha-256-plus"
  std::string tls_version;       ///< "TLSv1.3"; empty without TLS
  std::string tls_cipher;        ///< "TLS_AES_256_GCM_SHA384"; empty without TLS
  /// The settings that the server reports, as they are now: {"TimeZone", "UTC"}, ...
  std::vector<std::pair<std::string, std::string>> parameters;
};

}  // namespace tusk
