// What a connection knows of itself and of its server, as values.

#include <charconv>
#include <mutex>

#include "connection_state.hpp"

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

void session_facts::set(std::string_view reported, client::tls const* tls) {
  std::lock_guard const guard(lock_);
  parameters_ = reported;
  if (tls == nullptr) return;
  tls_version_ = tls->version();
  tls_cipher_ = tls->cipher();
}

void session_facts::tell(connection_info& to) const {
  std::lock_guard const guard(lock_);
  to.tls_version = tls_version_;
  to.tls_cipher = tls_cipher_;
  for (std::string_view rest = parameters_; !rest.empty();) {
    std::string_view const name = take_string(rest);
    to.parameters.emplace_back(name, take_string(rest));
    if (name == "server_version") to.server_version = to.parameters.back().second;
  }
  to.server_version_number = version_number(to.server_version);
}

/// What is told while an operation is under way does not change once the connection is open, or has a lock of its own.
connection_info info_of(connection_state const& on) {
  connection_info known;
  known.user = on.settings->user;
  known.database = on.settings->dbname;
  if (on.context.obstacles.any_of(obstacles::connecting)) return known;
  auto const& route = on.engine.channel().route();
  if (auto const* host = route.host) {
    known.host = host->shown();
    known.address = route.address.text;
    known.port = host->port;
  }
  auto const& session = on.context.session;
  known.protocol_version = std::to_string(session.version() >> 16) + '.' + std::to_string(session.version() & 0xffff);
  known.backend_pid = session.process_id();
  known.authentication = name(session.authentication());
  on.context.facts.tell(known);
  return known;
}

std::optional<std::chrono::milliseconds> timeout_of(connection_state const& on) {
  if (!on.engine.waits().shown_time()) [[likely]]
    return {};
  if (on.lock.passes()) return client::time_left(on.engine.waits().wanted().until);
  std::unique_lock const guard(on.lock, std::try_to_lock);
  return guard ? client::time_left(on.engine.waits().wanted().until) : std::nullopt;
}

transaction_status transaction_status_of(connection_state const& on) {
  if (on.context.is_closed() || on.context.obstacles.any_of(obstacles::connecting))
    return tusk::transaction_status::unknown;
  if (on.engine.is_busy()) return tusk::transaction_status::active;
  std::unique_lock const guard(on.lock, std::try_to_lock);
  if (!guard && !on.lock.passes()) return tusk::transaction_status::active;
  switch (on.context.session.transaction()) {
    case protocol::transaction_indicator::idle: return tusk::transaction_status::idle;
    case protocol::transaction_indicator::in_transaction: return tusk::transaction_status::in_transaction;
    case protocol::transaction_indicator::failed: return tusk::transaction_status::failed;
  }
  return tusk::transaction_status::unknown;
}

}  // namespace tusk::detail
