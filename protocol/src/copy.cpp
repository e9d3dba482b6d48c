// COPY, in a query that did not ask for it: what it wants is refused, and what it sends is dropped.

#include "session_inline.hpp"

namespace tusk::protocol {

bool session::take_copy(backend_kind what, frame const& message) {
  switch (what) {
    case backend_kind::copy_in_response:
      deliver_answer<copy_in_response>(message);
      if (state_ != state::poisoned) refuse_copy_in();
      return true;
    case backend_kind::copy_out_response: return deliver_answer<copy_out_response>(message);
    case backend_kind::copy_both_response:
      deliver_answer<copy_both_response>(message);
      if (state_ != state::poisoned) (void)encode(output_, protocol::copy_done{});  // a standby ends it so
      return true;
    case backend_kind::copy_data: return check<copy_data>(message);
    case backend_kind::copy_done: return check<copy_done>(message);
    default: return poison(errc::unexpected_message, message.type);
  }
}

/// In copy mode the server drops a Sync, so each that was sent by now is sent again. But a COPY may also fail between
/// its response and its first read (into a view, in a trigger): then both are answered, and one answer is dropped.
void session::refuse_copy_in() {
  copy_fail refusal;
  refusal.message = "COPY FROM STDIN was not expected here";
  (void)encode(output_, refusal);
  for (std::size_t left = queue_.repeat_syncs(); left != 0; --left) (void)encode(output_, protocol::sync{});
}

}  // namespace tusk::protocol
