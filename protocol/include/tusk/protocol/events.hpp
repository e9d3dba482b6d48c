// What a session tells: the server's messages, decoded, and a few events of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/state.hpp>
#include <type_traits>
#include <variant>

namespace tusk::protocol {

/// More bytes are needed: prepare(), receive, commit(), next(). In state `ended` none will come.
struct want_bytes {};
/// PBKDF2 is under way: call next() again, soon. Nothing is wanted of the network.
struct working {};
/// The protocol was violated, by the peer, in that state; the session is poisoned.
struct violation {
  std::error_code code;
  protocol::state in = state::poisoned;
  char type = '\0';  ///< of the message that did it; NUL if there was none
};

/// A unit of run() has ended well: its CommandComplete and its ReadyForQuery in one.
struct unit_complete {
  std::string_view tag;
  transaction_indicator status = transaction_indicator::idle;
};

/// The server skipped a request (session::answering() tells which), because one before it in the same unit failed. One
/// event for each, in order, between the error_response and the ready_for_query of their Sync; also for what is sent
/// after the error and before that Sync. The next call of next() tells it, without a byte from the server. A query that
/// was skipped has no ready_for_query; of run() the Sync has one.
struct request_skipped {};

/// As many bytes of rows as session::tell_rows_at() asked for are there, and their statement goes on: take_rows() may
/// be called.
struct rows_gathered {};

/// What next() tells. Messages are views that end with the next call of prepare(), next() or take_rows().
///
/// A statement ends with command_complete, empty_query_response, portal_suspended or unit_complete: take_rows() then
/// gives its rows, but for those that were taken while it ran, until the next call of next(). portal_suspended comes
/// only to an Execute with a limit.
///
/// copy_in_response, copy_out_response and copy_both_response mean that a statement was a COPY, or began replication,
/// and that it was refused: an error_response, or the end of the statement, follows. But where session::copy_in() or
/// copy_out() asked for it the state is copying_in or copying_out, and copy_data, a row each, comes up to the
/// statement's end.
using event =
    std::variant<want_bytes, working, violation, notice_response, notification_response, parameter_status,  // of none
                 error_response, ready_for_query, parse_complete, close_complete, parameter_description,
                 row_description, no_data, command_complete, empty_query_response, portal_suspended, copy_in_response,
                 copy_out_response, copy_both_response, unit_complete, request_skipped, rows_gathered, copy_data>;

/// Whether an event is an answer to a request. An error_response, or the first ready_for_query, may still be to none.
inline bool is_answer(event const& told) noexcept {
  constexpr std::size_t first = 6;
  static_assert(std::is_same_v<std::variant_alternative_t<first, event>, error_response>);
  return told.index() >= first;
}

/// Which message of a request an event answers. A request is one message, but for run(), which is Bind, Execute and
/// Sync.
enum class request_part : std::uint8_t { none, query, parse, bind, describe, execute, close, sync };

/// How much of an answer session::take_query_answer() took.
enum class query_answer : std::uint8_t { nothing, description, all };

}  // namespace tusk::protocol
