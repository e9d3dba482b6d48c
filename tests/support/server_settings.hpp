// The test server with other settings, for the time of a test; and the certificates that it can be made to show.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"

namespace tusk::test {

/// A file of those that `tools/pgserver certificates` makes.
inline std::string certificate_file(std::string_view name) {
  static std::string const folder = [] {
    std::string const made = exported("TUSK_SERVER_DIR") + "/certs";
    if (std::system(("'" + exported("TUSK_PGSERVER") + "' certificates '" + made + "'").c_str()) != 0)
      throw std::runtime_error("tools/pgserver made no certificates");
    return made;
  }();
  return folder + "/" + std::string(name);
}

/// The server's settings, other ones for as long as this lives.
class server_settings {
 public:
  server_settings(std::initializer_list<std::pair<std::string, std::string>> settings) {
    connection conn = open();
    for (auto const& [name, value] : settings) {
      conn.exec("ALTER SYSTEM SET " + name + " = '" + value + "'");
      names_.push_back(name);
      before_.push_back(test::value<std::string>(conn, "SHOW " + name));
    }
    reload();
    for (auto const& [name, value] : settings) wait_until(name, value);
  }
  server_settings(server_settings const&) = delete;
  server_settings& operator=(server_settings const&) = delete;
  ~server_settings() {
    connection conn = open();
    for (auto const& name : names_) conn.exec("ALTER SYSTEM RESET " + name);
    reload();
    for (std::size_t i = 0; i < names_.size(); ++i) wait_until(names_[i], before_[i]);
  }

 private:
  static void reload() { open().query("SELECT pg_reload_conf()"); }
  /// A new session has what the server had when it took it.
  static void wait_until(std::string const& name, std::string const& wanted) {
    for (int tries = 0; tries < 500; ++tries) {
      connection conn = open();
      if (test::value<std::string>(conn, "SHOW " + name) == wanted) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the server does not take " << name << " = " << wanted;
  }

  std::vector<std::string> names_, before_;
};

inline server_settings showing(std::string const& kind) {
  return {{"ssl_cert_file", certificate_file("server-" + kind + ".crt")},
          {"ssl_key_file", certificate_file("server-" + kind + ".key")}};
}

}  // namespace tusk::test
