#include <tusk/protocol/state.hpp>

#include <iterator>

namespace tusk::protocol {
namespace {

using enum state;
using kind = backend_kind;

constexpr std::string_view state_names[] = {"unstarted",
                                            "startup",
                                            "password_sent",
                                            "sasl_started",
                                            "sasl_computing",
                                            "sasl_proved",
                                            "sasl_verified",
                                            "authenticated",
                                            "idle",
                                            "open_unit",
                                            "querying",
                                            "querying_rows",
                                            "querying_next",
                                            "parsing",
                                            "binding",
                                            "describing",
                                            "describing_columns",
                                            "executing",
                                            "executing_some",
                                            "executing_copy_in",
                                            "executing_copy_out",
                                            "closing",
                                            "syncing",
                                            "copying_in",
                                            "copy_in_ended",
                                            "copying_out",
                                            "copy_out_ended",
                                            "refusing_copy_in",
                                            "draining_copy_out",
                                            "ending_copy_both",
                                            "skipping",
                                            "ended",
                                            "poisoned"};
static_assert(std::size(state_names) == states);

constexpr transition stay{action::stay}, finish{action::finish}, resume{action::resume}, skip{action::skip};
constexpr transition go(state next) { return {action::go, next}; }

struct row {
  state in;
  kind message;
  transition does;
};

constexpr row rows[] = {
    // Start-up and authentication. An error here is the end.
    {startup, kind::negotiate_protocol_version, stay},
    {startup, kind::authentication_ok, go(authenticated)},
    {startup, kind::authentication_cleartext_password, go(password_sent)},
    {startup, kind::authentication_md5_password, go(password_sent)},
    {startup, kind::authentication_sasl, go(sasl_started)},
    {startup, kind::error_response, go(ended)},
    {password_sent, kind::authentication_ok, go(authenticated)},
    {password_sent, kind::error_response, go(ended)},
    {sasl_started, kind::authentication_sasl_continue, go(sasl_computing)},
    {sasl_started, kind::error_response, go(ended)},
    {sasl_proved, kind::authentication_sasl_final, go(sasl_verified)},
    {sasl_proved, kind::error_response, go(ended)},
    {sasl_verified, kind::authentication_ok, go(authenticated)},
    {sasl_verified, kind::error_response, go(ended)},
    {authenticated, kind::negotiate_protocol_version, stay},
    {authenticated, kind::backend_key_data, stay},
    {authenticated, kind::ready_for_query, go(idle)},
    {authenticated, kind::error_response, go(ended)},

    {idle, kind::error_response, stay},
    {open_unit, kind::error_response, stay},

    // Simple query: each statement is rows and an end, or an end alone; after the last one ReadyForQuery.
    {querying, kind::row_description, go(querying_rows)},
    {querying, kind::command_complete, go(querying_next)},
    {querying, kind::empty_query_response, go(querying_next)},
    {querying, kind::copy_in_response, go(refusing_copy_in)},
    {querying, kind::copy_out_response, go(draining_copy_out)},
    {querying, kind::copy_both_response, go(ending_copy_both)},
    {querying, kind::error_response, skip},
    {querying_rows, kind::data_row, stay},
    {querying_rows, kind::command_complete, go(querying_next)},
    {querying_rows, kind::error_response, skip},
    {querying_next, kind::row_description, go(querying_rows)},
    {querying_next, kind::command_complete, stay},
    {querying_next, kind::empty_query_response, stay},
    {querying_next, kind::copy_in_response, go(refusing_copy_in)},
    {querying_next, kind::copy_out_response, go(draining_copy_out)},
    {querying_next, kind::error_response, skip},
    {querying_next, kind::ready_for_query, finish},

    // Extended query: one answer for each message sent.
    {parsing, kind::parse_complete, finish},
    {parsing, kind::error_response, skip},
    {binding, kind::bind_complete, finish},
    {binding, kind::error_response, skip},
    {describing, kind::parameter_description, go(describing_columns)},
    {describing, kind::error_response, skip},
    {describing_columns, kind::row_description, finish},
    {describing_columns, kind::no_data, finish},
    {describing_columns, kind::error_response, skip},
    {executing, kind::data_row, stay},
    {executing, kind::command_complete, finish},
    {executing, kind::empty_query_response, finish},
    {executing, kind::copy_in_response, go(refusing_copy_in)},
    {executing, kind::copy_out_response, go(draining_copy_out)},
    {executing, kind::error_response, skip},
    {executing_some, kind::data_row, stay},
    {executing_some, kind::command_complete, finish},
    {executing_some, kind::empty_query_response, finish},
    {executing_some, kind::portal_suspended, finish},
    {executing_some, kind::copy_in_response, go(refusing_copy_in)},
    {executing_some, kind::copy_out_response, go(draining_copy_out)},
    {executing_some, kind::error_response, skip},
    {executing_copy_in, kind::command_complete, finish},  // it moves its data at the server
    {executing_copy_in, kind::empty_query_response, finish},
    {executing_copy_in, kind::copy_in_response, go(copying_in)},
    {executing_copy_in, kind::copy_out_response, go(draining_copy_out)},
    {executing_copy_in, kind::error_response, skip},
    {executing_copy_out, kind::command_complete, finish},
    {executing_copy_out, kind::empty_query_response, finish},
    {executing_copy_out, kind::copy_in_response, go(refusing_copy_in)},
    {executing_copy_out, kind::copy_out_response, go(copying_out)},
    {executing_copy_out, kind::error_response, skip},
    {closing, kind::close_complete, finish},
    {closing, kind::error_response, skip},
    {syncing, kind::ready_for_query, finish},
    {syncing, kind::error_response, stay},  // what is deferred to the end of a transaction fails here

    {skipping, kind::error_response, stay},

    // COPY.
    {copying_in, kind::error_response, skip},
    {copy_in_ended, kind::command_complete, finish},
    {copy_in_ended, kind::error_response, skip},
    {copying_out, kind::copy_data, stay},
    {copying_out, kind::copy_done, go(copy_out_ended)},
    {copying_out, kind::error_response, skip},
    {copy_out_ended, kind::command_complete, resume},
    {copy_out_ended, kind::error_response, skip},

    // COPY in a query that did not ask for it, or that was given up.
    {refusing_copy_in, kind::error_response, skip},
    {draining_copy_out, kind::copy_data, stay},
    {draining_copy_out, kind::copy_done, go(copy_out_ended)},
    {draining_copy_out, kind::error_response, skip},
    {ending_copy_both, kind::copy_data, stay},
    {ending_copy_both, kind::copy_done, go(querying_next)},
    {ending_copy_both, kind::error_response, skip},
};

constexpr state_table build() {
  state_table result{};
  for (auto in = static_cast<std::size_t>(authenticated); in < static_cast<std::size_t>(ended); ++in)
    for (auto any_time : {kind::notice_response, kind::notification_response, kind::parameter_status})
      result[in][static_cast<std::size_t>(any_time)] = stay;
  for (row const& each : rows)
    result[static_cast<std::size_t>(each.in)][static_cast<std::size_t>(each.message)] = each.does;
  return result;
}

}  // namespace

constinit state_table const transitions = build();

std::string_view name(state value) noexcept { return state_names[static_cast<std::size_t>(value)]; }

}  // namespace tusk::protocol
