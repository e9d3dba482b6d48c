// The conversation that proves who we are, and with SCRAM also who the server is: cleartext, MD5, SCRAM-SHA-256 and
// SCRAM-SHA-256-PLUS. The state table already said that the message may come here; this file answers it.

#include <algorithm>
#include <tusk/protocol/md5_password.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

std::string_view name(authentication_method method) noexcept {
  switch (method) {
    case authentication_method::none: return "none";
    case authentication_method::cleartext: return "password";
    case authentication_method::md5: return "md5";
    case authentication_method::scram_sha_256: return "scram-sha-256";
    case authentication_method::scram_sha_256_plus: return "scram-sha-256-plus";
  }
  return "";
}

/// Whether the rules forbid a method. Asked before anything is answered, so that a server learns nothing.
std::error_code session::refuse_method(authentication_method asked) const noexcept {
  authentication_rules const& rules = startup_->rules;
  switch (asked) {
    case authentication_method::none:
      if (!rules.none) return errc::none_forbidden;
      break;
    case authentication_method::cleartext:
      if (!rules.cleartext) return errc::cleartext_forbidden;
      break;
    case authentication_method::md5:
      if (!rules.md5) return errc::md5_forbidden;
      break;
    case authentication_method::scram_sha_256:
    case authentication_method::scram_sha_256_plus:
      if (!rules.scram_sha_256) return errc::scram_forbidden;
      break;
  }
  if (rules.channel_binding != channel_binding_rule::require) return {};
  if (startup_->channel_binding_data.empty()) return errc::channel_binding_impossible;
  return asked == authentication_method::scram_sha_256_plus ? std::error_code() : errc::channel_binding_not_offered;
}

std::error_code session::authenticate(backend_kind what, std::string_view body) {
  switch (what) {
    case backend_kind::authentication_ok: {
      auto const message = decode<authentication_ok>(body);
      if (!message) return message.error().code;
      if (auto const error = refuse_method(method_)) return error;
      forget_secrets();
      reader_.authenticated();
      return {};
    }
    case backend_kind::authentication_cleartext_password: {
      auto const message = decode<authentication_cleartext_password>(body);
      if (!message) return message.error().code;
      if (auto const error = refuse_method(authentication_method::cleartext)) return error;
      if (startup_->password.empty()) return errc::password_needed;
      if (!startup_->allow_cleartext) return errc::cleartext_refused;
      method_ = authentication_method::cleartext;
      return send_password(startup_->password);
    }
    case backend_kind::authentication_md5_password: {
      auto const message = decode<authentication_md5_password>(body);
      return message ? answer_md5(*message) : message.error().code;
    }
    case backend_kind::authentication_sasl: {
      auto const message = decode<authentication_sasl>(body);
      return message ? begin_scram(*message) : message.error().code;
    }
    case backend_kind::authentication_sasl_continue: {
      auto const message = decode<authentication_sasl_continue>(body);
      return message ? continue_scram(message->data) : message.error().code;
    }
    case backend_kind::authentication_sasl_final: {
      auto const message = decode<authentication_sasl_final>(body);
      return message ? end_scram(message->data) : message.error().code;
    }
    default: return errc::unexpected_message;
  }
}

std::error_code session::answer_md5(authentication_md5_password const& message) {
  if (auto const error = refuse_method(authentication_method::md5)) return error;
  if (startup_->password.empty()) return errc::password_needed;
  auto hashed = md5_password(key_source().user, startup_->password, std::as_bytes(std::span(message.salt).first<4>()));
  if (!hashed) return hashed.error().code;
  method_ = authentication_method::md5;
  return send_password(*hashed);
}

std::error_code session::send_password(std::string_view password) {
  password_message message;
  message.password = password;
  return encode(output_, message);
}

std::error_code session::begin_scram(authentication_sasl const& message) {
  constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS";
  bool offers_plain = false, offers_plus = false, offers_oauth = false;
  for (std::string_view mechanism : message.mechanisms) {
    offers_plain |= mechanism == plain;
    offers_plus |= mechanism == plus;
    offers_oauth |= mechanism == "OAUTHBEARER";
  }
  bool const can_bind =
      !startup_->channel_binding_data.empty() && startup_->rules.channel_binding != channel_binding_rule::disable;
  bool const bind = can_bind && offers_plus;
  if (!offers_plain && !offers_plus) return offers_oauth ? errc::oauth_unsupported : errc::no_supported_sasl_mechanism;
  auto const method = bind ? authentication_method::scram_sha_256_plus : authentication_method::scram_sha_256;
  if (auto const error = refuse_method(method)) return error;
  if (!bind && !offers_plain) return errc::no_supported_sasl_mechanism;

  scram_options options;
  options.password = startup_->password;
  options.client_key = startup_->scram_client_key;
  options.server_key = startup_->scram_server_key;
  options.nonce = startup_->nonce;
  options.binding = bind       ? channel_binding_use::used
                    : can_bind ? channel_binding_use::not_offered
                               : channel_binding_use::unsupported;
  options.binding_data = startup_->channel_binding_data;
  options.max_iterations = limits_.max_scram_iterations;
  auto client = scram_client::create(options);
  if (!client) return client.error().code;
  scram_ = std::move(*client);
  method_ = method;

  sasl_initial_response answer;
  answer.mechanism = bind ? plus : plain;
  answer.data = scram_->client_first();
  return encode(output_, answer);
}

std::error_code session::continue_scram(std::string_view server_first) {
  if (auto const error = scram_->server_first(server_first)) return error;
  if (keeps_keys())
    if (auto const keys = startup_->kept_keys->find(key_source())) scram_->use(*keys);
  return {};
}

std::error_code session::end_scram(std::string_view server_final) {
  if (auto const error = scram_->server_final(server_final)) return error;
  if (keeps_keys()) startup_->kept_keys->keep(key_source(), *scram_->keys());
  return {};
}

/// Keys that were given are not the password's, and not kept.
bool session::keeps_keys() const noexcept {
  return startup_->kept_keys != nullptr && startup_->scram_client_key.empty() && startup_->scram_server_key.empty();
}

scram_key_source session::key_source() const noexcept {
  auto const& parameters = startup_->parameters;
  auto const user = std::ranges::find_if(parameters, [](auto const& each) { return each.first == "user"; });
  scram_key_source source;
  if (user != parameters.end()) source.user = user->second;
  source.password = startup_->password;
  if (scram_) source.salt = scram_->salt(), source.iterations = scram_->iterations();
  return source;
}

/// PBKDF2 has ended: sends the proof.
std::error_code session::prove() {
  sasl_response answer;
  answer.data = scram_->client_final();
  state_ = state::sasl_proved;
  return encode(output_, answer);
}

void session::forget_secrets() noexcept {
  scram_.reset();
  if (startup_) {
    wipe_secrets(*startup_);
    startup_->channel_binding_data.clear();
  }
  output_.wipe();
}

}  // namespace tusk::protocol
