// What a connection knows of itself and of its server, as values.

#include <charconv>

#include "engine/engine.hpp"

namespace tusk::detail {
namespace {

/// As the server counts: 15.13 is 150013, 9.6.24 was 90624; "18beta1" and the like count as 18.0.
int version_number(std::string_view version) noexcept {
  int parts[3] = {};
  char const *at = version.data(), *const end = at + version.size();
  for (int& part : parts) {
    auto const [after, failed] = std::from_chars(at, end, part);
    if (failed != std::errc() || part < 0 || part > 9999) return 0;
    if (after == end || *after != '.') break;
    at = after + 1;
  }
  return parts[0] >= 10 ? parts[0] * 10000 + parts[1] : parts[0] * 10000 + parts[1] * 100 + parts[2];
}

/// The first of strings that each have a NUL byte behind them.
std::string_view take_string(std::string_view& from) noexcept {
  std::string_view const first = from.substr(0, from.find('\0'));
  from.remove_prefix(first.size() + 1);
  return first;
}

}  // namespace

connection_info engine::info() const {
  lock const guard(mutex_);
  connection_info told;
  told.server_version = session_.parameter("server_version");
  told.server_version_number = version_number(told.server_version);
  if (auto const* host = route_.host) {
    told.host = host->shown();
    told.address = route_.address.text;
    told.port = host->port;
  }
  told.user = settings_->user;
  told.database = settings_->dbname;
  told.protocol_version = std::to_string(session_.version() >> 16) + '.' + std::to_string(session_.version() & 0xffff);
  told.backend_pid = session_.process_id();
  told.authentication = name(session_.authentication());
  if (auto const* tls = transport_.tls()) {
    told.tls_version = tls->version();
    told.tls_cipher = tls->cipher();
  }
  for (std::string_view rest = session_.parameters(); !rest.empty();) {
    std::string_view const name = take_string(rest);
    told.parameters.emplace_back(name, take_string(rest));
  }
  return told;
}

}  // namespace tusk::detail
