#include "engine/candidates.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <random>

namespace tusk::client {

candidates::candidates(settings const& to) : to_(to), wanted_(to.target) {
  for (host_settings const& each : to_.hosts) hosts_.push_back(&each);
  if (to_.load_balance) std::shuffle(hosts_.begin(), hosts_.end(), std::random_device());
}

bool candidates::next_host() {
  if (next_host_ == hosts_.size()) {
    if (wanted_ != session_attributes::prefer_standby) return false;
    wanted_ = session_attributes::any;  // there is no standby: then any will do
    next_host_ = 0;
  }
  route_.host = hosts_[next_host_++];
  route_.address = {};
  route_.with_tls = false;
  addresses_.clear();
  next_address_ = 0;
  host_settings const& host = *route_.host;
  if (!host.is_unix_socket()) names_.start(host.address.empty() ? host.name : host.address, host.port);
  return true;
}

bool candidates::take_addresses() {
  host_settings const& host = *route_.host;
  if (host.is_unix_socket())
    addresses_.push_back(unix_endpoint(host.unix_socket_path()));
  else
    addresses_ = names_.addresses();
  if (to_.load_balance) std::shuffle(addresses_.begin(), addresses_.end(), std::random_device());
  return !addresses_.empty();
}

bool candidates::next_address() {
  if (next_address_ == addresses_.size()) return false;
  route_.address = addresses_[next_address_++];
  bool const never = to_.tls.mode == sslmode::disable || route_.address.family() == AF_UNIX;
  bool const plain_first = never || to_.tls.mode == sslmode::allow;
  bool const either = !never && (to_.tls.mode == sslmode::allow || to_.tls.mode == sslmode::prefer);
  route_.with_tls = !plain_first;
  other_.reset();
  if (either) other_ = plain_first;
  return true;
}

bool candidates::next_encryption() noexcept {
  if (!other_) return false;
  route_.with_tls = *other_;
  other_.reset();
  return true;
}

}  // namespace tusk::client
