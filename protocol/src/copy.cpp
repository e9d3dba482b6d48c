// COPY: data out of and into the server. In a query that did not ask for it, what it wants is refused, and what it
// sends is dropped.
//
//   copy_in(), flush() ─► CopyInResponse ─► copy_data() ... ─► copy_done() or copy_fail(), sync() ─► CommandComplete
//   copy_out(), sync() ─► CopyOutResponse ─► CopyData ... ─► CopyDone, CommandComplete

#include <cstring>

#include "session_inline.hpp"

namespace tusk::protocol {

std::error_code session::copy_data(std::string_view bytes) {
  if (state_ != state::copying_in) return errc::not_ready;
  if (bytes.size() > max_sent_message - 4) return errc::message_too_large;
  char* const to = output_.append(5 + bytes.size());
  *to = protocol::copy_data::type;
  store_big_endian(to + 1, static_cast<std::uint32_t>(4 + bytes.size()));
  if (!bytes.empty()) std::memcpy(to + 5, bytes.data(), bytes.size());
  return {};
}

std::error_code session::copy_done() {
  if (state_ != state::copying_in) return errc::not_ready;
  if (auto const failed = encode(output_, protocol::copy_done{})) return failed;
  state_ = state::copy_in_ended;
  copy_in_sent_ = false;
  return {};
}

std::error_code session::copy_fail(std::string_view why) {
  if (state_ != state::copying_in) return errc::not_ready;
  protocol::copy_fail message;
  message.message = why;
  if (auto const failed = encode(output_, message)) return failed;
  state_ = state::refusing_copy_in;
  copy_in_sent_ = false;
  return {};
}

bool session::take_copy(backend_kind what, frame const& message) {
  switch (what) {
    case backend_kind::copy_in_response: {
      bool const is_asked_for = state_ == state::executing_copy_in;
      deliver_answer<copy_in_response>(message);
      if (state_ != state::poisoned && !is_asked_for) refuse_copy_in();
      return true;
    }
    case backend_kind::copy_out_response:
      copy_in_sent_ = copy_in_sent_ && state_ != state::executing_copy_in;
      return deliver_answer<copy_out_response>(message);
    case backend_kind::copy_both_response:
      deliver_answer<copy_both_response>(message);
      if (state_ != state::poisoned) (void)encode(output_, protocol::copy_done{});  // a standby ends it so
      return true;
    case backend_kind::copy_data: return check<protocol::copy_data>(message);
    case backend_kind::copy_done: return check<protocol::copy_done>(message);
    default: return poison(errc::unexpected_message, message.type);
  }
}

/// In copy mode the server drops a Sync, so each that was sent by now is sent again. But a COPY may also fail between
/// its response and its first read (into a view, in a trigger): then both are answered, and one answer is dropped.
void session::refuse_copy_in() {
  protocol::copy_fail refusal;
  refusal.message = "COPY FROM STDIN was not expected here";
  (void)encode(output_, refusal);
  for (std::size_t left = queue_.repeat_syncs(); left != 0; --left) (void)encode(output_, protocol::sync{});
}

}  // namespace tusk::protocol
