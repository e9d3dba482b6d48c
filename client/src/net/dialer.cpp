#include "net/dialer.hpp"

#include <pwd.h>
#include <sys/socket.h>

#include <cerrno>
#include <tusk/protocol/frontend.hpp>
#include <tusk/types/error.hpp>
#include <vector>

namespace tusk::client {
namespace {

std::string advice(std::error_code error, bool local) {
  switch (error.value()) {
    case ECONNREFUSED:
      return local ? "; is a server running, with its socket there?"
                   : "; is a server running there, does it listen on that address (listen_addresses) and port?";
    case ENOENT: return "; is a server running, with its socket there?";
    case EAGAIN: return "; its queue of connections stays full: is the server stopped, or overloaded?";
    case EACCES: return "; the socket's permissions forbid it";
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH: return "; check the address, the network and firewalls";
    default: return "";
  }
}

}  // namespace

dialer::outcome dialer::fail(connect_fault fault, std::string reason, std::error_code code) {
  reason_ = std::move(reason);
  fault_ = fault;
  code_ = code;
  return outcome::failed;
}

dialer::outcome dialer::fail(connect_fault fault, std::string_view when, io_result const& how) {
  return fail(fault, std::string(when) + bytes_.explain(how), {how.error, std::generic_category()});
}

void dialer::begin(host_settings const& host, endpoint const& to, bool with_tls) {
  host_ = &host;
  stage_ = stage::connecting;
  local_ = to.family() == AF_UNIX;
  with_tls_ = with_tls;
  request_sent_ = false;
  to_ = &to;
  pause_.reset();
  attempt();
}

/// A Unix socket never becomes writable that found no room in its server's queue: it has to ask again.
void dialer::attempt() {
  reason_.clear();
  auto const error = bytes_.connect(*to_, how_.tcp);
  if (!error) return pause_.reset();
  fail(connect_fault::no_connection, error.message() + advice(error, local_), error);
  if (!local_ || error.value() != EAGAIN) return pause_.reset();
  if (!pause_) pause_.emplace();
  if (pause_->begin()) reason_.clear();
}

dialer::outcome dialer::step() {
  switch (stage_) {
    case stage::connecting:
      if (pause_ && !pause_->is_over()) return outcome::want_read;
      if (pause_) attempt();
      if (!reason_.empty()) return outcome::failed;
      return pause_ ? outcome::want_read : connected();
    case stage::asking: return ask();
    case stage::handshaking: return handshake();
  }
  return outcome::failed;
}

dialer::outcome dialer::connected() {
  if (!wait_for(bytes_.socket().descriptor(), false, true, clock::now())) return outcome::want_write;
  if (auto const error = bytes_.socket().finish_connect())
    return fail(connect_fault::no_connection, error.message() + advice(error, local_), error);
  if (local_ && !how_.requirepeer.empty()) {
    if (auto wrong = wrong_peer(); !wrong.empty()) return fail(connect_fault::wrong_peer, std::move(wrong));
  }
  if (!with_tls_) return outcome::open;
  if (how_.tls.negotiation == sslnegotiation::direct) return start_tls();
  stage_ = stage::asking;
  return ask();
}

/// Why the process behind a Unix socket is not the one that requirepeer asks for; empty if it is.
std::string dialer::wrong_peer() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(bytes_.socket().descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return "the system does not tell whose process listens there, so that requirepeer cannot be checked: " +
           std::generic_category().message(errno);
  passwd record{};
  passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{1} << 16);
  ::getpwuid_r(peer.uid, &record, buffer.data(), buffer.size(), &found);
  std::string const name = found != nullptr ? record.pw_name : "number " + std::to_string(peer.uid);
  return name == how_.requirepeer
             ? std::string()
             : "the server runs as user \"" + name + "\", but requirepeer asks for \"" + how_.requirepeer + "\"";
}

dialer::outcome dialer::ask() {
  if (!request_sent_) {
    protocol::byte_buffer request;
    (void)encode(request, protocol::ssl_request{});
    // Eight bytes on a fresh connection go at once, or the connection is broken.
    io_result const sent = bytes_.write(request.view());
    if (sent.status != io_status::done || sent.bytes != request.size())
      return fail(connect_fault::lost, "the request for TLS could not be sent: ", sent);
    request_sent_ = true;
  }
  char answer[2];
  io_result const got = bytes_.read(answer, false);
  return got.status == io_status::want_read ? outcome::want_read : answered(got, answer[0]);
}

/// The text of an error at this point is not authenticated, and not shown.
dialer::outcome dialer::answered(io_result const& got, char answer) {
  if (got.status == io_status::closed)
    return fail(connect_fault::lost, "it closed the connection when asked for TLS; is it a PostgreSQL server?");
  if (got.status != io_status::done) return fail(connect_fault::lost, "", got);
  if (got.bytes != 1 && (answer == 'S' || answer == 'N'))
    return fail(connect_fault::tls,
                "it sent more than one byte before TLS began: somebody may be tampering with the connection");
  switch (answer) {
    case 'S': return start_tls();
    case 'N': return outcome::no_tls;
    case 'E':
      return fail(connect_fault::tls,
                  "it answered the request for TLS with an error; it may be out of processes or memory: see its log");
    default:
      return fail(
          connect_fault::not_postgresql,
          "it is not a PostgreSQL server: its answer to the request for TLS makes no sense; check host and port");
  }
}

dialer::outcome dialer::start_tls() {
  try {
    bytes_.start_tls(how_.tls, *host_);
  } catch (operational_error const& e) {  // it cannot begin: a file of ours, mostly
    return fail(connect_fault::local_file, e.what());
  }
  stage_ = stage::handshaking;
  return handshake();
}

dialer::outcome dialer::handshake() {
  io_result const done = bytes_.tls()->handshake();
  switch (done.status) {
    case io_status::done: return outcome::open;
    case io_status::want_read: return outcome::want_read;
    case io_status::want_write: return outcome::want_write;
    case io_status::closed:
      return fail(connect_fault::tls,
                  how_.tls.negotiation == sslnegotiation::direct
                      ? "it closed the connection during the TLS handshake; sslnegotiation=direct needs a server of "
                        "version 17 or newer, or sslnegotiation=postgres here"
                      : "it closed the connection during the TLS handshake");
    case io_status::failed: return fail(connect_fault::tls, done.error != 0 ? "in the TLS handshake: " : "", done);
  }
  return outcome::failed;
}

}  // namespace tusk::client
