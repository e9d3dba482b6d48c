#include <tusk/protocol/errc.hpp>

#include <string>

namespace tusk::protocol {
namespace {

char const* text(errc e) noexcept {
  switch (e) {
    case errc::length_too_small:
      return "a message declares a length below its minimum; the peer does not speak this protocol";
    case errc::length_too_large:
      return "a message declares a length above its limit; raise limits::max_message if the data is really that large";
    case errc::unknown_message: return "a message of unknown type arrived; the peer does not speak this protocol";
    case errc::truncated: return "a message ended before its last field; the peer is broken or hostile";
    case errc::trailing_bytes: return "a message has bytes after its last field; the peer is broken or hostile";
    case errc::bad_count: return "a message counts more elements than it holds; the peer is broken or hostile";
    case errc::bad_value:
      return "a field holds a value that the protocol does not define; the peer is broken or hostile";
    case errc::missing_terminator: return "a string in a message has no end; the peer is broken or hostile";
    case errc::embedded_nul:
      return "a string holds a NUL byte, which the protocol cannot carry; remove it (bytea carries any byte)";
    case errc::message_too_large:
      return "a message would be larger than the server accepts; send the data in smaller parts";
    case errc::too_many_parameters:
      return "a statement has more than 65535 parameters; pass an array, or split the statement";
    case errc::wrong_format_count:
      return "formats must be none, one, or as many as there are parameters and columns; give one for each";
    case errc::unexpected_message:
      return "a message arrived that does not belong here; the connection can only be closed";
    case errc::not_authenticated:
      return "a message arrived before authentication had ended; the peer is broken or hostile";
    case errc::row_without_description: return "a row arrived without a description; the connection can only be closed";
    case errc::wrong_field_count:
      return "a row has another number of fields than its description; the connection can only be closed";
    case errc::poisoned: return "the session met a protocol violation before; close the connection and open a new one";
    case errc::not_ready:
      return "a request was made while the session was not open; make it after it is ready and before it has ended";
    case errc::bad_negotiation: return "the server's version negotiation is malformed; the peer is broken or hostile";
    case errc::protocol_version_refused:
      return "the server does not speak the protocol version asked for; lower min_protocol_version or use a newer "
             "server";
    case errc::unsupported_authentication:
      return "the server asks for an authentication method that is not known here (SCM credentials, crypt, Kerberos V4 "
             "or a new one); change its pg_hba.conf to scram-sha-256";
    case errc::kerberos_unsupported:
      return "the server asks for Kerberos V5 authentication, which is not supported; change its pg_hba.conf to "
             "scram-sha-256";
    case errc::gss_unsupported:
      return "the server asks for GSSAPI authentication, which is not supported; change its pg_hba.conf to "
             "scram-sha-256";
    case errc::sspi_unsupported:
      return "the server asks for SSPI authentication, which is not supported; change its pg_hba.conf to scram-sha-256";
    case errc::oauth_unsupported:
      return "the server asks for OAuth authentication (OAUTHBEARER), which is not supported; change its pg_hba.conf "
             "to scram-sha-256";
    case errc::no_supported_sasl_mechanism:
      return "the server offers no SASL mechanism that can be used here (SCRAM-SHA-256, and with channel binding "
             "SCRAM-SHA-256-PLUS); change its pg_hba.conf to scram-sha-256";
    case errc::none_forbidden:
      return "the server lets us in without authentication, which require_auth forbids; change its pg_hba.conf to "
             "scram-sha-256, or allow `none` in require_auth";
    case errc::cleartext_forbidden:
      return "the server asks for the password in clear text, which require_auth forbids; change its pg_hba.conf to "
             "scram-sha-256, or allow `password` in require_auth";
    case errc::md5_forbidden:
      return "the server asks for the password's MD5 hash, which require_auth forbids; change its pg_hba.conf to "
             "scram-sha-256 (and set the password anew), or allow `md5` in require_auth";
    case errc::scram_forbidden:
      return "the server asks for SCRAM authentication, which require_auth forbids; allow `scram-sha-256` in "
             "require_auth";
    case errc::password_needed:
      return "the server asks for a password and none was given; set password in the connection string or PGPASSWORD "
             "(for SCRAM scram_client_key and scram_server_key together do as well)";
    case errc::cleartext_refused:
      return "the server asks for the password in clear text over a connection that is not protected; use "
             "sslmode=verify-full, or scram-sha-256 on the server";
    case errc::channel_binding_impossible:
      return "channel_binding=require is not possible on this connection; it needs TLS, and a server certificate whose "
             "signature names a hash (RSA or ECDSA; not Ed25519)";
    case errc::channel_binding_not_offered:
      return "the server does not ask for SCRAM-SHA-256-PLUS, the only method that will do with "
             "channel_binding=require; change its pg_hba.conf to scram-sha-256 (and set the password anew)";
    case errc::bad_scram_key:
      return "a SCRAM key is not 32 bytes long; give ClientKey and ServerKey as base64 of 32 bytes";
    case errc::sasl_malformed: return "the server's SCRAM message is malformed; the peer is broken or hostile";
    case errc::sasl_bad_nonce: return "the server's SCRAM nonce does not extend ours; the peer is broken or hostile";
    case errc::sasl_bad_iterations:
      return "the server's SCRAM iteration count is not a positive number; the peer is broken or hostile";
    case errc::sasl_too_many_iterations:
      return "the server asks for more SCRAM iterations than allowed; raise limits::max_scram_iterations if that is "
             "really wanted";
    case errc::sasl_unknown_extension: return "the server demands a SCRAM extension that is not known";
    case errc::sasl_server_error: return "the server refused the SCRAM exchange";
    case errc::sasl_bad_signature:
      return "the server's SCRAM signature is wrong: it does not know the password, so it is not the server you meant";
    case errc::sasl_incomplete:
      return "the server says authenticated before it proved that it knows the password; the peer is broken or hostile";
    case errc::bad_random:
      return "the random bytes given are too few or not printable; pass 18 bytes or more from a secure source";
    case errc::crypto_failed:
      return "the cryptographic library failed; check that OpenSSL provides SHA-256 and MD5 here";
    case errc::too_many_settings:
      return "the server reports more settings than are kept (1000, or 1 MiB of them); the peer is broken or hostile";
    case errc::result_too_large:
      return "the rows of one operation are larger than limits::max_result allows; ask for fewer rows, or raise the "
             "limit";
  }
  return "unknown protocol error";
}

class category final : public std::error_category {
 public:
  char const* name() const noexcept override { return "tusk.protocol"; }
  std::string message(int value) const override { return text(static_cast<errc>(value)); }
};

}  // namespace

std::error_category const& protocol_category() noexcept {
  static category const instance;
  return instance;
}

}  // namespace tusk::protocol
