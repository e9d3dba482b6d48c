// The states of a session, and the one table that says which message may come in which state.
//
// The table is the machine: the session looks up every message of the server in it before it does anything else, a test
// walks all of it, and the documentation's state diagram is printed from it. An ErrorResponse of severity FATAL or
// PANIC ends the session in every state, and stands in no row for that reason; nor does the answer to a Sync that
// turned out to be one too many, see session::refuse_copy_in().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tusk/protocol/backend.hpp>

namespace tusk::protocol {

enum class state : std::uint8_t {
  unstarted,       ///< nothing was sent
  startup,         ///< StartupMessage was sent; the server names the authentication method, or agrees
  password_sent,   ///< PasswordMessage was sent, in clear or as MD5
  sasl_started,    ///< SASLInitialResponse was sent; the challenge comes
  sasl_computing,  ///< the challenge came; PBKDF2 is under way, and no message is taken before it ends
  sasl_proved,     ///< our proof was sent; the server's comes
  sasl_verified,   ///< the server's proof is right; AuthenticationOk comes
  authenticated,   ///< parameters and the cancel key come, then the first ReadyForQuery
  idle,            ///< no request is under way
  open_unit,       ///< likewise, but requests of the extended protocol were answered and their Sync was not sent yet
  querying,        ///< Query was sent; its first answer comes
  querying_rows,   ///< rows of a simple query, to their CommandComplete
  querying_next,   ///< one statement of a simple query has ended; another, or ReadyForQuery
  parsing,         ///< Parse was sent
  binding,         ///< Bind was sent
  describing,      ///< Describe of a statement was sent: its parameters come
  describing_columns,  ///< then the columns, or none; a described portal begins here
  executing,           ///< Execute was sent: rows, then the end
  executing_some,      ///< Execute with a limit was sent: rows, then the end, or PortalSuspended
  executing_copy_in,   ///< Execute of a COPY FROM STDIN was sent: CopyInResponse comes
  executing_copy_out,  ///< Execute of a COPY TO STDOUT was sent: CopyOutResponse comes
  closing,             ///< Close was sent
  syncing,             ///< ReadyForQuery comes: Sync was sent, or an error came in a Query
  copying_in,          ///< CopyData may be sent, up to CopyDone or CopyFail
  copy_in_ended,       ///< CopyDone was sent; CommandComplete comes
  copying_out,         ///< CopyData comes, up to CopyDone
  copy_out_ended,      ///< CopyDone came; CommandComplete comes
  refusing_copy_in,    ///< CopyFail was sent: COPY FROM STDIN came unasked, or was given up
  draining_copy_out,   ///< COPY TO STDOUT came unasked; its data is dropped
  ending_copy_both,    ///< replication began unasked and CopyDone was sent; data is dropped until the server's CopyDone
  skipping,            ///< an error came, and the server skips all requests up to the next Sync
  ended,               ///< Terminate was sent, or the server has said FATAL
  poisoned             ///< the protocol was violated; only closing is left
};
inline constexpr std::size_t states = static_cast<std::size_t>(state::poisoned) + 1;

/// The state's name, as it is written above.
std::string_view name(state) noexcept;

/// What a message does to the session.
enum class action : std::uint8_t {
  violation,  ///< it does not belong here: the session is poisoned
  stay,       ///< it is taken, the state remains
  go,         ///< it leads to another state
  finish,     ///< it completes the request; the next one in the queue decides the state, or `idle` or `open_unit`
  resume,     ///< a statement's end: as `finish`, but in a simple query another statement may follow
  skip,       ///< an error: requests up to the next Sync are skipped (`skipping`, then `syncing`)
};

/// An entry of the table. `next` counts for `go` only.
struct transition {
  protocol::action action = protocol::action::violation;
  state next = state::poisoned;
  friend bool operator==(transition const&, transition const&) = default;
};

/// The table: a row a state, an entry a kind of message.
using state_table = std::array<std::array<transition, backend_kinds>, states>;
extern state_table const transitions;

/// What message `kind` does in state `in`.
inline transition lookup(state in, backend_kind kind) noexcept {
  return transitions[static_cast<std::size_t>(in)][static_cast<std::size_t>(kind)];
}

}  // namespace tusk::protocol
