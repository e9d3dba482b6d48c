// The conversations of queries, simple and extended: what comes between a request and its end. Rows are gathered in
// session::next; only one that is malformed comes here.

#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

std::optional<event> session::take_query(backend_kind what, frame const& message) {
  switch (what) {
    case backend_kind::row_description: {
      auto told = deliver<row_description>(message);
      if (auto const* described = std::get_if<row_description>(&*told)) {
        described_ = true;
        described_columns_ = static_cast<std::uint16_t>(described->columns.size());
        rows_.begin(reader_, described_columns_);
      }
      return told;
    }
    case backend_kind::no_data: {
      auto told = deliver<no_data>(message);
      described_ = false;
      return told;
    }
    case backend_kind::data_row: {
      auto const row = decode<data_row>(message.body);
      if (!row) return poison(row.error().code, message.type);
      return poison(described_ ? errc::wrong_field_count : errc::row_without_description, message.type);
    }
    case backend_kind::ready_for_query: {
      auto told = deliver<ready_for_query>(message);
      if (auto const* ready = std::get_if<ready_for_query>(&*told)) transaction_ = ready->status;
      return told;
    }
    case backend_kind::bind_complete: {
      auto const bound = decode<bind_complete>(message.body);
      if (!bound) return poison(bound.error().code, message.type);
      return {};
    }
    case backend_kind::parse_complete: return deliver<parse_complete>(message);
    case backend_kind::close_complete: return deliver<close_complete>(message);
    case backend_kind::parameter_description: return deliver<parameter_description>(message);
    case backend_kind::command_complete: return deliver<command_complete>(message);
    case backend_kind::empty_query_response: return deliver<empty_query_response>(message);
    case backend_kind::portal_suspended: return deliver<portal_suspended>(message);
    case backend_kind::copy_in_response: {
      auto told = deliver<copy_in_response>(message);
      if (state_ != state::poisoned) refuse_copy_in();
      return told;
    }
    case backend_kind::copy_out_response: return deliver<copy_out_response>(message);
    case backend_kind::copy_data:
    case backend_kind::copy_done: return {};
    default: return poison(errc::unexpected_message, message.type);
  }
}

void session::refuse_copy_in() {
  copy_fail refusal;
  refusal.message = "COPY FROM STDIN was not expected here";
  (void)encode(output_, refusal);
  // The Sync that followed Execute was read in copy mode and ignored; its answer comes for this one.
  if (queue_[front_].kind == request_kind::execute) (void)encode(output_, protocol::sync{});
}

}  // namespace tusk::protocol
