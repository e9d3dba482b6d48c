// The conversation that proves who we are, and with SCRAM also who the server is: cleartext, MD5, SCRAM-SHA-256 and
// SCRAM-SHA-256-PLUS. A session has one until its first ReadyForQuery.
//
//   AuthenticationCleartextPassword, -MD5Password ──► PasswordMessage ──► AuthenticationOk
//   AuthenticationSASL ──► client-first     -SASLContinue ──► compute(), prove()     -SASLFinal ──► AuthenticationOk
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/byte_buffer.hpp>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/startup_options.hpp>

namespace tusk::protocol {

/// See the top of this file. The state table has said that a message may come here; this class answers it.
class authenticator {
 public:
  /// Takes the options; what is left of the secrets in them is wiped.
  authenticator(startup_options& options, std::uint32_t max_iterations);
  authenticator(authenticator const&) = delete;
  authenticator& operator=(authenticator const&) = delete;
  ~authenticator();

  startup_options const& options() const noexcept { return options_; }
  /// The method that was used, or is being used.
  authentication_method method() const noexcept { return method_; }

  /// Judges an authentication message and appends its answer, if it has one, to `output`.
  std::error_code take(backend_kind what, std::string_view body, byte_buffer& output);
  /// A slice of PBKDF2, about 0.3 ms, after AuthenticationSASLContinue. True when it has ended: prove() is next.
  bool compute();
  std::error_code prove(byte_buffer& output);
  /// Wipes what is secret: authentication has ended, or failed.
  void forget() noexcept;

 private:
  static constexpr std::uint32_t slice = 2048;  // PBKDF2 iterations

  std::error_code refuse(authentication_method asked) const noexcept;
  std::error_code send_password(std::string_view password, byte_buffer& output) const;
  std::error_code answer_md5(authentication_md5_password const& message, byte_buffer& output);
  std::error_code begin_scram(authentication_sasl const& message, byte_buffer& output);
  std::error_code continue_scram(std::string_view server_first);
  std::error_code end_scram(std::string_view server_final);
  bool keeps_keys() const noexcept;
  scram_key_source key_source() const noexcept;

  startup_options options_;
  std::uint32_t max_iterations_;
  authentication_method method_ = authentication_method::none;
  std::optional<scram_client> scram_;
};

}  // namespace tusk::protocol
