#include "engine/connecting.hpp"

#include <algorithm>
#include <random>
#include <tusk/protocol/errc.hpp>

#include "engine/server_role.hpp"
#include "net/random_bytes.hpp"

namespace tusk::client {
namespace {

/// What the server's own words leave out.
std::string_view advice(std::string_view sqlstate) {
  if (sqlstate == "28P01") return "; check user and password";
  if (sqlstate == "28000") return "; check user and dbname, and the server's pg_hba.conf";
  if (sqlstate == "3D000") return "; check dbname";
  if (sqlstate == "53300") return "; close other connections, or raise max_connections at the server";
  if (sqlstate == "57P03") return "; try again when it is up";
  return "";
}

}  // namespace

connector::connector(settings const& to, connect_options const& options, transport& bytes, protocol::session& session)
    : to_(to), options_(options), bytes_(bytes), session_(session), dialer_(to, bytes), wanted_(to.target) {
  for (host_settings const& each : to_.hosts) hosts_.push_back(&each);
  if (to_.load_balance) std::shuffle(hosts_.begin(), hosts_.end(), std::random_device());
  next_host();
}

// --- What is tried, and in which order ----------------------------------------------------------------------------

void connector::next_host() {
  if (next_host_ == hosts_.size()) {
    if (wanted_ != session_attributes::prefer_standby) give_up();
    wanted_ = session_attributes::any;  // there is no standby: then any will do
    next_host_ = 0;
    reasons_.clear();
    failures_ = 0;
  }
  refused_here_ = false;
  route_.host = hosts_[next_host_++];
  route_.address = {};
  addresses_.clear();
  next_address_ = 0;
  stage_ = stage::resolving;
  set_deadline();
  host_settings const& host = *route_.host;
  if (host.is_unix_socket())
    addresses_.push_back(unix_endpoint(host.unix_socket_path()));
  else
    names_.start(host.address.empty() ? host.name : host.address, host.port);
}

/// The addresses of the present host are known, or cannot be known.
void connector::take_addresses() {
  host_settings const& host = *route_.host;
  if (!host.is_unix_socket()) addresses_ = names_.addresses();
  if (to_.load_balance) std::shuffle(addresses_.begin(), addresses_.end(), std::random_device());
  if (!addresses_.empty()) return next_address();
  note("the name cannot be resolved: " + names_.error() + "; check its spelling, or give an address");
  next_host();
}

void connector::next_address() {
  if (refused_here_) give_up();  // the server has said no, and the other encryption did not help
  if (next_address_ == addresses_.size()) return next_host();
  route_.address = addresses_[next_address_++];
  set_deadline();
  bool const never = to_.tls.mode == sslmode::disable || route_.address.family() == AF_UNIX;
  bool const plain_first = never || to_.tls.mode == sslmode::allow;
  bool const either = !never && (to_.tls.mode == sslmode::allow || to_.tls.mode == sslmode::prefer);
  next_try(!plain_first);
  if (either) other_try_ = plain_first;
}

void connector::next_try(bool with_tls) {
  other_try_.reset();
  route_.with_tls = with_tls;
  stage_ = stage::dialing;
  dialer_.begin(*route_.host, route_.address, with_tls);
}

void connector::set_deadline() {
  until_.reset();  // each address has a deadline of its own
  if (to_.connect_timeout) until_ = clock::now() + *to_.connect_timeout;
}

// --- What is said of it -------------------------------------------------------------------------------------------

std::string connector::server() const {
  host_settings const& host = *route_.host;
  if (host.is_unix_socket()) return "socket \"" + host.unix_socket_path() + "\"";
  std::string const& address = route_.address.text;
  return "server at \"" + host.shown() + "\"" +
         (address.empty() || address == host.shown() ? std::string() : " (" + address + ")") + ", port " +
         std::to_string(host.port);
}

/// What went wrong before, and where we are now.
std::string connector::tried() const { return reasons_ + (reasons_.empty() ? "" : "\n") + "connection to " + server(); }

/// Where a password that did not do came from, and why a password file did not help. Never the password.
std::string connector::about_password() const {
  std::string const& from = options_.password ? "the password callback" : route_.host->password_from;
  bool const was_used =
      session_.authentication() != protocol::authentication_method::none && to_.scram_client_key.empty();
  std::string said = from.empty() || !was_used ? "" : "the password came from " + from;
  if (!options_.password && !to_.passfile_problem.empty()) said += (said.empty() ? "" : "; ") + to_.passfile_problem;
  return said.empty() ? said : " (" + said + ")";
}

void connector::note(std::string const& reason) {
  reasons_ = tried() + " failed: " + reason;
  if (!refused_here_) refusal_.reset();
  ++failures_;
}

void connector::give_up() const {
  std::string const what = (failures_ > 1 ? "no connection could be made: " : "") + reasons_;
  if (refusal_) throw operational_error(what, refusal_, true);
  throw operational_error(what, std::make_error_code(std::errc::not_connected), true);
}

// --- Outcomes -----------------------------------------------------------------------------------------------------

/// The session was, or may have been, begun: the next one is another.
void connector::restart() noexcept { session_ = protocol::session(options_.limits); }

void connector::failed(std::string const& reason) {
  restart();
  note(reason);
  if (stage_ == stage::resolving)
    next_host();
  else
    next_address();
}

void connector::refused(diagnostics fields) {
  auto shared = std::make_shared<diagnostics const>(std::move(fields));
  bool const starting_up = shared->sqlstate == "57P03";
  bool const the_other = other_try_ && (shared->sqlstate == "28000" || (shared->sqlstate == "28P01" && *other_try_));
  std::string const password = shared->sqlstate == "28P01" ? about_password() : std::string();
  if (starting_up || the_other) {
    restart();
    note(types::describe(*shared) + password);
    refusal_ = std::move(shared);
    refused_here_ = !starting_up;
    return starting_up ? next_host() : next_try(*other_try_);
  }
  std::string const what = tried() + " was refused" + std::string(advice(shared->sqlstate)) + password + ": ";
  throw operational_error(what + types::describe(*shared), shared, true);
}

void connector::refused(std::string const& reason, std::error_code code) const {
  bool const lacks_password = code == protocol::errc::password_needed;
  throw operational_error(tried() + " failed: " + reason + (lacks_password ? about_password() : ""), code, true);
}

bool connector::ready(std::string_view answer) {
  bool const must_ask = to_.tls.certmode == sslcertmode::require;
  if (must_ask && (bytes_.tls() == nullptr || !bytes_.tls()->certificate_requested()))
    refused("it did not ask for a client certificate, which sslcertmode=require insists on",
            std::make_error_code(std::errc::permission_denied));
  auto const wanted = stage_ == stage::asking ? is_wanted(wanted_, answer)
                                              : is_wanted(wanted_, session_.parameter("in_hot_standby"),
                                                          session_.parameter("default_transaction_read_only"));
  if (wanted && *wanted) return true;
  if (!wanted && stage_ == stage::starting) {
    stage_ = stage::asking;
    (void)session_.query(role_question(wanted_));
    return false;
  }
  session_.terminate();
  bytes_.write(session_.output());
  restart();
  note(wanted ? std::string(unwanted_because(wanted_))
              : "its answer to \"" + std::string(role_question(wanted_)) + "\" makes no sense");
  next_host();
  return false;
}

// --- Steps --------------------------------------------------------------------------------------------------------

int connector::descriptor() const noexcept {
  return stage_ == stage::resolving ? names_.descriptor() : dialer_.descriptor();
}

dialer::outcome connector::dial() {
  try {
    return dialer_.step();
  } catch (operational_error const& e) {  // TLS cannot begin: a file of ours, with which no other host does better
    throw operational_error(tried() + " failed: " + e.what(), true);
  }
}

progress connector::step() {
  for (;;) {
    if (until_ && stage_ != stage::starting && clock::now() >= *until_) {
      char const* const what = stage_ == stage::resolving ? "its name was not resolved"
                               : dialer_.is_crowded()     ? "its queue of connections had no room"
                                                          : "no answer came";
      failed(std::string(what) + " within connect_timeout, " + std::to_string(to_.connect_timeout->count()) + " s");
      continue;
    }
    if (stage_ == stage::resolving) {
      if (!route_.host->is_unix_socket() && !names_.done()) return progress::want_read;
      take_addresses();
      continue;
    }
    switch (dial()) {
      case dialer::outcome::want_read: return progress::want_read;
      case dialer::outcome::want_write: return progress::want_write;
      case dialer::outcome::open: start_session(); return progress::started;
      case dialer::outcome::no_tls:
        if (other_try_) {  // without TLS, over the same socket
          other_try_.reset();
          route_.with_tls = false;
          start_session();
          return progress::started;
        }
        failed(
            to_.tls.mode == sslmode::allow
                ? "it does not offer TLS, and refused us without; see the server's pg_hba.conf"
                : "it does not offer TLS, which sslmode asks for; set ssl=on at the server, or sslmode=disable here");
        break;
      case dialer::outcome::failed:
        note(dialer_.reason());
        if (dialer_.failed_in_tls() && other_try_)
          next_try(*other_try_);
        else
          next_address();
        break;
    }
  }
}

bool connector::cleartext_is_safe() const noexcept {
  bool const verified = bytes_.tls() != nullptr && to_.tls.mode == sslmode::verify_full;
  return verified || route_.address.is_loopback || options_.allow_cleartext_password;
}

void connector::start_session() {
  stage_ = stage::starting;
  protocol::startup_options start;
  auto& parameters = start.parameters;
  parameters = {{"user", to_.user}, {"database", to_.dbname}, {"client_encoding", "UTF8"}};
  parameters.insert(parameters.end(), to_.server_settings.begin(), to_.server_settings.end());
  start.version = to_.max_protocol;
  start.minimum_version = to_.min_protocol;
  start.password = options_.password
                       ? options_.password({route_.host->shown(), route_.host->port, to_.user, to_.dbname})
                       : route_.host->password;
  start.nonce = protocol::scram_nonce(random_bytes<18>());
  start.rules = to_.authentication;
  start.scram_client_key = to_.scram_client_key;
  start.scram_server_key = to_.scram_server_key;
  start.kept_keys = options_.scram_keys.get();
  start.allow_cleartext = cleartext_is_safe();
  if (bytes_.tls() != nullptr) start.channel_binding_data = bytes_.tls()->server_end_point();
  if (auto const error = session_.start(std::move(start)))
    throw programming_error("the connection's parameters cannot be sent: " + error.message(), error, true);
}

}  // namespace tusk::client
