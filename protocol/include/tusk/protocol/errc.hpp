// The error codes of the protocol: everything a peer, or a caller of the codec, can do wrong.
//
// Each code's message says the cause and, after it, what to do. They carry no server text: what the server says is in
// ErrorResponse, and the two never share a field.
#pragma once

#include <system_error>

namespace tusk::protocol {

enum class errc {
  // framing and decoding
  length_too_small = 1,
  length_too_large,
  unknown_message,
  truncated,
  trailing_bytes,
  bad_count,
  bad_value,
  missing_terminator,
  // encoding
  embedded_nul,
  message_too_large,
  too_many_parameters,
  wrong_format_count,
  // the state machine
  unexpected_message,
  not_authenticated,
  row_without_description,
  wrong_field_count,
  poisoned,
  not_ready,
  // version negotiation
  bad_negotiation,
  protocol_version_refused,
  // authentication
  unsupported_authentication,
  kerberos_unsupported,
  gss_unsupported,
  sspi_unsupported,
  oauth_unsupported,
  no_supported_sasl_mechanism,
  none_forbidden,
  cleartext_forbidden,
  md5_forbidden,
  scram_forbidden,
  password_needed,
  cleartext_refused,
  channel_binding_impossible,
  channel_binding_not_offered,
  bad_scram_key,
  sasl_malformed,
  sasl_bad_nonce,
  sasl_bad_iterations,
  sasl_too_many_iterations,
  sasl_unknown_extension,
  sasl_server_error,
  sasl_bad_signature,
  sasl_incomplete,
  bad_random,
  crypto_failed,
  // what the server makes us keep
  too_many_settings,
  result_too_large,
};

/// The category of `errc`; its name is "tusk.protocol".
std::error_category const& protocol_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), protocol_category()}; }

}  // namespace tusk::protocol

template <>
struct std::is_error_code_enum<tusk::protocol::errc> : std::true_type {};
