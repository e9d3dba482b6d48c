// What a connection is made from: every value checked, nothing left to look up but names and files of TLS.
//
// conninfo.hpp makes these from connection strings, the environment and files; connecting, TLS and the session read
// them. They do not change while a connection lives, and a cancel request or a reconnect uses the very same ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

namespace tusk::client {

/// How much TLS is asked for.
enum class sslmode { disable, allow, prefer, require, verify_ca, verify_full };
/// How TLS begins: asked for by SSLRequest, or at once, with ALPN.
enum class sslnegotiation { postgres, direct };
/// Whether a client certificate is sent: never, if there is one and the server asks, or the server must ask for it.
enum class sslcertmode { disable, allow, require };
/// A version of TLS; older ones are not spoken.
enum class tls_version : std::uint8_t { any, tls1_2, tls1_3 };
/// What kind of server is wanted.
enum class session_attributes { any, read_write, read_only, primary, standby, prefer_standby };

/// All that TLS has to know. Empty texts: not given.
struct tls_settings {
  client::sslmode mode = sslmode::prefer;  ///< verify_full where rootcert is `system` and no mode was given
  client::sslnegotiation negotiation = sslnegotiation::postgres;
  client::sslcertmode certmode = sslcertmode::allow;
  tls_version minimum = tls_version::tls1_2, maximum = tls_version::any;
  bool sni = true;
  std::string rootcert;     ///< PEM file; `system`: the system's certificates; empty: user_folder/root.crt if it exists
  std::string cert, key;    ///< PEM (the key DER too); empty: user_folder/postgresql.crt and .key, if they exist
  std::string keypassword;  ///< of an encrypted key
  std::string crl, crldir;  ///< both empty: user_folder/root.crl if it exists
  std::string keylogfile;
  std::string user_folder;  ///< ~/.postgresql; empty if the user has no home

  friend bool operator==(tls_settings const&, tls_settings const&) = default;
};

/// What the kernel is told of a TCP connection. Zero: the system's default.
struct tcp_settings {
  bool keepalives = true;
  int idle = 0, interval = 0, count = 0;  ///< seconds, seconds, probes
  int user_timeout = 0;                   ///< milliseconds

  friend bool operator==(tcp_settings const&, tcp_settings const&) = default;
};

/// One of the hosts that are tried.
struct host_settings {
  std::string name;     ///< as given; empty where only an address was given; or a Unix socket's directory
  std::string address;  ///< hostaddr: a literal address, which is not looked up; empty: not given
  std::uint16_t port = 5432;
  std::string password;            ///< for this host alone; empty: none
  std::string password_from = {};  ///< where it was found: `the environment variable PGPASSWORD`

  /// True if `name` is the directory of a Unix socket: it begins with `/`, or with `@` (Linux's abstract names).
  bool is_unix_socket() const noexcept { return address.empty() && (name.starts_with('/') || name.starts_with('@')); }
  /// The socket's path in that directory; a leading `@` stands for the NUL byte of an abstract name. Its length, NUL
  /// included, fits sockaddr_un.
  std::string unix_socket_path() const { return name + "/.s.PGSQL." + std::to_string(port); }
  /// How to speak of it.
  std::string const& shown() const noexcept { return name.empty() ? address : name; }

  /// Where the password was found does not matter.
  friend bool operator==(host_settings const& a, host_settings const& b) {
    return a.name == b.name && a.address == b.address && a.port == b.port && a.password == b.password;
  }
};

/// See the top of this file.
struct settings {
  std::vector<host_settings> hosts;  ///< at least one, in the order given
  bool load_balance = false;         ///< try hosts, and the addresses of each, in random order
  session_attributes target = session_attributes::any;
  std::optional<std::chrono::seconds> connect_timeout;  ///< for each address; more than zero; none: wait for ever
  tcp_settings tcp;
  std::string requirepeer;  ///< the operating system's user that the server behind a Unix socket must run as
  tls_settings tls;

  std::string user, dbname;  ///< never empty
  /// Further parameters of StartupMessage, client_encoding apart: DateStyle, application_name, options, and so on.
  std::vector<std::pair<std::string, std::string>> server_settings;
  std::int32_t min_protocol = protocol::protocol_version(3, 0), max_protocol = protocol::protocol_version(3, 0);
  protocol::authentication_rules authentication;
  std::string scram_client_key, scram_server_key;  ///< 32 bytes each; empty: from the password

  /// The password file that was looked into, as no password was given: the one that was named, or the user's own if a
  /// password was found in it; else empty.
  std::string passfile;
  std::string passfile_problem;  ///< why a password file, or what is in it, is not used; empty: it is, or there is none
  /// What the user should know although it is no error: a password file that others can read.
  std::vector<std::string> warnings;

  friend bool operator==(settings const&, settings const&) = default;
};

}  // namespace tusk::client
