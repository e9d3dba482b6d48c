// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's half (RFC 5802, RFC 7677): a pure state machine.
//
//   create() ── client_first() ──►  server
//   server_first()  ◄─────────────  its nonce, the salt, the iteration count
//   use() or step() ...             keys that are known, or PBKDF2 in slices: no iteration count can hold the caller
//   client_final() ─────────────►   our proof
//   server_final()  ◄─────────────  the server's proof; verified() is true only now
//
// The nonce comes in as an argument; there is no random source, clock or I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/expected.hpp>
#include <tusk/protocol/limits.hpp>
#include <tusk/protocol/scram_keys.hpp>

namespace tusk::protocol {

/// What the exchange says about channel binding (RFC 5802, section 6). The server refuses a false "not offered": that
/// is how a removed -PLUS is noticed.
enum class channel_binding_use {
  unsupported,  ///< we could not: no TLS, or no usable hash (gs2 header "n")
  not_offered,  ///< we could, but the server does not offer SCRAM-SHA-256-PLUS ("y")
  used,         ///< the mechanism is SCRAM-SHA-256-PLUS ("p=tls-server-end-point", RFC 5929 section 4)
};

/// What scram_client::create() needs. Nothing is kept of the views.
struct scram_options {
  std::string_view password = {};  ///< no NUL; as the user gave it, see saslprep(); may be empty if both keys are given
  std::string_view nonce = {};     ///< fresh for each exchange, see scram_nonce(); at least 18 of '!'..'~', no comma
  channel_binding_use binding = channel_binding_use::unsupported;
  std::string_view binding_data = {};  ///< hash of the server's certificate; not empty where binding is `used`
  std::uint32_t max_iterations = limits{}.max_scram_iterations;  ///< a server that asks for more is refused
  std::string_view user = {};  ///< empty for PostgreSQL, which takes the startup packet's user; no NUL
  std::string_view client_key = {}, server_key = {};  ///< 32 bytes, or empty: made of the password
};

/// One SCRAM exchange, from the client's first message to the server's proof.
///
/// Calls come in the order shown above. A message that is refused, or that comes out of order, ends the exchange: what
/// comes later is errc::poisoned (so is any call on a moved-from client), and no call is undefined behaviour.
///
/// Of the password only hash states are kept; they are wiped once they are not needed, the keys at the end.
/// Views that are returned live as long as the client, and survive a move. One object belongs to one thread at a time.
class scram_client {
 public:
  /// Begins an exchange. Fails with errc::bad_random (nonce too short, or with a character that SCRAM does not allow),
  /// errc::bad_scram_key (not 32 bytes), errc::password_needed (no password, and not both keys), errc::embedded_nul
  /// (password or user), errc::channel_binding_impossible (binding is `used` without data). The position is that in the
  /// field concerned.
  static expected<scram_client> create(scram_options const& options);

  scram_client(scram_client&& other) noexcept;
  scram_client& operator=(scram_client&& other) noexcept;
  ~scram_client();

  /// The whole client-first-message, for SASLInitialResponse; empty only on a moved-from client.
  std::string_view client_first() const noexcept;

  /// Takes server-first-message (AuthenticationSASLContinue); its bytes may go afterwards. Then step() has work.
  ///
  /// Fails with errc::sasl_unknown_extension ("m="), errc::sasl_bad_nonce (not ours and something more),
  /// errc::sasl_bad_iterations (not a decimal number from 1, without sign or leading zeros),
  /// errc::sasl_too_many_iterations (above max_iterations), errc::unexpected_message (out of order) and
  /// errc::sasl_malformed (anything else that RFC 5802 section 7 does not allow). Optional extensions are ignored.
  std::error_code server_first(std::string_view message);

  /// What the server hashes the password with, from server_first() on; before it empty and 0.
  std::string_view salt() const noexcept;
  std::uint32_t iterations() const noexcept;

  /// Takes keys that were made of this password, salt and iteration count, after server_first(): step() then has next
  /// to nothing to do. At another time it does nothing.
  void use(scram_keys const& keys);

  /// Does at most `iterations` iterations of PBKDF2 (4096 cost about half a millisecond). True when no work is left;
  /// also true where there is none, before server_first() or after a failure, so that a loop over it always ends.
  bool step(std::uint32_t iterations);

  /// The whole client-final-message, for SASLResponse; empty until step() has finished the work server_first() gave.
  std::string_view client_final() const noexcept;

  /// Takes server-final-message (AuthenticationSASLFinal) and compares the server's proof in constant time.
  ///
  /// Fails with errc::sasl_bad_signature (the server does not know the password), errc::sasl_server_error ("e=", see
  /// server_error()), errc::sasl_unknown_extension, errc::unexpected_message and errc::sasl_malformed, as above.
  std::error_code server_final(std::string_view message);

  /// True once server_final() accepted the server's proof: without it AuthenticationOk must not be believed.
  bool verified() const noexcept;

  /// The keys of an exchange that is verified; nothing before.
  std::optional<scram_keys> keys() const noexcept;

  /// The server's reason after errc::sasl_server_error, such as "invalid-proof"; else empty. Printable ASCII only, as
  /// the server is not authenticated.
  std::string_view server_error() const noexcept;

 private:
  struct exchange;
  explicit scram_client(std::unique_ptr<exchange> state) noexcept;
  std::unique_ptr<exchange> state_;
};

/// The text of a nonce (24 characters) from 18 bytes of a cryptographically secure random source, each used once.
std::string scram_nonce(std::span<std::byte const, 18> random);

}  // namespace tusk::protocol
