#include "engine/connecting.hpp"

#include <memory>
#include <tusk/protocol/errc.hpp>

#include "engine/server_role.hpp"
#include "net/random_bytes.hpp"

namespace tusk::client {
namespace {

/// Whether a password may go out as it is.
bool cleartext_is_safe(route const& to, tls const* secured, settings const& how, connect_options const& options) {
  bool const verified = secured != nullptr && how.tls.mode == sslmode::verify_full;
  return verified || to.address.is_loopback || options.allow_cleartext_password;
}

/// Where a password that did not do came from, and why a password file did not help. Never the password.
std::string about_password(protocol::session const& by, host_settings const& host, settings const& how,
                           connect_options const& options) {
  std::string const& from = options.password ? "the password callback" : host.password_from;
  bool const was_used = by.authentication() != protocol::authentication_method::none && how.scram_client_key.empty();
  std::string said = from.empty() || !was_used ? "" : "the password came from " + from;
  if (!options.password && !how.passfile_problem.empty()) said += (said.empty() ? "" : "; ") + how.passfile_problem;
  return said.empty() ? said : " (" + said + ")";
}

}  // namespace

connecting::connecting(settings const& to, connect_options const& options, connecting_observer observer)
    : to_(to),
      options_(options),
      observer_(std::move(observer)),
      candidates_(to),
      dialer_(to, bytes_),
      startup_(options.limits, bytes_, observer_) {
  next_host();
  wait(candidates_.names().descriptor(), false, true);  // a first step can be made at once
}

// --- Where to go next ---------------------------------------------------------------------------------------------

void connecting::next_host() {
  refused_here_ = false;
  stage_ = connect_stage::resolving;
  if (!candidates_.next_host()) {
    state_ = state::failed;
    return;
  }
  set_deadline();
}

void connecting::next_address() {
  if (refused_here_) {  // the server has said no, and the other encryption did not help
    state_ = state::failed;
    return;
  }
  if (!candidates_.next_address()) return next_host();
  set_deadline();
  dial();
}

void connecting::dial() {
  stage_ = connect_stage::dialing;
  dialer_.begin(*route().host, route().address, route().with_tls);
}

/// Each address has one of its own.
void connecting::set_deadline() {
  wish_.until.reset();
  if (to_.connect_timeout) wish_.until = clock::now() + *to_.connect_timeout;
}

// --- What went wrong ----------------------------------------------------------------------------------------------

/// This try has failed.
connect_failure& connecting::note(connect_fault fault, std::string detail, std::error_code code) {
  host_settings const& host = *route().host;
  connect_failure& made = failures_.emplace_back();
  made.fault = fault;
  made.stage = stage_;
  made.is_local = host.is_unix_socket();
  made.host = made.is_local ? host.unix_socket_path() : host.shown();
  made.address = route().address.text;
  made.port = host.port;
  made.with_tls = route().with_tls;
  made.is_second = refused_here_;
  made.is_second_pass = candidates_.is_second_pass();
  made.code = code;
  made.detail = std::move(detail);
  if (has_begun()) startup_.renew();
  return made;
}

/// The same; another address may do better.
void connecting::failed(connect_fault fault, std::string detail, std::error_code code) {
  bool const unresolved = stage_ == connect_stage::resolving;
  note(fault, std::move(detail), code);
  if (unresolved)
    next_host();
  else
    next_address();
}

/// The same; no other address is tried.
void connecting::end(connect_fault fault, std::string detail, std::error_code code) {
  note(fault, std::move(detail), code).is_final = true;
  state_ = state::failed;
}

void connecting::late() {
  if (has_begun())
    return failed(connect_fault::timed_out,
                  "the server took the connection, but the session did not begin within connect_timeout");
  std::string const what = stage_ == connect_stage::resolving ? "its name was not resolved"
                           : dialer_.is_crowded()             ? "its queue of connections had no room"
                                                              : "no answer came";
  failed(connect_fault::timed_out,
         what + " within connect_timeout, " + std::to_string(to_.connect_timeout->count()) + " s");
}

void connecting::interrupt() noexcept {
  interrupted_ = true;
  startup_.interrupt();
}

void connecting::abandon() noexcept {
  interrupt();
  bytes_.abandon();
}

// --- Steps --------------------------------------------------------------------------------------------------------

bool connecting::wait(int descriptor, bool read, bool write) noexcept {
  wish_ = {descriptor, read, write, wish_.until};
  return false;
}

connecting::state connecting::step() {
  for (bool goes_on = true; goes_on && state_ == state::waiting;) {
    if (interrupted_) {
      end(connect_fault::interrupted, "the connection was closed while it was being made");
    } else if (wish_.until && clock::now() >= *wish_.until) {
      late();
    } else {
      switch (stage_) {
        case connect_stage::resolving: goes_on = resolve(); break;
        case connect_stage::dialing: goes_on = go_on_dialing(); break;
        case connect_stage::starting:
        case connect_stage::asking: goes_on = go_on_starting(); break;
      }
      goes_on |= interrupted_;
    }
  }
  if (state_ != state::waiting) wish_ = {};
  return state_;
}

bool connecting::resolve() {
  if (!candidates_.are_known()) return wait(candidates_.names().descriptor(), true, false);
  if (candidates_.take_addresses())
    next_address();
  else
    failed(connect_fault::name,
           "the name cannot be resolved: " + candidates_.names().error() + "; check its spelling, or give an address");
  return true;
}

bool connecting::go_on_dialing() {
  switch (dialer_.step()) {
    case dialer::outcome::want_read: return wait(dialer_.descriptor(), true, false);
    case dialer::outcome::want_write: return wait(dialer_.descriptor(), false, true);
    case dialer::outcome::open: begin_session(); break;
    case dialer::outcome::no_tls:
      if (candidates_.next_encryption())  // without TLS, over the same socket
        begin_session();
      else
        failed(
            connect_fault::tls,
            to_.tls.mode == sslmode::allow
                ? "it does not offer TLS, and refused us without; see the server's pg_hba.conf"
                : "it does not offer TLS, which sslmode asks for; set ssl=on at the server, or sslmode=disable here");
      break;
    case dialer::outcome::failed:
      if (dialer_.fault() == connect_fault::local_file) {
        end(dialer_.fault(), dialer_.reason());
        break;
      }
      note(dialer_.fault(), dialer_.reason(), dialer_.code());
      if (dialer_.failed_in_tls() && candidates_.next_encryption())
        dial();
      else
        next_address();
      break;
  }
  return true;
}

void connecting::begin_session() {
  wait(bytes_.socket().descriptor(), true, false);  // for whoever asks within the callback
  host_settings const& host = *route().host;
  protocol::startup_options start;
  auto& parameters = start.parameters;
  parameters = {{"user", to_.user}, {"database", to_.dbname}, {"client_encoding", "UTF8"}};
  parameters.insert(parameters.end(), to_.server_settings.begin(), to_.server_settings.end());
  start.version = to_.max_protocol;
  start.minimum_version = to_.min_protocol;
  if (auto const& ask = observer_.password ? observer_.password : options_.password; options_.password)
    start.password = ask({host.shown(), host.port, to_.user, to_.dbname});
  else
    start.password = host.password;
  start.nonce = protocol::scram_nonce(random_bytes<18>());
  start.rules = to_.authentication;
  start.scram_client_key = to_.scram_client_key;
  start.scram_server_key = to_.scram_server_key;
  start.kept_keys = options_.scram_keys.get();
  start.allow_cleartext = cleartext_is_safe(route(), bytes_.tls(), to_, options_);
  if (bytes_.tls() != nullptr) start.channel_binding_data = bytes_.tls()->server_end_point();
  stage_ = connect_stage::starting;
  if (auto const error = startup_.begin(std::move(start)))
    end(connect_fault::parameters, "the connection's parameters cannot be sent: " + error.message(), error);
}

bool connecting::go_on_starting() {
  int const descriptor = bytes_.socket().descriptor();
  switch (startup_.step()) {
    case startup::outcome::want_read: return wait(descriptor, true, false);
    case startup::outcome::want_write: return wait(descriptor, true, true);
    case startup::outcome::busy: return wait(descriptor, false, true);  // writable it is, so the caller comes back
    case startup::outcome::ready: judge(); break;
    case startup::outcome::refused: refused(); break;
    case startup::outcome::violated: violated(); break;
    case startup::outcome::lost: failed(connect_fault::lost, startup_.reason(), startup_.code()); break;
  }
  return true;
}

/// The server refused us, in its own words: goes on where another try may do better.
void connecting::refused() {
  auto words = std::make_shared<diagnostics const>(std::move(startup_.words()));
  bool const starting_up = words->sqlstate == "57P03";
  auto const other = candidates_.other();
  bool const the_other = other && (words->sqlstate == "28000" || (words->sqlstate == "28P01" && *other));
  connect_failure& made =
      note(connect_fault::refused,
           words->sqlstate == "28P01" ? about_password(session(), *route().host, to_, options_) : std::string());
  made.words = std::move(words);
  made.is_final = !starting_up && !the_other;
  if (made.is_final) {
    state_ = state::failed;
  } else if (starting_up) {
    next_host();
  } else {
    refused_here_ = true;
    candidates_.next_encryption();
    dial();
  }
}

void connecting::violated() {
  using protocol::errc;
  protocol::violation const how = startup_.violation();
  if (how.in == protocol::state::startup &&
      (how.code == errc::unknown_message || how.code == errc::length_too_small || how.code == errc::length_too_large))
    return failed(connect_fault::not_postgresql,
                  "it is not a PostgreSQL server: its answer makes no sense; check host and port", how.code);
  std::string what = describe(how);
  bool const in_protocol = how.code.value() < static_cast<int>(errc::unsupported_authentication);
  if (how.code == errc::password_needed) what += about_password(session(), *route().host, to_, options_);
  end(in_protocol ? connect_fault::violation : connect_fault::authentication, std::move(what), how.code);
}

/// The session is ready: is it one that is wanted?
void connecting::judge() {
  bool const must_ask = to_.tls.certmode == sslcertmode::require;
  if (must_ask && (bytes_.tls() == nullptr || !bytes_.tls()->certificate_requested()))
    return end(connect_fault::tls, "it did not ask for a client certificate, which sslcertmode=require insists on",
               std::make_error_code(std::errc::permission_denied));
  auto const kind = candidates_.wanted();
  bool const asked = stage_ == connect_stage::asking;
  auto const wanted = asked ? is_wanted(kind, startup_.answer())
                            : is_wanted(kind, session().parameter("in_hot_standby"),
                                        session().parameter("default_transaction_read_only"));
  if (wanted && *wanted) {
    state_ = state::connected;
  } else if (!wanted && !asked) {
    stage_ = connect_stage::asking;
    startup_.ask(role_question(kind));
  } else {
    startup_.leave();
    note(connect_fault::role, wanted ? std::string(unwanted_because(kind))
                                     : "its answer to \"" + std::string(role_question(kind)) + "\" makes no sense");
    next_host();
  }
}

}  // namespace tusk::client
