#include "connector.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <tusk/protocol/frontend.hpp>

namespace tusk::client {
namespace {

std::string advice(std::error_code error, bool local) {
  switch (error.value()) {
    case ECONNREFUSED:
      return local ? "; is a server running, with its socket there?"
                   : "; is a server running there, does it listen on that address (listen_addresses) and port?";
    case ENOENT: return "; is a server running, with its socket there?";
    case EACCES: return "; the socket's permissions forbid it";
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH: return "; check the address, the network and firewalls";
    default: return "";
  }
}

/// What the server's own words leave out.
std::string_view advice(std::string_view sqlstate) {
  if (sqlstate == "28P01") return "; check user and password";
  if (sqlstate == "28000") return "; check user and dbname, and the server's pg_hba.conf";
  if (sqlstate == "3D000") return "; check dbname";
  if (sqlstate == "53300") return "; close other connections, or raise max_connections at the server";
  if (sqlstate == "57P03") return "; try again when it is up";
  return "";
}

std::string make_nonce() {
  std::array<std::byte, 18> bytes{};
  for (std::size_t got = 0; got < bytes.size();) {
    auto const count = ::getrandom(bytes.data() + got, bytes.size() - got, 0);
    if (count > 0)
      got += static_cast<std::size_t>(count);
    else if (errno != EINTR)
      throw operational_error("the system gives no random bytes: " + std::generic_category().message(errno));
  }
  return protocol::scram_nonce(bytes);
}

}  // namespace

connector::connector(settings const& to, connect_options const& options, transport& bytes, protocol::session& session)
    : to_(to), options_(options), bytes_(bytes), session_(session) {
  if (to_.connect_timeout) until_ = clock::now() + *to_.connect_timeout;
  if (to_.hosts.front().is_unix_socket())
    addresses_.push_back(unix_endpoint(to_.hosts.front().unix_socket_path()));
  else
    names_.start(to_.hosts.front().name, to_.hosts.front().port);
}

std::string connector::server() const {
  if (to_.hosts.front().is_unix_socket()) return "socket \"" + to_.hosts.front().unix_socket_path() + "\"";
  std::string const at = address_.empty() || address_ == to_.hosts.front().name ? "" : " (" + address_ + ")";
  return "server at \"" + to_.hosts.front().name + "\"" + at + ", port " + std::to_string(to_.hosts.front().port);
}

void connector::give_up() const {
  bool const several = addresses_.size() > 1;
  throw operational_error((several ? "no connection could be made: " : "") + reasons_, true);
}

/// What went wrong before, and where we are now.
std::string connector::tried() const { return reasons_ + (reasons_.empty() ? "" : "\n") + "connection to " + server(); }

void connector::failed(std::string const& reason) {
  until_.reset();  // each address has a deadline of its own
  reasons_ = tried() + " failed: " + reason;
  bytes_.end_tls();  // the socket stays until the next one is open, so that the next one has another number
  if (next_ == addresses_.size()) give_up();
  stage_ = stage::opening;
  connecting_ = false;
  session_ = protocol::session(options_.limits);
}

void connector::refused(diagnostics fields) const {
  auto shared = std::make_shared<diagnostics const>(std::move(fields));
  std::string const what = tried() + " was refused" + std::string(advice(shared->sqlstate)) + ": ";
  throw operational_error(what + types::describe(*shared), shared, true);
}

void connector::refused(std::string const& reason, std::error_code code) const {
  throw operational_error(tried() + " failed: " + reason, code, true);
}

int connector::descriptor() const noexcept {
  return stage_ == stage::resolving ? names_.descriptor() : bytes_.socket().descriptor();
}

progress connector::step() {
  for (;;) {
    if (until_ && stage_ != stage::starting && clock::now() >= *until_) {
      char const* const what = stage_ == stage::resolving ? "its name was not resolved" : "no answer came";
      failed(std::string(what) + " within connect_timeout, " + std::to_string(to_.connect_timeout->count()) + " s");
    }
    switch (stage_) {
      case stage::resolving:
        if (!to_.hosts.front().is_unix_socket()) {
          if (!names_.done()) return progress::want_read;
          addresses_ = names_.addresses();
          if (addresses_.empty())
            failed("the name cannot be resolved: " + names_.error() + "; check its spelling, or give an address");
        }
        stage_ = stage::opening;
        break;
      case stage::opening:
        if (!connecting_)
          begin_address();
        else if (auto const now = opened(); stage_ == stage::opening && connecting_)
          return now;
        if (stage_ == stage::opening && connecting_) return progress::want_write;
        break;
      case stage::asking_tls:
        if (auto const now = ask_tls(); stage_ == stage::asking_tls) return now;
        break;
      case stage::handshaking:
        if (auto const now = handshake(); stage_ == stage::handshaking) return now;
        break;
      case stage::starting: return start_session();
    }
  }
}

void connector::begin_address() {
  endpoint const& to = addresses_[next_++];
  address_ = to.text;
  if (to_.connect_timeout) until_ = clock::now() + *to_.connect_timeout;
  request_sent_ = false;
  connecting_ = true;
  if (auto const error = bytes_.socket().connect(to)) failed(error.message() + advice(error, to_.hosts.front().is_unix_socket()));
}

progress connector::opened() {
  if (!wait_for(bytes_.socket().descriptor(), false, true, clock::now())) return progress::want_write;
  if (auto const error = bytes_.socket().finish_connect()) {
    failed(error.message() + advice(error, to_.hosts.front().is_unix_socket()));
    return progress::want_write;
  }
  bool const tls = to_.tls.mode != sslmode::disable && !to_.hosts.front().is_unix_socket();
  stage_ = tls ? stage::asking_tls : stage::starting;
  return progress::want_read;
}

progress connector::ask_tls() {
  if (!request_sent_) {
    protocol::byte_buffer request;
    (void)encode(request, protocol::ssl_request{});
    // Eight bytes on a fresh connection go at once, or the connection is broken.
    io_result const sent = bytes_.socket().write(request.view());
    if (sent.status != io_status::done || sent.bytes != request.size()) {
      failed("the request for TLS could not be sent: " + bytes_.explain(sent));
      return progress::want_write;
    }
    request_sent_ = true;
  }
  char answer[2];
  io_result const got = bytes_.socket().read(answer, false);
  if (got.status == io_status::want_read) return progress::want_read;
  if (got.status == io_status::closed)
    failed("it closed the connection when asked for TLS; is it a PostgreSQL server?");
  else if (got.status != io_status::done)
    failed(bytes_.explain(got));
  else if (got.bytes != 1 && (answer[0] == 'S' || answer[0] == 'N'))
    failed("it sent more than one byte before TLS began: somebody may be tampering with the connection");
  else if (answer[0] == 'S') {
    bytes_.start_tls(to_);
    stage_ = stage::handshaking;
  } else if (answer[0] == 'N' && to_.tls.mode == sslmode::prefer)
    stage_ = stage::starting;
  else if (answer[0] == 'N')
    failed("it does not offer TLS, which sslmode asks for; set ssl=on at the server, or sslmode=disable here");
  // The text of an error at this point is not authenticated, and not shown.
  else if (answer[0] == 'E')
    failed("it answered the request for TLS with an error; it may be out of processes or memory: see its log");
  else
    failed("it is not a PostgreSQL server: its answer to the request for TLS makes no sense; check host and port");
  return progress::want_read;
}

progress connector::handshake() {
  io_result const done = bytes_.tls()->handshake();
  switch (done.status) {
    case io_status::done: stage_ = stage::starting; break;
    case io_status::want_read: return progress::want_read;
    case io_status::want_write: return progress::want_write;
    case io_status::closed: failed("it closed the connection during the TLS handshake"); break;
    case io_status::failed: failed((done.error != 0 ? "in the TLS handshake: " : "") + bytes_.explain(done)); break;
  }
  return progress::want_read;
}

bool connector::cleartext_is_safe() const noexcept {
  bool const local = addresses_[next_ - 1].is_loopback;
  return local || (bytes_.tls() != nullptr && to_.tls.mode == sslmode::verify_full) || options_.allow_cleartext_password;
}

progress connector::start_session() {
  protocol::startup_options start;
  auto& parameters = start.parameters;
  parameters = {{"user", to_.user}, {"database", to_.dbname}, {"client_encoding", "UTF8"}};
  parameters.insert(parameters.end(), to_.server_settings.begin(), to_.server_settings.end());
  start.password = to_.hosts.front().password;
  start.nonce = make_nonce();
  start.allow_cleartext = cleartext_is_safe();
  if (bytes_.tls() != nullptr) start.channel_binding_data = bytes_.tls()->server_end_point();
  if (auto const error = session_.start(std::move(start)))
    throw programming_error("the connection's parameters cannot be sent: " + error.message(), error, true);
  return progress::started;
}

}  // namespace tusk::client
