// What connect() takes beside the connection string.
#pragma once

#include <optional>
#include <string>
#include <tusk/protocol/limits.hpp>
#include <utility>
#include <vector>

namespace tusk {

/// Options of a connection that are given in code.
struct connect_options {
  /// Return at once; poll() steps everything, connecting included.
  bool async = false;
  /// Connection parameters by keyword, which override the connection string: {{"password", secret}}.
  std::vector<std::pair<std::string, std::string>> parameters = {};
  /// The keywords that a connection string may hold, be it the DSN or a `dbname` in `parameters`; another one is an
  /// error. None: all. For strings from people who are not trusted, which otherwise may have files read or written
  /// (passfile, service, sslcert, sslkey, sslrootcert, sslkeylogfile, ...) and hosts called: {"dbname", "user",
  /// "password"}. The environment and `parameters` stay in force: with a password, by one of the three, no file of
  /// passwords is opened.
  std::optional<std::vector<std::string>> allowed_keywords = {};
  /// Send a password in clear text also where somebody could read it: without TLS, or over TLS that is not verified.
  bool allow_cleartext_password = false;
  /// What a hostile server can make us allocate or compute.
  protocol::limits limits = {};
  /// How many prepared statements `query` keeps at the server; the least recently used one goes.
  std::size_t statement_cache = 256;
};

}  // namespace tusk
