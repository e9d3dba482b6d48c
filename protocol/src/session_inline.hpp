// What several conversations of a session do: decoding, and the steps from one request to the next. They are inlined,
// as each runs once a message.
#pragma once

#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

/// Decodes a message as the event; false if it is malformed, and the session poisoned.
template <class Message>
bool session::decode_event(frame const& message) {
  reader in(message.body);
  if (decode_with(in, event_.emplace<Message>())) [[likely]]
    return true;
  poison(in.finish().code, message.type);
  return false;
}

/// The same; true, as either way there is an event.
template <class Message>
bool session::deliver(frame const& message) {
  decode_event<Message>(message);
  return true;
}

/// Notes which request the event belongs to that comes.
inline void session::answer_front() noexcept {
  answering_ = queue_.front_number();
  if (answering_ != 0) answering_kind_ = queue_.front().kind;
  answering_in_ = state_;
}

/// Decodes a message that answers the front request as the event.
template <class Message>
bool session::deliver_answer(frame const& message) {
  answer_front();
  return deliver<Message>(message);
}

/// Decodes a message that is no event; poisons the session if it is malformed, which is one.
template <class Message>
bool session::check(frame const& message) {
  reader in(message.body);
  Message decoded{};
  return !decode_with(in, decoded) && poison(in.finish().code, message.type);
}

/// The state in which the front request of the queue waits for its answer.
inline void session::enter(queued_request const& front) noexcept {
  constexpr protocol::state first[] = {state::querying,
                                       state::parsing,
                                       state::parsing,
                                       state::binding,
                                       state::describing,
                                       state::describing_columns,
                                       state::executing,
                                       state::executing_some,
                                       state::executing_copy_in,
                                       state::executing_copy_out,
                                       state::closing,
                                       state::binding,
                                       state::syncing};
  state_ = first[static_cast<std::size_t>(front.kind)];
  if (state_ == state::parsing || state_ == state::describing) described_ = false;
  bool const executes = front.kind == request_kind::execute || front.kind == request_kind::execute_some;
  if (executes && front.columns_known) described_ = true, described_columns_ = front.columns;
  if (executes || front.kind == request_kind::query) new_statement_ = true;
}

/// Puts what was sent into the queue of what is answered; there must be room. It makes the state if it is the first.
inline void session::enqueue(queued_request what) noexcept {
  queue_.push(what);
  if (!queue_.has_one()) return;
  if (state_ == state::skipping) return stop_skipping_at_sync();
  enter(what);
}

/// The server skips what is in front, unless that is a Sync.
inline void session::stop_skipping_at_sync() noexcept {
  if (!queue_.empty() && queue_.front().kind >= request_kind::sync) state_ = state::syncing;
}

/// Room in the queue comes first, so that nothing can fail once a message is written.
template <class Message>
std::error_code session::send(Message const& message, queued_request what) {
  if (!ready()) return errc::not_ready;
  queue_.make_room();
  if (auto const error = encode(output_, message)) return error;
  enqueue(what);
  return {};
}

/// The front request is answered to its end: the next one decides the state.
inline void session::finish_request() noexcept {
  bool const ends_unit = state_ == state::syncing || state_ == state::querying_next;
  if (ends_unit) {
    described_ = false;
  } else {
    spare_syncs_ = 0;
    if (queue_.front().kind == request_kind::unit) return advance_unit();
    // Behind one whose data has ended there may be another.
    if (state_ == state::executing_copy_in) copy_in_sent_ = false;
  }
  queue_.pop();
  for (; !queue_.empty() && queue_.front().kind == request_kind::spare_sync; queue_.pop()) ++spare_syncs_;
  if (queue_.empty())
    state_ = ends_unit ? state::idle : state::open_unit;
  else
    enter(queue_.front());
}

/// From the Bind of a unit to its Execute, and from there to its Sync.
inline void session::advance_unit() noexcept {
  if (state_ != state::binding) {
    state_ = state::syncing;
    return;
  }
  state_ = state::executing;
  described_ = new_statement_ = true;
  described_columns_ = queue_.front().columns;
}

/// The rows of the statement before have been taken by now, or never will be.
inline void session::begin_rows() noexcept {
  rows_.begin(reader_, described_ ? described_columns_ : std::uint16_t{0});
  new_statement_ = false;
}

}  // namespace tusk::protocol
