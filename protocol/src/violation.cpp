// What a message that does not belong is called, and what it does to the session: nothing of it is believed any more.

#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

/// Makes a violation the event; true, so that callers may return it.
bool session::poison(std::error_code code, char type) {
  if (code == errc::unknown_message && type == authentication_ok::type && state_ < state::authenticated)
    code = errc::unsupported_authentication;
  event_ = violation{code, state_, type};
  error_ = code;
  rows_.reset(reader_);
  forget_secrets();
  state_ = state::poisoned;
  return true;
}

std::error_code session::violation_code(backend_kind what) const noexcept {
  switch (what) {
    case backend_kind::authentication_kerberos_v5:
      if (state_ < state::authenticated) return errc::kerberos_unsupported;
      break;
    case backend_kind::authentication_gss:
    case backend_kind::authentication_gss_continue:
      if (state_ < state::authenticated) return errc::gss_unsupported;
      break;
    case backend_kind::authentication_sspi:
      if (state_ < state::authenticated) return errc::sspi_unsupported;
      break;
    case backend_kind::authentication_ok:
      if (state_ >= state::sasl_started && state_ < state::sasl_verified) return errc::sasl_incomplete;
      break;
    case backend_kind::data_row:
      if (state_ >= state::idle) return errc::row_without_description;
      break;
    default: break;
  }
  return state_ < state::authenticated ? errc::not_authenticated : errc::unexpected_message;
}

}  // namespace tusk::protocol
