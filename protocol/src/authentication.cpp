// The conversation that proves who we are, and with SCRAM also who the server is: cleartext, MD5, SCRAM-SHA-256 and
// SCRAM-SHA-256-PLUS. The state table already said that the message may come here; this file answers it.

#include <openssl/crypto.h>

#include <algorithm>
#include <tusk/protocol/md5_password.hpp>
#include <tusk/protocol/session.hpp>

#include "secrets.hpp"

namespace tusk::protocol {

void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

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

std::error_code session::authenticate(backend_kind what, std::string_view body) {
  switch (what) {
    case backend_kind::authentication_ok: {
      auto const message = decode<authentication_ok>(body);
      if (!message) return message.error().code;
      forget_secrets();
      reader_.authenticated();
      return {};
    }
    case backend_kind::authentication_cleartext_password: {
      auto const message = decode<authentication_cleartext_password>(body);
      if (!message) return message.error().code;
      if (startup_->password.empty()) return errc::password_needed;
      if (!startup_->allow_cleartext) return errc::cleartext_refused;
      method_ = authentication_method::cleartext;
      return send_password(startup_->password);
    }
    case backend_kind::authentication_md5_password: {
      auto const message = decode<authentication_md5_password>(body);
      if (!message) return message.error().code;
      if (startup_->password.empty()) return errc::password_needed;
      auto const user = std::find_if(startup_->parameters.begin(), startup_->parameters.end(),
                                     [](auto const& each) { return each.first == "user"; });
      auto hashed = md5_password(user == startup_->parameters.end() ? std::string_view() : user->second,
                                 startup_->password, std::as_bytes(std::span(message->salt).first<4>()));
      if (!hashed) return hashed.error().code;
      method_ = authentication_method::md5;
      return send_password(*hashed);
    }
    case backend_kind::authentication_sasl: {
      auto const message = decode<authentication_sasl>(body);
      return message ? begin_scram(*message) : message.error().code;
    }
    case backend_kind::authentication_sasl_continue: {
      auto const message = decode<authentication_sasl_continue>(body);
      return message ? scram_->server_first(message->data) : message.error().code;
    }
    case backend_kind::authentication_sasl_final: {
      auto const message = decode<authentication_sasl_final>(body);
      return message ? scram_->server_final(message->data) : message.error().code;
    }
    default: return errc::unexpected_message;
  }
}

std::error_code session::send_password(std::string_view password) {
  password_message message;
  message.password = password;
  return encode(output_, message);
}

std::error_code session::begin_scram(authentication_sasl const& message) {
  constexpr std::string_view plain = "SCRAM-SHA-256", plus = "SCRAM-SHA-256-PLUS";
  bool offers_plain = false, offers_plus = false;
  for (std::string_view mechanism : message.mechanisms) {
    offers_plain |= mechanism == plain;
    offers_plus |= mechanism == plus;
  }
  bool const can_bind = !startup_->channel_binding_data.empty(), bind = can_bind && offers_plus;
  if (!bind && !offers_plain) return errc::no_supported_sasl_mechanism;
  if (startup_->password.empty()) return errc::password_needed;

  scram_options options;
  options.password = startup_->password;
  options.nonce = startup_->nonce;
  options.binding = bind       ? channel_binding_use::used
                    : can_bind ? channel_binding_use::not_offered
                               : channel_binding_use::unsupported;
  options.binding_data = startup_->channel_binding_data;
  options.max_iterations = limits_.max_scram_iterations;
  auto client = scram_client::create(options);
  if (!client) return client.error().code;
  scram_ = std::move(*client);
  method_ = bind ? authentication_method::scram_sha_256_plus : authentication_method::scram_sha_256;

  sasl_initial_response answer;
  answer.mechanism = bind ? plus : plain;
  answer.data = scram_->client_first();
  return encode(output_, answer);
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
    wipe(startup_->password);
    wipe(startup_->nonce);
    startup_->channel_binding_data.clear();
  }
  output_.wipe();
}

}  // namespace tusk::protocol
