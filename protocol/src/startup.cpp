// The conversation that begins a session: StartupMessage, the protocol version, and what comes between AuthenticationOk
// and the first ReadyForQuery (parameters, the cancel key).

#include <algorithm>
#include <tusk/protocol/session.hpp>

#include "authenticator.hpp"

namespace tusk::protocol {

void session::delete_authenticator::operator()(authenticator* gone) const noexcept { delete gone; }

std::error_code session::start(startup_options options) {
  decltype(authenticator_) made(new authenticator(options, limits_.max_scram_iterations));
  if (state_ != state::unstarted) return errc::not_ready;
  startup_options const& kept = made->options();
  for (std::string const* key : {&kept.scram_client_key, &kept.scram_server_key})
    if (!key->empty() && key->size() != scram_keys::size) return errc::bad_scram_key;
  list_storage<startup_parameter> parameters;
  for (auto const& [name, value] : kept.parameters) parameters.add({name, value});
  if (parameters.error() != errc{}) return parameters.error();
  startup_message message;
  message.version = kept.version;
  message.parameters = parameters;
  if (auto const error = encode(output_, message)) return error;
  version_ = kept.version;
  authenticator_ = std::move(made);
  state_ = state::startup;
  return {};
}

void session::forget_secrets() noexcept {
  if (authenticator_) authenticator_->forget();
  output_.wipe();
}

bool session::take_startup(backend_kind what, frame const& message) {
  std::error_code error;
  switch (what) {
    case backend_kind::negotiate_protocol_version: {
      auto const wanted = decode<negotiate_protocol_version>(message.body);
      error = wanted ? negotiate(*wanted) : wanted.error().code;
      break;
    }
    case backend_kind::backend_key_data: {
      auto const key = decode<backend_key_data>(message.body);
      if (!key) return poison(key.error().code, message.type);
      if (version_ == protocol_version(3, 0) && key->secret_key.size() != 4)
        return poison(errc::bad_value, message.type);
      process_id_ = key->process_id;
      secret_key_ = key->secret_key;
      break;
    }
    case backend_kind::parameter_status:
    case backend_kind::notice_response:
    case backend_kind::notification_response: return take_answer(what, message);
    default: return authenticate(what, message);
  }
  return error && poison(error, message.type);
}

/// True if there is an event: PBKDF2 begins, or the message was refused.
bool session::authenticate(backend_kind what, frame const& message) {
  auto const error = authenticator_->take(what, message.body, output_);
  method_ = authenticator_->method();
  if (error) return poison(error, message.type);
  if (what == backend_kind::authentication_ok) {
    forget_secrets();
    reader_.authenticated();
  }
  if (what != backend_kind::authentication_sasl_continue) return false;
  event_.emplace<working>();
  return true;
}

std::error_code session::negotiate(negotiate_protocol_version const& message) {
  auto const major = message.version >> 16, minor = message.version & 0xffff;
  // 3.1 was never a version; what is not offered less than was asked for is no negotiation.
  if (negotiated_ || major != 3 || minor == 1 || message.version > version_) return errc::bad_negotiation;
  if (message.version == version_ && message.unrecognized_options.empty()) return errc::bad_negotiation;
  auto const& sent = authenticator_->options().parameters;
  std::vector<std::string_view> seen;
  for (std::string_view option : message.unrecognized_options) {
    bool const was_sent = std::any_of(sent.begin(), sent.end(), [&](auto const& each) { return each.first == option; });
    bool const doubled = std::find(seen.begin(), seen.end(), option) != seen.end();
    if (!option.starts_with("_pq_.") || !was_sent || doubled) return errc::bad_negotiation;
    seen.push_back(option);
  }
  if (message.version < authenticator_->options().minimum_version) return errc::protocol_version_refused;
  if (message.version == protocol_version(3, 0) && secret_key_.size() > 4) return errc::bad_negotiation;
  version_ = message.version;
  negotiated_ = true;
  return {};
}

namespace {

/// Where the value of `name` stands in "name NUL value NUL ...", or an empty view at the end if it is not there.
std::string_view find_value(std::string_view settings, std::string_view name) noexcept {
  while (!settings.empty()) {
    std::string_view const each = settings.substr(0, settings.find('\0'));
    settings.remove_prefix(each.size() + 1);
    std::string_view const value = settings.substr(0, settings.find('\0'));
    if (each == name) return value;
    settings.remove_prefix(value.size() + 1);
  }
  return settings;
}

}  // namespace

std::error_code session::remember(parameter_status const& message) {
  std::string_view const before = find_value(parameters_, message.name);
  auto const at = static_cast<std::size_t>(before.data() - parameters_.data());
  bool const is_known = at < parameters_.size();
  std::size_t const more = message.value.size() + (is_known ? 0 : message.name.size() + 2);
  if (parameters_.size() - before.size() + more > max_settings_size) return errc::too_many_settings;
  if (parameters_.empty()) parameters_.reserve(400);  // about what a server reports, so that it is allocated once
  if (is_known) {
    parameters_.replace(at, before.size(), message.value);
    return {};
  }
  // Each is found by looking at those before it, so there may not be very many either.
  if (++settings_ > max_settings) return errc::too_many_settings;
  parameters_.append(message.name) += '\0';
  parameters_.append(message.value) += '\0';
  return {};
}

std::string_view session::parameter(std::string_view wanted) const noexcept { return find_value(parameters_, wanted); }

}  // namespace tusk::protocol
