#include "authenticator.hpp"

#include <algorithm>
#include <tusk/protocol/md5_password.hpp>

#include "secrets.hpp"

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

namespace {

void wipe_secrets(startup_options& options) noexcept {
  for (std::string* secret : {&options.password, &options.nonce, &options.scram_client_key, &options.scram_server_key})
    wipe(*secret);
}

}  // namespace

// Short strings are copied where they are moved: both copies are wiped, whatever happens.
authenticator::authenticator(startup_options& options, std::uint32_t max_iterations)
    : options_(std::move(options)), max_iterations_(max_iterations) {
  wipe_secrets(options);
}

authenticator::~authenticator() { wipe_secrets(options_); }

void authenticator::forget() noexcept {
  scram_.reset();
  wipe_secrets(options_);
  options_.channel_binding_data.clear();
}

/// Whether the rules forbid a method. Asked before anything is answered, so that a server learns nothing.
std::error_code authenticator::refuse(authentication_method asked) const noexcept {
  authentication_rules const& rules = options_.rules;
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
  if (options_.channel_binding_data.empty()) return errc::channel_binding_impossible;
  return asked == authentication_method::scram_sha_256_plus ? std::error_code() : errc::channel_binding_not_offered;
}

std::error_code authenticator::take(backend_kind what, std::string_view body, byte_buffer& output) {
  switch (what) {
    case backend_kind::authentication_ok: {
      auto const message = decode<authentication_ok>(body);
      if (!message) return message.error().code;
      return refuse(method_);
    }
    case backend_kind::authentication_cleartext_password: {
      auto const message = decode<authentication_cleartext_password>(body);
      if (!message) return message.error().code;
      if (auto const error = refuse(authentication_method::cleartext)) return error;
      if (options_.password.empty()) return errc::password_needed;
      if (!options_.allow_cleartext) return errc::cleartext_refused;
      method_ = authentication_method::cleartext;
      return send_password(options_.password, output);
    }
    case backend_kind::authentication_md5_password: {
      auto const message = decode<authentication_md5_password>(body);
      return message ? answer_md5(*message, output) : message.error().code;
    }
    case backend_kind::authentication_sasl: {
      auto const message = decode<authentication_sasl>(body);
      return message ? begin_scram(*message, output) : message.error().code;
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

std::error_code authenticator::answer_md5(authentication_md5_password const& message, byte_buffer& output) {
  if (auto const error = refuse(authentication_method::md5)) return error;
  if (options_.password.empty()) return errc::password_needed;
  auto hashed = md5_password(key_source().user, options_.password, std::as_bytes(std::span(message.salt).first<4>()));
  if (!hashed) return hashed.error().code;
  method_ = authentication_method::md5;
  return send_password(*hashed, output);
}

std::error_code authenticator::send_password(std::string_view password, byte_buffer& output) const {
  password_message message;
  message.password = password;
  return encode(output, message);
}

std::error_code authenticator::begin_scram(authentication_sasl const& message, byte_buffer& output) {
  constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS";
  bool offers_plain = false, offers_plus = false, offers_oauth = false;
  for (std::string_view mechanism : message.mechanisms) {
    offers_plain |= mechanism == plain;
    offers_plus |= mechanism == plus;
    offers_oauth |= mechanism == "OAUTHBEARER";
  }
  bool const can_bind =
      !options_.channel_binding_data.empty() && options_.rules.channel_binding != channel_binding_rule::disable;
  bool const bind = can_bind && offers_plus;
  if (!offers_plain && !offers_plus) return offers_oauth ? errc::oauth_unsupported : errc::no_supported_sasl_mechanism;
  auto const method = bind ? authentication_method::scram_sha_256_plus : authentication_method::scram_sha_256;
  if (auto const error = refuse(method)) return error;
  if (!bind && !offers_plain) return errc::no_supported_sasl_mechanism;

  scram_options options;
  options.password = options_.password;
  options.client_key = options_.scram_client_key;
  options.server_key = options_.scram_server_key;
  options.nonce = options_.nonce;
  options.binding = bind       ? channel_binding_use::used
                    : can_bind ? channel_binding_use::not_offered
                               : channel_binding_use::unsupported;
  options.binding_data = options_.channel_binding_data;
  options.max_iterations = max_iterations_;
  auto client = scram_client::create(options);
  if (!client) return client.error().code;
  scram_ = std::move(*client);
  method_ = method;

  sasl_initial_response answer;
  answer.mechanism = bind ? plus : plain;
  answer.data = scram_->client_first();
  return encode(output, answer);
}

std::error_code authenticator::continue_scram(std::string_view server_first) {
  if (auto const error = scram_->server_first(server_first)) return error;
  if (keeps_keys())
    if (auto const keys = options_.kept_keys->find(key_source())) scram_->use(*keys);
  return {};
}

std::error_code authenticator::end_scram(std::string_view server_final) {
  if (auto const error = scram_->server_final(server_final)) return error;
  if (keeps_keys()) options_.kept_keys->keep(key_source(), *scram_->keys());
  return {};
}

/// Keys that were given are not the password's, and not kept.
bool authenticator::keeps_keys() const noexcept {
  return options_.kept_keys != nullptr && options_.scram_client_key.empty() && options_.scram_server_key.empty();
}

scram_key_source authenticator::key_source() const noexcept {
  auto const& parameters = options_.parameters;
  auto const user = std::ranges::find_if(parameters, [](auto const& each) { return each.first == "user"; });
  scram_key_source source;
  if (user != parameters.end()) source.user = user->second;
  source.password = options_.password;
  if (scram_) source.salt = scram_->salt(), source.iterations = scram_->iterations();
  return source;
}

bool authenticator::compute() { return scram_->step(slice); }

std::error_code authenticator::prove(byte_buffer& output) {
  sasl_response answer;
  answer.data = scram_->client_final();
  return encode(output, answer);
}

}  // namespace tusk::protocol
