// What is tried, and in which order.
//
//   for each host, in order or shuffled
//     for each of its addresses
//       for TLS and plain, as sslmode says
//
// prefer-standby goes through all hosts twice: first for a standby, then for any server. The order is libpq's, without
// the second try that cannot do better: what is wrong with TLS, a password, is as wrong without.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "conninfo/settings.hpp"
#include "net/resolver.hpp"
#include "net/route.hpp"

namespace tusk::client {

/// See the top of this file. One thread at a time. The settings must outlive it.
class candidates {
 public:
  explicit candidates(settings const& to);

  /// Goes to the next host, and begins to look up its name. False: there is none.
  bool next_host();
  /// Whether the look-up has ended.
  bool are_known() const noexcept { return route_.host->is_unix_socket() || names_.done(); }
  resolver const& names() const noexcept { return names_; }
  /// Takes the addresses that were found. False: there are none; names().error() says why.
  bool take_addresses();
  /// Goes to the next address of the host, in the encryption that is tried first. False: there is none.
  bool next_address();
  /// The encryption that may be tried besides at this address: with TLS? Nothing: none.
  std::optional<bool> other() const noexcept { return other_; }
  /// Goes to that one. False: there is none.
  bool next_encryption() noexcept;

  /// Where we are.
  client::route const& route() const noexcept { return route_; }
  /// The kind of server that will do.
  session_attributes wanted() const noexcept { return wanted_; }
  /// Whether the hosts are gone through for the second time.
  bool is_second_pass() const noexcept { return wanted_ != to_.target; }

 private:
  settings const& to_;
  resolver names_;
  std::vector<host_settings const*> hosts_;  // in the order of trying
  std::vector<endpoint> addresses_;          // of the present host
  std::size_t next_host_ = 0, next_address_ = 0;
  std::optional<bool> other_;
  session_attributes wanted_;
  client::route route_;
};

}  // namespace tusk::client
